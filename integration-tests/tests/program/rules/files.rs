//! Files that cannot be modules, and trees that are moved: the last good generation serves, and the reason is told.

use std::{fs, io::Write};

use samovar_integration_tests::{Site, poll};

use super::{Story, check_in_order};

/// Something in the place of a module, and what is said of it.
type Bad = (&'static str, fn(&Site, &str), &'static str);

const BAD: &[Bad] = &[
    ("a FIFO", |site, name| site.fifo(name), "is a FIFO"),
    ("a directory", |site, name| fs::create_dir(site.file(name)).expect("made"), "is a directory"),
    ("a loop of links", |site, name| site.link(name, name), "symbolic links"),
    ("a link to a device", |site, name| site.link(name, "/dev/zero"), "lies outside of the declared roots"),
    ("a gibibyte", |site, name| site.open(name).set_len(1 << 30).expect("grown"), "1073741824 bytes"),
    (
        "no UTF-8",
        |site, name| fs::write(site.file(name), b"let here = \"\xc3\x28\";").expect("written"),
        "byte 0xc3 at offset 12",
    ),
    ("a NUL", |site, name| fs::write(site.file(name), "let here = 1;\0").expect("written"), "byte 0x00 at offset 13"),
];

const SITE: &str = "=== asks.rhai\nfn handler(req) { import_module(req.args.name)[\"here\"] }\n=== good.rhai\nlet here = \"good\";\n\
     === other.rhai\nfn handler(req) { \"other\" }\n";

#[test]
fn r33_what_cannot_be_a_module_is_said_to_whoever_asks_first() {
    for (what, make, said) in BAD {
        let story = Story::of(SITE);
        make(&story.site, "bad.rhai");
        story.check_fails("/asks?name=./bad", &["bad.rhai", said]);
        story.check(&[("/other", "other")]);
        let _ = fs::remove_file(story.site.file("bad.rhai")).or_else(|_| fs::remove_dir(story.site.file("bad.rhai")));
        story.site.write("bad.rhai", "let here = \"mended\";");
        poll(what, || (story.get("/asks?name=./bad").text() == "mended").then_some(()));
    }
}

#[test]
fn r32_what_cannot_be_a_module_is_not_put_in_the_place_of_one_that_is() {
    for (what, make, said) in BAD {
        let story = Story::of(SITE);
        story.check(&[("/asks?name=./good", "good"), ("/other", "other")]);
        make(&story.site, "bad");
        let bad = story.site.file("bad");
        let good = story.site.file("good.rhai");
        if bad.is_dir() {
            fs::remove_file(&good).expect("removed");
        }
        fs::rename(&bad, &good).expect("renamed");
        // A link that leads to itself leads elsewhere once it is renamed: to nothing.
        if *what != "a loop of links" {
            check_in_order(&story.settle_refused(), &["good.rhai", said]);
        }
        story.check(&[("/asks?name=./good", "good"), ("/other", "other")]);
        let _ = fs::remove_file(&good).or_else(|_| fs::remove_dir(&good));
        story.save("good.rhai", "let here = \"mended\";");
        story.check(&[("/asks?name=./good", "mended")]);
    }
}

#[test]
fn r34_a_dangling_link_is_a_file_that_is_gone() {
    let story = Story::of(SITE);
    story.site.link("link.rhai", "elsewhere.rhai");
    story.check_fails("/asks?name=./link", &["not found"]);
    story.site.write("elsewhere.rhai", "let here = \"there\";");
    poll("it leads somewhere", || (story.get("/asks?name=./link").text() == "there").then_some(()));
    story.site.remove("elsewhere.rhai");
    story.program.wait_for("was removed");
    story.check(&[("/asks?name=./link", "there")]);
}

