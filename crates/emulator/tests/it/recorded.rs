//! Our answers held against those that real orgs gave to other clients, as published in their test suites: the same status,
//! the same content type, the same keys with values of the same types. What differs is in [`KNOWN`], with the reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value as Json, json};

use crate::client::{Answer, Fixture, encode};

/// Differences that are meant: where, and why.
const KNOWN: &[(&str, &str)] =
    &[("query of one record: $.records[].Owner.attributes.url", "user records have an address as any others do")];

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
