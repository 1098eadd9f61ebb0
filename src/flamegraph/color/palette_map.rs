//! A map from names to colors, stored in a file to keep colors consistent between graphs.
//!
//! ```text
//! file = { name "->" "rgb(" red "," green "," blue ")" LF }
//! ```
//!
//! Spaces around numbers are ignored, those around names are significant, and names may contain
//! `->`:
//!
//! ```text
//! main->rgb(247,83,46)
//! std::io::Read::read->rgb(226,95,23)
//! ```

use super::{Color, css};
use crate::warnings::warning;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// Maps names to colors.
///
/// ```
/// use inferno::flamegraph::color::{Color, PaletteMap};
///
/// let mut colors = PaletteMap::default();
/// assert_eq!(colors.insert("main", Color::new(1, 2, 3)), None);
/// assert_eq!(colors.get("main"), Some(Color::new(1, 2, 3)));
///
/// let mut text = Vec::new();
/// colors.to_writer(&mut text)?;
/// assert_eq!(text, b"main->rgb(1,2,3)\n");
/// assert_eq!(PaletteMap::from_reader(&mut text.as_slice())?, colors);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PaletteMap(BTreeMap<String, Color>);

impl PaletteMap {
    /// The color of `name`, if it has one.
    pub fn get(&self, name: &str) -> Option<Color> {
        self.0.get(name).copied()
    }

    /// Sets the color of `name`, and returns the previous one.
    pub fn insert<S: ToString>(&mut self, name: S, color: Color) -> Option<Color> {
        self.0.insert(name.to_string(), color)
    }

    /// All names with their colors, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Color)> {
        self.0.iter().map(|(name, color)| (name.as_str(), *color))
    }

    /// Reads the output of [`PaletteMap::to_writer`]. If a name occurs twice, the last color is
    /// used.
    ///
    /// Other lines are skipped, and a warning logs their number.
    ///
    /// # Errors
    /// Errors of `reader`.
    pub fn from_reader(reader: &mut dyn BufRead) -> io::Result<PaletteMap> {
        let (mut colors, mut ignored) = (BTreeMap::new(), 0);
        for line in reader.split(b'\n') {
            let line = line?;
            match parse_line(&crate::bytes::text::lossy(&line)) {
                Some((name, color)) => drop(colors.insert(name.to_string(), color)),
                None => ignored += 1,
            }
        }
        if ignored > 0 {
            warning!("Ignored {ignored} lines with invalid format");
        }
        Ok(PaletteMap(colors))
    }

    /// Reads the file at `path`; returns an empty map if it does not exist.
    ///
    /// # Errors
    /// Errors of the file, with its path.
    pub fn load_from_file_or_empty(path: &dyn AsRef<Path>) -> io::Result<PaletteMap> {
        let path = path.as_ref();
        let read = File::open(path)
            .map(BufReader::new)
            .and_then(|mut reader| PaletteMap::from_reader(&mut reader));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(PaletteMap::default()),
            read => read.map_err(|error| crate::flamegraph::named(path, &error)),
        }
    }

    /// Writes one line per name, sorted by name. Names with line ends are skipped, because they
    /// cannot be read back.
    ///
    /// # Errors
    /// Errors of `writer`.
    pub fn to_writer(&self, writer: &mut dyn Write) -> io::Result<()> {
        for (name, color) in self.iter().filter(|(name, _)| !name.contains('\n')) {
            writeln!(writer, "{name}->{}", css(color))?;
        }
        Ok(())
    }

    /// Writes to the file at `path`, and replaces its contents.
    ///
    /// # Errors
    /// Errors of the file, with its path.
    pub fn save_to_file(&self, path: &dyn AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let save = || {
            let mut writer = BufWriter::new(File::create(path)?);
            self.to_writer(&mut writer)?;
            writer.flush()
        };
        save().map_err(|error| crate::flamegraph::named(path, &error))
    }
}

fn parse_line(line: &str) -> Option<(&str, Color)> {
    let (name, color) = line.rsplit_once("->")?;
    let numbers = color.trim_end().strip_prefix("rgb(")?.strip_suffix(')')?;
    let mut numbers = numbers.split(',').map(|number| number.trim().parse().ok());
    let mut next = || numbers.next().flatten();
    let color = Color::new(next()?, next()?, next()?);
    numbers.next().is_none().then_some((name, color))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_as_they_are_and_numbers_with_spaces() {
        for (line, name) in [
            ("main->rgb(1,2,3)", "main"),
            (" a b ->rgb( 1 , 2,3 )\r", " a b "),
            ("->rgb(1,2,3)", ""),
            ("a->b->rgb(1,2,3)", "a->b"),
            ("a->rgb(3,2,1)->rgb(1,2,3)", "a->rgb(3,2,1)"),
        ] {
            assert_eq!(
                parse_line(line),
                Some((name, Color::new(1, 2, 3))),
                "{line}"
            );
        }
    }

    #[test]
    fn refuses_other_lines() {
        for line in [
            "",
            "main",
            "main->",
            "main->#010203",
            "main->rgb(1,2)",
            "main->rgb(1,2,3,4)",
            "main->rgb(1,2,256)",
            "main->rgb(1,2,-3)",
            "main->rgb(1,2,3",
            "a->b->(1,2,3)",
        ] {
            assert_eq!(parse_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_last_color_of_a_name_counts() {
        let mut text = b"b->rgb(1,1,1)\nnonsense\na->rgb(2,2,2)\nb->rgb(3,3,3)".as_slice();
        let colors = PaletteMap::from_reader(&mut text).unwrap();
        let all: Vec<_> = colors.iter().collect();
        assert_eq!(
            all,
            [("a", Color::new(2, 2, 2)), ("b", Color::new(3, 3, 3))]
        );
    }

    #[test]
    fn written_names_are_read_back() {
        let mut colors = PaletteMap::default();
        for name in [
            "a->b",
            "->",
            "<F as Fn()->T>::call",
            " x ",
            "",
            "a->rgb(1,2,3)",
        ] {
            colors.insert(name, Color::new(1, 2, 3));
        }
        let expected = colors.clone();
        colors.insert("two\nlines", Color::new(1, 2, 3));
        let mut text = Vec::new();
        colors.to_writer(&mut text).unwrap();
        assert_eq!(
            PaletteMap::from_reader(&mut text.as_slice()).unwrap(),
            expected
        );
    }

    #[test]
    fn a_missing_file_is_an_empty_map() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("palette.map");
        let mut colors = PaletteMap::load_from_file_or_empty(&path).unwrap();
        assert_eq!(colors, PaletteMap::default());
        colors.insert("main", Color::new(1, 2, 3));
        colors.save_to_file(&path).unwrap();
        assert_eq!(PaletteMap::load_from_file_or_empty(&path).unwrap(), colors);
    }
}
