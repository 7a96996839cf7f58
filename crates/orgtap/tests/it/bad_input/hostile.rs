//! A server that means harm, seen from the user's side: one line that says what is wrong, and a table as it was.

use orgtap_emulator::{Action, CallKind, CannedAnswer};

use super::{Case, Site};

const JSON: &str = "application/json;charset=UTF-8";
const READ_AFRESH: &str = "hint: run again; nothing was committed, and pages are read afresh";

impl Site {
    /// Has every page of a job of two columns, which goes to files, be this one.
    fn page(&mut self, records: &str, body: &str) {
        self.destination("csv", "tables");
        self.row("soql = \"SELECT Id, Name FROM Account\"\napi = \"bulk\"");
        self.answer_with(
            CallKind::Results,
            200,
            &[("sforce-numberofrecords", records), ("sforce-locator", "null")],
            body,
        );
    }

    fn answer_with(&self, call: CallKind, status: u16, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.fault(call, Action::Answer(CannedAnswer { status, headers, body: body.to_owned() }));
    }
}

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a page with more records than it says",
        bend: |site| site.page("1", "\"Id\",\"Name\"\n\"001000000000001AAA\",\"a\"\n\"001000000000002AAA\",\"b\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: the page is announced with 1 records and goes on after them",
            READ_AFRESH,
        ],
    },
    Case {
        name: "values in another order than the names of the header",
        bend: |site| site.page("1", "\"Name\",\"Id\"\n\"001000000000001AAA\",\"a\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: the page has its columns in the order Name,Id, where Id,Name were asked for",
            READ_AFRESH,
        ],
    },
    Case {
        name: "a record with more values than the header",
        bend: |site| site.page("1", "\"Id\",\"Name\"\n\"1\",\"a\",\"b\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: a record has 3 values, where the header has 2",
            READ_AFRESH,
        ],
    },
    Case {
        name: "a record with fewer values than the header",
        bend: |site| site.page("1", "\"Id\",\"Name\"\n\"1\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: a record has 1 values, where the header has 2",
            READ_AFRESH,
        ],
    },
    Case {
        name: "a quote that others read otherwise",
        bend: |site| site.page("1", "\"Id\",\"Name\"\n1,a\"b\n\",c\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: a quote stands within a value that is not in quotes",
            READ_AFRESH,
        ],
    },
    Case {
        name: "a header with a column twice",
        bend: |site| site.page("1", "\"Id\",\"Id\"\n\"1\",\"a\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: the page has the columns Id,Id, where Id,Name were asked for",
            READ_AFRESH,
        ],
    },
    Case {
        name: "a header with a column more",
        bend: |site| site.page("1", "\"Id\",\"Name\",\"X\"\n\"1\",\"a\",\"b\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: the page has the columns Id,Name,X, where Id,Name were asked for",
            READ_AFRESH,
        ],
    },
    Case {
        name: "a header that commands the terminal",
        bend: |site| site.page("1", "\"Id\",\"\u{1b}[31m\u{9b}2J\r\n\u{1b}]8;;http://x\u{7}\u{202e}\"\n\"1\",\"a\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: the page has the columns Id, [31m 2J   ]8;;http://x , where Id,Name were asked for",
            READ_AFRESH,
        ],
    },
    Case {
        name: "line ends that are none",
        bend: |site| site.page("1", "\"Id\",\"Name\"\r\"1\",\"a\"\r"),
        command: &["run", "-q"],
        code: 2,
        stderr: &["error: row `Account`: could not read the records whole: the page ends within a record", READ_AFRESH],
    },
    Case {
        name: "a quote without an end",
        bend: |site| site.page("1", "\"Id\",\"Name\"\n\"1\",\"a\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &["error: row `Account`: could not read the records whole: the page ends within a record", READ_AFRESH],
    },
    Case {
        name: "a number of records that is none",
        bend: |site| site.page("-1", "\"Id\",\"Name\"\n\"1\",\"a\"\n"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read a page of job `7505f0000000001AAA`: the header `sforce-numberofrecords` says `-1`",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "a redirect to somebody else",
        bend: |site| {
            site.answer_with(CallKind::Describe, 302, &[("location", "https://evil.example.com/?sid=00D")], "")
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered HTTP 302, a redirect to `evil.example.com`",
            "hint: set `domain` to the org's present My Domain: the host has moved",
        ],
    },
    Case {
        name: "a login that redirects",
        bend: |site| {
            site.sign_in_by("client_credentials");
            site.answer_with(CallKind::Token, 307, &[("location", "http://evil.example.com/")], "");
        },
        command: &["objects", "-q"],
        code: 1,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: Salesforce answered HTTP 307, a redirect to `evil.example.com`",
            "hint: set `domain` to the org's present My Domain: the host has moved",
        ],
    },
    Case {
        name: "a login that leads to an address without TLS",
        bend: |site| {
            site.sign_in_by("client_credentials");
            site.answer(CallKind::Token, 200, JSON, r#"{"access_token":"T","instance_url":"http://evil.example.com"}"#);
        },
        command: &["objects", "-q"],
        code: 2,
        stderr: &[
            "error: could not sign in at `127.0.0.1:[port]`: the address of the org in the answer is not usable: `http://evil.example.com` is not encrypted",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "a next page that is elsewhere",
        bend: |site| {
            site.answer(
                CallKind::Query,
                200,
                JSON,
                r#"{"totalSize":2,"done":false,"nextRecordsUrl":"https://evil.example.com/services/data/v62.0/query/1","records":[{"Id":"1"}]}"#,
            )
        },
        command: &["query", "-q", "SELECT Id FROM User"],
        code: 2,
        stderr: &[
            "error: could not read the next page of the query: `https://evil.example.com/services/data/v62.0/query/1` is not a path of the REST API",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "a job that is more than there can be",
        bend: |site| {
            site.by_job().answer(
                CallKind::JobCreate,
                200,
                JSON,
                r#"{"id":"750000000000001AAA","state":"JobComplete","numberRecordsProcessed":9223372036854775808}"#,
            )
        },
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not create the query job: the answer is that of success, and does not describe a job; one may run in vain: it lacks what every job has, or has it in another form",
            "hint: look in Setup → Bulk Data Load Jobs for `750000000000001AAA` and abort it; then look for what answers in Salesforce's place: a proxy, a gateway",
        ],
    },
    Case {
        name: "an object with a name that is none",
        bend: |site| site.answer(CallKind::Describe, 200, JSON, &described("../../x\\u0000\\u001b[31m", &["Id"])),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: the answer has `../../x [31m`, which is no name of Salesforce's",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "a field with a name that is none",
        bend: |site| {
            site.answer(CallKind::Describe, 200, JSON, &described("Account", &["Id", "A` FROM User--\\u001b[31m\\\""]))
        },
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: the answer has `A' FROM User-- [31m\"`, which is no name of Salesforce's",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "two fields that differ by case only",
        bend: |site| site.answer(CallKind::Describe, 200, JSON, &described("Account", &["Id", "name", "Name"])),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not load table `Account`: columns `name` and `Name` differ only by case",
            "hint: leave out one of the two columns",
        ],
    },
    Case {
        name: "a table that climbs out of its folder",
        bend: |site| {
            site.destination("csv", "tables");
            site.row("object = \"Account\"\ntable = \"../../x\\u0000\"");
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not load table `../../x `: the name of a table holds control characters",
            "hint: set `table` to another name",
        ],
    },
    Case {
        name: "a table with a very long name",
        bend: |site| {
            site.destination("csv", "tables");
            site.row(&format!("object = \"Account\"\nname = \"a\"\ntable = {:?}", "é".repeat(100)));
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `a`: could not load table `éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé`: the name of a table takes 600 bytes in a file's name, of which there are 200",
            "hint: set `table` to another name",
        ],
    },
];

/// A describe of an object with these fields, all of them text but the first.
fn described(object: &str, fields: &[&str]) -> String {
    let field =
        |name: &&str| format!(r#"{{"name":"{name}","type":"{}"}}"#, if *name == "Id" { "id" } else { "string" });
    let fields: Vec<_> = fields.iter().map(field).collect();
    format!(r#"{{"name":"{object}","queryable":true,"fields":[{}]}}"#, fields.join(","))
}
