//! What the configuration accepts, and what it says about the rest.

use std::path::Path;
use std::time::Duration;

use orgtap_engine::{Deleted, Fetch, Fields, Load, Records, Source as RowSource};
use orgtap_salesforce::Login;
use secrecy::ExposeSecret;

use super::problem::Source;
use super::*;

const CONNECTION: &str = "[connection]
login_method = \"access_token\"
access_token = \"s3cret\"
instance_url = \"https://acme.my.salesforce.com\"
";
const DESTINATION: &str = "[destination]\nkind = \"sqlite\"\npath = \"t.db\"\n";
const ROWS: &str = "[[rows]]\nobject = \"Account\"\n";

fn read_with(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Error> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let environment = Environment::Fixed(variables);
    Reading::of(Source { path: Path::new("etc/orgtap.toml"), text }, &environment).settings()
}

fn read(text: &str) -> Result<Settings, Error> {
    read_with(text, &[])
}

fn with_rows(rows: &str) -> String {
    format!("{CONNECTION}{DESTINATION}{rows}")
}

fn with_connection(connection: &str) -> String {
    format!("[connection]\n{connection}\n{DESTINATION}{ROWS}")
}

/// Returns the problems, without the file's name, joined.
fn problems(result: Result<Settings, Error>) -> String {
    match result.expect_err("the configuration has a problem") {
        Error::Problems { problems, .. } => problems.join("\n").replace("  etc/orgtap.toml:", ""),
        other => panic!("not a list of problems: {other}"),
    }
}

#[test]
fn the_smallest_file_gets_the_defaults() {
    let settings = read(&with_rows(ROWS)).unwrap();

    let row = &settings.run.rows[0];
    assert_eq!(row.name, "Account");
    assert!(matches!(&row.source, RowSource::Object { object, fields: Fields::All } if object == "Account"));
    assert_eq!(
        (row.load, row.fetch, row.records, row.overlap),
        (Load::Full, Fetch::All, Records::Live, Duration::ZERO)
    );
    assert_eq!((&row.primary_key, &row.table, &row.cursor_field), (&None, &None, &None));
    assert_eq!(settings.run.concurrency, RunSpec::DEFAULT_CONCURRENCY);
    assert_eq!(settings.connection.api_version.to_string(), "62.0");
    assert_eq!(settings.destination, DestinationSettings { kind: DestinationKind::Sqlite, path: "etc/t.db".into() });
}

#[test]
fn every_option_of_a_row_and_of_the_run_arrives() {
    let settings = read(&with_rows(
        "[run]\nconcurrency = 2\ndownload_connections = 5\npage_records = 10\njob_deadline_minutes = 3\n\
         resume_within_hours = 6\nrecords_per_job = 0\n[[rows]]\nname = \"n\"\nobject = \"Account\"\n\
         fields = [\"Id\"]\ninclude_deleted = true\nload = \"incremental\"\ncursor_field = \"SystemModstamp\"\n\
         overlap_seconds = 60\nprimary_key = [\"A\", \"B\"]\ntable = \"t\"\napi = \"bulk\"\n",
    ))
    .unwrap();

    assert_eq!((settings.run.resume_within, settings.run.records_per_job), (Duration::from_secs(6 * 3600), 0));
    let RunSpec { rows, concurrency, download_connections, page_records, job_deadline, .. } = settings.run;
    assert_eq!((concurrency, download_connections, page_records), (2, 5, 10));
    assert_eq!(job_deadline, Duration::from_secs(180));
    assert_eq!(rows[0].records, Records::All);
    assert_eq!((rows[0].load, rows[0].fetch), (Load::Incremental, Fetch::Incremental));
    assert_eq!(rows[0].overlap, Duration::from_secs(60));
    assert_eq!(rows[0].cursor_field.as_deref(), Some("SystemModstamp"));
    assert_eq!(rows[0].primary_key.as_deref(), Some(&["A".to_owned(), "B".to_owned()][..]));
    assert_eq!(rows[0].table.as_deref(), Some("t"));
    assert_eq!(rows[0].api, orgtap_engine::Api::Bulk);
}

