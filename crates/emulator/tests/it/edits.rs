//! Edits of queries mean what they say: row sets of edited queries, worked out independently or from their parts.

use std::{collections::BTreeSet, sync::LazyLock};

use orgtap_soql::{Condition, LiteralKind, Operator, Path, Query, parse};
use proptest::{prelude::*, sample::select, test_runner::RngSeed};

use crate::world::{Account, World, at, id};

/// The watermark of the incremental condition.
const SINCE: u32 = 8;

/// A query with what it means: which accounts, in which order, how many.
struct Case {
    soql: &'static str,
    holds: fn(&World, &Account) -> bool,
    order: Option<fn(&Account) -> (bool, i64)>,
    limit: usize,
}

const fn all(soql: &'static str, holds: fn(&World, &Account) -> bool) -> Case {
    Case { soql, holds, order: None, limit: usize::MAX }
}

fn lower(account: &Account) -> String {
    account.name.to_lowercase()
}

fn revenue(account: &Account, test: impl Fn(i64) -> bool) -> bool {
    account.revenue.is_some_and(test)
}

fn by_revenue(account: &Account) -> (bool, i64) {
    (account.revenue.is_some(), account.revenue.unwrap_or_default())
}

fn by_revenue_down(account: &Account) -> (bool, i64) {
    (account.revenue.is_none(), -account.revenue.unwrap_or_default())
}

fn by_age(account: &Account) -> (bool, i64) {
    (false, -i64::from(account.minute))
}

fn has_tag(account: &Account, tag: &str) -> bool {
    account.tags.is_some_and(|tags| tags.split(';').any(|one| one == tag))
}

