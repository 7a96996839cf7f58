//! What is deleted in the org leaves the table, or is flagged in it, however it was deleted and whenever.

use std::sync::Arc;

use orgtap_destination::Destination;
use orgtap_destination::csv_dir::CsvDir;
use orgtap_destination::faulty::{Call, Fault as DestinationFault, FaultPlan, Faulty};
use orgtap_destination::sqlite::{Sqlite, SqliteOptions};
use orgtap_emulator::{Action, CallKind, Fault, Id, Scope};
use orgtap_engine::{Api, Loaded, RowSpec, RunSpec};

use crate::fixture::{DAY, Fixture, MINUTE, flagging, object, only, removing, some_of};
use crate::records::{Records, assert_same};

/// An org whose accounts were loaded by `row`, ten minutes ago.
async fn loaded(row: &RowSpec) -> Fixture {
    let fixture = Fixture::demo(300).await;
    fixture.load(row).await;
    fixture.org.advance(10 * MINUTE);
    fixture
}

/// Fails unless the table holds the accounts that are not deleted.
#[track_caller]
fn assert_live(fixture: &Fixture) {
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[track_caller]
fn assert_is_flagged(fixture: &Fixture, id: Id, is_flagged: bool) {
    let flags = fixture.column_by_id("Account", "IsDeleted");
    assert_eq!(flags[&id.to_string()].as_deref(), Some(if is_flagged { "true" } else { "false" }));
}

#[tokio::test]
async fn a_deleted_record_leaves_the_table() {
    for api in [Api::Bulk, Api::Rest] {
        let row = RowSpec { api, ..removing(object("Account")) };
        let fixture = loaded(&row).await;
        let [deleted, changed] = fixture.first("Account");
        fixture.org.delete(deleted).unwrap();
        fixture.set(changed, "Site", "changed");

        let loaded = fixture.load(&row).await;

        assert_eq!((loaded.removed, loaded.flagged), (1, 0));
        assert_eq!(loaded.table_records, Some(fixture.live("Account").len() as u64));
        assert_live(&fixture);
        assert_eq!(fixture.load(&row).await.removed, 0);
    }
}

#[tokio::test]
async fn what_was_in_the_recycle_bin_before_never_comes_in() {
    let fixture = Fixture::demo(300).await;
    let [deleted] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();

    fixture.load(&removing(object("Account"))).await;

    assert_live(&fixture);
}

#[tokio::test]
async fn a_record_that_is_deleted_for_good_leaves_the_table_at_once() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    for id in fixture.first::<2>("Account") {
        fixture.delete_for_good(id);
    }

    let loaded = fixture.load(&row).await;

    assert_eq!((loaded.records, loaded.removed), (0, 2));
    assert_live(&fixture);
}

#[tokio::test]
async fn a_record_that_is_deleted_for_good_is_flagged_and_keeps_its_values() {
    let row = flagging(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    let name = fixture.table("Account").value(gone, "Name");
    fixture.delete_for_good(gone);

    let loaded = fixture.load(&row).await;

    assert_eq!((loaded.records, loaded.removed, loaded.flagged), (0, 0, 1));
    assert_is_flagged(&fixture, gone, true);
    assert_eq!(fixture.table("Account").value(gone, "Name"), name);
    fixture.org.advance(10 * MINUTE);
    assert_eq!(fixture.load(&row).await.flagged, 0);
}

#[tokio::test]
async fn a_record_stays_flagged_when_the_recycle_bin_throws_it_out() {
    let row = flagging(object("Account"));
    let fixture = loaded(&row).await;
    let [deleted] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();

    for _ in 0..4 {
        fixture.load(&row).await;
        assert_is_flagged(&fixture, deleted, true);
        fixture.org.advance(6 * DAY);
    }

    assert!(!fixture.all("Account").column("Id").contains(&Some(deleted.to_string())), "it is thrown out");
}

#[tokio::test]
async fn the_losers_of_a_merge_leave_and_the_survivor_is_up_to_date() {
    for is_purged in [false, true] {
        let row = removing(object("Account"));
        let fixture = loaded(&row).await;
        let [survivor, first, second] = fixture.first("Account");
        fixture.set(survivor, "Site", "merged");
        fixture.org.merge(survivor, &[first, second]).unwrap();
        if is_purged {
            fixture.org.purge(first).unwrap();
        }

        let loaded = fixture.load(&row).await;

        assert_eq!(loaded.removed, 2, "{is_purged}");
        assert_live(&fixture);
    }
}

#[tokio::test]
async fn a_record_that_is_restored_is_there() {
    for row in [removing(object("Account")), flagging(object("Account"))] {
        let fixture = loaded(&row).await;
        let [before, after] = fixture.first("Account");
        fixture.org.delete(before).unwrap();
        fixture.org.delete(after).unwrap();
        fixture.org.advance(MINUTE);
        fixture.org.undelete(before).unwrap();
        fixture.load(&row).await;
        assert_same(
            &fixture.table("Account").filtered("IsDeleted", |flag| flag.as_deref() == Some("false")),
            &fixture.live("Account"),
        );

        fixture.org.advance(10 * MINUTE);
        fixture.org.undelete(after).unwrap();
        fixture.load(&row).await;

        assert_live(&fixture);
    }
}

#[tokio::test]
async fn a_record_that_is_deleted_after_the_log_was_asked_is_not_lost() {
    for is_purged in [false, true] {
        let row = removing(object("Account"));
        let fixture = loaded(&row).await;
        let [gone] = fixture.first("Account");
        let gate = "query".to_owned();
        fixture.emulator.faults().add(Fault::nth(CallKind::JobCreate, 1, Action::Hold { gate })).unwrap();
        let mut running = fixture.start(Arc::new(fixture.memory.clone()), RunSpec::new(vec![row.clone()]));
        running.held(fixture.emulator.faults(), "query").await;
        fixture.org.delete(gone).unwrap();
        if is_purged {
            fixture.org.purge(gone).unwrap();
        }
        fixture.emulator.faults().release("query");
        let first = running.end().await.outcome.unwrap();
        fixture.org.advance(2 * MINUTE);

        let second = fixture.load(&row).await;

        assert_eq!((first.removed, second.removed), if is_purged { (0, 1) } else { (1, 0) });
        assert_live(&fixture);
    }
}

#[tokio::test]
async fn a_deletion_that_is_committed_late_is_not_lost() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [late] = fixture.first("Account");
    fixture.org.set_commit_delay(5 * MINUTE);
    fixture.org.delete(late).unwrap();
    fixture.org.set_commit_delay(std::time::Duration::ZERO);
    fixture.org.advance(2 * MINUTE);
    assert_eq!(fixture.load(&row).await.removed, 0);
    fixture.org.advance(4 * MINUTE);
    fixture.org.purge(late).unwrap();

    assert_eq!(fixture.load(&row).await.removed, 1);
    assert_live(&fixture);
}

