//! Splitting a query by ranges of ids, as the `Sforce-Enable-PKChunking` header asks.

use orgtap_soql::{Comparison, Condition, LiteralKind, Operand, Operator, Path, Query};

use crate::{batch::Chunking, id::Id, org::Org};

/// Returns whether Salesforce splits a query: one without clauses but WHERE, that filters by no id.
pub(super) fn is_possible(query: &Query) -> bool {
    let plain = query.order_by.is_empty() && query.limit.is_none() && query.offset.is_none();
    plain && !query.has_subqueries() && !query.is_aggregate() && !filters_by_id(query)
}

fn filters_by_id(query: &Query) -> bool {
    query.filter.as_ref().is_some_and(names_an_id)
}

fn names_an_id(condition: &Condition) -> bool {
    match condition {
        Condition::And(operands) | Condition::Or(operands) => operands.iter().any(names_an_id),
        Condition::Not(operand) => names_an_id(operand),
        Condition::Comparison(Comparison { left: Operand::Path(path), .. }) => {
            path.segments.last().is_some_and(|name| name.is("Id"))
        }
        Condition::Comparison(_) => false,
    }
}

/// Returns the queries that together read what `query` reads, one for each range of ids.
pub(super) fn split(query: &Query, object: &str, chunking: Chunking, org: &Org) -> Vec<Query> {
    ranges(org.ids(object), chunking)
        .into_iter()
        .map(|(from, to)| {
            let mut part = query.clone();
            part.add_condition(compare(Operator::Ge, from));
            part.add_condition(compare(Operator::Lt, to));
            part
        })
        .collect()
}

fn compare(operator: Operator, id: Id) -> Condition {
    let short: String = id.to_string().chars().take(15).collect();
    let path = Path::of("Id").expect("`Id` is a name");
    Condition::compare(path, operator, LiteralKind::string(short))
}

/// Returns ranges of `chunking.size` ids each, whether or not there are records of them, except that long stretches
/// without any are left out.
fn ranges(ids: impl Iterator<Item = Id>, chunking: Chunking) -> Vec<(Id, Id)> {
    let mut ranges: Vec<(Id, Id)> = Vec::new();
    for id in ids.filter(|id| chunking.start.is_none_or(|start| *id >= start)) {
        if ranges.last().is_some_and(|(_, end)| id < *end) {
            continue;
        }
        let from = match ranges.last() {
            Some((_, end)) if id < after(*end, chunking.size) => *end,
            Some(_) => id,
            None => chunking.start.filter(|start| id < after(*start, chunking.size)).unwrap_or(id),
        };
        ranges.push((from, after(from, chunking.size)));
    }
    ranges
}

/// Returns the id `by` ids later.
fn after(id: Id, by: u64) -> Id {
    Id::of(id.key_prefix(), id.pod(), id.sequence().saturating_add(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sequence: u64) -> Id {
        Id::of(*b"001", *b"300", sequence)
    }

    fn query(soql: &str) -> Query {
        orgtap_soql::parse(soql).unwrap()
    }

    #[test]
    fn ranges_follow_on_each_other_and_leave_out_long_gaps() {
        let chunking = Chunking { size: 10, start: None };

        let ranges = ranges([1, 2, 12, 25, 90].into_iter().map(id), chunking);

        assert_eq!(ranges, [(id(1), id(11)), (id(11), id(21)), (id(21), id(31)), (id(90), id(100))]);
    }

    #[test]
    fn boundaries_are_those_of_the_documentation() {
        let first = Id::of(*b"001", *b"300", 0);

        let short: String = after(first, 250_000).to_string().chars().take(15).collect();

        assert_eq!(short, "00130000000132G");
    }

    #[test]
    fn order_limits_and_filters_by_id_forbid_splitting() {
        for soql in [
            "SELECT Id FROM Account ORDER BY Name",
            "SELECT Id FROM Account LIMIT 5",
            "SELECT Id FROM Account WHERE Id > '001000000000000'",
            "SELECT Id FROM Account WHERE Owner.Id = '005000000000000'",
            "SELECT COUNT(Id) FROM Account",
        ] {
            assert!(!is_possible(&query(soql)), "{soql}");
        }
        assert!(is_possible(&query("SELECT Id FROM Account WHERE Name LIKE 'A%'")));
    }
}
