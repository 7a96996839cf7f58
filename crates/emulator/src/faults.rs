//! The faults in force: which calls they still hit, and the gates at which calls wait.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::watch, time::Instant};

use crate::{
    call::CallKind,
    fault::{Action, Fault, FaultError, When},
};

/// The faults in force. Shared by the server and whoever scripts it.
#[derive(Debug)]
pub struct Faults {
    scripted: Mutex<Vec<Scripted>>,
    released: watch::Sender<HashSet<String>>,
    waiting: watch::Sender<HashSet<String>>,
}

#[derive(Debug)]
struct Scripted {
    fault: Fault,
    seen: u64,
    since: Instant,
}

impl Scripted {
    /// Counts one matching call and tells whether the fault hits it.
    fn hits(&mut self, kind: CallKind) -> bool {
        if self.fault.call.is_some_and(|wanted| wanted != kind) {
            return false;
        }
        self.seen += 1;
        match self.fault.when {
            When::Nth(n) => self.seen == n,
            When::Next(n) => self.seen <= n,
            When::Every(n) => self.seen.is_multiple_of(n),
            When::Always => true,
            When::Percent(percent) => scatter(self.seen) % 100 < u64::from(percent),
            When::Between { from_secs, until_secs } => {
                (from_secs..until_secs).contains(&self.since.elapsed().as_secs())
            }
        }
    }

    fn is_spent(&self) -> bool {
        match self.fault.when {
            When::Nth(n) | When::Next(n) => self.seen >= n,
            When::Between { until_secs, .. } => self.since.elapsed().as_secs() >= until_secs,
            When::Every(_) | When::Always | When::Percent(_) => false,
        }
    }
}

/// Returns a number that looks drawn by chance but is the same for the same call.
fn scatter(call: u64) -> u64 {
    let mixed = call.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 27)) >> 16
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            scripted: Mutex::default(),
            released: watch::Sender::new(HashSet::new()),
            waiting: watch::Sender::new(HashSet::new()),
        }
    }
}

impl Faults {
    /// Scripts `fault`, after those scripted before. Where several hit one call, the earliest does. The gate of a
    /// fault that has one is shut until it is released again.
    ///
    /// # Errors
    /// The fault cannot happen: an action that does not fit its call, or an answer that is not HTTP.
    pub fn add(&self, fault: Fault) -> Result<(), FaultError> {
        self.add_all(vec![fault])
    }

    /// Scripts the faults of a JSON document: one fault or an array of them. All or none.
    ///
    /// # Errors
    /// The document is not JSON of that form, or one of its faults cannot happen.
    pub fn add_json(&self, document: &[u8]) -> Result<(), FaultError> {
        self.add_all(read(document).map_err(|error| FaultError::new(error.to_string()))?)
    }

    fn add_all(&self, faults: Vec<Fault>) -> Result<(), FaultError> {
        faults.iter().try_for_each(Fault::check)?;
        faults.iter().filter_map(Fault::gate).for_each(|gate| self.shut(gate));
        self.lock().extend(faults.into_iter().map(|fault| Scripted { fault, seen: 0, since: Instant::now() }));
        Ok(())
    }

    fn shut(&self, gate: &str) {
        for gates in [&self.released, &self.waiting] {
            gates.send_modify(|gates| gates.retain(|known| known != gate));
        }
    }

