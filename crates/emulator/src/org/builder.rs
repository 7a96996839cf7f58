//! What an org is made of, before it is made.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::asker::Asker;
use super::identity::{OrgIdentity, POD};
use super::organization::organization;
use super::snapshot::Tables;
use super::state::State;
use super::table::Table;
use super::{Inner, Org};
use crate::clock::{Clock, earlier, whole_second};
use crate::dataset::{DemoObject, Generated, demo};
use crate::error::ImportError;
use crate::import::{self, Draft, DraftObject, ImportReport};
use crate::object::{FieldKind, ObjectType};
use crate::value::Value;

/// 2024-06-01T12:00:00Z
const DEFAULT_START: i64 = 1_717_243_200;
/// How long before the org's start records were created whose file does not say when.
const UNDATED_AGE: Duration = Duration::from_secs(86_400);

/// What an org is made of, before it is made. Without [`OrgBuilder::demo`] and imports it has no objects.
#[derive(Debug)]
pub struct OrgBuilder {
    seed: u64,
    demo: Option<u64>,
    start: Option<Timestamp>,
    runs: bool,
    commit_delay: Duration,
    identity: OrgIdentity,
    draft: Draft,
}

impl Default for OrgBuilder {
    fn default() -> Self {
        Self {
            seed: 1,
            demo: None,
            start: None,
            runs: false,
            commit_delay: Duration::ZERO,
            identity: OrgIdentity::default(),
            draft: Draft::default(),
        }
    }
}

impl OrgBuilder {
    /// Sets the seed of all generated records: the same seed gives the same org. Default 1.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Fills the org with `records` generated records, shared out among linked objects. Must come before imports, so that
    /// these know the objects.
    #[must_use]
    pub fn demo(mut self, records: u64) -> Self {
        self.demo = Some(records);
        self.draft_demo(records);
        self
    }

    /// Sets where the clock starts. Default: 2024-06-01T12:00:00Z or, with imported records, just after their newest
    /// stamp, if that is later.
    #[must_use]
    pub fn starts_at(mut self, at: Timestamp) -> Self {
        self.start = Some(at);
        self
    }

    /// Lets the clock run with real time from its start. Without this it stands still until it is told to move.
    #[must_use]
    pub fn running_clock(mut self) -> Self {
        self.runs = true;
        self
    }

    /// Lets changes become visible only this long after they are stamped, as those of long transactions do.
    #[must_use]
    pub fn commit_delay(mut self, delay: Duration) -> Self {
        self.commit_delay = delay;
        self
    }

    /// Sets who the org is and how to sign in.
    #[must_use]
    pub fn identity(mut self, identity: OrgIdentity) -> Self {
        self.identity = identity;
        self
    }

    /// Adds what a file, or a folder with all its subfolders, holds: describes, `sf data import tree` files and plans, and
    /// CSVs named after their objects. Describes are read first; what they do not know is made up from the records.
    ///
    /// # Errors
    ///
    /// When the path cannot be read. Files in it that cannot be used are named in the report, with the reason.
    pub fn import(&mut self, path: &Path) -> Result<ImportReport, ImportError> {
        import::import(&mut self.draft, path)
    }

    fn draft_demo(&mut self, records: u64) {
        // The describes are the same whenever the org starts.
        for DemoObject { name, describe, generated } in demo(self.seed, records, Timestamp::UNIX_EPOCH) {
            let Json::Object(describe) = describe else { continue };
            self.draft.describe(describe).expect("the demo's own describes are complete");
            self.draft.reserve(&name, generated.count());
        }
    }

