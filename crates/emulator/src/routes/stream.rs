//! Answers that are written as they travel, on a thread of their own that waits for the client; none is held whole.

use std::{
    io::{self, Write},
    sync::Arc,
};

use axum::body::{Body, Bytes};
use futures_util::stream as streams;
use tokio::sync::mpsc;

use crate::{
    encoding::gzip,
    page_cache::{KeptPage, PageWriter},
};

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
    stream_and_keep(compression, None, write)
}

/// Returns a body with what `write` writes, and keeps it once it is all there.
pub(super) fn stream_and_keep<F>(compression: Compression, keep: Option<PageWriter>, write: F) -> Body
where
    F: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
{
    send_from_thread(move |sender| write_all(write, compression, Pieces { sender, keep }))
}

/// Returns a body with a page that was kept.
pub(super) fn replay(page: Arc<KeptPage>) -> Body {
    send_from_thread(move |sender| {
        (0..page.pieces()).try_for_each(|at| send(&sender, Piece::Bytes(page.piece(at)?)))?;
        send(&sender, Piece::End)
    })
}

/// Returns a body with what `write` sends from a thread of its own.
fn send_from_thread(write: impl FnOnce(mpsc::Sender<Piece>) -> io::Result<()> + Send + 'static) -> Body {
    let (sender, mut received) = mpsc::channel(PIECES_AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write(sender) {
            tracing::debug!(%error, "an answer was not read or written to its end");
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

fn send(sender: &mpsc::Sender<Piece>, piece: Piece) -> io::Result<()> {
    sender.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
}

fn write_all(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    compression: Compression,
    pieces: Pieces,
) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(PIECE, pieces);
    let out = match compression {
        Compression::None => {
            write(&mut out)?;
            out
        }
        Compression::Gzip => {
            let mut encoder = gzip(out);
            write(&mut encoder)?;
            encoder.finish()?
        }
    };
    let pieces = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    // Kept before its end is sent: whoever has read it whole finds it the next time.
    if let Some(keep) = pieces.keep {
        keep.finish();
    }
    send(&pieces.sender, Piece::End)
}

/// Bytes of a piece, unless more are written at once.
const PIECE: usize = 32 * 1024;

/// Sends what is written, waiting while the client is behind.
struct Pieces {
    sender: mpsc::Sender<Piece>,
    keep: Option<PageWriter>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(Err(error)) = self.keep.as_mut().map(|keep| keep.write(bytes)) {
            tracing::debug!(%error, "could not keep a page");
            self.keep = None;
        }
        send(&self.sender, Piece::Bytes(Bytes::copy_from_slice(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
