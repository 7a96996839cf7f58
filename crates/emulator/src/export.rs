//! Writing an org to files that an import reads back: a describe and a CSV for each object, and what the org itself is like.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use crate::{object::FieldKind, org::Org, value::Value};

impl Org {
    /// Writes all objects and their records, deleted ones too, to `folder`, which is made if it is not there: for each
    /// object `<name>.json`, its describe, and `<name>.csv`, its records with their ids; and `org.json`, what neither tells: time, calendar,
    /// what is hidden from the user, roll-ups, and which records are gone for good. Returns the number of records. A field of type
    /// `anyType`, such as the old and new values of a history, has a second column that says of which type each value is.
    ///
    /// # Errors
    /// The folder or a file in it cannot be written.
    pub fn export(&self, folder: &Path) -> io::Result<u64> {
        fs::create_dir_all(folder)?;
        let mut written = 0;
        for object in self.whole_objects() {
            let describe = File::create(folder.join(format!("{}.json", object.name)))?;
            serde_json::to_writer_pretty(BufWriter::new(describe), &object.describe)?;
            let kinds: Vec<FieldKind> = object.fields.iter().map(|field| field.kind).collect();
            let columns: Vec<usize> = (0..kinds.len()).filter(|at| !kinds[*at].is_compound()).collect();
            let mut out = BufWriter::new(File::create(folder.join(format!("{}.csv", object.name)))?);
            let header: Vec<Value> = columns.iter().map(|at| Value::text(object.fields[*at].name.as_str())).collect();
            let typed: Vec<usize> = columns.iter().copied().filter(|at| kinds[*at] == FieldKind::AnyType).collect();
            let types = typed.iter().map(|at| Value::text(type_column(&object.fields[*at].name)));
            let header: Vec<Value> = header.into_iter().chain(types).collect();
            write_line(header.iter().map(|name| (name, FieldKind::String)), &mut out)?;
            for values in self.records(&object.name).unwrap_or_default() {
                let types: Vec<Value> = typed.iter().map(|at| Value::text(type_of(&values[*at]))).collect();
                let cells = columns.iter().map(|at| (&values[*at], kinds[*at]));
                write_line(cells.chain(types.iter().map(|name| (name, FieldKind::String))), &mut out)?;
                written += 1;
            }
            out.flush()?;
        }
        let settings = File::create(folder.join("org.json"))?;
        serde_json::to_writer_pretty(BufWriter::new(settings), &self.settings())?;
        Ok(written)
    }
}

/// Returns the name of the column that tells the types of a field's values.
pub(crate) fn type_column(field: &str) -> String {
    format!("{field} (type)")
}

/// Returns the type of a value that may be of any, as a describe would name it; nothing for text.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null | Value::Text(_) | Value::Compound(_) => "",
        Value::Id(_) => FieldKind::Reference.name(),
        Value::Boolean(_) => FieldKind::Boolean.name(),
        Value::Integer(_) => FieldKind::Long.name(),
        Value::Double(_) => FieldKind::Double.name(),
        Value::Date(_) => FieldKind::Date.name(),
        Value::DateTime(_) => FieldKind::DateTime.name(),
        Value::Time(_) => FieldKind::Time.name(),
    }
}

fn write_line<'a>(values: impl Iterator<Item = (&'a Value, FieldKind)>, out: &mut impl Write) -> io::Result<()> {
    let cells: Vec<String> =
        values.map(|(value, kind)| format!("\"{}\"", value.csv(kind).replace('"', "\"\""))).collect();
    writeln!(out, "{}", cells.join(","))
}
