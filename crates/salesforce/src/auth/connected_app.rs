//! The OAuth flow with a user name and a password, for connected apps. External Client Apps do not have it.

use secrecy::{ExposeSecret, SecretString};

use super::{Session, SignIn, oauth};
use crate::error::Result;

/// The app that asks.
#[derive(Debug)]
pub(super) struct App<'a> {
    pub(super) consumer_key: &'a str,
    pub(super) consumer_secret: &'a SecretString,
}

pub(super) async fn open(
    sign_in: &SignIn<'_>,
    app: &App<'_>,
    username: &str,
    password: &SecretString,
    security_token: Option<&SecretString>,
) -> Result<Session> {
    let password = with_token(password, security_token);
    let form = [
        ("grant_type", "password"),
        ("client_id", app.consumer_key),
        ("client_secret", app.consumer_secret.expose_secret()),
        ("username", username),
        ("password", password.expose_secret()),
    ];
    let session = oauth::open(sign_in, &form).await?;
    Ok(Session { username: Some(username.to_owned()), ..session })
}

/// Salesforce takes both as one text, without anything between.
pub(super) fn with_token(password: &SecretString, security_token: Option<&SecretString>) -> SecretString {
    let token = security_token.map_or("", |token| token.expose_secret());
    SecretString::from(format!("{}{token}", password.expose_secret()))
}
