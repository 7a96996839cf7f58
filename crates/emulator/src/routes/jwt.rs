//! JWTs of the bearer flow: signed by the client's key, for this org's user, and fresh.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Request, auth::oauth};
use crate::{answer::Refusal, emulator::JWT_PRIVATE_KEY};

/// How far ahead a JWT may expire, with room for clocks that differ a little.
const MAX_LIFE: Duration = Duration::from_secs(3 * 60 + 30);

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    /// Seconds since 1970, as a number or, as some clients send it, as text.
    exp: Json,
}

impl Claims {
    fn expiry(&self) -> Option<f64> {
        self.exp.as_f64().or_else(|| self.exp.as_str()?.parse().ok())
    }
}

/// Checks an assertion of the JWT bearer flow.
pub(super) fn check(assertion: &str, request: &Request) -> Result<(), Refusal> {
    let invalid = || oauth("invalid_grant", "invalid assertion");
    let claims = read_signed(assertion).ok_or_else(invalid)?;
    let identity = request.server.org.identity();
    if claims.iss != identity.consumer_key {
        return Err(oauth("invalid_client_id", "client identifier invalid"));
    }
    if !is_audience(&claims.aud, request) {
        return Err(oauth("invalid_grant", "audience is invalid"));
    }
    if !claims.expiry().is_some_and(|expiry| is_fresh(expiry, request)) {
        return Err(invalid());
    }
    if !claims.sub.eq_ignore_ascii_case(&identity.username) {
        return Err(oauth("invalid_grant", "user hasn't approved this consumer"));
    }
    Ok(())
}

/// Returns the claims if the signature is right.
fn read_signed(assertion: &str) -> Option<Claims> {
    let (signed, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
    if header.alg != "RS256" {
        return None;
    }
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key())
        .verify(signed.as_bytes(), &decode(signature)?)
        .ok()?;
    serde_json::from_slice(&decode(claims)?).ok()
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn public_key() -> Vec<u8> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(JWT_PRIVATE_KEY.as_bytes()).expect("the built-in key is PEM");
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("the built-in key is an RSA key");
    pair.public_key().as_ref().to_vec()
}

/// Salesforce wants the login host of the kind of org, or the org's own domain.
fn is_audience(audience: &str, request: &Request) -> bool {
    let audience = audience.trim_end_matches('/');
    let login_host = if request.server.org.identity().sandbox {
        "https://test.salesforce.com"
    } else {
        "https://login.salesforce.com"
    };
    audience == login_host || audience == request.base_url || audience == request.server.url()
}

/// Whether the expiry lies ahead, and not too far, by the org's clock or by this machine's: a client signs by its own
/// clock, which a test may have set to the org's or not.
fn is_fresh(expiry: f64, request: &Request) -> bool {
    let org = request.server.org.now().as_second() as f64;
    [Some(org), machine_seconds()]
        .into_iter()
        .flatten()
        .any(|now| expiry > now && expiry <= now + MAX_LIFE.as_secs_f64())
}

#[expect(clippy::disallowed_methods, reason = "other programs sign their assertions by the machine's clock")]
fn machine_seconds() -> Option<f64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64())
}
