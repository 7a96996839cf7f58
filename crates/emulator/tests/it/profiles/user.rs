//! Who the user and the org are: time, calendar, currency, API versions.

use orgtap_emulator::{Emulator, EmulatorOptions, Org, OrgIdentity, Profile};
use serde_json::{Value as Json, json};

use super::{change, euro_user, of, org, rows};
use crate::client::Fixture;

/// Returns how many records that are late were created in that time.
async fn counted(fixture: &Fixture, condition: &str) -> Json {
    let soql = format!("SELECT COUNT() FROM Account WHERE Name = 'late' AND CreatedDate {condition}");
    fixture.query(&soql).await["totalSize"].clone()
}

#[tokio::test]
async fn the_user_lives_by_its_own_clock_and_calendar() {
    let identity = OrgIdentity {
        time_zone: "America/New_York".to_owned(),
        locale: "de_DE".to_owned(),
        fiscal_year_start: 4,
        ..OrgIdentity::default()
    };
    // Two in the morning in UTC is nine in the evening of the day before in New York.
    let builder = Org::builder().starts_at("2026-03-02T02:00:00Z".parse().unwrap()).identity(identity);
    let fixture = of(builder.demo(400).build()).await;
    let account =
        change(&fixture, &json!({"insert": {"object": "Account", "fields": {"Name": "late"}}})).await[0].clone();
    assert!(account.is_string());
    assert_eq!(counted(&fixture, "= TODAY").await, 1);
    assert_eq!(counted(&fixture, "> 2026-03-02T00:00:00Z").await, 1);
    fixture.org().advance(std::time::Duration::from_secs(4 * 3600));
    // A session does not last as long as that.
    let fixture = Fixture { settings: fixture.emulator.settings(), emulator: fixture.emulator };
    // Past midnight in New York: Monday the second, and with it a new week.
    assert_eq!((counted(&fixture, "= TODAY").await, counted(&fixture, "= YESTERDAY").await), (json!(0), json!(1)));
    assert_eq!((counted(&fixture, "= THIS_WEEK").await, counted(&fixture, "= LAST_WEEK").await), (json!(0), json!(1)));
    assert_eq!(counted(&fixture, "= THIS_FISCAL_QUARTER").await, 1);
    let user = fixture.get("/services/oauth2/userinfo").await.json();
    assert_eq!((&user["zoneinfo"], &user["locale"]), (&json!("America/New_York"), &json!("de_DE")));
    assert_eq!(user["utcOffset"], -5 * 3_600_000);
    let organization =
        rows(&fixture, "SELECT TimeZoneSidKey, DefaultLocaleSidKey, FiscalYearStartMonth, IsSandbox FROM Organization")
            .await;
    let told = &organization[0];
    assert_eq!((&told["TimeZoneSidKey"], &told["DefaultLocaleSidKey"]), (&json!("America/New_York"), &json!("de_DE")));
    assert_eq!((&told["FiscalYearStartMonth"], &told["IsSandbox"]), (&json!(4), &json!(false)));
    let own =
        rows(&fixture, "SELECT TimeZoneSidKey, LocaleSidKey FROM User WHERE Username = 'admin@example.com'").await;
    assert_eq!((&own[0]["TimeZoneSidKey"], &own[0]["LocaleSidKey"]), (&json!("America/New_York"), &json!("de_DE")));
}

#[tokio::test]
async fn a_soap_login_tells_of_currencies_and_people() {
    let fixture = of(org(&[Profile::MultiCurrency, Profile::PersonAccounts], euro_user())).await;
    let settings = &fixture.settings;
    let body = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><login xmlns=\"urn:partner.soap.sforce.com\">\
         <username>{}</username><password>{}{}</password></login></e:Body></e:Envelope>",
        settings.username, settings.password, settings.security_token
    );
    let answer =
        fixture.send_bare("POST", "/services/Soap/u/62.0", &[("Content-Type", "text/xml")], body.as_bytes()).await;

    let text = answer.text();
    for element in [
        "<organizationMultiCurrency>true</organizationMultiCurrency>",
        "<orgHasPersonAccounts>true</orgHasPersonAccounts>",
        "<userDefaultCurrencyIsoCode>EUR</userDefaultCurrencyIsoCode>",
    ] {
        assert!(text.contains(element), "{text}");
    }
}

#[tokio::test]
async fn an_org_offers_the_versions_it_is_told_to() {
    let versions = orgtap_emulator::ApiVersions::new(41, 62).unwrap();
    let options = EmulatorOptions { versions, ..EmulatorOptions::default() };
    let emulator = Emulator::start(Org::builder().demo(100).build(), options).await.unwrap();
    let settings = emulator.settings();
    let fixture = Fixture { emulator, settings };

    let list = fixture.get("/services/data/").await.json();
    assert_eq!((&list[0]["version"], &list[21]["version"]), (&json!("41.0"), &json!("62.0")));
    let status = async |version: &str| fixture.get(&format!("/services/data/v{version}/limits")).await.status;
    assert_eq!((status("40.0").await, status("41.0").await, status("63.0").await), (410, 200, 404));
}
