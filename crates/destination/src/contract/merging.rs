//! What a commit does with the records that are there: write modes, keys and versions.

use super::{Harness, TABLE, accounts, assert_records, begin, load, supports, table, write, write_told_apart};
use crate::{ErrorKind, Identity, WriteMode};

/// A replacing load leaves nothing of what was there before, and needs no key.
pub async fn replace_removes_old_records(harness: &dyn Harness) {
    let spec = table(&["Id", "Name"], &[], WriteMode::Replace);
    load(harness, &spec, &[&[&["1", "a"], &["2", "b"]]]).await;

    let committed = load(harness, &spec, &[&[&["2", "B"], &["2", "B"]]]).await;

    assert_eq!((committed.records, committed.superseded, committed.table_records), (2, 0, Some(2)));
    assert_records(harness, &[&["2", "B"], &["2", "B"]]).await;
}

/// An appending load adds its records, also those whose key is there already.
pub async fn append_adds(harness: &dyn Harness) {
    if !supports(harness, WriteMode::Append) {
        return;
    }
    if supports(harness, WriteMode::Upsert) {
        load(harness, &accounts(WriteMode::Upsert), &[&[&["1", "a"]]]).await;
    } else {
        load(harness, &accounts(WriteMode::Append), &[&[&["1", "a"]]]).await;
    }

    for _ in 0..2 {
        load(harness, &accounts(WriteMode::Append), &[&[&["1", "b"]], &[&["2", "c"]]]).await;
    }

    assert_records(harness, &[&["1", "a"], &["1", "b"], &["1", "b"], &["2", "c"], &["2", "c"]]).await;
}

/// The same upsert twice is as good as once.
pub async fn upsert_by_primary_key_is_idempotent(harness: &dyn Harness) {
    if !supports(harness, WriteMode::Upsert) {
        return;
    }
    load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"], &["2", "b"]]]).await;

    for _ in 0..2 {
        let committed = load(harness, &accounts(WriteMode::Upsert), &[&[&["2", "B"], &["3", "c"]]]).await;

        assert_eq!((committed.records, committed.superseded), (2, 0));
        assert_records(harness, &[&["1", "a"], &["2", "B"], &["3", "c"]]).await;
    }
}

/// A key of several columns; nulls in it are equal to each other, within a load and against the table.
pub async fn upsert_by_composite_key(harness: &dyn Harness) {
    if !supports(harness, WriteMode::Upsert) {
        return;
    }
    let spec = table(&["Parent", "Name", "Value"], &["Name", "Parent"], WriteMode::Upsert);
    load(harness, &spec, &[&[&["p", "x", "1"], &["p", "", "2"], &["", "x", "3"], &["", "", "4"]]]).await;

    let newer: &[&[&str]] =
        &[&["p", "", "old"], &["", "", "40"], &["p", "x", "10"], &["x", "p", "new"], &["p", "", "20"]];
    let committed = load(harness, &spec, &[newer]).await;

    assert_eq!(committed.superseded, 1);
    assert_records(
        harness,
        &[&["p", "x", "10"], &["p", "", "20"], &["", "x", "3"], &["", "", "40"], &["x", "p", "new"]],
    )
    .await;
}

/// Of records with the same key, the one with the greatest version stays, wherever it is in the load. A null is older than any.
pub async fn the_newest_of_two_versions_of_a_record_wins(harness: &dyn Harness) {
    for mode in [WriteMode::Replace, WriteMode::Upsert] {
        if !supports(harness, mode) {
            continue;
        }
        let mut spec = table(&["Id", "Stamp", "Name"], &["Id"], mode);
        spec.version_column = Some("Stamp".to_owned());
        let parts: [&[&[&str]]; 2] = [
            &[&["1", "2024-02-01", "new"], &["2", "2024-01-01", "old"], &["3", "", "unknown"], &["4", "", "first"]],
            &[
                &["1", "2024-01-01", "old"],
                &["2", "2024-02-01", "new"],
                &["3", "1999-01-01", "known"],
                &["4", "", "last"],
            ],
        ];

        let committed = load(harness, &spec, &parts).await;

        assert_eq!((committed.records, committed.superseded, committed.table_records), (8, 4, Some(4)));
        assert_records(
            harness,
            &[
                &["1", "2024-02-01", "new"],
                &["2", "2024-02-01", "new"],
                &["3", "1999-01-01", "known"],
                &["4", "", "last"],
            ],
        )
        .await;
    }
}

/// Without a version the record of the later part wins, then the later in its part; the order in which parts finish does not matter.
pub async fn the_later_of_two_records_without_a_version_wins(harness: &dyn Harness) {
    let load = begin(harness, &accounts(WriteMode::Replace)).await;
    let later = write(&*load, 1, &[&["1", "later part"], &["2", "earlier"], &["2", "later"]]).await;
    let earlier = write(&*load, 0, &[&["1", "earlier part"], &["3", "only"]]).await;

    let committed = load.commit(vec![later, earlier], "{}").await.expect("commit");

    assert_eq!((committed.records, committed.superseded), (5, 2));
    assert_records(harness, &[&["1", "later part"], &["2", "later"], &["3", "only"]]).await;
}

