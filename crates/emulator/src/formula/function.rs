//! The functions of formulas.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::evaluate::{Moment, same, text};
use crate::value::Value;

macro_rules! functions {
    ($($variant:ident = $name:literal, $least:literal ..= $most:expr;)*) => {
        /// A function, by the name it has in a formula.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Function {
            $($variant,)*
        }

        impl Function {
            /// Returns the function of that name, in any case.
            pub(super) fn of(name: &str) -> Option<Self> {
                let known = [$(($name, Self::$variant),)*];
                known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, function)| *function)
            }

            /// Returns whether it may be called with so many arguments.
            pub(super) fn takes(self, arguments: usize) -> bool {
                match self {
                    $(Self::$variant => ($least..=$most).contains(&arguments),)*
                }
            }
        }
    };
}

/// As many arguments as there may be.
const ANY: usize = 200;

functions! {
    Abs = "ABS", 1..=1;
    AddMonths = "ADDMONTHS", 2..=2;
    And = "AND", 1..=ANY;
    Begins = "BEGINS", 2..=2;
    BlankValue = "BLANKVALUE", 2..=2;
    Break = "BR", 0..=0;
    Case = "CASE", 4..=ANY;
    CaseSafeId = "CASESAFEID", 1..=1;
    Ceiling = "CEILING", 1..=1;
    Contains = "CONTAINS", 2..=2;
    DateOf = "DATE", 3..=3;
    DateValue = "DATEVALUE", 1..=1;
    Day = "DAY", 1..=1;
    Find = "FIND", 2..=3;
    Floor = "FLOOR", 1..=1;
    If = "IF", 3..=3;
    IsBlank = "ISBLANK", 1..=1;
    IsNull = "ISNULL", 1..=1;
    IsPickVal = "ISPICKVAL", 2..=2;
    Left = "LEFT", 2..=2;
    Len = "LEN", 1..=1;
    Lower = "LOWER", 1..=1;
    LPad = "LPAD", 2..=3;
    Max = "MAX", 1..=ANY;
    Mid = "MID", 3..=3;
    Min = "MIN", 1..=ANY;
    Mod = "MOD", 2..=2;
    Month = "MONTH", 1..=1;
    Not = "NOT", 1..=1;
    Now = "NOW", 0..=0;
    NullValue = "NULLVALUE", 2..=2;
    Or = "OR", 1..=ANY;
    Right = "RIGHT", 2..=2;
    Round = "ROUND", 2..=2;
    RPad = "RPAD", 2..=3;
    Sqrt = "SQRT", 1..=1;
    Substitute = "SUBSTITUTE", 3..=3;
    Text = "TEXT", 1..=1;
    Today = "TODAY", 0..=0;
    Trim = "TRIM", 1..=1;
    Upper = "UPPER", 1..=1;
    ValueOf = "VALUE", 1..=1;
    Year = "YEAR", 1..=1;
}

impl Function {
    /// Returns whether the result depends on when it is asked for.
    pub(super) fn needs_moment(self) -> bool {
        matches!(self, Self::Now | Self::Today)
    }

    /// Returns what the function makes of its arguments, as many as it takes; nothing where one of them does not fit.
    pub(super) fn value(self, arguments: &[Value], moment: Moment<'_>) -> Value {
        self.logical(arguments)
            .or_else(|| self.textual(arguments))
            .or_else(|| self.numeric(arguments))
            .or_else(|| self.temporal(arguments, moment))
            .unwrap_or_default()
    }

    fn logical(self, arguments: &[Value]) -> Option<Value> {
        let is_true = |value: &Value| *value == Value::Boolean(true);
        Some(match (self, arguments) {
            (Self::And, all) => all.iter().all(is_true).into(),
            (Self::Or, all) => all.iter().any(is_true).into(),
            (Self::Not, [value]) => (!is_true(value)).into(),
            (Self::If, [condition, then, otherwise]) => if is_true(condition) { then } else { otherwise }.clone(),
            (Self::IsBlank | Self::IsNull, [value]) => value.is_null().into(),
            (Self::IsPickVal, [value, other]) => same(value, other).into(),
            (Self::BlankValue | Self::NullValue, [value, other]) => {
                if value.is_null() {
                    other.clone()
                } else {
                    value.clone()
                }
            }
            (Self::Case, [value, cases @ ..]) => {
                let (pairs, rest) = cases.as_chunks::<2>();
                let found = pairs.iter().find(|[case, _]| same(case, value)).map(|[_, result]| result.clone());
                found.or_else(|| rest.first().cloned()).unwrap_or_default()
            }
            _ => return None,
        })
    }

