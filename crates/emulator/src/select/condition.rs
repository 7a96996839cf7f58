//! Conditions of WHERE, checked against the fields they name and made ready to be asked of records.

use orgtap_soql::{Comparison, Condition, Literal, LiteralKind, Operand, Operator, Query, Span, Value as Right};

use super::Scope;
use super::Selection;
use super::compare::{Constant, fold};
use super::like::Pattern;
use super::period::Days;
use super::predicate::{List, Predicate, Test};
use super::resolve::{FieldFacts, Resolver};
use super::semi_join;
use super::term::Term;
use crate::error::QueryError;
use crate::object::FieldKind;
use crate::value::Value;

/// What a comparison is about.
pub(super) struct Subject<S> {
    /// Where its values come from.
    pub(super) source: S,
    /// What is known of its values.
    pub(super) facts: FieldFacts,
    pub(super) span: Span,
    /// Whether the values are distances, which are never equal.
    pub(super) distance: bool,
}

/// What the checks of a comparison go by.
#[derive(Clone, Copy)]
struct About<'a> {
    facts: &'a FieldFacts,
    span: Span,
    distance: bool,
    /// The currency that amounts are compared in.
    currency: Option<&'a str>,
}

/// Resolves the left side of a comparison, whose right side may be in a currency.
type Find<'f, S> = &'f mut dyn FnMut(&Operand, Option<&str>) -> Result<Subject<S>, QueryError>;

/// Makes a condition of WHERE ready to be asked of records.
pub(super) fn of_records(
    resolver: Resolver<'_>,
    condition: &Condition,
    scope: Scope,
) -> Result<Predicate<Term>, QueryError> {
    semi_join::check(resolver.query, resolver.text)?;
    predicate(resolver, condition, scope, &mut |operand, currency| of_record(resolver, operand, currency))
}

/// Makes a condition ready, whose subjects `find` resolves.
pub(super) fn predicate<S>(
    resolver: Resolver<'_>,
    condition: &Condition,
    scope: Scope,
    find: Find<'_, S>,
) -> Result<Predicate<S>, QueryError> {
    let mut all = |conditions: &[Condition]| {
        let each = conditions.iter().map(|condition| predicate(resolver, condition, scope, find));
        each.collect::<Result<Vec<_>, _>>()
    };
    Ok(match condition {
        Condition::And(conditions) => Predicate::And(all(conditions)?),
        Condition::Or(conditions) => Predicate::Or(all(conditions)?),
        Condition::Not(condition) => Predicate::Not(Box::new(predicate(resolver, condition, scope, find)?)),
        Condition::Comparison(comparison) => {
            let currency = resolver.currency_of(comparison)?;
            let Subject { source, facts, span, distance } = find(&comparison.left, currency.as_deref())?;
            let about = About { facts: &facts, span, distance, currency: currency.as_deref() };
            let test = test(resolver, about, comparison, scope)?;
            Predicate::Test { subject: source, case_sensitive: facts.case_sensitive, test }
        }
    })
}

/// Resolves what WHERE compares.
fn of_record(resolver: Resolver<'_>, operand: &Operand, currency: Option<&str>) -> Result<Subject<Term>, QueryError> {
    let span = operand.span();
    resolver.check_unconverted(operand, "WHERE")?;
    let term = match operand {
        Operand::Call(call) if call.function.is("FORMULA") => resolver.formula(call)?,
        operand => resolver.term(operand)?,
    };
    if !term.is_distance() && !term.path.field.filterable {
        let message = format!("field '{}' can not be filtered in a query call", term.path.field.name);
        return Err(resolver.refuse("INVALID_FIELD", span, &message));
    }
    let term = match currency {
        Some(code) => resolver.in_currency(term, code),
        None => term,
    };
    Ok(Subject { facts: term.facts.clone(), distance: term.is_distance(), source: term, span })
}

