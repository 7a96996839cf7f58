//! The keys of `config.json`.

/// Those of the document that orgtap reads. The platform writes more, which are its own affair.
pub(super) const ROOT: &[&str] = &["parameters", "image_parameters", "action", "storage"];

/// The buttons of the form: they have no value, and are saved all the same.
pub(super) const BUTTONS: &[&str] = &["test_connection", "validation_button"];

/// Those of `parameters`.
pub(super) const PARAMETERS: &[&str] = &[
    "login_method",
    "username",
    "#password",
    "#security_token",
    "#consumer_key",
    "#consumer_secret",
    "domain",
    "sandbox",
    "api_version",
    "proxy",
    "query_type_selector",
    "object",
    "fields",
    "soql_query",
    "is_deleted",
    "bucket_name",
    "loading_options",
    "debug",
];

/// Those of `parameters.proxy`.
pub(super) const PROXY: &[&str] =
    &["use_proxy", "proxy_server", "proxy_port", "basic_auth", "username", "#password", "use_http_proxy_as_https"];

/// Those of `parameters.loading_options`.
pub(super) const LOADING_OPTIONS: &[&str] = &[
    "incremental",
    "incremental_fetch",
    "incremental_field",
    "incremental_overlap_seconds",
    "pkey",
    "output_table_name",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    fn properties(schema: &Value) -> BTreeSet<&str> {
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn form(name: &str) -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../component_config").join(name);
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn set<'a>(lists: &[&[&'a str]]) -> BTreeSet<&'a str> {
        lists.iter().copied().flatten().copied().collect()
    }

    #[test]
    fn the_forms_ask_for_what_is_read_and_for_nothing_else() {
        let (root, row) = (form("configSchema.json"), form("configRowSchema.json"));
        let asked: BTreeSet<&str> = properties(&root).union(&properties(&row)).copied().collect();
        let mut read = set(&[PARAMETERS, BUTTONS]);
        // For support alone.
        read.remove("debug");

        assert_eq!(asked, read);
        assert_eq!(properties(&root["properties"]["proxy"]), set(&[PROXY]));
        assert_eq!(properties(&row["properties"]["loading_options"]), set(&[LOADING_OPTIONS]));
    }
}
