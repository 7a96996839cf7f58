//! The control endpoint: what a test in any language needs to steer the org.

use orgtap_emulator::CallKind;
use serde_json::{Value as Json, json};

use crate::client::Fixture;

async fn call(fixture: &Fixture, method: &str, path: &str, body: &Json) -> (u16, Json) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let answer = fixture.send_bare(method, &format!("/__emulator/{path}"), &[], text.as_bytes()).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Json::Null))
}

#[tokio::test]
async fn the_clock_is_moved_and_set() {
    let fixture = Fixture::new().await;

    assert_eq!(call(&fixture, "GET", "clock", &Json::Null).await.1, json!({"now": "2026-03-01T12:00:00Z"}));
    let moved = call(&fixture, "POST", "clock", &json!({"advance_secs": 90})).await;
    assert_eq!(moved, (200, json!({"now": "2026-03-01T12:01:30Z"})));
    let set = call(&fixture, "POST", "clock", &json!({"now": "2026-04-01T00:00:00Z"})).await;
    assert_eq!(set, (200, json!({"now": "2026-04-01T00:00:00Z"})));
    for bad in [json!({}), json!({"now": "soon"}), json!({"advance_secs": -1}), json!({"advance": 1})] {
        assert_eq!(call(&fixture, "POST", "clock", &bad).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn changes_are_carried_out_in_order() {
    let fixture = Fixture::new().await;
    let insert = |name: &str| json!({"insert": {"object": "Account", "fields": {"Name": name}}});

    let (status, created) =
        call(&fixture, "POST", "changes", &json!([insert("Cc1"), insert("Cc2"), insert("Cc3")])).await;
    assert_eq!(status, 200);
    let id = |at: usize| created["ids"][at].clone();
    let changes = json!([
        {"update": {"id": id(0), "fields": {"Name": "Cc1 changed"}}},
        {"delete": {"id": id(2)}},
        {"undelete": {"id": id(2)}},
        {"merge": {"master": id(0), "losers": [id(1)]}},
        {"delete": {"id": id(2)}},
        {"purge": {"id": id(2)}},
    ]);
    assert_eq!(call(&fixture, "POST", "changes", &changes).await.0, 200);

    let all =
        "/services/data/v62.0/queryAll?q=SELECT+Name,MasterRecordId+FROM+Account+WHERE+Name+LIKE+'Cc%25'+ORDER+BY+Name";
    let page = fixture.get(all).await.json();
    let records: Vec<(&Json, &Json)> =
        page["records"].as_array().unwrap().iter().map(|record| (&record["Name"], &record["MasterRecordId"])).collect();
    assert_eq!(records, [(&json!("Cc1 changed"), &Json::Null), (&json!("Cc2"), &id(0))]);
}

#[tokio::test]
async fn a_change_that_is_refused_says_which_and_why() {
    let fixture = Fixture::new().await;
    let changes = json!([
        {"insert": {"object": "Account", "fields": {"Name": "Kept"}}},
        {"insert": {"object": "Account", "fields": {"Nope": 1}}},
    ]);

    let (status, body) = call(&fixture, "POST", "changes", &changes).await;

    assert_eq!(status, 400);
    let error = body["error"].as_str().unwrap();
    assert!(error.starts_with("could not carry out change 2: INVALID_FIELD: No such column 'Nope'"), "{error}");
    assert_eq!(fixture.query("SELECT COUNT() FROM Account WHERE Name = 'Kept'").await["totalSize"], 1);
    for bad in [
        json!({"explode": {}}),
        json!({"delete": {"id": "x"}}),
        json!({"delete": {"id": "zzz000000000000AAA"}}),
        Json::Null,
    ] {
        assert_eq!(call(&fixture, "POST", "changes", &bad).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn stats_count_calls_and_keep_queries() {
    let fixture = Fixture::new().await;
    fixture.query("SELECT Id FROM User").await;
    fixture.query("SELECT Nope FROM User").await;

    let (_, stats) = call(&fixture, "GET", "stats", &Json::Null).await;

    assert_eq!((&stats["calls"], &stats["api_requests"]), (&json!({"query": 2}), &json!(2)));
    assert_eq!(stats["queries"][0], json!({"call": "query", "operation": "query", "soql": "SELECT Id FROM User"}));
    assert_eq!(fixture.emulator.stats().queries[1].soql, "SELECT Nope FROM User");
}

#[tokio::test]
async fn settings_and_sign_in_rules_are_open() {
    let fixture = Fixture::new().await;

    let (_, settings) = call(&fixture, "GET", "settings", &Json::Null).await;
    assert_eq!(settings, serde_json::to_value(&fixture.settings).unwrap());

    let (status, rules) = call(&fixture, "POST", "sign_in", &json!({"soap_login": false})).await;
    assert_eq!((status, &rules["soap_login"], &rules["password_flow"]), (200, &json!(false), &json!(true)));
    assert_eq!(call(&fixture, "POST", "sign_in", &json!({"soap": false})).await.0, 400);

    assert_eq!(call(&fixture, "DELETE", "sessions", &Json::Null).await.0, 204);
    assert_eq!(fixture.get("/services/data/v62.0/limits").await.status, 401);
}

#[tokio::test]
async fn faults_are_scripted_listed_and_dropped() {
    let fixture = Fixture::new().await;
    let fault = json!({"call": "limits", "when": {"next": 2}, "action": "unavailable"});

    assert_eq!(call(&fixture, "POST", "faults", &fault).await.0, 204);
    assert_eq!(call(&fixture, "GET", "faults", &Json::Null).await.1, json!([fault]));
    assert_eq!(fixture.get("/services/data/v62.0/limits").await.status, 503);
    assert_eq!(call(&fixture, "DELETE", "faults", &Json::Null).await.0, 204);
    assert_eq!(fixture.get("/services/data/v62.0/limits").await.status, 200);

    let (status, body) = call(&fixture, "POST", "faults", &json!({"call": "query", "action": "abort_job"})).await;
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().starts_with("could not script the fault: its action needs `call`"));
    assert_eq!(fixture.emulator.calls(CallKind::Limits), 2);
}

#[tokio::test]
async fn an_unknown_control_says_where_to_look() {
    let fixture = Fixture::new().await;

    let (status, body) = call(&fixture, "GET", "nothing", &Json::Null).await;

    assert_eq!(status, 404);
    assert!(body["error"].as_str().unwrap().contains("GET settings"));
    assert_eq!(call(&fixture, "GET", "ca", &Json::Null).await.0, 404);
}
