//! Records through the REST API's query resource, for what the Bulk API cannot do.

use orgtap_destination::{Batch, PartId};
use orgtap_salesforce::Client;
use tokio_util::sync::CancellationToken;

use super::{Extracted, PagesSeen, PartMessage, PartSender, first_record, load_ended};
use crate::encode;
use crate::error::{Error, Result};
use crate::plan::Plan;

/// Runs the plan's query page by page and sends the records to `parts`, in the text form of the Bulk API.
pub(super) async fn extract(
    client: &Client,
    plan: &Plan,
    parts: &PartSender,
    stop: &CancellationToken,
) -> Result<Extracted> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Error::Stopped),
        result = pages(client, plan, parts) => result,
    }
}

async fn pages(client: &Client, plan: &Plan, parts: &PartSender) -> Result<Extracted> {
    parts.watch_stamps(plan);
    let soql = plan.query.to_string();
    let mut page = client.query(&soql, plan.operation).await.map_err(Error::salesforce)?;
    let announced = page.total_size;
    parts.expect(announced);
    let mut records = 0;
    let mut seen = PagesSeen::new(plan);
    for part in (0..).map(PartId) {
        let batch = encode::batch(&plan.selected, &page.records);
        records += batch.records();
        seen.add(first_record(&batch), page.next.as_deref())?;
        write(part, batch, parts).await?;
        match page.next.take() {
            Some(next) => page = client.query_more(&next).await.map_err(Error::salesforce)?,
            None => break,
        }
    }
    if records != announced {
        let message = format!("the query found {announced} records, its pages hold {records}");
        return Err(Error::Incomplete { message });
    }
    Ok(Extracted::default())
}

async fn write(part: PartId, batch: Batch, parts: &PartSender) -> Result<()> {
    parts.send(PartMessage::Open(part)).await.map_err(load_ended)?;
    parts.records(part, batch).await.map_err(load_ended)?;
    parts.send(PartMessage::Close(part)).await.map_err(load_ended)
}
