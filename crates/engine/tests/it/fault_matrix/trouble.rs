//! What can go wrong with a run, in a form that a cell of the matrix can carry out.

use std::time::Duration;

use orgtap_destination::faulty::Call;
use orgtap_emulator::{CallKind, Fault};
use orgtap_engine::Api;

/// One line of the matrix.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// The line's name.
    pub(super) what: &'static str,
    /// Which API carries the records.
    pub(super) api: Api,
    /// How many pages are read at the same time.
    pub(super) connections: usize,
    /// Whether it depends on which of them comes first how many calls are made.
    pub(super) races: bool,
    /// How many restarts it takes at most. Between two the trouble passes.
    pub(super) restarts: u32,
    /// Whether the next run reads more than what has changed since.
    pub(super) reads_back: bool,
    pub(super) cause: Cause,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(super) enum Cause {
    Nothing,
    /// Calls of the org, which all must come to pass.
    Calls(Vec<Fault>),
    /// The org sends nothing more at these calls, one after the other, after so many bytes of the body or before there is one.
    Silence(Vec<(CallKind, Option<u64>)>),
    /// The org is somewhere else than at its address.
    Elsewhere(String),
    /// The process dies when one of these calls is under way: the first process in the first call, and so on.
    Killed(Vec<(CallKind, u64)>),
    /// The destination fails in a call, after it has done so many of them.
    Destination(Call, u32),
    /// Another load of the same table is under way.
    Locked,
    /// Each process is on a machine whose clock is off by so many seconds; those that jump do so whenever it is looked at.
    MachineClock {
        off_by: i64,
        jumps: bool,
    },
    /// Transactions are open when the run begins, and are committed long after it has ended.
    LateCommit(Duration),
}

impl Trouble {
    /// Makes a line for rows by query jobs.
    pub(super) fn new(what: &'static str, cause: Cause) -> Self {
        Self { what, api: Api::Bulk, connections: 2, races: false, restarts: 0, reads_back: false, cause }
    }

    pub(super) fn calls(what: &'static str, faults: impl IntoIterator<Item = Fault>) -> Self {
        Self::new(what, Cause::Calls(faults.into_iter().collect()))
    }

    pub(super) fn by_rest(self) -> Self {
        Self { api: Api::Rest, ..self }
    }

    /// Says how many restarts it takes at most; otherwise none.
    pub(super) fn restarts(self, restarts: u32) -> Self {
        Self { restarts, ..self }
    }

    /// Has pages read one after another.
    pub(super) fn one_by_one(self) -> Self {
        Self { connections: 1, ..self }
    }

    pub(super) fn races(self) -> Self {
        Self { races: true, ..self }
    }

    pub(super) fn reads_back(self) -> Self {
        Self { reads_back: true, ..self }
    }
}
