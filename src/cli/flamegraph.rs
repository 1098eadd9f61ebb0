//! Draws a profile as a flame graph.

use crate::call_tree::{CallTree, Unit};
use crate::cli;
use crate::cli::collapse::{guess_all, list_values};
use crate::cli::filter::{FilterArgs, Filters};
use crate::cli::guess::GuessArgs;
use crate::cli::{CommonArgs, Input, Output, usage, values};
use crate::collapse::guess;
use crate::differential;
use crate::flamegraph::color::{
    BackgroundColor, Color, Palette, PaletteMap, SearchColor, StrokeColor, parse_hex_color,
};
use crate::flamegraph::{
    self, Collector, DiffWidth, Direction, Format, LinkPattern, Options, TextTruncateDirection,
    defaults,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Command, CommandFactory, Parser};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

#[cfg(feature = "nameattr")]
use crate::flamegraph::FuncFrameAttrsMap;

/// The file, in the current directory, that `--cp` keeps colors in.
const PALETTE_MAP: &str = "palette.map";

/// Draw a profile as a flame graph: an interactive SVG
#[derive(Debug, Parser)]
#[command(name = "inferno-flamegraph", version)]
struct Flags {
    /// Use consistent palette (palette.map)
    #[arg(long = "cp")]
    cp: bool,

    /// Colors are selected by hashing the function name, weighting earlier characters more heavily
    #[arg(long = "hash", conflicts_with = "deterministic")]
    hash: bool,

    /// Colors are selected such that the color of a function does not change between runs
    #[arg(long = "deterministic")]
    deterministic: bool,

    /// Plot the flame graph up-side-down
    #[arg(short = 'i', long = "inverted")]
    inverted: bool,

    /// If text doesn't fit in frame, truncate right side
    #[arg(long = "truncate-text-right")]
    truncate_text_right: bool,

    /// Switch differential hues (red<->blue)
    #[arg(long = "negate")]
    negate: bool,

