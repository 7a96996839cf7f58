//! The field that orders change: which one is chosen, and what it does at its edges.

use orgtap_emulator::{Id, Value};
use orgtap_engine::{Error, Fetch, FetchWindow, Load, RowSpec};
use serde_json::{Value as Json, json};

use crate::fixture::{Fixture, MINUTE, chain, fields, incremental, object, org_with, soql, with_deleted};
use crate::records::assert_same;

/// Returns the describe of a custom object with these fields besides `Id` and `Name`.
fn visit(other_fields: &[Json]) -> Json {
    let mut fields = vec![json!({"name": "Id", "type": "id"}), json!({"name": "Name", "type": "string"})];
    fields.extend_from_slice(other_fields);
    json!({"name": "Visit__c", "label": "Visit", "keyPrefix": "a0V", "fields": fields})
}

/// Starts an org whose only object has a date and a datetime that users set, and nothing that Salesforce sets.
async fn visits(is_nillable: bool) -> Fixture {
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind, "nillable": is_nillable});
    Fixture::of(org_with(&visit(&[field("Day__c", "date"), field("Moment__c", "datetime")]))).await
}

fn add(fixture: &Fixture, name: &str, day: &str, moment: &str) -> Id {
    let day = day.parse().map_or(Value::Null, Value::Date);
    let moment = moment.parse().map_or(Value::Null, Value::DateTime);
    let values = fields([("Name", name.into()), ("Day__c", day), ("Moment__c", moment)]);
    fixture.org.insert("Visit__c", values).unwrap()
}

fn by(cursor_field: &str) -> RowSpec {
    RowSpec { cursor_field: Some(cursor_field.to_owned()), ..incremental(object("Visit__c")) }
}

#[tokio::test]
async fn a_history_object_is_fetched_by_its_created_date() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(object("AccountHistory"));

    let report = fixture.run_row(&row).await;
    fixture.org.advance(10 * MINUTE);
    let [account] = fixture.first("Account");
    let change = fields([("AccountId", account.into()), ("Field", "Name".into()), ("NewValue", "after".into())]);
    fixture.org.insert("AccountHistory", change).unwrap();
    let second = fixture.load(&row).await;

    let note = "the cursor field is `CreatedDate`: `AccountHistory` has no `LastModifiedDate`".to_owned();
    assert!(report.notes.contains(&note), "{:?}", report.notes);
    assert_eq!(second.records, 1);
    assert_same(&fixture.table("AccountHistory"), &fixture.live("AccountHistory"));
}

#[tokio::test]
async fn deleted_records_are_fetched_by_the_stamp_that_deletion_changes() {
    let fixture = Fixture::demo(100).await;

    let plan = fixture.plan(&incremental(with_deleted(object("Account")))).await.unwrap();

    let note = "the cursor field is `SystemModstamp`, which deleting a record changes too";
    assert!(plan.notes.iter().any(|said| said == note), "{:?}", plan.notes);
}

#[tokio::test]
async fn an_object_without_any_date_cannot_be_fetched_incrementally() {
    let fixture = Fixture::of(org_with(&visit(&[]))).await;
    fixture.org.insert("Visit__c", fields([("Name", "one".into())])).unwrap();

    let error = fixture.fail(&incremental(object("Visit__c"))).await;
    let all = RowSpec { load: Load::Incremental, ..object("Visit__c") };

    assert!(chain(&error).starts_with("could not fetch `Visit__c` incrementally"), "{}", chain(&error));
    assert_eq!(
        error.hint().unwrap(),
        "name another date or datetime field in `cursor_field`, or set `fetch = \"all\"`"
    );
    assert_eq!(fixture.load(&all).await.records, 1);
}

