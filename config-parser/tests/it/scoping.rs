//! Which settings hold for a request.

use crate::site::{MARK, ask, load};

/// Each row: a request, and the marks of the sections that hold for it, in the order of merging.
#[track_caller]
fn marks(text: &str, rows: &[(&str, &str)]) {
    let loaded = load(text);
    for (request, expected) in rows {
        let resolved = ask(&loaded.config, request);
        let found: Vec<&str> = resolved.get(MARK).collect();
        assert_eq!(found.join(" "), *expected, "{request}");
    }
}

#[test]
fn s1_host_is_chosen_by_address_then_name_then_order() {
    let text = "
Mark main
<VirtualHost *:80>
  ServerName one.example
  Mark one
</VirtualHost>
<VirtualHost *:80>
  ServerName http://two.example:80
  ServerAlias *.two.example zwei.example
  Mark two
</VirtualHost>
<VirtualHost *:81>
  ServerName three.example
  Mark three
</VirtualHost>
";
    marks(
        text,
        &[
            ("/", "main one"),
            ("http://one.example/", "main one"),
            ("http://two.example/", "main two"),
            ("http://TWO.example.:80/", "main two"),
            ("http://www.two.example/", "main two"),
            ("http://zwei.example/", "main two"),
            ("http://three.example/", "main one"),
            ("http://unknown.example/", "main one"),
        ],
    );
}

#[test]
fn s1_exact_address_beats_wildcard_and_its_names_are_apart() {
    let text = "
Mark main
<VirtualHost *>
  ServerName any.example
  Mark any
</VirtualHost>
<VirtualHost 10.0.0.1:80>
  ServerName exact.example
  Mark exact
</VirtualHost>
<VirtualHost 10.0.0.2:80>
  Mark other
</VirtualHost>
";
    marks(text, &[("http://any.example/", "main exact"), ("http://exact.example/", "main exact"), ("/", "main exact")]);
}

#[test]
fn s1_main_server_answers_where_no_host_listens() {
    marks("Mark main\n<VirtualHost *:81>\nMark host\n</VirtualHost>", &[("/", "main")]);
}

#[test]
fn s2_directories_are_merged_shortest_first_then_regexes() {
    let text = r#"
<DirectoryMatch "shop">
  Mark match
</DirectoryMatch>
<Directory /srv/www/shop>
  Mark shop
</Directory>
<Directory ~ "^/srv">
  Mark tilde
</Directory>
<Directory "/srv/*/shop">
  Mark wild
</Directory>
<Directory />
  Mark root
</Directory>
<Directory /srv/>
  Mark srv
</Directory>
"#;
    marks(
        text,
        &[
            ("/x -> /srv/www/shop/a.rhai", "root srv shop wild match tilde"),
            ("/x -> /srv/www/shop/deep/er/a.rhai", "root srv shop wild match tilde"),
            ("/x -> /srv/www/shop/", "root srv shop wild match tilde"),
            ("/x -> /srv/www/shopping/a.rhai", "root srv match tilde"),
            ("/x -> /srv/www/shop", "root srv shop wild match tilde"),
            ("/x -> /srv/a/b/shop/a.rhai", "root srv match tilde"),
            ("/x -> /opt/a.rhai", "root"),
            ("/x", ""),
        ],
    );
}

#[test]
fn s2_groups_are_merged_directory_files_location() {
    let text = r#"
<Location /shop>
  Mark location
</Location>
<Files a.rhai>
  Mark files
</Files>
<Directory /srv>
  <Files "*.rhai">
    Mark nested
  </Files>
  Mark directory
</Directory>
Mark main
"#;
    marks(
        text,
        &[
            ("/shop/a.rhai -> /srv/a.rhai", "main directory files nested location"),
            ("/shop/b.rhai -> /srv/b.rhai", "main directory nested location"),
            ("/shop/a.rhai -> /opt/a.rhai", "main files location"),
        ],
    );
}

