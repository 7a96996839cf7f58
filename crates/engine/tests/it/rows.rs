//! A run as a whole: rows beside each other, their reports, and what they cost.

use std::sync::Arc;

use async_trait::async_trait;
use orgtap_destination::memory::Memory;
use orgtap_destination::{Capabilities, Destination, TableLoad, TableSpec};
use orgtap_emulator::{Action, CallKind, Fault};
use orgtap_engine::{RowSpec, RunEvent, RunSpec};

use crate::fixture::{Fixture, incremental, object, soql};
use crate::records::assert_same;

const OBJECTS: [&str; 6] = ["Account", "Contact", "Opportunity", "Case", "Task", "Shipment__c"];

#[tokio::test]
async fn every_row_of_a_run_is_loaded_and_reported_in_its_place() {
    for concurrency in [0, 1, 4, 100] {
        let fixture = Fixture::demo(600).await;
        let rows: Vec<RowSpec> = OBJECTS.iter().map(|name| object(name)).collect();

        let report = fixture.run(RunSpec { concurrency, ..RunSpec::new(rows) }).await;

        let reported: Vec<_> = report.rows.iter().map(|row| (row.row.as_str(), row.table.as_deref())).collect();
        assert_eq!(reported, OBJECTS.map(|name| (name, Some(name))));
        for name in OBJECTS {
            assert_same(&fixture.table(name), &fixture.live(name));
        }
    }
}

#[tokio::test]
async fn no_more_rows_run_at_once_than_allowed() {
    let fixture = Fixture::demo(600).await;
    let hold = Action::Hold { gate: "gate".to_owned() };
    fixture.emulator.faults().add(Fault::always(CallKind::JobInfo, hold)).unwrap();
    let rows: Vec<RowSpec> = OBJECTS.iter().map(|name| object(name)).collect();
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), RunSpec { concurrency: 2, ..RunSpec::new(rows) });
    let is_job = |event: &RunEvent| matches!(event, RunEvent::Job { .. }).then_some(());
    running.event(is_job).await;
    running.event(is_job).await;
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 2, "both have their jobs and wait");

    fixture.emulator.faults().release("gate");
    let (mut at_once, mut most, mut finished) = (2, 2, 0);
    while finished < OBJECTS.len() {
        let change = |event: &RunEvent| match event {
            RunEvent::Planning { .. } => Some(1),
            RunEvent::Finished { .. } => Some(-1),
            _ => None,
        };
        let change = running.event(change).await;
        at_once += change;
        most = most.max(at_once);
        finished += usize::from(change < 0);
    }

    assert_eq!(most, 2);
    assert_eq!(running.report().await.failures().count(), 0);
}

#[tokio::test]
async fn jobs_are_deleted_when_they_were_read() {
    let fixture = Fixture::demo(300).await;
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), RunSpec::new(vec![object("Account")]));
    let job = running.job().await;

    running.end().await.outcome.unwrap();

    let error = fixture.client().job(&job).await.unwrap_err();
    assert_eq!(error.kind(), orgtap_salesforce::ErrorKind::JobGone);
    assert_eq!(fixture.emulator.calls(CallKind::JobAbort), 0);
}

#[tokio::test]
async fn each_row_counts_its_own_calls() {
    let fixture = Fixture::demo(300).await;
    let rows = vec![object("Account"), soql("SELECT Id, Account.Name FROM Contact"), object("Acount")];

    let report = fixture.run(RunSpec { concurrency: 1, ..RunSpec::new(rows) }).await;

    let counted: u64 = report.rows.iter().map(|row| row.calls).sum();
    assert_eq!(counted, fixture.emulator.stats().calls.values().sum::<u64>(), "none is lost, none counts twice");
    // A sign-in and a describe; create, two looks, one page, delete.
    assert_eq!(report.rows[0].calls, 2 + 5);
    // Accounts have been described already.
    assert_eq!(report.rows[1].calls, 1 + 5);
    assert!(report.rows[2].calls > 0, "a row that fails has had its costs too");
}

#[tokio::test]
async fn a_row_that_cannot_be_planned_does_not_touch_the_others() {
    let fixture = Fixture::demo(300).await;
    let rows = vec![object("Nonsense__c"), incremental(object("Account")), soql("SELECT FROM"), object("Case")];

    let report = fixture.run(RunSpec::new(rows)).await;

    let failed: Vec<_> = report.failures().map(|(row, _)| (row.row.as_str(), row.table.as_deref())).collect();
    assert_eq!(failed, [("Nonsense__c", None), ("query", None)]);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_same(&fixture.table("Case"), &fixture.live("Case"));
}

#[tokio::test]
async fn a_row_whose_task_breaks_down_does_not_take_the_others_along() {
    let fixture = Fixture::demo(300).await;
    let destination = Arc::new(BreaksDown { inner: fixture.memory.clone(), table: "Contact" });

    let spec = RunSpec::new(vec![object("Account"), object("Contact"), object("Case")]);
    let report = fixture.run_into(destination, spec).await;

    let failed: Vec<_> = report.failures().map(|(row, error)| (row.row.as_str(), error.to_string())).collect();
    assert_eq!(failed, [("Contact", "could not finish the row: its task ended unexpectedly".to_owned())]);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_same(&fixture.table("Case"), &fixture.live("Case"));
}

/// A destination with a defect: it panics when `table` is to be loaded.
#[derive(Debug)]
struct BreaksDown {
    inner: Memory,
    table: &'static str,
}

#[async_trait]
impl Destination for BreaksDown {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn check(&self) -> orgtap_destination::Result<()> {
        self.inner.check().await
    }

    async fn state(&self, row: &str, table: &str) -> orgtap_destination::Result<Option<String>> {
        self.inner.state(row, table).await
    }

    async fn states(&self, row: &str) -> orgtap_destination::Result<Vec<String>> {
        self.inner.states(row).await
    }

    async fn begin(&self, table: &TableSpec) -> orgtap_destination::Result<Box<dyn TableLoad>> {
        assert_ne!(table.name, self.table, "this breakdown is on purpose");
        self.inner.begin(table).await
    }
}

#[tokio::test]
async fn planning_moves_nothing() {
    let fixture = Fixture::demo(300).await;
    let rows: Vec<RowSpec> = OBJECTS.iter().map(|name| incremental(object(name))).collect();

    let plans = orgtap_engine::plan(&RunSpec::new(rows), &fixture.client(), &fixture.memory).await;

    assert!(plans.iter().all(Result::is_ok), "{plans:?}");
    assert!(fixture.emulator.stats().queries.is_empty());
    assert!(OBJECTS.iter().all(|name| fixture.memory.table(name).is_none()));
}
