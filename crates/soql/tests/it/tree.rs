//! Trees made at random: all that the grammar allows, within a size that is quick to test.

use orgtap_soql::{
    Argument, Binding, Call, CategoryFilter, CategorySelector, Comparison, Condition, Count, DateLiteral, Direction,
    ForClause, ForKind, GroupBy, GroupKind, Literal, LiteralKind, Name, Nulls, Operand, Operator, OrderItem, Path,
    Period, Query, Scope, SelectItem, Source, Span, TypeOf, TypeOfBranch, UpdateClause, UpdateKind, Value, With,
    WithKind,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

const NO_SPAN: Span = Span { start: 0, end: 0 };

/// Names, many of them keywords elsewhere.
const NAMES: [&str; 20] = [
    "Id", "Name", "Limit__c", "ns__X__r", "Order", "Offset", "Format", "Update", "All", "For", "View", "End", "Else",
    "Count", "USD5", "TODAY", "Scope", "Data", "Fields", "a",
];
const OBJECTS: [&str; 5] = ["Account", "Order", "Group", "Case", "ns__X__c"];
const ALIASES: [&str; 5] = ["x", "total", "Year", "Avg", "distinct"];

fn name(names: &'static [&'static str]) -> impl Strategy<Value = Name> {
    select(names).prop_map(|text| Name { text: text.to_owned(), span: NO_SPAN })
}

fn path() -> impl Strategy<Value = Path> {
    vec(name(&NAMES), 1..4).prop_map(|segments| Path { segments })
}

fn alias() -> impl Strategy<Value = Option<Name>> {
    option::of(name(&ALIASES))
}

fn typed(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(texts).prop_map(str::to_owned)
}

fn spanless(kind: impl Strategy<Value = LiteralKind>) -> impl Strategy<Value = Literal> {
    kind.prop_map(|kind| Literal { kind, span: NO_SPAN })
}

/// Text or a number; a word stands for a field in the arguments of a function.
fn plain_literal() -> impl Strategy<Value = LiteralKind> {
    prop_oneof![
        any::<String>().prop_map(LiteralKind::String),
        typed(&["5", "-1.50", "+3", ".5", "007"]).prop_map(LiteralKind::Number),
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    let amount = typed(&["5", "5.25", "-3", "-3.50"]);
    let currency = (typed(&["USD", "eur"]), amount);
    spanless(prop_oneof![
        2 => plain_literal(),
        1 => any::<bool>().prop_map(LiteralKind::Boolean),
        1 => Just(LiteralKind::Null),
        1 => typed(&["2024-02-29", "1700-01-01"]).prop_map(LiteralKind::Date),
        1 => typed(&["2024-05-31T10:00:00Z", "2024-05-31T10:00:00.123+05:30"]).prop_map(LiteralKind::DateTime),
        1 => typed(&["10:00:00.000Z"]).prop_map(LiteralKind::Time),
        1 => currency.prop_map(|(iso, amount)| LiteralKind::Currency { iso, amount }),
        1 => date_literal().prop_map(LiteralKind::DateLiteral),
    ])
}

fn date_literal() -> impl Strategy<Value = DateLiteral> {
    let period = select(&[
        Period::Day,
        Period::Week,
        Period::Month,
        Period::Quarter,
        Period::Year,
        Period::FiscalQuarter,
        Period::FiscalYear,
    ]);
    (period, any::<u32>(), 0..8).prop_map(|(period, count, kind)| match kind {
        0 => DateLiteral::Last(period),
        1 => DateLiteral::This(period),
        2 => DateLiteral::Next(period),
        3 => DateLiteral::LastN(period, count),
        4 => DateLiteral::NextN(period, count),
        5 => DateLiteral::Ago(period, count),
        6 => DateLiteral::Last90Days,
        _ => DateLiteral::Next90Days,
    })
}

/// The pattern of a LIKE, with every escape that it can hold.
fn pattern() -> impl Strategy<Value = Literal> {
    let pieces = vec(select(&["a", "%", "_", r"\%", r"\_", r"\\", "'", "\"", "\n", "é😀"]), 0..6);
    spanless(pieces.prop_map(|pieces| LiteralKind::String(pieces.concat())))
}

fn call() -> impl Strategy<Value = Call> {
    let call_of = |first: BoxedStrategy<Argument>| {
        let second = option::of(spanless(plain_literal()).prop_map(Argument::Literal));
        let function = name(&["toLabel", "FORMAT", "CALENDAR_YEAR", "newFunction"]);
        (function, first, second).prop_map(|(function, first, second)| Call {
            function,
            arguments: [first].into_iter().chain(second).collect(),
            span: NO_SPAN,
        })
    };
    let flat = call_of(path().prop_map(Argument::Path).boxed()).boxed();
    let bare = Just(Call {
        function: Name { text: "newFunction".to_owned(), span: NO_SPAN },
        arguments: Vec::new(),
        span: NO_SPAN,
    });
    prop_oneof![2 => flat.clone(), 1 => bare, 1 => call_of(flat.prop_map(Argument::Call).boxed())]
}

fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![3 => path().prop_map(Operand::Path), 1 => call().prop_map(Operand::Call)]
}

