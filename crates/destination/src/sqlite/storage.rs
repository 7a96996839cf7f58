//! How values are stored in SQLite's columns, and how a column changes its type without changing its values.
//!
//! SQLite turns text that looks like a number into one wherever a column is not declared `TEXT`. A value that is not what its column
//! says is kept byte for byte nevertheless: as text where SQLite leaves that alone, as a blob where it would not.

use rusqlite::types::ValueRef;

use super::identifier::Identifier;
use crate::ColumnType;

/// What a column stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    Text,
    /// 1 and 0.
    Boolean,
    Integer,
    Real,
    /// Text, as are the following.
    Date,
    DateTime,
    Time,
}

/// Whole numbers beyond this one, either side of zero, may not survive as a `REAL`.
const LARGEST_EXACT_REAL: i64 = 1 << 53;

impl Storage {
    pub(super) fn of(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Text => Self::Text,
            ColumnType::Boolean => Self::Boolean,
            ColumnType::Integer => Self::Integer,
            ColumnType::Float => Self::Real,
            ColumnType::Date => Self::Date,
            ColumnType::DateTime => Self::DateTime,
            ColumnType::Time => Self::Time,
        }
    }

    pub(super) fn declared(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Boolean => "BOOLEAN",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Date => "DATE",
            Self::DateTime => "DATETIME",
            Self::Time => "TIME",
        }
    }

    /// Returns what a column stores that is declared as `declared`, by us or by another program.
    ///
    /// <https://sqlite.org/datatype3.html#determination_of_column_affinity>
    pub(super) fn of_declared(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |word: &&str| declared.contains(*word);
        match declared.as_str() {
            "BOOLEAN" => Self::Boolean,
            "DATE" => Self::Date,
            "DATETIME" => Self::DateTime,
            "TIME" => Self::Time,
            _ if has(&"INT") => Self::Integer,
            _ if ["CHAR", "CLOB", "TEXT", "BLOB"].iter().any(has) || declared.is_empty() => Self::Text,
            _ => Self::Real,
        }
    }

    /// Returns what a column that stores `self` must store to take values of `new` as well.
    pub(super) fn widened(self, new: Self) -> Self {
        match (self, new) {
            _ if self == new => self,
            (Self::Real, Self::Integer) | (Self::Integer, Self::Real) => Self::Real,
            _ => Self::Text,
        }
    }

    /// Returns how a value of CSV text is stored.
    pub(super) fn value(self, text: &[u8]) -> ValueRef<'_> {
        if text.is_empty() {
            return ValueRef::Null;
        }
        let parsed = match self {
            Self::Text => return ValueRef::Text(text),
            Self::Boolean if text == b"true" => Some(ValueRef::Integer(1)),
            Self::Boolean if text == b"false" => Some(ValueRef::Integer(0)),
            Self::Integer => parse(text).map(ValueRef::Integer),
            Self::Real => parse(text).filter(|value| is_exact(*value, text)).map(ValueRef::Real),
            Self::Boolean | Self::Date | Self::DateTime | Self::Time => None,
        };
        // SQLite reads a number up to a NUL.
        let read = text.split(|byte| *byte == 0).next().unwrap_or_default();
        // Most dates and times are told at a glance.
        let is_dated = matches!(read, [b'0'..=b'9', _, b':', ..] | [_, _, _, b'0'..=b'9', b'-', ..]);
        parsed.unwrap_or_else(|| match !is_dated && looks_numeric(read) {
            true => ValueRef::Blob(text),
            false => ValueRef::Text(text),
        })
    }

    /// Returns the SQL for `column`, which stores `self`, as it is to be stored in a column of `new`.
    pub(super) fn converted(self, new: Self, column: &Identifier) -> String {
        match (self, new) {
            _ if self == new => column.to_string(),
            (_, Self::Real) => format!(
                "CASE WHEN typeof({column}) = 'integer' AND {column} NOT BETWEEN -{LARGEST_EXACT_REAL} AND {LARGEST_EXACT_REAL} \
                 THEN CAST(CAST({column} AS TEXT) AS BLOB) ELSE {column} END"
            ),
            (Self::Boolean, _) => format!(
                "CASE WHEN typeof({column}) = 'integer' THEN iif({column}, 'true', 'false') ELSE CAST({column} AS TEXT) END"
            ),
            // SQLite's own text of a number has 15 digits, which does not always lead back to the number.
            (Self::Real, _) => format!(
                "CASE WHEN typeof({column}) = 'real' AND CAST(CAST({column} AS TEXT) AS REAL) <> {column} \
                 THEN format('%!.17g', {column}) ELSE CAST({column} AS TEXT) END"
            ),
            _ => format!("CAST({column} AS TEXT)"),
        }
    }
}

