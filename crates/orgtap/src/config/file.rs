//! The configuration file, as it is written: names, types, defaults and what each option means.
//!
//! The JSON Schema is made from these types, so the texts here are what editors and `orgtap schema` show. Rules that involve more than one
//! option are in [`connection`](super::connection) and [`rows`](super::rows).

use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

/// The configuration file of orgtap.
///
/// `${NAME}` in any text stands for the environment variable NAME, `${file:/path}` for the content of a file without its last line end, and
/// `$${` for a literal `${`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// How to sign in to the org.
    pub(crate) connection: ConnectionTable,
    /// How the rows share the org and this machine.
    #[serde(default)]
    pub(crate) run: RunTable,
    /// How much of what the org allows a day a run may use. Default: whatever there is.
    #[serde(default)]
    pub(crate) limits: LimitsTable,
    /// Where the tables go.
    pub(crate) destination: DestinationTable,
    /// What to load: one entry per object or query.
    #[schemars(length(min = 1))]
    pub(crate) rows: Vec<RowTable>,
}

/// How to sign in to the org.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectionTable {
    /// Which way to sign in. Each takes its own options; those of another way are an error.
    pub(crate) login_method: LoginMethod,
    /// The user's name, which looks like an e-mail address. In a sandbox it ends with the sandbox's name: `user@example.com.uat`. For
    /// `security_token`, `connected_app` and `jwt_bearer`.
    pub(crate) username: Option<String>,
    /// The user's password. For `security_token` and `connected_app`.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) password: Option<SecretString>,
    /// The user's security token; a new one is mailed by "Reset My Security Token" in the user's settings. The empty text where the org
    /// trusts this machine's address. For `security_token`, and where the org wants it for `connected_app`.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) security_token: Option<SecretString>,
    /// The consumer key of the connected app or external client app. For `connected_app`, `client_credentials`, `jwt_bearer` and
    /// `refresh_token`.
    pub(crate) consumer_key: Option<String>,
    /// The consumer secret of the app. For `connected_app` and `client_credentials`; for `refresh_token` where the app demands it.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) consumer_secret: Option<SecretString>,
    /// The file with the RSA private key (PEM) whose certificate the app knows. For `jwt_bearer`, instead of `private_key`.
    pub(crate) private_key_file: Option<PathBuf>,
    /// The RSA private key (PEM) as text. For `jwt_bearer`, instead of `private_key_file`.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) private_key: Option<SecretString>,
    /// The refresh token that the user's approval of the app gave out. For `refresh_token`.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) refresh_token: Option<SecretString>,
    /// A ready access token, as `sf org display` shows it. It cannot be renewed: a run that outlives it fails. For `access_token`.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) access_token: Option<SecretString>,
    /// The org's URL that belongs to the access token. For `access_token`.
    pub(crate) instance_url: Option<String>,
    /// The org's own domain (My Domain): `https://acme.my.salesforce.com`, its host, or `acme`. Needed for `client_credentials`; the others
    /// sign in at login.salesforce.com without it.
    pub(crate) domain: Option<String>,
    /// Whether the org is a sandbox: without `domain`, sign in at test.salesforce.com. Default: false.
    #[serde(default)]
    pub(crate) sandbox: bool,
    /// The version of the Salesforce API, 47.0 or newer. Default: "62.0".
    pub(crate) api_version: Option<String>,
    /// The URL to sign in at, whatever the login method, for private gateways and tests. The environment variable ORGTAP_LOGIN_URL goes
    /// before it. Plain http only to this machine.
    pub(crate) login_url: Option<String>,
    /// A file of further certificate authorities (PEM) to trust, next to those of the system. Needed where a gateway or proxy opens TLS.
    pub(crate) ca_file: Option<PathBuf>,
    /// The proxy to reach Salesforce through. Without this table the variables HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY count; with
    /// it, it alone does.
    pub(crate) proxy: Option<ProxyTable>,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginMethod {
    /// Username, password and security token, by the SOAP API. Ends with Summer '27, and new orgs have it off.
    SecurityToken,
    /// A connected app with a user's name and password.
    ConnectedApp,
    /// An app that acts as a user of its own (OAuth 2.0 client credentials). Needs `domain`.
    ClientCredentials,
    /// An app that signs with a private key (OAuth 2.0 JWT bearer).
    JwtBearer,
    /// A refresh token that a user's approval gave out.
    RefreshToken,
    /// An access token that somebody else got, as from `sf org display`.
    AccessToken,
}

/// A proxy to reach Salesforce through.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProxyTable {
    /// The proxy's URL: `http://proxy.example.com:3128`, or `https://…` for a proxy that is itself reached by TLS.
    #[schemars(with = "String", extend("writeOnly" = true))]
    pub(crate) url: SecretString,
    /// The user's name, where the proxy asks for one.
    pub(crate) username: Option<String>,
    /// The password that belongs to the name.
    #[schemars(with = "Option<String>", extend("writeOnly" = true))]
    pub(crate) password: Option<SecretString>,
    /// Hosts to reach without the proxy: a name with all its subdomains, an address, or `*`. Default: none.
    #[serde(default)]
    pub(crate) no_proxy: Vec<String>,
}

