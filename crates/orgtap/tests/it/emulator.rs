//! The org that is served for others.

use crate::context::TestContext;

#[test]
fn the_emulator_tells_scripts_how_to_reach_it_until_a_signal_comes() {
    let context = TestContext::new();
    let mut emulator = context.start(&["emulator", "--records", "100", "--json"]);
    let settings: serde_json::Value = serde_json::from_str(&emulator.first_line()).unwrap();
    let text = |key: &str| settings[key].as_str().unwrap().to_owned();
    context.write(
        "orgtap.toml",
        &format!(
            "[connection]\nlogin_method = \"access_token\"\naccess_token = \"{}\"\ninstance_url = \"{}\"\n",
            text("access_token"),
            text("url")
        ),
    );

    let ran = context.orgtap(&["query", "--format", "csv", "SELECT COUNT() FROM Account"]).succeeds();
    emulator.signal("INT");

    assert!(ran.stdout.starts_with("\"count\"\n"), "{}", ran.stdout);
    for key in ["username", "password", "security_token", "consumer_key", "consumer_secret", "domain"] {
        assert!(settings[key].is_string(), "{key} is missing");
    }
    assert!(settings["ca_file"].is_null());
    emulator.end().exits(0);
}

#[test]
fn the_emulator_serves_https_with_a_certificate_that_can_be_trusted() {
    let context = TestContext::new();
    let mut emulator = context.start(&["emulator", "--records", "100", "--tls", "--json"]);
    let settings: serde_json::Value = serde_json::from_str(&emulator.first_line()).unwrap();
    let text = |key: &str| settings[key].as_str().unwrap().to_owned();
    let connection = format!(
        "[connection]\nlogin_method = \"access_token\"\naccess_token = \"{}\"\ninstance_url = \"{}\"\n",
        text("access_token"),
        text("url")
    );

    context.write("orgtap.toml", &connection);
    let refused = context.orgtap(&["objects"]);
    context.write("orgtap.toml", &format!("{connection}ca_file = \"{}\"\n", text("ca_file")));
    let accepted = context.orgtap(&["objects"]);

    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("`ca_file`"), "{}", refused.stderr);
    accepted.succeeds();
    emulator.signal("TERM");
    emulator.end().exits(0);
}
