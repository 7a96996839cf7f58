//! Answers that are not what was asked for, from the org or from what stands before it.

use orgtap_emulator::{Action, CallKind};

use super::Case;

const JSON: &str = "application/json;charset=UTF-8";

pub(super) const CASES: &[Case] = &[
    Case {
        name: "an HTML error page until patience ends",
        bend: |site| site.fault(CallKind::Describe, Action::Unavailable),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered HTTP 503 with a web page",
            "hint: run again later; https://status.salesforce.com tells how Salesforce is doing",
        ],
    },
    Case {
        name: "an org that has moved",
        bend: |site| site.fault(CallKind::Describe, Action::NotRouted),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered HTTP 420 with a web page",
            "hint: run again later; https://status.salesforce.com tells how Salesforce is doing",
        ],
    },
    Case {
        name: "an error of Salesforce's own",
        bend: |site| site.fault(CallKind::Describe, Action::UnknownException),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered UNKNOWN_EXCEPTION: An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345 (-1234567890)",
            "hint: run again later; https://status.salesforce.com tells how Salesforce is doing",
        ],
    },
    Case {
        name: "too many requests",
        bend: |site| site.fault(CallKind::Describe, Action::TooManyRequests { retry_after_secs: None }),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered HTTP 429 with an empty body",
            "hint: run again later, or fewer things at the same time",
        ],
    },
    Case {
        name: "the daily limit",
        bend: |site| site.fault(CallKind::Describe, Action::DailyLimit),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.",
            "hint: wait until the org's 24 hours have moved on, or raise its allowance",
        ],
    },
    Case {
        name: "the limit on long requests at the same time",
        bend: |site| site.fault(CallKind::Query, Action::ConcurrentLimit),
        command: &["query", "-q", "SELECT Id FROM User"],
        code: 2,
        stderr: &[
            "error: could not run the query: Salesforce answered REQUEST_LIMIT_EXCEEDED: ConcurrentPerOrgLongTxn Limit exceeded.",
            "hint: run again later, or fewer things at the same time",
        ],
    },
    Case {
        name: "an empty body",
        bend: |site| site.fault(CallKind::Describe, Action::EmptyBody),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered with an empty body",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "a body that is no JSON",
        bend: |site| site.answer(CallKind::Describe, 200, "text/plain", "all is well"),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered with something else than was asked for: text that is not JSON at line 1 column 1",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "JSON cut short",
        bend: |site| site.answer(CallKind::Describe, 200, JSON, r#"{"name":"Account","fields":[{"name":"Id","#),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered with something else than was asked for: text that is not JSON at line 1 column 41",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "JSON of another shape",
        bend: |site| site.answer(CallKind::Describe, 200, JSON, r#"{"fields":"none"}"#),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered with something else than was asked for: a value of another type at line 1 column 16",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "a web page with status 200",
        bend: |site| {
            site.answer(CallKind::Describe, 200, "text/html", "<!DOCTYPE html><title>Down for maintenance</title>")
        },
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered with a web page instead of JSON",
            "hint: run again later; if it stays so, look for what answers in Salesforce's place: a proxy, a gateway, a wrong `login_url`",
        ],
    },
    Case {
        name: "a connection reset",
        bend: |site| site.fault(CallKind::Describe, Action::ResetConnection),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: the connection to `127.0.0.1:[port]` broke: Connection reset by peer (os error 104)",
            "hint: run again; if it stays so, look at the network and at the proxy, if there is one",
        ],
    },
    Case {
        name: "a body cut off",
        bend: |site| site.fault(CallKind::Describe, Action::CutBody { after_bytes: 100 }),
        command: &["run", "-q"],
        code: 2,
        stderr: &[
            "error: row `Account`: could not describe `Account`: the connection to `127.0.0.1:[port]` broke: unexpected EOF during chunk size line",
            "hint: run again; if it stays so, look at the network and at the proxy, if there is one",
        ],
    },
    Case {
        name: "a user without API access",
        bend: |site| {
            site.answer(CallKind::Describe, 403, JSON, r#"[{"errorCode":"API_DISABLED_FOR_ORG","message":"The REST API is not enabled for this Organization."}]"#)
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered API_DISABLED_FOR_ORG: The REST API is not enabled for this Organization.",
            "hint: grant the user `API Enabled`; the org's edition must have API access",
        ],
    },
    Case {
        name: "control characters in an answer",
        bend: |site| {
            site.answer(
                CallKind::Describe,
                400,
                JSON,
                "[{\"errorCode\":\"INVALID_TYPE\",\"message\":\"no\\r\\n\\u001b[31mred\\u0007\"}]",
            )
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered INVALID_TYPE: no [31mred",
            "hint: correct the object's name, or grant the user read access to it: a hidden object looks like a missing one",
        ],
    },
    Case {
        name: "a redirect",
        bend: |site| site.answer(CallKind::Describe, 302, "text/html", "moved"),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered HTTP 302 with text that is not its own",
            "hint: set `domain` to the org's present My Domain: the host has moved",
        ],
    },
    Case {
        name: "a session that is refused again and again",
        bend: |site| site.fault(CallKind::Describe, Action::ExpireAllSessions),
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not describe `Account`: Salesforce answered INVALID_SESSION_ID: Session expired or invalid",
            "hint: grant the user `API Enabled`, and check the app's and the session's policies: a session just opened was refused",
        ],
    },
    Case {
        name: "a 404 where the version should be",
        bend: |site| {
            site.answer(
                CallKind::Versions,
                404,
                JSON,
                r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#,
            );
            site.answer(
                CallKind::Describe,
                404,
                JSON,
                r#"[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]"#,
            );
        },
        command: &["run", "-q"],
        code: 1,
        stderr: &[
            "error: row `Account`: could not list the objects: Salesforce answered NOT_FOUND: The requested resource does not exist",
            "hint: correct the name, or grant the user access: what is hidden looks like what is missing",
        ],
    },
];
