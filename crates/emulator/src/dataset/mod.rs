//! The demo org: generated records of linked objects, the same for the same seed. Nothing is kept: a record is made,
//! field by field, when it is read.

mod address;
mod currency;
mod draw;
mod objects;
mod population;
mod spec;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::id::Id;
use crate::org::RollUp;
use crate::profile::Profiles;
use crate::value::Value;
use draw::Draw;
use population::{Kind, Population};
use spec::{Maker, ObjectSpec};

/// The generated records of one object, numbered from 0 in the order of their ids.
#[derive(Debug)]
pub(crate) struct Generated {
    org: Arc<Population>,
    kind: Kind,
    /// How each field is made, in the order of the describe.
    makers: Box<[Maker]>,
}

/// An object of the demo org, before the org is put together.
#[derive(Debug)]
pub(crate) struct DemoObject {
    /// Its name.
    pub(crate) name: String,
    /// Its describe.
    pub(crate) describe: Json,
    /// Its records.
    pub(crate) generated: Generated,
}

/// What a demo org is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demo {
    /// The same number gives the same records.
    pub(crate) seed: u64,
    /// How many records there are in all.
    pub(crate) records: u64,
    /// How many of them are users, if somebody says.
    pub(crate) users: Option<u64>,
    /// What the org has besides.
    pub(crate) profiles: Profiles,
    /// The month in which fiscal years begin.
    pub(crate) fiscal_year_start: i8,
}

impl Demo {
    /// Returns the objects of the org, when it starts at `start`.
    pub(crate) fn objects(&self, start: Timestamp) -> Vec<DemoObject> {
        let org = Arc::new(Population::new(self, start));
        let specs = objects::all(self.profiles);
        let mut children = child_relationships(&specs);
        let object = |spec: ObjectSpec| {
            let mut describe = spec.describe();
            describe["childRelationships"] = children.remove(spec.name).unwrap_or_default().into();
            let generated = Generated { org: org.clone(), kind: spec.kind, makers: spec.makers() };
            DemoObject { name: spec.name.to_owned(), describe, generated }
        };
        specs.into_iter().map(object).collect()
    }
}

/// Returns the roll-up summaries of the demo org.
pub(crate) fn roll_ups() -> Vec<RollUp> {
    objects::roll_ups()
}

/// Returns the child relationships of each object.
fn child_relationships(specs: &[ObjectSpec]) -> HashMap<String, Vec<Json>> {
    let mut children: HashMap<String, Vec<Json>> = HashMap::new();
    for spec in specs {
        for (parents, entry) in spec.fields.iter().filter_map(|field| field.child_relationship(spec.name)) {
            for parent in parents {
                children.entry(parent.to_owned()).or_default().push(entry.clone());
            }
        }
    }
    children
}

impl Generated {
    /// Returns how many records there are.
    pub(crate) fn count(&self) -> u64 {
        self.org.count(self.kind)
    }

    /// Returns the id of a record.
    pub(crate) fn id(&self, n: u64) -> Id {
        self.org.id(self.kind, n)
    }

    /// Returns how many records have a smaller id, and whether there is one with exactly this.
    pub(crate) fn rank(&self, id: Id) -> (u64, bool) {
        let first = self.id(0);
        let head = |id: Id| (id.key_prefix(), id.pod());
        match head(id).cmp(&head(first)) {
            std::cmp::Ordering::Less => (0, false),
            std::cmp::Ordering::Greater => (self.count(), false),
            std::cmp::Ordering::Equal => match id.sequence() {
                0 => (0, false),
                sequence => ((sequence - 1).min(self.count()), sequence <= self.count()),
            },
        }
    }

    /// Makes the value of a field, by its position in the describe. Fields added to the demo object are empty.
    pub(crate) fn value(&self, n: u64, field: usize) -> Value {
        match self.makers.get(field) {
            Some(maker) => maker.make(Draw { org: &self.org, kind: self.kind, n, salt: 0 }),
            None => Value::Null,
        }
    }
}