#[tokio::test]
async fn a_run_that_is_cut_off_after_the_log_asks_it_again() {
    for row in [removing(object("Account")), flagging(object("Account"))] {
        let fixture = loaded(&row).await;
        let [gone, deleted] = fixture.first("Account");
        fixture.delete_for_good(gone);
        fixture.org.delete(deleted).unwrap();
        fixture.new_account("new");
        let before = fixture.memory.state("Account", "Account").await.unwrap();
        let gate = "query".to_owned();
        fixture.emulator.faults().add(Fault::nth(CallKind::JobCreate, 1, Action::Hold { gate })).unwrap();
        let mut running = fixture.start(Arc::new(fixture.memory.clone()), RunSpec::new(vec![row.clone()]));
        running.held(fixture.emulator.faults(), "query").await;
        running.kill().await;
        fixture.emulator.faults().clear();
        assert_eq!(fixture.memory.state("Account", "Account").await.unwrap(), before);

        fixture.load(&row).await;

        assert_same(
            &fixture.table("Account").filtered("IsDeleted", |flag| flag.as_deref() == Some("false")),
            &fixture.live("Account"),
        );
        assert!(fixture.emulator.calls(CallKind::Deleted) >= 2);
    }
}

#[tokio::test]
async fn a_destination_that_fails_between_the_two_loads_leaves_nothing_undone() {
    let row = removing(object("Account"));
    for call in [Call::Begin, Call::OpenPart, Call::Write, Call::Finish, Call::Commit, Call::CommitReply] {
        for after in 0..2 {
            let fixture = loaded(&row).await;
            let [gone, deleted] = fixture.first("Account");
            fixture.delete_for_good(gone);
            fixture.org.delete(deleted).unwrap();
            fixture.new_account("new");
            let plan = FaultPlan::new().fail(DestinationFault::at(call).after(after));
            let destination = Faulty::new(Arc::new(fixture.memory.clone()), plan);
            let report = only(fixture.run_into(Arc::new(destination.clone()), RunSpec::new(vec![row.clone()])).await);
            assert!(report.outcome.is_err() && destination.raised() == 1, "{call:?} {after}");
            fixture.org.advance(10 * MINUTE);

            fixture.load(&row).await;

            assert_live(&fixture);
        }
    }
}

