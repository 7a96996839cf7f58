//! Forty queries with a watermark and a deletion condition added, as the engine adds them, against rows that are worked out
//! apart from the evaluator.

use orgtap_soql::{Condition, LiteralKind, Operator, Path, parse};

use crate::world::{Account, World, at};

/// The watermark of the incremental condition.
const SINCE: u32 = 8;

/// What accounts are sorted by: whether there is a value, and the value.
type Order = fn(&Account) -> (bool, i64);

/// A query with what it means: which accounts, in which order, how many.
struct Case {
    soql: &'static str,
    holds: fn(&World, &Account) -> bool,
    order: Option<Order>,
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

/// AND, OR and NOT, with and without parentheses.
fn logic() -> Vec<Case> {
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
    ]
}

/// Texts that hold keywords, quotes, wildcards and parentheses.
fn texts() -> Vec<Case> {
    vec![
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
    ]
}

/// Nulls, numbers and multi-select picklists.
fn values() -> Vec<Case> {
    vec![
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
    ]
}

/// Parents, semi-joins and child subqueries.
fn relatives() -> Vec<Case> {
    vec![
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
    ]
}

/// Objects and parents under other names, comments, other clauses.
fn aliases() -> Vec<Case> {
    vec![
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
    ]
}

/// ORDER BY and LIMIT.
fn ordered() -> Vec<Case> {
    vec![
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

fn cases() -> Vec<Case> {
    [logic(), texts(), values(), relatives(), aliases(), ordered()].into_iter().flatten().collect()
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
