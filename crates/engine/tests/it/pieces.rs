//! Queries that several jobs read, each a range of the records: since one is too much for Salesforce, or since the plan says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgtap_emulator::{Action, CallKind, CannedAnswer, EmulatorOptions, Fault, Id, JobTime, Org, Scope};
use orgtap_engine::{Error, RowReport, RowSpec, RunSpec};
use orgtap_salesforce::ErrorKind;

use crate::fixture::{DAY, Fixture, MINUTE, fields, incremental, object, only, soql, with_deleted};
use crate::records::{Records, assert_same};

/// An object whose queries Salesforce does not split.
const UNCHUNKED: &str = "MeterReading";
/// One that is in the list of those that it does, and of which the emulator's jobs say otherwise.
const LISTED: &str = "Voucher";
const RECORDS: usize = 300;

/// An org with three hundred records of an object, and pages of twenty.
async fn org_of(name: &str) -> Fixture {
    let describe = serde_json::json!({"name": name, "label": name, "keyPrefix": "a0M", "replicateable": true, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "IsDeleted", "type": "boolean", "nillable": false},
        {"name": "CreatedDate", "type": "datetime"},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]});
    let options = EmulatorOptions { page_records: 20, ..EmulatorOptions::default() };
    let fixture = Fixture::with(crate::fixture::org_with(&describe), options).await;
    for number in 0..RECORDS {
        add(&fixture, name, number);
    }
    fixture.org.advance(MINUTE);
    fixture
}

fn add(fixture: &Fixture, name: &str, number: usize) -> Id {
    if number.is_multiple_of(7) {
        fixture.org.advance(MINUTE);
    }
    fixture.org.insert(name, fields([("Name", format!("reading {number}").into())])).unwrap()
}

fn spec(row: &RowSpec) -> RunSpec {
    RunSpec { page_records: 20, records_per_job: 100, ..RunSpec::new(vec![row.clone()]) }
}

async fn run(fixture: &Fixture, row: &RowSpec) -> RowReport {
    only(fixture.run(spec(row)).await)
}

fn too_large(records: u64) -> Fault {
    Fault::always(CallKind::JobInfo, Action::FailLargeJob { records })
}

fn refused(message: &str) -> Action {
    let body = format!(r#"[{{"errorCode":"INVALID_FIELD","message":"{message}"}}]"#);
    Action::Answer(CannedAnswer { status: 400, headers: [].into(), body })
}

/// Returns the queries of all jobs that were asked for.
fn jobs(fixture: &Fixture) -> Vec<String> {
    let queries = fixture.emulator.stats().queries;
    queries.into_iter().filter(|asked| asked.call == CallKind::JobCreate).map(|asked| asked.soql).collect()
}

fn calls(fixture: &Fixture, kind: CallKind) -> u64 {
    fixture.emulator.calls(kind)
}

/// Plans no jobs but one.
fn one_job(row: &RowSpec) -> RunSpec {
    RunSpec { records_per_job: 0, ..spec(row) }
}

/// Ends a run of `spec` at its `nth` call of `kind`, as if its process died.
async fn cut_off(fixture: &Fixture, spec: RunSpec, kind: CallKind, nth: u64) {
    let gate = format!("{kind} {nth}");
    fixture.emulator.faults().add(Fault::nth(kind, nth, Action::Hold { gate: gate.clone() })).unwrap();
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec);
    running.held(fixture.emulator.faults(), &gate).await;
    running.kill().await;
    fixture.emulator.faults().clear();
}

