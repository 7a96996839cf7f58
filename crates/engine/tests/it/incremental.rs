//! Incremental loads: what changed moves, nothing else does, and the table equals the org.

use std::time::Duration;

use orgtap_destination::WriteMode;
use orgtap_emulator::Scope;
use orgtap_engine::{Error, FetchWindow, Load, RowSpec, RunSpec};

use crate::fixture::{Fixture, MINUTE, chain, fields, incremental, object, only, some_of, soql, with_deleted};
use crate::records::{Records, assert_same};

#[tokio::test]
async fn an_incremental_load_moves_only_what_changed() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Account"));
    let first = fixture.load(&row).await;
    assert_eq!(first.records, fixture.live("Account").len() as u64);

    fixture.org.advance(10 * MINUTE);
    let [renamed, moved] = fixture.first("Account");
    fixture.set(renamed, "Name", "Renamed, \"twice\"\r\nover");
    fixture.set(moved, "BillingCity", "Ústí");
    fixture.new_account("New");
    let second = fixture.load(&row).await;

    assert_eq!((second.write_mode, second.records), (WriteMode::Upsert, 3));
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_run_without_changes_moves_nothing() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Contact"));
    fixture.load(&row).await;
    fixture.org.advance(MINUTE);

    for _ in 0..2 {
        let loaded = fixture.load(&row).await;

        assert_eq!(loaded.records, 0);
        assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
    }
}

#[tokio::test]
async fn changes_of_the_very_second_of_a_run_are_in_the_next_one() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Account"));
    let [before, after] = fixture.first("Account");
    fixture.org.advance(30 * MINUTE);
    fixture.set(before, "Site", "before the run");
    fixture.load(&row).await;

    // The clock stands: these stamps equal that of the change above.
    fixture.set(after, "Site", "after the run");
    fixture.new_account("after the run");
    let second = fixture.load(&row).await;

    assert_eq!(second.records, 3, "both of that second and the new one");
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn many_runs_with_changes_in_between_follow_the_org() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Case"));
    let ids = fixture.ids("SELECT Id FROM Case ORDER BY Id");
    fixture.load(&row).await;

    for (round, id) in ids.into_iter().take(8).enumerate() {
        fixture.org.advance(Duration::from_secs(37));
        fixture.set(id, "Subject", format!("round {round}"));
        fixture.load(&row).await;

        assert_same(&fixture.table("Case"), &fixture.live("Case"));
    }
}

#[tokio::test]
async fn deleted_records_are_marked_as_such_where_they_are_included() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(with_deleted(object("Account")));
    fixture.load(&row).await;
    assert_same(&fixture.table("Account"), &fixture.all("Account"));

    fixture.org.advance(10 * MINUTE);
    let [deleted, restored, master, loser] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();
    fixture.org.delete(restored).unwrap();
    fixture.org.merge(master, &[loser]).unwrap();
    fixture.org.advance(MINUTE);
    let second = fixture.load(&row).await;

    // Besides these four, the children of the loser now hang on the master.
    let stamped = "SELECT Id FROM Account WHERE SystemModstamp >= 2024-06-01T12:10:00Z";
    assert_eq!(second.records, Records::of_query(&fixture.org, stamped, Scope::All).len() as u64);
    let table = fixture.table("Account");
    assert_same(&table, &fixture.all("Account"));
    assert_eq!(table.value(deleted, "IsDeleted").as_deref(), Some("true"));
    assert_eq!(table.value(loser, "MasterRecordId"), Some(master.to_string()));

    fixture.org.advance(10 * MINUTE);
    fixture.org.undelete(restored).unwrap();
    let third = fixture.load(&row).await;

    assert_eq!(third.records, 1);
    assert_same(&fixture.table("Account"), &fixture.all("Account"));
}

#[tokio::test]
async fn archived_records_are_there_where_deleted_ones_are_included() {
    let fixture = Fixture::demo(3_000).await;
    assert!(fixture.all("Task").len() > fixture.live("Task").len());

    fixture.load(&with_deleted(object("Task"))).await;

    assert_same(&fixture.table("Task"), &fixture.all("Task"));
}

#[tokio::test]
async fn a_record_purged_between_two_runs_keeps_its_last_state() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(with_deleted(object("Account")));
    fixture.load(&row).await;
    let [purged] = fixture.first("Account");
    fixture.org.advance(10 * MINUTE);
    fixture.org.delete(purged).unwrap();
    fixture.org.purge(purged).unwrap();

    fixture.load(&row).await;

    // No query shows a purged record. That it is gone is known to the log of deletions only, which is not read.
    assert_eq!(fixture.table("Account").value(purged, "IsDeleted").as_deref(), Some("false"));
}

