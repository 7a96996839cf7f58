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
