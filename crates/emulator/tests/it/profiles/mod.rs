//! Orgs that differ from the plain demo, as their clients see them.

mod access;
mod currency;
mod families;
mod formulas;
mod people;
mod roll_ups;
mod user;

use orgtap_emulator::{Emulator, EmulatorOptions, JobTime, Org, OrgIdentity, Profile};
use serde_json::{Value as Json, json};

use crate::client::{Fixture, START, encode};

async fn fixture(profiles: &[Profile]) -> Fixture {
    of(org(profiles, OrgIdentity::default())).await
}

fn org(profiles: &[Profile], identity: OrgIdentity) -> Org {
    let builder = Org::builder().starts_at(START.parse().unwrap()).identity(identity).demo(6_000);
    profiles.iter().fold(builder, |builder, profile| builder.profile(*profile)).build()
}

async fn of(org: Org) -> Fixture {
    let options = EmulatorOptions { job_time: JobTime::Polls(0), ..EmulatorOptions::default() };
    let emulator = Emulator::start(org, options).await.unwrap();
    let settings = emulator.settings();
    Fixture { emulator, settings }
}

/// Returns the records of an object: all, or those that the user sees.
async fn truth(fixture: &Fixture, object: &str, seen: bool) -> Vec<Json> {
    let suffix = if seen { "?as=user" } else { "" };
    let answer = fixture.get(&format!("/__emulator/records/{object}{suffix}")).await.json();
    answer["records"].as_array().unwrap().clone()
}

async fn rows(fixture: &Fixture, soql: &str) -> Vec<Json> {
    let page = fixture.query(soql).await;
    assert!(page["done"] == true, "{soql}: {page}");
    page["records"].as_array().unwrap().clone()
}

async fn refused(fixture: &Fixture, soql: &str) -> (u16, String, String) {
    fixture.get(&format!("/services/data/v62.0/query?q={}", encode(soql))).await.refusal()
}

async fn field_names(fixture: &Fixture, object: &str) -> Vec<String> {
    let describe = fixture.get(&format!("/services/data/v62.0/sobjects/{object}/describe")).await.json();
    describe["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

/// Returns the field of a describe.
async fn field(fixture: &Fixture, object: &str, name: &str) -> Json {
    let describe = fixture.get(&format!("/services/data/v62.0/sobjects/{object}/describe")).await.json();
    let field = describe["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).cloned();
    field.unwrap_or_else(|| panic!("{object} has no {name}"))
}

async fn create_job(fixture: &Fixture, operation: &str, soql: &str) -> (u16, Json) {
    let answer = fixture.post("/services/data/v62.0/jobs/query", &json!({"operation": operation, "query": soql})).await;
    (answer.status, answer.json())
}

async fn change(fixture: &Fixture, changes: &Json) -> Json {
    let answer = fixture.post("/__emulator/changes", changes).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["ids"].clone()
}

fn euro_user() -> OrgIdentity {
    OrgIdentity { currency: "EUR".to_owned(), ..OrgIdentity::default() }
}

#[tokio::test]
async fn all_profiles_go_together() {
    let fixture = fixture(Profile::ALL).await;
    let global = fixture.get("/services/data/v62.0/sobjects").await.json();
    let names: Vec<&str> = global["sobjects"].as_array().unwrap().iter().filter_map(|o| o["name"].as_str()).collect();

    assert!(names.len() > 20, "{names:?}");
    for name in names.iter().filter(|name| **name != "ContentDocumentLink") {
        let fields = field_names(&fixture, name).await;
        let soql = format!("SELECT {} FROM {name} LIMIT 200", fields.join(","));
        let page = fixture.query(&soql).await;
        assert!(page["records"].is_array(), "{name}: {page}");
        let seen = truth(&fixture, name, true).await;
        let all = truth(&fixture, name, false).await;
        assert!(seen.len() <= all.len() && !seen.is_empty(), "{name}");
    }
    let people = rows(&fixture, "SELECT Id, PersonMailingCountryCode, CurrencyIsoCode, Pipeline__c FROM Account WHERE IsPersonAccount = true LIMIT 5").await;
    assert!(!people.is_empty());
    assert!(!field_names(&fixture, "Account").await.contains(&"PersonBirthdate".to_owned()));
}
