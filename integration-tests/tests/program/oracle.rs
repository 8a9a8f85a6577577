//! httpd itself says which values hold: random configurations, random URLs, and the two servers must agree on each key.
//!
//! What is `RhaiOption key value` here is `Header always set O-key value` there: headers are set as the values that hold say,
//! each in the place of one before it. Runs where there is an httpd: `apache2` or `httpd` on the
//! path, or the program that `SAMOVAR_HTTPD` names, with its modules in `SAMOVAR_HTTPD_MODULES`. The number of
//! configurations is `SAMOVAR_ORACLE_CONFIGURATIONS`, the first of them `SAMOVAR_ORACLE_SEED`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use http::{HeaderMap, Method, header};
use samovar_integration_tests::{Client, Site};

mod httpd;

use httpd::{Httpd, free_port};

const KEYS: [&str; 4] = ["k0", "k1", "k2", "k3"];
const URLS: usize = 20;
/// The page that answers for a directory.
const INDEX: &str = "y.html";
/// What httpd says of a key that was deleted.
const GONE: &str = "gone";

#[test]
fn httpd_agrees_on_every_value() {
    let Some(httpd) = Httpd::find() else {
        eprintln!("skipped: there is no httpd; install apache2, or name one with SAMOVAR_HTTPD");
        return;
    };
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let (first, count) =
        (number("SAMOVAR_ORACLE_SEED").unwrap_or(1), number("SAMOVAR_ORACLE_CONFIGURATIONS").unwrap_or(20));
    let mut tally = Tally::default();
    for seed in first..first + count {
        compare(&httpd, seed, &mut tally);
    }
    eprintln!("{count} configurations: {} values compared, {} of them with rivals", tally.values, tally.rivals);
    assert!(tally.differences.is_empty(), "httpd says otherwise:\n{}", tally.differences.join("\n"));
    assert!(tally.rivals * 2 >= tally.values, "too few values had rivals: {} of {}", tally.rivals, tally.values);
    assert!(tally.indexes * 20 >= tally.values, "too few pages answered for directories: {}", tally.indexes);
    // Were two steps of merging swapped, httpd would have disagreed.
    for (at, one) in STEPS.iter().enumerate() {
        for other in &STEPS[at + 1..] {
            assert!(tally.told_apart.contains(&(*one, *other)), "nothing tells {one:?} and {other:?} apart");
        }
    }
}

#[derive(Default)]
struct Tally {
    values: usize,
    /// Of pages that answer for a directory.
    indexes: usize,
    rivals: usize,
    differences: Vec<String>,
    /// Pairs of steps whose order has decided a value.
    told_apart: BTreeSet<(Step, Step)>,
}

/// The steps of merging, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Step {
    Main,
    Host,
    Directory,
    DirectoryRegex,
    Files,
    NestedFiles,
    Location,
    Condition,
}

const STEPS: [Step; 8] = [
    Step::Main,
    Step::Host,
    Step::Directory,
    Step::DirectoryRegex,
    Step::Files,
    Step::NestedFiles,
    Step::Location,
    Step::Condition,
];

/// A configuration in the words of both, and what each of its sections sets.
struct Case {
    text: String,
    /// By the line on which the section is opened; the main server is line 0.
    sections: BTreeMap<usize, (Step, BTreeMap<&'static str, Option<String>>)>,
}

#[track_caller]
fn compare(httpd: &Httpd, seed: u64, tally: &mut Tally) {
    let site = Site::new(TREE);
    fs::set_permissions(site.path(), fs::Permissions::from_mode(0o755)).expect("may be read by all");
    let root = site.file("root");
    let ports = [free_port(), free_port()];
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let case = case(&mut random, &root, ports);
    let listens = ports.map(|port| format!("Listen 127.0.0.1:{port}\n")).concat();
    site.write(
        "samovar.conf",
        format!("{}{listens}DocumentRoot {}\nDirectoryIndex {INDEX}\n", case.text, root.display()),
    );
    let _running = httpd.start(&site, &root, &listens, &case.text, ports[0]);
    for _ in 0..URLS {
        let (port, host, path) = (*random.one(&ports), *random.one(&HOSTS), random.url());
        let theirs = ask(port, host, &path);
        let url = format!("http://{host}:{port}{path}");
        let headers = HeaderMap::from_iter([(header::HOST, host.parse().expect("a name"))]);
        let ours =
            samovar::program::explain(site.path(), &[], &url, &Method::GET, &headers).expect("it can be explained");
        let held = |key: &str| ours.options.get(key).map(|held| held.value.clone());
        let merged = merged(&case, &ours);
        for key in KEYS {
            tally.indexes += usize::from(ours.index.is_some());
            tally.values += 1;
            let rivals: Vec<_> = merged.iter().filter_map(|(step, set)| Some((*step, set.get(key)?))).collect();
            tally.rivals += usize::from(rivals.len() > 1);
            let theirs = theirs.get(key).cloned();
            if held(key) != theirs {
                let said = ours.render();
                tally.differences.push(format!(
                    "seed {seed}: {url}: {key} is {theirs:?}, not {:?}\n{said}\n{}",
                    held(key),
                    case.text
                ));
            }
            for (at, one) in STEPS.iter().enumerate() {
                for other in &STEPS[at + 1..] {
                    if swapped(&rivals, *one, *other) != theirs {
                        tally.told_apart.insert((*one, *other));
                    }
                }
            }
        }
    }
}

/// What each section that matched sets, in the order of merging.
fn merged<'c>(
    case: &'c Case,
    ours: &samovar::program::Explanation,
) -> Vec<(Step, &'c BTreeMap<&'static str, Option<String>>)> {
    let line = |origin: &str| origin.rsplit(':').next().and_then(|line| line.parse::<usize>().ok());
    let host = ours.virtual_host_origin.as_deref().and_then(line);
    let matched = ours.sections.iter().filter(|it| it.matched).filter_map(|it| line(&it.origin));
    let lines = std::iter::once(0).chain(host).chain(matched);
    lines.filter_map(|line| case.sections.get(&line)).map(|(step, set)| (*step, set)).collect()
}

