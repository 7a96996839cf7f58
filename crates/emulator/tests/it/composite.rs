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
    let expected = [(400, "early"), (200, "later"), (405, "put"), (400, "nested")];
    assert_eq!(told, expected.map(|(status, name)| (Some(status), Some(name))));
    assert_eq!(answers[0]["body"][0]["errorCode"], "PROCESSING_HALTED");
}

async fn count_named(fixture: &Fixture, name: &str) -> u64 {
    let soql = format!("SELECT COUNT() FROM Account WHERE Name = '{name}'");
    fixture.query(&soql).await["totalSize"].as_u64().unwrap()
}

fn codes(answers: &Json) -> Vec<(u64, String)> {
    let code = |answer: &Json| {
        let code = answer["body"][0]["errorCode"].as_str().unwrap_or_default();
        (answer["httpStatusCode"].as_u64().unwrap(), code.to_owned())
    };
    answers["compositeResponse"].as_array().unwrap().iter().map(code).collect()
}

#[tokio::test]
async fn all_changes_are_undone_when_one_is_refused() {
    let fixture = Fixture::new().await;
    let kept = &first_ids(&fixture, "Account", 1).await[0];
    let before = fixture.query(&format!("SELECT Name, SystemModstamp FROM Account WHERE Id = '{kept}'")).await;
    let document = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": format!("{ROOT}/sobjects/Account"), "referenceId": "made", "body": {"Name": "Undone"}},
        {"method": "PATCH", "url": format!("{ROOT}/sobjects/Account/{kept}"), "referenceId": "changed", "body": {"Name": "Undone"}},
        // A later part sees what those before it did.
        {"method": "GET", "url": format!("{ROOT}/query?q=SELECT+COUNT()+FROM+Account+WHERE+Name='Undone'"), "referenceId": "seen"},
        {"method": "PATCH", "url": format!("{ROOT}/sobjects/Account/@{{made.id}}"), "referenceId": "bad", "body": {"Nothing__c": 1}},
        {"method": "POST", "url": format!("{ROOT}/sobjects/Account"), "referenceId": "after", "body": {"Name": "Undone"}}
    ]});

    let answer = fixture.post(&format!("{ROOT}/composite"), &document).await;

    assert_eq!(answer.status, 200);
    let halted = || (400, "PROCESSING_HALTED".to_owned());
    let expected = [halted(), halted(), halted(), (400, "INVALID_FIELD".to_owned()), halted()];
    assert_eq!(codes(&answer.json()), expected);
    let text = "The transaction was rolled back since another operation in the same transaction failed.";
    assert_eq!(answer.json()["compositeResponse"][0]["body"][0]["message"], text);
    assert_eq!(count_named(&fixture, "Undone").await, 0);
    assert_eq!(fixture.query(&format!("SELECT Name, SystemModstamp FROM Account WHERE Id = '{kept}'")).await, before);
}

#[tokio::test]
async fn changes_of_which_all_are_good_are_seen_together() {
    let fixture = Fixture::new().await;
    fixture.org().set_commit_delay(std::time::Duration::from_secs(60));
    let document = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": format!("{ROOT}/sobjects/Account"), "referenceId": "made", "body": {"Name": "Whole"}},
        {"method": "POST", "url": format!("{ROOT}/sobjects/Contact"), "referenceId": "friend",
         "body": {"LastName": "W", "AccountId": "@{made.id}"}},
        {"method": "GET", "url": format!("{ROOT}/query?q=SELECT+COUNT()+FROM+Contact+WHERE+Account.Name='Whole'"), "referenceId": "seen"}
    ]});

    let answer = fixture.post(&format!("{ROOT}/composite"), &document).await.json();

    assert_eq!(answer["compositeResponse"][2]["body"]["totalSize"], 1, "{answer:#}");
    assert_eq!(count_named(&fixture, "Whole").await, 0, "the transaction is open still");
    fixture.org().advance(std::time::Duration::from_secs(60));
    assert_eq!(count_named(&fixture, "Whole").await, 1);
    let id = answer["compositeResponse"][0]["body"]["id"].as_str().unwrap();
    let next = fixture.post(&format!("{ROOT}/sobjects/Account"), &json!({"Name": "Next"})).await.json();
    assert!(next["id"].as_str().unwrap() > id, "no id is given twice");
}

