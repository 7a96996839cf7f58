//! What holds for every tree and every text.

use std::collections::HashSet;

use orgtap_soql::{Condition, LiteralKind, Operand, Operator, Path, Query, check, parse};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::tree;

/// Pieces that queries are made of, and some that they are not.
const PIECES: [&str; 72] = [
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "IN",
    "NOT IN",
    "LIKE",
    "INCLUDES",
    "GROUP BY",
    "ROLLUP(",
    "HAVING",
    "ORDER BY",
    "ASC",
    "NULLS LAST",
    "LIMIT",
    "OFFSET",
    "5",
    "ALL ROWS",
    "FOR VIEW",
    "FOR",
    "UPDATE",
    "UPDATE TRACKING",
    "WITH",
    "DATA CATEGORY",
    "AT",
    "SECURITY_ENFORCED",
    "USING SCOPE",
    "USING LOOKUP",
    "BIND",
    "TYPEOF",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "AS",
    "BY",
    "Id",
    "Name",
    "Account",
    "Group",
    "Order",
    "a.b",
    ".",
    ",",
    "(",
    ")",
    "()",
    "(SELECT",
    "COUNT(",
    "DISTANCE(",
    "GEOLOCATION(1,2)",
    "FIELDS(ALL)",
    "=",
    "!=",
    "<",
    "==",
    "&&",
    ":",
    ":x",
    "'x'",
    "'\\",
    "\"",
    "NULL",
    "TODAY",
    "LAST_N_DAYS:7",
    "2024-05-31",
    "USD5.5",
    "//",
    "é😀",
    "SELEKT",
];

/// Valid queries to damage.
const QUERIES: [&str; 5] = [
    "SELECT Id, Account.Name n, COUNT(Id) FROM Contact c, c.Account a WHERE (a = 'x\\'y' OR b LIKE '\\%') AND NOT c IN (1, 2)",
    "SELECT (SELECT Id FROM Kids LIMIT 5), TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Event ORDER BY a DESC",
    "SELECT Id FROM A WHERE Id NOT IN (SELECT b FROM C WHERE d = LAST_N_DAYS:7) AND e >= 2024-05-31T10:00:00.000+02:00",
    "SELECT CALENDAR_YEAR(a), MAX(b) FROM A GROUP BY ROLLUP(CALENDAR_YEAR(a)) HAVING MAX(b) > USD5.50 LIMIT 5 OFFSET 10",
    "SELECT DISTANCE(p, GEOLOCATION(1.5, -2), 'km') FROM A USING SCOPE mine WITH DATA CATEGORY g AT (x, y) FOR VIEW",
];

/// Reads `text`; if that works, what it is has to survive printing, else every problem has to lie inside it.
fn check_text(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok(query) => {
            let printed = parse(&query.to_string());
            prop_assert_eq!(printed.as_ref(), Ok(&query));
            for diagnostic in check::api(&query).iter().chain(&check::bulk(&query)) {
                prop_assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some());
            }
        }
        Err(diagnostics) => {
            prop_assert!(!diagnostics.render().is_empty());
            for diagnostic in diagnostics.as_slice() {
                prop_assert!(text.get(diagnostic.span.start..diagnostic.span.end).is_some());
            }
        }
    }
    Ok(())
}

/// Returns whether `condition` holds when exactly the fields of `set` are true; every comparison is `field = TRUE`.
fn holds(condition: &Condition, set: &HashSet<String>) -> bool {
    match condition {
        Condition::And(operands) => operands.iter().all(|operand| holds(operand, set)),
        Condition::Or(operands) => operands.iter().any(|operand| holds(operand, set)),
        Condition::Not(operand) => !holds(operand, set),
        Condition::Comparison(comparison) => match &comparison.left {
            Operand::Path(path) => set.contains(&path.to_string()),
            Operand::Call(call) => panic!("{call}"),
        },
    }
}

fn boolean_logic() -> impl Strategy<Value = Condition> {
    let leaf = select(&["p", "q", "r", "s"]);
    tree::logic(leaf.prop_map(|name| {
        Condition::compare(Path::of(name).expect("a name is a path"), Operator::Eq, LiteralKind::Boolean(true))
    }))
}

/// Every way in which the four fields can be true or false.
fn assignments() -> impl Iterator<Item = HashSet<String>> {
    (0..16).map(|bits: u8| {
        let fields = ["p", "q", "r", "s"].into_iter().enumerate();
        fields.filter(|(index, _)| bits & (1 << index) != 0).map(|(_, name)| name.to_owned()).collect()
    })
}

fn reparsed(query: &Query) -> Query {
    parse(&query.to_string()).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn what_is_printed_parses_to_the_same_tree(query in tree::query(2)) {
        prop_assert_eq!(reparsed(&query), query);
    }

    #[test]
    fn every_edit_of_every_tree_parses(query in tree::query(1), condition in boolean_logic(), limit in any::<u64>()) {
        let mut query = query;
        query.add_condition(condition);
        query.lower_limit(limit);
        prop_assert_eq!(&reparsed(&query), &query);
        query.replace_select(vec![Path::of("Id").unwrap()]);
        query.drop_order_by();
        prop_assert_eq!(&reparsed(&query), &query);
    }

    #[test]
    fn an_added_condition_means_the_old_one_and_the_new_one(old in boolean_logic(), new in boolean_logic()) {
        let mut query = parse("SELECT Id FROM A LIMIT 5").unwrap();
        query.filter = Some(old.clone());
        query.add_condition(new.clone());
        let joined = reparsed(&query).filter.unwrap();

        for set in assignments() {
            prop_assert_eq!(holds(&joined, &set), holds(&old, &set) && holds(&new, &set));
        }
    }

    #[test]
    fn printing_keeps_the_meaning_of_every_condition(condition in boolean_logic()) {
        let mut query = parse("SELECT Id FROM A").unwrap();
        query.filter = Some(condition.clone());
        let printed = reparsed(&query).filter.unwrap();

        for set in assignments() {
            prop_assert_eq!(holds(&printed, &set), holds(&condition, &set));
        }
    }

    #[test]
    fn conditions_joined_by_constructors_mean_what_they_say(conditions in vec(boolean_logic(), 1..4)) {
        let all = Condition::all(conditions.clone()).unwrap();
        let any = Condition::any(conditions.clone()).unwrap();

        for set in assignments() {
            prop_assert_eq!(holds(&all, &set), conditions.iter().all(|it| holds(it, &set)));
            prop_assert_eq!(holds(&any, &set), conditions.iter().any(|it| holds(it, &set)));
            prop_assert_eq!(holds(&all.clone().negate(), &set), !holds(&all, &set));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        check_text(&text)?;
        check_text(&format!("SELECT Id FROM A WHERE {text}"))?;
    }

    #[test]
    fn any_mixture_of_pieces_is_read_or_refused(pieces in vec(select(&PIECES), 0..40), glue in select(&["", " ", "\n"])) {
        check_text(&pieces.join(glue))?;
        check_text(&format!("SELECT Id FROM A {}", pieces.join(" ")))?;
    }

    #[test]
    fn any_damage_to_a_query_is_read_or_refused(
        query in select(&QUERIES),
        damages in vec((any::<prop::sample::Index>(), 0_usize..6, select(&PIECES)), 1..4),
    ) {
        let mut characters: Vec<char> = query.chars().collect();
        for (index, removed, piece) in damages {
            let start = index.index(characters.len() + 1);
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, piece.chars());
        }
        check_text(&characters.into_iter().collect::<String>())?;
    }
}
