use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::contract::Harness;
use crate::memory::{Record, TableContents};
use crate::{Batch, Column, ColumnType, CommittedLoad, ErrorKind, Gone, PartId, Premise, WriteMode, csv};

/// A folder of its own, read as any program would that knows CSV.
pub(crate) struct TestFolder {
    folder: TempDir,
    destination: CsvDir,
}

impl TestFolder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let destination = CsvDir::new(folder.path().join("out"));
        Self { folder, destination }
    }

    fn table_path(&self, table: &str) -> PathBuf {
        self.destination.path().join(crate::file_name::encode(table))
    }

    /// Returns the names of the table's parts.
    fn parts(&self) -> Vec<String> {
        let names = fs::read_dir(self.table_path("Account")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut parts: Vec<String> =
            names.map(|name| name.into_string().unwrap()).filter(|name| !name.starts_with('.')).collect();
        parts.sort();
        parts
    }

    fn part(&self, name: &str) -> String {
        fs::read_to_string(self.table_path("Account").join(name)).unwrap()
    }

    fn inode(&self, name: &str) -> u64 {
        fs::metadata(self.table_path("Account").join(name)).unwrap().ino()
    }

    async fn load(&self, table: &TableSpec, parts: &[&str]) -> Result<CommittedLoad> {
        let load = self.destination.begin(table).await?;
        let mut written = Vec::new();
        for (number, csv) in (0..).zip(parts) {
            let mut part = load.open_part(PartId(number)).await?;
            part.write(Batch::new(csv.to_string().into(), csv::records(csv.as_bytes()).count() as u64)).await?;
            written.push(part.finish().await?);
        }
        load.commit(written, "{}").await
    }
}

#[async_trait]
impl Harness for TestFolder {
    fn destination(&self) -> Arc<dyn Destination> {
        Arc::new(self.destination.clone())
    }

    async fn read(&self, table: &str) -> Option<TableContents> {
        let folder = self.table_path(table);
        let mut contents: Option<TableContents> = None;
        for entry in fs::read_dir(folder).ok()? {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let bytes = fs::read(path).unwrap();
            let mut records = csv::records(&bytes).map(read_record);
            let columns: Vec<String> = records.next().unwrap().into_iter().map(Option::unwrap).collect();
            let contents = contents.get_or_insert_with(|| TableContents { columns: columns.clone(), records: vec![] });
            assert_eq!(contents.columns, columns, "all parts have the same header");
            contents.records.extend(records);
        }
        contents
    }

    async fn drop_table(&self, table: &str) {
        fs::remove_dir_all(self.table_path(table)).unwrap();
    }

    async fn set_state(&self, row: &str, table: &str, state: &str) {
        fs::write(self.table_path(table).join(format!(".orgtap/state-{row}.json")), state).unwrap();
    }
}

crate::contract_tests!(TestFolder::new());

fn read_record(record: &[u8]) -> Record {
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    csv::values(record).map(|value| (!value.is_empty()).then(|| text(&value))).collect()
}

fn table(columns: &[&str], write_mode: WriteMode) -> TableSpec {
    let column = |name: &&str| Column {
        name: (*name).to_owned(),
        column_type: ColumnType::Text,
        is_nullable: true,
        description: None,
    };
    TableSpec {
        row: "accounts".to_owned(),
        name: "Account".to_owned(),
        columns: columns.iter().map(column).collect(),
        primary_key: vec!["Id".to_owned()],
        write_mode,
        version_column: None,
        keys_are_unique: true,
        identity: None,
        gone: None,
        premise: Premise::Anything,
    }
}

fn accounts(write_mode: WriteMode) -> TableSpec {
    table(&["Id", "Name"], write_mode)
}

/// Returns records that make a part too large to be gathered with others.
fn large_part(first: usize) -> String {
    let name = "x".repeat(1000);
    (first..first + 9000).map(|id| format!("{id},{name}\n")).collect()
}

