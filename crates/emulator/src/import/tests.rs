//! Orgs filled from files, seen through what the org answers then.

use std::fs;
use std::path::{Path, PathBuf};

use super::{ImportReport, csv, decode};
use crate::object::FieldKind;
use crate::org::{Org, OrgBuilder};
use crate::select::Scope;

/// Writes files into a folder of their own and imports it.
fn import(builder: OrgBuilder, files: &[(&str, &str)]) -> (Org, ImportReport) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    import_path(builder, folder.path())
}

fn import_path(mut builder: OrgBuilder, path: &Path) -> (Org, ImportReport) {
    let report = builder.import(path).unwrap();
    (builder.build(), report)
}

fn rows(org: &Org, soql: &str) -> Vec<Vec<String>> {
    let selection = org.select(soql, Scope::All).unwrap_or_else(|error| panic!("{soql}: {error}"));
    let kinds: Vec<FieldKind> = selection.columns().iter().map(|column| column.kind).collect();
    let text =
        |row: Vec<crate::Value>| row.iter().zip(&kinds).map(|(value, kind)| value.csv(*kind).into_owned()).collect();
    selection.page(0, u64::MAX).map(text).collect()
}

/// Returns the notes as `file record field: message`.
fn notes(report: &ImportReport) -> Vec<String> {
    let note = |note: &super::Note| {
        let name = note.path.file_name().unwrap().to_string_lossy().into_owned();
        let record = note.record.map(|record| format!(" {record}")).unwrap_or_default();
        let field = note.field.as_ref().map(|field| format!(" {field}")).unwrap_or_default();
        format!("{name}{record}{field}: {}", note.message)
    };
    report.notes.iter().map(note).collect()
}

#[test]
fn values_of_an_object_that_nothing_describes_come_back_to_the_byte() {
    let csv = "Name,Odd Name!,Note\r\n\" lead\",\"a,\"\"b\"\"\",\"x\r\ny\rz\"\r\nNA,null,😀\r\n";
    let (org, report) = import(Org::builder(), &[("Gadget__c.csv", csv)]);

    assert_eq!(
        rows(&org, "SELECT Name, Odd_Name__c, Note FROM Gadget__c"),
        [[" lead", "a,\"b\"", "x\r\ny\rz"], ["NA", "null", "😀"]]
    );
    assert_eq!(notes(&report), ["Gadget__c.csv Odd Name!: the column is called `Odd_Name__c`"]);
    let object = org.object("Gadget__c").unwrap();
    assert_eq!(object.field("Odd_Name__c").unwrap().label, "Odd Name!");
    assert_eq!(object.describe["fields"][0].as_object().unwrap().len(), 57);
}

#[test]
fn long_values_make_a_long_text_area() {
    let long = "ž".repeat(300);
    let (org, _) = import(Org::builder(), &[("Gadget__c.csv", &format!("A,B\n{long},x\n"))]);
    let object = org.object("Gadget__c").unwrap();

    assert_eq!(object.field("A").unwrap().kind, FieldKind::TextArea);
    assert_eq!(object.field("B").unwrap().kind, FieldKind::String);
    assert_eq!(rows(&org, "SELECT A FROM Gadget__c"), [[long]]);
}

#[test]
fn a_file_is_named_after_its_object_in_any_case_and_number() {
    let describe = r#"{"name":"Gizmo__c","fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"}]}"#;
    let files = [
        ("describe.json", describe),
        ("gizmo__C.csv", "Name\na\n"),
        ("Accounts.csv", "Name\nb\n"),
        ("Opportunities.csv", "Name\nc\n"),
        ("20 k-rows.csv", "A\nd\n"),
    ];
    let (org, _) = import(Org::builder(), &files);
    let names: Vec<String> = org.objects().iter().map(|object| object.name.clone()).collect();

    assert_eq!(names, ["Account", "Gizmo__c", "Opportunity", "Organization", "X20_k_rows"]);
    assert_eq!(rows(&org, "SELECT Name FROM Gizmo__c"), [["a"]]);
}