/// Where the source holds each record once, a load in which one comes twice is refused before anything is visible, wherever the two are,
/// and is not there to be taken up.
pub async fn a_record_that_comes_twice_of_which_there_is_one_is_refused(harness: &dyn Harness) {
    let orders: [[&[&[&str]]; 2]; 2] = [
        [&[&["3", "in one part"], &["4", "d"], &["3", "twice"]], &[&["5", "e"]]],
        [&[&["3", "in one part"], &["4", "d"]], &[&["5", "e"], &["3", "and in another"]]],
    ];
    for mode in [WriteMode::Replace, WriteMode::Upsert] {
        if !supports(harness, mode) {
            continue;
        }
        load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"], &["2", "b"]]]).await;
        let mut spec = accounts(mode);
        spec.keys_are_unique = true;
        for parts in &orders {
            let load = begin(harness, &spec).await;
            load.save_journal("journal").await.expect("save the journal");
            let mut written = Vec::new();
            for (number, records) in (0..).zip(parts) {
                written.push(write_told_apart(&*load, number, records).await);
            }

            let error = load.commit(written, "{}").await.expect_err("a record came twice");

            assert_eq!(error.kind(), ErrorKind::CameTwice);
            assert!(error.to_string().contains("a record came twice"), "{error}");
            assert_records(harness, &[&["1", "a"], &["2", "b"]]).await;
            assert_eq!(begin(harness, &spec).await.left().cloned(), None);
        }

        let whole = begin(harness, &spec).await;
        let written = write_told_apart(&*whole, 0, &[&["2", "B"], &["3", "c"]]).await;
        assert_eq!(whole.commit(vec![written], "{}").await.expect("each comes once").superseded, 0);
    }
}

/// Records are told apart by what the source tells them by, also where the table has no key, or another one.
pub async fn a_record_that_comes_twice_is_refused_whatever_the_key(harness: &dyn Harness) {
    for (key, mode) in
        [(None, WriteMode::Replace), (Some("Name"), WriteMode::Replace), (Some("Name"), WriteMode::Upsert)]
    {
        if !supports(harness, mode) {
            continue;
        }
        let mut spec = accounts(WriteMode::Replace);
        spec.primary_key = key.into_iter().map(str::to_owned).collect();
        load(harness, &spec, &[&[&["1", "a"], &["2", "b"]]]).await;
        spec.write_mode = mode;
        spec.identity = Some(Identity { column: "Id".to_owned(), none: "0".to_owned() });

        let twice = begin(harness, &spec).await;
        let first = write_told_apart(&*twice, 0, &[&["3", "c"], &["4", "d"]]).await;
        let second = write_told_apart(&*twice, 1, &[&["5", "e"], &["3", "C"]]).await;
        let error = twice.commit(vec![first, second], "{}").await.expect_err("a record came twice");

        assert_eq!(error.kind(), ErrorKind::CameTwice);
        assert_records(harness, &[&["1", "a"], &["2", "b"]]).await;

        let once = begin(harness, &spec).await;
        let written = write_told_apart(&*once, 0, &[&["3", "c"], &["4", "d"], &["0", "e"], &["0", "f"]]).await;
        once.commit(vec![written], "{}").await.expect("each comes once");
        harness.drop_table(TABLE).await;
    }
}

/// Where a part is written again, it is what is written last that comes once.
pub async fn a_part_that_is_written_again_does_not_come_twice(harness: &dyn Harness) {
    let mut spec = accounts(WriteMode::Replace);
    spec.keys_are_unique = true;
    let load = begin(harness, &spec).await;
    write_told_apart(&*load, 0, &[&["1", "a"], &["2", "b"]]).await;
    // It does not count.
    write_told_apart(&*load, 1, &[&["1", "a"], &["3", "c"]]).await;
    let first = write_told_apart(&*load, 0, &[&["1", "a"], &["2", "b"]]).await;

    let second = write_told_apart(&*load, 2, &[&["3", "c"]]).await;
    load.commit(vec![first, second], "{}").await.expect("each comes once");

    assert_records(harness, &[&["1", "a"], &["2", "b"], &["3", "c"]]).await;
}

/// A load without records makes a table without records, with its columns; one that is there loses its records only to a replace.
pub async fn empty_load_creates_the_table(harness: &dyn Harness) {
    for mode in [WriteMode::Upsert, WriteMode::Append, WriteMode::Replace] {
        if !supports(harness, mode) {
            continue;
        }
        let committed = load(harness, &accounts(mode), &[]).await;
        assert_eq!((committed.records, committed.changes), (0, vec![]));
        assert_records(harness, &[]).await;

        load(harness, &accounts(mode), &[&[]]).await;
        assert_records(harness, &[]).await;

        load(harness, &accounts(mode), &[&[&["1", "a"]]]).await;
        load(harness, &accounts(mode), &[]).await;
        let left: &[&[&str]] = if mode == WriteMode::Replace { &[] } else { &[&["1", "a"]] };
        assert_records(harness, left).await;
        harness.drop_table(TABLE).await;
    }
}
