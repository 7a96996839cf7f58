//! The OAuth flow of an app that acts as the user set in it. Salesforce takes it only at the org's own domain.

use secrecy::{ExposeSecret, SecretString};

use super::{Session, SignIn, oauth};
use crate::error::Result;

pub(super) async fn open(sign_in: &SignIn<'_>, consumer_key: &str, consumer_secret: &SecretString) -> Result<Session> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", consumer_key),
        ("client_secret", consumer_secret.expose_secret()),
    ];
    oauth::open(sign_in, &form).await
}
