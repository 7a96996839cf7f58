//! The lines of the matrix.

use std::time::Duration;

use orgtap_destination::faulty::Call;
use orgtap_emulator::{Action, CallKind, CannedAnswer, Fault, When};

use super::trouble::{Cause, Trouble};

/// The calls of a run that reads by a job, in their order.
const CALLS: [CallKind; 8] = [
    CallKind::Login,
    CallKind::Describe,
    CallKind::Updated,
    CallKind::JobCreate,
    CallKind::JobInfo,
    CallKind::ResultPages,
    CallKind::Results,
    CallKind::JobDelete,
];
/// Those of them that only ask.
const QUESTIONS: [CallKind; 5] =
    [CallKind::Describe, CallKind::Updated, CallKind::JobInfo, CallKind::ResultPages, CallKind::Results];
/// The calls of a run that reads by REST.
const REST_CALLS: [CallKind; 4] = [CallKind::Login, CallKind::Describe, CallKind::Updated, CallKind::Query];

fn once(kinds: &[CallKind], action: &Action) -> Vec<Fault> {
    kinds.iter().map(|kind| Fault::next(*kind, action.clone())).collect()
}

/// Spoils every other page with the next of `actions`.
fn pages(actions: impl IntoIterator<Item = Action>) -> Vec<Fault> {
    (0..).zip(actions).map(|(at, action)| Fault::nth(CallKind::Results, 2 * at + 1, action)).collect()
}

