//! A destination that forgets everything, to measure or try an extraction without its load.
//!
//! It keeps no records and no state, so every run of a row is its first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use crate::parts::{PartClaim, PartLedger};
use crate::{
    Batch, Capabilities, CommittedLoad, Destination, PartId, PartWriter, Result, TableLoad, TableSpec, WrittenPart,
};

/// Counts the records that are committed and drops them. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Null {
    records: Arc<AtomicU64>,
}

impl Null {
    /// Makes one that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how many records were committed, over all tables.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Destination for Null {
    fn capabilities(&self) -> Capabilities {
        Capabilities { keeps_state: false, resume: false, append: true, upsert: true, removes: true, scan: false }
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn state(&self, _row: &str, _table: &str) -> Result<Option<String>> {
        Ok(None)
    }

    async fn states(&self, _row: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn begin(&self, table: &TableSpec) -> Result<Box<dyn TableLoad>> {
        table.validate()?;
        Ok(Box::new(NullLoad { records: self.records.clone(), ledger: Arc::default() }))
    }
}

#[derive(Debug)]
struct NullLoad {
    records: Arc<AtomicU64>,
    ledger: Arc<PartLedger>,
}

impl Drop for NullLoad {
    fn drop(&mut self) {
        self.ledger.close();
    }
}

#[async_trait]
impl TableLoad for NullLoad {
    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        let claim = self.ledger.open(part)?;
        Ok(Box::new(NullPart { ledger: self.ledger.clone(), claim }))
    }

    async fn commit(self: Box<Self>, parts: Vec<WrittenPart>, _state: &str) -> Result<CommittedLoad> {
        let records = self.ledger.settle(&parts)?.records();
        self.records.fetch_add(records, Ordering::Relaxed);
        Ok(CommittedLoad { records, ..CommittedLoad::default() })
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct NullPart {
    ledger: Arc<PartLedger>,
    claim: PartClaim,
}

#[async_trait]
impl PartWriter for NullPart {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.ledger.check(&self.claim)?;
        self.claim.add(&batch);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<WrittenPart> {
        self.ledger.finish(&self.claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Harness;
    use crate::memory::TableContents;
    use crate::{Column, ColumnType, Premise, WriteMode};

    #[async_trait]
    impl Harness for Null {
        fn destination(&self) -> Arc<dyn Destination> {
            Arc::new(self.clone())
        }

        async fn read(&self, _table: &str) -> Option<TableContents> {
            None
        }

        async fn drop_table(&self, _table: &str) {}

        async fn set_state(&self, _row: &str, _table: &str, _state: &str) {}
    }

    crate::contract_tests! {
        Null::new();
        a_load_that_does_not_add_up_is_refused,
        a_part_that_is_opened_again_is_closed_to_its_first_writer,
        a_table_that_is_none_is_refused,
        a_writer_ends_with_its_load,
        an_aborted_load_can_be_begun_again,
        state_is_gone_with_its_table,
    }

    #[tokio::test]
    async fn only_committed_records_are_counted() {
        let null = Null::new();
        let name = "Id".to_owned();
        let table = TableSpec {
            row: "accounts".to_owned(),
            name: "Account".to_owned(),
            columns: vec![Column { name, column_type: ColumnType::Text, is_nullable: false, description: None }],
            primary_key: Vec::new(),
            write_mode: WriteMode::Append,
            version_column: None,
            keys_are_unique: true,
            identity: None,
            gone: None,
            premise: Premise::Anything,
        };

        for is_committed in [true, false, true] {
            let load = null.begin(&table).await.unwrap();
            let mut part = load.open_part(PartId(0)).await.unwrap();
            part.write(Batch::new("a\nb\n".into(), 2)).await.unwrap();
            let part = part.finish().await.unwrap();
            if is_committed {
                assert_eq!(load.commit(vec![part], "{}").await.unwrap().records, 2);
            }
        }

        assert_eq!(null.records(), 4);
    }
}
