mod room;
mod runs;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::storage::Storage;
use super::*;
use crate::contract::Harness;
use crate::memory::TableContents;
use crate::{Batch, Column, ColumnType, CommittedLoad, ErrorKind, PartId, Premise, TableChange, WriteMode, csv};

/// A database in a folder of its own, and a second connection to look into it.
pub(crate) struct TestFile {
    folder: TempDir,
    sqlite: Sqlite,
}

impl TestFile {
    pub(crate) fn new() -> Self {
        Self::with_options(SqliteOptions { busy_timeout: Duration::from_millis(20), ..SqliteOptions::default() })
    }

    fn with_options(options: SqliteOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = Sqlite::open(folder.path().join("org.db"), options).unwrap();
        Self { folder, sqlite }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("org.db")
    }

    fn connect(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    fn execute(&self, sql: &str) {
        self.connect().execute_batch(sql).unwrap();
    }

    /// Returns the values of the first column.
    fn query(&self, sql: &str) -> Vec<Value> {
        let connection = self.connect();
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let text = |value| match value {
            Value::Null => "NULL".to_owned(),
            Value::Integer(integer) => integer.to_string(),
            Value::Real(real) => format!("{real:?}"),
            Value::Text(text) => text,
            Value::Blob(blob) => String::from_utf8(blob).unwrap(),
        };
        self.query(sql).into_iter().map(text).collect()
    }

    fn tables(&self) -> Vec<String> {
        self.texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    }

    async fn load(&self, table: &TableSpec, records: &[&[&str]]) -> Result<CommittedLoad> {
        let load = self.sqlite.begin(table).await?;
        let mut part = load.open_part(PartId(0)).await?;
        part.write(batch(records)).await?;
        let part = part.finish().await?;
        load.commit(vec![part], "{}").await
    }
}

#[async_trait]
impl Harness for TestFile {
    fn destination(&self) -> Arc<dyn Destination> {
        Arc::new(self.sqlite.clone())
    }

    async fn read(&self, table: &str) -> Option<TableContents> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(self.path(), flags).ok()?;
        let mut statement =
            connection.prepare(&format!("SELECT * FROM {}", identifier::Identifier::new(table))).ok()?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let records = statement
            .query_map((), |row| (0..columns.len()).map(|index| row.get(index)).collect())
            .unwrap()
            .map(Result::unwrap)
            .collect();
        Some(TableContents { columns, records })
    }

    async fn drop_table(&self, table: &str) {
        self.execute(&format!("DROP TABLE {}", identifier::Identifier::new(table)));
    }

    async fn set_state(&self, row: &str, table: &str, state: &str) {
        let sql = "UPDATE _orgtap_state SET state = ?3 WHERE \"row\" = ?1 AND \"table\" = ?2";
        assert_eq!(Connection::open(self.path()).unwrap().execute(sql, [row, table, state]).unwrap(), 1);
    }
}

crate::contract_tests!(TestFile::new());

fn batch(records: &[&[&str]]) -> Batch {
    let mut bytes = Vec::new();
    for record in records {
        csv::write_record(&mut bytes, record.iter().map(|value| value.as_bytes()));
    }
    Batch::new(bytes.into(), records.len() as u64)
}

fn table(columns: &[(&str, ColumnType)], write_mode: WriteMode) -> TableSpec {
    let column = |(name, column_type): &(&str, ColumnType)| Column {
        name: (*name).to_owned(),
        column_type: *column_type,
        is_nullable: true,
        description: None,
    };
    TableSpec {
        row: "accounts".to_owned(),
        name: "Account".to_owned(),
        columns: columns.iter().map(column).collect(),
        primary_key: vec![columns[0].0.to_owned()],
        write_mode,
        version_column: None,
        keys_are_unique: false,
        identity: None,
        gone: None,
        premise: Premise::Anything,
    }
}

fn accounts(write_mode: WriteMode) -> TableSpec {
    table(&[("Id", ColumnType::Text), ("Value", ColumnType::Text)], write_mode)
}

fn accounts_of(column_type: ColumnType, write_mode: WriteMode) -> TableSpec {
    table(&[("Id", ColumnType::Text), ("Value", column_type)], write_mode)
}

fn type_changed(from: &str, to: &str) -> TableChange {
    TableChange::TypeChanged { column: "Value".to_owned(), from: from.to_owned(), to: to.to_owned() }
}

