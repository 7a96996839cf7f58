//! Fields, objects and records that are hidden from the user.

use orgtap_emulator::Profile;
use serde_json::{Value as Json, json};

use super::{change, create_job, field_names, fixture, refused, rows, truth};

#[tokio::test]
async fn hidden_fields_are_as_good_as_missing_ones_everywhere() {
    let fixture = fixture(&[Profile::FieldSecurity]).await;
    let column = |entity: &str, name: &str| {
        format!(
            "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append the '__c' \
             after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
        )
    };

    let names = field_names(&fixture, "Account").await;
    assert!(!names.iter().any(|name| name == "AnnualRevenue") && names.iter().any(|name| name == "Industry"));
    for soql in ["SELECT Id, AnnualRevenue FROM Account", "SELECT Id FROM Account WHERE AnnualRevenue > 5"] {
        let (status, code, message) = refused(&fixture, soql).await;
        assert_eq!((status, code.as_str()), (400, "INVALID_FIELD"));
        assert!(message.ends_with(&column("Account", "AnnualRevenue")), "{message}");
    }
    let (_, code, message) = refused(&fixture, "SELECT Account.AnnualRevenue FROM Contact").await;
    assert!(code == "INVALID_FIELD" && message.ends_with(&column("Account", "AnnualRevenue")), "{message}");
    let (status, job) = create_job(&fixture, "query", "SELECT Id, Door_Code__c FROM Shipment__c").await;
    assert!(status == 400 && job.to_string().contains("No such column 'Door_Code__c'"), "{job}");
    let all = rows(&fixture, "SELECT FIELDS(ALL) FROM Shipment__c LIMIT 1").await;
    let shown = all[0].as_object().unwrap();
    assert!(shown.contains_key("Goods__c"));
    for hidden in ["Door_Code__c", "Value__c", "Position__c", "Position__Latitude__s"] {
        assert!(!shown.contains_key(hidden), "{hidden}");
    }
    let path = format!("/services/data/v62.0/sobjects/Account/{}", shown["Account__c"].as_str().unwrap_or("001"));
    assert!(fixture.get(&path).await.json().get("AnnualRevenue").is_none());
}

#[tokio::test]
async fn the_control_endpoint_knows_and_changes_what_is_hidden() {
    let fixture = fixture(&[Profile::FieldSecurity]).await;

    let id = change(&fixture, &json!({"insert": {"object": "Account", "fields": {"Name": "A", "Rating": "Hot"}}}))
        .await[0]
        .clone();
    let all = truth(&fixture, "Account", false).await;
    let seen = truth(&fixture, "Account", true).await;
    let access = fixture.get("/__emulator/access").await.json();

    let of = |records: &[Json]| records.iter().find(|record| record["Id"] == id).cloned().unwrap();
    assert_eq!(of(&all)["Rating"], "Hot");
    assert!(of(&seen).get("Rating").is_none() && all.len() == seen.len());
    assert!(access["hidden_fields"]["Account"].as_array().unwrap().contains(&json!("Rating")));
    let refused = fixture.post("/services/data/v62.0/sobjects/Account", &json!({"Name": "B", "Rating": "Hot"})).await;
    assert_eq!(refused.refusal().1, "INVALID_FIELD");
}

#[tokio::test]
async fn records_that_are_not_shared_are_missing_without_a_word() {
    let fixture = fixture(&[Profile::Sharing]).await;
    let all = truth(&fixture, "Account", false).await;
    let seen = truth(&fixture, "Account", true).await;
    let live = |records: &[Json]| records.iter().filter(|record| record["IsDeleted"] == false).count();

    assert!(seen.len() < all.len() && seen.len() * 2 > all.len(), "{} of {}", seen.len(), all.len());
    let counted = fixture.query("SELECT COUNT() FROM Account").await["totalSize"].as_u64().unwrap();
    let counts = fixture.get("/services/data/v62.0/limits/recordCount?sObjects=Account").await.json();
    assert_eq!(counted, live(&seen) as u64);
    assert_eq!(counts["sObjects"][0]["count"], counted);
    // The user sees what it owns, and what owners share.
    let hidden: Vec<&Json> = all.iter().filter(|record| !seen.contains(record)).collect();
    assert!(hidden.iter().all(|record| record["OwnerId"] != fixture.org().identity().user_id.to_string()));
    // A contact is seen with its account.
    let hidden_accounts: Vec<Json> = hidden.iter().map(|record| record["Id"].clone()).collect();
    let contacts = truth(&fixture, "Contact", true).await;
    assert!(contacts.iter().all(|contact| !hidden_accounts.contains(&contact["AccountId"])));
    assert!(contacts.len() < truth(&fixture, "Contact", false).await.len());
    // A parent that is not shared is as good as none, its id stays.
    let opportunities = rows(&fixture, "SELECT Id, AccountId, Account.Name FROM Opportunity LIMIT 500").await;
    let orphans = opportunities.iter().filter(|record| hidden_accounts.contains(&record["AccountId"]));
    assert!(orphans.clone().count() > 0 && orphans.clone().all(|record| record["Account"].is_null()));
}

