//! Selected fields and paths into columns: each is looked up in the describes, which say how it is spelt and what its values are.

use std::sync::Arc;

use orgtap_destination::{Column, ColumnType};
use orgtap_salesforce::{Client, ErrorKind, Field, FieldType, SObject};
use orgtap_soql::{Argument, Call, Diagnostic, Diagnostics, Name, Path, Query, SelectItem, Severity};

use crate::error::{Error, Result};
use crate::spec::Types;

/// A column with where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct SelectedColumn {
    /// The column as the table gets it.
    pub(crate) column: Column,
    /// The names that lead to the value from the root object, as Salesforce spells them.
    pub(crate) path: Vec<String>,
    /// What the values are called in the org's describe: `datetime`, `currency`.
    pub(crate) field_type: FieldType,
}

impl SelectedColumn {
    /// Returns the column of `field` of the root object.
    pub(crate) fn of(field: &Field) -> Self {
        Self::at(vec![field.name.clone()], field, field.nillable)
    }

    fn at(path: Vec<String>, field: &Field, is_nullable: bool) -> Self {
        let column = Column {
            name: path.join("."),
            column_type: column_type(&field.field_type),
            is_nullable,
            description: Some(field.label.clone()).filter(|label| !label.is_empty()),
        };
        Self { column, path, field_type: field.field_type.clone() }
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

/// Returns why no column can hold `field`, or `None` where one can. The Bulk API carries none of these (it answers "Selecting compound data
/// not supported in Bulk Query" or refuses to serialise them), and in the REST API's JSON they are objects or addresses of blobs.
pub fn why_not_a_column(field: &Field) -> Option<&'static str> {
    match field.field_type {
        FieldType::Address => Some("an address is compound: its parts are fields of their own"),
        FieldType::Location => Some("a geolocation is compound: its latitude and longitude are fields of their own"),
        FieldType::Base64 => Some("base64 content does not come with a query"),
        FieldType::ComplexValue | FieldType::Json => Some("its values are structures, not text"),
        _ if matches!(field.soap_type.as_str(), "tns:json" | "urn:address" | "urn:location")
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

/// Why a selected item has no column.
#[derive(Debug)]
enum Unresolved {
    /// The query is wrong here.
    Problem(Diagnostic),
    /// The org could not be asked.
    Failed(Error),
}

/// Resolves everything that `query`, parsed from `text`, selects. Every problem of the query stands in the one error.
pub(crate) async fn of_query(
    query: &Query,
    text: &str,
    root: &Arc<SObject>,
    client: &Client,
) -> Result<Vec<SelectedColumn>> {
    let resolver = Resolver { query, root, client };
    let mut columns: Vec<SelectedColumn> = Vec::with_capacity(query.select.len());
    let mut problems = Vec::new();
    for item in &query.select {
        match resolver.item(item).await {
            Ok(column) if columns.iter().any(|other| other.column.name.eq_ignore_ascii_case(&column.column.name)) => {
                problems.push(problem(item, format!("`{}` is selected twice", column.column.name), None));
            }
            Ok(column) => columns.push(column),
            Err(Unresolved::Problem(diagnostic)) => problems.push(diagnostic),
            Err(Unresolved::Failed(error)) => return Err(error),
        }
    }
    match Diagnostics::new(text, problems) {
        Some(diagnostics) => Err(Error::query(&diagnostics)),
        None => Ok(columns),
    }
}

/// Looks the items of one query up.
#[derive(Debug)]
struct Resolver<'a> {
    query: &'a Query,
    root: &'a Arc<SObject>,
    client: &'a Client,
}

impl Resolver<'_> {
    async fn item(&self, item: &SelectItem) -> Result<SelectedColumn, Unresolved> {
        match item {
            SelectItem::Field { path, .. } => self.path(item, path).await,
            SelectItem::Call { call, alias } => {
                let Some(path) = translated(call) else {
                    return Err(refuse(item, format!("`{}` cannot be extracted", call.function.text), None));
                };
                Ok(as_text(self.path(item, path).await?, alias.as_ref()))
            }
            SelectItem::Subquery { .. } => {
                let suggestion = "give the child object a row of its own".to_owned();
                Err(refuse(item, "a child subquery cannot be extracted".to_owned(), Some(suggestion)))
            }
            SelectItem::TypeOf(_) => {
                let suggestion = "select common fields, such as `What.Name`".to_owned();
                Err(refuse(item, "TYPEOF cannot be extracted".to_owned(), Some(suggestion)))
            }
        }
    }

    async fn path(&self, item: &SelectItem, path: &Path) -> Result<SelectedColumn, Unresolved> {
        let names = self.query.field_path(path);
        let (field_name, relationships) = names.split_last().expect("a path has at least one segment");
        let mut spelt = Vec::with_capacity(names.len());
        let mut objects = vec![Arc::clone(self.root)];
        for relationship in relationships {
            let (name, parents) = self.follow(item, &objects, relationship).await?;
            spelt.push(name);
            objects = parents;
        }
        let Some(field) = objects.iter().find_map(|object| object.field(field_name)) else {
            let known = objects.iter().flat_map(|object| &object.fields).map(|field| field.name.as_str());
            let message = format!("`{}` has no field `{field_name}`, or the user may not see it", objects[0].name);
            return Err(refuse(item, message, nearest(field_name, known)));
        };
        if let Some(reason) = why_not_a_column(field) {
            return Err(refuse(
                item,
                format!("`{}` cannot be a column: {reason}", names.join(".")),
                Some("take it out of the query".to_owned()),
            ));
        }
        spelt.push(field.name.clone());
        // Without a parent, every field of the parent is null.
        let is_nullable = field.nillable || !relationships.is_empty();
        Ok(SelectedColumn::at(spelt, field, is_nullable))
    }

    /// Follows `relationship` from any of `objects`: its name as Salesforce spells it, and the objects it may lead to.
    async fn follow(
        &self,
        item: &SelectItem,
        objects: &[Arc<SObject>],
        relationship: &str,
    ) -> Result<(String, Vec<Arc<SObject>>), Unresolved> {
        let fields = || objects.iter().flat_map(|object| &object.fields);
        let name_of =
            |field: &Field| field.relationship_name.clone().filter(|name| name.eq_ignore_ascii_case(relationship));
        let Some((field, name)) = fields().find_map(|field| Some((field, name_of(field)?))) else {
            let known = fields().filter_map(|field| field.relationship_name.as_deref());
            let message = format!("`{}` has no relationship `{relationship}`", objects[0].name);
            return Err(refuse(item, message, nearest(relationship, known)));
        };
        // A polymorphic relationship shows the fields of the pseudo object `Name`.
        let pseudo = (field.reference_to.len() > 1).then(|| "Name".to_owned());
        let mut parents = Vec::new();
        for object in pseudo.iter().chain(&field.reference_to) {
            match self.client.describe(object).await {
                Ok(parent) => parents.push(parent),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(Unresolved::Failed(Error::salesforce(error))),
            }
        }
        if parents.is_empty() {
            let message = format!("`{relationship}` leads to objects that the user may not see");
            return Err(refuse(item, message, None));
        }
        Ok((name, parents))
    }
}

/// Returns the field inside a function that only changes how a value is written.
fn translated(call: &Call) -> Option<&Path> {
    let keeps_the_field = ["toLabel", "format", "convertCurrency"].iter().any(|name| call.function.is(name));
    match call.arguments.as_slice() {
        [Argument::Path(path)] if keeps_the_field => Some(path),
        _ => None,
    }
}

/// Returns the column of a translated field: text, under the field's own name or under its alias.
fn as_text(mut column: SelectedColumn, alias: Option<&Name>) -> SelectedColumn {
    column.column.column_type = ColumnType::Text;
    column.field_type = FieldType::String;
    if let Some(alias) = alias {
        alias.text.clone_into(&mut column.column.name);
        column.path = vec![alias.text.clone()];
    }
    column
}

fn refuse(item: &SelectItem, message: String, suggestion: Option<String>) -> Unresolved {
    Unresolved::Problem(problem(item, message, suggestion))
}

fn problem(item: &SelectItem, message: String, suggestion: Option<String>) -> Diagnostic {
    Diagnostic { severity: Severity::Error, message, span: item.span(), suggestion }
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