#[tokio::test]
async fn the_resources_for_several_calls_are_listed() {
    let fixture = Fixture::new().await;

    let listed = fixture.get(&format!("{ROOT}/composite")).await.json();

    for (name, address) in listed.as_object().unwrap() {
        assert_eq!(address, &json!(format!("{ROOT}/composite/{name}")));
    }
    assert_eq!(fixture.get(ROOT).await.json()["composite"], format!("{ROOT}/composite"));
}

#[tokio::test]
async fn each_graph_is_carried_out_as_a_whole() {
    let fixture = Fixture::new().await;
    let made = |name: &str| json!({"method": "POST", "url": format!("{ROOT}/sobjects/Account"), "referenceId": name, "body": {"Name": "G"}});
    let bad = json!({"method": "PATCH", "url": format!("{ROOT}/sobjects/Account/@{{a.id}}"), "referenceId": "bad", "body": {"Nothing__c": 1}});
    let graphs = json!({"graphs": [
        {"graphId": "good", "compositeRequest": [made("a"), made("b")]},
        {"graphId": "bad", "compositeRequest": [made("a"), bad]}
    ]});

    let answer = fixture.post(&format!("{ROOT}/composite/graph"), &graphs).await.json();

    let told: Vec<_> =
        answer["graphs"].as_array().unwrap().iter().map(|g| (&g["graphId"], &g["isSuccessful"])).collect();
    assert_eq!(told, [(&json!("good"), &json!(true)), (&json!("bad"), &json!(false))]);
    assert_eq!(codes(&answer["graphs"][1]["graphResponse"])[0], (400, "PROCESSING_HALTED".to_owned()));
    assert_eq!(count_named(&fixture, "G").await, 2);
}

