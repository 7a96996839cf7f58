//! What a table is made of: when that changes the row reloads and says why, and when it does not it goes on.

use orgtap_destination::{Column, ColumnType, Destination, Premise, TableSpec, WriteMode};
use orgtap_emulator::{Org, OrgIdentity, Scope};
use orgtap_engine::{Fields, Load, RowSpec, RunSpec, Source, StartOver, Types};
use serde_json::{Value as Json, json};

use crate::fixture::{Fixture, MINUTE, fields, incremental, object, only, org_with, some_of, soql, with_deleted};
use crate::records::{Records, assert_same};

/// Loads `before`, then `after` under the same name into the same table, which has to reload for `reason`.
async fn reloads(before: RowSpec, after: RowSpec, reason: &str) {
    let fixture = Fixture::demo(300).await;
    let same = |row: RowSpec| incremental(RowSpec { name: "row".to_owned(), table: Some("table".to_owned()), ..row });
    let (before, after) = (same(before), same(after));
    fixture.load(&before).await;
    fixture.org.advance(10 * MINUTE);

    let plan = fixture.plan(&after).await.unwrap();
    let report = fixture.run_row(&after).await;

    let loaded = report.outcome.unwrap();
    let scope = if after.records == orgtap_engine::Records::All { Scope::All } else { Scope::Live };
    let truth = Records::of_query(&fixture.org, &plan.query.to_string(), scope);
    assert_eq!((loaded.write_mode, loaded.records), (WriteMode::Replace, truth.len() as u64), "{reason}");
    assert_same(&fixture.table("table"), &truth);
    let note = format!("fetches all: the row changed ({reason})");
    assert!(report.notes.contains(&note), "{note}: {:?}", report.notes);
    assert_eq!(fixture.load(&after).await.records, 0, "{reason}: the next run goes on");
}

#[tokio::test]
async fn a_row_that_asks_for_something_else_reloads_and_says_why() {
    let short = || some_of("Account", &["Id", "Name"]);
    let cases = [
        (short(), some_of("Account", &["Id", "Name", "Site"]), "new: `Site`"),
        (short(), some_of("Account", &["Id"]), "gone: `Name`"),
        (short(), some_of("Contact", &["Id", "Name"]), "the object was `Account`"),
        (
            RowSpec { primary_key: Some(vec!["name".to_owned()]), ..short() },
            RowSpec { primary_key: Some(vec!["id".to_owned()]), ..short() },
            "the primary key was `Name`",
        ),
        (short(), with_deleted(short()), "the cursor field was `LastModifiedDate`, deleted records were left out"),
        (
            RowSpec { cursor_field: Some("SystemModstamp".to_owned()), ..short() },
            RowSpec { cursor_field: Some("CreatedDate".to_owned()), ..short() },
            "the cursor field was `SystemModstamp`",
        ),
        (
            soql("SELECT Id, Name FROM Account"),
            soql("SELECT Id, Name FROM Account WHERE Industry != 'Banking'"),
            "the query's conditions changed",
        ),
        (
            soql("SELECT Id, Name FROM Account"),
            soql("SELECT Id, Owner.Name FROM Account"),
            "new: `Owner.Name`, gone: `Name`",
        ),
        (soql("SELECT Id, Name FROM Account"), soql("SELECT Id FROM Account"), "gone: `Name`"),
        (
            soql("SELECT Id, toLabel(Rating) Label FROM Account"),
            soql("SELECT Id, toLabel(Industry) Label FROM Account"),
            "what its columns are made of changed",
        ),
    ];

    for (before, after, reason) in cases {
        reloads(before, after, reason).await;
    }
}

#[tokio::test]
async fn a_log_that_is_to_hold_each_record_once_reloads() {
    let fixture = Fixture::demo(300).await;
    let table = incremental(some_of("Account", &["Id", "Name"]));
    let log = RowSpec { load: Load::Append, ..table.clone() };
    fixture.load(&log).await;
    let [changed] = fixture.first("Account");
    fixture.set(changed, "Name", "changed");
    fixture.org.advance(10 * MINUTE);
    fixture.load(&log).await;
    assert_eq!(fixture.table("Account").len(), fixture.live("Account").len() + 1);

    let report = fixture.run_row(&table).await;

    assert_eq!(report.outcome.unwrap().write_mode, WriteMode::Replace);
    let note = "fetches all: the row changed (records were appended)".to_owned();
    assert!(report.notes.contains(&note), "{:?}", report.notes);
    assert_eq!(fixture.table("Account").len(), fixture.live("Account").len());
    assert_eq!(fixture.load(&log).await.records, 0, "a table of one record each can be appended to");
}

