//! One cell of the matrix: a row that meets a trouble, is started again as often as it takes, and goes on as if nothing had been.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgtap_destination::Destination;
use orgtap_destination::faulty::{self, FaultPlan, Faulty};
use orgtap_emulator::{Action, EmulatorOptions, Fault, Scope};
use orgtap_engine::{Loaded, RowReport, RowSpec, RunSpec};
use orgtap_salesforce::{Client, Clock, ManualClock};

use super::place::{Kind, Place, TABLE};
use super::trouble::{Cause, Trouble};
use crate::fixture::{Fixture, MINUTE, chain, fields, incremental, only, org_with, soql};
use crate::records::{Records, assert_same};

/// Text alone, so that every destination holds the same text as the org.
const QUERY: &str = "SELECT Id, Name, Site__c, Description__c, LastModifiedDate FROM Meter__c";
const PAGE_RECORDS: u32 = 5;
const RECORDS: usize = 18;
const CHANGED: usize = 12;
const GATE: &str = "gate";
/// Longer than a client waits for an answer.
const SILENCE: Duration = Duration::from_secs(250);

/// Which run of a row the trouble hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hit {
    First,
    Incremental,
}

/// How the row got over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) restarts: u32,
    /// How many calls the last run made.
    pub(super) calls: u64,
}

struct Cell<'a> {
    trouble: &'a Trouble,
    fixture: Fixture,
    place: Place,
    row: RowSpec,
    /// How many processes were started so far.
    started: u32,
}

/// A small object, quickly described.
fn meter() -> serde_json::Value {
    serde_json::json!({"name": TABLE, "label": "Meter", "keyPrefix": "a0M", "replicateable": true, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "Site__c", "type": "string"},
        {"name": "Description__c", "type": "textarea"},
        {"name": "IsDeleted", "type": "boolean", "nillable": false},
        {"name": "CreatedDate", "type": "datetime", "nillable": false},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]})
}

/// Lives through `trouble`.
pub(super) async fn live_through(trouble: &Trouble, kind: Kind, hit: Hit) -> Outcome {
    let options = EmulatorOptions { page_records: PAGE_RECORDS.into(), ..EmulatorOptions::default() };
    let fixture = Fixture::with(org_with(&meter()), options).await;
    let row = RowSpec { api: trouble.api, table: None, ..incremental(soql(QUERY)) };
    let mut cell = Cell { trouble, fixture, place: Place::new(kind), row, started: 0 };
    for number in 0..RECORDS {
        cell.fixture.org.advance(Duration::from_secs(1));
        cell.add(&format!("meter {number}"));
    }
    cell.fixture.org.advance(10 * MINUTE);
    if hit == Hit::Incremental {
        cell.undisturbed().await;
        cell.change("before");
    }

    let outcome = cell.disturbed().await;

    cell.change("after");
    let changed = cell.undisturbed().await.records;
    let expected = CHANGED as u64 + 1;
    assert!(changed >= expected && (changed == expected || trouble.reads_back), "{changed} records were read");
    cell.fixture.org.advance(MINUTE);
    assert_eq!(cell.undisturbed().await.records, 0, "nothing has changed since");
    outcome
}