    /// Compare two profiles, in any format that is read, and draw what changed: red grew, blue
    /// shrank
    #[arg(
        long = "diff", num_args = 2, value_names = ["BEFORE", "AFTER"],
        conflicts_with_all = ["paths", "flame_chart", "no_sort"]
    )]
    diff: Option<Vec<PathBuf>>,

    /// With --diff: scale the counts before, so that both profiles have the same total
    #[arg(long = "normalize", requires = "diff", conflicts_with = "paths")]
    normalize: bool,

    /// With --diff: strip hex numbers (addresses), 0x45fe becomes 0x...
    #[arg(long = "strip-hex", requires = "diff", conflicts_with = "paths")]
    strip_hex: bool,

    /// In a differential graph, draw frames as wide as they are `after`, as they were `before`
    /// (which shows what vanished), or as the `larger` of the two (which shows all) [default: after]
    #[arg(
        long = "diff-width", value_name = "WHICH",
        value_parser = PossibleValuesParser::new(["after", "before", "larger"]).map(|name| diff_width(&name))
    )]
    diff_width: Option<DiffWidth>,

    /// Don't sort the input lines: they are sorted already, and it is an error if they are not
    #[arg(long = "no-sort", conflicts_with_all = ["reverse", "flame_chart"])]
    no_sort: bool,

    /// Pretty print XML with newlines and indentation
    #[arg(long = "pretty-xml")]
    pretty_xml: bool,

    /// Don't include static JavaScript in the flame graph, for tests
    #[arg(long = "no-javascript", hide = true)]
    no_javascript: bool,

    /// Generate stack-reversed flame graph
    #[arg(long = "reverse", conflicts_with = "flame_chart")]
    reverse: bool,

    /// Set background colors. Gradient choices are yellow, blue, green, grey; flat colors use
    /// "#rrggbb" [default: by the palette]
    #[arg(long = "bgcolors", value_name = "STRING", value_parser = parse_background)]
    bgcolors: Option<BackgroundColor>,

    /// Set color palette
    #[arg(
        short = 'c', long = "colors", value_name = "STRING", default_value = defaults::COLORS,
        value_parser = PossibleValuesParser::new(Palette::VARIANTS).try_map(|name| name.parse::<Palette>())
    )]
    colors: Palette,

    /// Color frames based on their width, highlighting expensive codepaths
    #[arg(long = "colordiffusion", conflicts_with = "colors")]
    color_diffusion: bool,

    /// Count type label [default: the unit of the profile, or else samples]
    #[arg(long = "countname", value_name = "STRING")]
    count_name: Option<String>,

    /// Factor to scale sample counts by
    #[arg(
        long = "factor", value_name = "FLOAT", default_value = &**defaults::str::FACTOR,
        value_parser = values::factor, allow_negative_numbers = true
    )]
    factor: f64,

    /// Font size
    #[arg(
        long = "fontsize", value_name = "UINT", default_value = &**defaults::str::FONT_SIZE,
        value_parser = values::pixels, allow_negative_numbers = true
    )]
    font_size: usize,

    /// Font type
    #[arg(long = "fonttype", value_name = "STRING", default_value = defaults::FONT_TYPE)]
    font_type: String,

    /// Font width
    #[arg(
        long = "fontwidth", value_name = "FLOAT", default_value = &**defaults::str::FONT_WIDTH,
        value_parser = values::factor, allow_negative_numbers = true
    )]
    font_width: f64,

    /// Color of UI text such as the search and reset zoom buttons
    #[arg(
        long = "uicolor", value_name = "#RRGGBB", default_value = defaults::UI_COLOR,
        value_parser = parse_ui_color
    )]
    ui_color: Color,

    /// Height of each frame
    #[arg(
        long = "height", value_name = "UINT", default_value = &**defaults::str::FRAME_HEIGHT,
        value_parser = values::pixels, allow_negative_numbers = true
    )]
    frame_height: usize,

    /// Draw only frames of at least this many percent. Narrower ones appear on zooming in, but
    /// if this is more than the default: then they are not in the file
    #[arg(
        long = "minwidth", value_name = "FLOAT", default_value = &**defaults::str::MIN_WIDTH,
        value_parser = values::percent, allow_negative_numbers = true
    )]
    min_width: f64,

    /// File containing attributes to use for the SVG frames of particular functions. Each line in
    /// the file should be a function name followed by a tab, then a sequence of tab separated
    /// name=value pairs
    #[cfg(feature = "nameattr")]
    #[arg(long = "nameattr", value_name = "PATH")]
    nameattr: Option<PathBuf>,

    /// Make frames with a file in their names (see --lines) links to it, where {file} and {line} stand for
    /// what they have: `vscode://file/{file}:{line}`
    #[arg(long = "link", value_name = "URL")]
    link: Option<LinkPattern>,

    /// Name type label
    #[arg(long = "nametype", value_name = "STRING", default_value = defaults::NAME_TYPE)]
    name_type: String,

    /// Set embedded notes in SVG
    #[arg(long = "notes", value_name = "STRING")]
    notes: Option<String>,

    /// Search color
    #[arg(
        long = "search-color", value_name = "STRING", default_value = defaults::SEARCH_COLOR,
        value_parser = parse_search_color
    )]
    search_color: SearchColor,

    /// Adds an outline to every frame
    #[arg(
        long = "stroke-color", value_name = "STRING", default_value = defaults::STROKE_COLOR,
        value_parser = parse_stroke_color
    )]
    stroke_color: StrokeColor,

    /// Second level title (optional)
    #[arg(long = "subtitle", value_name = "STRING")]
    subtitle: Option<String>,

    /// Change title text
    #[arg(long = "title", value_name = "STRING", default_value = defaults::TITLE)]
    title: String,

    /// Width of image
    #[arg(
        long = "width", value_name = "UINT", value_parser = values::pixels,
        allow_negative_numbers = true
    )]
    image_width: Option<usize>,

    /// Omit samples whose stacks do not contain this symbol. When this symbol is in a sample's
    /// stack, truncate the call stack so that this is the bottom-most symbol. This is particularly
    /// useful when you want to profile a specific function in a codebase that uses some kind of
    /// heavy runtime like rayon, tokio, or the rustc query system. Can be given several times
    #[arg(long = "base", value_name = "STRING")]
    base: Vec<String>,

    /// What to write: an SVG, or a page of HTML that the graph fills and that needs nothing else
    #[arg(long = "format", value_name = "FORMAT", default_value = "svg", value_parser = ["svg", "html"])]
    format: String,

    /// In HTML, the nonce of the content security policy that the page is served with
    /// [default: a policy in the page, by hashes]
    #[arg(long = "csp-nonce", value_name = "STRING", value_parser = values::nonce)]
    csp_nonce: Option<String>,

    /// Produce a flame chart (sort by time, do not merge stacks): of perf, thread by thread; of folded stacks, in
    /// the order of lines
    #[arg(long = "flamechart")]
    flame_chart: bool,

    /// List the values that the profile has for each stack (name, unit, sum), and draw nothing
    #[arg(long, conflicts_with = "diff")]
    list_values: bool,

    /// Folded stacks, or profiles in a format that a collapser reads, which are folded first; `-`
    /// or nothing for standard input. They may be compressed (gzip, zstd)
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    guess: GuessArgs,

    #[command(flatten, next_help_heading = None)]
    common: CommonArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

