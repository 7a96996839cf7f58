//! An org written to files and read back.

use orgtap_emulator::{Emulator, EmulatorOptions, Org};
use serde_json::Value as Json;

use crate::client::{Fixture, START, small_org};

async fn records(org: Org, object: &str) -> Json {
    let emulator = Emulator::start(org, EmulatorOptions::default()).await.unwrap();
    let settings = emulator.settings();
    let fixture = Fixture { emulator, settings };
    fixture.get(&format!("/__emulator/records/{object}")).await.json()
}

/// Returns the records without the values whose type a CSV does not tell.
fn comparable(document: &Json) -> Vec<Json> {
    let types = document["fields"].as_object().unwrap();
    let mut records = document["records"].as_array().unwrap().clone();
    for record in records.iter_mut().filter_map(Json::as_object_mut) {
        record.retain(|field, _| types[field] != "anyType");
    }
    records
}

#[tokio::test]
async fn an_exported_org_is_read_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let org = small_org();

    let written = org.export(folder.path()).unwrap();
    let mut builder = Org::builder().starts_at(START.parse().unwrap());
    let report = builder.import(folder.path()).unwrap();
    let copy = builder.build();

    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    assert!(written > 2_900, "{written}");
    for object in org.objects() {
        let (was, is) = (records(org.clone(), &object.name).await, records(copy.clone(), &object.name).await);
        assert_eq!(was["fields"], is["fields"], "{}", object.name);
        let (was, is) = (comparable(&was), comparable(&is));
        assert_eq!(was.len(), is.len(), "{}", object.name);
        was.iter().zip(&is).for_each(|(was, is)| assert_eq!(was, is, "{}", object.name));
    }
}
