//! Whole records moving together in memory.

use bytes::Bytes;

/// Whole CSV records in the column order of the load's [`TableSpec`](crate::TableSpec).
///
/// The bytes follow RFC 4180: `,` between values, `"` around any value and doubled within it, each record ended by one `\n` (a `\r\n` or
/// `\r` *inside* quotes belongs to the value), UTF-8, no header. An empty value, quoted or not, is a null.
#[derive(Clone, Debug)]
pub struct Batch {
    bytes: Bytes,
    records: u64,
    identities: Vec<u64>,
}

impl Batch {
    /// Makes a batch of `records` whole records. The caller has counted them; a destination trusts the count.
    pub fn new(bytes: Bytes, records: u64) -> Self {
        debug_assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "a batch ends with its last record's line end");
        Self { bytes, records, identities: Vec::new() }
    }

    /// Says for each record by which number it is told from all others of its load; 0 for one that nothing is known of. A load in which a
    /// number comes twice has a record twice: see [`TableLoad::commit`](crate::TableLoad::commit).
    #[must_use]
    pub fn with_identities(self, identities: Vec<u64>) -> Self {
        debug_assert_eq!(identities.len() as u64, self.records, "there is one number for each record");
        Self { identities, ..self }
    }

    /// Returns the CSV bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the CSV bytes, consuming the batch.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Returns how many records the bytes hold.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Returns by which number each record is told from the others; nothing where that is not known.
    pub fn identities(&self) -> &[u64] {
        &self.identities
    }
}
