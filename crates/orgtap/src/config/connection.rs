//! `[connection]` → [`Connection`]: which options each login method takes, and what must be readable before anything is sent.

use std::fs;
use std::path::Path;

use orgtap_salesforce::{ApiVersion, Connection, HttpOptions, Login, Proxies};
use secrecy::SecretString;
use url::Url;

use super::document::{Node, Value};
use super::file::{ConnectionTable, LoginMethod};
use super::problem::{KeyPath, Problem};
use super::proxy;
use crate::env::{self, Environment};

/// The options that belong to some login methods only.
const CREDENTIALS: [&str; 10] = [
    "username",
    "password",
    "security_token",
    "consumer_key",
    "consumer_secret",
    "private_key",
    "private_key_file",
    "refresh_token",
    "access_token",
    "instance_url",
];

impl LoginMethod {
    fn name(self) -> &'static str {
        match self {
            Self::SecurityToken => "security_token",
            Self::ConnectedApp => "connected_app",
            Self::ClientCredentials => "client_credentials",
            Self::JwtBearer => "jwt_bearer",
            Self::RefreshToken => "refresh_token",
            Self::AccessToken => "access_token",
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::SecurityToken => &["username", "password", "security_token"],
            Self::ConnectedApp => &["username", "password", "consumer_key", "consumer_secret"],
            Self::ClientCredentials => &["consumer_key", "consumer_secret"],
            Self::JwtBearer => &["username", "consumer_key"],
            Self::RefreshToken => &["consumer_key", "refresh_token"],
            Self::AccessToken => &["access_token", "instance_url"],
        }
    }

    fn optional(self) -> &'static [&'static str] {
        match self {
            Self::ConnectedApp => &["security_token"],
            Self::JwtBearer => &["private_key", "private_key_file"],
            Self::RefreshToken => &["consumer_secret"],
            Self::SecurityToken | Self::ClientCredentials | Self::AccessToken => &[],
        }
    }
}

/// Where a configuration stands, for what it refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The folder of the configuration file, where relative paths start.
    pub(crate) folder: &'a Path,
    /// The environment variables.
    pub(crate) environment: &'a Environment,
}

/// Builds the connection that `table` describes. Where something is added to `problems`, the result is not to be used.
pub(crate) fn build(
    mut table: ConnectionTable,
    node: &Node,
    path: &KeyPath,
    around: Surroundings<'_>,
    problems: &mut Vec<Problem>,
) -> Connection {
    check_keys(table.login_method, node, path, problems);
    let mut rules = Rules { node, path, problems };
    let login_url = rules.login_url(table.login_url.take(), around.environment);
    if table.login_method == LoginMethod::ClientCredentials && table.domain.is_none() && login_url.is_none() {
        rules.report(
            "domain",
            "is missing: login_method `client_credentials` needs it, such as `https://acme.my.salesforce.com`",
        );
    }
    if table.domain.as_ref().is_some_and(|domain| domain.trim().is_empty()) {
        rules.report("domain", "must not be empty; leave it out to sign in at the host that `sandbox` chooses");
    }
    let api_version = rules.api_version(table.api_version.take());
    let proxies = match (table.proxy.take(), node.entry("proxy")) {
        (Some(proxy), Some(entry)) => proxy::from_table(proxy, &entry.node, &path.key("proxy"), rules.problems),
        _ => rules.environment_proxies(around.environment),
    };
    let ca_file = table.ca_file.take().map(|file| around.folder.join(file));
    if let Some(file) = &ca_file {
        rules.content_of("ca_file", file);
    }
    let (domain, sandbox) = (table.domain.take(), table.sandbox);
    let login = rules.login(table, around.folder);
    Connection {
        login,
        login_url,
        domain,
        sandbox,
        api_version,
        http: HttpOptions { proxies, ca_file, ..HttpOptions::default() },
    }
}

/// Holds the credentials that are there against those that the method takes.
fn check_keys(method: LoginMethod, node: &Node, path: &KeyPath, problems: &mut Vec<Problem>) {
    for key in CREDENTIALS {
        let is_required = method.required().contains(&key);
        let entry = node.entry(key);
        let message = match entry.map(|entry| &entry.node.value) {
            None if is_required && key == "security_token" => {
                "is missing: login_method `security_token` needs it; `\"\"` is for orgs that trust this machine's address".to_owned()
            }
            None if is_required => format!("is missing: login_method `{}` needs it", method.name()),
            Some(_) if !is_required && !method.optional().contains(&key) => {
                format!("is not used by login_method `{}`", method.name())
            }
            // An empty token is what a trusted network needs; an empty variable elsewhere would only fail at sign-in.
            Some(Value::Text { text, .. }) if key != "security_token" && text.trim().is_empty() => "must not be empty".to_owned(),
            _ => continue,
        };
        problems.push(node.problem(path, key, message));
    }
}

