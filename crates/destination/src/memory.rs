//! A destination in this process's memory, for tests and for looking at a few records.
//!
//! It keeps the whole contract and nothing on disk: everything is gone with the last clone of the [`Memory`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::parts::{PartClaim, PartLedger};
use crate::shape::Shape;
use crate::{
    Batch, Capabilities, CommittedLoad, Destination, Error, ErrorKind, Gone, LeftLoad, PartId, PartWriter, Result,
    TableLoad, TableScan, TableSpec, WriteMode, WrittenPart, csv,
};

/// What a boolean column holds that is true.
const TRUE: &str = "true";

/// Tables in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    store: Arc<Mutex<Store>>,
}

/// What a table holds, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableContents {
    /// The columns' names, in order.
    pub columns: Vec<String>,
    /// The records, each with one value per column; `None` is a null.
    pub records: Vec<Record>,
}

/// The values of one record, in the order of the columns; `None` is a null.
pub type Record = Vec<Option<String>>;

#[derive(Debug, Default)]
struct Store {
    tables: BTreeMap<String, StoredTable>,
    loading: BTreeSet<String>,
    left: BTreeMap<String, Leftovers>,
}

/// What a load that ended without commit or abort has written.
#[derive(Debug)]
struct Leftovers {
    outline: String,
    load: LeftLoad,
    records: BTreeMap<PartId, Vec<Record>>,
}

#[derive(Clone, Debug, Default)]
struct StoredTable {
    contents: TableContents,
    /// The state documents, by row.
    states: BTreeMap<String, String>,
}

impl Store {
    fn state(&self, row: &str, table: &str) -> Option<String> {
        self.tables.get(table)?.states.get(row).cloned()
    }

    fn check_premise(&self, table: &TableSpec) -> Result<()> {
        table.check_premise(|| Ok(self.state(&table.row, &table.name)))
    }

    /// Reserves `table` for a load; returns what an earlier one has left.
    fn reserve(&mut self, table: &TableSpec) -> Result<Option<Leftovers>> {
        if self.loading.contains(&table.name) {
            let message = format!("could not begin to load table `{}`: another load of it is under way", table.name);
            return Err(Error::new(ErrorKind::Locked, message));
        }
        self.check_premise(table)?;
        self.loading.insert(table.name.clone());
        Ok(self.left.remove(&table.name))
    }
}

impl Memory {
    /// Makes an empty destination.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what `table` holds, or `None` if nothing was ever committed to it.
    pub fn table(&self, table: &str) -> Option<TableContents> {
        lock(&self.store).tables.get(table).map(|stored| stored.contents.clone())
    }

    /// Removes `table` and its state, as a user might behind our back.
    pub fn drop_table(&self, table: &str) {
        lock(&self.store).tables.remove(table);
    }

    /// Sets the state of `row` with `table`, if that is there, as a user might behind our back.
    pub fn set_state(&self, row: &str, table: &str, state: &str) {
        let mut store = lock(&self.store);
        let Some(stored) = store.tables.get_mut(table) else { return };
        stored.states.insert(row.to_owned(), state.to_owned());
    }

    /// Removes the records of `table` whose `column` holds `value`, as a user might behind our back.
    pub fn remove_records(&self, table: &str, column: &str, value: &str) {
        let mut store = lock(&self.store);
        let Some(StoredTable { contents, .. }) = store.tables.get_mut(table) else { return };
        let Some(position) = contents.columns.iter().position(|name| name == column) else { return };
        contents.records.retain(|record| record[position].as_deref() != Some(value));
    }
}

