//! Edits of queries mean what they say: what random edited queries select, worked out from their parts.

use std::{collections::BTreeSet, sync::LazyLock};

use orgtap_soql::{Condition, LiteralKind, Path, Query, parse};
use proptest::{prelude::*, sample::select, test_runner::RngSeed};

use crate::world::{World, at, id};

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
