//! How long is waited: between two attempts, between two looks at a job, for a file that another program holds.
//!
//! It is what the libraries find right, except in tests of what happens when patience ends.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orgtap_salesforce::{Clock, SystemClock};

use crate::env::{self, Environment};

/// How much of each wait is really waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// All of it.
    Full,
    /// A hundredth: for tests.
    Short,
}

impl Patience {
    /// Returns the patience that the environment asks for.
    pub(crate) fn of(environment: &Environment) -> Self {
        if environment.first_of(&[env::TEST_HURRY]).is_some() { Self::Short } else { Self::Full }
    }

    /// Returns how long to wait where `whole` would be right.
    pub(crate) fn wait(self, whole: Duration) -> Duration {
        match self {
            Self::Full => whole,
            Self::Short => whole / 100,
        }
    }

    /// Returns the clock to wait by.
    pub(crate) fn clock(self) -> Arc<dyn Clock> {
        match self {
            Self::Full => Arc::new(SystemClock),
            Self::Short => Arc::new(Hurried),
        }
    }
}

/// The machine's clock, with short waits.
#[derive(Clone, Copy, Debug)]
struct Hurried;

#[async_trait]
impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn elapsed(&self) -> Duration {
        SystemClock.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        SystemClock.sleep(Patience::Short.wait(duration)).await;
    }
}
