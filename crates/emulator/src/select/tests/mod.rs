//! What queries answer, over a small org whose records are all in sight.

mod formulas;
mod functions;
mod groups;
mod recorded;
mod scopes;

use std::fs;

use proptest::prelude::*;

use super::{Scope, Selection};
use crate::error::QueryError;
use crate::object::FieldKind;
use crate::org::Org;

/// Two accounts, of which the second has no industry, and one in the recycle bin.
const ACCOUNTS: &str = "\
Id,Name,Industry,Revenue__c,Rank__c,Active__c,Tags__c,Founded__c,Opens__c,Note__c,Code__c,ParentId,OwnerId,IsDeleted,CreatedDate
001000000000001AAA,Acme,Banking,100.5,3,true,a;b,2020-02-29,08:30:00.000Z,long,AbC,,005000000000001AAA,false,2024-05-31T23:59:59.000Z
001000000000002AAA,Ölwerk,,,,false,,,,,abc,001000000000001AAA,005000000000002AAA,false,2024-06-01T00:00:00.000Z
001000000000003AAA,acme,Media,-2,1,true,b;c,1999-12-31,23:59:59.999Z,,x,001000000000002AAA,,true,2024-01-15T10:00:00.000Z
";
const CONTACTS: &str = "\
Id,LastName,AccountId,WhatId
003000000000001AAA,Smith,001000000000001AAA,001000000000002AAA
003000000000002AAA,Jones,001000000000002AAA,005000000000001AAA
003000000000003AAA,Nobody,,
";
const USERS: &str = "Id,Name,Email\n005000000000001AAA,Ada,ada@example.com\n005000000000002AAA,Bob,\n";

