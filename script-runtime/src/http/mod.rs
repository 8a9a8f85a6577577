//! What a script sees of an HTTP request, and how its answer is read.
//!
//! No sockets here: a request comes in as a value with its body, a response goes out as one.

mod from_json;
mod headers;
mod html;
mod json;
mod location;
mod reply;
mod request;
mod response;
mod verdict;
mod vocabulary;
mod web;

use rhai::Engine;

pub use location::encode_location;
pub use request::{Exchange, Options, RequestHead};

pub(crate) use reply::LooksLikeHtml;
pub(crate) use response::Wrong;
pub use response::status_page;
pub use verdict::Verdict;
pub(crate) use verdict::{thrown, verdict};
pub(crate) use vocabulary::{instead_of, is_read_only};

pub(crate) fn register(engine: &mut Engine) {
    request::register(engine);
    headers::register(engine);
    html::register(engine);
    json::register(engine);
    verdict::register(engine);
    web::register(engine);
}