/// The way in which Kubernetes changes what a ConfigMap holds.
#[test]
fn r31_a_config_map_that_is_switched_is_one_generation() {
    let story = Story::of("=== none.txt\n\n");
    let put = |version: &str| {
        let stamped = format!("..2026_{version}");
        for (name, text) in [
            ("a.rhai", format!("import \"./b\" as b;\nfn handler(req) {{ `{version} ${{b::here}}` }}")),
            ("b.rhai", format!("let here = \"{version}\";")),
        ] {
            story.site.write(&format!("{stamped}/{name}"), text);
        }
        story.site.link("..data_tmp", &stamped);
        fs::rename(story.site.file("..data_tmp"), story.site.file("..data")).expect("renamed");
    };
    put("1");
    story.site.link("a.rhai", "..data/a.rhai");
    story.site.link("b.rhai", "..data/b.rhai");
    story.check(&[("/a", "1 1")]);
    for version in ["2", "3", "4"] {
        put(version);
        story.program.wait_for_reload(&["b.rhai", "a.rhai"]);
        story.check(&[("/a", &format!("{version} {version}"))]);
    }
    assert_eq!(story.generation(), 4);
}

#[test]
fn r34_a_directory_that_is_moved_away_and_back_keeps_what_it_had() {
    let story = Story::of(
        "=== lib/n.rhai\nconst N = counter();\n=== top.rhai\nimport \"./lib/n\" as n;\nfn handler(req) { n::N.incr().to_string() }\n",
    );
    story.check(&[("/top", "1")]);
    fs::rename(story.site.file("lib"), story.site.file("away")).expect("renamed");
    assert_eq!(story.settle(), "");
    story.check(&[("/top", "2")]);
    fs::rename(story.site.file("away"), story.site.file("lib")).expect("renamed");
    assert_eq!(story.settle(), "");
    story.check(&[("/top", "3")]);
    story.save("lib/n.rhai", "const N = counter();\nlet more = 1;");
    story.check(&[("/top", "1")]);
}

/// Whatever makes somebody look: an event of another file, a retry of what was refused, a forced reload, a first load.
#[test]
fn r59_half_of_a_file_is_never_served() {
    let story = Story::of(&format!("=== page.rhai\nfn handler(req) {{ \"page\" }}\n{SITE}"));
    story.check(&[("/page", "page"), ("/other", "other")]);
    let half = "fn handler(req) { \"half\" }\n//";
    for round in 0..8 {
        story.site.write("page.rhai", format!("fn handler(req) {{ {round}"));
        check_in_order(&story.settle_refused(), &["page.rhai"]);
        let mut writer = story.site.open("page.rhai");
        writer.write_all(half.as_bytes()).expect("written");
        story.site.write("other.rhai", format!("fn handler(req) {{ \"other {round}\" }}"));
        poll("the other one", || (story.get("/other").text() == format!("other {round}")).then_some(()));
        assert_eq!(story.ask(&["reload"]).code, Some(1), "the change is refused on");
        story.check(&[("/page", if round == 0 { "page" } else { "whole" })]);
        writer.write_all(b"\nfn handler(req, more) { }").expect("written");
        drop(writer);
        fs::write(story.site.file("page.rhai"), "fn handler(req) { \"whole\" }").expect("written");
        poll("the whole", || (story.get("/page").text() == "whole").then_some(()));
    }
    let writer = story.site.open("page.rhai");
    story.program.wait_for("page.rhai is still open for writing");
    drop(writer);
    story.site.write("page.rhai", "fn handler(req) { \"closed\" }");
    poll("the last", || (story.get("/page").text() == "closed").then_some(()));
    let mut writer = story.site.open("new.rhai");
    writer.write_all(half.as_bytes()).expect("written");
    let answer = story.get("/new");
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{}", story.program.log());
    drop(writer);
    story.check(&[("/new", "half")]);
}

#[test]
fn r25_editors_and_version_control_are_ignored() {
    let story = Story::of("=== a.rhai\nprint(\"+a\");\nfn handler(req) { \"a\" }\n");
    story.check(&[("/a", "a")]);
    story.printed();
    for name in [".a.rhai.swp", "a.rhai~", "4913", ".git/index", "#a.rhai#", ".a.rhai.swx"] {
        story.site.write(name, "what an editor leaves");
    }
    assert_eq!(story.settle(), "");
    // vim: the file is moved away, and written anew under its name.
    fs::rename(story.site.file("a.rhai"), story.site.file("a.rhai~")).expect("renamed");
    fs::write(story.site.file("a.rhai"), "print(\"+a\");\nfn handler(req) { \"a2\" }\n").expect("written");
    assert_eq!(story.settle(), "a");
    story.check(&[("/a", "a2")]);
}
