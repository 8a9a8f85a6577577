//! The variable that a `catch` names: it is compiled under a name by which it is known when it is read, since what it holds
//! then is to be put in the words of the script.

use rhai::Position;

use crate::link::scan::token::{Kind, Seen};

/// The variable that a `catch` names, there and wherever its block uses it, from what follows the keyword.
pub(crate) fn places(after: &[Seen]) -> Vec<(Position, String)> {
    let [start, Seen { kind: Kind::Identifier(name), .. }, _, open, block @ ..] = after else { return Vec::new() };
    if start.kind != Kind::Call {
        return Vec::new();
    }
    let end = block.iter().position(|token| token.kind == Kind::CloseBrace && token.depth == open.depth + 1);
    let all = &after[..end.map_or(after.len(), |end| end + 4)];
    let is_variable = |index: usize| {
        let before = index.checked_sub(1).map(|before| &all[before].kind);
        let next = all.get(index + 1).map(|next| &next.kind);
        all[index].kind == Kind::Identifier(name.clone())
            && !matches!(before, Some(Kind::Period | Kind::As | Kind::DoubleColon))
            && !matches!(next, Some(Kind::Call | Kind::Colon | Kind::DoubleColon))
    };
    (0..all.len()).filter(|index| is_variable(*index)).map(|index| (all[index].at, name.clone())).collect()
}
