//! The org that is served for others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::context::TestContext;

/// Has the configuration lead to the emulator that printed `settings`.
fn point_at(context: &TestContext, settings: &serde_json::Value) {
    context.write(
        "orgtap.toml",
        &format!(
            "[connection]\nlogin_method = \"access_token\"\naccess_token = {}\ninstance_url = {}\n",
            settings["access_token"], settings["url"]
        ),
    );
}

/// Posts a document to the emulator's control endpoint.
fn control(settings: &serde_json::Value, path: &str, document: &str) {
    let address = settings["url"].as_str().unwrap().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let length = document.len();
    write!(
        stream,
        "POST /__emulator/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{document}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn the_emulator_tells_scripts_how_to_reach_it_until_a_signal_comes() {
    let context = TestContext::new();
    let mut emulator = context.start(&["emulator", "--records", "100", "--json"]);
    let settings: serde_json::Value = serde_json::from_str(&emulator.first_line()).unwrap();
    point_at(&context, &settings);

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

#[test]
fn the_org_is_what_its_flags_say() {
    let context = TestContext::new();
    let flags = [
        "emulator",
        "--records",
        "600",
        "--json",
        "--profile",
        "multi-currency,person-accounts",
        "--profile",
        "field-security",
        "--hide",
        "Case,Account.Phone",
        "--users",
        "20",
        "--now",
        "2026-03-02T02:00:00Z",
        "--clock-speed",
        "0",
        "--time-zone",
        "America/New_York",
        "--locale",
        "de_DE",
        "--fiscal-year-start",
        "4",
        "--currency",
        "EUR",
        "--sandbox",
        "--api-versions",
        "41-62",
    ];
    let mut emulator = context.start(&flags);
    let settings: serde_json::Value = serde_json::from_str(&emulator.first_line()).unwrap();
    point_at(&context, &settings);
    let query = |soql: &str| context.orgtap(&["query", "-q", "--format", "csv", soql]);

    assert_eq!(settings["username"], "admin@example.com.uat");
    let organization =
        query("SELECT IsSandbox, TimeZoneSidKey, DefaultLocaleSidKey, FiscalYearStartMonth FROM Organization")
            .succeeds();
    assert!(
        organization.stdout.ends_with("\"true\",\"America/New_York\",\"de_DE\",\"4\"\n"),
        "{}",
        organization.stdout
    );
    assert!(query("SELECT COUNT() FROM User").succeeds().stdout.ends_with("\"20\"\n"));
    assert!(
        query("SELECT COUNT() FROM Account WHERE IsPersonAccount = true AND CurrencyIsoCode != null").succeeds().stdout
            != "\"count\"\n\"0\"\n"
    );
    for hidden in ["SELECT Phone FROM Account", "SELECT Rating FROM Account", "SELECT Id FROM Case"] {
        assert_eq!(query(hidden).code, Some(1), "{hidden}");
    }
    emulator.signal("INT");
    emulator.end().exits(0);
}

#[test]
fn flags_that_make_no_sense_are_refused_with_what_would() {
    let context = TestContext::new();
    let table: [(&[&str], &str); 9] = [
        (&["--profile", "multicurrency"], "multi-currency"),
        (&["--hide", "Acount"], "no object `Acount`"),
        (&["--hide", "Account.Fone"], "no field `Fone`"),
        (&["--hide", "Account.Id"], "every user sees `Account.Id`"),
        (&["--time-zone", "Mars/Base"], "Europe/Prague"),
        (&["--currency", "euro"], "EUR"),
        (&["--api-versions", "20-30"], "41-62"),
        (&["--fiscal-year-start", "13"], "13"),
        (&["--sandbox", "a.b"], "ten letters and digits"),
    ];
    for (flags, words) in table {
        let ran = context.orgtap(&[&["emulator", "--json"], flags].concat());

        assert!(ran.code == Some(1) && ran.stderr.contains(words), "{flags:?}: {}", ran.stderr);
    }
}

#[test]
fn an_exported_org_keeps_its_profiles_and_takes_no_more() {
    let context = TestContext::new();
    let profiles = ["--profile", "sharing,person-accounts,roll-ups"];
    context.orgtap(&[&["emulator", "--records", "500", "--export", "org"], &profiles[..]].concat()).succeeds();

    let refused = context.orgtap(&[&["emulator", "--data", "org"], &profiles[..]].concat()).exits(1);
    let copied = context.orgtap(&["emulator", "--data", "org", "--export", "copy"]).succeeds();

    assert!(refused.stderr.contains("`person-accounts` adds records to the demo org only"), "{}", refused.stderr);
    assert!(copied.stderr.is_empty(), "{}", copied.stderr);
    for object in ["Account", "Contact", "User"] {
        let [was, is] = ["org", "copy"].map(|folder| {
            let describe: serde_json::Value =
                serde_json::from_str(&context.read(&format!("{folder}/{object}.json"))).unwrap();
            (context.read(&format!("{folder}/{object}.csv")), describe)
        });
        assert!(was == is, "{object} has changed");
    }
    assert!(context.read("copy/org.json").contains("\"private_records\": true"));
}

#[test]
fn the_help_of_the_emulator_says_what_each_profile_is() {
    let ran = TestContext::new().orgtap(&["emulator", "--help"]).succeeds();

    for words in
        ["person-accounts", "accounts that are people, each with its contact", "--time-zone <ZONE>", "Examples:"]
    {
        assert!(ran.stdout.contains(words), "{words}");
    }
}

#[test]
fn changes_are_seen_when_their_transaction_ends() {
    let context = TestContext::new();
    let flags = ["emulator", "--records", "200", "--clock-speed", "0", "--commit-delay-secs", "600", "--json"];
    let mut emulator = context.start(&flags);
    let settings: serde_json::Value = serde_json::from_str(&emulator.first_line()).unwrap();
    point_at(&context, &settings);
    let count = || {
        let soql = "SELECT COUNT() FROM Account WHERE Name = 'Late'";
        context.orgtap(&["query", "-q", "--format", "csv", soql]).succeeds().stdout
    };
    let insert = r#"{"insert": {"object": "Account", "fields": {"Name": "Late"}}}"#;

    control(&settings, "changes", insert);
    control(&settings, "clock", r#"{"advance_secs": 599}"#);
    let before = count();
    control(&settings, "clock", r#"{"advance_secs": 1}"#);

    assert_eq!((before.as_str(), count().as_str()), ("\"count\"\n\"0\"\n", "\"count\"\n\"1\"\n"));
    emulator.signal("INT");
    emulator.end().exits(0);
}

#[test]
fn the_org_runs_out_of_query_jobs_when_its_flag_says_so() {
    let context = TestContext::new();
    let mut emulator = context.start(&["emulator", "--records", "200", "--daily-jobs", "0", "--json"]);
    let settings: serde_json::Value = serde_json::from_str(&emulator.first_line()).unwrap();
    let row = "[destination]\nkind = \"csv\"\npath = \"out\"\n\n[[rows]]\nobject = \"Account\"\napi = \"bulk\"\n";
    let connection = format!(
        "[connection]\nlogin_method = \"access_token\"\naccess_token = {}\ninstance_url = {}\n\n",
        settings["access_token"], settings["url"]
    );
    context.write("orgtap.toml", &format!("{connection}{row}"));

    let ran = context.orgtap(&["run"]);

    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("Max bulk v2 query jobs (0) per 24 hrs has been reached (0)"), "{}", ran.stderr);
    emulator.signal("INT");
    emulator.end().exits(0);
}
