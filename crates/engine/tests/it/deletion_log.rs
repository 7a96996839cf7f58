//! What is made of the org's log of deletions, of what it refuses, and of objects that have none.

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault, Org};
use orgtap_engine::{Api, Error, RowSpec};
use serde_json::json;

use crate::fixture::{DAY, Fixture, MINUTE, fields, flagging, object, org_with, removing};
use crate::records::assert_same;

const UNREACHABLE: &str = "the last run is longer ago than Salesforce's log of deletions reaches back";

async fn loaded(row: &RowSpec) -> Fixture {
    let fixture = Fixture::demo(300).await;
    fixture.load(row).await;
    fixture.org.advance(10 * MINUTE);
    fixture
}

#[track_caller]
fn assert_live(fixture: &Fixture, object: &str) {
    assert_same(&fixture.table(object), &fixture.live(object));
}

fn refusal(status: u16, code: &str) -> Action {
    let body = json!([{"errorCode": code, "message": "refused"}]).to_string();
    Action::Answer(CannedAnswer { status, headers: [].into(), body })
}

fn log_of(deleted: &[(String, String)]) -> Action {
    log_until("2999-01-01T00:00:00.000+0000", deleted)
}

fn log_until(covered: &str, deleted: &[(String, String)]) -> Action {
    let records: Vec<_> = deleted.iter().map(|(id, at)| json!({"id": id, "deletedDate": at})).collect();
    let body = json!({
        "deletedRecords": records,
        "earliestDateAvailable": "2000-01-01T00:00:00.000+0000",
        "latestDateCovered": covered,
    });
    Action::Answer(CannedAnswer { status: 200, headers: [].into(), body: body.to_string() })
}

#[tokio::test]
async fn a_restored_record_that_the_log_still_lists_is_not_lost() {
    for row in [removing(object("Account")), flagging(object("Account"))] {
        let fixture = loaded(&row).await;
        let [restored] = fixture.first("Account");
        let deleted_at = fixture.org.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
        fixture.org.delete(restored).unwrap();
        fixture.org.undelete(restored).unwrap();
        let listed = log_of(&[(restored.to_string(), deleted_at)]);
        fixture.emulator.faults().add(Fault::next(CallKind::Deleted, listed)).unwrap();

        fixture.load(&row).await;

        assert_live(&fixture, "Account");
    }
}

#[tokio::test]
async fn a_row_that_fails_after_the_end_of_deleted_records_says_that_they_are_gone() {
    for (row, done) in [(removing(object("Account")), "taken out"), (flagging(object("Account")), "flagged")] {
        let fixture = loaded(&row).await;
        let [deleted] = fixture.first("Account");
        fixture.delete_for_good(deleted);
        for call in [CallKind::Query, CallKind::JobCreate] {
            fixture.emulator.faults().add(Fault::always(call, refusal(400, "MALFORMED_QUERY"))).unwrap();
        }

        let report = fixture.run_row(&row).await;

        assert!(report.outcome.is_err());
        let note = format!("records that are gone from the org are {done} nevertheless: 1");
        assert!(report.notes.contains(&note), "{:?}", report.notes);
    }
}

