//! What a handler says about how a request goes on: httpd's return conventions.

use bytes::Bytes;
use http::Response;
use rhai::{Dynamic, Engine, Module};
use samovar_importer::Diagnostic;

use super::{json::type_names, request::Exchange, response::respond};

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

pub(crate) fn verdict(exchange: &Exchange, value: Dynamic, engine: &Engine) -> Result<Verdict, Diagnostic> {
    match value.as_int() {
        Ok(OK) => Ok(Verdict::Ok),
        Ok(DECLINED) => Ok(Verdict::Declined),
        Ok(DONE) => Ok(Verdict::Done),
        Err(_) if value.is_unit() => Ok(Verdict::Nothing),
        _ => respond(exchange, value, &type_names(engine)).map(Verdict::Answer),
    }
}

pub(super) fn register(engine: &mut Engine) {
    let mut module = Module::new();
    module.set_var("OK", OK).set_var("DECLINED", DECLINED).set_var("DONE", DONE);
    engine.register_global_module(module.into());
}
