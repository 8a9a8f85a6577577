//! What holds for every input.

use proptest::prelude::*;
use samovar_config::MemoryFiles;
use samovar_config::url::normalize;

use crate::pieces::text;
use crate::site::{ask, reader};

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn loading_and_telling_never_panics(text in text(), other in text()) {
        let files = MemoryFiles::new().file("/etc/site.conf", text).file("/etc/other.conf", other);
        match reader().read(&files, "/etc/site.conf") {
            Ok(loaded) => {
                prop_assert_eq!(loaded.report.errors(), 0);
                prop_assert_eq!(loaded.report.render(true).is_empty(), loaded.report.is_empty());
                ask(&loaded.config, "http://a/a/b -> /srv/www/a");
            }
            Err(report) => {
                prop_assert!(report.errors() > 0);
                prop_assert!(!report.render(false).is_empty());
                prop_assert_eq!(report.records().count(), report.findings().len());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_text_or_told_as_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let files = MemoryFiles::new().file("/a", bytes);
        if let Err(report) = reader().read(&files, "/a") {
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
