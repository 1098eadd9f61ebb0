//! The fonts of the system, for the text of pictures.

use crate::warnings::warning;
use resvg::usvg::fontdb::{Database, Family, ID, Query};
use resvg::usvg::{self, Font, FontFamily, FontResolver};
use std::io;
use std::sync::{Arc, OnceLock};

/// The fonts of the system.
pub(super) struct Fonts {
    fonts: Arc<Database>,
    /// The first character that no font has.
    missing: OnceLock<char>,
}

impl Fonts {
    /// # Errors
    /// An error if the system has no fonts.
    pub fn of_system() -> io::Result<Fonts> {
        static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
        let fonts = FONTS.get_or_init(|| {
            let mut fonts = Database::new();
            fonts.load_system_fonts();
            Arc::new(fonts)
        });
        if fonts.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "no fonts found: the text of a picture needs one, so install a font such as DejaVu Sans Mono",
            ));
        }
        Ok(Fonts {
            fonts: Arc::clone(fonts),
            missing: OnceLock::new(),
        })
    }

    /// Options for converting a graph with these fonts.
    pub fn options(&self) -> usvg::Options<'_> {
        let fallback = FontResolver::default_fallback_selector();
        usvg::Options {
            fontdb: Arc::clone(&self.fonts),
            font_resolver: FontResolver {
                select_font: Box::new(|font, fonts| choose(font, fonts)),
                select_fallback: Box::new(move |character, tried, fonts| {
                    let found = fallback(character, tried, fonts);
                    if found.is_none() {
                        self.missing.get_or_init(|| character);
                    }
                    found
                }),
            },
            ..usvg::Options::default()
        }
    }

    /// Warns of characters that no font has.
    pub fn warn_of_missing(&self) {
        if let Some(&character) = self.missing.get() {
            let code = u32::from(character);
            warning!("no font has some characters, such as U+{code:04X}: boxes are drawn instead");
        }
    }
}

/// The font that matches best. If the family is not installed, it is a monospaced one, for which labels are
/// truncated, or else any.
fn choose(font: &Font, fonts: &Database) -> Option<ID> {
    let monospaced = fonts.faces().find(|face| face.monospaced);
    let installed = monospaced.into_iter().chain(fonts.faces().next());
    let installed = installed.filter_map(|face| Some(Family::Name(&face.families.first()?.0)));
    let wanted = font.families().iter().map(family);
    let families: Vec<Family<'_>> = wanted.chain([Family::Monospace]).chain(installed).collect();
    fonts.query(&Query {
        families: &families,
        ..Query::default()
    })
}

fn family(family: &FontFamily) -> Family<'_> {
    match family {
        FontFamily::Serif => Family::Serif,
        FontFamily::SansSerif => Family::SansSerif,
        FontFamily::Cursive => Family::Cursive,
        FontFamily::Fantasy => Family::Fantasy,
        FontFamily::Monospace => Family::Monospace,
        FontFamily::Named(name) => Family::Name(name),
    }
}