impl Flags {
    /// How to draw, apart from what is read from files.
    fn options(&self) -> Options<'static> {
        Options {
            colors: self.colors,
            bgcolors: self.bgcolors,
            uicolor: self.ui_color,
            hash: self.hash,
            deterministic: self.deterministic,
            search_color: self.search_color,
            stroke_color: self.stroke_color,
            title: self.title().to_string(),
            subtitle: self.subtitle.clone(),
            image_width: self.image_width,
            frame_height: self.frame_height,
            min_width: self.min_width,
            font_type: self.font_type.clone(),
            font_size: self.font_size,
            font_width: self.font_width,
            count_name: self.count_name().to_string(),
            name_type: self.name_type.clone(),
            link: self.link.clone(),
            notes: self.notes.clone().unwrap_or_default(),
            negate_differentials: self.negate,
            diff_width: self.diff_width.unwrap_or_default(),
            factor: self.factor,
            format: self.format(),
            csp_nonce: self.csp_nonce.clone(),
            pretty_xml: self.pretty_xml,
            no_sort: self.no_sort,
            reverse_stack_order: self.reverse,
            no_javascript: self.no_javascript,
            color_diffusion: self.color_diffusion,
            flame_chart: self.flame_chart,
            base: self.base.clone(),
            direction: self.direction(),
            text_truncate_direction: self.text_truncate_direction(),
            ..Options::default()
        }
    }

    fn format(&self) -> Format {
        match self.format.as_str() {
            "html" => Format::Html,
            _ => Format::Svg,
        }
    }

    fn direction(&self) -> Direction {
        match self.inverted {
            true => Direction::Inverted,
            false => Direction::Straight,
        }
    }

    fn text_truncate_direction(&self) -> TextTruncateDirection {
        match self.truncate_text_right {
            true => TextTruncateDirection::Right,
            false => TextTruncateDirection::Left,
        }
    }

    /// The title that the graph's kind has, unless there is one given.
    fn title(&self) -> &str {
        match self.title.as_str() {
            defaults::TITLE if self.flame_chart => defaults::CHART_TITLE,
            defaults::TITLE if self.inverted => "Icicle Graph",
            title => title,
        }
    }

    fn count_name(&self) -> &str {
        self.count_name.as_deref().unwrap_or(defaults::COUNT_NAME)
    }

    /// The two inputs to compare, if that is wanted.
    fn diff_inputs(&self) -> Option<[Input; 2]> {
        match self.diff.as_deref()? {
            [before, after] => Some([before, after].map(|path| Input::new(Some(path)))),
            _ => None,
        }
    }

    /// Why some flags make no sense together.
    fn conflict(&self) -> Option<&'static str> {
        if self.diff_inputs() == Some([Input::Stdin, Input::Stdin]) {
            return Some("only one of the two profiles can be standard input");
        }
        if self.csp_nonce.is_some() && self.format != "html" {
            return Some("--csp-nonce requires --format html: an SVG has no policy");
        }
        None
    }

    /// The stacks that are drawn of those that were read. Who names the counts knows better what they are.
    fn prepare(&self, tree: CallTree, filters: &Filters) -> CallTree {
        let mut tree = filters.apply(tree);
        if self.count_name.is_some() {
            tree.set_unit(Unit::Unknown);
        }
        tree
    }

    /// An error if the stacks are not what the flags require.
    fn check(&self, tree: &CallTree) -> io::Result<()> {
        match self.diff_width.is_some() && !tree.is_differential() {
            true => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "expected two counts a stack for --diff-width: see --diff, or inferno-diff-folded",
            )),
            false => Ok(()),
        }
    }

    fn diff_options(&self) -> differential::Options {
        differential::Options {
            normalize: self.normalize,
            strip_hex: self.strip_hex,
        }
    }

    /// What gathers the stacks that are to be drawn with `options`.
    fn collector(&self, options: &Options<'_>) -> Collector {
        Collector::new(options).collapse_with(self.collapse_options())
    }

    /// How to fold what is not folded yet.
    fn collapse_options(&self) -> guess::Options {
        let mut options = self.guess.options();
        options.in_time_order = self.flame_chart;
        options
    }
}

