//! `docs/rules.md` says where each rule is proved. It is made from the names of the tests, so that it cannot drift:
//! `UPDATE=1 cargo test -p samovar-integration-tests --test rules` writes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    path::{Path, PathBuf},
};

/// The rules of the importer by number, in a few words each.
const RULES: &[(u32, &str)] = &[
    (1, "an absolute path names exactly that file"),
    (2, "`./x` and `../x` start at the importing module's directory"),
    (3, "`~/x` starts at the handler root"),
    (4, "anything else is a bare name and is searched"),
    (5, "a name without extension gets `.rhai`"),
    (6, "`import` and `import_module` are the same; importers see variables and public functions"),
    (7, "a path that leaves the roots is refused"),
    (8, "search: the `path` argument"),
    (9, "search: the importing module's directory"),
    (10, "search: its `__mp_path__`"),
    (11, "search: `importer.path`"),
    (12, "search: library modules; `importer` cannot be shadowed"),
    (13, "`~` in search lists is the handler root"),
    (14, "library modules are never reloaded"),
    (15, "`path` with an explicit name becomes `__mp_path__`, which may grow while loading"),
    (16, "a handler's bare name is searched in its section's directory"),
    (17, "not found: every place looked at, and the closest name"),
    (18, "a module is its normalised path"),
    (19, "two names of one file are one instance; names keep modules when links are switched"),
    (20, "`__file__`, `__name__`, `__mp_info__`"),
    (21, "a request sees exactly one generation"),
    (22, "one request, one instance"),
    (23, "a first load runs once for all who ask"),
    (24, "a failed import leaves nothing behind, and fails again in the same request"),
    (25, "content decides, times do not"),
    (26, "a reload makes a completely new instance"),
    (27, "importers are reloaded with a child, children first, each once"),
    (28, "a friend is reloaded without its importer"),
    (29, "an import while loading is a child of what loads"),
    (30, "every published load has the next generation number"),
    (31, "one set of changes is one generation, or none"),
    (32, "a failed reload leaves the last good generation; told once, retried on change"),
    (33, "a failed first load is tried again, at most once a second"),
    (34, "a removed file is told once; the instance stays"),
    (35, "an import cycle is printed whole and not published"),
    (36, "a swallowed import is an edge all the same"),
    (37, "what has no file and no importers is dropped"),
    (38, "frozen, then the call, then the scope decide about reloading"),
    (39, "one import that says On is enough; mixtures are told"),
    (40, "freezing ends reloading for good"),
    (41, "`RhaiImport` runs once, in order, before the first request"),
    (42, "interpreters are isolated"),
    (43, "`__mp_clone__` hands state over; `__mp_from__`"),
    (44, "handles carried over are the same object in both"),
    (45, "a hook that raises: fresh state, and a purge once that is published"),
    (46, "`__mp_purge__` that raises is logged and ignored"),
    (47, "a failed hook and a failed script: the old instance serves on, unpurged"),
    (48, "a script that fails after its hook worked: the old instance serves on"),
    (49, "`__mp_purge__` runs only after a failed hook, when dropped, and at shutdown"),
    (50, "carried state that keeps old code alive is found and named"),
    (51, "an old instance that stays alive is reported with its holder"),
    (52, "what is logged"),
    (53, "the graph of modules"),
    (54, "the record of one module"),
    (55, "everything that happens is an event"),
    (56, "modules offer what Rhai's modules offer; `is_def_fn` and `is_def_var` know computed names"),
    (57, "every write to a module variable in a function raises"),
    (58, "no value ends the process, however it contains itself, shares parts, or is deep"),
    (59, "a file that is still being written is never loaded"),
    (60, "what a reload costs does not delay the next look"),
    (61, "a callback can be called from the moment at which it exists"),
    (62, "within one generation every question about one module has one answer"),
    (63, "what failed its first load and is gone is forgotten; a URL follows its module"),
];

/// The rules of releases.
const RELEASES: &[(u32, &str)] = &[
    (1, "a first load reads the texts of the release that it joins: a refused change is not seen"),
    (2, "freezing covers modules that nobody has loaded yet; `status` says whether the disk differs"),
    (3, "releases are kept as texts, and found again after a restart"),
];

/// A rule: `R57`, `L3`.
type Rule = (char, u32);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

fn rust_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if entry.is_dir() && name != "target" && !name.starts_with('.') {
            rust_files(&entry, found);
        } else if name.ends_with(".rs") {
            found.push(entry);
        }
    }
}

/// Tests by the rules that their names give: `r12_r14_what_it_proves`, `r8_to_r13_order`, `l3_what_it_proves`.
fn tests() -> BTreeMap<Rule, BTreeSet<String>> {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    let mut tests: BTreeMap<Rule, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        let shown = file.strip_prefix(root()).expect("below the root").display().to_string();
        let functions =
            text.lines().filter_map(|line| line.trim_start().trim_start_matches("async ").strip_prefix("fn "));
        for name in functions.filter_map(|rest| rest.split('(').next()) {
            for rule in rules_of(name) {
                tests.entry(rule).or_default().insert(format!("[`{name}`](../{shown})"));
            }
        }
    }
    tests
}

fn rules_of(name: &str) -> Vec<Rule> {
    let parts: Vec<_> = name.split('_').collect();
    let rule = |at: usize| {
        let part = parts.get(at)?;
        let kind = part.chars().next().filter(|kind| "rl".contains(*kind))?;
        Some((kind.to_ascii_uppercase(), part[1..].parse::<u32>().ok()?))
    };
    let mut rules = Vec::new();
    let mut at = 0;
    while let Some((kind, number)) = rule(at) {
        let until = (parts.get(at + 1) == Some(&"to")).then(|| rule(at + 2)).flatten().map(|(_, until)| until);
        rules.extend((number..=until.unwrap_or(number)).map(|number| (kind, number)));
        at += if until.is_some() { 3 } else { 1 };
    }
    rules
}

#[test]
fn the_table_of_rules_is_up_to_date() {
    let tests = tests();
    let mut page = String::from(
        "# Rules and their tests\n\nThis page is for maintainers. It lists what the importer promises, rule by rule, and the tests that prove it: a \
         test's name begins with\nthe numbers of its rules. The links lead into the repository.\n\n| rule | promise | tests |\n|---|---|---|\n",
    );
    let rules = RULES.iter().map(|(number, promise)| (('R', *number), promise));
    for (rule, promise) in rules.chain(RELEASES.iter().map(|(number, promise)| (('L', *number), promise))) {
        let proved = tests.get(&rule).map(|tests| tests.iter().cloned().collect::<Vec<_>>().join(", "));
        let _ =
            writeln!(page, "| {}{} | {promise} | {} |", rule.0, rule.1, proved.unwrap_or_else(|| "none yet".into()));
    }
    let path = root().join("docs/rules.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).expect("written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/rules.md is out of date: UPDATE=1 cargo test -p samovar-integration-tests --test rules"
    );
}
