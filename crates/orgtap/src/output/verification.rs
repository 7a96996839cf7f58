//! How a table compares with the org, for people.

use jiff::Timestamp;
use orgtap_engine::{Explained, Explanation, Named, RecordKind, SampleReport, Verification, WindowCount};

use super::console::Style;
use super::format::{count, counted, printable};
use super::table::Table;

/// The most differences of values that are listed.
const MOST_LISTED: usize = 50;

/// The most Ids that are listed.
const MOST_IDS: usize = 10;

/// Returns all that was found about a row, without the last line end.
pub(crate) fn render(found: &Verification, style: Style) -> String {
    let until = found.watermark.map(|watermark| format!(", complete up to {}", instant(watermark))).unwrap_or_default();
    let heading = format!("row {}: {} → table `{}`{until}", found.row, found.object, found.table);
    let mut parts = vec![style.bold(&printable(&heading))];
    if !found.windows.is_empty() {
        parts.push(windows(&found.windows).render(style));
    }
    parts.extend(lines(found).iter().map(|line| printable(line)));
    if let Some(sample) = found.sample.as_ref().filter(|sample| !sample.differences.is_empty()) {
        parts.push(differences(sample).render(style));
        let more = sample.differences.len().saturating_sub(MOST_LISTED) as u64;
        parts.extend((more > 0).then(|| format!("and {} more; `--json` lists them all", count(more))));
    }
    parts.extend(found.notes.iter().map(|note| printable(&format!("note: {note}"))));
    parts.push(match found.agrees() {
        true => style.good("the table agrees with the org"),
        false => style.error("the table differs from the org"),
    });
    parts.join("\n") + "\n"
}

fn windows(windows: &[WindowCount]) -> Table {
    let mut table = Table::new(["created", "records", "org#", "table#", "difference#", "result"]);
    for window in windows {
        let difference = window.difference();
        let sign = match difference {
            0 => "",
            ..0 => "-",
            _ => "+",
        };
        table.push([
            span(window),
            kind(window.kind).to_owned(),
            count(window.org),
            count(window.table),
            format!("{sign}{}", count(difference.unsigned_abs())),
            result(window),
        ]);
    }
    table
}

fn span(window: &WindowCount) -> String {
    match (window.kind, window.from, window.to) {
        (RecordKind::Undated, ..) => "not known".to_owned(),
        (_, None, None) => "at any time".to_owned(),
        (_, None, Some(to)) => format!("before {}", instant(to)),
        (_, Some(from), None) => format!("{} on", instant(from)),
        (_, Some(from), Some(to)) => format!("{} – {}", instant(from), instant(to)),
    }
}

/// Returns an instant as short as it can be said.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    text.strip_suffix("T00:00:00Z").map_or_else(|| text.clone(), str::to_owned)
}

fn kind(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::All | RecordKind::Undated => "all",
        RecordKind::Live => "not deleted",
        RecordKind::Deleted => "deleted",
    }
}

fn result(window: &WindowCount) -> String {
    let explained = window.explained.map(|Explained { records, by }| {
        let how = match by {
            Explanation::Deleted => "deleted or archived in the org",
            Explanation::ChangedSince => "changed since the last run",
            Explanation::Purged => "gone from the recycle bin",
        };
        format!("{} {how}", count(records))
    });
    match (window.agrees(), explained) {
        (true, None) => "ok".to_owned(),
        (true, Some(explained)) => format!("ok: {explained}"),
        (false, None) => "differs".to_owned(),
        (false, Some(explained)) => format!("differs, of which {explained}"),
    }
}

fn lines(found: &Verification) -> Vec<String> {
    let mut lines = vec![format!("{} in the table", counted(found.table_records, "record"))];
    if let Some(since) = found.created_since.filter(|since| since.org > 0 || since.table > 0) {
        lines.push(format!(
            "created since the last run: {}, of which the table has {} already",
            count(since.org),
            count(since.table)
        ));
    }
    if let Some(duplicates) = found.duplicates.filter(|duplicates| *duplicates > 0) {
        lines.push(format!("{} with a key that another one has", counted(duplicates, "record")));
    }
    let Named { missing, extra, is_partial, unexamined } = &found.named;
    lines.extend(listed("not in the table", missing));
    lines.extend(listed("in the table, but not among those of the org", extra));
    if *is_partial {
        lines.push("which records those are is not told where a window holds too many".to_owned());
    }
    if *unexamined > 0 {
        lines.push(format!(
            "{} with a difference that is explained {} too many records to compare their Ids: some may be missing besides. Run the row and \
             verify again to be sure",
            counted(*unexamined, "window"),
            if *unexamined == 1 { "holds" } else { "hold" }
        ));
    }
    lines.extend(found.sample.as_ref().map(sampled));
    lines
}

/// Returns how many records there are, and some of their Ids; `None` for none.
fn listed(what: &str, ids: &[String]) -> Option<String> {
    let shown: Vec<&str> = ids.iter().take(MOST_IDS).map(String::as_str).collect();
    let more = if ids.len() > MOST_IDS { ", …" } else { "" };
    (!ids.is_empty()).then(|| format!("{} {what}: {}{more}", count(ids.len() as u64), shown.join(", ")))
}

fn sampled(sample: &SampleReport) -> String {
    let mut text = format!("sample: {}, {} the same", counted(sample.records, "record"), count(sample.equal));
    for (number, what) in [
        (sample.changed_since, "changed since the last run"),
        (sample.deleted, "deleted in the org"),
        (sample.no_longer_selected, "no longer selected by the query"),
    ] {
        if number > 0 {
            text += &format!(", {} {what}", count(number));
        }
    }
    if let Some(unknown) = listed("not in the org, nor in its recycle bin", &sample.unknown) {
        text += &format!(", {unknown}");
    }
    text
}

fn differences(sample: &SampleReport) -> Table {
    let mut table = Table::new(["Id", "column", "org", "table"]);
    for difference in sample.differences.iter().take(MOST_LISTED) {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".to_owned());
        let (id, column) = (difference.id.clone(), difference.column.clone());
        table.push([id, column, value(&difference.org), value(&difference.table)]);
    }
    table
}