/// Spoils every call of a kind from the `from`th on.
fn lasting(kind: CallKind, from: u64, action: &Action) -> Vec<Fault> {
    (from..from + 40).map(|nth| Fault::nth(kind, nth, action.clone())).collect()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Action {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Action::Answer(CannedAnswer { status, headers, body: body.to_owned() })
}

fn web_page(status: u16) -> Action {
    answer(status, &[("content-type", "text/html")], "<html><body>Please sign in to the network</body></html>")
}

fn fail(message: Option<&str>) -> Action {
    Action::FailJob { message: message.map(str::to_owned) }
}

fn state(nth: u64, state: &str) -> Fault {
    Fault::nth(CallKind::JobInfo, nth, Action::ReportState { state: state.to_owned() })
}

/// Returns the lines, by section.
pub(super) fn sections() -> Vec<(&'static str, Vec<Trouble>)> {
    vec![
        ("Sessions, limits, maintenance", refusals()),
        ("The network", network()),
        ("Answers that are not whole", bodies()),
        ("Pages and counts", results()),
        ("Query jobs", jobs()),
        ("The same by REST", rest()),
        ("Time", time()),
        ("This machine", machine()),
        ("The destination", destination()),
    ]
}

fn refusals() -> Vec<Trouble> {
    let wait = Action::TooManyRequests { retry_after_secs: Some(120) };
    let later = answer(503, &[("retry-after", "60"), ("content-type", "text/html")], "<html>later</html>");
    let unknown = Action::UnknownException;
    let expired = Action::ExpireAllSessions;
    vec![
        Trouble::calls("the session ends before any call", once(&CALLS[1..7], &expired)),
        Trouble::calls("the session ends while the job is waited for", [Fault::nth(CallKind::JobInfo, 2, expired)]),
        Trouble::calls("429 at every call, with `Retry-After`", once(&CALLS, &wait)),
        Trouble::calls("429 without it", once(&CALLS, &Action::TooManyRequests { retry_after_secs: None })),
        Trouble::calls("503 at every call, with `Retry-After`", once(&CALLS, &later)),
        Trouble::calls("503 without it", once(&CALLS, &Action::Unavailable)),
        Trouble::calls("420 at every call: the org is not known at this address", once(&CALLS, &Action::NotRouted)),
        Trouble::calls("406 at every call", once(&CALLS, &Action::NotAcceptable)),
        Trouble::calls("403, too many requests at once, at every call", once(&CALLS[1..], &Action::ConcurrentLimit)),
        Trouble::calls("500 `UNKNOWN_EXCEPTION` at every question", once(&QUESTIONS, &unknown)),
        Trouble::calls("500 `UNKNOWN_EXCEPTION` when the job is created", once(&[CallKind::JobCreate], &unknown))
            .restarts(1),
        Trouble::calls("502 and 504 of a gateway", pages([web_page(502), answer(504, &[], "")])),
        Trouble::calls("a web page in the place of every answer", once(&QUESTIONS, &web_page(200))),
        Trouble::calls("503 for longer than a run waits", lasting(CallKind::Results, 2, &Action::Unavailable))
            .restarts(1),
        Trouble::calls(
            "403, the day's requests are used up, at the job",
            once(&[CallKind::JobCreate], &Action::DailyLimit),
        )
        .restarts(1),
        Trouble::calls(
            "403, the day's requests are used up, between two pages",
            lasting(CallKind::Results, 2, &Action::DailyLimit),
        )
        .restarts(1),
    ]
}

fn network() -> Vec<Trouble> {
    // Pages that are read one after another need no list.
    let questions = || {
        let asked = QUESTIONS.into_iter().filter(|kind| *kind != CallKind::ResultPages);
        asked.map(|kind| (kind, None)).collect()
    };
    let bodies = || [CallKind::Describe, CallKind::Results].map(|kind| (kind, Some(100))).to_vec();
    let no_host = format!("https://{}.my.salesforce.com", "a".repeat(64));
    vec![
        Trouble::new("there is no host of this name", Cause::Elsewhere(no_host)).restarts(1),
        Trouble::new("nobody listens there", Cause::Elsewhere("http://127.0.0.1:1".to_owned())).restarts(1),
        Trouble::calls("reset before every answer", once(&QUESTIONS, &Action::ResetConnection)),
        Trouble::calls("reset within every body", once(&QUESTIONS, &Action::ResetBody { after_bytes: 60 })),
        Trouble::calls("the sign-in is reset", once(&[CallKind::Login], &Action::ResetConnection)),
        Trouble::calls("the job's creation does not arrive", once(&[CallKind::JobCreate], &Action::ResetConnection))
            .restarts(1),
        Trouble::calls("the job is created, and the answer lost", once(&[CallKind::JobCreate], &Action::LoseAnswer))
            .restarts(1),
        Trouble::calls("the job's removal is not answered", once(&[CallKind::JobDelete], &Action::LoseAnswer)),
        Trouble::new("no byte for four minutes, before every answer", Cause::Silence(questions())).one_by_one(),
        Trouble::new("no byte for four minutes, within a body", Cause::Silence(bodies())).one_by_one(),
    ]
}

fn bodies() -> Vec<Trouble> {
    let cut = |bytes: [u64; 3]| pages(bytes.map(|after_bytes| Action::CutBody { after_bytes }));
    let short = |ends: [i64; 3]| pages(ends.map(|at| Action::TruncateBody { at }));
    let documents = [CallKind::Describe, CallKind::Updated, CallKind::JobInfo, CallKind::ResultPages];
    vec![
        Trouble::calls("pages break off at their start", cut([0, 1, 10])),
        Trouble::calls("pages break off within", cut([30, 90, 150])),
        Trouble::calls("gzip of a page ends in its header, in good order", short([0, 1, 10])),
        Trouble::calls("gzip of a page ends within, in good order", short([30, 90, 150])),
        Trouble::calls("gzip of a page lacks its last bytes", short([-9, -8, -1])),
        Trouble::calls("documents break off", once(&documents, &Action::CutBody { after_bytes: 40 })),
        Trouble::calls("documents lack their last byte", once(&documents, &Action::TruncateBody { at: -1 })),
        Trouble::calls("documents are empty", once(&documents, &Action::EmptyBody)),
    ]
}

fn results() -> Vec<Trouble> {
    let refused = answer(400, &[], r#"[{"errorCode":"INVALID_LOCATOR","message":"invalid locator"}]"#);
    let astray = Action::ReportLocator { locator: "astray".to_owned() };
    let again = || [Fault::nth(CallKind::Results, 2, Action::RepeatPage)];
    let shifted = [Fault::nth(CallKind::Results, 2, Action::ShiftPage { records: 1 })];
    let miscounted = |records| Fault {
        call: Some(CallKind::JobInfo),
        when: When::Always,
        action: Action::ReportRecords { records },
    };
    vec![
        Trouble::calls(
            "a page has one record too few",
            pages([1, 4].map(|missing_records| Action::ShortPage { missing_records })),
        ),
        Trouble::calls("a page is empty", pages([Action::EmptyBody])),
        Trouble::calls("a locator is refused", [Fault::nth(CallKind::Results, 2, refused)]).one_by_one(),
        Trouble::calls("a locator leads astray", [Fault::nth(CallKind::Results, 1, astray)]).one_by_one(),
        Trouble::calls("the same page comes twice", again()).one_by_one().restarts(1),
        Trouble::calls("the same page comes twice, of pages read at the same time", again()).races(),
        Trouble::calls("two pages overlap, and every count adds up", shifted).one_by_one().restarts(1),
        Trouble::calls(
            "the names of a page's header stand in another order than its values",
            pages([Action::TurnHeader]),
        ),
        Trouble::calls("the job counts more records than its pages hold", [miscounted(1_000)]).restarts(1),
        Trouble::calls("the job counts fewer records than its pages hold", [miscounted(2)]).restarts(1),
    ]
}

fn jobs() -> Vec<Trouble> {
    let timeout = fail(Some("QUERY_TIMEOUT: Your query request was running for too long."));
    let retried = fail(Some("InternalServerError : Retried more than fifteen times"));
    let refused = answer(400, &[], r#"[{"errorCode":"INVALID_FIELD","message":"can not be sorted in a query call"}]"#);
    let without_ids = [once(&[CallKind::JobInfo], &timeout), once(&[CallKind::Query], &refused)].concat();
    let lost = || [Fault::nth(CallKind::Results, 2, Action::LoseJob)];
    let order = ["InProgress", "UploadComplete", "Resting", "InProgress", "UploadComplete"];
    let states = (1..).zip(order).map(|(nth, name)| state(nth, name));
    vec![
        Trouble::calls("fails with `QUERY_TIMEOUT`", once(&[CallKind::JobInfo], &timeout)),
        Trouble::calls("fails, \"retried more than fifteen times\"", once(&[CallKind::JobInfo], &retried)),
        Trouble::calls("fails with `QUERY_TIMEOUT`, and Ids cannot be compared", without_ids),
        Trouble::calls("fails without a message", once(&[CallKind::JobInfo], &fail(None))).restarts(1),
        Trouble::calls("is aborted by somebody", once(&[CallKind::JobInfo], &Action::AbortJob)),
        Trouble::calls("vanishes (404) while it is waited for", [Fault::nth(CallKind::JobInfo, 2, Action::LoseJob)]),
        Trouble::calls("vanishes (404) between two pages", lost()).one_by_one(),
        Trouble::calls("vanishes (404) while pages are read at the same time", lost()).races(),
        Trouble::calls("goes back to earlier states, and to unknown ones", states),
        Trouble::calls(
            "does not end within its deadline",
            [Fault::always(CallKind::JobInfo, Action::ReportState { state: "InProgress".to_owned() })],
        )
        .restarts(1),
    ]
}

fn rest() -> Vec<Trouble> {
    let query = |action: &Action| once(&[CallKind::Query], action);
    let lines = vec![
        Trouble::calls("the session ends before any call", once(&REST_CALLS[1..], &Action::ExpireAllSessions)),
        Trouble::calls("429 at every call", once(&REST_CALLS, &Action::TooManyRequests { retry_after_secs: None })),
        Trouble::calls("503 at every call", once(&REST_CALLS, &Action::Unavailable)),
        Trouble::calls("500 `UNKNOWN_EXCEPTION` at the query", query(&Action::UnknownException)),
        Trouble::calls("a web page in the place of the records", query(&web_page(200))),
        Trouble::calls("the query is reset", query(&Action::ResetConnection)),
        Trouble::calls("the records break off", query(&Action::CutBody { after_bytes: 200 })),
        Trouble::calls("gzip of the records lacks its last byte", query(&Action::TruncateBody { at: -1 })),
        Trouble::new("no byte for four minutes, before the records", Cause::Silence(vec![(CallKind::Query, None)])),
        Trouble::calls("403, the day's requests are used up", query(&Action::DailyLimit)).restarts(1),
        Trouble::new("the process dies at the query", Cause::Killed(vec![(CallKind::Query, 1)])).restarts(1),
    ];
    lines.into_iter().map(Trouble::by_rest).collect()
}

fn time() -> Vec<Trouble> {
    let clock = |off_by, jumps| Cause::MachineClock { off_by, jumps };
    vec![
        Trouble::new("a transaction commits 15 minutes late", Cause::LateCommit(Duration::from_secs(15 * 60)))
            .reads_back(),
        Trouble::new("this machine's clock is five hours ahead", clock(5 * 3_600, false)),
        Trouble::new("this machine's clock is decades behind", clock(-900_000_000, false)),
        Trouble::new("this machine's clock goes back and forth by a day", clock(-86_400, true)),
    ]
}

fn machine() -> Vec<Trouble> {
    let killed = |calls: &[(CallKind, u64)]| Cause::Killed(calls.to_vec());
    let again = [(CallKind::JobInfo, 1), (CallKind::Results, 1), (CallKind::Results, 2)];
    vec![
        Trouble::new("the process dies before its job is created", killed(&[(CallKind::JobCreate, 1)])).restarts(1),
        Trouble::new("the process dies while it waits for its job", killed(&[(CallKind::JobInfo, 2)])).restarts(1),
        Trouble::new("the process dies between two pages", killed(&[(CallKind::Results, 2)])).restarts(1),
        Trouble::new("the process dies after its commit", killed(&[(CallKind::JobDelete, 1)])).restarts(1),
        Trouble::new("the process dies three times", killed(&again)).restarts(3),
    ]
}

fn destination() -> Vec<Trouble> {
    let fails = |what, call, after| Trouble::new(what, Cause::Destination(call, after)).restarts(1);
    vec![
        fails("cannot read the state", Call::State, 0),
        fails("cannot begin the load", Call::Begin, 0),
        fails("cannot save the journal", Call::SaveJournal, 1),
        fails("cannot open a part", Call::OpenPart, 1),
        fails("cannot write", Call::Write, 1),
        fails("cannot finish a part", Call::Finish, 1),
        fails("cannot commit", Call::Commit, 0),
        fails("commits, and does not say so", Call::CommitReply, 0),
        Trouble::new("another run holds the table", Cause::Locked).restarts(1),
    ]
}
