//! What an org is made of, before it is made.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::access::{Access, View};
use super::asker::Asker;
use super::identity::{OrgIdentity, POD};
use super::organization::organization;
use super::roll_up::{RollUp, RollUpRule};
use super::settings::OrgSettings;
use super::snapshot::Tables;
use super::state::State;
use super::table::Table;
use super::{Inner, Org};
use crate::clock::{Clock, earlier, whole_second};
use crate::dataset::{self, Demo, DemoObject, Generated};
use crate::error::ImportError;
use crate::import::{self, Draft, DraftObject, ImportReport};
use crate::object::{FieldKind, ObjectType};
use crate::profile::{Profile, Profiles};
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
    /// Whether the draft knows the demo's objects already.
    demo_is_drafted: bool,
    users: Option<u64>,
    profiles: Profiles,
    start: Option<Timestamp>,
    began: Option<Timestamp>,
    speed: u32,
    commit_delay: Duration,
    identity: OrgIdentity,
    access: Access,
    roll_ups: Vec<RollUp>,
    sequences: BTreeMap<String, u64>,
    purged: BTreeMap<String, BTreeMap<String, Timestamp>>,
    draft: Draft,
}

/// Why something cannot be hidden from the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HideError {
    /// The org has no such object.
    #[error("the org has no object `{0}`")]
    NoObject(String),
    /// The object has no such field.
    #[error("`{object}` has no field `{field}`")]
    NoField {
        /// The object.
        object: String,
        /// The field.
        field: String,
    },
    /// Every user sees the field.
    #[error("every user sees `{0}`")]
    AlwaysVisible(String),
}