#[tokio::test]
async fn a_restored_record_that_the_log_lists_late_is_not_lost() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [restored] = fixture.first("Account");
    let written = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    // The log lags behind: first it covers no more than what is known, then it lists what was restored before the last run.
    let covered = written(fixture.org.now());
    fixture.org.advance(MINUTE);
    let deleted_at = written(fixture.org.now());
    fixture.org.delete(restored).unwrap();
    fixture.org.undelete(restored).unwrap();
    fixture.org.advance(10 * MINUTE);
    fixture.emulator.faults().add(Fault::next(CallKind::Deleted, log_until(&covered, &[]))).unwrap();
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);
    let listed = log_of(&[(restored.to_string(), deleted_at)]);
    fixture.emulator.faults().add(Fault::next(CallKind::Deleted, listed)).unwrap();

    assert_eq!(fixture.load(&row).await.removed, 1, "it is taken out, and comes back");

    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn a_restored_record_is_not_lost_where_the_log_could_not_be_read_at_the_time() {
    for base in [removing(object("Account")), flagging(object("Account"))] {
        let row = RowSpec { reconcile_every: std::num::NonZeroU32::new(100), ..base };
        let fixture = loaded(&row).await;
        let [restored] = fixture.first("Account");
        let deleted_at = fixture.org.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
        fixture.org.delete(restored).unwrap();
        fixture.org.undelete(restored).unwrap();
        fixture.org.advance(MINUTE);
        fixture.emulator.faults().add(Fault::next(CallKind::Deleted, refusal(403, "INSUFFICIENT_ACCESS"))).unwrap();
        let report = fixture.run_row(&row).await;
        assert!(report.notes[0].ends_with("all Ids are compared every 100 runs, and not in this one"), "{report:?}");
        fixture.org.advance(10 * MINUTE);
        // While the log does not answer, no more is read than what has changed.
        fixture.emulator.faults().add(Fault::next(CallKind::Deleted, refusal(403, "INSUFFICIENT_ACCESS"))).unwrap();
        assert_eq!(fixture.load(&row).await.records, 0);
        fixture.org.advance(10 * MINUTE);
        let listed = log_of(&[(restored.to_string(), deleted_at)]);
        fixture.emulator.faults().add(Fault::next(CallKind::Deleted, listed)).unwrap();

        let loaded = fixture.load(&row).await;

        assert_eq!(loaded.removed + loaded.flagged, 1, "it ends, and comes back");
        assert_live(&fixture, "Account");
    }
}

#[tokio::test]
async fn what_is_deleted_in_the_second_that_a_log_ends_in_is_not_missed() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    let second = |form: &str| fixture.org.now().strftime(form).to_string();
    let ends = log_until(&second("%Y-%m-%dT%H:%M:%S.500+0000"), &[]);
    let deleted_at = second("%Y-%m-%dT%H:%M:%S.000+0000");
    fixture.emulator.faults().add(Fault::next(CallKind::Deleted, ends)).unwrap();
    fixture.org.advance(3 * MINUTE);
    fixture.load(&row).await;
    fixture.delete_for_good(gone);
    fixture.org.advance(10 * MINUTE);
    let listed = log_of(&[(gone.to_string(), deleted_at)]);
    fixture.emulator.faults().add(Fault::next(CallKind::Deleted, listed)).unwrap();

    assert_eq!(fixture.load(&row).await.removed, 1);
}

