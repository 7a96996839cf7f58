//! What clients send: job documents in XML or JSON, read into the same members, and the chunking header.

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};
use serde_json::Value as Json;

use super::{Problem, document::Form, refuse};
use crate::batch::Chunking;

/// Ids of a range unless the client names a number, and at most.
const CHUNK_IDS: u64 = 100_000;
const MAX_CHUNK_IDS: u64 = 250_000;

/// The members of a `jobInfo`, by their names.
pub(super) type Members = BTreeMap<String, String>;

/// Reads a `jobInfo`.
pub(super) fn job_info(body: &[u8], form: Form) -> Result<Members, Problem> {
    match form {
        Form::Json => json(body),
        Form::Xml => xml(body).ok_or_else(|| refuse("InvalidXml", "Unable to parse the jobInfo")),
    }
}

fn json(body: &[u8]) -> Result<Members, Problem> {
    let document: BTreeMap<String, Json> = serde_json::from_slice(body)
        .map_err(|error| refuse("ClientInputError", format!("Unable to parse the jobInfo: {error}")))?;
    let text = |value: Json| match value {
        Json::Null => None,
        Json::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    Ok(document.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

/// Reads the elements right below the root.
fn xml(body: &[u8]) -> Option<Members> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    let (mut members, mut path) = (Members::new(), Vec::<String>::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) => path.push(element.local_name().as_ref().to_owned()),
            Event::End(_) => drop(path.pop()),
            Event::Text(text) => {
                if let [_, name] = path.as_slice() {
                    members.entry(name.clone()).or_default().push_str(text.xml10_content().trim());
                }
            }
            Event::Eof => return path.is_empty().then_some(members),
            _ => {}
        }
    }
}

/// Reads `Sforce-Enable-PKChunking: true` or `chunkSize=50000; startRow=00130000000xEftMGH`.
pub(super) fn chunking(header: Option<&str>) -> Result<Option<Chunking>, Problem> {
    let Some(header) = header else { return Ok(None) };
    let mut chunking = Chunking { size: CHUNK_IDS, start: None };
    for part in header.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
            None if part.eq_ignore_ascii_case("false") => return Ok(None),
            Some((name, value)) if name.eq_ignore_ascii_case("chunkSize") => {
                let size = value.parse().ok().filter(|size| (1..=MAX_CHUNK_IDS).contains(size));
                chunking.size = size.ok_or_else(|| bad_header(part))?;
            }
            Some((name, value)) if name.eq_ignore_ascii_case("startRow") => {
                chunking.start = Some(value.parse().map_err(|_| bad_header(part))?);
            }
            // `parent` only says why an object can be split; others change nothing that could be seen here.
            _ => {}
        }
    }
    Ok(Some(chunking))
}

fn bad_header(part: &str) -> Problem {
    refuse("InvalidJob", format!("Invalid PK chunking header: {}", super::printable(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_and_json_say_the_same() {
        let xml = br#"<?xml version="1.0"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">
            <operation>query</operation><object>Account</object></jobInfo>"#;

        let read = |body, form| job_info(body, form).ok().unwrap();

        assert_eq!(read(xml, Form::Xml), read(br#"{"operation": "query", "object": "Account"}"#, Form::Json));
        assert!(job_info(b"<jobInfo>", Form::Xml).is_err());
        assert!(job_info(b"[]", Form::Json).is_err());
    }

    #[test]
    fn the_chunking_header_names_size_and_start() {
        let read = |header| chunking(Some(header)).ok().flatten().map(|chunking| (chunking.size, chunking.start));

        assert_eq!(read("true"), Some((100_000, None)));
        assert_eq!(read("TRUE; chunkSize=50000; parent=Account"), Some((50_000, None)));
        assert_eq!(read("chunkSize=10;startRow=001RM000003oLnn"), Some((10, "001RM000003oLnn".parse().ok())));
        assert_eq!(read("false"), None);
        assert!(chunking(Some("chunkSize=250001")).is_err());
        assert!(chunking(Some("startRow=x")).is_err());
    }
}
