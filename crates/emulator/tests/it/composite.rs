//! Several calls in one, and several records in one.

use serde_json::{Value as Json, json};

use crate::client::Fixture;

const ROOT: &str = "/services/data/v62.0";

async fn composite(fixture: &Fixture, subrequests: &Json) -> Vec<Json> {
    let answer = fixture.post(&format!("{ROOT}/composite"), &json!({"compositeRequest": subrequests})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["compositeResponse"].as_array().unwrap().clone()
}

async fn first_ids(fixture: &Fixture, object: &str, count: usize) -> Vec<String> {
    let found = fixture.query(&format!("SELECT Id FROM {object} ORDER BY Id LIMIT {count}")).await;
    found["records"].as_array().unwrap().iter().map(|record| record["Id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_subrequest_may_use_the_answers_before_it() {
    let fixture = Fixture::new().await;

    let answers = composite(
        &fixture,
        &json!([
            {"method": "POST", "url": format!("{ROOT}/sobjects/Account"), "referenceId": "made", "body": {"Name": "Acme"}},
            {"method": "POST", "url": format!("{ROOT}/sobjects/Contact"), "referenceId": "friend",
             "body": {"LastName": "of @{made.id}", "AccountId": "@{made.id}"}},
            {"method": "GET", "url": format!("{ROOT}/query?q=SELECT+Id,AccountId,LastName+FROM+Contact+WHERE+Id='@{{friend.id}}'"),
             "referenceId": "found"},
            {"method": "PATCH", "url": format!("{ROOT}/sobjects/Account/@{{found.records[0].AccountId}}"), "referenceId": "renamed",
             "body": {"Name": "Acme Inc"}},
            {"method": "GET", "url": format!("{ROOT}/sobjects/Account/@%7Bmade.id%7D?fields=Name"), "referenceId": "read"},
            {"method": "DELETE", "url": format!("{ROOT}/sobjects/Account/@{{made.id}}"), "referenceId": "gone"}
        ]),
    )
    .await;

    let statuses: Vec<_> = answers.iter().map(|answer| answer["httpStatusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 201, 200, 204, 200, 204], "{answers:#?}");
    let id = answers[0]["body"]["id"].as_str().unwrap();
    assert_eq!(answers[0]["httpHeaders"]["Location"], format!("{ROOT}/sobjects/Account/{id}"));
    assert_eq!(answers[2]["body"]["records"][0]["LastName"], format!("of {id}"));
    assert_eq!((&answers[4]["body"]["Name"], &answers[3]["body"]), (&json!("Acme Inc"), &Json::Null));
}

#[tokio::test]
async fn a_subrequest_that_refers_to_nothing_fails_alone() {
    let fixture = Fixture::new().await;

    let answers = composite(
        &fixture,
        &json!([
            {"method": "GET", "url": format!("{ROOT}/sobjects/Account/@{{later.id}}"), "referenceId": "early"},
            {"method": "GET", "url": format!("{ROOT}/limits"), "referenceId": "later"},
            {"method": "PUT", "url": format!("{ROOT}/limits"), "referenceId": "put"},
            {"method": "GET", "url": format!("{ROOT}/composite"), "referenceId": "nested"}
        ]),
    )
    .await;

    let told: Vec<_> =
        answers.iter().map(|answer| (answer["httpStatusCode"].as_u64(), answer["referenceId"].as_str())).collect();
    let expected = [(400, "early"), (200, "later"), (405, "put"), (405, "nested")];
    assert_eq!(told, expected.map(|(status, name)| (Some(status), Some(name))));
    assert_eq!(answers[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
}

#[tokio::test]
async fn all_or_none_gives_nothing_where_one_fails_and_never_half_a_change() {
    let fixture = Fixture::new().await;
    let send = |requests: Json| {
        let document = json!({"allOrNone": true, "compositeRequest": requests});
        let fixture = &fixture;
        async move { fixture.post(&format!("{ROOT}/composite"), &document).await }
    };
    let good = json!({"method": "GET", "url": format!("{ROOT}/limits"), "referenceId": "good"});
    let bad = json!({"method": "GET", "url": format!("{ROOT}/nothing"), "referenceId": "bad"});
    let change = json!({"method": "POST", "url": format!("{ROOT}/sobjects/Account"), "referenceId": "new", "body": {"Name": "A"}});

    let halted = send(json!([good, bad])).await.json();
    assert_eq!(halted["compositeResponse"][0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(halted["compositeResponse"][1]["httpStatusCode"], 404);
    assert_eq!(send(json!([change, bad])).await.status, 400);
    assert_eq!(send(json!([good, good])).await.status, 400, "two subrequests of one name");
}

#[tokio::test]
async fn a_batch_changes_too_and_stops_at_an_error_if_told_to() {
    let fixture = Fixture::new().await;
    let batch = json!({"haltOnError": true, "batchRequests": [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "Acme"}},
        {"method": "GET", "url": "/v62.0/query?q=SELECT+Nothing+FROM+Account"},
        {"method": "GET", "url": "v62.0/limits"}
    ]});

    let answer = fixture.post(&format!("{ROOT}/composite/batch"), &batch).await.json();

    let statuses: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|one| one["statusCode"].as_u64().unwrap()).collect();
    assert_eq!((statuses.as_slice(), &answer["hasErrors"]), (&[201, 400, 412][..], &json!(true)));
}

#[tokio::test]
async fn several_records_are_read_in_the_order_of_their_ids_and_missing_ones_are_null() {
    let fixture = Fixture::new().await;
    let mut ids = first_ids(&fixture, "Account", 3).await;
    ids.reverse();
    ids.insert(1, "0015f0000000zzzAAA".to_owned());
    let path = format!("{ROOT}/composite/sobjects/Account");

    let posted = fixture.post(&path, &json!({"ids": ids, "fields": ["Id", "Name", "Owner.Name"]})).await;
    let got = fixture.get(&format!("{path}?ids={}&fields=Id,Name,Owner.Name", ids.join(","))).await;

    assert_eq!((posted.status, posted.json()), (200, got.json()));
    let records = got.json();
    let found: Vec<_> = records.as_array().unwrap().iter().map(|record| record["Id"].as_str()).collect();
    assert_eq!(found, [Some(ids[0].as_str()), None, Some(&ids[2]), Some(&ids[3])]);
    assert_eq!(records[0]["attributes"]["type"], "Account");
    assert_eq!(fixture.get(&format!("{path}?ids={}&fields=Nothing", ids[0])).await.status, 400);
    assert_eq!(fixture.get(&format!("{path}?ids={}", ids[0])).await.status, 400);
}

#[tokio::test]
async fn a_record_is_sent_again_only_when_it_changed() {
    let fixture = Fixture::new().await;
    let id = &first_ids(&fixture, "Account", 1).await[0];
    let path = format!("{ROOT}/sobjects/Account/{id}");
    let read = |headers: Vec<(&'static str, String)>| {
        let (fixture, path) = (&fixture, &path);
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            fixture.send("GET", path, &headers, &[]).await
        }
    };
    let first = read(vec![]).await;
    let tag = first.header("etag").unwrap().to_owned();
    let modified = first.header("last-modified").unwrap().to_owned();
    let zipped = format!("{}-gzip\"", tag.trim_end_matches('"'));

    for (name, value) in [("If-None-Match", &tag), ("If-None-Match", &zipped), ("If-Modified-Since", &modified)] {
        let held = read(vec![(name, value.clone())]).await;
        assert_eq!((held.status, held.body.len()), (304, 0), "{name}: {value}");
    }
    assert_eq!(read(vec![("If-Match", tag.clone())]).await.status, 200);
    assert_eq!(read(vec![("If-Unmodified-Since", modified.clone())]).await.status, 200);

    let change = fixture.send("PATCH", &path, &[("Content-Type", "application/json")], br#"{"Name": "Acme"}"#).await;
    assert_eq!(change.status, 204);
    for (name, value, status) in [
        ("If-None-Match", &tag, 200),
        ("If-Match", &tag, 412),
        ("If-Modified-Since", &modified, 200),
        ("If-Unmodified-Since", &modified, 412),
    ] {
        assert_eq!(read(vec![(name, value.clone())]).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn rest_speaks_xml_to_those_who_ask() {
    let fixture = Fixture::new().await;
    let xml = [("Accept", "application/xml")];
    let path = format!("{ROOT}/query?q=SELECT+Id,Name+FROM+Account+LIMIT+1");

    let by_header = fixture.send("GET", &path, &xml, &[]).await;
    let by_ending = fixture.get(&path.replace("query?", "query.xml?")).await;
    let refused = fixture.send("GET", &format!("{ROOT}/nothing"), &xml, &[]).await;
    let json = fixture.get(&path.replace("query?", "query.json?")).await;

    assert_eq!(by_header.header("content-type"), Some("application/xml;charset=UTF-8"));
    assert!(by_header.text().contains("<records type=\"Account\" url=\"/services/data/v62.0/sobjects/Account/001"));
    assert_eq!(by_header.text(), by_ending.text());
    assert_eq!(refused.status, 404);
    assert!(
        refused.text().contains("<Errors xmlns:xsi=") && refused.text().contains("<errorCode>NOT_FOUND</errorCode>")
    );
    assert_eq!(json.json()["done"], true);
    assert_eq!(fixture.send("GET", "/services/data/", &xml, &[]).await.text().matches("<Version>").count(), 37);
}