#[tokio::test]
async fn a_row_that_says_the_same_in_other_words_goes_on() {
    let fixture = Fixture::demo(300).await;
    let spellings = [
        some_of("Account", &["Id", "Name", "Site"]),
        some_of("account", &["ID", "site", "NAME"]),
        RowSpec { primary_key: Some(vec!["ID".to_owned()]), ..some_of("Account", &["Id", "Name", "Site"]) },
        RowSpec { overlap: MINUTE, ..some_of("Account", &["Id", "Name", "Site"]) },
        RowSpec { cursor_field: Some("lastmodifieddate".to_owned()), ..some_of("Account", &["Id", "Name", "Site"]) },
    ];

    for (round, row) in spellings.into_iter().enumerate() {
        fixture.org.advance(10 * MINUTE);
        let loaded = fixture.load(&incremental(RowSpec { name: "row".to_owned(), ..row })).await;

        assert_eq!(loaded.records == 0, round > 0, "round {round}");
    }
}

/// Starts an org whose object `Parcel__c` has these fields besides those that the cursor needs.
async fn parcels(more: &[&str]) -> Fixture {
    let mut fields = vec![
        json!({"name": "Id", "type": "id"}),
        json!({"name": "LastModifiedDate", "type": "datetime", "nillable": false}),
        json!({"name": "SystemModstamp", "type": "datetime", "nillable": false}),
    ];
    fields.extend(more.iter().map(|name| json!({"name": name, "type": "string"})));
    let describe: Json = json!({"name": "Parcel__c", "label": "Parcel", "keyPrefix": "a0P", "fields": fields});
    Fixture::of(org_with(&describe)).await
}

/// Loads `row` from an org whose parcels have the fields `before`, then from one where they have the fields `after`, and returns what the
/// second load did with the one record that changed and what it noted.
async fn load_before_and_after(
    row: &RowSpec,
    before: &[&str],
    after: &[&str],
) -> (Fixture, WriteMode, u64, Vec<String>) {
    let old = parcels(before).await;
    let mut new = parcels(after).await;
    for fixture in [&old, &new] {
        for name in ["one", "two"] {
            fixture.org.insert("Parcel__c", fields([("Name", name.into())])).unwrap();
        }
        fixture.org.advance(10 * MINUTE);
    }
    old.load(row).await;
    new.memory = old.memory.clone();
    let [changed] = new.first("Parcel__c");
    new.set(changed, "Name", "changed");
    new.org.advance(MINUTE);

    let report = new.run_row(row).await;

    let loaded = report.outcome.unwrap();
    (new, loaded.write_mode, loaded.records, report.notes)
}

#[tokio::test]
async fn a_field_that_the_org_took_away_or_hid_does_not_reload() {
    let row = incremental(object("Parcel__c"));

    let (fixture, mode, records, _) = load_before_and_after(&row, &["Name", "Color__c"], &["Name"]).await;

    assert_eq!((mode, records), (WriteMode::Upsert, 1));
    let table = fixture.table("Parcel__c");
    assert!(table.columns().contains(&"Color__c".to_owned()), "what was loaded before is not thrown away");
    assert_eq!(table.column("Name"), [Some("changed".to_owned()), Some("two".to_owned())]);
}

#[tokio::test]
async fn a_field_that_the_org_added_reloads() {
    let row = incremental(object("Parcel__c"));

    let (fixture, mode, records, notes) = load_before_and_after(&row, &["Name"], &["Name", "Color__c"]).await;

    assert_eq!((mode, records), (WriteMode::Replace, 2));
    assert!(notes.contains(&"fetches all: the row changed (new: `Color__c`)".to_owned()), "{notes:?}");
    assert_same(&fixture.table("Parcel__c"), &fixture.live("Parcel__c"));
}

