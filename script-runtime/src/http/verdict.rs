//! What a handler says about how a request goes on: httpd's return conventions.

use bytes::Bytes;
use http::{Response, StatusCode};
use rhai::{Dynamic, Engine, Map, Module};
use samovar_importer::Diagnostic;

use crate::http::{
    request::Exchange,
    response::{STATUS, Wrong, only_answer, respond, status_page},
};

/// What a handler returned.
#[derive(Debug)]
pub enum Verdict {
    /// `()`: nothing was said.
    Nothing,
    /// `OK`: done, and what comes next may come.
    Ok,
    /// `DECLINED`: not this handler's business.
    Declined,
    /// `DONE`: the request is answered with what was written; only the log comes after it.
    Done,
    /// A status, or any other answer: it ends the request.
    Answer(Response<Bytes>),
}

const OK: i64 = 0;
const DECLINED: i64 = -1;
const DONE: i64 = -2;

pub(crate) fn verdict(exchange: &Exchange, value: Dynamic, engine: &Engine) -> Result<Verdict, Wrong> {
    match value.as_int() {
        Ok(OK) => Ok(Verdict::Ok),
        Ok(DECLINED) => Ok(Verdict::Declined),
        Ok(DONE) => Ok(Verdict::Done),
        Err(_) if value.is_unit() => Ok(Verdict::Nothing),
        _ => respond(exchange, value, engine).map(Verdict::Answer),
    }
}

/// What a handler, or whatever it called, threw: an answer, if it is a status or a map with one, as mod_python's
/// `SERVER_RETURN` is. `fault` is what it is otherwise.
///
/// It takes the place of what was written so far; headers that were set stay. `OK`, `DECLINED` and `DONE` can only be
/// returned: a number that is thrown as an error must not let a request pass.
pub(crate) fn thrown(
    exchange: &Exchange,
    value: Dynamic,
    fault: Diagnostic,
    engine: &Engine,
) -> Result<Verdict, Diagnostic> {
    if exchange.is_malformed(&value) {
        tracing::debug!("{}: {fault}", exchange.path());
        return Ok(Verdict::Answer(status_page(StatusCode::BAD_REQUEST, Some(&fault.message))));
    }
    let answer = match value.as_int() {
        Ok(status @ (OK | DECLINED | DONE)) => {
            let message = format!("the script threw {status}, which is no HTTP status");
            return Err(Diagnostic { message, ..fault }.help("`OK`, `DECLINED` and `DONE` are returned, not thrown"));
        }
        Ok(_) => Ok(value),
        Err(_) => match value.try_cast::<Map>() {
            Some(map) if map.get(STATUS).is_some_and(Dynamic::is_int) => only_answer(map).map(Dynamic::from_map),
            _ => return Err(fault),
        },
    };
    exchange.reply().forget_written();
    let answer = answer.and_then(|answer| respond(exchange, answer, engine).map_err(|wrong| *wrong.diagnostic));
    // It is wrong where it was thrown.
    answer.map(Verdict::Answer).map_err(|wrong| Diagnostic {
        message: format!("the script threw an answer that is none: {}", wrong.message),
        help: wrong.help,
        ..fault
    })
}

pub(super) fn register(engine: &mut Engine) {
    let mut module = Module::new();
    module.set_var("OK", OK).set_var("DECLINED", DECLINED).set_var("DONE", DONE);
    engine.register_global_module(module.into());
}