impl Default for OrgBuilder {
    fn default() -> Self {
        Self {
            seed: 1,
            demo: None,
            demo_is_drafted: false,
            users: None,
            profiles: Profiles::default(),
            start: None,
            began: None,
            speed: 0,
            commit_delay: Duration::ZERO,
            identity: OrgIdentity::default(),
            access: Access::default(),
            roll_ups: Vec::new(),
            sequences: BTreeMap::new(),
            purged: BTreeMap::new(),
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
    /// these know the objects; so must what says how the demo is to be: seed, users, profiles.
    #[must_use]
    pub fn demo(mut self, records: u64) -> Self {
        self.demo = Some(records);
        self
    }

    /// Gives the demo so many users. Without this, one of 200 records is a user, up to 2,000 of them.
    #[must_use]
    pub fn users(mut self, users: u64) -> Self {
        self.users = Some(users);
        self
    }

    /// Gives the org a profile. Must come before imports. What profiles hide is hidden in imported orgs too; objects and fields are added
    /// to the demo only.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profiles.add(profile);
        self
    }

    /// Hides an object (`Case`) or a field (`Account.Rating`) from the user. Must come after imports.
    ///
    /// # Errors
    ///
    /// When the org has no such object or field, or every user sees it.
    pub fn hide(mut self, name: &str) -> Result<Self, HideError> {
        self.draft_demo();
        let (object, field) = name.split_once('.').map_or((name, None), |(object, field)| (object, Some(field)));
        let drafted = self.draft.object(object).ok_or_else(|| HideError::NoObject(object.to_owned()))?;
        match field {
            Some(field) if drafted.position(field).is_none() => {
                return Err(HideError::NoField { object: object.to_owned(), field: field.to_owned() });
            }
            Some(field) if !Access::can_hide(field) => return Err(HideError::AlwaysVisible(name.to_owned())),
            Some(field) => self.access.hide_field(object, field),
            None => {
                self.access.hidden_objects.insert(object.to_owned());
            }
        }
        Ok(self)
    }

    /// Keeps a field as a roll-up summary of the children of its records. One whose objects or fields the org does not have is left out.
    #[must_use]
    pub fn roll_up(mut self, roll_up: RollUp) -> Self {
        self.roll_ups.push(roll_up);
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
    pub fn running_clock(self) -> Self {
        self.clock_speed(1)
    }

    /// Lets the clock run so many times as fast as real time; with 0 it stands still.
    #[must_use]
    pub fn clock_speed(mut self, speed: u32) -> Self {
        self.speed = speed;
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

    /// Returns who the org is, as far as it is known: imports may have said.
    pub fn identity_mut(&mut self) -> &mut OrgIdentity {
        &mut self.identity
    }

    /// Adds what a file, or a folder with all its subfolders, holds: describes, `sf data import tree` files and plans, and
    /// CSVs named after their objects. Describes are read first; what they do not know is made up from the records.
    ///
    /// # Errors
    ///
    /// When the path cannot be read. Files in it that cannot be used are named in the report, with the reason.
    pub fn import(&mut self, path: &Path) -> Result<ImportReport, ImportError> {
        self.draft_demo();
        let report = import::import(&mut self.draft, path)?;
        if let Some(settings) = self.draft.take_settings() {
            self.adopt(settings);
        }
        Ok(report)
    }

    /// Takes over what an exported org says of itself.
    fn adopt(&mut self, settings: OrgSettings) {
        settings.apply_to(&mut self.identity);
        self.start = self.start.or(settings.now);
        self.began = settings.began;
        self.access = settings.access;
        self.roll_ups.extend(settings.roll_ups);
        self.sequences = settings.sequences;
        self.purged = settings.purged;
    }

    /// Returns what the demo is made from, if there is one.
    fn demo_of(&self) -> Option<Demo> {
        let Self { seed, users, profiles, .. } = *self;
        let fiscal_year_start = self.identity.fiscal_year_start;
        self.demo.map(|records| Demo { seed, records, users, profiles, fiscal_year_start })
    }

    fn draft_demo(&mut self) {
        let Some(demo) = self.demo_of().filter(|_| !self.demo_is_drafted) else { return };
        self.demo_is_drafted = true;
        // The describes are the same whenever the org starts.
        for DemoObject { name, describe, generated } in demo.objects(Timestamp::UNIX_EPOCH) {
            let Json::Object(describe) = describe else { continue };
            self.draft.describe(describe).expect("the demo's own describes are complete");
            self.draft.reserve(&name, generated.count());
        }
        if self.profiles.has(Profile::RollUps) {
            self.roll_ups.extend(dataset::roll_ups());
        }
    }

    /// Makes the org.
    #[must_use]
    pub fn build(mut self) -> Org {
        self.draft_demo();
        let demo = self.demo_of();
        let objects = std::mem::take(&mut self.draft).finish();
        let start = self.start.unwrap_or_else(|| default_start(&objects));
        let mut generated: HashMap<String, Arc<Generated>> = HashMap::new();
        for object in demo.map(|demo| demo.objects(start)).unwrap_or_default() {
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
        tables.iter_mut().for_each(|table| bury(table, &self.purged));
        let sequence = |table: &Table| {
            let kept = self.sequences.get(&table.object.name).copied().unwrap_or(1);
            next_sequence(table).max(kept)
        };
        let sequences = tables.iter().map(sequence).collect();
        self.assemble(Tables::new(tables), sequences, start)
    }

    fn assemble(mut self, mut tables: Tables, sequences: Vec<u64>, start: Timestamp) -> Org {
        let rules: Vec<RollUpRule> =
            self.roll_ups.iter().filter_map(|roll_up| RollUpRule::of(roll_up, &tables)).collect();
        rules.iter().for_each(|rule| rule.work_out(&mut tables));
        tables.work_out_formulas(start, &Asker::of(&self.identity).zone, &rules);
        tables.archive_from(start);
        tables.set_roll_ups(rules);
        self.access.apply(self.profiles);
        Org(Arc::new(Inner {
            asker: Arc::new(Asker::of(&self.identity)),
            identity: self.identity,
            clock: Arc::new(Clock::new(start, self.speed)),
            began: self.began.unwrap_or(start),
            commit_delay: Mutex::new(self.commit_delay),
            view: Arc::new(View::new(&tables, &self.access)),
            access: self.access,
            roll_ups: self.roll_ups,
            writers: Mutex::default(),
            state: Mutex::new(State::new(tables, sequences)),
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
        ("TimeZoneSidKey", &identity.time_zone),
        ("LocaleSidKey", &identity.locale),
        ("DefaultCurrencyIsoCode", &identity.currency),
    ];
    for (name, value) in names {
        if let Some(field) = table.object.position(name) {
            values[field] = value.into();
        }
    }
    table.put(identity.user_id, values.into());
}

/// Lets a table know which of its records had been deleted for good.
fn bury(table: &mut Table, purged: &BTreeMap<String, BTreeMap<String, Timestamp>>) {
    for (id, deleted_at) in purged.get(&table.object.name).into_iter().flatten() {
        if let Ok(id) = id.parse() {
            table.purge(id, *deleted_at);
        }
    }
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
        // What a formula says is seen once all tables are there.
        if field.kind == FieldKind::Boolean && !field.calculated && value.is_null() {
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
