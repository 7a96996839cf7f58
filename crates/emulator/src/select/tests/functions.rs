//! Functions, distances, scopes and semi-joins.

use std::fs;

use super::{assert_refused, org, rows};
use crate::org::{Org, OrgIdentity};
use crate::select::Scope;

const STORES: &str = r#"{"name":"Store__c","keyPrefix":"a01","fields":[
    {"name":"Id","type":"id"},{"name":"Name","type":"string"},
    {"name":"Kind__c","type":"picklist","picklistValues":[{"value":"b","label":"Big"},{"value":"s","label":"Small"}]},
    {"name":"Tags__c","type":"multipicklist","picklistValues":[{"value":"x","label":"Ex"}]},
    {"name":"OwnerId","type":"reference","referenceTo":["User"],"relationshipName":"Owner"},
    {"name":"Opened__c","type":"datetime"},
    {"name":"Sales__c","type":"currency"},
    {"name":"Place__Latitude__s","type":"double","compoundFieldName":"Place__c"},
    {"name":"Place__Longitude__s","type":"double","compoundFieldName":"Place__c"},
    {"name":"Place__c","type":"location"}]}"#;
const RECORDS: &str = "\
Id,Name,Kind__c,Tags__c,OwnerId,Opened__c,Sales__c,Place__Latitude__s,Place__Longitude__s
a01000000000001AAA,Prague,b,x;y,005000000000001AAA,2024-05-31T22:30:00Z,1234.5,50.0755,14.4378
a01000000000002AAA,Brno,s,,005000000000002AAA,2024-06-01T10:00:00Z,,49.1951,16.6068
a01000000000003AAA,Nowhere,,,005000000000001AAA,2024-06-01T22:30:00Z,-1,,14.0
";

/// An org in Prague's time, whose user owns two stores of three.
fn stores() -> Org {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stores.json"), format!("[{STORES}]")).unwrap();
    fs::write(folder.path().join("Store__c.csv"), RECORDS).unwrap();
    let identity = OrgIdentity {
        user_id: "005000000000001AAA".parse().unwrap(),
        time_zone: "Europe/Prague".to_owned(),
        locale: "cs_CZ".to_owned(),
        fiscal_year_start: 6,
        ..OrgIdentity::default()
    };
    let mut builder = Org::builder().identity(identity).starts_at("2024-06-01T12:00:00Z".parse().unwrap());
    builder.import(folder.path()).unwrap();
    builder.build()
}

fn assert_rows(table: &[(&str, &[&str])]) {
    let org = stores();
    for (soql, expected) in table {
        let selection = org.select(soql, Scope::Live).unwrap_or_else(|error| panic!("{soql}: {error}"));
        assert_eq!(rows(&selection), *expected, "{soql}");
    }
}

#[test]
fn date_literals_go_by_the_users_day() {
    assert_rows(&[
        ("SELECT Name FROM Store__c WHERE Opened__c = TODAY", &["Prague", "Brno"]),
        ("SELECT Name FROM Store__c WHERE Opened__c > TODAY", &["Nowhere"]),
        ("SELECT Name FROM Store__c WHERE Opened__c = THIS_FISCAL_YEAR", &["Prague", "Brno", "Nowhere"]),
        ("SELECT Name FROM Store__c WHERE HOUR_IN_DAY(Opened__c) = 22", &["Prague", "Nowhere"]),
        ("SELECT Name FROM Store__c WHERE HOUR_IN_DAY(convertTimezone(Opened__c)) = 0", &["Prague", "Nowhere"]),
        (
            "SELECT Name FROM Store__c WHERE FISCAL_YEAR(convertTimezone(Opened__c)) = 2025",
            &["Prague", "Brno", "Nowhere"],
        ),
        (
            "SELECT DAY_ONLY(convertTimezone(Opened__c)) d, COUNT(Id) FROM Store__c \
             GROUP BY DAY_ONLY(convertTimezone(Opened__c))",
            &["2024-06-01|2", "2024-06-02|1"],
        ),
    ]);
}