fn diff_width(name: &str) -> DiffWidth {
    match name {
        "before" => DiffWidth::Before,
        "larger" => DiffWidth::Larger,
        _ => DiffWidth::After,
    }
}

fn parse_ui_color(text: &str) -> Result<Color, &'static str> {
    parse_hex_color(text).ok_or("expected a color as `#rrggbb`")
}

fn parse_search_color(text: &str) -> Result<SearchColor, &'static str> {
    let color = text.parse();
    color.map_err(|_| "expected a color as `#rrggbb`")
}

fn parse_stroke_color(text: &str) -> Result<StrokeColor, &'static str> {
    let color = text.parse();
    color.map_err(|_| "expected `none`, or a color as `#rrggbb`")
}

fn parse_background(text: &str) -> Result<BackgroundColor, &'static str> {
    let color = text.parse();
    color.map_err(|_| "expected `yellow`, `blue`, `green`, `grey`, or a color as `#rrggbb`")
}

/// Runs the tool.
pub fn main() -> ExitCode {
    run("inferno-flamegraph", &usage::matches(Flags::command()))
}

/// `inferno flamegraph`
pub fn command() -> Command {
    Flags::command().name("flamegraph")
}

/// Draws what the command line says.
pub fn run(tool: &str, matches: &ArgMatches) -> ExitCode {
    let flags: Flags = usage::args(matches);
    if let Some(message) = flags.conflict() {
        usage::conflict(Flags::command(), message);
    }
    let filters = flags.filter.compile();
    cli::run(tool, &flags.common, |output| match flags.list_values {
        true => {
            let inputs = Input::all(&flags.paths);
            list_values(&guess_all(&flags.collapse_options(), &inputs)?, output)
        }
        false => draw_with(&flags, &filters, output),
    })
}

fn draw_with(flags: &Flags, filters: &Filters, output: &Output) -> io::Result<()> {
    let mut colors = PaletteMap::default();
    let mut options = flags.options();
    #[cfg(feature = "nameattr")]
    if let Some(path) = &flags.nameattr {
        let attributes = Input::new(Some(path));
        options.func_frameattrs =
            attributes.read(|reader| FuncFrameAttrsMap::from_reader(reader))?;
    }
    if flags.cp {
        colors = PaletteMap::load_from_file_or_empty(&PALETTE_MAP)?;
        options.palette_map = Some(&mut colors);
    }
    match flags.diff_inputs() {
        Some(inputs) => draw_diff(&mut options, flags, filters, &inputs, output)?,
        None => draw(&mut options, flags, filters, output)?,
    }
    if flags.cp {
        let map = Output::new(Some(PathBuf::from(PALETTE_MAP)));
        map.write(|mut writer| colors.to_writer(&mut writer))?;
    }
    Ok(())
}

