//! A destination that fails on purpose, to prove what everything above it does then.
//!
//! It wraps another destination, which does the work whenever no fault is due.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::{
    Batch, Capabilities, CommittedLoad, Destination, Error, ErrorKind, LeftLoad, PartId, PartWriter, Result, TableLoad,
    TableScan, TableSpec, WrittenPart,
};

/// A call on a destination that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Call {
    /// [`Destination::check`].
    Check,
    /// [`Destination::state`], and [`Destination::states`] without a table.
    State,
    /// [`Destination::begin`].
    Begin,
    /// [`TableLoad::open_part`].
    OpenPart,
    /// [`PartWriter::write`].
    Write,
    /// [`PartWriter::finish`].
    Finish,
    /// [`TableLoad::save_journal`].
    SaveJournal,
    /// [`TableLoad::commit`], before it has any effect.
    Commit,
    /// [`TableLoad::commit`], after it took effect: the caller sees an error and cannot know.
    CommitReply,
    /// [`TableLoad::abort`].
    Abort,
    /// [`Destination::scan`].
    Scan,
}

/// One fault: which call fails, when, how often and how.
#[derive(Clone, Debug)]
pub struct Fault {
    call: Call,
    table: Option<String>,
    skip: u32,
    times: u32,
    kind: ErrorKind,
}

impl Fault {
    /// Makes a fault of the first `call`, once, of kind [`ErrorKind::Failed`].
    pub fn at(call: Call) -> Self {
        Self { call, table: None, skip: 0, times: 1, kind: ErrorKind::Failed }
    }

    /// Lets the first `calls` pass.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Fails `times` times in a row.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Fails from then on.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// Counts and fails only calls about `table`.
    #[must_use]
    pub fn on_table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Fails with an error of `kind`.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    fn concerns(&self, call: Call, table: Option<&str>) -> bool {
        self.call == call && (self.table.is_none() || self.table.as_deref() == table)
    }
}

/// The faults of a [`Faulty`] destination.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    faults: Vec<Fault>,
}

impl FaultPlan {
    /// Makes a plan without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault.
    #[must_use]
    pub fn fail(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

/// A destination that fails by plan.
#[derive(Clone, Debug)]
pub struct Faulty {
    inner: Arc<dyn Destination>,
    script: Arc<Script>,
}

impl Faulty {
    /// Wraps `inner`.
    pub fn new(inner: Arc<dyn Destination>, plan: FaultPlan) -> Self {
        let script = Script { progress: Mutex::new(Progress { faults: plan.faults, raised: 0 }) };
        Self { inner, script: Arc::new(script) }
    }

    /// Returns how many calls were made to fail so far.
    pub fn raised(&self) -> u32 {
        self.script.progress.lock().unwrap_or_else(PoisonError::into_inner).raised
    }
}

/// The faults still to come.
#[derive(Debug)]
struct Script {
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    faults: Vec<Fault>,
    raised: u32,
}

impl Script {
    /// Counts a call, and fails if a fault is due. `what` completes `could not …`.
    fn step(&self, call: Call, table: Option<&str>, what: &str) -> Result<()> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = None;
        for fault in progress.faults.iter_mut().filter(|fault| fault.concerns(call, table)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if fault.times > 0 && due.is_none() {
                fault.times -= 1;
                due = Some(fault.kind);
            }
        }
        let Some(kind) = due else { return Ok(()) };
        progress.raised += 1;
        Err(Error::new(kind, format!("could not {what}: this failure is on purpose")))
    }
}

#[async_trait]
impl Destination for Faulty {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn check(&self) -> Result<()> {
        self.script.step(Call::Check, None, "check the destination")?;
        self.inner.check().await
    }

    async fn state(&self, row: &str, table: &str) -> Result<Option<String>> {
        self.script.step(Call::State, Some(table), "read the state")?;
        self.inner.state(row, table).await
    }

    async fn states(&self, row: &str) -> Result<Vec<String>> {
        self.script.step(Call::State, None, "read the states")?;
        self.inner.states(row).await
    }

    async fn left_journal(&self, table: &str) -> Result<Option<String>> {
        self.script.step(Call::State, Some(table), "read the journal")?;
        self.inner.left_journal(table).await
    }

    async fn begin(&self, table: &TableSpec) -> Result<Box<dyn TableLoad>> {
        self.script.step(Call::Begin, Some(&table.name), "begin the load")?;
        let inner = self.inner.begin(table).await?;
        Ok(Box::new(FaultyLoad { inner, script: self.script.clone(), table: table.name.clone() }))
    }

    async fn scan(&self, table: &str, columns: &[String]) -> Result<Option<TableScan>> {
        self.script.step(Call::Scan, Some(table), "read the table")?;
        self.inner.scan(table, columns).await
    }
}

#[derive(Debug)]
struct FaultyLoad {
    inner: Box<dyn TableLoad>,
    script: Arc<Script>,
    table: String,
}

#[async_trait]
impl TableLoad for FaultyLoad {
    fn left(&self) -> Option<&LeftLoad> {
        self.inner.left()
    }

    async fn save_journal(&self, journal: &str) -> Result<()> {
        self.script.step(Call::SaveJournal, Some(&self.table), "save the journal")?;
        self.inner.save_journal(journal).await
    }

    async fn open_part(&self, part: PartId) -> Result<Box<dyn PartWriter>> {
        self.script.step(Call::OpenPart, Some(&self.table), "open a part")?;
        let inner = self.inner.open_part(part).await?;
        Ok(Box::new(FaultyPart { inner, script: self.script.clone(), table: self.table.clone() }))
    }

