//! What a run leaves on the disk for the next one: whichever way it signs in, neither state nor journal holds a secret.

use std::fs;

use orgtap_emulator::{Action, CallKind, Fault};
use serde_json::json;

use super::{METHODS, Vault};
use crate::context::sql_of;

/// Has a load break off after its journal was written.
fn break_off(vault: &Vault, connection: &str, destination: &str) {
    vault.context.write(
        "orgtap.toml",
        &format!("{connection}{destination}[[rows]]\nobject = \"Account\"\nload = \"incremental\"\napi = \"bulk\"\n"),
    );
    vault.context.emulator().faults().add(Fault::always(CallKind::Results, Action::DailyLimit)).unwrap();
    assert_eq!(vault.run_as(&["run", "-q"]), Some(1));
    vault.context.emulator().faults().clear();
}

#[test]
fn neither_state_nor_journal_holds_a_secret() {
    let vault = Vault::new();
    for method in METHODS {
        let connection = vault.connection(method);

        break_off(&vault, &connection, "[destination]\nkind = \"sqlite\"\npath = \"t.db\"\n");
        let journal = sql_of(&vault.context.path("t.db"), "SELECT journal FROM _orgtap_journal_account");
        assert!(journal[0][0].contains("SELECT"), "{method}: {journal:?}");
        assert_eq!(vault.run_as(&["run", "-q"]), Some(0), "{method}");
        let state = sql_of(&vault.context.path("t.db"), "SELECT count(*) FROM _orgtap_state");
        assert_eq!(state, [["1"]], "{method}");

        break_off(&vault, &connection, "[destination]\nkind = \"csv\"\npath = \"out\"\n");
        let journal = vault.context.read("out/.orgtap/Account.new/table/.orgtap/load.json");
        assert!(journal.contains("SELECT"), "{method}: {journal}");
        assert_eq!(vault.run_as(&["run", "-q"]), Some(0), "{method}");
        assert!(vault.context.read("out/Account/.orgtap/state-Account.json").contains("watermark"), "{method}");

        fs::remove_file(vault.context.path("t.db")).unwrap();
        fs::remove_dir_all(vault.context.path("out")).unwrap();
    }
}

#[test]
fn what_the_component_leaves_for_the_next_run_holds_no_secret() {
    let mut vault = Vault::new();
    let settings = vault.settings.clone();
    vault.context.set("ORGTAP_LOGIN_URL", &settings.url);
    let methods = [
        json!({"login_method": "security_token", "username": settings.username, "#password": settings.password,
               "#security_token": settings.security_token}),
        json!({"login_method": "connected_app", "username": settings.username,
               "#password": format!("{}{}", settings.password, settings.security_token),
               "#consumer_key": settings.consumer_key, "#consumer_secret": settings.consumer_secret}),
        json!({"login_method": "connected_app_oauth_cc", "#consumer_key": settings.consumer_key,
               "#consumer_secret": settings.consumer_secret, "domain": "https://acme.my.salesforce.com"}),
    ];
    for method in methods {
        let mut parameters = json!({
            "query_type_selector": "Object", "object": "Account", "loading_options": {
                "incremental": 1, "incremental_fetch": true, "incremental_field": "SystemModstamp", "pkey": ["Id"]
            },
        });
        parameters.as_object_mut().unwrap().extend(method.as_object().unwrap().clone());
        // The configuration is the platform's, and holds the secrets; only what lies beside it is looked at.
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("config.json"), json!({ "parameters": parameters }).to_string()).unwrap();

        assert_eq!(vault.run_as(&["component", "--data-dir", &data.path().display().to_string()]), Some(0), "{method}");

        assert!(data.path().join("out/state.json").exists());
        vault.look_into(&data.path().join("out"));
    }
}
