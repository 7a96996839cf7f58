//! Signing in, once.

use orgtap_salesforce::{Client, Connection, ErrorKind};

use super::config::Access;
use super::failure::Failure;
use crate::app::Invocation;

/// Signs in. Where nobody said whether the proxy speaks TLS, both ways are tried; no password is sent before a way is found.
pub(super) async fn connect(access: Access, on: &Invocation) -> Result<Client, Failure> {
    let Access { connection, plain_proxy } = access;
    match (sign_in(&connection, on).await, plain_proxy) {
        (Err(error), Some(plain)) if error.kind() == ErrorKind::Connection => {
            tracing::info!("the proxy does not take TLS, going on without TLS to it");
            sign_in(&plain, on).await.map_err(|error| explain(&error, &plain))
        }
        (result, _) => result.map_err(|error| explain(&error, &connection)),
    }
}

async fn sign_in(connection: &Connection, on: &Invocation) -> orgtap_salesforce::Result<Client> {
    connection.check()?;
    let client = Client::new(connection.clone(), on.patience.clock())?;
    client.sign_in().await?;
    Ok(client)
}

/// What cannot be reached because the form names it wrongly is the user's to mend.
fn explain(error: &orgtap_salesforce::Error, connection: &Connection) -> Failure {
    let failure = Failure::of_salesforce(error);
    let is_unreachable = matches!(error.kind(), ErrorKind::Connection | ErrorKind::UnexpectedAnswer);
    if is_unreachable && connection.http.proxies.https.is_some() {
        return failure.for_the_user("check `proxy.proxy_server` and `proxy.proxy_port`");
    }
    if is_unreachable && connection.domain.is_some() && connection.login_url.is_none() {
        return failure.for_the_user("check `domain`");
    }
    failure
}
