//! The manifest: what the platform is told about a table.

use serde::Serialize;

use super::{KeboolaOptions, name};
use crate::{ColumnType, Result, TableSpec, WriteMode};

/// Which manifest the platform wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestForm {
    /// With a `schema` of columns and their types.
    Schema,
    /// With the names of the columns alone, for projects without native types.
    Legacy,
}

/// What a manifest with a schema says about columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnForm {
    /// Type, whether there may be nulls, and the label.
    Described,
    /// That they are texts, which may be null.
    Texts,
}

/// A manifest with the names of its columns.
#[derive(Clone, Debug)]
pub(super) struct Rendered {
    /// The columns as Storage calls them.
    pub(super) columns: Vec<String>,
    /// The file.
    pub(super) json: Vec<u8>,
}

/// Returns the manifest of `table`.
pub(super) fn render(options: &KeboolaOptions, table: &TableSpec) -> Result<Rendered> {
    let columns = name::columns(table)?;
    let manifest = Manifest::of(options, table, &columns);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| table.invalid(error))?;
    Ok(Rendered { columns, json })
}

/// A manifest; the order of its keys is that of the original component.
#[derive(Serialize)]
struct Manifest<'a> {
    destination: String,
    incremental: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_key: Option<Vec<String>>,
    write_always: bool,
    delimiter: &'static str,
    enclosure: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_header: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Vec<SchemaColumn<'a>>>,
}

#[derive(Serialize)]
struct SchemaColumn<'a> {
    name: &'a str,
    data_type: DataType,
    #[serde(skip_serializing_if = "Option::is_none")]
    nullable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_key: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

#[derive(Serialize)]
struct DataType {
    base: BaseType,
}

#[derive(Serialize)]
struct BaseType {
    #[serde(rename = "type")]
    name: &'static str,
}

impl<'a> Manifest<'a> {
    fn of(options: &KeboolaOptions, table: &'a TableSpec, columns: &'a [String]) -> Self {
        let has_schema = options.manifest == ManifestForm::Schema;
        let key: Vec<String> = table.primary_key.iter().map(|column| name::normalise(column)).collect();
        Self {
            destination: format!("{}.{}", options.bucket, table.name),
            incremental: table.write_mode != WriteMode::Replace,
            primary_key: (!has_schema && !key.is_empty()).then_some(key),
            write_always: false,
            delimiter: ",",
            enclosure: "\"",
            columns: (!has_schema).then_some(columns),
            manifest_type: has_schema.then_some("out"),
            has_header: has_schema.then_some(false),
            schema: has_schema.then(|| schema(options.columns, table, columns)),
        }
    }
}

fn schema<'a>(form: ColumnForm, table: &'a TableSpec, names: &'a [String]) -> Vec<SchemaColumn<'a>> {
    let describe = |(column, name): (&'a crate::Column, &'a String)| {
        let is_described = form == ColumnForm::Described;
        let base = BaseType { name: if is_described { base_type(column.column_type) } else { "STRING" } };
        SchemaColumn {
            name,
            data_type: DataType { base },
            nullable: (column.is_nullable || !is_described).then_some(true),
            primary_key: table.primary_key.contains(&column.name).then_some(true),
            description: column.description.as_deref().filter(|_| is_described),
        }
    };
    table.columns.iter().zip(names).map(describe).collect()
}

/// Returns Keboola's word for a type. It has none for a time of day.
fn base_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Boolean => "BOOLEAN",
        ColumnType::Integer => "INTEGER",
        ColumnType::Float => "FLOAT",
        ColumnType::Date => "DATE",
        ColumnType::DateTime => "TIMESTAMP",
        ColumnType::Text | ColumnType::Time => "STRING",
    }
}