#[tokio::test]
async fn columns_are_declared_and_stored_by_type() {
    let file = TestFile::new();
    let spec = table(
        &[
            ("Id", ColumnType::Text),
            ("IsActive", ColumnType::Boolean),
            ("Employees", ColumnType::Integer),
            ("Revenue", ColumnType::Float),
            ("Born", ColumnType::Date),
            ("Changed", ColumnType::DateTime),
            ("Opens", ColumnType::Time),
        ],
        WriteMode::Replace,
    );

    let record = ["007", "true", "42", "1.0E7", "2024-02-29", "2024-02-29T00:00:00.000Z", "09:00:00.000Z"];
    file.load(&spec, &[&record]).await.unwrap();

    assert_eq!(
        file.texts("SELECT type FROM pragma_table_info('Account')"),
        ["TEXT", "BOOLEAN", "INTEGER", "REAL", "DATE", "DATETIME", "TIME"]
    );
    assert_eq!(
        file.query("SELECT concat_ws('|', Id, IsActive, Employees, Revenue, Born, Changed, Opens) FROM Account"),
        [Value::Text("007|1|42|10000000.0|2024-02-29|2024-02-29T00:00:00.000Z|09:00:00.000Z".to_owned())]
    );
    assert_eq!(file.query("SELECT count(*) FROM Account WHERE IsActive AND Changed >= '2024'"), [Value::Integer(1)]);
}

#[tokio::test]
async fn a_column_whose_type_changes_keeps_every_value() {
    // The type before, its values, the type of the load and its value; then the column's type and all values.
    type Case<'a> = (ColumnType, &'a [&'a str], ColumnType, &'a str, &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 8] = [
        (ColumnType::Text, &["007", "1e3"], ColumnType::Integer, "08", "TEXT", &["007", "1e3", "08"]),
        (ColumnType::Text, &["x"], ColumnType::Boolean, "true", "TEXT", &["x", "true"]),
        (ColumnType::Boolean, &["true", "false", "1"], ColumnType::Text, "no", "TEXT", &["true", "false", "1", "no"]),
        (ColumnType::Integer, &["7", "x"], ColumnType::Text, "007", "TEXT", &["7", "x", "007"]),
        (
            ColumnType::Float,
            &["0.1", "0.30000000000000004"],
            ColumnType::Text,
            "a",
            "TEXT",
            &["0.1", "0.30000000000000004", "a"],
        ),
        (
            ColumnType::Integer,
            &["7", "9007199254740993"],
            ColumnType::Float,
            "0.5",
            "REAL",
            &["7.0", "9007199254740993", "0.5"],
        ),
        (ColumnType::Float, &["0.5"], ColumnType::Integer, "7", "REAL", &["0.5", "7.0"]),
        (
            ColumnType::Date,
            &["2024-01-01", "2024"],
            ColumnType::DateTime,
            "2024-01-01T00:00:00.000Z",
            "TEXT",
            &["2024-01-01", "2024", "2024-01-01T00:00:00.000Z"],
        ),
    ];

    for mode in [WriteMode::Upsert, WriteMode::Append] {
        for (old_type, old, new_type, new, declared, values) in cases {
            let file = TestFile::new();
            let ids: Vec<String> = (0..old.len()).map(|id| id.to_string()).collect();
            let records: Vec<[&str; 2]> = ids.iter().zip(old).map(|(id, value)| [id.as_str(), *value]).collect();
            let records: Vec<&[&str]> = records.iter().map(<[&str; 2]>::as_slice).collect();
            file.load(&accounts_of(old_type, WriteMode::Upsert), &records).await.unwrap();

            let committed = file.load(&accounts_of(new_type, mode), &[&["z", new]]).await.unwrap();

            let before = Storage::of(old_type).declared();
            let expected = if before == declared { vec![] } else { vec![type_changed(before, declared)] };
            assert_eq!(committed.changes, expected, "{old_type:?} to {new_type:?}");
            assert_eq!(file.texts("SELECT type FROM pragma_table_info('Account') WHERE name = 'Value'"), [declared]);
            assert_eq!(file.texts("SELECT Value FROM Account ORDER BY Id"), values, "{old_type:?} to {new_type:?}");
        }
    }
}

