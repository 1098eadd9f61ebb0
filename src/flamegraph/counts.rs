//! Formats counts with their unit.

use super::svg::Xml;
use super::{Options, defaults};
use crate::bytes::number::{push_grouped, push_grouped_count};
use crate::call_tree::{CallTree, Count, Scale};

/// Formats counts: `1.19 s`, or `1,493 samples`.
pub(super) struct CountText<'a> {
    name: &'a str,
    /// The units to scale to, unless the options name the counts.
    scale: Option<Scale>,
    factor: f64,
}

impl<'a> CountText<'a> {
    pub fn new(opt: &'a Options<'_>, tree: &'a CallTree) -> CountText<'a> {
        let is_named = opt.count_name != defaults::COUNT_NAME;
        let unit = Some(tree.unit()).filter(|_| !is_named);
        CountText {
            name: unit.and_then(|unit| unit.name()).unwrap_or(&opt.count_name),
            scale: unit.and_then(|unit| unit.scale()),
            factor: opt.factor,
        }
    }

    /// The plural name of the counts.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Whether counts are scaled to different units for readability.
    pub fn is_scaled(&self) -> bool {
        self.scale.is_some()
    }

    /// Writes a count with its unit.
    pub fn write(&self, count: Count, xml: &mut Xml) {
        if let Some(scale) = &self.scale {
            return xml.text_with(|out| scale.push(out, count.to_f64() * self.factor));
        }
        xml.text_with(|out| {
            push_samples(out, count, self.factor);
            out.push(b' ');
        });
        xml.text(self.name);
    }
}

/// Writes a count times the factor: exact if that is 1.
pub(super) fn push_samples(out: &mut Vec<u8>, count: Count, factor: f64) {
    if factor == 1.0 {
        push_grouped_count(out, count);
    } else {
        push_grouped(out, (count.to_f64() * factor).round() as u64);
    }
}
