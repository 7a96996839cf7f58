//! The emulator's own certificate authority, made anew at each start.
//!
//! It knows one leaf, for this machine's loopback names and for Salesforce's (see `proxy`). Nothing is written to disk here and no key leaves the process.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{ServerConfig, crypto::ring::default_provider};
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::emulator::StartError;

/// Names the certificate is good for.
const NAMES: [&str; 8] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "*.salesforce.com",
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
    "*.develop.my.salesforce.com",
    "*.scratch.my.salesforce.com",
];

/// A certificate authority's certificate and a server that presents a leaf signed by it.
pub(crate) struct Certificate {
    /// The authority's certificate, which a client has to trust.
    pub(crate) ca_pem: String,
    pub(crate) acceptor: TlsAcceptor,
}

impl Certificate {
    /// Makes a new authority and leaf.
    pub(crate) fn generate() -> Result<Self, StartError> {
        let ca_key = KeyPair::generate().map_err(StartError::Certificate)?;
        let ca = authority_params();
        let ca_certificate = ca.self_signed(&ca_key).map_err(StartError::Certificate)?;
        let issuer = Issuer::new(ca, ca_key);

        let leaf_key = KeyPair::generate().map_err(StartError::Certificate)?;
        let leaf = leaf_params().and_then(|p| p.signed_by(&leaf_key, &issuer)).map_err(StartError::Certificate)?;

        let key = PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into());
        let chain = vec![leaf.der().clone(), ca_certificate.der().clone()];
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(StartError::Tls)?;
        Ok(Self { ca_pem: ca_certificate.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, "orgtap emulator CA");
    params
}

fn leaf_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
