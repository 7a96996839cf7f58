//! Refusals held against all that were recorded from real orgs or quoted in public, whatever they are about: each text is one of ours, word by
//! word, or is listed with the reason why not. The collection does not belong to this repository; without it this test says so and passes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use orgtap_emulator::{Action, CallKind, Fault};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Fixture, encode};

/// Texts that the emulator does not give in these words, by how they begin, and why.
const LISTED: &[(&str, &str)] = &[
    ("ConcurrentRequests (Concurrent API Requests)", "of another kind of limit; ours is `ConcurrentPerOrgLongTxn`"),
    ("Your query request was running for too long", "an answer of an overloaded org, given by a fault"),
    ("Aggregate query does not support queryMore()", "needs more groups than this org has: held in `rest`"),
    ("Entity '01I", "names an object by its id, which our org does not have: held in `bulk` with a name"),
    ("The REST API is not enabled", "an org without API gives nothing to extract: a canned answer says it"),
    ("authentication failure - Invalid Password", "an older org's words for `authentication failure`"),
    ("activation secret invalid", "of a flow with a browser, which the emulator does not have"),
    ("inactive user", "our org has one user, who is active"),
    ("user hasn't approved this consumer", "held in `sign_in`: needs a signed assertion"),
    ("No such column 'Color__c'", "as that of `FavoritePet__c`, of an object that our org does not have"),
    ("No such column 'foo'", "as that of `FavoritePet__c`, of an object that our org does not have"),
    ("No search term found", "about a search: the emulator has none"),
    ("Provided external ID field", "about records by an external id: the emulator has no such address"),
    ("Foreign key external ID", "about records by an external id: the emulator has no such address"),
    ("Required fields are missing", "about a write: the emulator demands no field"),
    ("Rating: bad value", "about a write: the emulator restricts no picklist"),
    ("email_field: invalid email", "about a write: the emulator checks no e-mail addresses"),
    ("email field: invalid email", "about a write: the emulator checks no e-mail addresses"),
    ("Field must be picklist", "about a write"),
    ("Record ID: id value of incorrect type", "about a write to a record of another object"),
    ("cannot reference converted lead", "about a write: no lead of ours is converted"),
    ("The transaction was rolled back", "about a write of several records at once"),
    ("Records not processed", "about a write through Bulk API v1: the emulator only reads there"),
    ("bad id", "about a merge or a delete through SOAP: the emulator only signs in there"),
    ("insufficient access rights on cross-reference", "about a write through SOAP: the emulator only signs in there"),
    ("error_message", "a placeholder in a test of somebody else's"),
];

/// Returns the collection's refusals, unless it is not there and nobody insists.
#[expect(clippy::disallowed_methods, reason = "a test has no environment module to take it from")]
fn bodies() -> Option<Vec<Json>> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ORGTAP_SHARED").map_or(beside_the_repository, PathBuf::from).join("data/errors");
    if !folder.is_dir() {
        let required = std::env::var("ORGTAP_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.contains("shared"), "`{}` is not there", folder.display());
        println!("skipped: `{}` is not there; set ORGTAP_SHARED to the folder with `data`", folder.display());
        return None;
    }
    let text = ["errors.jsonl", "reported_in_issues.jsonl"].map(|file| fs::read_to_string(folder.join(file)).unwrap());
    let body = |line: &str| serde_json::from_str::<Json>(line).unwrap()["body"].take();
    Some(text.iter().flat_map(|text| text.lines()).map(body).collect())
}

/// Adds every text that a body refuses with, at any depth, in JSON or in XML.
fn texts(body: &Json, found: &mut BTreeSet<String>) {
    match body {
        Json::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Json::Object(members) => {
            let keys = ["message", "error_description", "exceptionMessage", "stateMessage"];
            found.extend(keys.iter().filter_map(|key| members.get(*key)?.as_str()).map(str::to_owned));
            members.values().for_each(|member| texts(member, found));
        }
        Json::String(xml) => {
            for element in ["faultstring", "exceptionMessage", "stateMessage", "message"] {
                let tag = format!("{element}>");
                let pieces = xml.split(&tag).skip(1).step_by(2);
                found.extend(pieces.filter_map(|piece| Some(piece.split_once("</")?.0.to_owned())));
            }
        }
        _ => {}
    }
}

fn add(answer: &Answer, found: &mut BTreeSet<String>) {
    let text = answer.text();
    texts(&serde_json::from_str(&text).unwrap_or(Json::String(text)), found);
}

