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
    // The query is counted in vain, and Salesforce is asked in vain whether it would run it.
    assert_eq!((fixture.emulator.calls(CallKind::Limits), fixture.emulator.calls(CallKind::Query)), (1, 2));
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

/// An org of 12,000 contacts that believes to have seven of each object.
async fn stale() -> Fixture {
    let describe = serde_json::json!({"name": "Contact", "label": "Contact", "keyPrefix": "003", "fields": [
        {"name": "Id", "type": "id"}, {"name": "LastName", "type": "string"},
        {"name": "IsDeleted", "type": "boolean"}, {"name": "SystemModstamp", "type": "datetime"}]});
    let fixture = Fixture::of(org_with(&describe)).await;
    for number in 0..12_000 {
        fixture.org.insert("Contact", fields([("LastName", format!("N{number}").into())])).unwrap();
    }
    fixture.org.advance(10 * MINUTE);
    believe(&fixture, 7);
    fixture
}

fn believe(fixture: &Fixture, records: u64) {
    fixture.emulator.faults().add(Fault::always(CallKind::Limits, Action::ReportRecords { records })).unwrap();
}

#[tokio::test]
async fn records_that_turn_out_to_be_many_are_read_by_a_job_after_all() {
    let fixture = stale().await;
    let row = auto(incremental(object("Contact")));

    let plan = fixture.plan(&row).await.unwrap();
    let report = fixture.run_row(&row).await;

    assert_eq!(route(&plan), (PlannedApi::Rest, "7 records, a job's wait would cost more"));
    assert_eq!(report.outcome.unwrap().records, 12_000);
    let note = "read by a query job, since the query found 12000 records where the org had counted 7";
    assert!(report.notes.iter().any(|it| it == note), "{:?}", report.notes);
    assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
    let calls = |kind| fixture.emulator.calls(kind);
    assert_eq!((calls(CallKind::Query), calls(CallKind::QueryMore)), (1, 0), "one answer told");
    assert_eq!((calls(CallKind::JobCreate), calls(CallKind::JobDelete)), (1, 1));

    // The watermark is that of any other load by a job: nothing comes twice, and nothing is missed.
    let [changed] = fixture.first("Contact");
    fixture.set(changed, "LastName", "Changed");
    assert_eq!(fixture.load(&row).await.records, 1);
    assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
}

#[tokio::test]
async fn a_job_that_stepped_in_is_gone_on_with_where_a_run_was_cut_off() {
    let fixture = stale().await;
    let row = auto(object("Contact"));
    let spec = || orgtap_engine::RunSpec {
        page_records: 1_000,
        download_connections: 1,
        ..orgtap_engine::RunSpec::new(vec![row.clone()])
    };
    let hold = Action::Hold { gate: "third page".to_owned() };
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 3, hold)).unwrap();
    let mut running = fixture.start(std::sync::Arc::new(fixture.memory.clone()), spec());
    running.held(fixture.emulator.faults(), "third page").await;
    running.kill().await;
    fixture.emulator.faults().clear();
    believe(&fixture, 7);

    let report = crate::fixture::only(fixture.run(spec()).await);

    assert_eq!(report.outcome.unwrap().records, 12_000);
    assert!(report.notes.iter().any(|note| note.starts_with("went on with the query of ")), "{:?}", report.notes);
    assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
    let calls = |kind| fixture.emulator.calls(kind);
    assert_eq!((calls(CallKind::Query), calls(CallKind::JobCreate)), (1, 1), "nothing was asked anew");
}

#[tokio::test]
async fn what_only_rest_carries_or_is_to_carry_stays_there_however_many_there_are() {
    let fixture = stale().await;
    let rows = [
        RowSpec { api: Api::Rest, ..object("Contact") },
        auto(soql("SELECT Id, LastName FROM Contact ORDER BY Id LIMIT 11000 OFFSET 5")),
    ];

    for (row, records) in rows.iter().zip([12_000, 11_000]) {
        assert_eq!(fixture.load(row).await.records, records);
    }
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 0);
}

#[tokio::test]
async fn where_bulk_refuses_what_turned_out_to_be_many_rest_goes_on_all_the_same() {
    let fixture = stale().await;
    let body = r#"[{"errorCode":"INVALIDENTITY","message":"Entity 'Contact' is not supported by the Bulk API."}]"#;
    let refusal = CannedAnswer { status: 400, headers: [].into(), body: body.to_owned() };
    fixture.emulator.faults().add(Fault::always(CallKind::JobCreate, Action::Answer(refusal))).unwrap();

    let loaded = fixture.load(&auto(object("Contact"))).await;

    assert_eq!((loaded.records, fixture.emulator.calls(CallKind::Query)), (12_000, 2));
    assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
}

#[tokio::test]
async fn a_few_more_than_the_org_had_counted_are_no_reason_for_a_job() {
    let fixture = Fixture::demo(12_000).await;
    believe(&fixture, 7);
    let contacts = fixture.live("Contact");
    assert!((2_001..10_000).contains(&contacts.len()), "{}", contacts.len());

    fixture.load(&auto(object("Contact"))).await;

    assert_same(&fixture.table("Contact"), &contacts);
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 0);
}
