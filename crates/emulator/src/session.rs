//! Sessions: the access tokens the org has given out, and how long they live.
//!
//! How a session is earned is the sign-in's affair (`routes::auth`).

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use crate::id::Id;

/// How long a session lives after its last use.
pub(crate) const LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);

/// Characters of an access token after the `!`.
const TOKEN_CHARS: usize = 94;

/// The live sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    /// When each session was last used, by token.
    live: Mutex<HashMap<String, Timestamp>>,
    /// Sessions that are good for nothing but a new password.
    of_expired_passwords: Mutex<HashSet<String>>,
}

impl Sessions {
    /// Starts a session and returns its access token.
    pub(crate) fn start(&self, organization: Id, now: Timestamp) -> String {
        let token = format!("{}!AQ{}", short(organization), random_text(TOKEN_CHARS));
        let mut live = self.lock();
        live.retain(|_, used| is_alive(*used, now));
        live.insert(token.clone(), now);
        token
    }

    /// Starts the session of a user whose password has expired.
    pub(crate) fn start_for_expired_password(&self, organization: Id, now: Timestamp) -> String {
        let token = self.start(organization, now);
        self.end(&token);
        self.of_expired_passwords.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone());
        token
    }

    /// Returns whether `token` is of a user whose password has expired.
    pub(crate) fn is_of_expired_password(&self, token: &str) -> bool {
        self.of_expired_passwords.lock().unwrap_or_else(PoisonError::into_inner).contains(token)
    }

    /// Returns whether `token` is a live session, and prolongs its life if so.
    pub(crate) fn touch(&self, token: &str, now: Timestamp) -> bool {
        let mut live = self.lock();
        let Some(used) = live.get_mut(token).filter(|used| is_alive(**used, now)) else {
            return false;
        };
        *used = now.max(*used);
        true
    }

    /// Ends one session.
    pub(crate) fn end(&self, token: &str) {
        self.lock().remove(token);
    }

    /// Ends every session.
    pub(crate) fn end_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_alive(used: Timestamp, now: Timestamp) -> bool {
    now.duration_since(used).unsigned_abs() < LIFETIME || now < used
}

/// Returns the fifteen characters of an id, the form that session ids and SOAP addresses use.
pub(crate) fn short(id: Id) -> String {
    id.to_string().chars().take(15).collect()
}

/// Returns unguessable text of letters, digits, `.` and `_`.
pub(crate) fn random_text(chars: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
    let mut bytes = vec![0; chars];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random numbers");
    bytes.into_iter().map(|byte| char::from(ALPHABET[usize::from(byte % 64)])).collect()
}

/// Returns a number that no other answer has, as thirty-two hexadecimal digits.
pub(crate) fn random_id() -> String {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: [u8; 3] = *b"00D";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_session_lives_two_hours_from_its_last_use() {
        let sessions = Sessions::default();
        let token = sessions.start(Id::of(ORG, *b"5f0", 1), at(0));

        assert!(sessions.touch(&token, at(7_199)));
        assert!(sessions.touch(&token, at(7_199 + 7_199)));
        assert!(!sessions.touch(&token, at(7_199 + 7_199 + 7_200)));
    }

    #[test]
    fn a_token_looks_like_a_session_id_and_no_two_are_alike() {
        let sessions = Sessions::default();
        let organization = Id::of(ORG, *b"5f0", 1);
        let (one, other) = (sessions.start(organization, at(0)), sessions.start(organization, at(0)));

        assert!(one.starts_with("00D5f0000000001!AQ"), "{one}");
        assert_eq!(one.len(), 112);
        assert_ne!(one, other);
    }

    #[test]
    fn ended_sessions_are_unknown() {
        let sessions = Sessions::default();
        let organization = Id::of(ORG, *b"5f0", 1);
        let (one, other) = (sessions.start(organization, at(0)), sessions.start(organization, at(0)));

        sessions.end(&one);
        assert!(!sessions.touch(&one, at(1)));
        assert!(sessions.touch(&other, at(1)));

        sessions.end_all();
        assert!(!sessions.touch(&other, at(1)));
    }
}
