//! `[[rows]]` → [`RowSpec`]s: defaults, and the rules that involve several options or several rows.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use orgtap_engine::{Api, Deleted, Fetch, Fields, Load, RowSpec, Source};

use super::document::Node;
use super::file::{ApiChoice, DeletedChoice, FetchMode, LoadMode, RowTable};
use super::problem::{KeyPath, Problem};

/// Builds the rows that `tables` describe. Where something is added to `problems`, the result is not to be used.
pub(crate) fn build(tables: Vec<RowTable>, list: &Node, path: &KeyPath, problems: &mut Vec<Problem>) -> Vec<RowSpec> {
    let mut names = Taken::default();
    let mut targets = Taken::default();
    let mut rows = Vec::new();
    for (index, (table, node)) in tables.into_iter().zip((0..).map_while(|index| list.element(index))).enumerate() {
        let mut rules = Rules { node, path: path.index(index), problems };
        let has_name = table.name.is_some();
        let has_table = table.table.is_some();
        let row = rules.row(table);
        if let Some(earlier) = names.claim(&row.name, index) {
            let advice = if has_name { "" } else { "; give one of them a `name` of its own" };
            rules.report("name", format!("is `{}`, as is that of `rows[{earlier}]`{advice}", row.name));
        }
        // SQLite and many file systems know no difference of case.
        let target = row.table.clone().or_else(|| object_of(&row.source)).map(|name| name.to_lowercase());
        if let Some((target, earlier)) =
            target.and_then(|name| targets.claim(&name, index).map(|earlier| (name, earlier)))
        {
            let advice = if has_table { "" } else { "; give one of them a `table` of its own" };
            rules.report("table", format!("is `{target}`, as is that of `rows[{earlier}]`{advice}"));
        }
        rows.push(row);
    }
    rows
}

/// Names and the rows that have them.
#[derive(Default)]
struct Taken(HashMap<String, usize>);

impl Taken {
    /// Gives `name` to row `index`, or returns the row that has it.
    fn claim(&mut self, name: &str, index: usize) -> Option<usize> {
        let holder = *self.0.entry(name.to_owned()).or_insert(index);
        (holder != index).then_some(holder)
    }
}

/// Returns the object that the source reads, as it is spelled there. `None` for a query that cannot be read: planning tells why.
fn object_of(source: &Source) -> Option<String> {
    match source {
        Source::Object { object, .. } => Some(object.clone()),
        Source::Soql(text) => orgtap_soql::parse(text).ok().map(|query| query.object().text.clone()),
    }
}

/// The rules for one row, with where its problems go.
struct Rules<'a> {
    node: &'a Node,
    path: KeyPath,
    problems: &'a mut Vec<Problem>,
}