#[tokio::test]
async fn a_new_field_that_the_row_excludes_does_not_reload() {
    let fields = Fields::AllBut(vec!["Color__c".to_owned()]);
    let source = Source::Object { object: "Parcel__c".to_owned(), fields };
    let row = incremental(RowSpec { source, ..object("Parcel__c") });

    let (.., mode, records, _) = load_before_and_after(&row, &["Name", "Color__c"], &["Name", "Color__c"]).await;

    assert_eq!((mode, records), (WriteMode::Upsert, 1));
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_as_good_as_none() {
    let fixture = Fixture::demo(300).await;
    let row = incremental(some_of("Account", &["Id", "Name"]));
    let column = |name: &str| Column {
        name: name.to_owned(),
        column_type: ColumnType::Text,
        is_nullable: true,
        description: None,
    };
    let table = TableSpec {
        row: row.name.clone(),
        name: "Account".to_owned(),
        columns: vec![column("Id"), column("Name")],
        primary_key: vec!["Id".to_owned()],
        write_mode: WriteMode::Replace,
        version_column: None,
        keys_are_unique: true,
        identity: None,
        gone: None,
        premise: Premise::Anything,
    };

    for state in ["", "{}", "not JSON", r#"{"version":2}"#] {
        fixture.memory.begin(&table).await.unwrap().commit(Vec::new(), state).await.unwrap();

        let report = fixture.run_row(&row).await;

        assert_eq!(report.outcome.unwrap().records, fixture.live("Account").len() as u64, "{state}");
        assert!(report.notes.iter().any(|note| note.starts_with("fetches all: the saved state")), "{:?}", report.notes);
    }
}

#[tokio::test]
async fn another_org_at_the_same_address_reloads() {
    let row = RowSpec { start_over: StartOver::Keep, ..incremental(object("Account")) };
    let before = Fixture::demo(300).await;
    let identity = OrgIdentity { organization_id: "00D0000000refr3".parse().unwrap(), ..before.org.identity().clone() };
    let refreshed = Org::builder().demo(600).seed(7).identity(identity).build();
    let after = Fixture { memory: before.memory.clone(), ..Fixture::of(refreshed).await };

    for client in [after.client(), after.client_at(after.emulator.url().parse().unwrap())] {
        before.run_row(&RowSpec { start_over: StartOver::Replace, ..row.clone() }).await.outcome.unwrap();

        let report = only(after.run_as(&client, RunSpec::new(vec![row.clone()])).await);

        let was: String = before.org.identity().organization_id.to_string().chars().take(15).collect();
        let note = format!("fetches all: the row changed (the org was `{was}`)");
        assert!(report.notes.contains(&note), "{:?}", report.notes);
        assert_same(&after.table("Account"), &after.live("Account"));
    }
}

#[tokio::test]
async fn a_row_that_keeps_its_table_fills_it_again_without_replacing_it() {
    let fixture = Fixture::demo(300).await;
    let row = |name: &str| {
        let row = some_of(name, &["Id", "Name"]);
        incremental(RowSpec {
            name: "row".to_owned(),
            table: Some("shared".to_owned()),
            start_over: StartOver::Keep,
            ..row
        })
    };
    fixture.load(&row("Contact")).await;

    let report = fixture.run_row(&row("Account")).await;

    assert!(report.notes.iter().any(|note| note.starts_with("fetches all: the row changed")), "{:?}", report.notes);
    let loaded = report.outcome.unwrap();
    assert_eq!(loaded.write_mode, WriteMode::Upsert);
    assert_eq!(fixture.table("shared").len(), fixture.live("Contact").len() + fixture.live("Account").len());
}

#[tokio::test]
async fn archived_records_can_come_without_deleted_ones() {
    let fixture = Fixture::demo(600).await;
    let row = RowSpec { records: orgtap_engine::Records::LiveAndArchived, ..some_of("Task", &["Id", "IsArchived"]) };

    fixture.load(&row).await;

    let truth = Records::of_query(&fixture.org, "SELECT Id, IsArchived FROM Task WHERE IsDeleted = false", Scope::All);
    assert!(truth.len() > fixture.live("Task").len(), "the org has archived tasks");
    assert_same(&fixture.table("Task"), &truth);
}

#[tokio::test]
async fn plain_types_leave_amounts_and_percentages_as_text() {
    let fixture = Fixture::demo(100).await;
    let row = RowSpec { types: Types::Plain, ..some_of("Opportunity", &["Id", "Amount", "CloseDate", "IsClosed"]) };

    let plan = fixture.plan(&row).await.unwrap();

    let types: Vec<ColumnType> = plan.table.columns.iter().map(|column| column.column_type).collect();
    assert_eq!(types, [ColumnType::Text, ColumnType::Text, ColumnType::Date, ColumnType::Boolean]);
}
