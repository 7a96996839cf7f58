//! HTTPS with the emulator's own certificate authority.

use std::sync::Arc;

use orgtap_emulator::{Emulator, EmulatorOptions};
use rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::client::{read_answer, small_org};

async fn get_versions(emulator: &Emulator, host: &'static str, roots: RootCertStore) -> Result<u16, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let url = emulator.url();
    let stream = TcpStream::connect(url.strip_prefix("https://").unwrap()).await.unwrap();
    let name = ServerName::try_from(host).unwrap();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let mut stream = connected.map_err(|error| error.to_string())?;
    let request = format!("GET /services/data HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Ok(read_answer(&bytes, false).unwrap().status)
}

#[tokio::test]
async fn the_certificate_is_good_for_loopback_names_and_for_those_who_trust_it() {
    let emulator = Emulator::start(small_org(), EmulatorOptions { tls: true, ..Default::default() }).await.unwrap();
    let mut trusting = RootCertStore::empty();
    trusting.add(CertificateDer::from_pem_slice(emulator.ca_pem().unwrap().as_bytes()).unwrap()).unwrap();

    assert_eq!(get_versions(&emulator, "localhost", trusting.clone()).await, Ok(200));
    assert_eq!(get_versions(&emulator, "127.0.0.1", trusting.clone()).await, Ok(200));
    assert!(get_versions(&emulator, "example.com", trusting).await.unwrap_err().contains("not valid for name"));
    assert!(get_versions(&emulator, "localhost", RootCertStore::empty()).await.unwrap_err().contains("UnknownIssuer"));
}

/// Asks for the versions through the emulator's proxy, under one of Salesforce's names.
async fn get_through_proxy(emulator: &Emulator, host: &'static str, path: &str) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(emulator.ca_pem().unwrap().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let proxy = emulator.settings().proxy_url.unwrap();
    let mut stream = TcpStream::connect(proxy.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    if !head.starts_with(b"HTTP/1.1 200 ") {
        return Err(String::from_utf8(head).unwrap());
    }
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from(host).unwrap(), stream).await.unwrap();
    let token = emulator.settings().access_token;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Ok(read_answer(&bytes, false).unwrap().text())
}

#[tokio::test]
async fn salesforces_names_lead_to_the_org_through_the_proxy_and_nowhere_else() {
    let emulator = Emulator::start(small_org(), EmulatorOptions { tls: true, ..Default::default() }).await.unwrap();
    let host = "orgtap-demo.my.salesforce.com";

    let identity = get_through_proxy(&emulator, host, "/services/oauth2/userinfo").await.unwrap();

    assert_eq!(emulator.settings().my_domain_url.as_deref(), Some("https://orgtap-demo.my.salesforce.com"));
    assert!(identity.contains("https://orgtap-demo.my.salesforce.com/services/data/v{version}/"), "{identity}");
    assert!(get_through_proxy(&emulator, "example.com", "/").await.unwrap_err().starts_with("HTTP/1.1 403 "));
}

#[tokio::test]
async fn a_silent_client_does_not_hold_up_the_next() {
    let emulator = Emulator::start(small_org(), EmulatorOptions { tls: true, ..Default::default() }).await.unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(emulator.ca_pem().unwrap().as_bytes()).unwrap()).unwrap();

    let silent = TcpStream::connect(emulator.url().strip_prefix("https://").unwrap()).await.unwrap();
    assert_eq!(get_versions(&emulator, "localhost", roots).await, Ok(200));
    drop(silent);
}

#[tokio::test]
async fn the_authority_is_written_where_the_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let emulator = Emulator::start(small_org(), EmulatorOptions { tls: true, ..Default::default() }).await.unwrap();

    assert_eq!(emulator.settings().ca_file, None);
    emulator.write_ca(&file).unwrap();

    assert_eq!(std::fs::read_to_string(&file).unwrap(), emulator.ca_pem().unwrap());
    assert_eq!(emulator.settings().ca_file.as_deref(), file.to_str());
}
