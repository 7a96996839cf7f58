//! The records of an object: those that are generated when read, and over them those that were changed, added or
//! imported. Cloning a table is cheap, and a clone never changes.

use std::collections::{BTreeMap, HashMap, btree_map};
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::access::Sharing;
use super::archive::Archive;
use crate::clock::later;
use crate::dataset::Generated;
use crate::formula::Formula;
use crate::id::Id;
use crate::object::ObjectType;
use crate::value::Value;

/// How long a deleted record stays in the recycle bin.
const BIN_TIME: Duration = Duration::from_secs(15 * 86_400);

/// The values of a stored record, in the order of its object's fields.
pub(crate) type Record = Arc<[Value]>;

/// The records of an object.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// The object.
    pub(crate) object: Arc<ObjectType>,
    /// Where the fields are that the org itself looks at.
    pub(crate) system: SystemFields,
    generated: Option<Arc<Generated>>,
    /// Stored records by id; `None` for a generated one that was purged.
    stored: Arc<BTreeMap<Id, Option<Record>>>,
    /// When purged records had been deleted.
    purged: Arc<BTreeMap<Id, Timestamp>>,
    /// The values of roll-up summaries, by the positions of their fields.
    roll_ups: BTreeMap<usize, RollUpValues>,
    /// The formulas, by the positions of their fields. Where a record holds no value for one, it is worked out.
    formulas: Arc<BTreeMap<usize, Formula>>,
    /// What the org has archived, of activities.
    archive: Option<Archive>,
    /// Where the table is among those of the whole org.
    position: usize,
    /// Whose records the user sees.
    pub(super) sharing: Sharing,
    /// Where the object's fields are in records, if the user does not see all that these hold.
    columns: Option<Arc<[usize]>>,
}

/// The values of a roll-up summary.
#[derive(Debug, Clone)]
struct RollUpValues {
    by_record: Arc<HashMap<Id, Value>>,
    /// The value of a record without children.
    without_children: Value,
}

/// Positions of the fields by which the org keeps track of records, where the object has them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemFields {
    pub(crate) id: Option<usize>,
    pub(crate) is_deleted: Option<usize>,
    pub(crate) is_archived: Option<usize>,
    pub(crate) created_date: Option<usize>,
    pub(crate) created_by: Option<usize>,
    pub(crate) modified_date: Option<usize>,
    pub(crate) modified_by: Option<usize>,
    pub(crate) stamp: Option<usize>,
    pub(crate) master: Option<usize>,
    pub(crate) owner: Option<usize>,
}

/// A record of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RecordRef<'a> {
    /// The generated record of that number.
    Generated(u64),
    /// A stored record.
    Stored(Id, &'a [Value]),
}

impl SystemFields {
    fn of(object: &ObjectType) -> Self {
        // The field means something else on other objects: an archived product is still sold.
        let archives = matches!(object.name.as_str(), "Task" | "Event");
        Self {
            id: object.position("Id"),
            is_deleted: object.position("IsDeleted"),
            is_archived: object.position("IsArchived").filter(|_| archives),
            created_date: object.position("CreatedDate"),
            created_by: object.position("CreatedById"),
            modified_date: object.position("LastModifiedDate"),
            modified_by: object.position("LastModifiedById"),
            stamp: object.position("SystemModstamp"),
            master: object.position("MasterRecordId"),
            owner: object.position("OwnerId"),
        }
    }

    /// Returns whether a record tells when it was changed, not only when it was created.
    pub(crate) fn shows_changes(&self) -> bool {
        self.stamp.or(self.modified_date).is_some()
    }

    /// Returns the field that tells when a record was last touched.
    pub(crate) fn touched(&self) -> Option<usize> {
        self.stamp.or(self.modified_date).or(self.created_date)
    }
}

impl Table {
    pub(crate) fn new(object: Arc<ObjectType>, generated: Option<Arc<Generated>>) -> Self {
        let system = SystemFields::of(&object);
        Self {
            object,
            system,
            generated,
            stored: Arc::default(),
            purged: Arc::default(),
            roll_ups: BTreeMap::new(),
            formulas: Arc::default(),
            archive: None,
            position: 0,
            sharing: Sharing::Public,
            columns: None,
        }
    }

    /// Returns the same records as the user sees them: with fewer fields, given with their positions in this table, and by a rule which of
    /// them are left out.
    pub(super) fn seen_as(&self, fewer: Option<(Arc<ObjectType>, Arc<[usize]>)>, sharing: Sharing) -> Self {
        let mut seen = Self { sharing, ..self.clone() };
        if let Some((object, columns)) = fewer {
            seen.system = SystemFields::of(&object);
            seen.object = object;
            seen.columns = Some(columns);
        }
        seen
    }

