//! Answers that are written as they travel, on a thread of their own that waits for the client; none is held whole.

use std::{
    io::{self, Write},
    sync::Arc,
};

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

/// What becomes of an answer that was written whole, if it is not longer than `room` bytes.
pub(super) struct Keep {
    pub(super) room: usize,
    pub(super) put: Box<dyn FnOnce(Vec<Bytes>) + Send>,
}

/// Returns a body with what `write` writes.
pub(super) fn stream<F>(compression: Compression, write: F) -> Body
where
    F: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
{
    stream_and_keep(compression, None, write)
}

/// Returns a body with what `write` writes, and keeps it once it is all there.
pub(super) fn stream_and_keep<F>(compression: Compression, keep: Option<Keep>, write: F) -> Body
where
    F: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
{
    let (sender, mut received) = mpsc::channel(PIECES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let room = keep.as_ref().map(|keep| keep.room);
        let pieces = Pieces { sender, kept: room.map(|room| Kept { room, pieces: Vec::new() }) };
        match write_all(write, compression, pieces) {
            Ok(kept) => drop(keep.zip(kept).map(|(keep, kept)| (keep.put)(kept.pieces))),
            Err(error) => tracing::debug!(%error, "client stopped reading an answer"),
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

/// Returns a body of pieces that were kept.
pub(super) fn replay(pieces: Arc<[Bytes]>) -> Body {
    let pieces = (0..pieces.len()).map(move |at| Ok::<_, io::Error>(pieces[at].clone()));
    Body::from_stream(streams::iter(pieces))
}

fn write_all(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    compression: Compression,
    pieces: Pieces,
) -> io::Result<Option<Kept>> {
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
    pieces.sender.blocking_send(Piece::End).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    Ok(pieces.kept)
}

/// Bytes of a piece, unless more are written at once.
const PIECE: usize = 32 * 1024;

/// Sends what is written, waiting while the client is behind.
struct Pieces {
    sender: mpsc::Sender<Piece>,
    kept: Option<Kept>,
}

/// What has been sent so far, and how many bytes may still be kept.
struct Kept {
    room: usize,
    pieces: Vec<Bytes>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Bytes::copy_from_slice(bytes);
        match &mut self.kept {
            Some(kept) if piece.len() <= kept.room => {
                kept.room -= piece.len();
                kept.pieces.push(piece.clone());
            }
            _ => self.kept = None,
        }
        self.sender.blocking_send(Piece::Bytes(piece)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