fn cases() -> Vec<Case> {
    vec![
        all("SELECT Id FROM Account", |_, _| true),
        all("SELECT Id FROM Account WHERE Name = 'Acme' OR Industry = 'Media'", |_, a| {
            lower(a) == "acme" || a.industry == Some("Media")
        }),
        all("SELECT Id FROM Account WHERE (Name = 'Acme' OR Industry = 'Media') OR Active__c = TRUE", |_, a| {
            lower(a) == "acme" || a.industry == Some("Media") || a.is_active
        }),
        all("SELECT Id FROM Account WHERE Name = 'Acme' AND (Industry = 'Media' OR Industry = null)", |_, a| {
            lower(a) == "acme" && (a.industry.is_none() || a.industry == Some("Media"))
        }),
        all("SELECT Id FROM Account WHERE NOT Name = 'Acme'", |_, a| lower(a) != "acme"),
        all("SELECT Id FROM Account WHERE NOT (Name = 'Acme' OR Active__c = true)", |_, a| {
            lower(a) != "acme" && !a.is_active
        }),
        all("SELECT Id FROM Account WHERE (NOT Industry = 'AND') OR Revenue__c > 3", |_, a| {
            a.industry != Some("AND") || revenue(a, |it| it > 3)
        }),
        all("SELECT Id FROM Account WHERE Name = 'OR'", |_, a| a.name == "OR"),
        all("SELECT Id FROM Account WHERE Name = 'WHERE x LIMIT 5' OR Name = 'it\\'s (AND) so'", |_, a| {
            a.name == "WHERE x LIMIT 5" || a.name == "it's (AND) so"
        }),
        all("SELECT Id FROM Account WHERE Name LIKE '%LIMIT 5'", |_, a| a.name == "WHERE x LIMIT 5"),
        all("SELECT Id FROM Account WHERE Name LIKE '100\\% %' OR Name LIKE 'a\\_b'", |_, a| {
            a.name == "100% sure" || a.name == "a_b"
        }),
        all("SELECT Id FROM Account WHERE Name LIKE '_cm_'", |_, a| lower(a) == "acme"),
        all("SELECT Id FROM Account WHERE Name IN ('acme', 'ölwerk', 'ORDER BY Name')", |_, a| {
            lower(a) == "acme" || a.name == "Ölwerk"
        }),
        all("SELECT Id FROM Account WHERE Name NOT IN ('acme', 'OR') OR Industry IN (null, 'AND')", |_, a| {
            !["acme", "or"].contains(&lower(a).as_str()) || matches!(a.industry, None | Some("AND"))
        }),
        all("SELECT Id FROM Account WHERE Industry = 'AND' OR Industry = 'Banking'", |_, a| {
            matches!(a.industry, Some("AND" | "Banking"))
        }),
        all("SELECT Id FROM Account WHERE Revenue__c = null OR Revenue__c < 0", |_, a| {
            a.revenue.is_none_or(|it| it < 0)
        }),
        all("SELECT Id FROM Account WHERE Revenue__c != 2", |_, a| a.revenue != Some(2)),
        all("SELECT Id FROM Account WHERE Revenue__c >= -1 AND Revenue__c <= 4.5", |_, a| {
            revenue(a, |it| (-1..=4).contains(&it))
        }),
        all("SELECT Id FROM Account WHERE Tags__c INCLUDES ('a;b', 'c')", |_, a| {
            (has_tag(a, "a") && has_tag(a, "b")) || has_tag(a, "c")
        }),
        all("SELECT Id FROM Account WHERE Tags__c EXCLUDES ('a') OR Active__c = false", |_, a| {
            !has_tag(a, "a") || !a.is_active
        }),
        all("SELECT Id FROM Account WHERE Parent.Name = 'acme' OR Parent.Parent.Active__c = true", |world, a| {
            let parent = world.parent(a);
            parent.is_some_and(|it| lower(it) == "acme")
                || parent.and_then(|it| world.parent(it)).is_some_and(|it| it.is_active)
        }),
        all("SELECT Id FROM Account WHERE Parent.Industry = null", |world, a| {
            world.parent(a).is_none_or(|it| it.industry.is_none())
        }),
        all("SELECT Id FROM Account WHERE ParentId != null AND (Parent.Revenue__c > 0 OR Name = 'OR')", |world, a| {
            world.parent(a).is_some_and(|it| revenue(it, |r| r > 0) || a.name == "OR")
        }),
        all("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName = 'Smith')", |_, a| {
            a.contacts.contains(&"Smith")
        }),
        all(
            "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact WHERE LastName = 'x' OR LastName LIKE 'S%') \
             AND (Active__c = true OR Industry != null)",
            |_, a| !a.contacts.contains(&"Smith") && (a.is_active || a.industry.is_some()),
        ),
        all(
            "SELECT Id, (SELECT Id FROM Contacts WHERE LastName = 'x' OR LastName = 'y' LIMIT 1) FROM Account",
            |_, _| true,
        ),
        all(
            "SELECT Id, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account WHERE Name = 'OR' OR Active__c = true",
            |_, a| a.name == "OR" || a.is_active,
        ),
        all("SELECT a.Id FROM Account a WHERE a.Name = 'Acme' OR a.Industry = 'AND'", |_, a| {
            lower(a) == "acme" || a.industry == Some("AND")
        }),
        all("SELECT Account.Id FROM Account WHERE Account.Active__c = true OR Account.Revenue__c > 5", |_, a| {
            a.is_active || revenue(a, |it| it > 5)
        }),
        all("SELECT p.Name, a.Id FROM Account a, a.Parent p WHERE p.Name = 'OR' OR a.Name = 'OR'", |world, a| {
            a.name == "OR" || world.parent(a).is_some_and(|it| it.name == "OR")
        }),
        all("SELECT Id FROM Account IsDeleted WHERE IsDeleted.Name = 'Acme' OR Revenue__c > 4", |_, a| {
            lower(a) == "acme" || revenue(a, |it| it > 4)
        }),
        all(
            "SELECT Id FROM Account SystemModstamp, SystemModstamp.Parent IsDeleted WHERE IsDeleted.Active__c = true",
            |world, a| world.parent(a).is_some_and(|it| it.is_active),
        ),
        all("select id from ACCOUNT where name = 'acme' or active__C = TRUE all rows", |_, a| {
            lower(a) == "acme" || a.is_active
        }),
        all("SELECT Id FROM Account // WHERE Name = 'x'\nWHERE Active__c = true /* OR */ OR Name = '// x'", |_, a| {
            a.is_active
        }),
        all(
            "SELECT Id FROM Account USING SCOPE everything WHERE Name = 'OR' OR Name = 'a_b' WITH SECURITY_ENFORCED",
            |_, a| a.name == "OR" || a.name == "a_b",
        ),
        Case { order: Some(by_revenue), ..all("SELECT Id FROM Account ORDER BY Revenue__c", |_, _| true) },
        Case {
            order: Some(by_revenue_down),
            ..all(
                "SELECT Id FROM Account WHERE Active__c = true OR Name = 'OR' ORDER BY Revenue__c DESC NULLS LAST",
                |_, a| a.is_active || a.name == "OR",
            )
        },
        Case {
            order: Some(by_age),
            limit: 5,
            ..all(
                "SELECT Id FROM Account WHERE Industry = 'Media' OR Industry = null ORDER BY SystemModstamp DESC LIMIT 5",
                |_, a| matches!(a.industry, None | Some("Media")),
            )
        },
        Case {
            limit: 7,
            ..all("SELECT Id FROM Account WHERE Name = 'ORDER BY x' OR Active__c = false LIMIT 7", |_, a| !a.is_active)
        },
        Case {
            order: Some(by_revenue),
            limit: 3,
            ..all(
                "SELECT Id FROM Account WHERE NOT Name LIKE '%(AND)%' ORDER BY Revenue__c ASC NULLS FIRST LIMIT 3 FOR VIEW",
                |_, a| a.name != "it's (AND) so",
            )
        },
    ]
}

