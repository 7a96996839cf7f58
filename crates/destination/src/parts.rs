//! The book that a load keeps of its parts, so that a commit takes exactly what was written whole.
//!
//! It knows nothing of where the records are.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Batch, Error, ErrorKind, PartId, Result, WrittenPart};

const NOT_WRITTEN: &str = "an earlier batch was not written";

/// Every part of one load: which writer may write it, and what was written.
#[derive(Debug, Default)]
pub(crate) struct PartLedger {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    is_closed: bool,
    entries: BTreeMap<PartId, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    /// How often the part was opened: a writer of an earlier opening has lost the right to write.
    opening: u64,
    written: Option<WrittenPart>,
    /// Why something that was written under this opening is lost. Whoever asks first is told; later ones are refused.
    lost: Option<Error>,
}

/// One writer's claim on a part, and what it has written so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartClaim {
    opening: u64,
    replaced: Option<WrittenPart>,
    written: WrittenPart,
    /// Whether a write began of which it is not known how it ended.
    is_torn: bool,
}

impl PartClaim {
    pub(crate) fn part(&self) -> PartId {
        self.written.part
    }

    /// Returns the part as it was written before it was opened again.
    pub(crate) fn replaced(&self) -> Option<WrittenPart> {
        self.replaced
    }

    /// Returns what was written so far: the whole part, once nothing more is to come.
    pub(crate) fn so_far(&self) -> WrittenPart {
        self.written
    }

    /// Returns whether nobody had opened the part before.
    pub(crate) fn is_first(&self) -> bool {
        self.opening == 1
    }

    /// Notes that a write begins. If it fails, or its caller stops waiting, the part can only be opened again.
    pub(crate) fn start(&mut self) {
        self.is_torn = true;
    }

    /// Notes that the write of `batch` succeeded.
    pub(crate) fn add(&mut self, batch: &Batch) {
        self.is_torn = false;
        self.written.records += batch.records();
        self.written.bytes += batch.bytes().len() as u64;
    }
}

impl PartLedger {
    /// Makes a book in which `parts` are written already.
    pub(crate) fn with_written(parts: &[WrittenPart]) -> Self {
        let entry = |written: &WrittenPart| (written.part, Entry { opening: 1, written: Some(*written), lost: None });
        Self { book: Mutex::new(Book { is_closed: false, entries: parts.iter().map(entry).collect() }) }
    }

    /// Returns the parts that are written whole, in order.
    pub(crate) fn written(&self) -> Vec<WrittenPart> {
        self.book().entries.values().filter_map(|entry| entry.written).collect()
    }

    /// Opens `part`, again if need be: earlier claims on it end here.
    pub(crate) fn open(&self, part: PartId) -> Result<PartClaim> {
        let mut book = self.book();
        if book.is_closed {
            return Err(refused(part, "the load is over"));
        }
        let entry = book.entries.entry(part).or_default();
        entry.opening += 1;
        entry.lost = None;
        let replaced = entry.written.take();
        let written = WrittenPart { part, records: 0, bytes: 0 };
        Ok(PartClaim { opening: entry.opening, replaced, written, is_torn: false })
    }

    /// Fails if `claim` has ended: the part was opened again, a write of it failed, or the load is over.
    pub(crate) fn check(&self, claim: &PartClaim) -> Result<()> {
        self.book().entry(claim).map(drop)
    }

    /// Notes that something written under `claim` was lost later on: the part can only be opened again.
    pub(crate) fn lose(&self, claim: &PartClaim, why: Error) {
        let mut book = self.book();
        if book.is_current(claim)
            && let Some(entry) = book.entries.get_mut(&claim.part())
        {
            entry.lost = Some(why);
        }
    }

    /// Returns whether what was written under `claim` still counts.
    pub(crate) fn is_current(&self, claim: &PartClaim) -> bool {
        self.book().is_current(claim)
    }

    /// Notes that the part is whole.
    pub(crate) fn finish(&self, claim: &PartClaim) -> Result<WrittenPart> {
        self.book().entry(claim)?.written = Some(claim.written);
        Ok(claim.written)
    }

    /// Ends all claims, for good.
    pub(crate) fn close(&self) {
        self.book().is_closed = true;
    }

