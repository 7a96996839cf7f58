//! Some records of a table against the org, value by value.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use orgtap_destination::{ColumnType, csv};
use orgtap_salesforce::{Client, FieldType, Json, QueryOperation, Record, SObject};
use orgtap_soql::{Comparison, Condition, Literal, LiteralKind, Operand, Operator, Query, SelectItem, Span, Value};

use super::counts::path;
use super::outcome::{SampleReport, ValueDifference};
use super::table::{ID, IS_DELETED};
use crate::encode::Encoder;
use crate::error::{Error, Result};
use crate::extract::complete;
use crate::plan::Subject;
use crate::projection::{ColumnSource, Origin};

/// How many records are asked for at once: their Ids take some 6,000 bytes of an address.
const IDS_PER_QUERY: usize = 200;

/// Returns the field that tells when a record of `object` changed last.
pub(super) fn stamp(object: &SObject) -> Option<&'static str> {
    ["SystemModstamp", "LastModifiedDate"].into_iter().find(|name| {
        object.field(name).is_some_and(|field| field.filterable && field.field_type == FieldType::DateTime)
    })
}

/// Compares `records`, which have all columns of the table, with the org.
pub(super) async fn compare(client: &Client, subject: &Subject, records: &[Vec<String>]) -> Result<SampleReport> {
    let comparison = Comparing::new(client, subject)?;
    let mut report = SampleReport { records: records.len() as u64, ..SampleReport::default() };
    for records in records.chunks(IDS_PER_QUERY) {
        comparison.chunk(records, &mut report).await?;
    }
    Ok(report)
}

/// What the comparison works with.
struct Comparing<'a> {
    client: &'a Client,
    subject: &'a Subject,
    /// The row's SELECT list, and what tells how a record fares, without the row's conditions: it may have left them.
    query: Query,
    operation: QueryOperation,
    /// Where the Id is among the columns.
    id: usize,
    stamp: Option<&'static str>,
    can_be_deleted: bool,
}

impl<'a> Comparing<'a> {
    fn new(client: &'a Client, subject: &'a Subject) -> Result<Self> {
        let id = subject.table.columns.iter().position(|column| column.name == ID).unwrap_or_default();
        let can_be_deleted = subject.object.field(IS_DELETED).is_some();
        let stamp = stamp(&subject.object);
        let mut query = bare(&subject.query);
        for name in can_be_deleted.then_some(IS_DELETED).into_iter().chain(stamp) {
            let is_it = |origin: &Origin| matches!(origin, Origin::Field { path, .. } if path.as_slice() == [name]);
            if !subject.projection.values.iter().any(|value| is_it(&value.origin)) {
                query.select.push(SelectItem::Field { path: query.root_path(path(name)?), alias: None });
            }
        }
        let operation = if can_be_deleted { QueryOperation::QueryAll } else { QueryOperation::Query };
        Ok(Self { client, subject, query, operation, id, stamp, can_be_deleted })
    }

    async fn chunk(&self, records: &[Vec<String>], report: &mut SampleReport) -> Result<()> {
        let ids: Vec<&str> = records.iter().map(|record| record[self.id].as_str()).collect();
        let found = self.ask(&self.query, self.operation, &ids).await?;
        let encoder = Encoder::new(&self.subject.projection);
        let mut differing: BTreeMap<&str, Vec<ValueDifference>> = BTreeMap::new();
        for record in records {
            let id = record[self.id].as_str();
            let Some(in_org) = found.iter().find(|found| text_of(found, ID) == Some(id)) else {
                report.unknown.push(id.to_owned());
                continue;
            };
            if self.can_be_deleted && !self.subject.includes_deleted && is_deleted(in_org) {
                report.deleted += 1;
                continue;
            }
            let differences = self.differences(&encoder, in_org, record);
            match differences.is_empty() {
                true => report.equal += 1,
                false if self.changed_since(in_org) => report.changed_since += 1,
                false => drop(differing.insert(id, differences)),
            }
        }
        self.settle(differing, report).await
    }

