//! A job that is too much for Salesforce, in pieces: several jobs, each for a range of Ids.
//!
//! An Id never changes, so that each record is in exactly one range, whatever happens between the jobs. The first range has no lower end and
//! the last no upper one: the ends are only where the records were when they were looked at.

use orgtap_salesforce::ErrorKind;
use orgtap_soql::{Condition, LiteralKind, Operator, Path, Query};
use serde::{Deserialize, Serialize};

use super::BulkJob;
use crate::error::{Error, Result};
use crate::journal::JobRecord;

/// Into how many pieces a job is split.
const PIECES: u128 = 4;

/// How often a piece is split again. Ids come in clusters, so that a range can hold nearly everything.
const MOST_SPLITS: u8 = 8;

/// The number of the last job that is split. Each has a range of part numbers of its own, of which there are 65,536.
const MOST_JOBS: u32 = 60_000;

/// The range of Ids in which a job's records lie, both ends included, as numbers in base 62.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdRange {
    low: u128,
    high: u128,
}

impl IdRange {
    /// Returns whether these are numbers of Ids.
    pub(crate) fn is_sound(self) -> bool {
        let end = (DIGITS.len() as u128).pow(LENGTH as u32);
        self.low <= self.high && self.high < end
    }
}

/// Returns whether a job failed because its query is too much for one job.
pub(super) fn is_too_much(error: &Error) -> bool {
    matches!(error, Error::Salesforce(error) if error.kind() == ErrorKind::QueryTimeout)
}

impl BulkJob<'_> {
    /// Puts several jobs in the place of this one. Returns whether that can be done.
    pub(super) async fn split(self) -> Result<bool> {
        let record = self.record();
        let Ok(mut query) = orgtap_soql::parse(&record.query) else { return Ok(false) };
        if query.limit.is_some() || record.splits >= MOST_SPLITS || self.on.journal.snapshot().next_number() > MOST_JOBS
        {
            return Ok(false);
        }
        let range = match record.ids {
            Some(range) => Some(range),
            None => self.ids_of(&query).await?,
        };
        let Some(range) = range.filter(|range| range.low < range.high) else { return Ok(false) };
        // An order makes the query harder, and a table has none.
        query.drop_order_by();
        let pieces: Vec<_> =
            pieces(range).into_iter().map(|piece| (narrowed(&query, range, piece).to_string(), piece)).collect();
        tracing::info!(
            row = self.on.plan.row,
            pieces = pieces.len(),
            "the query is too much for one job, asking in pieces"
        );
        self.on.journal.change(|journal| journal.replace(self.index, pieces));
        if let Some(id) = record.id()
            && let Err(error) = self.on.client.delete_job(&id).await
        {
            tracing::debug!(job_id = %id, error = %error, "could not delete the query job");
        }
        self.save().await?;
        Ok(true)
    }

    /// Returns the first and the last Id of the object, whatever the query's conditions; `None` if it has no records, or no Ids.
    async fn ids_of(self, query: &Query) -> Result<Option<IdRange>> {
        let object = &query.object().text;
        let mut ends = Vec::new();
        for order in ["ASC", "DESC"] {
            let soql = format!("SELECT Id FROM {object} ORDER BY Id {order} LIMIT 1");
            let page = self.on.client.query(&soql, self.on.plan.operation).await.map_err(Error::salesforce)?;
            let id = page.records.first().and_then(|record| record.get("Id")?.as_text().and_then(number));
            ends.extend(id);
        }
        Ok(<[u128; 2]>::try_from(ends).ok().map(|[low, high]| IdRange { low, high }))
    }
}

/// Returns `range` in pieces of about the same size, none of them empty.
fn pieces(range: IdRange) -> Vec<IdRange> {
    let IdRange { low, high } = range;
    let count = PIECES.min(high - low + 1);
    let cut = |at: u128| low + (high - low + 1) * at / count;
    (0..count).map(|at| IdRange { low: cut(at), high: cut(at + 1) - 1 }).collect()
}