impl Cell<'_> {
    /// Changes some records, and adds one.
    fn change(&self, when: &str) {
        self.fixture.org.advance(10 * MINUTE);
        for id in self.fixture.first::<CHANGED>(TABLE) {
            self.fixture.set(id, "Description__c", format!("changed {when}\r\nsaid \"{id}\", too"));
        }
        self.add(when);
        self.fixture.org.advance(MINUTE);
    }

    fn add(&self, name: &str) {
        self.fixture.org.insert(TABLE, fields([("Name", name.into()), ("Site__c", "north, \"left\"".into())])).unwrap();
    }

    fn truth(&self) -> Records {
        Records::of_query(&self.fixture.org, QUERY, Scope::Live)
    }

    /// Runs without trouble.
    async fn undisturbed(&mut self) -> Loaded {
        let report = self.run(self.client(), self.place.open()).await;
        let loaded = report.outcome.unwrap_or_else(|error| panic!("{}", chain(&error)));
        self.place.ended(true);
        assert_same(&self.place.table().unwrap(), &self.truth());
        loaded
    }

    /// Runs into the trouble, and again until a run ends well. A run that does not leaves the table as it was, or as it shall be.
    async fn disturbed(&mut self) -> Outcome {
        let before = self.place.table();
        for restarts in 0..=self.trouble.restarts {
            let report = self.attempt(restarts).await;
            let outcome = report.map(|report| (report.calls, report.outcome));
            let is_well = matches!(outcome, Some((_, Ok(_))));
            self.place.ended(is_well);
            let table = self.place.table();
            match outcome {
                Some((calls, Ok(_))) => {
                    assert_same(&table.unwrap(), &self.truth());
                    self.end_of_trouble();
                    return Outcome { restarts, calls };
                }
                outcome => {
                    let is_whole = table == before || table == Some(self.truth());
                    assert!(is_whole, "half a table is visible after {outcome:?}");
                    let why = outcome.and_then(|(_, outcome)| outcome.err()).map(|error| chain(&error));
                    assert!(restarts < self.trouble.restarts, "it takes more restarts: {why:?}");
                }
            }
        }
        unreachable!("the last attempt ends well or fails the cell")
    }

    fn end_of_trouble(&self) {
        let faults = self.fixture.emulator.faults();
        let is_met = |fault: &Fault| fault.when == orgtap_emulator::When::Always;
        assert!(faults.list().iter().all(is_met), "never met: {:?}", faults.list());
        faults.clear();
        if let Cause::LateCommit(open) = self.trouble.cause {
            self.fixture.org.advance(open);
        }
    }

    /// Starts a process: the first one meets the trouble, and the next ones do if it lasts. Returns `None` where it was killed.
    async fn attempt(&mut self, restarts: u32) -> Option<RowReport> {
        let trouble = self.trouble;
        let place = self.place.open();
        if let Cause::Killed(calls) = &trouble.cause
            && let Some((kind, nth)) = calls.get(restarts as usize)
        {
            self.kill_at(Fault::nth(*kind, *nth, Action::Hold { gate: GATE.to_owned() }), place).await;
            return None;
        }
        if restarts > 0 {
            self.fixture.emulator.faults().clear();
            return Some(self.run(self.client(), place).await);
        }
        let report = match &trouble.cause {
            Cause::Calls(faults) => {
                faults.iter().for_each(|fault| self.fixture.emulator.faults().add(fault.clone()).unwrap());
                self.run(self.client(), place).await
            }
            Cause::Silence(calls) => self.run_into_silence(calls, place).await,
            Cause::Elsewhere(url) => {
                let client = self.fixture.client_to(url.parse().unwrap(), self.fixture.clock.clone());
                self.run(client, place).await
            }
            Cause::Destination(call, after) => {
                let plan = FaultPlan::new().fail(faulty::Fault::at(*call).after(*after));
                self.run(self.client(), Arc::new(Faulty::new(place, plan))).await
            }
            Cause::Locked => self.run_into_lock(place).await,
            Cause::LateCommit(open) => {
                self.fixture.org.set_commit_delay(*open);
                let [first, second] = self.fixture.first(TABLE);
                self.fixture.set(first, "Description__c", "committed late");
                self.add("committed late, too");
                self.fixture.org.set_commit_delay(Duration::ZERO);
                self.fixture.org.advance(MINUTE);
                self.fixture.set(second, "Description__c", "stamped later, committed earlier");
                self.fixture.org.advance(MINUTE);
                self.run(self.client(), place).await
            }
            Cause::Nothing | Cause::Killed(_) | Cause::MachineClock { .. } => self.run(self.client(), place).await,
        };
        Some(report)
    }

    async fn run(&mut self, client: Client, destination: Arc<dyn Destination>) -> RowReport {
        self.started += 1;
        only(Fixture::start_as(client, destination, self.spec()).report().await)
    }

    fn spec(&self) -> RunSpec {
        RunSpec {
            page_records: PAGE_RECORDS,
            download_connections: self.trouble.connections,
            ..RunSpec::new(vec![self.row.clone()])
        }
    }

    /// Returns the client of a new process.
    fn client(&self) -> Client {
        let clock: Arc<dyn Clock> = match self.trouble.cause {
            Cause::MachineClock { off_by, jumps } => {
                // From process to process it goes wrong the other way.
                let direction = if self.started.is_multiple_of(2) { 1 } else { -1 };
                let now = self.fixture.org.now().as_second() + direction * off_by;
                let clock = ManualClock::new(Timestamp::from_second(now).unwrap());
                if jumps { Arc::new(Jumping::new(clock)) } else { Arc::new(clock) }
            }
            _ => self.fixture.clock.clone(),
        };
        self.fixture.client_to(self.fixture.emulator.url().parse().unwrap(), clock)
    }

    async fn kill_at(&mut self, hold: Fault, destination: Arc<dyn Destination>) {
        let faults = self.fixture.emulator.faults();
        faults.add(hold).unwrap();
        let mut running = Fixture::start_as(self.client(), destination, self.spec());
        running.held(faults, GATE).await;
        running.kill().await;
        faults.clear();
    }

    /// Runs against an org that falls silent at each of `calls` until the client has lost its patience.
    async fn run_into_silence(
        &mut self,
        calls: &[(orgtap_emulator::CallKind, Option<u64>)],
        destination: Arc<dyn Destination>,
    ) -> RowReport {
        let gate = |at: usize| format!("silence {at}");
        let faults = self.fixture.emulator.faults();
        for (at, (kind, after_bytes)) in calls.iter().enumerate() {
            let action = match after_bytes {
                Some(after_bytes) => Action::StallBody { after_bytes: *after_bytes, gate: gate(at) },
                None => Action::Hold { gate: gate(at) },
            };
            faults.add(Fault::next(*kind, action)).unwrap();
        }
        let clock_goes_on = async {
            for at in 0..calls.len() {
                faults.held(&gate(at)).await;
                self.until_quiet().await;
                let made = self.calls();
                while self.calls() == made {
                    tokio::time::advance(SILENCE).await;
                    turns().await;
                }
            }
            std::future::pending().await
        };
        let running = Fixture::start_as(self.client(), destination, self.spec());
        tokio::select! {
            report = running.report() => only(report),
            () = clock_goes_on => unreachable!("it waits for ever"),
        }
    }

    fn calls(&self) -> u64 {
        self.fixture.emulator.stats().calls.values().sum()
    }

    /// Waits until nobody does anything any more but wait for an answer.
    async fn until_quiet(&self) {
        loop {
            let made = self.calls();
            turns().await;
            if self.calls() == made {
                return;
            }
        }
    }

    /// Runs while another process loads the same table.
    async fn run_into_lock(&mut self, destination: Arc<dyn Destination>) -> RowReport {
        let other = self.place.open();
        let plan = orgtap_engine::plan(&self.spec(), &self.client(), &*other).await.remove(0).unwrap();
        let load = other.begin(&plan.table).await.unwrap();
        let report = self.run(self.client(), destination).await;
        load.abort().await.unwrap();
        report
    }
}

/// Lets everybody have some turns, those who wait for the network and for threads too.
async fn turns() {
    for _ in 0..200 {
        tokio::task::spawn_blocking(|| {}).await.unwrap();
    }
}

/// A clock that goes back by a day, and forth again, whenever somebody looks at it.
#[derive(Debug)]
struct Jumping {
    clock: ManualClock,
    looks: std::sync::atomic::AtomicU64,
}

impl Jumping {
    fn new(clock: ManualClock) -> Self {
        Self { clock, looks: 0.into() }
    }
}

#[async_trait::async_trait]
impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        let look = self.looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let back = if look.is_multiple_of(2) { 0 } else { 86_400 };
        Timestamp::from_second(self.clock.now().as_second() - back).unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }
}
