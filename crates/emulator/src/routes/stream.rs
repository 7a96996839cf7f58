//! Answers that are written as they travel, on a thread of their own that waits for the client; none is held whole.

use std::io::{self, Write};

use axum::body::{Body, Bytes};
use futures_util::stream as streams;
use tokio::sync::mpsc;

use crate::encoding::gzip;

/// Pieces that may wait for the client.
const PIECES_AHEAD: usize = 4;

/// How a stream is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compression {
    None,
    Gzip,
}

/// A piece of a page, or its end. A writer that dies sends no end, and the body breaks off instead of looking whole.
enum Piece {
    Bytes(Bytes),
    End,
}

/// Returns a body with what `write` writes.
pub(super) fn stream<F>(compression: Compression, write: F) -> Body
where
    F: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
{
    let (pieces, mut received) = mpsc::channel(PIECES_AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_all(write, compression, &pieces) {
            tracing::debug!(%error, "client stopped reading an answer");
        }
    });
    let pieces = streams::poll_fn(move |context| received.poll_recv(context));
    let bytes = streams::unfold(Some(pieces), |pieces| async move {
        use futures_util::StreamExt;
        let mut pieces = pieces?;
        match pieces.next().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(bytes), Some(pieces))),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
        }
    });
    Body::from_stream(bytes)
}

fn write_all(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    compression: Compression,
    pieces: &mpsc::Sender<Piece>,
) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(PIECE, Pieces(pieces));
    match compression {
        Compression::None => {
            write(&mut out)?;
            out.flush()?;
        }
        Compression::Gzip => {
            let mut encoder = gzip(out);
            write(&mut encoder)?;
            encoder.finish()?.flush()?;
        }
    }
    pieces.blocking_send(Piece::End).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

/// Bytes of a piece, unless more are written at once.
const PIECE: usize = 32 * 1024;

/// Sends what is written, waiting while the client is behind.
struct Pieces<'a>(&'a mpsc::Sender<Piece>);

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .blocking_send(Piece::Bytes(Bytes::copy_from_slice(bytes)))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
