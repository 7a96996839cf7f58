//! Builds the folder that takes a table's place, out of the parts of a load and those that stand.
//!
//! Parts that need no change are linked or moved; others are written anew without the records that are replaced or superseded. Memory does
//! not grow with the number of records.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use super::ending::{Endings, Fate, Places, TRUE};
use super::key_index::{Indexed, KeyIndex};
use super::layout::{ExistingTable, Layout, finished_path, part_path};
use super::output::{Output, SMALL_PART_BYTES};
use super::part::PartReader;
use crate::files::failed;
use crate::modes;
use crate::shape::Shape;
use crate::{CommittedLoad, Result, TableSpec, WriteMode, WrittenPart, csv};

/// Fills `layout.next_table()` with what `table` holds after the load of `parts`.
pub(super) fn merge(table: &TableSpec, layout: &Layout, parts: &[WrittenPart]) -> Result<CommittedLoad> {
    let old = layout.existing()?;
    if table.write_mode.is_of_keys() && old.is_none() {
        return Err(table.not_there());
    }
    let standing = old.as_ref().and_then(|old| old.parts.first().cloned());
    let shape = Shape::of(table, old.as_ref().map(|old| old.columns.as_slice()));
    let old = old.filter(|_| table.write_mode != WriteMode::Replace);
    let loaded: Vec<LoadedPart> = loaded_parts(layout, parts);
    let looks_up_records = matches!(table.write_mode, WriteMode::Upsert | WriteMode::Remove | WriteMode::Retain);
    let needs_index =
        table.may_hold_duplicates() || looks_up_records && old.is_some() || table.gone_position().is_some();
    let index = match needs_index {
        true => Some(index_keys(table, &layout.staging.join("keys"), &loaded)?),
        false => None,
    };
    let superseded = index.as_ref().map_or(0, KeyIndex::superseded);
    if table.keys_are_unique {
        table.refuse_twice(superseded)?;
    }
    let left_out = index.as_ref().map_or(Ok(0), KeyIndex::leave_out_gone)?;

    let mut merge = Merge::new(table, shape, index, layout.next_table())?;
    let old_records = match &old {
        Some(old) if looks_up_records => Some(merge.keep_unended(old)?),
        Some(old) => merge.keep(old).map(|()| None)?,
        None => Some(0),
    };
    let records: u64 = parts.iter().map(|part| part.records).sum();
    let added = match table.write_mode.is_of_keys() {
        true => 0,
        false => {
            loaded.iter().try_for_each(|part| merge.add(part))?;
            records - superseded - left_out
        }
    };
    merge.output.finish()?;
    if let Some(first) = standing.as_deref() {
        modes::like(&layout.table, &layout.next_table());
        (0..merge.output.next).for_each(|number| modes::like(first, &part_path(&layout.next_table(), number)));
    }

    let absent = match (table.write_mode, &merge.index) {
        (WriteMode::Retain, Some(index)) => Some(index.keys() - merge.ending.met),
        _ => None,
    };
    let table_records = old_records.map(|old_records| old_records + added);
    let changes = merge.shape.changes;
    Ok(CommittedLoad { records, superseded, gone: merge.ending.gone, absent, table_records, changes })
}

/// A part of the load.
struct LoadedPart {
    path: PathBuf,
    /// The number of its first record in the load.
    first: u64,
    records: u64,
}

fn loaded_parts(layout: &Layout, parts: &[WrittenPart]) -> Vec<LoadedPart> {
    let mut first = 0;
    let loaded = parts.iter().map(|part| {
        let loaded = LoadedPart { path: finished_path(&layout.loaded(), part), first, records: part.records };
        first += part.records;
        loaded
    });
    loaded.collect()
}

fn index_keys(table: &TableSpec, path: &Path, loaded: &[LoadedPart]) -> Result<KeyIndex> {
    let mut index = KeyIndex::create(path)?;
    let key = Key::of_load(table);
    for part in loaded {
        let mut reader = PartReader::open(&part.path)?;
        let mut number = part.first;
        while let Some(block) = reader.next_block()? {
            for record in csv::records(block.bytes) {
                let value =
                    |position: Option<usize>| position.and_then(|at| csv::values(record).nth(at)).unwrap_or_default();
                index.add(Indexed {
                    key: &key.of(record),
                    version: &value(table.version_position()),
                    number,
                    is_gone: *value(table.gone_position()) == *TRUE,
                })?;
                number += 1;
            }
        }
        if number != part.first + part.records {
            return Err(reader.corrupt("it does not hold the records that were written to it"));
        }
    }
    Ok(index)
}

