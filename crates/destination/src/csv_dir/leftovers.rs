//! What a load keeps so that the next one can take it up: its finished parts, whose names tell what is in them, and a journal.
//!
//! The journal lies in the folder that will be the table, and leaves the load with it: a load that was committed cannot be taken up, even
//! if its process dies before it has cleaned up.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::layout::{IDENTITIES, Layout, PART, finished_path, state_folder, sync_folder};
use super::part::PartReader;
use crate::files::{failed, remove};
use crate::modes;
use crate::{LeftLoad, PartId, Result, TableSpec, WrittenPart, csv};

/// The journal's file, among the states of the table.
pub(super) const JOURNAL: &str = "load.json";

/// The only version of the file so far.
const VERSION: u32 = 1;

/// The journal's file as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JournalFile {
    version: u32,
    /// What the parts mean: [`TableSpec::outline`].
    outline: String,
    pub(super) journal: String,
}

/// Saves the journal of the load in progress, in the place of an earlier one.
pub(super) fn save_journal(layout: &Layout, outline: String, journal: String) -> Result<()> {
    let folder = state_folder(&layout.next_table());
    let (path, draft) = (folder.join(JOURNAL), folder.join("load.json.new"));
    let document = serde_json::to_vec(&JournalFile { version: VERSION, outline, journal })
        .expect("a journal's file holds only text and numbers");
    modes::write_private(&draft, &document).and_then(|()| fs::rename(&draft, &path)).map_err(failed("write", &path))?;
    sync_folder(&folder)
}

/// Returns the journal that a load left, if it can be read.
pub(super) fn journal(layout: &Layout) -> Option<JournalFile> {
    let file = fs::read(state_folder(&layout.next_table()).join(JOURNAL)).ok()?;
    serde_json::from_slice(&file).ok().filter(|file: &JournalFile| file.version == VERSION)
}

/// Returns whether the load in progress could be taken up.
pub(super) fn has_journal(layout: &Layout) -> bool {
    state_folder(&layout.next_table()).join(JOURNAL).exists()
}

/// Returns what a load of the table left, if it left anything: all that it had finished if it was of `table`, else the journal alone. The
/// rest is removed. Only the holder of the table's lock may do so.
pub(super) fn take_up(layout: &Layout, table: &TableSpec) -> Result<Option<LeftLoad>> {
    let folder = state_folder(&layout.next_table());
    let Some(JournalFile { outline, journal, .. }) = journal(layout) else {
        remove(&layout.staging)?;
        return Ok(None);
    };
    if outline != table.outline() {
        remove(&layout.staging)?;
        return Ok(Some(LeftLoad { journal, parts: Vec::new() }));
    }
    // A commit that was cut off begins again.
    keep_only(&layout.next_table(), |name| folder.ends_with(name))?;
    keep_only(&folder, |name| name == JOURNAL)?;
    keep_only(&layout.staging, |name| [layout.next_table(), layout.loaded()].iter().any(|kept| kept.ends_with(name)))?;
    Ok(Some(LeftLoad { journal, parts: finished_parts(&layout.loaded(), table)? }))
}

/// Returns the parts in `folder` that are whole, in order, and removes the others.
fn finished_parts(folder: &Path, table: &TableSpec) -> Result<Vec<WrittenPart>> {
    let mut parts = Vec::new();
    let header = header_bytes(table);
    let is_whole = |part: &WrittenPart| {
        let path = finished_path(folder, part);
        fs::metadata(&path).is_ok_and(|file| file.len() == header + part.bytes)
            && PartReader::open(&path).is_ok_and(|reader| reader.first_record() == header)
    };
    keep_only(folder, |name| {
        let Some(part) = written_part(name).filter(is_whole) else { return false };
        // What tells its records apart is kept with it.
        if finished_path(folder, &part).ends_with(name) {
            parts.push(part);
        }
        true
    })?;
    parts.sort_by_key(|written| written.part);
    // Two files of one part cannot both be right.
    let is_twice = |part: &WrittenPart| parts.iter().filter(|other| other.part == part.part).count() > 1;
    Ok(parts.iter().filter(|part| !is_twice(part)).copied().collect())
}

fn header_bytes(table: &TableSpec) -> u64 {
    let mut header = Vec::new();
    csv::write_record(&mut header, table.columns.iter().map(|column| column.name.as_bytes()));
    header.len() as u64
}

/// Reads the name of a part that was written whole, or of the file beside it.
fn written_part(name: &str) -> Option<WrittenPart> {
    let (stem, extension) = name.strip_prefix("part-")?.rsplit_once('.')?;
    let mut numbers = [PART, IDENTITIES].contains(&extension).then(|| stem.split('.'))?;
    let part = PartId(numbers.next()?.parse().ok()?);
    let written = WrittenPart { part, records: numbers.next()?.parse().ok()?, bytes: numbers.next()?.parse().ok()? };
    numbers.next().is_none().then_some(written)
}

/// Removes everything in `folder` whose name `is_kept` refuses. A folder that is not there holds nothing.
fn keep_only(folder: &Path, mut is_kept: impl FnMut(&str) -> bool) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(failed("read", folder))?;
        if entry.file_name().to_str().is_some_and(&mut is_kept) {
            continue;
        }
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => remove(&entry.path())?,
            false => fs::remove_file(entry.path()).map_err(failed("remove", &entry.path()))?,
        }
    }
    Ok(())
}
