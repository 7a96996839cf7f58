//! The watermark: no change is lost, whenever it is committed and whatever this machine's clock says.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault};
use orgtap_engine::{Api, FetchWindow, RowSpec};
use orgtap_salesforce::ManualClock;
use serde_json::json;

use crate::fixture::{Fixture, MINUTE, fields, incremental, object, org_with};
use crate::records::assert_same;

/// Returns from where the next run of `row` would fetch, without overlap: the watermark.
async fn watermark(fixture: &Fixture, row: &RowSpec) -> Timestamp {
    match fixture.plan(row).await.unwrap().fetch {
        FetchWindow::Since { watermark, .. } => watermark,
        FetchWindow::All { reason } => panic!("{reason}"),
    }
}

#[tokio::test]
async fn a_commit_that_shows_late_with_an_older_stamp_is_not_lost() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("Account"));
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);

    // Stamped now, visible in three minutes; the quick one is stamped later and visible at once.
    fixture.org.set_commit_delay(3 * MINUTE);
    let slow = fixture.new_account("slow");
    fixture.org.set_commit_delay(Duration::ZERO);
    fixture.org.advance(MINUTE);
    let quick = fixture.new_account("quick");
    let before = fixture.load(&row).await;
    assert_eq!(before.records, 1);
    assert_eq!(fixture.table("Account").value(quick, "Name").as_deref(), Some("quick"));

    fixture.org.advance(5 * MINUTE);
    fixture.load(&row).await;

    assert_eq!(fixture.table("Account").value(slow, "Name").as_deref(), Some("slow"));
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn a_watermark_stands_where_the_org_says_that_its_changes_are_complete() {
    let fixture = Fixture::demo(100).await;
    let row = incremental(object("Account"));
    fixture.org.advance(Duration::from_secs(10 * 60 + 42));
    let whole_minute = fixture.org.now() - Duration::from_secs(42);

    fixture.load(&row).await;
    assert_eq!(watermark(&fixture, &row).await, whole_minute);

    fixture.org.set_commit_delay(MINUTE);
    fixture.org.advance(MINUTE);
    fixture.new_account("open");
    let open = fixture.org.now();
    fixture.org.advance(Duration::from_secs(50));
    fixture.load(&row).await;
    assert_eq!(watermark(&fixture, &row).await, open);
}

#[tokio::test]
async fn an_object_without_a_log_of_changes_is_read_again_from_twenty_minutes_back() {
    let describe = json!({"name": "Meter__c", "label": "Meter", "keyPrefix": "a0M", "replicateable": false, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]});
    let fixture = Fixture::of(org_with(&describe)).await;
    let row = incremental(object("Meter__c"));
    fixture.load(&row).await;
    fixture.org.advance(40 * MINUTE);
    fixture.org.set_commit_delay(15 * MINUTE);
    fixture.org.insert("Meter__c", fields([("Name", "late".into())])).unwrap();
    fixture.org.advance(14 * MINUTE);
    assert_eq!(fixture.load(&row).await.records, 0);

    fixture.org.advance(4 * MINUTE);
    assert_eq!(fixture.load(&row).await.records, 1);

    assert_eq!(watermark(&fixture, &row).await, fixture.org.now() - 20 * MINUTE);
    assert_eq!(fixture.emulator.calls(CallKind::Updated), 0);
    assert_same(&fixture.table("Meter__c"), &fixture.live("Meter__c"));
}

#[tokio::test]
async fn a_log_of_changes_that_refuses_is_made_up_for_by_a_margin() {
    let fixture = Fixture::demo(100).await;
    let row = incremental(object("Account"));
    let body = r#"[{"errorCode":"EXCEEDED_ID_LIMIT","message":"too many ids, narrow the time span"}]"#.to_owned();
    let refusal = CannedAnswer { status: 400, headers: [].into(), body };
    fixture.emulator.faults().add(Fault::next(CallKind::Updated, Action::Answer(refusal))).unwrap();

    fixture.load(&row).await;

    assert_eq!(watermark(&fixture, &row).await, fixture.org.now() - 20 * MINUTE);
}

