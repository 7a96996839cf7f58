//! Accounts that are people, and addresses with codes.

use orgtap_emulator::Profile;
use serde_json::{Value as Json, json};

use super::{change, field, field_names, fixture, rows, truth};

#[tokio::test]
async fn states_and_countries_have_codes_beside_their_names() {
    let fixture = fixture(&[Profile::StateCountry]).await;

    let code = field(&fixture, "Account", "BillingStateCode").await;
    assert_eq!(code["type"], "picklist");
    assert_eq!(code["compoundFieldName"], "BillingAddress");
    assert_eq!(code["controllerName"], "BillingCountryCode");
    let soql = "SELECT BillingState, BillingStateCode, BillingCountry, BillingCountryCode, BillingAddress FROM Account \
                WHERE BillingStateCode = 'CA' AND BillingCountryCode = 'US' LIMIT 5";
    let records = rows(&fixture, soql).await;
    assert!(!records.is_empty());
    for record in records {
        assert_eq!(
            (&record["BillingState"], &record["BillingCountry"]),
            (&json!("California"), &json!("United States"))
        );
        let address = &record["BillingAddress"];
        assert_eq!((&address["stateCode"], &address["countryCode"]), (&json!("CA"), &json!("US")));
        assert_eq!((&address["state"], &address["country"]), (&json!("California"), &json!("United States")));
    }
    assert!(field_names(&fixture, "Contact").await.contains(&"MailingCountryCode".to_owned()));
}

#[tokio::test]
async fn a_person_is_an_account_with_a_contact_that_shows_the_same() {
    let fixture = fixture(&[Profile::PersonAccounts]).await;
    let soql = "SELECT Id, Name, FirstName, LastName, PersonEmail, PersonContactId, PersonMailingCity, Languages__pc, \
                PersonContact.Email, PersonContact.Name, PersonContact.MailingCity, PersonContact.Languages__c, \
                PersonContact.AccountId, PersonContact.IsPersonAccount FROM Account WHERE IsPersonAccount = true";
    let people = rows(&fixture, soql).await;

    assert!(people.len() > 50, "{}", people.len());
    for person in &people {
        let contact = &person["PersonContact"];
        assert_eq!(person["Name"], contact["Name"]);
        assert_eq!(person["PersonEmail"], contact["Email"]);
        assert_eq!(person["PersonMailingCity"], contact["MailingCity"]);
        assert_eq!(person["Languages__pc"], contact["Languages__c"]);
        assert_eq!((&contact["AccountId"], &contact["IsPersonAccount"]), (&person["Id"], &json!(true)));
    }
    let companies = rows(
        &fixture,
        "SELECT PersonEmail, LastName, PersonContactId FROM Account WHERE IsPersonAccount = false LIMIT 9",
    )
    .await;
    assert!(companies.iter().all(|company| company["LastName"].is_null() && company["PersonContactId"].is_null()));
}

#[tokio::test]
async fn people_come_change_merge_and_go_as_one() {
    let fixture = fixture(&[Profile::PersonAccounts]).await;
    let person = |first: &str| json!({"insert": {"object": "Account", "fields": {"FirstName": first, "LastName": "Doe", "PersonEmail": "a@example.com"}}});
    let ids = change(&fixture, &json!([person("Ann"), person("Bea")])).await;
    let of = |id: &Json| {
        format!(
            "SELECT Name, PersonContactId, PersonEmail FROM Account WHERE Id = {}",
            id.to_string().replace('"', "'")
        )
    };
    let ann = rows(&fixture, &of(&ids[0])).await[0].clone();
    let bea = rows(&fixture, &of(&ids[1])).await[0].clone();
    let contact = ann["PersonContactId"].clone();

    assert_eq!(ann["Name"], "Ann Doe");
    change(&fixture, &json!({"update": {"id": contact, "fields": {"Email": "new@example.com", "LastName": "Roe"}}}))
        .await;
    let changed = rows(&fixture, &of(&ids[0])).await[0].clone();
    assert_eq!((&changed["Name"], &changed["PersonEmail"]), (&json!("Ann Roe"), &json!("new@example.com")));
    let refused = fixture.post("/__emulator/changes", &json!({"delete": {"id": contact}})).await;
    assert_eq!(refused.status, 400);
    change(&fixture, &json!({"merge": {"master": ids[0], "losers": [ids[1]]}})).await;
    let contacts = truth(&fixture, "Contact", false).await;
    let lost = contacts.iter().find(|record| record["Id"] == bea["PersonContactId"]).unwrap();
    assert_eq!((&lost["IsDeleted"], &lost["MasterRecordId"]), (&json!(true), &contact));
    change(&fixture, &json!({"delete": {"id": ids[0]}})).await;
    let contacts = truth(&fixture, "Contact", false).await;
    assert_eq!(contacts.iter().find(|record| record["Id"] == contact).unwrap()["IsDeleted"], true);
}

#[tokio::test]
async fn a_code_brings_its_name_and_a_name_its_code() {
    let fixture = fixture(&[Profile::StateCountry]).await;
    let coded =
        json!({"Name": "places", "BillingCountryCode": "US", "BillingStateCode": "TX", "ShippingCountry": "germany"});
    let id = change(&fixture, &json!({"insert": {"object": "Account", "fields": coded}})).await[0].clone();
    let shown = async || {
        let soql = "SELECT BillingState, BillingCountry, ShippingCountryCode, toLabel(BillingStateCode) label FROM Account \
                    WHERE Name = 'places'";
        let record = rows(&fixture, soql).await[0].clone();
        ["BillingState", "BillingCountry", "ShippingCountryCode", "label"].map(|name| record[name].clone())
    };

    assert_eq!(shown().await, [json!("Texas"), json!("United States"), json!("DE"), json!("Texas")]);
    change(&fixture, &json!({"update": {"id": id, "fields": {"BillingStateCode": null}}})).await;
    assert_eq!(shown().await[0], json!(null));
}
