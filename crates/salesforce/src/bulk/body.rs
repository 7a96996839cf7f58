//! The bytes of a page: from the wire, through gunzip on a thread of its own, in bounded pieces.
//!
//! It does not look into the CSV. Memory is bounded by the channels, whatever the size of the page.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::allowance::Ledger;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Encoding, RawBody, Response};
use crate::refusal::CHANGED_ON_THE_WAY;

/// The size of a piece of inflated text.
const PIECE: usize = 256 << 10;
/// The most compressed bytes that are taken for one piece. Gzip that grows by being packed is none that a server writes.
const MOST_FOR_A_PIECE: usize = 8 << 20;
/// Pieces that wait on either side of the inflating thread.
const WAITING: usize = 2;

/// The bytes of a page, inflated.
///
/// Dropping it ends the download.
#[derive(Debug)]
pub struct PageBody {
    source: Source,
    /// Counts what arrived.
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
enum Source {
    Identity(Box<RawBody>),
    Gzip(Inflating),
}

impl PageBody {
    pub(super) fn open(response: Response, ledger: Arc<Ledger>) -> Result<Self> {
        let action = response.action().clone();
        let (encoding, raw) = response.into_raw()?;
        let source = match encoding {
            Encoding::Identity => Source::Identity(Box::new(raw)),
            Encoding::Gzip => Source::Gzip(Inflating::start(action, raw)),
        };
        Ok(Self { source, ledger })
    }

    /// Returns the next bytes, a few hundred KiB at most, or `None` at the end of a page that arrived whole.
    ///
    /// # Errors
    ///
    /// Transient when the page is cut short or garbled: what came before must be thrown away and the page opened again.
    ///
    /// # Cancel safety
    ///
    /// No byte is lost when the call is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let chunk = match &mut self.source {
            Source::Identity(raw) => raw.chunk().await,
            Source::Gzip(inflating) => inflating.pieces.recv().await.transpose(),
        }?;
        self.ledger.count_result(chunk.as_ref().map_or(0, Bytes::len));
        Ok(chunk)
    }
}

/// A page that is inflated while it arrives: `wire → compressed → thread → pieces`.
#[derive(Debug)]
struct Inflating {
    pieces: mpsc::Receiver<Result<Bytes>>,
    download: AbortHandle,
}

impl Inflating {
    fn start(action: Cow<'static, str>, raw: RawBody) -> Self {
        let (compressed_sender, compressed) = mpsc::channel(WAITING);
        let (piece_sender, pieces) = mpsc::channel(WAITING);
        let download = tokio::spawn(download(raw, compressed_sender)).abort_handle();
        tokio::task::spawn_blocking(move || {
            inflate(action, Compressed { compressed, at_hand: Bytes::new(), taken: 0, failure: None }, &piece_sender)
        });
        Self { pieces, download }
    }
}

impl Drop for Inflating {
    fn drop(&mut self) {
        // Without this the download would sit on its connection until the server says something.
        self.download.abort();
    }
}

/// Moves bytes from the wire to the thread, and the failure, if there is one, as the last.
async fn download(mut raw: RawBody, compressed: mpsc::Sender<Result<Bytes>>) {
    while let Some(chunk) = raw.chunk().await.transpose() {
        let is_last = chunk.is_err();
        if compressed.send(chunk).await.is_err() || is_last {
            return;
        }
    }
}

/// Inflates until the end, the first failure, or nobody listens.
fn inflate(action: Cow<'static, str>, mut compressed: Compressed, pieces: &mpsc::Sender<Result<Bytes>>) {
    // Nothing at all is not cut-short gzip: whoever counts the records decides.
    if compressed.fill_buf().is_ok_and(<[u8]>::is_empty) {
        return;
    }
    let mut decoder = MultiGzDecoder::new(compressed);
    let buffers = Buffers::default();
    loop {
        let mut piece = buffers.piece();
        decoder.get_mut().taken = 0;
        let message = match piece.fill(&mut decoder) {
            Ok(0) => return,
            Ok(_) => Ok(Bytes::from_owner(piece)),
            Err(error) => Err(decoder.get_mut().failure.take().unwrap_or_else(|| garbled(action.clone(), &error))),
        };
        let is_last = message.is_err();
        if pieces.blocking_send(message).is_err() || is_last {
            return;
        }
    }
}

fn garbled(action: Cow<'static, str>, error: &io::Error) -> Error {
    Error::new(ErrorKind::Connection, action, "the page's gzip is cut short or garbled")
        .because(error)
        .with_hint(CHANGED_ON_THE_WAY)
        .transient()
}

/// The buffers of a page, which go round: the system has to clear each that is new. There are as many as were on their way at once.
#[derive(Clone, Debug, Default)]
struct Buffers(Arc<Mutex<Vec<Box<[u8]>>>>);

impl Buffers {
    fn piece(&self) -> Piece {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let buffer = used.unwrap_or_else(|| vec![0; PIECE].into_boxed_slice());
        Piece { buffer, filled: 0, home: self.clone() }
    }
}

/// A piece of inflated text. Its buffer goes back when nobody reads it any more.
#[derive(Debug)]
struct Piece {
    buffer: Box<[u8]>,
    filled: usize,
    home: Buffers,
}

impl Piece {
    /// Reads until the piece is full or nothing comes any more; returns how much there is.
    fn fill(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        while self.filled < self.buffer.len() {
            match reader.read(&mut self.buffer[self.filled..])? {
                0 => break,
                read => self.filled += read,
            }
        }
        Ok(self.filled)
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        self.home.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

/// The compressed bytes as a reader, on the inflating thread.
struct Compressed {
    compressed: mpsc::Receiver<Result<Bytes>>,
    at_hand: Bytes,
    /// How much was taken for the piece at hand.
    taken: usize,
    failure: Option<Error>,
}

impl BufRead for Compressed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at_hand.is_empty() {
            match self.compressed.blocking_recv() {
                Some(Ok(_)) if self.taken > MOST_FOR_A_PIECE => return Err(io::ErrorKind::InvalidData.into()),
                Some(Ok(bytes)) => {
                    self.taken += bytes.len();
                    self.at_hand = bytes;
                }
                Some(Err(error)) => {
                    self.failure = Some(error);
                    return Err(io::ErrorKind::ConnectionReset.into());
                }
                None => break,
            }
        }
        Ok(&self.at_hand)
    }

    fn consume(&mut self, amount: usize) {
        self.at_hand.advance(amount);
    }
}

impl Read for Compressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.fill_buf()?.read(buffer)?;
        self.consume(amount);
        Ok(amount)
    }
}