    /// Makes the org.
    #[must_use]
    pub fn build(self) -> Org {
        let objects = self.draft.finish();
        let start = self.start.unwrap_or_else(|| default_start(&objects));
        let mut generated: HashMap<String, Arc<Generated>> = HashMap::new();
        for object in self.demo.map(|records| demo(self.seed, records, start)).unwrap_or_default() {
            generated.insert(object.name, Arc::new(object.generated));
        }
        let tables = objects.into_iter().map(|(describe, drafted)| {
            let generated = generated.remove(&drafted.name);
            table(describe, drafted, generated, start, &self.identity)
        });
        let mut tables: Vec<Table> = tables.collect();
        if self.demo.is_some() {
            tables.iter_mut().for_each(|table| introduce(&self.identity, table));
        }
        // Every org knows itself; only an org without anything is left empty.
        let knows_itself = tables.iter().any(|table| table.object.name == "Organization");
        if !tables.is_empty() && !knows_itself {
            let at = tables.partition_point(|table| table.object.name.as_str() < "Organization");
            tables.insert(at, organization(&self.identity, start));
        }
        let sequences = tables.iter().map(next_sequence).collect();
        Org(Arc::new(Inner {
            asker: Arc::new(Asker::of(&self.identity)),
            identity: self.identity,
            clock: Clock::new(start, self.runs),
            began: start,
            commit_delay: Mutex::new(self.commit_delay),
            state: Mutex::new(State::new(Tables::new(tables), sequences)),
        }))
    }
}

/// Returns the default start or, if imported records are newer, the minute after the newest.
fn default_start(objects: &[(Json, DraftObject)]) -> Timestamp {
    let default = Timestamp::from_second(DEFAULT_START).unwrap_or(Timestamp::UNIX_EPOCH);
    let newest = objects.iter().filter_map(|(_, object)| object.newest_stamp()).max();
    match newest.and_then(|newest| newest.checked_add(SignedDuration::from_mins(1)).ok()) {
        Some(newest) if newest > default => whole_second(newest),
        _ => default,
    }
}

/// Gives the user that signs in the names by which it does.
fn introduce(identity: &OrgIdentity, table: &mut Table) {
    let Some(record) = table.find(identity.user_id).filter(|_| table.object.name == "User") else { return };
    let mut values = table.values(record);
    let (first, last) = identity.user_name.rsplit_once(' ').unwrap_or(("", &identity.user_name));
    let names = [
        ("Username", identity.username.as_str()),
        ("Email", &identity.email),
        ("FirstName", first),
        ("LastName", last),
        ("Name", &identity.user_name),
    ];
    for (name, value) in names {
        if let Some(field) = table.object.position(name) {
            values[field] = value.into();
        }
    }
    table.put(identity.user_id, values.into());
}

fn next_sequence(table: &Table) -> u64 {
    let prefix = table.object.key_prefix.as_ref().and_then(|prefix| prefix.as_bytes().try_into().ok());
    prefix.map_or(1, |prefix| table.next_sequence((prefix, POD)))
}

fn table(
    describe: Json,
    drafted: DraftObject,
    generated: Option<Arc<Generated>>,
    start: Timestamp,
    identity: &OrgIdentity,
) -> Table {
    let object = ObjectType::from_describe(describe).expect("a draft takes usable describes only");
    let mut table = Table::new(Arc::new(object), generated);
    for (id, mut values) in drafted.records {
        values.resize(table.object.fields.len(), Value::Null);
        complete_record(&table, &mut values, start, identity);
        table.put(id, values.into());
    }
    table
}

/// Fills in what every record of a real org has and an imported one may lack.
fn complete_record(table: &Table, values: &mut [Value], start: Timestamp, identity: &OrgIdentity) {
    for (field, value) in table.object.fields.iter().zip(values.iter_mut()) {
        if field.kind == FieldKind::Boolean && value.is_null() {
            *value = false.into();
        }
    }
    let system = table.system;
    let undated = Value::DateTime(whole_second(earlier(start, UNDATED_AGE)));
    let user = Value::Id(identity.user_id);
    let mut fill = |field: Option<usize>, value: Value| -> Value {
        let Some(field) = field else { return value };
        if values[field].is_null() {
            values[field] = value;
        }
        values[field].clone()
    };
    let created = fill(system.created_date, undated);
    let modified = fill(system.modified_date, created);
    fill(system.stamp, modified);
    let creator = fill(system.created_by, user);
    fill(system.modified_by, creator);
}
