//! By what the records of a row are told apart: their Ids, as numbers.

use orgtap_destination::{Batch, csv};

use crate::projection::Projection;
use crate::record_id;

/// A record has no Id, although its object has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record has no Id")]
pub(crate) struct NoId;

/// The numbers of the records of one batch, if they have Ids.
#[derive(Debug)]
pub(crate) struct Identities {
    column: Option<usize>,
    /// For each record; `None` for one without an Id.
    numbers: Vec<Option<u64>>,
}

impl Identities {
    /// Will be those of so many records, in the columns of `projection`.
    pub(crate) fn new(projection: &Projection, records: usize) -> Self {
        let column = projection.id_column;
        Self { column, numbers: Vec::with_capacity(column.map_or(0, |_| records)) }
    }

    /// Adds the next record of the batch.
    pub(crate) fn add(&mut self, record: &[u8]) {
        if let Some(column) = self.column {
            self.numbers.push(identity(record, column));
        }
    }

    /// Says of each record of `batch` which one it is. Fails where one has no Id.
    pub(crate) fn tell_apart(self, batch: Batch) -> Result<Batch, NoId> {
        match self.column {
            Some(_) => Ok(batch.with_identities(self.numbers.into_iter().collect::<Option<_>>().ok_or(NoId)?)),
            None => Ok(batch),
        }
    }
}

fn identity(record: &[u8], column: usize) -> Option<u64> {
    csv::values(record).nth(column).filter(|id| !id.is_empty()).map(|id| number(&id))
}

/// Returns by what an Id is told from others; 0, by which nothing is, for the Id of zeros that records without one of their own have, and for
/// what is no Id.
///
/// A number has room for less than an Id has, so what is too much falls off at the upper end. Records of one object share these characters,
/// which name the object and the instance that made them; the others count up.
fn number(id: &[u8]) -> u64 {
    record_id::number(id).map_or(0, |number| number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_same_number_where_they_have_the_same_id() {
        let number = |record: &str| identity(record.as_bytes(), 1).unwrap();
        let short = number("\"b\",\"001Hs00001abcDE\"\n");

        assert_eq!(number("\"a,\"\"\n\",\"001Hs00001abcDEIAY\"\n"), short);
        assert_ne!(number("\"c\",\"001Hs00001abcDe\"\n"), short);
        assert_eq!(number("\"d\",\"001Hs00001abcDF\"\n"), short + 1);
    }

    #[test]
    fn the_id_of_zeros_tells_nothing_apart() {
        assert_eq!(identity(b"\"000000000000000AAA\"\n", 0), Some(0));
        assert_eq!(identity(b"x\n", 0), Some(0));
    }

    #[test]
    fn a_record_without_an_id_has_no_number() {
        assert_eq!(identity(b"\"\",1\n", 0), None);
        assert_eq!(identity(b"1,\n", 1), None);
    }
}
