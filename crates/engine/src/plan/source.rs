//! A row's source into a query: the object's fields that can be columns, or the user's SOQL, checked against the describes.

use std::sync::Arc;

use orgtap_salesforce::{Client, ErrorKind, Field, QueryOperation, SObject};
use orgtap_soql::{
    Condition, Diagnostic, Diagnostics, LiteralKind, Operator, Path, Query, SelectItem, Severity, Span, check,
};

use super::LeftOut;
use super::columns::{Selection, item_of, nearest, path_of, why_left_out, why_not_a_column};
use super::resolve::Resolved;
use super::{aggregate, fields, route, select};
use crate::error::{Error, Result};
use crate::spec::{Api, Deleted, Fetch, Fields, Records, RowSpec, Source};
use crate::state::MADE_BY;

/// What a row selects, before the fetch window narrows it.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) query: Query,
    pub(super) object: Arc<SObject>,
    /// The org's id, where it is known.
    pub(super) org: Option<String>,
    pub(super) selection: Selection,
    pub(super) operation: QueryOperation,
    /// Whether deleted records are among them.
    pub(super) includes_deleted: bool,
    /// How the row says which fields it wants, for the fingerprint.
    pub(super) asked: String,
    /// The query without its SELECT list, for the fingerprint; empty for a whole object.
    pub(super) filter: String,
    /// Why the Bulk API cannot carry it, first things first. Empty where the row demands Bulk.
    pub(super) obstacles: Vec<Diagnostic>,
    /// What hurts if the Bulk API carries it.
    pub(super) bulk_warnings: Vec<Diagnostic>,
    /// The text of a SOQL row and where its SELECT list stands, to show what is wrong with it.
    pub(super) place: Option<Place>,
    pub(super) notes: Vec<String>,
}

/// Returns whether the `Id` among what is selected, if it is, is one that no other record of the answer has: a query finds a record once, and
/// a page that comes twice is wrong. Of computed rows `Id` may be any name, and the Ids of external objects are made up while they are read.
pub(super) fn has_own_ids(selected: &Selected) -> bool {
    !selected.query.is_aggregate() && !selected.object.name.ends_with("__x")
}

/// A place in the text of a query.
#[derive(Clone, Debug)]
pub(super) struct Place {
    text: String,
    span: Span,
}

impl Place {
    /// Returns the query as its author wrote it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Fails with what is wrong with repeating `query` for records past a watermark of `cursor`, and returns what hurts.
    pub(super) fn check_incremental(&self, query: &Query, cursor: &str) -> Result<Vec<Diagnostic>> {
        let found = check::incremental(query, &path_of(cursor)?);
        let warnings = found.iter().filter(|problem| problem.severity == Severity::Warning).cloned().collect();
        refuse(&self.text, found).map(|()| warnings)
    }

    /// Returns a warning where the query selects `field`, or at its SELECT list if it does not.
    pub(super) fn warning_at_field(&self, query: &Query, field: &str, message: &str, suggestion: &str) -> Diagnostic {
        let is_it =
            |path: &&Path| matches!(query.field_path(path).as_slice(), [only] if only.eq_ignore_ascii_case(field));
        let selected = query.select.iter().find_map(|item| match item {
            SelectItem::Field { path, .. } => Some(path).filter(is_it),
            _ => None,
        });
        // What was expanded from FIELDS stands nowhere in the text.
        let span = selected.map(Path::span).filter(|span| span.end > 0).unwrap_or(self.span);
        Diagnostic::warning(message, span).suggest(suggestion)
    }

    /// Puts what hurts together with the text that it is about.
    pub(super) fn diagnostics(&self, warnings: Vec<Diagnostic>) -> Option<Diagnostics> {
        Diagnostics::new(&self.text, warnings)
    }

    /// Returns `error` shown at this place, if it is about the row's settings.
    pub(super) fn show(&self, error: Error) -> Error {
        let Error::Row { message, hint } = error else { return error };
        let problem = Diagnostic {
            severity: Severity::Error,
            message: message.clone(),
            span: self.span,
            suggestion: hint.clone(),
        };
        match Diagnostics::new(&self.text, vec![problem]) {
            Some(diagnostics) => Error::query(&diagnostics),
            None => Error::Row { message, hint },
        }
    }
}

/// Reads the row's source and looks everything in it up.
pub(super) async fn select(row: &RowSpec, client: &Client) -> Result<Selected> {
    let mut selected = match &row.source {
        Source::Object { object, fields } => whole_object(row, object, fields, client).await?,
        Source::Soql(text) => soql(row, text, client).await?,
    };
    if has_own_ids(&selected) {
        let Selection { columns, projection, .. } = &mut selected.selection;
        projection.id_column = columns.iter().position(|column| column.column.name == "Id");
    }
    // Where deleted records are to leave the table, it depends on what of it is read whether they have to be seen.
    if row.records == Records::LiveAndArchived && row.deleted != Deleted::Remove && !selected.includes_deleted {
        leave_out_deleted(&selected.object, &mut selected.query)?;
    }
    if row.records == Records::All && selected.object.field("IsDeleted").is_none() {
        selected.notes.push(format!("`{}` has no deleted records to include", selected.object.name));
    }
    Ok(selected)
}

