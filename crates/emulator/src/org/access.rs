//! What the user that signs in may see: the fields, objects and records that its profile and sharing leave it.
//!
//! The org itself holds everything. The user sees it through a [`View`]: other describes over the same records, and rules by which
//! records are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::snapshot::{Snapshot, Tables};
use super::table::{RecordRef, Table};
use crate::id::Id;
use crate::object::ObjectType;
use crate::profile::{Profile, Profiles};

/// What is hidden from the user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    /// Objects, by their API names.
    pub(crate) hidden_objects: BTreeSet<String>,
    /// Fields, by the API names of their objects.
    pub(crate) hidden_fields: BTreeMap<String, BTreeSet<String>>,
    /// Whether records are left out by who owns them.
    pub(crate) private_records: bool,
}

/// Fields that the profile "field-security" hides, where the org has them.
const HIDDEN_FIELDS: &[(&str, &[&str])] = &[
    (
        "Account",
        &["AnnualRevenue", "Rating", "SLAExpirationDate__c", "PersonBirthdate", "PersonMobilePhone", "Nickname__pc"],
    ),
    ("Contact", &["Birthdate", "MobilePhone", "Nickname__c"]),
    ("Opportunity", &["ExpectedRevenue", "NextStep"]),
    ("Case", &["SuppliedEmail"]),
    ("Lead", &["AnnualRevenue", "MobilePhone"]),
    ("Shipment__c", &["Door_Code__c", "Value__c", "Position__c"]),
];
/// The object that the profile "sharing" hides.
const HIDDEN_OBJECT: &str = "Case";
/// Fields that nobody can be kept from reading: those by which the org itself keeps track of records, and names.
const ALWAYS_VISIBLE: &[&str] = &[
    "Id",
    "Name",
    "IsDeleted",
    "OwnerId",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "IsArchived",
    "MasterRecordId",
    "CurrencyIsoCode",
    "IsPersonAccount",
];
/// One owner in so many does not share records with the user.
const PRIVATE_EVERY: u64 = 3;
/// How far up records are looked for that say who may see their details.
const MOST_PARENTS: u32 = 4;

impl Access {
    /// Hides what the profiles hide.
    pub(crate) fn apply(&mut self, profiles: Profiles) {
        if profiles.has(Profile::FieldSecurity) {
            for (object, fields) in HIDDEN_FIELDS {
                fields.iter().for_each(|field| self.hide_field(object, field));
            }
        }
        if profiles.has(Profile::Sharing) {
            self.hidden_objects.insert(HIDDEN_OBJECT.to_owned());
            self.private_records = true;
        }
    }

    pub(crate) fn hide_field(&mut self, object: &str, field: &str) {
        self.hidden_fields.entry(object.to_owned()).or_default().insert(field.to_owned());
    }

    /// Returns whether a field can be hidden at all.
    pub(crate) fn can_hide(field: &str) -> bool {
        !ALWAYS_VISIBLE.iter().any(|name| name.eq_ignore_ascii_case(field))
    }

    fn hides_object(&self, object: &str) -> bool {
        self.hidden_objects.iter().any(|hidden| hidden.eq_ignore_ascii_case(object))
    }

    /// Returns whether a field is hidden, by itself or with the compound it is a part of.
    fn hides_field(&self, object: &ObjectType, field: usize) -> bool {
        let field = &object.fields[field];
        let fields = self.hidden_fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(&object.name));
        let Some((_, hidden)) = fields.filter(|_| Self::can_hide(&field.name)) else { return false };
        let is_hidden = |name: &str| hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(name));
        let is_compound = |name: &&String| object.field(name).is_some_and(|field| field.kind.is_compound());
        is_hidden(&field.name) || field.compound.as_ref().filter(is_compound).is_some_and(|name| is_hidden(name))
    }
}

/// Whose records of a table the user sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sharing {
    /// Everybody's.
    #[default]
    Public,
    /// Those whose owner shares them; the position of the owner.
    ByOwner(usize),
    /// Those whose parent the user sees; the position of the reference to it, and of the owner where there is no parent.
    ByParent(usize, Option<usize>),
}

impl Sharing {
    /// Returns how records of an object are shared when they are not public.
    fn private(object: &ObjectType) -> Self {
        let owner = object.position("OwnerId");
        let details = ["Feed", "History", "Share"].iter().any(|end| object.name.ends_with(end));
        let parents = match object.name.as_str() {
            "Contact" => &["AccountId"][..],
            "Attachment" | "Note" => &["ParentId"],
            "ContentDocumentLink" => &["LinkedEntityId"],
            _ if details => &["ParentId", "AccountId"],
            _ => &[],
        };
        let master = || object.fields.iter().position(|field| object.describe_flag(&field.name, "cascadeDelete"));
        let named = parents.iter().find_map(|name| object.position(name));
        match (named, owner) {
            (Some(parent), owner) => Self::ByParent(parent, owner),
            (None, Some(owner)) => Self::ByOwner(owner),
            (None, None) => master().map_or(Self::Public, |parent| Self::ByParent(parent, None)),
        }
    }
}

impl Snapshot {
    /// Returns whether the user may see a record.
    pub(crate) fn is_shared(&self, table: &Table, record: RecordRef<'_>) -> bool {
        table.sharing == Sharing::Public || self.is_shared_within(table, record, MOST_PARENTS)
    }

