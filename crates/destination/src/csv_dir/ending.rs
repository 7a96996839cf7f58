//! What becomes of the records that stand: which a load replaces, takes out, or marks as gone.

use super::key_index::KeyIndex;
use super::merge::{Key, write_picked};
use crate::{Gone, Result, TableSpec, WriteMode, csv};

/// What a boolean column holds that is true.
pub(super) const TRUE: &[u8] = b"true";

/// What becomes of a record that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Stays,
    IsMarked,
    Leaves,
}

/// Where in the records of a standing part is what decides on them.
pub(super) struct Places {
    pub(super) key: Key,
    /// The values of vanished columns.
    pub(super) vanished: Vec<Option<usize>>,
    /// What says that the record is gone.
    pub(super) mark: Option<usize>,
}

/// Which records end with the load, and how many have.
pub(super) struct Endings {
    pub(super) mode: WriteMode,
    /// Which of the table's columns says of a record that it is gone, where such records stay.
    pub(super) mark: Option<usize>,
    /// How many records were gone.
    pub(super) gone: u64,
    /// How many of the load's keys the table has.
    pub(super) met: u64,
}

impl Endings {
    pub(super) fn of(table: &TableSpec, columns: &[String]) -> Result<Self> {
        let position =
            |name: &String| columns.iter().position(|column| column == name).ok_or_else(|| table.lacks(name));
        if table.write_mode.is_of_keys() {
            table.primary_key.iter().try_for_each(|name| position(name).map(drop))?;
        }
        let mark = match &table.gone {
            Some(Gone::Marked { column }) => Some(position(column)?),
            _ => None,
        };
        Ok(Self { mode: table.write_mode, mark, gone: 0, met: 0 })
    }

    /// Decides on a record that stands. The values of vanished columns of one that is replaced are handed on to the record that does.
    pub(super) fn fate(&mut self, record: &[u8], places: &Places, index: &KeyIndex) -> Result<Fate> {
        let key = places.key.of(record);
        let is_gone = match self.mode {
            WriteMode::Remove => index.find(&key)?.is_some(),
            WriteMode::Retain => {
                let met = index.meet(&key)?;
                self.met += u64::from(met == Some(true));
                met.is_none()
            }
            _ => match index.find(&key)? {
                None => return Ok(Fate::Stays),
                Some(false) => {
                    hand_on(record, &key, places, index)?;
                    return Ok(Fate::Leaves);
                }
                Some(true) => true,
            },
        };
        if !is_gone || places.is_marked(record) {
            return Ok(Fate::Stays);
        }
        self.gone += 1;
        Ok(if self.mark.is_some() { Fate::IsMarked } else { Fate::Leaves })
    }
}

impl Places {
    fn is_marked(&self, record: &[u8]) -> bool {
        self.mark.and_then(|mark| csv::values(record).nth(mark)).is_some_and(|value| *value == *TRUE)
    }
}

/// Keeps the values of vanished columns for the record that takes the place of this one.
fn hand_on(record: &[u8], key: &[u8], places: &Places, index: &KeyIndex) -> Result<()> {
    if places.vanished.is_empty() {
        return Ok(());
    }
    let mut values = Vec::new();
    write_picked(&mut values, record, &places.vanished);
    index.keep(key, &values)
}
