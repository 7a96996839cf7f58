//! The one place that waits and repeats.
//!
//! What may be repeated is decided where an error is made ([`Transient`]); how often and how long is decided here.

use std::fmt;
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use crate::clock::Clock;

/// An error that knows whether the same operation may succeed a little later.
pub trait Transient {
    /// Returns whether repeating makes sense. Must give the same answer each time.
    fn is_transient(&self) -> bool;

    /// Returns how long the server asked to wait.
    fn retry_after(&self) -> Option<Duration>;
}

/// How often and how long to wait between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts altogether, at least one.
    pub attempts: u32,
    /// The wait before the second attempt. It doubles with each one.
    pub first_wait: Duration,
    /// The longest wait of our own choosing.
    pub longest_wait: Duration,
    /// The longest wait that a server may ask for.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    /// Eight attempts within about a minute and a half, unless the server asks for more time.
    fn default() -> Self {
        Self {
            attempts: 8,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// Three attempts within two seconds: for a person who waits for the answer.
    pub fn brief() -> Self {
        Self { attempts: 3, ..Self::default() }
    }

    /// Returns the wait before attempt `attempt + 1`, counted from 1, spread so that many clients do not come back together.
    fn wait(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        let doubled = self.first_wait.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        let own = jitter(doubled.min(self.longest_wait));
        retry_after.map_or(own, |asked| asked.min(self.longest_retry_after).max(own))
    }
}

/// Runs `operation` until it succeeds, fails for good, or `policy` has no attempt left. Returns the last error.
///
/// # Cancel safety
///
/// Dropping the future drops the running attempt; nothing is left behind here.
pub async fn with_backoff<T, E, F, Fut>(clock: &dyn Clock, policy: &RetryPolicy, mut operation: F) -> Result<T, E>
where
    E: Transient + fmt::Display,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut attempt = 1;
    loop {
        match operation().await {
            Err(error) if error.is_transient() && attempt < policy.attempts => {
                let wait = policy.wait(attempt, error.retry_after());
                tracing::debug!(attempt, wait_ms = wait.as_millis(), error = %error, "trying again");
                clock.sleep(wait).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// Returns between three quarters and the whole of `duration`.
pub(crate) fn jitter(duration: Duration) -> Duration {
    let mut byte = [0_u8; 1];
    // Without randomness the wait is merely not spread.
    if SystemRandom::new().fill(&mut byte).is_err() {
        return duration;
    }
    duration - duration / 4 * u32::from(byte[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    #[derive(Debug, PartialEq)]
    struct Trouble {
        passes: bool,
        retry_after: Option<Duration>,
    }

    impl fmt::Display for Trouble {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("trouble")
        }
    }

    impl Transient for Trouble {
        fn is_transient(&self) -> bool {
            self.passes
        }

        fn retry_after(&self) -> Option<Duration> {
            self.retry_after
        }
    }

    const PASSES: Trouble = Trouble { passes: true, retry_after: None };

    fn clock() -> ManualClock {
        ManualClock::new(jiff::Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn an_operation_runs_until_it_succeeds() {
        let (clock, mut runs) = (clock(), 0);

        let result = with_backoff(&clock, &RetryPolicy::default(), || {
            runs += 1;
            std::future::ready(if runs < 4 { Err(PASSES) } else { Ok(runs) })
        })
        .await;

        assert_eq!(result, Ok(4));
        assert_eq!(clock.sleeps().len(), 3);
    }

    #[tokio::test]
    async fn what_does_not_pass_is_not_repeated() {
        let (clock, mut runs) = (clock(), 0);

        let result: Result<(), _> = with_backoff(&clock, &RetryPolicy::default(), || {
            runs += 1;
            std::future::ready(Err(Trouble { passes: false, retry_after: Some(Duration::from_secs(1)) }))
        })
        .await;

        assert!(result.is_err());
        assert_eq!((runs, clock.sleeps().len()), (1, 0));
    }

    #[tokio::test]
    async fn a_policy_has_at_least_one_attempt_and_no_more_than_it_says() {
        for (attempts, expected) in [(0, 1), (1, 1), (3, 3), (100, 100)] {
            let (clock, mut runs) = (clock(), 0);

            let policy = RetryPolicy { attempts, ..RetryPolicy::default() };
            let result: Result<(), _> = with_backoff(&clock, &policy, || {
                runs += 1;
                std::future::ready(Err(PASSES))
            })
            .await;

            assert_eq!(result, Err(PASSES));
            assert_eq!(runs, expected);
            assert!(clock.sleeps().iter().all(|sleep| *sleep <= policy.longest_wait));
        }
    }
}
