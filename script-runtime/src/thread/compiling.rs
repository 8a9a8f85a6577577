//! The compilation that runs on this thread. Rhai calls a mapper once for each token, in order, and offers no state for it.

use std::{cell::RefCell, rc::Rc};

use rhai::{Position, Token};

use super::innermost::within;

/// What a compilation makes of the tokens of its text.
pub(crate) trait Mapper {
    /// The token to compile in the place of this one. `most_variables` may be in scope.
    fn map(&mut self, token: Token, at: Position, most_variables: usize) -> Token;
}

thread_local! {
    static MAPPERS: RefCell<Vec<Rc<RefCell<dyn Mapper>>>> = const { RefCell::new(Vec::new()) };
}

/// Compiles with this mapper. It is asked for every token of the text, and for none of another.
pub(crate) fn during<R>(mapper: Rc<RefCell<dyn Mapper>>, compile: impl FnOnce() -> R) -> R {
    within(&MAPPERS, mapper, compile)
}

/// The mapper itself, for `Engine::on_parse_token`.
pub(crate) fn map(token: Token, at: Position, most_variables: usize) -> Token {
    MAPPERS.with_borrow(|mappers| match mappers.last() {
        Some(mapper) => mapper.borrow_mut().map(token, at, most_variables),
        None => token,
    })
}
