//! Faults carried out on an answer as a whole. What only a route can spoil is passed on to it.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};

use crate::{
    answer::{Refusal, empty, html},
    call::Call,
    connection::Ending,
    fault::{Action, CannedAnswer},
    routes::bearer_token,
    server::Server,
};

const MAINTENANCE_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body>\
    <h1>We are down for maintenance.</h1><p>Sorry for the inconvenience. We'll be back shortly.</p></body></html>\n";
const NOT_ROUTED_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Setting up</title></head><body>\
    <h1>We are setting things up&hellip;</h1><p>Please try again in a moment.</p></body></html>\n";

/// Carries out what a fault does before a call is answered. Returns the fault if the route has a part in it, or the
/// answer if the fault is one.
pub(crate) async fn before(
    server: &Server,
    call: &Call,
    headers: &HeaderMap,
    ending: &Ending,
    fault: Option<Action>,
) -> Result<Option<Action>, Response> {
    let Some(action) = fault else { return Ok(None) };
    tracing::debug!(kind = %call.kind(), ?action, "fault");
    match action {
        Action::Hold { gate } => server.faults.wait_at(&gate).await,
        Action::ExpireAllSessions => server.sessions.end_all(),
        Action::ExpireSession => {
            if let Ok(token) = bearer_token(headers) {
                server.sessions.end(token);
            }
        }
        Action::ResetConnection => {
            ending.reset();
            return Err(empty(StatusCode::OK));
        }
        Action::LoseAnswer
        | Action::CutBody { .. }
        | Action::ResetBody { .. }
        | Action::TruncateBody { .. }
        | Action::StallBody { .. } => {}
        Action::ShortPage { .. }
        | Action::RepeatPage
        | Action::ShiftPage { .. }
        | Action::TurnHeader
        | Action::ReportLocator { .. }
        | Action::ReportState { .. }
        | Action::ReportRecords { .. } => return Ok(Some(action)),
        Action::FailJob { .. } | Action::FailLargeJob { .. } | Action::AbortJob | Action::LoseJob => {
            match call.job_id() {
                Some(id) => server.jobs.spoil(id, &action, server.org.now()),
                None => return Ok(Some(action)),
            }
        }
        answer => return Err(instead(answer)),
    }
    Ok(None)
}

/// Returns the answer that a fault puts in the place of the true one.
fn instead(action: Action) -> Response {
    match action {
        Action::Answer(canned) => canned_answer(canned),
        Action::Unavailable => edge_page(StatusCode::SERVICE_UNAVAILABLE, MAINTENANCE_PAGE),
        Action::NotRouted => {
            let status = StatusCode::from_u16(420).expect("420 is a status");
            edge_page(status, NOT_ROUTED_PAGE)
        }
        Action::TooManyRequests { retry_after_secs } => {
            let mut answer = empty(StatusCode::TOO_MANY_REQUESTS);
            if let Some(seconds) = retry_after_secs {
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            answer
        }
        Action::DailyLimit => limit("TotalRequests Limit exceeded."),
        Action::ConcurrentLimit => limit("ConcurrentPerOrgLongTxn Limit exceeded."),
        Action::NotAcceptable => empty(StatusCode::NOT_ACCEPTABLE),
        Action::UnknownException => Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UNKNOWN_EXCEPTION",
            "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345 (-1234567890)",
        )
        .into_response(),
        _ => empty(StatusCode::OK),
    }
}

fn limit(message: &str) -> Response {
    Refusal::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", message).into_response()
}

fn edge_page(status: StatusCode, page: &'static str) -> Response {
    let mut answer = html(status, page);
    answer.headers_mut().insert("x-sfdc-edge-err", HeaderValue::from_static("true"));
    answer
}

fn canned_answer(canned: CannedAnswer) -> Response {
    let mut answer = Response::new(Body::from(canned.body));
    *answer.status_mut() = StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in canned.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

/// Carries out what a fault does to an answer that is written and on its way.
pub(crate) async fn after(server: &Arc<Server>, answer: Response, fault: Option<Action>, ending: Ending) -> Response {
    match fault {
        Some(Action::LoseAnswer) => {
            ending.reset();
            answer
        }
        Some(Action::CutBody { after_bytes }) => break_off(answer, after_bytes, move || {
            ending.close_when_written();
            std::future::pending()
        }),
        Some(Action::ResetBody { after_bytes }) => break_off(answer, after_bytes, move || {
            ending.reset();
            std::future::pending()
        }),
        Some(Action::StallBody { after_bytes, gate }) => {
            let server = Arc::clone(server);
            break_off(answer, after_bytes, move || async move { server.faults.wait_at(&gate).await })
        }
        Some(Action::TruncateBody { at }) => truncate(answer, at).await,
        _ => answer,
    }
}

/// Does something after so many bytes of the body, and goes on with it afterwards. A body that is shorter arrives whole.
fn break_off<F, Fut>(answer: Response, after_bytes: u64, then: F) -> Response
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (head, body) = answer.into_parts();
    let before = usize::try_from(after_bytes).unwrap_or(usize::MAX);
    let start = (body.into_data_stream(), Bytes::new(), Some((before, then)));
    let pieces = stream::unfold(start, |(mut body, mut held, mut due)| async move {
        if due.as_ref().is_some_and(|(left, _)| *left == 0)
            && let Some((_, then)) = due.take()
        {
            then().await;
        }
        let mut piece: Result<Bytes, axum::Error> = match held.is_empty() {
            true => body.next().await?,
            false => Ok(std::mem::take(&mut held)),
        };
        if let (Ok(bytes), Some((left, _))) = (&mut piece, &mut due) {
            held = bytes.split_off(bytes.len().min(*left));
            *left -= bytes.len();
        }
        Some((piece, (body, held, due)))
    });
    Response::from_parts(head, Body::from_stream(pieces))
}

/// Ends the body early. What the headers say of its length is taken back: nothing on the way shows that it is not whole.
async fn truncate(answer: Response, at: i64) -> Response {
    let (mut head, body) = answer.into_parts();
    let mut bytes = match to_bytes(body, usize::MAX).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(%error, "could not collect an answer");
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
    };
    let distance = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
    bytes.truncate(if at < 0 { bytes.len().saturating_sub(distance) } else { distance });
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(bytes))
}
