//! The pace at which answers travel, for measurements that should look like a real network.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures_util::{StreamExt, stream};

/// Bytes that travel between two waits.
const SLICE: usize = 16 * 1024;

/// Lets the body of an answer travel at `bytes_per_second`. A connection carries one answer after another, so this is
/// the pace of each connection.
pub(crate) fn slow_down(answer: Response, bytes_per_second: u64) -> Response {
    let per_slice = Duration::from_secs_f64(SLICE as f64 / bytes_per_second.max(1) as f64);
    let (head, body) = answer.into_parts();
    let slices = body.into_data_stream().flat_map(|piece| {
        let slices: Vec<_> = match piece {
            Ok(bytes) => (0..bytes.len()).step_by(SLICE).map(|from| Ok(slice(&bytes, from))).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(slices)
    });
    let start = tokio::time::Instant::now();
    let paced = slices.enumerate().then(move |(at, slice)| async move {
        // Reckoned from the start, so that slow timers do not add up.
        let due = per_slice.saturating_mul(u32::try_from(at).unwrap_or(u32::MAX));
        tokio::time::sleep_until(start + due).await;
        slice
    });
    Response::from_parts(head, Body::from_stream(paced))
}

fn slice(bytes: &Bytes, from: usize) -> Bytes {
    bytes.slice(from..bytes.len().min(from + SLICE))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_travels_at_its_pace_and_whole() {
        let sent: Vec<u8> = (0..10 * SLICE + 7).map(|at| (at % 251) as u8).collect();
        let start = Instant::now();

        let answer = slow_down(Response::new(Body::from(sent.clone())), SLICE as u64);
        let received = to_bytes(answer.into_body(), usize::MAX).await.unwrap();

        assert_eq!(received, sent);
        // The first slice travels at once, and each of the ten others waits for a second.
        assert_eq!(start.elapsed().as_secs(), 10);
    }
}
