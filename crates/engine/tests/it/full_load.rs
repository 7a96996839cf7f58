//! Full loads: the table holds what the org holds, and nothing else.

use orgtap_destination::WriteMode;
use orgtap_engine::{Fields, RowSpec, Source};

use crate::fixture::{Fixture, chain, object, some_of};
use crate::records::assert_same;

#[tokio::test]
async fn a_full_load_equals_the_org() {
    let fixture = Fixture::demo(600).await;

    for name in fixture.org.objects().iter().map(|object| object.name.as_str()) {
        let loaded = fixture.load(&object(name)).await;

        let truth = fixture.live(name);
        assert!(truth.len() > 0, "{name}");
        assert_eq!((loaded.write_mode, loaded.records), (WriteMode::Replace, truth.len() as u64), "{name}");
        assert_same(&fixture.table(name), &truth);
    }
}

#[tokio::test]
async fn a_full_load_keeps_nothing_of_the_last_one() {
    let fixture = Fixture::demo(600).await;
    fixture.load(&object("Contact")).await;
    let [deleted, changed] = fixture.first("Contact");
    fixture.org.delete(deleted).unwrap();
    fixture.set(changed, "Title", "Astronaut");

    fixture.load(&object("Contact")).await;

    assert_same(&fixture.table("Contact"), &fixture.live("Contact"));
}

#[tokio::test]
async fn many_pages_make_one_table() {
    let fixture = Fixture::demo(600).await;

    for page_records in [1, 7, 1000] {
        let report = fixture.run_paged(&object("Account"), page_records).await;

        assert_eq!(report.outcome.unwrap().records, fixture.live("Account").len() as u64);
        assert_same(&fixture.table("Account"), &fixture.live("Account"));
    }
}

#[tokio::test]
async fn an_object_without_records_makes_an_empty_table() {
    let fixture = Fixture::demo(1).await;

    let loaded = fixture.load(&object("Account")).await;

    assert_eq!((loaded.records, fixture.table("Account").len()), (0, 0));
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
}

#[tokio::test]
async fn fields_that_no_table_can_hold_are_left_out_and_named_once() {
    let fixture = Fixture::demo(100).await;

    let report = fixture.run_row(&object("Shipment__c")).await;

    let named: Vec<_> = report.notes.iter().filter(|note| note.starts_with("left out")).collect();
    assert_eq!(named, ["left out, since no query carries them: Label__c, Door__c, Position__c"]);
    let columns = fixture.table("Shipment__c");
    assert!(!columns.columns().iter().any(|column| ["Label__c", "Door__c", "Position__c"].contains(&column.as_str())));
}

#[tokio::test]
async fn chosen_fields_come_in_their_order_and_as_salesforce_spells_them() {
    let fixture = Fixture::demo(100).await;

    fixture.load(&some_of("aCCount", &["name", "ID", "industry", "Name"])).await;

    assert_eq!(fixture.table("Account").columns(), ["Name", "Id", "Industry"]);
}

#[tokio::test]
async fn excluded_fields_are_not_read() {
    let fixture = Fixture::demo(100).await;
    let fields = Fields::AllBut(vec!["description".to_owned(), "Phone".to_owned()]);
    let row = RowSpec { source: Source::Object { object: "Contact".to_owned(), fields }, ..object("Contact") };

    fixture.load(&row).await;

    let columns = fixture.table("Contact").columns().to_vec();
    assert!(columns.contains(&"Email".to_owned()));
    assert!(!columns.contains(&"Description".to_owned()) && !columns.contains(&"Phone".to_owned()));
    let asked = fixture.emulator.stats().queries.back().unwrap().soql.clone();
    assert!(!asked.contains("Description"), "{asked}");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_way_to_mend_it() {
    let fixture = Fixture::demo(100).await;
    let cases = [
        (object("Acount"), "there is no object `Acount`", "did you mean `Account`?"),
        (some_of("Account", &["Id", "Industy"]), "object `Account` has no field `Industy`", "did you mean `Industry`?"),
        (
            some_of("Shipment__c", &["Id", "Label__c"]),
            "could not extract the field `Label__c`",
            "take it out of `fields`",
        ),
    ];

    for (row, message, hint) in cases {
        let error = fixture.fail(&row).await;

        assert!(chain(&error).contains(message), "{}", chain(&error));
        assert_eq!(error.hint().as_deref(), Some(hint));
        assert!(error.is_user_error());
    }
    assert_eq!(fixture.emulator.calls(orgtap_emulator::CallKind::JobCreate), 0);
}