/// A merge under way.
struct Merge {
    shape: Shape,
    /// The table's columns that the load has not; its records take their values from those that they replace.
    vanished: Vec<String>,
    /// The load's columns; one that is not stored has a name that no column of a table has.
    columns: Vec<String>,
    primary_key: Vec<String>,
    ending: Endings,
    /// Where the primary key is in a record of the load.
    key: Key,
    /// Where the table's columns are among the load's and the vanished ones, in this order.
    widened: Vec<Option<usize>>,
    index: Option<KeyIndex>,
    output: Output,
}

impl Merge {
    fn new(table: &TableSpec, shape: Shape, index: Option<KeyIndex>, folder: PathBuf) -> Result<Self> {
        let mut columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        if let Some(hidden) = table.hidden_position() {
            columns[hidden].clear();
        }
        let vanished: Vec<String> = shape.columns.iter().filter(|name| !columns.contains(name)).cloned().collect();
        let widened = shape.positions_in(&[columns.as_slice(), vanished.as_slice()].concat());
        let output = Output { folder, columns: shape.columns.clone(), next: 0, current: None };
        let (key, primary_key) = (Key::of_load(table), table.primary_key.clone());
        let ending = Endings::of(table, &shape.columns)?;
        Ok(Self { shape, vanished, columns, primary_key, key, widened, index, output, ending })
    }

    /// Takes over all that stands.
    fn keep(&mut self, old: &ExistingTable) -> Result<()> {
        for path in &old.parts {
            let mut reader = PartReader::open(path)?;
            let is_same = reader.columns() == self.shape.columns;
            if is_same && !is_small(path)? {
                self.output.link(path)?;
                continue;
            }
            let positions = self.shape.positions_in(reader.columns());
            while let Some(block) = reader.next_block()? {
                match is_same {
                    true => self.output.current()?.write_records(block.bytes)?,
                    false => csv::records(block.bytes).try_for_each(|record| self.write_picked(record, &positions))?,
                }
            }
            self.output.end_source()?;
        }
        Ok(())
    }

    /// Takes over what stands, but for what ends with the load; returns how many records that is.
    fn keep_unended(&mut self, old: &ExistingTable) -> Result<u64> {
        old.parts.iter().try_fold(0, |records, path| Ok(records + self.keep_unended_of(path)?))
    }

    fn keep_unended_of(&mut self, path: &Path) -> Result<u64> {
        let mut reader = PartReader::open(path)?;
        let first_record = reader.first_record();
        let positions = self.shape.positions_in(reader.columns());
        let position_of = |name: &String| reader.columns().iter().position(|column| column == name);
        let places = Places {
            key: Key::new(self.primary_key.iter().map(position_of)),
            vanished: self.vanished.iter().map(position_of).collect(),
            mark: self.ending.mark.and_then(|mark| positions[mark]),
        };
        let is_same = reader.columns() == self.shape.columns;
        // A large part is written anew only from its first changed record on; what is before is copied.
        let mut is_rewritten = !is_same || is_small(path)?;
        let mut kept = 0;
        while let Some(block) = reader.next_block()? {
            let mut offset = block.offset;
            for record in csv::records(block.bytes) {
                let fate = match &self.index {
                    Some(index) => self.ending.fate(record, &places, index)?,
                    None => Fate::Stays,
                };
                if fate != Fate::Stays && !is_rewritten {
                    self.output.current()?.copy(path, first_record, offset)?;
                    is_rewritten = true;
                }
                match fate {
                    Fate::Stays if is_rewritten && is_same => self.output.current()?.write_records(record)?,
                    Fate::Stays if is_rewritten => self.write_picked(record, &positions)?,
                    Fate::IsMarked => self.write_marked(record, &positions)?,
                    Fate::Stays | Fate::Leaves => {}
                }
                kept += u64::from(fate != Fate::Leaves);
                offset += record.len() as u64;
            }
        }
        if is_rewritten {
            self.output.end_source()?
        } else {
            self.output.link(path)?
        }
        Ok(kept)
    }

