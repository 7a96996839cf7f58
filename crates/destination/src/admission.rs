//! Keeps those who are still at work in a load's folder apart from what comes after the load.
//!
//! Work that waits for the disk is done on threads of its own, and is done to its end also where its caller has stopped waiting. The next load of
//! the table has the same folder: nobody may reach into it who was sent by the one before.

use std::sync::{PoisonError, RwLock};

use crate::{Error, ErrorKind, Result};

/// Who may work in the folder of a load: anybody, until the load is over.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    is_closed: RwLock<bool>,
}

impl Admission {
    /// Does `work`, unless the load is over.
    pub(crate) fn admit<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let is_closed = self.is_closed.read().unwrap_or_else(PoisonError::into_inner);
        match *is_closed {
            true => Err(Error::new(ErrorKind::Failed, "could not write to a load: it is over")),
            false => work(),
        }
    }

    /// Waits until nobody works any more, and admits nobody from then on.
    pub(crate) fn close(&self) {
        *self.is_closed.write().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn closing_waits_for_those_at_work_and_admits_nobody_afterwards() {
        let admission = Admission::default();
        let (started, is_started) = mpsc::channel();
        let (order, seen) = mpsc::channel();
        thread::scope(|scope| {
            let (admission, worked) = (&admission, order.clone());
            scope.spawn(move || {
                admission.admit(|| {
                    started.send(()).unwrap();
                    thread::yield_now();
                    worked.send("worked").unwrap();
                    Ok(())
                })
            });
            is_started.recv().unwrap();
            admission.close();
            order.send("closed").unwrap();
        });

        assert_eq!([seen.recv().unwrap(), seen.recv().unwrap()], ["worked", "closed"]);
        assert!(admission.admit(|| Ok(())).is_err());
    }
}
