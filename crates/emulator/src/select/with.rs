//! WITH, OFFSET and UPDATE: what Salesforce refuses of them, and the articles that data categories leave.

use orgtap_soql::{CategoryFilter, CategorySelector, Condition, LiteralKind, Operator, Query, With, WithKind};

use super::Scope;
use super::predicate::Predicate;
use super::refuse::unsupported;
use super::resolve::Resolver;
use super::scope::{is_among, path};
use super::term::Term;
use crate::error::QueryError;

/// The most records that OFFSET may skip.
const MOST_OFFSET: u64 = 2000;
/// How the names of article types end.
const ARTICLE: &str = "__kav";

/// Refuses clauses that Salesforce refuses.
pub(super) fn check_clauses(resolver: Resolver<'_>) -> Result<(), QueryError> {
    let query = resolver.query;
    if query.offset.as_ref().is_some_and(|offset| offset.value > MOST_OFFSET) {
        let message = format!("Maximum SOQL offset allowed is {MOST_OFFSET}");
        return Err(QueryError::new("NUMBER_OUTSIDE_VALID_RANGE", message));
    }
    for with in &query.with {
        // The wordings are from memory: none is recorded.
        let message = match with.kind {
            WithKind::SecurityEnforced | WithKind::UserMode | WithKind::SystemMode => continue,
            WithKind::DataCategory(_) if is_of_articles(query) => continue,
            WithKind::DataCategory(_) => "WITH DATA CATEGORY is only allowed for articles and questions",
            WithKind::RecordVisibilityContext(_) | WithKind::Condition(_) => "unexpected token: 'WITH'",
        };
        return Err(resolver.refuse("MALFORMED_QUERY", with.span, message));
    }
    if let Some(update) = query.update.first().filter(|_| !is_of_articles(query)) {
        // From memory.
        let message = "UPDATE TRACKING and UPDATE VIEWSTAT are only allowed for articles";
        return Err(resolver.refuse("MALFORMED_QUERY", update.span, message));
    }
    Ok(())
}

fn is_of_articles(query: &Query) -> bool {
    query.object().text.to_ascii_lowercase().ends_with(ARTICLE)
}

/// Returns what WITH demands of records.
pub(super) fn categories(resolver: Resolver<'_>, scope: Scope) -> Result<Vec<Predicate<Term>>, QueryError> {
    let filters = resolver.query.with.iter().flat_map(|With { kind, .. }| match kind {
        WithKind::DataCategory(filters) => filters.as_slice(),
        _ => &[],
    });
    filters.map(|filter| category(resolver, filter, scope)).collect()
}

/// Returns the condition that an article is in a category: the org's `…__DataCategorySelection` records say in which ones it is. Nothing says
/// which category is above which, so that only `AT` can be answered.
fn category(resolver: Resolver<'_>, filter: &CategoryFilter, scope: Scope) -> Result<Predicate<Term>, QueryError> {
    if filter.selector != CategorySelector::At {
        return Err(unsupported("categories above and below others"));
    }
    let article = &resolver.root().object.name;
    let selections =
        format!("{}__DataCategorySelection", article.get(..article.len() - ARTICLE.len()).unwrap_or(article));
    if resolver.snapshot.tables.position(&selections).is_none() {
        return Ok(Predicate::Or(Vec::new()));
    }
    let is = |field: &str, name: &str| {
        let name = LiteralKind::String(name.strip_suffix("__c").unwrap_or(name).to_owned());
        Condition::compare(path(field), Operator::Eq, name)
    };
    let chosen = filter.categories.iter().map(|category| is("DataCategoryName", &category.text));
    let conditions = [Some(is("DataCategoryGroupName", &filter.group.text)), Condition::any(chosen)];
    let condition = Condition::all(conditions.into_iter().flatten()).ok_or_else(|| unsupported("no category"))?;
    is_among(resolver, scope, (&selections, "ParentId"), condition)
}