/// How the rows share the org and this machine.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunTable {
    /// How many rows run at once. Default: 4. More is faster while Salesforce lets it; each costs a little memory.
    #[schemars(range(min = 1, max = 64))]
    pub(crate) concurrency: Option<u16>,
    /// How many pages of results are downloaded at once, by all rows together. Default: 8. Fewer are used for a while where Salesforce says
    /// that it is too much. With 1, the pages of a query are read one after another.
    #[schemars(range(min = 1, max = 64))]
    pub(crate) download_connections: Option<u16>,
    /// The most records that one download holds. Default: 50000. Lower it where a proxy cuts long downloads; every download is an API call.
    /// Pages that are downloaded several at once are as large as Salesforce makes them.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) page_records: Option<u32>,
    /// How many minutes Salesforce may work on one query before its row gives up. Default: 1440, a day.
    #[schemars(range(min = 1, max = 10_080))]
    pub(crate) job_deadline_minutes: Option<u32>,
    /// How many hours old a query may be that a row without a cursor field goes on with where an earlier run was cut off. Default: 24. Beyond, the
    /// row begins anew. Rows that fetch incrementally go on to what has changed since then, however old it is. Salesforce keeps results for seven days.
    #[schemars(range(min = 0, max = 168))]
    pub(crate) resume_within_hours: Option<u32>,
    /// How many records make a query job of its own for a range of Ids worth while, of objects whose queries Salesforce does not split by itself.
    /// Default: 250000. With 0, each query is one job.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub(crate) records_per_job: Option<u32>,
}

/// How much of what the org allows a day a run may use. Near the end of it the run stops: what was committed stays, what was loaded in part is
/// gone on with by the next run, and the exit code is 1.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsTable {
    /// The share of the org's daily API requests that one run may use, in percent. Default: all of them.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) api_requests_percent: Option<u8>,
    /// The share of the org's daily query jobs that one run may use, in percent. Default: all of them.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) query_jobs_percent: Option<u8>,
    /// The share of the org's daily volume of query results that one run may use, in percent. Default: all of it.
    #[schemars(range(min = 1, max = 100))]
    pub(crate) result_volume_percent: Option<u8>,
    /// The share of each of these that has to be left for everyone else who works with the org, in percent. Default: nothing is kept free.
    #[schemars(range(min = 1, max = 99))]
    pub(crate) keep_free_percent: Option<u8>,
}

/// Where the tables go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationTable {
    /// What to load into.
    pub(crate) kind: DestinationKind,
    /// The SQLite file, or the folder of the CSV tables. It is made when it is missing; the folder above it is not.
    #[schemars(length(min = 1))]
    pub(crate) path: PathBuf,
}

/// Something to load into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DestinationKind {
    /// One SQLite file. Data and state change in one transaction.
    Sqlite,
    /// One folder per table with CSV files in it. Each load exchanges the folder at once.
    Csv,
}

/// One extraction: an object or a query whose records go to one table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowTable {
    /// The row's name, under which its state is kept: a renamed row starts over. Default: the object's name.
    #[schemars(length(min = 1))]
    pub(crate) name: Option<String>,
    /// The object to load, by its API name: `Account`, `Invoice__c`. Either this or `soql`.
    #[schemars(length(min = 1))]
    pub(crate) object: Option<String>,
    /// The query to load. Either this or `object`.
    #[schemars(length(min = 1))]
    pub(crate) soql: Option<String>,
    /// The object's fields to load. Default: all that the user can read and the API can carry. Not with `soql`.
    #[schemars(length(min = 1))]
    pub(crate) fields: Option<Vec<String>>,
    /// Load all fields of the object but these. Not with `fields` or `soql`.
    pub(crate) exclude_fields: Option<Vec<String>>,
    /// What becomes of records that are deleted in Salesforce. Default: "ignore".
    pub(crate) deleted: Option<DeletedChoice>,
    /// The older name of `deleted`: true is "flag", false is "ignore".
    pub(crate) include_deleted: Option<bool>,
    /// After how many runs of the row all Ids are compared with the table, to notice what neither a query nor Salesforce's log of deletions
    /// shows. With `deleted` "flag" or "remove". Default: whenever a run cannot know otherwise; see `orgtap reconcile`.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub(crate) reconcile_every: Option<u32>,
    /// What a load does to the table. Default: "full".
    pub(crate) load: Option<LoadMode>,
    /// Which records are read. Default: "incremental" where `load` is, else "all".
    pub(crate) fetch: Option<FetchMode>,
    /// The date or datetime field that tells which records changed. Default: LastModifiedDate, or CreatedDate where the object lacks it.
    #[schemars(length(min = 1))]
    pub(crate) cursor_field: Option<String>,
    /// How many seconds before the last known change an incremental fetch begins, for fields that are stamped late. Default: 0.
    #[serde(default)]
    #[schemars(range(min = 0, max = 31_536_000))]
    pub(crate) overlap_seconds: u32,
    /// The columns that identify a record; `[]` for none. Default: ["Id"] where the row has that column.
    pub(crate) primary_key: Option<Vec<String>>,
    /// The table to load into. Default: the object's name, as Salesforce spells it.
    #[schemars(length(min = 1))]
    pub(crate) table: Option<String>,
    /// Which API carries the records. Default: "auto".
    pub(crate) api: Option<ApiChoice>,
}

/// What becomes of records that are deleted in Salesforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeletedChoice {
    /// Nothing: they are not read, and one that is in an incrementally loaded table stays there as it was.
    Ignore,
    /// They are in the table, and its column `IsDeleted` says so, for ever; archived records are read as well.
    Flag,
    /// They leave the table; archived records stay.
    Remove,
}

/// What a load does to its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoadMode {
    /// The table is replaced, at once and whole.
    Full,
    /// Records are inserted, or updated by primary key.
    Incremental,
    /// Records are added; nothing is ever updated.
    Append,
}

/// Which records a row reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FetchMode {
    /// All of them, every time.
    All,
    /// All of them the first time, later those that changed.
    Incremental,
}

/// Which API carries a row's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ApiChoice {
    /// The Bulk API, or the REST API for what Bulk refuses.
    Auto,
    /// The Bulk API, or an error.
    Bulk,
    /// The REST API.
    Rest,
}