fn test(resolver: Resolver<'_>, subject: About<'_>, comparison: &Comparison, scope: Scope) -> Result<Test, QueryError> {
    let operator = comparison.operator;
    check_operator(resolver, subject, operator)?;
    match &comparison.right {
        Right::Literal(literal) => single(resolver, subject, operator, literal),
        Right::List(literals) if matches!(operator, Operator::Includes | Operator::Excludes) => {
            let groups =
                literals.iter().map(|literal| options(resolver, subject, literal)).collect::<Result<_, _>>()?;
            Ok(if operator == Operator::Includes { Test::Includes(groups) } else { Test::Excludes(groups) })
        }
        Right::List(literals) => {
            let constants = literals.iter().map(|literal| constant(resolver, subject, literal));
            Ok(membership(operator, List::new(constants.collect::<Result<Vec<_>, _>>()?)))
        }
        Right::Subquery(query) => {
            semi_join::check_left(resolver, subject.facts, subject.span)?;
            Ok(membership(operator, joined(resolver, query, scope)?))
        }
    }
}

fn membership(operator: Operator, list: List) -> Test {
    if operator == Operator::In { Test::In(list) } else { Test::NotIn(list) }
}

/// Refuses operators that the field's type does not have.
fn check_operator(resolver: Resolver<'_>, subject: About<'_>, operator: Operator) -> Result<(), QueryError> {
    let kind = subject.facts.kind;
    let is_order = matches!(operator, Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge);
    if subject.distance && !matches!(operator, Operator::Lt | Operator::Gt) {
        let message = "DISTANCE supports only the operators < and >";
        return Err(resolver.refuse("INVALID_QUERY_FILTER_OPERATOR", subject.span, message));
    }
    let is_set = matches!(operator, Operator::Includes | Operator::Excludes);
    let message = match kind {
        FieldKind::MultiPicklist if is_order || operator == Operator::Like => {
            "invalid operator on multipicklist field".to_owned()
        }
        _ if is_set && kind != FieldKind::MultiPicklist => {
            "includes or excludes operator only valid on multipicklist field".to_owned()
        }
        FieldKind::Boolean if is_order => "invalid operator on boolean field".to_owned(),
        _ if operator == Operator::Like && !kind.is_text() => format!("invalid operator on {} field", kind.name()),
        _ => return Ok(()),
    };
    Err(resolver.refuse("INVALID_QUERY_FILTER_OPERATOR", subject.span, &message))
}

/// Makes the test for a single value on the right.
fn single(
    resolver: Resolver<'_>,
    subject: About<'_>,
    operator: Operator,
    literal: &Literal,
) -> Result<Test, QueryError> {
    match (&literal.kind, operator) {
        (LiteralKind::String(pattern), Operator::Like) => return Ok(Test::Like(Pattern::new(pattern))),
        (LiteralKind::DateLiteral(period), _) => {
            if !matches!(subject.facts.kind, FieldKind::Date | FieldKind::DateTime) {
                return Err(wrong_type(resolver, subject));
            }
            return Ok(Test::Days(operator, Days::of(*period, resolver.snapshot.now, &resolver.snapshot.asker)));
        }
        _ => {}
    }
    Ok(match (constant(resolver, subject, literal)?, operator) {
        (Some(constant), operator) => Test::Compare(operator, constant),
        // A boolean is never null: Salesforce takes null for false.
        (None, operator) if subject.facts.kind == FieldKind::Boolean => {
            Test::Compare(operator, Constant::Boolean(false))
        }
        (None, Operator::Ne) => Test::IsNotNull,
        (None, _) => Test::IsNull,
    })
}

