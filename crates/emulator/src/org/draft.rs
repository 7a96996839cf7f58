//! Changes that are all made or not at all. They are tried on a draft of the org, which nobody else sees; what they wrote there becomes
//! one transaction of the org itself, or is forgotten.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::state::Transaction;
use super::{Inner, Org};
use crate::clock::{later, whole_second};

impl Org {
    /// Tries changes on a draft of the org, which shows them at once. If `attempt` succeeds they are visible to everybody together, as one
    /// transaction is; if it fails, none of them was made. Others that want to change something wait.
    ///
    /// # Errors
    ///
    /// Those of `attempt`.
    pub(crate) fn all_or_none<T, E>(&self, attempt: impl FnOnce(&Self) -> Result<T, E>) -> Result<T, E> {
        let _only_writer = self.0.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let began = whole_second(self.now());
        let draft = self.draft();
        let done = attempt(&draft)?;
        let (writes, sequences) = draft.state().end_draft();
        let mut state = self.state();
        state.sequences = sequences;
        if !writes.is_empty() {
            state.write(Transaction { began, commits: later(began, self.commit_delay()), writes });
        }
        Ok(done)
    }

    fn draft(&self) -> Self {
        let inner = &self.0;
        Self(Arc::new(Inner {
            identity: inner.identity.clone(),
            asker: inner.asker.clone(),
            clock: inner.clock.clone(),
            began: inner.began,
            commit_delay: Mutex::new(Duration::ZERO),
            access: inner.access.clone(),
            view: inner.view.clone(),
            roll_ups: inner.roll_ups.clone(),
            writers: Mutex::default(),
            state: Mutex::new(self.state().draft()),
        }))
    }
}