#[tokio::test]
async fn csv_bytes_pass_through_untouched() {
    let folder = TestFolder::new();
    let odd = "1,bare\n\"2\",\"quoted \"\"twice\"\"\"\n3,\"a\r\nb\"\n";

    folder.load(&accounts(WriteMode::Replace), &[odd, "4,d\n"]).await.unwrap();

    assert_eq!(folder.parts(), ["part-00000.csv", "part-00001.csv"]);
    assert_eq!(folder.part("part-00000.csv"), format!("\"Id\",\"Name\"\n{odd}"));
    assert_eq!(folder.part("part-00001.csv"), "\"Id\",\"Name\"\n4,d\n");
}

#[tokio::test]
async fn a_large_part_without_replaced_records_is_not_written_again() {
    let folder = TestFolder::new();
    let (first, second) = (large_part(0), large_part(10_000));
    folder.load(&accounts(WriteMode::Replace), &[&first, &second]).await.unwrap();
    let (inode, rewritten_inode) = (folder.inode("part-00000.csv"), folder.inode("part-00001.csv"));

    let committed = folder.load(&accounts(WriteMode::Upsert), &["18003,new\n99999,new\n"]).await.unwrap();

    assert_eq!(committed.table_records, Some(18_001));
    assert_eq!(folder.inode("part-00000.csv"), inode);
    assert_ne!(folder.inode("part-00001.csv"), rewritten_inode);
    let replaced = format!("18003,{}\n", "x".repeat(1000));
    assert_eq!(folder.part("part-00001.csv"), format!("\"Id\",\"Name\"\n{}", second.replace(&replaced, "")));
    assert_eq!(folder.part("part-00002.csv"), "\"Id\",\"Name\"\n18003,new\n99999,new\n");
}

#[tokio::test]
async fn a_large_part_is_written_again_from_its_first_record_that_ends() {
    let folder = TestFolder::new();
    let (first, second) = (large_part(0), large_part(10_000));
    folder.load(&accounts(WriteMode::Replace), &[&first, &second]).await.unwrap();
    let inode = folder.inode("part-00000.csv");
    let keys = |gone| TableSpec { gone: Some(gone), ..table(&["Id"], WriteMode::Remove) };
    let text = "x".repeat(1000);

    let marked = folder.load(&keys(Gone::Marked { column: "Name".to_owned() }), &["18003\n99999\n"]).await.unwrap();
    let removed = folder.load(&keys(Gone::Removed), &["18004\n"]).await.unwrap();

    assert_eq!((marked.gone, marked.table_records), (1, Some(18_000)));
    assert_eq!((removed.gone, removed.table_records), (1, Some(17_999)));
    assert_eq!(folder.inode("part-00000.csv"), inode);
    let expected =
        second.replace(&format!("18003,{text}\n"), "\"18003\",\"true\"\n").replace(&format!("18004,{text}\n"), "");
    assert!(folder.part("part-00001.csv") == format!("\"Id\",\"Name\"\n{expected}"));
}

#[tokio::test]
async fn many_small_loads_leave_few_parts() {
    for mode in [WriteMode::Append, WriteMode::Upsert] {
        let folder = TestFolder::new();
        folder.load(&accounts(WriteMode::Replace), &[&large_part(0)]).await.unwrap();

        for number in 0..10 {
            folder.load(&accounts(mode), &[&format!("new{number},a\n")]).await.unwrap();
        }
        folder.load(&accounts(mode), &[]).await.unwrap();

        assert_eq!(folder.parts(), ["part-00000.csv", "part-00001.csv"], "{mode}");
        assert_eq!(folder.read("Account").await.unwrap().records.len(), 9010, "{mode}");
    }
}