    /// Closes the book if `parts` are exactly what was written; returns them in order, and the parts that were opened besides.
    pub(crate) fn settle(&self, parts: &[WrittenPart]) -> Result<SettledParts> {
        let mut listed = parts.to_vec();
        listed.sort_by_key(|written| written.part);
        let mut book = self.book();
        if let Some(twice) = listed.windows(2).find(|pair| pair[0].part == pair[1].part) {
            return Err(disagrees(twice[0].part, "it is listed twice"));
        }
        for written in &listed {
            match book.entries.get(&written.part).and_then(|entry| entry.written) {
                None => return Err(disagrees(written.part, "it was not written to its end")),
                Some(found) if found != *written => return Err(disagrees(written.part, &mismatch(&found, written))),
                Some(_) => {}
            }
        }
        book.is_closed = true;
        let is_listed = |part: &PartId| listed.binary_search_by_key(part, |written| written.part).is_ok();
        let unlisted = book.entries.keys().filter(|part| !is_listed(part)).copied().collect();
        Ok(SettledParts { listed, unlisted })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn is_current(&self, claim: &PartClaim) -> bool {
        let entry = self.entries.get(&claim.part());
        !self.is_closed && entry.is_some_and(|entry| entry.opening == claim.opening && entry.lost.is_none())
    }

    fn entry(&mut self, claim: &PartClaim) -> Result<&mut Entry> {
        if self.is_closed {
            return Err(refused(claim.part(), "the load is over"));
        }
        if claim.is_torn {
            return Err(refused(claim.part(), NOT_WRITTEN));
        }
        match self.entries.get_mut(&claim.part()) {
            Some(entry) if entry.opening == claim.opening => match &mut entry.lost {
                Some(lost) => Err(std::mem::replace(lost, refused(claim.part(), NOT_WRITTEN))),
                None => Ok(entry),
            },
            _ => Err(refused(claim.part(), "it was opened again")),
        }
    }
}

/// The parts of a load that is being committed.
#[derive(Debug)]
pub(crate) struct SettledParts {
    /// What becomes visible, in order.
    pub(crate) listed: Vec<WrittenPart>,
    /// What was opened but does not count.
    pub(crate) unlisted: Vec<PartId>,
}

impl SettledParts {
    /// Returns how many records the load holds.
    pub(crate) fn records(&self) -> u64 {
        self.listed.iter().map(|written| written.records).sum()
    }
}

fn refused(part: PartId, why: &str) -> Error {
    Error::new(ErrorKind::Failed, format!("could not write part {}: {why}", part.0))
}

fn disagrees(part: PartId, why: &str) -> Error {
    Error::new(ErrorKind::Corrupt, format!("could not commit part {}: {why}", part.0))
}

fn mismatch(found: &WrittenPart, claimed: &WrittenPart) -> String {
    format!(
        "{} records in {} bytes were written, not {} in {}",
        found.records, found.bytes, claimed.records, claimed.bytes
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(ledger: &PartLedger, part: u32) -> WrittenPart {
        let claim = ledger.open(PartId(part)).unwrap();
        ledger.finish(&claim).unwrap()
    }

    #[test]
    fn opening_a_part_again_ends_the_earlier_claim() {
        let ledger = PartLedger::default();
        let first = ledger.open(PartId(0)).unwrap();
        let second = ledger.open(PartId(0)).unwrap();

        assert!(ledger.check(&first).is_err());
        assert!(ledger.finish(&first).is_err());
        assert!(ledger.finish(&second).is_ok());
    }

    #[test]
    fn a_part_with_a_write_that_failed_is_not_finished() {
        let ledger = PartLedger::default();
        let mut claim = ledger.open(PartId(0)).unwrap();
        claim.start();

        assert!(ledger.check(&claim).is_err());
        assert!(ledger.finish(&claim).is_err());
    }

    #[test]
    fn a_part_that_lost_a_batch_tells_why_once_and_can_be_opened_again() {
        let ledger = PartLedger::default();
        let claim = ledger.open(PartId(0)).unwrap();
        ledger.lose(&claim, Error::new(ErrorKind::NoSpace, "could not load table `a`"));

        assert_eq!(ledger.check(&claim).unwrap_err().kind(), ErrorKind::NoSpace);
        assert_eq!(
            ledger.finish(&claim).unwrap_err().to_string(),
            "could not write part 0: an earlier batch was not written"
        );
        let again = ledger.open(PartId(0)).unwrap();
        ledger.lose(&claim, Error::new(ErrorKind::NoSpace, "could not load table `a`"));
        assert!(ledger.finish(&again).is_ok());
    }

    #[test]
    fn a_closed_book_takes_no_more() {
        let ledger = PartLedger::default();
        let claim = ledger.open(PartId(0)).unwrap();
        ledger.close();

        assert!(ledger.check(&claim).is_err());
        assert!(ledger.open(PartId(1)).is_err());
    }

    #[test]
    fn settling_sorts_the_parts_and_tells_what_does_not_count() {
        let ledger = PartLedger::default();
        let (first, second) = (written(&ledger, 4), written(&ledger, 1));
        written(&ledger, 2);

        let settled = ledger.settle(&[first, second]).unwrap();

        assert_eq!(settled.listed, [second, first]);
        assert_eq!(settled.unlisted, [PartId(2)]);
    }

    #[test]
    fn parts_that_do_not_add_up_are_refused() {
        let ledger = PartLedger::default();
        let part = written(&ledger, 0);
        let unfinished = ledger.open(PartId(1)).unwrap().written;

        for parts in [vec![WrittenPart { records: 1, ..part }], vec![part, part], vec![unfinished]] {
            assert_eq!(ledger.settle(&parts).unwrap_err().kind(), ErrorKind::Corrupt, "{parts:?}");
        }
        assert!(ledger.settle(&[part]).is_ok());
    }
}
