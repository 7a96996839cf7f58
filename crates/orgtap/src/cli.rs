//! The command line: what can be typed and what it means. Says nothing about how it is done.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use orgtap_emulator::{ApiVersions, OrgIdentity, Profile};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const ABOUT: &str = "Moves records from a Salesforce org into tables and keeps them up to date.";

const LONG_ABOUT: &str = "\
Moves records from a Salesforce org into tables and keeps them up to date.

A configuration file says how to sign in, where the tables go, and which records to fetch: one `[[rows]]` entry per object or SOQL query. \
`orgtap run` loads every row into its table; the next run fetches only what changed, where the row asks for that. No org at hand? \
`orgtap demo` shows it all against one that it brings along.";

const AFTER_HELP: &str = "\
First steps:
  orgtap demo                      watch a full and an incremental load, no org needed
  orgtap init                      write a commented orgtap.toml
  orgtap check                     prove that it works, without moving data
  orgtap run                       load the tables

Exit status: 0 done; 1 something that you can mend (configuration, credentials, permissions, a query, a full disk); 2 anything else.";

/// What was typed.
#[derive(Debug, Parser)]
#[command(name = "orgtap", version, about = ABOUT, long_about = LONG_ABOUT, after_help = AFTER_HELP, styles = STYLES)]
#[command(max_term_width = 110, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// The configuration file. Relative paths in it start at its folder.
    #[arg(short, long, global = true, value_name = "FILE", default_value = "orgtap.toml")]
    pub(crate) config: PathBuf,
    /// Log more: -v jobs, pages and requests, -vv all there is. Secrets are never logged.
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
    /// Log errors only, and show no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(crate) quiet: bool,
    /// How log lines look on standard error. `json` also turns the progress lines off.
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(crate) log_format: LogFormat,
    /// When to use colours. `auto`: on a terminal, unless NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) color: ColorWhen,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a full and an incremental load against an org that comes along
    Demo(DemoArgs),
    /// Write a commented configuration file to start from
    Init(InitArgs),
    /// Prove that the configuration works: sign in, plan every row, open the destination; moves nothing
    Check,
    /// Show what each row would do, and why: API, final SOQL, columns, table, write mode, fetch window
    Plan(PlanArgs),
    /// Load the tables
    Run(RunArgs),
    /// Compare the tables with the org by Ids: take out, or flag, what is gone from the org
    Reconcile(ReconcileArgs),
    /// Hold the tables against the org: counts of records and, on demand, a sample of them value by value
    Verify(VerifyArgs),
    /// List the org's objects
    Objects(ObjectsArgs),
    /// List the fields of an object
    Describe(DescribeArgs),
    /// Print the result of a SOQL query
    Query(QueryArgs),
    /// Serve a local Salesforce org to try things on, until Ctrl-C
    Emulator(Box<EmulatorArgs>),
    /// Run as a Keboola component: read config.json and write tables in a data folder
    Component(ComponentArgs),
    /// Print the JSON Schema of the configuration file, for editors
    Schema,
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
}

/// `orgtap demo`
#[derive(Args, Debug)]
#[command(after_help = "\
Writes a real configuration file and a SQLite file into a folder of its own, so that every step can be repeated by hand. \
The org lives inside the command and ends with it; `orgtap emulator` serves one that stays.")]
pub(crate) struct DemoArgs {
    /// The folder to write to. It must be new, empty, or left by an earlier demo.
    #[arg(long, value_name = "DIR", default_value = "orgtap-demo")]
    pub(crate) keep: PathBuf,
}

/// `orgtap init`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  orgtap init                      write orgtap.toml into the current folder
  orgtap init etc/salesforce.toml  write it there; `--config etc/salesforce.toml` uses it")]
