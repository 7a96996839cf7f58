use super::{DEEPEST, LONGEST, Parser, SUBQUERY_LEVELS, parse};
use crate::{
    ast::{Condition, LiteralKind, Operator, Query, SelectItem, Value},
    diagnostic::{Diagnostic, Report, Span},
    token::scan,
};

fn parsed(text: &str) -> Query {
    parse(text).unwrap_or_else(|diagnostics| panic!("{text}\n{}", diagnostics.render()))
}

fn refused(text: &str) -> Vec<Diagnostic> {
    match parse(text) {
        Ok(query) => panic!("{text}\nparsed to {query}"),
        Err(diagnostics) => diagnostics.as_slice().to_vec(),
    }
}

/// Each pair is a query as typed and as it is printed.
fn assert_prints(cases: &[(&str, &str)]) {
    for (typed, printed) in cases {
        let query = parsed(typed);

        assert_eq!(query.to_string(), *printed, "{typed}");
        assert_eq!(parsed(printed), query, "{typed}");
    }
}

/// Each triple is a query, the text that the first problem marks, and what is said about it.
fn assert_refuses(cases: &[(&str, &str, &str)]) {
    for (typed, place, message) in cases {
        let first = refused(typed).remove(0);

        assert_eq!(first.message, *message, "{typed}");
        assert_eq!(typed.get(first.span.start..first.span.end), Some(*place), "{typed}");
    }
}

/// Each triple is a query, what is said about it and what it suggests.
fn assert_suggests(cases: &[(&str, &str, &str)]) {
    for (typed, message, suggestion) in cases {
        let first = refused(typed).remove(0);

        assert_eq!(first.message, *message, "{typed}");
        assert_eq!(first.suggestion.as_deref(), Some(*suggestion), "{typed}");
    }
}

