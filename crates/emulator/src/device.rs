//! Devices that wait for somebody to let them in: the codes of the OAuth device flow.
//!
//! How codes are asked for, typed in and exchanged is decided in `routes::device`.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::session::random_text;

/// How long a code may wait for a person.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Characters of the code that a person types.
const USER_CODE_CHARS: usize = 8;

/// What has become of a device's question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has typed its code yet.
    Pending,
    Allowed,
    Denied,
}

struct Device {
    user_code: String,
    standing: Standing,
    asked: Timestamp,
}

/// The devices that wait, by the codes that they know.
#[derive(Default)]
pub(crate) struct Devices(Mutex<HashMap<String, Device>>);

impl Devices {
    /// Returns the codes of a device that asks: its own, and the one for the person.
    pub(crate) fn ask(&self, now: Timestamp) -> (String, String) {
        let code = format!("M01W{}", random_text(60));
        let user_code = user_code();
        let device = Device { user_code: user_code.clone(), standing: Standing::Pending, asked: now };
        let mut devices = self.lock();
        devices.retain(|_, device| is_fresh(device, now));
        devices.insert(code.clone(), device);
        (code, user_code)
    }

    /// Notes what a person has decided; returns whether a device waits for that.
    pub(crate) fn decide(&self, user_code: &str, standing: Standing, now: Timestamp) -> bool {
        let mut devices = self.lock();
        let typed: String = user_code.chars().filter(char::is_ascii_alphanumeric).collect();
        let waiting = devices.values_mut().find(|device| {
            device.standing == Standing::Pending
                && is_fresh(device, now)
                && device.user_code.eq_ignore_ascii_case(&typed)
        });
        waiting.map(|device| device.standing = standing).is_some()
    }

    /// Returns what has become of a device's question; the answer of a person is told once.
    pub(crate) fn poll(&self, code: &str, now: Timestamp) -> Option<Standing> {
        let mut devices = self.lock();
        let standing = devices.get(code).filter(|device| is_fresh(device, now)).map(|device| device.standing)?;
        if standing != Standing::Pending {
            devices.remove(code);
        }
        Some(standing)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Device>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(device: &Device, now: Timestamp) -> bool {
    now.duration_since(device.asked).unsigned_abs() < LIFETIME
}

fn user_code() -> String {
    let characters = random_text(USER_CODE_CHARS * 4);
    let mut code: String =
        characters.chars().filter(char::is_ascii_alphanumeric).take(USER_CODE_CHARS).collect::<String>().to_uppercase();
    while code.len() < USER_CODE_CHARS {
        code.push('X');
    }
    code
}
