//! JSON of records, with every number as it was written: a currency of 18 digits does not fit a binary fraction.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The deepest nesting that is read. Salesforce nests parents five levels deep and children five.
const DEEPEST: usize = 40;

/// A value of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, as it was written.
    Number(String),
    /// A text.
    Text(String),
    /// `[…]`
    List(Vec<Self>),
    /// `{…}`
    Record(Record),
}

/// Named values in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record(pub Vec<(String, Json)>);

impl Json {
    /// Returns the record, if it is one.
    pub fn as_record(&self) -> Option<&Record> {
        match self {
            Self::Record(record) => Some(record),
            _ => None,
        }
    }

    /// Returns the text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Record {
    /// Returns the value called `name`, in any case of letters: queries may spell a field otherwise than the answer.
    pub fn get(&self, name: &str) -> Option<&Json> {
        let exact = self.0.iter().find(|(known, _)| known == name);
        exact.or_else(|| self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))).map(|(_, value)| value)
    }

    /// Returns the value called `name`, in any case of letters, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the values in their order, without what the API says about the record itself.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().filter(|(name, _)| name != "attributes").map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the object that the record is of, as the answer says it.
    pub fn object(&self) -> Option<&str> {
        self.get("attributes")?.as_record()?.get("type")?.as_text()
    }
}

/// Writes the value as JSON, without blanks.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(values) => {
                f.write_str("[")?;
                for (at, value) in values.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    value.fmt(f)?;
                }
                f.write_str("]")
            }
            Self::Record(record) => record.fmt(f),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            write!(f, "{}:{value}", quoted(name))?;
        }
        f.write_str("}")
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        parse(raw.get(), 0).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Record(record) => Ok(record),
            _ => Err(de::Error::custom("a record is not an object")),
        }
    }
}

/// Reads a value that the parser has found to be whole.
fn parse(text: &str, depth: usize) -> Result<Json, serde_json::Error> {
    if depth > DEEPEST {
        return Err(de::Error::custom("the answer is nested too deeply"));
    }
    let text = text.trim_ascii();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(text)?;
            let values = members.into_iter().map(|(name, value)| Ok((name, parse(value.get(), depth + 1)?)));
            Json::Record(Record(values.collect::<Result<_, serde_json::Error>>()?))
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            Json::List(elements.into_iter().map(|element| parse(element.get(), depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::Text(serde_json::from_str(text)?),
        Some(b't' | b'f') => Json::Boolean(serde_json::from_str(text)?),
        Some(b'n') => Json::Null,
        _ => Json::Number(text.to_owned()),
    })
}

/// The members of an object, each still to be read.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or_default());
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_digit_for_digit_and_in_its_order() {
        let text = r#"{"b":12345678901234567.89,"a":[1,-0.10,1E7,{"c":null}],"d":"é\n\"","e":true}"#;

        let value: Json = serde_json::from_str(&text.replace(",\"", " ,\n \"")).unwrap();

        assert_eq!(value.to_string(), text);
        assert_eq!(value.as_record().unwrap().get("B"), Some(&Json::Number("12345678901234567.89".to_owned())));
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));

        assert!(serde_json::from_str::<Json>(&deep).is_err());
    }
}
