//! What a load was planned on: it begins and commits only where that still stands.

use super::{
    Harness, ROW, STATE, TABLE, accounts, assert_records, begin, keeps_state, load, supports, table, values, write,
};
use crate::{ErrorKind, Gone, Premise, TableSpec, WriteMode};

fn on_state(state: &str, spec: TableSpec) -> TableSpec {
    TableSpec { premise: Premise::State(state.to_owned()), ..spec }
}

/// Returns loads of one record of every mode that adds to a table that stands, planned on [`STATE`].
fn carried_on(harness: &dyn Harness) -> Vec<TableSpec> {
    let keys = TableSpec { gone: Some(Gone::Removed), ..table(&["Id"], &["Id"], WriteMode::Remove) };
    let mut specs = vec![accounts(WriteMode::Upsert), table(&["Id", "Name"], &[], WriteMode::Append)];
    if harness.destination().capabilities().removes {
        specs.push(keys);
    }
    specs.retain(|spec| supports(harness, spec.write_mode));
    specs.into_iter().map(|spec| on_state(STATE, spec)).collect()
}

/// Writes one record, does `meanwhile`, and returns why the commit failed.
async fn refused(harness: &dyn Harness, spec: &TableSpec, meanwhile: impl AsyncFnOnce()) -> ErrorKind {
    let load = begin(harness, spec).await;
    load.save_journal("page 1").await.expect("save the journal");
    let part = write(&*load, 0, &[&["1", "x"][..spec.columns.len()]]).await;
    meanwhile().await;
    load.commit(vec![part], "never").await.expect_err("another program was at the table").kind()
}

/// A load does not begin where the row's state is not the one that it was planned on, and begins where it is.
pub async fn a_load_does_not_begin_on_another_state(harness: &dyn Harness) {
    if !keeps_state(harness) {
        return;
    }
    let destination = harness.destination();
    load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"]]]).await;
    let other_row = TableSpec { row: "other".to_owned(), ..accounts(WriteMode::Upsert) };
    load(harness, &other_row, &[&[&["2", "b"]]]).await;

    for spec in carried_on(harness) {
        let stale = on_state("{\"version\":0}", spec.clone());
        let first = TableSpec { premise: Premise::NoState, ..spec.clone() };
        for refused in [stale, first] {
            let error = destination.begin(&refused).await.expect_err("the state is another");

            assert_eq!(error.kind(), ErrorKind::Changed, "{refused:?}");
            assert!(error.is_user_error() && error.hint().is_some());
        }
        begin(harness, &spec).await.abort().await.expect("abort");
    }
    assert_records(harness, &[&["1", "a"], &["2", "b"]]).await;
}

/// A load that goes on from a state does not begin where the table is gone; one of which it is the first does.
pub async fn a_load_does_not_begin_on_a_table_that_is_gone(harness: &dyn Harness) {
    if !keeps_state(harness) {
        return;
    }
    let destination = harness.destination();
    load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"]]]).await;
    harness.drop_table(TABLE).await;

    for spec in carried_on(harness) {
        let error = destination.begin(&spec).await.expect_err("there is no table");

        assert_eq!(error.kind(), ErrorKind::Changed, "{spec:?}");
    }
    assert_eq!(harness.read(TABLE).await, None);
    let first = TableSpec { premise: Premise::NoState, ..accounts(WriteMode::Replace) };
    load(harness, &first, &[&[&["2", "b"]]]).await;
    assert_records(harness, &[&["2", "b"]]).await;
}

/// A load whose row has another state by now, although the table was locked, commits nothing and leaves nothing to be taken up.
pub async fn a_load_does_not_commit_on_another_state(harness: &dyn Harness) {
    if !keeps_state(harness) {
        return;
    }
    let destination = harness.destination();
    for spec in carried_on(harness) {
        load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"]]]).await;

        let kind = refused(harness, &spec, async || harness.set_state(ROW, TABLE, "another").await).await;

        assert_eq!(kind, ErrorKind::Changed, "{spec:?}");
        assert_eq!(destination.state(ROW, TABLE).await.expect("state").as_deref(), Some("another"));
        assert_eq!(super::sorted(harness.read(TABLE).await), values(&[&["1", "a"]]));
        let next = begin(harness, &TableSpec { premise: Premise::Anything, ..spec }).await;
        assert_eq!(next.left().cloned(), None);
    }
}

/// A load that goes on from a state makes no table of it where the table is removed under its lock.
pub async fn a_load_does_not_commit_on_a_table_that_is_gone(harness: &dyn Harness) {
    if !keeps_state(harness) {
        return;
    }
    for spec in carried_on(harness) {
        load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"]]]).await;

        let kind = refused(harness, &spec, async || harness.drop_table(TABLE).await).await;

        assert_eq!(kind, ErrorKind::Changed, "{spec:?}");
        assert_eq!(harness.read(TABLE).await, None);
        assert_eq!(harness.destination().state(ROW, TABLE).await.expect("state"), None);
        let next = begin(harness, &TableSpec { premise: Premise::Anything, ..spec }).await;
        assert_eq!(next.left().cloned(), None);
    }
}

/// A load that does not begin leaves what there is to be taken up to one that does.
pub async fn a_killed_load_can_be_resumed_on_its_premise(harness: &dyn Harness) {
    if !keeps_state(harness) || !harness.destination().capabilities().resume {
        return;
    }
    load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"]]]).await;
    let spec = on_state(STATE, accounts(WriteMode::Upsert));
    let killed = begin(harness, &spec).await;
    killed.save_journal("page 1").await.expect("save the journal");
    let part = write(&*killed, 0, &[&["2", "b"]]).await;
    drop(killed);
    let stale = harness.destination().begin(&on_state("another", spec.clone())).await;
    assert_eq!(stale.expect_err("the state is another").kind(), ErrorKind::Changed);

    let resumed = begin(harness, &spec).await;

    assert_eq!(resumed.left().map(|left| left.parts.clone()), Some(vec![part]));
    resumed.commit(vec![part], "{}").await.expect("commit");
    assert_records(harness, &[&["1", "a"], &["2", "b"]]).await;
}