#[async_trait]
impl Destination for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities { keeps_state: true, resume: true, append: true, upsert: true, removes: true, scan: true }
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn state(&self, row: &str, table: &str) -> Result<Option<String>> {
        Ok(lock(&self.store).state(row, table))
    }

    async fn states(&self, row: &str) -> Result<Vec<String>> {
        Ok(lock(&self.store).tables.values().filter_map(|stored| stored.states.get(row).cloned()).collect())
    }

    async fn begin(&self, table: &TableSpec) -> Result<Box<dyn TableLoad>> {
        table.validate()?;
        let mut leftovers = lock(&self.store).reserve(table)?;
        if let Some(left) = leftovers.as_mut().filter(|left| left.outline != table.outline()) {
            left.load.parts.clear();
            left.records.clear();
        }
        let (left, records) = leftovers.map(|left| (left.load, left.records)).unzip();
        let staged = Staged {
            ledger: PartLedger::with_written(left.as_ref().map_or(&[], |left: &LeftLoad| &left.parts)),
            records: Mutex::new(records.unwrap_or_default()),
            columns: table.columns.len(),
            journal: Mutex::new(left.as_ref().map(|left| left.journal.clone())),
        };
        Ok(Box::new(MemoryLoad { store: self.store.clone(), table: table.clone(), left, staged: Arc::new(staged) }))
    }

    async fn left_journal(&self, table: &str) -> Result<Option<String>> {
        Ok(lock(&self.store).left.get(table).map(|left| left.load.journal.clone()))
    }

    async fn scan(&self, table: &str, columns: &[String]) -> Result<Option<TableScan>> {
        let Some(contents) = self.table(table) else { return Ok(None) };
        let position = |name: &String| contents.columns.iter().position(|column| column == name);
        let positions: Vec<_> = columns.iter().map(position).collect();
        Ok(Some(TableScan::start(move |output| {
            contents.records.iter().try_for_each(|record| {
                let values = pick(record, &positions);
                output.record(values.iter().map(|value| value.as_deref().unwrap_or_default().as_bytes()))
            })
        })))
    }
}

/// A load into memory. Its table stays reserved until it is dropped.
#[derive(Debug)]
struct MemoryLoad {
    store: Arc<Mutex<Store>>,
    table: TableSpec,
    left: Option<LeftLoad>,
    staged: Arc<Staged>,
}

/// What a load has written so far.
#[derive(Debug)]
struct Staged {
    ledger: PartLedger,
    records: Mutex<BTreeMap<PartId, Vec<Record>>>,
    columns: usize,
    /// The journal, if the load leaves something for the next one.
    journal: Mutex<Option<String>>,
}

impl Drop for MemoryLoad {
    fn drop(&mut self) {
        self.staged.ledger.close();
        let mut store = lock(&self.store);
        store.loading.remove(&self.table.name);
        if let Some(journal) = lock(&self.staged.journal).take() {
            let parts = self.staged.ledger.written();
            let mut records = std::mem::take(&mut *lock(&self.staged.records));
            records.retain(|part, _| parts.iter().any(|written| written.part == *part));
            let left = Leftovers { outline: self.table.outline(), load: LeftLoad { journal, parts }, records };
            store.left.insert(self.table.name.clone(), left);
        }
    }
}

#[async_trait]
impl TableLoad for MemoryLoad {
    fn left(&self) -> Option<&LeftLoad> {
        self.left.as_ref()
    }