fn compare(field: &str, operator: Operator, value: LiteralKind) -> Condition {
    Condition::compare(Path::of(field).unwrap(), operator, value)
}

fn since(minute: u32) -> Condition {
    compare("SystemModstamp", Operator::Ge, LiteralKind::date_time(&at(minute)).unwrap())
}

fn is_alive() -> Condition {
    compare("IsDeleted", Operator::Eq, LiteralKind::Boolean(false))
}

/// Works out which accounts a case selects of those that also pass `test`.
fn truth(world: &World, case: &Case, test: impl Fn(&Account) -> bool) -> Vec<usize> {
    let mut found: Vec<&Account> = world.accounts.iter().filter(|a| (case.holds)(world, a) && test(a)).collect();
    if let Some(order) = case.order {
        found.sort_by_key(|account| (order(account), account.number));
    }
    found.into_iter().take(case.limit).map(|account| account.number).collect()
}

#[test]
fn incremental_and_deleted_conditions_leave_the_rest_of_forty_queries_as_it_was() {
    let cases = cases();
    assert_eq!(cases.len(), 40);
    for seed in [3, 17, 2_024] {
        let world = World::of(seed, 60);
        for case in &cases {
            let query = parse(case.soql).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));
            let edited = |conditions: &[Condition]| {
                let mut query = query.clone();
                conditions.iter().for_each(|condition| query.add_condition(condition.clone()));
                assert_eq!(parse(&query.to_string()).as_ref(), Ok(&query), "{query}");
                world.ask(&query)
            };

            assert_eq!(edited(&[]), truth(&world, case, |_| true), "{query}");
            assert_eq!(edited(&[since(SINCE)]), truth(&world, case, |a| a.minute >= SINCE), "{query}");
            assert_eq!(edited(&[is_alive()]), truth(&world, case, |a| !a.is_deleted), "{query}");
            let both = truth(&world, case, |a| a.minute >= SINCE && !a.is_deleted);
            assert_eq!(edited(&[since(SINCE), is_alive()]), both, "{query}");
        }
    }
}

static WORLDS: LazyLock<Vec<World>> = LazyLock::new(|| (0..6).map(|seed| World::of(seed * 7_919 + 1, 40)).collect());

/// Conditions of any shape; `{}` stands for what the query calls its object.
fn condition() -> impl Strategy<Value = String> {
    let simple = select(vec![
        "{}Name = 'acme'",
        "{}Name LIKE '%LIMIT%'",
        "{}Name != 'it\\'s (AND) so'",
        "{}Industry = null",
        "{}Industry IN ('Media', 'AND')",
        "{}Revenue__c > 2",
        "{}Revenue__c != 0",
        "{}Active__c = true",
        "{}Tags__c INCLUDES ('a', 'b;c')",
        "{}Parent.Name < 'b'",
        "{}Parent.Revenue__c = null",
        "{}IsDeleted = true",
        "{}SystemModstamp >= 2024-05-01T00:10:00Z",
        "{}Id > '001000000000020'",
    ]);
    simple.prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
        let joined = (prop::collection::vec(inner.clone(), 2..4), select(vec![" AND ", " OR "]));
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

/// Queries of accounts under different names, with different tails.
fn query() -> impl Strategy<Value = Query> {
    let called = select(vec![
        ("", ""),
        (" a", "a."),
        ("", "Account."),
        (" Parent", ""),
        (" Name", "Name."),
        (" Id, Id.Parent IsDeleted", "Id."),
    ]);
    let order =
        select(vec!["", " ORDER BY {}Name", " ORDER BY {}Revenue__c DESC NULLS LAST, {}Id", " ORDER BY {}Parent.Name"]);
    let children = select(vec!["", ", (SELECT Id FROM Contacts WHERE LastName = 'WHERE' LIMIT 1)"]);
    let limit = prop_oneof![2 => Just(None), 1 => (0_u64..30).prop_map(Some)];
    (called, prop::option::of(condition()), order, children, limit).prop_map(
        |((alias, prefix), condition, order, children, limit)| {
            let filter = condition.map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
            let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
            // Under the alias `Parent`, a path through the parent starts with the alias.
            let path = if alias == " Parent" { "Parent." } else { prefix };
            let text = format!("SELECT {{}}Id{children} FROM Account{alias}{filter}{order}{limit}").replace("{}", path);
            parse(&text).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()))
        },
    )
}

