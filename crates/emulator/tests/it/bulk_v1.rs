//! Bulk API v1: jobs, batches and results, in each of the forms clients speak.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::client::{Answer, Fixture};

const ROOT: &str = "/services/async/62.0";

async fn call(fixture: &Fixture, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let token = fixture.settings.access_token.clone();
    let mut all = vec![("X-SFDC-Session", token.as_str())];
    all.extend_from_slice(headers);
    fixture.send_bare(method, &format!("{ROOT}/{path}"), &all, body.as_bytes()).await
}

async fn get(fixture: &Fixture, path: &str) -> Answer {
    call(fixture, "GET", path, &[], "").await
}

async fn create(fixture: &Fixture, document: &Json, headers: &[(&str, &str)]) -> String {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend_from_slice(headers);
    let answer = call(fixture, "POST", "job", &all, &document.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn add(fixture: &Fixture, job: &str, soql: &str) -> Answer {
    call(fixture, "POST", &format!("job/{job}/batch"), &[("Content-Type", "text/csv; charset=UTF-8")], soql).await
}

/// Returns the text of the first `name` element.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    xml.split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default()
}

/// Runs a query in a JSON job and returns the job and the batch.
async fn done(fixture: &Fixture, content: &str, soql: &str) -> (String, String) {
    let job = create(fixture, &json!({"operation": "query", "object": "Account", "contentType": content}), &[]).await;
    let added = add(fixture, &job, soql).await.text();
    let batch = match content {
        "JSON" => serde_json::from_str::<Json>(&added).unwrap()["id"].as_str().unwrap().to_owned(),
        _ => element(&added, "id").to_owned(),
    };
    for _ in 0..2 {
        get(fixture, &format!("job/{job}/batch/{batch}")).await;
    }
    (job, batch)
}

async fn result(fixture: &Fixture, job: &str, batch: &str) -> Answer {
    let list = get(fixture, &format!("job/{job}/batch/{batch}/result")).await;
    assert_eq!(list.status, 200, "{}", list.text());
    let text = list.text();
    let id = if text.starts_with('[') {
        list.json()[0].as_str().unwrap().to_owned()
    } else {
        element(&text, "result").to_owned()
    };
    assert!(id.starts_with("752"), "{text}");
    get(fixture, &format!("job/{job}/batch/{batch}/result/{id}")).await
}

#[tokio::test]
async fn an_xml_job_runs_from_open_to_closed() {
    let fixture = Fixture::new().await;
    let body = "<?xml version=\"1.0\"?><jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\">\
        <operation>query</operation><object>account</object><concurrencyMode>Parallel</concurrencyMode>\
        <contentType>CSV</contentType></jobInfo>";

    let created = call(&fixture, "POST", "job", &[("Content-Type", "application/xml; charset=UTF-8")], body).await;
    let xml = created.text();
    let job = element(&xml, "id").to_owned();
    let added = add(&fixture, &job, "SELECT Id, Name FROM Account").await;
    let batch = element(&added.text(), "id").to_owned();
    let states: Vec<String> = [
        added.text(),
        get(&fixture, &format!("job/{job}/batch/{batch}")).await.text(),
        get(&fixture, &format!("job/{job}/batch")).await.text(),
    ]
    .iter()
    .map(|xml| element(xml, "state").to_owned())
    .collect();
    let closed = call(&fixture, "POST", &format!("job/{job}"), &[], "<jobInfo><state>Closed</state></jobInfo>").await;

    assert_eq!((created.status, created.header("content-type")), (201, Some("application/xml")));
    assert!(job.starts_with("750") && batch.starts_with("751"), "{job} {batch}");
    assert_eq!(
        (element(&xml, "state"), element(&xml, "object"), element(&xml, "apiVersion")),
        ("Open", "Account", "62.0")
    );
    assert_eq!(states, ["Queued", "InProgress", "Completed"]);
    assert_eq!(element(&closed.text(), "state"), "Closed");
    assert_eq!(element(&closed.text(), "numberBatchesCompleted"), "1");
    assert_eq!(add(&fixture, &job, "SELECT Id FROM Account").await.status, 400);
}

#[tokio::test]
async fn each_content_type_carries_the_same_records() {
    let fixture = Fixture::new().await;
    let soql = "SELECT Id, Name, CreatedDate, Owner.Username FROM Account ORDER BY Id LIMIT 3";
    let rest = fixture.query(soql).await;
    let id = rest["records"][0]["Id"].as_str().unwrap();
    let created: jiff::Timestamp =
        rest["records"][0]["CreatedDate"].as_str().unwrap().replace("+0000", "Z").parse().unwrap();

    let (job, batch) = done(&fixture, "CSV", soql).await;
    let csv = result(&fixture, &job, &batch).await.text();
    let (job, batch) = done(&fixture, "JSON", soql).await;
    let json = result(&fixture, &job, &batch).await.json();
    let (job, batch) = done(&fixture, "XML", soql).await;
    let xml = result(&fixture, &job, &batch).await.text();

    assert!(csv.starts_with("\"Id\",\"Name\",\"CreatedDate\",\"Owner.Username\"\n"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().starts_with(&format!("\"{id}\"")), "{csv}");
    assert_eq!(json.as_array().unwrap().len(), 3);
    assert_eq!(json[0]["Id"], id);
    assert_eq!(json[0]["CreatedDate"], created.as_millisecond());
    assert_eq!(json[0]["Owner"]["Username"], rest["records"][0]["Owner"]["Username"]);
    assert_eq!(xml.matches("<records xsi:type=\"sObject\">").count(), 3);
    assert!(xml.contains(&format!("<type>Account</type><Id>{id}</Id><Id>{id}</Id>")), "{xml}");
}

#[tokio::test]
async fn a_csv_result_without_records_says_so_in_a_line_of_its_own() {
    let fixture = Fixture::new().await;

    let (job, batch) = done(&fixture, "CSV", "SELECT Id FROM Account WHERE Name = 'nobody'").await;

    assert_eq!(result(&fixture, &job, &batch).await.text(), "Records not found for this query");
    let (job, batch) = done(&fixture, "JSON", "SELECT Id FROM Account WHERE Name = 'nobody'").await;
    assert_eq!(result(&fixture, &job, &batch).await.json(), json!([]));
}

#[tokio::test]
async fn what_is_wrong_with_a_query_fails_its_batch() {
    let fixture = Fixture::new().await;
    let table = [
        ("SELECT Id, Nothing__c FROM Account", "InvalidBatch : Failed to process query: INVALID_FIELD: "),
        ("SELECT", "InvalidBatch : Failed to process query: MALFORMED_QUERY: "),
        (
            "SELECT Id FROM Contact",
            "InvalidBatch : Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity of the requested query \
             (Contact) does not match the entity of the requested Bulk API Job (Account)",
        ),
        (
            "SELECT BillingAddress FROM Account",
            "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: Selecting compound data not supported in \
             Bulk Query",
        ),
        ("SELECT COUNT(Id) FROM Account", "FeatureNotEnabled : Aggregate Relationships not supported in Bulk Query"),
        // Documented as unsupported in all versions of the Bulk API, whatever the form of the results.
        (
            "SELECT TYPEOF Owner WHEN User THEN Email END FROM Account",
            "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: TYPEOF not supported in Bulk Query",
        ),
    ];
    for (soql, message) in table {
        let (job, batch) = done(&fixture, "JSON", soql).await;

        let info = get(&fixture, &format!("job/{job}/batch/{batch}")).await.json();

        assert_eq!(info["state"], "Failed", "{soql}");
        assert!(info["stateMessage"].as_str().unwrap().starts_with(message), "{}", info["stateMessage"]);
        assert_eq!(get(&fixture, &format!("job/{job}/batch/{batch}/result")).await.status, 400);
    }
}

#[tokio::test]
async fn a_chunked_query_is_done_by_other_batches_which_share_its_records() {
    let fixture = Fixture::new().await;
    let document = json!({"operation": "query", "object": "Account", "contentType": "CSV"});
    let job = create(&fixture, &document, &[("Sforce-Enable-PKChunking", "chunkSize=50; parent=Account")]).await;
    let added = add(&fixture, &job, "SELECT Id FROM Account WHERE Name != null").await;
    let original = element(&added.text(), "id").to_owned();

    let first = get(&fixture, &format!("job/{job}/batch")).await.text();
    for _ in 0..3 {
        get(&fixture, &format!("job/{job}/batch")).await;
    }
    let list = get(&fixture, &format!("job/{job}/batch")).await.text();
    let batches: Vec<&str> = list.split("<batchInfo>").skip(1).map(|info| element(info, "id")).collect();
    let states: Vec<&str> = list.split("<batchInfo>").skip(1).map(|info| element(info, "state")).collect();
    let mut read = Vec::new();
    for batch in &batches[1..] {
        let csv = result(&fixture, &job, batch).await.text();
        read.extend(csv.lines().filter(|line| line.starts_with("\"001")).map(str::to_owned));
    }

    assert_eq!(first.matches("<batchInfo>").count(), 1, "chunks are not there before the query is split");
    assert_eq!((batches[0], states[0]), (original.as_str(), "NotProcessed"));
    assert!(batches.len() > 3 && states[1..].iter().all(|state| *state == "Completed"), "{states:?}");
    let expected = fixture.query("SELECT COUNT() FROM Account").await["totalSize"].as_u64().unwrap();
    assert_eq!(read.len() as u64, expected);
    assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), read.len());
    assert_eq!(get(&fixture, &format!("job/{job}/batch/{original}/result")).await.status, 400);
}