    /// Adds a part of the load without its superseded records.
    fn add(&mut self, part: &LoadedPart) -> Result<()> {
        let end = part.first + part.records;
        let mut superseded = self.next_superseded(part.first)?;
        let is_same = self.columns == self.shape.columns;
        if part.records == 0 {
            return Ok(());
        }
        if is_same && superseded.is_none_or(|number| number >= end) {
            return self.output.take(&part.path);
        }
        let mut reader = PartReader::open(&part.path)?;
        let mut number = part.first;
        while let Some(block) = reader.next_block()? {
            for record in csv::records(block.bytes) {
                if superseded == Some(number) {
                    superseded = self.next_superseded(number + 1)?;
                } else if is_same {
                    self.output.current()?.write_records(record)?;
                } else {
                    self.write_widened(record)?;
                }
                number += 1;
            }
        }
        self.output.close()
    }

    fn next_superseded(&self, from: u64) -> Result<Option<u64>> {
        self.index.as_ref().map_or(Ok(None), |index| index.next_superseded(from))
    }

    /// Writes a record of the load in the table's columns.
    fn write_widened(&mut self, record: &[u8]) -> Result<()> {
        let kept = match &self.index {
            Some(index) if !self.vanished.is_empty() => index.kept(&self.key.of(record))?.unwrap_or_default(),
            _ => Vec::new(),
        };
        let values: Vec<_> = csv::values(record).chain(csv::values(&kept)).collect();
        let mut widened = Vec::with_capacity(record.len() + kept.len());
        write_values(&mut widened, &values, &self.widened);
        self.output.current()?.write(&widened)
    }

    fn write_picked(&mut self, record: &[u8], positions: &[Option<usize>]) -> Result<()> {
        let mut picked = Vec::with_capacity(record.len());
        write_picked(&mut picked, record, positions);
        self.output.current()?.write(&picked)
    }

    /// Writes a record that stands, marked as gone.
    fn write_marked(&mut self, record: &[u8], positions: &[Option<usize>]) -> Result<()> {
        let values: Vec<_> = csv::values(record).collect();
        let mut picked: Vec<&[u8]> =
            positions.iter().map(|at| at.and_then(|at| values.get(at)).map_or(&[][..], |value| value)).collect();
        if let Some(mark) = self.ending.mark {
            picked[mark] = TRUE;
        }
        let mut marked = Vec::with_capacity(record.len());
        csv::write_record(&mut marked, picked);
        self.output.current()?.write(&marked)
    }
}

/// Where in a record the values of the primary key are; one that is nowhere counts as null.
pub(super) struct Key(Vec<Option<usize>>);

impl Key {
    fn of_load(table: &TableSpec) -> Self {
        Self::new(table.key_positions().into_iter().map(Some))
    }

    fn new(positions: impl Iterator<Item = Option<usize>>) -> Self {
        Self(positions.collect())
    }

    /// Returns bytes that are the same for the same key only.
    pub(super) fn of(&self, record: &[u8]) -> Vec<u8> {
        let mut key = Vec::new();
        for position in &self.0 {
            let value = position.and_then(|position| csv::values(record).nth(position)).unwrap_or_default();
            key.extend_from_slice(&(value.len() as u64).to_le_bytes());
            key.extend_from_slice(&value);
        }
        key
    }
}

pub(super) fn write_picked(out: &mut Vec<u8>, record: &[u8], positions: &[Option<usize>]) {
    write_values(out, &csv::values(record).collect::<Vec<_>>(), positions);
}

fn write_values(out: &mut Vec<u8>, values: &[Cow<'_, [u8]>], positions: &[Option<usize>]) {
    let value =
        |position: &Option<usize>| position.and_then(|position| values.get(position)).map_or(&[][..], |value| value);
    csv::write_record(out, positions.iter().map(value));
}

fn is_small(path: &Path) -> Result<bool> {
    let bytes = fs::metadata(path).map_err(failed("read", path))?.len();
    Ok(bytes < SMALL_PART_BYTES)
}
