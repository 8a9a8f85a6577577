//! Logs errors of requests so that a page that fails for every client does not fill the log.
//!
//! The first error at a place is logged in full, with its excerpt and the calls that led there. The next ones at the
//! same place of the same text are logged in one line each; further ones are counted, and the number is logged. When
//! the error has not occurred for a while, or the text has changed, it is logged in full again. The access log has a
//! line for each request in any case.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use samovar_importer::Diagnostic;

use super::{access::time, file::LogFile};
use crate::remedy::worded;

/// How long an error is remembered after it last occurred; also how often counts are logged.
const WHILE: Duration = Duration::from_secs(10);
/// How many are logged in one line each before they are counted.
const ONE_BY_ONE: u32 = 5;
/// The most errors that are remembered at one time; further ones share one count.
const DIFFERENT: usize = 256;

static TOLD: LazyLock<Mutex<Told>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Told {
    errors: HashMap<u64, Error>,
    /// Is there a thread that logs the counts?
    summing_up: bool,
}

/// An error that was logged in full.
struct Error {
    log: Option<LogFile>,
    /// Occurrences since the last summary.
    times: u32,
    counted: u64,
    /// The last one that was counted and not logged.
    last: String,
}

/// How an error is logged.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Full,
    Line,
    Nothing,
}

/// Logs that `what` failed, in the log of the virtual host, or in that of the program.
pub(crate) fn tell(log: Option<&LogFile>, what: &str, diagnostic: &Diagnostic) {
    let form = TOLD.lock().form(log, what, diagnostic);
    match form {
        Form::Full => write(log, &format!("{what} failed\n{}", worded(diagnostic).render(false))),
        Form::Line => write(log, &format!("{what} failed again: {}", line(diagnostic))),
        Form::Nothing => {}
    }
}

/// Logs the counts: the program ends.
pub(crate) fn sum_up() {
    // Logs outside of the lock: writing may take a while.
    let summary = TOLD.lock().sum_up();
    summary.iter().for_each(|(log, text)| write(log.as_ref(), text));
}

impl Told {
    fn form(&mut self, log: Option<&LogFile>, what: &str, diagnostic: &Diagnostic) -> Form {
        let key = key(log, diagnostic);
        let key = if self.errors.len() < DIFFERENT || self.errors.contains_key(&key) { key } else { 0 };
        match self.errors.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(Error { log: log.cloned(), times: 0, counted: 0, last: String::new() });
                self.see_to_summing_up();
                Form::Full
            }
            Entry::Occupied(mut told) => {
                let told = told.get_mut();
                told.times = told.times.saturating_add(1);
                if told.times <= ONE_BY_ONE {
                    return Form::Line;
                }
                told.counted += 1;
                told.last = format!("{what}: {}", line(diagnostic));
                Form::Nothing
            }
        }
    }

    /// Starts a thread that ends when no error is remembered any more. Without a thread, errors are logged in full.
    fn see_to_summing_up(&mut self) {
        if self.summing_up {
            return;
        }
        let sum_up_regularly = || {
            loop {
                std::thread::sleep(WHILE);
                sum_up();
                let mut told = TOLD.lock();
                if told.errors.is_empty() {
                    told.summing_up = false;
                    return;
                }
            }
        };
        match std::thread::Builder::new().name("samovar-repeated".into()).spawn(sum_up_regularly) {
            Ok(_) => self.summing_up = true,
            Err(_) => self.errors.clear(),
        }
    }

    /// Returns the counts to log, and resets them. Forgets errors that did not occur again.
    fn sum_up(&mut self) -> Vec<(Option<LogFile>, String)> {
        let mut summary = Vec::new();
        self.errors.retain(|_, error| {
            let times = std::mem::take(&mut error.times);
            let counted = std::mem::take(&mut error.counted);
            if counted > 0 {
                let requests = if counted == 1 { "request" } else { "requests" };
                let last = std::mem::take(&mut error.last);
                summary
                    .push((error.log.clone(), format!("{counted} more {requests} failed like this, the last {last}")));
            }
            times > 0
        });
        summary
    }
}

/// Identifies an error by the place where it was raised, the calls that led there, and the texts, which change with a
/// reload; by its message only where no place is known, since the message may contain parts of the request.
fn key(log: Option<&LogFile>, diagnostic: &Diagnostic) -> u64 {
    let mut hasher = DefaultHasher::new();
    log.map(LogFile::id).hash(&mut hasher);
    let places = diagnostic.place.iter().chain(diagnostic.notes.iter().filter_map(|note| note.place.as_ref()));
    for place in places {
        (&place.file, place.line, place.column, &place.text).hash(&mut hasher);
    }
    if diagnostic.place.is_none() {
        diagnostic.message.hash(&mut hasher);
    }
    hasher.finish().max(1)
}

/// The error in one line: the text of an error may have several.
pub(crate) fn line(diagnostic: &Diagnostic) -> String {
    diagnostic.to_string().replace(['\n', '\r'], " ")
}

fn write(log: Option<&LogFile>, text: &str) {
    match log {
        Some(log) => log.write(format!("[{}] [error] {text}", time(SystemTime::now()))),
        None => tracing::error!("{text}"),
    }
}

#[cfg(test)]
mod tests {
    use samovar_importer::Place;

    use super::*;

    fn raised(text: &str, line: u32, message: &str) -> Diagnostic {
        let place = Place { file: std::path::Path::new("m.rhai").into(), line, column: 1, text: text.into() };
        Diagnostic::error(message).at(place)
    }

    #[test]
    fn what_fails_again_and_again_is_counted() {
        let mut told = Told { summing_up: true, ..Told::default() };
        let mut form = |diagnostic: &Diagnostic| told.form(None, "/x", diagnostic);
        assert_eq!(form(&raised("one", 1, "no")), Form::Full);
        for _ in 0..ONE_BY_ONE {
            assert_eq!(form(&raised("one", 1, "no")), Form::Line);
        }
        for number in 0..1000 {
            assert_eq!(form(&raised("one", 1, &format!("no {number}\nat all"))), Form::Nothing);
        }
        // Another line, another text, and what stands nowhere.
        for (line, text) in [(2, "one"), (1, "two")] {
            assert_eq!(form(&raised(text, line, "no")), Form::Full);
        }
        assert_eq!(form(&Diagnostic::error("a")), Form::Full);
        assert_eq!(form(&Diagnostic::error("b")), Form::Full);
        assert_eq!(form(&Diagnostic::error("b")), Form::Line);

        let summary: Vec<_> = told.sum_up().into_iter().map(|(_, text)| text).collect();
        assert_eq!(summary, ["1000 more requests failed like this, the last /x: m.rhai:1:1: no 999 at all"]);
        assert_eq!(told.form(None, "/x", &raised("one", 1, "no")), Form::Line, "it is remembered");
        assert_eq!(told.form(None, "/x", &Diagnostic::error("a")), Form::Full, "it did not occur again");
        assert_eq!((told.sum_up().len(), told.errors.len()), (0, 1));
    }

    #[test]
    fn as_many_errors_as_there_may_be_need_no_more_memory() {
        let mut told = Told { summing_up: true, ..Told::default() };
        for number in 0..10 * DIFFERENT {
            told.form(None, "/x", &Diagnostic::error(format!("error {number}")));
        }
        assert_eq!(told.errors.len(), DIFFERENT + 1);
        assert_eq!(told.sum_up().len(), 1);
    }
}
