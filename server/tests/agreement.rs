//! What is explained is what is served: random configurations and URLs, each explained and asked for.
//!
//! `SAMOVAR_AGREEMENT_CONFIGURATIONS` is the number of configurations, `SAMOVAR_AGREEMENT_SEED` the first of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use samovar::{
    Peers, Site,
    program::{Explanation, explain},
};

const DIRECTORIES: [&str; 4] = ["", "a/", "a/b/", "c.d/"];
/// Below each directory, and what follows the path of some.
const NAMES: [&str; 12] =
    ["", "x", "x/more", "x.rhai", "h1", "y.html", "z.txt", "z.x.txt", "no", "no/more", "h2", "x/"];
const URLS: usize = 30;
const HOSTS: [&str; 3] = ["one", "two", "other"];

/// Small numbers, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        // The multiplier and the increment are those of Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % most
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

/// A script says which file and function it is, what `~` means to it, and which option holds.
fn script(name: &str) -> String {
    let answer = |function: &str| {
        format!(
            "fn {function}(req) {{ import \"~/which\" as which; `{name} {function} ${{which::place}} ${{req.options[\"k\"]}}` }}\n"
        )
    };
    answer("handler") + &answer("other")
}

fn write_files(root: &Path) {
    for host in ["main", "second"] {
        for directory in DIRECTORIES {
            let path = root.join(host).join(directory);
            fs::create_dir_all(&path).expect("a directory");
            let write = |name: &str, text: String| fs::write(path.join(name), text).expect("written");
            for name in ["x", "h1", "h2", "index"] {
                write(&format!("{name}.rhai"), script(&format!("{host}/{directory}{name}.rhai")));
            }
            write("which.rhai", format!("let place = \"{}\";", format!("{host}/{directory}").trim_end_matches('/')));
            for name in ["y.html", "z.txt", "z.x.txt"] {
                write(name, script(&format!("{host}/{directory}{name}")));
            }
        }
    }
}

/// Some lines that say who answers.
fn lines(dice: &mut Dice, text: &mut String) {
    for _ in 0..1 + dice.below(3) {
        let line = match dice.below(9) {
            0 | 1 => format!("SetHandler {}", dice.one_of(&["rhai", "rhai", "static", "none"])),
            2 => format!("AddHandler {}", dice.one_of(&["rhai .txt", "static .html", "none .x", "rhai .html .x"])),
            3 => format!("RhaiHandler {}", dice.one_of(&["h1", "h2::other", "h1 | .txt", "h2 | .html", "h1 h2"])),
            4 => format!("RhaiInterpreter {}", dice.one_of(&["i1", "i2"])),
            5 => format!("RhaiInterpPerDirectory {}", dice.one_of(&["On", "Off"])),
            6 => format!("RhaiInterpPerDirective {}", dice.one_of(&["On", "Off"])),
            7 => format!("RhaiOption k {}", dice.one_of(&["v1", "v2", "v3"])),
            _ => format!("DirectoryIndex {}", dice.one_of(&["index.rhai", "y.html", "z.txt /x.rhai", "no"])),
        };
        let _ = writeln!(text, "{line}");
    }
}

fn section(dice: &mut Dice, host: &str, text: &mut String) {
    let (open, close) = match dice.below(8) {
        0..=2 => (format!("Directory \"${{ROOT}}/{host}/{}\"", dice.one_of(&["", "a", "a/b", "c.d"])), "Directory"),
        3 => (format!("Directory \"${{ROOT}}/{host}/{}\"", dice.one_of(&["*", "a/*"])), "Directory"),
        4 => (format!("Files \"{}\"", dice.one_of(&["*.txt", "x.rhai", "y.*"])), "Files"),
        5 | 6 => (format!("Location {}", dice.one_of(&["/", "/a", "/a/b/", "/c.d", "/x"])), "Location"),
        _ => (
            format!(
                "If \"{}\"",
                dice.one_of(&["%{REQUEST_URI} =~ m#/a/#", "%{PATH_INFO} == '/more'", "%{REQUEST_METHOD} == 'POST'"])
            ),
            "If",
        ),
    };
    let _ = writeln!(text, "<{open}>");
    lines(dice, text);
    let _ = writeln!(text, "</{close}>");
}

fn configuration(dice: &mut Dice) -> String {
    let mut text = "DocumentRoot main\nRhaiOption k v0\n".to_owned();
    lines(dice, &mut text);
    for _ in 0..dice.below(4) {
        section(dice, "main", &mut text);
    }
    for name in &HOSTS[..dice.below(3)] {
        let host = dice.one_of(&["main", "second"]);
        let _ = write!(text, "<VirtualHost *>\nServerName {name}\nDocumentRoot \"${{ROOT}}/{host}\"\n");
        lines(dice, &mut text);
        for _ in 0..dice.below(3) {
            section(dice, host, &mut text);
        }
        text.push_str("</VirtualHost>\n");
    }
    text
}