#[tokio::test]
async fn without_deleted_records_a_deleted_one_stays_until_a_full_load() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Account"));
    fixture.load(&row).await;
    let before = fixture.table("Account");
    let [deleted] = fixture.first("Account");
    fixture.org.advance(10 * MINUTE);
    fixture.org.delete(deleted).unwrap();

    assert_eq!(fixture.load(&row).await.records, 0);
    assert_same(&fixture.table("Account"), &before);

    refresh(&fixture, &row).await;
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_full_refresh_replaces_the_table_and_the_next_run_goes_on_from_there() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Opportunity"));
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);

    let report = refresh(&fixture, &row).await;
    fixture.org.advance(10 * MINUTE);
    let [changed] = fixture.first("Opportunity");
    fixture.set(changed, "NextStep", "call");
    let next = fixture.load(&row).await;

    let loaded = report.outcome.unwrap();
    assert_eq!((loaded.write_mode, loaded.records), (WriteMode::Replace, fixture.live("Opportunity").len() as u64));
    assert!(report.notes.contains(&"fetches all: a full refresh was asked for".to_owned()), "{:?}", report.notes);
    assert_eq!((next.write_mode, next.records), (WriteMode::Upsert, 1));
    assert_same(&fixture.table("Opportunity"), &fixture.live("Opportunity"));
}

async fn refresh(fixture: &Fixture, row: &RowSpec) -> orgtap_engine::RowReport {
    only(fixture.run(RunSpec { full_refresh: true, ..RunSpec::new(vec![row.clone()]) }).await)
}

#[tokio::test]
async fn overlap_reads_records_of_that_time_before_the_watermark_again() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Account"));
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);
    let [changed] = fixture.first("Account");
    fixture.set(changed, "Site", "changed");
    fixture.org.advance(10 * MINUTE);
    fixture.load(&row).await;

    let without = fixture.load(&row).await;
    let with = fixture.load(&RowSpec { overlap: 10 * MINUTE, ..row.clone() }).await;
    let short = fixture.load(&RowSpec { overlap: 10 * MINUTE - Duration::from_secs(1), ..row }).await;

    assert_eq!((without.records, with.records, short.records), (0, 1, 0));
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn the_plan_says_from_where_it_fetches() {
    let fixture = Fixture::demo(100).await;
    let row = incremental(object("Account"));
    let start = fixture.org.now();

    let first = fixture.plan(&row).await.unwrap();
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);
    let second = fixture.plan(&RowSpec { overlap: MINUTE, ..row }).await.unwrap();

    assert_eq!(first.fetch, FetchWindow::All { reason: "the first fetch of this row".to_owned() });
    let from = start.strftime("%Y-%m-%dT11:59:00Z").to_string();
    assert!(second.query.to_string().ends_with(&format!("WHERE LastModifiedDate >= {from}")), "{}", second.query);
    let cursor_field = "LastModifiedDate".to_owned();
    assert_eq!(second.fetch, FetchWindow::Since { cursor_field, from, to: None, watermark: start });
}

#[tokio::test]
async fn a_composite_key_identifies_records() {
    let fixture = Fixture::demo(600).await;
    let columns = ["AccountId", "LastName", "FirstName", "Email", "LastModifiedDate"];
    let key = Some(vec!["accountid".to_owned(), "LASTNAME".to_owned(), "FirstName".to_owned()]);
    let row = RowSpec { primary_key: key, ..incremental(some_of("Contact", &columns)) };
    let [account] = fixture.first("Account");
    let contact = |first: &str, email: &str| {
        let values = [("AccountId", account.into()), ("LastName", "Doe".into()), ("FirstName", first.into())];
        let mut values = fields(values);
        values.insert("Email".to_owned(), email.into());
        fixture.org.insert("Contact", values).unwrap()
    };
    contact("Jane", "old@example.com");
    contact("John", "john@example.com");
    fixture.org.advance(MINUTE);
    fixture.load(&row).await;

    fixture.org.advance(10 * MINUTE);
    contact("Jane", "new@example.com");
    let before = fixture.table("Contact").len();
    let second = fixture.load(&row).await;

    let table = fixture.table("Contact");
    assert_eq!((second.records, table.len()), (1, before), "the new record took the place of the old one");
    let emails = table.column("Email");
    assert!(
        emails.contains(&Some("new@example.com".to_owned())) && emails.contains(&Some("john@example.com".to_owned()))
    );
    assert!(!emails.contains(&Some("old@example.com".to_owned())));
}