    fn is_shared_within(&self, table: &Table, record: RecordRef<'_>, parents: u32) -> bool {
        let by_owner = |owner: usize| self.shares(table.value(record, owner).as_id());
        match table.sharing {
            Sharing::Public => true,
            Sharing::ByOwner(owner) => by_owner(owner),
            Sharing::ByParent(parent, owner) => {
                let parent = table.value(record, parent).as_id().filter(|_| parents > 0);
                let found = parent.and_then(|id| {
                    let table = self.tables.at(self.tables.position_of(id)?);
                    Some((table, table.find(id)?))
                });
                match found {
                    Some((table, record)) => self.is_shared_within(table, record, parents - 1),
                    None => owner.is_none_or(by_owner),
                }
            }
        }
    }

    /// Returns whether an owner's records are shared with the user. Queues share theirs.
    fn shares(&self, owner: Option<Id>) -> bool {
        owner.is_none_or(|owner| {
            owner == self.asker.user || owner.key_prefix() != *b"005" || !owner.sequence().is_multiple_of(PRIVATE_EVERY)
        })
    }
}

/// An object as the user sees it.
#[derive(Debug)]
struct Seen {
    /// The position of its table in the org.
    table: usize,
    /// The object without the hidden fields, and the positions of its fields in the org's own; `None` if nothing is hidden.
    without_hidden: Option<(Arc<ObjectType>, Arc<[usize]>)>,
    sharing: Sharing,
}

/// How the user sees the org.
#[derive(Debug)]
pub(crate) struct View {
    seen: Vec<Seen>,
    /// The view without any records, for names and describes.
    objects: Vec<Arc<ObjectType>>,
    shows_all: bool,
    /// The tables that were seen last, and how.
    last: Mutex<Option<(Arc<Tables>, Arc<Tables>)>>,
}

impl View {
    /// Returns the view of an org that so much of is hidden.
    pub(crate) fn new(tables: &Tables, access: &Access) -> Self {
        let visible = tables.iter().filter(|(_, table)| !access.hides_object(&table.object.name));
        let seen: Vec<Seen> = visible.map(|(at, table)| Seen::of(at, &table.object, access)).collect();
        let object = |seen: &Seen| match &seen.without_hidden {
            Some((object, _)) => object.clone(),
            None => tables.at(seen.table).object.clone(),
        };
        let plain = |seen: &Seen| seen.without_hidden.is_none() && seen.sharing == Sharing::Public;
        let shows_all = seen.iter().all(plain) && seen.len() == tables.iter().count();
        Self { objects: seen.iter().map(object).collect(), seen, shows_all, last: Mutex::default() }
    }

    /// Returns the objects that the user sees, in the order of their names.
    pub(crate) fn objects(&self) -> &[Arc<ObjectType>] {
        &self.objects
    }

    /// Returns an object that the user sees, by its name in any case.
    pub(crate) fn object(&self, name: &str) -> Option<Arc<ObjectType>> {
        self.objects.iter().find(|object| object.name.eq_ignore_ascii_case(name)).cloned()
    }

    /// Returns tables as the user sees them: the same for the same tables, as long as these do not change.
    pub(crate) fn of(&self, tables: Arc<Tables>) -> Arc<Tables> {
        if self.shows_all {
            return tables;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, view)) if Arc::ptr_eq(known, &tables) => view.clone(),
            _ => {
                let list = self.seen.iter().map(|seen| seen.table(tables.at(seen.table)));
                let view = Arc::new(Tables::seen_of(list.collect(), tables.clone()));
                // Whoever changes the tables that are kept here changes a copy of them.
                *last = Some((tables, view.clone()));
                view
            }
        }
    }
}

impl Seen {
    fn of(table: usize, object: &ObjectType, access: &Access) -> Self {
        let positions: Vec<usize> = (0..object.fields.len()).filter(|at| !access.hides_field(object, *at)).collect();
        let hides_children = children(&object.describe).any(|child| access.hides_object(child));
        let is_whole = positions.len() == object.fields.len() && !hides_children;
        let without_hidden = (!is_whole).then(|| (Arc::new(reduced(object, &positions, access)), positions.into()));
        let seen: &ObjectType = without_hidden.as_ref().map_or(object, |(object, _): &(Arc<ObjectType>, _)| object);
        let sharing = if access.private_records { Sharing::private(seen) } else { Sharing::Public };
        Self { table, without_hidden, sharing }
    }

    fn table(&self, table: &Table) -> Table {
        let object = self.without_hidden.as_ref();
        table.seen_as(object.map(|(object, columns)| (object.clone(), columns.clone())), self.sharing)
    }
}

/// Returns the names of the objects whose records hang on this one.
fn children(describe: &Json) -> impl Iterator<Item = &str> {
    describe["childRelationships"].as_array().into_iter().flatten().filter_map(|child| child["childSObject"].as_str())
}

/// Returns an object with some of its fields.
fn reduced(object: &ObjectType, positions: &[usize], access: &Access) -> ObjectType {
    let mut describe = object.describe.clone();
    let fields: Vec<Json> = positions.iter().map(|at| object.describe["fields"][at].clone()).collect();
    describe["fields"] = fields.into();
    if let Some(children) = describe["childRelationships"].as_array_mut() {
        children.retain(|child| !child["childSObject"].as_str().is_some_and(|name| access.hides_object(name)));
    }
    ObjectType::from_describe(describe).expect("an object with fewer fields is one still")
}
