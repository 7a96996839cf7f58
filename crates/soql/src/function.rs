//! The functions of SOQL, as far as the language itself knows them.
//!
//! A function that is not listed here is let through: Salesforce adds some with most releases.

use crate::{
    ast::{Argument, Call, Literal, LiteralKind, Path},
    diagnostic::{Diagnostic, excerpt},
    spelling::nearest,
};

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the SELECT list.
    Select,
    /// In WHERE.
    Where,
    /// In another clause.
    Clause,
    /// In the arguments of `DISTANCE`.
    Distance,
    /// In the arguments of another function.
    Argument,
}

const AGGREGATES: [&str; 6] = ["AVG", "COUNT", "COUNT_DISTINCT", "MAX", "MIN", "SUM"];

/// Functions of one field that are no aggregates.
#[rustfmt::skip]
const SCALARS: [&str; 18] = [
    "CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "convertCurrency", "convertTimezone", "DAY_IN_MONTH",
    "DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY", "FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "FORMAT", "GROUPING",
    "HOUR_IN_DAY", "toLabel", "WEEK_IN_MONTH", "WEEK_IN_YEAR",
];

/// Functions that take a part of a date.
#[rustfmt::skip]
const DATE_PARTS: [&str; 13] = [
    "CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY",
    "FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "HOUR_IN_DAY", "WEEK_IN_MONTH", "WEEK_IN_YEAR",
];

/// Functions with arguments of their own kind.
const SPECIALS: [&str; 4] = ["DISTANCE", "FIELDS", "FORMULA", "GEOLOCATION"];

/// Functions of other languages, with what to do instead.
const FOREIGN: [(&[&str], &str); 7] = [
    (&["YEAR"], "write `CALENDAR_YEAR`"),
    (&["MONTH"], "write `CALENDAR_MONTH`"),
    (&["QUARTER"], "write `CALENDAR_QUARTER`"),
    (&["DAY", "DAYOFMONTH"], "write `DAY_IN_MONTH`"),
    (&["HOUR"], "write `HOUR_IN_DAY`"),
    (&["UPPER", "LOWER", "UCASE", "LCASE"], "leave it out: texts are compared without regard to case"),
    (
        &[
            "CAST",
            "COALESCE",
            "CONCAT",
            "CONVERT",
            "DATEADD",
            "DATEDIFF",
            "IFNULL",
            "IIF",
            "ISNULL",
            "LEN",
            "LENGTH",
            "NULLIF",
            "NVL",
            "REPLACE",
            "ROUND",
            "SUBSTR",
            "SUBSTRING",
            "TO_CHAR",
            "TO_DATE",
            "TRIM",
        ],
        "select the field itself and compute afterwards",
    ),
];

/// Returns whether the function itself aggregates.
pub(crate) fn aggregates(call: &Call) -> bool {
    is_one_of(call, &AGGREGATES)
}

/// Returns whether the call is, or contains, an aggregate function.
pub(crate) fn is_aggregate(call: &Call) -> bool {
    aggregates(call)
        || call.arguments.iter().any(|argument| matches!(argument, Argument::Call(inner) if is_aggregate(inner)))
}

/// Returns whether the call is a part of a date, such as `CALENDAR_YEAR(CloseDate)`.
pub(crate) fn is_date_part(call: &Call) -> bool {
    is_one_of(call, &DATE_PARTS)
}

/// Returns whether this is `COUNT()`.
pub(crate) fn is_bare_count(call: &Call) -> bool {
    call.function.is("COUNT") && call.arguments.is_empty()
}

/// Returns the word of `FIELDS(word)` if that is what the call is.
pub(crate) fn fields_word(call: &Call) -> Option<&Path> {
    match call.arguments.as_slice() {
        [Argument::Path(word)] if call.function.is("FIELDS") => Some(word),
        _ => None,
    }
}

