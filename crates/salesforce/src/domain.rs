//! Finds the host to sign in at, from whatever people paste as their domain.
//!
//! It asks no name server: a host that does not exist is found out when it is called.

use std::fmt;

use url::{Host, Url};

use crate::connection::{Connection, Login};
use crate::error::{Error, ErrorKind, Result};
use crate::refusal::NOT_SALESFORCE;
use crate::untrusted::literal;

const PRODUCTION: &str = "https://login.salesforce.com";
const SANDBOX: &str = "https://test.salesforce.com";
/// The second label of the hosts of orgs that are not for production: `acme--uat.sandbox.my.salesforce.com`.
const ORG_KINDS: [&str; 7] = ["sandbox", "develop", "scratch", "demo", "patch", "trailblaze", "free"];
/// What stands in place of `.my.salesforce.` in the addresses that a browser shows.
const BROWSER_HOSTS: [(&str, &str); 3] = [
    (".lightning.force.", ".my.salesforce."),
    (".lightning.crmforce.", ".my.salesforce."),
    (".my.salesforce-setup.", ".my.salesforce."),
];

/// Returns the origin to sign in at: `login_url`, else `domain`, else the host that all orgs share.
pub(crate) fn login_origin(connection: &Connection) -> Result<Url> {
    if let Some(url) = &connection.login_url {
        return origin(url, "login_url");
    }
    let origin = match connection.domain.as_deref().map(str::trim).filter(|domain| !domain.is_empty()) {
        Some(domain) => normalise(domain)?,
        None => shared(connection.sandbox),
    };
    let needs_own_domain = matches!(connection.login, Login::ClientCredentials { .. });
    if needs_own_domain && [PRODUCTION, SANDBOX].iter().any(|shared| is_same(&origin, shared)) {
        let cause = "Salesforce takes client credentials only at the org's own domain";
        return Err(Error::configuration("find the host to sign in at", cause)
            .with_hint("set `domain` to the org's own, such as `https://acme.my.salesforce.com` (Setup → My Domain)"));
    }
    Ok(origin)
}

/// Returns who a JWT is meant for. It is always one of the two hosts that orgs share, wherever it is sent.
pub(crate) fn audience(connection: &Connection) -> &'static str {
    let is_sandbox_domain =
        || connection.domain.as_deref().is_some_and(|domain| domain.to_ascii_lowercase().contains(".sandbox"));
    if connection.sandbox || is_sandbox_domain() { SANDBOX } else { PRODUCTION }
}

/// Returns scheme, host and port of `url`, which is the value of `option`.
pub(crate) fn origin(url: &Url, option: &str) -> Result<Url> {
    let refuse = |cause: String| Err(Error::configuration(format!("use `{option}`"), cause));
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("an address with a user or a password in it is not taken".to_owned());
    }
    if !is_safe(url) {
        let cause = format!("`{}://{}` is not encrypted", url.scheme(), url.host_str().unwrap_or_default());
        return Err(Error::configuration(format!("use `{option}`"), cause)
            .with_hint("begin the address with `https://`; `http://` is for this machine alone"));
    }
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin.set_fragment(None);
    Ok(origin)
}

/// Returns the origin of the org whose address `login` answered with. It is any host that `login` names, which has the password already: orgs
/// live under many domains. But what was said in secret stays so.
pub(crate) fn instance_origin(action: &str, login: &Url, address: &str) -> Result<Url> {
    let refuse = |why: &dyn fmt::Display| {
        let cause = "the address of the org in the answer is not usable";
        Error::new(ErrorKind::UnexpectedAnswer, action.to_owned(), cause).because(why).with_hint(NOT_SALESFORCE)
    };
    let url = Url::parse(address).map_err(|error| refuse(&error))?;
    if url.scheme() == "http" && login.scheme() == "https" {
        return Err(refuse(&format!(
            "`http://{}` is not encrypted, as the login is",
            url.host_str().unwrap_or_default()
        )));
    }
    origin(&without_api(url), "instance_url").map_err(|error| refuse(&error.cause()))
}

/// Old orgs name a host that has no REST API: `na1-api.salesforce.com` for `na1.salesforce.com`.
pub(crate) fn without_api(url: Url) -> Url {
    let Some(org) = url.host_str().and_then(|host| host.strip_suffix("-api.salesforce.com")) else {
        return url;
    };
    Url::parse(&format!("https://{org}.salesforce.com")).unwrap_or(url)
}

/// Returns whether a password may be sent to `url`: encrypted, or to this machine.
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => url.host().is_some_and(|host| is_loopback(&host)),
        _ => false,
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
    }
}

fn is_same(origin: &Url, shared: &str) -> bool {
    origin.as_str().trim_end_matches('/') == shared
}

fn shared(sandbox: bool) -> Url {
    Url::parse(if sandbox { SANDBOX } else { PRODUCTION }).expect("both hosts are constants")
}

/// Returns the origin that `domain` means: a URL, a host, or the beginning of one.
pub(crate) fn normalise(domain: &str) -> Result<Url> {
    let refuse = || {
        Error::configuration("use `domain`", format!("{} is not a host name", literal(domain)))
            .with_hint("set `domain` to something like `https://acme.my.salesforce.com` or `acme`")
    };
    let (scheme, rest) = domain.trim().split_once("://").unwrap_or(("https", domain.trim()));
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let mut url = Url::parse(&format!("{}://{authority}", scheme.to_ascii_lowercase())).map_err(|_| refuse())?;
    let Some(Host::Domain(name)) = url.host().map(|host| host.to_owned()) else {
        return origin(&url, "domain");
    };
    let host = complete(name.trim_end_matches('.'));
    if !is_host_name(&host) {
        return Err(refuse());
    }
    url.set_host(Some(&host)).map_err(|_| refuse())?;
    origin(&url, "domain")
}

