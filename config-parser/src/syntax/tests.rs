//! What holds for every text.

use proptest::prelude::*;

use super::parse;
use super::token::tokens;
use crate::report::source::Sources;
use crate::syntax::limits::ReadLimits;

#[path = "../../tests/it/pieces.rs"]
mod pieces;

use pieces::text;

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
        let syntax = parse(file, &text, &ReadLimits::default());
        for found in &syntax.findings {
            let span = found.span.expect("a place");
            prop_assert!(span.start <= span.end && span.end as usize <= text.len());
        }
    }
}