#[test]
fn a_query_gives_its_row_the_name_of_its_object() {
    let rows = "[[rows]]\nsoql = \"select Id from contact\"\n[[rows]]\nsoql = \"SELEKT\"\n";
    let settings = read(&with_rows(rows)).unwrap();

    let names: Vec<_> = settings.run.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["contact", "rows[1]"]);
}

#[test]
fn the_older_name_of_flagging_deleted_records_is_accepted() {
    let read_row = |options: &str| read(&with_row(&format!("object = \"A\"\n{options}"))).unwrap().run.rows.remove(0);
    let cases = [
        ("", Deleted::Ignore, Records::Live),
        ("deleted = \"ignore\"", Deleted::Ignore, Records::Live),
        ("include_deleted = false", Deleted::Ignore, Records::Live),
        ("include_deleted = true", Deleted::Flag { is_demanded: false }, Records::All),
        ("deleted = \"flag\"", Deleted::Flag { is_demanded: true }, Records::All),
        ("deleted = \"flag\"\ninclude_deleted = true", Deleted::Flag { is_demanded: true }, Records::All),
        ("deleted = \"remove\"", Deleted::Remove, Records::LiveAndArchived),
        ("deleted = \"remove\"\ninclude_deleted = false", Deleted::Remove, Records::LiveAndArchived),
    ];

    for (options, deleted, records) in cases {
        let row = read_row(options);
        assert_eq!((row.deleted, row.records), (deleted, records), "{options}");
    }
    let every = read_row("load = \"incremental\"\ndeleted = \"remove\"\nreconcile_every = 20").reconcile_every;
    assert_eq!(every.map(std::num::NonZeroU32::get), Some(20));
}

#[test]
fn mistakes_in_what_becomes_of_deleted_records_are_placed_and_explained() {
    let older = "is the older name of";
    expect_problems(&[
        (
            with_row("object = \"A\"\ndeleted = \"remove\"\ninclude_deleted = true"),
            &format!(
                "11:19: `rows[0].include_deleted` {older} deleted = \"flag\", and `deleted` says something else; keep one"
            ),
        ),
        (
            with_row("object = \"A\"\ndeleted = \"flag\"\ninclude_deleted = false"),
            &format!(
                "11:19: `rows[0].include_deleted` {older} `deleted`: false means \"ignore\", and `deleted` is \"flag\"; keep one"
            ),
        ),
        (
            with_row("object = \"A\"\nload = \"append\"\nfetch = \"incremental\"\noverlap_seconds = 60"),
            "12:19: `rows[0].overlap_seconds` must be 0 for load = \"append\": what is read again would be added again; \
             set load = \"incremental\"",
        ),
        (
            with_row("object = \"A\"\nload = \"append\"\ndeleted = \"remove\""),
            "11:11: `rows[0].deleted` cannot be `remove` while `load` is `append`: nothing ever leaves a table to which versions are added; \
             set load = \"incremental\", or deleted = \"flag\"",
        ),
        (
            with_row("object = \"A\"\nload = \"incremental\"\ndeleted = \"flag\"\nprimary_key = [\"Name\"]"),
            "12:15: `rows[0].primary_key` must be [\"Id\"] where deleted records are to be flagged or removed: Salesforce tells them by their Ids",
        ),
        (
            with_row("object = \"A\"\nload = \"incremental\"\nreconcile_every = 5"),
            "11:19: `rows[0].reconcile_every` goes with deleted = \"flag\" or \"remove\" and load = \"incremental\": \
             there is nothing to compare otherwise",
        ),
        (
            with_row("object = \"A\"\nload = \"incremental\"\ndeleted = \"remove\"\nreconcile_every = 0"),
            "12:19: `rows[0].reconcile_every` must be between 1 and 1000000",
        ),
        (
            with_row("object = \"A\"\ndeleted = \"removed\""),
            "10:11: `rows[0].deleted` must be `ignore`, `flag` or `remove`, not `removed`; did you mean `remove`?",
        ),
    ]);
}

