//! References of a composite request: `@{name.path}` stands for a value in the answer of the subrequest of that name.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::answer::Refusal;

/// The answers so far, by the names of their subrequests.
#[derive(Debug, Default)]
pub(super) struct References(BTreeMap<String, Json>);

impl References {
    pub(super) fn add(&mut self, name: &str, answer: Json) {
        self.0.insert(name.to_owned(), answer);
    }

    /// Returns `text` with the values of its references.
    pub(super) fn resolve_text(&self, text: &str) -> Result<String, Refusal> {
        let mut parts = text.split("@{");
        let mut resolved = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (reference, rest) = part.split_once('}').ok_or_else(|| no_value(part))?;
            match self.find(reference)? {
                Json::String(text) => resolved.push_str(text),
                Json::Object(_) | Json::Array(_) | Json::Null => {
                    return Err(no_value(reference));
                }
                value => resolved.push_str(&value.to_string()),
            }
            resolved.push_str(rest);
        }
        Ok(resolved)
    }

    /// Returns a document with the values of the references in its texts.
    pub(super) fn resolve(&self, document: &Json) -> Result<Json, Refusal> {
        Ok(match document {
            Json::String(text) => match text.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}')) {
                // A reference alone keeps the type of its value.
                Some(reference) if !reference.contains('}') => self.find(reference)?.clone(),
                _ => Json::String(self.resolve_text(text)?),
            },
            Json::Array(items) => Json::Array(items.iter().map(|item| self.resolve(item)).collect::<Result<_, _>>()?),
            Json::Object(members) => {
                let members = members.iter().map(|(name, value)| Ok((name.clone(), self.resolve(value)?)));
                Json::Object(members.collect::<Result<_, Refusal>>()?)
            }
            other => other.clone(),
        })
    }

    /// Finds what `name.member[0].member` leads to.
    fn find(&self, reference: &str) -> Result<&Json, Refusal> {
        let end = reference.find(['.', '[']).unwrap_or(reference.len());
        let (name, path) = reference.split_at(end);
        let answer = self.0.get(name).ok_or_else(|| no_value(reference))?;
        let mut steps = path.split(['.', '[']).filter(|step| !step.is_empty());
        let found = steps.try_fold(answer, |value, step| match step.strip_suffix(']') {
            Some(index) => index.parse::<usize>().ok().and_then(|index| value.get(index)),
            None => value.get(step),
        });
        found.ok_or_else(|| no_value(reference))
    }
}

/// Refuses a reference in the words of the REST API guide ("Composite Subrequest Result").
fn no_value(reference: &str) -> Refusal {
    let reference: String = reference.chars().filter(|c| !c.is_control()).take(60).collect();
    let name = reference.split(['.', '[']).next().unwrap_or_default();
    let message = format!("Invalid reference specified. No value for {reference} found in {name}.");
    Refusal::bad_request("PROCESSING_HALTED", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn references() -> References {
        let mut references = References::default();
        references.add("found", json!({"totalSize": 1, "records": [{"Id": "001", "Owner": {"Name": "Ada"}}]}));
        references
    }

    #[test]
    fn a_reference_stands_for_its_value() {
        let references = references();

        assert_eq!(references.resolve_text("/x/@{found.records[0].Id}/y").unwrap(), "/x/001/y");
        assert_eq!(references.resolve_text("@{found.totalSize}@{found.records[0].Owner.Name}").unwrap(), "1Ada");
        let document = json!({"A": ["@{found.totalSize}", "n=@{found.totalSize}"], "B": 2});
        assert_eq!(references.resolve(&document).unwrap(), json!({"A": [1, "n=1"], "B": 2}));
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_refused() {
        let references = references();

        for text in
            ["@{found", "@{lost.Id}", "@{found.records[1].Id}", "@{found.records}", "@{found.records[x]}", "@{}"]
        {
            assert!(references.resolve_text(text).is_err(), "{text}");
        }
    }
}
