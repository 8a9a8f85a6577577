//! What holds for every input.

use proptest::prelude::*;
use samovar_config::syntax::token::tokens;
use samovar_config::url::normalize;
use samovar_config::{MemoryFiles, Sources, syntax};

use crate::site::{ask, loader};

/// Texts that are mostly made of what the language is made of.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "\r",
            " ",
            "\t",
            "\\",
            "\\\n",
            "\\\r\n",
            "#",
            "\"",
            "'",
            "<",
            "</",
            ">",
            "~",
            "|",
            "/",
            "*",
            "[",
            "]",
            "!",
            "${",
            "}",
            "é",
            "\u{feff}",
            "\0",
            "Define",
            "UnDefine",
            "Include",
            "IncludeOptional",
            "Listen",
            "SetHandler",
            "ScriptOption",
            "<Directory ",
            "</Directory>\n",
            "<Files ",
            "</Files>\n",
            "<Location /a>\n",
            "</Location>\n",
            "<VirtualHost *:80>\n",
            "</VirtualHost>\n",
            "<IfDefine ",
            "</IfDefine>\n",
            "<IfModule script_module>\n",
            "</IfModule>\n",
            "<If ",
            "/srv/www",
            "other.conf",
            "/etc/*.conf",
            "A",
            "${A}",
            "(",
            "80",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z0-9 /]{0,8}",
    ];
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_put_together_are_the_text(text in text()) {
        let tokens = tokens(&text);
        let again: String = tokens.iter().map(|token| token.text(&text)).collect();
        prop_assert_eq!(&again, &text);
        prop_assert!(tokens.iter().all(|token| !token.range.is_empty()));
    }

    #[test]
    fn nodes_lie_in_the_text_and_hold_what_stands_there(text in text()) {
        let mut sources = Sources::default();
        let file = sources.add("a", text.as_str(), None);
        let syntax = syntax::parse(file, &text);
        for found in &syntax.diagnostics {
            let span = found.span.expect("a place");
            prop_assert!(span.start <= span.end && span.end as usize <= text.len());
        }
    }

    #[test]
    fn loading_and_telling_never_panics(text in text(), other in text()) {
        let files = MemoryFiles::new().file("/etc/site.conf", text).file("/etc/other.conf", other);
        match loader().load(&files, "/etc/site.conf") {
            Ok(loaded) => {
                prop_assert_eq!(loaded.report.errors(), 0);
                prop_assert_eq!(loaded.report.render(true).is_empty(), loaded.report.is_empty());
                ask(&loaded.config, "http://a/a/b -> /srv/www/a");
            }
            Err(report) => {
                prop_assert!(report.errors() > 0);
                prop_assert!(!report.render(false).is_empty());
                prop_assert_eq!(report.findings().count(), report.diagnostics().len());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_text_or_told_as_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let files = MemoryFiles::new().file("/a", bytes);
        if let Err(report) = loader().load(&files, "/a") {
            prop_assert!(!report.render(false).is_empty());
        }
    }

    #[test]
    fn normal_paths_have_no_steps_left(path in "/[a.%2eEfF0/é\\\\]{0,20}") {
        if let Ok(normal) = normalize(&path) {
            prop_assert!(normal.starts_with('/'));
            prop_assert!(!normal.contains("//"));
            prop_assert!(normal.split('/').all(|part| part != "." && part != ".."));
            prop_assert!(!normal.bytes().any(|byte| byte < 0x20));
        }
    }
}
