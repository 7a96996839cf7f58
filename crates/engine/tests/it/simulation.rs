//! Whole histories of an org under load: random transactions that show late, runs at random times between them, random faults, clocks that
//! are wrong, deletions of every kind. Whatever happened, after the last run every table equals the org.
//!
//! A history is made from its seed alone, so a failure names the seed that shows it again. `ORGTAP_TEST_HISTORIES` says how many there are, or
//! which: `5482..5483`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgtap_emulator::{Action, CallKind, Fault, Id, Org, Scope, When};
use orgtap_engine::{RowSpec, RunSpec};
use orgtap_salesforce::ManualClock;
use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::json;

use crate::fixture::{DAY, Fixture, MINUTE, fields, flagging, incremental, object, removing};
use crate::records::{Records, assert_same};

/// Histories in the ordinary tests; ten thousand take some minutes.
const USUAL_HISTORIES: u64 = 60;

/// The longest that a transaction stays open.
const LONGEST_COMMIT: u64 = 15 * 60;

/// Can be merged.
const MERGED: &str = "Account";
/// Goes with its account.
const CHILD: &str = "Contact";
/// Keeps no log of its changes.
const UNLOGGED: &str = "Meter";
const OBJECTS: [&str; 3] = [MERGED, CHILD, UNLOGGED];

/// What becomes of the deleted records of an object.
#[derive(Clone, Copy)]
enum Treatment {
    Ignored,
    Flagged,
    Removed,
}

/// One history being made.
struct History {
    fixture: Fixture,
    rng: TestRng,
    /// Until when each record is locked by a transaction that is not committed yet.
    locked: BTreeMap<Id, Timestamp>,
    /// What becomes of the deleted records of each object.
    treatments: [Treatment; 3],
    /// Every record that there has ever been.
    known: BTreeSet<Option<String>>,
    /// What happened, for the message of a failure.
    log: Vec<String>,
}

