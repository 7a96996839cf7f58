//! How far the stamps of the records reach that a row reads.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use orgtap_destination::{Batch, csv};

use crate::boundaries::for_each_record;

/// The newest value of one column, a datetime, among all records looked at.
#[derive(Debug)]
pub(super) struct Newest {
    column: usize,
    text: Mutex<Vec<u8>>,
}

impl Newest {
    /// Has seen nothing yet.
    pub(super) fn of_column(column: usize) -> Self {
        Self { column, text: Mutex::default() }
    }

    /// Takes the records of `batch` into account.
    pub(super) fn look_at(&self, batch: &Batch) {
        let mut newest = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        for_each_record(batch.bytes(), |record| {
            // Salesforce writes all instants in one form, in UTC, in which later is greater.
            if let Some(value) = csv::values(record).nth(self.column)
                && *value > **newest
            {
                newest.clear();
                newest.extend_from_slice(&value);
            }
        });
    }

    /// Returns the newest value; `None` if there was none.
    pub(super) fn stamp(&self) -> Option<Timestamp> {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        str::from_utf8(&text).ok()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stamp_is_that_of_all_batches() {
        let newest = Newest::of_column(1);
        for bytes in [
            "\"1\",\"2024-06-15T12:00:01.000Z\"\n\"2\",\"2024-06-15T12:00:02.000Z\"\n",
            "\"a,\"\"\n9999\",\"2023-12-31T23:59:59.000Z\"\n\"4\",\"\"\n",
        ] {
            newest.look_at(&Batch::new(bytes.into(), 2));
        }

        assert_eq!(newest.stamp().unwrap().to_string(), "2024-06-15T12:00:02Z");
    }

    #[test]
    fn without_records_there_is_no_newest_stamp() {
        assert_eq!(Newest::of_column(0).stamp(), None);
    }
}
