//! The one form of a URL's path.

use samovar_config::url::{PathError, normalize};

#[test]
fn s4_paths_are_decoded_and_normalised_once() {
    let bad = Err(PathError::BadRequest);
    let missing = Err(PathError::NotFound);
    let ok = |text: &str| Ok(text.to_owned());
    let rows = [
        ("/", ok("/")),
        ("/a", ok("/a")),
        ("/a/", ok("/a/")),
        ("//a///b//", ok("/a/b/")),
        ("/a/./b/.", ok("/a/b/")),
        ("/a/../b", ok("/b")),
        ("/a/b/..", ok("/a/")),
        ("/a/b/../", ok("/a/")),
        ("/..", bad.clone()),
        ("/a/../../b", bad.clone()),
        ("/%2e%2e/etc/passwd", bad.clone()),
        ("/a/%2e%2e/b", ok("/b")),
        ("/a%20b", ok("/a b")),
        ("/caf%C3%A9", ok("/café")),
        ("/café", ok("/café")),
        ("/%252e%252e/a", ok("/%2e%2e/a")),
        ("/a%2fb", missing.clone()),
        ("/a%2Fb", missing.clone()),
        ("/a%00", missing.clone()),
        ("/%ff", missing.clone()),
        ("/a%0ab", bad.clone()),
        ("/a%7f", bad.clone()),
        ("/a\tb", bad.clone()),
        ("/a\0b", bad.clone()),
        ("/%", bad.clone()),
        ("/%4", bad.clone()),
        ("/%zz", bad.clone()),
        ("/%2f%zz", bad.clone()),
        ("/%+1", bad.clone()),
        ("", bad.clone()),
        ("a", bad.clone()),
        ("*", bad.clone()),
        ("http://a/", bad.clone()),
        ("/...", ok("/...")),
        ("/a\\..\\b", ok("/a\\..\\b")),
        ("/a;x=1", ok("/a;x=1")),
    ];
    for (path, expected) in rows {
        assert_eq!(normalize(path), expected, "{path:?}");
    }
    assert_eq!((PathError::BadRequest.status(), PathError::NotFound.status()), (400, 404));
}

#[test]
fn what_is_wrong_with_a_path_is_said() {
    use samovar_config::url::{PathError, normalize};
    let said = |path: &str| normalize(path).expect_err(path);
    assert_eq!((said("a").status(), said("/a%00").status()), (400, 404));
    assert_eq!(said("/%zz").to_string(), "the path of the URL is malformed");
    assert_eq!(PathError::NotFound.to_string(), "the path of the URL can name no file");
}
