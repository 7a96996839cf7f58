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

/// Names the records of windows that differ, as far as these are small enough: first of those that nothing explains.
///
/// An explanation by counts says that as many records can account for a difference, not that they do: where a record is lost and another one
/// changed, the counts are those of a change alone. The Ids tell the two apart. Of explained windows only records that the table lacks are
/// named, for what it has in addition is what was explained.
pub(super) async fn name(
    client: &Client,
    subject: &Subject,
    destination: &dyn Destination,
    counts: &[WindowCount],
    is_dated: bool,
) -> Result<Named> {
    let mut named = Named::default();
    let mut windows: Vec<(Window, bool)> = Vec::new();
    let mut records = 0;
    for count in differing(subject, counts) {
        let window = Window { from: count.from, to: count.to, table: Default::default() };
        if windows.iter().any(|(known, _)| *known == window) {
            continue;
        }
        let size = count.org.max(count.table);
        match (records + size > MOST, count.agrees()) {
            (true, false) => named.is_partial = true,
            (true, true) => named.unexamined += 1,
            (false, is_explained) => {
                records += size;
                windows.push((window, is_explained));
            }
        }
    }
    if windows.is_empty() {
        return Ok(named);
    }
    let in_table = ids_of_table(subject, destination, &windows, is_dated).await?;
    let own_ids: HashSet<&str> = in_table.iter().map(|(_, id)| id.as_str()).collect();
    for (window, is_explained) in windows {
        let selected = ids_of_org(client, subject, &subject.query, subject.operation, &window).await?;
        let mut known: HashSet<&str> = selected.iter().map(|(id, _)| id.as_str()).collect();
        let is_due = |changed: &Option<Timestamp>| match (subject.watermark, changed) {
            (Some(watermark), Some(changed)) => *changed < watermark,
            _ => true,
        };
        let missing = selected.iter().filter(|(id, changed)| is_due(changed) && !own_ids.contains(id.as_str()));
        named.missing.extend(missing.map(|(id, _)| id.clone()));
        if is_explained {
            continue;
        }
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

/// Returns the counts that differ: first those that nothing explains, then the others, where a record of the org is one of the table.
fn differing<'a>(subject: &Subject, counts: &'a [WindowCount]) -> impl Iterator<Item = &'a WindowCount> {
    let key = &subject.table.primary_key;
    let is_one = key.is_empty() || key.iter().any(|column| column == ID);
    let differ = |count: &&WindowCount| count.kind != RecordKind::Undated && count.difference() != 0;
    let unexplained = counts.iter().filter(differ).filter(|count| !count.agrees());
    unexplained.chain(counts.iter().filter(differ).filter(move |count| is_one && count.agrees()))
}

/// Returns the Ids of the table's records in any of the windows, with the instants of their creation.
async fn ids_of_table(
    subject: &Subject,
    destination: &dyn Destination,
    windows: &[(Window, bool)],
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
            if windows.iter().any(|(window, _)| is_within(window, created)) {
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