fn comparison(subquery: BoxedStrategy<Query>) -> impl Strategy<Value = Comparison> {
    let single = select(&[Operator::Eq, Operator::Ne, Operator::Lt, Operator::Le, Operator::Gt, Operator::Ge]);
    let list = select(&[Operator::In, Operator::NotIn, Operator::Includes, Operator::Excludes]);
    let join = select(&[Operator::In, Operator::NotIn]);
    let right = prop_oneof![
        6 => (single, literal()).prop_map(|(operator, literal)| (operator, Value::Literal(literal))),
        2 => pattern().prop_map(|pattern| (Operator::Like, Value::Literal(pattern))),
        2 => (list, vec(literal(), 1..4)).prop_map(|(operator, list)| (operator, Value::List(list))),
        1 => (join, subquery).prop_map(|(operator, query)| (operator, Value::Subquery(Box::new(query)))),
    ];
    (operand(), right).prop_map(|(left, (operator, right))| Comparison { left, operator, right, span: NO_SPAN })
}

/// Joins leaves by AND, OR and NOT at random.
pub(crate) fn logic(leaf: impl Strategy<Value = Condition> + 'static) -> impl Strategy<Value = Condition> {
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Condition::And),
            vec(inner.clone(), 2..4).prop_map(Condition::Or),
            inner.prop_map(Condition::negate),
        ]
    })
}

fn condition(subquery: BoxedStrategy<Query>) -> impl Strategy<Value = Condition> {
    logic(comparison(subquery).prop_map(Condition::Comparison))
}

fn type_of() -> impl Strategy<Value = TypeOf> {
    let branch = (name(&OBJECTS), vec(path(), 1..3)).prop_map(|(object, fields)| TypeOfBranch { object, fields });
    (path(), vec(branch, 1..3), vec(path(), 0..2)).prop_map(|(relationship, branches, otherwise)| TypeOf {
        relationship,
        branches,
        otherwise,
        span: NO_SPAN,
    })
}

fn select_item(subquery: BoxedStrategy<Query>) -> impl Strategy<Value = SelectItem> {
    prop_oneof![
        6 => (path(), alias()).prop_map(|(path, alias)| SelectItem::Field { path, alias }),
        2 => (call(), alias()).prop_map(|(call, alias)| SelectItem::Call { call, alias }),
        1 => type_of().prop_map(SelectItem::TypeOf),
        1 => (subquery, alias())
            .prop_map(|(query, alias)| SelectItem::Subquery { query: Box::new(query), alias, span: NO_SPAN }),
    ]
}

fn sources() -> impl Strategy<Value = Vec<Source>> {
    let object = vec(name(&OBJECTS), 1..3).prop_map(|segments| Path { segments });
    vec((object, alias()).prop_map(|(path, alias)| Source { path, alias }), 1..3)
}

