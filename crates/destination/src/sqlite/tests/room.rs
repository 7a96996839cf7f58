//! Files that are full, and batches of several loads in one transaction.

use super::*;

#[tokio::test]
async fn a_full_disk_fails_the_load_and_nothing_else() {
    let options = SqliteOptions { max_file_bytes: Some(200_000), ..SqliteOptions::default() };
    let file = TestFile::with_options(options);
    file.load(&accounts(WriteMode::Replace), &[&["1", "old"]]).await.unwrap();
    let long = "x".repeat(300_000);

    let error = file.load(&accounts(WriteMode::Replace), &[&["1", &long]]).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NoSpace);
    assert!(error.is_user_error() && error.hint().is_some());
    assert_eq!(file.texts("SELECT Value FROM Account"), ["old"]);
    file.load(&accounts(WriteMode::Replace), &[&["1", "new"]]).await.unwrap();
    assert_eq!(file.texts("SELECT Value FROM Account"), ["new"]);
}

#[tokio::test]
async fn a_batch_that_finds_no_room_takes_no_other_loads_batch_with_it() {
    let options = SqliteOptions { max_file_bytes: Some(400_000), ..SqliteOptions::default() };
    let file = TestFile::with_options(options);
    let contacts = TableSpec { name: "Contact".to_owned(), ..accounts(WriteMode::Replace) };
    let small = file.sqlite.begin(&contacts).await.unwrap();
    let large = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
    let mut small_part = small.open_part(PartId(0)).await.unwrap();
    let mut large_part = large.open_part(PartId(0)).await.unwrap();

    small_part.write(batch(&[&["1", "a"]])).await.unwrap();
    large_part.write(batch(&[&["1", "b"], &["2", &"x".repeat(500_000)]])).await.unwrap();
    small_part.write(batch(&[&["2", "c"]])).await.unwrap();
    let part = small_part.finish().await.unwrap();

    assert_eq!(large_part.finish().await.unwrap_err().kind(), ErrorKind::NoSpace);
    small.commit(vec![part], "{}").await.unwrap();
    assert_eq!(file.texts("SELECT concat(Id, Value) FROM Contact ORDER BY Id"), ["1a", "2c"]);
}

#[tokio::test]
async fn a_part_can_be_opened_again_after_a_batch_that_found_no_room() {
    let options = SqliteOptions { max_file_bytes: Some(400_000), ..SqliteOptions::default() };
    let file = TestFile::with_options(options);
    let load = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
    let mut part = load.open_part(PartId(0)).await.unwrap();
    part.write(batch(&[&["1", "a"]])).await.unwrap();
    part.write(batch(&[&["2", &"x".repeat(500_000)]])).await.unwrap();
    assert_eq!(part.finish().await.unwrap_err().kind(), ErrorKind::NoSpace);

    let mut again = load.open_part(PartId(0)).await.unwrap();
    again.write(batch(&[&["3", "c"]])).await.unwrap();
    let again = again.finish().await.unwrap();
    load.commit(vec![again], "{}").await.unwrap();

    assert_eq!(file.texts("SELECT Id FROM Account"), ["3"]);
}

#[tokio::test]
async fn a_batch_that_is_larger_than_all_that_may_wait_is_written() {
    let file = TestFile::new();
    let long = "x".repeat(20_000_000);

    file.load(&accounts(WriteMode::Replace), &[&["1", &long], &["2", "b"]]).await.unwrap();

    assert_eq!(file.texts("SELECT length(Value) FROM Account ORDER BY Id"), ["20000000", "1"]);
}

#[tokio::test]
async fn other_programs_can_write_while_a_part_waits_for_its_next_batch() {
    let file = TestFile::new();
    file.load(&accounts(WriteMode::Replace), &[&["1", "old"]]).await.unwrap();
    let load = file.sqlite.begin(&accounts(WriteMode::Replace)).await.unwrap();
    let mut part = load.open_part(PartId(0)).await.unwrap();

    part.write(batch(&[&["1", "new"]])).await.unwrap();
    file.execute("CREATE TABLE mine (x)");
    part.write(batch(&[&["2", "new"]])).await.unwrap();
    let part = part.finish().await.unwrap();
    load.commit(vec![part], "{}").await.unwrap();

    assert_eq!(file.texts("SELECT concat(Id, Value) FROM Account ORDER BY Id"), ["1new", "2new"]);
}
