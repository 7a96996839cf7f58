//! `state.json`: what the original keeps there, and the engine's own state document beside it.
//!
//! A state that the original wrote counts as a bare watermark. A state of ours can be read by the original, should somebody go back: its
//! `last_run` claims no more than is true.

use std::mem::take;

use jiff::Timestamp;
use orgtap_destination::keboola::{KeptState, StateFile};
use serde_json::{Map, Value, json};

/// The key of the engine's document.
const OURS: &str = "orgtap";
/// The key in it of the table that it belongs to.
const TABLE: &str = "table";
/// What the original takes for the last run where there was none.
const NEVER: &str = "2000-01-01T00:00:00.000Z";

/// The form of `state.json`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ComponentState;

impl StateFile for ComponentState {
    fn read(&self, file: &str) -> Option<KeptState> {
        let Ok(Value::Object(mut file)) = serde_json::from_str(file.trim_start_matches('\u{feff}')) else {
            tracing::warn!("in/state.json is not a JSON object: it does not count, and everything is fetched");
            return None;
        };
        if let Some(Value::Object(document)) = file.get_mut(OURS) {
            let table = document.remove(TABLE).and_then(|table| table.as_str().map(str::to_owned));
            return Some(KeptState { document: Value::Object(take(document)).to_string(), table });
        }
        let last_run = file.get("last_run").filter(|last_run| !last_run.is_null() && **last_run != "")?;
        let watermark: Option<Timestamp> = last_run.as_str().and_then(|text| text.trim().parse().ok());
        if watermark.is_none() {
            tracing::warn!("`last_run` in in/state.json is no instant: it does not count, and everything is fetched");
        }
        let document = json!({ "version": 1, "watermark": watermark? }).to_string();
        Some(KeptState { document, table: None })
    }

    fn write(&self, state: &KeptState, columns: &[String]) -> String {
        let mut document: Value = serde_json::from_str(&state.document).unwrap_or_default();
        let watermark: Option<Timestamp> = document["watermark"].as_str().and_then(|text| text.parse().ok());
        let last_run =
            watermark.map_or_else(|| NEVER.to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string());
        let mut file = Map::new();
        file.insert("last_run".to_owned(), last_run.into());
        file.insert("prev_output_columns".to_owned(), columns.into());
        if let (Value::Object(document), Some(table)) = (&mut document, &state.table) {
            document.insert(TABLE.to_owned(), table.as_str().into());
        }
        file.insert(OURS.to_owned(), document);
        Value::Object(file).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_no_table(document: &str) -> KeptState {
        KeptState { document: document.to_owned(), table: None }
    }

    #[test]
    fn a_state_of_the_original_is_a_bare_watermark() {
        let state =
            ComponentState.read("{\"last_run\": \"2024-05-01T00:00:00.000Z\", \"prev_output_columns\": [\"Id\"]}");

        assert_eq!(state, Some(of_no_table("{\"version\":1,\"watermark\":\"2024-05-01T00:00:00Z\"}")));
    }

    #[test]
    fn what_is_no_state_counts_as_none() {
        for file in
            ["", "{}", "[]", "null", "{\"last_run\": null}", "{\"last_run\": 7}", "{\"last_run\": \"soon\"}", "{"]
        {
            assert_eq!(ComponentState.read(file), None, "{file}");
        }
    }

    #[test]
    fn a_state_of_ours_reads_back_and_suits_the_original() {
        let document =
            "{\"fingerprint\":{\"object\":\"Account\"},\"version\":1,\"watermark\":\"2024-06-15T11:50:00Z\"}";

        let state = KeptState { table: Some("out".to_owned()), ..of_no_table(document) };
        let file = ComponentState.write(&state, &["Id".to_owned(), "Account_Name".to_owned()]);

        assert_eq!(ComponentState.read(&file), Some(state));
        let file: Value = serde_json::from_str(&file).unwrap();
        assert_eq!(file["last_run"], "2024-06-15T11:50:00.000Z");
        assert_eq!(file["prev_output_columns"], json!(["Id", "Account_Name"]));
    }

    #[test]
    fn a_state_of_ours_that_names_no_table_is_one() {
        let file = "{\"last_run\": \"2024-05-01T00:00:00.000Z\", \"orgtap\": {\"version\": 1}}";

        assert_eq!(ComponentState.read(file), Some(of_no_table("{\"version\":1}")));
    }

    #[test]
    fn without_a_watermark_the_last_run_is_as_good_as_never() {
        let state = of_no_table("{\"version\":1,\"watermark\":null}");
        let file: Value = serde_json::from_str(&ComponentState.write(&state, &[])).unwrap();

        assert_eq!(file["last_run"], NEVER);
    }
}
