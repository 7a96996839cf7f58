//! Records from a CSV file that is named after its object.

use std::path::Path;

use super::csv;
use super::decode::decode;
use super::draft::{Draft, DraftObject, ORIGINAL_ID, set};
use super::report::ImportReport;
use crate::export::type_column;
use crate::id::Id;
use crate::object::{FieldKind, standard_name};
use crate::value::Value;

/// The name of the id column in data sets of CumulusCI.
const CUMULUS_ID: &str = "sf_id";

/// What was loaded from a file.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The ids of its records, in their order in the file.
    pub(super) ids: Vec<Id>,
}

/// Returns the object that a file is named after: a known one, also in the plural, or a new one.
pub(super) fn object_name(draft: &Draft, path: &Path) -> String {
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let known = |name: &str| match draft.object(name) {
        Some(object) => Some(object.name.clone()),
        None => standard_name(name).map(str::to_owned),
    };
    let singular = || {
        let without_s = stem.strip_suffix('s')?;
        let with_y = stem.strip_suffix("ies").map(|stem| format!("{stem}y"));
        known(without_s).or_else(|| known(&with_y?))
    };
    known(&stem).or_else(singular).unwrap_or_else(|| legal_name(&stem, ""))
}

/// Adds the records of a file to an object.
///
/// # Errors
///
/// Says why nothing can be read from the file.
pub(super) fn load(
    draft: &mut Draft,
    object: &str,
    path: &Path,
    bytes: &[u8],
    report: &mut ImportReport,
) -> Result<Loaded, String> {
    let decoded = decode(bytes)?;
    let mut records = csv::records(&decoded.text, csv::delimiter(&decoded.text));
    let header = records.next().ok_or("it is empty")?;
    if decoded.guessed {
        report.note(path, None, None, "it is not UTF-8: read as Latin-1");
    }
    let rows: Vec<Vec<String>> = records.collect();
    let id_column = id_column(&header);
    let first_id = id_column.and_then(|at| rows.iter().find_map(|row| row.get(at)?.parse().ok()));
    draft.settle_prefix(object, first_id);
    let drafted = draft.object_mut(object);
    let types = type_columns(drafted, &header);
    let columns = columns(drafted, &header, &types, path, report);
    let mut ids = Vec::with_capacity(rows.len());
    for (row, number) in rows.into_iter().zip(1..) {
        let cells = Row { path, number, header: &header, columns: &columns, types: &types, id_column };
        ids.push(cells.load(drafted, row, report));
    }
    report.load(path, vec![drafted.name.clone()], ids.len() as u64);
    Ok(Loaded { ids })
}

/// A record of the file, while it is loaded.
struct Row<'a> {
    path: &'a Path,
    number: u64,
    header: &'a [String],
    /// The position of each column's field; `None` for a column that is left out.
    columns: &'a [Option<usize>],
    /// The columns that say of which type the values of others are, with the positions of the fields of these.
    types: &'a [(usize, usize)],
    id_column: Option<usize>,
}

