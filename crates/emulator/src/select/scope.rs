//! Clauses beside WHERE that narrow what a query sees, and those that no object here has a use for.

use orgtap_soql::{self as soql, Operator, WithKind};

use super::compare::Constant;
use super::predicate::{Predicate, Test};
use super::refuse::unsupported;
use super::resolve::{FieldFacts, FieldPath, Leaf, Resolver};
use super::term::Term;
use crate::error::QueryError;

/// The most records that OFFSET may skip.
const MOST_OFFSET: u64 = 2000;

/// Refuses clauses that Salesforce refuses, and those that are not evaluated.
pub(super) fn check_clauses(resolver: Resolver<'_>) -> Result<(), QueryError> {
    let query = resolver.query;
    if query.offset.as_ref().is_some_and(|offset| offset.value > MOST_OFFSET) {
        let message = format!("Maximum SOQL offset allowed is {MOST_OFFSET}");
        return Err(QueryError::new("NUMBER_OUTSIDE_VALID_RANGE", message));
    }
    for with in &query.with {
        let message = match with.kind {
            WithKind::SecurityEnforced | WithKind::UserMode | WithKind::SystemMode => continue,
            WithKind::DataCategory(_) => "WITH DATA CATEGORY is only allowed for articles and questions",
            WithKind::RecordVisibilityContext(_) | WithKind::Condition(_) => "unexpected token: 'WITH'",
        };
        return Err(resolver.refuse("MALFORMED_QUERY", with.span, message));
    }
    if let Some(update) = query.update.first() {
        let message = "UPDATE TRACKING and UPDATE VIEWSTAT are only allowed for articles";
        return Err(resolver.refuse("MALFORMED_QUERY", update.span, message));
    }
    Ok(())
}

/// Adds what the scope demands to a condition.
pub(super) fn narrowed(
    resolver: Resolver<'_>,
    condition: Option<Predicate<Term>>,
) -> Result<Option<Predicate<Term>>, QueryError> {
    let name = match &resolver.query.scope {
        None => return Ok(condition),
        Some(soql::Scope::Lookup { .. }) => return Err(unsupported("USING LOOKUP")),
        Some(soql::Scope::Named(name)) if name.is("everything") => return Ok(condition),
        Some(soql::Scope::Named(name)) => name,
    };
    let root = resolver.root();
    let owner = root.object.position("OwnerId").filter(|_| name.is("mine"));
    let owner = owner.ok_or_else(|| {
        let message = format!("The scope '{}' is not supported for entity '{}'", name.text, root.object.name);
        resolver.refuse("INVALID_QUERY_SCOPE", name.span, &message)
    })?;
    let field = FieldFacts::of(&root.object.fields[owner]);
    let path = FieldPath { relationships: Vec::new(), leaf: Leaf::new(resolver.table, owner), field };
    let is_mine = Predicate::Test {
        subject: path.into(),
        case_sensitive: false,
        test: Test::Compare(Operator::Eq, Constant::Id(resolver.snapshot.asker.user)),
    };
    Ok(Some(match condition {
        Some(condition) => Predicate::And(vec![condition, is_mine]),
        None => is_mine,
    }))
}
