//! Objects that Salesforce gives only by way of a filter on documents: read once for every 200 documents.
//!
//! Since version 59.0 a user with the permission "Query All Files" needs none of this, so the plain query goes first.

use std::collections::HashSet;

use orgtap_salesforce::{Client, Record};
use orgtap_soql::{Comparison, Condition, Literal, LiteralKind, Operand, Operator, Path, Query, Span, Value};

use super::rest::{Reading, is_endless};
use super::{Extracted, Parts, endless};
use crate::error::{Error, Result};
use crate::plan::Plan;

/// The object whose filter can be made up from another object's ids.
const OBJECT: &str = "ContentDocumentLink";
/// The object with the ids.
const DOCUMENTS: &str = "ContentDocument";
/// The field that the filter is on.
const FILTERED: &str = "ContentDocumentId";
/// How many ids one query names: about 4,500 bytes of an address.
const IDS_PER_QUERY: usize = 200;

/// Returns whether the plan's query means the same when it is asked for some documents at a time.
pub(super) fn can_filter(plan: &Plan) -> bool {
    let Query { limit, offset, order_by, .. } = &plan.query;
    plan.object == OBJECT
        && !plan.query.is_aggregate()
        && limit.is_none()
        && offset.is_none()
        && order_by.is_empty()
        && !plan.projection.is_count()
}

/// Reads the ids of all documents, then the records of the plan for some of them at a time.
pub(super) async fn extract(client: &Client, plan: &Plan, parts: &Parts<'_>) -> Result<Extracted> {
    let ids = document_ids(client, plan).await?;
    let mut reading = Reading::new(client, plan, parts);
    for ids in ids.chunks(IDS_PER_QUERY) {
        let mut query = plan.query.clone();
        query.add_condition(one_of(ids)?);
        let page = client.query(&query.to_string(), plan.operation).await.map_err(Error::salesforce)?;
        reading.answer(page).await?;
    }
    reading.finish()?;
    let note = format!(
        "read for {} documents, {IDS_PER_QUERY} at a time, since Salesforce gives this object no other way; those that the user may not see \
         are missing, unless the user has `Query All Files`",
        ids.len()
    );
    Ok(Extracted { notes: vec![note], ..Extracted::default() })
}

/// Returns the ids of all documents, counted.
async fn document_ids(client: &Client, plan: &Plan) -> Result<Vec<String>> {
    let query = Query::of(path(DOCUMENTS)?, vec![path("Id")?]);
    let mut page = client.query(&query.to_string(), plan.operation).await.map_err(Error::salesforce)?;
    let announced = page.total_size;
    let mut ids = HashSet::new();
    let (mut read, mut pages) = (0, 0);
    loop {
        pages += 1;
        read += page.records.len() as u64;
        ids.extend(page.records.iter().filter_map(id));
        match page.next.take().filter(|_| read <= announced) {
            Some(_) if is_endless(pages, announced) => return Err(endless(pages)),
            Some(next) => page = client.query_more(&next).await.map_err(Error::salesforce)?,
            None => break,
        }
    }
    if ids.len() as u64 != announced || read != announced {
        let message =
            format!("the org has {announced} documents, the pages hold {read} with {} different ids", ids.len());
        return Err(Error::Incomplete { message });
    }
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    Ok(ids)
}

fn id(record: &Record) -> Option<String> {
    record.get("Id")?.as_text().map(str::to_owned)
}

fn one_of(ids: &[String]) -> Result<Condition> {
    let literal = |id: &String| Literal { kind: LiteralKind::string(id.clone()), span: Span::default() };
    Ok(Condition::Comparison(Comparison {
        left: Operand::Path(path(FILTERED)?),
        operator: Operator::In,
        right: Value::List(ids.iter().map(literal).collect()),
        span: Span::default(),
    }))
}

fn path(text: &str) -> Result<Path> {
    Path::of(text).map_err(|error| Error::Internal { message: error.to_string() })
}
