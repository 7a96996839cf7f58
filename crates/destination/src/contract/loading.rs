//! How a load becomes visible: parts, commits, aborts, and loads beside each other.

use std::time::Duration;

use super::{Harness, ROW, TABLE, accounts, assert_records, batch, begin, keeps_state, load, sorted, values, write};
use crate::{ErrorKind, PartId, TableSpec, WriteMode, WrittenPart};

/// Readers see the old table until commit returns.
pub async fn nothing_is_visible_before_commit(harness: &dyn Harness) {
    let destination = harness.destination();
    let spec = accounts(WriteMode::Replace);

    let load = begin(harness, &spec).await;
    let part = write(&*load, 0, &[&["1", "old"]]).await;
    assert_eq!(harness.read(TABLE).await, None);
    load.commit(vec![part], "1").await.expect("first commit");

    let load = begin(harness, &spec).await;
    let part = write(&*load, 0, &[&["2", "new"]]).await;
    assert_records(harness, &[&["1", "old"]]).await;
    assert_eq!(destination.state(ROW, TABLE).await.expect("state"), keeps_state(harness).then(|| "1".to_owned()));
    load.commit(vec![part], "2").await.expect("second commit");

    assert_records(harness, &[&["2", "new"]]).await;
}

/// A load that is dropped, with parts finished and unfinished, is as if it had never been.
pub async fn dropping_a_load_leaves_the_table_unchanged(harness: &dyn Harness) {
    load(harness, &accounts(WriteMode::Replace), &[&[&["1", "old"]]]).await;

    let dropped = begin(harness, &accounts(WriteMode::Replace)).await;
    write(&*dropped, 0, &[&["2", "new"]]).await;
    let mut unfinished = dropped.open_part(PartId(1)).await.expect("open part");
    unfinished.write(batch(&[&["3", "new"]])).await.expect("write");
    drop(dropped);
    drop(unfinished);

    assert_records(harness, &[&["1", "old"]]).await;
    load(harness, &accounts(WriteMode::Replace), &[&[&["4", "next"]]]).await;
    assert_records(harness, &[&["4", "next"]]).await;
}

/// After an abort the table is free for the next load.
pub async fn an_aborted_load_can_be_begun_again(harness: &dyn Harness) {
    let aborted = begin(harness, &accounts(WriteMode::Replace)).await;
    write(&*aborted, 0, &[&["1", "a"]]).await;
    aborted.abort().await.expect("abort");

    let again = begin(harness, &accounts(WriteMode::Replace)).await;
    let part = write(&*again, 0, &[&["2", "b"]]).await;
    let committed = again.commit(vec![part], "{}").await.expect("commit");

    assert_eq!(committed.records, 1);
}

/// A part that is opened again holds only what was written after that.
pub async fn rewriting_a_part_replaces_it(harness: &dyn Harness) {
    let load = begin(harness, &accounts(WriteMode::Replace)).await;
    write(&*load, 0, &[&["1", "first try"], &["2", "first try"]]).await;
    let other = write(&*load, 1, &[&["9", "other"]]).await;
    let again = write(&*load, 0, &[&["1", "second try"]]).await;

    let committed = load.commit(vec![again, other], "{}").await.expect("commit");

    assert_eq!(committed.records, 2);
    assert_records(harness, &[&["1", "second try"], &["9", "other"]]).await;
}

/// A writer whose part was opened again can do no more harm.
pub async fn a_part_that_is_opened_again_is_closed_to_its_first_writer(harness: &dyn Harness) {
    let load = begin(harness, &accounts(WriteMode::Replace)).await;
    let mut first = load.open_part(PartId(0)).await.expect("open part");
    first.write(batch(&[&["1", "first"]])).await.expect("write");
    let second = write(&*load, 0, &[&["2", "second"]]).await;

    assert!(first.write(batch(&[&["3", "first"]])).await.is_err());
    assert!(first.finish().await.is_err());

    assert_eq!(load.commit(vec![second], "{}").await.expect("commit").records, 1);
}

/// A writer that outlives its load cannot write into the next one.
pub async fn a_writer_ends_with_its_load(harness: &dyn Harness) {
    let dropped = begin(harness, &accounts(WriteMode::Replace)).await;
    let mut late = dropped.open_part(PartId(0)).await.expect("open part");
    drop(dropped);
    let next = begin(harness, &accounts(WriteMode::Replace)).await;

    assert!(late.write(batch(&[&["1", "late"]])).await.is_err());
    assert!(late.finish().await.is_err());

    let part = write(&*next, 0, &[&["2", "next"]]).await;
    assert_eq!(next.commit(vec![part], "{}").await.expect("commit").records, 1);
}

