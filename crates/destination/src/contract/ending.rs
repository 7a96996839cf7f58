//! How records end: what a load says is gone leaves the table or is marked, and nothing else changes.

use super::{Harness, STATE, TABLE, accounts, assert_records, begin, load, supports, table, values, write};
use crate::{CommittedLoad, ErrorKind, Gone, TableSpec, WriteMode};

fn can_remove(harness: &dyn Harness) -> bool {
    harness.destination().capabilities().removes
}

/// A load of keys of [`accounts`].
fn keys(mode: WriteMode, gone: Gone) -> TableSpec {
    TableSpec { gone: Some(gone), ..table(&["Id"], &["Id"], mode) }
}

fn marked() -> Gone {
    Gone::Marked { column: "Gone".to_owned() }
}

/// An upsert whose column `Gone` says which records are gone.
fn telling(is_stored: bool) -> TableSpec {
    let gone = Gone::ToldBy { column: "Gone".to_owned(), is_stored };
    TableSpec { gone: Some(gone), ..table(&["Id", "Gone", "Name"], &["Id"], WriteMode::Upsert) }
}

/// Returns what a commit did to the records that are gone.
fn figures(committed: &CommittedLoad) -> (u64, Option<u64>, Option<u64>) {
    (committed.gone, committed.absent, committed.table_records)
}

/// Records whose keys are listed leave the table; keys that it does not have, or that come twice, do no harm.
pub async fn listed_records_leave_the_table(harness: &dyn Harness) {
    if !can_remove(harness) {
        return;
    }
    load(harness, &accounts(WriteMode::Upsert), &[&[&["1", "a"], &["2", "b,\"b\"\n"], &["3", "c"]]]).await;

    for gone in [2, 0] {
        let committed =
            load(harness, &keys(WriteMode::Remove, Gone::Removed), &[&[&["3"], &["9"]], &[&["1"], &["3"]]]).await;

        assert_eq!(figures(&committed), (gone, None, Some(1)));
        assert_eq!(committed.changes, []);
        assert_records(harness, &[&["2", "b,\"b\"\n"]]).await;
    }
}

/// Records whose keys are not listed leave the table, and it is told how many keys the table lacks.
pub async fn unlisted_records_leave_the_table(harness: &dyn Harness) {
    if !can_remove(harness) {
        return;
    }
    load(harness, &accounts(WriteMode::Upsert), &[&[&["1", "a"], &["2", "b"], &["3", "c"]]]).await;

    for gone in [1, 0] {
        let listed: &[&[&str]] = &[&["3"], &["9"], &["1"], &["3"], &["8"]];
        let committed = load(harness, &keys(WriteMode::Retain, Gone::Removed), &[listed]).await;

        assert_eq!(figures(&committed), (gone, Some(2), Some(2)));
        assert_records(harness, &[&["1", "a"], &["3", "c"]]).await;
    }
    let committed = load(harness, &keys(WriteMode::Retain, Gone::Removed), &[]).await;
    assert_eq!(figures(&committed), (2, Some(0), Some(0)));
    assert_records(harness, &[]).await;
}

/// Where records that are gone stay, a column says so, and their other values are what they were.
pub async fn records_that_are_gone_can_be_marked(harness: &dyn Harness) {
    if !can_remove(harness) {
        return;
    }
    let whole = table(&["Id", "Gone", "Name"], &["Id"], WriteMode::Upsert);
    let records: &[&[&str]] = &[&["1", "false", "a"], &["2", "true", "b"], &["3", "", "c"], &["4", "false", "d"]];
    load(harness, &whole, &[records]).await;

    let removed = load(harness, &keys(WriteMode::Remove, marked()), &[&[&["2"], &["3"], &["9"]]]).await;
    assert_eq!(figures(&removed), (1, None, Some(4)));
    assert_records(harness, &[&["1", "false", "a"], &["2", "true", "b"], &["3", "true", "c"], &["4", "false", "d"]])
        .await;

    let retained = load(harness, &keys(WriteMode::Retain, marked()), &[&[&["4"], &["9"]]]).await;
    assert_eq!(figures(&retained), (1, Some(1), Some(4)));
    assert_records(harness, &[&["1", "true", "a"], &["2", "true", "b"], &["3", "true", "c"], &["4", "false", "d"]])
        .await;
}

