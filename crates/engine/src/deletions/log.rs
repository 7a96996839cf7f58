//! The org's log of deletions (`getDeleted`), asked for a time.

use jiff::{SignedDuration, Timestamp};
use orgtap_destination::csv;
use orgtap_salesforce::{Client, Deleted, ErrorKind};

use crate::error::{Error, Result};
use crate::plan::{CLOCKS_APART, COMMIT_MARGIN, OUT_OF_REACH, less, to_the_second};
use crate::record_id;

/// The log is kept by whole minutes, and asked for more than one.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SHORTEST: SignedDuration = SignedDuration::from_mins(2);

/// The most Ids that are worth listing: beyond that, comparing all Ids is no dearer.
const MOST_IDS: u64 = 2_000_000;

/// The most calls for one answer.
const MOST_CALLS: usize = 40;

/// What the org's log says.
#[derive(Debug)]
pub(super) enum Answer {
    /// These records were deleted.
    Listed(Log),
    /// The log does not tell of the whole time, because of this.
    Gap(String),
    /// There is no log, or none for this user, because of this.
    NoLog(String),
}

/// Records that were deleted.
#[derive(Debug)]
pub(super) struct Log {
    /// Their Ids, one a record.
    pub(super) csv: Vec<u8>,
    /// How many there are. One may come twice.
    pub(super) ids: u64,
    /// Up to when no deletion can be missing.
    pub(super) covered: Timestamp,
    /// Up to when the org says so, at the latest.
    claimed: Timestamp,
}

/// Asks which records of `object` were deleted since `from`. It is `now` by the org's clock, or was a moment ago.
pub(super) async fn ask(client: &Client, object: &str, from: Timestamp, now: Timestamp) -> Result<Answer> {
    let this_minute = whole_minute(now);
    // What was deleted in this minute counts as well. Where the org takes no end that is still to come, the next run asks for it.
    let answer = match list(client, object, from, later(this_minute, MINUTE)).await? {
        Answer::Gap(_) => list(client, object, from, this_minute).await?,
        answer => answer,
    };
    Ok(match answer {
        // Whatever it says, it cannot know what is still to come, and what claims to knows nothing of transactions that are open.
        Answer::Listed(log) => {
            let is_believed = log.claimed.duration_since(now) <= CLOCKS_APART;
            let most = if is_believed { this_minute } else { less(this_minute, COMMIT_MARGIN) };
            Answer::Listed(Log { covered: log.covered.min(most), ..log })
        }
        answer => answer,
    })
}

async fn list(client: &Client, object: &str, from: Timestamp, end: Timestamp) -> Result<Answer> {
    let mut log = Log { csv: Vec::new(), ids: 0, covered: end, claimed: Timestamp::MIN };
    let start = whole_minute(from).min(later(end, -SHORTEST));
    let mut windows = vec![(start, end)];
    for _ in 0..MOST_CALLS {
        let Some((start, end)) = windows.pop() else { return Ok(Answer::Listed(log)) };
        match client.deleted(object, start, end).await {
            Ok(deleted) if deleted.earliest_date_available.is_some_and(|earliest| earliest > from) => {
                return Ok(Answer::Gap(OUT_OF_REACH.to_owned()));
            }
            Ok(deleted) => {
                if let Err(reason) = log.add(deleted, from, end) {
                    return Ok(Answer::NoLog(reason));
                }
            }
            Err(error) if error.error_code() == Some("EXCEEDED_ID_LIMIT") => match halves(start, end) {
                Some(halves) => windows.extend(halves),
                None => return Ok(too_many()),
            },
            Err(error) => return of_error(error),
        }
        if log.ids > MOST_IDS {
            return Ok(too_many());
        }
    }
    Ok(too_many())
}

fn of_error(error: orgtap_salesforce::Error) -> Result<Answer> {
    match error.kind() {
        ErrorKind::ChangesUnavailable => Ok(Answer::Gap(OUT_OF_REACH.to_owned())),
        // What ends the run at the next call just as well.
        ErrorKind::Connection
        | ErrorKind::Throttled
        | ErrorKind::Unavailable
        | ErrorKind::LimitExceeded
        | ErrorKind::Credentials => Err(Error::salesforce(error)),
        _ => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Ok(Answer::NoLog(format!("{error}{cause}")))
        }
    }
}

fn too_many() -> Answer {
    Answer::Gap("more records were deleted than Salesforce's log lists".to_owned())
}

impl Log {
    /// Adds the answer for a time that ends at `end`. A record that was deleted before `from` was told of before, and may have been restored
    /// since then. Fails with the reason where what is listed is no record.
    fn add(&mut self, deleted: Deleted, from: Timestamp, end: Timestamp) -> Result<(), String> {
        self.claimed = self.claimed.max(deleted.latest_date_covered);
        if deleted.latest_date_covered < end {
            // What is deleted is dated by whole seconds, and this one is not over.
            self.covered = self.covered.min(to_the_second(deleted.latest_date_covered));
        }
        for record in deleted.records.iter().filter(|record| record.deleted_date >= from) {
            let id = record_id::whole(&record.id)
                .ok_or_else(|| "Salesforce's log of deletions lists what is no Id of a record".to_owned())?;
            csv::write_record(&mut self.csv, [id.as_bytes()]);
            self.ids += 1;
        }
        Ok(())
    }
}

/// Returns the halves of a time, later one last, if each is long enough to be asked for.
fn halves(start: Timestamp, end: Timestamp) -> Option<[(Timestamp, Timestamp); 2]> {
    let minutes = end.duration_since(start).as_secs() / 60;
    let middle = later(start, SignedDuration::from_mins(minutes / 2));
    let is_long = |(start, end): &(Timestamp, Timestamp)| end.duration_since(*start) >= SHORTEST;
    Some([(start, middle), (middle, end)]).filter(|halves| halves.iter().all(is_long))
}

fn whole_minute(at: Timestamp) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(60)).unwrap_or(at)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}
