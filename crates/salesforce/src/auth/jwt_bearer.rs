//! The OAuth flow of an app that proves itself with a private key, whose certificate the app in Salesforce knows.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Session, SignIn, oauth};
use crate::domain;
use crate::error::{Error, Result};

/// Salesforce refuses an assertion that is valid for more than three minutes. Two leave room for clocks that differ.
const LIFETIME_SECS: i64 = 120;

pub(super) async fn open(
    sign_in: &SignIn<'_>,
    username: &str,
    consumer_key: &str,
    private_key: &SecretString,
) -> Result<Session> {
    let claims = json!({
        "iss": consumer_key,
        "sub": username,
        "aud": domain::audience(sign_in.connection),
        "exp": sign_in.clock.now().as_second() + LIFETIME_SECS,
    });
    let assertion = sign(&claims.to_string(), private_key)?;
    sign_in.keep_secret(assertion.expose_secret());
    let form =
        [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.expose_secret())];
    let session = oauth::open(sign_in, &form).await?;
    Ok(Session { username: Some(username.to_owned()), ..session })
}

/// Finds out whether `private_key` can sign.
pub(crate) fn check_key(private_key: &SecretString) -> Result<()> {
    key(private_key).map(|_| ())
}

/// Returns the assertion as compact JWT.
fn sign(claims: &str, private_key: &SecretString) -> Result<SecretString> {
    let key = key(private_key)?;
    let text =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|error| unusable("signing with it failed").because(&error))?;
    Ok(SecretString::from(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// Reads an RSA key. Environment variables often hold its line ends as `\n`.
fn key(private_key: &SecretString) -> Result<RsaKeyPair> {
    let pem = SecretString::from(private_key.expose_secret().replace("\\n", "\n"));
    if pem.expose_secret().contains("ENCRYPTED") {
        return Err(
            unusable("it is encrypted").with_hint("remove its password: `openssl pkey -in encrypted.pem -out key.pem`")
        );
    }
    // The reason is not repeated: it could quote the key.
    let der = PrivateKeyDer::from_pem_slice(pem.expose_secret().as_bytes()).map_err(|_| unusable("it is not PEM"))?;
    let rejected = |error: &dyn Display| unusable("it is not an RSA key of 2048 to 4096 bits").because(error);
    match der {
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|error| rejected(&error)),
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).map_err(|error| rejected(&error)),
        _ => Err(unusable("it is not an RSA key")),
    }
}

fn unusable(cause: &'static str) -> Error {
    Error::configuration("use the private key", cause)
        .with_hint("give the RSA key, in PEM (PKCS #8 or PKCS #1), that belongs to the certificate uploaded to the app")
}
