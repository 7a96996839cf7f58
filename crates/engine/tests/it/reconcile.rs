//! Tables compared with the org by Ids: what is gone leaves the table or is flagged, and what the table lacks is told.

use std::num::NonZeroU32;
use std::sync::Arc;

use orgtap_emulator::{Action, CallKind, EmulatorOptions, Fault, Org};
use orgtap_engine::{Api, EventSender, Fetch, RowSpec, RunSpec};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, MINUTE, flagging, incremental, object, only, removing, soql};
use crate::records::assert_same;

async fn loaded(row: &RowSpec) -> Fixture {
    let fixture = Fixture::demo(300).await;
    fixture.load(row).await;
    fixture.org.advance(10 * MINUTE);
    fixture
}

#[tokio::test]
async fn what_is_gone_from_the_org_leaves_the_table() {
    for api in [Api::Bulk, Api::Rest] {
        let row = RowSpec { api, ..removing(object("Account")) };
        let fixture = loaded(&row).await;
        let [gone, deleted] = fixture.first("Account");
        fixture.delete_for_good(gone);
        fixture.org.delete(deleted).unwrap();
        let live = fixture.live("Account");

        let report = fixture.reconcile(&row).await;

        assert_eq!(report.notes, Vec::<String>::new());
        let compared = report.outcome.unwrap();
        assert_eq!((compared.records, compared.removed), (live.len() as u64, 2));
        assert_eq!(compared.table_records, Some(live.len() as u64));
        assert_same(&fixture.table("Account"), &live);
        assert_eq!(fixture.emulator.calls(CallKind::Deleted), 0);
        // The watermark is where it was.
        fixture.new_account("new");
        assert_eq!(fixture.load(&row).await.records, 2, "the deleted one and the new one");
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
    }
}

#[tokio::test]
async fn what_is_gone_from_the_org_is_flagged() {
    let row = flagging(object("Account"));
    let fixture = loaded(&row).await;
    let [gone, deleted] = fixture.first("Account");
    fixture.delete_for_good(gone);
    fixture.org.delete(deleted).unwrap();

    let compared = fixture.reconcile(&row).await.outcome.unwrap();

    // What is in the recycle bin is in the org; the next run sees it.
    assert_eq!((compared.removed, compared.flagged), (0, 1));
    let flags = fixture.column_by_id("Account", "IsDeleted");
    assert_eq!(flags[&gone.to_string()].as_deref(), Some("true"));
    assert_eq!(flags[&deleted.to_string()].as_deref(), Some("false"));
}

#[tokio::test]
async fn a_record_that_left_the_filter_leaves_the_table_but_is_not_flagged() {
    let query = "SELECT Id, Name, IsDeleted, SystemModstamp FROM Account a WHERE a.Site != 'elsewhere' ORDER BY Name";
    for (row, left) in [(removing(soql(query)), 1), (flagging(soql(query)), 0)] {
        let fixture = loaded(&row).await;
        let [moved, stays] = fixture.first("Account");
        let before = fixture.table("Account").len() as u64;
        fixture.set(moved, "Site", "elsewhere");
        fixture.set(stays, "Name", "Changed");
        // It is not deleted: a run leaves it as it was.
        let run = fixture.load(&row).await;
        assert_eq!((run.records, run.removed + run.flagged), (1, 0));

        let report = fixture.reconcile(&row).await;

        assert_eq!(report.notes, Vec::<String>::new());
        let compared = report.outcome.unwrap();
        assert_eq!((compared.removed, compared.flagged, compared.table_records), (left, 0, Some(before - left)));
    }
}

