//! The colors of the modern theme: a hue for each module, at constant lightness.

use super::Color;
use super::module::{KERNEL, module_of};
use crate::bytes::text::lossy;
use crate::call_tree::{CallTree, FrameId};
use std::borrow::Cow;
use std::collections::HashMap;

/// The number of hues that modules have. The most important half of the modules gets hues that are twice
/// as far apart.
const HUES: usize = 24;

/// The hues of functions without a known module, and of modules that get none.
const NO_MODULE: usize = HUES;
const SMALL_MODULE: usize = HUES + 1;

/// The hue of the kernel: orange.
const KERNEL_HUE: usize = 4;

/// The number of colors of each hue, so that adjacent functions can be told apart.
const VARIANTS: usize = 3;

/// The colors of functions by their modules.
#[derive(Debug)]
pub(in crate::flamegraph) struct Modules {
    /// The first two are those without a known module, and the small ones.
    list: Vec<Module>,
    indexes: HashMap<String, usize>,
    /// For each frame: its module's index times the number of variants, plus its variant.
    numbers: Vec<usize>,
    colors: Vec<Color>,
}

#[derive(Debug)]
pub(in crate::flamegraph) struct Module {
    pub name: String,
    pub hue: usize,
}

impl Modules {
    /// The modules of the functions in `tree`. The preferred hue of a module depends on its name only, so
    /// that graphs of one program have similar colors; larger modules choose first.
    pub fn new(tree: &CallTree) -> Modules {
        let mut modules = Modules {
            list: Vec::new(),
            indexes: HashMap::new(),
            numbers: Vec::new(),
            colors: palette(LIGHT),
        };
        modules.push("(no module)", NO_MODULE);
        modules.push("(small modules)", SMALL_MODULE);
        let mut is_taken = [false; HUES];
        let names: Vec<Cow<'_, str>> = tree.frame_names().map(lossy).collect();
        let of_frames: Vec<Option<&str>> = names.iter().map(|name| module_of(name)).collect();
        for name in by_self_count(tree, &of_frames).into_iter().take(HUES) {
            let rank = modules.list.len() - 2;
            let hue = free_hue(name, rank, &is_taken);
            is_taken[hue] = true;
            modules.indexes.insert(name.to_string(), modules.list.len());
            modules.push(name, hue);
        }
        let frames = names.iter().zip(of_frames);
        let numbers = frames.map(|(name, module)| modules.index(module) * VARIANTS + variant(name));
        modules.numbers = numbers.collect();
        modules
    }

    fn push(&mut self, name: &str, hue: usize) {
        let name = name.to_string();
        self.list.push(Module { name, hue });
    }

    pub fn iter(&self) -> impl Iterator<Item = &Module> {
        self.list.iter()
    }

    fn index(&self, module: Option<&str>) -> usize {
        match module {
            None => 0,
            Some(module) => *self.indexes.get(module).unwrap_or(&1),
        }
    }

    /// A number that identifies the module and the variant of the color of a function.
    pub fn number(&self, frame: FrameId) -> usize {
        self.numbers[frame.index()]
    }

    /// The color of a function.
    pub fn color(&self, frame: FrameId) -> Color {
        let number = self.number(frame);
        let hue = self.list[number / VARIANTS].hue;
        self.colors[hue * VARIANTS + number % VARIANTS]
    }
}

/// The names of the modules, those with the most samples first. `modules` has the module of each frame.
fn by_self_count<'m>(tree: &CallTree, modules: &[Option<&'m str>]) -> Vec<&'m str> {
    let mut counts: HashMap<&str, f64> = HashMap::new();
    let mut of_frames = vec![0.0; tree.frame_count()];
    for node in tree.ids() {
        let own = [tree.self_count(node), tree.self_before(node)];
        of_frames[tree.frame(node).index()] +=
            own.iter().flatten().map(|it| it.to_f64()).sum::<f64>();
    }
    for (module, count) in modules.iter().zip(of_frames) {
        if let Some(module) = module {
            *counts.entry(module).or_default() += count;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(a, a_count), (b, b_count)| b_count.total_cmp(a_count).then(a.cmp(b)));
    counts.into_iter().map(|(name, _)| name).collect()
}

/// The first free hue from the preferred one on. The larger half of the modules gets the even ones.
fn free_hue(module: &str, rank: usize, is_taken: &[bool; HUES]) -> usize {
    let preferred = match module {
        KERNEL => KERNEL_HUE,
        _ => hash(module) as usize % (HUES / 2) * 2,
    };
    let odd = usize::from(rank >= HUES / 2);
    let mut hues = (0..HUES / 2).map(|step| (preferred + 2 * step) % HUES + odd);
    hues.find(|&hue| !is_taken[hue]).unwrap_or(preferred)
}

