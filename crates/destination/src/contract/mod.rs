//! The destination contract as tests: what every destination must do, seen through its public surface alone.
//!
//! Each property is a function that panics if a destination does not keep it; [`contract_tests!`](crate::contract_tests) makes one test
//! of each. A property that a destination's [`Capabilities`](crate::Capabilities) rule out passes at once. What is particular to
//! one destination, such as types, files or locks, is tested beside it.
#![allow(clippy::missing_panics_doc, reason = "every function here is a test")]

mod ending;
mod loading;
mod merging;
mod premise;
mod resuming;
mod scanning;
mod shape;
mod states;
mod values;

use std::sync::Arc;

use async_trait::async_trait;

use crate::memory::{Record, TableContents};
use crate::{
    Batch, Column, ColumnType, CommittedLoad, Destination, PartId, Premise, TableLoad, TableSpec, WriteMode,
    WrittenPart, csv,
};

pub use self::ending::*;
pub use self::loading::*;
pub use self::merging::*;
pub use self::premise::*;
pub use self::resuming::*;
pub use self::scanning::*;
pub use self::shape::*;
pub use self::states::*;
pub use self::values::*;

/// A new, empty destination under test, and a way to look into it from outside.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Returns the destination; the same one each time.
    fn destination(&self) -> Arc<dyn Destination>;

    /// Returns what `table` holds as another program sees it, or `None` if it is not there. The order of the records does not matter.
    async fn read(&self, table: &str) -> Option<TableContents>;

    /// Removes `table` as another program would.
    async fn drop_table(&self, table: &str);

    /// Sets the state of `row` with `table`, which is there, as a program would that locks nothing.
    async fn set_state(&self, row: &str, table: &str, state: &str);
}

/// Makes one test of every property of the contract, or of those named. The expression makes a new [`Harness`](crate::contract::Harness).
#[macro_export]
macro_rules! contract_tests {
    ($harness:expr) => {
        $crate::contract_tests! {
            $harness;
            a_finished_part_can_be_written_again_after_a_resume,
            a_killed_load_can_be_resumed,
            a_killed_load_can_be_resumed_on_its_premise,
            a_killed_load_of_keys_can_be_resumed,
            a_left_journal_can_be_looked_at,
            a_left_load_of_another_shape_leaves_its_journal_alone,
            a_load_does_not_begin_on_a_table_that_is_gone,
            a_load_does_not_begin_on_another_state,
            a_load_does_not_commit_on_a_table_that_is_gone,
            a_load_does_not_commit_on_another_state,
            a_load_can_be_killed_and_resumed_again_and_again,
            the_last_journal_stands,
            a_load_that_does_not_add_up_is_refused,
            a_part_that_is_written_again_does_not_come_twice,
            a_record_that_comes_again_after_a_resume_is_refused,
            a_record_that_comes_twice_is_refused_whatever_the_key,
            a_record_that_comes_twice_of_which_there_is_one_is_refused,
            a_part_that_is_opened_again_is_closed_to_its_first_writer,
            a_resumed_load_commits_once,
            a_scan_reads_the_columns_that_are_asked_for,
            a_scan_sees_the_last_commit,
            a_table_that_is_none_is_refused,
            a_table_that_is_made_anew_forgets_the_states_of_other_rows,
            a_writer_ends_with_its_load,
            an_aborted_load_can_be_begun_again,
            an_aborted_load_leaves_nothing_to_resume,
            an_upsert_takes_out_what_it_says_is_gone,
            append_adds,
            dropping_a_load_leaves_the_table_unchanged,
            empty_fields_load_as_null,
            empty_load_creates_the_table,
            keys_need_a_table_that_has_them,
            listed_records_leave_the_table,
            names_with_quotes_and_reserved_words_work,
            new_column_is_added,
            nothing_is_visible_before_commit,
            parts_may_finish_in_any_order,
            parts_that_are_not_committed_do_not_count,
            quoted_newlines_and_commas_survive,
            records_end_by_composite_keys,
            records_end_with_the_state_or_not_at_all,
            records_that_are_gone_can_be_marked,
            replace_forgets_the_states_of_other_rows,
            replace_removes_old_records,
            rewriting_a_part_replaces_it,
            state_is_gone_with_its_table,
            state_is_saved_with_the_data_or_not_at_all,
            the_later_of_two_records_without_a_version_wins,
            the_newest_of_two_versions_of_a_record_wins,
            two_loads_of_one_table_do_not_mix,
            two_tables_load_at_the_same_time,
            unlisted_records_leave_the_table,
            upsert_by_composite_key,
            upsert_by_primary_key_is_idempotent,
            vanished_column_is_dropped_on_replace_and_reported,
            vanished_column_is_kept_on_upsert_and_reported,
            what_tells_that_a_record_is_gone_need_not_be_stored,
            what_was_loaded_is_read_back,
            what_was_not_finished_is_written_again,
        }
    };
    ($harness:expr; $($property:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $property() {
                $crate::contract::$property(&$harness).await;
            }
        )+
    };
}

