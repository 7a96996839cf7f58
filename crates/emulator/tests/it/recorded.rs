//! Our answers held against those that real orgs gave to other clients, as published in their test suites: the same status,
//! the same content type, the same keys with values of the same types. What differs is in [`KNOWN`], with the reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json, json};

use crate::client::{Answer, Fixture, encode};

/// Differences that are meant: where, and why.
const KNOWN: &[(&str, &str)] = &[
    ("query of one record: $.records[].Owner.attributes.url", "user records have an address as any others do"),
    ("token: $.scope", "the recording is of 2015, when the answer did not tell the scope"),
];

/// Returns the folder with data that others made, unless it is not there and nobody insists.
#[expect(clippy::disallowed_methods, reason = "a test has no environment module to take it from")]
fn shared() -> Option<PathBuf> {
    let beside_the_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("ORGTAP_SHARED").map_or(beside_the_repository, PathBuf::from).join("data/responses");
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("ORGTAP_TEST_REQUIRE").unwrap_or_default();
    assert!(!required.contains("shared"), "`{}` is not there", folder.display());
    println!("skipped: `{}` is not there; set ORGTAP_SHARED to the folder with `data`", folder.display());
    None
}

/// Returns the first exchange of a file whose method, address and status are these.
fn exchange(folder: &Path, file: &str, method: &str, address: &str, status: u16) -> Json {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    let mut exchanges = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
    let found = exchanges.find(|exchange| {
        exchange["method"] == method
            && exchange["url"].as_str().is_some_and(|url| url.contains(address))
            && exchange["status"] == status
    });
    found.unwrap_or_else(|| panic!("{file}: no {method} {address} with {status}"))
}

/// Notes the types at every path of a document. All items of an array share a path.
fn shape(json: &Json, path: &str, into: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let kind = match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(items) => {
            items.iter().for_each(|item| shape(item, &format!("{path}[]"), into));
            "array"
        }
        Json::Object(members) => {
            members.iter().for_each(|(key, value)| shape(value, &format!("{path}.{key}"), into));
            "object"
        }
    };
    into.entry(path.to_owned()).or_default().insert(kind);
}

/// Returns how a document of ours differs from a recorded one, leaving aside values that are null in either.
fn differences(name: &str, ours: &Json, recorded: &Json) -> Vec<String> {
    let shape_of = |json| {
        let mut found = BTreeMap::new();
        shape(json, "$", &mut found);
        found
    };
    let (ours, recorded) = (shape_of(ours), shape_of(recorded));
    let paths: BTreeSet<&String> = ours.keys().chain(recorded.keys()).collect();
    let mut differences = Vec::new();
    for path in paths {
        let problem = match (ours.get(path), recorded.get(path)) {
            (None, None) => continue,
            (None, Some(_)) if path.contains("[]") && !ours.contains_key(path.split("[]").next().unwrap()) => continue,
            (None, Some(kinds)) => format!("{name}: {path} is missing, was {kinds:?}"),
            (Some(kinds), None) => format!("{name}: {path} is new: {kinds:?}"),
            (Some(mine), Some(theirs)) => {
                let agree = mine.iter().any(|kind| theirs.contains(kind) || *kind == "null") || theirs.contains("null");
                if agree {
                    continue;
                }
                format!("{name}: {path} is {mine:?}, was {theirs:?}")
            }
        };
        if !KNOWN.iter().any(|(known, _)| problem.starts_with(known)) {
            differences.push(problem);
        }
    }
    differences
}

fn body(answer: &Answer) -> Json {
    let text = answer.text();
    if text.is_empty() { Json::from("") } else { serde_json::from_str(&text).unwrap_or(Json::String(text)) }
}

/// Compares one answer with one recorded exchange.
fn compare(name: &str, answer: &Answer, recorded: &Json, found: &mut Vec<String>) {
    if answer.status != recorded["status"] {
        found.push(format!("{name}: status {} instead of {}", answer.status, recorded["status"]));
    }
    let type_of = |text: &str| text.split(';').next().unwrap_or_default().to_owned();
    let (ours, theirs) = (answer.header("content-type"), recorded["content_type"].as_str());
    if let (Some(ours), Some(theirs)) = (ours, theirs)
        && type_of(ours) != type_of(theirs)
    {
        found.push(format!("{name}: content type {ours} instead of {theirs}"));
    }
    found.extend(differences(name, &body(answer), &recorded["body"]));
}

