//! What is extracted, and into which table.

use std::time::Duration;

use orgtap_destination::keboola::ColumnForm;
use orgtap_engine::{Api, Fetch, Fields, Load, Records, RowSpec, Source, StartOver, Types};

use super::connection::unknown_choice;
use super::keys;
use super::value::Section;

const OBJECT: &str = "Object";
const CUSTOM_SOQL: &str = "Custom SOQL";
/// The longest overlap that can be meant: a hundred years.
const LONGEST_OVERLAP_SECONDS: u64 = 100 * 366 * 86_400;
/// The longest name of a table in Storage.
const LONGEST_TABLE_NAME: usize = 96;
/// The name under which the engine knows the row.
pub(super) const ROW: &str = "row";

/// What one configuration row extracts.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) spec: RowSpec,
    /// What the manifest says about the columns.
    pub(crate) columns: ColumnForm,
}

/// Reads whole rows. `None` where problems were found that leave nothing to build on.
pub(super) fn read(parameters: &Section<'_>) -> Option<Row> {
    let source = source(parameters);
    let options = parameters.section("loading_options");
    options.check_keys(keys::LOADING_OPTIONS);
    let is_incremental = options.flag("incremental").unwrap_or(false);
    let primary_key = options.texts("pkey", "column names");
    if is_incremental && primary_key.as_ref().is_some_and(Vec::is_empty) {
        let what = if options.has("pkey") { "is empty" } else { "is missing" };
        options.problem(
            "pkey",
            format!("{what}: an incremental load needs the columns that identify a record, such as `Id`"),
        );
    }
    let (fetch, cursor_field) = fetch(&options, is_incremental);
    let overlap = overlap(&options);
    let table = table(&options);
    let records = records(parameters);
    let (source, columns) = source?;
    let is_soql = matches!(source, Source::Soql(_));
    let table = table.or_else(|| usual_table(parameters, &source));
    let spec = RowSpec {
        records,
        load: if is_incremental { Load::Incremental } else { Load::Full },
        fetch,
        cursor_field,
        overlap,
        primary_key,
        table,
        types: if is_soql { Types::Described } else { Types::Plain },
        start_over: StartOver::Keep,
        api: Api::BulkFirst,
        ..RowSpec::new(ROW, source)
    };
    Some(Row { spec, columns })
}

/// Reads what a row extracts from, and nothing else of it.
pub(super) fn read_source(parameters: &Section<'_>) -> Option<RowSpec> {
    let records = records(parameters);
    let (source, _) = source(parameters)?;
    let primary_key = Some(Vec::new());
    Some(RowSpec { records, primary_key, types: Types::Plain, api: Api::BulkFirst, ..RowSpec::new(ROW, source) })
}

/// Reads the name of the object.
pub(super) fn read_object(parameters: &Section<'_>) -> Option<String> {
    let object = parameters.text("object");
    if object.is_none() && !parameters.has("object") {
        parameters.problem("object", "is missing: choose an object first");
    }
    object
}

fn source(parameters: &Section<'_>) -> Option<(Source, ColumnForm)> {
    match query_type(parameters)? {
        QueryType::Object => {
            let fields = parameters.texts("fields", "field names");
            let fields = fields.filter(|names| !names.is_empty()).map_or(Fields::All, Fields::Only);
            let object = read_object(parameters)?;
            Some((Source::Object { object, fields }, ColumnForm::Described))
        }
        QueryType::Soql => {
            let query = parameters.text("soql_query");
            if query.is_none() && !parameters.has("soql_query") {
                parameters.problem("soql_query", format!("is missing: `query_type_selector` is `{CUSTOM_SOQL}`"));
            }
            Some((Source::Soql(query?), ColumnForm::Texts))
        }
    }
}

enum QueryType {
    Object,
    Soql,
}

/// Returns what the selector says or, without it, what the rest can only mean.
fn query_type(parameters: &Section<'_>) -> Option<QueryType> {
    let key = "query_type_selector";
    if parameters.has(key) {
        let text = parameters.text(key)?;
        return match text.to_ascii_lowercase().as_str() {
            "object" => Some(QueryType::Object),
            "custom soql" | "soql" => Some(QueryType::Soql),
            _ => {
                unknown_choice(parameters, key, &text, &[OBJECT, CUSTOM_SOQL]);
                None
            }
        };
    }
    match (parameters.has("object"), parameters.has("soql_query")) {
        (true, false) => Some(QueryType::Object),
        (false, true) => Some(QueryType::Soql),
        (true, true) => {
            let message =
                format!("is missing, and both `object` and `soql_query` are set: choose `{OBJECT}` or `{CUSTOM_SOQL}`");
            parameters.problem(key, message);
            None
        }
        (false, false) => {
            parameters.problem("object", "is missing, and so is `soql_query`: one of them says what to extract");
            None
        }
    }
}

fn records(parameters: &Section<'_>) -> Records {
    if parameters.flag("is_deleted").unwrap_or(false) { Records::All } else { Records::LiveAndArchived }
}

/// Returns which records are read, and by which field. As in the original, a full load reads all whatever else is ticked.
fn fetch(options: &Section<'_>, is_incremental: bool) -> (Fetch, Option<String>) {
    let is_wanted = options.flag("incremental_fetch").unwrap_or(false);
    let field = options.text("incremental_field");
    if !is_wanted {
        return (Fetch::All, None);
    }
    if !is_incremental {
        options.warn("incremental_fetch", "has no effect while `incremental` is 0 (full load): everything is fetched");
        return (Fetch::All, None);
    }
    if field.is_none() && !options.has("incremental_field") {
        options
            .problem("incremental_field", "is missing: `incremental_fetch` needs a field such as `LastModifiedDate`");
    }
    (Fetch::Incremental, field)
}

fn overlap(options: &Section<'_>) -> Duration {
    let key = "incremental_overlap_seconds";
    let seconds = options.whole_number(key).unwrap_or(0);
    let Ok(seconds) = u64::try_from(seconds) else {
        options.warn(key, "is negative: 0 is used, no overlap");
        return Duration::ZERO;
    };
    if seconds > LONGEST_OVERLAP_SECONDS {
        options.problem(key, "is more than a hundred years");
    }
    Duration::from_secs(seconds)
}

fn table(options: &Section<'_>) -> Option<String> {
    let key = "output_table_name";
    let name = options.text(key)?;
    let is_fine = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    if !name.chars().all(is_fine) {
        options
            .problem(key, "must be made of letters, digits, `_` and `-`: Storage takes nothing else in a table's name");
    } else if name.len() > LONGEST_TABLE_NAME {
        options.problem(key, format!("is longer than the {LONGEST_TABLE_NAME} characters that Storage takes"));
    }
    Some(name)
}

/// Returns the name of a table that nobody named: that of the object, in lower case where a query names it.
fn usual_table(parameters: &Section<'_>, source: &Source) -> Option<String> {
    match source {
        Source::Object { object, .. } => Some(object.clone()),
        Source::Soql(text) => match orgtap_soql::parse(text) {
            Ok(query) => Some(query.object().text.to_lowercase()),
            Err(diagnostics) => {
                let first = diagnostics.as_slice().first().map(|problem| problem.message.clone()).unwrap_or_default();
                parameters.problem("soql_query", format!("is not a SOQL query: {first}"));
                None
            }
        },
    }
}