/// Returns whether `value` has all the digits of `text`, which it was read from.
fn is_exact(value: f64, text: &[u8]) -> bool {
    // So few digits every number has.
    const ALWAYS_EXACT: usize = f64::DIGITS as usize;
    if !value.is_finite() || text.len() <= ALWAYS_EXACT {
        return value.is_finite();
    }
    let digits = significant(text);
    // Java writes doubles so, with as many as 17 digits, and not always the fewest that lead back to the number.
    let is_of_double = value.abs() < 1e7 || text.iter().any(|byte| matches!(byte, b'e' | b'E'));
    digits.len() <= if is_of_double { 17 } else { ALWAYS_EXACT }
        || significant(format!("{value:.*e}", digits.len() - 1).as_bytes()) == digits
}

/// Returns the digits of a number from the first to the last that is not zero.
fn significant(number: &[u8]) -> Vec<u8> {
    let mantissa = number.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or_default();
    let digits: Vec<u8> = mantissa.iter().copied().filter(u8::is_ascii_digit).collect();
    let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let end = digits.iter().rposition(|digit| *digit != b'0').map_or(start, |last| last + 1);
    digits[start..end].to_vec()
}

fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Returns whether SQLite might take `text` for a number; now and then this is true where SQLite would not.
fn looks_numeric(text: &[u8]) -> bool {
    // Unlike Rust, SQLite counts the vertical tab as white space.
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |at| at + 1);
    parse::<f64>(&text[start..end]).is_some_and(|value| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// Stores `text` in a column of `storage` and returns what SQLite made of it: its type and its text.
    fn stored(storage: Storage, text: &str) -> (String, Option<String>) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("CREATE TABLE t (c {})", storage.declared())).unwrap();
        let value = rusqlite::types::ToSqlOutput::Borrowed(storage.value(text.as_bytes()));
        connection.execute("INSERT INTO t VALUES (?)", [value]).unwrap();
        connection
            .query_row("SELECT typeof(c), CAST(c AS TEXT) FROM t", (), |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    #[test]
    fn values_of_their_type_are_stored_as_such() {
        let cases = [
            (Storage::Text, "007", "text", "007"),
            (Storage::Text, "1e3", "text", "1e3"),
            (Storage::Boolean, "true", "integer", "1"),
            (Storage::Boolean, "false", "integer", "0"),
            (Storage::Integer, "-9223372036854775808", "integer", "-9223372036854775808"),
            (Storage::Real, "1.0E7", "real", "10000000.0"),
            (Storage::Real, "3", "real", "3.0"),
            (Storage::Date, "2024-02-29", "text", "2024-02-29"),
            (Storage::DateTime, "2024-02-29T23:59:59.000Z", "text", "2024-02-29T23:59:59.000Z"),
            (Storage::Time, "23:59:59.000Z", "text", "23:59:59.000Z"),
        ];

        for (storage, text, kind, value) in cases {
            assert_eq!(stored(storage, text), (kind.to_owned(), Some(value.to_owned())), "{text} as {storage:?}");
        }
    }

    #[test]
    fn values_of_another_type_are_kept_byte_for_byte() {
        let typed =
            [Storage::Boolean, Storage::Integer, Storage::Real, Storage::Date, Storage::DateTime, Storage::Time];
        let odd = ["abc", "NaN", "inf", "1e999", " 7 ", "\u{b}7", "0x10", "1_000", "é", "true ", "7\0", "7\0:00"];

        for storage in typed {
            for text in odd {
                assert_eq!(stored(storage, text).1.as_deref(), Some(text), "{text:?} as {storage:?}");
            }
        }
        for text in ["20240229", "007", "1.50", "+5", "99999999999999999999"] {
            assert_eq!(stored(Storage::Date, text).1.as_deref(), Some(text));
        }
        assert_eq!(stored(Storage::Integer, "99999999999999999999").1.as_deref(), Some("99999999999999999999"));
        assert_eq!(stored(Storage::Boolean, "1").1.as_deref(), Some("1"));
    }

    #[test]
    fn a_number_keeps_its_digits() {
        for text in [
            "1.5",
            "-0.0",
            "1.0E7",
            "5.684341886080802E-14",
            "123456789012345.67",
            "9007199254740992",
            "0.10000000000000001",
        ] {
            assert_eq!(stored(Storage::Real, text).0, "real", "{text}");
        }
        for text in ["1234567890123456.78", "9007199254740993", "123456789012345678.0", "-0.1234567890123456789"] {
            assert_eq!(stored(Storage::Real, text), ("blob".to_owned(), Some(text.to_owned())));
        }
    }

    #[test]
    fn nothing_is_a_null_in_every_column() {
        for storage in [Storage::Text, Storage::Boolean, Storage::Real, Storage::Date] {
            assert_eq!(stored(storage, ""), ("null".to_owned(), None));
        }
    }

    #[test]
    fn columns_of_other_programs_are_understood() {
        let cases = [
            ("VARCHAR(255)", Storage::Text),
            ("", Storage::Text),
            ("bigint", Storage::Integer),
            ("DOUBLE PRECISION", Storage::Real),
            ("DECIMAL(10,2)", Storage::Real),
            ("datetime", Storage::DateTime),
        ];

        for (declared, storage) in cases {
            assert_eq!(Storage::of_declared(declared), storage, "{declared}");
        }
    }
}
