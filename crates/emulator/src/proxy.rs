//! A proxy in front of the emulator, for clients that insist on Salesforce's own host names.
//!
//! Many clients take a label such as `login` or `acme.my` and add `.salesforce.com`. With this as their HTTPS proxy their
//! connections to any such host end at the emulator, whose certificate is good for these names. Nothing else is let
//! through: a client that trusts this proxy cannot reach the real Salesforce by mistake.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// The most bytes of a request to the proxy.
const MAX_HEAD_BYTES: usize = 8 * 1024;
/// How long a client may take over its request.
const HEAD_LIMIT: Duration = Duration::from_secs(20);

const CONNECTED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";
const REFUSED: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// The running proxy; dropping it ends it and its connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts taking connections on `listener` and passing them on to `emulator`.
    pub(crate) fn start(listener: TcpListener, emulator: SocketAddr) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self { address, accepting: tokio::spawn(accept_all(listener, emulator)) })
    }

    /// Returns the address for a client's `https_proxy`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept_all(listener: TcpListener, emulator: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((client, _)) => drop(connections.spawn(async move {
                if let Err(error) = pass_on(client, emulator).await {
                    tracing::debug!(%error, "a connection through the proxy ended early");
                }
            })),
            Err(error) => {
                tracing::debug!(%error, "could not accept a connection to the proxy");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn pass_on(mut client: TcpStream, emulator: SocketAddr) -> io::Result<()> {
    let head = tokio::time::timeout(HEAD_LIMIT, read_head(&mut client)).await??;
    let is_ours = target(&head).is_some_and(|(host, port)| leads_to_the_org(host, port, emulator));
    if !is_ours {
        client.write_all(REFUSED).await?;
        return client.shutdown().await;
    }
    let mut server = TcpStream::connect(emulator).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    client.write_all(CONNECTED).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// Reads up to the empty line. A client says nothing more before it is connected, so nothing behind that is lost.
async fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::with_capacity(512);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(client.read_u8().await?);
    }
    String::from_utf8(head).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Returns host and port of `CONNECT host:port HTTP/1.1`.
fn target(head: &str) -> Option<(&str, u16)> {
    let (host, port) = head.strip_prefix("CONNECT ")?.split_once(' ')?.0.rsplit_once(':')?;
    Some((host, port.parse().ok()?))
}

fn leads_to_the_org(host: &str, port: u16, emulator: SocketAddr) -> bool {
    let host = host.to_ascii_lowercase();
    let is_loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str());
    (port == 443 && host.ends_with(".salesforce.com")) || (is_loopback && port == emulator.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_salesforce_and_the_emulator_itself_are_reached() {
        let emulator = SocketAddr::from(([127, 0, 0, 1], 8443));
        let reaches = |request: &str| {
            target(&format!("CONNECT {request} HTTP/1.1\r\n\r\n"))
                .is_some_and(|(host, port)| leads_to_the_org(host, port, emulator))
        };

        assert!(reaches("login.salesforce.com:443"));
        assert!(reaches("Acme--uat.sandbox.my.salesforce.com:443"));
        assert!(reaches("localhost:8443"));
        assert!(!reaches("localhost:22"));
        assert!(!reaches("login.salesforce.com:25"));
        assert!(!reaches("notsalesforce.com:443"));
        assert!(!reaches("login.salesforce.com.example.com:443"));
        assert!(!reaches("nowhere"));
        assert_eq!(target("GET http://login.salesforce.com/ HTTP/1.1\r\n\r\n"), None);
    }
}
