//! Amounts in several currencies.

use orgtap_emulator::{OrgIdentity, Profile};
use serde_json::{Value as Json, json};

use super::{change, euro_user, field, of, org, refused, rows};

#[tokio::test]
async fn amounts_are_converted_at_the_rate_of_their_currency() {
    let fixture = of(org(&[Profile::MultiCurrency], euro_user())).await;

    let rates = rows(&fixture, "SELECT IsoCode, ConversionRate, IsCorporate, IsActive FROM CurrencyType").await;
    let rate =
        |code: &Json| rates.iter().find(|rate| rate["IsoCode"] == *code).unwrap()["ConversionRate"].as_f64().unwrap();
    let fields = "Id, CurrencyIsoCode, AnnualRevenue";
    let plain = rows(&fixture, &format!("SELECT {fields} FROM Account WHERE AnnualRevenue != null")).await;
    let converted =
        rows(&fixture, "SELECT Id, convertCurrency(AnnualRevenue) FROM Account WHERE AnnualRevenue != null").await;

    assert!(plain.iter().any(|record| record["CurrencyIsoCode"] == "JPY"));
    for (plain, converted) in plain.iter().zip(&converted) {
        let amount = plain["AnnualRevenue"].as_f64().unwrap();
        let wanted = amount / rate(&plain["CurrencyIsoCode"]) * rate(&json!("EUR"));
        let given = converted["AnnualRevenue"].as_f64().unwrap();
        assert!((given - wanted).abs() <= wanted.abs() * 1e-9, "{plain} {converted}");
    }
    let described = field(&fixture, "Account", "CurrencyIsoCode").await;
    assert_eq!((&described["type"], &described["length"]), (&json!("picklist"), &json!(3)));
}

#[tokio::test]
async fn opportunities_are_converted_at_the_rate_of_the_day_they_close() {
    let fixture = of(org(&[Profile::MultiCurrency], OrgIdentity::default())).await;
    let soql = "SELECT IsoCode, StartDate, NextStartDate, ConversionRate FROM DatedConversionRate";
    let dated = rows(&fixture, soql).await;
    let filter =
        "WHERE CurrencyIsoCode = 'CZK' AND Amount != null AND CloseDate >= 2025-06-01 AND CloseDate < 2026-01-01";
    let plain = rows(&fixture, &format!("SELECT Id, Amount, CloseDate FROM Opportunity {filter}")).await;
    let converted = rows(&fixture, &format!("SELECT Id, convertCurrency(Amount) FROM Opportunity {filter}")).await;

    assert!(plain.len() > 3, "{}", plain.len());
    for (plain, converted) in plain.iter().zip(&converted) {
        let day = plain["CloseDate"].as_str().unwrap();
        let holds = |rate: &&Json| {
            rate["IsoCode"] == "CZK"
                && rate["StartDate"].as_str().unwrap() <= day
                && day < rate["NextStartDate"].as_str().unwrap()
        };
        let rate = dated.iter().find(holds).unwrap()["ConversionRate"].as_f64().unwrap();
        let wanted = plain["Amount"].as_f64().unwrap() / rate;
        assert!((converted["Amount"].as_f64().unwrap() - wanted).abs() < 1e-6, "{plain} {converted}");
    }
}

#[tokio::test]
async fn currency_literals_compare_what_amounts_are_worth() {
    let fixture = of(org(&[Profile::MultiCurrency], euro_user())).await;
    let changes: Vec<Json> = [("USD", 5001.0), ("JPY", 7000.0), ("EUR", 4700.0), ("USD", 4999.0)]
        .iter()
        .map(|(code, amount)| {
            let fields = json!({"Name": "literal", "CurrencyIsoCode": code, "AnnualRevenue": amount});
            json!({"insert": {"object": "Account", "fields": fields}})
        })
        .collect();
    change(&fixture, &json!(changes)).await;
    let names = |records: Vec<Json>| -> Vec<String> {
        records.iter().map(|r| r["CurrencyIsoCode"].as_str().unwrap().to_owned()).collect()
    };
    let query = |condition: &str| {
        format!(
            "SELECT CurrencyIsoCode FROM Account WHERE Name = 'literal' AND AnnualRevenue {condition} ORDER BY AnnualRevenue"
        )
    };

    // 4,700 euros are 5,108.70 dollars; without a code it is the number that counts.
    assert_eq!(names(rows(&fixture, &query("> USD5000")).await), ["USD", "EUR"]);
    assert_eq!(names(rows(&fixture, &query("> 5000")).await), ["JPY", "USD"]);
    assert_eq!(names(rows(&fixture, &query("IN (USD4999, JPY7000)")).await), ["JPY", "USD"]);
    for (condition, words) in [("> XXX5", "XXX"), ("> BGN5", "BGN"), ("IN (USD5, 6)", "mixed")] {
        let (status, _, message) = refused(&fixture, &query(condition)).await;
        assert!(status == 400 && message.contains(words), "{message}");
    }
}

#[tokio::test]
async fn sums_are_in_the_default_currency_and_texts_name_theirs() {
    let fixture = of(org(&[Profile::MultiCurrency], euro_user())).await;
    for (code, amount) in [("USD", 100.0), ("CZK", 232.0)] {
        let fields = json!({"Name": "sum", "CurrencyIsoCode": code, "AnnualRevenue": amount});
        change(&fixture, &json!({"insert": {"object": "Account", "fields": fields}})).await;
    }

    let sums = rows(
        &fixture,
        "SELECT SUM(AnnualRevenue) s, MIN(AnnualRevenue) m, FORMAT(MAX(AnnualRevenue)) x FROM Account WHERE Name = 'sum'",
    )
    .await;
    assert_eq!((&sums[0]["s"], &sums[0]["m"], &sums[0]["x"]), (&json!(110.0), &json!(10.0), &json!("USD 100.00")));
    let texts = rows(
        &fixture,
        "SELECT FORMAT(AnnualRevenue) own, FORMAT(convertCurrency(AnnualRevenue)) euro FROM Account WHERE Name = 'sum' \
         ORDER BY AnnualRevenue",
    )
    .await;
    assert_eq!((&texts[0]["own"], &texts[0]["euro"]), (&json!("CZK 232.00"), &json!("EUR 9.20")));
    for clause in ["WHERE convertCurrency(AnnualRevenue) > 5", "ORDER BY convertCurrency(AnnualRevenue)"] {
        let (_, code, _) = refused(&fixture, &format!("SELECT Id FROM Account {clause}")).await;
        assert_eq!(code, "MALFORMED_QUERY", "{clause}");
    }
}

#[tokio::test]
async fn a_new_record_is_in_the_currency_of_its_user() {
    let fixture = of(org(&[Profile::MultiCurrency], euro_user())).await;

    let id = change(&fixture, &json!({"insert": {"object": "Account", "fields": {"Name": "mine"}}})).await[0].clone();

    let record = rows(&fixture, "SELECT Id, CurrencyIsoCode FROM Account WHERE Name = 'mine'").await[0].clone();
    assert_eq!((&record["Id"], &record["CurrencyIsoCode"]), (&id, &json!("EUR")));
}
