//! What the values of a field's type look like, so that a page whose values stand under the wrong names is noticed.
//!
//! Only types that cannot hold just any text have a form. It is a loose one: Salesforce's own spellings are not to be refused.

use orgtap_salesforce::FieldType;

use crate::projection::{Origin, SelectedValue};

/// What a value that is not null looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// 15 or 18 letters and digits.
    Id,
    /// `true` or `false`.
    Boolean,
    /// Digits, with a sign, a point or an exponent.
    Number,
    /// `2024-06-15`, and maybe more.
    Date,
    /// `2024-06-15T`, and more.
    DateTime,
    /// `12:30:`, and more.
    Time,
}

impl Form {
    /// Returns the form of a selected value; `None` where it may be any text, or where it is not sure under which name it comes.
    pub(crate) fn of(selected: &SelectedValue) -> Option<Self> {
        match &selected.origin {
            Origin::Field { field_type, .. } if !selected.is_header_uncertain => Self::of_type(field_type),
            _ => None,
        }
    }

    fn of_type(field_type: &FieldType) -> Option<Self> {
        match field_type {
            // Not references: those to external objects hold the keys of others.
            FieldType::Id => Some(Self::Id),
            FieldType::Boolean => Some(Self::Boolean),
            FieldType::Int | FieldType::Long | FieldType::Double | FieldType::Currency | FieldType::Percent => {
                Some(Self::Number)
            }
            FieldType::Date => Some(Self::Date),
            FieldType::DateTime => Some(Self::DateTime),
            FieldType::Time => Some(Self::Time),
            _ => None,
        }
    }

    /// Returns what such a value is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "an Id",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Date => "a date",
            Self::DateTime => "a datetime",
            Self::Time => "a time",
        }
    }

    /// Returns whether `value` may be one; a null may.
    pub(crate) fn fits(self, value: &[u8]) -> bool {
        value.is_empty()
            || match self {
                Self::Id => [15, 18].contains(&value.len()) && value.iter().all(u8::is_ascii_alphanumeric),
                Self::Boolean => [b"true".as_slice(), b"false"].iter().any(|word| value.eq_ignore_ascii_case(word)),
                Self::Number => is_number(value),
                Self::Date => begins_like_day(value, b"-00-00"),
                Self::DateTime => begins_like_day(value, b"-00-00T"),
                Self::Time => begins_like(value, b"00:00:"),
            }
    }
}

/// Returns whether `value` begins like `pattern`, in which each `0` stands for a digit.
fn begins_like(value: &[u8], pattern: &[u8]) -> bool {
    value.len() >= pattern.len()
        && value.iter().zip(pattern).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

/// Returns whether `value` begins with a year and goes on like `pattern`. Typing errors make years of more and of fewer digits than four.
fn begins_like_day(value: &[u8], pattern: &[u8]) -> bool {
    let year = value.strip_prefix(b"-").unwrap_or(value);
    let digits = year.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && begins_like(&year[digits..], pattern)
}

fn is_number(value: &[u8]) -> bool {
    let is_sign = |at: usize| b"+-".contains(&value[at]) && (at == 0 || b"eE".contains(&value[at - 1]));
    let may_stand = |at: usize| value[at].is_ascii_digit() || b".eE".contains(&value[at]) || is_sign(at);
    value.iter().any(u8::is_ascii_digit) && (0..value.len()).all(may_stand)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [(Form, &[&str]); 6] = [
        (Form::Id, &["001Hs00001abcDEIAY", "001Hs00001abcDE", "000000000000000AAA"]),
        (Form::Boolean, &["true", "false", "TRUE"]),
        (Form::Number, &["0", "-12", "1.5", "1.0E-4", "1e+3", "12345678901234567890"]),
        (Form::Date, &["2024-06-15", "20191-05-10", "0218-01-01", "218-01-01"]),
        (Form::DateTime, &["2024-06-15T12:30:00.000Z", "20191-05-10T00:00:00.000Z", "2024-06-15T12:30:00.000+0000"]),
        (Form::Time, &["12:30:00.000Z"]),
    ];

    #[test]
    fn values_have_the_form_of_their_type_and_of_no_other() {
        for (form, _) in FORMS {
            for (of, values) in FORMS {
                for value in values {
                    // Whoever takes a date takes the beginning of a datetime.
                    let is_one = of == form || (of, form) == (Form::DateTime, Form::Date);

                    assert_eq!(form.fits(value.as_bytes()), is_one, "{value} as {}", form.name());
                }
            }
            assert!(form.fits(b""));
            for text in ["Acme", "-", "1,5", "0015 500000 wW08", "2024/06/15"] {
                assert!(!form.fits(text.as_bytes()), "{text} as {}", form.name());
            }
        }
    }

    #[test]
    fn what_may_be_any_text_has_no_form() {
        for field_type in ["string", "reference", "picklist", "anyType", "base64", "of tomorrow"] {
            assert_eq!(Form::of_type(&FieldType::from(field_type)), None, "{field_type}");
        }
    }
}
