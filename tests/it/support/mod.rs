//! What several tests need.

#![allow(dead_code, reason = "some is only for the tests of one feature")]

pub mod deadline;
#[cfg(target_os = "linux")]
pub mod memory;
pub mod run;
pub mod skip;
pub mod xml;
