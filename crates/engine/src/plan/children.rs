//! Child subqueries: one column each, JSON, with a list of the children's records. Why not a table: `docs/decisions/0009-children-as-json.md`.

use orgtap_salesforce::FieldType;
use orgtap_soql::{Name, Query, SelectItem};

use super::columns::{Selection, computed, nearest};
use super::resolve::{Resolver, Unresolved, refuse};
use crate::projection::{Origin, RecordShape, SelectedValue};

/// Adds the column of a child subquery, named by its relationship or its alias.
pub(super) fn add(
    resolver: Resolver<'_>,
    selection: &mut Selection,
    item: &SelectItem,
    query: &Query,
    alias: Option<&Name>,
) -> Result<(), Unresolved> {
    let typed = query.object();
    let known = || resolver.root.child_relationships.iter().filter_map(|each| each.relationship_name.as_deref());
    let relationship = known().find(|name| typed.is(name));
    if relationship.is_none() && known().next().is_some() {
        let message = format!("`{}` has no child relationship `{}`", resolver.root.name, typed.text);
        return Err(refuse(typed.span, message, nearest(&typed.text, known())));
    }
    let key = alias.map_or(relationship.unwrap_or(&typed.text), |alias| &alias.text).to_owned();
    let origin = Origin::Children { key: key.clone(), shape: shape(query) };
    let value = SelectedValue { header: key.clone(), is_header_uncertain: false, origin };
    selection.add(computed(&key, &FieldType::String, false), value, item.clone());
    Ok(())
}

/// Returns the order in which a subquery selects its values.
fn shape(query: &Query) -> RecordShape {
    let mut shape = RecordShape { is_list: true, members: Vec::new() };
    for item in &query.select {
        match item {
            SelectItem::Field { path, alias: None } => {
                place(&mut shape, &query.field_path(path), RecordShape::default())
            }
            SelectItem::Field { alias: Some(alias), .. } | SelectItem::Call { alias: Some(alias), .. } => {
                place(&mut shape, &[&alias.text], RecordShape::default());
            }
            SelectItem::Subquery { query: children, alias, .. } => {
                let name = alias.as_ref().map_or(&children.object().text, |alias| &alias.text);
                place(&mut shape, &[name], self::shape(children));
            }
            SelectItem::TypeOf(type_of) => {
                let fields = type_of.branches.iter().flat_map(|branch| &branch.fields).chain(&type_of.otherwise);
                for field in fields {
                    let names = query.field_path(&type_of.relationship).into_iter();
                    let names: Vec<&str> = names.chain(field.segments.iter().map(|name| name.text.as_str())).collect();
                    place(&mut shape, &names, RecordShape::default());
                }
            }
            // What its name is, the answer tells; it stands after the others.
            SelectItem::Call { alias: None, .. } => {}
        }
    }
    shape
}

/// Gives `names` a place in `shape`, behind those it has.
fn place(shape: &mut RecordShape, names: &[&str], below: RecordShape) {
    let Some((first, rest)) = names.split_first() else { return };
    let known = shape.members.iter().position(|(name, _)| name.eq_ignore_ascii_case(first));
    let at = known.unwrap_or_else(|| {
        shape.members.push(((*first).to_owned(), RecordShape::default()));
        shape.members.len() - 1
    });
    if rest.is_empty() && known.is_none() {
        shape.members[at].1 = below;
    } else {
        place(&mut shape.members[at].1, rest, below);
    }
}
