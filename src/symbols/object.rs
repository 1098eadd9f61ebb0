//! Mapped objects: programs, libraries, the kernel, JIT-compiled code.

use super::runtime::Runtime;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The kind of an object, which determines where its symbols are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// No symbols: not mapped, or data.
    Nothing,
    File,
    Kernel,
    KernelModule,
    /// A single JIT-compiled function in the kernel, named after the function.
    KernelFunction,
    Vdso,
    /// JIT-compiled code, with names in `/tmp/perf-PID.map`.
    PerfMap,
}

/// A process that has mapped an object, and the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct User {
    pub pid: i32,
    pub start: u64,
}

/// A mapped object.
#[derive(Debug)]
pub(crate) struct Object {
    pub kind: Kind,
    /// The name that perf prints after a function.
    pub name: Vec<u8>,
    /// The path, for files and kernel modules.
    pub path: Vec<u8>,
    pub build_id: Option<Vec<u8>>,
    /// For the kernel: the address of the symbol that `path` names.
    pub reference: u64,
    /// Some of the processes that mapped it: the first ones, and the last one.
    users: Mutex<Vec<User>>,
    /// For JIT-compiled code: the runtime that compiled it.
    pub runtime: OnceLock<Runtime>,
}

impl Object {
    pub fn new(kind: Kind, name: &[u8], path: &[u8], build_id: Option<&[u8]>) -> Object {
        Object {
            kind,
            name: name.to_vec(),
            path: path.to_vec(),
            build_id: build_id.map(<[u8]>::to_vec),
            reference: 0,
            users: Mutex::default(),
            runtime: OnceLock::new(),
        }
    }

    /// Some of the processes that mapped it.
    pub fn users(&self) -> Vec<User> {
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.clone()
    }

    pub fn add_user(&self, user: User) {
        const MAX_USERS: usize = 16;
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.contains(&user) {
            return;
        }
        if users.len() == MAX_USERS {
            users.pop();
        }
        users.push(user);
    }
}
