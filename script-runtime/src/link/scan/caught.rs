//! The variable that a `catch` names: it is compiled under a name by which it is known when it is read, since what it holds
//! then is to be put in the words of the script.

use rhai::Position;

use crate::link::scan::token::{Seen, TokenKind};

/// The variable that a `catch` names, there and wherever its block uses it, from what follows the keyword.
pub(crate) fn places(after: &[Seen]) -> Vec<(Position, String)> {
    let [start, Seen { kind: TokenKind::Identifier(name), .. }, _, open, block @ ..] = after else { return Vec::new() };
    if start.kind != TokenKind::Call {
        return Vec::new();
    }
    let end = block.iter().position(|token| token.kind == TokenKind::CloseBrace && token.depth == open.depth + 1);
    let all = &after[..end.map_or(after.len(), |end| end + 4)];
    let is_variable = |index: usize| {
        let before = index.checked_sub(1).map(|before| &all[before].kind);
        let next = all.get(index + 1).map(|next| &next.kind);
        all[index].kind == TokenKind::Identifier(name.clone())
            && !matches!(before, Some(TokenKind::Period | TokenKind::As | TokenKind::DoubleColon))
            && !matches!(next, Some(TokenKind::Call | TokenKind::Colon | TokenKind::DoubleColon))
    };
    (0..all.len()).filter(|index| is_variable(*index)).map(|index| (all[index].at, name.clone())).collect()
}