#[tokio::test]
async fn ids_in_clusters_far_from_each_other_are_cut_within_the_clusters() {
    let folder = tempfile::tempdir().unwrap();
    let id = |number: usize| format!("001{}00000000{number:03}", ["0", "R", "z"][number % 3]);
    let csv: String = (0..120).map(|number| format!("{},account {number}\n", id(number))).collect();
    std::fs::write(folder.path().join("Account.csv"), format!("Id,Name\n{csv}")).unwrap();
    let mut builder = Org::builder();
    builder.import(folder.path()).unwrap();
    let fixture = Fixture::of(builder.build()).await;
    let ids = fixture.ids("SELECT Id FROM Account").iter().map(Id::to_string).collect::<BTreeSet<_>>();
    assert!((0..120).all(|number| ids.iter().any(|kept| kept.starts_with(&id(number)))), "the Ids are kept");
    fixture.emulator.faults().add(too_large(12)).unwrap();

    let loaded = fixture.load(&soql("SELECT Id, Name FROM Account")).await;

    assert_eq!(loaded.records, 120);
    let truth = Records::of_query(&fixture.org, "SELECT Id, Name FROM Account", Scope::Live);
    assert_same(&fixture.table("Account"), &truth);
    assert!(jobs(&fixture).iter().all(|query| !query.contains("CreatedDate")), "{:?}", jobs(&fixture));
    assert_eq!(calls(&fixture, CallKind::JobDelete), calls(&fixture, CallKind::JobCreate));
}

#[tokio::test]
async fn a_job_whose_ids_cannot_be_compared_is_cut_by_when_the_records_were_created() {
    // The first question for Ids, the comparison of one, or the job itself.
    let refusals = [(CallKind::Query, 1), (CallKind::Query, 2), (CallKind::JobCreate, 2)];
    for (call, nth) in refusals {
        let fixture = org_of(UNCHUNKED).await;
        let faults = fixture.emulator.faults();
        faults.add(Fault::nth(call, nth, refused("field 'Id' can not be filtered in a query call"))).unwrap();
        faults.add(too_large(100)).unwrap();
        // One whole job at first.
        let row = RowSpec { api: orgtap_engine::Api::Bulk, ..with_deleted(object(UNCHUNKED)) };

        let report = only(fixture.run(one_job(&row)).await);

        assert_eq!(report.outcome.unwrap().records, RECORDS as u64, "{call} {nth}");
        assert_same(&fixture.table(UNCHUNKED), &fixture.all(UNCHUNKED));
        let pieces = jobs(&fixture).into_iter().filter(|query| query.contains("CreatedDate >= ")).count();
        assert!(pieces > 2, "{call} {nth}: {:?}", jobs(&fixture));
        let with_nulls = jobs(&fixture).iter().filter(|query| query.contains("CreatedDate = NULL")).count();
        assert!(with_nulls >= 1, "records without a date are asked for");
        assert_eq!(
            calls(&fixture, CallKind::JobDelete),
            calls(&fixture, CallKind::JobCreate) - u64::from(call == CallKind::JobCreate)
        );
    }
}

#[tokio::test]
async fn a_job_is_cut_by_dates_even_where_the_org_does_not_order_them() {
    let fixture = org_of(UNCHUNKED).await;
    // As many again, years later.
    fixture.org.advance(DAY * 365 * 5);
    for number in RECORDS..2 * RECORDS {
        add(&fixture, UNCHUNKED, number);
    }
    let faults = fixture.emulator.faults();
    faults.add(too_large(RECORDS as u64)).unwrap();
    faults.add(Fault::always(CallKind::Query, refused("can not be sorted in a query call"))).unwrap();

    let report = only(fixture.run(one_job(&object(UNCHUNKED))).await);

    // All of time in quarters, and a quarter of that in quarters, until the records are apart.
    assert_eq!(report.outcome.unwrap().records, 2 * RECORDS as u64);
    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
    assert!(jobs(&fixture).iter().any(|query| query.contains("CreatedDate < ")), "{:?}", jobs(&fixture));
}

#[tokio::test]
async fn a_record_that_changes_between_the_pieces_is_read_once_and_the_change_by_the_next_run() {
    let fixture = org_of(UNCHUNKED).await;
    let row = incremental(object(UNCHUNKED));
    fixture.emulator.faults().add(too_large(100)).unwrap();
    fixture.emulator.faults().add(Fault::nth(CallKind::Results, 6, Action::Hold { gate: "piece".to_owned() })).unwrap();
    let one_job = RunSpec { download_connections: 1, ..one_job(&row) };
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), one_job.clone());
    running.held(fixture.emulator.faults(), "piece").await;
    fixture.org.advance(MINUTE);
    let ids = fixture.ids(&format!("SELECT Id FROM {UNCHUNKED} ORDER BY Id"));
    for id in [ids[0], ids[RECORDS / 2], ids[RECORDS - 1]] {
        fixture.set(id, "Name", "changed meanwhile");
    }
    fixture.emulator.faults().release("piece");
    let loaded = running.end().await.outcome.unwrap();
    assert_eq!(loaded.records, RECORDS as u64);
    fixture.emulator.faults().clear();
    fixture.org.advance(MINUTE);

    only(fixture.run(one_job).await).outcome.unwrap();

    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
}

