//! REST: versions, describes, queries, limits, changes, records.

use std::{collections::BTreeSet, io::Write as _, time::Duration};

use flate2::{Compression, write::GzEncoder};
use orgtap_emulator::{CallKind, Id, Value};
use serde_json::{Value as Json, json};

use crate::client::{Fixture, START, encode};

const ROOT: &str = "/services/data/v62.0";

fn ids(page: &Json) -> Vec<String> {
    page["records"].as_array().unwrap().iter().map(|record| record["Id"].as_str().unwrap().to_owned()).collect()
}

fn first_id(fixture: &Fixture, soql: &str) -> Id {
    let selection = fixture.org().select(soql, orgtap_emulator::Scope::Live).unwrap();
    selection.records(0, 1).next().unwrap().id.unwrap()
}

#[tokio::test]
async fn versions_need_no_session_and_cost_nothing() {
    let fixture = Fixture::new().await;

    let answer = fixture.send_bare("GET", "/services/data/", &[], &[]).await;

    assert_eq!(answer.status, 200);
    let versions = answer.json();
    assert_eq!(versions[0], json!({"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}));
    assert_eq!(versions.as_array().unwrap().last().unwrap()["version"], "67.0");
    assert_eq!(answer.header("sforce-limit-info"), None);
    assert_eq!(fixture.get(&format!("{ROOT}/limits")).await.header("sforce-limit-info"), Some("api-usage=1/100000"));
}

#[tokio::test]
async fn versions_and_resources_that_do_not_exist_are_told_apart() {
    let fixture = Fixture::new().await;
    let table = [
        ("/services/data/v30.0/limits", 410, "UNSUPPORTED_API_VERSION"),
        ("/services/data/v68.0/limits", 404, "NOT_FOUND"),
        ("/services/data/v62/limits", 404, "NOT_FOUND"),
        ("/services/data/v62.0/nothing", 404, "NOT_FOUND"),
        ("/services/data/v62.0/sobjects/Nothing__c/describe", 404, "NOT_FOUND"),
        ("/services/data/v46.0/jobs/query", 404, "NOT_FOUND"),
        ("/nothing", 404, "NOT_FOUND"),
    ];
    for (path, status, code) in table {
        let (got, got_code, _) = fixture.get(path).await.refusal();
        assert_eq!((got, got_code.as_str()), (status, code), "{path}");
    }
    assert_eq!(fixture.send("PUT", &format!("{ROOT}/limits"), &[], &[]).await.refusal().1, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn a_session_must_be_named_and_live() {
    let fixture = Fixture::new().await;
    let table: [(&[(&str, &str)], &str); 4] = [
        (&[], "INVALID_SESSION_ID"),
        (&[("Authorization", "Bearer 00Dx!AQ")], "INVALID_SESSION_ID"),
        (&[("Authorization", "Basic eDp5")], "INVALID_AUTH_HEADER"),
        (&[("Authorization", "Bearer")], "INVALID_AUTH_HEADER"),
    ];
    for (headers, code) in table {
        let answer = fixture.send_bare("GET", &format!("{ROOT}/sobjects"), headers, &[]).await;
        assert_eq!((answer.status, answer.refusal().1.as_str()), (401, code));
    }
}

#[tokio::test]
async fn describes_carry_the_addresses_of_their_version() {
    let fixture = Fixture::new().await;

    let global = fixture.get("/services/data/v55.0/sobjects").await.json();
    let account = fixture.get("/services/data/v55.0/sobjects/account/describe/").await.json();

    let entry = global["sobjects"].as_array().unwrap().iter().find(|entry| entry["name"] == "Account").unwrap();
    assert_eq!(entry["urls"]["describe"], "/services/data/v55.0/sobjects/Account/describe");
    assert_eq!((&global["encoding"], &global["maxBatchSize"]), (&json!("UTF-8"), &json!(200)));
    assert_eq!(account["name"], "Account");
    assert_eq!(account["urls"]["rowTemplate"], "/services/data/v55.0/sobjects/Account/{ID}");
    assert_eq!(account["fields"][0].as_object().unwrap().len(), 57);
}

#[tokio::test]
async fn a_describe_that_has_not_changed_is_not_sent_again() {
    let fixture = Fixture::new().await;
    for path in ["/sobjects", "/sobjects/Account/describe"].map(|path| format!("{ROOT}{path}")) {
        let modified = fixture.get(&path).await.header("last-modified").unwrap().to_owned();

        let since = |time: &str| [("If-Modified-Since".to_owned(), time.to_owned())];
        let send = async |time: &str| {
            let [(name, value)] = since(time);
            fixture.send("GET", &path, &[(&name, &value)], &[]).await
        };

        assert_eq!((send(&modified).await.status, send(&modified).await.body.len()), (304, 0));
        assert_eq!(send("Wed, 03 Jul 2013 19:43:31 GMT").await.status, 200);
        assert_eq!(send("nonsense").await.status, 200);
    }
}

#[tokio::test]
async fn a_query_is_read_page_by_page_whatever_changes_meanwhile() {
    let fixture = Fixture::new().await;
    let path = format!("{ROOT}/query?q={}", encode("SELECT Id FROM Contact"));

    let whole = fixture.get(&path).await.json();
    let mut page = fixture.send("GET", &path, &[("Sforce-Query-Options", "batchSize=200")], &[]).await.json();
    fixture.org().delete(first_id(&fixture, "SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1")).unwrap();
    let mut read = ids(&page);
    while let Some(next) = page["nextRecordsUrl"].as_str().map(str::to_owned) {
        assert_eq!(page["done"], false);
        assert!(next.starts_with(&format!("{ROOT}/query/01g")), "{next}");
        page = fixture.get(&next).await.json();
        assert!(ids(&page).len() <= 200);
        read.extend(ids(&page));
    }

    assert_eq!(whole["done"], true);
    assert!(read.len() > 400);
    assert_eq!(page["totalSize"], read.len());
    assert_eq!(read, ids(&whole));
}

#[tokio::test]
async fn a_page_holds_two_thousand_records_at_most() {
    let fixture = Fixture::new().await;
    for number in 0..2_001 {
        let fields = [("Name".to_owned(), Value::from(format!("Company {number}")))];
        fixture.org().insert("Account", fields.into()).unwrap();
    }

    let page = fixture.query("SELECT Id FROM Account WHERE Name LIKE 'Company %'").await;

    assert_eq!((ids(&page).len(), &page["totalSize"], &page["done"]), (2_000, &json!(2_001), &json!(false)));
    assert!(page["nextRecordsUrl"].as_str().unwrap().ends_with("-2000"));
}

#[tokio::test]
async fn cursors_end_after_two_days_and_unknown_ones_are_refused() {
    let fixture = Fixture::new().await;
    let path = format!("{ROOT}/query?q={}", encode("SELECT Id FROM Contact"));
    let page = fixture.send("GET", &path, &[("Sforce-Query-Options", "batchSize=200")], &[]).await.json();
    let next = page["nextRecordsUrl"].as_str().unwrap();

    for locator in ["01g000000000000AAA-2000", "nonsense", "01g-1"] {
        let (status, code, _) = fixture.get(&format!("{ROOT}/query/{locator}")).await.refusal();
        assert_eq!((status, code.as_str()), (400, "INVALID_QUERY_LOCATOR"), "{locator}");
    }
    assert_eq!(fixture.get(next).await.status, 200);
    fixture.org().advance(Duration::from_secs(2 * 24 * 3_600));
    let bearer = format!("Bearer {}", fixture.emulator.settings().access_token);
    let late = fixture.send_bare("GET", next, &[("Authorization", &bearer)], &[]).await;
    assert_eq!(late.refusal().1, "INVALID_QUERY_LOCATOR");
}

#[tokio::test]
async fn parents_are_nested_with_their_own_attributes() {
    let fixture = Fixture::new().await;
    let account = fixture.org().insert("Account", [("Name".to_owned(), Value::from("Acme"))].into()).unwrap();
    let contact = |last: &str, parent: Value| {
        let fields = [("LastName".to_owned(), Value::from(last)), ("AccountId".to_owned(), parent)];
        fixture.org().insert("Contact", fields.into()).unwrap()
    };
    contact("Zz1", account.into());
    contact("Zz2", Value::Null);

    let text = fixture
        .get(&format!(
            "{ROOT}/query?q={}",
            encode("SELECT LastName, Account.Name, Account.Owner.Id, Id FROM Contact WHERE LastName LIKE 'Zz%' ORDER BY LastName")
        ))
        .await
        .text();
    let page: Json = serde_json::from_str(&text).unwrap();

    let (with, without) = (&page["records"][0], &page["records"][1]);
    assert_eq!(with["attributes"]["url"], format!("{ROOT}/sobjects/Contact/{}", with["Id"].as_str().unwrap()));
    let parent = json!({"type": "Account", "url": format!("{ROOT}/sobjects/Account/{account}")});
    assert_eq!((&with["Account"]["attributes"], &with["Account"]["Name"]), (&parent, &json!("Acme")));
    assert_eq!(with["Account"]["Owner"]["attributes"]["type"], "User");
    assert_eq!(without["Account"], Json::Null);
    let place = |needle: &str| text.find(needle).unwrap();
    assert!(place("\"attributes\"") < place("\"LastName\"") && place("\"LastName\"") < place("\"Account\""));
}

#[tokio::test]
async fn deleted_records_are_seen_by_query_all_alone() {
    let fixture = Fixture::new().await;
    let id = first_id(&fixture, "SELECT Id FROM Account LIMIT 1");
    fixture.org().delete(id).unwrap();
    let soql = encode(&format!("SELECT Id, IsDeleted FROM Account WHERE Id = '{id}'"));

    let live = fixture.get(&format!("{ROOT}/query?q={soql}")).await.json();
    let all = fixture.get(&format!("{ROOT}/queryAll?q={soql}")).await.json();

    assert_eq!(live, json!({"totalSize": 0, "done": true, "records": []}));
    assert_eq!((&all["totalSize"], &all["records"][0]["IsDeleted"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn counts_aggregates_and_refusals_have_the_recorded_forms() {
    let fixture = Fixture::new().await;
    let accounts = fixture.org().record_count("Account").unwrap();

    assert_eq!(
        fixture.query("SELECT COUNT() FROM Account").await,
        json!({"totalSize": accounts, "done": true, "records": []})
    );
    let aggregate = fixture.query("SELECT COUNT(Id) FROM Account").await;
    assert_eq!(aggregate["records"][0], json!({"attributes": {"type": "AggregateResult"}, "expr0": accounts}));
    assert_eq!(
        fixture.query("SELEKT Name FROM Account").await,
        json!([{"message": "unexpected token: SELEKT", "errorCode": "MALFORMED_QUERY"}])
    );
    let unknown = fixture.query("SELECT Bacon__c FROM Account LIMIT 2").await;
    assert_eq!(unknown[0]["errorCode"], "INVALID_FIELD");
    assert!(unknown[0]["message"].as_str().unwrap().starts_with(
        "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on entity 'Account'."
    ));
    assert_eq!(fixture.get(&format!("{ROOT}/query")).await.refusal().1, "MALFORMED_QUERY");
}

#[tokio::test]
async fn explain_checks_a_query_without_reading_it() {
    let fixture = Fixture::new().await;

    let plan = fixture.get(&format!("{ROOT}/query?explain={}", encode("SELECT Id FROM Account"))).await.json();
    let bad = fixture.get(&format!("{ROOT}/query?explain={}", encode("SELECT Nope FROM Account"))).await;

    assert_eq!(plan["plans"][0]["sobjectType"], "Account");
    assert_eq!(plan["plans"][0]["leadingOperationType"], "TableScan");
    assert_eq!(bad.refusal().1, "INVALID_FIELD");
}

#[tokio::test]
async fn limits_and_counts_tell_the_truth() {
    let fixture = Fixture::new().await;

    let limits = fixture.get(&format!("{ROOT}/limits")).await.json();
    let counts = fixture.get(&format!("{ROOT}/limits/recordCount?sObjects=account,Nope,User")).await.json();

    assert_eq!(limits["DailyApiRequests"], json!({"Max": 100_000, "Remaining": 99_999}));
    assert_eq!(limits["DailyBulkV2QueryJobs"], json!({"Max": 10_000, "Remaining": 10_000}));
    let users = fixture.org().record_count("User").unwrap();
    assert_eq!(counts["sObjects"][1], json!({"count": users, "name": "User"}));
    assert_eq!(counts["sObjects"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_changed_in_a_span_is_listed() {
    let fixture = Fixture::new().await;
    let org = fixture.org();
    org.advance(Duration::from_secs(600));
    let created = org.insert("Account", [("Name".to_owned(), Value::from("New"))].into()).unwrap();
    let deleted = first_id(&fixture, "SELECT Id FROM Account LIMIT 1");
    org.delete(deleted).unwrap();
    org.advance(Duration::from_secs(600));
    let span = format!("start={}&end={}", encode("2026-03-01T12:05:00+00:00"), encode("2026-03-01T12:15:00Z"));

    let updates = fixture.get(&format!("{ROOT}/sobjects/Account/updated/?{span}")).await.json();
    let deletes = fixture.get(&format!("{ROOT}/sobjects/Account/deleted/?{span}")).await.json();

    let updated: BTreeSet<&str> = updates["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(updated.contains(created.to_string().as_str()));
    assert_eq!(updates["latestDateCovered"], "2026-03-01T12:15:00.000+0000");
    assert_eq!(
        deletes["deletedRecords"],
        json!([{"deletedDate": "2026-03-01T12:10:00.000+0000", "id": deleted.to_string()}])
    );
    assert!(deletes["earliestDateAvailable"].as_str().unwrap().ends_with(".000+0000"));
}

#[tokio::test]
async fn a_span_that_makes_no_sense_is_refused() {
    let fixture = Fixture::new().await;
    let table = [
        ("start=2026-03-01T10:00:00Z", "MISSING_ARGUMENT"),
        ("start=yesterday&end=2026-03-01T10:00:00Z", "INVALID_FIELD"),
        ("start=2026-03-01T10:00:00Z&end=2026-03-01T09:00:00Z", "INVALID_REPLICATION_DATE"),
        ("start=2025-03-01T10:00:00Z&end=2026-03-01T09:00:00Z", "INVALID_REPLICATION_DATE"),
    ];
    for (span, code) in table {
        let (status, got, _) = fixture.get(&format!("{ROOT}/sobjects/Account/deleted?{span}")).await.refusal();
        assert_eq!((status, got.as_str()), (400, code), "{span}");
    }
}

#[tokio::test]
async fn a_record_is_created_read_changed_and_deleted() {
    let fixture = Fixture::new().await;
    let accounts = format!("{ROOT}/sobjects/Account");

    let created =
        fixture.post(&accounts, &json!({"attributes": {"type": "Account"}, "Name": "A \"b\"\r\n\u{1F600}"})).await;
    assert_eq!((created.status, &created.json()["success"]), (201, &json!(true)));
    let address = format!("{accounts}/{}", created.json()["id"].as_str().unwrap());
    assert_eq!(created.header("location"), Some(address.as_str()));
    assert_eq!(fixture.get(&address).await.json()["Name"], "A \"b\"\r\n\u{1F600}");

    let changed = fixture.send("PATCH", &address, &[], br#"{"Name": "C"}"#).await;
    assert_eq!((changed.status, changed.body.len()), (204, 0));
    let read = fixture.get(&format!("{address}?fields=Name,CreatedDate")).await.json();
    assert_eq!((&read["Name"], &read["CreatedDate"]), (&json!("C"), &json!("2026-03-01T12:00:00.000+0000")));

    assert_eq!(fixture.send("DELETE", &address, &[], &[]).await.status, 204);
    assert_eq!(fixture.get(&address).await.refusal().1, "NOT_FOUND");
    assert_eq!(fixture.send("DELETE", &address, &[], &[]).await.refusal().1, "ENTITY_IS_DELETED");
    assert_eq!(fixture.emulator.calls(CallKind::Change), 4);
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_with_the_recorded_words() {
    let fixture = Fixture::new().await;
    let contact = first_id(&fixture, "SELECT Id FROM Contact LIMIT 1");
    let wrong = format!("{ROOT}/sobjects/Account/{contact}");

    let unknown =
        fixture.post(&format!("{ROOT}/sobjects/Account"), &json!({"Name": "x", "FavoritePet__c": "Dog"})).await;
    let foreign = fixture.send("PATCH", &wrong, &[], b"{}").await;
    let garbled = fixture.send("POST", &format!("{ROOT}/sobjects/Account"), &[], b"{").await;

    assert_eq!(
        (unknown.status, unknown.json()),
        (
            400,
            json!([{"message": "No such column 'FavoritePet__c' on sobject of type Account", "errorCode": "INVALID_FIELD"}])
        )
    );
    assert_eq!(
        foreign.json(),
        json!([{"message": format!("Record ID: id value of incorrect type: {contact}"), "errorCode": "MALFORMED_ID", "fields": ["Id"]}])
    );
    assert_eq!(garbled.refusal().1, "JSON_PARSER_ERROR");
}

#[tokio::test]
async fn subrequests_are_answered_as_if_they_came_alone() {
    let fixture = Fixture::new().await;
    let accounts = fixture.org().record_count("Account").unwrap();

    let composite = fixture
        .post(
            &format!("{ROOT}/composite"),
            &json!({"compositeRequest": [
                {"referenceId": "refAccount", "method": "GET", "url": format!("{ROOT}/query/?q=select+count()+from+Account")},
                {"referenceId": "refFoo", "method": "GET", "url": format!("{ROOT}/sobjects/Foo/describe")},
                {"referenceId": "refNested", "method": "POST", "url": format!("{ROOT}/composite")},
            ]}),
        )
        .await;
    let batch = fixture
        .post(
            &format!("{ROOT}/composite/batch"),
            &json!({"batchRequests": [{"method": "GET", "url": "v62.0/sobjects/User/describe"}]}),
        )
        .await;

    let answers = &composite.json()["compositeResponse"];
    assert_eq!(
        answers[0],
        json!({"body": {"totalSize": accounts, "done": true, "records": []}, "httpHeaders": {}, "httpStatusCode": 200, "referenceId": "refAccount"})
    );
    assert_eq!(
        answers[1],
        json!({"body": [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], "httpHeaders": {}, "httpStatusCode": 404, "referenceId": "refFoo"})
    );
    assert_eq!(answers[2]["httpStatusCode"], 400);
    assert_eq!(
        (&batch.json()["hasErrors"], &batch.json()["results"][0]["result"]["name"]),
        (&json!(false), &json!("User"))
    );
}

#[tokio::test]
async fn gzip_is_spoken_both_ways_and_only_on_request() {
    let fixture = Fixture::new().await;
    let path = format!("{ROOT}/sobjects/Account/describe");

    let plain = fixture.get(&path).await;
    let packed = fixture.send("GET", &path, &[("Accept-Encoding", "gzip, deflate")], &[]).await;
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), (None, Some("gzip")));
    assert!(packed.body.len() < plain.body.len() / 4);
    assert_eq!(packed.json(), plain.json());

    let mut body = GzEncoder::new(Vec::new(), Compression::fast());
    body.write_all(br#"{"Name": "Packed"}"#).unwrap();
    let accounts = format!("{ROOT}/sobjects/Account");
    let headers = [("Content-Encoding", "gzip"), ("Content-Type", "application/json")];
    assert_eq!(fixture.send("POST", &accounts, &headers, &body.finish().unwrap()).await.status, 201);
    assert_eq!(fixture.send("POST", &accounts, &headers, b"not gzip").await.status, 400);
}

#[tokio::test]
async fn json_is_laid_out_for_those_who_ask_and_every_answer_has_an_id() {
    let fixture = Fixture::new().await;
    let path = format!("{ROOT}/limits");

    let plain = fixture.get(&path).await;
    let pretty = fixture.send("GET", &path, &[("X-PrettyPrint", "1"), ("Accept-Encoding", "gzip")], &[]).await;

    assert_eq!(plain.text().lines().count(), 1);
    assert!(pretty.text().lines().count() > 100, "{}", pretty.text());
    assert_eq!(pretty.json()["DailyBulkV2QueryJobs"], plain.json()["DailyBulkV2QueryJobs"]);
    assert_eq!(plain.header("x-request-id").unwrap().len(), 32);
    assert_ne!(plain.header("x-request-id"), pretty.header("x-request-id"));
}

#[tokio::test]
async fn the_content_of_a_file_is_read_at_the_address_that_a_query_gives() {
    let fixture = Fixture::new().await;
    let account = first_id(&fixture, "SELECT Id FROM Account");

    assert_eq!(fixture.get(&format!("{ROOT}/sobjects/Account/{account}/Name")).await.status, 404);
    assert_eq!(fixture.get(&format!("{ROOT}/sobjects/Account/{account}/Nothing")).await.status, 404);
}

#[tokio::test]
async fn the_columns_of_a_query_are_told_without_its_records() {
    let fixture = Fixture::new().await;
    let soql = encode("SELECT Id, Name, Account.Name, Account.Owner.Name FROM Contact");

    let columns = fixture.get(&format!("{ROOT}/query?q={soql}&columns=true")).await.json();

    assert_eq!(columns["entityName"], "Contact");
    let names: Vec<&str> =
        columns["columnMetadata"].as_array().unwrap().iter().map(|c| c["columnName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Id", "Name", "Account"]);
    assert_eq!(columns["columnMetadata"][2]["joinColumns"][1]["joinColumns"][0]["columnName"], "Name");
}

#[tokio::test]
async fn clients_find_the_org_itself_and_its_missing_tools() {
    let fixture = Fixture::new().await;
    let soql = "SELECT Id, Name, IsSandbox, InstanceName FROM Organization";

    let found = fixture.query(soql).await;
    let tooling = fixture.get(&format!("{ROOT}/tooling/query?q={}", encode("SELECT Id FROM ApexClass"))).await.json();

    assert_eq!(found["totalSize"], 1);
    let id = found["records"][0]["Id"].as_str().unwrap();
    assert!(id.starts_with(fixture.settings.access_token.split('!').next().unwrap()));
    assert_eq!(fixture.get(&format!("{ROOT}/sobjects/Organization/{id}")).await.json()["IsSandbox"], false);
    assert_eq!(
        tooling,
        json!({"size": 0, "totalSize": 0, "done": true, "queryLocator": null, "entityTypeName": "ApexClass", "records": []})
    );
}

#[tokio::test]
async fn address_and_headers_have_sixteen_kilobytes() {
    let fixture = Fixture::new().await;
    let path = |length: usize| format!("{ROOT}/limits?x={}", "a".repeat(length));
    let filler = "a".repeat(12_000);

    assert_eq!(fixture.get(&path(15_000)).await.status, 200);
    assert_eq!(fixture.get(&path(17_000)).await.status, 414);
    assert_eq!(fixture.send("GET", &path(8_000), &[("X-Filler", &filler)], &[]).await.status, 431);
}

#[tokio::test]
async fn the_date_header_follows_the_orgs_clock() {
    let fixture = Fixture::new().await;
    assert_eq!(START, "2026-03-01T12:00:00Z");

    fixture.org().advance(Duration::from_secs(61));

    let answer = fixture.send_bare("GET", "/services/data", &[], &[]).await;
    assert_eq!(answer.header("date"), Some("Sun, 01 Mar 2026 12:01:01 GMT"));
}

#[tokio::test]
async fn head_has_no_body_and_options_names_the_methods() {
    let fixture = Fixture::new().await;

    let head = fixture.send("HEAD", &format!("{ROOT}/sobjects"), &[], &[]).await;
    let options = fixture.send_bare("OPTIONS", &format!("{ROOT}/sobjects"), &[], &[]).await;

    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(options.status, 200);
    assert!(options.header("allow").unwrap().contains("GET"));
}

#[tokio::test]
async fn header_names_are_spelt_with_capitals() {
    let fixture = Fixture::new().await;

    let bytes = fixture.exchange("GET", "/services/data/", &[], &[]).await;

    let head = String::from_utf8_lossy(&bytes).into_owned();
    assert!(head.contains("\r\nContent-Type: application/json"), "{head}");
    assert!(head.contains("\r\nDate: "), "{head}");
}
