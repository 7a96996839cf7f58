//! The control endpoint `/__emulator/`: what no real org offers. JSON in, JSON out; reachable from this machine only.
//!
//! | request | does |
//! |---|---|
//! | `GET settings` | what a client needs to sign in |
//! | `GET stats` | calls and queries so far |
//! | `GET ca` | the certificate authority to trust, as PEM |
//! | `GET records/Account` | all records of an object as the org holds them, deleted ones too, and its fields |
//! | `GET records/Account?as=user` | those of them that the user sees, with the fields that it sees |
//! | `GET access` | what is hidden from the user |
//! | `GET clock` | the org's time |
//! | `POST clock` | `{"advance_secs": 60}` moves it, `{"now": "2026-01-01T00:00:00Z"}` sets it |
//! | `POST changes` | one change or an array of them, see [`Change`] |
//! | `GET` `POST` `DELETE faults` | lists, scripts (one fault or an array), drops faults |
//! | `POST faults/release` | `{"gate": "name"}` lets the calls held at a gate go |
//! | `GET` `POST sign_in` | what the org allows when somebody signs in |
//! | `DELETE sessions` | ends every session |

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, StatusCode},
    response::Response,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json, json as document};

use super::Request;
use crate::{
    answer::{empty, json},
    error::ChangeError,
    fault::FaultError,
    id::Id,
    org::Org,
    sign_in::SignInRules,
};

/// Why a control request is refused. It is meant for people, so a sentence is enough.
struct Problem {
    status: StatusCode,
    message: String,
}

type Answer = Result<Response, Problem>;

