//! R18 to R20: what is one module, and what a module knows of itself.

use super::{Story, check_in_order, site};

const COUNTS: &str = "const N = counter();\nfn next() { N.incr() }\n";
const ASKS: &str = "fn handler(req) { import_module(req.args.name)[\"next\"].call().to_string() }\n";

#[test]
fn r18_one_path_is_one_module_and_two_paths_are_two() {
    let story = Story::of(&format!(
        "=== one/n.rhai\n{COUNTS}=== two/n.rhai\n{COUNTS}=== asks.rhai\n{ASKS}=== one/asks.rhai\n{ASKS}=== N.rhai\n{COUNTS}=== n.rhai\n{COUNTS}"
    ));
    let absolute = story.site.file("one/n.rhai").to_string_lossy().into_owned();
    story.check(&[
        ("/asks?name=./one/n", "1"),
        ("/asks?name=one/n.rhai", "2"),
        ("/asks?name=one/../one/./n", "3"),
        ("/asks?name=./one//n", "4"),
        ("/one/asks?name=n", "5"),
        (&format!("/asks?name={absolute}"), "6"),
        ("/asks?name=~/two/../one/n", "7"),
        ("/asks?name=two/n", "1"),
        // Names that differ in case alone are two.
        ("/asks?name=./N", "1"),
        ("/asks?name=./n", "1"),
    ]);
}

#[test]
fn r19_two_names_of_one_file_are_one_instance_while_they_are_one_file() {
    let story = Story::of(&format!("=== real/n.rhai\n{COUNTS}=== asks.rhai\n{ASKS}=== other/n.rhai\n{COUNTS}"));
    story.site.link("link", "real");
    story.site.link("file.rhai", "real/n.rhai");
    std::fs::hard_link(story.site.file("real/n.rhai"), story.site.file("hard.rhai")).expect("linked");
    story.check(&[
        ("/asks?name=./real/n", "1"),
        ("/asks?name=./link/n", "2"),
        ("/asks?name=./file", "3"),
        ("/asks?name=./hard", "4"),
    ]);
    story.site.link("next", "other");
    std::fs::rename(story.site.file("next"), story.site.file("link")).expect("renamed");
    story.settle();
    story.check(&[("/asks?name=./link/n", "1"), ("/asks?name=./real/n", "5"), ("/asks?name=./file", "6")]);
}

/// `same.rhai` is the same in all releases.
const RELEASE: &str = r#"=== a.rhai
import "./b" as b;
print("+a");
keep N = counter();
fn handler(req) { `NUMBER ${b::here} ${N.incr()}` }
=== b.rhai
import "./same" as same;
print("+b");
let here = `NUMBER ${same::N.incr()}`;
=== same.rhai
print("+same");
const N = counter();
=== mark.rhai
fn handler(req) { print(`mark number ${req.query}.`) }
"#;

#[test]
fn r19_a_switched_directory_keeps_modules_and_state_and_is_one_generation() {
    let release = |number: u32| {
        RELEASE.replace("=== ", &format!("=== releases/{number}/")).replace("NUMBER", &number.to_string())
    };
    let site = site(&format!("=== samovar.conf\nDocumentRoot current\nSetHandler rhai\n{}{}", release(1), release(2)));
    site.link("current", "releases/1");
    let story = Story::at(site);
    story.check(&[("/a", "1 1 1 1"), ("/a", "1 1 1 2")]);
    assert_eq!(story.printed(), "same b a");
    let before = story.generation();
    story.site.link("next", "releases/2");
    std::fs::rename(story.site.file("next"), story.site.file("current")).expect("renamed");
    // What is the same in both is not run again, and keeps what it has.
    assert_eq!(story.settle(), "b a");
    assert_eq!(story.generation(), before + 1);
    story.check(&[("/a", "2 2 2 3")]);
}

#[test]
fn r20_a_module_can_read_what_it_is() {
    let story = Story::of(
        r#"=== sub/me.rhai
import "../child" as child;
let at_load = `${__file__} ${__name__} ${__mp_info__.generation} ${__mp_info__.instances}`;
fn handler(req) {
    import_module("../friend");
    let info = __mp_info__;
    `${at_load} | ${__file__} ${__name__} | ${info.generation} ${info.instances} ${info.children} ${info.friends} ${info.loaded}`
}
=== child.rhai
let name = __name__;
=== friend.rhai
let name = __name__;
"#,
    );
    let site = story.site.path().to_string_lossy().into_owned();
    let file = format!("{site}/sub/me.rhai");
    let answer = story.get("/sub/me").text();
    check_in_order(&answer, &[&file, " me 1 1 | ", &file, " me | 1 1 ", "child.rhai", "friend.rhai", "20"]);
    story.save("child.rhai", "let name = 1;");
    let answer = story.get("/sub/me").text();
    check_in_order(&answer, &[" me 3 2 | ", &file, " me | 3 2 ", "child.rhai"]);
}
