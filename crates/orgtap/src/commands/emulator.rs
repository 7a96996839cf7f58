//! `orgtap emulator`: a local Salesforce org to try things on.

use std::path::Path;
use std::time::Duration;

use orgtap_emulator::{Emulator, EmulatorOptions, JobTime, Org, OrgBuilder, OrgIdentity, Profile, Settings};
use serde::Serialize;
use tempfile::{Builder, NamedTempFile};

use crate::app::{Exit, Invocation};
use crate::cli::EmulatorArgs;
use crate::error::{Error, Result};
use crate::output::Console;
use crate::output::format::{count, printable};

/// Serves the org until a signal comes.
pub(crate) async fn run(args: &EmulatorArgs, on: &Invocation) -> Result<Exit> {
    let org = org(args, &on.console)?;
    if let Some(folder) = &args.export {
        return export(&org, folder, &on.console);
    }
    let emulator = start(org.clone(), options(args)).await?;
    if let Some(file) = &args.faults {
        script(&emulator, file)?;
    }
    let ca_file = write_ca(&emulator)?;
    let settings = emulator.settings();
    if args.json {
        let line = serde_json::to_string(&SettingsLine::from(&settings)).map_err(std::io::Error::from)?;
        on.console.line(&line)?;
    } else {
        on.console.line(&introduction(&settings, &org, &args.profile))?;
    }
    on.stop.cancelled().await;
    emulator.shutdown().await;
    drop(ca_file);
    Ok(Exit::Done)
}

/// Makes the org that the arguments describe.
fn org(args: &EmulatorArgs, console: &Console) -> Result<Org> {
    let mut builder = Org::builder().clock_speed(args.clock_speed);
    builder = builder.commit_delay(Duration::from_secs(args.commit_delay_secs));
    builder = args.profile.iter().fold(builder, |builder, profile| builder.profile(*profile));
    if let Some(now) = args.now {
        builder = builder.starts_at(now);
    }
    let needs_demo = args.profile.iter().find(|profile| !profile.hides());
    if let (Some(profile), Some(_)) = (needs_demo, &args.data) {
        return Err(Error::Emulator {
            action: "use the profile",
            hint: Some("leave out --data, or the profile: describes in the folder say what the org has".to_owned()),
            source: format!("`{profile}` adds records to the demo org only").into(),
        });
    }
    match &args.data {
        Some(folder) => import(&mut builder, folder, console)?,
        None => {
            builder = builder.seed(args.seed).demo(args.records);
            builder = args.users.into_iter().fold(builder, OrgBuilder::users);
        }
    }
    introduce(builder.identity_mut(), args);
    for name in &args.hide {
        builder = builder.hide(name).map_err(|error| Error::Emulator {
            action: "hide what --hide names",
            hint: Some("give an object such as Case, or a field such as Account.Phone".to_owned()),
            source: error.into(),
        })?;
    }
    Ok(builder.build())
}

/// Lets the org and its user be what the arguments say.
fn introduce(identity: &mut OrgIdentity, args: &EmulatorArgs) {
    fn set<T: Clone>(field: &mut T, value: Option<&T>) {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    set(&mut identity.time_zone, args.time_zone.as_ref());
    set(&mut identity.locale, args.locale.as_ref());
    set(&mut identity.currency, args.currency.as_ref());
    set(&mut identity.fiscal_year_start, args.fiscal_year_start.as_ref());
    if let Some(name) = &args.sandbox {
        identity.sandbox = true;
        identity.username = format!("{}.{name}", identity.username);
        identity.domain = format!("{}--{name}", identity.domain);
    }
}

fn options(args: &EmulatorArgs) -> EmulatorOptions {
    let defaults = EmulatorOptions::default();
    let job_time = args.job_seconds.map(|seconds| JobTime::Elapsed(Duration::from_secs(seconds)));
    EmulatorOptions {
        port: args.port,
        tls: args.tls,
        proxy_port: args.proxy_port,
        page_cache_bytes: args.page_cache_mb.saturating_mul(1 << 20),
        job_time: job_time.unwrap_or(defaults.job_time),
        daily_query_jobs: args.daily_jobs.unwrap_or(defaults.daily_query_jobs),
        daily_result_kilobytes: args.daily_result_kb.unwrap_or(defaults.daily_result_kilobytes),
        versions: args.api_versions.unwrap_or(defaults.versions),
        query_all_files: args.query_all_files,
        latency: Duration::from_millis(args.rtt_ms),
        bytes_per_second: args.bandwidth_mbps.map(|megabits| megabits.saturating_mul(125_000)),
        ..defaults
    }
}

fn export(org: &Org, folder: &Path, console: &Console) -> Result<Exit> {
    let failed = |source| Error::File { action: "write the org to", path: folder.to_owned(), source };
    let records = org.export(folder).map_err(failed)?;
    let folder = printable(&folder.display().to_string());
    console.line(&format!("{} records written to `{folder}`.", count(records)))?;
    Ok(Exit::Done)
}

/// Scripts the faults of a file.
fn script(emulator: &Emulator, file: &Path) -> Result<()> {
    let failed = |source| Error::File { action: "read the faults in", path: file.to_owned(), source };
    let document = std::fs::read(file).map_err(failed)?;
    emulator.faults().add_json(&document).map_err(|error| Error::Emulator {
        action: "script the faults",
        hint: Some(format!("see docs/emulator.md for what `{}` may hold", file.display())),
        source: error.into(),
    })
}

/// Starts serving `org`.
pub(super) async fn start(org: Org, options: EmulatorOptions) -> Result<Emulator> {
    Emulator::start(org, options).await.map_err(|error| Error::Emulator {
        action: "start the emulator",
        hint: error.hint(),
        source: error.into(),
    })
}

/// Writes the certificate that clients have to trust, where there is one, to a file that goes with the command.
fn write_ca(emulator: &Emulator) -> Result<Option<NamedTempFile>> {
    if emulator.ca_pem().is_none() {
        return Ok(None);
    }
    let failed = |source| Error::File { action: "write the certificate to", path: std::env::temp_dir(), source };
    let file = Builder::new().prefix("orgtap-emulator-").suffix(".pem").tempfile().map_err(failed)?;
    emulator.write_ca(file.path()).map_err(failed)?;
    Ok(Some(file))
}

/// Fills an org from files, and says which of them could not be used.
fn import(builder: &mut OrgBuilder, folder: &Path, console: &Console) -> Result<()> {
    let failed = |source| Error::Emulator { action: "import the data", source, hint: None };
    let report = builder.import(folder).map_err(|error| failed(error.into()))?;
    for (file, reason) in &report.skipped {
        console.note(&format!("skipped `{}`: {reason}", file.display()));
    }
    for note in &report.notes {
        let record = note.record.map(|record| format!(", record {record}")).unwrap_or_default();
        let field = note.field.as_ref().map(|field| format!(", field `{field}`")).unwrap_or_default();
        console.note(&format!("`{}`{record}{field}: {}", note.path.display(), note.message));
    }
    if report.loaded.is_empty() {
        return Err(failed("the folder holds nothing that can be used".into()));
    }
    Ok(())
}

/// The line of `--json`; scripts rely on its names.
#[derive(Serialize)]
struct SettingsLine<'a> {
    url: &'a str,
    username: &'a str,
    password: &'a str,
    security_token: &'a str,
    consumer_key: &'a str,
    consumer_secret: &'a str,
    domain: &'a str,
    access_token: &'a str,
    refresh_token: &'a str,
    my_domain_url: Option<&'a str>,
    proxy_url: Option<&'a str>,
    ca_file: Option<&'a str>,
}