fn only_literal(text: &str) -> LiteralKind {
    match parsed(text).filter {
        Some(Condition::Comparison(comparison)) => match comparison.right {
            Value::Literal(literal) => literal.kind,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_select_item_parses() {
    assert_prints(&[
        ("select id from account", "SELECT id FROM account"),
        ("SELECT Id,Account . Owner.Name FROM Contact", "SELECT Id, Account.Owner.Name FROM Contact"),
        ("SELECT COUNT()FROM Contact", "SELECT COUNT() FROM Contact"),
        ("SELECT COUNT(Id)total, Type t FROM A GROUP BY Type", "SELECT COUNT(Id) total, Type t FROM A GROUP BY Type"),
        ("SELECT FORMAT( MIN ( CloseDate ) ) FROM A", "SELECT FORMAT(MIN(CloseDate)) FROM A"),
        ("SELECT fields(all) FROM A", "SELECT fields(all) FROM A"),
        ("SELECT newFunction(Id, 'x', 5) FROM A", "SELECT newFunction(Id, 'x', 5) FROM A"),
        (
            "SELECT DISTANCE(Place__c, GEOLOCATION(-10.5,+3), 'KM') d FROM A",
            "SELECT DISTANCE(Place__c, GEOLOCATION(-10.5, +3), 'KM') d FROM A",
        ),
        (
            "SELECT Id, (select Id from Contacts c where c.Name='x') kids FROM Account",
            "SELECT Id, (SELECT Id FROM Contacts c WHERE c.Name = 'x') kids FROM Account",
        ),
        (
            "SELECT typeof What when Account then Phone,Name when Group then Id else Name end, Id FROM Event",
            "SELECT TYPEOF What WHEN Account THEN Phone, Name WHEN Group THEN Id ELSE Name END, Id FROM Event",
        ),
    ]);
}

#[test]
fn every_clause_parses() {
    assert_prints(&[
        ("SELECT Id FROM Contact AS c, c.Account a", "SELECT Id FROM Contact c, c.Account a"),
        ("SELECT Id FROM A using scope mine", "SELECT Id FROM A USING SCOPE mine"),
        (
            "SELECT Id FROM A using lookup B.C__c bind Id='1', D=2",
            "SELECT Id FROM A USING LOOKUP B.C__c BIND Id = '1', D = 2",
        ),
        ("SELECT Id FROM A with security_enforced", "SELECT Id FROM A WITH SECURITY_ENFORCED"),
        ("SELECT Id FROM A with user_mode", "SELECT Id FROM A WITH USER_MODE"),
        ("SELECT Id FROM A with system_mode", "SELECT Id FROM A WITH SYSTEM_MODE"),
        ("SELECT Id FROM A WITH UserId='005'", "SELECT Id FROM A WITH UserId = '005'"),
        (
            "SELECT Id FROM A WITH recordVisibilityContext(maxDescriptorPerRecord=100, supportsDomains=true)",
            "SELECT Id FROM A WITH RecordVisibilityContext (maxDescriptorPerRecord = 100, supportsDomains = TRUE)",
        ),
        (
            "SELECT Id FROM A WITH data category G__c at (x__c,y__c) and P__c above_or_below z__c WITH USER_MODE",
            "SELECT Id FROM A WITH DATA CATEGORY G__c AT (x__c, y__c) AND P__c ABOVE_OR_BELOW z__c WITH USER_MODE",
        ),
        (
            "SELECT COUNT(Id) FROM A group by rollup(B, CALENDAR_YEAR(C)) having count(Id)>1",
            "SELECT COUNT(Id) FROM A GROUP BY ROLLUP(B, CALENDAR_YEAR(C)) HAVING count(Id) > 1",
        ),
        ("SELECT COUNT(Id) FROM A GROUP BY cube (B)", "SELECT COUNT(Id) FROM A GROUP BY CUBE(B)"),
        (
            "SELECT Id FROM A order by B asc nulls last, C desc, COUNT(D) nulls first, E",
            "SELECT Id FROM A ORDER BY B ASC NULLS LAST, C DESC, COUNT(D) NULLS FIRST, E",
        ),
        ("SELECT Id FROM A limit 5 offset 10 all rows", "SELECT Id FROM A LIMIT 5 OFFSET 10 ALL ROWS"),
        (
            "SELECT Id FROM A update tracking,viewstat for view for update,reference",
            "SELECT Id FROM A FOR VIEW FOR UPDATE FOR REFERENCE UPDATE TRACKING, VIEWSTAT",
        ),
    ]);
}

#[test]
fn every_operator_and_literal_parses() {
    assert_prints(&[
        ("SELECT Id FROM A WHERE a=1", "SELECT Id FROM A WHERE a = 1"),
        ("SELECT Id FROM A WHERE a<>-1.50", "SELECT Id FROM A WHERE a != -1.50"),
        ("SELECT Id FROM A WHERE a!=null", "SELECT Id FROM A WHERE a != NULL"),
        ("SELECT Id FROM A WHERE a<.5", "SELECT Id FROM A WHERE a < .5"),
        ("SELECT Id FROM A WHERE a<=true", "SELECT Id FROM A WHERE a <= TRUE"),
        ("SELECT Id FROM A WHERE a>2024-02-29", "SELECT Id FROM A WHERE a > 2024-02-29"),
        (
            "SELECT Id FROM A WHERE a>=2024-05-31T10:00:00.000+0200",
            "SELECT Id FROM A WHERE a >= 2024-05-31T10:00:00.000+0200",
        ),
        ("SELECT Id FROM A WHERE a=10:00:00.000Z", "SELECT Id FROM A WHERE a = 10:00:00.000Z"),
        ("SELECT Id FROM A WHERE a like 'x'", "SELECT Id FROM A WHERE a LIKE 'x'"),
        ("SELECT Id FROM A WHERE a in('x',null)", "SELECT Id FROM A WHERE a IN ('x', NULL)"),
        ("SELECT Id FROM A WHERE a not in(USD5)", "SELECT Id FROM A WHERE a NOT IN (USD5)"),
        ("SELECT Id FROM A WHERE a includes('x;y','z')", "SELECT Id FROM A WHERE a INCLUDES ('x;y', 'z')"),
        ("SELECT Id FROM A WHERE a excludes('x')", "SELECT Id FROM A WHERE a EXCLUDES ('x')"),
        ("SELECT Id FROM A WHERE a IN (USD-5.50, eur7.25)", "SELECT Id FROM A WHERE a IN (USD-5.50, eur7.25)"),
        ("SELECT Id FROM A WHERE a IN (today,Last_N_Days:7)", "SELECT Id FROM A WHERE a IN (TODAY, LAST_N_DAYS:7)"),
        ("SELECT Id FROM A WHERE FORMULA('a & \"\\'\"')='x'", "SELECT Id FROM A WHERE FORMULA('a & \"\\'\"') = 'x'"),
        (
            "SELECT Id FROM A WHERE Id not in (select AId from B where c=1)",
            "SELECT Id FROM A WHERE Id NOT IN (SELECT AId FROM B WHERE c = 1)",
        ),
    ]);
}

#[test]
fn every_date_literal_parses_to_itself() {
    let units = ["WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"];
    let mut names: Vec<String> = ["LAST", "THIS", "NEXT"]
        .iter()
        .flat_map(|side| units.map(|unit| format!("{side}_{unit}")))
        .chain(["YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"].map(str::to_owned))
        .collect();
    for unit in units.into_iter().chain(["DAY"]) {
        names.extend([format!("LAST_N_{unit}S:3"), format!("NEXT_N_{unit}S:4"), format!("N_{unit}S_AGO:5")]);
    }

    assert_eq!(names.len(), 44);
    for name in names {
        let literal = only_literal(&format!("SELECT Id FROM A WHERE a = {}", name.to_lowercase()));
        assert!(matches!(literal, LiteralKind::DateLiteral(_)), "{name}");
        assert_eq!(literal.to_string(), name);
    }
}

#[test]
fn names_that_do_not_exist_are_no_date_literals() {
    for name in ["LAST_DAY", "THIS_DAYS", "LAST_N_DAY:3", "N_DAYS:3", "TODAY:3", "LAST_N_DAYS:-3", "LAST_N_DAYS:1.5"] {
        refused(&format!("SELECT Id FROM A WHERE a = {name}"));
    }
}

#[test]
fn keywords_are_names_where_no_clause_begins() {
    assert_prints(&[
        ("SELECT Id FROM Order", "SELECT Id FROM Order"),
        ("SELECT Id FROM Group g", "SELECT Id FROM Group g"),
        ("SELECT Id FROM Group GROUP BY Id", "SELECT Id FROM Group GROUP BY Id"),
        ("SELECT Id FROM Order ORDER BY Order", "SELECT Id FROM Order ORDER BY Order"),
        ("SELECT Group.Name, Order.Limit FROM GroupMember", "SELECT Group.Name, Order.Limit FROM GroupMember"),
        ("SELECT Limit__c, Format, Offset, All FROM A", "SELECT Limit__c, Format, Offset, All FROM A"),
        ("SELECT Id FROM A WHERE Offset = 1 AND Order = 2", "SELECT Id FROM A WHERE Offset = 1 AND Order = 2"),
        ("SELECT Id FROM A ORDER BY For FOR VIEW", "SELECT Id FROM A ORDER BY For FOR VIEW"),
        ("SELECT Id FROM A ORDER BY For UPDATE VIEWSTAT", "SELECT Id FROM A ORDER BY For UPDATE VIEWSTAT"),
        ("SELECT COUNT(Id) distinct FROM A", "SELECT COUNT(Id) distinct FROM A"),
        ("SELECT TYPEOF FROM A", "SELECT TYPEOF FROM A"),
    ]);
}

#[test]
fn parentheses_stay_round_logic_and_go_from_round_comparisons() {
    assert_prints(&[
        ("SELECT Id FROM A WHERE ((a=1))", "SELECT Id FROM A WHERE a = 1"),
        ("SELECT Id FROM A WHERE ((a=1 AND b=2))", "SELECT Id FROM A WHERE a = 1 AND b = 2"),
        ("SELECT Id FROM A WHERE (a=1 AND b=2) AND c=3", "SELECT Id FROM A WHERE (a = 1 AND b = 2) AND c = 3"),
        ("SELECT Id FROM A WHERE a=1 OR (b=2 AND (c=3))", "SELECT Id FROM A WHERE a = 1 OR (b = 2 AND c = 3)"),
        ("SELECT Id FROM A WHERE NOT a=1", "SELECT Id FROM A WHERE NOT a = 1"),
        ("SELECT Id FROM A WHERE NOT a=1 AND NOT(b=2)", "SELECT Id FROM A WHERE (NOT a = 1) AND (NOT b = 2)"),
        ("SELECT Id FROM A WHERE NOT (NOT (a=1 OR b=2))", "SELECT Id FROM A WHERE NOT (NOT (a = 1 OR b = 2))"),
    ]);
}

#[test]
fn comments_and_line_breaks_mean_nothing() {
    let query = parsed("// first\nSELECT Id /* a\n'b' */ , Name\r\n\tFROM A // last");

    assert_eq!(query.to_string(), "SELECT Id, Name FROM A");
}

#[test]
fn text_is_unescaped() {
    let text = |literal: &str| match only_literal(&format!("SELECT Id FROM A WHERE a = {literal}")) {
        LiteralKind::String(text) => text,
        other => panic!("{other:?}"),
    };

    assert_eq!(text(r"''"), "");
    assert_eq!(text(r"'it\'s \''"), "it's '");
    assert_eq!(text(r"'\n\N\r\R\t\T\b\B\f\F'"), "\n\n\r\r\t\t\u{8}\u{8}\u{c}\u{c}");
    assert_eq!(text(r#"'\"\\'"#), "\"\\");
    assert_eq!(text(r"'\u20ac \U20AC'"), "€ €");
    assert_eq!(text(r"'\uD83D\uDE00'"), "😀");
    assert_eq!(text("'SELECT (-- //\n 😀'"), "SELECT (-- //\n 😀");
}

#[test]
fn like_keeps_what_belongs_to_the_pattern() {
    let literal = only_literal(r"SELECT Id FROM A WHERE a LIKE '\%a\_b\\c\'d\u005c%'");

    assert_eq!(literal, LiteralKind::String(r"\%a\_b\\c'd\\%".to_owned()));
}

#[test]
fn wrong_escapes_are_refused_where_they_stand() {
    assert_refuses(&[
        (r"SELECT Id FROM A WHERE a = 'x\y'", r"\y", r"`\y` is not an escape"),
        (r"SELECT Id FROM A WHERE a = 'é\é'", r"\é", r"`\é` is not an escape"),
        (r"SELECT Id FROM A WHERE a = 'x\_'", r"\_", r"`\_` is an escape of LIKE patterns only"),
        (r"SELECT Id FROM A WHERE a = '\u12g4'", r"\u", r"`\u` is not followed by a character's number"),
        (r"SELECT Id FROM A WHERE a = '\u+123'", r"\u", r"`\u` is not followed by a character's number"),
        (r"SELECT Id FROM A WHERE a = '\uD83D'", r"\u", r"`\u` is not followed by a character's number"),
        (r"SELECT Id FROM A WHERE a = '\uD83D\u0041'", r"\u", r"`\u` is not followed by a character's number"),
    ]);
}

#[test]
fn mistakes_are_reported_where_they_are() {
    assert_refuses(&[
        ("", "", "expected `SELECT`, but the query ends"),
        ("SELECT", "", "expected a field, but the query ends"),
        ("SELECT Id", "", "expected `FROM`, but the query ends"),
        ("SELECT Id FROM", "", "expected an object, but the query ends"),
        ("SELECT 5 FROM A", "5", "expected a field, found `5`"),
        ("SELECT a..b FROM A", ".", "expected a name after `.`, found `.`"),
        ("SELECT Id FROM ORDER BY Name", "ORDER", "expected an object, found `ORDER`"),
        ("SELECT Id FROM A WHERE", "", "expected a field, but the query ends"),
        ("SELECT Id FROM A WHERE LIMIT 5", "LIMIT", "expected a field, found `LIMIT`"),
        ("SELECT Id FROM A WHERE a = ", "", "expected a value, but the query ends"),
        ("SELECT Id FROM A WHERE (a = 1 LIMIT 5", "(", "`(` is not closed"),
        ("SELECT Id FROM A WHERE (a = 1 b = 2)", "b", "expected `)`, found `b`"),
        ("SELECT Id FROM A WHERE a = 1) AND b = 2", ")", "`)` closes nothing"),
        ("SELECT Id FROM A WHERE a IN ()", ")", "expected a value, found `)`"),
        ("SELECT Id FROM A WHERE a LIKE 5", "5", "expected text in quotes, found `5`"),
        ("SELECT Id FROM A LIMIT -1", "-1", "expected a whole number, found `-1`"),
        (
            "SELECT Id FROM A LIMIT 99999999999999999999",
            "99999999999999999999",
            "expected a whole number, found `99999999999999999999`",
        ),
        ("SELECT Id FROM A ORDER BY a NULLS", "", "expected `FIRST` or `LAST`, but the query ends"),
        ("SELECT Id FROM A FOR EVER", "EVER", "expected `VIEW`, `REFERENCE` or `UPDATE`, found `EVER`"),
        ("SELECT TYPEOF What ELSE Id END FROM A", "ELSE", "expected `WHEN`, found `ELSE`"),
        ("SELECT Id FROM A WHERE a = 'x", "'", "the text is not closed"),
        ("SELECT Id /* x FROM A", "/*", "the comment is not closed"),
        ("SELECT Id FROM A WHERE a = 5x", "5x", "`5x` is not a number"),
        ("SELECT Id FROM A WHERE a = 1e5", "1e5", "`1e5` is not a number"),
        ("SELECT Id FROM A WHERE a = 2024-13-01", "2024-13-01", "`2024-13-01` is not a date, a datetime or a time"),
        ("SELECT Größe__c FROM A", "Größe__c", "`Größe__c` is not a name"),
        ("SELECT Id FROM A WHERE a ^ 1", "^", "unexpected `^`"),
    ]);
}

#[test]
fn known_mistakes_come_with_a_suggestion() {
    assert_suggests(&[
        ("SELEKT Id FROM A", "unexpected `SELEKT`", "did you mean `SELECT`?"),
        ("SELECT Id, Name FORM Account LIMIT 5", "unexpected `FORM`", "did you mean `FROM`?"),
        ("SELECT Id FROM A WHER a = 1", "unexpected `WHER`", "did you mean `WHERE`?"),
        ("SELECT Id FROM A a WHRE a = 1", "unexpected `WHRE`", "did you mean `WHERE`?"),
        ("SELECT Id FROM A orderby a", "unexpected `orderby`", "did you mean `ORDER BY`?"),
        ("SELECT Id FROM A LIMT 5", "unexpected `LIMT`", "did you mean `LIMIT`?"),
        ("SELECT Id FROM A ORDER a", "expected `BY` after `ORDER`", "write `ORDER BY`"),
        ("SELECTId FROM A", "expected `SELECT`, found `SELECTId`", "put a blank after `SELECT`"),
        ("SELECT Id FROMAccount", "expected `FROM`, but the query ends", "put a blank after `FROM`"),
        ("SELECT Id, FROM A", "expected a field, found `FROM`", "leave out the comma before it"),
        ("SELECT Id a Name FROM A", "expected `,` or `FROM`, found `Name`", "put a comma before `Name`"),
        ("SELECT Id AS a FROM A", "`AS` does not stand in a SELECT list", "leave it out: the alias follows the field"),
        ("SELECT Id FROM A WHERE a IN ('x',)", "expected a value, found `)`", "leave out the comma before it"),
        ("SELECT Id FROM A WHERE a == 1", "`==` is not an operator of SOQL", "write `=`"),
        ("SELECT Id FROM A WHERE a => 1", "`=>` is not an operator of SOQL", "write `>=`"),
        ("SELECT Id FROM A WHERE a = 1 && b = 2", "`&&` is not an operator of SOQL", "write `AND`"),
        ("SELECT Id FROM A WHERE a = 1 || b = 2", "`||` is not an operator of SOQL", "write `OR`"),
        ("SELECT Id FROM A WHERE !a", "unexpected `!`", "write `NOT`"),
        ("SELECT Id FROM A;", "unexpected `;`", "leave it out: nothing stands after a query"),
        ("[SELECT Id FROM A]", "unexpected `[`", "leave it out: brackets belong to Apex"),
        (
            "SELECT * FROM A",
            "unexpected `*`",
            "name the fields or write `FIELDS(STANDARD)`; to count records write `COUNT()`",
        ),
        ("SELECT Id FROM A WHERE a = \"o'x\"", "text stands in single quotes, not `\"o'x\"`", r"write `'o\'x'`"),
        ("SELECT Id FROM A WHERE a = ‘x’", "text stands in single quotes, not `‘x’`", "write `'x'`"),
        (
            "SELECT Id FROM A WHERE a = foo",
            "expected a value, found `foo`",
            "if it is text, write `'foo'`; a field is compared with values, not with other fields",
        ),
        ("SELECT Id FROM A WHERE a = TODAI", "expected a value, found `TODAI`", "did you mean `TODAY`?"),
        ("SELECT Id FROM A WHERE a = LAST_N_DAYS", "`LAST_N_DAYS` needs a number", "write `LAST_N_DAYS:7`"),
        ("SELECT Id FROM A WHERE a LIK 'x'", "unexpected `LIK`", "did you mean `LIKE`?"),
        ("SELECT Id FROM A WHERE a IS NULL", "expected an operator, found `IS`", "write `= NULL` or `!= NULL`"),
        ("SELECT Id FROM A WHERE a NOT LIKE 'x'", "expected an operator, found `NOT`", "put `NOT` before the field"),
        ("SELECT Id FROM A WHERE a.b", "expected an operator, but the query ends", "compare it, such as `a.b = TRUE`"),
        (
            "SELECT Id FROM A WHERE a = (1, 2)",
            "expected a value, found `(`",
            "write `IN` for a list, and no parentheses round a single value",
        ),
        (
            "SELECT Id FROM A WHERE a IN 'x'",
            "expected `(`, found `'x'`",
            "write the values of `IN` as a list: `IN ('a', 'b')`",
        ),
        (
            "SELECT Id FROM A WHERE a > 2024-05-31T10:00:00",
            "`2024-05-31T10:00:00` is not a date, a datetime or a time",
            "add the time zone: `2024-05-31T10:00:00Z`",
        ),
        (
            "SELECT Id FROM A WHERE a = 1 AND b = 2 OR c = 3",
            "AND and OR stand side by side without parentheses",
            "say which belongs together, such as `(a AND b) OR c`",
        ),
        ("SELECT CALENDARY_YEAR(a) FROM A", "there is no function `CALENDARY_YEAR`", "did you mean `CALENDAR_YEAR`?"),
        (
            "SELECT LeadSourceCOUNT(Name) FROM Lead",
            "there is no function `LeadSourceCOUNT`",
            "put a comma between `LeadSource` and `COUNT`",
        ),
        ("SELECT COUNT(DISTINCT a) FROM A", "`DISTINCT` is not part of SOQL", "write `COUNT_DISTINCT(field)`"),
        ("SELECT COUNT(), Id FROM A", "`COUNT()` does not stand beside other fields", "write `COUNT(Id)`"),
        ("SELECT Id FROM A LIMIT 5 WHERE a = 1", "`WHERE` stands after `LIMIT`", "put it before `LIMIT`"),
        ("SELECT Id FROM A WHERE a = 1 WHERE b = 2", "`WHERE` stands twice", "leave one out"),
    ]);
}

#[test]
fn functions_of_a_special_form_are_held_to_it() {
    let wrong = [
        "SELECT DISTANCE(a, GEOLOCATION(1, 2)) FROM A",
        "SELECT DISTANCE(a, GEOLOCATION(1, 2), 'm') FROM A",
        "SELECT DISTANCE(GEOLOCATION(1, 2), a, 'mi') FROM A",
        "SELECT DISTANCE(a, GEOLOCATION(1), 'mi') FROM A",
        "SELECT GEOLOCATION(1, 2) FROM A",
        "SELECT FIELDS(SOME) FROM A",
        "SELECT Id FROM A WHERE FIELDS(ALL) = 1",
        "SELECT FORMULA('a') FROM A",
        "SELECT Id FROM A WHERE FORMULA(a) = 1",
        "SELECT CALENDAR_YEAR() FROM A",
    ];

    for text in wrong {
        let first = refused(text).remove(0);
        assert!(first.message.starts_with("wrong use of"), "{text}: {}", first.message);
    }
}

#[test]
fn bind_variables_are_refused_whole() {
    let refuse = |bind: &str| {
        let text = format!("SELECT Id FROM A WHERE a = {bind} AND b = 1 LIMIT 5");
        let all = refused(&text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        assert_eq!(all[0].message, "the API takes no bind variables");
        assert_eq!(text.get(all[0].span.start..all[0].span.end), Some(bind));
    };

    refuse(":name");
    refuse(": name");
    refuse(":record.Owner.Name");
    refuse(":names.keySet()");
    refuse(":String.valueOf(x, (y))");
    refuse(":(x, y)");
    refuse(":'x'");
    for text in
        ["SELECT Id FROM A WHERE a IN :ids", "SELECT Id FROM A WHERE a IN (:x, :y)", "SELECT Id FROM A LIMIT :n"]
    {
        assert_eq!(refused(text)[0].message, "the API takes no bind variables", "{text}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let text = "SELECT Id, 5, Name FROM A WHERE a == \"x\" AND b = :c AND d e AND f = 'g\\h' GROUP Name ORDER BY LIMIT x OFFSET 2";

    let places: Vec<&str> =
        refused(text).iter().map(|it| text.get(it.span.start..it.span.end).unwrap_or_default()).collect();

    assert_eq!(places, ["5", "==", "\"x\"", ":c", "e", "\\h", "GROUP", "LIMIT", "x"]);
}

#[test]
fn mistakes_inside_a_subquery_leave_the_rest_readable() {
    let text = "SELECT (SELECT FROM Contacts WHERE a =), 7 FROM A WHERE b IN (SELECT c FROM) AND d =";

    assert_eq!(refused(text).len(), 5, "{:?}", refused(text));
}

#[test]
fn a_mistake_in_parentheses_leaves_what_follows_them_readable() {
    let text = "SELECT COUNT(a b), c d e FROM A WHERE (a =) AND b IN (foo) AND c == 1";

    let places: Vec<&str> =
        refused(text).iter().map(|it| text.get(it.span.start..it.span.end).unwrap_or_default()).collect();

    assert_eq!(places, ["b", "e", ")", "foo", "=="]);
}

#[test]
fn hopeless_text_gives_a_bounded_number_of_diagnostics() {
    let many = refused(&format!("SELECT Id FROM A WHERE {}", "a == 1 AND ".repeat(5_000)));

    assert_eq!(many.len(), 20);
}

#[test]
fn spans_cover_what_was_read() {
    let text = "SELECT Id, COUNT( a.b ) c, (SELECT Id FROM Kids) FROM A WHERE NOT (x.y >= 'é' OR z IN (1, 2)) LIMIT 5 ";
    let at = |span: Span| text.get(span.start..span.end).unwrap();
    let query = parsed(text);

    assert_eq!(at(query.span), text.trim_end());
    let items: Vec<&str> = query.select.iter().map(|item| at(item.span())).collect();
    assert_eq!(items, ["Id", "COUNT( a.b )", "(SELECT Id FROM Kids)"]);
    let SelectItem::Subquery { query: kids, .. } = &query.select[2] else { panic!("{query:?}") };
    assert_eq!(at(kids.span), "SELECT Id FROM Kids");
    let filter = query.filter.unwrap();
    assert_eq!(at(filter.span()), "x.y >= 'é' OR z IN (1, 2)");
    let comparisons: Vec<(&str, Operator)> =
        filter.comparisons().iter().map(|comparison| (at(comparison.span), comparison.operator)).collect();
    assert_eq!(comparisons, [("x.y >= 'é'", Operator::Ge), ("z IN (1, 2)", Operator::In)]);
    assert_eq!(at(query.limit.unwrap().span), "5");
}

#[test]
fn nesting_is_bounded_and_never_overflows_the_stack() {
    let nested = |open: &str, middle: &str, close: &str, depth: usize| {
        format!("{}{middle}{}", open.repeat(depth), close.repeat(depth))
    };
    let query = |condition: String| format!("SELECT Id FROM A WHERE {condition}");
    let shapes: [(usize, &dyn Fn(usize) -> String); 5] = [
        (2 * DEEPEST + 1, &|depth| query(nested("(", "a = 1", ")", depth))),
        (DEEPEST, &|depth| query(nested("NOT (", "a = 1", ")", depth))),
        (DEEPEST, &|depth| format!("SELECT {} FROM A", nested("f(", "a", ")", depth))),
        (DEEPEST / SUBQUERY_LEVELS, &|depth| nested("SELECT Id, (", "SELECT Id FROM A", ") FROM A", depth)),
        (DEEPEST / SUBQUERY_LEVELS, &|depth| {
            format!("SELECT Id FROM A{}", nested(" WHERE Id IN (SELECT Id FROM B", "", ")", depth))
        }),
    ];

    for (deepest, shape) in shapes {
        let query = parsed(&shape(deepest));
        assert_eq!(parsed(&query.to_string()), query);
        for depth in [deepest + 1, 2 * deepest + 2, 3_000] {
            let all = refused(&shape(depth));
            assert_eq!(all.len(), 1, "{all:?}");
            assert_eq!(all[0].message, format!("the query is nested deeper than {DEEPEST} levels"));
        }
    }
}

#[test]
fn text_as_long_as_salesforce_takes_is_read_to_its_end() {
    let fill = |start: &str, piece: &str, end: &str| {
        format!("{start}{}{end}", piece.repeat((LONGEST - start.len() - end.len()) / piece.chars().count()))
    };
    parsed(&fill("SELECT Id", ",a", " FROM A"));
    parsed(&fill("SELECT Id FROM A WHERE a = 1", " AND a = 1", ""));
    parsed(&fill("SELECT Id FROM A WHERE a IN ('x'", ",'y'", ")"));
    parsed(&fill("SELECT Id FROM A WHERE a = '", "😀", "'"));
    parsed(&fill("SELECT Id FROM A", " FOR VIEW", ""));

    for hopeless in
        ["(", ")", "'", "\"", "\\", "a ", "a.", ",", "NOT ", "/*", "(SELECT ", "a(", "x IN (", ":", "😀", "1"]
    {
        refused(&fill("", hopeless, ""));
        refused(&fill("SELECT Id FROM A WHERE ", hopeless, ""));
        refused(&fill("SELECT ", hopeless, ""));
    }
}

#[test]
fn longer_text_is_refused_unread() {
    let text = format!("SELECT Id FROM A WHERE a = '{}'", "x".repeat(LONGEST));

    let all = refused(&text);

    assert_eq!(all.len(), 1);
    assert_eq!(all[0].message, "the query has 100029 characters, and Salesforce reads 100000 at most");
}

/// Counts how often tokens are looked at, instead of measuring time.
#[test]
fn reading_costs_no_more_for_each_token_however_long_the_text_is() {
    const PIECES: [&str; 30] = [
        "(",
        ")",
        "'",
        "''",
        "\"",
        "\\",
        "a ",
        "a.",
        ",",
        "NOT ",
        "/*",
        "--\n",
        "(SELECT ",
        "a(",
        "x IN (",
        ":",
        "😀",
        "1",
        "{",
        "`",
        "BETWEEN ",
        "a BETWEEN 1 AND ",
        "CASE WHEN ",
        "a = ",
        "a = 1 AND ",
        "a == 1 OR ",
        "TODAY(",
        "GROUP BY ",
        "，",
        "JOIN ",
    ];
    let looks_for_each_token = |text: &str| {
        let mut report = Report::default();
        let tokens = scan(text, &mut report);
        let count = tokens.len();
        let mut parser = Parser::new(text, tokens, report);
        drop(parser.query());
        parser.looks.get() / count
    };

    for piece in PIECES {
        for start in ["", "SELECT ", "SELECT Id FROM A WHERE ", "SELECT Id FROM A ORDER BY "] {
            let [short, long] =
                [300, 30_000].map(|times| looks_for_each_token(&format!("{start}{}", piece.repeat(times))));

            assert!(long <= short.max(20) * 2, "{start}{piece}: {short} looks for each token became {long}");
        }
    }
}
