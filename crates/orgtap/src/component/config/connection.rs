//! Who signs in where, and through which proxy.

use std::fmt::Display;

use orgtap_salesforce::{ApiVersion, Connection, HttpOptions, Login, Proxies, ProxyServer};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::keys;
use super::value::Section;
use crate::config::proxy;
use crate::env::{self, Environment};
use crate::nearest::nearest;
use crate::output::format::printable;

const LOGIN_METHODS: [&str; 3] = ["security_token", "connected_app", "connected_app_oauth_cc"];
/// The API version of configurations that do not name one.
const USUAL_VERSION: &str = "52.0";

/// How to sign in.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) connection: Connection,
    /// The same by way of a proxy without TLS, where the configuration leaves open which it is.
    pub(crate) plain_proxy: Option<Connection>,
    /// Whether the configuration names a proxy.
    pub(crate) names_proxy: bool,
}

/// Reads how to sign in. Where problems were found, the result is not to be used.
pub(super) fn read(parameters: &Section<'_>, image: &Section<'_>, environment: &Environment) -> Access {
    let login = login(parameters);
    let sandbox = parameters.flag("sandbox").unwrap_or(false);
    let api_version = api_version(parameters);
    let proxy = proxy_settings(parameters, image, environment);
    let http = |proxies| HttpOptions { proxies, ..HttpOptions::default() };
    let mut connection = Connection {
        login,
        login_url: None,
        domain: domain(parameters, sandbox),
        sandbox,
        api_version,
        http: http(proxy.proxies),
    };
    // Also a domain that a login URL makes useless has to be one.
    if connection.domain.is_some()
        && let Err(error) = connection.check()
        && error.hint().is_some_and(|hint| hint.contains("`domain`"))
    {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        parameters
            .problem("domain", format!("cannot be used: {cause}; it looks like `https://acme.my.salesforce.com`"));
    }
    connection.login_url = login_url(parameters, environment);
    let plain_proxy = proxy.without_tls.map(|proxies| Connection { http: http(proxies), ..connection.clone() });
    Access { connection, plain_proxy, names_proxy: proxy.is_configured }
}

/// Returns the org's own domain. The original knows it for client credentials alone, so a configuration may still carry one beside `sandbox`.
fn domain(parameters: &Section<'_>, sandbox: bool) -> Option<String> {
    let domain = parameters.text("domain")?;
    let is_other_method = parameters.text("login_method").as_deref() != Some("connected_app_oauth_cc");
    if sandbox && is_other_method && !domain.contains(".sandbox") {
        parameters.warn("domain", "is no sandbox, and `sandbox` is on: signing in at test.salesforce.com");
        return None;
    }
    match domain.strip_prefix("http://") {
        Some(host) if !["127.", "localhost", "[::1]"].iter().any(|local| host.starts_with(local)) => {
            Some(host.to_owned())
        }
        _ => Some(domain),
    }
}

fn login_url(parameters: &Section<'_>, environment: &Environment) -> Option<Url> {
    let (name, text) = environment.first_of(&[env::LOGIN_URL])?;
    let url = Url::parse(text.trim()).ok().filter(Url::has_host);
    if url.is_none() {
        parameters.problem("domain", format!("is replaced by the environment variable `{name}`, which is no URL"));
    }
    url
}

fn login(parameters: &Section<'_>) -> Login {
    let method = parameters.text("login_method").unwrap_or_else(|| LOGIN_METHODS[0].to_owned());
    let credentials = Credentials { parameters, method: &method };
    match method.as_str() {
        "connected_app" => Login::ConnectedApp {
            username: credentials.text("username"),
            password: credentials.secret("#password"),
            security_token: None,
            consumer_key: credentials.secret("#consumer_key").expose_secret().to_owned(),
            consumer_secret: credentials.secret("#consumer_secret"),
        },
        "connected_app_oauth_cc" => {
            credentials.text("domain");
            Login::ClientCredentials {
                consumer_key: credentials.secret("#consumer_key").expose_secret().to_owned(),
                consumer_secret: credentials.secret("#consumer_secret"),
            }
        }
        known_or_not => {
            if known_or_not != LOGIN_METHODS[0] {
                unknown_choice(parameters, "login_method", &method, &LOGIN_METHODS);
                return Login::ClientCredentials { consumer_key: String::new(), consumer_secret: String::new().into() };
            }
            Login::SecurityToken {
                username: credentials.text("username"),
                password: credentials.secret("#password"),
                security_token: credentials.secret("#security_token"),
            }
        }
    }
}

/// Reports a value that is none of those that a key takes.
pub(super) fn unknown_choice(section: &Section<'_>, key: &str, value: &str, choices: &[&str]) {
    let shown: String = printable(value).chars().take(60).collect();
    let list: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    let meant = nearest(value, choices.iter().copied());
    let meant = meant.map(|meant| format!(" Did you mean `{meant}`?")).unwrap_or_default();
    section.problem(key, format!("is `{shown}`, which is none of {}.{meant}", list.join(", ")));
}

