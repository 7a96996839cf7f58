//! `TYPEOF`: fields of a polymorphic parent into columns, null where the parent is of another object.

use std::sync::Arc;

use orgtap_salesforce::FieldType;
use orgtap_soql::{Path, SelectItem, TypeOf};

use super::columns::{SelectedColumn, Selection, column, computed};
use super::compound;
use super::resolve::{Resolver, Unresolved, refuse};
use super::select::check_type;
use crate::projection::{FieldPath, Origin, SelectedValue};

/// The field that tells the object of a polymorphic parent.
const TYPE: &str = "Type";

/// A column with the field of each branch that it is made of.
struct Field {
    column: SelectedColumn,
    branches: Vec<(Option<String>, FieldPath)>,
}

/// Adds a column for each field that any branch names, and one for the name of the parent's object, unless something else has that name.
pub(super) async fn add(resolver: Resolver<'_>, selection: &mut Selection, type_of: &TypeOf) -> Result<(), Unresolved> {
    let span = type_of.relationship.span();
    let mut objects = vec![Arc::clone(resolver.root)];
    let mut parent = Vec::new();
    for relationship in resolver.query.field_path(&type_of.relationship) {
        let (name, parents) = resolver.follow(&objects, relationship, span).await?;
        parent.push(name);
        objects = parents;
    }
    let mut fields: Vec<Field> = Vec::new();
    for branch in &type_of.branches {
        let Some(object) = resolver.object(&branch.object.text).await? else {
            let message = format!("there is no object `{}`, or the user may not see it", branch.object.text);
            return Err(refuse(branch.object.span, message, None));
        };
        for path in &branch.fields {
            add_field(resolver, &mut fields, &parent, (Some(object.name.clone()), vec![Arc::clone(&object)]), path)
                .await?;
        }
    }
    for path in &type_of.otherwise {
        add_field(resolver, &mut fields, &parent, (None, objects.clone()), path).await?;
    }

    selection.select.push(SelectItem::TypeOf(type_of.clone()));
    let type_name = parent.iter().map(String::as_str).chain([TYPE]).collect::<Vec<_>>().join(".");
    if !fields.iter().any(|field| field.column.column.name == type_name) && !selects(resolver, &type_name) {
        let origin = Origin::TypeName { parent: parent.clone() };
        let value = SelectedValue { header: type_name.clone(), is_header_uncertain: false, origin };
        selection.add_of_item(computed(&type_name, &FieldType::String, true), value);
    }
    for Field { column, branches } in fields {
        let origin = Origin::TypeOf { parent: parent.clone(), branches };
        let value = SelectedValue { header: column.column.name.clone(), is_header_uncertain: false, origin };
        selection.add_of_item(column, value);
    }
    Ok(())
}

fn selects(resolver: Resolver<'_>, name: &str) -> bool {
    resolver.query.select.iter().any(|item| match item {
        SelectItem::Field { path, .. } => resolver.query.field_path(path).join(".").eq_ignore_ascii_case(name),
        _ => false,
    })
}

async fn add_field(
    resolver: Resolver<'_>,
    fields: &mut Vec<Field>,
    parent: &[String],
    (object, among): (Option<String>, Vec<Arc<orgtap_salesforce::SObject>>),
    path: &Path,
) -> Result<(), Unresolved> {
    let names: Vec<&str> = path.segments.iter().map(|name| name.text.as_str()).collect();
    let resolved = resolver.field(among, &names, path.span()).await?;
    check_type(&resolved, path)?;
    if compound::is_compound(&resolved.field) {
        let message = format!("`{}` is compound, and no column of TYPEOF", resolved.path.join("."));
        return Err(refuse(path.span(), message, Some("select its parts".to_owned())));
    }
    let whole: Vec<String> = parent.iter().chain(&resolved.path).cloned().collect();
    let column = column(&whole, &resolved.field, true);
    let branch = (object, (resolved.path, resolved.field.field_type));
    let same = |field: &&mut Field| field.column.column.name == column.column.name;
    let Some(known) = fields.iter_mut().find(same) else {
        fields.push(Field { column, branches: vec![branch] });
        return Ok(());
    };
    if known.column.column.column_type != column.column.column_type {
        known.column = known.column.clone().with_type(FieldType::String);
    }
    if known.column.column.description != column.column.description {
        known.column.column.description = None;
    }
    known.branches.push(branch);
    Ok(())
}