fn describes() -> String {
    let field = |name: &str, kind: &str| format!(r#"{{"name":"{name}","type":"{kind}"}}"#);
    let code = r#"{"name":"Code__c","type":"string","caseSensitive":true,"unique":true}"#;
    let reference = |name: &str, to: &str, relationship: &str| {
        format!(r#"{{"name":"{name}","type":"reference","referenceTo":{to},"relationshipName":"{relationship}"}}"#)
    };
    let long = r#"{"name":"Note__c","type":"textarea","length":32000}"#;
    let object = |name: &str, prefix: &str, fields: Vec<String>| {
        format!(r#"{{"name":"{name}","keyPrefix":"{prefix}","fields":[{}]}}"#, fields.join(","))
    };
    let account = [
        ("Id", "id"),
        ("Name", "string"),
        ("Industry", "picklist"),
        ("Revenue__c", "currency"),
        ("Rank__c", "int"),
        ("Active__c", "boolean"),
        ("Tags__c", "multipicklist"),
        ("Founded__c", "date"),
        ("Opens__c", "time"),
        ("IsDeleted", "boolean"),
        ("CreatedDate", "datetime"),
        ("SystemModstamp", "datetime"),
    ];
    let mut account: Vec<String> = account.iter().map(|(name, kind)| field(name, kind)).collect();
    account.extend([
        code.to_owned(),
        long.to_owned(),
        reference("ParentId", r#"["Account"]"#, "Parent"),
        reference("OwnerId", r#"["User"]"#, "Owner"),
    ]);
    let contact = vec![
        field("Id", "id"),
        field("LastName", "string"),
        reference("AccountId", r#"["Account"]"#, "Account"),
        reference("WhatId", r#"["Account","User"]"#, "What"),
    ];
    let user = vec![field("Id", "id"), field("Name", "string"), field("Email", "email")];
    let secret = r#"{"name":"Secret__e","queryable":false,"fields":[{"name":"Id","type":"id"}]}"#.to_owned();
    let objects =
        [object("Account", "001", account), object("Contact", "003", contact), object("User", "005", user), secret];
    format!("[{}]", objects.join(","))
}

fn org() -> Org {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("describes.json", describes()),
        ("Account.csv", ACCOUNTS.to_owned()),
        ("Contact.csv", CONTACTS.to_owned()),
        ("User.csv", USERS.to_owned()),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut builder = Org::builder().starts_at("2024-06-01T12:00:00Z".parse().unwrap());
    let report = builder.import(folder.path()).unwrap();
    assert!(report.skipped.is_empty() && report.notes.is_empty(), "{report:?}");
    builder.build()
}

fn select(org: &Org, soql: &str) -> Selection {
    org.select(soql, Scope::Live).unwrap_or_else(|error| panic!("{soql}: {error}"))
}

/// Returns the rows of a query, the values of each joined by `|`.
fn rows(selection: &Selection) -> Vec<String> {
    let kinds: Vec<FieldKind> = selection.columns().iter().map(|column| column.kind).collect();
    let text = |row: Vec<crate::Value>| {
        row.iter().zip(&kinds).map(|(value, kind)| value.csv(*kind).into_owned()).collect::<Vec<_>>().join("|")
    };
    selection.page(0, u64::MAX).map(text).collect()
}

/// Asserts which accounts meet each condition, by the last digit of their ids, deleted ones among them.
fn assert_accounts(table: &[(&str, &str)]) {
    let org = org();
    for (condition, expected) in table {
        let soql = format!("SELECT Id FROM Account WHERE {condition}");
        let selection = org.select(&soql, Scope::All).unwrap_or_else(|error| panic!("{soql}: {error}"));
        let found: String = rows(&selection).iter().map(|id| char::from(id.as_bytes()[14])).collect();
        assert_eq!(found, *expected, "{condition}");
    }
}

#[test]
fn text_is_compared_without_regard_to_case() {
    assert_accounts(&[
        ("Name = 'ACME'", "13"),
        ("Name != 'acme'", "2"),
        ("Name = 'ÖLWERK'", "2"),
        ("Name > 'b'", "2"),
        ("Name <= 'acme'", "13"),
        ("Name LIKE 'a%'", "13"),
        ("Name LIKE '_LWERK'", "2"),
        ("(NOT Name LIKE '%e')", "2"),
        ("Name IN ('ACME', 'x')", "13"),
        ("Name NOT IN ('ACME', 'x')", "2"),
        ("Code__c = 'abc'", "2"),
        ("Code__c IN ('ABC', 'AbC')", "1"),
    ]);
}

#[test]
fn a_missing_value_equals_nothing_but_null() {
    assert_accounts(&[
        ("Industry = null", "2"),
        ("Industry != null", "13"),
        ("Industry = ''", "2"),
        ("Industry = 'Banking'", "1"),
        ("Industry != 'Banking'", "23"),
        ("Industry IN ('Banking', null)", "12"),
        ("Industry NOT IN ('Banking')", "23"),
        ("(NOT Industry = 'Banking')", "23"),
        ("Revenue__c < 1000", "13"),
        ("(NOT Revenue__c < 1000)", "2"),
        ("Revenue__c = null", "2"),
        ("Active__c = null", "2"),
        ("Active__c != null", "13"),
    ]);
}

#[test]
fn numbers_times_and_dates_have_their_own_order() {
    assert_accounts(&[
        ("Revenue__c > -2.5", "13"),
        ("Revenue__c = -2", "3"),
        ("Revenue__c = 100.50", "1"),
        ("Rank__c >= 3", "1"),
        ("Active__c = TRUE", "13"),
        ("Founded__c = 2020-02-29", "1"),
        ("Founded__c < 2000-01-01", "3"),
        ("Opens__c > 09:00:00.000Z", "3"),
        ("CreatedDate < 2024-06-01T00:00:00Z", "13"),
        ("CreatedDate >= 2024-06-01T02:00:00+02:00", "2"),
        ("CreatedDate = 2024-05-31T23:59:59.000Z", "1"),
        ("CreatedDate = TODAY", "2"),
        ("CreatedDate < TODAY", "13"),
        ("CreatedDate >= YESTERDAY", "12"),
        ("CreatedDate = LAST_N_DAYS:1", "12"),
        ("CreatedDate > LAST_N_DAYS:1", ""),
        ("CreatedDate != THIS_YEAR", ""),
        ("Founded__c = THIS_YEAR", ""),
        ("Founded__c != THIS_YEAR", "123"),
        ("CALENDAR_YEAR(Founded__c) = 2020", "1"),
        ("HOUR_IN_DAY(convertTimezone(CreatedDate)) = 23", "1"),
        ("DAY_ONLY(CreatedDate) = 2024-06-01", "2"),
    ]);
}

#[test]
fn multi_select_picklists_are_compared_by_option() {
    assert_accounts(&[
        ("Tags__c INCLUDES ('b')", "13"),
        ("Tags__c INCLUDES ('A;B')", "1"),
        ("Tags__c INCLUDES ('a;c', 'c')", "3"),
        ("Tags__c EXCLUDES ('a')", "23"),
        ("Tags__c = 'a;b'", "1"),
    ]);
}

#[test]
fn conditions_reach_parents_and_a_missing_parent_has_no_values() {
    assert_accounts(&[
        ("Parent.Name = 'acme'", "2"),
        ("Parent.Parent.Name = 'acme'", "3"),
        ("Parent.Industry = null", "13"),
        ("Parent.Industry != null", "2"),
        ("Owner.Email LIKE '%example.com'", "1"),
        ("Account.Owner.Name = 'Bob'", "2"),
        ("ParentId = '001000000000001'", "2"),
        ("ParentId = null", "1"),
    ]);
}

#[test]
fn conditions_on_the_id_find_exactly_those_records() {
    assert_accounts(&[
        ("Id = '001000000000002AAA'", "2"),
        ("Id IN ('001000000000003AAA', '001000000000001AAA', '001000000000009AAA')", "13"),
        ("Id > '001000000000001AAA'", "23"),
        ("Id >= '001000000000001AAA' AND Id < '001000000000003AAA'", "12"),
        ("Id > '001000000000003AAA'", ""),
        ("Id != '001000000000002AAA'", "13"),
        ("Id = '001000000000001AAA' AND Industry = 'Media'", ""),
        ("Id > '001000000000002AAA' AND Id < '001000000000001AAA'", ""),
        ("Id = '001000000000001AAA' OR Name = 'ölwerk'", "12"),
    ]);
}

#[test]
fn semi_joins_take_the_values_of_another_query() {
    assert_accounts(&[
        ("Id IN (SELECT AccountId FROM Contact)", "12"),
        ("Id NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'Smith')", "23"),
        ("OwnerId IN (SELECT Id FROM User WHERE Name = 'Ada')", "1"),
        ("Id NOT IN (SELECT AccountId FROM Contact WHERE AccountId = null)", "123"),
    ]);
}

#[test]
fn scopes_hide_and_show_deleted_records() {
    let org = org();

    assert_eq!(rows(&select(&org, "SELECT Name FROM Account")), ["Acme", "Ölwerk"]);
    assert_eq!(rows(&select(&org, "SELECT Name FROM Account ALL ROWS")), ["Acme", "Ölwerk", "acme"]);
    assert_eq!(org.select("SELECT Id FROM Account", Scope::All).unwrap().total(), 3);
}

#[test]
fn columns_are_named_and_typed_as_salesforce_spells_them() {
    let org = org();
    let selection =
        select(&org, "select ID, a.owner.NAME, revenue__C, PARENT.Owner.Email, tolabel(industry) from account a");
    let columns: Vec<_> =
        selection.columns().iter().map(|c| (c.header.as_str(), c.name.as_str(), c.kind, c.parent)).collect();

    assert_eq!(
        columns,
        [
            ("Id", "Id", FieldKind::Id, None),
            ("Owner.Name", "Name", FieldKind::String, Some(0)),
            ("Revenue__c", "Revenue__c", FieldKind::Currency, None),
            ("Parent.Owner.Email", "Email", FieldKind::Email, Some(2)),
            ("Industry", "Industry", FieldKind::Picklist, None),
        ]
    );
    let parents: Vec<_> = selection.parents().iter().map(|parent| (parent.name.as_str(), parent.parent)).collect();
    assert_eq!(parents, [("Owner", None), ("Parent", None), ("Owner", Some(1))]);
}

#[test]
fn rows_carry_the_records_their_parents_are() {
    let org = org();
    let selection =
        select(&org, "SELECT LastName, Account.Name, Account.Owner.Name, What.Name, What.Type FROM Contact");
    let records: Vec<_> = selection.records(0, 10).collect();
    let parents = |row: usize| -> Vec<Option<String>> {
        records[row].parents.iter().map(|parent| parent.as_ref().map(|p| format!("{} {}", p.object, p.id))).collect()
    };

    assert_eq!(
        parents(0),
        [Some("Account 001000000000001AAA"), Some("User 005000000000001AAA"), Some("Account 001000000000002AAA")]
            .map(|parent| parent.map(str::to_owned))
    );
    assert_eq!(parents(2), [None, None, None]);
    assert_eq!(rows(&selection), ["Smith|Acme|Ada|Ölwerk|Account", "Jones|Ölwerk|Bob|Ada|User", "Nobody||||"]);
}

#[test]
fn order_limit_and_offset_pick_the_rows() {
    let org = org();
    let table: [(&str, &[&str]); 8] = [
        ("SELECT LastName FROM Contact ORDER BY LastName", &["Jones", "Nobody", "Smith"]),
        ("SELECT LastName FROM Contact ORDER BY Account.Name DESC", &["Nobody", "Jones", "Smith"]),
        ("SELECT LastName FROM Contact ORDER BY Account.Name NULLS LAST", &["Smith", "Jones", "Nobody"]),
        ("SELECT LastName FROM Contact ORDER BY Account.Industry, LastName DESC", &["Nobody", "Jones", "Smith"]),
        ("SELECT LastName FROM Contact LIMIT 2", &["Smith", "Jones"]),
        ("SELECT LastName FROM Contact LIMIT 5 OFFSET 2", &["Nobody"]),
        ("SELECT LastName FROM Contact ORDER BY LastName DESC LIMIT 1 OFFSET 1", &["Nobody"]),
        ("SELECT LastName FROM Contact LIMIT 0", &[]),
    ];
    for (soql, expected) in table {
        let selection = select(&org, soql);
        assert_eq!(rows(&selection), expected, "{soql}");
        assert_eq!(selection.total(), expected.len() as u64, "{soql}");
    }
}

#[test]
fn aggregates_cover_all_records() {
    let org = org();
    let count = select(&org, "SELECT COUNT() FROM Contact WHERE Account.Name != null");
    let selection =
        select(&org, "SELECT COUNT(Id), count(Industry) industries, MAX(CreatedDate), AVG(Revenue__c) FROM Account");
    let headers: Vec<_> = selection.columns().iter().map(|column| column.header.as_str()).collect();

    assert!(count.count_only());
    assert_eq!((count.total(), count.page(0, 10).count()), (2, 0));
    assert_eq!(headers, ["expr0", "industries", "expr1", "expr2"]);
    assert_eq!(rows(&selection), ["2|1|2024-06-01T00:00:00.000Z|100.5"]);
    assert!(selection.is_aggregate() && selection.records(0, 1).next().is_some_and(|row| row.id.is_none()));
}

/// Asserts the code and the last line of the message with which each query is refused.
fn assert_refused(table: &[(&str, &str, &str)]) {
    let org = org();
    for (soql, code, message) in table {
        let QueryError { code: found, message: text } = org.select(soql, Scope::Live).unwrap_err();
        assert_eq!((found, text.lines().last().unwrap_or_default()), (*code, *message), "{soql}");
    }
}

#[test]
fn unknown_names_are_refused_as_salesforce_refuses_them() {
    let help = "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please \
                reference your WSDL or the describe call for the appropriate names.";
    let relationship = "Didn't understand relationship 'Boss' in field path. If you are attempting to use a custom \
                        relationship, be sure to append the '__r' after the custom relationship name. Please reference your \
                        WSDL or the describe call for the appropriate names.";
    let object = "sObject type 'Nope' is not supported. If you are attempting to use a custom object, be sure to append the \
                  '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.";
    let no_column = |entity: &str| format!("No such column 'Nope' on entity '{entity}'. {help}");
    assert_refused(&[
        ("SELECT Nope FROM Account", "INVALID_FIELD", &no_column("Account")),
        ("SELECT Owner.Nope FROM Account", "INVALID_FIELD", &no_column("User")),
        ("SELECT What.Nope FROM Contact", "INVALID_FIELD", &no_column("Name")),
        ("SELECT Id FROM Contact WHERE What.Nope = 1", "INVALID_FIELD", &no_column("Name")),
        ("SELECT Id FROM Account WHERE Nope = 1", "INVALID_FIELD", &no_column("Account")),
        ("SELECT Id FROM Account ORDER BY Nope", "INVALID_FIELD", &no_column("Account")),
        ("SELECT Boss.Name FROM Account", "INVALID_FIELD", relationship),
        ("SELECT Id FROM Nope", "INVALID_TYPE", object),
        ("SELECT Id FROM Secret__e", "INVALID_TYPE_FOR_OPERATION", "entity type Secret__e does not support query"),
    ]);
}

#[test]
fn values_of_the_wrong_type_are_refused_as_salesforce_refuses_them() {
    let wrong = |field: &str, kind: &str, quotes: &str| {
        format!(
            "value of filter criterion for field '{field}' must be of type {kind} and should {quotes} enclosed in quotes"
        )
    };
    let date_time = wrong("CreatedDate", "dateTime", "not be");
    assert_refused(&[
        ("SELECT Id FROM Account WHERE CreatedDate > '2024-01-01T00:00:00Z'", "INVALID_FIELD", &date_time),
        ("SELECT Id FROM Account WHERE CreatedDate > 2024-01-01", "INVALID_FIELD", &date_time),
        (
            "SELECT Id FROM Account WHERE Founded__c > 2024-01-01T00:00:00Z",
            "INVALID_FIELD",
            &wrong("Founded__c", "date", "not be"),
        ),
        ("SELECT Id FROM Account WHERE Revenue__c = '5'", "INVALID_FIELD", &wrong("Revenue__c", "double", "not be")),
        ("SELECT Id FROM Account WHERE Active__c = 'true'", "INVALID_FIELD", &wrong("Active__c", "boolean", "not be")),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", &wrong("Name", "string", "be")),
        ("SELECT Id FROM Account WHERE Name = TODAY", "INVALID_FIELD", &wrong("Name", "string", "be")),
        ("SELECT Id FROM Account WHERE OwnerId = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
        (
            "SELECT Id FROM Account WHERE Name INCLUDES ('x')",
            "INVALID_QUERY_FILTER_OPERATOR",
            "includes or excludes operator only valid on multipicklist field",
        ),
        (
            "SELECT Id FROM Account WHERE Revenue__c LIKE '5%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on currency field",
        ),
    ]);
}

#[test]
fn clauses_that_ask_too_much_are_refused() {
    assert_refused(&[
        ("SELECT Id, ID FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        (
            "SELECT Id FROM Account WHERE Note__c = 'x'",
            "INVALID_FIELD",
            "field 'Note__c' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Account ORDER BY Note__c",
            "INVALID_FIELD",
            "field 'Note__c' can not be sorted in a query call",
        ),
        (
            "SELECT FIELDS(ALL) FROM Account",
            "MALFORMED_QUERY",
            "The SOQL FIELDS function must have a LIMIT of at most 200",
        ),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "Field must be grouped or aggregated: Name"),
    ]);
}

#[test]
fn an_unknown_field_is_pointed_at_as_recorded() {
    let error = org().select("SELECT Bacon__c FROM Account LIMIT 2", Scope::Live).unwrap_err();

    let start = "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on entity";
    assert!(error.message.starts_with(start), "{}", error.message);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Pages of any size, asked for in any order, together are the whole.
    #[test]
    fn pages_add_up_in_any_order(pages in prop::collection::vec((0_u64..3_000, 0_u64..1_500), 1..6), order in 0_usize..3) {
        let org = Org::builder().demo(12_000).build();
        let order = ["", " ORDER BY LastName DESC", " LIMIT 2000 OFFSET 7"][order];
        let soql = format!("SELECT Id FROM Contact WHERE DoNotCall = false{order}");
        let whole: Vec<_> = select(&org, &soql).page(0, u64::MAX).collect();
        let selection = select(&org, &soql);
        for (from, up_to) in pages {
            let expected: Vec<_> = whole.iter().skip(from as usize).take(up_to as usize).cloned().collect();
            prop_assert_eq!(selection.page(from, up_to).collect::<Vec<_>>(), expected);
        }
        prop_assert_eq!(selection.total(), whole.len() as u64);
    }

    /// A condition and its opposite share all records out between them.
    #[test]
    fn a_condition_and_its_opposite_are_complements(condition in condition()) {
        let org = org();
        let count = |condition: &str| {
            org.select(&format!("SELECT Id FROM Account WHERE {condition}"), Scope::All).unwrap().total()
        };
        prop_assert_eq!(count(&format!("({condition})")) + count(&format!("(NOT ({condition}))")), 3);
    }
}

/// Returns conditions of any shape.
fn condition() -> impl Strategy<Value = String> {
    let simple = prop::sample::select(vec![
        "Name = 'acme'",
        "Industry != 'Media'",
        "Revenue__c > 0",
        "Parent.Name LIKE 'a%'",
        "Active__c = true",
        "Tags__c INCLUDES ('a', 'c')",
        "CreatedDate = TODAY",
        "Owner.Email = null",
    ]);
    simple.prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
        let joined = (prop::collection::vec(inner.clone(), 2..4), prop::sample::select(vec![" AND ", " OR "]));
        prop_oneof![
            joined.prop_map(|(parts, word)| parts
                .iter()
                .map(|part| format!("({part})"))
                .collect::<Vec<_>>()
                .join(word)),
            inner.prop_map(|part| format!("NOT ({part})")),
        ]
    })
}
