//! Records of REST answers: `attributes` first, fields in the order of the query, parents and children nested.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    id::Id,
    object::FieldKind,
    select::{Children, Row, Selection},
    value::Value,
    version::ApiVersion,
};

/// Writes the records of one selection.
#[derive(Debug)]
pub(crate) struct Records<'a> {
    selection: &'a Selection,
    version: ApiVersion,
    paging: &'a Paging<'a>,
    /// The members of the selected record, then those of each parent.
    members: Vec<Vec<Member>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Column(usize),
    Parent(usize),
    Children(usize),
}

/// How children that do not fit on a page are read on.
pub(crate) struct Paging<'a> {
    /// The most children of one parent in one answer.
    pub(crate) records: u64,
    /// Opens a cursor on the children of a parent and returns the id that starts its locators.
    pub(crate) open: &'a dyn Fn(&Arc<Children>, Id) -> Id,
}

impl std::fmt::Debug for Paging<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paging").field("records", &self.records).finish_non_exhaustive()
    }
}

/// The level of the selected record itself; parents follow it.
const ROOT: usize = 0;

impl<'a> Records<'a> {
    pub(crate) fn new(selection: &'a Selection, version: ApiVersion, paging: &'a Paging<'a>) -> Self {
        let mut members = vec![Vec::new(); selection.parents().len() + 1];
        let children_after = |members: &mut Vec<Member>, columns: usize| {
            let children = selection.children().iter().enumerate().filter(|(_, children)| children.after() == columns);
            members.extend(children.map(|(at, _)| Member::Children(at)));
        };
        for (at, column) in selection.columns().iter().enumerate() {
            children_after(&mut members[ROOT], at);
            place(selection, &mut members, column.parent);
            members[level(column.parent)].push(Member::Column(at));
        }
        children_after(&mut members[ROOT], selection.columns().len());
        Self { selection, version, paging, members }
    }

    /// Writes an array of the records `from` on.
    pub(crate) fn write(&self, from: u64, up_to: u64, out: &mut Vec<u8>) {
        self.write_rows(self.selection.records(from, up_to), out);
    }

    /// Writes an array of records.
    pub(crate) fn write_rows(&self, rows: impl Iterator<Item = Row>, out: &mut Vec<u8>) {
        out.push(b'[');
        for (at, row) in rows.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.write_record(&row, out);
        }
        out.push(b']');
    }

    /// Writes one record.
    pub(crate) fn write_record(&self, row: &Row, out: &mut Vec<u8>) {
        let object = &self.selection.object().name;
        match row.id {
            Some(id) => self.write_object(row, ROOT, object, Some(&id.to_string()), out),
            None if self.selection.is_aggregate() => self.write_object(row, ROOT, "AggregateResult", None, out),
            None => self.write_object(row, ROOT, object, None, out),
        }
    }

    fn write_object(&self, row: &Row, level: usize, object: &str, id: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"attributes\":{\"type\":");
        write_json(object, out);
        if let Some(id) = id {
            out.extend_from_slice(b",\"url\":");
            write_json(&self.address(object, id), out);
        }
        out.push(b'}');
        for member in &self.members[level] {
            let when = match *member {
                Member::Column(at) => &self.selection.columns()[at].when,
                Member::Parent(at) => &self.selection.parents()[at].when,
                Member::Children(_) => &None,
            };
            if when.as_ref().is_some_and(|when| !when.holds_for(object)) {
                continue;
            }
            out.push(b',');
            match *member {
                Member::Column(at) => self.write_column(row, at, object, id, out),
                Member::Parent(at) => self.write_parent(row, at, out),
                Member::Children(at) => self.write_children(row, at, out),
            }
        }
        out.push(b'}');
    }

    fn write_column(&self, row: &Row, at: usize, object: &str, id: Option<&str>, out: &mut Vec<u8>) {
        let column = &self.selection.columns()[at];
        write_json(&column.name, out);
        out.push(b':');
        match (&row.values[at], id) {
            (Value::Null, _) => out.extend_from_slice(b"null"),
            (_, Some(id)) if column.kind == FieldKind::Base64 => {
                write_json(&format!("{}/{}", self.address(object, id), column.name), out);
            }
            (Value::Text(text), _) => write_json(&**text, out),
            (value, _) => write_json(&value.json(column.kind), out),
        }
    }

    fn write_parent(&self, row: &Row, at: usize, out: &mut Vec<u8>) {
        write_json(&self.selection.parents()[at].name, out);
        out.push(b':');
        match &row.parents[at] {
            Some(parent) => self.write_object(row, at + 1, &parent.object, Some(&parent.id.to_string()), out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn write_children(&self, row: &Row, at: usize, out: &mut Vec<u8>) {
        let children = &self.selection.children()[at];
        write_json(&children.name, out);
        out.push(b':');
        let parent = row.id.map(|parent| (parent, children.total(parent)));
        let Some((parent, total)) = parent.filter(|(_, total)| *total > 0) else {
            return out.extend_from_slice(b"null");
        };
        let shown = total.min(self.paging.records);
        out.extend_from_slice(format!("{{\"totalSize\":{total},\"done\":{},", shown == total).as_bytes());
        if shown < total {
            let locator = format!("{}-{shown}", (self.paging.open)(children, parent));
            let url = format!("/services/data/v{}/query/{locator}", self.version);
            out.extend_from_slice(format!("\"nextRecordsUrl\":\"{url}\",").as_bytes());
        }
        out.extend_from_slice(b"\"records\":");
        let nested = Records::new(children.selection(), self.version, self.paging);
        nested.write_rows(children.records(parent, 0, shown), out);
        out.push(b'}');
    }

    fn address(&self, object: &str, id: &str) -> String {
        format!("/services/data/v{}/sobjects/{object}/{id}", self.version)
    }
}

fn level(parent: Option<usize>) -> usize {
    parent.map_or(ROOT, |at| at + 1)
}

/// Makes `parent`, and what it hangs on, members of their levels where they first appear.
fn place(selection: &Selection, members: &mut [Vec<Member>], parent: Option<usize>) {
    let Some(at) = parent else { return };
    let above = selection.parents()[at].parent;
    place(selection, members, above);
    let siblings = &mut members[level(above)];
    if !siblings.contains(&Member::Parent(at)) {
        siblings.push(Member::Parent(at));
    }
}

fn write_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("text and JSON values can always be written");
}
