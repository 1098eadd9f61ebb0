//! Numbers the modules of functions.

use ahash::AHashMap;

/// Numbers modules, starting with 1. Consecutive functions are usually in the same module.
#[derive(Default)]
pub(super) struct Modules {
    numbers: AHashMap<Vec<u8>, u64>,
    /// By number.
    all: Vec<Vec<u8>>,
    last: u64,
}

impl Modules {
    /// The number of a module, which is added if it is new.
    #[inline]
    pub fn number(&mut self, module: &[u8]) -> u64 {
        if self.get(self.last) != Some(module) {
            self.last = self.find_or_add(module);
        }
        self.last
    }

    /// The last number returned; 0 if none was.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The module with this number, if there is one.
    #[inline]
    pub fn get(&self, number: u64) -> Option<&[u8]> {
        let index = (number as usize).wrapping_sub(1);
        self.all.get(index).map(Vec::as_slice)
    }

    fn find_or_add(&mut self, module: &[u8]) -> u64 {
        if let Some(number) = self.numbers.get(module) {
            return *number;
        }
        self.all.push(module.to_vec());
        let number = self.all.len() as u64;
        self.numbers.insert(module.to_vec(), number);
        number
    }
}