#[derive(Default)]
struct Tally {
    scripts: usize,
    files: usize,
    others: usize,
    interpreters: BTreeSet<String>,
}

/// Which modules each interpreter was said to run.
type Said = BTreeMap<String, BTreeSet<PathBuf>>;

/// The answer that was explained: status and body.
fn expected(root: &Path, it: &Explanation, tally: &mut Tally, said: &mut Said) -> (u16, String) {
    let relative = |path: &Path| path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
    if let Some(names) = it.handler.strip_prefix("script ") {
        tally.scripts += 1;
        let handler_root = PathBuf::from(it.handler_root.as_deref().expect("a script has a handler root"));
        let name = names.split(' ').next().expect("a name");
        let (module, function) = name.split_once("::").unwrap_or((name, "handler"));
        let file = match Path::new(module).is_absolute() {
            true => PathBuf::from(module),
            false => handler_root.join(format!("{module}.rhai")),
        };
        let interpreter = it.interpreter.clone().expect("a script has an interpreter");
        tally.interpreters.insert(interpreter.clone());
        said.entry(interpreter).or_default().insert(file.clone());
        let (place, option) = (relative(&handler_root), &it.options["k"].value);
        return (200, format!("{} {function} {place} {option}", relative(&file)));
    }
    match &*it.handler {
        "static" => {
            tally.files += 1;
            let file = it.filename.as_deref().expect("a file");
            (200, fs::read_to_string(file).expect("it is there"))
        }
        "redirect to the directory" => (301, String::new()),
        other => {
            assert_eq!(other, "none");
            tally.others += 1;
            (404, String::new())
        }
    }
}

fn compare(seed: u64, tally: &mut Tally) {
    let mut dice = Dice(seed);
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().canonicalize().expect("it is there");
    write_files(&root);
    let text = configuration(&mut dice);
    fs::write(root.join("samovar.conf"), &text).expect("written");
    let defines = [format!("ROOT={}", root.display())];
    let site = Site::open_with(&root, &defines).unwrap_or_else(|error| panic!("{seed}:\n{text}\n{error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut said = Said::new();
    for _ in 0..URLS {
        let url = format!("/{}{}", dice.one_of(&DIRECTORIES), dice.one_of(&NAMES));
        let (host, method) = (dice.one_of(&HOSTS), [Method::GET, Method::GET, Method::HEAD][dice.below(3)].clone());
        let request = Request::builder().method(&method).uri(&url).header("host", host);
        let request = request.body(Full::new(Bytes::new())).expect("a request");
        let response = runtime.block_on(site.respond(request, Peers::default()));
        let (status, body) = (response.status().as_u16(), runtime.block_on(response.into_body().collect()));
        let body = String::from_utf8_lossy(&body.expect("read").to_bytes()).into_owned();
        let headers = HeaderMap::from_iter([(http::header::HOST, host.parse().expect("a host"))]);
        let explained = explain(&root, &defines, &url, &method, &headers).expect("a URL");
        let (expected_status, expected_body) = expected(&root, &explained, tally, &mut said);
        let context = || format!("seed {seed}: {method} {url} of {host}\n{text}\n{}", explained.render());
        assert_eq!(status, expected_status, "{}\n{body}", context());
        if status == 200 && method != Method::HEAD {
            assert_eq!(body, expected_body, "{}", context());
        }
    }
    let handlers: BTreeSet<_> = said.values().flatten().cloned().collect();
    for interpreter in site.interpreters() {
        let loaded = handlers.iter().filter(|file| interpreter.serves(file)).cloned().collect();
        let name = interpreter.name();
        assert_eq!(said.remove(name).unwrap_or_default(), loaded, "seed {seed}: the interpreter {name}\n{text}");
    }
    assert!(said.is_empty(), "seed {seed}: interpreters that were never started: {said:?}\n{text}");
}

#[test]
fn what_is_explained_is_what_is_served() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = number("SAMOVAR_AGREEMENT_SEED").unwrap_or(1);
    let count = number("SAMOVAR_AGREEMENT_CONFIGURATIONS").unwrap_or(40);
    let mut tally = Tally::default();
    for seed in first..first + count {
        compare(seed, &mut tally);
    }
    if count >= 40 {
        let Tally { scripts, files, others, interpreters } = tally;
        assert!(scripts > 300 && files > 50 && others > 100, "{scripts} scripts, {files} files, {others} others");
        assert!(interpreters.len() > 20, "{interpreters:?}");
    }
}