/// Cuts `range` as a job that is too much is cut.
#[cfg(any(test, fuzzing))]
pub(crate) fn split_for_fuzzing(range: Option<IdRange>) {
    for piece in range.into_iter().flat_map(pieces) {
        assert!(piece.is_sound() && number(&id(piece.low)) == Some(piece.low));
    }
}

/// Returns `query`, of the records in `whole`, for those in `piece`.
fn narrowed(query: &Query, whole: IdRange, piece: IdRange) -> Query {
    let mut query = query.clone();
    let mut add = |operator, number| {
        if let Ok(path) = Path::of("Id") {
            query.add_condition(Condition::compare(path, operator, LiteralKind::string(id(number))));
        }
    };
    if piece.low > whole.low {
        add(Operator::Ge, piece.low);
    }
    if piece.high < whole.high {
        add(Operator::Lt, piece.high + 1);
    }
    query
}

/// The digits of Ids, in their order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The letters of the checksum at an Id's end: one for five characters, a bit for each capital.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Characters of an Id without its checksum.
const LENGTH: usize = 15;

/// Returns the number that an Id is, without its checksum.
fn number(id: &str) -> Option<u128> {
    let digits = id.as_bytes().get(..LENGTH)?;
    digits.iter().try_fold(0, |number, digit| {
        let value = DIGITS.iter().position(|known| known == digit)?;
        Some(number * DIGITS.len() as u128 + value as u128)
    })
}

/// Returns the Id that `number` is, with its checksum.
fn id(mut number: u128) -> String {
    let base = DIGITS.len() as u128;
    let mut digits = vec![DIGITS[0]; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % base) as usize];
        number /= base;
    }
    let checksum: Vec<u8> = digits.chunks(5).map(|five| CHECKSUM[capitals(five)]).collect();
    digits.into_iter().chain(checksum).map(char::from).collect()
}

fn capitals(five: &[u8]) -> usize {
    five.iter().rev().fold(0, |bits, digit| bits << 1 | usize::from(digit.is_ascii_uppercase()))
}

impl crate::journal::Journal {
    /// Puts jobs for `pieces`, each with its query, in the place of the job `index`.
    fn replace(&mut self, index: usize, pieces: Vec<(String, IdRange)>) {
        let splits = self.jobs[index].splits + 1;
        let next = self.next_number();
        let pieces = (next..).zip(pieces).map(|(number, (query, range))| {
            let mut record = JobRecord::of(query, number);
            (record.ids, record.splits) = (Some(range), splits);
            record
        });
        self.jobs.splice(index..=index, pieces);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_and_back() {
        for text in ["001R0000000zlh9IAA", "750R0000000zxr8IAA", "005R0000000UyrWIAS"] {
            assert_eq!(id(number(text).unwrap()), text);
        }
        assert_eq!(number("001"), None);
        assert_eq!(number("001R0000000zlh!"), None);
    }

    #[test]
    fn pieces_cover_a_range_without_overlap() {
        for (low, high) in [(0, 0), (5, 6), (10, 13), (7, 1_000_003)] {
            let pieces = pieces(IdRange { low, high });

            assert_eq!((pieces.first().unwrap().low, pieces.last().unwrap().high), (low, high));
            assert!(pieces.windows(2).all(|pair| pair[0].high + 1 == pair[1].low));
            assert!(pieces.iter().all(|piece| piece.low <= piece.high));
        }
    }

    #[test]
    fn the_outer_pieces_are_open_at_their_ends() {
        let query = orgtap_soql::parse("SELECT Id FROM Account WHERE A = 1 OR B = 2").unwrap();
        let whole = IdRange { low: 0, high: 7 };

        let narrowed: Vec<_> =
            pieces(whole).into_iter().map(|piece| narrowed(&query, whole, piece).to_string()).collect();

        let bounds = |text: &String| (text.contains("Id >= "), text.contains("Id < "));
        assert_eq!(
            narrowed.iter().map(bounds).collect::<Vec<_>>(),
            [(false, true), (true, true), (true, true), (true, false)]
        );
        assert!(narrowed[0].contains("(A = 1 OR B = 2) AND Id < '"), "{}", narrowed[0]);
    }
}