#[test]
fn appending_fetches_all_unless_told_otherwise() {
    let rows = "[[rows]]\nname = \"a\"\ntable = \"a\"\nobject = \"X\"\nload = \"append\"\nprimary_key = []\n\
                [[rows]]\nobject = \"X\"\nload = \"append\"\nfetch = \"incremental\"\n";
    let settings = read(&with_rows(rows)).unwrap();

    assert_eq!(settings.run.rows[0].fetch, Fetch::All);
    assert_eq!(settings.run.rows[1].fetch, Fetch::Incremental);
}

/// Asserts that each text has exactly these problems.
#[track_caller]
fn expect_problems(mistakes: &[(String, &str)]) {
    for (text, expected) in mistakes {
        assert_eq!(problems(read(text)), *expected, "for\n{text}");
    }
}

fn with_row(row: &str) -> String {
    with_rows(&format!("[[rows]]\n{row}\n"))
}

#[test]
fn mistakes_in_the_connection_are_placed_and_explained() {
    expect_problems(&[
        (String::new(), "1:1: `connection` is missing\n1:1: `destination` is missing\n1:1: `rows` is missing"),
        (
            with_connection("login_method = \"jwt\"\nusrname = \"u\""),
            "2:16: `connection.login_method` must be `security_token`, `connected_app`, `client_credentials`, `jwt_bearer`, \
             `refresh_token` or `access_token`, not `jwt`; did you mean `jwt_bearer`?\n\
             3:1: `connection.usrname` is not an option; did you mean `username`?",
        ),
        (
            with_connection(
                "login_method = \"security_token\"\nusername = \"u\"\npassword = \"\"\nconsumer_key = \"k\"",
            ),
            "1:1: `connection.security_token` is missing: login_method `security_token` needs it; `\"\"` is for orgs that trust \
             this machine's address\n\
             4:12: `connection.password` must not be empty\n\
             5:16: `connection.consumer_key` is not used by login_method `security_token`",
        ),
        (
            with_connection("login_method = \"client_credentials\"\nconsumer_key = \"k\"\nconsumer_secret = \"s\""),
            "1:1: `connection.domain` is missing: login_method `client_credentials` needs it, such as `https://acme.my.salesforce.com`",
        ),
        (
            with_connection("login_method = \"jwt_bearer\"\nusername = \"u\"\nconsumer_key = \"k\""),
            "1:1: `connection.private_key_file` is missing: login_method `jwt_bearer` needs it, or `private_key`",
        ),
        (
            with_connection(
                "login_method = \"jwt_bearer\"\nusername = \"u\"\nconsumer_key = \"k\"\nprivate_key_file = \"no.key\"\nca_file = \"no.pem\"",
            ),
            "5:20: `connection.private_key_file` cannot be read: `etc/no.key`: No such file or directory (os error 2)\n\
             6:11: `connection.ca_file` cannot be read: `etc/no.pem`: No such file or directory (os error 2)",
        ),
        (
            with_connection("login_method = \"access_token\"\naccess_token = \"t\"\ninstance_url = \"https://\""),
            "4:16: `connection.instance_url` is not a URL such as `https://acme.my.salesforce.com`",
        ),
        (
            format!("{CONNECTION}api_version = 62.0\nsandbox = \"no\"\n{DESTINATION}{ROWS}"),
            "5:15: `connection.api_version` must be a text, not a number; write it in quotes\n\
             6:11: `connection.sandbox` must be true or false, not a text; write it without quotes",
        ),
        (
            format!("{CONNECTION}api_version = \"46.0\"\nlogin_url = \"ftp://x\"\ndomain = \"\"\n{DESTINATION}{ROWS}"),
            "5:15: `connection.api_version` must be a version from `47.0` on, such as `62.0`\n\
             6:13: `connection.login_url` is not a URL such as `https://acme.my.salesforce.com`\n\
             7:10: `connection.domain` must not be empty; leave it out to sign in at the host that `sandbox` chooses",
        ),
        (
            format!(
                "{CONNECTION}[connection.proxy]\nurl = \"socks5://s3cret@p\"\npassword = \"s3cret\"\n{DESTINATION}{ROWS}"
            ),
            "5:1: `connection.proxy.username` is missing: `password` needs it\n\
             6:7: `connection.proxy.url` is a `socks5` proxy; only http and https proxies can be used",
        ),
    ]);
}

