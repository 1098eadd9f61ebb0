//! Java: exceptions in log files.
//!
//! ```text
//! stack = { { " " | TAB } "at " METHOD "(" PLACE ")" … | … "waiting on " … }          (the leaf first)
//! ```
//!
//! ```text
//! 2026-01-01 12:00:00 ERROR request 7 failed
//! java.lang.IllegalStateException: no cart
//!     at shop.Cart.total(Cart.java:31)
//!     at shop.Main.main(Main.java:5)
//! Caused by: java.lang.NullPointerException
//!     at shop.Store.find(Store.java:9)
//!     ... 2 more
//! ```
//!
//! Any other line ends a stack, so each cause is a separate stack. Each stack counts 1.

use super::document::lines::Lines;
use super::document::{Document, Profile, ValueType, shared_options};
use crate::flags::flags;
use crate::names::java::{Packages, method_of_line};
use std::io::{self, BufRead};

/// Folds exceptions in logs. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, java_exceptions::Folder};
///
/// let log = "java.lang.Error: x\n\tat shop.Cart.total(Cart.java:31)\n\tat shop.Main.main(Main.java:5)\n";
/// let mut folded = Vec::new();
/// Folder::default().collapse(log.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"shop.Main.main;shop.Cart.total 1\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for exceptions.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Abbreviate the names of packages: `j.l.Thread.run`
        #[arg(long)]
        pub shorten_pkgs: bool,

        /// Omit packages: `Thread.run`
        #[arg(long)]
        pub no_pkgs: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "java-exceptions";
    const DESCRIPTION: &'static str = "exceptions in a Java log";
    shared_options!();

    /// Any log may contain exceptions, which does not make it a profile.
    fn sniff(_: &[u8]) -> Option<bool> {
        Some(false)
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        profile.choose(vec![ValueType::new("exceptions", "count")], None, 0)?;
        let packages = self.packages();
        let mut lines = Lines::of(input);
        let mut stack: Vec<Vec<u8>> = Vec::new();
        let mut found = false;
        while let Some(line) = lines.next()? {
            if let Some(method) = method_of_line(line) {
                found = true;
                stack.push(packages.frame(method));
            } else if memchr::memmem::find(line, b"waiting on ").is_none() {
                add(&mut stack, profile);
            }
        }
        add(&mut stack, profile);
        lines.finish(
            found,
            "Java exceptions, found no line `at METHOD(LOCATION)`",
        )
    }
}

impl Options {
    fn packages(&self) -> Packages {
        match (self.no_pkgs, self.shorten_pkgs) {
            (true, _) => Packages::Drop,
            (false, true) => Packages::Shorten,
            (false, false) => Packages::Keep,
        }
    }
}

fn add(stack: &mut Vec<Vec<u8>>, profile: &mut Profile) {
    if !stack.is_empty() {
        profile.add_stack(stack.drain(..).rev(), 1);
    }
}
