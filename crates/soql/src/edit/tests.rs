use super::*;
use crate::parse;

fn recent() -> Condition {
    let start = LiteralKind::date_time("2024-05-01T00:00:00Z").unwrap();
    Condition::compare(Path::of("SystemModstamp").unwrap(), Operator::Ge, start)
}

/// Applies `edit` to `typed` and returns the result as printed, which has to parse to the edited tree.
fn edited(typed: &str, edit: impl FnOnce(&mut Query)) -> String {
    let mut query = parse(typed).unwrap();
    edit(&mut query);
    let printed = query.to_string();
    assert_eq!(parse(&printed).unwrap(), query);
    printed
}

#[test]
fn an_added_condition_stands_beside_the_old_one_as_a_whole() {
    let cases = [
        ("", "SystemModstamp >= 2024-05-01T00:00:00Z"),
        ("WHERE a = 1", "a = 1 AND SystemModstamp >= 2024-05-01T00:00:00Z"),
        ("WHERE a = 1 AND b = 2", "a = 1 AND b = 2 AND SystemModstamp >= 2024-05-01T00:00:00Z"),
        ("WHERE a = 1 OR b = 2", "(a = 1 OR b = 2) AND SystemModstamp >= 2024-05-01T00:00:00Z"),
        ("WHERE NOT a = 1", "(NOT a = 1) AND SystemModstamp >= 2024-05-01T00:00:00Z"),
    ];

    for (old, new) in cases {
        let printed = edited(&format!("SELECT Id FROM A {old} LIMIT 5"), |query| query.add_condition(recent()));
        assert_eq!(printed, format!("SELECT Id FROM A WHERE {new} LIMIT 5"));
    }
}

#[test]
fn only_the_condition_of_the_query_itself_changes() {
    let typed = "SELECT Id, (SELECT Id FROM Kids WHERE a = 'WHERE x') FROM A ORDER BY Credit_Limit__c";

    let printed = edited(typed, |query| query.add_condition(recent()));

    assert_eq!(
        printed,
        "SELECT Id, (SELECT Id FROM Kids WHERE a = 'WHERE x') FROM A \
         WHERE SystemModstamp >= 2024-05-01T00:00:00Z ORDER BY Credit_Limit__c"
    );
}