#[test]
fn s2_directories_of_a_host_join_before_sorting_and_win_ties() {
    let text = "
<VirtualHost *:80>
  <Directory /srv>
    Mark host-srv
  </Directory>
  <Directory /srv/www>
    Mark host-www
  </Directory>
  <Location />
    Mark host-location
  </Location>
  <Files a>
    Mark host-files
  </Files>
</VirtualHost>
<Location /deep>
  Mark main-location
</Location>
<Files a>
  Mark main-files
</Files>
<Directory /srv/www/deep>
  Mark main-deep
</Directory>
<Directory /srv>
  Mark main-srv
</Directory>
";
    let all = "main-srv host-srv host-www main-deep main-files host-files main-location host-location";
    marks(text, &[("/deep/a -> /srv/www/deep/a", all)]);
}

#[test]
fn s2_files_in_directories_are_merged_in_the_order_of_their_directories() {
    let text = "
<Directory /srv/www>
  <Files a>
    Mark long
  </Files>
</Directory>
<DirectoryMatch www>
  <FilesMatch a$>
    Mark regex
  </FilesMatch>
</DirectoryMatch>
<Directory /srv>
  <Files a>
    Mark short
  </Files>
  <Files ?>
    Mark short-wild
  </Files>
</Directory>
<FilesMatch ^a>
  Mark server
</FilesMatch>
";
    marks(
        text,
        &[
            ("/a -> /srv/www/a", "server short short-wild long regex"),
            ("/a -> /srv/a", "server short short-wild"),
            ("/a -> /opt/a", "server"),
            ("/a -> /srv/b", "short-wild"),
        ],
    );
}

#[test]
fn s2_locations_are_merged_in_the_order_of_the_file() {
    let text = "
<Location /a/b>
  Mark long
</Location>
<LocationMatch b$>
  Mark match
</LocationMatch>
<Location ~ ^/a>
  Mark tilde
</Location>
<Location /a/*>
  Mark wild
</Location>
<Location /a>
  Mark short
</Location>
";
    marks(text, &[("/a/b", "long match tilde wild short"), ("/a/b/c", "long tilde short"), ("/x", "")]);
}

#[test]
fn s3_location_matches_whole_components() {
    let text = "
<Location /foo>
  Mark plain
</Location>
<Location /foo/>
  Mark slash
</Location>
<Location />
  Mark root
</Location>
";
    marks(
        text,
        &[
            ("/foo", "plain root"),
            ("/foo/", "plain slash root"),
            ("/foo/x", "plain slash root"),
            ("/foobar", "root"),
            ("/", "root"),
        ],
    );
}

#[test]
fn s2_wildcards_and_regexes_match_as_in_httpd() {
    let text = r#"
<Location "/a*">
  Mark astar
</Location>
<Location "/[a-c]?/x">
  Mark class
</Location>
<Location "/*/y">
  Mark stary
</Location>
<Directory "/srv/*/">
  Mark d1
</Directory>
<Directory "/srv/[!w]*">
  Mark d2
</Directory>
<Directory "/srv/w*/x">
  Mark d3
</Directory>
<Files ".*">
  Mark dot
</Files>
<Files "*">
  Mark any
</Files>
<DirectoryMatch "^/srv/.*f$">
  Mark regex
</DirectoryMatch>
"#;
    marks(
        text,
        &[
            ("/ab", "astar"),
            ("/ab/c", ""),
            ("/ab/x", "class"),
            ("/z/y", "stary"),
            ("/a/b/y", ""),
            ("/q -> /srv/www/f", "d1 regex any"),
            ("/q -> /srv/www/x/f", "d1 d3 regex any"),
            ("/q -> /srv/abc/.h", "d1 d2 dot any"),
            ("/q -> /srv/.hid/f", "d1 d2 regex any"),
            ("/q -> /srv/f", "d1 d2 regex any"),
        ],
    );
}

#[test]
fn s3_files_in_a_directory_apply_in_its_tree() {
    let text = "<Directory /srv/www>\n<Files a>\nMark in\n</Files>\n</Directory>";
    marks(text, &[("/a -> /srv/www/d/a", "in"), ("/a -> /srv/a", ""), ("/a -> /srv/wwwx/a", "")]);
}

#[test]
fn s2_regexes_for_directories_are_sorted_by_their_slashes() {
    // httpd counts the slashes of a regular expression as if it were a path, with one at its end.
    let text = r#"
<DirectoryMatch "^/srv/www/a">
  Mark four
</DirectoryMatch>
<Directory ~ "/(www|d)(/|$)">
  Mark three
</Directory>
<DirectoryMatch "srv">
  Mark one
</DirectoryMatch>
<DirectoryMatch "www/">
  Mark one-too
</DirectoryMatch>
"#;
    marks(text, &[("/a/f -> /srv/www/a/f", "one one-too three four")]);
}

