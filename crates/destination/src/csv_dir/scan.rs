//! Reads a table back, part by part.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::layout::Layout;
use super::part::PartReader;
use crate::scan::ScanOutput;
use crate::{Error, ErrorKind, Result, TableScan, csv};

/// Begins to read `columns`; `None` where there is no such table.
pub(super) fn open(layout: Layout, columns: Vec<String>) -> Result<Option<TableScan>> {
    // Before the parts are listed, so that a commit in between shows.
    let before = identity(&layout.table);
    let Some(existing) = layout.existing()? else { return Ok(None) };
    Ok(Some(TableScan::start(move |output| {
        let read = existing.parts.iter().try_for_each(|path| read(path, &columns, output));
        // A commit puts another folder in the table's place, and its parts under the same names.
        if identity(&layout.table) == before { read } else { Err(replaced(&layout.table)) }
    })))
}

fn read(path: &Path, columns: &[String], output: &mut ScanOutput) -> Result<()> {
    let mut reader = PartReader::open(path)?;
    let position = |name: &String| reader.columns().iter().position(|column| column == name);
    let positions: Vec<_> = columns.iter().map(position).collect();
    while let Some(block) = reader.next_block()? {
        for record in csv::records(block.bytes) {
            let values: Vec<_> = csv::values(record).collect();
            let value = |at: &Option<usize>| at.and_then(|at| values.get(at)).map_or(&[][..], |value| value);
            output.record(positions.iter().map(value))?;
        }
    }
    Ok(())
}

/// Returns what tells the folder from another under the same name; `None` where there is none.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(folder).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

fn replaced(folder: &Path) -> Error {
    let message = format!("could not read `{}`: a load was committed to it meanwhile", folder.display());
    Error::new(ErrorKind::Locked, message).with_hint("try again when no run is under way")
}
