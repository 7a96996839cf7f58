//! The org: objects, their records, and how these change over time. It speaks no HTTP and knows no session.

mod access;
mod archive;
mod asker;
mod builder;
mod change;
mod draft;
mod fields;
mod formulas;
mod identity;
mod organization;
mod person;
mod place;
mod rates;
mod replication;
mod roll_up;
mod settings;
mod snapshot;
mod state;
mod table;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::error::QueryError;
use crate::id::Id;
use crate::object::ObjectType;
use crate::select::{Scope, Selection};
use crate::value::Value;

use access::{Access, View};
pub(crate) use asker::Asker;
pub use builder::{HideError, OrgBuilder};
pub use identity::OrgIdentity;
pub(crate) use identity::POD;
pub(crate) use rates::Rates;
pub use replication::{DeletedIds, DeletedRecord, UpdatedIds};
pub use roll_up::{RollUp, RollUpOperation};
pub(crate) use settings::{KEY as SETTINGS_KEY, OrgSettings};
pub(crate) use snapshot::{Snapshot, Tables};
use state::State;
pub(crate) use table::{RecordRef, Scan, Table};

/// A Salesforce org. Clones are handles on the same one.
#[derive(Debug, Clone)]
pub struct Org(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    identity: OrgIdentity,
    asker: Arc<Asker>,
    clock: Arc<Clock>,
    began: Timestamp,
    commit_delay: Mutex<Duration>,
    access: Access,
    view: Arc<View>,
    roll_ups: Vec<RollUp>,
    /// Whoever changes something holds this: changes come one after another.
    writers: Mutex<()>,
    state: Mutex<State>,
}

impl Org {
    /// Starts describing an org.
    pub fn builder() -> OrgBuilder {
        OrgBuilder::default()
    }

    /// Returns who the org is and how to sign in.
    pub fn identity(&self) -> &OrgIdentity {
        &self.0.identity
    }

    /// Returns the org's time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Moves the org's clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// Sets the org's clock. Setting it back is allowed; stamps given so far stay as they are.
    pub fn set_now(&self, at: Timestamp) {
        self.0.clock.set(at);
    }

    /// Returns how long after its stamp a change becomes visible.
    pub fn commit_delay(&self) -> Duration {
        *self.0.commit_delay.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how long after its stamp a change becomes visible, for the changes that follow.
    pub fn set_commit_delay(&self, delay: Duration) {
        *self.0.commit_delay.lock().unwrap_or_else(PoisonError::into_inner) = delay;
    }

    /// Returns the objects that the user sees, in the order of their names.
    pub fn objects(&self) -> Vec<Arc<ObjectType>> {
        self.0.view.objects().to_vec()
    }

    /// Returns an object as the user sees it, by its name in any case.
    pub fn object(&self, name: &str) -> Option<Arc<ObjectType>> {
        self.0.view.object(name)
    }

    /// Returns all objects, whether the user sees them or not.
    pub(crate) fn whole_objects(&self) -> Vec<Arc<ObjectType>> {
        self.state().latest().objects()
    }

    /// Returns an object with all its fields, by its name in any case.
    pub(crate) fn whole_object(&self, name: &str) -> Option<Arc<ObjectType>> {
        let state = self.state();
        let tables = state.latest();
        tables.position(name).map(|at| tables.at(at).object.clone())
    }

    /// Parses a query and fixes which records answer it.
    ///
    /// # Errors
    ///
    /// What Salesforce answers to a query it refuses.
    pub fn select(&self, soql: &str, scope: Scope) -> Result<Selection, QueryError> {
        Selection::new(soql, scope, self.snapshot())
    }

    /// Returns what is hidden from the user.
    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    /// Returns whether a record is hidden from the user.
    pub(crate) fn hides(&self, id: Id) -> bool {
        let snapshot = self.snapshot();
        let Some(table) = snapshot.tables.position_of(id).map(|at| snapshot.tables.at(at)) else { return false };
        table.find(id).is_some_and(|record| !snapshot.is_shared(table, record))
    }

    /// Returns whether the org has several currencies.
    pub(crate) fn is_multi_currency(&self) -> bool {
        self.whole_object("CurrencyType").is_some()
    }

    /// Returns whether accounts may be people.
    pub(crate) fn has_person_accounts(&self) -> bool {
        self.whole_object("Account").is_some_and(|account| account.field("IsPersonAccount").is_some())
    }

    /// Returns how many live records of an object the user sees, or `None` if there is no such object.
    pub fn record_count(&self, object: &str) -> Option<u64> {
        let snapshot = self.snapshot();
        let table = snapshot.tables.at(snapshot.tables.position(object)?);
        Some(table.all().filter(|record| snapshot.sees(Scope::Live, table, *record)).count() as u64)
    }

    /// Returns the ids of an object's records, deleted ones too, in their order.
    pub(crate) fn ids(&self, object: &str) -> impl Iterator<Item = Id> + use<> {
        let snapshot = self.whole();
        let at = snapshot.tables.position(object);
        let ids: Vec<Id> = at.map_or_else(Vec::new, |at| {
            let table = snapshot.tables.at(at);
            table.all().map(|record| table.id(record)).collect()
        });
        ids.into_iter()
    }

    /// Returns the values of all records of an object, deleted ones too, in the order of its fields: what the org holds,
    /// without any query in between, and whether the user sees it or not.
    pub(crate) fn records(&self, object: &str) -> Option<Vec<Vec<Value>>> {
        Self::records_of(&self.whole(), object)
    }

    /// Returns the same as [`Org::records`] does, without the fields and records that the user does not see.
    pub(crate) fn seen_records(&self, object: &str) -> Option<Vec<Vec<Value>>> {
        Self::records_of(&self.snapshot(), object)
    }

    fn records_of(snapshot: &Snapshot, object: &str) -> Option<Vec<Vec<Value>>> {
        let at = snapshot.tables.position(object)?;
        let table = snapshot.tables.at(at);
        let in_bin = |record: &RecordRef<'_>| snapshot.sees(Scope::All, table, *record);
        Some(table.all().filter(in_bin).map(|record| snapshot.values(at, record)).collect())
    }

    /// Returns all records, whether the user sees them or not.
    fn whole(&self) -> Snapshot {
        let now = self.now();
        Snapshot { tables: self.state().committed(now), now, began: self.0.began, asker: self.0.asker.clone() }
    }

    /// Returns the records that the user sees now.
    fn snapshot(&self) -> Snapshot {
        self.snapshot_and_oldest_open().0
    }

    /// Returns the records that the user sees, and when the oldest transaction that they do not show began.
    fn snapshot_and_oldest_open(&self) -> (Snapshot, Option<Timestamp>) {
        let now = self.now();
        let mut state = self.state();
        let tables = self.0.view.of(state.committed(now));
        (Snapshot { tables, now, began: self.0.began, asker: self.0.asker.clone() }, state.oldest_open(now))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