#[tokio::test]
async fn pieces_are_gone_on_with_whenever_the_run_is_cut_off() {
    let cuts = [
        (CallKind::JobCreate, 2),
        (CallKind::JobCreate, 4),
        (CallKind::Results, 3),
        (CallKind::Results, 9),
        (CallKind::JobDelete, 1),
    ];
    for refuses_ids in [false, true] {
        for (call, nth) in cuts {
            let fixture = org_of(UNCHUNKED).await;
            let row = object(UNCHUNKED);
            let hinder = || {
                fixture.emulator.faults().add(too_large(110)).unwrap();
                if refuses_ids {
                    let refusal = Fault::nth(CallKind::Query, 1, refused("field 'Id' can not be sorted"));
                    fixture.emulator.faults().add(refusal).unwrap();
                }
            };
            hinder();
            cut_off(&fixture, one_job(&row), call, nth).await;
            hinder();

            let report = only(fixture.run(one_job(&row)).await);

            assert_eq!(report.outcome.unwrap().records, RECORDS as u64, "{call} {nth}");
            assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
        }
    }
}

#[tokio::test]
async fn a_long_object_that_salesforce_does_not_split_is_read_by_several_jobs() {
    let fixture = org_of(UNCHUNKED).await;
    let row = object(UNCHUNKED);
    let plans = orgtap_engine::plan(&spec(&row), &fixture.client(), &fixture.memory).await;
    let ranges = plans[0].as_ref().unwrap().ranges.clone().unwrap();
    assert_eq!((ranges.jobs, ranges.records, ranges.unless_chunked), (3, 300, false));
    assert_eq!(plans[0].as_ref().unwrap().cost.query_jobs, 3);

    let report = run(&fixture, &row).await;

    assert_eq!(report.outcome.unwrap().records, RECORDS as u64);
    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
    let jobs = jobs(&fixture);
    let bounds = |query: &String| (query.contains("Id >= "), query.contains("Id < "));
    assert_eq!(jobs.iter().map(bounds).collect::<BTreeSet<_>>().len(), 3, "{jobs:?}");
    assert_eq!((jobs.len(), calls(&fixture, CallKind::JobDelete)), (3, 3));
}

#[tokio::test]
async fn jobs_for_ranges_are_at_work_at_the_same_time() {
    let fixture = org_of(UNCHUNKED).await;
    for nth in 1..=3 {
        let gate = format!("job {nth}");
        fixture.emulator.faults().add(Fault::nth(CallKind::JobInfo, nth, Action::Hold { gate })).unwrap();
    }

    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec(&object(UNCHUNKED)));
    for nth in 1..=3 {
        running.held(fixture.emulator.faults(), &format!("job {nth}")).await;
    }

    assert_eq!(calls(&fixture, CallKind::JobCreate), 3);
    (1..=3).for_each(|nth| fixture.emulator.faults().release(&format!("job {nth}")));
    running.end().await.outcome.unwrap();
    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
}

#[tokio::test]
async fn objects_that_salesforce_splits_and_queries_with_an_end_or_an_order_are_one_job() {
    let fixture = org_of("Meter__c").await;
    let limited =
        [object("Meter__c"), soql("SELECT Id FROM Meter__c ORDER BY Name"), soql("SELECT Id FROM Meter__c LIMIT 290")];
    for row in limited {
        run(&fixture, &row).await.outcome.unwrap();
    }
    assert_eq!(calls(&fixture, CallKind::JobCreate), 3);

    let few = org_of(UNCHUNKED).await;
    let row = object(UNCHUNKED);
    only(few.run(RunSpec { records_per_job: 151, ..spec(&row) }).await).outcome.unwrap();
    only(few.run(one_job(&row)).await).outcome.unwrap();
    assert_eq!(calls(&few, CallKind::JobCreate), 2);
}

