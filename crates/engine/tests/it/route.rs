//! Which API carries a row's records: a job where there are many, REST where there are few or the Bulk API refuses.

use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault};
use orgtap_engine::{Api, Plan, PlannedApi, RowSpec};

use crate::fixture::{Fixture, MINUTE, chain, fields, incremental, object, org_with, soql, with_deleted};
use crate::records::assert_same;

fn auto(row: RowSpec) -> RowSpec {
    RowSpec { api: Api::Auto, ..row }
}

fn route(plan: &Plan) -> (PlannedApi, &str) {
    (plan.api, plan.api_reason.as_str())
}

#[tokio::test]
async fn few_records_are_read_through_rest_and_the_plan_says_how_many() {
    let fixture = Fixture::demo(600).await;
    let accounts = fixture.live("Account").len();
    let hot = fixture.ids("SELECT Id FROM Account WHERE Rating = 'Hot'").len();
    let all = fixture.all("Account").len();
    let cases = [
        (object("Account"), format!("{accounts} records")),
        (soql("SELECT Id FROM Account WHERE Rating = 'Hot' ORDER BY Name"), format!("{hot} records")),
        (with_deleted(object("Account")), format!("{all} records")),
        (soql("SELECT Id FROM Account LIMIT 7"), "at most 7 records".to_owned()),
    ];

    for (row, count) in cases {
        let plan = fixture.plan(&auto(row)).await.unwrap();

        assert_eq!(route(&plan), (PlannedApi::Rest, &*format!("{count}, a job's wait would cost more")));
    }
}

#[tokio::test]
async fn the_records_of_all_objects_are_counted_in_one_call_and_those_of_a_filter_in_one_each() {
    let fixture = Fixture::demo(600).await;
    let rows = ["Account", "Contact", "Case"].map(|name| auto(object(name)));
    let client = fixture.client();

    fixture.run_as(&client, orgtap_engine::RunSpec::new(rows.into())).await;
    assert_eq!((fixture.emulator.calls(CallKind::Limits), fixture.emulator.calls(CallKind::Query)), (1, 3));

    fixture.load(&auto(soql("SELECT Id FROM Account WHERE Rating = 'Hot'"))).await;
    assert_eq!((fixture.emulator.calls(CallKind::Limits), fixture.emulator.calls(CallKind::Query)), (1, 5));
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 0);
}

#[tokio::test]
async fn many_records_are_read_by_a_job() {
    let fixture = Fixture::demo(22_000).await;

    for query in
        ["SELECT Id FROM Contact", "SELECT Id FROM Contact WHERE Id != null", "SELECT Id FROM Contact LIMIT 2001"]
    {
        let plan = fixture.plan(&auto(soql(query))).await.unwrap();

        assert_eq!(route(&plan), (PlannedApi::Bulk, "it carries any number of records"), "{query}");
    }
}

#[tokio::test]
async fn an_incremental_row_goes_by_the_records_that_changed() {
    let fixture = Fixture::demo(22_000).await;
    let row = auto(incremental(object("Contact")));
    fixture.load(&row).await;
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 1);
    fixture.org.advance(10 * MINUTE);
    let [changed] = fixture.first("Contact");
    fixture.set(changed, "LastName", "Changed");

    let plan = fixture.plan(&row).await.unwrap();
    let loaded = fixture.load(&row).await;

    assert_eq!(route(&plan), (PlannedApi::Rest, "1 record, a job's wait would cost more"));
    assert_eq!((loaded.records, fixture.emulator.calls(CallKind::JobCreate)), (1, 1));
    assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
}

#[tokio::test]
async fn without_a_count_a_job_it_is() {
    let fixture = Fixture::demo(100).await;
    let body = r#"[{"errorCode":"QUERY_TIMEOUT","message":"Your query request was running for too long."}]"#.to_owned();
    let refusal = |status| CannedAnswer { status, headers: [].into(), body: body.clone() };
    let faults = fixture.emulator.faults();
    faults.add(Fault::always(CallKind::Limits, Action::Answer(refusal(503)))).unwrap();
    faults.add(Fault::always(CallKind::Query, Action::Answer(refusal(400)))).unwrap();

    for row in [object("Account"), soql("SELECT Id FROM Account WHERE Rating = 'Hot'")] {
        let plan = fixture.plan(&auto(row)).await.unwrap();

        assert_eq!(route(&plan), (PlannedApi::Bulk, "it carries any number of records"));
    }
    assert_eq!((fixture.emulator.calls(CallKind::Limits), fixture.emulator.calls(CallKind::Query)), (1, 1));
}