#[test]
fn mistakes_in_the_tables_are_placed_and_explained() {
    expect_problems(&[
        (
            format!("{CONNECTION}[destination]\nkind = \"postgres\"\npath = 3\n{ROWS}"),
            "6:8: `destination.kind` must be `sqlite` or `csv`\n\
             7:8: `destination.path` must be a text, not a whole number; write it in quotes",
        ),
        (with_rows(&format!("[run]\nconcurrency = 0\n{ROWS}")), "9:15: `run.concurrency` must be between 1 and 64"),
        (
            with_rows("rows = []"),
            "1:1: `rows` is missing\n8:1: `destination.rows` is not an option; there are `kind` and `path`",
        ),
        (format!("rows = []\n{CONNECTION}{DESTINATION}"), "1:8: `rows` must not be empty"),
    ]);
}

#[test]
fn mistakes_in_what_a_row_reads_are_placed_and_explained() {
    expect_problems(&[
        (with_row(""), "8:1: `rows[0].object` is missing: a row needs `object` or `soql`"),
        (
            with_row("object = \"A\"\nsoql = \"SELECT Id FROM A\""),
            "10:8: `rows[0].soql` and `object` exclude each other; keep one",
        ),
        (
            with_row("soql = \"SELECT Id FROM A\"\nfields = [\"Id\"]"),
            "10:10: `rows[0].fields` goes with `object`; the query of `soql` names its fields itself",
        ),
        (
            with_row("object = \"A\"\nfields = [\"Id\"]\nexclude_fields = [\"B\"]"),
            "11:18: `rows[0].exclude_fields` and `fields` exclude each other; keep one",
        ),
        (
            with_row("object = \"A\"\nfields = \"Id\""),
            "10:10: `rows[0].fields` must be a list, not a text; write it in brackets",
        ),
        (with_row("object = \"A\"\nfields = []"), "10:10: `rows[0].fields` must not be empty"),
        (
            with_row("object = \"A\"\nfields = [\"Id\", 3]"),
            "10:17: `rows[0].fields[1]` must be a text, not a whole number; write it in quotes",
        ),
        (with_row("object = \" \""), "9:10: `rows[0].object` must not be empty"),
        (with_row("object = \"A\"\nname = \"\""), "10:8: `rows[0].name` must not be empty"),
    ]);
}

#[test]
fn mistakes_in_what_a_row_does_are_placed_and_explained() {
    expect_problems(&[
        (
            with_row("object = \"A\"\nload = \"incremntal\""),
            "10:8: `rows[0].load` must be `full`, `incremental` or `append`, not `incremntal`; did you mean `incremental`?",
        ),
        (
            with_row("object = \"A\"\nfetch = \"incremental\""),
            "10:9: `rows[0].fetch` cannot be `incremental` while `load` is `full`: the table would hold the changed records only; \
             set load = \"incremental\"",
        ),
        (
            with_row("object = \"A\"\nload = \"incremental\"\nprimary_key = []"),
            "11:15: `rows[0].primary_key` must name the columns that identify a record for load = \"incremental\"; \
             set load = \"append\" if records are to be added without a key",
        ),
        (with_row("object = \"A\"\nprimary_key = [\"\"]"), "10:15: `rows[0].primary_key` must not hold an empty name"),
        (
            with_row("object = \"A\"\noverlap_seconds = -1"),
            "10:19: `rows[0].overlap_seconds` must be between 0 and 31536000",
        ),
        (
            with_row("object = \"A\"\noverlap_seconds = 2026-01-01"),
            "10:19: `rows[0].overlap_seconds` must be a whole number, not a date or time",
        ),
        (with_row("object = \"A\"\napi = \"soap\""), "10:7: `rows[0].api` must be `auto`, `bulk` or `rest`"),
        (
            with_rows("[[rows]]\nobject = \"A\"\n[[rows]]\nobject = \"A\"\n"),
            "10:1: `rows[1].name` is `A`, as is that of `rows[0]`; give one of them a `name` of its own\n\
             10:1: `rows[1].table` is `a`, as is that of `rows[0]`; give one of them a `table` of its own",
        ),
        (
            with_rows("[[rows]]\nobject = \"A\"\n[[rows]]\nname = \"B\"\nsoql = \"SELECT Id FROM B\"\ntable = \"a\"\n"),
            "13:9: `rows[1].table` is `a`, as is that of `rows[0]`",
        ),
    ]);
}