/// An upsert's newest record of a key that says that it is gone takes the table's record away and is not stored.
pub async fn an_upsert_takes_out_what_it_says_is_gone(harness: &dyn Harness) {
    if !can_remove(harness) {
        return;
    }
    let mut spec = telling(true);
    let first: &[&[&str]] = &[&["1", "false", "a"], &["2", "false", "b"], &["3", "false", "c"], &["4", "true", "d"]];
    let committed = load(harness, &spec, &[first]).await;
    assert_eq!(figures(&committed), (0, None, Some(3)));
    assert_records(harness, &first[..3]).await;

    spec.version_column = Some("Name".to_owned());
    let second: &[&[&str]] = &[
        &["1", "true", "x"],
        &["1", "false", "a"],
        &["2", "true", "a"],
        &["2", "", "x"],
        &["5", "true", "x"],
        &["6", "false", "f"],
    ];
    let committed = load(harness, &spec, &[second]).await;

    assert_eq!(figures(&committed), (1, None, Some(3)));
    assert_eq!((committed.records, committed.superseded), (6, 2));
    assert_records(harness, &[&["2", "", "x"], &["3", "false", "c"], &["6", "false", "f"]]).await;
}

/// The column that tells what is gone need not be one of the table's: then the table does not get it, nor lose one of that name.
pub async fn what_tells_that_a_record_is_gone_need_not_be_stored(harness: &dyn Harness) {
    if !can_remove(harness) {
        return;
    }
    let records: &[&[&str]] = &[&["1", "false", "a"], &["2", "true", "b"], &["3", "false", "c"]];
    let fresh = load(harness, &telling(false), &[records]).await;
    assert_eq!((figures(&fresh), fresh.changes), ((0, None, Some(2)), vec![]));
    assert_records(harness, &[&["1", "a"], &["3", "c"]]).await;

    let again = load(harness, &telling(false), &[&[&["3", "true", "x"], &["4", "false", "d"]]]).await;
    assert_eq!((figures(&again), again.changes), ((1, None, Some(2)), vec![]));
    assert_eq!(harness.read(TABLE).await.expect("the table").columns, ["Id", "Name"]);
    assert_records(harness, &[&["1", "a"], &["4", "d"]]).await;

    load(harness, &table(&["Id", "Gone"], &["Id"], WriteMode::Upsert), &[&[&["1", "kept"]]]).await;
    load(harness, &telling(false), &[&[&["1", "false", "A"], &["4", "true", "d"]]]).await;
    assert_records(harness, &[&["1", "A", "kept"]]).await;
}

/// Keys of several columns, with nulls in them, find their records.
pub async fn records_end_by_composite_keys(harness: &dyn Harness) {
    if !can_remove(harness) {
        return;
    }
    let whole = table(&["A", "Value", "B"], &["B", "A"], WriteMode::Upsert);
    let records: &[&[&str]] = &[&["x", "1", "y"], &["x", "2", ""], &["", "3", "y"], &["", "4", ""], &["y", "5", "x"]];
    let keys = |mode| TableSpec { gone: Some(Gone::Removed), ..table(&["A", "B"], &["B", "A"], mode) };
    for (mode, left) in [(WriteMode::Remove, [2, 4]), (WriteMode::Retain, [0, 3])] {
        load(harness, &whole, &[records]).await;
        let listed: &[&[&str]] = &[&["x", "y"], &["", ""], &["x", "x"]];
        let listed = match mode {
            WriteMode::Remove => [listed, &[&["x", ""]]].concat(),
            _ => listed.to_vec(),
        };

        load(harness, &keys(mode), &[&listed]).await;

        assert_records(harness, &left.map(|index| records[index])).await;
        harness.drop_table(TABLE).await;
    }
}

