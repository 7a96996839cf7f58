//! A server that means harm: what it can do to the client, which must end in an error of one line, soon and with little memory.
//!
//! What it can do by the records themselves is tested in the engine and through the binary.

mod addresses;
mod bodies;
mod values;

use std::time::Duration;

use crate::scripted::{Reply, Scripted, message};
use crate::{Client, Error, ErrorKind, Login};

/// What no error may hold, wherever the server says it.
const SECRETS: [&str; 4] = ["TOKEN", "SECRET", "PASSWORD", "hidden"];

/// Asserts that an error can be shown to a user.
#[track_caller]
fn assert_fit_to_show(error: &Error) -> String {
    let text = message(error) + &error.hint().unwrap_or_default();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.len() < 5_000, "{} bytes", text.len());
    assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
    text
}

fn client_credentials() -> Login {
    Login::ClientCredentials { consumer_key: "KEY".to_owned(), consumer_secret: "SECRET".into() }
}

fn security_token() -> Login {
    Login::SecurityToken {
        username: "a@example.com".to_owned(),
        password: "PASSWORD".into(),
        security_token: "hidden".into(),
    }
}

/// Returns a client that loses patience quickly.
fn hasty(server: &Scripted) -> Client {
    let login = Login::AccessToken { access_token: "TOKEN".into(), instance_url: server.url.clone() };
    let mut connection = server.connection(login);
    connection.http.read_timeout = Duration::from_millis(40);
    crate::scripted::client(connection).0
}

/// Makes a call that reads one small document.
async fn limits(reply: Reply) -> (Scripted, Error) {
    let server = Scripted::start([reply]).await;
    let error = server.client().0.limits().await.unwrap_err();
    (server, error)
}

#[track_caller]
fn assert_kind(error: &Error, kind: ErrorKind, words: &str) {
    let text = assert_fit_to_show(error);
    assert_eq!(error.kind(), kind, "{text}");
    assert!(text.contains(words), "{text}");
}
