//! The authorization codes of the web-server flow: what each stands for, and how long.
//!
//! How a code is asked for and exchanged is decided in `routes::authorize` and `routes::auth`.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use crate::session::random_text;

/// How long a code may wait for its exchange.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// What a user has allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) redirect_uri: String,
    /// The challenge of PKCE: the SHA-256 of a verifier that only the client knows.
    pub(crate) challenge: Option<String>,
    pub(crate) granted: Timestamp,
}

impl Authorization {
    /// Returns whether `verifier` is what the challenge was made from. Without a challenge none is needed.
    pub(crate) fn is_verified_by(&self, verifier: Option<&str>) -> bool {
        self.challenge.as_ref().is_none_or(|challenge| {
            let made = verifier.map(|verifier| URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())));
            made.is_some_and(|made| made == challenge.trim_end_matches('='))
        })
    }
}

/// The codes that wait for their exchange.
#[derive(Default)]
pub(crate) struct Authorizations(Mutex<HashMap<String, Authorization>>);

impl Authorizations {
    /// Returns a code for what was allowed.
    pub(crate) fn issue(&self, authorization: Authorization) -> String {
        let code = format!("aPrx{}", random_text(60));
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = authorization.granted;
        waiting.retain(|_, waiting| is_fresh(waiting, now));
        waiting.insert(code.clone(), authorization);
        code
    }

    /// Takes what a code stands for. A code can be taken once.
    pub(crate) fn take(&self, code: &str, now: Timestamp) -> Option<Authorization> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(code);
        taken.filter(|authorization| is_fresh(authorization, now))
    }
}

fn is_fresh(authorization: &Authorization, now: Timestamp) -> bool {
    now.duration_since(authorization.granted).unsigned_abs() < LIFETIME
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(challenge: Option<&str>) -> Authorization {
        let challenge = challenge.map(str::to_owned);
        Authorization { redirect_uri: "http://localhost/".to_owned(), challenge, granted: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_verifier_of_rfc_7636_fits_its_challenge() {
        let authorization = authorization(Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));

        assert!(authorization.is_verified_by(Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
        assert!(!authorization.is_verified_by(Some("dBjftJeZ4CVP")));
        assert!(!authorization.is_verified_by(None));
    }

    #[test]
    fn a_code_is_good_once_and_for_fifteen_minutes() {
        let (codes, at) = (Authorizations::default(), |second| Timestamp::from_second(second).unwrap());

        let code = codes.issue(authorization(None));
        assert!(codes.take(&code, at(899)).is_some());
        assert!(codes.take(&code, at(899)).is_none());
        let late = codes.issue(authorization(None));
        assert!(codes.take(&late, at(900)).is_none());
    }
}
