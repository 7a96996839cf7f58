//! GROUP BY, HAVING and aggregates.

use super::{assert_refused, org, rows, select};
use crate::org::Org;

/// Asserts the rows of each query, deleted records left out.
fn assert_rows(org: &Org, table: &[(&str, &[&str])]) {
    for (soql, expected) in table {
        assert_eq!(rows(&select(org, soql)), *expected, "{soql}");
    }
}

/// An org with all three accounts of the fixture alive.
fn alive() -> Org {
    let org = org();
    org.undelete("001000000000003AAA".parse().unwrap()).unwrap();
    org
}

#[test]
fn records_are_gathered_by_fields_parents_and_parts_of_dates() {
    assert_rows(
        &alive(),
        &[
            ("SELECT Name, COUNT(Id) FROM Account GROUP BY Name", &["Acme|2", "Ölwerk|1"]),
            ("SELECT Industry FROM Account GROUP BY Industry", &["", "Banking", "Media"]),
            ("SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name", &["|1", "Acme|1", "Ölwerk|1"]),
            ("SELECT What.Type, COUNT(Id) FROM Contact GROUP BY What.Type", &["|1", "Account|1", "User|1"]),
            (
                "SELECT CALENDAR_YEAR(CreatedDate) y, CALENDAR_MONTH(CreatedDate), COUNT(Id) FROM Account \
                 GROUP BY CALENDAR_YEAR(CreatedDate), CALENDAR_MONTH(CreatedDate)",
                &["2024|1|1", "2024|5|1", "2024|6|1"],
            ),
            (
                "SELECT CALENDAR_YEAR(Founded__c), COUNT(Id) FROM Account GROUP BY Founded__c",
                &["|1", "1999|1", "2020|1"],
            ),
        ],
    );
}

#[test]
fn nulls_are_no_values_of_aggregates_but_a_group_of_their_own() {
    assert_rows(
        &alive(),
        &[
            (
                "SELECT COUNT(Id), COUNT(Revenue__c), COUNT_DISTINCT(Name), SUM(Revenue__c), AVG(Revenue__c), \
                 MIN(Revenue__c), MAX(Rank__c) FROM Account",
                &["3|2|2|98.5|49.25|-2.0|3"],
            ),
            ("SELECT COUNT(Id), SUM(Revenue__c), MIN(Name) FROM Account WHERE Name = 'nobody'", &["0||"]),
            ("SELECT Name, COUNT(Id) FROM Account WHERE Name = 'nobody' GROUP BY Name", &[]),
            ("SELECT Industry, SUM(Revenue__c) FROM Account GROUP BY Industry", &["|", "Banking|100.5", "Media|-2.0"]),
        ],
    );
}

#[test]
fn having_order_limit_and_offset_choose_among_groups() {
    let contacts = |tail: &str| format!("SELECT AccountId, COUNT(Id) n FROM Contact GROUP BY AccountId {tail}");
    let table: [(&str, &[&str]); 7] = [
        ("HAVING COUNT(Id) > 1", &[]),
        ("HAVING MAX(AccountId) != null AND COUNT(AccountId) > 0", &["1|1", "2|1"]),
        ("HAVING AccountId != null AND COUNT(Id) >= 1 ORDER BY AccountId DESC", &["2|1", "1|1"]),
        ("ORDER BY MAX(LastName) DESC", &["1|1", "|1", "2|1"]),
        ("ORDER BY COUNT(Id), AccountId DESC NULLS LAST", &["2|1", "1|1", "|1"]),
        ("ORDER BY AccountId LIMIT 1 OFFSET 1", &["1|1"]),
        ("LIMIT 0", &[]),
    ];
    let org = org();
    for (tail, expected) in table {
        let selection = select(&org, &contacts(tail));
        let short: Vec<String> =
            rows(&selection).iter().map(|row| row.replace("00100000000000", "").replace("AAA", "")).collect();
        assert_eq!(short, expected, "{tail}");
        assert_eq!(selection.total(), expected.len() as u64, "{tail}");
    }
}

#[test]
fn rollup_and_cube_add_subtotals_that_grouping_tells_apart() {
    assert_rows(
        &alive(),
        &[
            (
                "SELECT Name, Industry, GROUPING(Name), GROUPING(Industry) i, COUNT(Id) FROM Account \
                 GROUP BY ROLLUP(Name, Industry)",
                &["Acme|Banking|0|0|1", "acme|Media|0|0|1", "Acme||0|1|2", "Ölwerk||0|0|1", "Ölwerk||0|1|1", "||1|1|3"],
            ),
            (
                "SELECT Name, Active__c, COUNT(Id) FROM Account GROUP BY CUBE(Name, Active__c)",
                &["Acme|true|2", "Acme||2", "Ölwerk|false|1", "Ölwerk||1", "|false|1", "|true|2", "||3"],
            ),
        ],
    );
}

#[test]
fn columns_of_groups_have_the_alias_the_fields_name_or_a_number() {
    let org = org();
    let selection = select(
        &org,
        "SELECT Account.Name, AccountId a, MAX(Id), COUNT(Id) n, FORMAT(MIN(LastName)) FROM Contact \
         GROUP BY Account.Name, AccountId",
    );
    let names: Vec<&str> = selection.columns().iter().map(|column| column.name.as_str()).collect();

    assert_eq!(names, ["Name", "a", "expr0", "n", "expr1"]);
    assert!(selection.is_aggregate() && selection.records(0, 1).all(|row| row.id.is_none()));
}

#[test]
fn what_cannot_be_grouped_or_aggregated_is_refused() {
    let malformed = |soql: &'static str, message: &'static str| (soql, "MALFORMED_QUERY", message);
    assert_refused(&[
        malformed("SELECT Name, Industry FROM Account GROUP BY Name", "Field must be grouped or aggregated: Industry"),
        malformed("SELECT Name, COUNT(Id) FROM Account", "Field must be grouped or aggregated: Name"),
        malformed("SELECT CALENDAR_YEAR(CreatedDate) FROM Account", "Field must be grouped or aggregated: CreatedDate"),
        malformed(
            "SELECT Name FROM Account GROUP BY Name ORDER BY Industry",
            "Ordered field must be grouped or aggregated: Industry",
        ),
        malformed(
            "SELECT Revenue__c FROM Account GROUP BY Revenue__c",
            "field 'Revenue__c' can not be grouped in a query call",
        ),
        malformed("SELECT SUM(Name) FROM Account", "field Name does not support aggregate operator SUM"),
        malformed("SELECT COUNT(Active__c) FROM Account", "field Active__c does not support aggregate operator COUNT"),
        malformed("SELECT Name, MAX(Name) FROM Account GROUP BY Name", "Grouped field should not be aggregated: Name"),
        malformed(
            "SELECT MAX(Name) FROM Account LIMIT 5",
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        malformed("SELECT Name n, MAX(Id) N FROM Account GROUP BY Name", "duplicate alias: N"),
    ]);
}
