use super::{api, bulk};
use crate::{
    diagnostic::{Diagnostic, Severity},
    parse,
};

/// Each triple is a query and the first problem found in it: the place and what is said about it.
fn assert_finds(check: fn(&crate::Query) -> Vec<Diagnostic>, cases: &[(&str, &str, &str)]) {
    for (text, place, message) in cases {
        let found = check(&parse(text).unwrap());

        let first = found.first().unwrap_or_else(|| panic!("nothing found in {text}"));
        assert_eq!(first.message, *message, "{text}");
        assert_eq!(text.get(first.span.start..first.span.end), Some(*place), "{text}");
    }
}

fn assert_finds_nothing(check: fn(&crate::Query) -> Vec<Diagnostic>, queries: &[&str]) {
    for text in queries {
        assert_eq!(check(&parse(text).unwrap()), [], "{text}");
    }
}

#[test]
fn what_salesforce_refuses_is_found() {
    assert_finds(
        api,
        &[
            ("SELECT Id, a.ID FROM A a", "a.ID", "`a.ID` is selected twice"),
            ("SELECT Id Name FROM A", "Name", "`Name` stands as an alias, and a field takes one with GROUP BY only"),
            ("SELECT FIELDS(ALL) FROM A", "FIELDS(ALL)", "`FIELDS(ALL)` needs a LIMIT of 200 or less"),
            (
                "SELECT FIELDS(CUSTOM) FROM A LIMIT 201",
                "FIELDS(CUSTOM)",
                "`FIELDS(CUSTOM)` needs a LIMIT of 200 or less",
            ),
            (
                "SELECT FIELDS(ALL) FROM A WHERE Id != '1' AND Owner.Id = '2'",
                "FIELDS(ALL)",
                "`FIELDS(ALL)` needs a LIMIT of 200 or less",
            ),
            ("SELECT MAX() FROM A", "MAX()", "wrong use of `MAX`"),
            ("SELECT FORMAT(COUNT(a, b)) FROM A", "COUNT(a, b)", "wrong use of `COUNT`"),
            ("SELECT Id FROM A WHERE DAY_ONLY(a, b) = 1", "DAY_ONLY(a, b)", "wrong use of `DAY_ONLY`"),
            ("SELECT a.b.c.d.e.f.g FROM X", "a.b.c.d.e.f.g", "`a.b.c.d.e.f.g` goes up 6 relationships"),
            (
                "SELECT Id FROM X ORDER BY toLabel(a.b.c.d.e.f.g)",
                "a.b.c.d.e.f.g",
                "`a.b.c.d.e.f.g` goes up 6 relationships",
            ),
            ("SELECT Id FROM A OFFSET 2001", "2001", "OFFSET is 2000 at most"),
            ("SELECT COUNT(Id) FROM A HAVING COUNT(Id) > 1", "COUNT(Id) > 1", "HAVING stands without GROUP BY"),
            (
                "SELECT a FROM A GROUP BY CUBE(a, b, c, d)",
                "GROUP BY CUBE(a, b, c, d)",
                "ROLLUP and CUBE take 3 fields at most",
            ),
            ("SELECT Id FROM A FOR UPDATE", "UPDATE", "`FOR UPDATE` writes to the org, and an extract only reads"),
            ("SELECT Id FROM A FOR VIEW", "VIEW", "`FOR VIEW` writes to the org, and an extract only reads"),
            (
                "SELECT Id FROM A UPDATE VIEWSTAT",
                "VIEWSTAT",
                "`UPDATE VIEWSTAT` writes to the org, and an extract only reads",
            ),
            ("SELECT (SELECT Id, Id FROM Kids) FROM A", "Id", "`Id` is selected twice"),
        ],
    );
}

#[test]
fn what_salesforce_runs_is_let_through() {
    assert_finds_nothing(
        api,
        &[
            "SELECT Id, Account.Id FROM Contact",
            "SELECT Type t, COUNT(Id) FROM A GROUP BY Type",
            "SELECT FIELDS(ALL) FROM A LIMIT 200",
            "SELECT FIELDS(ALL) FROM A WHERE Id IN ('1', '2')",
            "SELECT FIELDS(STANDARD) FROM A",
            "SELECT x.a.b.c.d.e.f FROM A x",
            "SELECT Id FROM A LIMIT 5 OFFSET 2000",
            "SELECT COUNT() FROM A",
        ],
    );
}

