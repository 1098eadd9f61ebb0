//! Call chains whose user part the kernel records later (`perf record --call-graph fp,defer`).
//!
//! ```text
//! call chain of a sample = addresses in the kernel, USER_DEFERRED, cookie
//! record of the rest     = cookie, count, addresses in the program
//! ```
//!
//! The user part is recorded when the thread returns to user space, once for all samples since it
//! entered the kernel. Samples wait here for it.

use crate::bytes::binary::{ByteOrder, Bytes, Words};
use std::collections::BTreeMap;

/// The length of the marker with its cookie.
pub(super) const MARK: usize = 2;

/// The cookie at the end of a call chain, if the user part is recorded elsewhere.
pub(super) fn cookie(callchain: Words<'_>) -> Option<u64> {
    const USER_DEFERRED: u64 = (-640i64).cast_unsigned();
    let mark = callchain.len().checked_sub(MARK)?;
    let is_deferred = callchain.get(mark) == Some(USER_DEFERRED);
    callchain.get(mark + 1).filter(|_| is_deferred)
}

/// The user part of call chains.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest<'a> {
    pub cookie: u64,
    pub callchain: Words<'a>,
}

impl<'a> Rest<'a> {
    pub fn read(body: &'a [u8], order: ByteOrder) -> Option<Rest<'a>> {
        let mut bytes = Bytes::new(body, order);
        let (cookie, count) = (bytes.u64()?, bytes.u64()?);
        Some(Rest {
            cookie,
            callchain: bytes.words(count)?,
        })
    }
}

/// Samples that wait for the user part of their call chains, by cookie.
pub(super) struct Waiting<S> {
    of_cookie: BTreeMap<u64, Vec<Entry<S>>>,
    size: usize,
}

struct Entry<S> {
    thread: i32,
    sample: S,
    /// In bytes.
    size: usize,
}

impl<S> Default for Waiting<S> {
    fn default() -> Self {
        Waiting {
            of_cookie: BTreeMap::new(),
            size: 0,
        }
    }
}

impl<S> Waiting<S> {
    /// The maximum size of waiting samples in bytes, because a thread may stay in the kernel
    /// forever.
    const MAX_SIZE: usize = 1 << 28;

    pub fn add(&mut self, cookie: u64, thread: i32, sample: S, size: usize) {
        self.size = self.size.saturating_add(size);
        self.of_cookie.entry(cookie).or_default().push(Entry {
            thread,
            sample,
            size,
        });
    }

    pub fn is_full(&self) -> bool {
        self.size > Self::MAX_SIZE
    }

    /// Removes the waiting samples that a record belongs to. Some records do not specify a thread.
    pub fn take(&mut self, cookie: u64, thread: Option<i32>) -> impl Iterator<Item = S> + use<S> {
        let all = self.of_cookie.remove(&cookie).unwrap_or_default();
        let is_its = |entry: &Entry<S>| thread.is_none_or(|thread| entry.thread == thread);
        let (taken, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_its);
        if !others.is_empty() {
            self.of_cookie.insert(cookie, others);
        }
        let size = taken.iter().map(|entry| entry.size).sum();
        self.size = self.size.saturating_sub(size);
        taken.into_iter().map(|entry| entry.sample)
    }

    pub fn take_all(&mut self) -> impl Iterator<Item = S> + use<S> {
        let all = std::mem::take(self).of_cookie.into_values();
        all.flatten().map(|entry| entry.sample)
    }
}
