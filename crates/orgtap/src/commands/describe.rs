//! `orgtap describe`: the fields of an object.

use orgtap_salesforce::{Client, ErrorKind, Field, SObject};

use crate::app::{Exit, Invocation};
use crate::cli::DescribeArgs;
use crate::error::{Error, Result};
use crate::nearest::nearest;
use crate::output::json::{FieldDocument, ObjectFieldsDocument};
use crate::output::table::Table;

/// Prints the fields that the user may read.
pub(crate) async fn run(args: &DescribeArgs, on: &Invocation) -> Result<Exit> {
    let client = super::client_of(on)?;
    let object = match client.describe(&args.object).await {
        Ok(object) => object,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(unknown(&args.object, error, &client).await),
        Err(error) => return Err(error.into()),
    };
    if args.json {
        let fields = object.fields.iter().map(document).collect();
        on.console.json(&ObjectFieldsDocument::new(&object.name, &object.label, fields))?;
    } else {
        on.console.line(&table(&object).render(on.console.out))?;
    }
    Ok(Exit::Done)
}

/// Returns the error with the object that was probably meant, where there is one.
async fn unknown(name: &str, error: orgtap_salesforce::Error, client: &Client) -> Error {
    let objects = client.describe_global().await.unwrap_or_default();
    match nearest(name, objects.iter().map(|object| object.name.as_str())) {
        Some(meant) => Error::Usage {
            action: format!("describe `{name}`"),
            cause: "the org has no such object, or the user may not see it".to_owned(),
            hint: format!("did you mean `{meant}`? `orgtap objects` lists them all"),
        },
        None => error.into(),
    }
}

fn table(object: &SObject) -> Table {
    let mut table = Table::new(["field", "type", "label", "remarks"]);
    for field in &object.fields {
        let field_type = match field.length {
            0 => field.field_type.name().to_owned(),
            length => format!("{}({length})", field.field_type.name()),
        };
        table.push([&field.name, &field_type, &field.label, &remarks(field)]);
    }
    table
}

fn remarks(field: &Field) -> String {
    let mut remarks = Vec::new();
    if !field.reference_to.is_empty() {
        let path = field.relationship_name.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
        remarks.push(format!("refers to {}{path}", field.reference_to.join(", ")));
    }
    remarks.extend(field.compound_field_name.iter().map(|name| format!("part of {name}")));
    remarks.extend(field.calculated.then(|| "formula".to_owned()));
    remarks.extend((!field.filterable).then(|| "not filterable".to_owned()));
    remarks.join("; ")
}

fn document(field: &Field) -> FieldDocument {
    FieldDocument {
        name: field.name.clone(),
        label: field.label.clone(),
        field_type: field.field_type.name().to_owned(),
        length: field.length,
        is_nullable: field.nillable,
        is_custom: field.custom,
        is_calculated: field.calculated,
        is_filterable: field.filterable,
        reference_to: field.reference_to.clone(),
        relationship_name: field.relationship_name.clone(),
    }
}