/// What would hold if two steps changed places.
fn swapped(rivals: &[(Step, &Option<String>)], one: Step, other: Step) -> Option<String> {
    let place = |step: Step| match step {
        step if step == one => other,
        step if step == other => one,
        step => step,
    };
    let mut order: Vec<_> = rivals.iter().map(|(step, value)| (place(*step), *value)).collect();
    order.sort_by_key(|(step, _)| *step);
    order.last().and_then(|(_, value)| (*value).clone())
}

/// The values that httpd sends back, as headers of its answer.
fn ask(port: u16, host: &str, path: &str) -> BTreeMap<&'static str, String> {
    let mut client = Client::connect(SocketAddr::from(([127, 0, 0, 1], port)));
    client.send_raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
    let answer = client.receive(false);
    let value = |key: &'static str| {
        let value = answer.header(&format!("o-{key}")).filter(|value| *value != GONE)?;
        Some((key, value.to_owned()))
    };
    KEYS.into_iter().filter_map(value).collect()
}

// The generator.

/// No page answers for `/`: for one, httpd forgets a `<Directory "/*">` that holds for the page when it is asked for itself.
const TREE: &str = "=== root/x.txt\nx\n=== root/a/x.txt\nx\n=== root/a/z\nz\n=== root/a/b/x.txt\nx\n\
                    === root/a/b/y.html\ny\n=== root/a/b/c/z\nz\n=== root/d/x.txt\nx\n=== root/d/b/y.html\ny\n=== root/d/b/z\nz\n";

const HOSTS: [&str; 5] = ["h0.test", "H1.test", "h2.test", "w1.test", "other.test"];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    fn one<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.below(list.len())]
    }

    fn url(&mut self) -> String {
        let directories =
            ["/", "/a/", "/a/b/", "/a/b/c/", "/d/", "/d/b/", "/none/", "//a//b/", "/d/../a/", "/a/./b/", "/%61/b/"];
        let names = ["x.txt", "y.html", "z", "none", "x.txt/more", "%78.txt", ""];
        format!("{}{}", self.one(&directories), self.one(&names))
    }
}

fn case(random: &mut Random, root: &Path, ports: [u16; 2]) -> Case {
    let mut case = Case { text: String::new(), sections: BTreeMap::new() };
    let root = root.to_string_lossy();
    let main = case.values(random);
    case.sections.insert(0, (Step::Main, main));
    case.body(random, &root, 6);
    let [one, two] = ports;
    for (at, addresses) in
        [format!("*:{one}"), format!("*:{one} *:{two}"), format!("127.0.0.1:{two}")].iter().enumerate()
    {
        if random.below(3) == 0 {
            continue;
        }
        let line = case.line();
        let _ = writeln!(case.text, "<VirtualHost {addresses}>\nServerName h{at}.test\nDocumentRoot {root}");
        if at == 1 {
            case.text.push_str("ServerAlias w*.test\n");
        }
        let set = case.values(random);
        case.sections.insert(line, (Step::Host, set));
        case.body(random, &root, 5);
        case.text.push_str("</VirtualHost>\n");
    }
    case
}

impl Case {
    /// The number of the line that is written next.
    fn line(&self) -> usize {
        self.text.matches('\n').count() + 1
    }