#[tokio::test]
async fn a_large_table_takes_new_columns() {
    let folder = TestFolder::new();
    folder.load(&accounts(WriteMode::Replace), &[&large_part(0), &large_part(10_000)]).await.unwrap();

    folder.load(&table(&["Id", "New"], WriteMode::Upsert), &["3,n\n77777,\"m,m\"\n"]).await.unwrap();

    let contents = folder.read("Account").await.unwrap();
    let new: Vec<&Record> = contents.records.iter().filter(|record| record[2].is_some()).collect();
    assert_eq!(contents.columns, ["Id", "Name", "New"]);
    assert_eq!(contents.records.len(), 18_001);
    assert_eq!(new[0][..], [Some("3".to_owned()), Some("x".repeat(1000)), Some("n".to_owned())]);
    assert_eq!(new[1][..], [Some("77777".to_owned()), None, Some("m,m".to_owned())]);
}

#[tokio::test]
async fn a_folder_of_another_program_is_left_alone() {
    type Spoil = fn(&Path);
    let spoiled: [(Spoil, &str); 5] = [
        (|table| fs::write(table.join(".env"), "SECRET=").unwrap(), "it holds `.env`, which is no part of it"),
        (|table| fs::create_dir(table.join(".git")).unwrap(), "it holds `.git`, which is no part of it"),
        (|table| fs::write(table.join("letter.txt"), "dear").unwrap(), "it holds `letter.txt`, which is no part of it"),
        (
            |table| fs::write(table.join("part-00000-1b9c.csv"), "a\n").unwrap(),
            "it holds `part-00000-1b9c.csv`, which is no part of it",
        ),
        (|table| fs::write(table.join("part-00000.csv"), "a\n").unwrap(), "it was made by another program"),
    ];
    for (spoil, why) in spoiled {
        let folder = TestFolder::new();
        let path = folder.table_path("Account");
        fs::create_dir_all(&path).unwrap();
        spoil(&path);

        let begun = folder.destination.begin(&accounts(WriteMode::Replace)).await.unwrap_err();
        let asked = folder.destination.state("accounts", "Account").await.unwrap_err();

        for error in [begun, asked] {
            assert_eq!(error.kind(), ErrorKind::InvalidPath);
            assert_eq!(error.to_string(), format!("could not use the folder `{}` as a table: {why}", path.display()));
            assert!(error.hint().is_some());
        }
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn a_file_put_into_a_table_during_a_load_is_not_lost() {
    let folder = TestFolder::new();
    folder.load(&accounts(WriteMode::Replace), &["1,a\n"]).await.unwrap();
    for name in ["letter.txt", ".gitattributes", ".letter"] {
        let load = folder.destination.begin(&accounts(WriteMode::Replace)).await.unwrap();
        let letter = folder.table_path("Account").join(name);
        fs::write(&letter, "dear").unwrap();

        assert_eq!(load.commit(vec![], "{}").await.unwrap_err().kind(), ErrorKind::InvalidPath);

        assert_eq!(fs::read_to_string(&letter).unwrap(), "dear");
        assert_eq!(folder.part("part-00000.csv"), "\"Id\",\"Name\"\n1,a\n");
        fs::remove_file(letter).unwrap();
    }
}

#[tokio::test]
async fn a_table_that_somebody_looked_at_is_a_table() {
    let folder = TestFolder::new();
    folder.load(&accounts(WriteMode::Replace), &["1,a\n"]).await.unwrap();
    fs::write(folder.table_path("Account").join(".DS_Store"), "").unwrap();

    folder.load(&accounts(WriteMode::Upsert), &["2,b\n"]).await.unwrap();

    assert_eq!(folder.read("Account").await.unwrap().records.len(), 2);
}

#[tokio::test]
async fn a_table_whose_parts_were_removed_forgets_the_states_of_other_rows() {
    let folder = TestFolder::new();
    folder.load(&accounts(WriteMode::Replace), &["1,a\n2,b\n"]).await.unwrap();
    fs::remove_file(folder.table_path("Account").join("part-00000.csv")).unwrap();

    folder.load(&TableSpec { row: "some".to_owned(), ..accounts(WriteMode::Upsert) }, &["1,a\n"]).await.unwrap();

    assert_eq!(folder.destination.state("accounts", "Account").await.unwrap(), None);
    assert!(folder.destination.state("some", "Account").await.unwrap().is_some());
}

#[tokio::test]
async fn a_table_whose_state_cannot_be_read_can_be_loaded_anew() {
    let folder = TestFolder::new();
    folder.load(&accounts(WriteMode::Replace), &["1,a\n"]).await.unwrap();
    fs::write(folder.table_path("Account").join(".orgtap/state-accounts.json"), b"\xff").unwrap();
    assert_eq!(folder.destination.state("accounts", "Account").await.unwrap_err().kind(), ErrorKind::Corrupt);

    folder.load(&accounts(WriteMode::Replace), &["2,b\n"]).await.unwrap();

    assert!(folder.destination.state("accounts", "Account").await.unwrap().is_some());
}

#[tokio::test]
async fn what_a_killed_load_left_is_removed() {
    let folder = TestFolder::new();
    let private = folder.destination.path().join(".orgtap");
    fs::create_dir_all(private.join("Account.new/loaded")).unwrap();
    fs::write(private.join("Account.new/loaded/part-00000.csv"), "left").unwrap();
    fs::write(private.join("Account.lock"), "").unwrap();

    folder.load(&accounts(WriteMode::Replace), &["1,a\n"]).await.unwrap();

    assert_eq!(fs::read_dir(private).unwrap().count(), 0);
    assert_eq!(folder.part("part-00000.csv"), "\"Id\",\"Name\"\n1,a\n");
}

#[tokio::test]
async fn two_destinations_in_one_folder_do_not_load_the_same_table() {
    let folder = TestFolder::new();
    let other = CsvDir::new(folder.destination.path());
    let load = folder.destination.begin(&accounts(WriteMode::Replace)).await.unwrap();

    let error = other.begin(&accounts(WriteMode::Replace)).await.unwrap_err();
    drop(load);

    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(other.begin(&accounts(WriteMode::Replace)).await.is_ok());
}

#[tokio::test]
async fn tables_are_closed_to_everybody_else_and_loads_to_all_but_the_owner() {
    let folder = TestFolder::new();
    folder.load(&accounts(WriteMode::Replace), &["1,a\n"]).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    assert_eq!(mode(&folder.destination.path().join(".orgtap")), 0o700);
    let usual = folder.folder.path().join("usual");
    fs::create_dir(&usual).unwrap();
    assert_eq!(mode(&folder.table_path("Account")), mode(&usual) & 0o770);
    assert_eq!(mode(&folder.table_path("Account").join(".orgtap")), 0o700);
}

#[tokio::test]
async fn a_path_that_cannot_be_a_folder_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let cases = [
        (file.clone(), "it is a file"),
        (folder.path().join("missing/out"), "the folder that it is to be made in does not exist"),
    ];

    for (path, why) in cases {
        let error = CsvDir::new(&path).check().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::InvalidPath);
        assert_eq!(error.to_string(), format!("could not make the folder `{}`: {why}", path.display()));
    }
    assert_eq!(CsvDir::new(file.join("out")).check().await.unwrap_err().kind(), ErrorKind::InvalidPath);
}

#[tokio::test]
async fn checking_leaves_no_file() {
    let folder = TestFolder::new();

    folder.destination.check().await.unwrap();
    folder.destination.check().await.unwrap();

    assert_eq!(fs::read_dir(folder.destination.path().join(".orgtap")).unwrap().count(), 0);
    assert_eq!(folder.destination.state("accounts", "Account").await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_part_fails_the_load_and_stays() {
    let folder = TestFolder::new();
    folder.load(&accounts(WriteMode::Replace), &["1,a\n"]).await.unwrap();
    fs::write(folder.table_path("Account").join("part-00000.csv"), "").unwrap();

    let error = folder.load(&accounts(WriteMode::Upsert), &["2,b\n"]).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(folder.part("part-00000.csv"), "");
}