#[test]
fn s2_a_section_for_a_path_does_not_hold_for_what_is_not_there() {
    let text = "<Directory /srv/www/*>\nMark in\n</Directory>\n<Directory /srv/www/none>\nMark none\n</Directory>\n\
                <DirectoryMatch none>\nMark regex\n</DirectoryMatch>";
    let config = load(text).config;
    let held = |exact: bool| {
        let query = samovar_config::Query { exact, ..crate::site::query("/none -> /srv/www/none") };
        config.resolve(&query).get(MARK).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(held(true), "in none regex");
    assert_eq!(held(false), "regex");
}

#[test]
fn s2_what_is_in_a_directory_is_not_the_directory() {
    let text = "<Directory /srv/www/*>\nMark in\n</Directory>\n<Directory /srv/www/>\nMark itself\n</Directory>";
    marks(text, &[("/ -> /srv/www/", "itself"), ("/a/ -> /srv/www/a/", "itself in")]);
}

#[test]
fn s1_a_host_answers_to_its_names_and_to_no_others() {
    let text = "<VirtualHost *:80>\nServerName one.example\nServerAlias *.two.example w?w.three.example *x*y\n</VirtualHost>\n";
    let config = load(text).config;
    let host = config.hosts().next().expect("a host");
    for (name, expected) in [
        ("one.example", true),
        ("ONE.example.:80", true),
        ("a.b.two.example", true),
        ("two.example", false),
        ("www.three.example", true),
        ("ww.three.example", false),
        ("wwww.three.example", false),
        ("one.example.org", false),
        ("xone.example", false),
        ("axbxcy", true),
        ("axbxc", false),
        ("xy", true),
        ("yx", false),
        ("", false),
    ] {
        assert_eq!(host.answers_to(name), expected, "{name}");
    }
    assert!(!config.main().answers_to("one.example"));
    assert_eq!((config.main().index(), host.index(), host.addresses().len()), (None, Some(0), 1));
}

#[test]
fn s1_the_first_host_that_has_the_name_answers_be_it_written_out_or_not() {
    let text = "
<VirtualHost *:80>
  ServerName first.example
  Mark first
</VirtualHost>
<VirtualHost *:80>
  ServerAlias *.example
  Mark wild
</VirtualHost>
<VirtualHost *:80>
  ServerName plain.example
  ServerAlias first.example
  Mark plain
</VirtualHost>
<VirtualHost *:80>
  ServerAlias *.other
  Mark other
</VirtualHost>
<VirtualHost 10.0.0.1>
  ServerName any-port.example
  Mark any-port
</VirtualHost>
<VirtualHost *>
  Mark any
</VirtualHost>
";
    let long = "x".repeat(256);
    let config = load(text).config;
    let marked = |address: &str, host: Option<&str>| {
        let address = address.parse().expect("an address");
        let held = config.resolve(&samovar_config::Query { address, host, path: "/", filename: None, exact: true });
        held.get(MARK).next_back().unwrap_or("none").to_owned()
    };
    for (address, host, expected) in [
        ("10.0.0.9:80", Some("plain.example"), "wild"),
        ("10.0.0.9:80", Some("first.example"), "first"),
        ("10.0.0.9:80", Some("a.other:80"), "other"),
        ("10.0.0.9:80", Some(long.as_str()), "first"),
        ("10.0.0.9:80", None, "first"),
        ("[::ffff:10.0.0.1]:80", Some("plain.example"), "any-port"),
        ("10.0.0.1:81", None, "any-port"),
        ("10.0.0.9:81", Some("first.example"), "any"),
    ] {
        assert_eq!(marked(address, host), expected, "{address} {host:?}");
    }
}

#[test]
fn s2_a_slash_at_the_end_of_a_regex_counts_once() {
    let section = |regex: &str, mark: &str| format!("<DirectoryMatch \"{regex}\">\nMark {mark}\n</DirectoryMatch>\n");
    let text = section("a/b", "one") + &section("a/b/", "two") + &section("b", "three") + &section("/a/b", "four");
    marks(&text, &[("/ -> /srv/a/b/c", "three one two four")]);
}