#[test]
fn ids_are_kept_where_they_are_ids_and_references_follow_where_they_are_not() {
    let describe = r#"[{"name":"Account","keyPrefix":"001","fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"}]},
        {"name":"Contact","keyPrefix":"003","fields":[{"name":"Id","type":"id"},
            {"name":"AccountId","type":"reference","referenceTo":["Account"],"relationshipName":"Account"}]}]"#;
    let files = [
        ("d.json", describe),
        (
            "Account.csv",
            "Id,Name\n0015f000000000AAAQ,kept\n2,numbered\n0035f000000000AAAQ,foreign\n0015f000000000AAAQ,again\n",
        ),
        ("Contact.csv", "Id,AccountId\nc1,2\nc2,0015f000000000A\nc3,99\n"),
    ];
    let (org, report) = import(Org::builder(), &files);

    assert_eq!(
        rows(&org, "SELECT Name, ExternalId__c FROM Account ORDER BY Name"),
        [["again", "0015f000000000AAAQ"], ["foreign", "0035f000000000AAAQ"], ["kept", ""], ["numbered", "2"]]
    );
    assert_eq!(
        rows(&org, "SELECT ExternalId__c, Account.Name FROM Contact"),
        [["c1", "numbered"], ["c2", "kept"], ["c3", ""]]
    );
    assert_eq!(
        notes(&report),
        [
            "Account.csv 4 Id: another record has this id: given a new one",
            "Contact.csv 3 AccountId: it refers to no record of Account: kept as text",
        ]
    );
    assert_eq!(rows(&org, "SELECT Id FROM Account WHERE Name = 'kept'"), [["0015f000000000AAAQ"]]);
}

#[test]
fn values_that_do_not_fit_their_type_are_named() {
    let describe = r#"{"name":"Gizmo__c","fields":[{"name":"Id","type":"id"},{"name":"Day__c","type":"date"},
        {"name":"Ok__c","type":"boolean"},{"name":"Num__c","type":"double"}]}"#;
    let csv = "Day__c,Ok__c,Num__c,New\n2024-02-29,,1.23456789012E11,x\n30/12/2024,yes,many,y\n2024-01-01\n";
    let (org, report) = import(Org::builder(), &[("a.json", describe), ("Gizmo__c.csv", csv)]);

    assert_eq!(
        rows(&org, "SELECT Day__c, Ok__c, Num__c, New FROM Gizmo__c"),
        [["2024-02-29", "false", "1.23456789012E11", "x"], ["", "true", "", "y"], ["2024-01-01", "false", "", ""]]
    );
    assert_eq!(
        notes(&report),
        [
            "Gizmo__c.csv 2 Day__c: `30/12/2024` is not a value of type date: left empty",
            "Gizmo__c.csv 2 Num__c: `many` is not a value of type double: left empty",
            "Gizmo__c.csv 3: it has 1 values for 4 columns",
        ]
    );
}

#[test]
fn every_record_has_the_stamps_that_real_ones_have() {
    let csv = "Name,LastModifiedDate\nold,2020-01-01T00:00:00.000Z\nundated,\nnewest,2030-01-01T00:00:30.000Z\n";
    let (org, _) = import(Org::builder(), &[("Account.csv", csv)]);

    assert_eq!(org.now(), "2030-01-01T00:01:30Z".parse().unwrap());
    assert_eq!(
        rows(&org, "SELECT SystemModstamp, CreatedDate, IsDeleted FROM Account WHERE Name = 'old'"),
        [["2020-01-01T00:00:00.000Z", "2029-12-31T00:01:30.000Z", "false"]]
    );
    assert_eq!(
        rows(&org, "SELECT Id FROM Account WHERE SystemModstamp > 2030-01-01T00:01:30Z"),
        Vec::<Vec<String>>::new()
    );
}

#[test]
fn trees_link_their_records_by_name_and_by_nesting() {
    let plan = r#"[{"sobject":"Account","saveRefs":true,"files":["a.json"]},{"sobject":"Gear__c","resolveRefs":true,"files":[{"file":"g.json","resolveRefs":true},{"file":"none.json"}]}]"#;
    let accounts = r#"{"records":[{"attributes":{"type":"Account","referenceId":"A1"},"Name":"Parent","Rank__c":2,
        "Contacts":{"records":[{"attributes":{"type":"Contact","referenceId":"C1"},"LastName":"Child"}]}}]}"#;
    let gears = r#"{"records":[{"attributes":{"type":"Gear__c","referenceId":"G1"},"Owner_Account__c":"@A1","On__c":true,"Who":{"Name":"x"}},
        {"attributes":{"type":"Gear__c"},"Owner_Account__c":"@A9","Next__c":"@G1","On__c":false}]}"#;
    let (org, report) = import(Org::builder(), &[("plan.json", plan), ("a.json", accounts), ("g.json", gears)]);

    assert_eq!(rows(&org, "SELECT LastName, Account.Name, Account.Rank__c FROM Contact"), [["Child", "Parent", "2.0"]]);
    assert_eq!(
        rows(&org, "SELECT Owner_Account__r.Name, Next__r.On__c, On__c FROM Gear__c"),
        [["Parent", "", "true"], ["", "true", "false"]]
    );
    assert_eq!(
        notes(&report),
        [
            "plan.json: the plan names `none.json`, which is not there",
            "g.json 1 Who: a parent given by its fields is left out",
            "g.json 2 Owner_Account__c: no record of these files is called `@A9`: left empty",
        ]
    );
}