#[tokio::test]
async fn an_object_of_which_the_job_says_that_it_is_not_split_is_read_by_several_jobs_after_all() {
    let options = EmulatorOptions { page_records: 20, job_time: JobTime::Polls(3), ..EmulatorOptions::default() };
    let fixture = org_of(LISTED).await;
    let fixture = Fixture::with(fixture.org.clone(), options).await;
    let row = RowSpec { api: orgtap_engine::Api::Auto, ..object(LISTED) };
    // So many that a plan without an order of its own counts them and takes a job.
    for number in RECORDS..2_100 {
        add(&fixture, LISTED, number);
    }

    let report = only(fixture.run(RunSpec { records_per_job: 1_000, page_records: 1_000, ..spec(&row) }).await);

    assert_eq!(report.outcome.unwrap().records, 2_100);
    assert_same(&fixture.table(LISTED), &fixture.live(LISTED));
    // The whole one was aborted.
    assert_eq!((calls(&fixture, CallKind::JobCreate), calls(&fixture, CallKind::JobAbort)), (3, 1));
    assert_eq!(calls(&fixture, CallKind::JobDelete), 3);
}

#[tokio::test]
async fn a_whole_job_is_gone_on_with_where_a_limit_allows_no_pieces() {
    let options = EmulatorOptions { page_records: 20, job_time: JobTime::Polls(3), ..EmulatorOptions::default() };
    let fixture = org_of(LISTED).await;
    let fixture = Fixture::with(fixture.org.clone(), options).await;
    for number in RECORDS..2_100 {
        add(&fixture, LISTED, number);
    }
    let row = RowSpec { api: orgtap_engine::Api::Auto, ..object(LISTED) };
    let spec = RunSpec { records_per_job: 1_000, page_records: 1_000, ..spec(&row) };
    fixture.emulator.faults().add(Fault::nth(CallKind::JobCreate, 2, Action::DailyLimit)).unwrap();
    let error = only(fixture.run(spec.clone()).await).outcome.unwrap_err();
    assert!(matches!(&error, Error::Salesforce(error) if error.kind() == ErrorKind::LimitExceeded), "{error:?}");

    let report = only(fixture.run(spec).await);

    assert_eq!(report.outcome.unwrap().records, 2_100);
    assert_same(&fixture.table(LISTED), &fixture.live(LISTED));
    // The second is the one that was refused.
    assert_eq!((calls(&fixture, CallKind::JobCreate), calls(&fixture, CallKind::JobDelete)), (2, 1));
}

#[tokio::test]
async fn an_object_whose_ids_salesforce_does_not_compare_is_read_by_one_job() {
    for (call, nth) in [(CallKind::Query, 1), (CallKind::Query, 2), (CallKind::JobCreate, 1)] {
        let fixture = org_of(UNCHUNKED).await;
        fixture.emulator.faults().add(Fault::nth(call, nth, refused("field 'Id' can not be filtered"))).unwrap();

        let report = run(&fixture, &object(UNCHUNKED)).await;

        assert_eq!(report.outcome.unwrap().records, RECORDS as u64, "{call} {nth}");
        assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
        let told = "one job read all, since Salesforce does not compare the Ids of `MeterReading`";
        assert!(report.notes.iter().any(|note| note == told), "{:?}", report.notes);
        assert!(!jobs(&fixture).last().unwrap().contains("Id <"));
    }
}

#[tokio::test]
async fn one_of_several_jobs_that_is_too_much_is_cut_again() {
    let fixture = org_of(UNCHUNKED).await;
    let timeout = Action::FailJob { message: Some("QUERY_TIMEOUT: too long".to_owned()) };
    fixture.emulator.faults().add(Fault::nth(CallKind::JobInfo, 2, timeout)).unwrap();

    let report = run(&fixture, &object(UNCHUNKED)).await;

    assert_eq!(report.outcome.unwrap().records, RECORDS as u64);
    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
    assert_eq!((calls(&fixture, CallKind::JobCreate), calls(&fixture, CallKind::JobDelete)), (7, 7));
}

