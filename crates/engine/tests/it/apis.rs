//! Bulk and REST: the same records, text for text, whichever carries them and in whatever version.

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault, Scope};
use orgtap_engine::{Api, PlannedApi, RowSpec};
use orgtap_salesforce::ApiVersion;
use serde_json::json;

use crate::fixture::{Fixture, MINUTE, chain, fields, incremental, object, org_with, some_of, soql, with_deleted};
use crate::records::{Records, assert_same};

#[tokio::test]
async fn rest_gives_the_same_text_as_bulk() {
    let fixture = Fixture::demo(2_000).await;

    for name in fixture.org.objects().iter().map(|object| object.name.as_str()) {
        let row = |api, table: &str| RowSpec { api, table: Some(table.to_owned()), ..with_deleted(object(name)) };
        fixture.load(&row(Api::Bulk, "bulk")).await;
        fixture.load(&row(Api::Rest, "rest")).await;

        assert_same(&fixture.table("rest"), &fixture.table("bulk"));
        assert_same(&fixture.table("rest"), &fixture.all(name));
    }
}

#[tokio::test]
async fn rest_reads_any_number_of_pages() {
    let fixture = Fixture::demo(22_000).await;
    let row = RowSpec { api: Api::Rest, ..some_of("Contact", &["Id", "Name", "Email", "LastModifiedDate"]) };

    let loaded = fixture.load(&row).await;

    assert!(loaded.records > 4_000, "more than two pages");
    let truth = Records::of_query(&fixture.org, "SELECT Id, Name, Email, LastModifiedDate FROM Contact", Scope::Live);
    assert_same(&fixture.table("Contact"), &truth);
}

#[tokio::test]
async fn an_incremental_row_may_go_through_rest() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(with_deleted(RowSpec { api: Api::Rest, ..object("Account") }));
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);
    let [deleted, changed] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();
    fixture.set(changed, "AnnualRevenue", 12_345_678.0);

    let loaded = fixture.load(&row).await;

    assert_eq!(loaded.records, 2);
    assert_same(&fixture.table("Account"), &fixture.all("Account"));
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 0);
}

#[tokio::test]
async fn an_object_that_bulk_refuses_is_read_through_rest() {
    let describe = json!({"name": "AttachedContentNote", "label": "Attached Content Note", "keyPrefix": "01T", "fields": [
        {"name": "Id", "type": "id"},
        {"name": "MasterLabel", "type": "string"},
        {"name": "IsClosed", "type": "boolean"},
        {"name": "Share__c", "type": "percent"},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]});
    let fixture = Fixture::of(org_with(&describe)).await;
    for (label, share) in [("Open, \"really\"", 100.0), ("Done\r\n", 1e9), (" led by a blank", 0.25)] {
        let values = fields([("MasterLabel", label.into()), ("Share__c", share.into())]);
        fixture.org.insert("AttachedContentNote", values).unwrap();
    }

    let report = fixture.run_row(&incremental(object("AttachedContentNote"))).await;

    assert_eq!(report.outcome.unwrap().records, 3);
    let note = "read through the REST API, since the Bulk API refused the query".to_owned();
    assert!(report.notes.contains(&note), "{:?}", report.notes);
    assert_same(&fixture.table("AttachedContentNote"), &fixture.live("AttachedContentNote"));
}

#[tokio::test]
async fn a_refusal_of_bulk_changes_no_value() {
    let fixture = Fixture::demo(600).await;
    let body = r#"[{"errorCode":"INVALIDENTITY","message":"Entity 'X' is not supported by the Bulk API."}]"#.to_owned();
    let refusal = CannedAnswer { status: 400, headers: [].into(), body };
    fixture.emulator.faults().add(Fault::always(CallKind::JobCreate, Action::Answer(refusal))).unwrap();

    fixture.load(&object("Shipment__c")).await;
    let error = fixture.fail(&RowSpec { api: Api::Bulk, ..object("Account") }).await;

    assert_same(&fixture.table("Shipment__c"), &fixture.live("Shipment__c"));
    assert!(chain(&error).contains("is not supported by the Bulk API"), "{}", chain(&error));
    assert_eq!(error.hint().as_deref(), Some("set `api` to `auto` or `rest`"));
}

#[tokio::test]
async fn a_query_that_is_wrong_is_not_tried_elsewhere() {
    let fixture = Fixture::demo(100).await;

    let error = fixture.fail(&soql("SELECT Id FROM Account WHERE Nonsense__c = 1")).await;

    assert!(chain(&error).contains("Nonsense__c"), "{}", chain(&error));
    assert!(error.is_user_error());
    assert_eq!(fixture.emulator.calls(CallKind::Query), 0);
}

#[tokio::test]
async fn every_version_of_the_api_gives_the_same_records() {
    let mut fixture = Fixture::demo(600).await;

    // Up to 49 columns come in the order of their names; from 58 on there are lists of pages; 64 is the last that signs in by SOAP.
    for version in [47, 48, 49, 50, 57, 58, 62, 64, 65, 67] {
        fixture.api_version = ApiVersion::new(version).unwrap();
        let row = RowSpec { table: Some(version.to_string()), ..object("Shipment__c") };
        fixture.run_paged(&row, 10).await.outcome.unwrap();
        let query = RowSpec { table: Some("parents".to_owned()), ..soql("SELECT Who.Name, Id, Owner.Name FROM Task") };
        fixture.load(&query).await;

        assert_same(&fixture.table(&version.to_string()), &fixture.live("Shipment__c"));
        let truth = Records::of_query(&fixture.org, "SELECT Who.Name, Id, Owner.Name FROM Task", Scope::Live);
        assert_same(&fixture.table("parents"), &truth);
    }
}

#[tokio::test]
async fn a_version_that_the_org_does_not_have_is_refused_with_those_it_has() {
    let mut fixture = Fixture::demo(100).await;
    fixture.api_version = ApiVersion::new(99).unwrap();

    let error = fixture.fail(&object("Account")).await;

    assert!(chain(&error).starts_with("could not use API version `99.0`: the org offers"), "{}", chain(&error));
    assert!(error.is_user_error());
}

#[tokio::test]
async fn the_plan_says_which_api_and_why() {
    let fixture = Fixture::demo(100).await;
    let cases = [
        (object("Account"), PlannedApi::Bulk, "it goes first"),
        (RowSpec { api: Api::Bulk, ..object("Account") }, PlannedApi::Bulk, "the row asks for it"),
        (RowSpec { api: Api::Rest, ..object("Account") }, PlannedApi::Rest, "the row asks for it"),
        (soql("SELECT Id FROM Account OFFSET 1"), PlannedApi::Rest, "the Bulk API takes no OFFSET"),
    ];

    for (row, api, reason) in cases {
        let plan = fixture.plan(&row).await.unwrap();

        assert_eq!((plan.api, plan.api_reason.as_str()), (api, reason));
    }
}
