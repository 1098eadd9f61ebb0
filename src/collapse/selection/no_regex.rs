//! Text is never a regular expression.

#[derive(Debug, Clone)]
pub(super) enum Regex {}

impl Regex {
    pub fn new(_: &str) -> Result<Regex, ()> {
        Err(())
    }

    pub fn is_match(&self, _: &[u8]) -> bool {
        match *self {}
    }
}
