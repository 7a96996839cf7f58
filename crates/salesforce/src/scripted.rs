//! A server for tests that gives the answers it was told, in order, and remembers what it was asked.

use std::collections::VecDeque;
use std::error::Error as StdError;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::clock::{Clock, ManualClock};
use crate::{ApiVersion, Client, Connection, Error, HttpOptions, Login};

/// The answer to one request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    end: End,
}

/// What the server does after the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Close,
    /// Hangs up in the middle of what it promised.
    Cut,
    /// Hangs up without a word.
    HangUp,
    /// Keeps the connection and says nothing.
    Silence,
    /// Stops in the middle of what it promised, until the client hangs up.
    Stall,
    /// Says the body again and again, until the client hangs up.
    Endless,
    /// Says the body byte by byte, again and again, until the client hangs up.
    Trickle,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), end: End::Close }
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::new(200, body).header("content-type", "application/json;charset=UTF-8")
    }

    pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!([{ "message": message, "errorCode": code }]);
        Self::new(status, body.to_string()).header("content-type", "application/json;charset=UTF-8")
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::new(status, "<html><body>We are setting things up</body></html>").header("content-type", "text/html")
    }

    pub(crate) fn csv(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body).header("content-type", "text/csv; charset=UTF-8")
    }

    pub(crate) fn hang_up() -> Self {
        Self { end: End::HangUp, ..Self::new(200, "") }
    }

    pub(crate) fn silence() -> Self {
        Self { end: End::Silence, ..Self::new(200, "") }
    }

    pub(crate) fn session_lost() -> Self {
        Self::refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn gzip(self) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.body).unwrap();
        let body = encoder.finish().unwrap();
        Self { body, ..self }.header("content-encoding", "gzip")
    }

    /// Leaves the last `bytes` of the body out, and says nothing of it.
    pub(crate) fn shortened(mut self, bytes: usize) -> Self {
        self.body.truncate(self.body.len() - bytes);
        self
    }

    /// Adds the body of `other` to this one.
    pub(crate) fn joined(mut self, other: &Self) -> Self {
        self.body.extend_from_slice(&other.body);
        self
    }

    pub(crate) fn cut(self) -> Self {
        Self { end: End::Cut, ..self }
    }

    pub(crate) fn stalled(self) -> Self {
        Self { end: End::Stall, ..self }
    }

    pub(crate) fn with_body(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }

    pub(crate) fn endless(self) -> Self {
        Self { end: End::Endless, ..self }
    }

    pub(crate) fn trickling(self) -> Self {
        Self { end: End::Trickle, ..self }
    }

    /// Packs the body as [`Reply::gzip`] does, and says nothing of it.
    pub(crate) fn packed(self) -> Self {
        let headers = self.headers.clone();
        Self { headers, ..self.gzip() }
    }

    fn bytes(&self, origin: &str) -> Vec<u8> {
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) => text.replace("ORIGIN", origin).into_bytes(),
            Err(_) => self.body.clone(),
        };
        let promised = body.len() + if matches!(self.end, End::Cut | End::Stall) { 1_000 } else { 0 };
        let mut head = format!("HTTP/1.1 {} Scripted\r\nconnection: close\r\n", self.status);
        if !matches!(self.end, End::Endless | End::Trickle) {
            head.push_str(&format!("content-length: {promised}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        [head.as_bytes(), b"\r\n", &body].concat()
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Received {
    /// Returns the header called `name`.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Returns the value of a field of the form in the body.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

#[derive(Debug)]
pub(crate) struct Scripted {
    pub(crate) url: Url,
    received: Arc<Mutex<Vec<Received>>>,
    hung_up: Arc<Notify>,
    sent: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::serve(replies, None).await
    }

    /// Starts a server with a certificate for `localhost` that nobody knows; the certificate, as PEM, comes with it.
    pub(crate) async fn start_tls(replies: impl IntoIterator<Item = Reply>) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        (Self::serve(replies, Some(TlsAcceptor::from(Arc::new(config)))).await, made.cert.pem())
    }

    async fn serve(replies: impl IntoIterator<Item = Reply>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let received = Arc::new(Mutex::new(Vec::new()));
        let hung_up = Arc::new(Notify::new());
        let sent = Arc::new(AtomicUsize::new(0));
        let script = (replies, Arc::clone(&received), Arc::clone(&hung_up), Arc::clone(&sent), url.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, tls) = (script.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, script).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => answer(stream, script).await,
                            Err(_) => Ok(()),
                        },
                    }
                });
            }
        });
        Self { url: Url::parse(&url).unwrap(), received, hung_up, sent }
    }

    /// Waits until a client has hung up on an answer that stalled.
    pub(crate) async fn hung_up(&self) {
        tokio::time::timeout(Duration::from_secs(10), self.hung_up.notified()).await.unwrap();
    }

    /// Returns how many bytes of endless bodies somebody took.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Returns the requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Returns the request lines so far, without the protocol.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.received().iter().map(|request| request.line.replace(" HTTP/1.1", "")).collect()
    }

    /// Returns a client with a ready access token, and its clock.
    pub(crate) fn client(&self) -> (Client, Arc<ManualClock>) {
        client(self.connection(Login::AccessToken { access_token: "TOKEN".into(), instance_url: self.url.clone() }))
    }

    /// Returns a connection that signs in here.
    pub(crate) fn connection(&self, login: Login) -> Connection {
        Connection {
            login,
            login_url: Some(self.url.clone()),
            domain: None,
            sandbox: false,
            api_version: ApiVersion::default(),
            http: HttpOptions::default(),
        }
    }

    /// Returns a client that signs in here by client credentials, and its clock.
    pub(crate) fn renewing_client(&self) -> (Client, Arc<ManualClock>) {
        client(
            self.connection(Login::ClientCredentials {
                consumer_key: "KEY".to_owned(),
                consumer_secret: "SECRET".into(),
            }),
        )
    }
}

