//! The OAuth flow of a user who agreed once.
//!
//! An org that rotates refresh tokens gives a new one with each session. It serves for the rest of the run; keeping it is not done here.

use secrecy::{ExposeSecret, SecretString};

use super::{Session, SignIn, oauth};
use crate::error::Result;

pub(super) async fn open(
    sign_in: &SignIn<'_>,
    consumer_key: &str,
    consumer_secret: Option<&SecretString>,
    refresh_token: &SecretString,
) -> Result<Session> {
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("client_id", consumer_key),
        ("refresh_token", refresh_token.expose_secret()),
    ];
    form.extend(consumer_secret.map(|secret| ("client_secret", secret.expose_secret())));
    let session = oauth::open(sign_in, &form).await?;
    if is_rotated(&session, refresh_token) {
        tracing::warn!("the org replaced the refresh token; the configured one may not work in the next run");
    }
    let refresh_token = session.refresh_token.or_else(|| Some(refresh_token.clone()));
    Ok(Session { refresh_token, ..session })
}

fn is_rotated(session: &Session, used: &SecretString) -> bool {
    session.refresh_token.as_ref().is_some_and(|new| new.expose_secret() != used.expose_secret())
}
