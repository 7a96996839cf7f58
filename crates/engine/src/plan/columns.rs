//! What a SELECT list comes to: the columns of the table, the values they are made of, and the list as it is sent.

use orgtap_destination::{Column, ColumnType};
use orgtap_salesforce::{Field, FieldType};
use orgtap_soql::{Diagnostic, Path, SelectItem, Span};

use super::LeftOut;
use super::compound;
use super::resolve::Resolved;
use crate::error::{Error, Result};
use crate::projection::{ColumnSource, Origin, Projection, SelectedValue};
use crate::spec::Types;

/// A column with the type of its values.
#[derive(Clone, Debug)]
pub(super) struct SelectedColumn {
    /// The column as a table with all types has it.
    pub(super) column: Column,
    /// What the values are called in the org's describe: `datetime`, `currency`.
    pub(super) field_type: FieldType,
}

/// What a SELECT list comes to.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// The columns of the table.
    pub(super) columns: Vec<SelectedColumn>,
    /// How they are made of what is selected.
    pub(super) projection: Projection,
    /// The SELECT list as it is sent.
    pub(super) select: Vec<SelectItem>,
    /// What the Bulk API does not carry, as far as the describes tell.
    pub(super) not_in_bulk: Vec<Diagnostic>,
    /// The columns that tell the rows of an aggregate apart: those of GROUP BY, where all of them are selected.
    pub(super) grouped: Option<Vec<String>>,
    /// Fields that are left out although nobody asked for that.
    pub(super) left_out: Vec<LeftOut>,
    /// What the user should know.
    pub(super) notes: Vec<String>,
}

impl Selection {
    /// Adds a column that is one value of the query.
    pub(super) fn add(&mut self, column: SelectedColumn, value: SelectedValue, item: SelectItem) {
        self.select.push(item);
        self.add_of_item(column, value);
    }

    /// Adds a column that is one of several values of an item of the list.
    pub(super) fn add_of_item(&mut self, column: SelectedColumn, value: SelectedValue) {
        self.projection.values.push(value);
        self.columns.push(column);
        self.projection.columns.push(ColumnSource::Value(self.projection.values.len() - 1));
    }

    /// Adds a field of the root object or of a parent. A compound one is selected by its parts, whichever API carries it, so that its text is
    /// always the same; where it has none, only REST carries it.
    pub(super) fn add_field(&mut self, resolved: &Resolved, item: SelectItem) -> Result<()> {
        if !compound::is_compound(&resolved.field) {
            let value = self.field_value(resolved.path.clone(), &resolved.field, item);
            self.columns.push(column(&resolved.path, &resolved.field, resolved.is_nullable));
            self.projection.columns.push(ColumnSource::Value(value));
            return Ok(());
        }
        let shown = column(&resolved.path, &resolved.field, true).with_type(FieldType::String);
        let name = &shown.column.name;
        let parts = compound::parts(&resolved.object, &resolved.field);
        if parts.is_empty() {
            let message = format!("the Bulk API takes no compound field: `{name}`");
            self.not_in_bulk.push(Diagnostic::error(message, item.span()));
            let origin = Origin::Structure { path: resolved.path.clone() };
            self.add(
                shown,
                SelectedValue { header: resolved.path.join("."), is_header_uncertain: false, origin },
                item,
            );
            return Ok(());
        }
        let mut made = Vec::with_capacity(parts.len());
        for (key, field) in parts {
            let path: Vec<String> = resolved.parents().iter().chain([&field.name]).cloned().collect();
            let item = SelectItem::Field { path: path_of(&path.join("."))?, alias: None };
            let value = self.field_value(path, field, item);
            made.push(compound::part(key, value, field));
        }
        self.notes.push(format!("`{name}` is JSON, made of its parts"));
        self.columns.push(shown);
        self.projection.columns.push(ColumnSource::Parts(made));
        Ok(())
    }

    /// Returns the place of a field among the values, adding it to the list if it is not there yet.
    fn field_value(&mut self, path: Vec<String>, field: &Field, item: SelectItem) -> usize {
        let is_it = |value: &SelectedValue| {
            !value.is_header_uncertain && matches!(&value.origin, Origin::Field { path: known, .. } if *known == path)
        };
        if let Some(known) = self.projection.values.iter().position(is_it) {
            return known;
        }
        self.select.push(item);
        let header = path.join(".");
        let origin = Origin::Field { path, field_type: field.field_type.clone() };
        self.projection.values.push(SelectedValue { header, is_header_uncertain: false, origin });
        self.projection.values.len() - 1
    }
}