#[tokio::test]
async fn an_incremental_load_needs_a_key_that_is_there() {
    let fixture = Fixture::demo(100).await;
    let key = |columns: &[&str]| Some(columns.iter().map(|column| (*column).to_owned()).collect::<Vec<_>>());
    let row = incremental(object("Account"));
    let cases = [
        (RowSpec { primary_key: key(&[]), ..row.clone() }, "without a primary key"),
        (RowSpec { primary_key: key(&["Id", "Key__c"]), ..row.clone() }, "could not use `Key__c` as `primary_key`"),
        (incremental(some_of("Account", &["Name", "LastModifiedDate"])), "the column `Id`, the default primary key"),
        (incremental(soql("SELECT Name FROM Account")), "the column `Id`, the default primary key"),
    ];

    for (row, message) in cases {
        let error = fixture.fail(&row).await;

        assert!(matches!(error, Error::Row { .. } | Error::Query { .. }), "{error:?}");
        assert!(chain(&error).contains(message), "{}", chain(&error));
        assert!(error.is_user_error() && error.hint().is_some());
    }
}

#[tokio::test]
async fn a_key_that_the_query_does_not_return_is_shown_at_its_select_list() {
    let fixture = Fixture::demo(100).await;
    let key = Some(vec!["Id".to_owned(), "Email".to_owned()]);
    let row = RowSpec { primary_key: key, ..incremental(soql("SELECT Id, LastName FROM Contact")) };

    let error = fixture.fail(&row).await;

    let Error::Query { rendered, .. } = error else { panic!("{error:?}") };
    let caret = rendered.lines().find(|line| line.contains('^')).unwrap_or_default();
    assert!(rendered.contains("could not use `Email` as `primary_key`"), "{rendered}");
    assert_eq!(caret.trim(), "^".repeat("Id, LastName".len()));
}

#[tokio::test]
async fn a_cursor_field_that_the_query_does_not_return_is_told() {
    let fixture = Fixture::demo(100).await;

    let plan = fixture.plan(&incremental(soql("SELECT Id,\n Name FROM Account"))).await.unwrap();
    let loaded = fixture.run_row(&incremental(soql("SELECT Id FROM Account"))).await;
    let quiet = fixture.plan(&incremental(soql("SELECT Id, LastModifiedDate FROM Account"))).await.unwrap();

    let place = "  at 1:8\n    SELECT Id,\n           ^^^\n  hint: add `LastModifiedDate` to the SELECT list\n";
    let warning = format!("warning: the cursor field `LastModifiedDate` is not selected\n{place}");
    assert_eq!(plan.warnings.unwrap().render(), warning);
    assert_eq!(loaded.notes, ["the cursor field `LastModifiedDate` is not selected"]);
    assert_eq!(quiet.warnings, None);
}

#[tokio::test]
async fn a_cursor_field_without_an_index_is_told_where_it_stands() {
    let fixture = Fixture::demo(100).await;
    let by = |field: &str, row| RowSpec { cursor_field: Some(field.to_owned()), ..incremental(row) };
    let cost = "the cursor field `Loaded_At__c` is not known to be indexed: each fetch may have Salesforce look at all records of the object, \
                and time out where they are many";

    let query = "SELECT Id, s.Loaded_At__c FROM Shipment__c s WHERE Name != null";
    let typed = fixture.plan(&by("loaded_at__c", soql(query))).await.unwrap();
    let absent = fixture.plan(&by("Loaded_At__c", soql("SELECT Id FROM Shipment__c"))).await.unwrap();
    let whole = fixture.plan(&by("Loaded_At__c", object("Shipment__c"))).await.unwrap();

    let typed = typed.warnings.unwrap().render();
    let caret = "    SELECT Id, s.Loaded_At__c FROM Shipment__c s WHERE Name != null\n               ^^^^^^^^^^^^^^\n";
    assert!(typed.contains(cost) && typed.contains(caret), "{typed}");
    assert_eq!(absent.warnings.unwrap().as_slice().len(), 2, "neither selected nor indexed");
    assert!(whole.warnings.is_none() && whole.notes.contains(&cost.to_owned()), "{:?}", whole.notes);
    for field in ["SystemModstamp", "LastModifiedDate", "CreatedDate"] {
        let plan = fixture.plan(&by(field, object("Account"))).await.unwrap();
        assert!(!plan.notes.iter().any(|note| note.contains("indexed")), "{field}: {:?}", plan.notes);
    }
}

#[tokio::test]
async fn a_full_load_needs_no_key() {
    let fixture = Fixture::demo(600).await;

    for (load, key) in [(Load::Full, Some(Vec::new())), (Load::Full, None), (Load::Append, Some(Vec::new()))] {
        let row = RowSpec { load, primary_key: key, ..some_of("Account", &["Industry"]) };
        let loaded = RowSpec { table: Some(format!("{load:?}")), ..row };
        let records = fixture.load(&loaded).await.records;

        assert_eq!(fixture.table(&format!("{load:?}")).len() as u64, records);
    }
}
