//! Configurations as people, forms and scripts write them: what is understood, and what is refused in one line that names the key.

use serde_json::{Value, json};

use super::site::Site;

/// Makes a configuration into another.
type Bend = fn(&mut Site);

/// One thing that is wrong, and the line about it.
struct Case {
    bend: Bend,
    message: &'static str,
}

const CASES: [Case; 34] = [
    Case {
        bend: |site| site.remove("username"),
        message: "`parameters.username` is missing: the login method `security_token` needs it",
    },
    Case {
        bend: |site| site.set("#password", Value::Null),
        message: "`parameters.#password` is missing: the login method `security_token` needs it",
    },
    Case {
        bend: |site| site.set("#security_token", json!("")),
        message: "`parameters.#security_token` is missing: the login method `security_token` needs it",
    },
    Case {
        bend: |site| site.set("login_method", json!("conected_app")),
        message: "`parameters.login_method` is `conected_app`, which is none of `security_token`, `connected_app`, `connected_app_oauth_cc`. Did you mean `connected_app`?",
    },
    Case {
        bend: |site| site.set("login_method", json!(7)),
        message: "`parameters.login_method` must be a text, not a number",
    },
    Case {
        bend: |site| site.set("login_method", json!("connected_app")),
        message: "`parameters.#consumer_key` is missing: the login method `connected_app` needs it; `parameters.#consumer_secret` is missing: the login method `connected_app` needs it",
    },
    Case { bend: |site| site.set("username", json!([1])), message: "`parameters.username` must be a text, not a list" },
    Case {
        bend: |site| site.set("domain", json!("not a domain")),
        message: "`parameters.domain` cannot be used: `not a domain` is not a host name; it looks like `https://acme.my.salesforce.com`",
    },
    Case {
        bend: |site| site.set("sandbox", json!("perhaps")),
        message: "`parameters.sandbox` must be true or false, not this text",
    },
    Case {
        bend: |site| site.set("api_version", json!("newest")),
        message: "`parameters.api_version` must be an API version from `[n]` on, such as `[n]`",
    },
    Case {
        bend: |site| site.set("proxy", json!("proxy.example.com")),
        message: "`parameters.proxy` must be an object with options, not this text",
    },
    Case {
        bend: |site| site.set("proxy", json!({ "use_proxy": true })),
        message: "`parameters.proxy.proxy_server` is missing: `use_proxy` is on",
    },
    Case {
        bend: |site| site.set("proxy", json!({ "use_proxy": true, "proxy_server": "p.example.com" })),
        message: "`parameters.proxy.proxy_port` is missing: `use_proxy` is on",
    },
    Case {
        bend: |site| {
            site.set("proxy", json!({ "use_proxy": true, "proxy_server": "p.example.com", "proxy_port": 99999 }))
        },
        message: "`parameters.proxy.proxy_port` must be a number from 1 to 65535",
    },
    Case {
        bend: |site| {
            site.set("proxy", json!({ "use_proxy": true, "proxy_server": "socks5://p", "proxy_port": "1080" }))
        },
        message: "`parameters.proxy.proxy_server` must be an http or https proxy; no other can be used",
    },
    Case {
        bend: |site| site.set("query_type_selector", json!("Report")),
        message: "`parameters.query_type_selector` is `Report`, which is none of `Object`, `Custom SOQL`.",
    },
    Case { bend: |site| site.remove("object"), message: "`parameters.object` is missing: choose an object first" },
    Case {
        bend: |site| site.set("query_type_selector", json!("Custom SOQL")),
        message: "`parameters.soql_query` is missing: `query_type_selector` is `Custom SOQL`",
    },
    Case {
        bend: |site| {
            site.remove("object");
            site.remove("query_type_selector");
        },
        message: "`parameters.object` is missing, and so is `soql_query`: one of them says what to extract",
    },
    Case {
        bend: |site| {
            site.remove("object");
            site.set("objct", json!("Account"));
        },
        message: "`parameters.objct` is not known; did you mean `object`?; `parameters.object` is missing: choose an object first",
    },
    Case {
        bend: |site| site.set("is_deletd", json!(true)),
        message: "`parameters.is_deletd` is not known; did you mean `is_deleted`?",
    },
    Case {
        bend: |site| site.set("fields", json!(5)),
        message: "`parameters.fields` must be a list of field names, not a number",
    },
    Case {
        bend: |site| site.set("fields", json!(["Id", 5])),
        message: "`parameters.fields` must be a list of field names, and holds a number",
    },
    Case {
        bend: |site| site.set("bucket_name", json!("my bucket")),
        message: "`parameters.bucket_name` must be made of letters, digits, `_` and `-`: Storage takes nothing else in a bucket's name",
    },
    Case {
        bend: |site| site.set("loading_options", json!(1)),
        message: "`parameters.loading_options` must be an object with options, not a number",
    },
    Case {
        bend: |site| site.set("loading_options.incremental", json!(2)),
        message: "`parameters.loading_options.incremental` must be true or false, not a number",
    },
    Case {
        bend: |site| site.set("loading_options", json!({ "incremental": 1, "pkey": [] })),
        message: "`parameters.loading_options.pkey` is empty: an incremental load needs the columns that identify a record, such as `Id`",
    },
    Case {
        bend: |site| site.set("loading_options", json!({ "incremental": 1, "pkey": "Id" })),
        message: "`parameters.loading_options.pkey` must be a list of column names, not this text",
    },
    Case {
        bend: |site| {
            site.set("loading_options", json!({ "incremental": 1, "pkey": ["Id"], "incremental_fetch": true }))
        },
        message: "`parameters.loading_options.incremental_field` is missing: `incremental_fetch` needs a field such as `LastModifiedDate`",
    },
    Case {
        bend: |site| site.set("loading_options.incremental_overlap_seconds", json!("an hour")),
        message: "`parameters.loading_options.incremental_overlap_seconds` must be a whole number, not this text",
    },
    Case {
        bend: |site| site.set("loading_options.incremental_overlap_seconds", json!(1e30)),
        message: "`parameters.loading_options.incremental_overlap_seconds` is more than a hundred years",
    },
    Case {
        bend: |site| site.set("loading_options.output_table_name", json!("../../etc/passwd")),
        message: "`parameters.loading_options.output_table_name` must be made of letters, digits, `_` and `-`: Storage takes nothing else in a table's name",
    },
    Case {
        bend: |site| {
            site.config["action"] = json!("rum");
        },
        message: "`action` is `rum`, which is none of `run`, `testConnection`, `testQuery`, `loadObjects`, `loadFields`, `loadPossibleIncrementalField`, `loadPossiblePrimaryKeys`. Did you mean `run`?",
    },
    Case {
        bend: |site| {
            site.config = json!({ "paramters": {} });
        },
        message: "`paramters` is not known; did you mean `parameters`?",
    },
];

