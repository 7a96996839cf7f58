//! Parts into a table load.

use std::collections::BTreeMap;

use orgtap_destination::{PartId, PartWriter, TableLoad, WrittenPart};
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::extract::PartMessage;

/// Writes every part that arrives and returns proof of those that were closed.
///
/// Ends when the extraction does; whether that ended well is for the caller to know.
pub(crate) async fn write_all(
    load: &dyn TableLoad,
    mut parts: mpsc::Receiver<PartMessage>,
) -> Result<Vec<WrittenPart>> {
    let mut open: BTreeMap<PartId, Box<dyn PartWriter>> = BTreeMap::new();
    let mut written = Vec::new();
    while let Some(message) = parts.recv().await {
        match message {
            PartMessage::Open(part) => {
                open.insert(part, load.open_part(part).await.map_err(Error::destination)?);
            }
            PartMessage::Records(part, batch) => {
                let writer = open.get_mut(&part).ok_or_else(|| not_open(part))?;
                writer.write(batch).await.map_err(Error::destination)?;
            }
            PartMessage::Close(part) => {
                let writer = open.remove(&part).ok_or_else(|| not_open(part))?;
                written.push(writer.finish().await.map_err(Error::destination)?);
            }
        }
    }
    Ok(written)
}

fn not_open(part: PartId) -> Error {
    Error::Internal { message: format!("part {} is not open", part.0) }
}
