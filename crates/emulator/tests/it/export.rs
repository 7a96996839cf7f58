//! An org written to files and read back.

use std::time::Duration;

use orgtap_emulator::{Emulator, EmulatorOptions, Org, OrgIdentity, Profile, Scope, Value};
use serde_json::Value as Json;

use crate::client::{Fixture, START, small_org};

const DAY: Duration = Duration::from_secs(86_400);

async fn records(org: Org, object: &str) -> Json {
    let emulator = Emulator::start(org, EmulatorOptions::default()).await.unwrap();
    let settings = emulator.settings();
    let fixture = Fixture { emulator, settings };
    fixture.get(&format!("/__emulator/records/{object}")).await.json()
}

/// Reads an exported folder back.
fn copy_of(folder: &std::path::Path) -> Org {
    let mut builder = Org::builder();
    let report = builder.import(folder).unwrap();
    assert!(report.skipped.is_empty() && report.notes.is_empty(), "{report:?}");
    builder.build()
}

/// Holds all objects of two orgs against each other.
async fn assert_equal(org: &Org, copy: &Org) {
    for object in org.objects() {
        let (was, is) = (records(org.clone(), &object.name).await, records(copy.clone(), &object.name).await);
        assert_eq!(was["fields"], is["fields"], "{}", object.name);
        let (was, is) = (was["records"].as_array().unwrap(), is["records"].as_array().unwrap());
        assert_eq!(was.len(), is.len(), "{}", object.name);
        was.iter().zip(is).for_each(|(was, is)| assert_eq!(was, is, "{}", object.name));
    }
    let names = |org: &Org| org.objects().iter().map(|object| object.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(org), names(copy));
}

#[tokio::test]
async fn an_exported_org_is_read_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let org = small_org();

    let written = org.export(folder.path()).unwrap();

    assert!(written > 2_900, "{written}");
    assert_equal(&org, &copy_of(folder.path())).await;
}

#[tokio::test]
async fn an_org_with_every_profile_is_read_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let identity = OrgIdentity {
        time_zone: "Europe/Prague".to_owned(),
        currency: "CZK".to_owned(),
        fiscal_year_start: 4,
        sandbox: true,
        ..OrgIdentity::default()
    };
    let builder = Org::builder().demo(3_000).starts_at(START.parse().unwrap()).identity(identity);
    let org = Profile::ALL.iter().fold(builder, |builder, profile| builder.profile(*profile)).build();
    let new = |name: &str| org.insert("Account", [("Name".to_owned(), name.into())].into()).unwrap();
    let (binned, purged) = (new("binned"), new("purged"));
    [binned, purged].iter().for_each(|id| org.delete(*id).unwrap());
    org.purge(purged).unwrap();
    org.advance(DAY * 10);

    org.export(folder.path()).unwrap();
    let copy = copy_of(folder.path());

    assert_equal(&org, &copy).await;
    assert_eq!(copy.now(), org.now());
    let (is, was) = (copy.identity(), org.identity());
    assert_eq!((&is.time_zone, &is.currency), (&was.time_zone, &was.currency));
    assert_eq!((is.fiscal_year_start, is.sandbox), (was.fiscal_year_start, was.sandbox));
    // What follows is the same too: what is thrown out of the recycle bin, what is reported as deleted, the next id, roll-ups.
    let binned =
        |org: &Org| org.select(&format!("SELECT Id FROM Account WHERE Id = '{binned}'"), Scope::All).unwrap().total();
    let deleted = |org: &Org| org.deleted("Account", org.now() - DAY * 11, org.now()).unwrap().records;
    assert!(deleted(&org).iter().any(|record| record.id == purged));
    assert_eq!(deleted(&copy), deleted(&org));
    for org in [&org, &copy] {
        assert_eq!(binned(org), 1);
        org.advance(DAY * 6);
        assert_eq!(binned(org), 0);
        let account = org.insert("Account", [("Name".to_owned(), "next".into())].into()).unwrap();
        assert!(account > purged, "{account}");
        let deal = [("Name", "D"), ("StageName", "Prospecting"), ("CloseDate", "2026-04-01")];
        let fields = deal.into_iter().map(|(name, value)| (name.to_owned(), Json::from(value))).collect();
        let mut fields = org.fields_from_json("Opportunity", &fields).unwrap();
        fields.insert("AccountId".to_owned(), account.into());
        org.insert("Opportunity", fields).unwrap();
        let soql = format!("SELECT Opportunities__c FROM Account WHERE Id = '{account}'");
        assert_eq!(org.select(&soql, Scope::Live).unwrap().page(0, 1).next().unwrap(), [Value::Double(1.0)]);
    }
}

#[tokio::test]
async fn a_value_of_any_type_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let org = small_org();
    let values = [
        Value::Double(118.0),
        Value::Integer(118),
        Value::text("118"),
        Value::Boolean(true),
        Value::text("true"),
        Value::from("2026-03-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap()),
        Value::text("2026-03-01"),
        Value::Null,
    ];
    let insert = |value: &Value| {
        org.insert("Shipment__c", [("Reading__c".to_owned(), value.clone())].into()).unwrap().to_string()
    };
    let ids: Vec<String> = values.iter().map(insert).collect();

    org.export(folder.path()).unwrap();
    let copy = copy_of(folder.path());

    for (id, value) in ids.iter().zip(&values) {
        let soql = format!("SELECT Reading__c FROM Shipment__c WHERE Id = '{id}'");
        assert_eq!(copy.select(&soql, Scope::Live).unwrap().page(0, 1).next().unwrap(), std::slice::from_ref(value));
    }
}

#[test]
fn settings_that_make_no_sense_are_skipped_with_the_reason() {
    let table = [
        (r#"{"orgtap_emulator_org": 2}"#, "version 2; this program knows 1"),
        (r#"{"orgtap_emulator_org": 1, "time_zone": "Mars/Base"}"#, "`time_zone`"),
        (r#"{"orgtap_emulator_org": 1, "fiscal_year_start": 13}"#, "13, not a month"),
        (r#"{"orgtap_emulator_org": 1, "timezone": "UTC"}"#, "unknown field `timezone`"),
        (r#"{"orgtap_emulator_org": 1, "purged": {"Account": {"1": "2026-01-01T00:00:00Z"}}}"#, "no valid id"),
    ];
    for (text, words) in table {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("org.json"), text).unwrap();
        let report = Org::builder().import(folder.path()).unwrap();

        assert!(report.skipped.len() == 1 && report.skipped[0].1.contains(words), "{:?}", report.skipped);
    }
}