impl<'a> From<&'a Settings> for SettingsLine<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self {
            url: &settings.url,
            username: &settings.username,
            password: &settings.password,
            security_token: &settings.security_token,
            consumer_key: &settings.consumer_key,
            consumer_secret: &settings.consumer_secret,
            domain: &settings.domain,
            access_token: &settings.access_token,
            refresh_token: &settings.refresh_token,
            my_domain_url: settings.my_domain_url.as_deref(),
            proxy_url: settings.proxy_url.as_deref(),
            ca_file: settings.ca_file.as_deref(),
        }
    }
}

/// Returns what a person needs to try clients on the org.
fn introduction(settings: &Settings, org: &Org, profiles: &[Profile]) -> String {
    let Settings { url, username, password, security_token, consumer_key, consumer_secret, .. } = settings;
    let objects = org.objects();
    let records: u64 = objects.iter().filter_map(|object| org.record_count(&object.name)).sum();
    let ca_option = settings.ca_file.as_ref().map(|file| format!("ca_file = \"{file}\"\n")).unwrap_or_default();
    let text = format!(
        r#"A Salesforce org with {objects} objects and {records} records answers at {url} until Ctrl-C.{profiles}

For orgtap.toml:

[connection]
login_method = "security_token"
login_url = "{url}"
{ca_option}username = "{username}"
password = "{password}"
security_token = "{security_token}"

or, for login_method = "client_credentials" and "connected_app":

consumer_key = "{consumer_key}"
consumer_secret = "{consumer_secret}"

For others, with an access token:

{others}"#,
        objects = count(objects.len() as u64),
        records = count(records),
        profiles = described(profiles),
        others = others(settings),
    );
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Returns a line for each profile.
fn described(profiles: &[Profile]) -> String {
    let lines: Vec<String> =
        profiles.iter().map(|profile| format!("  {:<20} {}", profile.name(), profile.about())).collect();
    if lines.is_empty() { String::new() } else { format!("\n\nIts profiles:\n\n{}", lines.join("\n")) }
}

/// Returns commands for clients of other makers, which find the proxy and the certificate each in its own way.
fn others(settings: &Settings) -> String {
    let Settings { url, access_token: token, username, password, security_token, .. } = settings;
    let ready = format!(
        "curl{trust} -H 'Authorization: Bearer {token}' {url}/services/data/v62.0/limits\n\n",
        trust = settings.ca_file.as_ref().map(|file| format!(" --cacert {file}")).unwrap_or_default(),
    );
    let (Some(domain), Some(proxy), Some(file)) = (&settings.my_domain_url, &settings.proxy_url, &settings.ca_file)
    else {
        let plain = format!("SF_ACCESS_TOKEN='{token}' sf org login access-token --instance-url {url} --no-prompt");
        return format!(
            "{ready}{plain}\n\n(simple-salesforce and others speak HTTPS to salesforce.com only: start with --tls)"
        );
    };
    format!(
        "{ready}SF_ACCESS_TOKEN='{token}' NODE_EXTRA_CA_CERTS={file} \
         sf org login access-token --instance-url {url} --no-prompt\n\n\
         Others find it as {domain}, once they know the proxy and the certificate:\n\n\
         export HTTPS_PROXY={proxy} REQUESTS_CA_BUNDLE={file} NODE_EXTRA_CA_CERTS={file}\n\
         python3 -c 'from simple_salesforce import Salesforce\n\
         sf = Salesforce(username=\"{username}\", password=\"{password}\", security_token=\"{security_token}\")\n\
         print(sf.query(\"SELECT COUNT() FROM Account\"))'"
    )
}