fn bindings() -> impl Strategy<Value = Vec<Binding>> {
    vec((name(&NAMES), literal()).prop_map(|(name, value)| Binding { name, value }), 1..3)
}

fn scope() -> impl Strategy<Value = Scope> {
    let lookup = (path(), prop_oneof![Just(Vec::new()), bindings().boxed()]);
    prop_oneof![
        name(&NAMES).prop_map(Scope::Named),
        lookup.prop_map(|(field, bindings)| Scope::Lookup { field, bindings })
    ]
}

fn with() -> impl Strategy<Value = With> {
    let selector = select(&[
        CategorySelector::At,
        CategorySelector::Above,
        CategorySelector::Below,
        CategorySelector::AboveOrBelow,
    ]);
    let category = (name(&NAMES), selector, vec(name(&NAMES), 1..3))
        .prop_map(|(group, selector, categories)| CategoryFilter { group, selector, categories });
    let user = literal().prop_map(|literal| {
        Condition::compare(Path::of("UserId").expect("a name is a path"), Operator::Eq, literal.kind)
    });
    let kind = prop_oneof![
        Just(WithKind::SecurityEnforced),
        Just(WithKind::UserMode),
        Just(WithKind::SystemMode),
        vec(category, 1..3).prop_map(WithKind::DataCategory),
        prop_oneof![Just(Vec::new()), bindings().boxed()].prop_map(WithKind::RecordVisibilityContext),
        logic(user).prop_map(WithKind::Condition),
    ];
    kind.prop_map(|kind| With { kind, span: NO_SPAN })
}

fn group_by() -> impl Strategy<Value = GroupBy> {
    let kind = select(&[GroupKind::Plain, GroupKind::Rollup, GroupKind::Cube]);
    (kind, vec(operand(), 1..3)).prop_map(|(kind, items)| GroupBy { kind, items, span: NO_SPAN })
}

fn order_item() -> impl Strategy<Value = OrderItem> {
    let direction = option::of(select(&[Direction::Ascending, Direction::Descending]));
    let nulls = option::of(select(&[Nulls::First, Nulls::Last]));
    (operand(), direction, nulls).prop_map(|(operand, direction, nulls)| OrderItem { operand, direction, nulls })
}

fn count() -> impl Strategy<Value = Option<Count>> {
    option::of(any::<u64>().prop_map(|value| Count { value, span: NO_SPAN }))
}

fn for_clause() -> impl Strategy<Value = ForClause> {
    select(&[ForKind::View, ForKind::Reference, ForKind::Update]).prop_map(|kind| ForClause { kind, span: NO_SPAN })
}

fn update() -> impl Strategy<Value = UpdateClause> {
    select(&[UpdateKind::Tracking, UpdateKind::Viewstat]).prop_map(|kind| UpdateClause { kind, span: NO_SPAN })
}

/// A query with subqueries down to `depth` levels.
pub(crate) fn query(depth: usize) -> BoxedStrategy<Query> {
    let simple = Just(orgtap_soql::parse("SELECT Id FROM A").expect("it is a query")).boxed();
    let inner = if depth == 0 { simple } else { query(depth - 1) };
    let head =
        (vec(select_item(inner.clone()), 1..4), sources(), option::of(scope()), option::of(condition(inner.clone())));
    let middle = (vec(with(), 0..2), option::of(group_by()), option::of(condition(inner)), vec(order_item(), 0..3));
    let tail = (count(), count(), any::<bool>(), vec(for_clause(), 0..3), vec(update(), 0..3));
    (head, middle, tail)
        .prop_map(|((select, from, scope, filter), (with, group_by, having, order_by), tail)| {
            let (limit, offset, all_rows, for_clauses, update) = tail;
            Query {
                select,
                from,
                scope,
                filter,
                with,
                group_by,
                having,
                order_by,
                limit,
                offset,
                all_rows: all_rows.then_some(NO_SPAN),
                for_clauses,
                update,
                span: NO_SPAN,
            }
        })
        .boxed()
}
