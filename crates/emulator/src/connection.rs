//! Connections of the emulator: plain or TLS streams that an answer may end before its time.
//!
//! HTTP itself is hyper's (`serve`). What it cannot do is break off: reset a connection, or close it in the middle of a body.
//! [`Ending`] is the handle by which an answer asks for that.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What an [`Ending`] holds once an answer has asked for one.
const CLOSE_WHEN_WRITTEN: u8 = 1;
const RESET: u8 = 2;

/// How long a client may take over its TLS handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(20);

/// Ends one connection on behalf of the answer being written on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending(Arc<AtomicU8>);

impl Ending {
    /// Closes the connection once everything handed over so far is written.
    pub(crate) fn close_when_written(&self) {
        self.0.store(CLOSE_WHEN_WRITTEN, Ordering::Release);
    }

    /// Resets the connection instead of writing anything more.
    pub(crate) fn reset(&self) {
        self.0.store(RESET, Ordering::Release);
    }

    fn wish(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// One accepted connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    ending: Ending,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }
}

macro_rules! on_stream {
    ($self:expr, $method:ident, $($argument:expr),+) => {
        match &mut $self.get_mut().stream {
            Stream::Plain(tcp) => Pin::new(tcp).$method($($argument),+),
            Stream::Tls(tls) => Pin::new(tls).$method($($argument),+),
        }
    };
}

impl Connection {
    fn new(stream: Stream) -> Self {
        Self { stream, ending: Ending::default() }
    }

    /// Returns the handle by which answers end the connection.
    pub(crate) fn ending(&self) -> Ending {
        self.ending.clone()
    }

    fn broken_off(&self) -> Option<io::Error> {
        if self.ending.wish() != RESET {
            return None;
        }
        // Without lingering, closing sends RST; if that cannot be set, the client sees an ordinary close instead.
        if let Err(error) = self.stream.tcp().set_zero_linger() {
            tracing::debug!(%error, "could not reset a connection");
        }
        Some(io::ErrorKind::ConnectionReset.into())
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, poll_read, context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.broken_off() {
            return Poll::Ready(Err(error));
        }
        on_stream!(self, poll_write, context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(tcp) => tcp.is_write_vectored(),
            Stream::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = self.broken_off() {
            return Poll::Ready(Err(error));
        }
        on_stream!(self, poll_write_vectored, context, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wish = self.ending.wish();
        ready!(on_stream!(self.as_mut(), poll_flush, context))?;
        if let Some(error) = self.broken_off() {
            return Poll::Ready(Err(error));
        }
        // HTTP flushes the stream only when its own buffer is empty, so nothing handed over is lost here.
        if wish == CLOSE_WHEN_WRITTEN {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_stream!(self, poll_shutdown, context)
    }
}

/// Accepts connections; TLS handshakes run beside each other, so that a slow client holds up nobody.
#[derive(Debug)]
pub(crate) struct Connections {
    accepted: mpsc::Receiver<Connection>,
    acceptor: JoinHandle<()>,
}

impl Connections {
    /// Starts accepting on `listener`, with TLS when `tls` is given.
    pub(crate) fn new(listener: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        let (sender, accepted) = mpsc::channel(16);
        let acceptor = tokio::spawn(accept_all(listener, tls, sender));
        Self { accepted, acceptor }
    }

    /// Waits for the next connection.
    pub(crate) async fn next(&mut self) -> Connection {
        match self.accepted.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

async fn accept_all(mut listener: TcpListener, tls: Option<TlsAcceptor>, accepted: mpsc::Sender<Connection>) {
    loop {
        let (tcp, _) = Listener::accept(&mut listener).await;
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "could not switch off Nagle's algorithm");
        }
        match &tls {
            Some(acceptor) => drop(tokio::spawn(shake_hands(acceptor.clone(), tcp, accepted.clone()))),
            None if accepted.send(Connection::new(Stream::Plain(tcp))).await.is_err() => return,
            None => {}
        }
    }
}

async fn shake_hands(acceptor: TlsAcceptor, tcp: TcpStream, accepted: mpsc::Sender<Connection>) {
    match tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(tcp)).await {
        // A failed send means that the server stopped in the meantime; the connection closes by being dropped.
        Ok(Ok(stream)) => drop(accepted.send(Connection::new(Stream::Tls(Box::new(stream)))).await),
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}
