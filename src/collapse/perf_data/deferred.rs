//! Call chains of which the kernel wrote the program's part later (`perf record --call-graph
//! fp,defer`).
//!
//! ```text
//! call chain of a sample = addresses in the kernel, USER_DEFERRED, cookie
//! record of the rest     = cookie, count, addresses in the program
//! ```
//!
//! The rest is written when the thread returns to the program, once for all samples since it entered
//! the kernel. Samples wait here for it.

use super::bytes::{ByteOrder, Bytes, Words};
use std::collections::BTreeMap;

/// The length of the mark with its cookie.
pub(super) const MARK: usize = 2;

/// The cookie at the end of a call chain, if the program's part is recorded elsewhere.
pub(super) fn cookie(callchain: Words<'_>) -> Option<u64> {
    const USER_DEFERRED: u64 = (-640i64).cast_unsigned();
    let mark = callchain.len().checked_sub(MARK)?;
    let is_deferred = callchain.get(mark) == Some(USER_DEFERRED);
    callchain.get(mark + 1).filter(|_| is_deferred)
}

/// The program's part of call chains.
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

/// Samples that wait for the rest of their call chains, by thread.
pub(super) struct Waiting<S> {
    of_thread: BTreeMap<i32, Vec<Entry<S>>>,
    size: usize,
}

pub(super) struct Entry<S> {
    pub cookie: u64,
    pub sample: S,
    /// In bytes.
    pub size: usize,
}

impl<S> Default for Waiting<S> {
    fn default() -> Self {
        Waiting {
            of_thread: BTreeMap::new(),
            size: 0,
        }
    }
}

impl<S> Waiting<S> {
    /// The bytes of samples that wait at most: a thread may stay in the kernel for good.
    const MOST: usize = 1 << 28;

    pub fn add(&mut self, thread: i32, entry: Entry<S>) {
        self.size = self.size.saturating_add(entry.size);
        self.of_thread.entry(thread).or_default().push(entry);
    }

    pub fn is_full(&self) -> bool {
        self.size > Self::MOST
    }

    /// The samples of a thread, which wait no longer.
    pub fn take(&mut self, thread: i32) -> Vec<Entry<S>> {
        let samples = self.of_thread.remove(&thread).unwrap_or_default();
        let size = samples.iter().map(|entry| entry.size).sum();
        self.size = self.size.saturating_sub(size);
        samples
    }

    pub fn take_all(&mut self) -> impl Iterator<Item = Entry<S>> + use<S> {
        std::mem::take(self).of_thread.into_values().flatten()
    }
}