#[tokio::test]
async fn a_rebuilt_table_still_upserts_and_keeps_the_users_indexes() {
    let file = TestFile::new();
    file.load(&accounts_of(ColumnType::Integer, WriteMode::Upsert), &[&["1", "7"], &["2", "8"]]).await.unwrap();
    file.execute("CREATE INDEX by_value ON Account (Value)");

    let wider =
        table(&[("Id", ColumnType::Text), ("Value", ColumnType::Text), ("New", ColumnType::Date)], WriteMode::Upsert);
    file.load(&wider, &[&["2", "x", "2024-01-01"], &["3", "y", ""]]).await.unwrap();
    file.load(&wider, &[&["3", "z", ""]]).await.unwrap();

    assert_eq!(
        file.texts("SELECT concat_ws('|', Id, Value, New) FROM Account ORDER BY Id"),
        ["1|7", "2|x|2024-01-01", "3|z"]
    );
    let indexes = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'Account' ORDER BY name";
    assert_eq!(file.texts(indexes), ["_orgtap_key_Account", "by_value"]);
}

#[tokio::test]
async fn a_replacing_load_brings_its_own_types() {
    let file = TestFile::new();
    file.load(&accounts_of(ColumnType::Text, WriteMode::Replace), &[&["1", "007"]]).await.unwrap();

    let committed = file.load(&accounts_of(ColumnType::Integer, WriteMode::Replace), &[&["1", "007"]]).await.unwrap();

    assert_eq!(committed.changes, [type_changed("TEXT", "INTEGER")]);
    assert_eq!(file.query("SELECT Value FROM Account"), [Value::Integer(7)]);
}

#[tokio::test]
async fn what_the_user_built_on_a_table_survives_its_replacement() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "a"]]).await.unwrap();
    file.execute(
        "CREATE INDEX by_value ON Account (Value);
         CREATE VIEW accounts AS SELECT Value FROM Account;
         CREATE TABLE log (t);
         CREATE TRIGGER deleted AFTER DELETE ON Account BEGIN INSERT INTO log VALUES (old.Id); END;",
    );

    for _ in 0..2 {
        file.load(&accounts(WriteMode::Replace), &[&["1", "b"]]).await.unwrap();
    }
    file.execute("DELETE FROM Account WHERE Id = '1'");
    file.load(&accounts(WriteMode::Replace), &[&["1", "c"]]).await.unwrap();

    assert_eq!(file.texts("SELECT Value FROM accounts"), ["c"]);
    assert_eq!(file.texts("SELECT t FROM log"), ["1"]);
    assert_eq!(file.texts("SELECT name FROM pragma_index_list('Account') WHERE name = 'by_value'"), ["by_value"]);
}

#[tokio::test]
async fn an_index_on_a_column_that_is_gone_does_not_stop_a_load() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "a"]]).await.unwrap();
    file.execute("CREATE INDEX by_value ON Account (Value)");

    file.load(&table(&[("Id", ColumnType::Text)], WriteMode::Replace), &[&["2"]]).await.unwrap();

    assert_eq!(file.texts("SELECT Id FROM Account"), ["2"]);
}

#[tokio::test]
async fn a_lookup_by_key_uses_the_index() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "a"]]).await.unwrap();

    let plan = "EXPLAIN QUERY PLAN SELECT * FROM Account WHERE Id = '1'";
    let detail: String = file.connect().query_row(plan, (), |row| row.get("detail")).unwrap();

    assert!(detail.contains("USING INDEX _orgtap_key_Account"), "{detail}");
}

#[tokio::test]
async fn upserting_a_table_of_another_program_respects_its_shape() {
    let file = TestFile::new();
    file.execute(
        "CREATE TABLE ACCOUNT (id VARCHAR(18), value VARCHAR(255), note TEXT DEFAULT 'mine');
         INSERT INTO ACCOUNT VALUES ('1', 'a', 'x');",
    );

    let committed = file.load(&accounts(WriteMode::Upsert), &[&["1", "b"], &["2", "c"]]).await.unwrap();

    assert_eq!(committed.changes, [TableChange::ColumnKept { column: "note".to_owned() }]);
    assert_eq!(file.texts("SELECT concat_ws('|', id, value, note) FROM account ORDER BY id"), ["1|b|x", "2|c|mine"]);
    assert_eq!(file.texts("SELECT type FROM pragma_table_info('account')"), ["VARCHAR(18)", "VARCHAR(255)", "TEXT"]);
}

