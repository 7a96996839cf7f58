//! Signs in: one module for each way, all of which end in a [`Session`].
//!
//! Nothing is repeated here, so that a wrong password counts once against the user's lock-out.

mod access_token;
mod client_credentials;
mod connected_app;
mod jwt_bearer;
mod oauth;
mod refresh_token;
mod security_token;

use std::sync::atomic::AtomicU64;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::clock::Clock;
use crate::connection::{Connection, Login};
use crate::domain;
use crate::error::Result;
use crate::http::Http;

pub(crate) use jwt_bearer::check_key;
pub(crate) use oauth::identity;
#[cfg(any(test, fuzzing))]
pub(crate) use oauth::session as oauth_session;
#[cfg(any(test, fuzzing))]
pub(crate) use security_token::Answer as SoapAnswer;

/// An access token and where it counts.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) access_token: SecretString,
    pub(crate) instance_url: Url,
    pub(crate) username: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) org_id: Option<String>,
    /// The token to renew with, where the org gave a new one.
    pub(crate) refresh_token: Option<SecretString>,
}

/// How many characters of an Id tell it; the long form has three more.
const ID_CHARACTERS: usize = 15;

impl Session {
    /// Returns the org's id in its short form. An access token begins with it, unless it is a JWT.
    pub(crate) fn org_id(&self) -> Option<&str> {
        let in_token = || self.access_token.expose_secret().split_once('!').map(|(org_id, _)| org_id);
        short_org_id(self.org_id.as_deref().or_else(in_token)?)
    }
}

/// Returns the short form of the id of an org, if `id` is one.
pub(crate) fn short_org_id(id: &str) -> Option<&str> {
    id.get(..ID_CHARACTERS).filter(|id| id.starts_with("00D") && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// What signing in needs.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) http: &'a Http,
    pub(crate) calls: &'a AtomicU64,
    pub(crate) clock: &'a dyn Clock,
}

impl SignIn<'_> {
    /// Opens a session. `previous` is the one it replaces.
    pub(crate) async fn open(&self, previous: Option<&Session>) -> Result<Session> {
        match &self.connection.login {
            Login::SecurityToken { username, password, security_token } => {
                security_token::open(self, username, password, security_token).await
            }
            Login::ConnectedApp { username, password, security_token, consumer_key, consumer_secret } => {
                let app = connected_app::App { consumer_key, consumer_secret };
                connected_app::open(self, &app, username, password, security_token.as_ref()).await
            }
            Login::ClientCredentials { consumer_key, consumer_secret } => {
                client_credentials::open(self, consumer_key, consumer_secret).await
            }
            Login::JwtBearer { username, consumer_key, private_key } => {
                jwt_bearer::open(self, username, consumer_key, private_key).await
            }
            Login::RefreshToken { consumer_key, consumer_secret, refresh_token } => {
                let newest = previous.and_then(|session| session.refresh_token.as_ref()).unwrap_or(refresh_token);
                refresh_token::open(self, consumer_key, consumer_secret.as_ref(), newest).await
            }
            Login::AccessToken { access_token, instance_url } => {
                access_token::open(access_token, instance_url, previous)
            }
        }
    }

    /// Has `secret` masked in whatever is said from now on.
    fn keep_secret(&self, secret: &str) {
        self.http.secrets().learn(secret);
    }

    /// Returns the address of `path` at the login host.
    fn url(&self, path: &str) -> Result<Url> {
        let mut url = domain::login_origin(self.connection)?;
        url.set_path(path);
        Ok(url)
    }
}

#[cfg(test)]
mod tests;
