//! Literal values.

use crate::diagnostic::Span;

/// A value written in the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The value.
    pub kind: LiteralKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of literal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiteralKind {
    /// Text with its escapes resolved.
    ///
    /// On the right of `LIKE` the text is a pattern instead: `%` and `_` are wildcards and `\` takes the meaning from
    /// the `%`, `_` or `\` after it. A `\` before anything else stands for itself.
    String(String),
    /// A number as typed: `5`, `-1.50`.
    Number(String),
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// `NULL`.
    Null,
    /// A date as typed: `2024-05-31`.
    Date(String),
    /// A datetime as typed: `2024-05-31T10:00:00Z`, `2024-05-31T10:00:00.000+02:00`.
    DateTime(String),
    /// A time of day as typed: `10:00:00.000Z`.
    Time(String),
    /// An amount in a currency, in an org with several: `USD5000`.
    Currency {
        /// The ISO code as typed: three letters.
        iso: String,
        /// The amount as typed: `5000`, `-12.50`.
        amount: String,
    },
    /// A named period such as `TODAY` or `LAST_N_DAYS:30`.
    DateLiteral(DateLiteral),
}

/// A named period, relative to today in the time zone of the user who runs the query.
///
/// `=` means within the period, `<` before its start and `>` after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateLiteral {
    /// `YESTERDAY`, `LAST_WEEK`, `LAST_MONTH`, …
    Last(Period),
    /// `TODAY`, `THIS_WEEK`, `THIS_MONTH`, …
    This(Period),
    /// `TOMORROW`, `NEXT_WEEK`, `NEXT_MONTH`, …
    Next(Period),
    /// `LAST_90_DAYS`, which includes today.
    Last90Days,
    /// `NEXT_90_DAYS`, which excludes today.
    Next90Days,
    /// `LAST_N_DAYS:n`, which includes today; `LAST_N_WEEKS:n`, …, which exclude the current period.
    LastN(Period, u32),
    /// `NEXT_N_DAYS:n`, `NEXT_N_WEEKS:n`, …
    NextN(Period, u32),
    /// `N_DAYS_AGO:n`, `N_WEEKS_AGO:n`, …: the one period that many periods ago.
    Ago(Period, u32),
}

/// The unit of a [`DateLiteral`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A day.
    Day,
    /// A week; its first day depends on the user's locale.
    Week,
    /// A calendar month.
    Month,
    /// A calendar quarter.
    Quarter,
    /// A calendar year.
    Year,
    /// A quarter of the org's fiscal year.
    FiscalQuarter,
    /// The org's fiscal year.
    FiscalYear,
}

impl Period {
    /// The name inside a date literal's.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Quarter => "QUARTER",
            Self::Year => "YEAR",
            Self::FiscalQuarter => "FISCAL_QUARTER",
            Self::FiscalYear => "FISCAL_YEAR",
        }
    }
}
