//! Diagnostics: what went wrong, where, and what to do about it, in one form for the whole importer.

use std::{borrow::Cow, fmt, path::Path, sync::Arc};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::remedy::{Help, Remedy};

/// A place in a source text, at which an error points.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user knows it.
    pub file: Arc<Path>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The text that was loaded. The file may have changed since.
    pub text: Arc<str>,
}

impl Place {
    /// Drops the text except the line and the lines around it. Line numbers stay; very long lines are dropped, too.
    fn shorten(&mut self) {
        const AROUND: usize = 3;
        const LONGEST: usize = 4 << 10;
        let (line, lines) = (self.line as usize, self.text.split_inclusive('\n'));
        let around = line.saturating_sub(AROUND)..=line + AROUND;
        let is_shown = |number: usize, text: &str| around.contains(&(number + 1)) && text.len() <= LONGEST;
        let shown = |(number, text)| if is_shown(number, text) { text } else { "\n" };
        let text: String = lines.enumerate().take(line + AROUND).map(shown).collect();
        if text.len() < self.text.len() {
            self.text = text.into();
        }
    }

    /// Returns the byte range in `text` from the place to the end of the word there.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        let before: usize =
            self.text.split_inclusive('\n').take(self.line.saturating_sub(1) as usize).map(str::len).sum();
        let line = self.text[before..].lines().next().unwrap_or("");
        let start = line.char_indices().nth(self.column.saturating_sub(1) as usize).map_or(line.len(), |(at, _)| at);
        let word = line[start..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(line.len() - start);
        let width = word.max(line[start..].chars().next().map_or(0, char::len_utf8));
        before + start..before + start + width
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An error with its remedy.
///
/// `Display` prints one line, for logs; [`render`](Self::render) prints the excerpt as well, for people.
///
/// ```
/// # use samovar_importer::{Diagnostic, Place};
/// let text = "fn handler(req) {\n    lett x = 1;\n}\n";
/// let place = Place { file: std::path::Path::new("hello.rhai").into(), line: 2, column: 5, text: text.into() };
/// let diagnostic = Diagnostic::error("unexpected `lett`").at(place).help("did you mean `let`?");
/// assert_eq!(diagnostic.to_string(), "hello.rhai:2:5: unexpected `lett`");
/// assert!(diagnostic.render(false).contains("2 |     lett x = 1;"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What happened, as one sentence without a full stop.
    pub message: String,
    /// The place, if known.
    pub place: Option<Place>,
    /// The steps that led there, innermost first: the call chain or the chain of imports.
    pub notes: Vec<Note>,
    /// What to do about it.
    pub help: Vec<Help>,
    /// Whether the error goes away by itself, so that trying again shortly is useful. This is so while a file is being
    /// written.
    pub temporary: bool,
}

/// A step on the way to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, for example: called in `render`.
    pub message: String,
    /// The place, if known.
    pub place: Option<Place>,
}

impl Diagnostic {
    /// Creates an error with this message.
    pub fn error(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, notes: Vec::new(), help: Vec::new(), temporary: false }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds a step that led to the error.
    #[must_use]
    pub fn note(mut self, message: impl Into<String>, place: Option<Place>) -> Self {
        self.notes.push(Note { message: message.into(), place });
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<Help>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Replaces the help texts that depend on the host: `words` returns the host's own text for a remedy. For `None`,
    /// the text stays.
    ///
    /// ```
    /// use samovar_importer::{Diagnostic, Help, Limit, Remedy};
    ///
    /// let help = Help::of(Remedy::Limit(Limit::Time), "the host sets how long a call may take");
    /// let diagnostic = Diagnostic::error("the deadline has passed").help(help);
    /// let worded = diagnostic.worded(|remedy| match remedy {
    ///     Remedy::Limit(Limit::Time) => Some("raise `timeout` in worker.toml".to_owned()),
    ///     _ => None,
    /// });
    /// assert_eq!(worded.help[0].text, "raise `timeout` in worker.toml");
    /// ```
    #[must_use]
    pub fn worded(mut self, words: impl Fn(Remedy) -> Option<String>) -> Self {
        for help in &mut self.help {
            if let Some(text) = help.remedy.and_then(&words) {
                help.text = text;
            }
        }
        self
    }

    /// Drops the source texts except what an excerpt shows.
    pub(crate) fn shorten(&mut self) {
        self.place.iter_mut().for_each(Place::shorten);
        // Notes are shown without an excerpt.
        self.notes.iter_mut().filter_map(|note| note.place.as_mut()).for_each(|place| place.text = "".into());
    }

    /// Marks the error as one that goes away by itself.
    #[must_use]
    pub fn temporary(mut self) -> Self {
        self.temporary = true;
        self
    }

    /// Renders the message with its excerpt; `colour` for terminals.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        self.draw(Level::ERROR, colour)
    }

    /// As [`render`](Self::render), for a warning.
    #[must_use]
    pub fn render_warning(&self, colour: bool) -> String {
        self.draw(Level::WARNING, colour)
    }

    fn draw(&self, level: Level<'_>, colour: bool) -> String {
        let mut group = Group::with_title(level.primary_title(self.message.as_str()));
        if let Some(place) = &self.place {
            group = group.element(excerpt(place, AnnotationKind::Primary));
        }
        for note in &self.notes {
            let at = note.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
            group = group.element(Level::NOTE.message(format!("{}{at}", note.message)));
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.text.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group]).clone()
    }
}

fn excerpt(place: &Place, kind: AnnotationKind) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let file: Cow<'_, str> = place.file.to_string_lossy();
    Snippet::source(&*place.text).path(file.into_owned()).annotation(kind.span(place.range()))
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_behind_the_end_is_still_drawn() {
        let place = Place { file: Path::new("m.rhai").into(), line: 9, column: 9, text: "let x = (".into() };
        assert!(Diagnostic::error("unexpected end").at(place).render(false).contains("m.rhai"));
    }

    #[test]
    fn r63_a_shortened_text_shows_the_same_excerpt() {
        let text: String = (1..=2_000).map(|line| format!("let line_{line} = {line};\n")).collect();
        for line in [1, 2, 1_000, 1_999, 2_000, 2_001] {
            let place = Place { file: Path::new("m.rhai").into(), line, column: 5, text: text.as_str().into() };
            let whole = Diagnostic::error("no").at(place.clone()).note("called here", Some(place));
            let mut short = whole.clone();
            short.shorten();
            assert_eq!(short.render(false), whole.render(false));
            let kept = short.place.expect("a place").text.len();
            assert!(kept < text.len() / 4 && kept > 5, "{line}: {kept} of {}", text.len());
        }
        let line = format!("let x = \"{}\";", "x".repeat(100_000));
        let place = Place { file: Path::new("m.rhai").into(), line: 2, column: 5, text: format!("\n{line}").into() };
        let mut long = Diagnostic::error("no").at(place);
        long.shorten();
        assert!(long.render(false).contains("m.rhai:2"), "{}", long.render(false));
        assert!(long.place.expect("a place").text.len() < 10);
    }

    #[test]
    fn an_excerpt_underlines_the_word() {
        let place = Place { file: Path::new("m.rhai").into(), line: 2, column: 3, text: "a\nb größe c".into() };
        let text = Diagnostic::error("no").at(place).render(false);
        assert!(text.contains("^^^^^"), "{text}");
        assert!(!text.contains("^^^^^^"), "{text}");
    }
}
