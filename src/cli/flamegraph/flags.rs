//! The flags of `inferno flamegraph`, in the groups of its help.

use super::colors::ColorArgs;
use super::comparison::ComparisonArgs;
use super::graph::GraphArgs;
use super::labels::LabelArgs;
use crate::call_tree::{CallTree, Forest, Unit};
use crate::cli::filter::{FilterArgs, Filters};
use crate::cli::guess::GuessArgs;
use crate::cli::many::{self, ManyArgs, Sum};
use crate::cli::per::PerArgs;
use crate::cli::{CommonArgs, Input, about, usage, values};
use crate::collapse::guess;
use crate::flamegraph::{Collector, Format, Options};
use clap::{Command, CommandFactory, Parser};
use std::io;
use std::path::PathBuf;

/// Draw a profile as a flame graph: an interactive SVG
#[derive(Debug, Parser)]
#[command(name = "inferno-flamegraph", version)]
pub struct Flags {
    /// Folded stacks, or profiles in a supported format, which are folded first; `-`
    /// or nothing for standard input. They may be compressed (gzip, zstd)
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// List the values that the profile has for each stack (name, unit, sum), and draw nothing
    #[arg(long, conflicts_with = "diff")]
    pub list_values: bool,

    /// Show the graph in the browser; without --output it is written to a temporary file
    #[arg(long)]
    pub open: bool,

    /// What to write: an SVG, a self-contained HTML page, or a PNG or PDF picture
    #[arg(long = "format", value_name = "FORMAT", default_value = "svg", value_parser = FORMATS)]
    pub format: String,

    /// Make a PNG this many times as wide and high, for high-resolution screens
    #[arg(
        long = "scale", value_name = "FLOAT", default_value_t = 1.0, value_parser = values::factor,
        allow_negative_numbers = true
    )]
    pub scale: f64,

    /// In HTML, the nonce of the content security policy that the page is served with
    /// [default: a policy in the page, by hashes]
    #[arg(long = "csp-nonce", value_name = "STRING", value_parser = values::nonce)]
    pub csp_nonce: Option<String>,

    /// Pretty print XML with newlines and indentation
    #[arg(long = "pretty-xml")]
    pub pretty_xml: bool,

    /// Don't include static JavaScript in the flame graph, for tests
    #[arg(long = "no-javascript", hide = true)]
    pub no_javascript: bool,

    /// Whether the graph looks like that of the published tool, unless flags say otherwise.
    #[arg(skip = true)]
    pub is_classic: bool,

    #[command(flatten)]
    pub many: ManyArgs,

    #[command(flatten)]
    pub common: CommonArgs,

    #[command(flatten)]
    pub per: PerArgs,

    #[command(flatten)]
    pub graph: GraphArgs,

    #[command(flatten)]
    pub comparison: ComparisonArgs,

    #[command(flatten)]
    pub colors: ColorArgs,

    #[command(flatten)]
    pub labels: LabelArgs,

    #[command(flatten)]
    pub filter: FilterArgs,

    #[command(flatten, next_help_heading = "Reading")]
    pub guess: GuessArgs,
}

/// The values of `--format`.
const FORMATS: [&str; 4] = ["svg", "html", "png", "pdf"];

/// What `-h` shows; `--help` shows all.
const MOST_USED: &[&str] = &[
    "paths",
    "output",
    "open",
    "format",
    "list_values",
    "flame_chart",
    "inverted",
    "reverse",
    "base",
    "title",
    "image_width",
    "diff",
    "normalize",
    "colors",
    "count_name",
    "keep",
    "drop",
    "value",
    "threads",
    "lines",
    "quiet",
    "verbose",
];

/// The command line of the tool.
pub fn command() -> Command {
    usage::with_short_help(Flags::command(), MOST_USED)
}

