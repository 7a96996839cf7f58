//! Rows that only REST carries: aggregates, `TYPEOF`, child subqueries, `FIELDS()`.

use orgtap_destination::ColumnType;
use orgtap_emulator::{CallKind, Scope};
use orgtap_engine::{Error, Fetch, Load, PlannedApi, RowSpec};

use crate::fixture::{Fixture, chain, fields, incremental, soql, with_deleted};
use crate::records::{Records, assert_same};

/// Runs `query` in full and returns what then stands in the table.
async fn table(fixture: &Fixture, query: &str) -> Records {
    let row = RowSpec { table: Some("answer".to_owned()), ..soql(query) };
    fixture.load(&row).await;
    fixture.table("answer")
}

#[tokio::test]
async fn groups_load_as_the_org_answers_them_with_its_names_and_types() {
    let fixture = Fixture::demo(2_000).await;
    let query = "SELECT Industry, Rating kind, COUNT(Id), SUM(AnnualRevenue) total, MAX(CreatedDate), COUNT_DISTINCT(OwnerId) owners \
                 FROM Account WHERE Industry != null GROUP BY Industry, Rating HAVING COUNT(Id) > 1";

    let plan = fixture.plan(&soql(query)).await.unwrap();
    let loaded = table(&fixture, query).await;

    assert_eq!((plan.api, plan.api_reason.as_str()), (PlannedApi::Rest, "the Bulk API takes no aggregate functions"));
    let columns: Vec<_> = plan.table.columns.iter().map(|column| (column.name.as_str(), column.column_type)).collect();
    let expected = [
        ("Industry", ColumnType::Text),
        ("kind", ColumnType::Text),
        ("expr0", ColumnType::Integer),
        ("total", ColumnType::Float),
        ("expr1", ColumnType::DateTime),
        ("owners", ColumnType::Integer),
    ];
    assert_eq!(columns, expected);
    assert!(plan.table.primary_key.is_empty());
    assert!(loaded.len() > 3);
    assert_same(&loaded, &Records::of_query(&fixture.org, query, Scope::Live));
}

#[tokio::test]
async fn a_grouped_parent_field_goes_by_its_own_name() {
    let fixture = Fixture::demo(600).await;
    let query = "SELECT Account.Industry, CALENDAR_YEAR(CreatedDate), COUNT(Id) FROM Contact \
                 GROUP BY Account.Industry, CALENDAR_YEAR(CreatedDate)";

    let loaded = table(&fixture, query).await;

    assert_eq!(loaded.columns(), ["Industry", "expr0", "expr1"]);
    assert_same(&loaded, &Records::of_query(&fixture.org, query, Scope::Live));
}

#[tokio::test]
async fn counting_gives_one_row() {
    let fixture = Fixture::demo(600).await;

    let counted = table(&fixture, "SELECT COUNT() FROM Account").await;

    assert_eq!(counted.columns(), ["count"]);
    assert_eq!(counted.column("count"), [Some(fixture.live("Account").len().to_string())]);
    fixture.load(&with_deleted(soql("SELECT COUNT() FROM Account WHERE Name != 'x'"))).await;
    assert_eq!(fixture.table("Account").column("count"), [Some(fixture.all("Account").len().to_string())]);
}

#[tokio::test]
async fn groups_are_upserted_by_what_they_are_grouped_by_and_never_fetched_incrementally() {
    let fixture = Fixture::demo(600).await;
    let query = "SELECT Rating, COUNT(Id) FROM Account GROUP BY Rating";
    let upsert = RowSpec { load: Load::Incremental, fetch: Fetch::All, ..soql(query) };

    assert_eq!(fixture.plan(&upsert).await.unwrap().table.primary_key, ["Rating"]);
    fixture.load(&upsert).await;
    let keyless = RowSpec { load: Load::Incremental, fetch: Fetch::All, ..soql("SELECT COUNT(Id) FROM Account") };
    assert!(chain(&fixture.fail(&keyless).await).contains("primary key"));

    let error = fixture.fail(&incremental(soql(query))).await;
    let Error::Query { rendered, hint, .. } = error else { panic!("{error:?}") };
    let caret = rendered.lines().last().unwrap_or_default();
    assert!(rendered.contains("computed from the changed records only"), "{rendered}");
    assert!(rendered.contains("^^^^^^^^^^^^^^^"), "under GROUP BY Rating: {caret}");
    assert_eq!(hint.as_deref(), Some("set `fetch = \"all\"`"));
}

#[tokio::test]
async fn fields_by_type_become_columns_that_are_null_for_other_types() {
    let fixture = Fixture::demo(2_000).await;
    let query = "SELECT Id, TYPEOF What WHEN Account THEN Phone, Name, AnnualRevenue WHEN Opportunity THEN Amount, Name, IsWon \
                 ELSE Name END FROM Task";

    let plan = fixture.plan(&soql(query)).await.unwrap();
    let loaded = table(&fixture, query).await;

    let names: Vec<_> = plan.table.columns.iter().map(|column| column.name.as_str()).collect();
    let expected = ["Id", "What.Type", "What.Phone", "What.Name", "What.AnnualRevenue", "What.Amount", "What.IsWon"];
    assert_eq!(names, expected);
    assert_eq!(plan.table.columns[4].column_type, ColumnType::Float);
    let plain = Records::of_query(&fixture.org, "SELECT Id, What.Type, What.Name FROM Task", Scope::Live);
    assert_eq!(loaded.column("What.Type"), plain.column("What.Type"));
    assert_eq!(loaded.column("What.Name"), plain.column("What.Name"));
    for (object, field) in [("Account", "AnnualRevenue"), ("Opportunity", "Amount")] {
        for [id, what] in pairs(&fixture, &format!("SELECT Id, WhatId FROM Task WHERE What.Type = '{object}'")) {
            let truth = fixture.live(object).value(what, field);
            assert_eq!(loaded.value(id, &format!("What.{field}")), truth, "{object} {what}");
            assert_eq!(loaded.value(id, "What.Type").as_deref(), Some(object));
        }
    }
}

