//! The org's record of itself, which clients read when they sign in.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::identity::OrgIdentity;
use super::table::Table;
use crate::clock::{earlier, whole_second};
use crate::object::ObjectType;
use crate::value::Value;

/// How long before the org's start it was set up.
const AGE: std::time::Duration = std::time::Duration::from_secs(3 * 365 * 86_400);

/// The fields: name, label, type.
const FIELDS: [(&str, &str, &str); 20] = [
    ("Id", "Organization ID", "id"),
    ("Name", "Name", "string"),
    ("Division", "Division", "string"),
    ("Country", "Country", "string"),
    ("DefaultLocaleSidKey", "Locale", "picklist"),
    ("TimeZoneSidKey", "Time Zone", "picklist"),
    ("LanguageLocaleKey", "Language", "picklist"),
    ("NamespacePrefix", "Namespace Prefix", "string"),
    ("InstanceName", "Instance Name", "string"),
    ("IsSandbox", "Is Sandbox", "boolean"),
    ("IsReadOnly", "Is Read Only", "boolean"),
    ("OrganizationType", "Edition", "picklist"),
    ("FiscalYearStartMonth", "Fiscal Year Starts In", "int"),
    ("UsesStartDateAsFiscalYearName", "Fiscal Year Name by Start", "boolean"),
    ("TrialExpirationDate", "Trial Expiration Date", "datetime"),
    ("CreatedDate", "Created Date", "datetime"),
    ("CreatedById", "Created By ID", "reference"),
    ("LastModifiedDate", "Last Modified Date", "datetime"),
    ("LastModifiedById", "Last Modified By ID", "reference"),
    ("SystemModstamp", "System Modstamp", "datetime"),
];

/// Returns the table of `Organization`, with its one record.
pub(super) fn organization(identity: &OrgIdentity, start: Timestamp) -> Table {
    let object = ObjectType::from_describe(describe()).expect("its describe is complete");
    let mut table = Table::new(Arc::new(object), None);
    let values: Vec<Value> = FIELDS.iter().map(|(name, ..)| value(name, identity, start)).collect();
    table.put(identity.organization_id, values.into());
    table
}

fn describe() -> Json {
    let fields = FIELDS.iter().map(|(name, label, kind)| match *kind {
        "reference" => json!({
            "name": name, "label": label, "type": kind, "createable": false, "updateable": false, "nillable": false,
            "referenceTo": ["User"], "relationshipName": name.trim_end_matches("Id"),
        }),
        _ => json!({"name": name, "label": label, "type": kind, "createable": false, "updateable": false}),
    });
    json!({
        "name": "Organization", "label": "Organization", "labelPlural": "Organizations", "keyPrefix": "00D",
        "createable": false, "deletable": false, "undeletable": false, "replicateable": false, "layoutable": false,
        "searchable": false, "triggerable": false, "fields": fields.collect::<Vec<_>>(),
    })
}

fn value(field: &str, identity: &OrgIdentity, start: Timestamp) -> Value {
    match field {
        "Id" => identity.organization_id.into(),
        "Name" => identity.organization_name.as_str().into(),
        "DefaultLocaleSidKey" => identity.locale.as_str().into(),
        "LanguageLocaleKey" => "en_US".into(),
        "TimeZoneSidKey" => identity.time_zone.as_str().into(),
        "FiscalYearStartMonth" => i64::from(identity.fiscal_year_start).into(),
        "InstanceName" => identity.instance.as_str().into(),
        "IsSandbox" => identity.sandbox.into(),
        "IsReadOnly" | "UsesStartDateAsFiscalYearName" => false.into(),
        "OrganizationType" => "Enterprise Edition".into(),
        "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => whole_second(earlier(start, AGE)).into(),
        "CreatedById" | "LastModifiedById" => identity.user_id.into(),
        _ => Value::Null,
    }
}