fn draw(
    options: &mut Options<'_>,
    flags: &Flags,
    filters: &Filters,
    output: &Output,
) -> io::Result<()> {
    let inputs = Input::all(&flags.paths);
    let mut stacks = flags.collector(options);
    for input in &inputs {
        input.add_to(&mut stacks)?;
    }
    let drawn = stacks
        .finish()
        .map(|tree| flags.prepare(tree, filters))
        .and_then(|tree| flags.check(&tree).map(|()| tree))
        .and_then(|tree| output.write(|writer| flamegraph::from_call_tree(options, &tree, writer)));
    name_inputs(drawn, &inputs)
}

/// Draws how the second input differs from the first.
fn draw_diff(
    options: &mut Options<'_>,
    flags: &Flags,
    filters: &Filters,
    inputs: &[Input; 2],
    output: &Output,
) -> io::Result<()> {
    let read = |input: &Input| {
        let mut stacks = flags.collector(options);
        input.add_to(&mut stacks)?;
        let tree = stacks.finish()?;
        let forest = cli::expect_stacks(tree.into(), cli::ANY_PROFILE)
            .map_err(|error| cli::about(&input.name(), error))?;
        io::Result::Ok(flags.prepare(forest.merged(), filters))
    };
    let (before, after) = (read(&inputs[0])?, read(&inputs[1])?);
    let tree = differential::compare(&before, &after, flags.diff_options());
    let drawn = output.write(|writer| flamegraph::from_call_tree(options, &tree, writer));
    name_inputs(drawn, inputs)
}

/// What there is to say of the stacks is to say of the inputs.
fn name_inputs(drawn: io::Result<()>, inputs: &[Input]) -> io::Result<()> {
    drawn.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => cli::about(&Input::names(inputs), error),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        check!(["--format", "svg"], format, Format::Svg);
        check!(["--format", "html"], format, Format::Html);
        check!(["--csp-nonce", "n"], csp_nonce, Some("n".to_string()));
        check!(["--diff-width=after"], diff_width, DiffWidth::After);
        check!(["--diff-width=before"], diff_width, DiffWidth::Before);
        check!(["--diff-width=larger"], diff_width, DiffWidth::Larger);
    }

    #[test]
    fn two_profiles_can_be_compared() {
        let parse = |flags: &str| {
            let arguments = ["inferno-flamegraph"].into_iter().chain(flags.split(' '));
            Flags::try_parse_from(arguments)
        };
        let flags = parse("--diff a.perf - --normalize --strip-hex").unwrap();
        let file = Input::File(PathBuf::from("a.perf"));
        assert_eq!(flags.diff_inputs(), Some([file, Input::Stdin]));
        assert!(flags.diff_options().normalize && flags.diff_options().strip_hex);
        for more in ["c", "--flamechart", "--no-sort"] {
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
    fn what_excludes_each_other_is_refused() {
        for flags in [
            ["--hash", "--deterministic"],
            ["--reverse", "--flamechart"],
            ["--reverse", "--no-sort"],
            ["--flamechart", "--no-sort"],
            ["--colordiffusion", "--colors=hot"],
            ["--title=a", "--title=b"],
            ["--height", "0"],
            ["--diff", "only-one"],
            ["--normalize", "no-diff"],
            ["--strip-hex", "no-diff"],
            ["--diff-width", "widest"],
            ["--colors", "nope"],
            ["--format", "png"],
        ] {
            let arguments = ["inferno-flamegraph"].iter().chain(&flags);
            assert!(Flags::try_parse_from(arguments).is_err(), "{flags:?}");
        }
    }
}
