//! Speaks HTTP/1.1 on the emulator's connections. What is answered is decided in `server`.

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc};

use axum::body::Body;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};

use crate::{
    connection::{Connection, Connections},
    server::{Server, answer},
};

/// Serves connections until `stopped`, and those under way until their answers are written.
pub(crate) async fn serve(server: Arc<Server>, mut connections: Connections, stopped: impl Future<Output = ()>) {
    let under_way = GracefulShutdown::new();
    let mut stopped = pin!(stopped);
    loop {
        tokio::select! {
            connection = connections.next() => serve_one(Arc::clone(&server), connection, &under_way),
            () = &mut stopped => break,
        }
    }
    drop(connections);
    under_way.shutdown().await;
}

fn serve_one(server: Arc<Server>, connection: Connection, under_way: &GracefulShutdown) {
    let ending = connection.ending();
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (server, ending) = (Arc::clone(&server), ending.clone());
        async move { Ok::<_, Infallible>(answer(server, ending, request.map(Body::new)).await) }
    });
    // Salesforce spells header names with capitals, and there are clients that know no other spelling.
    let serving = http1::Builder::new().title_case_headers(true).serve_connection(TokioIo::new(connection), service);
    let serving = under_way.watch(serving);
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