#[tokio::test]
async fn changes_of_records_that_are_not_shared_are_not_listed() {
    let fixture = fixture(&[Profile::Sharing]).await;
    let owner = |seen: bool| {
        let accounts = if seen { "?as=user" } else { "" };
        format!("/__emulator/records/Account{accounts}")
    };
    let all = fixture.get(&owner(false)).await.json()["records"].as_array().unwrap().clone();
    let seen = fixture.get(&owner(true)).await.json()["records"].as_array().unwrap().clone();
    let live = |record: &&Json| record["IsDeleted"] == false;
    let hidden: Vec<&Json> = all.iter().filter(live).filter(|record| !seen.contains(record)).take(2).collect();
    let shown: Vec<&Json> = seen.iter().filter(live).take(2).collect();
    for record in [hidden[0], shown[0]] {
        change(&fixture, &json!({"update": {"id": record["Id"], "fields": {"Name": "new"}}})).await;
    }
    for record in [hidden[1], shown[1]] {
        change(&fixture, &json!({"delete": {"id": record["Id"]}})).await;
    }
    fixture.emulator.org().advance(std::time::Duration::from_secs(120));

    let window = "start=2026-03-01T11%3A59%3A00Z&end=2026-03-01T12%3A02%3A00Z";
    let updated = fixture.get(&format!("/services/data/v62.0/sobjects/Account/updated/?{window}")).await.json();
    let deleted = fixture.get(&format!("/services/data/v62.0/sobjects/Account/deleted/?{window}")).await.json();

    assert_eq!(updated["ids"], json!([shown[0]["Id"]]));
    let gone = deleted["deletedRecords"].as_array().unwrap();
    assert_eq!(gone.iter().map(|record| &record["id"]).collect::<Vec<_>>(), [&shown[1]["Id"]]);
}

#[tokio::test]
async fn a_hidden_object_is_no_object() {
    let fixture = fixture(&[Profile::Sharing]).await;

    let (status, code, message) = refused(&fixture, "SELECT Id FROM Case").await;
    assert_eq!((status, code.as_str()), (400, "INVALID_TYPE"));
    assert!(message.contains("sObject type 'Case' is not supported."), "{message}");
    assert_eq!(fixture.get("/services/data/v62.0/sobjects/Case/describe").await.status, 404);
    let global = fixture.get("/services/data/v62.0/sobjects").await.json();
    assert!(global["sobjects"].as_array().unwrap().iter().all(|object| object["name"] != "Case"));
    let account = fixture.get("/services/data/v62.0/sobjects/Account/describe").await.json();
    let children = account["childRelationships"].as_array().unwrap();
    assert!(children.iter().all(|child| child["childSObject"] != "Case"));
    let (_, _, message) = refused(&fixture, "SELECT Id, (SELECT Id FROM Cases) FROM Account").await;
    assert!(message.contains("Didn't understand relationship 'Cases'"), "{message}");
    assert!(!truth(&fixture, "Case", false).await.is_empty());
}

#[tokio::test]
async fn a_record_that_is_not_shared_is_neither_read_nor_changed() {
    let fixture = fixture(&[Profile::Sharing]).await;
    let seen = truth(&fixture, "Account", true).await;
    let all = truth(&fixture, "Account", false).await;
    let hidden = all.iter().find(|record| record["IsDeleted"] == false && !seen.contains(record)).unwrap();
    let path = format!("/services/data/v62.0/sobjects/Account/{}", hidden["Id"].as_str().unwrap());

    assert_eq!(fixture.get(&path).await.status, 404);
    let changed = fixture.send("PATCH", &path, &[("Content-Type", "application/json")], br#"{"Name":"x"}"#).await;
    let deleted = fixture.send("DELETE", &path, &[], &[]).await;
    for answer in [changed, deleted] {
        assert_eq!(answer.refusal().1, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY");
    }
    assert_eq!(truth(&fixture, "Account", false).await, all);
}