impl Flags {
    /// How to draw, apart from what is read from files.
    pub fn options(&self) -> Options<'static> {
        let mut options = Options {
            format: self.format(),
            scale: self.scale,
            csp_nonce: self.csp_nonce.clone(),
            pretty_xml: self.pretty_xml,
            no_javascript: self.no_javascript,
            ..Options::default()
        };
        self.graph.set(&mut options);
        // The published tool draws no pages.
        let is_classic = self.is_classic && options.format != Format::Html;
        self.comparison.set(&mut options, is_classic);
        self.colors.set(&mut options, is_classic);
        self.labels.set(&mut options);
        options
    }

    fn format(&self) -> Format {
        match self.format.as_str() {
            "html" => Format::Html,
            "png" => Format::Png,
            "pdf" => Format::Pdf,
            _ => Format::Svg,
        }
    }

    /// Why some flags make no sense together.
    pub fn conflict(&self) -> Option<&'static str> {
        if self.comparison.inputs() == Some([Input::Stdin, Input::Stdin]) {
            return Some("only one of the two profiles can be standard input");
        }
        if self.per.per.is_some() && (self.open || self.comparison.inputs().is_some()) {
            return Some("--per cannot be combined with --open or --diff");
        }
        if self.many.keep_going && self.comparison.inputs().is_some() {
            return Some("--diff compares two profiles: --keep-going could leave one out");
        }
        if self.graph.heat_map && !matches!(self.format.as_str(), "svg" | "html") {
            return Some("--heatmap requires --format svg or html: a picture is not interactive");
        }
        if self.open && self.list_values {
            return Some("--list-values cannot be combined with --open");
        }
        if self.csp_nonce.is_some() && self.format != "html" {
            return Some("--csp-nonce requires --format html: an SVG has no policy");
        }
        if self.scale != 1.0 && self.format != "png" {
            return Some("--scale requires --format png");
        }
        None
    }

    /// Applies the filters. `--countname` overrides the unit of the profile.
    pub fn prepare(&self, tree: CallTree, filters: &Filters) -> CallTree {
        let mut tree = filters.apply(tree);
        if self.labels.count_name.is_some() {
            tree.set_unit(Unit::Unknown);
        }
        tree
    }

    /// An error if the stacks are not what the flags require.
    pub fn check(&self, tree: &CallTree) -> io::Result<()> {
        match self.comparison.diff_width.is_some() && !tree.is_differential() {
            true => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "--diff-width requires stacks with two counts: see --diff, or inferno-diff-folded",
            )),
            false => Ok(()),
        }
    }

    /// What gathers the stacks that are to be drawn with `options`.
    pub fn collector(&self, options: &Options<'_>) -> Collector {
        Collector::new(options).collapse_with(self.collapse_options())
    }

    /// The sum of the inputs that are to be drawn with `options`.
    pub fn read(&self, inputs: &[Input], options: &Options<'_>) -> io::Result<Sum> {
        let is_in_order = options.flame_chart || options.no_sort;
        if is_in_order && !self.many.keep_going {
            let mut stacks = self.collector(options);
            inputs
                .iter()
                .try_for_each(|input| input.add_to(&mut stacks))?;
            let named = |error| about(&Input::names(inputs), error);
            return Ok(Forest::from(stacks.finish().map_err(named)?).into());
        }
        let nthreads = match is_in_order {
            true => 1,
            false => self.collapse_options().nthreads,
        };
        many::add_up(inputs, nthreads, self.many, &|opened| {
            let mut stacks = self.collector(options);
            opened.add_to(&mut stacks)?;
            stacks.finish().map(Forest::from)
        })
    }

    /// How to fold what is not folded yet.
    pub fn collapse_options(&self) -> guess::Options {
        let mut options = self.guess.options();
        options.in_time_order = self.graph.flame_chart;
        options.keep_times = self.graph.heat_map;
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flamegraph::color::{BackgroundColor, Color};
    use crate::flamegraph::{DiffScale, DiffWidth, Direction, TextTruncateDirection, Theme};

    fn options(flags: &[&str]) -> Options<'static> {
        let arguments = std::iter::once(&"inferno-flamegraph").chain(flags);
        Flags::try_parse_from(arguments).unwrap().options()
    }

    #[test]
    fn no_flags_are_the_default_options() {
        assert_eq!(options(&[]), Options::default());
    }

    #[test]
    fn each_flag_sets_its_option() {
        macro_rules! check {
            ($flags:expr, $field:ident, $value:expr) => {
                let found = options(&$flags);
                let mut expected = Options::default();
                expected.title = found.title.clone();
                expected.$field = $value;
                assert_eq!(found, expected);
            };
        }
        check!(["--hash"], hash, true);
        check!(["--deterministic"], deterministic, true);
        check!(["-i"], direction, Direction::Inverted);
        check!(["--inverted"], direction, Direction::Inverted);
        check!(
            ["--truncate-text-right"],
            text_truncate_direction,
            TextTruncateDirection::Right
        );
        check!(["--negate"], negate_differentials, true);
        check!(["--no-sort"], no_sort, true);
        check!(["--pretty-xml"], pretty_xml, true);
        check!(["--no-javascript"], no_javascript, true);
        check!(["--reverse"], reverse_stack_order, true);
        check!(
            ["--bgcolors", "grey"],
            bgcolors,
            Some(BackgroundColor::Grey)
        );
        check!(["-c", "java"], colors, "java".parse().unwrap());
        check!(["--colors=aqua"], colors, "aqua".parse().unwrap());
        check!(["--colordiffusion"], color_diffusion, true);
        check!(["--countname", "bytes"], count_name, "bytes".to_string());
        check!(["--factor=1.5"], factor, 1.5);
        check!(["--fontsize", "20"], font_size, 20);
        check!(["--fonttype", "Verdana"], font_type, "Verdana".to_string());
        check!(["--fontwidth", "0.5"], font_width, 0.5);
        check!(["--uicolor", "#010203"], uicolor, Color::new(1, 2, 3));
        check!(["--height", "20"], frame_height, 20);
        check!(["--minwidth", "0.5"], min_width, 0.5);
        check!(["--max-frames", "9"], max_frames, Some(9));
        check!(["--nametype", "Line:"], name_type, "Line:".to_string());
        check!(["--link", "file:{file}"], link, "file:{file}".parse().ok());
        check!(["--notes", "n"], notes, "n".to_string());
        check!(
            ["--search-color", "#010203"],
            search_color,
            "#010203".parse().unwrap()
        );
        check!(
            ["--stroke-color", "#010203"],
            stroke_color,
            "#010203".parse().unwrap()
        );
        check!(["--subtitle", "s"], subtitle, Some("s".to_string()));
        check!(["--title", "t"], title, "t".to_string());
        check!(["--width", "800"], image_width, Some(800));
        check!(
            ["--base", "a", "--base", "b"],
            base,
            vec!["a".to_string(), "b".to_string()]
        );
        check!(["--flamechart"], flame_chart, true);
        check!(["--heatmap"], heat_map, true);
        check!(["--format", "svg"], format, Format::Svg);
        check!(["--format", "png"], format, Format::Png);
        check!(["--format", "pdf"], format, Format::Pdf);
        check!(["--scale", "1.5"], scale, 1.5);
        check!(["--csp-nonce", "n"], csp_nonce, Some("n".to_string()));
        check!(["--diff-scale=log"], diff_scale, DiffScale::Log);
        check!(["--theme=modern"], theme, Theme::Modern);
        check!(["--diff-width=after"], diff_width, DiffWidth::After);
        check!(["--diff-width=before"], diff_width, DiffWidth::Before);
        check!(["--diff-width=larger"], diff_width, DiffWidth::Larger);
    }

    #[test]
    fn graphs_unknown_to_the_published_tool_are_modern() {
        let looks = |flags: &[&str]| {
            let found = options(flags);
            (found.theme, found.diff_scale)
        };
        let classic = (Theme::Classic, DiffScale::Classic);
        assert_eq!(looks(&["--colors=java"]), classic);
        assert_eq!(looks(&["--format=html"]), (Theme::Modern, DiffScale::Log));
        assert_eq!(
            looks(&["--diff", "a", "b"]),
            (Theme::Classic, DiffScale::Log)
        );
        let flags = ["--format=html", "--theme=classic", "--diff-scale=classic"];
        assert_eq!(looks(&flags), classic);
        let mut flags = Flags::try_parse_from(["inferno flamegraph"]).unwrap();
        flags.is_classic = false;
        assert_eq!(flags.options().theme, Theme::Modern);
    }

    #[test]
    fn two_profiles_can_be_compared() {
        let parse = |flags: &str| {
            let arguments = ["inferno-flamegraph"].into_iter().chain(flags.split(' '));
            Flags::try_parse_from(arguments)
        };
        let flags = parse("--diff a.perf - --normalize --strip-hex").unwrap();
        let file = Input::File(PathBuf::from("a.perf"));
        assert_eq!(flags.comparison.inputs(), Some([file, Input::Stdin]));
        assert!(flags.comparison.options().normalize && flags.comparison.options().strip_hex);
        for more in ["c", "--flamechart", "--heatmap", "--no-sort"] {
            assert!(parse(&format!("--diff a b {more}")).is_err(), "{more}");
        }
    }

    #[test]
    fn the_title_depends_on_the_graph_unless_given() {
        assert_eq!(options(&["-i"]).title, "Icicle Graph");
        assert_eq!(options(&["--flamechart", "-i"]).title, "Flame Chart");
        assert_eq!(options(&["-i", "--title=t"]).title, "t");
    }

    #[test]
    fn conflicting_flags_are_rejected() {
        for flags in [
            ["--hash", "--deterministic"],
            ["--reverse", "--flamechart"],
            ["--reverse", "--no-sort"],
            ["--flamechart", "--no-sort"],
            ["--flamechart", "--heatmap"],
            ["--colordiffusion", "--colors=hot"],
            ["--title=a", "--title=b"],
            ["--height", "0"],
            ["--diff", "only-one"],
            ["--normalize", "no-diff"],
            ["--strip-hex", "no-diff"],
            ["--diff-width", "widest"],
            ["--colors", "nope"],
            ["--format", "gif"],
        ] {
            let arguments = ["inferno-flamegraph"].iter().chain(&flags);
            assert!(Flags::try_parse_from(arguments).is_err(), "{flags:?}");
        }
    }
}
