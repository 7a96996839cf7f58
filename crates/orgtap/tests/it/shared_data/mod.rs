//! The round trip of data that others made: through the emulator into SQLite and CSV, and the same records come back.
//!
//! What must come back is read from the source files by this test itself ([`source`]), not by the emulator's import.

mod bent;
mod record_set;
mod source;
mod table;
mod truth;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use record_set::{Destination, RecordSet};
use truth::{Column, Kind, Truth};

/// Returns the folder of shared data, if it is there.
#[expect(clippy::disallowed_methods, reason = "a test has no environment module to take it from")]
#[expect(clippy::print_stdout, reason = "who runs the tests has to see that some were skipped")]
fn shared() -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ORGTAP_SHARED").map_or(beside_the_repository, PathBuf::from);
    if folder.join("data/records").is_dir() {
        return Some(folder);
    }
    let required = std::env::var("ORGTAP_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name == "shared"), "no shared data at `{}`", folder.display());
    println!("skipped: no shared data at `{}`", folder.display());
    None
}

/// Runs a test for every record set of a kind.
fn every_set(kind: &str, test: fn(&Path, &Path)) {
    let Some(shared) = shared() else { return };
    let mut sets: Vec<PathBuf> =
        fs::read_dir(shared.join("data/records").join(kind)).unwrap().map(|entry| entry.unwrap().path()).collect();
    sets.sort();
    assert!(!sets.is_empty());
    sets.iter().for_each(|set| test(&shared, set));
}

/// Every value is text, as no describe says otherwise.
fn comes_back_to_the_byte(_: &Path, folder: &Path) {
    let set = RecordSet::import(folder, &[]);
    set.comes_back_as(&Truth::of(&set, &BTreeMap::new()));
}

/// The objects of the set that real describes know are typed as there.
fn comes_back_as_described(shared: &Path, folder: &Path) {
    let known = |object: &str| Some(shared.join(format!("data/describe/{object}.json"))).filter(|path| path.is_file());
    let plain = RecordSet::import(folder, &[]);
    let objects = plain.org.objects();
    let describes: Vec<PathBuf> = objects.iter().filter_map(|object| known(&object.name)).collect();
    if describes.is_empty() {
        return;
    }
    let set = RecordSet::import(folder, &describes);
    set.comes_back_as(&Truth::of(&set, &describes.iter().map(|path| described(path)).collect()));
}

/// Reads a describe, and whose it is.
fn described(file: &Path) -> (String, Json) {
    let describe: Json = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    (describe["name"].as_str().unwrap().to_owned(), describe)
}

#[test]
fn trees_come_back_to_the_byte() {
    every_set("tree", comes_back_to_the_byte);
}

#[test]
fn cumulus_tables_come_back_to_the_byte() {
    every_set("cci", comes_back_to_the_byte);
}

#[test]
fn csv_files_come_back_to_the_byte() {
    every_set("csv", comes_back_to_the_byte);
}

#[test]
fn trees_come_back_as_described() {
    every_set("tree", comes_back_as_described);
}

#[test]
fn cumulus_tables_come_back_as_described() {
    every_set("cci", comes_back_as_described);
}

#[test]
fn the_recorded_org_comes_back_as_it_was_dumped() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("keboola/org");
    let set = RecordSet::import(&folder, &[]);
    let dumps = source::files(&folder.join("records"));
    let mut compared = 0;

    set.load(|loaded| {
        let Some(dump) = dumps.iter().find(|dump| dump.file_stem().unwrap() == &*loaded.object) else { return };
        let header = source::csv(&fs::read_to_string(dump).unwrap(), ',').swap_remove(0);
        let (_, describe) = described(&folder.join(format!("describe/{}.json", loaded.object)));
        assert_eq!(loaded.table.columns(), header, "{}", loaded.object);
        let columns = header.into_iter().map(|name| dumped_column(name, &describe, loaded.destination));
        let (columns, records) = (columns.collect(), source::csv_records(dump));
        loaded.holds(&Truth { object: loaded.object.clone(), records, columns });
        compared += 1;
    });

    assert_eq!(compared, 4 * dumps.len(), "two destinations, two scopes");
}

/// Returns how a column of a dump compares. CSV has every value as the API wrote it; SQLite stores numbers and truth
/// values as such.
fn dumped_column(name: String, describe: &Json, destination: Destination) -> Column {
    let field = describe["fields"].as_array().unwrap().iter().find(|field| field["name"] == *name).unwrap();
    let kind = match Kind::of_type(field["type"].as_str().unwrap()).unwrap() {
        kind @ (Kind::Number | Kind::Flag) if destination == Destination::Sqlite => kind,
        _ => Kind::Text,
    };
    Column { source: name.to_lowercase(), name, kind }
}

#[test]
fn every_value_that_is_easily_bent_comes_back_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let texts = bent::texts();
    let lines = texts.iter().map(|text| format!("\"{0}\",plain,\"{0}\"\r\n", text.replace('"', "\"\"")));
    let csv = std::iter::once("First__c,Middle__c,Last__c\r\n".to_owned()).chain(lines).collect::<String>();
    let nodes = texts.iter().zip(0..).map(|(text, number)| {
        let attributes = json!({"type": "Bent_Tree__c", "referenceId": format!("r{number}")});
        json!({"attributes": attributes, "First__c": text, "Last__c": text})
    });
    let tree = json!({"records": nodes.collect::<Vec<_>>()});
    fs::write(folder.path().join("Bent__c.csv"), csv).unwrap();
    fs::write(folder.path().join("tree.json"), tree.to_string()).unwrap();

    let set = RecordSet::import(folder.path(), &[]);
    let truth = Truth::of(&set, &BTreeMap::new());

    let counts: Vec<usize> = truth.iter().map(|truth| truth.records.len()).collect();
    assert_eq!(counts, [texts.len(); 2]);
    set.comes_back_as(&truth);
}
