//! The org's clock: a settable instant that stands still, or runs from where it was set, as fast as real time or faster.
//!
//! It is the only notion of time that records, sessions and jobs know. It never reads the machine's date: whoever builds
//! the org says when it starts.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// A settable clock.
#[derive(Debug)]
pub(crate) struct Clock {
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    at: Timestamp,
    /// The moment at which the clock read `at`.
    since: Instant,
    /// How many times as fast as real time it runs.
    speed: u32,
}

impl Clock {
    /// Starts a clock at `at`, which runs so many times as fast as real time: with 0 it stands still.
    pub(crate) fn new(at: Timestamp, speed: u32) -> Self {
        Self { state: Mutex::new(State { at, since: Instant::now(), speed }) }
    }

    /// Returns what the clock reads.
    pub(crate) fn now(&self) -> Timestamp {
        self.state().now()
    }

    /// Sets the clock. Setting it back is allowed; stamps given so far stay as they are.
    pub(crate) fn set(&self, at: Timestamp) {
        let mut state = self.state();
        *state = State { at, since: Instant::now(), ..*state };
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let mut state = self.state();
        *state = State { at: later(state.now(), by), since: Instant::now(), ..*state };
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self) -> Timestamp {
        later(self.at, self.since.elapsed().saturating_mul(self.speed))
    }
}

/// Returns the instant `by` after `at`, or the last one there is.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Returns the instant `by` before `at`, or the first one there is.
pub(crate) fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

/// Returns `at` without its fraction of a second: the precision at which Salesforce stamps records.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_only_when_told() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let clock = Clock::new(start, 0);

        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now().as_second(), 1_700_000_090);
        clock.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_running_clock_never_goes_back() {
        let start = Timestamp::from_second(1_700_000_000).unwrap();
        let clock = Clock::new(start, 1000);

        let first = clock.now();

        assert!(first >= start);
        assert!(clock.now() >= first);
    }
}