/// Parts may be opened, written and finished in any order, at the same time.
pub async fn parts_may_finish_in_any_order(harness: &dyn Harness) {
    let load = begin(harness, &accounts(WriteMode::Replace)).await;
    let mut first = load.open_part(PartId(0)).await.expect("open part");
    let mut second = load.open_part(PartId(7)).await.expect("open part");
    second.write(batch(&[&["3", "c"]])).await.expect("write");
    first.write(batch(&[&["1", "a"]])).await.expect("write");
    second.write(batch(&[&["4", "d"]])).await.expect("write");
    first.write(batch(&[&["2", "b"]])).await.expect("write");
    let second = second.finish().await.expect("finish");
    let first = first.finish().await.expect("finish");

    load.commit(vec![second, first], "{}").await.expect("commit");

    assert_records(harness, &[&["1", "a"], &["2", "b"], &["3", "c"], &["4", "d"]]).await;
}

/// A part that was written but is not in the commit leaves no trace.
pub async fn parts_that_are_not_committed_do_not_count(harness: &dyn Harness) {
    let load = begin(harness, &accounts(WriteMode::Replace)).await;
    let counted = write(&*load, 0, &[&["1", "a"]]).await;
    write(&*load, 1, &[&["2", "b"]]).await;
    let mut unfinished = load.open_part(PartId(2)).await.expect("open part");
    unfinished.write(batch(&[&["3", "c"]])).await.expect("write");
    drop(unfinished);

    let committed = load.commit(vec![counted], "{}").await.expect("commit");

    assert_eq!(committed.records, 1);
    assert_records(harness, &[&["1", "a"]]).await;
}

/// A commit of parts other than those written fails as [`ErrorKind::Corrupt`] and changes nothing.
pub async fn a_load_that_does_not_add_up_is_refused(harness: &dyn Harness) {
    let destination = harness.destination();
    type Spoil = fn(WrittenPart) -> Vec<WrittenPart>;
    let spoiled: [Spoil; 4] = [
        |part| vec![WrittenPart { records: part.records + 1, ..part }],
        |part| vec![WrittenPart { bytes: part.bytes - 1, ..part }],
        |part| vec![part, WrittenPart { part: PartId(9), ..part }],
        |part| vec![part, part],
    ];

    for spoil in spoiled {
        let load = begin(harness, &accounts(WriteMode::Replace)).await;
        let part = write(&*load, 0, &[&["1", "a"]]).await;
        let error = load.commit(spoil(part), "{}").await.expect_err("parts that do not add up");

        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }
    assert_eq!(harness.read(TABLE).await, None);
    assert_eq!(destination.state(ROW, TABLE).await.expect("state"), None);
}

/// What no destination could load fails at begin as [`ErrorKind::InvalidTable`].
pub async fn a_table_that_is_none_is_refused(harness: &dyn Harness) {
    let spoiled: [fn(&mut TableSpec); 3] = [
        |spec| spec.columns.clear(),
        |spec| spec.primary_key = vec!["Nowhere".to_owned()],
        |spec| spec.primary_key = Vec::new(),
    ];

    for spoil in spoiled {
        let mut spec = accounts(WriteMode::Upsert);
        spoil(&mut spec);
        let error = harness.destination().begin(&spec).await.expect_err("no table");

        assert_eq!(error.kind(), ErrorKind::InvalidTable);
    }
}

/// The second load of a table to begin waits for the first or fails as [`ErrorKind::Locked`]; the table holds one or the other.
pub async fn two_loads_of_one_table_do_not_mix(harness: &dyn Harness) {
    let spec = accounts(WriteMode::Replace);
    let first = begin(harness, &spec).await;
    let part = write(&*first, 0, &[&["1", "first"]]).await;
    let destination = harness.destination();
    let mut second = destination.begin(&spec);

    let early = tokio::time::timeout(Duration::from_millis(200), &mut second).await;

    match early {
        Ok(Ok(_)) => panic!("two loads of one table at the same time"),
        Ok(Err(error)) => {
            assert_eq!(error.kind(), ErrorKind::Locked);
            assert!(error.hint().is_some());
            first.commit(vec![part], "{}").await.expect("commit");
            assert_records(harness, &[&["1", "first"]]).await;
        }
        Err(_still_waiting) => {
            first.commit(vec![part], "{}").await.expect("commit");
            let second = second.await.expect("begin after the first load");
            let part = write(&*second, 0, &[&["2", "second"]]).await;
            second.commit(vec![part], "{}").await.expect("commit");
            assert_records(harness, &[&["2", "second"]]).await;
        }
    }
}

/// Loads of different tables do not disturb each other.
pub async fn two_tables_load_at_the_same_time(harness: &dyn Harness) {
    let one = accounts(WriteMode::Replace);
    let other = TableSpec { name: "Contact".to_owned(), row: "contacts".to_owned(), ..one.clone() };
    let first = begin(harness, &one).await;
    let second = begin(harness, &other).await;
    let first_part = write(&*first, 0, &[&["1", "account"]]).await;
    let second_part = write(&*second, 0, &[&["2", "contact"]]).await;

    second.commit(vec![second_part], "{}").await.expect("commit");
    first.commit(vec![first_part], "{}").await.expect("commit");

    assert_records(harness, &[&["1", "account"]]).await;
    assert_eq!(sorted(harness.read("Contact").await), values(&[&["2", "contact"]]));
}
