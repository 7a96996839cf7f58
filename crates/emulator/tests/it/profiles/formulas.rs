//! Formula fields: they follow what they read, and leave no stamp.

use std::time::Duration;

use orgtap_emulator::Profile;
use serde_json::{Value as Json, json};

use super::{change, create_job, fixture, rows, truth};
use crate::client::Fixture;

const ROOT: &str = "/services/data/v62.0";

/// Makes a deal with an account, and returns the ids of both.
async fn deal(fixture: &Fixture) -> (String, String) {
    let text = |ids: &Json| ids[0].as_str().unwrap().to_owned();
    let fields = json!({"Name": "Before", "AnnualRevenue": 5_000_000});
    let account = text(&change(fixture, &json!({"insert": {"object": "Account", "fields": fields}})).await);
    let fields = json!({"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-03-11", "Amount": 200,
        "Probability": 25, "AccountId": account});
    let deal = text(&change(fixture, &json!({"insert": {"object": "Opportunity", "fields": fields}})).await);
    fixture.org().advance(Duration::from_secs(3600));
    (account, deal)
}

/// Returns the formulas of a deal, and its stamp.
async fn shown(fixture: &Fixture, deal: &str) -> (Json, Json) {
    let fields = "Account_Name__c, Weighted_Amount__c, Is_Urgent__c, Days_To_Close__c";
    let soql = format!("SELECT {fields}, SystemModstamp FROM Opportunity WHERE Id = '{deal}'");
    let record = rows(fixture, &soql).await[0].clone();
    let of = |name: &str| record[name].clone();
    let formulas = [of("Account_Name__c"), of("Weighted_Amount__c"), of("Is_Urgent__c"), of("Days_To_Close__c")];
    (Json::from(formulas.to_vec()), of("SystemModstamp"))
}

async fn patch(fixture: &Fixture, object: &str, id: &str, fields: &Json) -> crate::client::Answer {
    let path = format!("{ROOT}/sobjects/{object}/{id}");
    fixture.send("PATCH", &path, &[("Content-Type", "application/json")], fields.to_string().as_bytes()).await
}

#[tokio::test]
async fn a_formula_follows_the_parent_without_a_stamp_whichever_way_that_changes() {
    let fixture = fixture(&[Profile::Formulas]).await;
    let (account, deal) = deal(&fixture).await;
    let (formulas, stamp) = shown(&fixture, &deal).await;
    assert_eq!(formulas, json!(["Before", 50.0, true, 10.0]));

    assert_eq!(patch(&fixture, "Account", &account, &json!({"Name": "By REST"})).await.status, 204);
    assert_eq!(shown(&fixture, &deal).await, (json!(["By REST", 50.0, true, 10.0]), stamp.clone()));
    let composite = json!({"allOrNone": true, "compositeRequest": [{"method": "PATCH", "referenceId": "one",
        "url": format!("{ROOT}/sobjects/Account/{account}"), "body": {"Name": "By composite", "AnnualRevenue": 1}}]});
    fixture.post(&format!("{ROOT}/composite"), &composite).await;
    assert_eq!(shown(&fixture, &deal).await, (json!(["By composite", 50.0, false, 10.0]), stamp.clone()));
    change(&fixture, &json!({"update": {"id": account, "fields": {"Name": "By hand"}}})).await;
    assert_eq!(shown(&fixture, &deal).await, (json!(["By hand", 50.0, false, 10.0]), stamp.clone()));

    // The deal's own fields do stamp it.
    patch(&fixture, "Opportunity", &deal, &json!({"Amount": 400, "AccountId": null})).await;
    let (formulas, after) = shown(&fixture, &deal).await;
    assert_eq!(formulas, json!([null, 100.0, false, 10.0]));
    assert_ne!(after, stamp);
}

#[tokio::test]
async fn a_formula_shows_a_late_change_when_it_is_committed() {
    let fixture = fixture(&[Profile::Formulas]).await;
    let (account, deal) = deal(&fixture).await;
    fixture.org().set_commit_delay(Duration::from_secs(600));

    patch(&fixture, "Account", &account, &json!({"Name": "Late"})).await;

    fixture.org().advance(Duration::from_secs(599));
    assert_eq!(shown(&fixture, &deal).await.0[0], "Before");
    fixture.org().advance(Duration::from_secs(1));
    assert_eq!(shown(&fixture, &deal).await.0[0], "Late");
}

/// Returns the results of a job.
async fn by_bulk(fixture: &Fixture, soql: &str) -> String {
    let (_, job) = create_job(fixture, "query", soql).await;
    fixture.get(&format!("{ROOT}/jobs/query/{}/results", job["id"].as_str().unwrap())).await.text()
}

#[tokio::test]
async fn a_formula_goes_by_the_clock_in_both_apis() {
    let mut fixture = fixture(&[Profile::Formulas]).await;
    let (_, deal) = deal(&fixture).await;
    let soql = format!("SELECT Days_To_Close__c FROM Opportunity WHERE Id = '{deal}'");

    let stamp = shown(&fixture, &deal).await.1;
    assert_eq!(by_bulk(&fixture, &soql).await, "\"Days_To_Close__c\"\n\"10.0\"\n");
    fixture.pass(Duration::from_secs(3 * 86_400));

    assert_eq!(by_bulk(&fixture, &soql).await, "\"Days_To_Close__c\"\n\"7.0\"\n");
    let (formulas, after) = shown(&fixture, &deal).await;
    assert_eq!((&formulas[3], after), (&json!(7.0), stamp));
    assert_eq!(rows(&fixture, "SELECT Id FROM Opportunity WHERE Days_To_Close__c = 7 AND Name = 'D'").await.len(), 1);
}

#[tokio::test]
async fn a_formula_reads_what_the_user_does_not_see() {
    let fixture = fixture(&[Profile::Formulas, Profile::FieldSecurity, Profile::Sharing]).await;

    let (_, deal) = deal(&fixture).await;

    assert_eq!(shown(&fixture, &deal).await.0, json!(["Before", 50.0, true, 10.0]));
    for record in truth(&fixture, "Opportunity", true).await.iter().step_by(50) {
        let amount = record["Amount"].as_f64().unwrap_or(0.0);
        let weighted = amount * record["Probability"].as_f64().unwrap() / 100.0;
        assert!((record["Weighted_Amount__c"].as_f64().unwrap() - weighted).abs() < 1e-6, "{record}");
    }
}

#[tokio::test]
async fn nobody_sets_a_formula_but_the_org_itself() {
    let fixture = fixture(&[Profile::Formulas]).await;
    let (_, deal) = deal(&fixture).await;
    let formula = json!({"Weighted_Amount__c": 7});

    let refused = patch(&fixture, "Opportunity", &deal, &formula).await;

    assert_eq!((refused.status, refused.refusal().1.as_str()), (400, "INVALID_FIELD_FOR_INSERT_UPDATE"));
    assert_eq!(refused.json()[0]["fields"], json!(["Weighted_Amount__c"]));
    // What the org itself says holds until something changes that the formula reads.
    change(&fixture, &json!({"update": {"id": deal, "fields": formula}})).await;
    assert_eq!(shown(&fixture, &deal).await.0[1], 7.0);
    patch(&fixture, "Opportunity", &deal, &json!({"Name": "Other"})).await;
    assert_eq!(shown(&fixture, &deal).await.0[1], 7.0);
    patch(&fixture, "Opportunity", &deal, &json!({"Amount": 300})).await;
    assert_eq!(shown(&fixture, &deal).await.0[1], 75.0);
}
