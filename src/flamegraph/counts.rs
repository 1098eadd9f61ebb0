//! Formats counts with their unit.

use super::svg::Xml;
use super::{Options, defaults};
use crate::bytes::number::{push_grouped, push_grouped_count};
use crate::call_tree::{CallTree, Count, Scale};

/// Formats counts: `1.19 s`, or `1,493 samples`.
pub(super) struct CountText<'a> {
    name: &'a str,
    /// The name of a single one. The classic theme has none: like the published tool, it writes `1 samples`.
    single: Option<String>,
    /// The units to scale to, unless the options name the counts.
    scale: Option<Scale>,
    factor: f64,
}

impl<'a> CountText<'a> {
    pub fn new(opt: &'a Options<'_>, tree: &'a CallTree) -> CountText<'a> {
        let is_named = opt.count_name != defaults::COUNT_NAME;
        let unit = Some(tree.unit()).filter(|_| !is_named);
        let name = unit.and_then(|unit| unit.name()).unwrap_or(&opt.count_name);
        CountText {
            name,
            single: opt.is_modern().then(|| singular(name)),
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
        let mut is_one = false;
        xml.text_with(|out| {
            let start = out.len();
            push_samples(out, count, self.factor);
            is_one = out[start..] == *b"1";
            out.push(b' ');
        });
        let single = self.single.as_deref().filter(|_| is_one);
        xml.text(single.unwrap_or(self.name));
    }
}

/// The singular of a plural, as in the viewer's `numbers.js`. `ns`, which is not a plural, stays as it is.
fn singular(name: &str) -> String {
    const ES: [&str; 4] = ["ss", "ch", "sh", "x"];
    let has_es = |stem: &&str| ES.iter().any(|end| stem.ends_with(end));
    let has_s = |stem: &&str| stem.len() > 2 && !stem.ends_with('s');
    let stem = name.strip_suffix("es").filter(has_es);
    let stem = stem.or_else(|| name.strip_suffix('s').filter(has_s));
    stem.unwrap_or(name).to_string()
}

/// Writes a count times the factor: exact if that is 1.
pub(super) fn push_samples(out: &mut Vec<u8>, count: Count, factor: f64) {
    if factor == 1.0 {
        push_grouped_count(out, count);
    } else {
        push_grouped(out, (count.to_f64() * factor).round() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::singular;

    #[test]
    fn one_sample_is_singular() {
        for (many, one) in [
            ("samples", "sample"),
            ("cache-misses", "cache-miss"),
            ("context-switches", "context-switch"),
            ("bytes", "byte"),
            ("ns", "ns"),
            ("KiB", "KiB"),
        ] {
            assert_eq!(singular(many), one);
        }
    }
}