#[tokio::test]
async fn a_load_that_is_gone_on_with_does_not_bring_back_what_was_deleted_meanwhile() {
    for row in [removing(object("Account")), flagging(object("Account"))] {
        let fixture = loaded(&row).await;
        let [gone, deleted, restored] = fixture.first("Account");
        for id in [gone, deleted, restored] {
            fixture.set(id, "Site", "changed, and read by the load that is cut off");
        }
        let spec = || RunSpec { page_records: 1, download_connections: 1, ..RunSpec::new(vec![row.clone()]) };
        let gate = "page".to_owned();
        fixture.emulator.faults().add(Fault::nth(CallKind::Results, 3, Action::Hold { gate })).unwrap();
        let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec());
        running.held(fixture.emulator.faults(), "page").await;
        running.kill().await;
        fixture.emulator.faults().clear();
        fixture.org.advance(10 * MINUTE);
        fixture.delete_for_good(gone);
        fixture.org.delete(deleted).unwrap();
        fixture.org.delete(restored).unwrap();
        fixture.org.undelete(restored).unwrap();

        let report = only(fixture.run(spec()).await);

        assert!(report.notes.iter().any(|note| note.starts_with("went on with")), "{:?}", report.notes);
        report.outcome.unwrap();
        assert_same(
            &fixture.table("Account").filtered("IsDeleted", |flag| flag.as_deref() == Some("false")),
            &fixture.live("Account"),
        );
    }
}

#[tokio::test]
async fn a_table_need_not_have_the_column_that_says_what_is_deleted() {
    let row = removing(some_of("Account", &["Id", "Name"]));
    let fixture = loaded(&row).await;
    let [deleted, gone, changed] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();
    fixture.delete_for_good(gone);
    fixture.set(changed, "Name", "Changed");

    assert_eq!(fixture.load(&row).await.removed, 2);

    let truth = Records::of_query(&fixture.org, "SELECT Id, Name FROM Account", Scope::Live);
    assert_same(&fixture.table("Account"), &truth);
}

#[tokio::test]
async fn archived_records_stay() {
    let fixture = Fixture::demo(600).await;
    let row = removing(some_of("Task", &["Id", "IsArchived"]));
    let truth = |fixture: &Fixture| {
        Records::of_query(&fixture.org, "SELECT Id, IsArchived FROM Task WHERE IsDeleted = false", Scope::All)
    };
    fixture.load(&row).await;
    assert_same(&fixture.table("Task"), &truth(&fixture));
    fixture.org.advance(10 * MINUTE);
    let [deleted] = fixture.first("Task");
    fixture.org.delete(deleted).unwrap();

    fixture.load(&row).await;
    let compared = fixture.reconcile(&row).await.outcome.unwrap();

    assert_eq!(compared.removed, 0);
    assert!(truth(&fixture).len() > fixture.live("Task").len(), "the org has archived tasks");
    assert_same(&fixture.table("Task"), &truth(&fixture));
}

/// Returns the Ids in an SQLite table, or in a folder of CSV files.
fn ids_in(folder: &std::path::Path) -> Vec<String> {
    let database = folder.join("org.db");
    if database.exists() {
        let connection = rusqlite::Connection::open(database).unwrap();
        let mut statement = connection.prepare("SELECT Id FROM Account WHERE IsDeleted = 0 ORDER BY Id").unwrap();
        return statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    }
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(folder.join("tables/Account")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        for record in orgtap_destination::csv::records(&std::fs::read(path).unwrap()).skip(1) {
            let values: Vec<_> = orgtap_destination::csv::values(record).collect();
            let text = |at: usize| String::from_utf8(values[at].to_vec()).unwrap();
            if text(1) == "false" {
                ids.push(text(0));
            }
        }
    }
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn files_follow_the_org() {
    type Open = fn(&std::path::Path) -> Arc<dyn Destination>;
    let destinations: [Open; 2] = [
        |folder| Arc::new(Sqlite::open(folder.join("org.db"), SqliteOptions::default()).unwrap()),
        |folder| Arc::new(CsvDir::new(folder.join("tables"))),
    ];
    let fields = some_of("Account", &["Id", "IsDeleted", "Name", "SystemModstamp"]);
    for open in destinations {
        for row in [removing(fields.clone()), flagging(fields.clone())] {
            let fixture = Fixture::demo(300).await;
            let folder = tempfile::tempdir().unwrap();
            let run = async || -> Loaded {
                let report = fixture.run_into(open(folder.path()), RunSpec::new(vec![row.clone()])).await;
                only(report).outcome.unwrap()
            };
            run().await;
            fixture.org.advance(10 * MINUTE);
            let [gone, deleted, survivor, loser, restored, long_gone] = fixture.first("Account");
            fixture.delete_for_good(gone);
            for id in [deleted, restored] {
                fixture.org.delete(id).unwrap();
            }
            fixture.org.merge(survivor, &[loser]).unwrap();
            run().await;
            fixture.org.undelete(restored).unwrap();
            fixture.delete_for_good(long_gone);
            fixture.org.advance(16 * DAY);
            fixture.new_account("new");

            let last = run().await;

            assert_eq!(last.removed + last.flagged, 1, "{row:?}");
            let live: Vec<_> = fixture.live("Account").column("Id").into_iter().flatten().collect();
            assert_eq!(ids_in(folder.path()), live, "{row:?}");
        }
    }
}
