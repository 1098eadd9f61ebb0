//! Regular expressions.

pub(super) use regex::bytes::Regex;