impl Row<'_> {
    fn load(&self, object: &mut DraftObject, cells: Vec<String>, report: &mut ImportReport) -> Id {
        if cells.len() != self.columns.len() {
            let message = format!("it has {} values for {} columns", cells.len(), self.columns.len());
            report.note(self.path, Some(self.number), None, message);
        }
        let mut values = Vec::with_capacity(object.fields().len());
        let id = self.id(object, &cells, &mut values, report);
        for ((cell, column), header) in cells.iter().zip(self.columns).zip(self.header) {
            let Some(position) = *column else { continue };
            let kind = object.fields()[position].kind;
            if kind == FieldKind::Id {
                continue;
            }
            object.measure(position, cell);
            match Value::from_csv(cell, self.type_of(position, &cells).unwrap_or(kind)) {
                Ok(value) => set(&mut values, position, value),
                Err(bad) => report.note(self.path, Some(self.number), Some(header), format!("{bad}: left empty")),
            }
        }
        object.put(id, values);
        id
    }

    /// Returns the type that the record says its value of a field has.
    fn type_of(&self, position: usize, cells: &[String]) -> Option<FieldKind> {
        let (column, _) = self.types.iter().find(|(_, field)| *field == position)?;
        cells.get(*column).filter(|name| !name.is_empty()).map(|name| FieldKind::from_name(name))
    }

    /// Returns the id of the record: that of the file if it can be kept, else a new one.
    fn id(&self, object: &mut DraftObject, cells: &[String], values: &mut Vec<Value>, report: &mut ImportReport) -> Id {
        let Some(original) = self.id_column.and_then(|at| cells.get(at)).filter(|cell| !cell.is_empty()) else {
            return object.new_id(None);
        };
        match original.parse::<Id>() {
            Ok(id) if Some(id.key_prefix()) == object.key_prefix() => {
                if !object.records.contains_key(&id) {
                    return id;
                }
                let message = "another record has this id: given a new one".to_owned();
                report.note(self.path, Some(self.number), Some("Id"), message);
            }
            _ => {}
        }
        if self.id_column.is_some_and(|at| self.header[at].eq_ignore_ascii_case("Id")) {
            let position = object.add(ORIGINAL_ID, FieldKind::String);
            object.measure(position, original);
            set(values, position, Value::text(original.as_str()));
        }
        object.new_id(Some(original))
    }
}

/// Returns which column identifies the records.
fn id_column(header: &[String]) -> Option<usize> {
    let named = |name: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
    named("Id").or_else(|| named(CUMULUS_ID))
}

/// Returns the columns that tell the types of values which may be of any, with the positions of their fields.
fn type_columns(object: &DraftObject, header: &[String]) -> Vec<(usize, usize)> {
    let typed = object.fields().iter().enumerate().filter(|(_, field)| field.kind == FieldKind::AnyType);
    let typed = typed.filter_map(|(position, field)| {
        let name = type_column(&field.name);
        Some((header.iter().position(|column| *column == name)?, position))
    });
    typed.collect()
}

/// Returns the field of each column, adding those the object lacks.
fn columns(
    object: &mut DraftObject,
    header: &[String],
    types: &[(usize, usize)],
    path: &Path,
    report: &mut ImportReport,
) -> Vec<Option<usize>> {
    let mut columns: Vec<Option<usize>> = Vec::with_capacity(header.len());
    for (at, column) in header.iter().enumerate() {
        if types.iter().any(|(type_column, _)| *type_column == at) {
            columns.push(None);
            continue;
        }
        let name = column.trim();
        let position = match object.position(name) {
            Some(position) => position,
            None if name.is_empty() => {
                report.note(path, None, None, "a column without a name is left out");
                columns.push(None);
                continue;
            }
            None => {
                let legal = legal_name(name, "__c");
                if legal != *name {
                    report.note(path, None, Some(name), format!("the column is called `{legal}`"));
                }
                let position = object.add(&legal, FieldKind::String);
                object.set(position, "label", name);
                position
            }
        };
        let reason = match object.fields()[position].kind {
            _ if columns.contains(&Some(position)) => Some("a second column for the same field is left out"),
            kind if kind.is_compound() => Some("a compound field is left out: its parts hold the values"),
            _ => None,
        };
        if let Some(reason) = reason {
            report.note(path, None, Some(column), reason);
        }
        columns.push(reason.is_none().then_some(position));
    }
    columns
}

/// Returns a name as a query can spell it. One that has to be changed gets the suffix.
pub(super) fn legal_name(name: &str, suffix: &str) -> String {
    if orgtap_soql::Path::of(name).is_ok_and(|path| path.segments.len() == 1) {
        return name.to_owned();
    }
    let mut legal = String::with_capacity(name.len());
    for char in name.chars() {
        let char = if char.is_ascii_alphanumeric() { char } else { '_' };
        if char != '_' || !legal.ends_with('_') {
            legal.push(char);
        }
    }
    let legal = legal.trim_matches('_');
    let first = if legal.starts_with(|char: char| char.is_ascii_alphabetic()) { "" } else { "X" };
    format!("{first}{legal}{suffix}")
}