/// The credentials that a login method needs.
struct Credentials<'a> {
    parameters: &'a Section<'a>,
    method: &'a str,
}

impl Credentials<'_> {
    fn text(&self, key: &str) -> String {
        self.needed(key, self.parameters.text(key))
    }

    fn secret(&self, key: &str) -> SecretString {
        self.needed(key, self.parameters.secret(key))
    }

    fn needed<T: Default>(&self, key: &str, value: Option<T>) -> T {
        if value.is_none() && !self.parameters.has(key) {
            self.parameters.problem(key, format!("is missing: the login method `{}` needs it", self.method));
        }
        value.unwrap_or_default()
    }
}

fn api_version(parameters: &Section<'_>) -> ApiVersion {
    let text = parameters.text_or_number("api_version").unwrap_or_else(|| USUAL_VERSION.to_owned());
    let number = text.trim_start_matches(['v', 'V']);
    let number = if number.contains('.') { number.to_owned() } else { format!("{number}.0") };
    number.parse().unwrap_or_else(|_| {
        let oldest = ApiVersion::OLDEST;
        parameters.problem("api_version", format!("must be an API version from `{oldest}` on, such as `62.0`"));
        ApiVersion::default()
    })
}

/// The proxies to use.
#[derive(Default)]
struct ProxySettings {
    proxies: Proxies,
    /// The same without TLS to the proxy, where nobody said which it is.
    without_tls: Option<Proxies>,
    is_configured: bool,
}

fn proxy_settings(parameters: &Section<'_>, image: &Section<'_>, environment: &Environment) -> ProxySettings {
    let options = parameters.section("proxy");
    options.check_keys(keys::PROXY);
    if !options.flag("use_proxy").unwrap_or(false) {
        let mut problems = Vec::new();
        let proxies = proxy::from_environment(environment, |text| text, &mut problems);
        problems.iter().for_each(|text| parameters.problem("proxy", text));
        return ProxySettings { proxies, ..ProxySettings::default() };
    }
    let flag = "use_http_proxy_as_https";
    let is_plain = options.flag(flag).or_else(|| image.flag(flag)).unwrap_or(false);
    let Some(server) = options.text("proxy_server") else {
        if !options.has("proxy_server") {
            options.problem("proxy_server", "is missing: `use_proxy` is on");
        }
        return ProxySettings::default();
    };
    let (scheme, address) = match server.split_once("://") {
        Some((scheme, address)) => (Some(scheme.to_ascii_lowercase()), address.trim_end_matches('/').to_owned()),
        None => (None, server.trim_end_matches('/').to_owned()),
    };
    let Some(port) = port(&options, &address) else { return ProxySettings::default() };
    let (username, password) = (options.text("username"), options.secret("#password"));
    if username.is_some() != password.is_some() {
        options.warn("username", "and `#password` count together only: the proxy is used without them");
    }
    let (username, password) = username.zip(password).unzip();
    let build = |scheme: &str| match url(scheme, &address, port) {
        Ok(url) => {
            let server = ProxyServer { url, username: username.clone(), password: password.clone() };
            Proxies { https: Some(server.clone()), http: Some(server), no_proxy: Vec::new() }
        }
        Err(message) => {
            options.problem("proxy_server", message);
            Proxies::default()
        }
    };
    match scheme.as_deref() {
        Some(scheme) => ProxySettings { proxies: build(scheme), without_tls: None, is_configured: true },
        None if is_plain => ProxySettings { proxies: build("http"), without_tls: None, is_configured: true },
        None => {
            let proxies = build("https");
            let without_tls = proxies.https.is_some().then(|| build("http"));
            ProxySettings { proxies, without_tls, is_configured: true }
        }
    }
}

/// Returns the port, which may stand behind the server, too.
fn port(options: &Section<'_>, address: &str) -> Option<u16> {
    let behind = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    if !options.has("proxy_port") {
        if behind.is_none() {
            options.problem("proxy_port", "is missing: `use_proxy` is on");
        }
        return behind;
    }
    let number = options.whole_number("proxy_port")?;
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        options.problem("proxy_port", "must be a number from 1 to 65535");
    }
    port
}

/// Builds the address of the proxy. The message never repeats it, for it may hold a password.
fn url(scheme: &str, address: &str, port: u16) -> Result<Url, impl AsRef<str> + Display + use<>> {
    let unusable = || "is not the address of a server, such as `proxy.example.com`".to_owned();
    if !matches!(scheme, "http" | "https") {
        return Err("must be an http or https proxy; no other can be used".to_owned());
    }
    let mut url = Url::parse(&format!("{scheme}://{address}")).map_err(|_| unusable())?;
    let is_bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host_is_fine = url.host_str().is_some_and(|host| !host.is_empty() && !host.contains([' ', '%']));
    if !is_bare || !host_is_fine {
        return Err(unusable());
    }
    url.set_port(Some(port)).map_err(|()| unusable())?;
    Ok(url)
}
