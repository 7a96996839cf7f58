//! `CaseStatus`, `TaskStatus` and `TaskPriority`: the values of picklists as records. The Bulk API does not read them, they are never deleted,
//! and `updated` does not know them.

use super::{case, task};
use crate::dataset::draw::Draw;
use crate::dataset::population::Kind;
use crate::dataset::spec::{FieldSpec, Make, ObjectSpec, field, text};
use crate::object::FieldKind;
use crate::profile::Profile;
use crate::value::Value;

/// Returns the objects.
pub(super) fn specs() -> [ObjectSpec; 3] {
    [
        values(
            Kind::CaseStatus,
            "CaseStatus",
            "Case Status Value",
            |d| case::STATUSES[at(d, case::STATUSES)].into(),
            closed(),
        ),
        values(
            Kind::TaskStatus,
            "TaskStatus",
            "Task Status Value",
            |d| task::STATUSES[at(d, task::STATUSES)].into(),
            completed(),
        ),
        values(
            Kind::TaskPriority,
            "TaskPriority",
            "Task Priority Value",
            |d| task::PRIORITIES[at(d, task::PRIORITIES)].into(),
            high(),
        ),
    ]
}

fn at(draw: Draw<'_>, values: &[&str]) -> usize {
    draw.n as usize % values.len()
}

fn closed() -> FieldSpec {
    field(FieldKind::Boolean, "IsClosed", "Is Closed", |d| (case::STATUSES[at(d, case::STATUSES)] == "Closed").into())
}

fn completed() -> FieldSpec {
    field(FieldKind::Boolean, "IsClosed", "Is Closed", |d| {
        (task::STATUSES[at(d, task::STATUSES)] == "Completed").into()
    })
}

fn high() -> FieldSpec {
    field(FieldKind::Boolean, "IsHighPriority", "Is High Priority", |d| {
        (task::PRIORITIES[at(d, task::PRIORITIES)] == "High").into()
    })
}

fn values(kind: Kind, name: &'static str, label: &'static str, value: Make, flag: FieldSpec) -> ObjectSpec {
    let flags = [
        "createable",
        "updateable",
        "deletable",
        "undeletable",
        "replicateable",
        "layoutable",
        "searchable",
        "triggerable",
        "mruEnabled",
    ];
    let spec = ObjectSpec::new(kind, name, label, label);
    let spec = flags.into_iter().fold(spec, |spec, flag| spec.set(flag, false));
    spec.only_with(Profile::NoBulk)
        .fields([
            text("MasterLabel", "Master Label", 255, value).read_only(),
            text("ApiName", "API Name", 255, value).required().read_only().set("nameField", true),
            field(FieldKind::Int, "SortOrder", "Sort Order", |d| Value::Integer(d.n as i64 + 1)).read_only(),
            field(FieldKind::Boolean, "IsDefault", "Is Default", |d| (d.n == 0).into()).read_only(),
            flag.read_only(),
        ])
        .audited()
        .without(&["IsDeleted"])
}