/// Adds what is missing after the name of an org, and turns an address of the browser into the one of the API.
fn complete(host: &str) -> String {
    for (browser, api) in BROWSER_HOSTS {
        if let Some((org, ending)) = host.split_once(browser) {
            return format!("{org}{api}{ending}");
        }
    }
    let labels: Vec<&str> = host.split('.').collect();
    match labels[..] {
        ["localhost"] | [.., "localhost"] => host.to_owned(),
        ["login" | "test"] => format!("{host}.salesforce.com"),
        [org] if org.contains("--") => format!("{org}.sandbox.my.salesforce.com"),
        [_] => format!("{host}.my.salesforce.com"),
        [.., kind] if ORG_KINDS.contains(&kind) => format!("{host}.my.salesforce.com"),
        [.., "my"] => format!("{host}.salesforce.com"),
        [.., "my", "salesforce"] | ["login" | "test", "salesforce"] => format!("{host}.com"),
        _ => host.to_owned(),
    }
}

fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        matches!(label.len(), 1..=63)
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_domain_is_understood_however_it_is_pasted() {
        let cases = [
            ("acme", "https://acme.my.salesforce.com/"),
            ("acme.my", "https://acme.my.salesforce.com/"),
            ("acme.my.salesforce", "https://acme.my.salesforce.com/"),
            ("acme.my.salesforce.com", "https://acme.my.salesforce.com/"),
            (" ACME.my.salesforce.com ", "https://acme.my.salesforce.com/"),
            ("acme.my.salesforce.com.", "https://acme.my.salesforce.com/"),
            ("https://acme.my.salesforce.com", "https://acme.my.salesforce.com/"),
            ("HTTPS://acme.my.salesforce.com//", "https://acme.my.salesforce.com/"),
            ("https://acme.my.salesforce.com/services/oauth2/token?x=1#y", "https://acme.my.salesforce.com/"),
            ("acme.my.salesforce.com/setup", "https://acme.my.salesforce.com/"),
            ("https://acme.lightning.force.com/lightning/page/home", "https://acme.my.salesforce.com/"),
            ("https://acme--uat.sandbox.lightning.force.com/one", "https://acme--uat.sandbox.my.salesforce.com/"),
            ("https://acme.my.salesforce-setup.com/lightning/setup", "https://acme.my.salesforce.com/"),
            ("acme--uat", "https://acme--uat.sandbox.my.salesforce.com/"),
            ("acme--uat.sandbox", "https://acme--uat.sandbox.my.salesforce.com/"),
            ("acme--uat.sandbox.my", "https://acme--uat.sandbox.my.salesforce.com/"),
            ("acme--uat.sandbox.my.salesforce.com/", "https://acme--uat.sandbox.my.salesforce.com/"),
            ("acme-dev-ed.develop", "https://acme-dev-ed.develop.my.salesforce.com/"),
            ("acme-dev-ed.develop.my", "https://acme-dev-ed.develop.my.salesforce.com/"),
            ("acme.my.salesforce.mil", "https://acme.my.salesforce.mil/"),
            ("https://acme.my.salesforce.mil/", "https://acme.my.salesforce.mil/"),
            ("https://acme.lightning.crmforce.mil/", "https://acme.my.salesforce.mil/"),
            ("acme.my.cloud.salesforce.mil", "https://acme.my.cloud.salesforce.mil/"),
            ("acme.my.sfcrmproducts.cn", "https://acme.my.sfcrmproducts.cn/"),
            ("acme.my.site.com", "https://acme.my.site.com/"),
            ("sf.example.com", "https://sf.example.com/"),
            ("sf.example.com:8443/path", "https://sf.example.com:8443/"),
            ("login", "https://login.salesforce.com/"),
            ("test", "https://test.salesforce.com/"),
            ("login.salesforce.com", "https://login.salesforce.com/"),
            ("http://127.0.0.1:8123", "http://127.0.0.1:8123/"),
            ("http://localhost:8123/", "http://localhost:8123/"),
            ("http://[::1]:8123", "http://[::1]:8123/"),
            ("localhost", "https://localhost/"),
        ];
        for (domain, origin) in cases {
            assert_eq!(normalise(domain).unwrap().as_str(), origin, "{domain}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let cases = [
            "",
            "https://",
            "https:///x",
            "a b",
            "acme..my",
            "acme$.my",
            "%",
            "http://acme.my.salesforce.com",
            "u:p@acme.com",
            "ftp://acme.com",
        ];
        for domain in cases {
            let error = normalise(domain).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Configuration, "{domain}");
        }
    }

    #[test]
    fn the_word_http_is_for_this_machine_alone() {
        for host in ["127.0.0.2", "[::1]", "localhost", "org.localhost"] {
            assert!(normalise(&format!("http://{host}")).is_ok(), "{host}");
        }
        for host in ["128.0.0.1", "0.0.0.0", "localhost.example.com", "127.0.0.1.example.com", "[::2]"] {
            assert!(normalise(&format!("http://{host}")).is_err(), "{host}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_pasted_ends_in_a_safe_origin_or_an_error(domain in ".{0,80}|(https?://)?[a-z0-9.:/@-]{0,30}") {
            if let Ok(origin) = normalise(&domain) {
                prop_assert!(is_safe(&origin));
                prop_assert_eq!(origin.path(), "/");
                prop_assert_eq!(normalise(origin.as_str()).unwrap(), origin);
            }
        }
    }
}