/// Has the emulator refuse all that it can, and returns its words.
async fn ours() -> BTreeSet<String> {
    let fixture = Fixture::new().await;
    let root = "/services/data/v53.0";
    let mut found = BTreeSet::new();
    for soql in ["SELEKT Name FROM Account", "SELECT Bacon__c FROM Account LIMIT 2", "select count() from XYZZY"] {
        add(&fixture.get(&format!("{root}/query?q={}", encode(soql))).await, &mut found);
    }
    for soql in ["SELECT BillingAddress FROM Account".to_owned(), format!("SELECT Id{} FROM A", ", Id".repeat(30_000))]
    {
        let job = json!({"operation": "query", "query": soql});
        add(&fixture.post(&format!("{root}/jobs/query"), &job).await, &mut found);
    }
    add(&fixture.get(&format!("{root}/sobjects/Foo/describe")).await, &mut found);
    add(&fixture.post(&format!("{root}/sobjects/Account"), &json!({"FavoritePet__c": "Dog"})).await, &mut found);
    let created = fixture.post(&format!("{root}/sobjects/Account"), &json!({"Name": "Acme"})).await.json();
    let account = format!("{root}/sobjects/Account/{}", created["id"].as_str().unwrap());
    for _ in 0..2 {
        add(&fixture.send("DELETE", &account, &[], &[]).await, &mut found);
    }
    add(&fixture.send_bare("GET", &format!("{root}/limits"), &[("Authorization", "Bearer x")], &[]).await, &mut found);
    fixture.emulator.faults().add(Fault::next(CallKind::Limits, Action::DailyLimit)).unwrap();
    add(&fixture.get(&format!("{root}/limits")).await, &mut found);
    sign_in(&fixture, &mut found).await;
    bulk_v1(&fixture, &mut found).await;
    found
}

async fn sign_in(fixture: &Fixture, found: &mut BTreeSet<String>) {
    let (key, secret) = (encode(&fixture.settings.consumer_key), encode(&fixture.settings.consumer_secret));
    let client = format!("client_id={key}&client_secret={secret}");
    for form in [
        "grant_type=magic".to_owned(),
        format!("grant_type=password&{client}&username=x&password=y"),
        format!("grant_type=refresh_token&{client}&refresh_token=x"),
    ] {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        add(&fixture.send_bare("POST", "/services/oauth2/token", &headers, form.as_bytes()).await, found);
    }
    let login = "<env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\"><env:Body><login xmlns=\"urn:partner.soap.sforce.com\">\
        <username>x</username><password>y</password></login></env:Body></env:Envelope>";
    let headers = [("Content-Type", "text/xml"), ("SOAPAction", "login")];
    add(&fixture.send_bare("POST", "/services/Soap/u/62.0", &headers, login.as_bytes()).await, found);
}

/// A query of another object than the job's.
async fn bulk_v1(fixture: &Fixture, found: &mut BTreeSet<String>) {
    let send = async |method: &str, path: String, body: String| {
        let headers =
            [("X-SFDC-Session", fixture.settings.access_token.as_str()), ("Content-Type", "application/json")];
        fixture.send_bare(method, &format!("/services/async/62.0/{path}"), &headers, body.as_bytes()).await
    };
    let job = json!({"operation": "query", "object": "Account", "contentType": "JSON"}).to_string();
    let job = send("POST", "job".to_owned(), job).await.json()["id"].as_str().unwrap().to_owned();
    let batch = send("POST", format!("job/{job}/batch"), "SELECT Id FROM Contact".to_owned()).await.json();
    let batch = format!("job/{job}/batch/{}", batch["id"].as_str().unwrap());
    for _ in 0..3 {
        add(&send("GET", batch.clone(), String::new()).await, found);
    }
}

#[tokio::test]
async fn every_recorded_refusal_is_given_word_by_word_or_listed_with_a_reason() {
    let Some(bodies) = bodies() else { return };
    let ours = ours().await;
    let mut recorded = BTreeSet::new();
    bodies.iter().for_each(|body| texts(body, &mut recorded));

    let missing: Vec<_> = recorded.iter().filter(|text| !ours.contains(*text)).collect();
    let is_listed = |text: &str| LISTED.iter().any(|(start, _)| text.starts_with(start));
    let unknown: Vec<_> = missing.iter().filter(|text| !is_listed(text)).collect();

    assert!(unknown.is_empty(), "neither given nor listed: {unknown:#?}\nwe give {ours:#?}");
    for (start, reason) in LISTED {
        assert!(missing.iter().any(|text| text.starts_with(start)), "`{start}` ({reason}) need not be listed");
    }
    assert!(recorded.len() - missing.len() >= 12, "we give {} of {}", recorded.len() - missing.len(), recorded.len());
}
