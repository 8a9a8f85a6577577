//! `Include` and `IncludeOptional`: finds the files that they name, and reads them.

use std::io;
use std::path::{Path, PathBuf};

use crate::expand::files::{Entry, normal};
use crate::expand::statement::{ExpandedWord, Item, Statement};
use crate::expand::{Expander, preprocessor};
use crate::report::finding::{Finding, FindingCode};
use crate::report::source::{FileId, Span};
use crate::section::pattern::{has_wildcards, reason, whole};

impl Expander<'_> {
    pub(crate) fn include(&mut self, statement: &Statement, optional: bool, out: &mut Vec<Item>) {
        let name = if optional { preprocessor::INCLUDE_OPTIONAL } else { preprocessor::INCLUDE };
        let Some([Some(argument)]) = self.take::<1>(statement, 1, &format!("{name} path")) else { return };
        let path = normal(&self.root.join(&argument.value));
        let mut search = Search { optional, argument: &argument, listed: 0 };
        if has_wildcards(&argument.value) {
            for found in self.matching(&path, &mut search) {
                self.path(&found, &mut search, out);
            }
        } else {
            self.path(&path, &mut search, out);
        }
    }

    /// Reads the first file of all.
    pub(crate) fn first(&mut self, path: &Path) -> Vec<Item> {
        let path = normal(path);
        self.sources.ask(&path);
        let Some(file) = self.load(&path, None, false) else { return Vec::new() };
        self.chain.push(path);
        self.text(file)
    }

    /// A file, or all files in a directory and below.
    fn path(&mut self, path: &Path, search: &mut Search<'_>, out: &mut Vec<Item>) {
        let span = search.argument.span;
        match self.list(path, search) {
            Ok(Some(entries)) => {
                for entry in entries {
                    if self.is_full(span) {
                        return;
                    }
                    self.path(&path.join(entry.name), search, out);
                }
            }
            Ok(None) => self.file(path, search, out),
            Err(error) => self.unreadable(path, Some(span), &error),
        }
    }

    fn file(&mut self, path: &Path, search: &Search<'_>, out: &mut Vec<Item>) {
        let span = search.argument.span;
        if let Some(start) = self.chain.iter().position(|open| open == path) {
            let found = self.cycle(start, span);
            self.findings.push(found);
            return;
        }
        if self.chain.len() > self.limits.include_depth {
            let limit = self.limits.include_depth;
            let message = format!("includes are nested more than {limit} deep");
            self.findings.push(Finding::new(FindingCode::INCLUDE_TOO_DEEP, span, message));
            return;
        }
        let Some(file) = self.load(path, Some(span), search.optional) else { return };
        self.chain.push(path.to_owned());
        out.extend(self.text(file));
        self.chain.pop();
    }

    fn load(&mut self, path: &Path, span: Option<Span>, optional: bool) -> Option<FileId> {
        if self.is_full(span) {
            return None;
        }
        match self.files.read(path, self.limits.file_bytes) {
            Ok(bytes) => {
                self.bytes += bytes.len() as u64;
                self.decode(path, &bytes, span)
            }
            Err(error) if optional && error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                self.unreadable(path, span, &error);
                None
            }
        }
    }

    fn decode(&mut self, path: &Path, bytes: &[u8], span: Option<Span>) -> Option<FileId> {
        // A byte order mark is not part of the first name.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let reason = match (std::str::from_utf8(bytes), bytes.iter().position(|&byte| byte == 0)) {
            (Ok(text), None) => return Some(self.sources.add(path, text, span)),
            (Ok(_), Some(at)) => ("a zero byte", at),
            (Err(error), _) => ("a byte that is not UTF-8", error.valid_up_to()),
        };
        let line = bytes[..reason.1].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let message = format!("`{}` is not a text: {} on line {line}, at byte {}", path.display(), reason.0, reason.1);
        self.findings.push(Finding::new(FindingCode::NOT_TEXT, span, message).help("save it as UTF-8".to_owned()));
        None
    }

    /// The paths that fit a pattern, alphabetically, component by component.
    fn matching(&mut self, pattern: &Path, search: &mut Search<'_>) -> Vec<PathBuf> {
        let mut found = vec![PathBuf::new()];
        let mut components = pattern.components().peekable();
        while let Some(component) = components.next() {
            let text = component.as_os_str().to_string_lossy();
            if !has_wildcards(&text) {
                // As in httpd, every directory that a wildcard before it matches must have it.
                found.iter_mut().for_each(|path| path.push(component));
                continue;
            }
            match whole(&text) {
                Ok(names) => {
                    let with_dot = text.starts_with('.');
                    let fits = |name: &str| names.is_match(name) && (with_dot || !name.starts_with('.'));
                    found = self.matching_in(&found, &fits, components.peek().is_none(), search);
                }
                Err(error) => {
                    let message = format!("`{text}` is not a valid pattern");
                    let found = Finding::new(FindingCode::BAD_PATTERN, search.argument.span, message);
                    self.findings.push(found.expected(reason(&error)));
                    return Vec::new();
                }
            }
        }
        if found.is_empty() && !search.optional {
            let ExpandedWord { value, span } = search.argument;
            let found = Finding::new(FindingCode::INCLUDE_MISSING, *span, format!("no file matches `{value}`"));
            let help =
                format!("looked for `{}`; use `IncludeOptional` if there may be no such file", pattern.display());
            self.findings.push(found.help(help));
        }
        found
    }

    fn matching_in(
        &mut self,
        parents: &[PathBuf],
        fits: &dyn Fn(&str) -> bool,
        last: bool,
        search: &mut Search<'_>,
    ) -> Vec<PathBuf> {
        let mut out = Vec::new();
        for parent in parents {
            // The directory exists, and its settings must not be missed silently.
            let entries = self.list(parent, search).unwrap_or_else(|error| {
                self.unreadable(parent, Some(search.argument.span), &error);
                None
            });
            let entries = entries.unwrap_or_default();
            let fitting = entries.into_iter().filter(|entry| fits(&entry.name) && (last || entry.is_directory));
            out.extend(fitting.map(|entry| parent.join(entry.name)));
        }
        out
    }

    /// The entries of a directory, alphabetically; empty after an include has listed too many directories.
    fn list(&mut self, path: &Path, search: &mut Search<'_>) -> io::Result<Option<Vec<Entry>>> {
        search.listed += 1;
        if search.listed > self.limits.files {
            self.too_many(search.argument.span);
            return Ok(Some(Vec::new()));
        }
        self.sources.ask(path);
        let mut entries = self.files.list(path)?;
        if let Some(entries) = &mut entries {
            entries.sort_by(|one, other| one.name.cmp(&other.name));
        }
        Ok(entries)
    }

    fn is_full(&mut self, span: impl Into<Option<Span>>) -> bool {
        let full = self.sources.iter().count() >= self.limits.files || self.bytes >= self.limits.total_bytes;
        if full {
            self.too_many(span);
        }
        full
    }

    /// Reported once: all that follows has the same reason.
    fn too_many(&mut self, span: impl Into<Option<Span>>) {
        if !self.told_too_many {
            self.told_too_many = true;
            let (files, bytes) = (self.limits.files, self.limits.total_bytes);
            let message = format!("the configuration has more than {files} files or {bytes} bytes");
            self.findings.push(Finding::new(FindingCode::TOO_MANY_FILES, span, message));
        }
    }

    fn unreadable(&mut self, path: &Path, span: Option<Span>, error: &io::Error) {
        let path = path.display();
        let found = match error.kind() {
            io::ErrorKind::NotFound => {
                let found = Finding::new(FindingCode::INCLUDE_MISSING, span, format!("`{path}` does not exist"));
                match span {
                    Some(_) => found.help("use `IncludeOptional` if it may be missing".to_owned()),
                    None => found,
                }
            }
            io::ErrorKind::FileTooLarge => {
                let limit = self.limits.file_bytes;
                Finding::new(FindingCode::INCLUDE_UNREADABLE, span, format!("`{path}` is larger than {limit} bytes"))
            }
            _ => Finding::new(FindingCode::INCLUDE_UNREADABLE, span, format!("`{path}` cannot be read: {error}")),
        };
        self.findings.push(found);
    }

    fn cycle(&self, start: usize, span: Span) -> Finding {
        let names = self.chain[start..].iter().chain(self.chain.get(start));
        let names: Vec<String> = names.map(|path| format!("`{}`", path.display())).collect();
        let message = format!("a file includes itself: {}", names.join(" -> "));
        Finding::new(FindingCode::INCLUDE_CYCLE, span, message).expected("this include closes the cycle")
    }
}

/// One `Include` at work.
struct Search<'t> {
    optional: bool,
    argument: &'t ExpandedWord,
    /// How many directories it has listed.
    listed: usize,
}
