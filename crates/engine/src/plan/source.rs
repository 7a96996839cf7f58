//! A row's source into a query: the object's fields that can be columns, or the user's SOQL, checked against the describes.

use std::sync::Arc;

use orgtap_salesforce::{Client, ErrorKind, Field, QueryOperation, SObject};
use orgtap_soql::{Condition, Diagnostic, Diagnostics, LiteralKind, Operator, Path, Query, Severity, check};

use super::columns::{self, SelectedColumn, nearest, why_not_a_column};
use super::{LeftOut, PlannedApi};
use crate::error::{Error, Result};
use crate::spec::{Api, Fetch, Fields, Records, RowSpec, Source};

/// What a row selects, before the fetch window narrows it.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) query: Query,
    pub(super) object: Arc<SObject>,
    pub(super) columns: Vec<SelectedColumn>,
    pub(super) operation: QueryOperation,
    /// Whether deleted records are among them.
    pub(super) includes_deleted: bool,
    /// How the row says which fields it wants, for the fingerprint.
    pub(super) selection: String,
    /// The query without its SELECT list, for the fingerprint; empty for a whole object.
    pub(super) filter: String,
    pub(super) api: PlannedApi,
    pub(super) api_reason: String,
    pub(super) may_fall_back: bool,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) notes: Vec<String>,
}

/// Reads the row's source and looks everything in it up.
pub(super) async fn select(row: &RowSpec, client: &Client) -> Result<Selected> {
    let mut selected = match &row.source {
        Source::Object { object, fields } => whole_object(row, object, fields, client).await?,
        Source::Soql(text) => soql(row, text, client).await?,
    };
    if row.records == Records::LiveAndArchived && !selected.includes_deleted {
        leave_out_deleted(&mut selected)?;
    }
    if row.records == Records::All && selected.object.field("IsDeleted").is_none() {
        selected.notes.push(format!("`{}` has no deleted records to include", selected.object.name));
    }
    Ok(selected)
}

async fn whole_object(row: &RowSpec, name: &str, fields: &Fields, client: &Client) -> Result<Selected> {
    let object = describe(name, client).await?;
    let (chosen, left_out) = choose(&object, fields)?;
    let columns: Vec<_> = chosen.into_iter().map(SelectedColumn::of).collect();
    let paths = columns.iter().map(|column| path(&column.column.name)).collect::<Result<_>>()?;
    let query = Query::of(path(&object.name)?, paths);
    let (api, api_reason) = match row.api {
        Api::Rest => (PlannedApi::Rest, "the row asks for it"),
        Api::Bulk => (PlannedApi::Bulk, "the row asks for it"),
        Api::Auto => (PlannedApi::Bulk, "it carries any number of records"),
    };
    let selection = match fields {
        Fields::All => "all".to_owned(),
        Fields::Only(names) => format!("only {}", names.join(", ")),
        Fields::AllBut(names) => format!("all but {}", names.join(", ")),
    };
    Ok(Selected {
        query,
        object,
        columns,
        operation: operation(row.records),
        includes_deleted: row.records == Records::All,
        selection,
        filter: String::new(),
        api,
        api_reason: api_reason.to_owned(),
        may_fall_back: row.api == Api::Auto,
        left_out,
        notes: Vec::new(),
    })
}

async fn soql(row: &RowSpec, text: &str, client: &Client) -> Result<Selected> {
    let mut query = orgtap_soql::parse(text).map_err(|diagnostics| Error::query(&diagnostics))?;
    refuse(text, check::api(&query))?;
    let (api, api_reason, mut notes) = choose_api(row.api, text, &query)?;
    let object = match describe(&query.object().text, client).await {
        // What is wrong with the object is wrong with the query, and can be shown there.
        Err(Error::Row { message, hint }) => {
            let span = query.object().span;
            refuse(
                text,
                vec![Diagnostic {
                    severity: Severity::Error,
                    message: message.clone(),
                    span,
                    suggestion: hint.clone(),
                }],
            )?;
            return Err(Error::Row { message, hint });
        }
        object => object?,
    };
    let columns = columns::of_query(&query, text, &object, client).await?;
    if row.fetch == Fetch::Incremental && (query.limit.is_some() || query.offset.is_some()) {
        notes.push("changed records that LIMIT or OFFSET cut off are not fetched later".to_owned());
    }
    let names: Vec<&str> = columns.iter().map(|column| column.column.name.as_str()).collect();
    // `ALL ROWS` is Apex's way of saying queryAll; the job's operation says it here.
    let records = if query.all_rows.take().is_some() { Records::All } else { row.records };
    Ok(Selected {
        selection: format!("query of {}", names.join(", ")),
        filter: without_select(&query)?,
        query,
        object,
        columns,
        operation: operation(records),
        includes_deleted: records == Records::All,
        api,
        api_reason,
        may_fall_back: row.api == Api::Auto,
        left_out: Vec::new(),
        notes,
    })
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
    if object.queryable { Ok(object) } else { Err(Error::row(format!("object `{}` cannot be queried", object.name))) }
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
        match why_not_a_column(field) {
            None => columns.push(field),
            Some(reason) if matches!(fields, Fields::Only(_)) => {
                let message = format!("could not extract the field `{}`: {reason}", field.name);
                return Err(Error::row_with_hint(message, "take it out of `fields`"));
            }
            Some(reason) => left_out.push(LeftOut { field: field.name.clone(), reason: reason.to_owned() }),
        }
    }
    if columns.is_empty() {
        return Err(Error::row(format!("object `{}` has no field left to extract", object.name)));
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

/// Decides which API carries a SOQL query, and returns what the user should know about it.
fn choose_api(wanted: Api, text: &str, query: &Query) -> Result<(PlannedApi, String, Vec<String>)> {
    let (problems, warnings): (Vec<_>, Vec<_>) =
        check::bulk(query).into_iter().partition(|diagnostic| diagnostic.severity == Severity::Error);
    let warnings = warnings.into_iter().map(|warning| warning.message).collect();
    let bulk = |reason: &str| Ok((PlannedApi::Bulk, reason.to_owned(), warnings));
    match (wanted, problems.first()) {
        (Api::Rest, _) => Ok((PlannedApi::Rest, "the row asks for it".to_owned(), Vec::new())),
        (Api::Auto, None) => bulk("it carries any number of records"),
        (Api::Bulk, None) => bulk("the row asks for it"),
        (Api::Auto, Some(problem)) => Ok((PlannedApi::Rest, problem.message.clone(), Vec::new())),
        (Api::Bulk, Some(_)) => refuse(text, with_way_out(problems)).and_then(|()| bulk("the row asks for it")),
    }
}

fn operation(records: Records) -> QueryOperation {
    match records {
        Records::Live => QueryOperation::Query,
        Records::LiveAndArchived | Records::All => QueryOperation::QueryAll,
    }
}

/// Narrows the query to records that are not deleted, where the object can tell.
fn leave_out_deleted(selected: &mut Selected) -> Result<()> {
    if let Some(field) = selected.object.field("IsDeleted") {
        selected.query.add_condition(Condition::compare(path(&field.name)?, Operator::Eq, LiteralKind::Boolean(false)));
    }
    Ok(())
}

/// Returns the query with nothing but `Id` selected: what it says about which records, and no more.
fn without_select(query: &Query) -> Result<String> {
    let mut query = query.clone();
    query.replace_select(vec![path("Id")?]);
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

fn path(text: &str) -> Result<Path> {
    Path::of(text).map_err(|error| Error::row(error.to_string()))
}

/// Returns `text`, which came from outside, fit for a message.
fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(200).collect()
}
