//! Where the log goes, and where the data folder is.

use std::io::Read;
use std::net::TcpListener;

use serde_json::{Value, json};

use super::site::Site;

#[test]
fn with_a_gelf_logger_nothing_is_printed_but_the_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut site = Site::demo().object("Account");
    site.set("fields", json!(["Id", "Nope__c"]));
    site.context.set("KBC_LOGGER_ADDR", "127.0.0.1");
    site.context.set("KBC_LOGGER_PORT", &port);
    let messages = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut bytes).unwrap();
        bytes
    });

    let ran = site.run().exits(1);

    let bytes = messages.join().unwrap();
    let messages: Vec<Value> = bytes
        .split(|byte| *byte == 0)
        .filter(|document| !document.is_empty())
        .map(|document| serde_json::from_slice(document).unwrap())
        .collect();
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 1);
    assert!(messages.iter().any(|message| message["level"] == 6 && message["version"] == "1.1"), "{messages:?}");
    let last = messages.last().unwrap();
    assert_eq!(last["level"], 3);
    assert_eq!(last["short_message"], ran.stderr.trim_end());
}

#[test]
fn a_gelf_logger_that_cannot_be_reached_is_a_warning() {
    let mut site = Site::demo().object("Account");
    site.set("fields", json!(["Id"]));
    site.context.set("KBC_LOGGER_ADDR", "127.0.0.1");
    site.context.set("KBC_LOGGER_PORT", "port");

    let ran = site.run().succeeds();

    assert!(ran.stdout.contains("WARNING: could not log to 127.0.0.1:port: the port is no number"), "{}", ran.stdout);
}

#[test]
fn the_log_tells_the_query_and_the_records() {
    let mut site = Site::demo().object("Account");
    site.set("fields", json!(["Id"]));

    let ran = site.run().succeeds();

    assert!(ran.stdout.contains("SELECT Id FROM Account WHERE IsDeleted = FALSE"), "{}", ran.stdout);
    assert!(ran.stdout.contains("to table `Account`"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("\u{1b}"), "no colours");
}

#[test]
fn the_data_folder_comes_from_the_environment_where_no_argument_names_it() {
    let mut site = Site::demo().object("Account");
    site.set("fields", json!(["Id"]));
    let data = site.context.path("data").display().to_string();
    site.context.set("KBC_DATADIR", &data);
    std::fs::create_dir(&data).unwrap();
    site.context.write("data/config.json", &site.config.to_string());

    site.context.orgtap(&["component"]).succeeds();

    assert!(site.outputs().contains(&"state.json".to_owned()));
}

#[test]
fn on_the_platform_the_project_decides_the_form_of_the_manifest() {
    let cases = [
        (&[][..], true),
        (&[("KBC_STACKID", "x")][..], false),
        (&[("KBC_STACKID", "x"), ("KBC_DATA_TYPE_SUPPORT", "none")][..], false),
        (&[("KBC_STACKID", "x"), ("KBC_DATA_TYPE_SUPPORT", "hints")][..], true),
        (&[("KBC_STACKID", "x"), ("KBC_DATA_TYPE_SUPPORT", "authoritative")][..], true),
        (&[("KBC_DATA_TYPE_SUPPORT", "none")][..], true),
    ];
    for (variables, has_schema) in cases {
        let mut site = Site::demo().object("Account");
        site.set("fields", json!(["Id"]));
        variables.iter().for_each(|(name, value)| site.context.set(name, value));

        site.run().succeeds();
        assert_eq!(site.manifest("Account").get("schema").is_some(), has_schema, "{variables:?}");

        site.config["storage"] =
            json!({ "output": { "data_type_support": if has_schema { "none" } else { "hints" } } });
        site.run().succeeds();
        assert_eq!(
            site.manifest("Account").get("schema").is_some(),
            !has_schema,
            "{variables:?}, the configuration decides"
        );
    }
}
