//! Builds the HTTP client: TLS that is always verified, and the proxies of the configuration alone.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use reqwest::{NoProxy, Proxy, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use secrecy::ExposeSecret;

use crate::connection::{HttpOptions, Proxies, ProxyServer};
use crate::error::{Error, Result};
use crate::untrusted::literal;

/// Salesforce closes idle connections, and a request on a dead one may be lost: ours close first.
const IDLE: std::time::Duration = std::time::Duration::from_secs(30);

pub(super) fn client(options: &HttpOptions) -> Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(options.ca_file.as_deref())?)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(IDLE)
        .user_agent(&options.user_agent);
    for proxy in proxies(&options.proxies)? {
        builder = builder.proxy(proxy);
    }
    builder
        .build()
        .map_err(|error| Error::configuration("prepare the HTTP client", "an option is not usable").because(&error))
}

/// The certificates that the system trusts, read when they are first needed: there are many of them.
static SYSTEM_ROOTS: LazyLock<RootCertStore> = LazyLock::new(|| {
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "could not load certificates of the system");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(native.certs);
    roots
});

fn tls(ca_file: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = SYSTEM_ROOTS.clone();
    if let Some(path) = ca_file {
        add_ca_file(&mut roots, path)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::configuration("prepare TLS", "no protocol version is usable").because(&error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn add_ca_file(roots: &mut RootCertStore, path: &Path) -> Result<()> {
    let action = format!("read the certificates of `ca_file` {}", literal(&path.display().to_string()));
    let fail = |cause: &'static str| {
        Error::configuration(action.clone(), cause)
            .with_hint("let `ca_file` name a readable file of certificates in PEM")
    };
    let pem = std::fs::read(path).map_err(|error| fail("the file cannot be read").because(&error))?;
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| fail("the file is not PEM").because(&error))?;
        roots.add(certificate).map_err(|error| fail("a certificate is not usable").because(&error))?;
        found = true;
    }
    if found { Ok(()) } else { Err(fail("there is none in the file")) }
}

fn proxies(proxies: &Proxies) -> Result<Vec<Proxy>> {
    let Proxies { https, http, no_proxy } = proxies;
    let without: Vec<&str> = no_proxy.iter().map(|host| host.trim().trim_start_matches("*.")).collect();
    // The matcher takes the asterisk for names alone, not for addresses.
    if without.contains(&"*") {
        return Ok(Vec::new());
    }
    let without = NoProxy::from_string(&without.join(","));
    let https = https.as_ref().map(|server| proxy(server, Proxy::https)).transpose()?;
    let http = http.as_ref().map(|server| proxy(server, Proxy::http)).transpose()?;
    Ok([https, http].into_iter().flatten().map(|proxy| proxy.no_proxy(without.clone())).collect())
}

fn proxy(server: &ProxyServer, make: fn(url::Url) -> reqwest::Result<Proxy>) -> Result<Proxy> {
    let unusable = |cause: &str| {
        Error::configuration("use the proxy", cause)
            .with_hint("set the proxy's `url` to something like `http://proxy.example.com:3128`")
    };
    if !matches!(server.url.scheme(), "http" | "https") {
        return Err(unusable(&format!("{} is not a kind of proxy that is known here", literal(server.url.scheme()))));
    }
    let mut url = server.url.clone();
    if server.username.is_some() {
        // Neither can fail on an address with a host, and every `http` address has one.
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            return Err(unusable("its address has no host"));
        }
    }
    let proxy = make(url).map_err(|error| unusable("its address is not usable").because(&error.without_url()))?;
    Ok(match &server.username {
        Some(username) => {
            proxy.basic_auth(username, server.password.as_ref().map_or("", |password| password.expose_secret()))
        }
        None => proxy,
    })
}
