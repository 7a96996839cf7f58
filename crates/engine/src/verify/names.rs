//! Which records make a difference of counts: the Ids of a window, of the org and of the table, side by side.

use std::collections::HashSet;

use jiff::Timestamp;
use orgtap_destination::{Destination, csv};
use orgtap_salesforce::{Client, QueryOperation, Record};
use orgtap_soql::Query;

use super::counts::{path, within};
use super::outcome::{Named, RecordKind, WindowCount};
use super::sample::{instant, stamp, text_of};
use super::table::{CREATED, ID, instant_of};
use super::windows::Window;
use crate::error::{Error, Result};
use crate::plan::Subject;

/// The most records whose Ids are read: ten calls.
const MOST: u64 = 20_000;

/// Names the records of windows that differ without an explanation, as far as these are small enough.
pub(super) async fn name(
    client: &Client,
    subject: &Subject,
    destination: &dyn Destination,
    counts: &[WindowCount],
    is_dated: bool,
) -> Result<Named> {
    let mut named = Named::default();
    let mut windows: Vec<Window> = Vec::new();
    let mut records = 0;
    for count in counts.iter().filter(|count| !count.agrees() && count.kind != RecordKind::Undated) {
        let window = Window { from: count.from, to: count.to, table: Default::default() };
        if windows.contains(&window) {
            continue;
        }
        records += count.org.max(count.table);
        match records > MOST {
            true => named.is_partial = true,
            false => windows.push(window),
        }
    }
    if windows.is_empty() {
        return Ok(named);
    }
    let in_table = ids_of_table(subject, destination, &windows, is_dated).await?;
    let own_ids: HashSet<&str> = in_table.iter().map(|(_, id)| id.as_str()).collect();
    for window in windows {
        let selected = ids_of_org(client, subject, &subject.query, subject.operation, &window).await?;
        let mut known: HashSet<&str> = selected.iter().map(|(id, _)| id.as_str()).collect();
        let is_due = |changed: &Option<Timestamp>| match (subject.watermark, changed) {
            (Some(watermark), Some(changed)) => *changed < watermark,
            _ => true,
        };
        let missing = selected.iter().filter(|(id, changed)| is_due(changed) && !own_ids.contains(id.as_str()));
        named.missing.extend(missing.map(|(id, _)| id.clone()));
        let hidden = match subject.includes_deleted {
            true => Vec::new(),
            false => ids_of_org(client, subject, &subject.query_all, QueryOperation::QueryAll, &window).await?,
        };
        known.extend(hidden.iter().map(|(id, _)| id.as_str()));
        let own = in_table.iter().filter(|(created, _)| is_within(&window, *created));
        named.extra.extend(own.filter(|(_, id)| !known.contains(id.as_str())).map(|(_, id)| id.clone()));
    }
    Ok(named)
}

/// Returns the Ids of the table's records in any of the windows, with the instants of their creation.
async fn ids_of_table(
    subject: &Subject,
    destination: &dyn Destination,
    windows: &[Window],
    is_dated: bool,
) -> Result<HashSet<(Option<Timestamp>, String)>> {
    let columns: Vec<String> = [ID].into_iter().chain(is_dated.then_some(CREATED)).map(str::to_owned).collect();
    let scan = destination.scan(&subject.table.name, &columns).await.map_err(Error::destination)?;
    let mut ids = HashSet::new();
    let Some(mut scan) = scan else { return Ok(ids) };
    while let Some(batch) = scan.next().await.map_err(Error::destination)? {
        for record in csv::records(batch.bytes()) {
            let mut values = csv::values(record);
            let id = String::from_utf8_lossy(&values.next().unwrap_or_default()).into_owned();
            let created = values.next().and_then(|created| instant_of(&created));
            if windows.iter().any(|window| is_within(window, created)) {
                ids.insert((created, id));
            }
        }
    }
    Ok(ids)
}

fn is_within(window: &Window, created: Option<Timestamp>) -> bool {
    if window.from.is_none() && window.to.is_none() {
        return true;
    }
    created.is_some_and(|created| {
        window.from.is_none_or(|from| from <= created) && window.to.is_none_or(|to| created < to)
    })
}

/// Returns the Ids of the records of `query` in the window, each with when it changed last.
async fn ids_of_org(
    client: &Client,
    subject: &Subject,
    query: &Query,
    operation: QueryOperation,
    window: &Window,
) -> Result<Vec<(String, Option<Timestamp>)>> {
    let stamp = stamp(&subject.object);
    let mut query = query.clone();
    query.replace_select([ID].into_iter().chain(stamp).map(path).collect::<Result<_>>()?);
    query.drop_order_by();
    within(window)?.into_iter().for_each(|condition| query.add_condition(condition));
    let mut page = client.query(&query.to_string(), operation).await.map_err(Error::salesforce)?;
    let announced = page.total_size;
    let mut ids = Vec::new();
    let read = |record: &Record| {
        let changed = stamp.and_then(|stamp| text_of(record, stamp)).and_then(instant);
        Some((text_of(record, ID)?.to_owned(), changed))
    };
    loop {
        ids.extend(page.records.iter().filter_map(read));
        match page.next.take().filter(|_| (ids.len() as u64) < announced) {
            Some(next) => page = client.query_more(&next).await.map_err(Error::salesforce)?,
            None => break,
        }
    }
    if ids.len() as u64 != announced {
        let message = format!("the query found {announced} records, its pages hold {}", ids.len());
        return Err(Error::Incomplete { message });
    }
    Ok(ids)
}
