//! What queries answer over REST: groups, children, TYPEOF.

use std::fs;

use orgtap_emulator::{Emulator, EmulatorOptions, Org};
use serde_json::{Value as Json, json};

use crate::client::{Fixture, encode};

const ROOT: &str = "/services/data/v62.0";
const ACCOUNT: &str = "001000000000001AAA";

const DESCRIBES: &str = r#"[
{"name":"Account","keyPrefix":"001","childRelationships":[
    {"childSObject":"Contact","field":"AccountId","relationshipName":"Contacts","cascadeDelete":false},
    {"childSObject":"Note__c","field":"Parent__c","relationshipName":null,"cascadeDelete":false}],
 "fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"},{"name":"Phone","type":"phone"},
    {"name":"ParentId","type":"reference","referenceTo":["Account"],"relationshipName":"Parent"}]},
{"name":"Contact","keyPrefix":"003","childRelationships":[
    {"childSObject":"Note__c","field":"Parent__c","relationshipName":"Notes__r","cascadeDelete":false}],
 "fields":[{"name":"Id","type":"id"},{"name":"LastName","type":"string"},{"name":"Email","type":"email"},
    {"name":"AccountId","type":"reference","referenceTo":["Account"],"relationshipName":"Account"}]},
{"name":"Note__c","keyPrefix":"a01",
 "fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"},
    {"name":"Parent__c","type":"reference","referenceTo":["Account","Contact"],"relationshipName":"Parent__r"}]}]"#;

/// Accounts with so many contacts each, and a note on the first contact, the first account and on nothing.
async fn family(contacts: &[usize]) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let mut accounts = "Id,Name,Phone,ParentId\n".to_owned();
    let mut children = "Id,LastName,Email,AccountId\n".to_owned();
    let mut next = 0;
    for (at, count) in contacts.iter().enumerate() {
        let account = format!("00100000000000{}AAA", at + 1);
        accounts.push_str(&format!("{account},Account {at},{at}55,\n"));
        for child in 0..*count {
            next += 1;
            children.push_str(&format!("0030000000{next:05}AAA,Contact {child:05},c{child}@example.com,{account}\n"));
        }
    }
    let notes = format!(
        "Id,Name,Parent__c\na01000000000001AAA,on contact,003000000000001AAA\na01000000000002AAA,on account,{ACCOUNT}\n\
         a01000000000003AAA,on nothing,\n"
    );
    for (file, text) in
        [("d.json", DESCRIBES), ("Account.csv", &accounts), ("Contact.csv", &children), ("Note__c.csv", &notes)]
    {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let mut builder = Org::builder();
    let report = builder.import(folder.path()).unwrap();
    assert!(report.skipped.is_empty(), "{report:?}");
    let emulator = Emulator::start(builder.build(), EmulatorOptions::default()).await.unwrap();
    let settings = emulator.settings();
    Fixture { emulator, settings }
}

fn attributes(object: &str, id: &str) -> Json {
    json!({"type": object, "url": format!("{ROOT}/sobjects/{object}/{id}")})
}

#[tokio::test]
async fn groups_are_records_without_address() {
    let fixture = family(&[2, 1]).await;

    let answer =
        fixture.query("SELECT Account.Name, COUNT(Id), MAX(LastName) newest FROM Contact GROUP BY Account.Name").await;

    assert_eq!(
        answer,
        json!({"totalSize": 2, "done": true, "records": [
            {"attributes": {"type": "AggregateResult"}, "Name": "Account 0", "expr0": 2, "newest": "Contact 00001"},
            {"attributes": {"type": "AggregateResult"}, "Name": "Account 1", "expr0": 1, "newest": "Contact 00000"},
        ]})
    );
}