#[tokio::test]
async fn records_that_the_table_lacks_are_told() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    fixture.new_account("new");
    fixture.org.advance(MINUTE);
    let recent = fixture.reconcile(&row).await.notes;
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);

    // Somebody deletes from the table behind our back.
    let [lost] = fixture.first("Account");
    fixture.memory.remove_records("Account", "Id", &lost.to_string());
    let lost = fixture.reconcile(&row).await.notes;

    assert_eq!(
        recent,
        ["the table lacks 1 of the org's records; 1 changed since the last run, and the next one loads them"]
    );
    assert_eq!(
        lost,
        ["the table lacks 1 of the org's records, and only 0 changed since the last run; \
          `orgtap run --full-refresh --row \"Account\"` loads everything again"]
    );
}

#[tokio::test]
async fn a_record_that_comes_while_ids_are_compared_stays() {
    let row = RowSpec { reconcile_every: NonZeroU32::new(1), ..removing(object("Account")) };
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    let early = fixture.new_account("before the records are read");
    let gate = "ids".to_owned();
    fixture.emulator.faults().add(Fault::nth(CallKind::JobCreate, 2, Action::Hold { gate })).unwrap();
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), RunSpec::new(vec![row.clone()]));
    running.held(fixture.emulator.faults(), "ids").await;
    let late = fixture.new_account("before the Ids are read");
    fixture.emulator.faults().release("ids");

    let report = running.end().await;

    assert_eq!(report.outcome.unwrap().removed, 1);
    assert!(report.notes[0].starts_with("the table lacks 1 of the org's records; 2 changed"), "{:?}", report.notes);
    assert!(fixture.column_by_id("Account", "Name").contains_key(&early.to_string()));
    fixture.org.advance(MINUTE);
    fixture.load(&row).await;
    assert!(fixture.column_by_id("Account", "Name").contains_key(&late.to_string()));
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_record_that_is_purged_after_a_comparison_saw_it_in_the_recycle_bin_is_flagged() {
    let row = flagging(object("Account"));
    let fixture = loaded(&row).await;
    let [deleted] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();
    fixture.org.advance(10 * MINUTE);
    assert_eq!(fixture.reconcile(&row).await.outcome.unwrap().flagged, 0);
    assert!(fixture.org.purge(deleted).is_ok());
    fixture.org.advance(10 * MINUTE);

    assert_eq!(fixture.load(&row).await.flagged, 1);
}

#[tokio::test]
async fn a_comparison_that_was_cut_off_is_finished_by_the_next_run() {
    for base in [removing(object("Account")), flagging(object("Account"))] {
        let row = RowSpec { api: Api::Bulk, reconcile_every: NonZeroU32::new(2), ..base };
        let spec = RunSpec { page_records: 10, ..RunSpec::new(vec![row.clone()]) };
        let options = EmulatorOptions { page_records: 10, ..EmulatorOptions::default() };
        let fixture = Fixture::with(Org::builder().demo(300).build(), options).await;
        for _ in 0..2 {
            fixture.load(&row).await;
            fixture.org.advance(10 * MINUTE);
        }
        let [gone] = fixture.first("Account");
        fixture.delete_for_good(gone);
        fixture.new_account("before");
        fixture.org.advance(MINUTE);
        // The first page is that of the records, the third one the second of the Ids.
        let gate = "ids".to_owned();
        fixture.emulator.faults().add(Fault::nth(CallKind::Results, 3, Action::Hold { gate: gate.clone() })).unwrap();
        let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec.clone());
        running.held(fixture.emulator.faults(), &gate).await;
        running.kill().await;
        fixture.emulator.faults().clear();
        let created = fixture.emulator.calls(CallKind::JobCreate);
        fixture.new_account("new");
        fixture.org.advance(MINUTE);

        let report = only(fixture.run(spec).await);

        assert!(
            report.notes.iter().any(|note| note.ends_with("with the table, as an earlier run had begun to")),
            "{:?}",
            report.notes
        );
        assert_eq!(fixture.emulator.calls(CallKind::JobCreate), created + 1, "that of the records");
        let kept = fixture.table("Account").filtered("IsDeleted", |flag| flag.as_deref() != Some("true"));
        assert_same(&kept, &fixture.live("Account"));
        assert_eq!(fixture.run_row(&row).await.outcome.unwrap().records, 0);
    }
}

