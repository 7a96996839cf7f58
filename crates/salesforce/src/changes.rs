//! The log of changes that Salesforce keeps of replicateable objects: which records changed, which were deleted.

use jiff::Timestamp;

use crate::client::{Call, Client};
use crate::describe::path_segment;
use crate::error::Result;
use crate::untrusted::literal;
use crate::wire::{DeletedAnswer, UpdatedAnswer};

/// The records that were created or changed in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// Ids of 18 characters.
    pub ids: Vec<String>,
    /// The moment up to which no open transaction can still bring a change: the next call must start here.
    pub latest_date_covered: Timestamp,
}

/// The records that were deleted in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The deleted records, in the order of the server.
    pub records: Vec<DeletedRecord>,
    /// How far back the log reaches.
    pub earliest_date_available: Option<Timestamp>,
    /// The moment up to which no open transaction can still bring a deletion: the next call must start here.
    pub latest_date_covered: Timestamp,
}

/// One deleted record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedRecord {
    /// The id of 18 characters.
    pub id: String,
    /// When it was deleted.
    pub deleted_date: Timestamp,
}

impl Client {
    /// Lists the records of `object` that were created or changed from `start` to `end`, by whole minutes, at most 30 days back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ChangesUnavailable`](crate::ErrorKind::ChangesUnavailable) when the log does not reach back so far or the answer
    /// would hold too many ids.
    pub async fn updated(&self, object: &str, start: Timestamp, end: Timestamp) -> Result<Updated> {
        let call = self.changes_call("updated", object, start, end)?;
        let UpdatedAnswer { ids, latest_date_covered } = self.call_for(&call).await?;
        Ok(Updated { ids, latest_date_covered })
    }

    /// Lists the records of `object` that were deleted from `start` to `end`, by whole minutes, at least two and at most 15 days back.
    ///
    /// # Errors
    ///
    /// As [`Client::updated`].
    pub async fn deleted(&self, object: &str, start: Timestamp, end: Timestamp) -> Result<Deleted> {
        let call = self.changes_call("deleted", object, start, end)?;
        let answer: DeletedAnswer = self.call_for(&call).await?;
        let records = answer.deleted_records.into_iter();
        Ok(Deleted {
            records: records.map(|record| DeletedRecord { id: record.id, deleted_date: record.deleted_date }).collect(),
            earliest_date_available: answer.earliest_date_available,
            latest_date_covered: answer.latest_date_covered,
        })
    }

    fn changes_call(&self, list: &str, object: &str, start: Timestamp, end: Timestamp) -> Result<Call> {
        let action = format!("list the {list} records of {}", literal(object));
        let name = path_segment(&action, object)?;
        let path =
            format!("{}/sobjects/{name}/{list}/?start={}&end={}", self.base_path(), parameter(start), parameter(end));
        Ok(Call::get(action, path).many())
    }
}

/// Salesforce does not take `Z` for the offset, and the plus sign must be escaped.
fn parameter(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H%%3A%M%%3A%S%%2B00%%3A00").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::scripted::{Reply, Scripted};

    fn window() -> (Timestamp, Timestamp) {
        ("2013-05-06T00:00:00Z".parse().unwrap(), "2013-05-08T21:20:59.5Z".parse().unwrap())
    }

    #[tokio::test]
    async fn updated_records_come_with_the_moment_that_is_covered() {
        let answer = r#"{"ids":["a00D0000008pQR5IAM"],"latestDateCovered":"2013-05-08T21:20:00.000+0000"}"#;
        let server = Scripted::start([Reply::json(answer)]).await;

        let updated = server.client().0.updated("Merch__c", window().0, window().1).await.unwrap();

        assert_eq!(
            server.lines(),
            [
                "GET /services/data/v62.0/sobjects/Merch__c/updated/?start=2013-05-06T00%3A00%3A00%2B00%3A00&end=2013-05-08T21%3A20%3A59%2B00%3A00"
            ]
        );
        assert_eq!(updated.ids, ["a00D0000008pQR5IAM"]);
        assert_eq!(updated.latest_date_covered.to_string(), "2013-05-08T21:20:00Z");
    }

    #[tokio::test]
    async fn deleted_records_come_with_how_far_the_log_reaches() {
        let answer = r#"{"deletedRecords":[{"id":"a00D0000008pQRAIA2","deletedDate":"2013-05-07T22:07:19.000+0000"}],
            "earliestDateAvailable":"2013-05-03T15:57:00.000+0000","latestDateCovered":"2013-05-08T21:20:00.000Z"}"#;
        let server = Scripted::start([Reply::json(answer)]).await;

        let deleted = server.client().0.deleted("Merch__c", window().0, window().1).await.unwrap();

        assert_eq!(deleted.records[0].id, "a00D0000008pQRAIA2");
        assert_eq!(deleted.records[0].deleted_date.to_string(), "2013-05-07T22:07:19Z");
        assert_eq!(deleted.earliest_date_available.unwrap().to_string(), "2013-05-03T15:57:00Z");
        assert_eq!(deleted.latest_date_covered.to_string(), "2013-05-08T21:20:00Z");
    }

    #[tokio::test]
    async fn a_time_that_the_log_does_not_reach_is_told_apart() {
        let server = Scripted::start([Reply::refusal(
            400,
            "INVALID_REPLICATION_DATE",
            "startDate before org replication enabled date",
        )])
        .await;

        let error = server.client().0.deleted("Merch__c", window().0, window().1).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::ChangesUnavailable);
        assert!(error.hint().is_some());
    }
}