#[tokio::test]
async fn the_clock_of_this_machine_has_no_effect() {
    for machine in ["1970-01-01T00:00:00Z", "2024-05-31T12:00:00Z", "2024-06-02T12:00:00Z", "2999-12-31T23:59:59Z"] {
        let mut fixture = Fixture::demo(600).await;
        fixture.clock = Arc::new(ManualClock::new(machine.parse().unwrap()));
        let row = incremental(object("Contact"));
        fixture.load(&row).await;
        assert_eq!(watermark(&fixture, &row).await, fixture.org.now(), "{machine}");

        fixture.org.advance(10 * MINUTE);
        let [changed] = fixture.first("Contact");
        fixture.set(changed, "Department", machine);
        // From run to run the machine's clock goes back.
        fixture.clock = Arc::new(ManualClock::new("1980-01-01T00:00:00Z".parse().unwrap()));

        assert_eq!(fixture.load(&row).await.records, 1, "{machine}");
        assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
        assert_eq!(watermark(&fixture, &row).await, fixture.org.now(), "{machine}");
    }
}

#[tokio::test]
async fn a_row_that_fetches_all_leaves_no_watermark() {
    let fixture = Fixture::demo(100).await;
    fixture.load(&object("Account")).await;

    let plan = fixture.plan(&incremental(object("Account"))).await.unwrap();

    let reason = "the row changed (the cursor field was `none`)".to_owned();
    assert_eq!(plan.fetch, FetchWindow::All { reason });
    assert_eq!(fixture.emulator.calls(CallKind::Updated), 1, "asked by the plan only");
}

#[tokio::test]
async fn a_date_that_a_gateway_set_by_a_wrong_clock_loses_nothing() {
    let fixture = Fixture::demo(100).await;
    let body = json!({"name": "Account", "label": "Account", "queryable": true, "replicateable": false, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Site", "type": "string"},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
    ]});
    let headers = [("date".to_owned(), "Fri, 01 Jan 2100 00:00:00 GMT".to_owned())].into();
    let describe = CannedAnswer { status: 200, headers, body: body.to_string() };
    fixture.emulator.faults().add(Fault::always(CallKind::Describe, Action::Answer(describe))).unwrap();
    // A job tells when the org took it, a REST query does not.
    let row = RowSpec { api: Api::Rest, ..incremental(object("Account")) };
    fixture.load(&row).await;

    for site in ["first", "second"] {
        fixture.org.advance(30 * MINUTE);
        let [changed, late] = fixture.first("Account");
        fixture.org.set_commit_delay(10 * MINUTE);
        fixture.set(late, "Site", site);
        fixture.org.advance(5 * MINUTE);
        fixture.org.set_commit_delay(Duration::ZERO);
        fixture.set(changed, "Site", site);

        fixture.load(&row).await;
        assert_eq!(fixture.table("Account").value(changed, "Site").as_deref(), Some(site));
        fixture.org.advance(6 * MINUTE);
        // What was stamped before is seen only now. The newest stamps are read again, since nobody tells what is open.
        fixture.load(&row).await;
        for id in [changed, late] {
            assert_eq!(fixture.table("Account").value(id, "Site").as_deref(), Some(site));
        }
    }
}

#[tokio::test]
async fn a_commit_that_shows_late_is_not_lost_where_the_date_is_of_a_clock_that_is_ahead() {
    let fixture = Fixture::demo(100).await;
    let row = RowSpec { api: Api::Bulk, ..incremental(object("Account")) };
    fixture.load(&row).await;
    let headers = [("date".to_owned(), "Fri, 01 Jan 2100 00:00:00 GMT".to_owned())].into();
    let body = json!({"name": "Account", "label": "Account", "queryable": true, "replicateable": false, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
    ]});
    let describe = CannedAnswer { status: 200, headers, body: body.to_string() };
    fixture.emulator.faults().add(Fault::always(CallKind::Describe, Action::Answer(describe))).unwrap();
    fixture.load(&row).await;
    fixture.org.advance(MINUTE);

    fixture.org.set_commit_delay(10 * MINUTE);
    let slow = fixture.new_account("slow");
    fixture.org.advance(5 * MINUTE);
    fixture.org.set_commit_delay(Duration::ZERO);
    fixture.new_account("quick");
    fixture.load(&row).await;
    fixture.org.advance(6 * MINUTE);
    fixture.load(&row).await;

    assert_eq!(fixture.table("Account").value(slow, "Name").as_deref(), Some("slow"));
}

#[tokio::test]
async fn a_claim_far_beyond_all_stamps_is_not_believed() {
    let fixture = Fixture::demo(100).await;
    let row = incremental(object("Account"));
    fixture.org.advance(Duration::from_secs(200 * 24 * 3600));

    fixture.load(&row).await;

    let accounts = fixture.live("Account");
    let newest = accounts.column("LastModifiedDate").into_iter().flatten().max().unwrap();
    assert_eq!(watermark(&fixture, &row).await, newest.parse::<Timestamp>().unwrap() + Duration::from_secs(1));
    assert_eq!(fixture.load(&row).await.records, 0);
}