    fn textual(self, arguments: &[Value]) -> Option<Value> {
        let chars = |value: &Value| -> Vec<char> { text(value).chars().collect() };
        Some(match (self, arguments) {
            (Self::Text, [value]) => Value::text(shown(value)),
            (Self::Break, []) => "\n".into(),
            (Self::Begins, [value, start]) => text(value).starts_with(&text(start)).into(),
            (Self::Contains, [value, part]) => text(value).contains(&text(part)).into(),
            (Self::Find, [part, value, from @ ..]) => {
                let from = from.first().map_or(Some(1), count)?.max(1) - 1;
                let (part, value) = (chars(part), chars(value));
                let starts = |at: &usize| value.get(*at..).is_some_and(|rest| rest.starts_with(&part));
                position((from..=value.len()).find(starts).map_or(0, |at| at + 1))
            }
            (Self::Left, [value, number]) => chars(value).into_iter().take(count(number)?).collect::<String>().into(),
            (Self::Right, [value, number]) => {
                let chars = chars(value);
                chars.iter().skip(chars.len().saturating_sub(count(number)?)).collect::<String>().into()
            }
            (Self::Mid, [value, from, number]) => {
                let from = count(from)?.max(1) - 1;
                chars(value).into_iter().skip(from).take(count(number)?).collect::<String>().into()
            }
            (Self::Len, [value]) => position(chars(value).len()),
            (Self::Lower, [value]) => text(value).to_lowercase().into(),
            (Self::Upper, [value]) => text(value).to_uppercase().into(),
            (Self::Trim, [value]) => text(value).trim().into(),
            (Self::LPad | Self::RPad, [value, length, fill @ ..]) => {
                let fill = fill.first().map_or_else(|| " ".to_owned(), text);
                padded(&chars(value), count(length)?, &fill, self == Self::LPad).into()
            }
            (Self::Substitute, [value, from, to]) if !from.is_null() => {
                text(value).replace(&text(from), &text(to)).into()
            }
            (Self::CaseSafeId, [value]) => Value::text(value.as_id()?.to_string()),
            _ => return None,
        })
    }

    fn numeric(self, arguments: &[Value]) -> Option<Value> {
        let number = |at: usize| arguments.get(at)?.as_number();
        let all = || arguments.iter().map(Value::as_number).collect::<Option<Vec<f64>>>();
        let result = match self {
            Self::Abs => number(0)?.abs(),
            Self::Ceiling => number(0)?.ceil(),
            Self::Floor => number(0)?.floor(),
            Self::Sqrt => number(0)?.sqrt(),
            // The sign is the divisor's, as spreadsheets have it.
            Self::Mod => number(0)? - number(1)? * (number(0)? / number(1)?).floor(),
            Self::Max => all()?.into_iter().reduce(f64::max)?,
            Self::Min => all()?.into_iter().reduce(f64::min)?,
            Self::Round => {
                let unit = 10_f64.powf(number(1)?.trunc());
                (number(0)? * unit).round() / unit
            }
            Self::ValueOf => text(arguments.first()?).trim().parse().ok()?,
            _ => return None,
        };
        result.is_finite().then(|| result.into())
    }

    fn temporal(self, arguments: &[Value], moment: Moment<'_>) -> Option<Value> {
        let zone = || moment.now.map_or(TimeZone::UTC, |(_, zone)| zone.clone());
        let whole = |at: usize| -> Option<i64> {
            #[expect(clippy::cast_possible_truncation, reason = "what is no day of the calendar is refused by it")]
            arguments.get(at)?.as_number().map(|number| number.trunc() as i64)
        };
        let day = || match arguments.first()? {
            Value::Date(day) => Some(*day),
            _ => None,
        };
        Some(match self {
            Self::Now => moment.now?.0.into(),
            Self::Today => moment.now.map(|(now, zone)| zone.to_datetime(now).date())?.into(),
            Self::DateOf => {
                Date::new(whole(0)?.try_into().ok()?, whole(1)?.try_into().ok()?, whole(2)?.try_into().ok()?)
                    .ok()?
                    .into()
            }
            Self::DateValue => match arguments.first()? {
                Value::DateTime(at) => zone().to_datetime(*at).date().into(),
                Value::Date(day) => (*day).into(),
                other => text(other).parse::<Date>().ok()?.into(),
            },
            Self::Year => f64::from(day()?.year()).into(),
            Self::Month => f64::from(day()?.month()).into(),
            Self::Day => f64::from(day()?.day()).into(),
            Self::AddMonths => {
                let months = Span::new().try_months(whole(1)?).ok()?;
                match arguments.first()? {
                    Value::Date(day) => day.checked_add(months).ok()?.into(),
                    Value::DateTime(at) => {
                        let later = Offset::UTC.to_datetime(*at).checked_add(months).ok()?;
                        Offset::UTC.to_timestamp(later).ok()?.into()
                    }
                    _ => return None,
                }
            }
            _ => return None,
        })
    }
}

fn count(value: &Value) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no text is longer")]
    value.as_number().map(|number| number.clamp(0.0, 1e9) as usize)
}

fn position(count: usize) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "no text is that long")]
    Value::Double(count as f64)
}

/// Returns the text that a formula makes of a value.
fn shown(value: &Value) -> String {
    match value {
        Value::Double(number) => number.to_string(),
        Value::Date(day) => day.to_string(),
        Value::DateTime(at) => Offset::UTC.to_datetime(*at).strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Value::Time(time) => format!("{}", time.strftime("%H:%M:%S.%3f")),
        other => text(other),
    }
}

fn padded(chars: &[char], length: usize, fill: &str, in_front: bool) -> String {
    let padding: String = fill.chars().cycle().take(length.saturating_sub(chars.len())).collect();
    let text: String = chars.iter().take(length).collect();
    if in_front { padding + &text } else { text + &padding }
}
