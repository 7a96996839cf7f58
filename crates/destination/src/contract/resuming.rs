//! How a load is taken up that ended without commit or abort. Here it is dropped; that its process can be killed is proved from outside.

use super::{Harness, accounts, assert_records, batch, begin, load, supports, table, write, write_told_apart};
use crate::{ErrorKind, LeftLoad, PartId, TableLoad, TableSpec, WriteMode, WrittenPart};

fn can_resume(harness: &dyn Harness) -> bool {
    harness.destination().capabilities().resume
}

/// Begins to load two parts of `spec`, of which the first is finished, and ends without a word. Returns the finished part.
async fn killed(harness: &dyn Harness, spec: &TableSpec, journal: &str) -> WrittenPart {
    let killed = begin(harness, spec).await;
    killed.save_journal(journal).await.expect("save the journal");
    let part = write(&*killed, 0, &[&["1", "a"], &["2", "b"]]).await;
    let mut unfinished = killed.open_part(PartId(1)).await.expect("open part");
    unfinished.write(batch(&[&["3", "torn"]])).await.expect("write");
    drop(killed);
    drop(unfinished);
    part
}

fn left(load: &dyn TableLoad) -> LeftLoad {
    load.left().expect("what the killed load left").clone()
}

/// The next load of a table finds the journal and the finished parts of one that was cut off, and can commit them.
pub async fn a_killed_load_can_be_resumed(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let spec = accounts(WriteMode::Replace);
    let part = killed(harness, &spec, "page 1").await;
    assert_eq!(harness.read(super::TABLE).await, None);

    let resumed = begin(harness, &spec).await;

    assert_eq!(left(&*resumed), LeftLoad { journal: "page 1".to_owned(), parts: vec![part] });
    resumed.commit(vec![part], "{}").await.expect("commit");
    assert_records(harness, &[&["1", "a"], &["2", "b"]]).await;
}

/// What a killed load left can be looked at without a change to it; a load under way, or one that ended, leaves nothing.
pub async fn a_left_journal_can_be_looked_at(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let (destination, spec) = (harness.destination(), accounts(WriteMode::Replace));
    let look = async || destination.left_journal(super::TABLE).await.expect("look");
    assert_eq!(look().await, None);
    let part = killed(harness, &spec, "page 1").await;

    assert_eq!(look().await.as_deref(), Some("page 1"));
    assert_eq!(look().await.as_deref(), Some("page 1"));
    let resumed = begin(harness, &spec).await;
    assert_eq!(left(&*resumed), LeftLoad { journal: "page 1".to_owned(), parts: vec![part] });
    resumed.commit(vec![part], "{}").await.expect("commit");

    assert_eq!(look().await, None);
    killed(harness, &spec, "again").await;
    begin(harness, &spec).await.abort().await.expect("abort");
    assert_eq!(look().await, None);
}

/// A record that comes twice is noticed wherever the two are: in what the killed load had finished, and in what is written after it.
pub async fn a_record_that_comes_again_after_a_resume_is_refused(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let mut spec = accounts(WriteMode::Replace);
    spec.keys_are_unique = true;
    let first = begin(harness, &spec).await;
    first.save_journal("page 1").await.expect("save the journal");
    let first_part = write_told_apart(&*first, 0, &[&["1", "a"], &["2", "b"]]).await;
    drop(first);
    let second = begin(harness, &spec).await;
    let second_part = write_told_apart(&*second, 1, &[&["3", "c"]]).await;
    drop(second);

    let resumed = begin(harness, &spec).await;
    let again = write_told_apart(&*resumed, 2, &[&["2", "again"], &["4", "d"]]).await;
    let error = resumed.commit(vec![first_part, second_part, again], "{}").await.expect_err("a record came twice");

    assert_eq!(error.kind(), ErrorKind::CameTwice);
    assert_eq!(harness.read(super::TABLE).await, None);
    assert_eq!(begin(harness, &spec).await.left().cloned(), None);
}

/// What a killed load had written of an unfinished part is gone: the part holds what is written to it afterwards.
pub async fn what_was_not_finished_is_written_again(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let spec = accounts(WriteMode::Replace);
    let first = killed(harness, &spec, "page 1").await;

    let resumed = begin(harness, &spec).await;
    let second = write(&*resumed, 1, &[&["3", "whole"]]).await;
    let committed = resumed.commit(vec![first, second], "{}").await.expect("commit");

    assert_eq!(committed.records, 3);
    assert_records(harness, &[&["1", "a"], &["2", "b"], &["3", "whole"]]).await;
}