#[tokio::test]
async fn rebuilding_a_table_of_another_program_keeps_its_other_types() {
    let file = TestFile::new();
    file.execute(
        "CREATE TABLE Account (Id VARCHAR(18), Value INT, price DECIMAL(10, 2), odd \"x, y INT\");
         INSERT INTO Account VALUES ('1', 7, 1.5, 'o');",
    );

    file.load(&accounts(WriteMode::Upsert), &[&["2", "x"]]).await.unwrap();

    assert_eq!(
        file.texts("SELECT name || ' ' || type FROM pragma_table_info('Account')"),
        ["Id VARCHAR(18)", "Value TEXT", "price DECIMAL(10, 2)", "odd INTEGER"]
    );
    assert_eq!(file.texts("SELECT concat_ws('|', Id, Value, price, odd) FROM Account"), ["1|7|1.5|o", "2|x"]);
}

#[tokio::test]
async fn records_that_share_a_key_already_are_told_of() {
    let file = TestFile::new();
    file.execute("CREATE TABLE Account (Id, Value); INSERT INTO Account VALUES ('1', 'a'), ('1', 'b');");

    let error = file.load(&accounts(WriteMode::Upsert), &[&["1", "c"]]).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::InvalidTable);
    assert_eq!(
        error.to_string(),
        "could not load table `Account`: the records that are in it already are not unique by `Id`"
    );
    assert_eq!(file.texts("SELECT Value FROM Account"), ["a", "b"]);
}

#[tokio::test]
async fn a_table_may_be_upserted_by_another_key_than_before() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Upsert), &[&["1", "a"], &["2", "b"]]).await.unwrap();
    let by_value = TableSpec { primary_key: vec!["Value".to_owned()], ..accounts(WriteMode::Upsert) };

    file.load(&by_value, &[&["9", "b"], &["1", "c"]]).await.unwrap();

    assert_eq!(file.texts("SELECT concat(Id, Value) FROM Account ORDER BY Value"), ["1a", "9b", "1c"]);
}

#[tokio::test]
async fn names_that_sqlite_would_confuse_are_refused() {
    let file = TestFile::new();
    let text = ColumnType::Text;
    let named = |name: &str| TableSpec { name: name.to_owned(), ..accounts(WriteMode::Replace) };
    let cases = [
        (named("SQLite_stat1"), "names that start with `sqlite_` are reserved"),
        (named("_orgtap_state"), "names that start with `_orgtap_` are reserved"),
        (table(&[("Id", text), ("id", text)], WriteMode::Replace), "columns `Id` and `id` differ only by case"),
        (
            table(&[("rowid", text), ("OID", text), ("_rowid_", text)], WriteMode::Replace),
            "it has the columns `rowid`, `_rowid_` and `oid`, which leaves SQLite no name for its own",
        ),
    ];

    for (spec, why) in cases {
        let error = file.sqlite.begin(&spec).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::InvalidTable);
        assert_eq!(error.to_string(), format!("could not load table `{}`: {why}", spec.name));
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn a_view_is_not_overwritten() {
    let file = TestFile::new();
    file.execute("CREATE VIEW account AS SELECT 1 AS Id");

    let error = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap_err();

    assert_eq!(error.to_string(), "could not load table `Account`: there is a view of this name");
}

#[tokio::test]
async fn names_are_the_same_whatever_their_case() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Upsert), &[&["1", "a"]]).await.unwrap();
    let mut other_case = table(&[("ID", ColumnType::Text), ("VALUE", ColumnType::Text)], WriteMode::Upsert);
    other_case.name = "ACCOUNT".to_owned();

    let committed = file.load(&other_case, &[&["1", "b"]]).await.unwrap();

    assert_eq!(committed.changes, []);
    assert_eq!(file.texts("SELECT Value FROM Account"), ["b"]);
    assert_eq!(file.sqlite.state("accounts", "account").await.unwrap().as_deref(), Some("{}"));
}

#[tokio::test]
async fn a_file_that_another_program_holds_is_locked() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "a"]]).await.unwrap();
    let other = file.connect();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();

    let checked = file.sqlite.check().await.unwrap_err();
    let begun = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap_err();
    other.execute_batch("ROLLBACK").unwrap();

    for error in [checked, begun] {
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.is_user_error() && error.hint().is_some());
    }
    file.load(&accounts(WriteMode::Replace), &[&["1", "b"]]).await.unwrap();
}

