//! Bulk API 2.0 query jobs from creation to deletion.

use std::time::Duration;

use orgtap_emulator::{EmulatorOptions, JobTime, Value};
use serde_json::{Value as Json, json};

use crate::client::{Answer, Fixture};

pub(crate) const JOBS: &str = "/services/data/v62.0/jobs/query";

async fn create(fixture: &Fixture, version: &str, document: &Json) -> Answer {
    fixture.post(&format!("/services/data/v{version}/jobs/query"), document).await
}

pub(crate) async fn create_job(fixture: &Fixture, soql: &str) -> String {
    let answer = create(fixture, "62.0", &json!({"operation": "query", "query": soql})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn complete_job(fixture: &Fixture, soql: &str) -> String {
    let job = create_job(fixture, soql).await;
    for _ in 0..3 {
        if fixture.get(&format!("{JOBS}/{job}")).await.json()["state"] == "JobComplete" {
            return job;
        }
    }
    panic!("job {job} does not become complete");
}

async fn instant() -> Fixture {
    Fixture::with(EmulatorOptions { job_time: JobTime::Polls(0), page_records: 100, ..Default::default() }).await
}

fn insert_account(fixture: &Fixture, name: &str) {
    fixture.org().insert("Account", [("Name".to_owned(), Value::from(name))].into()).unwrap();
}

#[tokio::test]
async fn a_new_job_is_described_as_salesforce_describes_it() {
    let fixture = Fixture::new().await;

    let answer = create(&fixture, "62.0", &json!({"operation": "query", "query": "SELECT Id FROM Account"})).await;

    assert_eq!(answer.status, 200);
    let mut job = answer.json();
    assert!(job["id"].as_str().unwrap().starts_with("750"));
    assert!(job["createdById"].as_str().unwrap().starts_with("005"));
    for key in ["id", "createdById"] {
        job[key] = Json::Null;
    }
    assert_eq!(
        job,
        json!({"id": null, "operation": "query", "object": "Account", "createdById": null,
            "createdDate": "2026-03-01T12:00:00.000+0000", "systemModstamp": "2026-03-01T12:00:00.000+0000",
            "state": "UploadComplete", "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": 62.0,
            "lineEnding": "LF", "columnDelimiter": "COMMA"})
    );
}

#[tokio::test]
async fn a_job_goes_through_its_states_as_it_is_watched() {
    let fixture = Fixture::new().await;
    let job = create_job(&fixture, "SELECT Id FROM Account").await;
    let info = async || fixture.get(&format!("{JOBS}/{job}/")).await.json();

    let (first, second) = (info().await, info().await);

    assert_eq!((&first["state"], &first["numberRecordsProcessed"]), (&json!("InProgress"), &json!(0)));
    let accounts = fixture.org().record_count("Account").unwrap();
    assert_eq!((&second["state"], &second["numberRecordsProcessed"]), (&json!("JobComplete"), &json!(accounts)));
    assert_eq!((&second["jobType"], &second["isPkChunkingSupported"]), (&json!("V2Query"), &json!(true)));
}

#[tokio::test]
async fn a_job_may_take_the_orgs_time_instead() {
    let job_time = JobTime::Elapsed(Duration::from_secs(30));
    let fixture = Fixture::with(EmulatorOptions { job_time, ..Default::default() }).await;
    let job = create_job(&fixture, "SELECT Id FROM Account").await;
    let mut states = Vec::new();
    for seconds in [0, 1, 28, 1] {
        fixture.org().advance(Duration::from_secs(seconds));
        states.push(fixture.get(&format!("{JOBS}/{job}")).await.json()["state"].as_str().unwrap().to_owned());
    }

    assert_eq!(states, ["UploadComplete", "InProgress", "InProgress", "JobComplete"]);
}

#[tokio::test]
async fn what_bulk_cannot_do_is_refused_at_creation() {
    let fixture = Fixture::new().await;
    let table = [
        ("SELECT BillingAddress FROM Account", "API_ERROR", "Selecting compound data not supported in Bulk Query"),
        ("SELECT COUNT(Id) FROM Account", "API_ERROR", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT COUNT() FROM Account", "API_ERROR", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT Name FROM Account GROUP BY Name", "API_ERROR", "Aggregate Relationships not supported in Bulk Query"),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        ("SELECT Id FROM Account LIMIT 1 OFFSET 1", "API_ERROR", "OFFSET not supported in Bulk Query"),
        (
            "SELECT FIELDS(ALL) FROM User LIMIT 9",
            "API_ERROR",
            "The SOQL FIELDS function must be FIELDS(STANDARD) in Bulk Query",
        ),
        ("SELECT TYPEOF Who WHEN Contact THEN Id END FROM Task", "API_ERROR", "TYPEOF not supported in Bulk Query"),
        ("SELEKT Id FROM Account", "MALFORMED_QUERY", "unexpected token: SELEKT"),
    ];
    for (soql, code, message) in table {
        let refusal = create(&fixture, "62.0", &json!({"operation": "query", "query": soql})).await.refusal();
        assert_eq!(refusal, (400, code.to_owned(), message.to_owned()), "{soql}");
    }
    for (soql, code) in [("SELECT Nope FROM Account", "INVALID_FIELD"), ("SELECT Id FROM Nope", "INVALID_TYPE")] {
        let (status, got, _) = create(&fixture, "62.0", &json!({"operation": "query", "query": soql})).await.refusal();
        assert_eq!((status, got.as_str()), (400, code), "{soql}");
    }
}

#[tokio::test]
async fn a_file_cannot_be_written_to_csv() {
    let fixture = Fixture::new().await;
    let describe = fixture.get("/services/data/v62.0/sobjects/Shipment__c/describe").await.json();
    let fields = describe["fields"].as_array().unwrap();
    let file = fields.iter().find(|field| field["type"] == "base64").unwrap()["name"].as_str().unwrap();

    let soql = format!("SELECT Id, {file} FROM Shipment__c");
    let refusal = create(&fixture, "62.0", &json!({"operation": "query", "query": soql})).await.refusal();

    let message = format!("Cannot serialize value for '{file}' in CSV format");
    assert_eq!(refusal, (400, "FEATURENOTENABLED".to_owned(), message));
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused() {
    let fixture = Fixture::new().await;
    let with = |key: &str, value: Json| {
        let mut document = json!({"operation": "query", "query": "SELECT Id FROM Account"});
        document[key] = value;
        document
    };
    let table = [
        (with("operation", json!("Query")), "JSON_PARSER_ERROR"),
        (with("operation", Json::Null), "INVALIDREQUEST"),
        (with("query", json!("")), "INVALIDREQUEST"),
        (with("query", json!(7)), "JSON_PARSER_ERROR"),
        (with("contentType", json!("XML")), "JSON_PARSER_ERROR"),
        (with("columnDelimiter", json!(",")), "JSON_PARSER_ERROR"),
        (with("lineEnding", json!("CR")), "JSON_PARSER_ERROR"),
        (json!([]), "JSON_PARSER_ERROR"),
    ];
    for (document, code) in table {
        let (status, got, _) = create(&fixture, "62.0", &document).await.refusal();
        assert_eq!((status, got.as_str()), (400, code), "{document}");
    }
    let garbled = fixture.send("POST", JOBS, &[], b"SELECT Id FROM Account").await;
    assert!(garbled.text().starts_with("[{\"errorCode\":\"JSON_PARSER_ERROR\",\"message\":"), "{}", garbled.text());
}

#[tokio::test]
async fn pages_add_up_and_can_be_read_again() {
    let fixture = instant().await;
    let job = create_job(&fixture, "SELECT Id, Name FROM Contact").await;
    let results = format!("{JOBS}/{job}/results");

    let (mut lines, mut records, mut locator) = (Vec::new(), 0, String::new());
    loop {
        let address = if locator.is_empty() { results.clone() } else { format!("{results}/?locator={locator}") };
        let (page, again) = (fixture.get(&address).await, fixture.get(&address).await);
        assert_eq!(page.header("content-type"), Some("text/csv; charset=UTF-8"));
        assert_eq!((&page.body, page.header("sforce-locator")), (&again.body, again.header("sforce-locator")));
        let text = page.text();
        let (header, rest) = text.split_once('\n').unwrap();
        assert_eq!(header, "\"Id\",\"Name\"");
        lines.push(rest.to_owned());
        records += page.header("sforce-numberofrecords").unwrap().parse::<u64>().unwrap();
        page.header("sforce-locator").unwrap().clone_into(&mut locator);
        if locator == "null" {
            break;
        }
    }

    assert_eq!(records, fixture.org().record_count("Contact").unwrap());
    let whole = fixture.get(&format!("{results}?maxRecords=100000")).await;
    assert_eq!(whole.header("sforce-locator"), Some("null"));
    assert_eq!(whole.text(), format!("\"Id\",\"Name\"\n{}", lines.concat()));
    let packed =
        fixture.send("GET", &format!("{results}?maxRecords=100000"), &[("Accept-Encoding", "gzip")], &[]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.text(), whole.text());
}

#[tokio::test]
async fn a_page_that_was_rendered_before_is_the_same_in_another_job() {
    let fixture = instant().await;
    let soql = "SELECT Id, Name FROM Account";
    let read = |job: String, gzip: bool| {
        let fixture = &fixture;
        async move {
            let headers: &[(&str, &str)] = if gzip { &[("Accept-Encoding", "gzip")] } else { &[] };
            fixture.send("GET", &format!("{JOBS}/{job}/results"), headers, &[]).await
        }
    };

    let first = read(create_job(&fixture, soql).await, false).await.text();
    let again = read(create_job(&fixture, soql).await, false).await.text();
    let zipped = read(create_job(&fixture, soql).await, true).await.text();
    let zipped_again = read(create_job(&fixture, soql).await, true).await.text();
    let id = first.lines().nth(1).and_then(|line| line.split('"').nth(1)).unwrap().parse().unwrap();
    fixture.org().update(id, [("Name".to_owned(), Value::from("Renamed"))].into()).unwrap();
    let changed = read(create_job(&fixture, soql).await, true).await.text();

    assert_eq!(first.lines().count(), 101);
    assert!(again == first && zipped == first && zipped_again == first);
    assert!(changed.contains("Renamed") && !first.contains("Renamed"));
}

#[tokio::test]
async fn max_records_bounds_a_page() {
    let fixture = instant().await;
    let job = create_job(&fixture, "SELECT Id FROM Contact").await;
    let get = async |parameters: &str| fixture.get(&format!("{JOBS}/{job}/results?{parameters}")).await;

    let first = get("maxRecords=7").await;
    let second = get(&format!("maxRecords=7&locator={}", first.header("sforce-locator").unwrap())).await;

    assert_eq!((first.text().lines().count(), second.text().lines().count()), (8, 8));
    assert!(first.text().lines().skip(1).all(|line| !second.text().contains(line)));
    for bad in ["maxRecords=0", "maxRecords=many", "locator=MTAwMDA", "locator="] {
        assert_eq!(get(bad).await.refusal().0, 400, "{bad}");
    }
}

#[tokio::test]
async fn values_are_quoted_and_nothing_in_them_is_lost() {
    let fixture = instant().await;
    insert_account(&fixture, "Csv \"q\", 1\r\nx\ry\u{1F600}\t ");
    let soql =
        "SELECT Name, Site, AnnualRevenue, IsDeleted, CreatedDate, Owner.Name FROM Account WHERE Name LIKE 'Csv %'";
    let select = async |delimiter: &str, ending: &str| {
        let document = json!({"operation": "query", "query": soql, "columnDelimiter": delimiter, "lineEnding": ending});
        let answer = create(&fixture, "62.0", &document).await.json();
        fixture.get(&format!("{JOBS}/{}/results", answer["id"].as_str().unwrap())).await.text()
    };

    let comma = select("COMMA", "LF").await;
    let mut expected = "\"Name\",\"Site\",\"AnnualRevenue\",\"IsDeleted\",\"CreatedDate\",\"Owner.Name\"\n".to_owned();
    expected.push_str("\"Csv \"\"q\"\", 1\r\nx\ry\u{1F600}\t \",\"\",\"\",\"false\",\"2026-03-01T12:00:00.000Z\",");
    assert!(comma.starts_with(&expected), "{comma}");
    assert!(comma.ends_with("\"\n"));

    for (name, byte) in [("BACKQUOTE", "`"), ("CARET", "^"), ("PIPE", "|"), ("SEMICOLON", ";"), ("TAB", "\t")] {
        let text = select(name, "CRLF").await;
        assert!(text.starts_with(&format!("\"Name\"{byte}\"Site\"{byte}")), "{text}");
        assert!(text.ends_with("\"\r\n"), "{text}");
    }
}

#[tokio::test]
async fn no_records_give_a_header_alone() {
    let fixture = instant().await;
    let job = create_job(&fixture, "SELECT Id, Name FROM Account WHERE Name = 'nobody has this name'").await;

    let page = fixture.get(&format!("{JOBS}/{job}/results")).await;
    let pages = fixture.get(&format!("{JOBS}/{job}/resultPages")).await.json();

    assert_eq!(page.text(), "\"Id\",\"Name\"\n");
    assert_eq!((page.header("sforce-numberofrecords"), page.header("sforce-locator")), (Some("0"), Some("null")));
    let only = pages["resultPages"][0]["resultUrl"].as_str().unwrap();
    assert_eq!(fixture.get(only).await.text(), page.text());
    assert_eq!((&pages["done"], pages["resultPages"].as_array().unwrap().len()), (&json!(true), 1));
}

#[tokio::test]
async fn old_versions_order_columns_by_name() {
    let fixture = instant().await;
    let soql = "SELECT Name, Id, CreatedDate FROM User";
    for (version, header) in [("49.0", "\"CreatedDate\",\"Id\",\"Name\""), ("50.0", "\"Name\",\"Id\",\"CreatedDate\"")]
    {
        let job = create(&fixture, version, &json!({"operation": "query", "query": soql})).await.json();
        let id = job["id"].as_str().unwrap();

        let page = fixture.get(&format!("/services/data/v{version}/jobs/query/{id}/results")).await.text();

        assert_eq!(page.lines().next(), Some(header));
    }
}

#[tokio::test]
async fn results_need_the_jobs_version_and_its_end() {
    let fixture = Fixture::new().await;
    let job = create_job(&fixture, "SELECT Id FROM User").await;

    for part in ["results", "resultPages"] {
        assert_eq!(fixture.get(&format!("{JOBS}/{job}/{part}")).await.refusal().1, "API_ERROR");
        assert_eq!(fixture.get(&format!("/services/data/v61.0/jobs/query/{job}/{part}")).await.status, 409);
        assert_eq!(fixture.get(&format!("{JOBS}/750000000000000AAA/{part}")).await.refusal().1, "NOT_FOUND");
    }
    assert_eq!(fixture.get(&format!("/services/data/v57.0/jobs/query/{job}/resultPages")).await.status, 404);
}

#[tokio::test]
async fn addresses_of_pages_cover_all_records_once() {
    let fixture = instant().await;
    let job = create_job(&fixture, "SELECT Id FROM Contact").await;

    let (mut next, mut lines) = (Some(format!("{JOBS}/{job}/resultpages")), Vec::new());
    let mut answers = 0;
    while let Some(address) = next {
        let document = fixture.get(&address).await.json();
        let pages = document["resultPages"].as_array().unwrap();
        assert!((1..=5).contains(&pages.len()));
        for page in pages {
            let text = fixture.get(page["resultUrl"].as_str().unwrap()).await.text();
            lines.extend(text.lines().skip(1).map(str::to_owned));
        }
        next = document["nextRecordsUrl"].as_str().map(str::to_owned);
        assert_eq!(document["done"], next.is_none());
        answers += 1;
    }

    assert!(answers >= 2);
    let whole = fixture.get(&format!("{JOBS}/{job}/results?maxRecords=100000")).await.text();
    assert_eq!(lines, whole.lines().skip(1).collect::<Vec<_>>());
}

#[tokio::test]
async fn results_stay_as_they_were_when_the_job_was_created() {
    let fixture = instant().await;
    let job = create_job(&fixture, "SELECT Id, Name FROM Account ORDER BY Name").await;
    let before = fixture.get(&format!("{JOBS}/{job}/results?maxRecords=100000")).await.text();

    insert_account(&fixture, "Aaa late");
    fixture.org().advance(Duration::from_secs(3_600));

    assert_eq!(fixture.get(&format!("{JOBS}/{job}/results?maxRecords=100000")).await.text(), before);
}

#[tokio::test]
async fn only_running_jobs_are_aborted_and_only_ended_ones_deleted() {
    let fixture = Fixture::new().await;
    let abort =
        async |job: &str| fixture.send("PATCH", &format!("{JOBS}/{job}"), &[], br#"{"state": "Aborted"}"#).await;
    let delete = async |job: &str| fixture.send("DELETE", &format!("{JOBS}/{job}"), &[], &[]).await;
    let running = create_job(&fixture, "SELECT Id FROM User").await;
    let complete = complete_job(&fixture, "SELECT Id FROM User").await;

    let early = delete(&running).await.refusal();
    assert_eq!(early.2, "Error encountered when deleting the job because the job is not terminated");
    assert_eq!((early.0, early.1.as_str()), (400, "API_ERROR"));
    assert_eq!(abort(&running).await.json()["state"], "Aborted");
    let late = abort(&complete).await.refusal();
    assert_eq!(
        (late.0, late.1.as_str(), late.2.as_str()),
        (400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
    );
    for job in [&running, &complete] {
        let deleted = delete(job).await;
        assert_eq!((deleted.status, deleted.body.len()), (204, 0));
        assert_eq!(fixture.get(&format!("{JOBS}/{job}")).await.refusal().1, "NOT_FOUND");
        assert_eq!(delete(job).await.status, 404);
    }
}

#[tokio::test]
async fn jobs_are_gone_after_seven_days() {
    let fixture = instant().await;
    let job = create_job(&fixture, "SELECT Id FROM User").await;
    let status = async || {
        let bearer = format!("Bearer {}", fixture.emulator.settings().access_token);
        fixture.send_bare("GET", &format!("{JOBS}/{job}"), &[("Authorization", &bearer)], &[]).await.status
    };

    assert_eq!(status().await, 200);
    fixture.org().advance(Duration::from_secs(7 * 24 * 3_600 - 1));
    assert_eq!(status().await, 200);
    fixture.org().advance(Duration::from_secs(1));
    assert_eq!(status().await, 404);
}

#[tokio::test]
async fn jobs_are_listed_and_filtered() {
    let fixture = Fixture::new().await;
    let (one, two) =
        (create_job(&fixture, "SELECT Id FROM User").await, create_job(&fixture, "SELECT Id FROM Task").await);

    let list = fixture.get(&format!("{JOBS}/?jobType=V2Query")).await.json();
    let ids: Vec<&Json> = list["records"].as_array().unwrap().iter().map(|job| &job["id"]).collect();

    assert_eq!(ids, [&json!(one), &json!(two)]);
    assert_eq!((&list["done"], &list["nextRecordsUrl"]), (&json!(true), &Json::Null));
    assert_eq!(fixture.get(&format!("{JOBS}?jobType=Classic")).await.json()["records"], json!([]));
}

#[tokio::test]
async fn a_day_has_only_so_many_jobs() {
    let fixture = Fixture::with(EmulatorOptions { daily_query_jobs: 2, ..Default::default() }).await;
    let document = json!({"operation": "queryAll", "query": "SELECT Id FROM User"});
    for _ in 0..2 {
        assert_eq!(create(&fixture, "62.0", &document).await.status, 200);
    }

    let refusal = create(&fixture, "62.0", &document).await.refusal();

    let message = "Max bulk v2 query jobs (2) per 24 hrs has been reached (2)";
    assert_eq!(refusal, (400, "LIMIT_EXCEEDED".to_owned(), message.to_owned()));
    fixture.org().advance(Duration::from_secs(3_600));
    assert_eq!(fixture.get("/services/data/v62.0/limits").await.json()["DailyBulkV2QueryJobs"]["Remaining"], 0);
}

#[tokio::test]
async fn a_day_has_room_for_only_so_many_results() {
    let options = EmulatorOptions { daily_result_kilobytes: 30, job_time: JobTime::Polls(0), ..Default::default() };
    let mut fixture = Fixture::with(options).await;
    let soql = json!({"operation": "query", "query": "SELECT Id, Name, CreatedDate FROM Contact"});

    let first = create(&fixture, "62.0", &soql).await.json();
    let job = format!("{JOBS}/{}", first["id"].as_str().unwrap());
    let bytes = fixture.get(&format!("{job}/results")).await.body.len();
    assert!(bytes > 31_000, "{bytes}");
    fixture.get(&job).await;

    let refused = create(&fixture, "62.0", &soql).await;
    let message = "Max bulk v2 query result size stored (30) kb per 24 hrs has been exceeded".to_owned();
    assert_eq!(refused.refusal(), (400, "LIMIT_EXCEEDED".to_owned(), message));
    fixture.pass(Duration::from_secs(24 * 60 * 60));
    assert_eq!(create(&fixture, "62.0", &soql).await.status, 200);
}

#[tokio::test]
async fn the_limits_tell_how_much_room_is_left_for_results() {
    let options =
        EmulatorOptions { daily_result_kilobytes: 10 * 1024, job_time: JobTime::Polls(0), ..Default::default() };
    let fixture = Fixture::with(options).await;
    let left = async || {
        let limits = fixture.get("/services/data/v62.0/limits").await.json();
        limits["DailyBulkV2QueryFileStorageMB"]["Remaining"].as_u64().unwrap()
    };
    let soql = json!({"operation": "query", "query": "SELECT FIELDS(STANDARD) FROM Task"});
    assert_eq!(left().await, 10);

    for _ in 0..12 {
        let job = create(&fixture, "62.0", &soql).await.json();
        for _ in 0..2 {
            fixture.get(&format!("{JOBS}/{}", job["id"].as_str().unwrap())).await;
        }
    }

    assert!((1..10).contains(&left().await), "{}", left().await);
}