fn variant(name: &str) -> usize {
    (hash(super::super::frames::without_annotation(name)) >> 32) as usize % VARIANTS
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The lightness of colors and their chroma, in OKLCH.
#[derive(Clone, Copy)]
pub(in crate::flamegraph) struct Scheme {
    lightness: f64,
    chroma: f64,
}

pub(in crate::flamegraph) const LIGHT: Scheme = Scheme {
    lightness: 0.82,
    chroma: 0.085,
};
pub(in crate::flamegraph) const DARK: Scheme = Scheme {
    lightness: 0.45,
    chroma: 0.07,
};

/// The colors of a scheme: the variants of each hue.
pub(in crate::flamegraph) fn palette(scheme: Scheme) -> Vec<Color> {
    (0..HUES + 2)
        .flat_map(|hue| (0..VARIANTS).map(move |variant| color_of(scheme, hue, variant)))
        .collect()
}

fn color_of(Scheme { lightness, chroma }: Scheme, hue: usize, variant: usize) -> Color {
    let shift = variant as f64 - 1.0;
    match hue {
        NO_MODULE => from_oklch(lightness, 0.035 * (1.0 + 0.5 * shift), 85.0),
        SMALL_MODULE => from_oklch(lightness, 0.012, 250.0 + 30.0 * shift),
        _ => from_oklch(
            lightness,
            chroma * (1.0 + 0.25 * shift),
            hue as f64 * 360.0 / HUES as f64 + 3.0 * shift,
        ),
    }
}

/// Converts a color from OKLCH, whose hue is in degrees, to sRGB.
fn from_oklch(lightness: f64, chroma: f64, hue: f64) -> Color {
    let (sine, cosine) = hue.to_radians().sin_cos();
    let (a, b) = (chroma * cosine, chroma * sine);
    let long = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let middle = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let short = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    Color::new(
        to_byte(4.076_741_662_1 * long - 3.307_711_591_3 * middle + 0.230_969_929_2 * short),
        to_byte(-1.268_438_004_6 * long + 2.609_757_401_1 * middle - 0.341_319_396_5 * short),
        to_byte(-0.004_196_086_3 * long - 0.703_418_614_7 * middle + 1.707_614_701_0 * short),
    )
}

/// Encodes a linear component of sRGB.
fn to_byte(linear: f64) -> u8 {
    let encoded = match linear {
        ..0.003_130_8 => 12.92 * linear,
        _ => 1.055 * linear.powf(1.0 / 2.4) - 0.055,
    };
    (255.0 * encoded).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(stacks: &[(&str, u64)]) -> CallTree {
        let mut tree = CallTree::new();
        for (stack, count) in stacks {
            tree.add_stack(stack.split(';'), *count);
        }
        tree
    }

    #[test]
    fn each_module_has_a_hue_of_its_own_and_a_function_one_color() {
        let tree = tree(&[("app::main;std::read;read_[k]", 5), ("app::f;other", 1)]);
        let modules = Modules::new(&tree);
        let hues: Vec<usize> = modules.iter().map(|module| module.hue).collect();
        assert_eq!(hues.len(), 5);
        for (at, hue) in hues.iter().enumerate() {
            assert!(!hues[..at].contains(hue));
        }
        assert_eq!(modules.list[2].name, "kernel");
        assert_eq!(modules.list[2].hue, KERNEL_HUE);
        let module = |wanted: &str| {
            let node = tree
                .ids()
                .find(|node| tree.name(*node) == wanted.as_bytes());
            modules.number(tree.frame(node.unwrap())) / VARIANTS
        };
        assert_eq!(module("app::main"), module("app::f"));
        assert_eq!(module("other"), 0);
    }

    #[test]
    fn many_modules_share_a_hue() {
        let stacks: Vec<_> = (0..100).map(|number| format!("m{number:02}::f")).collect();
        let stacks: Vec<_> = stacks.iter().map(|stack| (stack.as_str(), 1)).collect();
        let modules = Modules::new(&tree(&stacks));
        assert_eq!(modules.iter().count(), HUES + 2);
        assert_eq!(modules.index(Some("m99")), 1);
    }

    #[test]
    fn colors_are_as_in_other_implementations() {
        assert_eq!(from_oklch(1.0, 0.0, 0.0), Color::new(255, 255, 255));
        assert_eq!(
            from_oklch(0.627_96, 0.257_68, 29.234),
            Color::new(255, 0, 0)
        );
        assert_eq!(from_oklch(0.0, 0.0, 0.0), Color::new(0, 0, 0));
    }

    #[test]
    fn text_is_readable_on_all_colors() {
        let luminance = |color: Color| {
            let linear = |part: u8| (f64::from(part) / 255.0).powf(2.2);
            0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)
        };
        let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
        assert!(
            palette(LIGHT)
                .into_iter()
                .all(|color| contrast(luminance(color), 0.0) > 7.0)
        );
        assert!(
            palette(DARK)
                .into_iter()
                .all(|color| contrast(luminance(color), 1.0) > 5.0)
        );
    }
}