    /// Returns the faults still in force.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().iter().map(|scripted| scripted.fault.clone()).collect()
    }

    /// Drops all faults and opens all gates.
    pub fn clear(&self) {
        self.lock().clear();
        self.open_all();
    }

    /// Opens a gate: calls held at it go on, and later ones pass.
    pub fn release(&self, gate: &str) {
        self.released.send_modify(|open| open.extend([gate.to_owned()]));
    }

    /// Waits until a call is held at `gate`.
    pub async fn held(&self, gate: &str) {
        // The sender lives in `self`, so the wait cannot fail.
        drop(self.waiting.subscribe().wait_for(|held| held.contains(gate)).await);
    }

    /// Takes the fault that hits this call of `kind`.
    pub(crate) fn take(&self, kind: CallKind) -> Option<Action> {
        let mut scripted = self.lock();
        let mut hit = None;
        for one in scripted.iter_mut() {
            if one.hits(kind) && hit.is_none() {
                hit = Some(one.fault.action.clone());
            }
        }
        scripted.retain(|one| !one.is_spent());
        hit
    }

    /// Waits at `gate` until it is open.
    pub(crate) async fn wait_at(&self, gate: &str) {
        self.waiting.send_modify(|held| held.extend([gate.to_owned()]));
        drop(self.released.subscribe().wait_for(|open| open.contains(gate)).await);
    }

    /// Lets every held call go.
    pub(crate) fn open_all(&self) {
        let held = self.waiting.borrow().clone();
        self.released.send_modify(|open| open.extend(held));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Scripted>> {
        self.scripted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(document: &[u8]) -> serde_json::Result<Vec<Fault>> {
    let value: serde_json::Value = serde_json::from_slice(document)?;
    match value {
        serde_json::Value::Array(_) => serde_json::from_value(value),
        one => serde_json::from_value(one).map(|fault| vec![fault]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(when: When, calls: u64) -> Vec<u64> {
        let faults = Faults::default();
        faults.add(Fault { call: Some(CallKind::Query), when, action: Action::Unavailable }).unwrap();
        (1..=calls).filter(|_| faults.take(CallKind::Query).is_some()).collect()
    }

    #[test]
    fn when_counts_matching_calls_from_one() {
        assert_eq!(hits(When::Nth(3), 6), [3]);
        assert_eq!(hits(When::Next(2), 6), [1, 2]);
        assert_eq!(hits(When::Every(2), 6), [2, 4, 6]);
        assert_eq!(hits(When::Always, 3), [1, 2, 3]);
    }

    #[test]
    fn a_percentage_hits_about_as_many_calls_and_the_same_ones_each_time() {
        let hit = hits(When::Percent(30), 1_000);

        assert!((250..350).contains(&hit.len()), "{}", hit.len());
        assert_eq!(hits(When::Percent(30), 1_000), hit);
        assert!(hits(When::Percent(0), 100).is_empty());
        assert_eq!(hits(When::Percent(100), 3), [1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stretch_of_time_hits_every_call_in_it() {
        let (faults, seconds) = (Faults::default(), |n| tokio::time::advance(std::time::Duration::from_secs(n)));
        let when = When::Between { from_secs: 10, until_secs: 20 };
        faults.add(Fault { call: None, when, action: Action::Unavailable }).unwrap();

        assert_eq!(faults.take(CallKind::Query), None);
        seconds(10).await;
        assert_eq!(faults.take(CallKind::Query), Some(Action::Unavailable));
        seconds(9).await;
        assert_eq!(faults.take(CallKind::Results), Some(Action::Unavailable));
        seconds(1).await;
        assert_eq!(faults.take(CallKind::Query), None);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn calls_of_another_kind_are_not_counted() {
        let faults = Faults::default();
        faults.add(Fault::nth(CallKind::Results, 2, Action::EmptyBody)).unwrap();

        assert_eq!(faults.take(CallKind::Results), None);
        assert_eq!(faults.take(CallKind::Query), None);
        assert_eq!(faults.take(CallKind::Results), Some(Action::EmptyBody));
        assert!(faults.list().is_empty());
    }

    #[test]
    fn the_earliest_of_two_faults_hits_and_both_count() {
        let faults = Faults::default();
        faults.add(Fault::next(CallKind::Query, Action::NotRouted)).unwrap();
        faults.add(Fault::nth(CallKind::Query, 2, Action::Unavailable)).unwrap();

        assert_eq!(faults.take(CallKind::Query), Some(Action::NotRouted));
        assert_eq!(faults.take(CallKind::Query), Some(Action::Unavailable));
    }

    #[test]
    fn json_scripts_read_as_documented() {
        let faults = Faults::default();
        let script = br#"[
            {"call": "results", "when": {"nth": 2}, "action": {"cut_body": {"after_bytes": 10}}},
            {"when": "always", "action": "reset_connection"},
            {"call": "job_create", "action": {"fail_job": {}}},
            {"call": "query", "action": {"answer": {"status": 418, "headers": {"x-a": "b"}, "body": "tea"}}}
        ]"#;

        faults.add_json(script).unwrap();

        let list = faults.list();
        assert_eq!(list[0], Fault::nth(CallKind::Results, 2, Action::CutBody { after_bytes: 10 }));
        assert_eq!(list[1], Fault { call: None, when: When::Always, action: Action::ResetConnection });
        assert_eq!(list[2], Fault::next(CallKind::JobCreate, Action::FailJob { message: None }));
        assert_eq!(serde_json::from_value::<Fault>(serde_json::to_value(&list[3]).unwrap()).unwrap(), list[3]);
    }

    #[test]
    fn a_script_with_one_impossible_fault_changes_nothing() {
        let faults = Faults::default();
        for script in [
            r#"[{"action": "unavailable"}, {"call": "query", "action": "abort_job"}]"#,
            r#"{"when": {"nth": 0}, "action": "unavailable"}"#,
            r#"{"action": {"answer": {"status": 100}}}"#,
            r#"{"action": {"answer": {"status": 200, "headers": {"a b": "c"}}}}"#,
            r#"{"when": {"percent": 101}, "action": "unavailable"}"#,
            r#"{"when": {"between": {"from_secs": 5, "until_secs": 5}}, "action": "unavailable"}"#,
            r#"{"action": "explode"}"#,
            r#"{"call": "querry", "action": "unavailable"}"#,
            "",
        ] {
            assert!(faults.add_json(script.as_bytes()).is_err(), "{script}");
        }
        assert!(faults.list().is_empty());
    }
}