#[test]
fn files_that_are_of_no_use_are_skipped_with_the_reason() {
    let files = [
        ("limits.json", r#"{"DailyApiRequests":{"Max":1,"Remaining":1}}"#),
        ("broken.json", "{"),
        ("other.json", r#"{"a":1}"#),
        ("nameless.json", r#"{"name":"A","fields":[{"type":"id"}]}"#),
        ("readme.txt", "x"),
        ("empty.csv", ""),
        ("bad.csv", "\u{feff}"),
        (".hidden.csv", "a\n1\n"),
    ];
    let (org, report) = import(Org::builder(), &files);
    let skipped: Vec<String> = report
        .skipped
        .iter()
        .map(|(path, reason)| format!("{}: {reason}", path.file_name().unwrap().to_string_lossy()))
        .collect();

    assert_eq!(
        skipped,
        [
            "broken.json: it is not JSON: EOF while parsing an object at line 1 column 1",
            "other.json: it is JSON, but no describe, record tree or plan",
            "readme.txt: it is neither JSON nor CSV",
            "limits.json: it holds limits, which the emulator keeps itself",
            "nameless.json: could not read the describe: a field has no `name`",
            "bad.csv: it is empty",
            "empty.csv: it is empty",
        ]
    );
    assert!(org.objects().is_empty() && report.loaded.is_empty());
}

#[test]
fn a_missing_path_is_an_error_with_its_name() {
    let error = Org::builder().import(Path::new("no/such/folder")).unwrap_err();

    assert_eq!(error.to_string(), "could not read `no/such/folder`");
    assert!(std::error::Error::source(&error).is_some() && error.hint().is_some());
}

#[test]
fn what_a_describe_leaves_out_comes_from_describe_global() {
    let global = r#"{"encoding":"UTF-8","sobjects":[{"name":"Gizmo__c","keyPrefix":"a7z","label":"Gizmo!","replicateable":false}]}"#;
    let reduced = r#"{"name":"Gizmo__c","fields":[{"name":"Id","type":"id"}]}"#;
    let (org, _) = import(Org::builder(), &[("a.json", reduced), ("b.json", global)]);
    let object = org.object("Gizmo__c").unwrap();

    assert_eq!(
        (object.key_prefix.as_deref(), object.label.as_str(), object.replicateable),
        (Some("a7z"), "Gizmo!", false)
    );
}

#[test]
fn two_objects_never_share_a_key_prefix() {
    let describe =
        |name: &str| format!(r#"{{"name":"{name}","keyPrefix":"a01","fields":[{{"name":"Id","type":"id"}}]}}"#);
    let (org, _) = import(Org::builder(), &[("a.json", &describe("One__c")), ("b.json", &describe("Two__c"))]);
    let prefix = |name: &str| org.object(name).unwrap().key_prefix.clone().unwrap();

    assert_eq!(prefix("One__c"), "a01");
    assert_ne!(prefix("Two__c"), "a01");
}

#[test]
fn imports_add_to_the_demo() {
    let csv = "Name,AnnualRevenue,Colour\nImported,5,red\n";
    let (org, report) = import(Org::builder().demo(100), &[("Accounts.csv", csv)]);

    assert_eq!(rows(&org, "SELECT AnnualRevenue, Colour FROM Account WHERE Name = 'Imported'"), [["5.0", "red"]]);
    assert_eq!(
        rows(&org, "SELECT Id FROM Account WHERE Colour = null").len() + 1,
        rows(&org, "SELECT Id FROM Account").len()
    );
    assert_eq!(report.loaded[0].objects, ["Account"]);
}

/// Returns the folder of shared test data, if it is there.
#[expect(clippy::disallowed_methods, reason = "a test has no environment module to take it from")]
fn shared() -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ORGTAP_SHARED").map_or(beside_the_repository, PathBuf::from);
    if folder.join("data").is_dir() {
        return Some(folder);
    }
    println!("skipped: no shared test data at `{}`", folder.display());
    None
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

#[test]
fn every_real_describe_becomes_an_object_with_all_its_fields() {
    let Some(shared) = shared() else { return };
    for folder in ["data/describe", "data/describe_reduced"] {
        let (org, report) = import_path(Org::builder(), &shared.join(folder));
        for (path, reason) in &report.skipped {
            assert!(reason.contains("limits") && path.to_string_lossy().contains("_limits"), "{path:?}: {reason}");
        }
        for object in org.objects() {
            for field in object.describe["fields"].as_array().unwrap() {
                let keys = field.as_object().unwrap().len();
                assert!(keys >= 57, "{}.{}: {keys} keys", object.name, field["name"]);
            }
            if object.queryable {
                let names: Vec<&str> = object.fields.iter().map(|field| field.name.as_str()).collect();
                org.select(&format!("SELECT {} FROM {}", names.join(", "), object.name), Scope::All).unwrap();
            }
        }
    }
}

#[test]
fn every_real_table_gives_its_values_back() {
    let Some(shared) = shared() else { return };
    let mut folders: Vec<PathBuf> =
        ["cci", "csv"].iter().flat_map(|kind| folders(&shared.join("data/records").join(kind))).collect();
    folders.push(shared.join("data/records/csv/dataloader-samples/data"));
    for folder in folders {
        for file in super::files(&folder).unwrap() {
            // One file at a time: several of a folder may be versions of the same object.
            let (org, report) = import_path(Org::builder(), &file);
            let Some(loaded) = report.loaded.first() else {
                assert!(!report.skipped.is_empty(), "{file:?}");
                continue;
            };
            let bytes = fs::read(&file).unwrap();
            let text = decode::decode(&bytes).unwrap().text;
            let mut records = csv::records(&text, csv::delimiter(&text));
            let header = records.next().unwrap();
            let object = org.object(&loaded.objects[0]).unwrap();
            let field = |name: &str| {
                object.fields.iter().find(|field| field.label == name || field.name.eq_ignore_ascii_case(name))
            };
            let columns: Vec<usize> =
                (0..header.len()).filter(|at| field(&header[*at]).is_some_and(|f| f.kind.is_text())).collect();
            let names: Vec<&str> = columns.iter().map(|at| field(&header[*at]).unwrap().name.as_str()).collect();
            if names.is_empty() {
                continue;
            }
            let mut expected: Vec<Vec<String>> = records
                .map(|row| columns.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect())
                .collect();
            let mut found = rows(&org, &format!("SELECT {} FROM {}", names.join(", "), object.name));
            expected.sort();
            found.sort();
            assert!(found == expected, "{file:?}");
        }
    }
}

#[test]
fn every_real_tree_loads_or_says_why_not() {
    let Some(shared) = shared() else { return };
    for folder in folders(&shared.join("data/records/tree")) {
        let (org, report) = import_path(Org::builder(), &folder);
        let records: u64 = report.loaded.iter().map(|file| file.records).sum();
        let stored: u64 = org.objects().iter().map(|object| org.record_count(&object.name).unwrap()).sum();

        // The org's record of itself comes on top.
        assert_eq!(records + 1, stored, "{folder:?}");
        assert!(report.skipped.is_empty(), "{:?}", report.skipped);
        for note in &report.notes {
            let missing =
                note.path.to_string_lossy().contains("missing") && note.record.is_some() && note.field.is_some();
            let harmless =
                ["which is not there", "given by its fields", "is called"].iter().any(|m| note.message.contains(m));
            assert!(missing || harmless, "{note:?}");
        }
    }
}

#[test]
fn the_recorded_org_comes_back_as_it_was_dumped() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("keboola/org");
    let builder = Org::builder().starts_at("2024-06-15T12:00:00Z".parse().unwrap());
    let (org, report) = import_path(builder, &folder);

    assert_eq!((&report.skipped, notes(&report)), (&vec![], vec![]));
    for file in super::files(&folder.join("records")).unwrap() {
        let text = fs::read_to_string(&file).unwrap();
        let mut records = csv::records(&text, b',');
        let header = records.next().unwrap();
        let object = file.file_stem().unwrap().to_string_lossy().into_owned();

        let found = rows(&org, &format!("SELECT {} FROM {object}", header.join(", ")));

        assert_eq!(found, records.collect::<Vec<_>>(), "{object}");
    }
}
