//! The forms of dates, datetimes and times.

/// What a date or time literal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temporal {
    Date,
    DateTime,
    Time,
}

/// Returns what `text` is, or `None` when it is no date, datetime or time, or one that does not exist.
pub(crate) fn temporal(text: &str) -> Option<Temporal> {
    match text.split_once(['T', 't']) {
        Some((date, time)) => (is_date(date) && is_time(time)).then_some(Temporal::DateTime),
        None if is_date(text) => Some(Temporal::Date),
        None => is_time(text).then_some(Temporal::Time),
    }
}

/// `2024-05-31`
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2)) else {
        return false;
    };
    (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day)
}

fn days_in(year: u32, month: u32) -> u32 {
    let is_leap_year = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap_year => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `10:00:00Z`, `10:00:00.000+02:00`
fn is_time(text: &str) -> bool {
    let Some(at) = text.find(['Z', 'z', '+', '-']) else {
        return false;
    };
    let Some((time, zone)) = text.split_at_checked(at) else {
        return false;
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    is_clock(clock, 3) && is_number(fraction) && is_zone(zone)
}

/// Hours, minutes and, of three parts, seconds.
fn is_clock(text: &str, parts: usize) -> bool {
    let limits = [24, 60, 60];
    text.split(':').count() == parts
        && text.split(':').zip(limits).all(|(part, limit)| digits(part, 2).is_some_and(|value| value < limit))
}

/// `Z`, `+02:00`, `-0800`, `+02`
fn is_zone(text: &str) -> bool {
    if text.eq_ignore_ascii_case("Z") {
        return true;
    }
    let offset = text.trim_start_matches(['+', '-']);
    let is_signed_once = text.len() == offset.len() + 1;
    let is_offset = match offset.len() {
        2 => is_clock(offset, 1),
        4 => offset.split_at_checked(2).is_some_and(|(hours, minutes)| is_clock(&format!("{hours}:{minutes}"), 2)),
        _ => is_clock(offset, 2),
    };
    is_signed_once && is_offset
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits(text: &str, length: usize) -> Option<u32> {
    if text.len() == length && is_number(text) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_is_known() {
        let forms = [
            ("2024-02-29", Temporal::Date),
            ("2024-05-31T10:00:00Z", Temporal::DateTime),
            ("2024-05-31T10:00:00.000Z", Temporal::DateTime),
            ("2024-05-31T23:59:59.123456789+05:30", Temporal::DateTime),
            ("2024-05-31T10:00:00.000+0000", Temporal::DateTime),
            ("2024-05-31t10:00:00-08", Temporal::DateTime),
            ("10:00:00.000Z", Temporal::Time),
        ];

        for (text, kind) in forms {
            assert_eq!(temporal(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn what_does_not_exist_is_no_date() {
        let wrong = [
            "",
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-04-31",
            "2024-5-31",
            "24-05-31",
            "2024-05-31T",
            "2024-05-31T10:00:00",
            "2024-05-31T24:00:00Z",
            "2024-05-31T10:60:00Z",
            "2024-05-31T10:00Z",
            "2024-05-31T10:00:00.Z",
            "2024-05-31T10:00:00+",
            "2024-05-31T10:00:00+-01",
            "2024-05-31T10:00:00+25:00",
            "2024-05-31T10:00:00Z'",
            "10:00:00",
            "2024-05-é1",
            "2024-05-31T10:00:00+é1",
        ];

        for text in wrong {
            assert_eq!(temporal(text), None, "{text}");
        }
    }
}