async fn whole_object(row: &RowSpec, name: &str, fields: &Fields, client: &Client) -> Result<Selected> {
    let object = describe(name, client).await?;
    let (chosen, left_out) = choose(&object, fields)?;
    let mut selection = Selection { left_out, ..Selection::default() };
    for field in chosen {
        selection.add_field(&Resolved::of(&object, field), item_of(&field.name)?)?;
    }
    let mut query = Query::of(path_of(&object.name)?, Vec::new());
    query.select = std::mem::take(&mut selection.select);
    let obstacles: Vec<_> =
        route::not_in_bulk(&object.name, Span::default()).into_iter().chain(selection.not_in_bulk.drain(..)).collect();
    if let (Api::Bulk, Some(obstacle)) = (row.api, obstacles.first()) {
        let message = format!("could not use the Bulk API: {}", obstacle.message);
        return Err(Error::row_with_hint(message, "set `api` to `auto` or `rest`"));
    }
    let asked = match fields {
        Fields::All => "all".to_owned(),
        Fields::Only(names) => format!("only {}", names.join(", ")),
        Fields::AllBut(names) => format!("all but {}", names.join(", ")),
    };
    Ok(Selected {
        query,
        object,
        org: client.org_id().await.map_err(Error::salesforce)?,
        notes: std::mem::take(&mut selection.notes),
        selection,
        operation: operation(row.records),
        includes_deleted: row.records == Records::All,
        asked,
        filter: String::new(),
        obstacles,
        bulk_warnings: Vec::new(),
        place: None,
    })
}

async fn soql(row: &RowSpec, text: &str, client: &Client) -> Result<Selected> {
    let mut query = orgtap_soql::parse(text).map_err(|diagnostics| Error::query(&diagnostics))?;
    let plain = fields::without(&query)?;
    refuse(text, check::api(&plain))?;
    if row.fetch == Fetch::Incremental {
        refuse(text, aggregate::not_incremental(&query).into_iter().collect())?;
    }
    let place = Place { text: text.to_owned(), span: select_list(&query) };
    let at_object = Place { text: text.to_owned(), span: query.object().span };
    // What is wrong with the object is wrong with the query, and can be shown there.
    let object = describe(&query.object().text, client).await.map_err(|error| at_object.show(error))?;
    let expanded = fields::expand(&mut query, &object)?;
    refuse(text, expanded.problems)?;
    let mut selection = select::of_query(&query, text, &object, client).await?;
    selection.left_out.extend(expanded.left_out);
    let select = std::mem::take(&mut selection.select);
    query.select = select.into_iter().map(|item| rooted(item, &query)).collect();

    let (mut obstacles, warnings): (Vec<_>, Vec<_>) =
        check::bulk(&plain).into_iter().partition(|diagnostic| diagnostic.severity == Severity::Error);
    obstacles.append(&mut selection.not_in_bulk);
    obstacles.extend(route::not_in_bulk(&object.name, at_object.span));
    if row.api == Api::Bulk {
        refuse(text, with_way_out(obstacles.clone()))?;
    }
    let mut notes = expanded.notes;
    notes.append(&mut selection.notes);
    // `ALL ROWS` is Apex's way of saying queryAll; the job's operation says it here.
    let records = if query.all_rows.take().is_some() { Records::All } else { row.records };
    Ok(Selected {
        asked: asked(&query, &selection)?,
        filter: without_select(&query)?,
        query,
        object,
        org: client.org_id().await.map_err(Error::salesforce)?,
        selection,
        operation: operation(records),
        includes_deleted: records == Records::All,
        obstacles,
        bulk_warnings: warnings,
        place: Some(place),
        notes,
    })
}

/// Returns how a query says what it wants of each record: its columns by name, and what makes those that are no plain fields.
fn asked(query: &Query, selection: &Selection) -> Result<String> {
    let names: Vec<&str> = selection.columns.iter().map(|column| column.column.name.as_str()).collect();
    let is_made = |item: &&SelectItem| !matches!(item, SelectItem::Field { .. });
    let mut making = Query::of(path_of("It")?, Vec::new());
    making.select = query.select.iter().filter(is_made).cloned().collect();
    let names = names.join(", ");
    Ok(if making.select.is_empty() {
        format!("query of {names}")
    } else {
        format!("query of {names}{MADE_BY}{making}")
    })
}

/// Returns an item of which an alias of the query cannot be mistaken for the beginning of its path. What was typed stays as it is: its span has an end.
pub(super) fn rooted(item: SelectItem, query: &Query) -> SelectItem {
    match item {
        SelectItem::Field { path, alias: None } if path.span().end == 0 => {
            SelectItem::Field { path: query.root_path(path), alias: None }
        }
        item => item,
    }
}

/// Returns where the SELECT list stands.
fn select_list(query: &Query) -> Span {
    query.select.iter().map(SelectItem::span).reduce(Span::to).unwrap_or_default()
}