#[tokio::test]
async fn more_groups_than_a_page_holds_are_refused() {
    let fixture = family(&[2_001]).await;
    let ask = |tail: &str| {
        format!("{ROOT}/query?q={}", encode(&format!("SELECT Id, COUNT(LastName) FROM Contact GROUP BY Id{tail}")))
    };

    let (status, code, message) = fixture.get(&ask("")).await.refusal();

    assert_eq!((status, code.as_str()), (400, "EXCEEDED_ID_LIMIT"));
    assert_eq!(
        message,
        "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
    );
    assert_eq!(fixture.get(&ask(" LIMIT 2000")).await.json()["records"].as_array().unwrap().len(), 2_000);
}

#[tokio::test]
async fn children_are_nested_answers_and_null_where_there_are_none() {
    let fixture = family(&[3, 0]).await;

    let answer = fixture
        .query(
            "SELECT Name, (SELECT LastName, Account.Name, (SELECT Name FROM Notes__r) FROM Contacts \
             WHERE Email != 'c1@example.com' ORDER BY LastName DESC LIMIT 5), Phone FROM Account",
        )
        .await;

    let contact = |id: &str, name: &str, notes: Json| {
        json!({"attributes": attributes("Contact", id), "LastName": name,
               "Account": {"attributes": attributes("Account", ACCOUNT), "Name": "Account 0"}, "Notes__r": notes})
    };
    let note = json!({"attributes": attributes("Note__c", "a01000000000001AAA"), "Name": "on contact"});
    let notes = json!({"totalSize": 1, "done": true, "records": [note]});
    assert_eq!(
        answer["records"],
        json!([
            {"attributes": attributes("Account", ACCOUNT), "Name": "Account 0", "Contacts": {
                "totalSize": 2, "done": true, "records": [
                    contact("003000000000003AAA", "Contact 00002", Json::Null),
                    contact("003000000000001AAA", "Contact 00000", notes),
                ]}, "Phone": "055"},
            {"attributes": attributes("Account", "001000000000002AAA"), "Name": "Account 1", "Contacts": null,
             "Phone": "155"},
        ])
    );
}

#[tokio::test]
async fn limit_and_offset_of_children_hold_for_each_parent() {
    let fixture = family(&[3, 2]).await;

    let answer = fixture.query("SELECT (SELECT LastName FROM Contacts LIMIT 1 OFFSET 1) FROM Account").await;

    for record in answer["records"].as_array().unwrap() {
        assert_eq!(record["Contacts"]["records"][0]["LastName"], "Contact 00001");
        assert_eq!(record["Contacts"]["totalSize"], 1);
    }
}

