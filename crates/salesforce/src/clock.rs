//! The time, as a value that is handed down: nothing in this crate asks the machine for it in another way.
//!
//! Timeouts of the network are not measured here; they belong to the HTTP client.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// A source of time, and the only way to wait.
///
/// May be asked from many tasks at once. Dropping a sleep ends it early and has no other effect.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;

    /// Waits for `duration`.
    async fn sleep(&self, duration: Duration);
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A clock for tests: sleeping takes no time, moves the clock on and is remembered.
#[derive(Debug)]
pub struct ManualClock(Mutex<Told>);

#[derive(Debug)]
struct Told {
    now: Timestamp,
    sleeps: Vec<Duration>,
}

impl ManualClock {
    /// Makes a clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Told { now, sleeps: Vec::new() }))
    }

    /// Moves the clock on, as far as time reaches.
    pub fn advance(&self, duration: Duration) {
        let mut told = self.told();
        told.now = told.now.saturating_add(duration).unwrap_or(Timestamp::MAX);
    }

    /// Returns every sleep asked for so far, oldest first.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.told().sleeps.clone()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.told().now
    }

    /// Returns after letting other tasks run once.
    async fn sleep(&self, duration: Duration) {
        self.told().sleeps.push(duration);
        self.advance(duration);
        tokio::task::yield_now().await;
    }
}
