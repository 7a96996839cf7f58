//! How state documents live and die with their tables.

use super::{Harness, ROW, STATE, TABLE, accounts, begin, keeps_state, load, supports, write};
use crate::{PartId, TableSpec, WriteMode, WrittenPart};

/// The state is that of the last commit; a load that fails or is dropped leaves it as it was.
pub async fn state_is_saved_with_the_data_or_not_at_all(harness: &dyn Harness) {
    if !keeps_state(harness) {
        return;
    }
    let destination = harness.destination();
    let spec = accounts(WriteMode::Replace);
    assert_eq!(destination.state(ROW, TABLE).await.expect("state"), None);

    let first = begin(harness, &spec).await;
    let part = write(&*first, 0, &[&["1", "a"]]).await;
    first.commit(vec![part], "{\"watermark\":\"ä\n\"}").await.expect("commit");
    let dropped = begin(harness, &spec).await;
    write(&*dropped, 0, &[&["2", "b"]]).await;
    drop(dropped);
    let failed = begin(harness, &spec).await;
    let part = WrittenPart { part: PartId(0), records: 1, bytes: 1 };
    failed.commit(vec![part], "never").await.expect_err("a part that was never written");

    assert_eq!(destination.state(ROW, TABLE).await.expect("state").as_deref(), Some("{\"watermark\":\"ä\n\"}"));
    assert_eq!(destination.state("other row", TABLE).await.expect("state"), None);
    assert_eq!(destination.state(ROW, "Other").await.expect("state"), None);
    assert_eq!(destination.states(ROW).await.expect("states"), ["{\"watermark\":\"ä\n\"}"]);
    assert!(destination.states("other row").await.expect("states").is_empty());
}

/// Without its table a state would make the next run skip records.
pub async fn state_is_gone_with_its_table(harness: &dyn Harness) {
    let destination = harness.destination();
    load(harness, &accounts(WriteMode::Replace), &[&[&["1", "a"]]]).await;

    harness.drop_table(TABLE).await;

    assert_eq!(destination.state(ROW, TABLE).await.expect("state"), None);
    assert!(destination.states(ROW).await.expect("states").is_empty());
}

/// A replace removes the records that other rows had put into the table, so their states go too; an upsert leaves them.
pub async fn replace_forgets_the_states_of_other_rows(harness: &dyn Harness) {
    if !keeps_state(harness) || !supports(harness, WriteMode::Upsert) {
        return;
    }
    let destination = harness.destination();
    let of_row = |row: &str, mode| TableSpec { row: row.to_owned(), ..accounts(mode) };

    load(harness, &of_row("a", WriteMode::Upsert), &[&[&["1", "a"]]]).await;
    load(harness, &of_row("b", WriteMode::Upsert), &[&[&["2", "b"]]]).await;
    let after_upsert = destination.state("a", TABLE).await.expect("state");
    load(harness, &of_row("b", WriteMode::Replace), &[&[&["2", "b"]]]).await;

    assert_eq!(after_upsert.as_deref(), Some(STATE));
    assert_eq!(destination.state("a", TABLE).await.expect("state"), None);
    assert_eq!(destination.state("b", TABLE).await.expect("state").as_deref(), Some(STATE));
}

/// Where somebody removed the table, another row's load that makes it anew brings back none of the records that a state stood for, in whatever
/// mode it writes.
pub async fn a_table_that_is_made_anew_forgets_the_states_of_other_rows(harness: &dyn Harness) {
    if !keeps_state(harness) {
        return;
    }
    let destination = harness.destination();
    let of_row = |row: &str, mode| TableSpec { row: row.to_owned(), ..accounts(mode) };
    for mode in [WriteMode::Upsert, WriteMode::Append, WriteMode::Replace] {
        if !supports(harness, mode) {
            continue;
        }
        load(harness, &of_row("all", WriteMode::Replace), &[&[&["1", "a"], &["2", "b"]]]).await;
        harness.drop_table(TABLE).await;

        load(harness, &of_row("some", mode), &[&[&["1", "a"]]]).await;

        assert_eq!(destination.state("all", TABLE).await.expect("state"), None, "{mode}");
        assert_eq!(destination.state("some", TABLE).await.expect("state").as_deref(), Some(STATE));
    }
}