type Script = (Arc<Mutex<VecDeque<Reply>>>, Arc<Mutex<Vec<Received>>>, Arc<Notify>, Arc<AtomicUsize>, String);

async fn answer(
    mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin,
    (replies, received, hung_up, sent, origin): Script,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let request = loop {
        if let Some(request) = parse(&bytes) {
            break request;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    received.lock().unwrap().push(request);
    let reply = replies.lock().unwrap().pop_front().unwrap_or_else(|| Reply::new(599, "not in the script"));
    match reply.end {
        End::HangUp => {}
        End::Silence => std::future::pending().await,
        End::Close | End::Cut => stream.write_all(&reply.bytes(&origin)).await?,
        End::Endless => {
            stream.write_all(&reply.bytes(&origin)).await?;
            // It ends with an error, when the client hangs up.
            loop {
                stream.write_all(&reply.body).await?;
                sent.fetch_add(reply.body.len(), Ordering::Relaxed);
            }
        }
        End::Trickle => {
            stream.write_all(&reply.bytes(&origin)).await?;
            for byte in reply.body.iter().cycle() {
                stream.write_all(&[*byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        End::Stall => {
            stream.write_all(&reply.bytes(&origin)).await?;
            while stream.read_buf(&mut bytes).await? > 0 {}
            hung_up.notify_one();
        }
    }
    stream.shutdown().await
}

/// Returns the request once all of it is there.
fn parse(bytes: &[u8]) -> Option<Received> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (line, headers) = head.split_once("\r\n")?;
    let request = Received { line: line.to_owned(), headers: headers.to_owned(), body: body.to_owned() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    (body.len() >= length).then_some(request)
}

pub(crate) fn client(connection: Connection) -> (Client, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
    (Client::new(connection, Arc::clone(&clock) as Arc<dyn Clock>).unwrap(), clock)
}

/// The answer of the token endpoint.
pub(crate) fn token(access_token: &str) -> Reply {
    let answer = serde_json::json!({
        "access_token": access_token,
        "instance_url": "ORIGIN",
        "id": "https://login.salesforce.com/id/00Dx0000000BV7zEAM/005x00000012Q9PAAU",
        "token_type": "Bearer",
    });
    Reply::json(&answer.to_string())
}

/// Returns the message of an error as a user sees it: with its causes.
pub(crate) fn message(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Returns a directory with one file, and the path of the file.
pub(crate) fn file(content: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

pub(crate) fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}