    /// Gives a field its values as a roll-up summary.
    pub(super) fn set_roll_up(&mut self, field: usize, values: HashMap<Id, Value>, without_children: Value) {
        self.roll_ups.insert(field, RollUpValues { by_record: Arc::new(values), without_children });
    }

    /// Changes the value of a roll-up summary.
    pub(super) fn put_roll_up(&mut self, field: usize, id: Id, value: Value) {
        if let Some(values) = self.roll_ups.get_mut(&field) {
            Arc::make_mut(&mut values.by_record).insert(id, value);
        }
    }

    /// Gives fields their formulas; `position` is where the table is among those of the org.
    pub(super) fn set_formulas(&mut self, position: usize, formulas: BTreeMap<usize, Formula>) {
        self.position = position;
        self.formulas = Arc::new(formulas);
    }

    /// Returns the formulas by the positions of their fields in the org's own object.
    pub(crate) fn formulas(&self) -> &BTreeMap<usize, Formula> {
        &self.formulas
    }

    /// Returns the formula of a field, and where the table is among those of the org.
    pub(super) fn formula(&self, field: usize) -> Option<(usize, &Formula)> {
        let column = self.columns.as_ref().map_or(field, |columns| columns[field]);
        self.formulas.get(&column).map(|formula| (self.position, formula))
    }

    /// Lets activities be archived from `start` on.
    pub(super) fn archive_from(&mut self, start: Timestamp) {
        self.archive = Archive::of(&self.object, start);
    }

    /// Returns whether anything is ever archived.
    pub(super) fn archives(&self) -> bool {
        self.archive.is_some()
    }

    /// Lets the archiver come until `now`.
    pub(super) fn archive_until(&mut self, now: Timestamp) {
        if let Some(archive) = &mut self.archive {
            archive.come_to(now);
        }
    }

    /// Returns whether `now` is a day to which the archiver has not come yet.
    pub(super) fn is_to_be_archived(&self, now: Timestamp) -> bool {
        self.archive.is_some_and(|mut archive| archive.come_to(now))
    }

    /// Stores a record, in place of the one with that id if there is one.
    pub(crate) fn put(&mut self, id: Id, record: Record) {
        Arc::make_mut(&mut self.stored).insert(id, Some(record));
    }

    /// Forgets a record, but not that it had been deleted.
    pub(crate) fn purge(&mut self, id: Id, deleted_at: Timestamp) {
        let (_, is_generated) = self.rank(id);
        let stored = Arc::make_mut(&mut self.stored);
        if is_generated {
            stored.insert(id, None);
        } else {
            stored.remove(&id);
        }
        Arc::make_mut(&mut self.purged).insert(id, deleted_at);
    }

    /// Returns the purged records with the times at which they had been deleted.
    pub(crate) fn purged(&self) -> impl Iterator<Item = (Id, Timestamp)> {
        self.purged.iter().map(|(id, at)| (*id, *at))
    }