impl Rules<'_> {
    fn report(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(self.node.problem(&self.path, key, message.into()));
    }

    fn row(&mut self, table: RowTable) -> RowSpec {
        let load = match table.load {
            None | Some(LoadMode::Full) => Load::Full,
            Some(LoadMode::Incremental) => Load::Incremental,
            Some(LoadMode::Append) => Load::Append,
        };
        let fetch = match table.fetch {
            Some(FetchMode::All) => Fetch::All,
            Some(FetchMode::Incremental) => Fetch::Incremental,
            None if load == Load::Incremental => Fetch::Incremental,
            None => Fetch::All,
        };
        self.check_modes(load, fetch, table.overlap_seconds, table.primary_key.as_deref());
        let api = match table.api {
            None | Some(ApiChoice::Auto) => Api::Auto,
            Some(ApiChoice::Bulk) => Api::Bulk,
            Some(ApiChoice::Rest) => Api::Rest,
        };
        let deleted = self.deleted(&table, load);
        let source = self.source(table.object, table.soql, table.fields, table.exclude_fields);
        // A query that cannot be read fails alone, under the only name that it has.
        let name = table.name.or_else(|| object_of(&source)).unwrap_or_else(|| self.path.to_string());
        let row = RowSpec {
            reconcile_every: table.reconcile_every.and_then(NonZeroU32::new),
            load,
            fetch,
            cursor_field: table.cursor_field,
            overlap: Duration::from_secs(table.overlap_seconds.into()),
            primary_key: table.primary_key,
            table: table.table,
            api,
            ..RowSpec::new(name, source)
        };
        row.with_deleted(deleted)
    }

    /// Returns what becomes of deleted records, after checking it against the other options.
    fn deleted(&mut self, table: &RowTable, load: Load) -> Deleted {
        let deleted = match (table.deleted, table.include_deleted) {
            (Some(DeletedChoice::Ignore | DeletedChoice::Remove), Some(true)) => {
                self.report(
                    "include_deleted",
                    "is the older name of deleted = \"flag\", and `deleted` says something else; keep one",
                );
                Deleted::Ignore
            }
            (Some(DeletedChoice::Flag), Some(false)) => {
                self.report(
                    "include_deleted",
                    "is the older name of `deleted`: false means \"ignore\", and `deleted` is \"flag\"; keep one",
                );
                Deleted::Ignore
            }
            (Some(DeletedChoice::Flag), _) => Deleted::Flag { is_demanded: true },
            (None, Some(true)) => Deleted::Flag { is_demanded: false },
            (Some(DeletedChoice::Remove), _) => Deleted::Remove,
            (Some(DeletedChoice::Ignore), _) | (None, _) => Deleted::Ignore,
        };
        if deleted == Deleted::Remove && load == Load::Append {
            self.report(
                "deleted",
                "cannot be `remove` while `load` is `append`: nothing ever leaves a table to which versions are added; \
                 set load = \"incremental\", or deleted = \"flag\"",
            );
        }
        let is_id = |key: &[String]| matches!(key, [id] if id.eq_ignore_ascii_case("Id"));
        let has_other_key = table.primary_key.as_deref().is_some_and(|key| !key.is_empty() && !is_id(key));
        if has_other_key
            && load == Load::Incremental
            && table.deleted.is_some_and(|choice| choice != DeletedChoice::Ignore)
        {
            let message = "must be [\"Id\"] where deleted records are to be flagged or removed: Salesforce tells them by their Ids";
            self.report("primary_key", message);
        }
        if table.reconcile_every.is_some() && (deleted == Deleted::Ignore || load != Load::Incremental) {
            self.report(
                "reconcile_every",
                "goes with deleted = \"flag\" or \"remove\" and load = \"incremental\": there is nothing to compare otherwise",
            );
        }
        deleted
    }

    fn check_modes(&mut self, load: Load, fetch: Fetch, overlap_seconds: u32, primary_key: Option<&[String]>) {
        if load == Load::Append && fetch == Fetch::Incremental && overlap_seconds > 0 {
            self.report(
                "overlap_seconds",
                "must be 0 for load = \"append\": what is read again would be added again; set load = \"incremental\"",
            );
        }
        if load == Load::Full && fetch == Fetch::Incremental {
            self.report(
                "fetch",
                "cannot be `incremental` while `load` is `full`: the table would hold the changed records only; set load = \"incremental\"",
            );
        }
        if load == Load::Incremental && primary_key.is_some_and(<[String]>::is_empty) {
            self.report(
                "primary_key",
                "must name the columns that identify a record for load = \"incremental\"; \
                 set load = \"append\" if records are to be added without a key",
            );
        }
        if primary_key.is_some_and(|columns| columns.iter().any(|column| column.trim().is_empty())) {
            self.report("primary_key", "must not hold an empty name");
        }
    }

    fn source(
        &mut self,
        object: Option<String>,
        soql: Option<String>,
        fields: Option<Vec<String>>,
        exclude_fields: Option<Vec<String>>,
    ) -> Source {
        for (key, is_set) in [("fields", fields.is_some()), ("exclude_fields", exclude_fields.is_some())] {
            if soql.is_some() && object.is_none() && is_set {
                self.report(key, "goes with `object`; the query of `soql` names its fields itself");
            }
        }
        if fields.is_some() && exclude_fields.is_some() {
            self.report("exclude_fields", "and `fields` exclude each other; keep one");
        }
        match (object, soql) {
            (Some(_), Some(_)) => self.report("soql", "and `object` exclude each other; keep one"),
            (None, None) => self.report("object", "is missing: a row needs `object` or `soql`"),
            (None, Some(query)) => return Source::Soql(query),
            (Some(object), None) => {
                let fields = match (fields, exclude_fields) {
                    (Some(only), _) => Fields::Only(only),
                    (None, Some(without)) if !without.is_empty() => Fields::AllBut(without),
                    (None, _) => Fields::All,
                };
                return Source::Object { object, fields };
            }
        }
        // Reported above; the name keeps the rows that follow comparable.
        Source::Object { object: self.path.to_string(), fields: Fields::All }
    }
}