#[tokio::test]
async fn ids_are_compared_every_so_many_runs() {
    let row = RowSpec { reconcile_every: NonZeroU32::new(3), ..removing(object("Account")) };
    let fixture = loaded(&row).await;
    let mut compared = Vec::new();
    for _ in 0..7 {
        let report = fixture.run_row(&row).await;
        compared.push(report.notes.iter().any(|note| note.ends_with(": every 3 runs")));
        fixture.org.advance(MINUTE);
    }
    assert_eq!(compared, [false, false, true, false, false, true, false]);

    fixture.reconcile(&row).await.outcome.unwrap();
    let next: Vec<_> = [fixture.run_row(&row).await, fixture.run_row(&row).await].map(|report| report.notes).into();

    assert_eq!(next, [Vec::<String>::new(), Vec::new()], "counted from the last comparison on");
}

#[tokio::test]
async fn a_comparison_that_is_cut_off_is_gone_on_with() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    let spec = || RunSpec { page_records: 20, download_connections: 1, ..RunSpec::new(vec![row.clone()]) };
    let compare = |spec| {
        let (client, memory) = (fixture.client(), Arc::new(fixture.memory.clone()));
        async move {
            let report =
                orgtap_engine::reconcile(spec, &client, memory, EventSender::silent(), CancellationToken::new()).await;
            only(report)
        }
    };
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 2, Action::DailyLimit)).unwrap();
    let jobs = fixture.emulator.calls(CallKind::JobCreate);
    compare(spec()).await.outcome.unwrap_err();

    let report = compare(spec()).await;

    assert!(report.notes[0].starts_with("went on with"), "{:?}", report.notes);
    assert_eq!(report.outcome.unwrap().removed, 1);
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate) - jobs, 1);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_comparison_that_was_cut_off_before_the_table_was_loaded_again_is_forgotten() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let spec = RunSpec { page_records: 20, download_connections: 1, ..RunSpec::new(vec![row.clone()]) };
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 2, Action::DailyLimit)).unwrap();
    let (client, memory) = (fixture.client(), Arc::new(fixture.memory.clone()));
    let cut = orgtap_engine::reconcile(spec.clone(), &client, memory, EventSender::silent(), CancellationToken::new());
    only(cut.await).outcome.unwrap_err();
    fixture.new_account("not among the Ids that were read");
    fixture.load(&row).await;

    let report = fixture.reconcile(&row).await;

    assert_eq!(report.notes, Vec::<String>::new());
    assert_eq!(report.outcome.unwrap().removed, 0);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_row_that_flags_and_fetches_all_every_time_notices_what_is_gone() {
    let row = RowSpec { fetch: Fetch::All, ..flagging(object("Account")) };
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);

    let loaded = fixture.load(&row).await;

    assert_eq!((loaded.flagged, loaded.records), (1, fixture.all("Account").len() as u64));
    assert_eq!(fixture.column_by_id("Account", "IsDeleted")[&gone.to_string()].as_deref(), Some("true"));
}

#[tokio::test]
async fn a_table_that_cannot_be_compared_is_left_alone() {
    let fixture = Fixture::demo(100).await;
    let row = removing(object("Account"));
    let error = |report: orgtap_engine::RowReport| report.outcome.unwrap_err().to_string();

    let never_loaded = error(fixture.reconcile(&row).await);
    fixture.load(&incremental(object("Account"))).await;
    let ignoring = error(fixture.reconcile(&incremental(object("Account"))).await);
    let changed = error(fixture.reconcile(&row).await);

    assert_eq!(never_loaded, "could not compare the table with the org: the first fetch of this row");
    assert_eq!(
        ignoring,
        "could not compare the table with the org: the row takes no record out of its table and flags none"
    );
    assert_eq!(
        changed,
        "could not compare the table with the org: the row changed (the cursor field was `LastModifiedDate`, deleted records were left out)"
    );
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}
