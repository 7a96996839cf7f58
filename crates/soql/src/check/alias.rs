//! Names that a query gives: each of them once, and none to what has no column.

use std::collections::HashSet;

use crate::{
    ast::{Name, Query, SelectItem},
    diagnostic::{Diagnostic, excerpt},
    function,
};

pub(super) fn refusals(query: &Query) -> Vec<Diagnostic> {
    let mut found = without_groups(query);
    let columns = query.select.iter().filter_map(alias);
    found.extend(repeated(columns));
    found.extend(repeated(query.from.iter().filter_map(|source| source.alias.as_ref())));
    found.extend(query.select.iter().filter_map(named_count));
    found
}

fn alias(item: &SelectItem) -> Option<&Name> {
    match item {
        SelectItem::Field { alias, .. } | SelectItem::Call { alias, .. } | SelectItem::Subquery { alias, .. } => {
            alias.as_ref()
        }
        SelectItem::TypeOf(_) => None,
    }
}

/// "duplicate alias", whatever the case.
fn repeated<'a>(aliases: impl Iterator<Item = &'a Name>) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let refuse = |alias: &Name| {
        let message = format!("`{}` stands twice as an alias", excerpt(&alias.text));
        Diagnostic::error(message, alias.span).suggest("choose another name for one of the two")
    };
    aliases.filter(|alias| !seen.insert(alias.text.to_ascii_lowercase())).map(refuse).collect()
}

fn without_groups(query: &Query) -> Vec<Diagnostic> {
    let aliases = query.select.iter().filter_map(|item| match item {
        SelectItem::Field { alias: Some(alias), .. } if query.group_by.is_none() => Some(alias),
        _ => None,
    });
    let refuse = |alias: &Name| {
        let name = excerpt(&alias.text);
        let message = format!("`{name}` stands as an alias, and a field takes one with GROUP BY only");
        Diagnostic::error(message, alias.span).suggest(format!("put a comma before `{name}` if it is a field"))
    };
    aliases.map(refuse).collect()
}

/// `COUNT()` gives a number and no column.
fn named_count(item: &SelectItem) -> Option<Diagnostic> {
    match item {
        SelectItem::Call { call, alias: Some(alias) } if function::is_bare_count(call) => {
            let diagnostic = Diagnostic::error("`COUNT()` takes no alias", alias.span);
            Some(diagnostic.suggest(format!("write `COUNT(Id) {}`", excerpt(&alias.text))))
        }
        _ => None,
    }
}