#[tokio::test]
async fn a_piece_whose_creation_takes_long_is_created_once() {
    let fixture = org_of(UNCHUNKED).await;
    let faults = fixture.emulator.faults();
    let timeout = Action::FailJob { message: Some("QUERY_TIMEOUT: too long".to_owned()) };
    // By the third look all jobs are created, so that the next one is for a piece.
    faults.add(Fault::nth(CallKind::JobInfo, 3, timeout)).unwrap();
    faults.add(Fault::nth(CallKind::JobCreate, 4, Action::Hold { gate: "piece".to_owned() })).unwrap();
    let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec(&object(UNCHUNKED)));
    running.held(faults, "piece").await;
    // Meanwhile the other jobs end, and there is room for more. Half of the records are in the first range, so that the others have eight pages at least.
    running.settled(|| calls(&fixture, CallKind::Results) >= 8).await;
    faults.release("piece");

    let report = running.end().await;

    assert_eq!(report.outcome.unwrap().records, RECORDS as u64);
    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
    assert_eq!((calls(&fixture, CallKind::JobCreate), calls(&fixture, CallKind::JobDelete)), (7, 7));
}

#[tokio::test]
async fn what_jobs_have_read_is_not_read_by_rest_again() {
    let fixture = org_of(UNCHUNKED).await;
    let faults = fixture.emulator.faults();
    let timeout = Action::FailJob { message: Some("QUERY_TIMEOUT: too long".to_owned()) };
    faults.add(Fault::nth(CallKind::JobInfo, 2, timeout)).unwrap();
    let body = r#"[{"errorCode":"INSUFFICIENT_ACCESS","message":"no jobs any more"}]"#.to_owned();
    let forbidden = Action::Answer(CannedAnswer { status: 403, headers: [].into(), body });
    faults.add(Fault::nth(CallKind::JobCreate, 7, forbidden)).unwrap();
    // Nothing tells its records apart.
    let row = soql("SELECT Name FROM MeterReading");

    let error = run(&fixture, &row).await.outcome.unwrap_err();

    assert!(matches!(&error, Error::Salesforce(error) if error.kind() == ErrorKind::UnsupportedByBulk), "{error:?}");
    assert!(fixture.memory.table(UNCHUNKED).is_none());
    assert_eq!(run(&fixture, &row).await.outcome.unwrap().records, RECORDS as u64);
}

#[tokio::test]
async fn one_of_several_jobs_that_fails_fails_the_row_and_all_are_removed() {
    let fixture = org_of(UNCHUNKED).await;
    let fails = Action::FailJob { message: Some("insufficient access rights".to_owned()) };
    fixture.emulator.faults().add(Fault::nth(CallKind::JobInfo, 5, fails)).unwrap();

    let error = run(&fixture, &object(UNCHUNKED)).await.outcome.unwrap_err();

    assert!(matches!(&error, Error::Salesforce(error) if error.kind() == ErrorKind::JobFailed), "{error:?}");
    assert!(fixture.memory.table(UNCHUNKED).is_none());
    assert_eq!((calls(&fixture, CallKind::JobCreate), calls(&fixture, CallKind::JobDelete)), (3, 3));
    run(&fixture, &object(UNCHUNKED)).await.outcome.unwrap();
    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
}

#[tokio::test]
async fn a_job_that_is_created_while_another_one_fails_is_removed_too() {
    let reasons = [
        (Action::FailJob { message: Some("insufficient access rights".to_owned()) }, (3, 3)),
        // All begins anew after that.
        (Action::AbortJob, (6, 6)),
    ];
    for (action, created_and_deleted) in reasons {
        let fixture = org_of(UNCHUNKED).await;
        let faults = fixture.emulator.faults();
        faults.add(Fault::nth(CallKind::JobInfo, 1, action)).unwrap();
        faults.add(Fault::nth(CallKind::JobCreate, 3, Action::Hold { gate: "late".to_owned() })).unwrap();
        let mut running = fixture.start(Arc::new(fixture.memory.clone()), spec(&object(UNCHUNKED)));
        running.held(faults, "late").await;
        running.settled(|| calls(&fixture, CallKind::JobInfo) >= 1).await;

        faults.release("late");
        running.end().await;

        let calls = |kind| calls(&fixture, kind);
        assert_eq!((calls(CallKind::JobCreate), calls(CallKind::JobDelete)), created_and_deleted);
    }
}

