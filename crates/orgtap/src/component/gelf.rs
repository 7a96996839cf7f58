//! GELF over TCP: JSON documents, each ended by a NUL (Graylog Extended Log Format 1.1).

use std::io::{self, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orgtap_salesforce::Clock;
use serde_json::json;
use tracing::Level;

/// The longest wait for the place that takes messages.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to a place that takes log messages.
#[derive(Debug)]
pub(super) struct Gelf {
    /// Until it fails: what is written after half a message would be none.
    stream: Mutex<Option<TcpStream>>,
    clock: Arc<dyn Clock>,
}

impl Gelf {
    pub(super) fn connect(host: &str, port: &str, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why);
        let port: u16 = port.trim().parse().map_err(|_| invalid("the port is no number"))?;
        let address =
            (host.trim(), port).to_socket_addrs()?.next().ok_or_else(|| invalid("the host has no address"))?;
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { stream: Mutex::new(Some(stream)), clock })
    }

    /// Sends a message. That it could not be sent is no reason to stop; the next ones are not sent then, and nobody waits for them.
    pub(super) fn send(&self, level: Level, message: &str) {
        let document = json!({
            "version": "1.1",
            "host": "orgtap",
            "short_message": message,
            "timestamp": self.clock.now().as_millisecond() as f64 / 1000.0,
            "level": severity(level),
            "_app": "orgtap"
        });
        let mut bytes = document.to_string().into_bytes();
        bytes.push(0);
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        if stream.as_mut().is_some_and(|stream| stream.write_all(&bytes).is_err()) {
            *stream = None;
        }
    }
}

/// Returns the number that syslog has for a level.
fn severity(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
