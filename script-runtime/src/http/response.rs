//! How a handler's return value becomes a response.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};

use super::{
    headers::{check_room, header_name},
    json::to_json,
    request::{Exchange, Reply, header_value, status_code},
};

/// The response that a handler's value means, together with what it wrote and set on the way.
///
/// A string is text, or HTML when it begins with `<`; a map with `status`, `headers` or `body` says it all; any other
/// map, and an array, is JSON; a blob is bytes; a number is a status; `()` is what was written.
pub(crate) fn respond(exchange: &Exchange, value: Dynamic) -> Result<Response<Bytes>, String> {
    let reply = std::mem::take(&mut *exchange.reply());
    let value = value.flatten();
    if value.is_unit() {
        return Ok(finish(reply, None));
    }
    if let Ok(status) = value.as_int() {
        return answer_status(reply, status);
    }
    match value.try_cast_result::<Map>() {
        Ok(map) if is_response(&map) => answer_map(reply, map),
        Ok(map) => answer_body(reply, Dynamic::from_map(map)),
        Err(value) => answer_body(reply, value),
    }
}

fn is_response(map: &Map) -> bool {
    !map.is_empty() && map.keys().all(|key| matches!(key.as_str(), "status" | "headers" | "body"))
}

fn answer_status(mut reply: Reply, status: i64) -> Result<Response<Bytes>, String> {
    let status = status_code(status)?;
    reply.status = Some(status);
    if reply.written.is_empty() && !(reply.headers.contains_key(header::LOCATION) || status.is_success()) {
        let page = status_page(status, None);
        reply.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(HTML));
        return Ok(finish(reply, Some((page.into_body().to_vec(), HTML))));
    }
    Ok(finish(reply, None))
}

fn answer_map(mut reply: Reply, mut map: Map) -> Result<Response<Bytes>, String> {
    if let Some(status) = map.remove("status") {
        let status = status.as_int().map_err(|found| format!("`status` is a number, not {found}"))?;
        reply.status = Some(status_code(status)?);
    }
    if let Some(headers) = map.remove("headers") {
        let found = headers.type_name();
        let headers = headers.try_cast::<Map>().ok_or_else(|| format!("`headers` is a map, not {found}"))?;
        for (name, value) in headers {
            set_header(&mut reply, &name, value)?;
        }
    }
    match map.remove("body") {
        Some(body) if !body.is_unit() => answer_body(reply, body),
        _ => Ok(finish(reply, None)),
    }
}

/// An array sends the header once for each item: cookies need that.
fn set_header(reply: &mut Reply, name: &str, value: Dynamic) -> Result<(), String> {
    let name = header_name(name)?;
    let values = value.try_cast_result::<Array>().unwrap_or_else(|value| vec![value]);
    reply.headers.remove(&name);
    for value in values {
        let value = header_value(name.as_str(), &value.to_string())?;
        check_room(&reply.headers)?;
        reply.headers.append(name.clone(), value);
    }
    Ok(())
}

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

fn answer_body(reply: Reply, body: Dynamic) -> Result<Response<Bytes>, String> {
    let body = match body.try_cast_result::<ImmutableString>() {
        Ok(text) => {
            let kind = if text.starts_with('<') { HTML } else { TEXT };
            return Ok(finish(reply, Some((text.as_bytes().to_vec(), kind))));
        }
        Err(body) => body,
    };
    match body.try_cast_result::<Blob>() {
        Ok(blob) => Ok(finish(reply, Some((blob, "application/octet-stream")))),
        Err(body) if body.is_array() || body.is_map() => {
            let json = to_json(&body)?.to_string();
            Ok(finish(reply, Some((json.into_bytes(), "application/json"))))
        }
        Err(body) => Err(format!(
            "a handler answers with a string, a map, an array, a blob, a status number or (), not with {}",
            crate::state::type_name(&body)
        )),
    }
}

/// What was written comes first, then what was returned.
pub(super) fn finish(reply: Reply, returned: Option<(Vec<u8>, &'static str)>) -> Response<Bytes> {
    let Reply { status, headers, mut written } = reply;
    let kind = match &returned {
        Some((_, kind)) => kind,
        None if written.starts_with(b"<") => HTML,
        None => TEXT,
    };
    if let Some((body, _)) = returned {
        match written.is_empty() {
            true => written = body,
            false => written.extend(body),
        }
    }
    let has_body = !written.is_empty();
    let mut response = Response::new(Bytes::from(written));
    *response.status_mut() = status.unwrap_or(StatusCode::OK);
    *response.headers_mut() = headers;
    if has_body {
        response.headers_mut().entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    }
    response
}

/// A plain page that names a status; `detail` is text for the developer, shown as it is.
#[must_use]
pub fn status_page(status: StatusCode, detail: Option<&str>) -> Response<Bytes> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let detail = detail.map(|detail| format!("<pre>{}</pre>\n", escape(detail))).unwrap_or_default();
    let page = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{status}</title>\n\
         <style>body {{ font: 16px/1.5 system-ui, sans-serif; margin: 4rem auto; max-width: 60rem; padding: 0 1rem }} \
         pre {{ background: #f6f3ee; padding: 1rem; overflow-x: auto }}</style>\n\
         <h1>{} {reason}</h1>\n{detail}",
        status.as_u16()
    );
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
