//! Content encodings: gzip where the client offers it, in both directions.

use std::io::{Read, Write};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use crate::{answer::Refusal, pretty::pretty};

/// The most bytes of a request body, before and after decompression.
const MAX_BODY_BYTES: usize = 50 * 1024 * 1024;
/// Answers shorter than this are not worth compressing.
const MIN_COMPRESSED_BYTES: usize = 256;

/// Returns whether the client takes gzip.
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let offers = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let (coding, parameters) = offer.split_once(';').unwrap_or((offer, ""));
        let weight = parameters.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(1.0);
        coding.trim().eq_ignore_ascii_case("gzip") && weight > 0.0
    })
}

/// Starts compressing what is written, as fast as gzip can.
pub(crate) fn gzip<W: Write>(out: W) -> GzEncoder<W> {
    GzEncoder::new(out, Compression::fast())
}

/// Marks an answer as compressed.
pub(crate) fn mark_gzip(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(header::CONTENT_LENGTH);
}

/// Compresses an answer that is there as a whole and not compressed yet. Streams are left to whoever writes them.
pub(crate) async fn compress(answer: Response) -> Response {
    let size = answer.body().size_hint().exact().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    if size < MIN_COMPRESSED_BYTES || answer.headers().contains_key(header::CONTENT_ENCODING) {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let compressed = match to_bytes(body, size).await {
        Ok(bytes) => tokio::task::spawn_blocking(move || gzip_bytes(&bytes)).await,
        Err(error) => {
            tracing::error!(%error, "could not collect an answer");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    match compressed {
        Ok(bytes) => {
            mark_gzip(&mut head.headers);
            Response::from_parts(head, Body::from(bytes))
        }
        Err(error) => {
            tracing::error!(%error, "could not compress an answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Lays out a JSON answer for people if the client wishes so.
pub(crate) async fn lay_out(request: &HeaderMap, answer: Response) -> Response {
    let wished = request.get("x-prettyprint").is_some_and(|value| matches!(value.as_bytes(), b"1" | b"true"));
    let is_json = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().starts_with(b"application/json") && !answer.headers().contains_key(header::CONTENT_ENCODING)
    });
    let size = answer.body().size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let Some(size) = size.filter(|_| wished && is_json) else { return answer };
    let (mut head, body) = answer.into_parts();
    match to_bytes(body, size).await {
        Ok(bytes) => {
            head.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(head, Body::from(pretty(&bytes)))
        }
        Err(error) => {
            tracing::error!(%error, "could not collect an answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn gzip_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = gzip(Vec::with_capacity(bytes.len() / 4));
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to memory does not fail")
}

/// Reads a request body, decompressed if the client says it is compressed.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "REQUEST_TOO_LARGE", "Request body too large");
    let bytes = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| too_large())?;
    let coding = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("identity");
    if coding.eq_ignore_ascii_case("gzip") {
        let mut plain = Vec::new();
        let limit = MAX_BODY_BYTES as u64 + 1;
        GzDecoder::new(bytes.as_ref())
            .take(limit)
            .read_to_end(&mut plain)
            .map_err(|_| Refusal::bad_request("INVALID_CONTENT_ENCODING", "The request body is not valid gzip"))?;
        return if plain.len() > MAX_BODY_BYTES { Err(too_large()) } else { Ok(plain.into()) };
    }
    if coding.eq_ignore_ascii_case("identity") {
        return Ok(bytes);
    }
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "Content-Encoding not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_only_sent_to_those_who_ask() {
        let accepts = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepts_gzip(&headers)
        };

        assert!(accepts("gzip"));
        assert!(accepts("deflate, GZIP;q=0.5"));
        assert!(!accepts("identity"));
        assert!(!accepts("gzip;q=0"));
        assert!(!accepts("x-gzipped"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