    /// Reports the differences of records that the row's query still selects: the others are past its reach.
    async fn settle(&self, differing: BTreeMap<&str, Vec<ValueDifference>>, report: &mut SampleReport) -> Result<()> {
        let mut selected = None;
        if self.subject.query.filter.is_some() && !differing.is_empty() {
            let ids: Vec<&str> = differing.keys().copied().collect();
            let mut query = bare(&self.subject.query);
            query.filter.clone_from(&self.subject.query.filter);
            query.replace_select(vec![path(ID)?]);
            let found = self.ask(&query, self.subject.operation, &ids).await?;
            selected =
                Some(found.iter().filter_map(|found| text_of(found, ID).map(str::to_owned)).collect::<HashSet<_>>());
        }
        for (id, differences) in differing {
            match selected.as_ref().is_none_or(|selected| selected.contains(id)) {
                true => report.differences.extend(differences),
                false => report.no_longer_selected += 1,
            }
        }
        Ok(())
    }

    /// Returns the records with these Ids, of those that `query` selects.
    async fn ask(&self, query: &Query, operation: QueryOperation, ids: &[&str]) -> Result<Vec<Record>> {
        let mut query = query.clone();
        query.add_condition(one_of(ids)?);
        let mut page = self.client.query(&query.to_string(), operation).await.map_err(Error::salesforce)?;
        let mut found = Vec::with_capacity(ids.len());
        loop {
            for mut record in page.records {
                complete(self.client, &mut record).await?;
                found.push(record);
            }
            match page.next.take().filter(|_| found.len() < ids.len()) {
                Some(next) => page = self.client.query_more(&next).await.map_err(Error::salesforce)?,
                None => return Ok(found),
            }
        }
    }

    /// Returns whether the org changed the record after the watermark.
    fn changed_since(&self, record: &Record) -> bool {
        let Some(watermark) = self.subject.watermark else { return false };
        let changed = self.stamp.and_then(|name| text_of(record, name)).and_then(instant);
        changed.is_some_and(|changed| changed >= watermark)
    }

    fn differences(&self, encoder: &Encoder<'_>, in_org: &Record, record: &[String]) -> Vec<ValueDifference> {
        // One without an Id would not have been found.
        let Ok(batch) = encoder.batch(std::slice::from_ref(in_org)) else { return Vec::new() };
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let values: Vec<String> =
            csv::records(batch.bytes()).next().into_iter().flat_map(csv::values).map(|value| text(&value)).collect();
        let mut differences = Vec::new();
        for (at, column) in self.subject.table.columns.iter().enumerate() {
            let (Some(org), Some(table)) = (values.get(at), record.get(at)) else { continue };
            if !self.is_of_children(at) && !is_same(column.column_type, org, table) {
                let known = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
                let (id, column) = (record[self.id].clone(), column.name.clone());
                differences.push(ValueDifference { id, column, org: known(org), table: known(table) });
            }
        }
        differences
    }

    /// Returns whether a column holds child records, which change without their parent.
    fn is_of_children(&self, column: usize) -> bool {
        let projection = &self.subject.projection;
        match projection.columns.get(column) {
            Some(ColumnSource::Value(value)) => matches!(projection.values[*value].origin, Origin::Children { .. }),
            _ => false,
        }
    }
}

/// Returns the query without anything that narrows or orders its records.
fn bare(query: &Query) -> Query {
    let mut query = query.clone();
    query.filter = None;
    query.scope = None;
    query.with.clear();
    query.drop_order_by();
    query.limit = None;
    query.offset = None;
    query
}

/// Returns whether two values are the same, though their numbers may be spelt otherwise.
fn is_same(column_type: ColumnType, org: &str, table: &str) -> bool {
    if org == table {
        return true;
    }
    match column_type {
        ColumnType::Float | ColumnType::Integer => match (org.parse::<f64>(), table.parse::<f64>()) {
            (Ok(org), Ok(table)) => org == table,
            _ => false,
        },
        _ => false,
    }
}

fn is_deleted(record: &Record) -> bool {
    record.get(IS_DELETED) == Some(&Json::Boolean(true))
}

pub(super) fn text_of<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.get(name).and_then(Json::as_text)
}

/// Reads an instant of the REST API: `2024-06-15T12:00:00.000+0000`.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let utc = text.strip_suffix("+0000").map(|instant| format!("{instant}Z"));
    utc.as_deref().unwrap_or(text).parse().ok()
}

fn one_of(ids: &[&str]) -> Result<Condition> {
    let literal = |id: &&str| Literal { kind: LiteralKind::string(*id), span: Span::default() };
    Ok(Condition::Comparison(Comparison {
        left: Operand::Path(path(ID)?),
        operator: Operator::In,
        right: Value::List(ids.iter().map(literal).collect()),
        span: Span::default(),
    }))
}
