//! Query jobs that end without a table.

use orgtap_emulator::{Action, CallKind};

use super::Case;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a job that fails with a message",
        bend: |site| {
            site.by_job().fault(
                CallKind::JobInfo,
                Action::FailJob { message: Some("insufficient access rights on cross-reference id".to_owned()) },
            )
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not finish job `7505f0000000001AAA`: Salesforce answered insufficient access rights on cross-reference id",
            "hint: correct what the message names, or ask Salesforce Support about the job, by its id",
        ],
    },
    Case {
        name: "a job that fails without a message",
        bend: |site| site.by_job().fault(CallKind::JobInfo, Action::FailJob { message: None }),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not finish job `7505f0000000001AAA`: the job failed, and Salesforce gave no reason",
            "hint: run again; if it fails again, ask Salesforce Support about the job, by its id",
        ],
    },
    Case {
        name: "a job that somebody aborts",
        bend: |site| site.by_job().fault(CallKind::JobInfo, Action::AbortJob),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not finish job `7505f0000000003AAA`: somebody aborted it in Salesforce",
            "hint: run again: a new job is created",
        ],
    },
    Case {
        name: "a job that vanishes",
        bend: |site| site.by_job().fault(CallKind::JobInfo, Action::LoseJob),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read job `7505f0000000003AAA`: Salesforce has it no longer",
            "hint: run again: a new job is created",
        ],
    },
    Case {
        name: "a page that never adds up",
        bend: |site| site.by_job().fault(CallKind::Results, Action::ShortPage { missing_records: 1 }),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read the records whole: the page is announced with 35 records and holds 34",
            "hint: run again; nothing was committed, and pages are read afresh",
        ],
    },
    Case {
        name: "a page that is always cut off",
        bend: |site| site.by_job().fault(CallKind::Results, Action::CutBody { after_bytes: 10 }),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read a page of job `7505f0000000001AAA`: the connection to `127.0.0.1:[port]` broke: unexpected EOF during chunk size line",
            "hint: run again; if it stays so, look at the network and at the proxy, if there is one",
        ],
    },
    Case {
        name: "results that are a web page",
        bend: |site| site.by_job().answer(CallKind::Results, 200, "text/html", "<html>busy</html>"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not read a page of job `7505f0000000001AAA`: Salesforce answered with a web page instead of CSV",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "no more jobs today",
        bend: |site| {
            site.by_job().answer(
                CallKind::JobCreate,
                400,
                "application/json",
                r#"[{"errorCode":"LIMIT_EXCEEDED","message":"Max bulk v2 query job limit reached. Limit: 10000."}]"#,
            )
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not create the query job: Salesforce answered LIMIT_EXCEEDED: Max bulk v2 query job limit reached. Limit: 10000.",
            "hint: wait until the org's 24 hours have moved on, or raise its allowance",
        ],
    },
    Case {
        name: "an object without the Bulk API",
        bend: |site| {
            site.row("object = \"Account\"\napi = \"bulk\"");
            site.answer(
                CallKind::JobCreate,
                400,
                "application/json",
                r#"[{"errorCode":"INVALIDENTITY","message":"Entity 'Account' is not supported by the Bulk API."}]"#,
            );
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not create the query job: Salesforce answered INVALIDENTITY: Entity 'Account' is not supported by the Bulk API.",
            "hint: set `api` to `auto` or `rest`",
        ],
    },
];
