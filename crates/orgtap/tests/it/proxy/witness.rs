//! Stands before a proxy, notes the credentials that it is sent, and passes everything on.

use std::io::{self, BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What stands before the proxy. It runs until the tests end.
pub(super) struct Witness {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Witness {
    /// Starts before the proxy at this port.
    pub(super) fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let witness = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let seen = Arc::clone(&witness.seen);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, seen) = (client.unwrap(), Arc::clone(&seen));
                // A connection that either side breaks off is over, which is all there is to it.
                thread::spawn(move || pass_on(&client, port, &seen).ok());
            }
        });
        witness
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn url_with(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@{}", self.address)
    }

    /// Returns the credentials of each connection since the last time; none are empty.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

fn pass_on(client: &TcpStream, port: u16, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut from_client = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from_client.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    seen.lock().unwrap().push(credentials(&head).unwrap_or_default());

    let proxy = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    (&proxy).write_all(head.as_bytes())?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let copied = io::copy(&mut from_client, &mut &proxy);
            proxy.shutdown(Shutdown::Write).and(copied)
        });
        let copied = io::copy(&mut &proxy, &mut &*client);
        client.shutdown(Shutdown::Both).and(copied).map(drop)
    })
}

/// Returns what basic authentication says, decoded.
fn credentials(head: &str) -> Option<String> {
    let header = head.lines().find_map(|line| line.strip_prefix("proxy-authorization: Basic "))?;
    String::from_utf8(BASE64_STANDARD.decode(header).unwrap()).ok()
}