const ROW: &str = "accounts";
const TABLE: &str = "Account";
const STATE: &str = "{\"version\":1}";

fn accounts(mode: WriteMode) -> TableSpec {
    table(&["Id", "Name"], &["Id"], mode)
}

fn table(columns: &[&str], primary_key: &[&str], write_mode: WriteMode) -> TableSpec {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        column_type: ColumnType::Text,
        is_nullable: true,
        description: None,
    };
    TableSpec {
        row: ROW.to_owned(),
        name: TABLE.to_owned(),
        columns: columns.iter().map(column).collect(),
        primary_key: primary_key.iter().map(|name| (*name).to_owned()).collect(),
        write_mode,
        version_column: None,
        keys_are_unique: false,
        identity: None,
        gone: None,
        premise: Premise::Anything,
    }
}

fn supports(harness: &dyn Harness, mode: WriteMode) -> bool {
    harness.destination().capabilities().supports(mode)
}

fn keeps_state(harness: &dyn Harness) -> bool {
    harness.destination().capabilities().keeps_state
}

async fn begin(harness: &dyn Harness, spec: &TableSpec) -> Box<dyn TableLoad> {
    harness.destination().begin(spec).await.expect("begin")
}

async fn write(load: &dyn TableLoad, part: u32, records: &[&[&str]]) -> WrittenPart {
    let mut part = load.open_part(PartId(part)).await.expect("open part");
    // Two batches, so that the second is seen to follow the first.
    let (first, second) = records.split_at(records.len() / 2);
    part.write(batch(first)).await.expect("write");
    part.write(batch(second)).await.expect("write");
    part.finish().await.expect("finish")
}

/// Writes records and says that they are told apart by their first column, a number.
async fn write_told_apart(load: &dyn TableLoad, part: u32, records: &[&[&str]]) -> WrittenPart {
    let identities = records.iter().map(|record| record[0].parse().expect("a number")).collect();
    let mut part = load.open_part(PartId(part)).await.expect("open part");
    part.write(batch(records).with_identities(identities)).await.expect("write");
    part.finish().await.expect("finish")
}

/// Loads `parts` and commits them with [`STATE`].
async fn load(harness: &dyn Harness, spec: &TableSpec, parts: &[&[&[&str]]]) -> CommittedLoad {
    let load = begin(harness, spec).await;
    let mut written = Vec::new();
    for (number, records) in (0..).zip(parts) {
        written.push(write(&*load, number, records).await);
    }
    load.commit(written, STATE).await.expect("commit")
}

fn batch(records: &[&[&str]]) -> Batch {
    let mut bytes = Vec::new();
    for record in records {
        csv::write_record(&mut bytes, record.iter().map(|value| value.as_bytes()));
    }
    Batch::new(bytes.into(), records.len() as u64)
}

async fn assert_records(harness: &dyn Harness, expected: &[&[&str]]) {
    assert_eq!(sorted(harness.read(TABLE).await), values(expected));
}

fn sorted(contents: Option<TableContents>) -> Vec<Record> {
    let mut records = contents.expect("the table").records;
    records.sort();
    records
}

fn values(records: &[&[&str]]) -> Vec<Record> {
    let value = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
    let mut records: Vec<Record> = records.iter().map(|record| record.iter().map(value).collect()).collect();
    records.sort();
    records
}