/// Returns what is wrong with the form of `call`, which stands in `place`.
pub(crate) fn misuse(call: &Call, place: Place) -> Option<Diagnostic> {
    let is = |name: &str| call.function.is(name);
    let arguments = call.arguments.as_slice();
    if is("DISTANCE") {
        let form = "`DISTANCE(field, GEOLOCATION(latitude, longitude), 'mi')`, or `'km'`";
        (!is_distance(arguments)).then(|| wrong_form(call, form))
    } else if is("GEOLOCATION") {
        geolocation_misuse(call, place)
    } else if is("FIELDS") {
        let is_known = fields_word(call).is_some_and(|word| ["ALL", "CUSTOM", "STANDARD"].iter().any(|it| word.is(it)));
        let form = "`FIELDS(ALL)`, `FIELDS(CUSTOM)` or `FIELDS(STANDARD)`, in the SELECT list";
        (!is_known || place != Place::Select).then(|| wrong_form(call, form))
    } else if is("FORMULA") {
        let is_text = matches!(arguments, [Argument::Literal(Literal { kind: LiteralKind::String(_), .. })]);
        (!is_text || place != Place::Where).then(|| wrong_form(call, "`FORMULA('…')`, in WHERE"))
    } else if is_one_of(call, &SCALARS) {
        arguments.is_empty().then(|| no_single_field(call))
    } else if is_one_of(call, &AGGREGATES) {
        None
    } else {
        unknown(call)
    }
}

/// Returns what is wrong with the number of arguments, which the grammar leaves open.
pub(crate) fn wrong_count(call: &Call) -> Option<Diagnostic> {
    let takes_one = is_one_of(call, &SCALARS) || is_one_of(call, &AGGREGATES);
    let is_literal = matches!(call.arguments.as_slice(), [Argument::Literal(_)]);
    let is_wrong = call.arguments.len() != 1 || is_literal;
    (takes_one && is_wrong && !is_bare_count(call)).then(|| no_single_field(call))
}

fn is_one_of(call: &Call, names: &[&str]) -> bool {
    names.iter().any(|name| call.function.is(name))
}

fn is_distance(arguments: &[Argument]) -> bool {
    let [Argument::Path(_), to, Argument::Literal(Literal { kind: LiteralKind::String(unit), .. })] = arguments else {
        return false;
    };
    let is_place = match to {
        Argument::Path(_) => true,
        Argument::Call(call) => call.function.is("GEOLOCATION"),
        Argument::Literal(_) => false,
    };
    is_place && ["mi", "km"].iter().any(|known| unit.eq_ignore_ascii_case(known))
}

fn geolocation_misuse(call: &Call, place: Place) -> Option<Diagnostic> {
    let is_number =
        |argument: &Argument| matches!(argument, Argument::Literal(Literal { kind: LiteralKind::Number(_), .. }));
    let is_formed = call.arguments.len() == 2 && call.arguments.iter().all(is_number);
    let form = "`GEOLOCATION(latitude, longitude)` with two numbers, as the second argument of `DISTANCE`";
    (!is_formed || place != Place::Distance).then(|| wrong_form(call, form))
}

fn wrong_form(call: &Call, form: &str) -> Diagnostic {
    let message = format!("wrong use of `{}`", excerpt(&call.function.text));
    Diagnostic::error(message, call.span).suggest(format!("write {form}"))
}

fn no_single_field(call: &Call) -> Diagnostic {
    if call.function.is("COUNT") {
        return wrong_form(call, "`COUNT()` to count records, or `COUNT(field)` with one field");
    }
    wrong_form(call, &format!("`{}(field)` with one field", call.function.text))
}

fn unknown(call: &Call) -> Option<Diagnostic> {
    let name = call.function.text.as_str();
    let foreign = FOREIGN.iter().find(|(names, _)| names.iter().any(|foreign| call.function.is(foreign)));
    let suggestion = match (nearest(name, known()), glued(name)) {
        _ if foreign.is_some() => foreign.map(|(_, suggestion)| (*suggestion).to_owned())?,
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, Some((field, function))) => format!("put a comma between `{}` and `{function}`", excerpt(field)),
        (None, None) => return None,
    };
    let message = format!("there is no function `{}`", excerpt(name));
    Some(Diagnostic::error(message, call.function.span).suggest(suggestion))
}

fn known() -> impl Iterator<Item = &'static str> {
    AGGREGATES.into_iter().chain(SCALARS).chain(SPECIALS)
}

/// Splits a field and a function with nothing between them, as in `LeadSourceCOUNT`.
fn glued(name: &str) -> Option<(&str, &'static str)> {
    known().find_map(|function| {
        let (field, end) = name.split_at_checked(name.len().checked_sub(function.len())?)?;
        (end.eq_ignore_ascii_case(function) && !field.ends_with('_')).then_some((field, function))
    })
}
