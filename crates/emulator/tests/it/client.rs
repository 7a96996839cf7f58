//! A bare HTTP client: it shows what is on the wire, incomplete bodies included, and helps with nothing.

use std::{collections::BTreeMap, io::Read as _, time::Duration};

use flate2::read::GzDecoder;
use jiff::Timestamp;
use orgtap_emulator::{Emulator, EmulatorOptions, Org, Settings};
use serde_json::Value as Json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An answer as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    /// The body without chunk framing, still compressed if it was.
    pub(crate) body: Vec<u8>,
    /// Whether all of the body arrived.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn text(&self) -> String {
        let mut plain = Vec::new();
        if self.header("content-encoding") == Some("gzip") {
            GzDecoder::new(&self.body[..]).read_to_end(&mut plain).unwrap();
        } else {
            plain.clone_from(&self.body);
        }
        String::from_utf8(plain).unwrap()
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The code and message of a REST or Bulk error.
    pub(crate) fn refusal(&self) -> (u16, String, String) {
        let json = self.json();
        let text = |key: &str| json[0][key].as_str().unwrap_or_default().to_owned();
        (self.status, text("errorCode"), text("message"))
    }
}

/// An emulator with a small demo org and a session for it.
pub(crate) struct Fixture {
    pub(crate) emulator: Emulator,
    pub(crate) settings: Settings,
}

pub(crate) const START: &str = "2026-03-01T12:00:00Z";

pub(crate) fn small_org() -> Org {
    let start: Timestamp = START.parse().unwrap();
    Org::builder().demo(3_000).starts_at(start).build()
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(EmulatorOptions::default()).await
    }

    pub(crate) async fn with(options: EmulatorOptions) -> Self {
        let emulator = Emulator::start(small_org(), options).await.unwrap();
        let settings = emulator.settings();
        Self { emulator, settings }
    }

    /// Lets time pass, and signs in again: no session lives that long.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.org().advance(time);
        self.settings = self.emulator.settings();
    }

    pub(crate) fn org(&self) -> &Org {
        self.emulator.org()
    }

    /// Sends a request with the session and reads the answer to its end.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.settings.access_token);
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.send_bare(method, path, &all, body).await
    }

    /// Sends a request as it is.
    pub(crate) async fn send_bare(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let bytes = self.exchange(method, path, headers, body).await;
        read_answer(&bytes, method == "HEAD").unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// Sends a request and returns all bytes that come back before the connection ends.
    pub(crate) async fn exchange(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let address = self.settings.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(request.as_bytes()).await.unwrap();
        // An emulator that resets the connection may do so before all of the body is sent.
        drop(stream.write_all(body).await);
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await;
        drop(read.expect("the connection ends"));
        bytes
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[]).await
    }

    pub(crate) async fn post(&self, path: &str, document: &Json) -> Answer {
        let body = document.to_string();
        self.send("POST", path, &[("Content-Type", "application/json")], body.as_bytes()).await
    }

    pub(crate) async fn query(&self, soql: &str) -> Json {
        self.get(&format!("/services/data/v62.0/query?q={}", encode(soql))).await.json()
    }
}

/// Percent-encodes a parameter.
pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(crate) fn read_answer(bytes: &[u8], is_head: bool) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let (body, complete) = match headers.get("content-length").map(|length| length.parse::<usize>().unwrap()) {
        _ if is_head => (rest.to_vec(), true),
        Some(length) => (rest.to_vec(), rest.len() == length),
        None if headers.contains_key("transfer-encoding") => read_chunks(rest),
        None => (rest.to_vec(), true),
    };
    Some(Answer { status, headers, body, complete })
}

fn read_chunks(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        let data = &bytes[end + 2..];
        if length == 0 {
            return (body, true);
        }
        body.extend_from_slice(&data[..data.len().min(length)]);
        let Some(next) = data.get(length + 2..) else { break };
        bytes = next;
    }
    (body, false)
}
