//! Records through the REST API's query resource, for what the Bulk API cannot do and for what is few.

use orgtap_destination::{Batch, PartId};
use orgtap_salesforce::{Client, ErrorKind, Json, QueryPage, Record};
use tokio_util::sync::CancellationToken;

use super::{Extracted, Extraction, MOST_EMPTY_PAGES, PagesSeen, Parts, documents, endless, first_record};
use crate::encode::Encoder;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// How a query through REST went.
#[derive(Debug)]
pub(super) enum ByRest {
    /// All records are written.
    Read(Extracted),
    /// There are so many records that nothing was written.
    TooMany { records: u64 },
}

/// Runs the plan's query page by page and writes the records, in the text form of the Bulk API, unless there are more than `most`.
pub(super) async fn extract(on: Extraction<'_>, most: Option<u64>, stop: &CancellationToken) -> Result<ByRest> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Error::Stopped),
        result = pages(on, most) => result,
    }
}

/// Does the same however many records there are.
pub(super) async fn extract_all(on: Extraction<'_>, stop: &CancellationToken) -> Result<Extracted> {
    match extract(on, None, stop).await? {
        ByRest::Read(extracted) => Ok(extracted),
        ByRest::TooMany { .. } => Err(Error::Internal { message: "a bound was held that nobody set".to_owned() }),
    }
}

async fn pages(on: Extraction<'_>, most: Option<u64>) -> Result<ByRest> {
    let Extraction { client, plan, parts, .. } = on;
    parts.watch_stamps(plan);
    let extracted = match client.query(&plan.query.to_string(), plan.operation).await {
        Err(error) if error.kind() == ErrorKind::FilterMissing && documents::can_filter(plan) => {
            documents::extract(client, plan, parts).await?
        }
        first => {
            let first = first.map_err(Error::salesforce)?;
            // The first answer says how many there are before any of them is written.
            if most.is_some_and(|most| first.total_size > most) {
                return Ok(ByRest::TooMany { records: first.total_size });
            }
            parts.expect(if plan.projection.is_count() { 1 } else { first.total_size });
            let mut reading = Reading::new(client, plan, parts);
            reading.answer(first).await?;
            reading.finish()?;
            Extracted::default()
        }
    };
    Ok(ByRest::Read(Extracted { newest: parts.newest(), written: parts.written(), ..extracted }))
}

/// Reads the answers to one or more queries of a plan.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    client: &'a Client,
    encoder: Encoder<'a>,
    seen: PagesSeen,
    parts: &'a Parts<'a>,
    is_count: bool,
    next_part: u32,
}

impl<'a> Reading<'a> {
    pub(super) fn new(client: &'a Client, plan: &'a Plan, parts: &'a Parts<'a>) -> Self {
        let (encoder, is_count) = (Encoder::new(&plan.projection), plan.projection.is_count());
        Self { client, encoder, seen: PagesSeen::new(plan), parts, is_count, next_part: 0 }
    }

    /// Reads an answer to its last page, counts it, and returns how many records it has.
    pub(super) async fn answer(&mut self, mut page: QueryPage) -> Result<u64> {
        if self.is_count {
            self.write(Encoder::count(page.total_size)).await?;
            return Ok(1);
        }
        let announced = page.total_size;
        let (mut records, mut pages) = (0, 0);
        loop {
            pages += 1;
            for record in &mut page.records {
                complete(self.client, record).await?;
            }
            let batch = self.encoder.batch(&page.records)?;
            records += batch.records();
            self.seen.add(first_record(&batch), page.next.as_deref())?;
            self.write(batch).await?;
            if records > announced {
                break;
            }
            match page.next.take() {
                Some(_) if is_endless(pages, announced) => return Err(endless(pages)),
                Some(next) => page = self.client.query_more(&next).await.map_err(Error::salesforce)?,
                None => break,
            }
        }
        if records != announced {
            let message = format!("the query found {announced} records, its pages hold {records}");
            return Err(Error::Incomplete { message });
        }
        Ok(records)
    }

    /// Checks that every column was found in the answers.
    pub(super) fn finish(self) -> Result<()> {
        self.encoder.finish()
    }

    async fn write(&mut self, batch: Batch) -> Result<()> {
        let part = PartId(self.next_part);
        self.next_part += 1;
        let mut part = self.parts.open(part).await?;
        part.write(batch).await?;
        part.close().await.map(drop)
    }
}

/// Reads the further pages of a record's children, of their children, and so on, and counts them.
pub(crate) async fn complete(client: &Client, record: &mut Record) -> Result<()> {
    for (_, value) in &mut record.0 {
        let Json::Record(inner) = value else { continue };
        if inner.get("records").is_none() {
            // A parent may have children too.
            Box::pin(complete(client, inner)).await?;
            continue;
        }
        let Some(page) = QueryPage::of_children(std::mem::replace(value, Json::Null)) else {
            return Err(Error::Incomplete {
                message: "the answer to a child subquery is not that of a query".to_owned(),
            });
        };
        *value = Json::List(Box::pin(children(client, page)).await?.into_iter().map(Json::Record).collect());
    }
    Ok(())
}

/// Reads the answer to a child subquery to its last page.
async fn children(client: &Client, mut page: QueryPage) -> Result<Vec<Record>> {
    let announced = page.total_size;
    let mut children = Vec::with_capacity(page.records.len());
    let mut pages = 0;
    loop {
        pages += 1;
        for mut child in page.records {
            complete(client, &mut child).await?;
            children.push(child);
        }
        if children.len() as u64 > announced {
            break;
        }
        match page.next.take() {
            Some(_) if is_endless(pages, announced) => return Err(endless(pages)),
            Some(next) => page = client.query_more(&next).await.map_err(Error::salesforce)?,
            None => break,
        }
    }
    if children.len() as u64 != announced {
        let message = format!("a child subquery found {announced} records, its pages hold {}", children.len());
        return Err(Error::Incomplete { message });
    }
    Ok(children)
}

/// Returns whether an answer of so many pages must have empty ones without end.
pub(super) fn is_endless(pages: usize, announced: u64) -> bool {
    pages as u64 > announced.saturating_add(MOST_EMPTY_PAGES as u64)
}