impl Problem {
    fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<FaultError> for Problem {
    fn from(error: FaultError) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// A change to one record, as `{"insert": {"object": "Account", "fields": {"Name": "Acme"}}}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Change {
    Insert { object: String, fields: Map<String, Json> },
    Update { id: String, fields: Map<String, Json> },
    Delete { id: String },
    Undelete { id: String },
    Merge { master: String, losers: Vec<String> },
    Purge { id: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    advance_secs: Option<u64>,
    now: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    gate: String,
}

#[derive(Serialize)]
struct Changed {
    ids: Vec<String>,
}

/// Answers a control request.
pub(super) fn answer(path: &str, request: &Request) -> Response {
    route(path, request).unwrap_or_else(|problem| json(problem.status, &document!({"error": problem.message})))
}

fn route(path: &str, request: &Request) -> Answer {
    let server = &request.server;
    match (&request.method, path) {
        (&Method::GET, "settings") => Ok(json(StatusCode::OK, &server.settings())),
        (&Method::GET, "stats") => Ok(json(StatusCode::OK, &server.counter.snapshot())),
        (&Method::GET, "ca") => server.ca_pem.clone().map(|pem| Response::new(Body::from(pem))).ok_or_else(|| {
            Problem { status: StatusCode::NOT_FOUND, message: "there is no certificate: this is plain HTTP".to_owned() }
        }),
        (&Method::GET, "access") => Ok(json(StatusCode::OK, server.org.access())),
        (&Method::GET, "clock") => Ok(clock(&server.org)),
        (&Method::POST, "clock") => set_clock(request),
        (&Method::POST, "changes") => change_all(request),
        (&Method::GET, "faults") => Ok(json(StatusCode::OK, &server.faults.list())),
        (&Method::POST, "faults") => {
            server.faults.add_json(&request.body)?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        (&Method::DELETE, "faults") => {
            server.faults.clear();
            Ok(empty(StatusCode::NO_CONTENT))
        }
        (&Method::POST, "faults/release") => {
            server.faults.release(&read::<Release>(request)?.gate);
            Ok(empty(StatusCode::NO_CONTENT))
        }
        (&Method::GET, "sign_in") => Ok(json(StatusCode::OK, &server.door.rules())),
        (&Method::POST, "sign_in") => {
            server.door.set_rules(read::<SignInRules>(request)?);
            Ok(json(StatusCode::OK, &server.door.rules()))
        }
        (&Method::DELETE, "sessions") => {
            server.sessions.end_all();
            Ok(empty(StatusCode::NO_CONTENT))
        }
        (&Method::GET, path) if path.starts_with("records/") => records(path.trim_start_matches("records/"), request),
        (method, path) => {
            let message =
                format!("there is no `{method} {path}` here; try `GET settings`, `GET stats` or `GET faults`");
            Err(Problem { status: StatusCode::NOT_FOUND, message })
        }
    }
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Problem::bad_request(format!("could not read the request: {error}")))
}

/// Tells what the org holds, so that what a client has read can be compared with it.
fn records(name: &str, request: &Request) -> Answer {
    let org = &request.server.org;
    let unknown = || Problem { status: StatusCode::NOT_FOUND, message: "there is no such object".to_owned() };
    let (object, records) = match request.parameter("as") {
        Some("user") => (org.object(name), org.seen_records(name)),
        Some(_) => return Err(Problem::bad_request("`as` can be `user`, or left out")),
        None => (org.whole_object(name), org.records(name)),
    };
    let object = object.ok_or_else(unknown)?;
    let fields: Map<String, Json> =
        object.fields.iter().map(|field| (field.name.clone(), field.kind.name().into())).collect();
    let records = records.ok_or_else(unknown)?.into_iter().map(|values| {
        let members = object.fields.iter().zip(values);
        Json::Object(members.map(|(field, value)| (field.name.clone(), value.json(field.kind))).collect())
    });
    Ok(json(StatusCode::OK, &document!({"fields": fields, "records": records.collect::<Vec<_>>()})))
}

fn clock(org: &Org) -> Response {
    json(StatusCode::OK, &document!({"now": org.now().to_string()}))
}

fn set_clock(request: &Request) -> Answer {
    let wish: SetClock = read(request)?;
    let org = &request.server.org;
    match (wish.now, wish.advance_secs) {
        (Some(now), None) => org.set_now(now),
        (None, Some(seconds)) => org.advance(Duration::from_secs(seconds)),
        _ => return Err(Problem::bad_request("give either `now` or `advance_secs`")),
    }
    Ok(clock(org))
}

/// Carries out changes in order and stops at the first that is refused; those before it stay.
fn change_all(request: &Request) -> Answer {
    let changes: Vec<Change> = match read(request)? {
        many @ Json::Array(_) => serde_json::from_value(many),
        one => serde_json::from_value(one).map(|change| vec![change]),
    }
    .map_err(|error| Problem::bad_request(format!("could not read the changes: {error}")))?;
    let mut ids = Vec::with_capacity(changes.len());
    for (at, change) in changes.into_iter().enumerate() {
        let id = carry_out(change, &request.server.org).map_err(|problem| Problem {
            message: format!("could not carry out change {}: {}", at + 1, problem.message),
            ..problem
        })?;
        ids.push(id.to_string());
    }
    Ok(json(StatusCode::OK, &Changed { ids }))
}

fn carry_out(change: Change, org: &Org) -> Result<Id, Problem> {
    let id = match change {
        Change::Insert { object, fields } => {
            let fields = org.all_fields_from_json(&object, &fields)?;
            org.insert(&object, fields)?
        }
        Change::Update { id, fields } => {
            let id = parse_id(&id)?;
            let fields = org.all_fields_from_json(&object_of(id, org)?, &fields)?;
            org.update(id, fields)?;
            id
        }
        Change::Delete { id } => parse_id(&id).and_then(|id| Ok(org.delete(id).map(|()| id)?))?,
        Change::Undelete { id } => parse_id(&id).and_then(|id| Ok(org.undelete(id).map(|()| id)?))?,
        Change::Purge { id } => parse_id(&id).and_then(|id| Ok(org.purge(id).map(|()| id)?))?,
        Change::Merge { master, losers } => {
            let master = parse_id(&master)?;
            let losers = losers.iter().map(|id| parse_id(id)).collect::<Result<Vec<_>, _>>()?;
            org.merge(master, &losers)?;
            master
        }
    };
    Ok(id)
}

fn parse_id(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|error: crate::id::InvalidId| Problem::bad_request(error.to_string()))
}

fn object_of(id: Id, org: &Org) -> Result<String, Problem> {
    let prefix = id.key_prefix();
    let object = org
        .whole_objects()
        .into_iter()
        .find(|object| object.key_prefix.as_deref().is_some_and(|known| known.as_bytes() == prefix));
    object.map(|object| object.name.clone()).ok_or_else(|| Problem::bad_request(format!("no object has ids like {id}")))
}