#[test]
fn what_is_wrong_is_named_by_its_key_before_anybody_signs_in() {
    let mut wrong = Vec::new();
    let site = Site::demo().object("Account");
    let good = site.config.clone();
    let mut site = site;
    for case in &CASES {
        site.config = good.clone();
        (case.bend)(&mut site);

        let ran = site.run();

        let is_right = ran.code == Some(1)
            && ran.stderr.lines().count() == 1
            && ran.stderr.starts_with(&format!("could not use the configuration: {}", case.message));
        if !is_right {
            wrong.push(format!("{:?}: {}\n  not {}", ran.code, ran.stderr.trim_end(), case.message));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
    assert!(site.context.emulator().stats().calls.is_empty(), "nobody was asked");
}

/// Every key, by the place where it stands.
const KEYS: [&str; 23] = [
    "login_method",
    "username",
    "#password",
    "#security_token",
    "#consumer_key",
    "domain",
    "sandbox",
    "api_version",
    "proxy",
    "query_type_selector",
    "object",
    "fields",
    "soql_query",
    "is_deleted",
    "bucket_name",
    "debug",
    "loading_options",
    "loading_options.incremental",
    "loading_options.incremental_fetch",
    "loading_options.incremental_field",
    "loading_options.incremental_overlap_seconds",
    "loading_options.pkey",
    "loading_options.output_table_name",
];

#[test]
fn whatever_stands_under_a_key_ends_well_or_in_one_line() {
    let absurd = "\u{202e}'; DROP TABLE x; --\n\0 %s ../".repeat(20);
    let values = [
        Value::Null,
        json!(-1),
        json!(1e300),
        json!(absurd),
        json!([absurd]),
        json!([[], {}]),
        json!({ "a": { "b": [] } }),
        json!(true),
    ];
    let mut site = Site::demo().object("Account").changed_by("LastModifiedDate");
    let good = site.config.clone();
    let mut wrong = Vec::new();
    for key in KEYS {
        for value in &values {
            site.config = good.clone();
            site.set(key, value.clone());

            let ran = site.run();

            let lines = ran.stderr.lines().count();
            let is_right = matches!((ran.code, lines), (Some(0), 0) | (Some(1), 1));
            if !is_right {
                wrong.push(format!("{key} = {value}: {:?} {}", ran.code, ran.stderr));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_people_write_is_understood() {
    let bends: [(&str, Bend); 8] = [
        ("a version as a number", |site| site.set("api_version", json!(62))),
        ("a version with a letter", |site| site.set("api_version", json!("v62.0"))),
        ("no version at all", |site| site.remove("api_version")),
        ("yes and no in words", |site| site.set("sandbox", json!("false"))),
        ("empty objects as PHP writes them", |site| site.set("proxy", json!([]))),
        ("numbers in quotes", |site| {
            site.set(
                "loading_options",
                json!({ "incremental": "1", "pkey": ["Id"], "incremental_overlap_seconds": "60" }),
            )
        }),
        ("no selector", |site| site.remove("query_type_selector")),
        ("keys of nobody", |site| site.set("colour", json!("blue"))),
    ];
    for (name, bend) in bends {
        let mut site = Site::demo().object("Account");
        site.set("fields", json!(["Id"]));
        bend(&mut site);

        let ran = site.run();

        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
    }
}

#[test]
fn a_negative_overlap_counts_as_none() {
    let mut site = Site::demo().object("Account").changed_by("LastModifiedDate");
    site.set("loading_options.incremental_overlap_seconds", json!(-5));

    let ran = site.run().succeeds();

    assert!(
        ran.stdout.contains("`parameters.loading_options.incremental_overlap_seconds` is negative"),
        "{}",
        ran.stdout
    );
}

#[test]
fn no_configuration_is_told_where_it_was_looked_for() {
    let site = Site::demo();

    let ran = site.again().exits(1);

    assert_eq!(
        ran.stderr,
        "could not read the configuration `[folder]/data/config.json`: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_configuration_that_is_no_json_object_is_told() {
    let site = Site::demo();
    std::fs::create_dir(site.context.path("data")).unwrap();
    for (text, why) in [("{", "it is not JSON"), ("[]", "it is not a JSON object"), ("", "it is not JSON")] {
        site.context.write("data/config.json", text);

        let ran = site.again().exits(1);

        assert!(ran.stderr.contains(why) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    }
}

#[test]
fn what_the_org_does_not_have_is_one_line_without_words_of_other_programs() {
    let bends: [(Bend, &str); 5] = [
        (
            |site| site.set("object", json!("Acount")),
            "there is no object `Acount` in the org, or the user may not see it (did you mean `Account`?)",
        ),
        (
            |site| site.set("fields", json!(["Id", "Nope__c"])),
            "object `Account` has no field `Nope__c`, or the user may not see it (",
        ),
        (
            |site| site.set("fields", json!(["Name"])),
            "could not use `Id` as `pkey`: it is not among the columns of the row (select it, or take it out of `pkey`)",
        ),
        (|site| site.set("api_version", json!("999.0")), "could not use API version `[n]`: the org offers"),
        (
            |site| site.set("#password", json!("wrong")),
            "could not sign in at `127.0.0.1:[port]`: Salesforce answered INVALID_LOGIN",
        ),
    ];
    for (bend, message) in bends {
        let mut site = Site::demo().object("Account");
        bend(&mut site);

        let ran = site.run().exits(1);

        assert!(ran.stderr.starts_with(message) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
        for word in ["`orgtap", "primary_key`", "exclude_fields", "orgtap.toml"] {
            assert!(!ran.stderr.contains(word), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_wrong_password_is_tried_once() {
    let mut site = Site::demo().object("Account");
    site.set("#password", json!("wrong"));

    site.run().exits(1);

    assert_eq!(site.context.emulator().calls(orgtap_emulator::CallKind::Login), 1);
}

#[test]
fn client_credentials_need_no_user() {
    let mut site = Site::demo().object("Account");
    let settings = site.context.emulator().settings();
    site.set("fields", json!(["Id"]));
    for key in ["username", "#password", "#security_token"] {
        site.remove(key);
    }
    for (key, value) in [
        ("login_method", "connected_app_oauth_cc"),
        ("#consumer_key", &settings.consumer_key),
        ("#consumer_secret", &settings.consumer_secret),
        ("domain", "https://acme.my.salesforce.com/"),
    ] {
        site.set(key, json!(value));
    }

    site.run().succeeds();
    site.remove("domain");
    let without = site.run().exits(1);

    assert!(without.stderr.contains("`parameters.domain` is missing"), "{}", without.stderr);
}

#[test]
fn a_connected_app_takes_the_token_behind_the_password_and_honours_the_domain() {
    let mut site = Site::demo().object("Account");
    let settings = site.context.emulator().settings();
    let url = site.context.emulator().url();
    site.set("fields", json!(["Id"]));
    site.context.set("ORGTAP_LOGIN_URL", "");
    site.remove("#security_token");
    let password = format!("{}{}", settings.password, settings.security_token);
    for (key, value) in [
        ("login_method", "connected_app"),
        ("#consumer_key", &settings.consumer_key),
        ("#consumer_secret", &settings.consumer_secret),
        ("#password", &password),
        ("domain", &url),
    ] {
        site.set(key, json!(value));
    }

    site.run().succeeds();
}
