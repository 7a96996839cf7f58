//! Reads the body of an answer: piece by piece, or whole, inflated and up to a limit.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use serde::de::DeserializeOwned;

use super::{Response, failure};
use crate::error::{Error, ErrorKind, Result};
use crate::refusal::NOT_SALESFORCE;
use crate::untrusted::literal;

/// No page of a REST query comes near this size.
const LARGEST_JSON: usize = 256 << 20;
/// Refusals and the answer to a login.
const LARGEST_TEXT: usize = 1 << 20;

/// How a body is written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
}

/// A body as it comes off the wire.
#[derive(Debug)]
pub(crate) struct RawBody(Response);

impl RawBody {
    /// Returns the next bytes, or `None` after the last.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let Response { action, host, inner, read_timeout } = &mut self.0;
        // The timeout runs only while we wait: a slow reader is not a silent server.
        match tokio::time::timeout(*read_timeout, inner.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| failure::to_error(action, host, &error)),
            Err(_) => Err(failure::silence(action, host, *read_timeout)),
        }
    }
}

impl Response {
    /// Hands over the body for reading piece by piece.
    pub(crate) fn into_raw(self) -> Result<(Encoding, RawBody)> {
        let encoding = self.encoding()?;
        Ok((encoding, RawBody(self)))
    }

    /// Reads the whole body as JSON.
    pub(crate) async fn json<T: DeserializeOwned + Send + 'static>(self) -> Result<T> {
        let action = self.action().clone();
        let media_type = self.header("content-type").unwrap_or_default().to_owned();
        let (encoding, raw) = self.whole(LARGEST_JSON).await?;
        let parsed = tokio::task::spawn_blocking(move || {
            let body = inflate(encoding, raw, LARGEST_JSON)?;
            serde_json::from_slice(&body).map_err(|error| not_json(&media_type, &body, &error))
        });
        // Gateways and orgs under maintenance answer 200 with something else.
        let answer = parsed.await.unwrap_or_else(|_| Err("reading it was interrupted".to_owned()));
        answer.map_err(|cause| {
            Error::new(ErrorKind::UnexpectedAnswer, action, cause)
                .with_hint(NOT_SALESFORCE)
                .transient_and_may_have_run()
        })
    }

    /// Reads the whole body of a refusal or of a login.
    pub(crate) async fn text(self) -> Result<Vec<u8>> {
        let action = self.action().clone();
        let (encoding, raw) = self.whole(LARGEST_TEXT).await?;
        inflate(encoding, raw, LARGEST_TEXT)
            .map_err(|cause| Error::new(ErrorKind::UnexpectedAnswer, action, cause).transient_and_may_have_run())
    }

    async fn whole(self, largest: usize) -> Result<(Encoding, Vec<u8>)> {
        let action = self.action().clone();
        let (encoding, mut body) = self.into_raw()?;
        let mut whole = Vec::new();
        while let Some(chunk) = body.chunk().await? {
            if whole.len() + chunk.len() > largest {
                return Err(Error::new(ErrorKind::UnexpectedAnswer, action, too_large(largest)));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok((encoding, whole))
    }

    fn encoding(&self) -> Result<Encoding> {
        match self.header("content-encoding").map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(Encoding::Identity),
            Some("gzip" | "x-gzip") => Ok(Encoding::Gzip),
            Some(other) => {
                let cause = format!("the answer is encoded as {}, which was not asked for", literal(other));
                Err(Error::new(ErrorKind::UnexpectedAnswer, self.action().clone(), cause))
            }
        }
    }
}

fn inflate(encoding: Encoding, raw: Vec<u8>, largest: usize) -> Result<Vec<u8>, String> {
    if encoding == Encoding::Identity || raw.is_empty() {
        return Ok(raw);
    }
    let mut body = Vec::new();
    let limited = MultiGzDecoder::new(raw.as_slice()).take(largest as u64 + 1).read_to_end(&mut body);
    match limited {
        Ok(_) if body.len() > largest => Err(too_large(largest)),
        Ok(_) => Ok(body),
        Err(_) => Err("the answer's gzip is cut short or garbled".to_owned()),
    }
}

fn too_large(largest: usize) -> String {
    format!("the answer is larger than {} MB", largest >> 20)
}

fn not_json(media_type: &str, body: &[u8], error: &serde_json::Error) -> String {
    if body.is_empty() {
        "Salesforce answered with an empty body".to_owned()
    } else if media_type.starts_with("text/html") || body.trim_ascii_start().starts_with(b"<") {
        "Salesforce answered with a web page instead of JSON".to_owned()
    } else {
        format!("Salesforce answered with something else than was asked for: {}", without_values(error))
    }
}

/// The words of the JSON reader may quote a value, which may be a token.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("missing field") {
        return text;
    }
    let what = if error.is_data() { "a value of another type" } else { "text that is not JSON" };
    format!("{what} at line {} column {}", error.line(), error.column())
}