    async fn save_journal(&self, journal: &str) -> Result<()> {
        *lock(&self.staged.journal) = Some(journal.to_owned());
        Ok(())
    }

    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        let claim = self.staged.ledger.open(part)?;
        lock(&self.staged.records).insert(part, Vec::new());
        Ok(Box::new(MemoryPart { staged: self.staged.clone(), claim }))
    }

    async fn commit(self: Box<Self>, parts: Vec<WrittenPart>, state: &str) -> Result<CommittedLoad> {
        lock(&self.staged.journal).take();
        let settled = self.staged.ledger.settle(&parts)?;
        let mut staged = std::mem::take(&mut *lock(&self.staged.records));
        let all: Vec<Record> =
            settled.listed.iter().flat_map(|written| staged.remove(&written.part).unwrap_or_default()).collect();
        self.table.refuse_twice(came_twice(&self.table, &all))?;
        let records = newest(&self.table, all);
        let superseded = settled.records() - records.len() as u64;
        if self.table.keys_are_unique {
            self.table.refuse_twice(superseded)?;
        }

        let mut store = lock(&self.store);
        store.check_premise(&self.table)?;
        let old = store.tables.remove(&self.table.name);
        let shape = Shape::of(&self.table, old.as_ref().map(|old| old.contents.columns.as_slice()));
        let (mut stored, ended) = match self.table.write_mode.is_of_keys() {
            true => end_records(&self.table, old.clone(), &records).inspect_err(|_| {
                // The table stays as it was.
                store.tables.extend(old.map(|old| (self.table.name.clone(), old)));
            })?,
            false => merge(&self.table, &shape, old, records),
        };
        stored.states.insert(self.table.row.clone(), state.to_owned());
        let table_records = Some(stored.contents.records.len() as u64);
        store.tables.insert(self.table.name.clone(), stored);
        drop(store);
        let Ended { gone, absent } = ended;
        let records = settled.records();
        Ok(CommittedLoad { records, superseded, gone, absent, table_records, changes: shape.changes })
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        lock(&self.staged.journal).take();
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryPart {
    staged: Arc<Staged>,
    claim: PartClaim,
}

#[async_trait]
impl PartWriter for MemoryPart {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.staged.ledger.check(&self.claim)?;
        self.claim.start();
        let records: Vec<Record> = csv::records(batch.bytes()).map(read).collect();
        if records.len() as u64 != batch.records() || records.iter().any(|record| record.len() != self.staged.columns) {
            let message = format!("could not write part {}: the batch is not what it says", self.claim.part().0);
            return Err(Error::new(ErrorKind::Corrupt, message));
        }
        lock(&self.staged.records).entry(self.claim.part()).or_default().extend(records);
        self.claim.add(&batch);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<WrittenPart> {
        self.staged.ledger.finish(&self.claim)
    }
}

fn read(record: &[u8]) -> Record {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    csv::values(record).map(|value| Some(text(&value)).filter(|text| !text.is_empty())).collect()
}

/// Returns how many records have the identity of another one besides.
fn came_twice(table: &TableSpec, records: &[Record]) -> u64 {
    let Some(identity) = table.identity_beside_key() else { return 0 };
    let Some(position) = table.position(&identity.column) else { return 0 };
    let known = records.iter().filter_map(|record| record[position].as_deref()).filter(|value| *value != identity.none);
    let known: Vec<_> = known.collect();
    (known.len() - known.iter().collect::<HashSet<_>>().len()) as u64
}

/// Returns the records of a load without those that a newer one supersedes.
fn newest(table: &TableSpec, records: Vec<Record>) -> Vec<Record> {
    if table.primary_key.is_empty() {
        return records;
    }
    let version_of = |record: &Record| table.version_position().and_then(|position| record[position].clone());
    let keys = table.key_positions();
    let mut newest = HashMap::<Record, usize>::new();
    for (index, record) in records.iter().enumerate() {
        let best = newest.entry(key_of(record, &keys)).or_insert(index);
        if version_of(record) >= version_of(&records[*best]) {
            *best = index;
        }
    }
    let mut kept: Vec<usize> = newest.into_values().collect();
    kept.sort_unstable();
    kept.into_iter().map(|index| records[index].clone()).collect()
}

/// How many records ended with a load.
#[derive(Debug, Default)]
struct Ended {
    gone: u64,
    absent: Option<u64>,
}

fn merge(table: &TableSpec, shape: &Shape, old: Option<StoredTable>, records: Vec<Record>) -> (StoredTable, Ended) {
    let is_hidden = |position: usize| table.hidden_position() == Some(position);
    let columns = table.columns.iter().enumerate();
    // A column that is not stored has a name that no column of a table has.
    let columns: Vec<String> = columns
        .map(|(position, column)| if is_hidden(position) { String::new() } else { column.name.clone() })
        .collect();
    let from_load = shape.positions_in(&columns);
    let old = old.filter(|_| table.write_mode != WriteMode::Replace).unwrap_or_default();
    let from_old = shape.positions_in(&old.contents.columns);
    let mut merged: Vec<Record> = old.contents.records.iter().map(|record| pick(record, &from_old)).collect();

    let keys: Vec<usize> =
        table.key_positions().into_iter().filter_map(|key| from_load.iter().position(|at| *at == Some(key))).collect();
    let mut by_key = HashMap::new();
    if table.write_mode == WriteMode::Upsert {
        by_key.extend(merged.iter().enumerate().map(|(index, record)| (key_of(record, &keys), index)));
    }
    let is_gone = |record: &Record| table.gone_position().is_some_and(|at| record[at].as_deref() == Some(TRUE));
    let mut gone = BTreeSet::new();
    for loaded in records {
        let mut record = pick(&loaded, &from_load);
        match by_key.get(&key_of(&record, &keys)) {
            Some(index) if is_gone(&loaded) => gone.extend([*index]),
            None if is_gone(&loaded) => {}
            Some(index) => {
                for (position, source) in from_load.iter().enumerate() {
                    if source.is_none() {
                        record[position] = merged[*index][position].take();
                    }
                }
                merged[*index] = record;
            }
            None => merged.push(record),
        }
    }
    let ended = Ended { gone: gone.len() as u64, absent: None };
    let stay = merged.into_iter().enumerate().filter(|(index, _)| !gone.contains(index)).map(|(_, record)| record);
    let contents = TableContents { columns: shape.columns.clone(), records: stay.collect() };
    (StoredTable { contents, states: old.states }, ended)
}

/// Ends the records of the table `old` that the keys in `listed` say are gone.
fn end_records(table: &TableSpec, old: Option<StoredTable>, listed: &[Record]) -> Result<(StoredTable, Ended)> {
    let mut stored = old.ok_or_else(|| table.not_there())?;
    let position = |name: &String| {
        let columns = &stored.contents.columns;
        columns.iter().position(|column| column == name).ok_or_else(|| table.lacks(name))
    };
    let keys = table.primary_key.iter().map(position).collect::<Result<Vec<_>>>()?;
    let mark = match &table.gone {
        Some(Gone::Marked { column }) => Some(position(column)?),
        _ => None,
    };
    let listed_keys = table.key_positions();
    let listed: BTreeSet<Record> = listed.iter().map(|record| key_of(record, &listed_keys)).collect();
    let here: BTreeSet<Record> = stored.contents.records.iter().map(|record| key_of(record, &keys)).collect();
    let is_gone = |record: &Record| listed.contains(&key_of(record, &keys)) == (table.write_mode == WriteMode::Remove);
    let mut ended = Ended::default();
    stored.contents.records.retain_mut(|record| match mark {
        _ if !is_gone(record) => true,
        None => {
            ended.gone += 1;
            false
        }
        Some(mark) => {
            ended.gone += u64::from(record[mark].replace(TRUE.to_owned()).as_deref() != Some(TRUE));
            true
        }
    });
    ended.absent = (table.write_mode == WriteMode::Retain).then(|| listed.difference(&here).count() as u64);
    Ok((stored, ended))
}

fn pick(record: &Record, positions: &[Option<usize>]) -> Record {
    positions.iter().map(|position| position.and_then(|position| record[position].clone())).collect()
}

fn key_of(record: &Record, positions: &[usize]) -> Record {
    positions.iter().map(|position| record[*position].clone()).collect()
}

/// Locks `mutex`. Nothing here panics halfway through a change, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Harness;

    #[async_trait]
    impl Harness for Memory {
        fn destination(&self) -> Arc<dyn Destination> {
            Arc::new(self.clone())
        }

        async fn read(&self, table: &str) -> Option<TableContents> {
            self.table(table)
        }

        async fn drop_table(&self, table: &str) {
            Self::drop_table(self, table);
        }

        async fn set_state(&self, row: &str, table: &str, state: &str) {
            Self::set_state(self, row, table, state);
        }
    }

    crate::contract_tests!(Memory::new());
}
