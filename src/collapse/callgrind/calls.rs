//! Reconstructs exact stacks from blocks that are calls.
//!
//! xdebug writes a block when a call returns: its self cost, and its callees in order. So its
//! callees are the most recently finished calls that no other block has claimed.

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, NodeId};
use crate::collapse::document::Profile;
use crate::collapse::document::graph::FunctionId;

/// The calls that were read.
#[derive(Default)]
pub(super) struct Calls {
    calls: Vec<Call>,
    /// The calls without a caller so far.
    unclaimed: Vec<usize>,
    /// The self cost of the current block.
    own: Decimal,
    callees: Vec<FunctionId>,
    is_inexact: bool,
}

struct Call {
    function: FunctionId,
    own: Decimal,
    /// The callees of the current block.
    callees: Vec<usize>,
}

impl Calls {
    pub fn add_own(&mut self, cost: Decimal) {
        self.own += cost;
    }

    pub fn add_call(&mut self, callee: FunctionId, count: u64) {
        // Several calls cannot be distinguished.
        self.is_inexact |= count != 1;
        self.callees.push(callee);
    }

    /// Ends the block, which was a call of `function`.
    pub fn end(&mut self, function: FunctionId) {
        let expected = std::mem::take(&mut self.callees);
        let start = self.unclaimed.len().checked_sub(expected.len());
        let Some(start) = start else {
            self.is_inexact = true;
            return;
        };
        let callees = self.unclaimed.split_off(start);
        let are_those = callees
            .iter()
            .zip(&expected)
            .all(|(call, callee)| self.calls[*call].function == *callee);
        self.is_inexact |= !are_those;
        self.unclaimed.push(self.calls.len());
        self.calls.push(Call {
            function,
            own: std::mem::take(&mut self.own),
            callees,
        });
    }

    /// Whether all callees were found where expected.
    pub fn are_exact(&self) -> bool {
        !self.is_inexact
    }

    /// Adds all calls to `profile`. Those without a caller are roots, such as the main program.
    pub fn add_to(&self, names: &[Vec<u8>], profile: &mut Profile) {
        let frames = names
            .iter()
            .map(|name| profile.tree.intern(name))
            .collect::<Vec<_>>();
        let mut pending: Vec<(usize, NodeId)> = Vec::new();
        pending.extend(self.unclaimed.iter().map(|call| (*call, CallTree::ROOT)));
        while let Some((index, caller)) = pending.pop() {
            let call = &self.calls[index];
            let node = profile.tree.child(caller, frames[call.function as usize]);
            profile.add(node, call.own);
            pending.extend(call.callees.iter().map(|callee| (*callee, node)));
        }
    }
}