#[test]
fn text_that_is_no_toml_is_shown_with_a_caret() {
    let error = read("[connection]\nsandbox = treu\n").unwrap_err();

    let text = error.to_string();
    assert!(text.starts_with(
        "could not read the configuration file `etc/orgtap.toml`: it is not valid TOML\n  etc/orgtap.toml:2:11: "
    ));
    assert!(text.ends_with("    |\n  2 | sandbox = treu\n    |           ^"), "{text}");
}

#[test]
fn the_login_url_of_the_environment_goes_before_the_configured_one() {
    let text = format!("{CONNECTION}login_url = \"https://a.example.com\"\n{DESTINATION}{ROWS}");

    let configured = read(&text).unwrap().connection.login_url.unwrap();
    let replaced =
        read_with(&text, &[("ORGTAP_LOGIN_URL", "http://127.0.0.1:1")]).unwrap().connection.login_url.unwrap();
    let wrong = problems(read_with(&text, &[("ORGTAP_LOGIN_URL", "http://")]));

    assert_eq!(configured.as_str(), "https://a.example.com/");
    assert_eq!(replaced.as_str(), "http://127.0.0.1:1/");
    assert_eq!(
        wrong,
        "5:13: `connection.login_url` is replaced by the environment variable `ORGTAP_LOGIN_URL`, \
         which is not a URL such as `https://acme.my.salesforce.com`"
    );
}

#[test]
fn the_environments_proxies_count_only_without_a_proxy_table() {
    let variables = [("HTTPS_PROXY", "u:s3cret@p:1"), ("all_proxy", "https://q:2"), ("NO_PROXY", "a, .b.c")];
    let with_table =
        format!("{CONNECTION}[connection.proxy]\nurl = \"http://own:3\"\nno_proxy = [\"x\"]\n{DESTINATION}{ROWS}");

    let environment = read_with(&with_rows(ROWS), &variables).unwrap().connection.http.proxies;
    let table = read_with(&with_table, &variables).unwrap().connection.http.proxies;
    let broken = problems(read_with(&with_rows(ROWS), &[("HTTP_PROXY", "socks5://u:s3cret@p")]));

    let https = environment.https.unwrap();
    assert_eq!((https.url.host_str(), https.url.port(), https.url.username()), (Some("p"), Some(1), "u"));
    assert_eq!(environment.http.unwrap().url.as_str(), "https://q:2/");
    assert_eq!(environment.no_proxy, ["a", ".b.c"]);
    assert_eq!(table.https.unwrap().url.as_str(), "http://own:3/");
    assert_eq!(table.no_proxy, ["x"]);
    assert_eq!(
        broken,
        "1:1: `connection.proxy` is absent, and the environment variable `HTTP_PROXY` is a `socks5` proxy; \
         only http and https proxies can be used"
    );
}