fn pairs(fixture: &Fixture, query: &str) -> Vec<[orgtap_emulator::Id; 2]> {
    let selection = fixture.org.select(query, Scope::Live).unwrap();
    let pairs: Vec<_> =
        selection.page(0, 20).map(|values| [values[0].as_id().unwrap(), values[1].as_id().unwrap()]).collect();
    assert!(!pairs.is_empty(), "{query}");
    pairs
}

#[tokio::test]
async fn a_name_of_different_types_is_text() {
    let fixture = Fixture::demo(600).await;
    let query = "SELECT TYPEOF What WHEN Account THEN CreatedDate x WHEN Opportunity THEN CreatedDate END FROM Task";
    let query = query.replace(" x", "");
    let mixed = "SELECT TYPEOF Owner WHEN User THEN IsActive ELSE Name END FROM Task";

    let same = fixture.plan(&soql(&query)).await.unwrap();
    let mixed = fixture.plan(&soql(mixed)).await.unwrap();

    assert_eq!(same.table.columns[1].column_type, ColumnType::DateTime);
    assert_eq!(mixed.table.columns[1].column_type, ColumnType::Boolean);
}

#[tokio::test]
async fn children_are_one_column_of_json_with_every_page_of_them() {
    let fixture = Fixture::demo(600).await;
    let [account, lonely] = [fixture.new_account("many"), fixture.new_account("none")];
    for n in 0..2_345 {
        let values = fields([("LastName", format!("Nr. {n:04} \"x\"\n").into()), ("AccountId", account.into())]);
        fixture.org.insert("Contact", values).unwrap();
    }
    let query =
        "SELECT Id, (SELECT LastName, Owner.Name, Id, Email FROM contacts ORDER BY LastName), Name FROM Account";

    let plan = fixture.plan(&soql(query)).await.unwrap();
    let loaded = table(&fixture, query).await;

    assert_eq!(plan.table.columns[1].name, "Contacts");
    assert_eq!(plan.api_reason, "the Bulk API takes no child subqueries");
    assert_eq!(loaded.len(), fixture.live("Account").len());
    assert_eq!(loaded.value(lonely, "Contacts").as_deref(), Some("[]"));
    let text = loaded.value(account, "Contacts").unwrap();
    let children: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(children.len(), 2_345);
    assert_eq!(children[2_344]["LastName"], "Nr. 2344 \"x\"\n");
    assert!(!text.contains("attributes"));
    assert!(text.starts_with(r#"[{"LastName":"Nr. 0000 \"x\"\n","Owner":{"Name":""#), "{text}");
}

#[tokio::test]
async fn an_unknown_child_relationship_is_told_with_the_nearest() {
    let fixture = Fixture::demo(100).await;

    let error = fixture.fail(&soql("SELECT Id, (SELECT Id FROM Contact) FROM Account")).await;

    assert!(chain(&error).contains("`Account` has no child relationship `Contact`"), "{}", chain(&error));
    assert!(error.hint().unwrap().contains("`Contacts`"));
}

#[tokio::test]
async fn fields_are_those_of_the_describe_that_can_be_columns() {
    let fixture = Fixture::demo(300).await;

    for (query, names) in
        [("SELECT FIELDS(ALL) FROM Shipment__c", None), ("SELECT Name, FIELDS(CUSTOM), Id FROM Account", Some("Name"))]
    {
        let plan = fixture.plan(&soql(query)).await.unwrap();
        fixture.load(&soql(query)).await;

        assert_eq!(plan.api, PlannedApi::Bulk, "expanded, they are nothing special: {query}");
        assert!(plan.notes.iter().any(|note| note.contains("stands for")), "{:?}", plan.notes);
        match names {
            None => assert_same(&fixture.table("Shipment__c"), &fixture.live("Shipment__c")),
            Some(first) => {
                let columns = fixture.table("Account").columns().to_vec();
                assert_eq!((columns[0].as_str(), columns.last().map(String::as_str)), (first, Some("Id")));
                assert!(columns.iter().any(|column| column.ends_with("__c")));
                assert_eq!(columns.iter().filter(|column| *column == "Name").count(), 1);
            }
        }
    }
    let left_out = fixture.plan(&soql("SELECT FIELDS(ALL) FROM Shipment__c")).await.unwrap().left_out;
    assert_eq!(
        left_out.iter().map(|each| each.field.as_str()).collect::<Vec<_>>(),
        ["Label__c", "Door__c", "Position__c"]
    );
}

#[tokio::test]
async fn fields_that_stand_for_nothing_are_an_error() {
    let fixture = Fixture::demo(100).await;

    let error = fixture.fail(&soql("SELECT Id, FIELDS(CUSTOM) FROM Task")).await;

    assert!(matches!(error, Error::Query { .. }));
    assert!(chain(&error).contains("`FIELDS(CUSTOM)` stands for nothing"), "{}", chain(&error));
    assert_eq!(fixture.emulator.calls(CallKind::Query), 0);
}