    /// Returns the record with that id, whether it is live or deleted.
    pub(crate) fn find(&self, id: Id) -> Option<RecordRef<'_>> {
        match self.stored.get(&id) {
            Some(Some(record)) => Some(RecordRef::Stored(id, record)),
            Some(None) => None,
            None => match self.rank(id) {
                (n, true) => Some(RecordRef::Generated(n)),
                _ => None,
            },
        }
    }

    /// Returns a record's id.
    pub(crate) fn id(&self, record: RecordRef<'_>) -> Id {
        match record {
            RecordRef::Stored(id, _) => id,
            RecordRef::Generated(n) => {
                self.generated.as_ref().expect("only a table with generated records gives out their numbers").id(n)
            }
        }
    }

    /// Returns the value that a record holds for a field, by its position: none for most formulas (`Tables::value` works them out). Only
    /// that field of a generated record is made.
    pub(crate) fn value(&self, record: RecordRef<'_>, field: usize) -> Value {
        if self.object.fields[field].kind.is_compound() {
            return self.compound(record, self.object.parts(field));
        }
        if self.system.is_archived == Some(field) && self.archive.is_some_and(|archive| archive.holds(self, record)) {
            return true.into();
        }
        self.whole_value(record, self.columns.as_ref().map_or(field, |columns| columns[field]))
    }

    /// Returns what a record holds for a field of the org's own object, whether the user sees that or not.
    pub(super) fn whole_value(&self, record: RecordRef<'_>, field: usize) -> Value {
        if let Some(values) = self.roll_ups.get(&field) {
            return values.by_record.get(&self.id(record)).unwrap_or(&values.without_children).clone();
        }
        match (record, &self.generated) {
            (RecordRef::Generated(n), Some(generated)) => generated.value(n, field),
            (RecordRef::Stored(_, values), _) => values.get(field).cloned().unwrap_or_default(),
            (RecordRef::Generated(_), None) => Value::Null,
        }
    }

    /// Returns the values that a record holds, in the order of the object's fields, to store them again: none where a formula is worked out.
    pub(crate) fn values(&self, record: RecordRef<'_>) -> Vec<Value> {
        let is_generated = matches!(record, RecordRef::Generated(_));
        let computed = |field: &usize| is_generated && self.formulas.contains_key(field);
        let value = |field| if computed(&field) { Value::Null } else { self.value(record, field) };
        (0..self.object.fields.len()).map(value).collect()
    }

    fn compound(&self, record: RecordRef<'_>, parts: &[(&'static str, usize)]) -> Value {
        let parts: Arc<[_]> = parts.iter().map(|(name, field)| (*name, self.value(record, *field))).collect();
        if parts.iter().all(|(_, value)| value.is_null()) { Value::Null } else { Value::Compound(parts) }
    }

    /// Returns whether a field is true; an object without it has none that are.
    pub(crate) fn is_set(&self, record: RecordRef<'_>, field: Option<usize>) -> bool {
        field.is_some_and(|field| self.value(record, field) == Value::Boolean(true))
    }

    /// Returns when a record was last touched.
    pub(crate) fn touched(&self, record: RecordRef<'_>) -> Option<Timestamp> {
        match self.value(record, self.system.touched()?) {
            Value::DateTime(at) => Some(at),
            _ => None,
        }
    }

    /// Returns whether a deleted record has been in the recycle bin for longer than it is kept there at `now`. What was
    /// deleted before the org began counts as deleted then.
    pub(crate) fn is_thrown_out(&self, record: RecordRef<'_>, began: Timestamp, now: Timestamp) -> bool {
        let deleted_at = self.touched(record).unwrap_or(began).max(began);
        later(deleted_at, BIN_TIME) <= now
    }

    /// Returns the records of a range of ids in their order, deleted ones too.
    pub(crate) fn scan(&self, from: Bound<Id>, to: Bound<Id>) -> Scan<'_> {
        let next = match from {
            Bound::Unbounded => 0,
            Bound::Included(id) => self.rank(id).0,
            Bound::Excluded(id) => after(self.rank(id)),
        };
        let end = match to {
            Bound::Unbounded => self.generated_count(),
            Bound::Included(id) => after(self.rank(id)),
            Bound::Excluded(id) => self.rank(id).0,
        };
        let stored = if is_empty(from, to) { btree_map::Range::default() } else { self.stored.range((from, to)) };
        let mut scan = Scan { table: self, next, end, stored: stored.peekable(), next_stored: (u64::MAX, false) };
        scan.rank_next_stored();
        scan
    }

    /// Returns all records in the order of their ids, deleted ones too.
    pub(crate) fn all(&self) -> Scan<'_> {
        self.scan(Bound::Unbounded, Bound::Unbounded)
    }

    /// Returns the sequence after that of the largest id with the given head.
    pub(crate) fn next_sequence(&self, head: ([u8; 3], [u8; 3])) -> u64 {
        let same_head = |id: &&Id| (id.key_prefix(), id.pod()) == head;
        let stored = self.stored.keys().filter(same_head).map(Id::sequence).max().unwrap_or(0);
        self.generated_count().max(stored) + 1
    }

    fn generated_count(&self) -> u64 {
        self.generated.as_ref().map_or(0, |generated| generated.count())
    }

    /// Returns how many generated records have a smaller id, and whether there is one with exactly this.
    fn rank(&self, id: Id) -> (u64, bool) {
        self.generated.as_ref().map_or((0, false), |generated| generated.rank(id))
    }
}

/// Returns the number of the first generated record behind an id.
fn after((rank, exact): (u64, bool)) -> u64 {
    rank + u64::from(exact)
}

/// Returns whether a range holds nothing. `BTreeMap::range` panics on the ones that end before they begin.
fn is_empty(from: Bound<Id>, to: Bound<Id>) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from >= to,
        _ => false,
    }
}

/// An iterator over records in the order of their ids.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    table: &'a Table,
    /// The next generated record, and the one after the last.
    next: u64,
    end: u64,
    stored: Peekable<btree_map::Range<'a, Id, Option<Record>>>,
    /// The number of generated records before the next stored one, and whether that one replaces a generated one.
    next_stored: (u64, bool),
}

impl Scan<'_> {
    fn rank_next_stored(&mut self) {
        self.next_stored = self.stored.peek().map_or((u64::MAX, false), |(id, _)| self.table.rank(**id));
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = RecordRef<'a>;

    fn next(&mut self) -> Option<RecordRef<'a>> {
        loop {
            let (rank, replaces) = self.next_stored;
            if self.next < rank.min(self.end) {
                self.next += 1;
                return Some(RecordRef::Generated(self.next - 1));
            }
            let (id, record) = self.stored.next()?;
            if replaces {
                self.next = rank + 1;
            }
            self.rank_next_stored();
            if let Some(record) = record {
                return Some(RecordRef::Stored(*id, record));
            }
        }
    }
}