/// Returns a literal as the field's type compares it; `None` for null.
fn constant(resolver: Resolver<'_>, subject: About<'_>, literal: &Literal) -> Result<Option<Constant>, QueryError> {
    let kind = subject.facts.kind;
    let bad = || wrong_type(resolver, subject);
    let read = |text: &str, kind: FieldKind| {
        let value = Value::from_csv(text, kind).ok();
        value.and_then(|value| Constant::of(&value, subject.facts.case_sensitive)).ok_or_else(bad)
    };
    let constant = match (&literal.kind, kind) {
        (LiteralKind::Null, _) => return Ok(None),
        (LiteralKind::String(text), FieldKind::Id | FieldKind::Reference) => id(resolver, subject, text)?,
        // Salesforce stores no empty text: it is null.
        (LiteralKind::String(text), _) if kind.is_text() && text.is_empty() => return Ok(None),
        (LiteralKind::String(text), _) if kind.is_text() => {
            Constant::Text(if subject.facts.case_sensitive { text.clone() } else { fold(text) })
        }
        (LiteralKind::Number(text), _) if kind.is_number() => Constant::Number(text.parse().map_err(|_| bad())?),
        (LiteralKind::Currency { iso, amount }, _) if kind.is_number() => {
            let amount: f64 = amount.parse().map_err(|_| bad())?;
            let rates = resolver.rates().zip(subject.currency);
            Constant::Number(rates.map_or(amount, |(rates, to)| rates.converted(amount, iso, to, None)))
        }
        (LiteralKind::Boolean(value), FieldKind::Boolean) => Constant::Boolean(*value),
        (LiteralKind::Date(text), FieldKind::Date) => read(text, FieldKind::Date)?,
        (LiteralKind::DateTime(text), FieldKind::DateTime) => read(text, FieldKind::DateTime)?,
        (LiteralKind::Time(text), FieldKind::Time) => read(text, FieldKind::Time)?,
        _ => return Err(bad()),
    };
    Ok(Some(constant))
}

fn id(resolver: Resolver<'_>, subject: About<'_>, text: &str) -> Result<Constant, QueryError> {
    if text.is_empty() {
        return Ok(Constant::Text(String::new()));
    }
    text.parse().map(Constant::Id).map_err(|_| {
        let text: String = text.chars().filter(|char| !char.is_control()).take(40).collect();
        resolver.refuse("INVALID_QUERY_FILTER_OPERATOR", subject.span, &format!("invalid ID field: {text}"))
    })
}

/// Returns the options of one group of INCLUDES: `'a;b'` means both.
fn options(resolver: Resolver<'_>, subject: About<'_>, literal: &Literal) -> Result<Vec<String>, QueryError> {
    match &literal.kind {
        LiteralKind::String(text) => Ok(text.split(';').map(fold).collect()),
        LiteralKind::Null => Ok(vec![String::new()]),
        _ => Err(wrong_type(resolver, subject)),
    }
}

fn wrong_type(resolver: Resolver<'_>, subject: About<'_>) -> QueryError {
    use FieldKind as K;
    let (name, quoted) = match subject.facts.kind {
        K::Boolean => ("boolean", false),
        K::Double | K::Currency | K::Percent => ("double", false),
        K::Int => ("int", false),
        K::Long => ("long", false),
        K::Date => ("date", false),
        K::DateTime => ("dateTime", false),
        K::Time => ("time", false),
        K::Id | K::Reference => ("ID", true),
        _ => ("string", true),
    };
    let not = if quoted { "" } else { "not " };
    let message = format!(
        "value of filter criterion for field '{}' must be of type {name} and should {not}be enclosed in quotes",
        subject.facts.name
    );
    resolver.refuse("INVALID_FIELD", subject.span, &message)
}

/// Returns the values that a subquery selects.
pub(super) fn joined(resolver: Resolver<'_>, query: &Query, scope: Scope) -> Result<List, QueryError> {
    let selection = Selection::of_query(query.clone(), resolver.text, scope, resolver.snapshot.clone())?;
    let [column] = selection.columns() else {
        let message = "The inner select list must have exactly one field";
        return Err(resolver.refuse("MALFORMED_QUERY", query.span, message));
    };
    semi_join::check_selected(resolver.text, column.kind, &column.header, query.span)?;
    // Records without a value take no part in a semi-join.
    let values = selection.page(0, u64::MAX).filter_map(|row| row.into_iter().next());
    Ok(List::new(values.filter_map(|value| Constant::of(&value, false)).map(Some)))
}
