//! Conditional requests: answers that are sent only if what they show has changed, or has not.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;

use super::Request;
use crate::answer::{Refusal, empty, http_time, parse_http_time};

/// Answers with `fresh`, with 304 if the client holds it already, or with 412 if it is not what the client means.
pub(super) fn answer(
    modified: Option<Timestamp>,
    tag: Option<String>,
    request: &Request,
    fresh: impl FnOnce() -> Response,
) -> Response {
    let mut answer = match judge(modified, tag.as_deref(), request) {
        Judgement::Fresh => fresh(),
        Judgement::Held => empty(StatusCode::NOT_MODIFIED),
        Judgement::Failed => {
            let message = "The conditional request headers do not match the resource";
            Refusal::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED", message).into_response()
        }
    };
    let headers = answer.headers_mut();
    if let Some(Ok(time)) = modified.map(|at| HeaderValue::try_from(http_time(at))) {
        headers.insert(header::LAST_MODIFIED, time);
    }
    if let Some(Ok(tag)) = tag.map(HeaderValue::try_from) {
        headers.insert(header::ETAG, tag);
    }
    answer
}

enum Judgement {
    Fresh,
    Held,
    Failed,
}

/// Tags go before times, as RFC 9110 has it.
fn judge(modified: Option<Timestamp>, tag: Option<&str>, request: &Request) -> Judgement {
    if let (Some(wanted), Some(tag)) = (request.header("if-match"), tag) {
        if !names(wanted, tag) {
            return Judgement::Failed;
        }
    } else if let (Some(since), Some(modified)) = (time(request, "if-unmodified-since"), modified)
        && modified.as_second() > since.as_second()
    {
        return Judgement::Failed;
    }
    if let (Some(held), Some(tag)) = (request.header("if-none-match"), tag) {
        return if names(held, tag) { Judgement::Held } else { Judgement::Fresh };
    }
    match (time(request, "if-modified-since"), modified) {
        (Some(since), Some(modified)) if since.as_second() >= modified.as_second() => Judgement::Held,
        _ => Judgement::Fresh,
    }
}

fn time(request: &Request, name: &str) -> Option<Timestamp> {
    request.header(name).and_then(parse_http_time)
}

/// Returns whether a list of tags has `tag`. Clients give tags back as they got them, some with `-gzip`.
fn names(list: &str, tag: &str) -> bool {
    list.split(',').map(|item| item.trim().trim_start_matches("W/")).any(|item| {
        item == "*"
            || item == tag
            || item.strip_suffix("-gzip\"").is_some_and(|item| Some(item) == tag.strip_suffix('"'))
    })
}
