//! What a query selects, and how the columns of a table are made of it.
//!
//! The two differ where one column is made of several values: an address of its parts. Both APIs carry the same values, and both ways of
//! reading them end here, so that a table looks the same whichever carried it.

use orgtap_salesforce::FieldType;

/// The values that a query selects and the columns made of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Projection {
    /// The values, in the order of the SELECT list.
    pub(crate) values: Vec<SelectedValue>,
    /// How each column of the table is made, in its order.
    pub(crate) columns: Vec<ColumnSource>,
    /// Which column holds the Id, where each record has one of its own.
    pub(crate) id_column: Option<usize>,
}

/// A value that the query selects.
#[derive(Clone, Debug)]
pub(crate) struct SelectedValue {
    /// The header in the Bulk API's CSV.
    pub(crate) header: String,
    /// Whether the header may be something else: what a function's is, is written nowhere.
    pub(crate) is_header_uncertain: bool,
    /// Where it is in the JSON of the REST API.
    pub(crate) origin: Origin,
}

/// Where a value is in a record of the REST API.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A field, of the record or of a parent.
    Field {
        /// The names that lead to it.
        path: Vec<String>,
        /// What it is called in the describe.
        field_type: FieldType,
    },
    /// Fields of a polymorphic parent (`TYPEOF`), which depend on its object.
    TypeOf {
        /// The names that lead to the parent.
        parent: Vec<String>,
        /// For each object, the names that lead on to the field, and its type. The one without an object is for all others.
        branches: Vec<(Option<String>, FieldPath)>,
    },
    /// The name of a polymorphic parent's object.
    TypeName {
        /// The names that lead to the parent.
        parent: Vec<String>,
    },
    /// The records of a child subquery.
    Children {
        /// The name that it has in the answer.
        key: String,
        /// What it selects.
        shape: RecordShape,
    },
    /// A structure that the Bulk API does not carry.
    Structure {
        /// The names that lead to it.
        path: Vec<String>,
    },
    /// How many records there are: `COUNT()`, whose answer has no records.
    Count,
}

/// The names that lead to a field, and what it is called in the describe.
pub(crate) type FieldPath = (Vec<String>, FieldType);

/// How the records of a child subquery, or of a parent in one, are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordShape {
    /// Whether it is a list of records, empty where the answer has null.
    pub(crate) is_list: bool,
    /// The values in their order, with the shape of those that are records themselves.
    pub(crate) members: Vec<(String, Self)>,
}

/// How a column is made.
#[derive(Clone, Debug)]
pub(crate) enum ColumnSource {
    /// It is the value at this place.
    Value(usize),
    /// It is a JSON object of several values; null where all of them are.
    Parts(Vec<Part>),
}

/// A member of a column that is an object.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Its key.
    pub(crate) key: String,
    /// Which of the values it is.
    pub(crate) value: usize,
    /// Whether it is a number.
    pub(crate) is_number: bool,
}

impl Projection {
    /// Returns whether the columns are the values, one by one.
    pub(crate) fn is_plain(&self) -> bool {
        self.columns.len() == self.values.len()
            && self
                .columns
                .iter()
                .enumerate()
                .all(|(at, column)| matches!(column, ColumnSource::Value(value) if *value == at))
    }

    /// Returns whether the query is `SELECT COUNT()`.
    pub(crate) fn is_count(&self) -> bool {
        matches!(self.values.as_slice(), [SelectedValue { origin: Origin::Count, .. }])
    }

    /// Returns the columns of a record with these values.
    pub(crate) fn make<'a>(&self, values: &'a [impl AsRef<[u8]>]) -> Vec<std::borrow::Cow<'a, [u8]>> {
        let column = |source: &ColumnSource| match source {
            ColumnSource::Value(at) => values[*at].as_ref().into(),
            ColumnSource::Parts(parts) => object(parts, |at| values[at].as_ref()).into(),
        };
        self.columns.iter().map(column).collect()
    }
}

/// Returns the JSON of an object, or nothing where every part is null.
fn object<'a>(parts: &[Part], value: impl Fn(usize) -> &'a [u8]) -> Vec<u8> {
    if parts.iter().all(|part| value(part.value).is_empty()) {
        return Vec::new();
    }
    let mut out = vec![b'{'];
    for (at, Part { key, value: position, is_number }) in parts.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"" } else { b"," });
        out.extend_from_slice(quoted(key).as_bytes());
        out.push(b':');
        match String::from_utf8_lossy(value(*position)) {
            text if text.is_empty() => out.extend_from_slice(b"null"),
            text if *is_number && text.parse().is_ok_and(f64::is_finite) => out.extend_from_slice(text.as_bytes()),
            text => out.extend_from_slice(quoted(&text).as_bytes()),
        }
    }
    out.push(b'}');
    out
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_parts_is_an_object_and_null_without_any() {
        let part = |key: &str, value, is_number| Part { key: key.to_owned(), value, is_number };
        let projection = Projection {
            values: Vec::new(),
            columns: vec![
                ColumnSource::Value(1),
                ColumnSource::Parts(vec![part("city", 0, false), part("latitude", 2, true)]),
            ],
            id_column: None,
        };
        let made = |values: [&'static str; 3]| {
            let columns = projection.make(&values).into_iter().map(|text| String::from_utf8_lossy(&text).into_owned());
            columns.collect::<Vec<_>>()
        };

        assert_eq!(made(["A \"b\"", "x", "1.0E-4"]), ["x", r#"{"city":"A \"b\"","latitude":1.0E-4}"#]);
        assert_eq!(made(["", "x", "50.1"]), ["x", r#"{"city":null,"latitude":50.1}"#]);
        assert_eq!(made(["", "", ""]), ["", ""]);
    }
}
