use super::{api, bulk, incremental, missing_fields};
use crate::{
    ast::Path,
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
            (
                "SELECT Id FROM A ORDER BY DISTANCE(p, GEOLOCATION(1, 2), 'mi')",
                "DISTANCE(p, GEOLOCATION(1, 2), 'mi')",
                "the Bulk API takes no `DISTANCE`: its places are compound fields",
            ),
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

#[test]
fn what_stands_beside_aggregates_is_grouped_or_aggregated() {
    assert_finds(
        api,
        &[
            ("SELECT a, COUNT(Id) FROM A", "a", "`a` is neither grouped by nor aggregated"),
            ("SELECT x.a, b FROM A x GROUP BY a", "b", "`b` is neither grouped by nor aggregated"),
            (
                "SELECT CALENDAR_YEAR(a) FROM A GROUP BY CALENDAR_MONTH(a)",
                "CALENDAR_YEAR(a)",
                "`CALENDAR_YEAR(a)` is neither grouped by nor aggregated",
            ),
            ("SELECT a FROM A GROUP BY a ORDER BY b", "b", "`b` is neither grouped by nor aggregated"),
            ("SELECT a FROM A GROUP BY a HAVING b > 1", "b", "`b` is neither grouped by nor aggregated"),
            ("SELECT Id FROM A WHERE COUNT(Id) > 1", "COUNT(Id)", "`COUNT(Id)` does not stand in WHERE"),
            (
                "SELECT Id FROM A ORDER BY COUNT(Id)",
                "COUNT(Id)",
                "`COUNT(Id)` does not stand in ORDER BY without GROUP BY",
            ),
            ("SELECT CALENDAR_YEAR(a) FROM A", "CALENDAR_YEAR(a)", "`CALENDAR_YEAR(a)` is selected without GROUP BY"),
            ("SELECT MAX(a) FROM A LIMIT 5", "5", "LIMIT stands with aggregate functions only if there is GROUP BY"),
            ("SELECT COUNT() FROM A GROUP BY a", "COUNT()", "`COUNT()` does not stand with GROUP BY"),
            ("SELECT COUNT() FROM A ORDER BY a", "a", "ORDER BY does not stand with `COUNT()`"),
            (
                "SELECT a, (SELECT Id FROM Kids) FROM A GROUP BY a",
                "(SELECT Id FROM Kids)",
                "a child subquery does not stand beside aggregates",
            ),
            ("SELECT GROUPING(a) FROM A GROUP BY a", "GROUPING(a)", "`GROUPING` stands with ROLLUP and CUBE only"),
            ("SELECT COUNT(1) FROM A", "COUNT(1)", "wrong use of `COUNT`"),
        ],
    );
    assert_finds_nothing(
        api,
        &[
            "SELECT A.a, b.c n, MAX(d), FORMAT(MIN(e)) f FROM A GROUP BY a, A.b.c HAVING COUNT(Id) > 1 ORDER BY n, MAX(d)",
            "SELECT CALENDAR_YEAR(convertTimezone(a)) y FROM A GROUP BY calendar_year(CONVERTTIMEZONE(a))",
            "SELECT CALENDAR_YEAR(a), toLabel(b) FROM A GROUP BY a, b",
            "SELECT a, GROUPING(a), COUNT(Id) FROM A GROUP BY ROLLUP(a) LIMIT 5",
            "SELECT COUNT() FROM A LIMIT 5",
        ],
    );
}

#[test]
fn functions_out_of_place_and_unknown_dates_are_found() {
    assert_finds(
        api,
        &[
            (
                "SELECT Id FROM A WHERE DISTANCE(p, GEOLOCATION(1, 2), 'mi') >= 5",
                "DISTANCE(p, GEOLOCATION(1, 2), 'mi') >= 5",
                "a distance is compared with `<` or `>`, not with `>=`",
            ),
            (
                "SELECT convertTimezone(a) FROM A",
                "convertTimezone(a)",
                "`convertTimezone` stands inside a date function only",
            ),
            (
                "SELECT Id FROM A ORDER BY CALENDAR_YEAR(a)",
                "CALENDAR_YEAR(a)",
                "`CALENDAR_YEAR(a)` does not stand in ORDER BY without GROUP BY",
            ),
            (
                "SELECT toLabel(b), TYPEOF a WHEN B THEN c END FROM A",
                "TYPEOF a WHEN B THEN c END",
                "TYPEOF does not stand beside functions",
            ),
            (
                "SELECT Id FROM A WHERE a > 1699-12-31",
                "1699-12-31",
                "`1699-12-31` is not between the years 1700 and 4000",
            ),
            (
                "SELECT Id FROM A WHERE a IN (4001-01-01T00:00:00Z)",
                "4001-01-01T00:00:00Z",
                "`4001-01-01T00:00:00Z` is not between the years 1700 and 4000",
            ),
        ],
    );
    assert_finds_nothing(
        api,
        &[
            "SELECT Id FROM A WHERE DISTANCE(p, q, 'km') < 5 AND DAY_ONLY(convertTimezone(a)) = TODAY",
            "SELECT Id FROM A WHERE a >= 1700-01-01 AND b <= 4000-12-31T00:00:00Z",
        ],
    );
}

#[test]
fn a_query_reaches_so_far_and_no_further() {
    let parents = |count: usize| {
        let fields: Vec<String> = (0..count).map(|at| format!("p{at}.Name")).collect();
        format!("SELECT {} FROM A", fields.join(", "))
    };
    let children = |count: usize| {
        let kids: Vec<String> = (0..count).map(|at| format!("(SELECT Id FROM Kids{at})")).collect();
        format!("SELECT {} FROM A", kids.join(", "))
    };
    let nested = |levels: usize| format!("{}SELECT Id FROM A{}", "SELECT (".repeat(levels), ") FROM A".repeat(levels));

    assert_finds_nothing(api, &[&parents(55), &children(20), &nested(4)]);
    assert_finds(
        api,
        &[
            (&parents(56), "p55.Name", "the query reaches more than 55 parents"),
            (&children(21), "(SELECT Id FROM Kids20)", "a query takes 20 child subqueries at most"),
            (&nested(5), "SELECT Id FROM A", "child subqueries reach deeper than 5 levels of objects"),
        ],
    );
}

#[test]
fn what_hurts_an_incremental_fetch_is_found() {
    let found = |text: &str| -> Vec<(Severity, String)> {
        let list = incremental(&parse(text).unwrap(), &Path::of("SystemModstamp").unwrap());
        list.into_iter().map(|it| (it.severity, it.message)).collect()
    };
    let warning = |message: &str| vec![(Severity::Warning, message.to_owned())];
    let error = |message: &str| vec![(Severity::Error, message.to_owned())];

    assert_eq!(found("SELECT Id FROM A"), warning("the cursor field `SystemModstamp` is not selected"));
    assert_eq!(found("SELECT a.systemmodstamp FROM A a"), []);
    assert_eq!(found("SELECT FIELDS(STANDARD) FROM A"), []);
    assert_eq!(found("SELECT SystemModstamp FROM A ORDER BY SystemModstamp LIMIT 5"), []);
    let any = "LIMIT takes any of the records, and an incremental fetch never comes back to the others";
    assert_eq!(found("SELECT SystemModstamp FROM A LIMIT 5"), warning(any));
    assert_eq!(found("SELECT SystemModstamp FROM A ORDER BY SystemModstamp DESC LIMIT 5"), warning(any));
    assert_eq!(
        found("SELECT SystemModstamp FROM A OFFSET 5"),
        error("OFFSET leaves records out, others each time, and an incremental fetch never comes back to them")
    );
    assert_eq!(found("SELECT COUNT(Id) FROM A"), error("groups and aggregates cannot be fetched incrementally"));
    let unseen =
        |why: &str| warning(&format!("records come to fulfil this {why}, and an incremental fetch does not see it"));
    let of = |filter: &str| found(&format!("SELECT SystemModstamp FROM A a WHERE {filter}"));
    assert_eq!(of("CloseDate <= TODAY"), unseen("as time passes"));
    assert_eq!(of("Name = 'x' AND CreatedDate = YESTERDAY"), unseen("as time passes"));
    assert_eq!(of("Name = 'x' AND NOT (CreatedDate > TODAY)"), unseen("as time passes"));
    assert_eq!(of("Name = 'x' AND CreatedDate = LAST_N_DAYS:3 AND a.LastModifiedDate = TODAY"), []);
    assert_eq!(of("CloseDate = THIS_MONTH"), unseen("as time passes"));
    assert_eq!(of("a.Account.Type = 'x'"), unseen("as their parents change"));
    assert_eq!(of("AccountId IN (SELECT Id FROM Account)"), unseen("as other records change"));
    assert_eq!(of("a.CreatedDate >= LAST_N_DAYS:30 AND CreatedDate < 2024-01-01T00:00:00Z AND Name IN ('x')"), []);
}

#[test]
fn fields_that_a_query_does_not_return_are_named() {
    let missing = |text: &str| -> Vec<String> {
        let fields = ["Id", "Account.Name"].map(|field| Path::of(field).unwrap());
        missing_fields(&parse(text).unwrap(), &fields).into_iter().map(|it| it.message).collect()
    };

    assert_eq!(missing("SELECT c.ID, Account.Name FROM Contact c"), Vec::<String>::new());
    assert_eq!(
        missing("SELECT AccountId FROM Contact"),
        ["the field `Id` is not selected", "the field `Account.Name` is not selected"]
    );
    assert_eq!(missing("SELECT FIELDS(ALL) FROM Contact"), ["the field `Account.Name` is not selected"]);
}