/// The rules for single options, with where their problems go.
struct Rules<'a> {
    node: &'a Node,
    path: &'a KeyPath,
    problems: &'a mut Vec<Problem>,
}

impl Rules<'_> {
    fn report(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(self.node.problem(self.path, key, message.into()));
    }

    fn login_url(&mut self, configured: Option<String>, environment: &Environment) -> Option<Url> {
        let (text, replaced) = match environment.first_of(&[env::LOGIN_URL]) {
            Some((name, value)) => (value, format!("is replaced by the environment variable `{name}`, which ")),
            None => (configured?, String::new()),
        };
        self.url("login_url", &text, &replaced)
    }

    fn url(&mut self, key: &str, text: &str, introduction: &str) -> Option<Url> {
        let text = text.trim();
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url =
            Url::parse(&with_scheme).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            self.report(key, format!("{introduction}is not a URL such as `https://acme.my.salesforce.com`"));
        }
        url
    }

    fn api_version(&mut self, text: Option<String>) -> ApiVersion {
        let Some(text) = text else { return ApiVersion::default() };
        text.parse().unwrap_or_else(|_| {
            let oldest = ApiVersion::OLDEST;
            self.report(
                "api_version",
                format!("must be a version from `{oldest}` on, such as `{}`", ApiVersion::default()),
            );
            ApiVersion::default()
        })
    }

    fn environment_proxies(&mut self, environment: &Environment) -> Proxies {
        let (node, path) = (self.node, self.path);
        proxy::from_environment(environment, |message| node.problem(path, "proxy", message), self.problems)
    }

    /// Gathers the credentials. Those that are missing have been reported, and stand as empty texts until the problems are.
    fn login(&mut self, table: ConnectionTable, folder: &Path) -> Login {
        let username = table.username.clone().unwrap_or_default();
        let password = table.password.clone().unwrap_or_default();
        let consumer_key = table.consumer_key.clone().unwrap_or_default();
        let consumer_secret = table.consumer_secret.clone().unwrap_or_default();
        match table.login_method {
            LoginMethod::SecurityToken => {
                Login::SecurityToken { username, password, security_token: table.security_token.unwrap_or_default() }
            }
            LoginMethod::ConnectedApp => Login::ConnectedApp {
                username,
                password,
                security_token: table.security_token,
                consumer_key,
                consumer_secret,
            },
            LoginMethod::ClientCredentials => Login::ClientCredentials { consumer_key, consumer_secret },
            LoginMethod::JwtBearer => {
                Login::JwtBearer { username, consumer_key, private_key: self.private_key(table, folder) }
            }
            LoginMethod::RefreshToken => Login::RefreshToken {
                consumer_key,
                consumer_secret: table.consumer_secret,
                refresh_token: table.refresh_token.unwrap_or_default(),
            },
            LoginMethod::AccessToken => Login::AccessToken {
                access_token: table.access_token.unwrap_or_default(),
                instance_url: self.instance_url(table.instance_url.as_deref()),
            },
        }
    }

    /// Reads a text file that the option `key` names.
    fn content_of(&mut self, key: &str, file: &Path) -> Option<String> {
        fs::read_to_string(file)
            .map_err(|error| self.report(key, format!("cannot be read: `{}`: {error}", file.display())))
            .ok()
    }

    fn instance_url(&mut self, text: Option<&str>) -> Url {
        let url = text.filter(|text| !text.trim().is_empty()).and_then(|text| self.url("instance_url", text, ""));
        url.unwrap_or_else(|| Url::parse("https://missing.invalid").expect("a literal URL parses"))
    }

    fn private_key(&mut self, table: ConnectionTable, folder: &Path) -> SecretString {
        match (table.private_key, table.private_key_file) {
            (Some(key), None) => key,
            (None, Some(file)) => self.content_of("private_key_file", &folder.join(file)).unwrap_or_default().into(),
            (Some(_), Some(_)) => {
                self.report("private_key", "and `private_key_file` exclude each other; keep one");
                SecretString::default()
            }
            (None, None) => {
                self.report("private_key_file", "is missing: login_method `jwt_bearer` needs it, or `private_key`");
                SecretString::default()
            }
        }
    }
}
