//! Signing in, once.

use std::time::Duration;

use orgtap_salesforce::{Client, Connection, ErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::config::Access;
use super::failure::Failure;
use crate::app::Invocation;

/// The most that is read of what a proxy answers.
const LONGEST_ANSWER: u64 = 4096;

/// How long a proxy may take to show whether it speaks TLS.
const PATIENCE_WITH_PROXY: Duration = Duration::from_secs(5);

/// Signs in, patiently unless somebody waits for the answer. Where nobody said whether the proxy speaks TLS, it is asked, without credentials.
pub(super) async fn connect(access: Access, is_watched: bool, on: &Invocation) -> Result<Client, Failure> {
    let Access { connection, plain_proxy, names_proxy } = access;
    let connection = match plain_proxy {
        Some(plain) if speaks_plain_http(&plain).await => {
            tracing::info!("the proxy speaks plain HTTP: it is used without TLS to it");
            plain
        }
        _ => connection,
    };
    sign_in(&connection, is_watched, on).await.map_err(|error| explain(&error, &connection, names_proxy))
}

/// Returns whether the proxy answers a plain request as a plain proxy does. One that speaks TLS closes, keeps silent, or complains.
async fn speaks_plain_http(connection: &Connection) -> bool {
    let Some(proxy) = connection.http.proxies.https.as_ref() else { return false };
    let (Some(host), Some(port)) = (proxy.url.host_str(), proxy.url.port_or_known_default()) else { return false };
    let address = (host.trim_matches(['[', ']']), port);
    let mut answer = Vec::new();
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await
    };
    // What came before the time was over, or before the connection broke, tells enough.
    drop(tokio::time::timeout(PATIENCE_WITH_PROXY, ask).await);
    is_plain_answer(&answer)
}

/// Some servers answer a plain request on their TLS port in plain HTTP, and say so.
fn is_plain_answer(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    text.starts_with("http/") && !text.contains("https port") && !text.contains("plain http request")
}

async fn sign_in(connection: &Connection, is_watched: bool, on: &Invocation) -> orgtap_salesforce::Result<Client> {
    connection.check()?;
    let client = Client::new(connection.clone(), on.patience.clock())?;
    match is_watched {
        true => client.sign_in().await?,
        false => client.sign_in_patiently().await?,
    };
    Ok(client)
}

/// What cannot be reached because the form names it wrongly is the user's to mend.
fn explain(error: &orgtap_salesforce::Error, connection: &Connection, names_proxy: bool) -> Failure {
    let failure = Failure::of_salesforce(error);
    let is_unreachable = matches!(error.kind(), ErrorKind::Connection | ErrorKind::UnexpectedAnswer);
    if is_unreachable && names_proxy {
        return failure.for_the_user("check `proxy.proxy_server` and `proxy.proxy_port`");
    }
    if is_unreachable && connection.domain.is_some() && connection.login_url.is_none() {
        return failure.for_the_user("check `domain`");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::is_plain_answer;

    #[test]
    fn a_plain_proxy_is_told_from_one_that_speaks_tls() {
        assert!(is_plain_answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        assert!(is_plain_answer(b"HTTP/1.0 407 Proxy Authentication Required\r\n"));
        assert!(!is_plain_answer(b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port"));
        assert!(!is_plain_answer(b"\x15\x03\x01\x00\x02\x02\x46"));
        assert!(!is_plain_answer(b""));
    }
}
