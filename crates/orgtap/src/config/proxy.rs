//! Which proxy to go through: the configuration's, or that of the environment's usual variables.
//!
//! A proxy that cannot be used is an error, never a reason to go without one.

use orgtap_salesforce::{Proxies, ProxyServer};
use secrecy::ExposeSecret;
use url::Url;

use super::document::Node;
use super::file::ProxyTable;
use super::problem::{KeyPath, Problem};
use crate::env::{self, Environment};

/// Returns the proxies of `[connection.proxy]`.
pub(crate) fn from_table(table: ProxyTable, node: &Node, path: &KeyPath, problems: &mut Vec<Problem>) -> Proxies {
    if table.password.is_some() && table.username.is_none() {
        problems.push(node.problem(path, "username", "is missing: `password` needs it"));
    }
    match parse(table.url.expose_secret()) {
        Ok(url) => {
            let server = ProxyServer { url, username: table.username, password: table.password };
            Proxies { https: Some(server.clone()), http: Some(server), no_proxy: table.no_proxy }
        }
        Err(message) => {
            problems.push(node.problem(path, "url", message));
            Proxies::default()
        }
    }
}

/// Returns the proxies that the environment names. `problem` makes a problem of a message that continues the name of the option.
pub(crate) fn from_environment<P>(
    environment: &Environment,
    problem: impl Fn(String) -> P,
    problems: &mut Vec<P>,
) -> Proxies {
    let mut server = |names: &[&'static str; 2]| {
        let (name, value) = environment.first_of(names).or_else(|| environment.first_of(&env::ALL_PROXY))?;
        match parse(&value) {
            Ok(url) => Some(ProxyServer { url, username: None, password: None }),
            Err(message) => {
                problems.push(problem(format!("is absent, and the environment variable `{name}` {message}")));
                None
            }
        }
    };
    let no_proxy = environment.first_of(&env::NO_PROXY).map(|(_, value)| value).unwrap_or_default();
    Proxies {
        https: server(&env::HTTPS_PROXY),
        http: server(&env::HTTP_PROXY),
        no_proxy: no_proxy.split([',', ' ']).filter(|host| !host.is_empty()).map(str::to_owned).collect(),
    }
}

/// Parses a proxy's URL. The messages never repeat it, for it may hold a password.
fn parse(text: &str) -> Result<Url, String> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&with_scheme).ok().filter(Url::has_host);
    let url = url.ok_or_else(|| "is not a URL such as `http://proxy.example.com:3128`".to_owned())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("is a `{other}` proxy; only http and https proxies can be used")),
    }
}