impl History {
    async fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut builder = Org::builder();
        builder = builder.demo(60);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("meter.json"), unlogged().to_string()).unwrap();
        assert!(builder.import(folder.path()).unwrap().skipped.is_empty());
        let mut rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let treatments = [Treatment::Ignored, Treatment::Flagged, Treatment::Removed];
        Self {
            fixture: Fixture::of(builder.build()).await,
            treatments: [(); 3].map(|()| treatments[rng.random_range(0..3_usize)]),
            rng,
            locked: BTreeMap::new(),
            known: BTreeSet::new(),
            log: Vec::new(),
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.rng.random_range(0..bound)
    }

    async fn step(&mut self) {
        match self.below(16) {
            0..4 => self.write(),
            4 | 5 => self.delete(),
            6 => self.undelete(),
            7 => self.merge(),
            8 => self.purge(),
            9..12 => self.wait(),
            12 => self.compare().await,
            _ => self.run(true).await,
        }
        self.note_records();
    }

    /// Remembers the records that there are.
    fn note_records(&mut self) {
        for kind in OBJECTS {
            let ids = Records::of_query(&self.fixture.org, &format!("SELECT Id FROM {kind}"), Scope::All);
            self.known.extend(ids.column("Id"));
        }
    }

    /// Inserts or updates, in a transaction that stays open for a while.
    fn write(&mut self) {
        let kind = OBJECTS[self.below(3) as usize];
        let open = [0, 1, 30, 240, 599, LONGEST_COMMIT][self.below(6) as usize];
        let name = format!("{}", self.below(1_000_000));
        self.fixture.org.set_commit_delay(Duration::from_secs(open));
        let changed = match self.pick(kind, "") {
            Some(id) if self.below(3) > 0 => {
                self.fixture.set(id, name_of(kind), name.as_str());
                id
            }
            _ => self.fixture.org.insert(kind, fields([(name_of(kind), name.into())])).unwrap(),
        };
        self.fixture.org.set_commit_delay(Duration::ZERO);
        self.known.insert(Some(changed.to_string()));
        self.locked.insert(changed, self.fixture.org.now() + Duration::from_secs(open));
        self.tell(format!("wrote {changed}, open for {open} s"));
    }

    /// Deletes a record and what hangs on it, at once or in a transaction that stays open for a while.
    fn delete(&mut self) {
        let kind = OBJECTS[self.below(3) as usize];
        let Some(id) = self.pick_quiet(kind, "") else { return };
        let open = [0, 0, 30, LONGEST_COMMIT][self.below(4) as usize];
        self.fixture.org.set_commit_delay(Duration::from_secs(open));
        self.fixture.org.delete(id).unwrap();
        self.fixture.org.set_commit_delay(Duration::ZERO);
        if open > 0 {
            self.lock_all(Duration::from_secs(open));
        }
        self.tell(format!("deleted {id}, to be seen in {open} s"));
    }

    /// Lets nothing be changed for a while: who knows what an open transaction holds.
    fn lock_all(&mut self, time: Duration) {
        let until = self.fixture.org.now() + time;
        for kind in OBJECTS {
            let selection = self.fixture.org.select(&format!("SELECT Id FROM {kind}"), Scope::All).unwrap();
            let ids = selection.page(0, selection.total()).map(|values| (values[0].as_id().unwrap(), until));
            self.locked.extend(ids);
        }
    }

    fn undelete(&mut self) {
        let kind = OBJECTS[self.below(3) as usize];
        let filter = if kind == UNLOGGED { "" } else { " AND MasterRecordId = null" };
        if let Some(id) = self.pick_quiet(kind, &format!("WHERE IsDeleted = true{filter}")) {
            // A child of a deleted parent is not restored alone, nor one that the recycle bin has thrown out.
            let is_done = self.fixture.org.undelete(id).is_ok();
            self.tell(format!("undeleted {id}: {is_done}"));
        }
    }

    /// Takes a record out of the recycle bin for good.
    fn purge(&mut self) {
        let kind = OBJECTS[self.below(3) as usize];
        if let Some(id) = self.pick_quiet(kind, "WHERE IsDeleted = true") {
            let is_done = self.fixture.org.purge(id).is_ok();
            self.tell(format!("purged {id}: {is_done}"));
        }
    }

    fn merge(&mut self) {
        let (Some(master), Some(loser)) = (self.pick_quiet(MERGED, ""), self.pick_quiet(MERGED, "")) else { return };
        if master != loser {
            self.fixture.org.merge(master, &[loser]).unwrap();
            self.tell(format!("merged {loser} into {master}"));
        }
    }

    fn wait(&mut self) {
        let seconds = match self.below(24) {
            0 => 6 * DAY.as_secs(),
            1 => 16 * DAY.as_secs(),
            which => [0, 1, 59, 60, 61, 300, 1200][which as usize % 7],
        };
        self.fixture.org.advance(Duration::from_secs(seconds));
        self.tell(format!("waited {seconds} s"));
    }

    /// Compares all tables that can be compared, as far as there are any.
    async fn compare(&mut self) {
        for row in self.rows().iter().filter(|row| row.can_reconcile()) {
            let outcome = self.fixture.reconcile(row).await.outcome;
            self.tell(format!("compared {}: {}", row.name, outcome.is_ok()));
        }
    }

    /// Runs all rows, as a new process whose clock says anything.
    async fn run(&mut self, with_faults: bool) {
        let machine = Timestamp::from_second(self.below(4_000_000_000).cast_signed()).unwrap();
        self.fixture.clock = Arc::new(ManualClock::new(machine));
        let faults = if with_faults { self.below(3) } else { 0 };
        for _ in 0..faults {
            let fault = self.fault();
            self.fixture.emulator.faults().add(fault).unwrap();
        }
        let page_records = [3, 50][self.below(2) as usize];
        // With few records of an object, one run in two reads it by several jobs.
        let records_per_job = [0, 10][self.below(2) as usize];
        let spec = RunSpec { page_records, records_per_job, ..RunSpec::new(self.rows()) };
        let report = self.fixture.run(spec).await;
        self.fixture.emulator.faults().clear();
        let failed = report.failures().count();
        self.tell(format!("ran with {faults} faults, {failed} rows failed"));
        assert!(with_faults || failed == 0, "{:?}", report.failures().collect::<Vec<_>>());
    }

    fn fault(&mut self) -> Fault {
        const KINDS: [CallKind; 9] = [
            CallKind::Login,
            CallKind::Describe,
            CallKind::Updated,
            CallKind::Deleted,
            CallKind::JobCreate,
            CallKind::JobInfo,
            CallKind::Results,
            CallKind::Query,
            CallKind::JobDelete,
        ];
        let call = KINDS[self.below(9) as usize];
        let action = match self.below(9) {
            0 => Action::Unavailable,
            1 => Action::ResetConnection,
            2 => Action::ExpireAllSessions,
            3 => Action::CutBody { after_bytes: self.below(400) },
            4 => Action::UnknownException,
            5 => Action::EmptyBody,
            6 => Action::DailyLimit,
            // Jobs are cut, again and again.
            7 => {
                let records = self.below(30) + 1;
                return Fault::always(CallKind::JobInfo, Action::FailLargeJob { records });
            }
            _ => Action::TooManyRequests { retry_after_secs: None },
        };
        let when = [When::Next(1), When::Next(2), When::Nth(2), When::Always][self.below(4) as usize];
        Fault { call: Some(call), when, action }
    }

    /// Picks a record that no open transaction holds.
    fn pick(&mut self, kind: &str, filter: &str) -> Option<Id> {
        let now = self.fixture.org.now();
        let scope = if filter.is_empty() { Scope::Live } else { Scope::All };
        let selection = self.fixture.org.select(&format!("SELECT Id FROM {kind} {filter}"), scope).unwrap();
        let ids = selection.page(0, selection.total()).map(|values| values[0].as_id().unwrap());
        let free: Vec<Id> = ids.filter(|id| self.locked.get(id).is_none_or(|until| *until <= now)).collect();
        (!free.is_empty()).then(|| free[self.below(free.len() as u64) as usize])
    }

    /// Picks a record while no transaction is open at all: what is done to it reaches others too.
    fn pick_quiet(&mut self, kind: &str, filter: &str) -> Option<Id> {
        let now = self.fixture.org.now();
        if self.locked.values().any(|until| *until > now) { None } else { self.pick(kind, filter) }
    }

    fn tell(&mut self, what: String) {
        self.log.push(format!("{} {what}", self.fixture.org.now()));
    }

    fn rows(&self) -> Vec<RowSpec> {
        let row = |(kind, treatment): (&&str, &Treatment)| match treatment {
            Treatment::Ignored => incremental(object(kind)),
            Treatment::Flagged => flagging(object(kind)),
            Treatment::Removed => removing(object(kind)),
        };
        OBJECTS.iter().zip(&self.treatments).map(row).collect()
    }

    /// Fails unless every table equals the org.
    fn check(&self) {
        for (kind, treatment) in OBJECTS.iter().zip(self.treatments) {
            let (table, live, all) = (self.fixture.table(kind), self.fixture.live(kind), self.fixture.all(kind));
            assert!(table.column("Id").iter().all(|id| self.known.contains(id)), "it has been in the org");
            match treatment {
                Treatment::Ignored => assert_same(&only(&table, &live), &live),
                Treatment::Removed => assert_same(&table, &live),
                Treatment::Flagged => {
                    assert_same(&only(&table, &all), &all);
                    let ids = all.column("Id");
                    let gone = table.filtered("Id", |id| ids.binary_search(id).is_err());
                    let flags = gone.column("IsDeleted");
                    assert!(flags.iter().all(|flag| flag.as_deref() == Some("true")), "it is gone and not flagged");
                }
            }
        }
    }
}

