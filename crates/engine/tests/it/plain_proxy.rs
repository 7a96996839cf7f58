//! A proxy that keeps the org from compressing its answers: the emulator compresses for whoever offers to inflate, as the client does.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Starts the proxy in front of `org` and returns its address. It ends with the test's runtime.
pub(crate) async fn start(org: &str) -> Url {
    let org: Url = org.parse().unwrap();
    let address = (org.host_str().unwrap().to_owned(), org.port().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(address.clone()).await.unwrap();
            tokio::spawn(serve(client, server));
        }
    });
    url.parse().unwrap()
}

/// Carries bytes both ways until either side ends the connection.
async fn serve(client: TcpStream, server: TcpStream) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::select! {
        () = requests(&mut from_client, &mut to_server) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

/// Passes requests on without their offer to inflate. The client sends the few hundred bytes of a request's head in one piece.
async fn requests(client: &mut (impl AsyncRead + Unpin), server: &mut (impl AsyncWrite + Unpin)) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = client.read(&mut buffer).await {
        let bytes = &mut buffer[..read];
        while let Some(at) = bytes.windows(4).position(|word| word == b"gzip") {
            bytes[at..at + 4].copy_from_slice(b"none");
        }
        if server.write_all(bytes).await.is_err() {
            return;
        }
    }
}
