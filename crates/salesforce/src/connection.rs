//! How to reach and enter an org, as configured.
//!
//! It holds no session and does no input or output but reading the CA file in [`Connection::check`].

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, Result};
use crate::http::Http;
use crate::secrets::Secrets;
use crate::version::ApiVersion;
use crate::{auth, domain};

/// Credentials, org and API version.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Who signs in, and by which method.
    pub login: Login,
    /// Replaces the login host for every method: a private gateway or a test server. Only scheme, host and port count.
    pub login_url: Option<Url>,
    /// The org's own domain: a URL, a host, or its name alone, such as `acme` or `acme--uat.sandbox.my`.
    pub domain: Option<String>,
    /// Whether to sign in at `test.salesforce.com` where neither `login_url` nor `domain` says otherwise.
    pub sandbox: bool,
    /// The version of every call but the SOAP login, which ended with 64.0.
    pub api_version: ApiVersion,
    /// Proxy, certificates, timeouts.
    pub http: HttpOptions,
}

/// A way to sign in.
#[derive(Debug, Clone)]
pub enum Login {
    /// User name, password and security token, by SOAP. Salesforce retires it in Summer '27.
    SecurityToken {
        /// The user.
        username: String,
        /// The password without the token.
        password: SecretString,
        /// The security token; may be empty inside the org's trusted networks.
        security_token: SecretString,
    },
    /// A connected app, with a user name and a password.
    ConnectedApp {
        /// The user.
        username: String,
        /// The password, with or without the token at its end.
        password: SecretString,
        /// The security token, if it is not at the end of the password.
        security_token: Option<SecretString>,
        /// The app's consumer key.
        consumer_key: String,
        /// The app's consumer secret.
        consumer_secret: SecretString,
    },
    /// An app that acts as the user set in it. Needs the org's own domain.
    ClientCredentials {
        /// The app's consumer key.
        consumer_key: String,
        /// The app's consumer secret.
        consumer_secret: SecretString,
    },
    /// An app that proves itself with a private key.
    JwtBearer {
        /// The user to act as.
        username: String,
        /// The app's consumer key.
        consumer_key: String,
        /// An RSA key as PEM text, PKCS #8 or PKCS #1, not encrypted. `\n` may stand for a line end.
        private_key: SecretString,
    },
    /// A refresh token that the user granted before.
    RefreshToken {
        /// The app's consumer key.
        consumer_key: String,
        /// The app's consumer secret, if the app asks for it.
        consumer_secret: Option<SecretString>,
        /// The refresh token.
        refresh_token: SecretString,
    },
    /// A session that somebody else opened. It cannot be renewed.
    AccessToken {
        /// The access token or session id.
        access_token: SecretString,
        /// The org it belongs to.
        instance_url: Url,
    },
}

/// Proxy, certificates, timeouts.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The proxies to go through.
    pub proxies: Proxies,
    /// Certificates in PEM to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// The longest time until a connection stands. Default 60 seconds.
    pub connect_timeout: Duration,
    /// The longest time without a byte. Default 180 seconds: Salesforce itself gives a query two minutes before its first byte.
    pub read_timeout: Duration,
    /// The name this program gives itself.
    pub user_agent: String,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            proxies: Proxies::default(),
            ca_file: None,
            connect_timeout: Duration::from_secs(60),
            read_timeout: Duration::from_secs(180),
            user_agent: concat!("orgtap/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Which proxy serves which kind of address.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// The proxy for `https` addresses.
    pub https: Option<ProxyServer>,
    /// The proxy for `http` addresses.
    pub http: Option<ProxyServer>,
    /// Hosts, domains, addresses and networks to reach without a proxy; `*` is all.
    pub no_proxy: Vec<String>,
}

/// A forward proxy.
#[derive(Clone)]
pub struct ProxyServer {
    /// Where it listens. `https` speaks TLS to the proxy itself. May hold a user and a password, which the two fields below replace.
    pub url: Url,
    /// The user of basic authentication.
    pub username: Option<String>,
    /// The password of basic authentication.
    pub password: Option<SecretString>,
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        f.debug_struct("ProxyServer")
            .field("host", &host)
            .field("port", &self.url.port_or_known_default())
            .field("username", &self.username)
            .field("password", &self.password)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Finds every problem that can be found without the network.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration), with a hint that names the option.
    pub fn check(&self) -> Result<()> {
        self.prepare().map(|_| ())
    }

    /// Checks everything and prepares the way to the network.
    pub(crate) fn prepare(&self) -> Result<Http> {
        self.login.check()?;
        if let Login::AccessToken { instance_url, .. } = &self.login {
            domain::origin(instance_url, "instance_url")?;
        } else {
            domain::login_origin(self)?;
        }
        Http::new(&self.http, Secrets::of(self))
    }
}

impl Login {
    fn check(&self) -> Result<()> {
        let texts: &[(&str, &str)] = match self {
            Self::SecurityToken { username, password, .. } => {
                &[("username", username), ("password", password.expose_secret())]
            }
            Self::ConnectedApp { username, password, consumer_key, consumer_secret, .. } => &[
                ("username", username),
                ("password", password.expose_secret()),
                ("consumer_key", consumer_key),
                ("consumer_secret", consumer_secret.expose_secret()),
            ],
            Self::ClientCredentials { consumer_key, consumer_secret } => {
                &[("consumer_key", consumer_key), ("consumer_secret", consumer_secret.expose_secret())]
            }
            Self::JwtBearer { username, consumer_key, private_key } => {
                auth::check_key(private_key)?;
                &[("username", username), ("consumer_key", consumer_key)]
            }
            Self::RefreshToken { consumer_key, refresh_token, .. } => {
                &[("consumer_key", consumer_key), ("refresh_token", refresh_token.expose_secret())]
            }
            Self::AccessToken { access_token, .. } => &[("access_token", access_token.expose_secret())],
        };
        match texts.iter().find(|(_, text)| text.trim().is_empty()) {
            Some((option, _)) => {
                let cause = format!("`{option}` is empty");
                Err(Error::configuration("use the credentials", cause).with_hint(format!("set `{option}`")))
            }
            None => Ok(()),
        }
    }
}
