//! Objects that are queried in part only, and files.

use orgtap_emulator::Profile;
use serde_json::json;

use super::{change, create_job, field_names, fixture, refused, rows, truth};
use crate::client::{Fixture, encode};

#[tokio::test]
async fn archived_activities_are_seen_by_query_all_alone() {
    let fixture = fixture(&[Profile::Activities]).await;
    for object in ["Task", "Event"] {
        let count = async |scope: &str| {
            let soql = encode(&format!("SELECT COUNT() FROM {object} WHERE IsDeleted = false"));
            fixture.get(&format!("/services/data/v62.0/{scope}?q={soql}")).await.json()["totalSize"].as_u64().unwrap()
        };
        let (live, all) = (count("query").await, count("queryAll").await);
        let records = truth(&fixture, object, false).await;
        let archived = records.iter().filter(|record| record["IsArchived"] == true).count() as u64;

        assert!(archived > 0 && live > 0, "{object}");
        assert_eq!(all - live, archived, "{object}");
    }
}

/// Returns the activities that the test below made, each with whether it is archived.
async fn made(fixture: &Fixture, scope: &str, object: &str) -> Vec<(String, bool)> {
    let soql = format!(
        "SELECT Subject, IsArchived, SystemModstamp FROM {object} WHERE Subject IN ('closed', 'open', 'undated', 'met') \
         AND CreatedDate = 2026-03-01T12:00:00Z ORDER BY Subject"
    );
    let page = fixture.get(&format!("/services/data/v62.0/{scope}?q={}", encode(&soql))).await.json();
    let records = page["records"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
    assert!(records.iter().all(|record| record["SystemModstamp"] == "2026-03-01T12:00:00.000+0000"));
    records.iter().map(|r| (r["Subject"].as_str().unwrap().to_owned(), r["IsArchived"] == true)).collect()
}

#[tokio::test]
async fn activities_are_archived_as_time_goes_by_and_without_a_stamp() {
    const DAY: u64 = 86_400;
    let mut fixture = fixture(&[Profile::Activities]).await;
    let task = |fields: serde_json::Value| json!({"insert": {"object": "Task", "fields": fields}});
    let new = json!([
        task(json!({"Subject": "closed", "Status": "Completed", "Priority": "Low", "ActivityDate": "2026-03-10"})),
        task(json!({"Subject": "open", "Status": "Not Started", "Priority": "Low", "ActivityDate": "2026-03-10"})),
        task(json!({"Subject": "undated", "Status": "Completed", "Priority": "Low"})),
        {"insert": {"object": "Event", "fields": {"Subject": "met", "DurationInMinutes": 60, "IsAllDayEvent": false,
            "IsPrivate": false, "StartDateTime": "2026-03-20T10:00:00Z", "EndDateTime": "2026-03-20T11:00:00Z"}}}
    ]);
    change(&fixture, &new).await;
    let names = |list: &[(&str, bool)]| list.iter().map(|(name, gone)| ((*name).to_owned(), *gone)).collect::<Vec<_>>();

    assert_eq!(made(&fixture, "query", "Task").await, names(&[("closed", false), ("open", false), ("undated", false)]));
    // A year and a day after the first of March, a year and a day after the tenth, …
    fixture.pass(std::time::Duration::from_secs(366 * DAY));
    assert_eq!(made(&fixture, "query", "Task").await, names(&[("closed", false), ("open", false)]));
    fixture.pass(std::time::Duration::from_secs(9 * DAY));
    assert_eq!(made(&fixture, "query", "Task").await, names(&[("open", false)]));
    assert_eq!(
        made(&fixture, "queryAll", "Task").await,
        names(&[("closed", true), ("open", false), ("undated", true)])
    );
    assert_eq!(made(&fixture, "query", "Event").await, names(&[("met", false)]));
    fixture.pass(std::time::Duration::from_secs(11 * DAY));
    assert_eq!(made(&fixture, "query", "Event").await, []);
    assert_eq!(made(&fixture, "queryAll", "Event").await, names(&[("met", true)]));
    // All that were there at the start and ended since have gone the same way.
    let counted = fixture.query("SELECT COUNT() FROM Event").await["totalSize"].as_u64().unwrap();
    let events = truth(&fixture, "Event", false).await;
    let live = events.iter().filter(|event| event["IsDeleted"] == false && event["IsArchived"] == false).count();
    assert_eq!(counted, live as u64);
    let limit = "2026-03-22";
    assert!(events.iter().all(|event| event["IsArchived"] == true
        || event["IsDeleted"] == true
        || event["EndDateTime"].as_str().unwrap() > limit));
}

#[tokio::test]
async fn a_big_object_is_read_by_its_index_only() {
    let fixture = fixture(&[Profile::BigObjects]).await;
    let first = rows(&fixture, "SELECT Shipment__c, Taken_At__c FROM Sensor_Reading__b LIMIT 1").await[0].clone();
    let shipment = first["Shipment__c"].as_str().unwrap();

    let by_index = format!(
        "SELECT Taken_At__c FROM Sensor_Reading__b WHERE Shipment__c = '{shipment}' AND Taken_At__c > 2020-01-01T00:00:00Z"
    );
    assert!(!rows(&fixture, &by_index).await.is_empty());
    let several = by_index.replace(&format!("= '{shipment}'"), &format!("IN ('{shipment}')"));
    assert_eq!(rows(&fixture, &several).await, rows(&fixture, &by_index).await);
    for (soql, words) in [
        ("SELECT COUNT() FROM Sensor_Reading__b", "Aggregate functions not supported"),
        ("SELECT Shipment__c FROM Sensor_Reading__b ORDER BY Taken_At__c", "gaps within the composite key"),
        ("SELECT Shipment__c FROM Sensor_Reading__b ORDER BY Shipment__c DESC", "SHIPMENT__C : DESCENDING"),
    ] {
        assert!(refused(&fixture, soql).await.2.ends_with(words), "{soql}");
    }
    for soql in [
        "SELECT COUNT() FROM Sensor_Reading__b",
        "SELECT Shipment__c FROM Sensor_Reading__b ORDER BY Shipment__c DESC",
        "SELECT Shipment__c FROM Sensor_Reading__b WHERE Shipment__c IN ('a') AND Taken_At__c IN (2020-01-01T00:00:00Z)",
        "SELECT Shipment__c FROM Sensor_Reading__b WHERE Taken_At__c > 2020-01-01T00:00:00Z",
        "SELECT Shipment__c FROM Sensor_Reading__b WHERE Shipment__c != null",
        "SELECT Shipment__c FROM Sensor_Reading__b WHERE Shipment__c > 'a' AND Taken_At__c > 2020-01-01T00:00:00Z",
        "SELECT Shipment__c FROM Sensor_Reading__b WHERE Shipment__c = 'a' OR Shipment__c = 'b'",
        "SELECT Shipment__c FROM Sensor_Reading__b ORDER BY Taken_At__c",
    ] {
        assert_eq!(refused(&fixture, soql).await.1, "BIG_OBJECT_UNSUPPORTED_OPERATION", "{soql}");
    }
    let (status, _) = create_job(&fixture, "query", "SELECT Shipment__c, Temperature__c FROM Sensor_Reading__b").await;
    assert_eq!(status, 200);
    let names = field_names(&fixture, "Sensor_Reading__b").await;
    assert!(!names.iter().any(|name| name == "SystemModstamp" || name == "IsDeleted"));
    let updated = fixture.get("/services/data/v62.0/sobjects/Sensor_Reading__b/updated/?start=2026-02-28T00%3A00%3A00Z&end=2026-03-01T00%3A00%3A00Z").await;
    assert_eq!(updated.status, 400);
}

#[tokio::test]
async fn custom_metadata_and_external_objects_have_their_limits() {
    let fixture = fixture(&[Profile::CustomMetadata, Profile::ExternalObjects]).await;

    let rates = rows(
        &fixture,
        "SELECT DeveloperName, Price__c FROM Shipping_Rate__mdt WHERE Zone__c = 'Europe' ORDER BY Price__c",
    )
    .await;
    assert_eq!(rates.len(), 3);
    let grouped = refused(&fixture, "SELECT Zone__c, COUNT(Id) FROM Shipping_Rate__mdt GROUP BY Zone__c").await;
    assert_eq!(grouped.1, "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION");
    let mixed =
        refused(&fixture, "SELECT Id FROM Shipping_Rate__mdt WHERE Zone__c = 'Europe' OR Speed__c = 'Slow'").await;
    assert_eq!(mixed, (400, "MALFORMED_QUERY".to_owned(), "Disjunctions not supported".to_owned()));
    let either = "SELECT Id FROM Shipping_Rate__mdt WHERE Zone__c = 'Europe' OR Zone__c = 'Local'";
    assert_eq!(rows(&fixture, either).await.len(), 6);
    let stock = rows(&fixture, "SELECT Id, ExternalId FROM Stock_Item__x WHERE ExternalId = 'STK-000002'").await;
    assert!(stock[0]["Id"].as_str().unwrap().starts_with('x'));
    assert!(fixture.query("SELECT COUNT() FROM Stock_Item__x").await["totalSize"].as_u64().unwrap() > 50);
    for soql in
        ["SELECT MAX(Quantity__c) FROM Stock_Item__x", "SELECT Id FROM Stock_Item__x WHERE Product__c LIKE 'A%'"]
    {
        assert_eq!(refused(&fixture, soql).await.1, "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "{soql}");
    }
}

#[tokio::test]
async fn some_objects_are_read_by_rest_but_not_in_bulk() {
    let fixture = fixture(&[Profile::NoBulk, Profile::Files]).await;
    for object in ["CaseStatus", "TaskStatus", "TaskPriority", "AccountFeed", "Attachment"] {
        assert!(!rows(&fixture, &format!("SELECT Id FROM {object} LIMIT 3")).await.is_empty(), "{object}");
        let (status, refusal) = create_job(&fixture, "query", &format!("SELECT Id FROM {object}")).await;
        assert_eq!((status, &refusal[0]["errorCode"]), (400, &json!("INVALIDENTITY")), "{object}");
        assert_eq!(refusal[0]["message"], format!("Entity '{object}' is not supported by the Bulk API."));
    }
}

#[tokio::test]
async fn the_content_of_every_kind_of_file_is_read_where_queries_say() {
    let fixture = fixture(&[Profile::Files]).await;
    for (object, body, size) in [
        ("Attachment", "Body", "BodyLength"),
        ("Document", "Body", "BodyLength"),
        ("ContentVersion", "VersionData", "ContentSize"),
    ] {
        let records =
            rows(&fixture, &format!("SELECT Id, {body}, {size} FROM {object} WHERE {size} > 0 LIMIT 20")).await;
        assert!(records.len() > 5, "{object}");
        for record in records {
            let address = record[body].as_str().unwrap();
            let content = fixture.get(address).await;
            assert_eq!(content.status, 200, "{address}");
            assert_eq!(content.body.len() as u64, record[size].as_u64().unwrap(), "{address}");
        }
        let (_, job) = create_job(&fixture, "query", &format!("SELECT Id, {body} FROM {object}")).await;
        assert!(job[0]["errorCode"].is_string(), "{job}");
    }
    let link = refused(&fixture, "SELECT Id FROM ContentDocumentLink").await;
    assert_eq!((link.0, link.1.as_str()), (400, "MALFORMED_QUERY"));
}