#[tokio::test]
async fn answers_have_the_shape_that_real_orgs_gave_them() {
    let Some(folder) = shared() else { return };
    let fixture = Fixture::new().await;
    let mut found = Vec::new();
    let root = "/services/data/v53.0";
    let query = |soql: &str| format!("{root}/query?q={}", encode(soql));

    let reads = [
        (
            "count",
            "cumulusci.jsonl",
            "q=select+count%28Id%29+from+Account",
            200,
            query("select count(Id) from Account"),
        ),
        (
            "record count",
            "cumulusci.jsonl",
            "recordCount?sObjects=Account",
            200,
            format!("{root}/limits/recordCount?sObjects=Account"),
        ),
        (
            "query of names",
            "sf-fx-runtime-java.jsonl",
            "q=SELECT Name FROM Account",
            200,
            query("SELECT Name FROM Account LIMIT 5"),
        ),
        (
            "query of one record",
            "sf-fx-runtime-java.jsonl",
            "q=SELECT Name, Owner.Name from Account LIMIT 1",
            200,
            query("SELECT Name, Owner.Name from Account LIMIT 1"),
        ),
        (
            "unknown field",
            "sf-fx-runtime-java.jsonl",
            "q=SELECT Bacon__c FROM Account LIMIT 2",
            400,
            query("SELECT Bacon__c FROM Account LIMIT 2"),
        ),
        ("no query", "sf-fx-runtime-java.jsonl", "q=SELEKT Name FROM Account", 400, query("SELEKT Name FROM Account")),
        (
            "tooling query",
            "cumulusci.jsonl",
            "tooling/query/?q=SELECT+Id%2C+Status%2C+ExtendedStatus",
            200,
            format!("{root}/tooling/query/?q={}", encode("SELECT Id FROM ApexTestQueueItem")),
        ),
    ];
    for (name, file, address, status, path) in reads {
        let recorded = exchange(&folder, file, "GET", address, status);
        let answer = fixture.get(&path).await;
        compare(name, &answer, &recorded, &mut found);
        if status >= 400 {
            assert_eq!(answer.json(), recorded["body"], "{name}");
        }
    }

    let created = fixture.post(&format!("{root}/sobjects/Account"), &json!({"Name": "Acme"})).await;
    let recorded = exchange(&folder, "sf-fx-runtime-java.jsonl", "POST", "/sobjects/Movie__c", 201);
    compare("create", &created, &recorded, &mut found);
    let account = format!("{root}/sobjects/Account/{}", created.json()["id"].as_str().unwrap());
    for (name, status) in [("delete", 204), ("delete again", 404)] {
        let recorded = exchange(&folder, "sf-fx-runtime-java.jsonl", "DELETE", "/sobjects/Account/", status);
        compare(name, &fixture.send("DELETE", &account, &[], &[]).await, &recorded, &mut found);
    }
    let recorded = exchange(&folder, "sf-fx-runtime-java.jsonl", "POST", "/sobjects/Account", 400);
    let refused = fixture.post(&format!("{root}/sobjects/Account"), &json!({"FavoritePet__c": "Dog"})).await;
    compare("create with an unknown field", &refused, &recorded, &mut found);
    assert_eq!(refused.json(), recorded["body"]);

    assert!(found.is_empty(), "{found:#?}");
}