/// A finished part of a killed load is like any other: opened again, it holds only what was written after that.
pub async fn a_finished_part_can_be_written_again_after_a_resume(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let spec = accounts(WriteMode::Replace);
    killed(harness, &spec, "page 1").await;

    let resumed = begin(harness, &spec).await;
    let again = write(&*resumed, 0, &[&["4", "again"]]).await;
    resumed.commit(vec![again], "{}").await.expect("commit");

    assert_records(harness, &[&["4", "again"]]).await;
}

/// Once it is committed, nothing of a resumed load is left to be taken up and committed again.
pub async fn a_resumed_load_commits_once(harness: &dyn Harness) {
    if !can_resume(harness) || !supports(harness, WriteMode::Append) {
        return;
    }
    let spec = table(&["Id", "Name"], &[], WriteMode::Append);
    let part = killed(harness, &spec, "page 1").await;
    begin(harness, &spec).await.commit(vec![part], "{}").await.expect("commit");

    let next = begin(harness, &spec).await;

    assert_eq!(next.left(), None);
    next.commit(Vec::new(), "{}").await.expect("commit");
    assert_records(harness, &[&["1", "a"], &["2", "b"]]).await;
}

/// The journal that was saved last stands, also where the caller has not waited for an earlier one to be saved.
pub async fn the_last_journal_stands(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let spec = accounts(WriteMode::Replace);
    for turn in 0..30 {
        let load = begin(harness, &spec).await;
        let last = format!("page {turn}");
        {
            let mut earlier = load.save_journal("an earlier one");
            let looked = std::future::poll_fn(|context| std::task::Poll::Ready(earlier.as_mut().poll(context))).await;
            drop((earlier, looked));
        }
        load.save_journal(&last).await.expect("save the journal");
        drop(load);

        let next = begin(harness, &spec).await;

        assert_eq!(left(&*next).journal, last);
        next.abort().await.expect("abort");
    }
}

/// However often a load is killed, the last journal and all finished parts are there.
pub async fn a_load_can_be_killed_and_resumed_again_and_again(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let spec = accounts(WriteMode::Replace);
    let mut parts = vec![killed(harness, &spec, "0").await];
    for number in 1..4 {
        let resumed = begin(harness, &spec).await;
        assert_eq!(left(&*resumed), LeftLoad { journal: (number - 1).to_string(), parts: parts.clone() });
        resumed.save_journal("superseded at once").await.expect("save the journal");
        resumed.save_journal(&number.to_string()).await.expect("save the journal");
        let name = format!("part {number}");
        parts.push(write(&*resumed, number, &[&[&name, "x"]]).await);
    }

    let resumed = begin(harness, &spec).await;
    let committed = resumed.commit(parts, "{}").await.expect("commit");

    assert_eq!(committed.records, 5);
}

/// A load of other columns, another key or another write mode begins anew, but is told of the journal: it may name what is to be removed.
pub async fn a_left_load_of_another_shape_leaves_its_journal_alone(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    load(harness, &accounts(WriteMode::Replace), &[]).await;
    let others = [
        table(&["Id", "Name", "Site"], &["Id"], WriteMode::Replace),
        table(&["Name", "Id"], &["Id"], WriteMode::Replace),
        table(&["Id", "Name"], &["Name"], WriteMode::Replace),
        accounts(WriteMode::Append),
    ];
    for other in others {
        if !supports(harness, other.write_mode) {
            continue;
        }
        killed(harness, &accounts(WriteMode::Replace), "page 1").await;

        let load = begin(harness, &other).await;

        assert_eq!(left(&*load), LeftLoad { journal: "page 1".to_owned(), parts: Vec::new() }, "{other:?}");
        load.commit(Vec::new(), "{}").await.expect("commit");
        assert_records(harness, &[]).await;
    }
}

/// An abort takes everything with it, the journal too.
pub async fn an_aborted_load_leaves_nothing_to_resume(harness: &dyn Harness) {
    if !can_resume(harness) {
        return;
    }
    let spec = accounts(WriteMode::Replace);
    killed(harness, &spec, "page 1").await;
    begin(harness, &spec).await.abort().await.expect("abort");

    assert_eq!(begin(harness, &spec).await.left(), None);
}