    /// Sets some of the keys. In one section each only once: there httpd's rule is that of another directive.
    fn values(&mut self, random: &mut Random) -> BTreeMap<&'static str, Option<String>> {
        let mut set = BTreeMap::new();
        for key in KEYS {
            match random.below(8) {
                0..5 => {
                    let value = format!("v{}", self.line());
                    let _ = writeln!(self.text, "RhaiOption {key} {value}");
                    set.insert(key, Some(value));
                }
                5 => {
                    let _ = writeln!(self.text, "RhaiOption {key}");
                    set.insert(key, None);
                }
                _ => {}
            }
        }
        set
    }

    fn section(&mut self, random: &mut Random, step: Step, head: &str, nested: bool) {
        let line = self.line();
        let _ = writeln!(self.text, "<{head}>");
        let set = self.values(random);
        self.sections.insert(line, (step, set));
        if nested && random.below(2) == 0 {
            self.files(random, Step::NestedFiles);
        }
        if step != Step::Condition && random.below(8) == 0 {
            self.condition(random);
        }
        let _ = writeln!(self.text, "</{}>", head.split(' ').next().unwrap_or_default());
    }

    fn condition(&mut self, random: &mut Random) {
        let expressions = [
            "%{REQUEST_URI} =~ m#^/a#",
            "%{REQUEST_URI} !~ /TXT/i",
            "%{HTTP_HOST} in { 'h0.test', 'w1.test' }",
            "! %{HTTP_HOST} -strcmatch 'H*'",
            "%{REQUEST_FILENAME} -strmatch '*/b/*' || %{REQUEST_URI} == '/d/'",
            "-R '127.0.0.0/8' && %{REQUEST_METHOD} == 'GET'",
            "(-z %{QUERY_STRING} || false) && tolower(req('Host')) == 'h1.test'",
            "%{SERVER_PORT} -eq 80 && %{REQUEST_URI} -fnmatch '/*/x.txt'",
            "-n %{PATH_INFO}",
            "%{REQUEST_URI} =~ m#/y.html$#",
            "'%{REQUEST_URI}' < '/b'",
        ];
        let head = format!("If \"{}\"", random.one(&expressions));
        self.section(random, Step::Condition, &head, false);
        if random.below(3) == 0 {
            let head = format!("ElseIf \"{}\"", random.one(&expressions));
            self.section(random, Step::Condition, &head, false);
        }
        if random.below(3) == 0 {
            self.section(random, Step::Condition, "Else", false);
        }
    }

    fn files(&mut self, random: &mut Random, step: Step) {
        let heads = [
            "Files x.txt",
            "Files \"*.txt\"",
            "Files \"?\"",
            "Files \"[xy]*\"",
            "Files ~ \"^y\"",
            "FilesMatch \"\\.(html|txt)$\"",
            "Files none",
            "Files z",
            "FilesMatch \"t$\"",
        ];
        let head = *random.one(&heads);
        self.section(random, step, head, false);
    }

    fn body(&mut self, random: &mut Random, root: &str, count: usize) {
        for _ in 0..count {
            match random.below(7) {
                6 => self.condition(random),
                0 | 1 => {
                    let paths = [
                        "", "/", "/a", "/a/", "/a/b", "/a/b/c", "/d", "/d/b", "/*", "/*/b", "/[ad]", "/?/b", "/none",
                        "/a*",
                    ];
                    let head = format!("Directory \"{root}{}\"", random.one(&paths));
                    self.section(random, Step::Directory, &head, true);
                }
                2 => {
                    let heads = [
                        "DirectoryMatch \"/a\"".to_owned(),
                        format!("DirectoryMatch \"^{root}/a/b\""),
                        "DirectoryMatch \"/b$\"".to_owned(),
                        "Directory ~ \"/(a|d)(/|$)\"".to_owned(),
                        format!("Directory ~ \"^{root}/.*b\""),
                        "DirectoryMatch \"root\"".to_owned(),
                    ];
                    let head = random.one(&heads).clone();
                    self.section(random, Step::DirectoryRegex, &head, true);
                }
                3 => self.files(random, Step::Files),
                _ => {
                    let heads = [
                        "Location /",
                        "Location /a",
                        "Location /a/",
                        "Location /a/b",
                        "Location /d/x.txt",
                        "Location \"/*/b\"",
                        "Location \"/a*\"",
                        "Location \"/?/*\"",
                        "Location ~ \"^/d\"",
                        "LocationMatch \"b/\"",
                        "LocationMatch \"^/a/b/?\"",
                        "Location /none",
                        "Location /a/b/y.html",
                        "Location \"/*/b/y*\"",
                        "Location \"/*.html\"",
                        "LocationMatch \"/$\"",
                        "LocationMatch \"l$\"",
                    ];
                    let head = *random.one(&heads);
                    self.section(random, Step::Location, head, false);
                }
            }
        }
    }
}
