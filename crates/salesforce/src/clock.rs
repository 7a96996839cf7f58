//! The time, as a value that is handed down: nothing in this crate asks the machine for it in another way.
//!
//! Timeouts of the network are not measured here; they belong to the HTTP client.

use std::fmt;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;

/// A source of time, and the only way to wait.
///
/// May be asked from many tasks at once. Dropping a sleep ends it early and has no other effect.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;

    /// Returns how much time has passed since a moment that stays the same. Unlike [`now`](Self::now), which jumps when somebody sets the
    /// clock, this tells how long something took.
    fn elapsed(&self) -> Duration;

    /// Waits for `duration`.
    async fn sleep(&self, duration: Duration);
}

/// When this process first asked.
static FIRST_ASKED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        FIRST_ASKED.elapsed()
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
    elapsed: Duration,
    sleeps: Vec<Duration>,
}

impl ManualClock {
    /// Makes a clock that stands at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(Told { now, elapsed: Duration::ZERO, sleeps: Vec::new() }))
    }

    /// Moves the clock on, as far as time reaches.
    pub fn advance(&self, duration: Duration) {
        let mut told = self.told();
        told.now = told.now.saturating_add(duration).unwrap_or(Timestamp::MAX);
        told.elapsed = told.elapsed.saturating_add(duration);
    }

    /// Sets the clock to `now`, as somebody sets that of a machine. No time passes.
    pub fn set(&self, now: Timestamp) {
        self.told().now = now;
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

    fn elapsed(&self) -> Duration {
        self.told().elapsed
    }

    /// Returns after letting other tasks run once.
    async fn sleep(&self, duration: Duration) {
        self.told().sleeps.push(duration);
        self.advance(duration);
        tokio::task::yield_now().await;
    }
}
