//! The configuration file as a whole: found, read, understood. Nothing is sent anywhere.

use super::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "no configuration file",
        bend: |site| site.file(""),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not read the configuration file `orgtap.toml`: No such file or directory (os error 2)",
            "hint: `orgtap init` writes one to start from; `--config FILE` names another",
        ],
    },
    Case {
        name: "a configuration file elsewhere",
        bend: |_| {},
        command: &["run", "--config", "etc/orgtap.toml"],
        code: 1,
        stderr: &[
            "error: could not read the configuration file `etc/orgtap.toml`: No such file or directory (os error 2)",
            "hint: `orgtap init` writes one to start from; `--config FILE` names another",
        ],
    },
    Case {
        name: "a folder in place of the configuration file",
        bend: |site| {
            site.file("");
            std::fs::create_dir(site.context.path("orgtap.toml")).unwrap();
        },
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not read the configuration file `orgtap.toml`: Is a directory (os error 21)",
            "hint: `--config FILE` names a file that can be read",
        ],
    },
    Case {
        name: "bad TOML",
        bend: |site| site.file("[connection]\nusername = me@example.com\n"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not read the configuration file `orgtap.toml`: it is not valid TOML",
            "  orgtap.toml:2:12: string values must be quoted, expected literal string",
            "    |",
            "  2 | username = me@example.com",
            "    |            ^",
            "hint: `orgtap init` writes an example; texts stand in quotes",
        ],
    },
    Case {
        name: "a file of nothing",
        bend: |site| site.file("# later\n"),
        command: &["check"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 3 problems",
            "  orgtap.toml:1:1: `connection` is missing",
            "  orgtap.toml:1:1: `destination` is missing",
            "  orgtap.toml:1:1: `rows` is missing",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an unknown key",
        bend: |site| site.set("pasword", "x"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:7:1: `connection.pasword` is not an option; did you mean `password`?",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an unknown key of a row",
        bend: |site| site.row("object = \"Account\"\nprimary_keys = [\"Id\"]"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:1: `rows[0].primary_keys` is not an option; did you mean `primary_key`?",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a wrong type",
        bend: |site| site.row("object = \"Account\"\nfields = \"Id\""),
        command: &["plan"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:10: `rows[0].fields` must be a list, not a text; write it in brackets",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an unknown choice",
        bend: |site| site.set("login_method", "oauth"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:6:16: `connection.login_method` must be `security_token`, `connected_app`, `client_credentials`, `jwt_bearer`, `refresh_token` or `access_token`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a choice misspelt",
        bend: |site| site.row("object = \"Account\"\nload = \"incremantal\""),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:8: `rows[0].load` must be `full`, `incremental` or `append`, not `incremantal`; did you mean `incremental`?",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an unknown destination kind",
        bend: |site| site.destination("postgres", "x"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:8:8: `destination.kind` must be `sqlite` or `csv`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an unset variable",
        bend: |site| site.set("password", "${SF_PASSWORD}"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:6:12: `connection.password` needs the environment variable `SF_PASSWORD`, which is not set",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a missing secret file",
        bend: |site| site.set("password", "${file:password.txt}"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:6:12: `connection.password` needs the file `password.txt`, which cannot be read: No such file or directory (os error 2)",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a variable set to nothing",
        bend: |site| {
            site.set("password", "${SF_PASSWORD}");
            site.context.set("SF_PASSWORD", "");
        },
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:6:12: `connection.password` must not be empty",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a missing credential, and one of another method",
        bend: |site| {
            site.remove("username");
            site.set("refresh_token", "x");
        },
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 2 problems",
            "  orgtap.toml:1:1: `connection.username` is missing: login_method `security_token` needs it",
            "  orgtap.toml:6:17: `connection.refresh_token` is not used by login_method `security_token`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a malformed API version",
        bend: |site| site.set("api_version", "latest"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:7:15: `connection.api_version` must be a version from `47.0` on, such as `62.0`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an API version too old for Bulk API 2.0",
        bend: |site| site.set("api_version", "46.0"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:7:15: `connection.api_version` must be a version from `47.0` on, such as `62.0`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "object and soql",
        bend: |site| site.row("object = \"Account\"\nsoql = \"SELECT Id FROM Account\""),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:8: `rows[0].soql` and `object` exclude each other; keep one",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "neither object nor soql",
        bend: |site| site.row("name = \"accounts\""),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:10:1: `rows[0].object` is missing: a row needs `object` or `soql`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "fields with soql",
        bend: |site| site.row("soql = \"SELECT Id FROM Account\"\nfields = [\"Id\"]"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:10: `rows[0].fields` goes with `object`; the query of `soql` names its fields itself",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "two rows of one name",
        bend: |site| {
            site.row("name = \"a\"\nobject = \"Account\"");
            site.add_row("name = \"a\"\nobject = \"Contact\"");
        },
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:14:8: `rows[1].name` is `a`, as is that of `rows[0]`",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "two rows into one table",
        bend: |site| site.add_row("name = \"more\"\nsoql = \"SELECT Id FROM Account\""),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:1: `rows[1].table` is `account`, as is that of `rows[0]`; give one of them a `table` of its own",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an incremental load without a key",
        bend: |site| site.row("object = \"Account\"\nload = \"incremental\"\nprimary_key = []"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:13:15: `rows[0].primary_key` must name the columns that identify a record for load = \"incremental\"; set load = \"append\" if records are to be added without a key",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an incremental fetch into a full load",
        bend: |site| site.row("object = \"Account\"\nfetch = \"incremental\""),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:12:9: `rows[0].fetch` cannot be `incremental` while `load` is `full`: the table would hold the changed records only; set load = \"incremental\"",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a missing key file",
        bend: |site| {
            site.sign_in_by("jwt_bearer");
            site.set("private_key_file", "no.key");
        },
        command: &["check"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:6:20: `connection.private_key_file` cannot be read: `no.key`: No such file or directory (os error 2)",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "an unreadable key file",
        bend: |site| {
            site.sign_in_by("jwt_bearer");
            site.forbid("server.key", 0o000);
        },
        command: &["check"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:6:20: `connection.private_key_file` cannot be read: `server.key`: Permission denied (os error 13)",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
    Case {
        name: "a proxy of another kind",
        bend: |site| site.context.set("HTTPS_PROXY", "socks5://proxy:1080"),
        command: &["run"],
        code: 1,
        stderr: &[
            "error: could not use the configuration file `orgtap.toml`: 1 problem",
            "  orgtap.toml:1:1: `connection.proxy` is absent, and the environment variable `HTTPS_PROXY` is a `socks5` proxy; only http and https proxies can be used",
            "hint: `orgtap schema` describes every option; `orgtap init` writes an example",
        ],
    },
];