#[test]
fn a_limit_is_set_to_any_value_and_lowered_only_downwards() {
    let set = |old: &str, edit: fn(&mut Query)| edited(&format!("SELECT Id FROM A{old} OFFSET 1"), edit);

    assert_eq!(set("", |query| query.set_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
    assert_eq!(set(" LIMIT 5", |query| query.set_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
    assert_eq!(set("", |query| query.lower_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
    assert_eq!(set(" LIMIT 5", |query| query.lower_limit(7)), "SELECT Id FROM A LIMIT 5 OFFSET 1");
    assert_eq!(set(" LIMIT 9", |query| query.lower_limit(7)), "SELECT Id FROM A LIMIT 7 OFFSET 1");
}

#[test]
fn the_select_list_and_the_order_are_replaced_as_a_whole() {
    let typed = "SELECT COUNT(Id) n, (SELECT Id FROM Kids) FROM A WHERE b = 1 ORDER BY c DESC, d LIMIT 5";

    let printed = edited(typed, |query| {
        query.replace_select(vec![Path::of("Id").unwrap(), Path::of("Owner.Name").unwrap()]);
        query.drop_order_by();
    });

    assert_eq!(printed, "SELECT Id, Owner.Name FROM A WHERE b = 1 LIMIT 5");
}

#[test]
fn an_empty_select_list_is_not_taken() {
    assert_eq!(edited("SELECT Id FROM A", |query| query.replace_select(Vec::new())), "SELECT Id FROM A");
}

#[test]
fn conditions_are_built_without_text() {
    let equals = |value: &str| Condition::compare(Path::of("a").unwrap(), Operator::Eq, LiteralKind::string(value));
    let like = Condition::compare(Path::of("a").unwrap(), Operator::Like, LiteralKind::string(r"100\% \o/ '%"));
    let list = Condition::compare(Path::of("a.b").unwrap(), Operator::NotIn, LiteralKind::string("x"));

    assert_eq!(equals(r"o'neil \ % OR 1=1").to_string(), r"a = 'o\'neil \\ % OR 1=1'");
    assert_eq!(like.to_string(), r"a LIKE '100\% \\o/ \'%'");
    assert_eq!(list.to_string(), "a.b NOT IN ('x')");
    assert_eq!(Condition::all([]), None);
    assert_eq!(Condition::any([equals("x")]), Some(equals("x")));
    let nested = Condition::all([Condition::any([equals("x"), equals("y")]).unwrap(), equals("z").negate()]).unwrap();
    assert_eq!(nested.to_string(), "(a = 'x' OR a = 'y') AND (NOT a = 'z')");
}

#[test]
fn what_is_no_path_or_date_is_refused() {
    for text in ["", "a.", ".a", "a b", "a)", "_a", "1a", "é", "From", "a..b"] {
        assert!(Path::of(text).is_err(), "{text}");
    }
    assert!(LiteralKind::date("2024-05-31T10:00:00Z").is_err());
    assert!(LiteralKind::date_time("2024-05-31").is_err());
    let error = LiteralKind::date("2024-05-31 OR\n1=1").unwrap_err();
    assert_eq!(error.to_string(), "could not use `2024-05-31 OR1=1` as a date in SOQL");
    assert_eq!(error.hint().as_deref(), Some("write it as year, month and day, such as `2024-05-31`"));
}

#[test]
fn any_word_may_head_a_longer_path() {
    assert_eq!(Path::of("Group.Name").unwrap().to_string(), "Group.Name");
}

#[test]
fn an_added_path_starts_at_the_root_whatever_the_query_calls_its_objects() {
    let cases = [
        ("FROM Account", "Owner.Name", "Owner.Name"),
        ("FROM Account a", "Owner.Name", "Owner.Name"),
        ("FROM Account Owner", "Owner.Name", "Owner.Owner.Name"),
        ("FROM Account Name", "Name", "Name"),
        ("FROM Contact c, c.Account Owner", "Owner.Name", "c.Owner.Name"),
        ("FROM Contact, Contact.Account SystemModstamp", "SystemModstamp", "SystemModstamp"),
        ("FROM Order", "Order.Name", "Order.Order.Name"),
        ("FROM Contact Account, Account.Account a", "Account.Name", "Account.Account.Name"),
    ];

    for (from, path, written) in cases {
        let printed = edited(&format!("SELECT Id {from}"), |query| {
            query.add_condition(Condition::compare(Path::of(path).unwrap(), Operator::Ne, LiteralKind::Null));
        });
        assert_eq!(printed, format!("SELECT Id {from} WHERE {written} != NULL"));
        let query = parse(&printed).unwrap();
        let Some(Condition::Comparison(Comparison { left: Operand::Path(left), .. })) = &query.filter else {
            panic!("{printed}")
        };
        assert_eq!(query.field_path(left).join("."), path, "{printed}");
    }
}

#[test]
fn a_condition_finds_its_place_beside_every_other_clause() {
    let clauses = "USING SCOPE mine WITH SECURITY_ENFORCED GROUP BY Name HAVING COUNT(Id) > 1 ORDER BY Name LIMIT 5 \
                   OFFSET 1 ALL ROWS FOR VIEW UPDATE TRACKING";

    let printed = edited(&format!("SELECT Name FROM A {clauses}"), |query| query.add_condition(recent()));

    let expected = clauses.replacen("WITH", "WHERE SystemModstamp >= 2024-05-01T00:00:00Z WITH", 1);
    assert_eq!(printed, format!("SELECT Name FROM A {expected}"));
}

#[test]
fn ranges_hold_every_value_once() {
    let query = parse("SELECT Id FROM Account Id WHERE a = 1 OR b = 2 ORDER BY Name").unwrap();
    let bounds = ["001x", "001z"].map(LiteralKind::string);

    let parts = query.split(&Path::of("Id").unwrap(), &bounds).unwrap();

    let filters: Vec<String> = parts.iter().map(|part| part.filter.as_ref().unwrap().to_string()).collect();
    assert_eq!(
        filters,
        [
            "(a = 1 OR b = 2) AND Id < '001x'",
            "(a = 1 OR b = 2) AND Id >= '001x' AND Id < '001z'",
            "(a = 1 OR b = 2) AND Id >= '001z'",
        ]
    );
    assert_eq!(query.split(&Path::of("Id").unwrap(), &[]), Some(vec![query.clone()]));
}

#[test]
fn what_is_cut_or_counted_as_a_whole_is_not_split() {
    for text in
        ["SELECT Id FROM A LIMIT 5", "SELECT Id FROM A OFFSET 5", "SELECT COUNT() FROM A", "SELECT a FROM A GROUP BY a"]
    {
        assert_eq!(parse(text).unwrap().split(&Path::of("Id").unwrap(), &[]), None, "{text}");
    }
}

#[test]
fn a_pattern_is_built_as_it_is_read() {
    for pattern in [r"%foo\'bar", r"a\", r"\\%", r"\%\_\x", r"100% \o/"] {
        let like = Condition::compare(Path::of("a").unwrap(), Operator::Like, LiteralKind::string(pattern));

        edited("SELECT Id FROM A", |query| query.add_condition(like));
    }
}
