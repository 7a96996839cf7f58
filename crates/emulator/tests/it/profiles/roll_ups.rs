//! Roll-up summaries.

use orgtap_emulator::Profile;
use serde_json::json;

use super::{change, fixture, rows, truth};

#[tokio::test]
async fn a_roll_up_follows_its_children_without_a_stamp_on_the_parent() {
    let fixture = fixture(&[Profile::RollUps]).await;
    let account =
        change(&fixture, &json!({"insert": {"object": "Account", "fields": {"Name": "Parent"}}})).await[0].clone();
    let deal = |amount: f64, day: &str| {
        let fields =
            json!({"Name": "D", "StageName": "Prospecting", "CloseDate": day, "Amount": amount, "AccountId": account});
        json!({"insert": {"object": "Opportunity", "fields": fields}})
    };
    let soql = format!(
        "SELECT Opportunities__c, Pipeline__c, Largest_Deal__c, First_Close__c, SystemModstamp, LastModifiedDate FROM Account WHERE Id = {}",
        account.to_string().replace('"', "'")
    );
    let shown = async || {
        let record = rows(&fixture, &soql).await[0].clone();
        let of = |name: &str| record[name].clone();
        (of("Opportunities__c"), of("Pipeline__c"), of("Largest_Deal__c"), of("First_Close__c"), of("SystemModstamp"))
    };

    let (count, sum, most, first, stamp) = shown().await;
    assert_eq!((count, sum, most, first), (json!(0.0), json!(0.0), json!(null), json!(null)));
    fixture.org().advance(std::time::Duration::from_secs(60));
    let deals = change(&fixture, &json!([deal(100.0, "2026-05-01"), deal(50.5, "2026-04-01")])).await;
    let (count, sum, most, first, after) = shown().await;
    assert_eq!((count, sum, most, first), (json!(2.0), json!(150.5), json!(100.0), json!("2026-04-01")));
    assert_eq!(after, stamp);
    change(&fixture, &json!([{"delete": {"id": deals[0]}}, {"update": {"id": deals[1], "fields": {"Amount": 7}}}]))
        .await;
    let (count, sum, most, _, after) = shown().await;
    assert_eq!((count, sum, most), (json!(1.0), json!(7.0), json!(7.0)));
    assert_eq!(after, stamp);
    change(&fixture, &json!({"undelete": {"id": deals[0]}})).await;
    assert_eq!(shown().await.0, json!(2.0));
}

#[tokio::test]
async fn roll_ups_of_the_demo_add_up() {
    let fixture = fixture(&[Profile::RollUps]).await;
    let accounts = truth(&fixture, "Account", false).await;
    let deals = truth(&fixture, "Opportunity", false).await;

    for account in accounts.iter().step_by(37) {
        let own = deals.iter().filter(|deal| deal["AccountId"] == account["Id"] && deal["IsDeleted"] == false);
        let sum: f64 = own.clone().filter_map(|deal| deal["Amount"].as_f64()).sum();
        assert_eq!(account["Opportunities__c"].as_f64(), Some(own.count() as f64));
        assert!((account["Pipeline__c"].as_f64().unwrap() - sum).abs() < 0.005);
    }
}
