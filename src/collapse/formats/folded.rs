//! Input that is already folded.

use super::expect_folded;
use crate::bytes::lines::after_last_line;
use crate::bytes::text::plural;
use crate::call_tree::{CallTree, Forest};
use crate::collapse::engine::format::Listed;
use crate::collapse::engine::format::Samples;
use crate::collapse::engine::shared::Shared;
use crate::flags::flags;
use crate::folded::{self, LineFolder};
use crate::input::Reader;
use crate::warnings::warning;
use std::io;

flags! {
    /// The format, which has no options.
    #[derive(Default)]
    pub(super) struct Options {}
}

impl Listed for Options {
    const NAME: &'static str = "folded";
    const DESCRIPTION: &'static str = "folded stacks, adding up equal ones";
    const EXPECTED: &'static str = "folded stacks";
    const SAMPLES: Option<Samples> = Some(Samples {
        split_point: after_last_line,
        for_each: None,
    });

    fn sniff(head: &[u8]) -> Option<bool> {
        folded::sniff(head)
    }

    fn adopt(&mut self, _: &Shared) {}

    fn fold(self, reader: Reader<'_>) -> io::Result<Forest> {
        let mut folder = LineFolder::new(CallTree::new());
        expect_folded(folder.read(reader)?)?;
        let profile = folder.finish();
        if profile.ignored_lines > 0 {
            let lines = plural(profile.ignored_lines, "line", "lines");
            warning!("skipped {lines}: expected `frame;frame COUNT`");
        }
        Ok(Forest::from(profile.tree))
    }
}