#[tokio::test]
async fn refusals_have_the_form_of_the_job_s_documents() {
    let fixture = Fixture::new().await;
    let json_type = [("Content-Type", "application/json")];
    let dead = [("X-SFDC-Session", "dead")];
    let refusal = |answer: Answer| (answer.status, answer.json()["exceptionCode"].as_str().unwrap().to_owned());

    let session = fixture.send_bare("GET", &format!("{ROOT}/job/750000000000001"), &dead, &[]).await;
    let bad = |document: Json| {
        let fixture = &fixture;
        async move { refusal(call(fixture, "POST", "job", &json_type, &document.to_string()).await) }
    };

    assert_eq!(session.status, 400);
    assert_eq!(session.header("content-type"), Some("application/xml"));
    assert_eq!(element(&session.text(), "exceptionCode"), "InvalidSessionId");
    assert_eq!(bad(json!({"operation": "query", "object": "Nothing__c"})).await, (400, "InvalidJob".to_owned()));
    assert_eq!(bad(json!({"operation": "insert", "object": "Account"})).await, (400, "InvalidJob".to_owned()));
    assert_eq!(bad(json!([])).await, (400, "ClientInputError".to_owned()));
    let old = fixture.send_bare("GET", "/services/async/20.0/job/750", &dead, &[]).await;
    assert_eq!((old.status, element(&old.text(), "exceptionCode")), (410, "Gone"));
}

#[tokio::test]
async fn jobs_stand_in_the_list_of_all_jobs_and_batches_in_the_limits() {
    let fixture = Fixture::new().await;
    let (job, _) = done(&fixture, "CSV", "SELECT Id FROM Account").await;

    let list = |kind: &'static str| {
        let fixture = &fixture;
        async move { fixture.get(&format!("/services/data/v62.0/jobs/query?jobType={kind}")).await.json() }
    };

    assert_eq!(list("Classic").await["records"][0]["id"], job);
    assert_eq!(list("Classic").await["records"][0]["jobType"], "Classic");
    assert_eq!(list("V2Query").await["records"], json!([]));
    let limits = fixture.get("/services/data/v62.0/limits").await.json();
    assert_eq!(limits["DailyBulkApiBatches"], json!({"Max": 15_000, "Remaining": 14_999}));
}