/// The ends of records are seen together with the state, and are not seen before the commit.
pub async fn records_end_with_the_state_or_not_at_all(harness: &dyn Harness) {
    if !can_remove(harness) {
        return;
    }
    let destination = harness.destination();
    load(harness, &accounts(WriteMode::Upsert), &[&[&["1", "a"], &["2", "b"]]]).await;

    let dropped = begin(harness, &keys(WriteMode::Remove, Gone::Removed)).await;
    write(&*dropped, 0, &[&["1"]]).await;
    drop(dropped);
    let ending = begin(harness, &keys(WriteMode::Retain, Gone::Removed)).await;
    let part = write(&*ending, 0, &[&["2"]]).await;
    assert_records(harness, &[&["1", "a"], &["2", "b"]]).await;
    assert_eq!(destination.state(super::ROW, TABLE).await.expect("state").as_deref(), Some(STATE));
    ending.commit(vec![part], "after").await.expect("commit");

    assert_records(harness, &[&["2", "b"]]).await;
    assert_eq!(destination.state(super::ROW, TABLE).await.expect("state").as_deref(), Some("after"));
}

/// Keys alone make no table, and cannot be told in one that lacks their columns: such a load is refused, and nothing changes.
pub async fn keys_need_a_table_that_has_them(harness: &dyn Harness) {
    if !can_remove(harness) || !supports(harness, WriteMode::Upsert) {
        return;
    }
    let specs = || {
        let modes = [WriteMode::Remove, WriteMode::Retain];
        modes.into_iter().flat_map(|mode| [keys(mode, Gone::Removed), keys(mode, marked())])
    };
    for spec in specs() {
        assert_eq!(refused(harness, &spec).await, ErrorKind::InvalidTable, "{spec:?}");
        assert_eq!(harness.read(TABLE).await, None);
    }
    load(harness, &table(&["Key", "Name"], &["Key"], WriteMode::Upsert), &[&[&["1", "a"]]]).await;
    for spec in specs() {
        assert_eq!(refused(harness, &spec).await, ErrorKind::InvalidTable, "{spec:?}");
        assert_eq!(super::sorted(harness.read(TABLE).await), values(&[&["1", "a"]]));
    }
}

/// Tries to load one key; returns why that failed.
async fn refused(harness: &dyn Harness, spec: &TableSpec) -> ErrorKind {
    let load = match harness.destination().begin(spec).await {
        Ok(load) => load,
        Err(error) => return error.kind(),
    };
    let part = write(&*load, 0, &[&["1"]]).await;
    load.commit(vec![part], "{}").await.expect_err("no such table").kind()
}

/// A load of keys that was cut off can be gone on with.
pub async fn a_killed_load_of_keys_can_be_resumed(harness: &dyn Harness) {
    if !can_remove(harness) || !harness.destination().capabilities().resume {
        return;
    }
    load(harness, &accounts(WriteMode::Upsert), &[&[&["1", "a"], &["2", "b"], &["3", "c"]]]).await;
    let spec = keys(WriteMode::Retain, Gone::Removed);
    let killed = begin(harness, &spec).await;
    killed.save_journal("half").await.expect("save the journal");
    let first = write(&*killed, 0, &[&["1"]]).await;
    drop(killed);

    let resumed = begin(harness, &spec).await;
    assert_eq!(resumed.left().map(|left| left.parts.clone()), Some(vec![first]));
    let second = write(&*resumed, 1, &[&["3"]]).await;
    resumed.commit(vec![first, second], "{}").await.expect("commit");

    assert_records(harness, &[&["1", "a"], &["3", "c"]]).await;
}
