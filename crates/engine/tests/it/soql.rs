//! Rows that are queries: what they load equals what the org answers, and what cannot be extracted is refused with its place.

use orgtap_emulator::{Action, CallKind, Fault, Scope};
use orgtap_engine::{Api, Error, FetchWindow, PlannedApi, RowSpec};
use orgtap_salesforce::QueryOperation;

use crate::fixture::{Fixture, MINUTE, chain, incremental, soql};
use crate::records::{Records, assert_same};

/// Loads `query` and compares the table with the org's own answer.
async fn loads(fixture: &Fixture, query: &str) -> Records {
    let row = RowSpec { table: Some("answer".to_owned()), ..soql(query) };
    fixture.load(&row).await;
    let table = fixture.table("answer");
    assert_same(&table, &Records::of_query(&fixture.org, query, Scope::Live));
    table
}

#[tokio::test]
async fn a_query_loads_what_the_org_answers() {
    let fixture = Fixture::demo(600).await;
    let queries = [
        "SELECT Id, Name FROM Account",
        "SELECT Id, Account.Name, Account.Owner.Email, ReportsTo.Name FROM Contact",
        "SELECT c.Id, c.Account.Name, c.Email FROM Contact c WHERE c.HasOptedOutOfEmail = false",
        "SELECT Id, Owner.Name, Who.Name, What.Name FROM Task",
        "SELECT Id, StageName, Amount FROM Opportunity WHERE Amount > 10000 ORDER BY Amount DESC NULLS LAST, Id",
        "SELECT Id, Name FROM Account WHERE Name LIKE '%a%' AND (Industry = 'Banking' OR Rating IN ('Hot', 'Warm'))",
        "SELECT Id, AccountId FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Industry != null)",
        "SELECT Id, Handling__c FROM Shipment__c WHERE Handling__c INCLUDES ('Fragile;Keep dry', 'Keep cold')",
        "SELECT Id FROM Account WHERE Name = 'nobody is called so'",
    ];

    for query in queries {
        loads(&fixture, query).await;
    }
}

#[tokio::test]
async fn a_limit_bounds_the_table_and_keeps_the_order_of_the_query() {
    let fixture = Fixture::demo(600).await;

    let table = loads(&fixture, "SELECT Id, Name FROM Account ORDER BY Name DESC, Id LIMIT 5").await;

    assert_eq!(table.len(), 5);
    let report = fixture.run_row(&soql("SELECT Id FROM Account LIMIT 5")).await;
    assert_eq!(report.notes, ["with LIMIT the Bulk API cannot split the query by primary key"]);
}

#[tokio::test]
async fn an_incremental_query_with_a_limit_says_what_it_loses() {
    let fixture = Fixture::demo(100).await;
    let note = "LIMIT takes any of the records, and an incremental fetch never comes back to the others";

    for (query, is_noted) in [
        ("SELECT Id FROM Account LIMIT 5", true),
        ("SELECT Id FROM Account ORDER BY LastModifiedDate LIMIT 5", false),
        ("SELECT Id FROM Account", false),
    ] {
        let plan = fixture.plan(&incremental(soql(query))).await.unwrap();

        let warnings = plan.warnings.iter().flat_map(|warnings| warnings.as_slice());
        let place = warnings
            .filter(|warning| warning.message == note)
            .filter_map(|warning| query.get(warning.span.start..warning.span.end));
        assert_eq!(place.collect::<Vec<_>>(), if is_noted { vec!["5"] } else { vec![] }, "{query}");
    }
    let error = fixture.fail(&incremental(soql("SELECT Id FROM Account OFFSET 5"))).await;
    assert!(matches!(error, Error::Query { .. }) && chain(&error).contains("OFFSET leaves records out"), "{error:?}");
}

#[tokio::test]
async fn distances_are_read_through_rest() {
    let fixture = Fixture::demo(600).await;
    let query = "SELECT Id, DISTANCE(Position__c, GEOLOCATION(50.1, 14.4), 'km') FROM Shipment__c";

    let table = loads(&fixture, query).await;

    assert_eq!(table.columns(), ["Id", "expr0"]);
    assert!(table.column("expr0").iter().flatten().all(|distance| distance.contains('.')));
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 0);
}

#[tokio::test]
async fn labels_and_their_aliases_become_columns() {
    let fixture = Fixture::demo(300).await;

    for api in [Api::Auto, Api::Rest] {
        let row = RowSpec { api, ..soql("SELECT Id, toLabel(Status), toLabel(Priority) Importance FROM Case") };
        fixture.load(&row).await;

        let table = fixture.table("Case");
        assert_eq!(table.columns(), ["Id", "Status", "Importance"]);
        assert_eq!(
            table.column("Importance"),
            fixture.live("Case").column("Priority"),
            "demo labels equal their values"
        );
    }
}

#[tokio::test]
async fn an_incremental_query_keeps_its_own_conditions() {
    let fixture = Fixture::demo(600).await;
    let query = "SELECT Id, Name, Rating, Owner.Name FROM Account WHERE Rating = 'Hot' OR Industry = 'Banking'";
    let row = incremental(soql(query));
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);
    let [hot] = fixture.ids("SELECT Id FROM Account WHERE Rating = 'Hot' LIMIT 1").try_into().unwrap();
    let [cold] = fixture
        .ids("SELECT Id FROM Account WHERE Rating = 'Cold' AND Industry != 'Banking' LIMIT 1")
        .try_into()
        .unwrap();
    fixture.set(hot, "Name", "changed and wanted");
    fixture.set(cold, "Name", "changed and not wanted");

    let loaded = fixture.load(&row).await;

    assert_eq!(loaded.records, 1, "the old conditions stand in parentheses");
    assert_same(&fixture.table("Account"), &Records::of_query(&fixture.org, query, Scope::Live));
}

