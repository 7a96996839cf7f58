//! `orgtap objects`: what the org has.

use orgtap_salesforce::SObjectSummary;

use crate::app::{Exit, Invocation};
use crate::cli::ObjectsArgs;
use crate::error::Result;
use crate::output::json::{ObjectDocument, ObjectsDocument};
use crate::output::table::Table;

/// Prints the objects that can be queried, or all.
pub(crate) async fn run(args: &ObjectsArgs, on: &Invocation) -> Result<Exit> {
    let client = super::client_of(on)?;
    let mut objects = client.describe_global().await?;
    objects.retain(|object| args.all || object.queryable && !object.deprecated_and_hidden);
    objects.sort_by_key(|object| object.name.to_lowercase());
    if args.json {
        on.console.json(&ObjectsDocument::new(objects.into_iter().map(document).collect()))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["object", "label", "key prefix", "remarks"]);
    for object in &objects {
        table.push([&object.name, &object.label, object.key_prefix.as_deref().unwrap_or_default(), &remarks(object)]);
    }
    on.console.line(&table.render(on.console.out))?;
    Ok(Exit::Done)
}

fn remarks(object: &SObjectSummary) -> String {
    let remarks = [
        (object.custom, "custom"),
        (object.custom_setting, "setting"),
        (!object.queryable, "cannot be queried"),
        (object.deprecated_and_hidden, "withdrawn"),
    ];
    remarks.into_iter().filter_map(|(applies, remark)| applies.then_some(remark)).collect::<Vec<_>>().join(", ")
}

fn document(object: SObjectSummary) -> ObjectDocument {
    ObjectDocument {
        name: object.name,
        label: object.label,
        is_queryable: object.queryable,
        is_replicateable: object.replicateable,
        is_custom: object.custom,
        key_prefix: object.key_prefix,
    }
}