/// Returns the records of `table` whose ids are among `others`.
fn only(table: &Records, others: &Records) -> Records {
    let ids = others.column("Id");
    table.filtered("Id", |id| ids.binary_search(id).is_ok())
}

fn name_of(kind: &str) -> &'static str {
    if kind == CHILD { "LastName" } else { "Name" }
}

fn unlogged() -> serde_json::Value {
    json!({"name": UNLOGGED, "label": "Meter", "keyPrefix": "a0M", "replicateable": false, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "IsDeleted", "type": "boolean", "nillable": false},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]})
}

/// Makes the history of `seed` and returns what went wrong.
async fn live_through(seed: u64) -> Result<(), String> {
    let task = tokio::spawn(async move {
        let mut history = History::new(seed).await;
        history.note_records();
        let steps = 10 + history.below(30);
        for _ in 0..steps {
            history.step().await;
        }
        // All transactions are over, and then some.
        history.fixture.org.advance(Duration::from_secs(LONGEST_COMMIT) + MINUTE);
        history.run(false).await;
        let log = history.log.join("\n");
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| history.check())).map_err(|_| log)
    });
    match task.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(log)) => Err(format!("history {seed}:\n{log}")),
        Err(panic) => Err(format!("history {seed}: {panic}")),
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no `orgtap::env`")]
fn histories() -> Range<u64> {
    let Ok(wanted) = std::env::var("ORGTAP_TEST_HISTORIES") else { return 0..USUAL_HISTORIES };
    let number = |text: &str| text.parse().expect("ORGTAP_TEST_HISTORIES is a number, or two with `..` between them");
    wanted.split_once("..").map_or_else(|| 0..number(&wanted), |(first, end)| number(first)..number(end))
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_run_of_any_history_the_tables_equal_the_org() {
    const AT_ONCE: usize = 4;
    let histories = histories();

    let lanes = (0..AT_ONCE).map(|lane| {
        let histories = histories.clone();
        tokio::spawn(async move {
            for seed in histories.skip(lane).step_by(AT_ONCE) {
                live_through(seed).await?;
            }
            Ok(())
        })
    });

    for lane in lanes.collect::<Vec<_>>() {
        let outcome: Result<(), String> = lane.await.unwrap();
        assert_eq!(outcome, Ok(()));
    }
}