#[tokio::test]
async fn children_beyond_a_page_are_read_on_by_their_own_locator() {
    let fixture = family(&[450, 1]).await;
    let headers = [("Sforce-Query-Options", "batchSize=200")];
    let path = format!("{ROOT}/query?q={}", encode("SELECT Id, (SELECT LastName FROM Contacts) FROM Account"));

    let first = fixture.send("GET", &path, &headers, &[]).await.json();

    let mut page = first["records"][0]["Contacts"].clone();
    assert_eq!((page["totalSize"].as_u64(), page["done"].as_bool()), (Some(450), Some(false)));
    assert_eq!(first["records"][1]["Contacts"]["done"], true);
    let mut names = Vec::new();
    loop {
        let records = page["records"].as_array().unwrap();
        names.extend(records.iter().map(|record| record["LastName"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextRecordsUrl"].as_str().map(str::to_owned) else { break };
        page = fixture.get(&next).await.json();
    }
    let expected: Vec<String> = (0..450).map(|at| format!("Contact {at:05}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn typeof_gives_each_kind_of_record_its_own_fields() {
    let fixture = family(&[1]).await;

    let answer = fixture
        .query(
            "SELECT Name, TYPEOF Parent__r WHEN Account THEN Phone, Parent.Name WHEN Contact THEN Email, Account.Name \
             END FROM Note__c",
        )
        .await;
    let named = fixture.query("SELECT TYPEOF Parent__r WHEN Account THEN Phone ELSE Name END FROM Note__c").await;

    let records = answer["records"].as_array().unwrap();
    let account = json!({"attributes": attributes("Account", ACCOUNT), "Name": "Account 0"});
    assert_eq!(
        records[0]["Parent__r"],
        json!({"attributes": attributes("Contact", "003000000000001AAA"), "Email": "c0@example.com", "Account": account})
    );
    assert_eq!(
        records[1]["Parent__r"],
        json!({"attributes": attributes("Account", ACCOUNT), "Phone": "055", "Parent": null})
    );
    assert_eq!(records[2]["Parent__r"], Json::Null);
    assert_eq!(named["records"][1]["Parent__r"]["Phone"], "055");
    assert_eq!(named["records"][1]["Parent__r"].get("Name"), None);
    assert!(named["records"][0]["Parent__r"].get("Name").is_some());
}

#[tokio::test]
async fn unknown_children_are_refused_as_salesforce_refuses_them() {
    let fixture = family(&[1]).await;

    let table = [
        (
            "SELECT (SELECT Id FROM Kids) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Kids' in FROM part of query call.",
        ),
        (
            "SELECT (SELECT COUNT() FROM Contacts) FROM Account",
            "MALFORMED_QUERY",
            "Only root queries support aggregate expressions",
        ),
    ];
    for (soql, expected, text) in table {
        let (status, code, message) = fixture.get(&format!("{ROOT}/query?q={}", encode(soql))).await.refusal();
        assert_eq!((status, code.as_str()), (400, expected));
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn bulk_refuses_groups_children_and_typeof_in_its_own_words() {
    let fixture = family(&[1]).await;
    let table = [
        (
            "SELECT (SELECT Id FROM Contacts) FROM Account",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Name", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT COUNT() FROM Account", "Aggregate Relationships not supported in Bulk Query"),
    ];
    for (soql, message) in table {
        let answer = fixture.post(&format!("{ROOT}/jobs/query"), &json!({"operation": "query", "query": soql})).await;
        assert_eq!(answer.refusal(), (400, "API_ERROR".to_owned(), message.to_owned()), "{soql}");
    }
    let type_of = json!({"operation": "query",
        "query": "SELECT TYPEOF Parent__r WHEN Account THEN Phone END FROM Note__c"});
    assert_eq!(fixture.post(&format!("{ROOT}/jobs/query"), &type_of).await.status, 400);
}

#[tokio::test]
async fn and_and_or_are_not_mixed_without_parentheses() {
    let fixture = family(&[1]).await;
    let ask = async |filter: &str| {
        let soql = encode(&format!("SELECT Id FROM Account WHERE {filter}"));
        fixture.get(&format!("{ROOT}/query?q={soql}")).await
    };

    let mixed = ask("Name = 'a' AND Phone = '1' OR Phone = '2'").await.refusal();
    assert!(mixed.0 == 400 && mixed.1 == "MALFORMED_QUERY" && mixed.2.contains("unexpected token: 'OR'"), "{mixed:?}");
    assert_eq!(ask("Name = 'a' AND (Phone = '1' OR Phone = '2')").await.status, 200);
}

#[tokio::test]
async fn children_are_named_by_their_object_too() {
    let fixture = Fixture::new().await;
    let names = async |soql: &str| {
        let page = fixture.query(soql).await;
        let first = page["records"].as_array().unwrap_or_else(|| panic!("{page}")).iter();
        first.map(|record| record["Contacts"]["records"][0]["LastName"].clone()).collect::<Vec<_>>()
    };

    let by_object =
        names("SELECT Account.Name, (SELECT Contact.LastName FROM Account.Contacts) FROM Account LIMIT 9").await;

    assert_eq!(by_object, names("SELECT Name, (SELECT LastName FROM Contacts) FROM Account LIMIT 9").await);
    assert!(by_object.iter().any(|name| name.is_string()));
}