#[tokio::test]
async fn what_the_log_lists_of_an_earlier_time_is_left_alone() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [restored] = fixture.first("Account");
    // Deleted and restored before the last run, which has seen it.
    let listed = log_of(&[(restored.to_string(), "2001-01-01T00:00:00.000+0000".to_owned())]);
    fixture.emulator.faults().add(Fault::next(CallKind::Deleted, listed)).unwrap();

    assert_eq!(fixture.load(&row).await.removed, 0);
    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn runs_within_a_minute_of_each_other_miss_nothing() {
    let row = removing(object("Account"));
    let fixture = Fixture::demo(300).await;
    fixture.load(&row).await;
    for id in fixture.first::<10>("Account") {
        fixture.org.advance(std::time::Duration::from_secs(7));
        fixture.delete_for_good(id);
        assert_eq!(fixture.load(&row).await.removed, 1);
    }
    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn an_org_that_takes_no_end_in_the_future_is_asked_for_the_whole_minutes() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    fixture.org.advance(MINUTE);
    let refused = refusal(400, "INVALID_REPLICATION_DATE");
    fixture.emulator.faults().add(Fault::next(CallKind::Deleted, refused)).unwrap();

    let report = fixture.run_row(&row).await;

    assert_eq!(report.outcome.unwrap().removed, 1);
    assert_eq!((report.notes, fixture.emulator.calls(CallKind::Deleted)), (Vec::<String>::new(), 2));
    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn too_many_deletions_are_asked_for_in_pieces() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    for id in fixture.first::<5>("Account") {
        fixture.delete_for_good(id);
        fixture.org.advance(7 * MINUTE);
    }
    let refused = refusal(400, "EXCEEDED_ID_LIMIT");
    fixture.emulator.faults().add(Fault::next(CallKind::Deleted, refused.clone())).unwrap();
    fixture.emulator.faults().add(Fault::nth(CallKind::Deleted, 2, refused)).unwrap();

    assert_eq!(fixture.load(&row).await.removed, 5);
    // The whole, a half and its halves, the other half.
    assert_eq!(fixture.emulator.calls(CallKind::Deleted), 5);
    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn where_the_log_lists_too_many_at_any_rate_all_ids_are_compared() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    let refused = refusal(400, "EXCEEDED_ID_LIMIT");
    fixture.emulator.faults().add(Fault::always(CallKind::Deleted, refused)).unwrap();

    let report = fixture.run_row(&row).await;

    let live = fixture.live("Account").len();
    assert_eq!(
        report.notes,
        [format!("compared all {live} Ids with the table: more records were deleted than Salesforce's log lists")]
    );
    assert_eq!(report.outcome.unwrap().removed, 1);
    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn beyond_the_reach_of_the_log_all_ids_are_compared() {
    for row in [removing(object("Account")), flagging(object("Account"))] {
        let fixture = loaded(&row).await;
        let [gone, thrown_out] = fixture.first("Account");
        fixture.delete_for_good(gone);
        fixture.org.delete(thrown_out).unwrap();
        fixture.org.advance(20 * DAY);
        fixture.new_account("new");

        let report = fixture.run_row(&row).await;

        assert!(report.notes.iter().any(|note| note.ends_with(UNREACHABLE)), "{:?}", report.notes);
        let loaded = report.outcome.unwrap();
        assert_eq!((loaded.records, loaded.removed + loaded.flagged), (1, 2));
        let live = fixture.table("Account").filtered("IsDeleted", |flag| flag.as_deref() == Some("false"));
        assert_same(&live, &fixture.live("Account"));
        assert_eq!(fixture.emulator.calls(CallKind::Deleted), 0);
        fixture.org.advance(MINUTE);
        assert_eq!(fixture.run_row(&row).await.notes, Vec::<String>::new(), "the next run asks the log");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_short_is_not_believed() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    let body = json!({"deletedRecords": [], "earliestDateAvailable": "2998-01-01T00:00:00.000+0000",
        "latestDateCovered": "2999-01-01T00:00:00.000+0000"});
    let answer = CannedAnswer { status: 200, headers: [].into(), body: body.to_string() };
    fixture.emulator.faults().add(Fault::always(CallKind::Deleted, Action::Answer(answer))).unwrap();

    let report = fixture.run_row(&row).await;

    assert!(report.notes.iter().any(|note| note.ends_with(UNREACHABLE)), "{:?}", report.notes);
    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn that_ids_have_to_be_compared_outlives_a_run_that_fails_to() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    fixture.org.advance(20 * DAY);
    // The second job is that of the Ids.
    let fault = Fault::nth(CallKind::JobCreate, 2, Action::DailyLimit);
    fixture.emulator.faults().add(fault).unwrap();
    let report = fixture.run_row(&row).await;
    assert!(matches!(report.outcome, Err(Error::Salesforce(_))), "{report:?}");
    assert_eq!(report.notes.last().unwrap(), "the records are loaded; the next run compares all Ids");
    fixture.org.advance(MINUTE);

    let report = fixture.run_row(&row).await;

    assert_eq!(report.outcome.unwrap().removed, 1);
    assert!(report.notes[0].ends_with("an earlier run could not tell which records are gone"), "{:?}", report.notes);
    assert_live(&fixture, "Account");
}

#[tokio::test]
async fn a_quiet_object_is_asked_for_what_was_deleted_since_the_last_run_and_no_more() {
    // Few records go by REST, which leaves the watermark where the newest stamp is.
    let row = RowSpec { api: Api::Rest, ..removing(object("Account")) };
    let fixture = Fixture::demo(300).await;
    fixture.org.advance(40 * DAY);
    fixture.load(&row).await;
    for id in fixture.first::<3>("Account") {
        fixture.org.advance(10 * DAY);
        fixture.delete_for_good(id);

        let report = fixture.run_row(&row).await;

        assert_eq!(report.notes, Vec::<String>::new());
        assert_eq!(report.outcome.unwrap().removed, 1);
    }
    assert_live(&fixture, "Account");
    // So is one whose Ids were compared.
    fixture.org.advance(30 * DAY);
    fixture.reconcile(&row).await.outcome.unwrap();
    assert_eq!(fixture.run_row(&row).await.notes, Vec::<String>::new());
}

fn unlogged() -> Org {
    org_with(&json!({"name": "Meter__c", "label": "Meter", "keyPrefix": "a0M", "replicateable": false, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "IsDeleted", "type": "boolean", "nillable": false},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]}))
}

