//! Objects that Salesforce gives only by way of a filter.

use std::path::Path;

use orgtap_emulator::{CallKind, EmulatorOptions, Org};
use orgtap_engine::{Api, RowSpec};
use serde_json::json;

use crate::fixture::{Fixture, chain, fields, object, soql};
use crate::records::assert_same;

fn org(links: usize) -> Org {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, describe: serde_json::Value| {
        std::fs::write(folder.path().join(format!("{name}.json")), describe.to_string()).unwrap();
    };
    write(
        "ContentDocument",
        json!({"name": "ContentDocument", "label": "Document", "keyPrefix": "069", "fields": [
        {"name": "Id", "type": "id"}, {"name": "Title", "type": "string"}]}),
    );
    write(
        "ContentDocumentLink",
        json!({"name": "ContentDocumentLink", "label": "Link", "keyPrefix": "06A", "fields": [
        {"name": "Id", "type": "id"},
        {"name": "ContentDocumentId", "type": "reference", "referenceTo": ["ContentDocument"], "relationshipName": "ContentDocument"},
        {"name": "Visibility", "type": "string"}]}),
    );
    write(
        "Vote",
        json!({"name": "Vote", "label": "Vote", "keyPrefix": "083", "fields": [
        {"name": "Id", "type": "id"}, {"name": "ParentId", "type": "string"}]}),
    );
    let org = built(folder.path());
    for n in 0..links {
        let document = org.insert("ContentDocument", fields([("Title", format!("Nr. {n}").into())])).unwrap();
        for visibility in ["AllUsers", "InternalUsers"].into_iter().take(n % 3) {
            let values = fields([("ContentDocumentId", document.into()), ("Visibility", visibility.into())]);
            org.insert("ContentDocumentLink", values).unwrap();
        }
    }
    org
}

fn built(folder: &Path) -> Org {
    let mut builder = Org::builder();
    let report = builder.import(folder).unwrap();
    assert!(report.skipped.is_empty(), "{report:?}");
    builder.build()
}

#[tokio::test]
async fn links_of_documents_are_read_for_some_documents_at_a_time() {
    let fixture = Fixture::of(org(450)).await;

    for api in [Api::Auto, Api::BulkFirst, Api::Rest] {
        let report = fixture.run_row(&RowSpec { api, ..object("ContentDocumentLink") }).await;

        assert_eq!(report.outcome.unwrap().records, 450, "{api:?}");
        assert!(report.notes.iter().any(|note| note.contains("450 documents, 200 at a time")), "{:?}", report.notes);
        assert_same(&fixture.table("ContentDocumentLink"), &fixture.live("ContentDocumentLink"));
    }
}

#[tokio::test]
async fn a_condition_of_the_query_holds_for_every_part_of_it() {
    let fixture = Fixture::of(org(30)).await;
    let query = "SELECT Id, Visibility FROM ContentDocumentLink WHERE Visibility = 'AllUsers' OR Visibility = 'x'";

    let loaded = fixture.load(&soql(query)).await;

    assert_eq!(loaded.records, 20);
}

#[tokio::test]
async fn without_documents_there_are_no_links() {
    let fixture = Fixture::of(org(0)).await;

    assert_eq!(fixture.load(&object("ContentDocumentLink")).await.records, 0);
}

#[tokio::test]
async fn what_cannot_be_read_so_is_an_error_that_names_the_filter() {
    let fixture = Fixture::of(org(30)).await;
    let cases = [
        (object("Vote"), "ParentId = [single ID]"),
        (soql("SELECT Id FROM ContentDocumentLink ORDER BY Id LIMIT 3"), "requires a filter by a single Id"),
        (RowSpec { api: Api::Bulk, ..object("ContentDocumentLink") }, "requires a filter by a single Id"),
    ];

    for (row, filter) in cases {
        let error = fixture.fail(&row).await;

        assert!(chain(&error).contains(filter), "{}", chain(&error));
        assert!(error.hint().unwrap().contains("WHERE"));
        assert!(error.is_user_error());
    }
    assert_eq!(fixture.emulator.calls(CallKind::Results), 0);
}

#[tokio::test]
async fn a_user_who_may_query_all_files_needs_no_filter() {
    let options = EmulatorOptions { query_all_files: true, ..EmulatorOptions::default() };
    let mut fixture = Fixture::with(org(450), options).await;

    for api in [Api::Bulk, Api::Rest] {
        let report = fixture.run_row(&RowSpec { api, ..object("ContentDocumentLink") }).await;

        assert_eq!((report.outcome.unwrap().records, report.notes), (450, Vec::<String>::new()), "{api:?}");
    }
    assert_eq!(fixture.emulator.calls(CallKind::JobCreate), 1);
    // The permission counts from API 59.0 on.
    fixture.api_version = "58.0".parse().unwrap();
    let report = fixture.run_row(&RowSpec { api: Api::Rest, ..object("ContentDocumentLink") }).await;
    assert!(report.notes.iter().any(|note| note.contains("200 at a time")), "{:?}", report.notes);
}