#[test]
fn variables_and_files_fill_texts_and_missing_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orgtap.toml");
    std::fs::write(folder.path().join("token"), "from file\n").unwrap();
    std::fs::write(&path, with_rows("[[rows]]\nobject = \"${OBJECT}\"\n").replace("s3cret", "${file:token}")).unwrap();
    let environment = Environment::Fixed([("OBJECT".to_owned(), "Case".to_owned())].into());

    let settings = load(&path, &environment).unwrap();
    let missing = load(&path, &Environment::Fixed([].into())).unwrap_err().to_string();

    assert_eq!(settings.run.rows[0].name, "Case");
    let Login::AccessToken { access_token, .. } = settings.connection.login else { panic!("another login") };
    assert_eq!(access_token.expose_secret(), "from file");
    assert!(
        missing.ends_with(":9:10: `rows[0].object` needs the environment variable `OBJECT`, which is not set"),
        "{missing}"
    );
}

#[test]
fn a_value_from_outside_is_never_repeated() {
    let text = with_rows("[[rows]]\nobject = \"A\"\napi = \"${X}\"\n");

    let problems = problems(read_with(&text, &[("X", "s3cret")]));

    assert_eq!(problems, "10:7: `rows[0].api` must be `auto`, `bulk` or `rest`");
}

#[test]
fn secrets_are_masked_in_debug() {
    let settings = read(&with_rows(ROWS)).unwrap();
    let proxy = format!("{CONNECTION}[connection.proxy]\nurl = \"http://u:s3cret@p\"\n{DESTINATION}{ROWS}");
    let file: ConfigFile = toml::from_str(&proxy).unwrap();
    let document = Node::parse(Source { path: Path::new("x"), text: &proxy }).unwrap();

    let debug = format!("{settings:?} {:?} {file:?} {document:?}", read(&proxy).unwrap());

    assert!(!debug.contains("s3cret"), "{debug}");
}

#[test]
fn the_connection_alone_is_read_from_a_file_whose_rest_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orgtap.toml");
    let broken = format!("colour = \"${{UNSET}}\"\n{CONNECTION}[destination]\nkind = 3\n[[rows]]\nobjct = \"A\"\n");
    std::fs::write(&path, &broken).unwrap();
    let environment = Environment::Fixed([].into());

    assert!(load(&path, &environment).is_err());
    assert!(load_connection(&path, &environment).is_ok());

    std::fs::write(&path, broken.replace("instance_url", "instance")).unwrap();
    let error = load_connection(&path, &environment).unwrap_err().to_string();
    assert!(error.ends_with("`connection.instance` is not an option; did you mean `instance_url`?"), "{error}");
}

#[test]
fn a_missing_file_says_how_to_get_one() {
    let error = load(Path::new("/nowhere/orgtap.toml"), &Environment::Fixed([].into())).unwrap_err();

    assert_eq!(error.to_string(), "could not read the configuration file `/nowhere/orgtap.toml`");
    assert_eq!(error.hint().unwrap(), "`orgtap init` writes one to start from; `--config FILE` names another");
}

#[test]
fn the_file_that_init_writes_is_valid() {
    let variables = [("SF_USERNAME", "u"), ("SF_PASSWORD", "p"), ("SF_TOKEN", "t")];

    let settings = read_with(crate::commands::init::TEMPLATE, &variables).unwrap();

    let names: Vec<_> = settings.run.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["User", "accounts", "open_opportunities"]);
}

#[test]
fn every_option_is_described_and_stands_in_the_file_that_init_writes() {
    for (name, description) in options(schema()) {
        assert!(!description.is_empty(), "`{name}` has no description");
        assert!(crate::commands::init::TEMPLATE.contains(&name), "`{name}` is not in the file that init writes");
    }
}

/// Returns the names and descriptions of all options below `schema`.
fn options(schema: &serde_json::Value) -> Vec<(String, String)> {
    let below = schema.get("properties").and_then(|properties| properties.as_object()).into_iter().flatten();
    let elements = schema.get("items").map(options).unwrap_or_default();
    let own = below.flat_map(|(name, property)| {
        let description = property.get("description").and_then(|text| text.as_str()).unwrap_or_default();
        [vec![(name.clone(), description.to_owned())], options(property)].concat()
    });
    own.chain(elements).collect()
}