/// A condition on paths from the root object, as the engine adds it.
fn added() -> impl Strategy<Value = Condition> {
    condition().prop_map(|text| {
        let query = parse(&format!("SELECT Id FROM X WHERE {}", text.replace("{}", ""))).unwrap();
        query.filter.unwrap()
    })
}

fn set(numbers: Vec<usize>) -> BTreeSet<usize> {
    numbers.into_iter().collect()
}

/// Returns what a query selects, after printing and reading it again.
fn rows(world: &World, query: &Query) -> Vec<usize> {
    let again = parse(&query.to_string()).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()));
    assert_eq!(&again, query);
    world.ask(&again)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_240_501),
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn an_added_condition_selects_what_both_select(query in query(), new in added(), world in 0_usize..6) {
        let world = &WORLDS[world];
        let whole = Query { limit: None, ..query.clone() };
        let mut only_new = Query { filter: None, ..whole.clone() };
        only_new.add_condition(new.clone());
        let mut both = query.clone();
        both.add_condition(new);

        let (old, new) = (rows(world, &whole), set(rows(world, &only_new)));
        let limit = usize::try_from(query.limit.map_or(u64::MAX, |limit| limit.value)).unwrap();
        let expected: Vec<usize> = old.into_iter().filter(|number| new.contains(number)).take(limit).collect();

        prop_assert_eq!(rows(world, &both), expected);
    }

    #[test]
    fn a_lowered_limit_takes_the_first_of_what_was_selected(query in query(), most in 0_u64..30, world in 0_usize..6) {
        let world = &WORLDS[world];
        let mut lowered = query.clone();
        lowered.lower_limit(most);

        let expected: Vec<usize> = rows(world, &query).into_iter().take(usize::try_from(most).unwrap()).collect();

        prop_assert_eq!(rows(world, &lowered), expected);
    }

    #[test]
    fn another_select_list_or_no_order_selects_the_same_records(query in query(), world in 0_usize..6) {
        let world = &WORLDS[world];
        let mut bare = query.clone();
        bare.replace_select(["Parent.Name", "Id", "IsDeleted"].map(|path| Path::of(path).unwrap()).to_vec());
        prop_assert_eq!(rows(world, &bare), rows(world, &query));

        let mut unordered = Query { limit: None, ..query };
        let ordered = set(rows(world, &unordered));
        unordered.drop_order_by();
        prop_assert_eq!(set(rows(world, &unordered)), ordered);
    }

    #[test]
    fn ranges_share_the_records_out_between_them(
        query in query(),
        mut minutes in prop::collection::vec(0_u32..20, 0..4),
        by_id in any::<bool>(),
        world in 0_usize..6,
    ) {
        let world = &WORLDS[world];
        minutes.sort_unstable();
        let field = Path::of(if by_id { "Id" } else { "SystemModstamp" }).unwrap();
        let bound = |minute: &u32| if by_id {
            LiteralKind::string(id(2 * *minute as usize))
        } else {
            LiteralKind::date_time(&at(*minute)).unwrap()
        };
        let bounds: Vec<LiteralKind> = minutes.iter().map(bound).collect();

        prop_assert_eq!(query.split(&field, &bounds).is_some(), query.limit.is_none());
        let whole = Query { limit: None, ..query };
        let mut parts = Vec::new();
        for part in whole.split(&field, &bounds).unwrap() {
            parts.extend(rows(world, &part));
        }

        prop_assert_eq!(parts.len(), set(parts.clone()).len());
        prop_assert_eq!(set(parts), set(rows(world, &whole)));
    }
}