/// An org with three records of an object without a log of deletions, of which one is deleted for good once they are loaded.
async fn unlogged_with_a_deletion(row: &RowSpec) -> Fixture {
    let fixture = Fixture::of(unlogged()).await;
    let ids = ["a", "b", "c"].map(|name| fixture.org.insert("Meter__c", fields([("Name", name.into())])).unwrap());
    fixture.load(row).await;
    fixture.org.advance(MINUTE);
    fixture.delete_for_good(ids[0]);
    fixture
}

#[tokio::test]
async fn the_ids_of_an_object_without_a_log_are_compared_while_they_are_few() {
    let row = removing(object("Meter__c"));
    let fixture = unlogged_with_a_deletion(&row).await;

    let report = fixture.run_row(&row).await;

    assert_eq!(report.outcome.unwrap().removed, 1);
    assert_eq!(
        report.notes,
        [
            "compared all 2 Ids with the table: Salesforce keeps no log of deletions of `Meter__c`, and there are few records"
        ]
    );
    assert_live(&fixture, "Meter__c");
    assert_eq!(fixture.emulator.calls(CallKind::Deleted), 0);
}

#[tokio::test]
async fn it_is_said_what_is_not_noticed_of_an_object_without_a_log() {
    let row = removing(object("Meter__c"));
    let fixture = unlogged_with_a_deletion(&row).await;
    // As if they were many: the org does not say how many.
    fixture.emulator.faults().add(Fault::always(CallKind::Query, refusal(400, "QUERY_TIMEOUT"))).unwrap();

    let report = fixture.run_row(&row).await;

    assert_eq!(report.outcome.unwrap().removed, 0);
    assert_eq!(
        report.notes,
        [
            "Salesforce keeps no log of deletions of `Meter__c`: deleted records that no query shows are not noticed until \
          `orgtap reconcile` or `reconcile_every` compares all Ids"
        ]
    );
    assert_eq!(fixture.reconcile(&row).await.outcome.unwrap().removed, 1);
    assert_live(&fixture, "Meter__c");
}

#[tokio::test]
async fn a_log_that_the_user_may_not_read_is_made_up_for() {
    for (status, code) in [(403, "INSUFFICIENT_ACCESS"), (404, "NOT_FOUND"), (400, "INVALID_TYPE_FOR_OPERATION")] {
        let row = removing(object("Account"));
        let fixture = loaded(&row).await;
        let [gone] = fixture.first("Account");
        fixture.delete_for_good(gone);
        fixture.emulator.faults().add(Fault::always(CallKind::Deleted, refusal(status, code))).unwrap();

        let report = fixture.run_row(&row).await;

        assert_eq!(report.outcome.unwrap().removed, 1, "{code}");
        assert!(report.notes[0].contains(code), "{:?}", report.notes);
        assert_live(&fixture, "Account");
    }
}

