//! How the org lets people in: the switches an administrator has, and the lockout after wrong passwords.
//!
//! The switches may be thrown at any time, so that a client can be shown every refusal.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Wrong passwords in a row after which the user is locked out.
const ATTEMPTS: u32 = 10;
/// How long a lockout lasts.
const LOCKOUT: Duration = Duration::from_secs(15 * 60);

/// What the org allows when somebody signs in. The default allows everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInRules {
    /// SOAP `login()` works. New orgs have it switched off.
    pub soap_login: bool,
    /// The OAuth username-password flow works. New orgs have it switched off.
    pub password_flow: bool,
    /// The address is the org's own domain. If not, it acts as `login.salesforce.com`, which knows no client
    /// credentials.
    pub own_domain: bool,
    /// The connected app has a user to run as, which client credentials need.
    pub run_as_user: bool,
    /// The user has approved the connected app, which a JWT needs.
    pub app_approved: bool,
    /// The user's password has expired: a login succeeds but its session is good for nothing.
    pub password_expired: bool,
    /// The client's address is trusted: the security token may be left out.
    pub trusted_network: bool,
}

impl Default for SignInRules {
    fn default() -> Self {
        Self {
            soap_login: true,
            password_flow: true,
            own_domain: true,
            run_as_user: true,
            app_approved: true,
            password_expired: false,
            trusted_network: false,
        }
    }
}

/// The state of the door: its rules and the wrong tries so far.
#[derive(Debug, Default)]
pub(crate) struct Door(Mutex<DoorState>);

#[derive(Debug, Default)]
struct DoorState {
    rules: SignInRules,
    wrong_tries: u32,
    locked_at: Option<Timestamp>,
}

impl Door {
    pub(crate) fn new(rules: SignInRules) -> Self {
        Self(Mutex::new(DoorState { rules, ..DoorState::default() }))
    }

    pub(crate) fn rules(&self) -> SignInRules {
        self.lock().rules.clone()
    }

    pub(crate) fn set_rules(&self, rules: SignInRules) {
        self.lock().rules = rules;
    }

    /// Takes note of a try with a right or wrong password; returns whether it may pass.
    pub(crate) fn try_password(&self, right: bool, now: Timestamp) -> bool {
        let mut state = self.lock();
        if state.locked_at.is_some_and(|at| now.duration_since(at).unsigned_abs() < LOCKOUT) {
            return false;
        }
        state.locked_at = None;
        state.wrong_tries = if right { 0 } else { state.wrong_tries + 1 };
        if state.wrong_tries >= ATTEMPTS {
            (state.wrong_tries, state.locked_at) = (0, Some(now));
        }
        right
    }

    fn lock(&self) -> MutexGuard<'_, DoorState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn ten_wrong_passwords_lock_the_user_out_for_fifteen_minutes() {
        let door = Door::default();

        for _ in 0..10 {
            assert!(!door.try_password(false, at(0)));
        }

        assert!(!door.try_password(true, at(899)));
        assert!(door.try_password(true, at(900)));
    }

    #[test]
    fn a_right_password_forgives_the_wrong_ones() {
        let door = Door::default();

        for _ in 0..3 {
            for _ in 0..9 {
                assert!(!door.try_password(false, at(0)));
            }
            assert!(door.try_password(true, at(0)));
        }
    }
}
