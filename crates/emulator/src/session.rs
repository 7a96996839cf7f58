//! Sessions: the access tokens the org has given out, how long they live, and the refresh tokens that new ones are had for.
//!
//! How a session is earned is the sign-in's affair (`routes::auth`).

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use crate::id::Id;

/// How long a session lives after its last use.
pub(crate) const LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);

/// Refresh tokens that a user has for an app.
const REFRESH_TOKENS: usize = 5;

/// Characters of an access token after the `!`.
const TOKEN_CHARS: usize = 94;

/// The live sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    /// The sessions by their access tokens.
    live: Mutex<HashMap<String, Session>>,
    /// The refresh tokens that are good, oldest first.
    refresh_tokens: Mutex<VecDeque<RefreshToken>>,
    /// Sessions that are good for nothing but a new password.
    of_expired_passwords: Mutex<HashSet<String>>,
}

/// A refresh token that is good.
struct RefreshToken {
    token: String,
    /// Whether somebody has allowed an app to have it; the one that the settings name was always there.
    is_approved: bool,
}

/// A live session.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) started: Timestamp,
    pub(crate) used: Timestamp,
    /// The refresh token that it ends with.
    refresh_token: Option<String>,
}

impl Sessions {
    /// Returns the refresh token of an approval. A user has so many for one app; the oldest is revoked for one more.
    pub(crate) fn approve(&self) -> String {
        let tokens = self.refresh_tokens();
        let mut approved = tokens.iter().filter(|token| token.is_approved);
        let oldest = approved.next().map(|oldest| oldest.token.clone());
        let is_full = approved.count() + 1 >= REFRESH_TOKENS;
        drop(tokens);
        if let Some(oldest) = oldest.filter(|_| is_full) {
            self.revoke_refresh_token(&oldest);
        }
        self.issue_refresh_token(true)
    }

    /// Returns a refresh token that nobody had to approve.
    pub(crate) fn grant_refresh_token(&self) -> String {
        self.issue_refresh_token(false)
    }

    fn issue_refresh_token(&self, is_approved: bool) -> String {
        let token = format!("5Aep861{}", random_text(76));
        self.refresh_tokens().push_back(RefreshToken { token: token.clone(), is_approved });
        token
    }

    /// Returns whether a refresh token is good.
    pub(crate) fn is_refresh_token(&self, token: &str) -> bool {
        self.refresh_tokens().iter().any(|known| known.token == token)
    }

    /// Ends a refresh token, and the sessions that were had for it. Returns whether there was such a token.
    pub(crate) fn revoke_refresh_token(&self, token: &str) -> bool {
        self.lock().retain(|_, session| session.refresh_token.as_deref() != Some(token));
        let mut tokens = self.refresh_tokens();
        let before = tokens.len();
        tokens.retain(|known| known.token != token);
        tokens.len() < before
    }

    /// Starts a session that a refresh token was given for or with, and returns its access token.
    pub(crate) fn start_lasting(&self, organization: Id, now: Timestamp, refresh_token: &str) -> String {
        let token = self.start(organization, now);
        if let Some(session) = self.lock().get_mut(&token) {
            session.refresh_token = Some(refresh_token.to_owned());
        }
        token
    }

    /// Returns a live session, without prolonging its life.
    pub(crate) fn find(&self, token: &str, now: Timestamp) -> Option<Session> {
        self.lock().get(token).filter(|session| is_alive(session.used, now)).cloned()
    }

    /// Starts a session and returns its access token.
    pub(crate) fn start(&self, organization: Id, now: Timestamp) -> String {
        let token = format!("{}!AQ{}", short(organization), random_text(TOKEN_CHARS));
        let mut live = self.lock();
        live.retain(|_, session| is_alive(session.used, now));
        live.insert(token.clone(), Session { started: now, used: now, refresh_token: None });
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
        let Some(session) = live.get_mut(token).filter(|session| is_alive(session.used, now)) else {
            return false;
        };
        session.used = now.max(session.used);
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

    fn refresh_tokens(&self) -> MutexGuard<'_, VecDeque<RefreshToken>> {
        self.refresh_tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
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
    fn the_sixth_approval_takes_the_place_of_the_first() {
        let sessions = Sessions::default();
        let ready = sessions.grant_refresh_token();
        let first = sessions.approve();
        let session = sessions.start_lasting(Id::of(ORG, *b"5f0", 1), at(0), &first);
        let rest: Vec<String> = (0..4).map(|_| sessions.approve()).collect();
        assert!(sessions.is_refresh_token(&first));

        let sixth = sessions.approve();

        assert!(!sessions.is_refresh_token(&first) && !sessions.touch(&session, at(1)));
        assert!([ready, sixth].iter().chain(&rest).all(|token| sessions.is_refresh_token(token)));
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