#[tokio::test]
async fn ids_without_their_checksum_are_those_of_the_table() {
    for row in [removing(object("Account")), flagging(object("Account"))] {
        let fixture = loaded(&row).await;
        let [gone] = fixture.first("Account");
        let at = fixture.org.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
        fixture.delete_for_good(gone);
        let listed = log_of(&[(gone.to_string().chars().take(15).collect(), at)]);
        fixture.emulator.faults().add(Fault::next(CallKind::Deleted, listed)).unwrap();

        let ended = fixture.load(&row).await;

        assert_eq!(ended.removed + ended.flagged, 1);
    }
}

#[tokio::test]
async fn a_log_that_makes_no_sense_is_made_up_for() {
    let no_list = json!({"earliestDateAvailable": "2000-01-01T00:00:00.000+0000",
        "latestDateCovered": "2999-01-01T00:00:00.000+0000"});
    let no_list = CannedAnswer { status: 200, headers: [].into(), body: no_list.to_string() };
    let no_ids = log_of(&[("everything".to_owned(), "2998-01-01T00:00:00.000+0000".to_owned())]);
    for answer in [Action::Answer(no_list), no_ids] {
        let row = removing(object("Account"));
        let fixture = loaded(&row).await;
        let [gone] = fixture.first("Account");
        fixture.delete_for_good(gone);
        fixture.emulator.faults().add(Fault::always(CallKind::Deleted, answer)).unwrap();

        let report = fixture.run_row(&row).await;

        assert_eq!(report.outcome.unwrap().removed, 1);
        assert!(report.notes[0].contains("all"), "{:?}", report.notes);
        assert_live(&fixture, "Account");
    }
}

#[tokio::test]
async fn an_org_that_tells_no_time_has_all_ids_compared() {
    let row = flagging(object("Account"));
    let fixture = Fixture::demo(300).await;
    let body = json!({"name": "Account", "label": "Account", "queryable": true, "replicateable": true, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "IsDeleted", "type": "boolean"},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]});
    let headers = [("date".to_owned(), "yesterday".to_owned())].into();
    let describe = CannedAnswer { status: 200, headers, body: body.to_string() };
    fixture.emulator.faults().add(Fault::always(CallKind::Describe, Action::Answer(describe))).unwrap();
    fixture.load(&row).await;
    for gone in fixture.first::<2>("Account") {
        fixture.org.advance(MINUTE);
        fixture.delete_for_good(gone);

        let report = fixture.run_row(&row).await;

        let reason = "Salesforce did not tell its time, from which its log of deletions would be asked";
        assert!(report.notes.iter().any(|note| note.ends_with(reason)), "{:?}", report.notes);
        assert_eq!(report.outcome.unwrap().flagged, 1);
    }
    let kept = fixture.table("Account").filtered("IsDeleted", |flag| flag.as_deref() == Some("false"));
    assert_eq!(kept.len(), fixture.live("Account").len());
}

#[tokio::test]
async fn a_log_that_is_out_of_order_fails_the_row_before_anything_is_done() {
    let row = removing(object("Account"));
    let fixture = loaded(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    let before = fixture.table("Account");
    fixture.emulator.faults().add(Fault::always(CallKind::Deleted, Action::Unavailable)).unwrap();

    assert!(matches!(fixture.fail(&row).await, Error::Salesforce(_)));

    assert_same(&fixture.table("Account"), &before);
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 1, "that of the first load");
    fixture.emulator.faults().clear();
    assert_eq!(fixture.load(&row).await.removed, 1);
}
