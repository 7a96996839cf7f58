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
        let pairs = was["records"].as_array().unwrap().iter().zip(is["records"].as_array().unwrap());
        pairs.for_each(|(was, is)| assert_eq!(was, is, "{}", object.name));
        assert_eq!(was["records"].as_array().unwrap().len(), is["records"].as_array().unwrap().len());
    }
}
