//! Sync actions: one JSON document on standard output, or one line on standard error.

use serde_json::{Value, json};

use super::site::Site;

fn answer(site: &Site) -> Value {
    let ran = site.run().succeeds();
    assert_eq!(ran.stderr, "");
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn objects_are_listed_with_their_labels() {
    let answer = answer(&Site::new().action("loadObjects"));

    let list = answer.as_array().unwrap();
    assert!(list.contains(&json!({ "value": "AccountHistory", "label": "Account History" })), "{answer}");
    assert!(list.contains(&json!({ "value": "Weird_Thing__c", "label": "Weird Thing" })), "{answer}");
}

#[test]
fn fields_that_order_change_are_those_of_the_object_also_in_a_query() {
    let object = answer(&Site::new().object("Contact").action("loadPossibleIncrementalField"));
    // As the form asks while it is filled in: incremental fetch is ticked, and the field not chosen yet.
    let mut site = Site::new().soql("SELECT Id FROM Contact LIMIT 5").action("loadPossibleIncrementalField");
    site.set("loading_options", json!({ "incremental": 1, "incremental_fetch": true, "pkey": [] }));
    let query = answer(&site);

    assert_eq!(object, query);
    assert!(object.as_array().unwrap().contains(&json!({ "value": "SystemModstamp", "label": "SystemModstamp" })));
}

#[test]
fn a_query_without_records_is_a_warning() {
    let site = Site::new().soql("SELECT Id FROM Account WHERE Name = 'none such'").action("testQuery");

    assert_eq!(
        answer(&site),
        json!({ "message": "Query returned no results", "type": "warning", "status": "success" })
    );
}

#[test]
fn a_query_that_is_none_is_a_warning_in_the_words_of_the_original() {
    for query in ["SELECT FROM Account", "SELEC Id", "SELECT Id, Nope FROM Account"] {
        let answer = answer(&Site::new().soql(query).action("testQuery"));

        let message = format!("Query Failed: Test Query {query} failed, please re-check the query.");
        assert_eq!(answer, json!({ "message": message, "type": "warning", "status": "success" }));
    }
}

#[test]
fn a_tested_query_shows_some_records_and_no_more_each_in_a_row_of_its_own() {
    let answer = answer(&Site::new().soql("SELECT Id, Name FROM Account").action("testQuery"));

    let message = answer["message"].as_str().unwrap();
    assert_eq!(message.matches('\n').count(), 102, "two lines of heading, a hundred records");
    assert!(
        message.split('\n').filter(|line| !line.is_empty()).all(|line| line.starts_with("| ") && line.ends_with(" |"))
    );
}

#[test]
fn an_action_that_fails_says_why_on_standard_error_alone() {
    let cases: [(Site, &str); 4] = [
        (
            Site::new().action("loadFields"),
            "could not use the configuration: `parameters.object` is missing: choose an object first",
        ),
        (Site::new().object("Nope__c").action("loadFields"), "could not describe `Nope__c`"),
        (Site::new().soql("SELECT").action("loadPossiblePrimaryKeys"), "could not use the query: "),
        (Site::new().action("loadFeilds"), "could not use the configuration: `action` is `loadFeilds`"),
    ];
    for (site, message) in cases {
        let ran = site.run().exits(1);

        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.starts_with(message) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    }
}

#[test]
fn a_key_is_offered_as_the_table_will_call_it() {
    let answer = answer(&Site::new().soql("SELECT Id, owner.name FROM Account").action("loadPossiblePrimaryKeys"));

    assert_eq!(answer[1], json!({ "value": "Owner_Name", "label": "Owner.Name" }));
}
