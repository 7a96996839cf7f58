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
    /// what is hidden from the user, roll-ups, and which records are gone for good. Returns the number of records. Numbers in fields of
    /// type `anyType`, such as the old and new values of a history, are read back as text.
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
            write_line(header.iter().map(|name| (name, FieldKind::String)), &mut out)?;
            for values in self.records(&object.name).unwrap_or_default() {
                write_line(columns.iter().map(|at| (&values[*at], kinds[*at])), &mut out)?;
                written += 1;
            }
            out.flush()?;
        }
        let settings = File::create(folder.join("org.json"))?;
        serde_json::to_writer_pretty(BufWriter::new(settings), &self.settings())?;
        Ok(written)
    }
}

fn write_line<'a>(values: impl Iterator<Item = (&'a Value, FieldKind)>, out: &mut impl Write) -> io::Result<()> {
    let cells: Vec<String> =
        values.map(|(value, kind)| format!("\"{}\"", value.csv(kind).replace('"', "\"\""))).collect();
    writeln!(out, "{}", cells.join(","))
}