#[tokio::test]
async fn all_rows_means_query_all() {
    let fixture = Fixture::demo(600).await;

    let plan = fixture.plan(&soql("SELECT Id, IsDeleted FROM Account ALL ROWS")).await.unwrap();
    fixture.load(&soql("SELECT Id, IsDeleted FROM Account ALL ROWS")).await;

    assert_eq!((plan.operation, plan.query.to_string().contains("ALL ROWS")), (QueryOperation::QueryAll, false));
    let truth = Records::of_query(&fixture.org, "SELECT Id, IsDeleted FROM Account", Scope::All);
    assert_same(&fixture.table("Account"), &truth);
}

#[tokio::test]
async fn all_rows_see_records_that_are_deleted_later() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(soql("SELECT Id, IsDeleted FROM Account ALL ROWS"));
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);
    let [deleted] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();

    let plan = fixture.plan(&row).await.unwrap();
    fixture.load(&row).await;

    // Deleting a record is sure to change that stamp, and no other.
    assert!(matches!(&plan.fetch, FetchWindow::Since { cursor_field, .. } if cursor_field == "SystemModstamp"));
    assert_eq!(fixture.table("Account").value(deleted, "IsDeleted").as_deref(), Some("true"));
}

#[tokio::test]
async fn an_offset_is_read_through_rest() {
    let fixture = Fixture::demo(600).await;
    let query =
        "SELECT Id, Name, CreatedDate, AnnualRevenue, NumberOfEmployees FROM Account ORDER BY Id LIMIT 20 OFFSET 10";

    let plan = fixture.plan(&soql(query)).await.unwrap();
    loads(&fixture, query).await;

    assert_eq!((plan.api, plan.api_reason.as_str()), (PlannedApi::Rest, "the Bulk API takes no OFFSET"));
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 0);
}

#[tokio::test]
async fn what_the_bulk_api_cannot_do_is_an_error_where_bulk_is_demanded() {
    let fixture = Fixture::demo(100).await;
    let row = RowSpec { api: Api::Bulk, ..soql("SELECT Id FROM Account ORDER BY Id OFFSET 10") };

    let error = fixture.fail(&row).await;

    let Error::Query { summary, rendered, hint } = error else { panic!("{error:?}") };
    assert_eq!(summary, "the Bulk API takes no OFFSET");
    assert!(rendered.contains("SELECT Id FROM Account ORDER BY Id OFFSET 10") && rendered.contains('^'), "{rendered}");
    assert!(hint.is_some());
}

#[tokio::test]
async fn everything_wrong_with_a_query_is_told_at_once() {
    let fixture = Fixture::demo(100).await;

    let error = fixture.fail(&soql("SELECT Id, Nmae, Owner.Emial, Ownr.Name FROM Account")).await;

    let shown = chain(&error);
    for part in [
        "`Account` has no field `Nmae`",
        "did you mean `Name`?",
        "`User` has no field `Emial`",
        "did you mean `Email`?",
        "`Account` has no relationship `Ownr`",
        "did you mean `Owner`?",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(error.is_user_error());
}

#[tokio::test]
async fn what_cannot_be_a_table_is_refused_before_any_query_runs() {
    let fixture = Fixture::demo(100).await;
    let cases = [
        ("SELECT Id FROM Acount", "there is no object `Acount`"),
        ("SELECT Id, Label__c FROM Shipment__c", "`Label__c` cannot be a column: base64 content"),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account GROUP BY Id",
            "a child subquery does not stand beside aggregates",
        ),
        ("SELECT TYPEOF What WHEN Acount THEN Phone ELSE Name END FROM Task", "there is no object `Acount`"),
        ("SELECT COUNT(Idd) FROM Account", "`Account` has no field `Idd`"),
        ("SELECT Name, name FROM Account", "is selected twice"),
        ("SELECT Id FROM Account FOR UPDATE", "writes to the org"),
        ("SELECT Id Account", "could not use the query"),
        ("", "could not use the query"),
    ];

    for (query, message) in cases {
        let error = fixture.fail(&soql(query)).await;

        assert!(matches!(error, Error::Query { .. }), "{query}: {error:?}");
        assert!(chain(&error).contains(message), "{query}: {}", chain(&error));
    }
    assert!(fixture.emulator.stats().queries.is_empty());
}

#[tokio::test]
async fn a_job_that_fails_of_its_query_is_shown_where_that_was_written() {
    let fixture = Fixture::demo(100).await;
    let message = "InvalidBatch : Failed to process query: INVALID_FIELD: WHERE Rating = 'Hot' ^ ERROR at Row:1:Column:30 \
        No such column 'Rating' on entity 'Account'.";
    let fail = Action::FailJob { message: Some(message.to_owned()) };
    fixture.emulator.faults().add(Fault::next(CallKind::JobInfo, fail)).unwrap();

    let error = fixture.fail(&soql("SELECT Id\nFROM Account\nWHERE Rating = 'Hot'")).await;

    let shown = "\n  at 3:7\n    WHERE Rating = 'Hot'\n          ^^^^^^\n";
    assert!(chain(&error).contains(shown), "{}", chain(&error));
}
