//! What clients have asked so far: counts by kind of call, and the queries themselves.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::call::CallKind;

/// How many queries are remembered; older ones are forgotten.
const QUERIES_KEPT: usize = 10_000;

/// What clients have asked since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Calls by kind, failed ones included.
    pub calls: BTreeMap<CallKind, u64>,
    /// Calls that count against the org's daily limit.
    pub api_requests: u64,
    /// The queries of REST calls and query jobs in the order in which they came, refused ones included.
    pub queries: VecDeque<AskedQuery>,
}

/// A query that a client sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedQuery {
    /// The call that carried it.
    pub call: CallKind,
    /// `query` or `queryAll`.
    pub operation: String,
    /// The text of the query.
    pub soql: String,
}

impl Stats {
    /// Returns how many calls of `kind` there were.
    pub fn calls_of(&self, kind: CallKind) -> u64 {
        self.calls.get(&kind).copied().unwrap_or(0)
    }
}

/// The running count.
#[derive(Debug, Default)]
pub(crate) struct Counter(Mutex<Stats>);

impl Counter {
    /// Counts a call; `metered` ones count against the org's daily limit.
    pub(crate) fn call(&self, kind: CallKind, metered: bool) {
        let mut stats = self.lock();
        *stats.calls.entry(kind).or_default() += 1;
        stats.api_requests += u64::from(metered);
    }

    pub(crate) fn query(&self, call: CallKind, operation: &str, soql: &str) {
        let mut stats = self.lock();
        if stats.queries.len() == QUERIES_KEPT {
            stats.queries.pop_front();
        }
        stats.queries.push_back(AskedQuery { call, operation: operation.to_owned(), soql: soql.to_owned() });
    }

    pub(crate) fn api_requests(&self) -> u64 {
        self.lock().api_requests
    }

    pub(crate) fn snapshot(&self) -> Stats {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