/// Leaves of two documents only the members that both have a value for: no two orgs' objects have the same fields.
fn in_common(ours: &Json, recorded: &Json) -> (Json, Json) {
    let (Json::Object(ours), Json::Object(recorded)) = (ours, recorded) else {
        return (ours.clone(), recorded.clone());
    };
    let kept = |from: &Map<String, Json>, other: &Map<String, Json>| -> Json {
        from.iter()
            .filter(|(key, value)| !value.is_null() && other.get(*key).is_some_and(|other| !other.is_null()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    (kept(ours, recorded), kept(recorded, ours))
}

#[tokio::test]
async fn changes_are_answered_in_the_shape_that_real_orgs_gave_them() {
    let Some(folder) = shared() else { return };
    let fixture = Fixture::new().await;
    let mut found = Vec::new();
    let root = "/services/data/v53.0";
    let send = async |method: &str, path: &str, body: &Json| {
        fixture
            .send(
                method,
                &format!("{root}{path}"),
                &[("Content-Type", "application/json")],
                body.to_string().as_bytes(),
            )
            .await
    };
    let account = |name: Json| json!({"attributes": {"type": "Account"}, "Name": name});

    let made =
        send("POST", "/composite/sobjects", &json!({"records": [account(json!("A")), account(json!("B"))]})).await;
    compare(
        "create several",
        &made,
        &exchange(&folder, "cumulusci.jsonl", "POST", "/composite/sobjects", 200),
        &mut found,
    );
    let id = made.json()[0]["id"].as_str().unwrap().to_owned();
    let change = json!({"records": [{"attributes": {"type": "Account"}, "id": id, "Name": "C"}]});
    let recorded = exchange(&folder, "cumulusci.jsonl", "PATCH", "/composite/sobjects", 200);
    compare("change several", &send("PATCH", "/composite/sobjects", &change).await, &recorded, &mut found);
    let other = made.json()[1]["id"].as_str().unwrap().to_owned();
    let recorded = exchange(&folder, "grouparoo.jsonl", "DELETE", "/composite/sobjects", 200);
    let gone = fixture.send("DELETE", &format!("{root}/composite/sobjects?ids={other}"), &[], &[]).await;
    compare("delete several", &gone, &recorded, &mut found);
    compare(
        "change one",
        &send("PATCH", &format!("/sobjects/Account/{id}"), &json!({"Name": "D"})).await,
        &exchange(&folder, "sf-fx-runtime-java.jsonl", "PATCH", "/sobjects/Movie__c/", 204),
        &mut found,
    );

    let one = |method: &str, path: String, body: Json| {
        json!({"graphs": [{"graphId": "graph0", "compositeRequest": [
            {"method": method, "url": format!("{root}{path}"), "referenceId": "referenceId0", "body": body}]}]})
    };
    let graphs = |wanted: bool| {
        let text = fs::read_to_string(folder.join("sf-fx-runtime-java.jsonl")).unwrap();
        let exchanges = text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap());
        let of_graphs =
            exchanges.filter(|one| one["url"].as_str().is_some_and(|url| url.ends_with("/composite/graph")));
        of_graphs.filter(|one| one["body"]["graphs"][0]["isSuccessful"] == wanted).collect::<Vec<_>>()
    };
    let answers = [
        send("POST", "/composite/graph", &one("POST", "/sobjects/Account".to_owned(), json!({"Name": "E"}))).await,
        send("POST", "/composite/graph", &one("PATCH", format!("/sobjects/Account/{id}"), json!({"Name": "F"}))).await,
        send("POST", "/composite/graph", &one("DELETE", format!("/sobjects/Account/{id}"), Json::Null)).await,
    ];
    for recorded in graphs(true) {
        let status = &recorded["body"]["graphs"][0]["graphResponse"]["compositeResponse"][0]["httpStatusCode"];
        let answer = |answer: &&Answer| {
            &answer.json()["graphs"][0]["graphResponse"]["compositeResponse"][0]["httpStatusCode"] == status
        };
        compare("graph", answers.iter().find(answer).unwrap(), &recorded, &mut found);
    }
    let refused = send("POST", "/composite/graph", &one("POST", "/sobjects/Account".to_owned(), json!({}))).await;
    compare("graph refused", &refused, &graphs(false)[0], &mut found);

    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn records_pages_and_tokens_have_the_shape_that_real_orgs_gave_them() {
    let Some(folder) = shared() else { return };
    let fixture = Fixture::new().await;
    let mut found = Vec::new();
    let root = "/services/data/v53.0";

    for object in ["Account", "Contact"] {
        let listed = fixture.query(&format!("SELECT Id FROM {object} LIMIT 1")).await;
        let id = listed["records"][0]["Id"].as_str().unwrap().to_owned();
        let answer = fixture.get(&format!("{root}/sobjects/{object}/{id}")).await;
        let recorded = exchange(&folder, "grouparoo.jsonl", "GET", &format!("/sobjects/{object}/"), 200);
        let (ours, theirs) = in_common(&answer.json(), &recorded["body"]);
        assert!(theirs.as_object().unwrap().len() > 8, "{object}");
        found.extend(differences(object, &ours, &theirs));
        let missing = fixture.get(&format!("{root}/sobjects/{object}/{}zzz", id.get(..12).unwrap())).await;
        let recorded = exchange(&folder, "grouparoo.jsonl", "GET", &format!("/sobjects/{object}/"), 404);
        assert_eq!((missing.status, missing.json()), (404, recorded["body"].clone()));
    }
    let organization =
        fixture.query("SELECT Id FROM Organization").await["records"][0]["Id"].as_str().unwrap().to_owned();
    let answer = fixture.get(&format!("{root}/sobjects/Organization/{organization}")).await;
    let recorded = exchange(&folder, "cumulusci.jsonl", "GET", "/sobjects/Organization/", 200);
    let (ours, theirs) = in_common(&answer.json(), &recorded["body"]);
    found.extend(differences("organization", &ours, &theirs));

    let soql =
        "SELECT Account.Name, (SELECT Contact.FirstName, Contact.LastName FROM Account.Contacts) FROM Account LIMIT 5";
    let answer = fixture.get(&format!("{root}/query?q={}", encode(soql))).await;
    compare(
        "children",
        &answer,
        &exchange(&folder, "sf-fx-runtime-java.jsonl", "GET", "FROM Account.Contacts", 200),
        &mut found,
    );
    let first = fixture.send("GET", &format!("{root}/query?q={}", encode("SELECT Name FROM Task")), &[], &[]).await;
    assert_eq!(first.status, 400, "tasks have no name");
    let sized = [("Sforce-Query-Options", "batchSize=200")];
    let first =
        fixture.send("GET", &format!("{root}/query?q={}", encode("SELECT Subject FROM Task")), &sized, &[]).await;
    let next = fixture.get(first.json()["nextRecordsUrl"].as_str().unwrap()).await;
    let recorded = exchange(&folder, "sf-fx-runtime-java.jsonl", "GET", "/query/01g", 200);
    let page = |body: &Json| {
        let mut page = body.clone();
        page["records"] = json!([{"attributes": body["records"][0]["attributes"]}]);
        page
    };
    found.extend(differences("page", &page(&next.json()), &page(&recorded["body"])));

    let settings = &fixture.settings;
    let form = [
        ("grant_type", "password"),
        ("client_id", &settings.consumer_key),
        ("client_secret", &settings.consumer_secret),
        ("username", &settings.username),
        ("password", &format!("{}{}", settings.password, settings.security_token)),
    ];
    let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let token = fixture.send_bare("POST", "/services/oauth2/token", &headers, form.join("&").as_bytes()).await;
    compare(
        "token",
        &token,
        &exchange(&folder, "restforce-db.jsonl", "POST", "/services/oauth2/token", 200),
        &mut found,
    );

    assert!(found.is_empty(), "{found:#?}");
}

/// Calls that are refused, with what real orgs said: `None` where the file names no request.
#[tokio::test]
async fn refusals_are_those_of_real_orgs_word_by_word() {
    let Some(folder) = shared() else { return };
    let fixture = Fixture::new().await;
    let root = "/services/data/v53.0";
    let text = fs::read_to_string(folder.join("../errors/errors.jsonl")).unwrap();
    let recorded: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // What is about the records of that org is put in the words of this one.
    let said = |message: &str| {
        let mut texts = recorded.iter().map(|one| one["body"].clone());
        texts.find(|body| body.to_string().contains(message)).unwrap_or_else(|| panic!("nobody said {message}"))
    };
    let in_words = |body: Json, from: &str, to: &str| -> Json {
        serde_json::from_str(&body.to_string().replace(from, to)).unwrap()
    };
    let send = async |method: &str, path: &str, body: Json| {
        let headers = [("Content-Type", "application/json")];
        fixture.send(method, &format!("{root}{path}"), &headers, body.to_string().as_bytes()).await.json()
    };
    let id = fixture.query("SELECT Id FROM Account LIMIT 1").await["records"][0]["Id"].as_str().unwrap().to_owned();
    let wrong = format!("{}AAB", id.get(..15).unwrap());

    let account = format!("/sobjects/Account/{id}");
    assert_eq!(
        send("PATCH", &account, json!({"Color__c": 1})).await,
        in_words(said("No such column 'Color__c'"), "Movie__c", "Account")
    );
    assert_eq!(
        send("PATCH", &format!("/sobjects/Account/{wrong}"), json!({"Name": "A"})).await,
        in_words(said("id value of incorrect type: a00B"), "a00B000000FSjVUIB1", &wrong)
    );
    assert_eq!(
        send("POST", "/sobjects/Account", json!({})).await,
        in_words(said("Required fields are missing: [Website__c]"), "Website__c", "Name")
    );
    assert_eq!(
        send("POST", "/sobjects/PlayingCard__c", json!({"Name": "A"})).await,
        exchange(&folder, "sf-fx-runtime-java.jsonl", "POST", "/sobjects/PlayingCard__c", 404)["body"]
    );
    let several = json!({"allOrNone": false, "records": [{"attributes": {"type": "Account"}, "Name": null}]});
    assert_eq!(send("POST", "/composite/sobjects", several).await, said("Required fields are missing: [Name]"));
    let composite = json!({"compositeRequest": [{"referenceId": "CCI__RefId__0__", "method": "GET", "url": format!("{root}/sobjects/Foo")}]});
    assert_eq!(send("POST", "/composite", composite).await, said("CCI__RefId__0__"));
    let halted = json!({"allOrNone": true, "compositeRequest": [
        {"referenceId": "NewPayment1", "method": "POST", "url": format!("{root}/sobjects/Account"), "body": {"Name": "A"}},
        {"referenceId": "NewPayment2", "method": "POST", "url": format!("{root}/sobjects/Account"), "body": {"X__c": 1}}]});
    assert_eq!(
        send("POST", "/composite", halted).await["compositeResponse"][0],
        said("NewPayment1")["compositeResponse"][0]
    );
    let expired = fixture.send_bare("GET", &format!("{root}/limits"), &[("Authorization", "Bearer x")], &[]).await;
    assert_eq!((expired.status, expired.json()), (401, said("Session expired or invalid")));
    let form = format!("grant_type=refresh_token&client_id={}&refresh_token=x", encode(&fixture.settings.consumer_key));
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let refused = fixture.send_bare("POST", "/services/oauth2/token", &headers, form.as_bytes()).await;
    assert_eq!(refused.json(), said("expired access/refresh token"));
    let unknown = fixture.get(&format!("{root}/sobjects/Account/23foo")).await;
    assert_eq!(unknown.json(), said("accessible: 23foo"));
}

#[tokio::test]
async fn bulk_v1_documents_have_the_shape_that_real_orgs_gave_them() {
    let Some(folder) = shared() else { return };
    let fixture = Fixture::new().await;
    let token = fixture.settings.access_token.clone();
    let send = |method: &'static str, path: String, content_type: &'static str, body: String| {
        let (fixture, token) = (&fixture, token.as_str());
        async move {
            let headers = [("X-SFDC-Session", token), ("Content-Type", content_type)];
            fixture.send_bare(method, &format!("/services/async/62.0/{path}"), &headers, body.as_bytes()).await
        }
    };
    let recorded = |method, address, status| exchange(&folder, "cumulusci.jsonl", method, address, status);
    let job = "<jobInfo xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\"><operation>query</operation>\
        <object>Task</object><concurrencyMode>Parallel</concurrencyMode><contentType>JSON</contentType></jobInfo>";
    let elements = |xml: &str| -> Vec<String> {
        xml.split('<').filter_map(|rest| rest.split(['>', ' ', '\n']).next()).map(str::to_owned).collect()
    };
    let mut found = Vec::new();

    let created = send("POST", "job".to_owned(), "application/xml", job.to_owned()).await;
    let theirs = recorded("POST", "/async/62.0/job", 201);
    assert_eq!(created.header("content-type"), theirs["content_type"].as_str());
    assert_eq!(elements(&created.text()), elements(theirs["body"].as_str().unwrap()));
    let id = created.text().split("<id>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let soql = "SELECT Id, Who.Name, Subject, ActivityDate FROM Task WHERE WhoId != null LIMIT 5".to_owned();
    let added = send("POST", format!("job/{id}/batch"), "application/json", soql).await;
    compare("batch", &added, &recorded("POST", "/batch", 201), &mut found);
    let batch = format!("job/{id}/batch/{}", added.json()["id"].as_str().unwrap());
    for _ in 0..2 {
        let info = send("GET", batch.clone(), "application/json", String::new()).await;
        compare("batch info", &info, &recorded("GET", "/batch/7519H000001XiCzQAK", 200), &mut found);
    }
    let list = send("GET", format!("{batch}/result"), "application/json", String::new()).await;
    compare("result list", &list, &recorded("GET", "/result", 200), &mut found);

    assert_eq!(list.json()[0].as_str().unwrap().len(), 15);
    assert!(found.is_empty(), "{found:#?}");
}