    async fn commit(self: Box<Self>, parts: Vec<WrittenPart>, state: &str) -> Result<CommittedLoad> {
        self.script.step(Call::Commit, Some(&self.table), "commit the load")?;
        let committed = self.inner.commit(parts, state).await?;
        self.script.step(Call::CommitReply, Some(&self.table), "learn whether the load was committed")?;
        Ok(committed)
    }

    async fn abort(self: Box<Self>) -> Result<()> {
        self.script.step(Call::Abort, Some(&self.table), "abort the load")?;
        self.inner.abort().await
    }
}

#[derive(Debug)]
struct FaultyPart {
    inner: Box<dyn PartWriter>,
    script: Arc<Script>,
    table: String,
}

#[async_trait]
impl PartWriter for FaultyPart {
    async fn write(&mut self, batch: Batch) -> Result<()> {
        self.script.step(Call::Write, Some(&self.table), "write a batch")?;
        self.inner.write(batch).await
    }

    async fn finish(self: Box<Self>) -> Result<WrittenPart> {
        self.script.step(Call::Finish, Some(&self.table), "finish a part")?;
        self.inner.finish().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Harness;
    use crate::memory::{Memory, TableContents};
    use crate::{Column, ColumnType, Premise, WriteMode};

    struct WithoutFaults(Memory);

    #[async_trait]
    impl Harness for WithoutFaults {
        fn destination(&self) -> Arc<dyn Destination> {
            Arc::new(Faulty::new(Arc::new(self.0.clone()), FaultPlan::new()))
        }

        async fn read(&self, table: &str) -> Option<TableContents> {
            self.0.table(table)
        }

        async fn drop_table(&self, table: &str) {
            self.0.drop_table(table);
        }

        async fn set_state(&self, row: &str, table: &str, state: &str) {
            self.0.set_state(row, table, state);
        }
    }

    crate::contract_tests!(WithoutFaults(Memory::new()));

    fn table(name: &str) -> TableSpec {
        let column = "Id".to_owned();
        TableSpec {
            row: "accounts".to_owned(),
            name: name.to_owned(),
            columns: vec![Column {
                name: column,
                column_type: ColumnType::Text,
                is_nullable: false,
                description: None,
            }],
            primary_key: Vec::new(),
            write_mode: WriteMode::Replace,
            version_column: None,
            keys_are_unique: true,
            identity: None,
            gone: None,
            premise: Premise::Anything,
        }
    }

    async fn load(destination: &Faulty, table: &TableSpec) -> Result<CommittedLoad> {
        let load = destination.begin(table).await?;
        let mut part = load.open_part(PartId(0)).await?;
        for text in ["a\n", "b\n", "c\n"] {
            part.write(Batch::new(text.into(), 1)).await?;
        }
        let part = part.finish().await?;
        load.commit(vec![part], "{}").await
    }

    #[tokio::test]
    async fn every_call_can_fail_once_and_then_works() {
        for call in [Call::Begin, Call::OpenPart, Call::Write, Call::Finish, Call::Commit] {
            let memory = Memory::new();
            let plan = FaultPlan::new().fail(Fault::at(call).with_kind(ErrorKind::NoSpace));
            let faulty = Faulty::new(Arc::new(memory.clone()), plan);

            assert_eq!(load(&faulty, &table("Account")).await.unwrap_err().kind(), ErrorKind::NoSpace, "{call:?}");
            assert_eq!(memory.table("Account"), None, "{call:?}");
            assert_eq!(load(&faulty, &table("Account")).await.unwrap().records, 3, "{call:?}");
            assert_eq!(faulty.raised(), 1, "{call:?}");
        }
    }

    #[tokio::test]
    async fn a_lost_reply_hides_a_commit_that_took_effect() {
        let memory = Memory::new();
        let faulty = Faulty::new(Arc::new(memory.clone()), FaultPlan::new().fail(Fault::at(Call::CommitReply)));

        assert!(load(&faulty, &table("Account")).await.is_err());

        assert_eq!(memory.table("Account").unwrap().records.len(), 3);
        assert_eq!(faulty.state("accounts", "Account").await.unwrap().as_deref(), Some("{}"));
    }

    #[tokio::test]
    async fn faults_wait_for_their_call_and_their_table() {
        let plan = FaultPlan::new().fail(Fault::at(Call::Write).after(4).times(2).on_table("Contact"));
        let faulty = Faulty::new(Arc::new(Memory::new()), plan);

        let outcomes = [
            load(&faulty, &table("Contact")).await.is_ok(),
            load(&faulty, &table("Account")).await.is_ok(),
            load(&faulty, &table("Contact")).await.is_ok(),
            load(&faulty, &table("Contact")).await.is_ok(),
            load(&faulty, &table("Contact")).await.is_ok(),
        ];

        assert_eq!(outcomes, [true, true, false, false, true]);
        assert_eq!(faulty.raised(), 2);
    }

    #[tokio::test]
    async fn a_lasting_fault_does_not_wear_off() {
        let plan = FaultPlan::new().fail(Fault::at(Call::Check).always()).fail(Fault::at(Call::State));
        let faulty = Faulty::new(Arc::new(Memory::new()), plan);

        for _ in 0..3 {
            assert!(faulty.check().await.is_err());
        }
        assert!(faulty.state("accounts", "Account").await.is_err());
    }
}