pub(crate) struct InitArgs {
    /// Where to write [default: the file that --config names]
    pub(crate) path: Option<PathBuf>,
    /// Overwrite the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `orgtap plan`
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// Print one JSON document instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orgtap run`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  orgtap run                       load every row of orgtap.toml
  orgtap run --row accounts        load this row only; repeat --row for more
  orgtap run --full-refresh        forget what was fetched before: fetch all, replace the tables
  orgtap run --json > report.json  the final report as JSON

Rows commit one by one: a row that fails leaves its table as it was and does not stop the others. \
Ctrl-C ends the run cleanly: rows that have not committed are given up and their Salesforce jobs aborted. A second Ctrl-C ends it at once.")]
pub(crate) struct RunArgs {
    /// Run this row only; may be given several times.
    #[arg(long = "row", value_name = "NAME")]
    pub(crate) rows: Vec<String>,
    /// Fetch all records and replace the tables, whatever was loaded before.
    #[arg(long)]
    pub(crate) full_refresh: bool,
    /// Print the final report as one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orgtap reconcile`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  orgtap reconcile                 every row whose `deleted` is \"flag\" or \"remove\"
  orgtap reconcile --row accounts  this row only; repeat --row for more

A run notices deletions by itself for as long as the recycle bin and Salesforce's log of deletions go back: 15 days. This finds those that \
are older or were never logged, with one query per row that reads nothing but Ids. What is missing in the table is counted and told. \
No watermark changes; the next `orgtap run` goes on as usual.")]
pub(crate) struct ReconcileArgs {
    /// Compare the table of this row only; may be given several times.
    #[arg(long = "row", value_name = "NAME")]
    pub(crate) rows: Vec<String>,
    /// Print the final report as one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orgtap verify`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  orgtap verify                    count the records of every row in the org and in its table
  orgtap verify --row accounts     this row only; repeat --row for more
  orgtap verify --sample 500       and compare 500 records of each row, drawn at random, value by value
  orgtap verify --json             one JSON document, for scripts

Counts by when records were created, so that a difference is told with its time. What was created, changed or deleted in the org since the \
last run is told apart. Changes nothing, in the org or in the tables. Exit status: 0 if all agree, 1 if something differs.")]
pub(crate) struct VerifyArgs {
    /// Verify this row only; may be given several times.
    #[arg(long = "row", value_name = "NAME")]
    pub(crate) rows: Vec<String>,
    /// Compare this many records of each row value by value.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) sample: u32,
    /// Print one JSON document instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orgtap objects`
#[derive(Args, Debug)]
pub(crate) struct ObjectsArgs {
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// List the objects that cannot be queried, too.
    #[arg(long)]
    pub(crate) all: bool,
}

/// `orgtap describe`
#[derive(Args, Debug)]
pub(crate) struct DescribeArgs {
    /// The object's API name, in any case: Account, Invoice__c.
    pub(crate) object: String,
    /// Print one JSON document instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orgtap query`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  orgtap query \"SELECT Id, Name, Owner.Name FROM Account LIMIT 10\"
  orgtap query \"SELECT COUNT() FROM Contact WHERE Email = null\"
  orgtap query --all-rows --format csv \"SELECT Id, IsDeleted FROM Case\" > cases.csv
  orgtap query --explain \"SELECT Id FROM Account WHERE Name LIKE '%x%'\"
  orgtap query --check \"SELECT Id FROM Account WHERE Name == 'x'\"
  orgtap query --check --json --file queries.jsonl

--check connects to nothing. With --json it answers with one line for each query: {\"valid\": true, \"diagnostics\": []}; a diagnostic \
has `message`, `start` and `end` (characters, from 0), `help` and `severity`. A query that reads well but breaks a rule is valid and has \
diagnostics. Exit status 1 if there are any.

Goes through the REST API, 2,000 records a call. To load many records, give the query a row and use `orgtap run`.")]
pub(crate) struct QueryArgs {
    /// The query.
    #[arg(required_unless_present = "file")]
    pub(crate) soql: Option<String>,
    /// Only tell whether this is SOQL and keeps its rules, without connecting.
    #[arg(long, conflicts_with_all = ["explain", "all_rows", "format"])]
    pub(crate) check: bool,
    /// Check every query of this file, or of standard input (-): JSON lines with `query`.
    #[arg(long, value_name = "FILE", requires = "check", conflicts_with = "soql")]
    pub(crate) file: Option<PathBuf>,
    /// Show which API would carry the query, how it would be sent, and Salesforce's own plan for it, without reading records.
    #[arg(long, conflicts_with = "format")]
    pub(crate) explain: bool,
    /// Print JSON: with --check one line for each query, with --explain one document, else the records.
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
    /// How to print the records.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: QueryFormat,
    /// Read deleted and archived records, too.
    #[arg(long)]
    pub(crate) all_rows: bool,
}

/// How records are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// Aligned columns for people.
    Table,
    /// RFC 4180 with a header line.
    Csv,
    /// One JSON array of records.
    Json,
}

/// `orgtap emulator`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  orgtap emulator                       a demo org of 10,000 records on a free port
  orgtap emulator --tls --port 8123     for clients that insist on https and salesforce.com, such as sf and simple-salesforce
  orgtap emulator --profile person-accounts,multi-currency --currency EUR
                                        an org with people as accounts and amounts in several currencies
  orgtap emulator --profile field-security --profile sharing --hide Account.Phone
                                        a user that may not see everything
  orgtap emulator --time-zone America/New_York --now 2026-03-08T04:30:00Z --clock-speed 60
                                        the night before daylight saving time, an hour a minute
  orgtap emulator --data exported/      an org made of describe JSON, `sf data` trees and CSV files
  orgtap emulator --faults faults.json --job-seconds 20 --rtt-ms 80
  orgtap emulator --json                one line of JSON with the URL and the credentials, for scripts

It prints what to set in each client. What a test needs besides (clock, changes, faults, statistics) is under /__emulator/; \
docs/emulator.md has it all. Listens on the loopback interface only. The org lives in memory and is gone when the command ends; everything it \
serves is made up, and its secrets open nothing else.")]
pub(crate) struct EmulatorArgs {
    /// Fill the org from the files in this folder instead of demo data.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seed", "records"], help_heading = "What the org holds")]
    pub(crate) data: Option<PathBuf>,
    /// What the demo data is made from: the same number gives the same records.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "What the org holds")]
    pub(crate) seed: u64,
    /// How many records the demo org has, over all objects.
    #[arg(long, value_name = "N", default_value_t = 10_000, help_heading = "What the org holds")]
    pub(crate) records: u64,
    /// How many of them are users [default: one of 200 records, up to 2,000]
    #[arg(long, value_name = "N", conflicts_with = "data", help_heading = "What the org holds")]
    pub(crate) users: Option<u64>,
    /// What the org has besides, or hides. Several names are separated by commas, or given one by one.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = profiles(), help_heading = "What the org holds")]
    pub(crate) profile: Vec<Profile>,
    /// Hide an object (Case) or a field (Account.Phone) from the user that signs in. May be given several times.
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "What the org holds")]
    pub(crate) hide: Vec<String>,
    /// Write the org to this folder, as files that --data reads back, and end.
    #[arg(long, value_name = "DIR", help_heading = "What the org holds")]
    pub(crate) export: Option<PathBuf>,
    /// Where the org's clock starts, such as 2026-03-01T12:00:00Z [default: 2024-06-01T12:00:00Z, or just after the newest record of --data]
    #[arg(long, value_name = "TIME", help_heading = "The org and its user")]
    pub(crate) now: Option<Timestamp>,
    /// How many times as fast as real time the org's clock runs; 0 stands still until /__emulator/clock moves it.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "The org and its user")]
    pub(crate) clock_speed: u32,
    /// Let changes be seen only this long after their stamp, as those of long transactions are.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true,
        help_heading = "The org and its user"
    )]
    pub(crate) commit_delay_secs: u64,
    /// The time zone of the user, by which date literals such as TODAY go [default: Etc/UTC]
    #[arg(long, value_name = "ZONE", value_parser = time_zone, help_heading = "The org and its user")]
    pub(crate) time_zone: Option<String>,
    /// The locale of the user: it says on which day weeks begin [default: en_US]
    #[arg(long, value_name = "LOCALE", help_heading = "The org and its user")]
    pub(crate) locale: Option<String>,
    /// The currency of the user, for orgs with several [default: USD]
    #[arg(long, value_name = "CODE", value_parser = currency, help_heading = "The org and its user")]
    pub(crate) currency: Option<String>,
    /// The month in which fiscal years begin, from 1 [default: 1]
    #[arg(long, value_name = "MONTH", value_parser = clap::value_parser!(i8).range(1..=12), help_heading = "The org and its user")]
    pub(crate) fiscal_year_start: Option<i8>,
    /// Let the org be a sandbox: it signs in at test.salesforce.com, and its username ends in the sandbox's name.
    #[arg(long, value_name = "SANDBOX", num_args = 0..=1, default_missing_value = "uat", value_parser = sandbox, help_heading = "The org and its user")]
    pub(crate) sandbox: Option<String>,
    /// The API versions that the org offers; older ones are retired, newer ones unknown [default: 31-67]
    #[arg(long, value_name = "OLDEST-NEWEST", value_parser = api_versions, help_heading = "The org and its user")]
    pub(crate) api_versions: Option<ApiVersions>,
    /// Give the user the permission "Query All Files": `ContentDocumentLink` then needs no filter.
    #[arg(long, help_heading = "The org and its user")]
    pub(crate) query_all_files: bool,
    /// The port to listen on [default: a free one]
    #[arg(long, value_name = "PORT", help_heading = "How it is reached")]
    pub(crate) port: Option<u16>,
    /// Serve HTTPS with a certificate made for this run, and a proxy by which clients that insist on salesforce.com find the org.
    #[arg(long, help_heading = "How it is reached")]
    pub(crate) tls: bool,
    /// The port of that proxy [default: a free one]
    #[arg(long, value_name = "PORT", requires = "tls", help_heading = "How it is reached")]
    pub(crate) proxy_port: Option<u16>,
    /// Print one line of JSON instead of text.
    #[arg(long, help_heading = "How it is reached")]
    pub(crate) json: bool,
    /// Script faults from this JSON file: one fault or an array of them (see docs/emulator.md).
    #[arg(long, value_name = "FILE", help_heading = "How it behaves")]
    pub(crate) faults: Option<PathBuf>,
    /// Let each query job take this long [default: done when asked for the second time]
    #[arg(long, value_name = "SECONDS", help_heading = "How it behaves")]
    pub(crate) job_seconds: Option<u64>,
    /// Let the org have so many query jobs a day, to see what a client does when there are no more [default: 10000]
    #[arg(long, value_name = "N", help_heading = "How it behaves")]
    pub(crate) daily_jobs: Option<u64>,
    /// Let query jobs store so many kilobytes of results a day [default: 1000000000, which is 1 TB]
    #[arg(long, value_name = "KB", help_heading = "How it behaves")]
    pub(crate) daily_result_kb: Option<u64>,
    /// Let each answer start this much later, as if the org were far away.
    #[arg(
        long,
        value_name = "MILLISECONDS",
        default_value_t = 0,
        hide_default_value = true,
        help_heading = "How it behaves"
    )]
    pub(crate) rtt_ms: u64,
    /// Let no more than this many megabits a second travel on one connection.
    #[arg(long, value_name = "MBPS", help_heading = "How it behaves")]
    pub(crate) bandwidth_mbps: Option<u64>,
    /// Keep up to this many megabytes of rendered result pages in a temporary file, so that reading them again is quick.
    #[arg(long, value_name = "MB", default_value_t = 256, help_heading = "How it behaves")]
    pub(crate) page_cache_mb: usize,
}