#[test]
fn semi_joins_are_held_to_their_rules() {
    assert_finds(
        api,
        &[
            (
                "SELECT Id FROM A WHERE Id IN (SELECT a FROM B) AND Id IN (SELECT a FROM C) AND Id NOT IN (SELECT a FROM D)",
                "Id NOT IN (SELECT a FROM D)",
                "a query takes 2 semi-joins at most",
            ),
            (
                "SELECT Id FROM A WHERE a = 1 OR Id IN (SELECT a FROM B)",
                "Id IN (SELECT a FROM B)",
                "a semi-join does not stand in OR",
            ),
            (
                "SELECT Id FROM A WHERE b.Id IN (SELECT a FROM B)",
                "b.Id",
                "the left side of a semi-join is a field of the queried object itself",
            ),
            (
                "SELECT Id FROM A WHERE Id IN (SELECT a, b FROM B)",
                "SELECT a, b FROM B",
                "a semi-join selects one field, of its own object",
            ),
            (
                "SELECT Id FROM A WHERE Id IN (SELECT x.c FROM B)",
                "SELECT x.c FROM B",
                "a semi-join selects one field, of its own object",
            ),
            (
                "SELECT Id FROM A WHERE Id IN (SELECT ParentId FROM a)",
                "a",
                "a semi-join does not query the object of the query it stands in",
            ),
            (
                "SELECT Id FROM A WHERE Id IN (SELECT WhoId FROM Task)",
                "Task",
                "this object cannot stand in a semi-join",
            ),
            (
                "SELECT Id FROM A WHERE Id IN (SELECT a FROM B WHERE c IN (SELECT d FROM E))",
                "c IN (SELECT d FROM E)",
                "a semi-join holds no other semi-join",
            ),
            ("SELECT Id FROM A WHERE Id IN (SELECT a FROM B LIMIT 1)", "1", "a semi-join has no ORDER BY and no LIMIT"),
        ],
    );
    assert_finds_nothing(
        api,
        &["SELECT Id FROM A x WHERE (x.Id IN (SELECT a FROM B) AND Id NOT IN (SELECT a FROM C)) AND (a = 1 OR b = 2)"],
    );
}

#[test]
fn texts_longer_than_a_filter_takes_are_found() {
    let query = |length: usize| format!("SELECT Id FROM A WHERE a IN ('x', '{}')", "é".repeat(length));

    assert_eq!(api(&parse(&query(4_000)).unwrap()), []);
    assert_eq!(api(&parse(&query(4_001)).unwrap())[0].message, "the text has 4001 characters, and 4000 is the most");
}

#[test]
fn what_the_bulk_api_refuses_is_found() {
    assert_finds(
        bulk,
        &[
            ("SELECT a FROM A GROUP BY a", "GROUP BY a", "the Bulk API takes no GROUP BY"),
            ("SELECT COUNT() FROM A", "COUNT()", "the Bulk API takes no aggregate functions"),
            ("SELECT FORMAT(MIN(a)) FROM A", "FORMAT(MIN(a))", "the Bulk API takes no aggregate functions"),
            ("SELECT Id FROM A OFFSET 5", "5", "the Bulk API takes no OFFSET"),
            ("SELECT TYPEOF a WHEN B THEN c END FROM A", "TYPEOF a WHEN B THEN c END", "the Bulk API takes no TYPEOF"),
            ("SELECT (SELECT Id FROM Kids) FROM A", "(SELECT Id FROM Kids)", "the Bulk API takes no child subqueries"),
            ("SELECT FIELDS(ALL) FROM A", "FIELDS(ALL)", "the Bulk API takes no `FIELDS(ALL)`"),
        ],
    );
    assert_finds_nothing(
        bulk,
        &["SELECT Id, FIELDS(STANDARD), toLabel(a), b.c FROM A WHERE DAY_ONLY(d) = TODAY ALL ROWS"],
    );
}

#[test]
fn what_slows_the_bulk_api_down_is_a_warning() {
    let found = bulk(&parse("SELECT Id FROM A ORDER BY a LIMIT 5").unwrap());

    let warnings: Vec<(Severity, &str)> = found.iter().map(|it| (it.severity, it.message.as_str())).collect();
    assert_eq!(
        warnings,
        [
            (Severity::Warning, "with ORDER BY the Bulk API cannot split the query by primary key"),
            (Severity::Warning, "with LIMIT the Bulk API cannot split the query by primary key"),
        ]
    );
}