/// Describes `name`, which may be in any case.
async fn describe(name: &str, client: &Client) -> Result<Arc<SObject>> {
    let object = match client.describe(name).await {
        Ok(object) => object,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let known = client.describe_global().await.map_err(Error::salesforce)?;
            let hint = nearest(name, known.iter().map(|object| object.name.as_str()))
                .unwrap_or_else(|| "`orgtap objects` lists what the user can see".to_owned());
            let message = format!("there is no object `{}` in the org, or the user may not see it", printable(name));
            return Err(Error::row_with_hint(message, hint));
        }
        Err(error) => return Err(Error::salesforce(error)),
    };
    if object.queryable {
        Ok(object)
    } else {
        Err(Error::row_with_hint(
            format!("object `{}` cannot be queried", object.name),
            "choose another object: no API can query this one",
        ))
    }
}

/// Chooses the fields to read. Those that cannot be columns are an error where they were asked for by name, else they are left out.
fn choose<'a>(object: &'a SObject, fields: &Fields) -> Result<(Vec<&'a Field>, Vec<LeftOut>)> {
    let mut left_out = Vec::new();
    let chosen: Vec<&Field> = match fields {
        Fields::Only(names) => find(object, names, "fields")?,
        Fields::All => object.fields.iter().collect(),
        Fields::AllBut(names) => {
            let excluded = find(object, names, "exclude_fields")?;
            let is_wanted = |field: &&Field| !excluded.iter().any(|other| other.name == field.name);
            object.fields.iter().filter(is_wanted).collect()
        }
    };
    let mut columns = Vec::with_capacity(chosen.len());
    for field in chosen {
        // A compound field is one column where it is asked for by name; else its parts are columns of their own.
        let is_named = matches!(fields, Fields::Only(_));
        match if is_named { why_not_a_column(field) } else { why_left_out(field) } {
            None => columns.push(field),
            Some(reason) if is_named => {
                let message = format!("could not extract the field `{}`: {reason}", field.name);
                return Err(Error::row_with_hint(message, "take it out of `fields`"));
            }
            Some(reason) => left_out.push(LeftOut { field: field.name.clone(), reason: reason.to_owned() }),
        }
    }
    if columns.is_empty() {
        let message = format!("object `{}` has no field left to extract", object.name);
        return Err(Error::row_with_hint(message, "grant the user read access to its fields, or exclude fewer"));
    }
    Ok((columns, left_out))
}

/// Finds the fields called `names`, each once; every unknown one is named in the error.
fn find<'a>(object: &'a SObject, names: &[String], option: &str) -> Result<Vec<&'a Field>> {
    let mut found: Vec<&Field> = Vec::with_capacity(names.len());
    let mut unknown = Vec::new();
    for name in names {
        match object.field(name) {
            Some(field) if found.iter().any(|other| other.name == field.name) => {}
            Some(field) => found.push(field),
            None => unknown.push(name.as_str()),
        }
    }
    let Some(first) = unknown.first() else {
        return Ok(found);
    };
    let list: Vec<String> = unknown.iter().map(|name| format!("`{}`", printable(name))).collect();
    let message = format!("object `{}` has no field {}, or the user may not see it", object.name, list.join(", "));
    let hint = nearest(first, object.fields.iter().map(|field| field.name.as_str())).unwrap_or_else(|| {
        format!(
            "take it out of `{option}`, or grant the user read access; `orgtap describe {}` lists what is visible",
            object.name
        )
    });
    Err(Error::row_with_hint(message, hint))
}

fn operation(records: Records) -> QueryOperation {
    match records {
        Records::Live => QueryOperation::Query,
        Records::LiveAndArchived | Records::All => QueryOperation::QueryAll,
    }
}

/// Narrows the query to records that are not deleted, where the object can tell.
pub(super) fn leave_out_deleted(object: &SObject, query: &mut Query) -> Result<()> {
    if let Some(field) = object.field("IsDeleted") {
        let is_live = Condition::compare(path_of(&field.name)?, Operator::Eq, LiteralKind::Boolean(false));
        query.add_condition(is_live);
    }
    Ok(())
}

/// Returns the query with nothing but `Id` selected: what it says about which records, and no more.
fn without_select(query: &Query) -> Result<String> {
    let mut query = query.clone();
    query.replace_select(vec![path_of("Id")?]);
    Ok(query.to_string())
}

/// Returns what the Bulk API refuses with the option that lets the REST API do it.
fn with_way_out(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let suggestion = "set `api` to `auto` or `rest`, or take this out of the query";
    problems.into_iter().map(|problem| problem.suggest(suggestion)).collect()
}

/// Fails with `problems`, if any of them is an error.
fn refuse(text: &str, problems: Vec<Diagnostic>) -> Result<()> {
    let errors: Vec<_> = problems.into_iter().filter(|problem| problem.severity == Severity::Error).collect();
    match Diagnostics::new(text, errors) {
        Some(diagnostics) => Err(Error::query(&diagnostics)),
        None => Ok(()),
    }
}

/// Returns `text`, which came from outside, fit for a message.
fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(200).collect()
}
