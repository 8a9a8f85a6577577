//! The page "Reference" of the guide: everything that scripts can call. It is made from one table, which is compared with what the
//! engine knows, so that neither has anything that the other lacks:
//! `UPDATE=1 cargo test -p samovar-rhai --lib reference` writes the page.

mod engine;
mod signature;
mod table;

use std::{collections::BTreeSet, fmt::Write as _};

use signature::Signature;
use table::SECTIONS;

/// A heading, and what stands below it.
struct Section {
    title: &'static str,
    intro: &'static str,
    entries: &'static [Entry],
}

/// A row: one thing that can be done, in all forms.
struct Entry {
    /// Joined by ` or `. `len[()]` is a function and a property.
    signatures: &'static str,
    does: &'static str,
    raises: &'static str,
    since: &'static str,
}

impl Entry {
    /// Each as one call, or one property.
    fn signatures(&self) -> impl Iterator<Item = String> {
        self.signatures.split(" or ").flat_map(|signature| match signature.contains("[()]") {
            true => vec![signature.replace("[()]", "()"), signature.replace("[()]", "")],
            false => vec![signature.to_owned()],
        })
    }
}

const BEGINNING: &str = "# Reference

<!-- Made from the table in `script-runtime/src/reference/table.rs`: `UPDATE=1 cargo test -p samovar-rhai --lib reference`. -->

Everything that a script can call, read and set. [Scripts](scripts.md) and [State and reloads](state-and-reloads.md) explain the most of it with
examples; the language itself is that of the [Rhai book](https://rhai.rs/book).

`value.name(x)` and `name(value, x)` are the same call. A parameter with `?` may be left out. `value.len[()]` may be written with parentheses and
without. `any` is a value of any type, `range` one of `0..3` or
`0..=3`. Every function ends at the deadline of its call; an error that a script raises can be caught with `try`, but not that one.
";

fn page() -> String {
    let mut page = BEGINNING.to_owned();
    for Section { title, intro, entries } in SECTIONS {
        let _ = write!(page, "\n## {title}\n\n");
        if !intro.is_empty() {
            let _ = write!(page, "{intro}\n\n");
        }
        page.push_str("| call | does | raises | since |\n|---|---|---|---|\n");
        for entry in *entries {
            let calls: Vec<_> =
                entry.signatures.split(" or ").map(|it| format!("`{}`", it.replace('|', "\\|"))).collect();
            let _ = writeln!(page, "| {} | {} | {} | {} |", calls.join("<br>"), entry.does, entry.raises, entry.since);
        }
    }
    page
}

#[test]
fn the_page_says_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, page()).expect("a writable folder");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page(), "docs/reference.md is out of date: UPDATE=1 cargo test -p samovar-rhai --lib reference");
}

/// What a script can call is what the table lists: name by name, with the types of all parameters.
#[test]
fn the_table_lists_what_the_engine_knows_and_nothing_else() {
    let signatures =
        SECTIONS.iter().flat_map(|section| section.entries).flat_map(Entry::signatures).map(|it| Signature::parse(&it));
    let of_the_engine = signatures.filter(|it| !engine::OF_THE_LANGUAGE.contains(&it.name.as_str()));
    let (natives, listed): (Vec<_>, Vec<_>) =
        of_the_engine.partition(|it| engine::natives().iter().any(|(name, _)| *name == it.name));
    let listed: BTreeSet<String> = listed.iter().flat_map(Signature::forms).collect();
    let known = engine::functions();
    assert!(known.len() > 400, "{}", known.len());
    let missing: Vec<_> = known.iter().filter(|form| !listed.iter().any(|listed| covers(listed, form))).collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    let gone: Vec<_> = listed.difference(&known).collect();
    assert!(gone.is_empty(), "in the table, but not known to the engine: {gone:#?}");
    // These are told which module calls them, and take values of any type.
    let listed: BTreeSet<_> =
        natives.iter().flat_map(|it| it.arities().map(|arity| (it.name.clone(), arity))).collect();
    assert_eq!(listed, engine::natives());
}

/// `print(any)` is for all values.
fn covers(listed: &str, form: &str) -> bool {
    let parts = |form: &str| {
        let (name, types) = form.strip_suffix(')').and_then(|form| form.split_once('(')).expect("name(types)");
        [name].into_iter().chain(types.split(", ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (listed, form) = (parts(listed), parts(form));
    listed.len() == form.len() && listed.iter().zip(&form).all(|(listed, form)| listed == form || listed == "any")
}

#[test]
fn no_signature_is_listed_twice() {
    let mut seen = BTreeSet::new();
    for signature in SECTIONS.iter().flat_map(|section| section.entries).flat_map(Entry::signatures) {
        assert!(seen.insert(signature.clone()), "{signature}");
    }
}

/// The fuzzer calls every function, with every number of arguments that there is one for; but `exit`, which ends a program, and
/// `sleep`.
#[test]
fn the_fuzzer_knows_every_function() {
    let listed = include_str!("../../tests/fuzz/natives.txt").split("\n\n").next().unwrap_or_default();
    let listed = listed.lines().filter(|line| !line.starts_with('#')).flat_map(|line| {
        let (name, arities) = line.split_once(' ').expect("a name and numbers");
        arities.split(' ').map(move |arity| (name.to_owned(), arity.parse().expect("a number")))
    });
    let of_the_engine = engine::functions().into_iter().filter_map(|form| {
        let (name, types) = form.strip_suffix(')')?.split_once('(')?;
        let is_one = !name.contains(['$', ':']) && !["exit", "sleep"].contains(&name);
        let arity = if types.is_empty() { 0 } else { types.matches(", ").count() + 1 };
        is_one.then(|| (name.to_owned(), arity))
    });
    let known: BTreeSet<(String, usize)> = of_the_engine.chain(engine::natives()).collect();
    let listed: BTreeSet<(String, usize)> = listed.collect();
    let missing: Vec<_> = known.difference(&listed).collect();
    assert!(missing.is_empty(), "tests/fuzz/natives.txt lacks {missing:?}");
}
