//! How a table's columns follow those of its loads, and what names may be.

use super::{Harness, TABLE, accounts, assert_records, load, sorted, supports, table, values};
use crate::{TableChange, TableSpec, WriteMode};

/// A column that the table lacks is added after the others, and reported; older records hold null there. The load's own order of columns
/// does not matter.
pub async fn new_column_is_added(harness: &dyn Harness) {
    for mode in [WriteMode::Upsert, WriteMode::Append] {
        if !supports(harness, mode) {
            continue;
        }
        load(harness, &accounts(mode), &[&[&["1", "a"]]]).await;

        let wider = table(&["New", "Name", "Id"], &["Id"], mode);
        let committed = load(harness, &wider, &[&[&["n", "b", "2"]]]).await;

        assert_eq!(committed.changes, [TableChange::ColumnAdded { column: "New".to_owned() }]);
        let contents = harness.read(TABLE).await.expect("the table");
        assert_eq!(contents.columns, ["Id", "Name", "New"]);
        assert_records(harness, &[&["1", "a", ""], &["2", "b", "n"]]).await;
        harness.drop_table(TABLE).await;
    }
}

/// A column that the load lacks stays, and is reported. Records that were there keep their values in it, also where they are updated.
pub async fn vanished_column_is_kept_on_upsert_and_reported(harness: &dyn Harness) {
    if !supports(harness, WriteMode::Upsert) {
        return;
    }
    let wide = table(&["Id", "Old", "Name"], &["Id"], WriteMode::Upsert);
    load(harness, &wide, &[&[&["1", "x", "a"], &["2", "y,\"y\"", "b"], &["", "z", "c"]]]).await;

    let committed = load(harness, &accounts(WriteMode::Upsert), &[&[&["2", "B"], &["", "C"], &["3", "d"]]]).await;

    assert_eq!(committed.changes, [TableChange::ColumnKept { column: "Old".to_owned() }]);
    assert_eq!(committed.table_records, Some(4));
    assert_records(harness, &[&["1", "x", "a"], &["2", "y,\"y\"", "B"], &["", "z", "C"], &["3", "", "d"]]).await;
}

/// A replacing load brings its own columns; what changes is reported.
pub async fn vanished_column_is_dropped_on_replace_and_reported(harness: &dyn Harness) {
    load(harness, &table(&["Id", "Old", "Name"], &["Id"], WriteMode::Replace), &[&[&["1", "x", "a"]]]).await;

    let committed =
        load(harness, &table(&["Id", "Name", "New"], &["Id"], WriteMode::Replace), &[&[&["1", "a", "n"]]]).await;

    let added = TableChange::ColumnAdded { column: "New".to_owned() };
    let dropped = TableChange::ColumnDropped { column: "Old".to_owned() };
    assert_eq!(committed.changes, [added, dropped]);
    assert_eq!(harness.read(TABLE).await.expect("the table").columns, ["Id", "Name", "New"]);
    assert_records(harness, &[&["1", "a", "n"]]).await;
}

/// Names are data: quotes, dots, blanks, reserved words and other scripts work for tables and columns.
pub async fn names_with_quotes_and_reserved_words_work(harness: &dyn Harness) {
    let columns =
        ["select", "Order", "Account.Owner.Name", "a\"b", "it's", "größe", " blank ", "rowid", "[x]", "`y`", "%,;"];
    let record: Vec<&str> = columns.iter().map(|_| "v").collect();
    for name in ["Group", "Order", "we\"ird 'name'; --", "../escape", ".hidden", "Größe", "a/b", "a.b", "CON"] {
        let mode = if supports(harness, WriteMode::Upsert) { WriteMode::Upsert } else { WriteMode::Replace };
        let spec = TableSpec { name: name.to_owned(), ..table(&columns, &["select", "a\"b"], mode) };

        for _ in 0..2 {
            load(harness, &spec, &[&[&record]]).await;
        }

        let contents = harness.read(name).await;
        assert_eq!(contents.as_ref().map(|contents| contents.columns.clone()).unwrap_or_default(), columns, "{name}");
        assert_eq!(sorted(contents), values(&[&record]), "{name}");
    }
}
