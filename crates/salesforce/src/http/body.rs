//! Reads the body of an answer: piece by piece, or whole, inflated and up to a limit.

use std::borrow::Cow;
use std::io::Read;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use memchr::memchr3_iter;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Response, failure};
use crate::error::{Error, ErrorKind, Result};
use crate::refusal::{CHANGED_ON_THE_WAY, NOT_SALESFORCE};
use crate::untrusted::literal;

/// Refusals and the answer to a login.
pub(crate) const LARGEST_TEXT: usize = 1 << 20;
/// What is about one thing: a job, the org's limits, some addresses.
pub(crate) const LARGEST_DOCUMENT: usize = 16 << 20;
/// Records, describes, lists of changes. No page of a REST query comes near this size.
pub(crate) const LARGEST_LIST: usize = 256 << 20;
/// Values take more memory than their text, small ones many times as much. The widest page has 2,000 records of 800 fields.
const MOST_VALUES: usize = 8 << 20;
/// What has to arrive while twice the time is waited that a server may be silent: a byte now and then is no answer.
const SLOWEST: usize = 64 << 10;

/// How a body is written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
}

/// A body as it comes off the wire.
#[derive(Debug)]
pub(crate) struct RawBody {
    response: Response,
    /// How long was waited since the pace was looked at last, and how much arrived.
    waited: Duration,
    arrived: usize,
}

impl RawBody {
    /// Returns the next bytes, or `None` after the last.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let Response { action, host, inner, read_timeout, received, .. } = &mut self.response;
        // The time runs only while we wait: a slow reader is neither a silent server nor a slow one.
        let start = Instant::now();
        let chunk = match tokio::time::timeout(*read_timeout, inner.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| failure::to_error(action, host, &error))?,
            Err(_) => return Err(failure::silence(action, host, *read_timeout)),
        };
        self.waited += start.elapsed();
        let bytes = chunk.as_ref().map_or(0, Bytes::len);
        self.arrived += bytes;
        received.fetch_add(bytes as u64, Ordering::Relaxed);
        if chunk.is_some() && self.waited > *read_timeout * 2 {
            if self.arrived < SLOWEST {
                return Err(failure::trickle(action, host, self.arrived, self.waited));
            }
            (self.waited, self.arrived) = (Duration::ZERO, 0);
        }
        Ok(chunk)
    }
}

impl Response {
    /// Hands over the body for reading piece by piece.
    pub(crate) fn into_raw(self) -> Result<(Encoding, RawBody)> {
        let encoding = self.encoding()?;
        Ok((encoding, RawBody { response: self, waited: Duration::ZERO, arrived: 0 }))
    }

    /// Reads the whole body as JSON.
    pub(crate) async fn json<T: DeserializeOwned + Send + 'static>(self) -> Result<T> {
        let (action, largest) = (self.action().clone(), self.largest);
        let media_type = self.header("content-type").unwrap_or_default().to_owned();
        let (encoding, raw) = self.whole(largest).await?;
        let parsed = tokio::task::spawn_blocking(move || parse(encoding, raw, largest, &media_type));
        let interrupted = || Err(Unreadable::Other("reading it was interrupted".to_owned()));
        parsed.await.unwrap_or_else(|_| interrupted()).map_err(|why| why.into_error(action))
    }

    /// Reads the whole body of a refusal or of a login.
    pub(crate) async fn text(self) -> Result<Vec<u8>> {
        let action = self.action().clone();
        let (encoding, raw) = self.whole(LARGEST_TEXT).await?;
        inflate(encoding, raw, LARGEST_TEXT).map_err(|why| why.into_error(action))
    }

    async fn whole(self, largest: usize) -> Result<(Encoding, Vec<u8>)> {
        let action = self.action().clone();
        let (encoding, mut body) = self.into_raw()?;
        let mut whole = Vec::new();
        while let Some(chunk) = body.chunk().await? {
            if whole.len() + chunk.len() > largest {
                return Err(Unreadable::TooLarge(too_large(largest)).into_error(action));
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
                Err(Error::new(ErrorKind::UnexpectedAnswer, self.action().clone(), cause).with_hint(CHANGED_ON_THE_WAY))
            }
        }
    }
}

/// Why a body is of no use.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// Nobody would send it so large.
    TooLarge(String),
    /// It is cut short, garbled, or something else.
    Other(String),
}

impl Unreadable {
    fn into_error(self, action: Cow<'static, str>) -> Error {
        let error = |cause| Error::new(ErrorKind::UnexpectedAnswer, action, cause).with_hint(NOT_SALESFORCE);
        match self {
            Self::TooLarge(cause) => error(cause),
            // Gateways and orgs under maintenance answer 200 with something else for a while.
            Self::Other(cause) => error(cause).transient_and_may_have_run(),
        }
    }
}

/// Reads a body as JSON, of which `largest` bytes are taken at the most, and says why where it cannot be read.
pub(crate) fn parse<T: DeserializeOwned>(
    encoding: Encoding,
    raw: Vec<u8>,
    largest: usize,
    media_type: &str,
) -> Result<T, Unreadable> {
    let body = inflate(encoding, raw, largest)?;
    if body.len() > MOST_VALUES && memchr3_iter(b',', b'[', b'{', &body).nth(MOST_VALUES).is_some() {
        return Err(Unreadable::TooLarge(format!("the answer holds more than {MOST_VALUES} values")));
    }
    serde_json::from_slice(&body).map_err(|error| Unreadable::Other(not_json(media_type, &body, &error)))
}

fn inflate(encoding: Encoding, raw: Vec<u8>, largest: usize) -> Result<Vec<u8>, Unreadable> {
    if encoding == Encoding::Identity || raw.is_empty() {
        return Ok(raw);
    }
    let mut body = Vec::new();
    let limited = MultiGzDecoder::new(raw.as_slice()).take(largest as u64 + 1).read_to_end(&mut body);
    match limited {
        Ok(_) if body.len() > largest => Err(Unreadable::TooLarge(too_large(largest))),
        Ok(_) => Ok(body),
        Err(_) => Err(Unreadable::Other("the answer's gzip is cut short or garbled".to_owned())),
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