#[test]
fn labels_and_formats_are_what_people_read() {
    assert_rows(&[
        ("SELECT toLabel(Kind__c), toLabel(Tags__c) FROM Store__c", &["Big|Ex;y", "Small|", "|"]),
        ("SELECT Name FROM Store__c WHERE toLabel(Kind__c) = 'big'", &["Prague"]),
        (
            "SELECT FORMAT(Sales__c) f, convertCurrency(Sales__c) FROM Store__c",
            &["$1,234.50|1234.5", "|", "-$1.00|-1.0"],
        ),
        ("SELECT toLabel(Kind__c), COUNT(Id) FROM Store__c GROUP BY Kind__c", &["|1", "Big|1", "Small|1"]),
        ("SELECT FORMAT(MAX(Sales__c)) m FROM Store__c", &["$1,234.50"]),
    ]);
}

#[test]
fn distances_filter_and_sort_and_an_incomplete_place_is_none() {
    let vienna = "DISTANCE(Place__c, GEOLOCATION(48.2082, 16.3738), 'km')";
    assert_rows(&[
        (&format!("SELECT Name FROM Store__c WHERE {vienna} < 150"), &["Brno"]),
        (&format!("SELECT Name FROM Store__c WHERE {vienna} > 150"), &["Prague"]),
        (&format!("SELECT Name FROM Store__c ORDER BY {vienna} NULLS LAST"), &["Brno", "Prague", "Nowhere"]),
        ("SELECT DISTANCE(Place__c, Place__c, 'mi') FROM Store__c", &["0.0", "0.0", ""]),
    ]);
    let selection = stores().select(&format!("SELECT {vienna} FROM Store__c LIMIT 1"), Scope::Live).unwrap();
    assert_eq!(selection.columns()[0].name, "expr0");
    let distance: f64 = rows(&selection)[0].parse().unwrap();
    assert!((distance - 251.0).abs() < 2.0, "{distance}");
}

#[test]
fn functions_scopes_and_joins_out_of_place_are_refused() {
    let malformed = |soql: &'static str, message: &'static str| (soql, "MALFORMED_QUERY", message);
    assert_refused(&[
        malformed(
            "SELECT Id FROM Account WHERE HOUR_IN_DAY(Founded__c) = 1",
            "field Founded__c does not support function HOUR_IN_DAY",
        ),
        malformed(
            "SELECT Id FROM Account ORDER BY CALENDAR_YEAR(CreatedDate)",
            "Ordered field must be grouped or aggregated: CreatedDate",
        ),
        malformed(
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = 'x'",
            "Semi join sub-selects are not allowed with the 'OR' operator",
        ),
        malformed(
            "SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
            "The inner and outer selects should not be on the same object type",
        ),
        malformed(
            "SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)",
            "The left operand field in the where expression for outer query should be an id field, cannot use: 'Name'",
        ),
        malformed(
            "SELECT Id FROM Account WHERE Id IN (SELECT LastName FROM Contact)",
            "Semi join sub-selects can only query id fields, cannot use: 'LastName'",
        ),
        malformed(
            "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact))",
            "Nesting of semi join sub-selects is not supported",
        ),
        malformed(
            "SELECT Id FROM Account WHERE Id IN (SELECT WhatId FROM Task)",
            "Entity 'Task' is not supported for semi join inner selects",
        ),
        (
            "SELECT Id FROM Account USING SCOPE my_territory",
            "INVALID_QUERY_SCOPE",
            "The scope 'my_territory' is not supported for entity 'Account'",
        ),
        (
            "SELECT Id FROM Account WHERE CALENDAR_YEAR(CreatedDate) = THIS_YEAR",
            "INVALID_FIELD",
            "value of filter criterion for field 'CreatedDate' must be of type int and should not be enclosed in quotes",
        ),
        malformed(
            "SELECT Id FROM Account UPDATE VIEWSTAT",
            "UPDATE TRACKING and UPDATE VIEWSTAT are only allowed for articles",
        ),
    ]);
    assert!(org().select("SELECT Id FROM Account WITH SECURITY_ENFORCED", Scope::Live).is_ok());
}