/// Reads the name of a profile; knows what each is about.
fn profiles() -> impl TypedValueParser<Value = Profile> {
    let names = Profile::ALL.iter().map(|profile| PossibleValue::new(profile.name()).help(profile.about()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Profile>())
}

fn time_zone(name: &str) -> Result<String, &'static str> {
    if OrgIdentity::is_time_zone(name) { Ok(name.to_owned()) } else { Err("it is no time zone such as Europe/Prague") }
}

fn currency(code: &str) -> Result<String, &'static str> {
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_code { Ok(code.to_owned()) } else { Err("it is no code of a currency such as EUR") }
}

fn sandbox(name: &str) -> Result<String, &'static str> {
    let is_name = (1..=10).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_name { Ok(name.to_owned()) } else { Err("the name of a sandbox has up to ten letters and digits") }
}

fn api_versions(range: &str) -> Result<ApiVersions, &'static str> {
    let number = |text: &str| text.trim().trim_start_matches('v').trim_end_matches(".0").parse().ok();
    let (oldest, newest) = range.split_once('-').unwrap_or((range, range));
    let versions = number(oldest).zip(number(newest)).and_then(|(oldest, newest)| ApiVersions::new(oldest, newest));
    versions.ok_or("it is no range of versions from 31 to 67, such as 41-62")
}

/// `orgtap component`
#[derive(Args, Debug)]
#[command(after_help = "\
Takes the place of kds-team.ex-salesforce-v2: the same config.json, state and tables. docs/keboola.md tells what is better.

Standard output has the log or, for a sync action, the JSON answer and nothing else.")]
pub(crate) struct ComponentArgs {
    /// The data folder [default: the environment variable KBC_DATADIR, or /data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// `orgtap completions`
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  orgtap completions bash > ~/.local/share/bash-completion/completions/orgtap
  orgtap completions zsh > \"${fpath[1]}/_orgtap\"
  orgtap completions fish > ~/.config/fish/completions/orgtap.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
