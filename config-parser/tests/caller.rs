//! A panic about a key that is not in the schema names the line that asked. In a program of its own, because it changes what the
//! process does when it panics.

use std::sync::Mutex;

use samovar_config::{Key, MemoryFiles, PerKey, Reader, Resolved, Schema};

const MISSING: Key<Option<String>> = Key::text("Missing", "x");
const MANY: Key<PerKey<String>> = Key::new("Many", &[], |_| Ok(String::new())).per_key();

static LINES: Mutex<Vec<(String, u32)>> = Mutex::new(Vec::new());

#[test]
fn a_key_that_is_not_in_the_schema_is_refused_at_the_line_of_the_caller() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| (place.file().to_owned(), place.line()));
        LINES.lock().expect("one thread").extend(place);
    }));
    let read = Reader::new(Schema::new([])).read(&MemoryFiles::new().file("/a", ""), "/a").expect("it is right");
    let held = read.config.main().settings();
    let first = line!();
    #[rustfmt::skip]
    let asks: [&dyn Fn(&Resolved); 4] = [
        &|held| _ = held.get(MISSING),
        &|held| _ = held.line(MISSING),
        &|held| _ = held.at(MANY, "a"),
        &|_| _ = read.config.lines(MISSING).next(),
    ];
    for ask in asks {
        let asked = std::panic::AssertUnwindSafe(|| ask(&held));
        assert!(std::panic::catch_unwind(asked).is_err());
    }
    let _ = std::panic::take_hook();
    let expected: Vec<_> = (first + 3..first + 7).map(|line| (file!().to_owned(), line)).collect();
    assert_eq!(*LINES.lock().expect("one thread"), expected);
}