#[tokio::test]
async fn two_openings_of_a_file_do_not_load_the_same_table() {
    let file = TestFile::new();
    let other = Sqlite::open(file.path(), SqliteOptions::default()).unwrap();
    let load = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();

    let same = other.begin(&accounts(WriteMode::Replace)).await.unwrap_err();
    let different = other.begin(&TableSpec { name: "Contact".to_owned(), ..accounts(WriteMode::Replace) }).await;

    assert_eq!(same.kind(), ErrorKind::Locked);
    different.unwrap().abort().await.unwrap();
    load.abort().await.unwrap();
    other.begin(&accounts(WriteMode::Replace)).await.unwrap();
}

#[tokio::test]
async fn a_reader_keeps_its_view_while_a_load_commits() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "old"]]).await.unwrap();
    let reader = file.connect();
    let value = || reader.query_row("SELECT Value FROM Account", (), |row| row.get::<_, String>(0)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(value(), "old");

    file.load(&accounts(WriteMode::Replace), &[&["1", "new"]]).await.unwrap();

    assert_eq!(value(), "old");
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(value(), "new");
}

#[tokio::test]
async fn a_read_only_file_is_not_writable() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "old"]]).await.unwrap();
    let copy = file.folder.path().join("copy.db");
    file.connect().execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
    let mut permissions = fs::metadata(&copy).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&copy, permissions).unwrap();
    if fs::File::options().write(true).open(&copy).is_ok() {
        println!("skipped: this user may write any file");
        return;
    }

    let sqlite = Sqlite::open(&copy, SqliteOptions::default()).unwrap();

    assert_eq!(sqlite.state("accounts", "Account").await.unwrap().as_deref(), Some("{}"));
    for error in [sqlite.check().await.unwrap_err(), sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotWritable);
    }
}

#[tokio::test]
async fn a_staging_table_left_by_a_killed_load_is_removed() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "a"]]).await.unwrap();
    let lock = file.folder.path().join("org.db-account.lock");
    file.execute("CREATE TABLE _orgtap_stage_account (x); INSERT INTO _orgtap_stage_account VALUES ('left')");
    fs::write(&lock, "").unwrap();

    let load = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
    assert_eq!(file.query("SELECT count(*) FROM _orgtap_stage_account"), [Value::Integer(0)]);
    load.abort().await.unwrap();

    assert_eq!(file.tables(), ["Account", "_orgtap_state"]);
    assert!(!lock.exists());
}

#[tokio::test]
async fn one_file_remains_when_the_destination_is_dropped() {
    let TestFile { folder, sqlite } = {
        let file = TestFile::new();
        file.load(&accounts(WriteMode::Replace), &[&["1", "a"]]).await.unwrap();
        let dropped = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
        dropped.open_part(PartId(0)).await.unwrap().write(batch(&[&["2", "b"]])).await.unwrap();
        file
    };

    drop(sqlite);

    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["org.db"]);
}

#[tokio::test]
async fn asking_for_state_makes_no_file() {
    let file = TestFile::new();

    assert_eq!(file.sqlite.state("accounts", "Account").await.unwrap(), None);
    assert!(!file.path().exists());
    file.sqlite.check().await.unwrap();
    assert!(file.path().exists());
    assert_eq!(file.sqlite.state("accounts", "Account").await.unwrap(), None);
}

#[tokio::test]
async fn a_path_that_cannot_be_a_database_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note.txt");
    fs::write(&note, "This is a note and no database. ".repeat(200)).unwrap();
    let cases = [
        (folder.path().to_owned(), "it is a folder"),
        (folder.path().join("missing/org.db"), "its folder does not exist"),
        (note.join("org.db"), "the path leads through a file"),
        (note.clone(), "file is not a database"),
    ];

    for (path, why) in cases {
        let sqlite = Sqlite::open(&path, SqliteOptions::default()).unwrap();
        let error = sqlite.check().await.unwrap_err();

        let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        assert_eq!(format!("{error}{cause}"), format!("could not open `{}`: {why}", path.display()));
        assert_eq!(error.kind(), ErrorKind::InvalidPath);
        assert!(error.hint().is_some());
    }
    assert!(fs::read_to_string(&note).unwrap().starts_with("This is a note"));
}

#[tokio::test]
async fn a_malformed_batch_fails_its_load() {
    let file = TestFile::new();
    for (bytes, records) in [("1,a\n2\n", 2), ("1,a,b\n", 1), ("1,a\n", 2)] {
        let load = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
        let mut part = load.open_part(PartId(0)).await.unwrap();

        let error = part.write(Batch::new(bytes.into(), records)).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Corrupt, "{bytes:?}");
        assert!(part.finish().await.is_err());
    }
}