#[tokio::test]
async fn several_records_are_changed_in_one_call_each_for_itself_or_all_or_none() {
    let fixture = Fixture::new().await;
    let path = format!("{ROOT}/composite/sobjects");
    let records = |name: &str| {
        json!([{"attributes": {"type": "Account"}, "Name": name}, {"attributes": {"type": "Account"}, "Name": null},
               {"attributes": {"type": "Contact"}, "LastName": name}])
    };
    let missing = json!({"success": false, "errors": [{"statusCode": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [Name]", "fields": ["Name"]}]});
    let rolled_back = json!([{"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "message": "Record rolled back because not all records were valid and the request was using AllOrNone header", "fields": []}]);

    let each = fixture.post(&path, &json!({"allOrNone": false, "records": records("Each")})).await;
    assert_eq!(each.status, 200);
    let each = each.json();
    assert_eq!((&each[0]["success"], &each[1], &each[2]["success"]), (&json!(true), &missing, &json!(true)));
    assert_eq!(count_named(&fixture, "Each").await, 1);

    let none = fixture.post(&path, &json!({"allOrNone": true, "records": records("Nobody")})).await.json();
    assert_eq!(
        none,
        json!([{"success": false, "errors": rolled_back}, missing, {"success": false, "errors": rolled_back}])
    );
    assert_eq!(count_named(&fixture, "Nobody").await, 0);

    let (account, contact) = (each[0]["id"].as_str().unwrap(), each[2]["id"].as_str().unwrap());
    let changed = json!({"allOrNone": true, "records": [
        {"attributes": {"type": "Account"}, "id": account, "Name": "Changed"},
        {"attributes": {"type": "Contact"}, "Id": contact, "LastName": "Changed"}]});
    let body = changed.to_string();
    let updated = fixture.send("PATCH", &path, &[("Content-Type", "application/json")], body.as_bytes()).await.json();
    assert_eq!(updated[1], json!({"id": contact, "success": true, "errors": []}));
    assert_eq!(count_named(&fixture, "Changed").await, 1);

    let half = fixture.send("DELETE", &format!("{path}?ids={account},001x&allOrNone=true"), &[], &[]).await.json();
    assert_eq!(half[0], json!({"id": account, "success": false, "errors": rolled_back}));
    assert_eq!(half[1]["errors"][0]["statusCode"], "MALFORMED_ID");
    let gone = fixture.send("DELETE", &format!("{path}?ids={account},{contact}"), &[], &[]).await.json();
    assert_eq!((&gone[0]["success"], &gone[1]["id"]), (&json!(true), &json!(contact)));
    assert_eq!(count_named(&fixture, "Changed").await, 0);
}

#[tokio::test]
async fn a_collection_within_a_composite_goes_down_with_it() {
    let fixture = Fixture::new().await;
    let collection = json!({"allOrNone": false, "records": [
        {"attributes": {"type": "Account"}, "Name": "Inner"}, {"attributes": {"type": "Account"}, "Name": null}]});
    let document = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": format!("{ROOT}/composite/sobjects"), "referenceId": "several", "body": collection},
        {"method": "POST", "url": format!("{ROOT}/sobjects/Contact"), "referenceId": "one", "body": {"LastName": "Inner"}}
    ]});

    let answer = fixture.post(&format!("{ROOT}/composite"), &document).await.json();

    let told = &answer["compositeResponse"];
    assert_eq!((&told[0]["httpStatusCode"], &told[0]["body"][0]["success"]), (&json!(200), &json!(true)));
    assert_eq!(told[1]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(count_named(&fixture, "Inner").await, 0);
}

#[tokio::test]
async fn a_tree_is_planted_whole_or_not_at_all() {
    let fixture = Fixture::new().await;
    let contact = |reference: &str, name: Json| json!({"attributes": {"type": "Contact", "referenceId": reference}, "LastName": name});
    let tree = |last: Json| {
        json!({"records": [
            {"attributes": {"type": "Account", "referenceId": "ref1"}, "Name": "Tree",
             "Contacts": {"records": [contact("ref2", json!("A")), contact("ref3", last)]}},
            {"attributes": {"type": "Account", "referenceId": "ref4"}, "Name": "Tree"}]})
    };
    let path = format!("{ROOT}/composite/tree/Account");

    let refused = fixture.post(&path, &tree(Json::Null)).await;
    assert_eq!((refused.status, count_named(&fixture, "Tree").await), (400, 0));
    let refused = refused.json();
    assert_eq!((&refused["hasErrors"], &refused["results"][0]["referenceId"]), (&json!(true), &json!("ref3")));
    assert_eq!(refused["results"][0]["errors"][0]["statusCode"], "REQUIRED_FIELD_MISSING");

    let planted = fixture.post(&path, &tree(json!("B"))).await;
    assert_eq!(planted.status, 201);
    let planted = planted.json();
    let order: Vec<_> =
        planted["results"].as_array().unwrap().iter().map(|one| one["referenceId"].as_str().unwrap()).collect();
    assert_eq!(order, ["ref1", "ref4", "ref2", "ref3"]);
    let found = fixture.query("SELECT LastName FROM Contact WHERE Account.Name = 'Tree' ORDER BY LastName").await;
    assert_eq!((&found["totalSize"], &found["records"][1]["LastName"]), (&json!(2), &json!("B")));
}

#[tokio::test]
async fn all_or_none_gives_nothing_where_one_fails() {
    let fixture = Fixture::new().await;
    let send = |requests: Json| {
        let document = json!({"allOrNone": true, "compositeRequest": requests});
        let fixture = &fixture;
        async move { fixture.post(&format!("{ROOT}/composite"), &document).await }
    };
    let good = json!({"method": "GET", "url": format!("{ROOT}/limits"), "referenceId": "good"});
    let bad = json!({"method": "GET", "url": format!("{ROOT}/nothing"), "referenceId": "bad"});

    let halted = send(json!([good, bad])).await.json();
    assert_eq!(halted["compositeResponse"][0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(halted["compositeResponse"][1]["httpStatusCode"], 404);
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