#[tokio::test]
async fn one_of_several_jobs_that_vanishes_has_all_begin_anew() {
    for action in [Action::LoseJob, Action::AbortJob] {
        let fixture = org_of(UNCHUNKED).await;
        fixture.emulator.faults().add(Fault::nth(CallKind::JobInfo, 5, action)).unwrap();

        run(&fixture, &object(UNCHUNKED)).await.outcome.unwrap();

        assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
        assert_eq!(calls(&fixture, CallKind::JobCreate), 6);
    }
}

#[tokio::test]
async fn jobs_for_ranges_are_gone_on_with_whenever_the_run_is_cut_off() {
    let cuts = [
        (CallKind::JobCreate, 1),
        (CallKind::JobCreate, 2),
        (CallKind::JobCreate, 3),
        (CallKind::JobInfo, 2),
        (CallKind::Results, 2),
        (CallKind::Results, 10),
    ];
    for (call, nth) in cuts {
        let fixture = org_of(UNCHUNKED).await;
        let row = object(UNCHUNKED);
        cut_off(&fixture, spec(&row), call, nth).await;
        let created = add(&fixture, UNCHUNKED, RECORDS);

        let report = run(&fixture, &row).await;

        let loaded = report.outcome.unwrap().records as usize;
        assert!((RECORDS..=RECORDS + 1).contains(&loaded), "{call} {nth}: {loaded}");
        let id = created.to_string();
        let known = fixture.table(UNCHUNKED).filtered("Id", |other| other.as_deref() != Some(&id));
        let truth = fixture.live(UNCHUNKED).filtered("Id", |other| other.as_deref() != Some(&id));
        assert_same(&known, &truth);
        if call == CallKind::Results {
            assert_eq!(calls(&fixture, CallKind::JobCreate), 3, "{call} {nth}");
            assert!(calls(&fixture, CallKind::Results) <= 17 + 8, "{}", calls(&fixture, CallKind::Results));
        }
    }
}

#[tokio::test]
async fn a_limit_that_one_of_several_jobs_meets_lets_the_others_finish_and_the_next_run_go_on() {
    let fixture = org_of(UNCHUNKED).await;
    fixture.emulator.faults().add(Fault::nth(CallKind::JobCreate, 3, Action::DailyLimit)).unwrap();
    let row = object(UNCHUNKED);
    let error = run(&fixture, &row).await.outcome.unwrap_err();
    assert!(matches!(&error, Error::Salesforce(error) if error.kind() == ErrorKind::LimitExceeded), "{error:?}");
    let read = calls(&fixture, CallKind::Results);
    assert!(read >= 10, "two of three ranges were read to their end: {read}");

    run(&fixture, &row).await.outcome.unwrap();

    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
    assert!(calls(&fixture, CallKind::Results) - read <= 6, "only the third was read");
}

#[tokio::test]
async fn a_share_of_the_orgs_jobs_is_kept_by_jobs_at_the_same_time() {
    let fixture = org_of(UNCHUNKED).await;
    let options = EmulatorOptions { page_records: 20, daily_query_jobs: 100, ..EmulatorOptions::default() };
    let fixture = Fixture::with(fixture.org.clone(), options).await;
    let shares = orgtap_salesforce::Shares { query_jobs: Some(2), ..Default::default() };
    let row = object(UNCHUNKED);
    let mut runs = 0;
    loop {
        runs += 1;
        let client = fixture.client();
        client.hold_to(&shares).await.unwrap();
        let before = calls(&fixture, CallKind::JobCreate);
        let report = only(fixture.run_as(&client, spec(&row)).await);
        assert!(calls(&fixture, CallKind::JobCreate) - before <= 2);
        if report.outcome.is_ok() {
            break;
        }
        assert!(runs < 4, "{report:?}");
    }

    assert_eq!((runs, calls(&fixture, CallKind::JobCreate)), (2, 3));
    assert_same(&fixture.table(UNCHUNKED), &fixture.live(UNCHUNKED));
}