#[tokio::test]
async fn a_row_that_puts_bulk_first_is_not_counted() {
    let fixture = Fixture::demo(100).await;

    fixture.load(&RowSpec { api: Api::BulkFirst, ..object("Account") }).await;
    let plan = fixture.plan(&RowSpec { api: Api::BulkFirst, ..soql("SELECT Id FROM Account OFFSET 1") }).await.unwrap();

    assert_eq!((fixture.emulator.calls(CallKind::JobCreate), fixture.emulator.calls(CallKind::Limits)), (1, 0));
    assert_eq!(route(&plan), (PlannedApi::Rest, "the Bulk API takes no OFFSET"));
}

#[tokio::test]
async fn an_object_that_bulk_is_known_to_refuse_is_not_tried_and_an_error_where_bulk_is_demanded() {
    let describe = serde_json::json!({"name": "TaskStatus", "label": "Task Status", "keyPrefix": "01T", "fields": [
        {"name": "Id", "type": "id"}, {"name": "MasterLabel", "type": "string"}]});
    let fixture = Fixture::of(org_with(&describe)).await;
    fixture.org.insert("TaskStatus", fields([("MasterLabel", "Open".into())])).unwrap();

    let plan = fixture.plan(&object("TaskStatus")).await.unwrap();
    fixture.load(&object("TaskStatus")).await;
    let bulk = |row| RowSpec { api: Api::Bulk, ..row };
    let of_object = fixture.fail(&bulk(object("TaskStatus"))).await;
    let of_query = fixture.fail(&bulk(soql("SELECT Id FROM TaskStatus"))).await;

    assert_eq!(route(&plan), (PlannedApi::Rest, "the Bulk API does not carry `TaskStatus`"));
    assert_eq!(chain(&of_object), "could not use the Bulk API: the Bulk API does not carry `TaskStatus`");
    let caret = "    SELECT Id FROM TaskStatus\n                   ^^^^^^^^^^\n";
    assert!(chain(&of_query).contains(caret), "{}", chain(&of_query));
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 0);
}

#[tokio::test]
async fn only_what_bulk_refuses_for_itself_is_tried_elsewhere() {
    let refusal = |code: &str, message: &str, status| {
        let body = serde_json::json!([{ "errorCode": code, "message": message }]).to_string();
        CannedAnswer { status, headers: [].into(), body }
    };
    let cases = [
        (refusal("INVALIDENTITY", "Entity 'Account' is not supported by the Bulk API.", 400), true),
        (refusal("API_ERROR", "Selecting compound data not supported in Bulk Query", 400), true),
        (
            refusal("API_ERROR", "Aggregate Relationships not supported in Bulk V2 Query with CSV content type", 400),
            true,
        ),
        (refusal("FEATURENOTENABLED", "Cannot serialize value for 'X' in CSV format", 400), true),
        (refusal("INSUFFICIENT_ACCESS", "insufficient access rights", 403), true),
        (refusal("FUNCTIONALITY_NOT_ENABLED", "not enabled", 403), true),
        (refusal("LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been reached (10021)", 400), false),
        (refusal("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), false),
        (refusal("API_DISABLED_FOR_ORG", "disabled", 403), false),
        (refusal("MALFORMED_QUERY", "unexpected token: 'x'", 400), false),
        (refusal("INVALID_FIELD", "No such column 'X' on entity 'Account'", 400), false),
    ];

    for (answer, falls_back) in cases {
        let fixture = Fixture::demo(100).await;
        let name = answer.body.clone();
        fixture.emulator.faults().add(Fault::always(CallKind::JobCreate, Action::Answer(answer))).unwrap();

        let outcome = fixture.run_row(&object("Account")).await.outcome;

        assert_eq!(
            (outcome.is_ok(), fixture.emulator.calls(CallKind::Query)),
            (falls_back, falls_back.into()),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_query_too_long_for_an_address_is_read_through_rest_all_the_same() {
    let columns: Vec<_> = (0..700)
        .map(|n| serde_json::json!({"name": format!("A_Rather_Long_Name_Of_A_Field_{n}__c"), "type": "string"}))
        .collect();
    let mut all = vec![serde_json::json!({"name": "Id", "type": "id"})];
    all.extend(columns);
    let describe = serde_json::json!({"name": "Wide__c", "label": "Wide", "keyPrefix": "a77", "fields": all});
    let fixture = Fixture::of(org_with(&describe)).await;
    for n in 0..3 {
        let values = fields([("A_Rather_Long_Name_Of_A_Field_699__c", format!("value {n}").into())]);
        fixture.org.insert("Wide__c", values).unwrap();
    }

    fixture.load(&RowSpec { api: Api::Rest, ..object("Wide__c") }).await;
    assert_same(&fixture.table("Wide__c"), &fixture.live("Wide__c"));
    let plan = fixture.plan(&auto(object("Wide__c"))).await.unwrap();

    assert_eq!(
        (fixture.table("Wide__c").len(), fixture.table("Wide__c").columns().len()),
        (3, plan.table.columns.len())
    );
    assert_eq!(plan.api, PlannedApi::Bulk, "a job takes a query of any length");
}