/// Returns the column of a field that `path` leads to.
pub(super) fn column(path: &[String], field: &Field, is_nullable: bool) -> SelectedColumn {
    let mut of_field = computed(&path.join("."), &field.field_type, is_nullable);
    of_field.column.description = Some(field.label.clone()).filter(|label| !label.is_empty());
    of_field
}

/// Returns a column without a field behind it.
pub(super) fn computed(name: &str, field_type: &FieldType, is_nullable: bool) -> SelectedColumn {
    let column_type = column_type(field_type);
    let column = Column { name: name.to_owned(), column_type, is_nullable, description: None };
    SelectedColumn { column, field_type: field_type.clone() }
}

impl SelectedColumn {
    /// Returns the column with values of another type.
    pub(super) fn with_type(mut self, field_type: FieldType) -> Self {
        self.column.column_type = column_type(&field_type);
        Self { field_type, ..self }
    }
}

impl Types {
    /// Returns the column as a table with such types has it.
    pub(super) fn column(self, selected: &SelectedColumn) -> Column {
        let mut column = selected.column.clone();
        let is_typed = matches!(
            selected.field_type,
            FieldType::Boolean | FieldType::Int | FieldType::Double | FieldType::Date | FieldType::DateTime
        );
        if self == Self::Plain && !is_typed {
            column.column_type = ColumnType::Text;
        }
        column
    }
}

/// Returns what the values of a field are in a table.
fn column_type(field_type: &FieldType) -> ColumnType {
    match field_type {
        FieldType::Boolean => ColumnType::Boolean,
        FieldType::Int | FieldType::Long => ColumnType::Integer,
        FieldType::Double | FieldType::Currency | FieldType::Percent => ColumnType::Float,
        FieldType::Date => ColumnType::Date,
        FieldType::DateTime => ColumnType::DateTime,
        FieldType::Time => ColumnType::Time,
        _ => ColumnType::Text,
    }
}

/// Returns why a row that names no fields leaves `field` out, or `None` where it is a column.
pub fn why_left_out(field: &Field) -> Option<&'static str> {
    match field.field_type {
        FieldType::Address => Some("an address is compound: its parts are fields of their own"),
        FieldType::Location => Some("a geolocation is compound: its latitude and longitude are fields of their own"),
        _ if compound::is_compound(field) => Some("it is compound: its parts are fields of their own"),
        _ => why_not_a_column(field),
    }
}

/// Returns why no column can hold `field`, or `None` where one can. The Bulk API refuses to serialise these, and in the REST API's JSON they are
/// structures or addresses of blobs.
pub(super) fn why_not_a_column(field: &Field) -> Option<&'static str> {
    match field.field_type {
        FieldType::Base64 => Some("base64 content does not come with a query"),
        FieldType::ComplexValue | FieldType::Json => Some("its values are structures, not text"),
        _ if field.soap_type == "tns:json"
            || field.soap_type.starts_with("urn:JunctionIdListNames")
            || field.soap_type.starts_with("urn:SearchLayout")
            || field.soap_type.starts_with("urn:RecordTypesSupported")
            || field.soap_type.starts_with("urn:RelationshipReferenceTo") =>
        {
            Some("its values are structures, not text")
        }
        _ => None,
    }
}

/// Builds a path of names that Salesforce spelt.
pub(super) fn path_of(text: &str) -> Result<Path> {
    Path::of(text).map_err(|error| Error::row(error.to_string()))
}

/// Returns the item that selects `path`, where no text stands behind it.
pub(super) fn item_of(path: &str) -> Result<SelectItem> {
    Ok(SelectItem::Field { path: path_of(path)?, alias: None })
}

/// Returns what is wrong at `span`.
pub(super) fn problem(span: Span, message: impl Into<String>, suggestion: Option<String>) -> Diagnostic {
    let problem = Diagnostic::error(message, span);
    match suggestion {
        Some(suggestion) => problem.suggest(suggestion),
        None => problem,
    }
}

/// Returns "did you mean …" where one of `known` is close to `name`.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let name = name.to_ascii_lowercase();
    known
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}