#[tokio::test]
async fn only_a_date_or_datetime_that_can_be_filtered_is_a_cursor() {
    let describe = visit(&[json!({"name": "Hidden__c", "type": "datetime", "filterable": false})]);
    let fixture = Fixture::of(org_with(&describe)).await;
    let cases = [
        ("Name", "could not use `Name` as `cursor_field`: it is of type string"),
        ("Hiden__c", "could not use `Hiden__c` as `cursor_field`: object `Visit__c` has no such field"),
        ("Hidden__c", "could not use `Hidden__c` as `cursor_field`: Salesforce does not filter by it"),
    ];

    for (field, message) in cases {
        let error = fixture.fail(&by(field)).await;

        assert!(matches!(error, Error::Row { .. }), "{error:?}");
        assert_eq!(chain(&error), message);
    }
    assert_eq!(fixture.fail(&by("Hiden__c")).await.hint().as_deref(), Some("did you mean `Hidden__c`?"));
}

#[tokio::test]
async fn a_date_cursor_reaches_back_a_day_for_users_in_other_time_zones() {
    let fixture = visits(false).await;
    fixture.org.set_now("2024-06-10T00:30:00Z".parse().unwrap());
    let moment = "2024-01-01T00:00:00Z";
    add(&fixture, "before", "2024-06-08", moment);
    fixture.load(&by("Day__c")).await;

    fixture.org.advance(MINUTE);
    add(&fixture, "the day before, far in the west", "2024-06-09", moment);
    add(&fixture, "today", "2024-06-10", moment);
    add(&fixture, "tomorrow", "2024-06-11", moment);
    let plan = fixture.plan(&by("day__C")).await.unwrap();
    let loaded = fixture.load(&by("day__C")).await;

    assert!(plan.query.to_string().ends_with("WHERE Day__c >= 2024-06-09"), "{}", plan.query);
    assert_eq!(loaded.records, 3);
    assert_same(&fixture.table("Visit__c"), &fixture.live("Visit__c"));
}

#[tokio::test]
async fn records_without_a_cursor_value_count_as_changed() {
    for cursor in ["Day__c", "Moment__c"] {
        let fixture = visits(true).await;
        add(&fixture, "with", "2024-01-01", "2024-01-01T00:00:00Z");
        let without = add(&fixture, "without", "", "");
        fixture.load(&by(cursor)).await;

        fixture.org.advance(10 * MINUTE);
        fixture.set(without, "Name", "renamed");
        add(&fixture, "without, too", "", "");
        let second = fixture.load(&by(cursor)).await;

        assert_eq!(second.records, 2, "{cursor}");
        assert_same(&fixture.table("Visit__c"), &fixture.live("Visit__c"));
    }
}

#[tokio::test]
async fn a_row_that_appends_leaves_records_without_a_cursor_value_out_until_they_have_one() {
    let fixture = visits(true).await;
    let row = RowSpec { load: Load::Append, fetch: Fetch::Incremental, ..by("Moment__c") };
    add(&fixture, "with", "", "2024-01-01T00:00:00Z");
    let late = add(&fixture, "without", "", "");
    let report = fixture.run_row(&row).await;
    assert_eq!(fixture.table("Visit__c").len(), 1);
    let note = "records without `Moment__c` are left out until they have one".to_owned();
    assert!(report.notes.contains(&note), "{:?}", report.notes);

    for _ in 0..2 {
        fixture.org.advance(10 * MINUTE);
        fixture.load(&row).await;
        assert_eq!(fixture.table("Visit__c").len(), 1);
    }
    fixture.set(late, "Moment__c", Value::DateTime(fixture.org.now()));
    fixture.org.advance(10 * MINUTE);
    fixture.load(&row).await;
    fixture.load(&row).await;

    assert_same(&fixture.table("Visit__c"), &fixture.live("Visit__c"));
}

#[tokio::test]
async fn the_cursor_of_a_query_need_not_be_selected() {
    let fixture = Fixture::demo(600).await;
    let row = incremental(soql("SELECT Id, Name FROM Account"));
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);
    let [changed] = fixture.first("Account");
    fixture.set(changed, "Name", "changed");

    let plan = fixture.plan(&row).await.unwrap();
    let loaded = fixture.load(&row).await;

    assert!(matches!(plan.fetch, FetchWindow::Since { .. }), "{:?}", plan.fetch);
    assert_eq!((loaded.records, fixture.table("Account").columns()), (1, &["Id".to_owned(), "Name".to_owned()][..]));
    assert_eq!(fixture.table("Account").value(changed, "Name").as_deref(), Some("changed"));
}
