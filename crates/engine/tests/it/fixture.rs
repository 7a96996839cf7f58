//! An org, tables in memory, and rows run between them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orgtap_destination::Destination;
use orgtap_destination::memory::Memory;
use orgtap_emulator::{Emulator, EmulatorOptions, Faults, FieldKind, Id, Org, Scope, Value};
use orgtap_engine::{
    Api, Deleted, Error, EventSender, Fetch, Fields, Load, Loaded, Plan, RowReport, RowSpec, RunEvent, RunReport,
    RunSpec, Source,
};
use orgtap_salesforce::{ApiVersion, Client, Clock, Connection, HttpOptions, JobId, Login, ManualClock};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::records::Records;

/// A day.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// A minute: the steps in which Salesforce says how far its changes are complete.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// An org behind HTTP and a destination. What is loaded stays, from run to run.
pub(crate) struct Fixture {
    pub(crate) org: Org,
    pub(crate) emulator: Emulator,
    pub(crate) memory: Memory,
    /// This machine's clock as the client sees it: decades away from the org's, and it only moves while the client waits.
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) api_version: ApiVersion,
}

impl Fixture {
    /// Starts a demo org of `records` records.
    pub(crate) async fn demo(records: u64) -> Self {
        Self::of(Org::builder().demo(records).build()).await
    }

    /// Starts `org`.
    pub(crate) async fn of(org: Org) -> Self {
        Self::with(org, EmulatorOptions::default()).await
    }

    /// Starts `org`, served as `options` say.
    pub(crate) async fn with(org: Org, options: EmulatorOptions) -> Self {
        let emulator = Emulator::start(org.clone(), options).await.unwrap();
        Self {
            org,
            emulator,
            memory: Memory::new(),
            clock: Arc::new(ManualClock::new("1999-12-31T23:59:59Z".parse().unwrap())),
            api_version: ApiVersion::default(),
        }
    }

    /// Returns a client that knows nothing yet, as in a new process.
    pub(crate) fn client(&self) -> Client {
        self.client_to(self.emulator.url().parse().unwrap(), self.clock.clone())
    }

    /// Returns such a client that signs in at `login_url`, on a machine whose clock is `clock`.
    pub(crate) fn client_to(&self, login_url: Url, clock: Arc<dyn Clock>) -> Client {
        let identity = self.org.identity();
        let login = Login::SecurityToken {
            username: identity.username.clone(),
            password: identity.password.clone().into(),
            security_token: identity.security_token.clone().into(),
        };
        self.client_with(login, login_url, clock)
    }

    /// Returns a client with a session that is open already, for which the org is at `instance_url`.
    pub(crate) fn client_at(&self, instance_url: Url) -> Client {
        let access_token = self.emulator.settings().access_token.into();
        let login_url = self.emulator.url().parse().unwrap();
        self.client_with(Login::AccessToken { access_token, instance_url }, login_url, self.clock.clone())
    }

    fn client_with(&self, login: Login, login_url: Url, clock: Arc<dyn Clock>) -> Client {
        let connection = Connection {
            login,
            login_url: Some(login_url),
            domain: None,
            sandbox: false,
            api_version: self.api_version,
            http: HttpOptions::default(),
        };
        Client::new(connection, clock).unwrap()
    }

    /// Runs `spec` through `client` into memory.
    pub(crate) async fn run_as(&self, client: &Client, spec: RunSpec) -> RunReport {
        let memory = Arc::new(self.memory.clone());
        orgtap_engine::run(spec, client, memory, EventSender::silent(), CancellationToken::new()).await
    }

    /// Runs `spec` into `destination`.
    pub(crate) async fn run_into(&self, destination: Arc<dyn Destination>, spec: RunSpec) -> RunReport {
        orgtap_engine::run(spec, &self.client(), destination, EventSender::silent(), CancellationToken::new()).await
    }

    /// Runs `spec` into memory.
    pub(crate) async fn run(&self, spec: RunSpec) -> RunReport {
        self.run_as(&self.client(), spec).await
    }

    /// Runs `row` alone.
    pub(crate) async fn run_row(&self, row: &RowSpec) -> RowReport {
        only(self.run(RunSpec::new(vec![row.clone()])).await)
    }

    /// Runs `row` alone, in pages of `page_records`, one after another.
    pub(crate) async fn run_paged(&self, row: &RowSpec, page_records: u32) -> RowReport {
        only(self.run(RunSpec { page_records, download_connections: 1, ..RunSpec::new(vec![row.clone()]) }).await)
    }

    /// Runs `row` alone and expects it to end well.
    pub(crate) async fn load(&self, row: &RowSpec) -> Loaded {
        self.run_row(row).await.outcome.unwrap_or_else(|error| panic!("{}", chain(&error)))
    }

    /// Runs `row` alone and expects it to fail.
    pub(crate) async fn fail(&self, row: &RowSpec) -> Error {
        self.run_row(row).await.outcome.unwrap_err()
    }

    /// Plans `row` alone.
    pub(crate) async fn plan(&self, row: &RowSpec) -> Result<Plan, Error> {
        let spec = RunSpec::new(vec![row.clone()]);
        orgtap_engine::plan(&spec, &self.client(), &self.memory).await.remove(0)
    }

    /// Starts `spec` on a task of its own, to be watched and stopped.
    pub(crate) fn start(&self, destination: Arc<dyn Destination>, spec: RunSpec) -> Running {
        Self::start_as(self.client(), destination, spec)
    }

    /// Starts `spec` through `client`.
    pub(crate) fn start_as(client: Client, destination: Arc<dyn Destination>, spec: RunSpec) -> Running {
        let (sender, events) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let token = stop.clone();
        let report = tokio::spawn(async move {
            orgtap_engine::run(spec, &client, destination, EventSender::new(sender), token).await
        });
        Running { stop, events, report }
    }

    /// Returns what `table` holds.
    #[track_caller]
    pub(crate) fn table(&self, table: &str) -> Records {
        self.memory.table(table).unwrap_or_else(|| panic!("there is no table `{table}`")).into()
    }

    /// Returns all live records of `object` as a whole-object row loads them.
    pub(crate) fn live(&self, object: &str) -> Records {
        Records::of_query(&self.org, &select_all(&self.org, object), Scope::Live)
    }

    /// Returns all records of `object`, deleted and archived ones too.
    pub(crate) fn all(&self, object: &str) -> Records {
        Records::of_query(&self.org, &select_all(&self.org, object), Scope::All)
    }

    /// Returns the ids of the live records that `soql` selects, in its order.
    pub(crate) fn ids(&self, soql: &str) -> Vec<Id> {
        let selection = self.org.select(soql, Scope::Live).unwrap();
        selection.page(0, selection.total()).map(|values| values[0].as_id().unwrap()).collect()
    }

    /// Returns the ids of the first live records of `object`.
    pub(crate) fn first<const COUNT: usize>(&self, object: &str) -> [Id; COUNT] {
        self.ids(&format!("SELECT Id FROM {object} ORDER BY Id LIMIT {COUNT}")).try_into().unwrap()
    }

    /// Sets `field` of a record.
    pub(crate) fn set(&self, id: Id, field: &str, value: impl Into<Value>) {
        self.org.update(id, fields([(field, value.into())])).unwrap();
    }

    /// Deletes a record and empties the recycle bin: no query shows it any more.
    pub(crate) fn delete_for_good(&self, id: Id) {
        self.org.delete(id).unwrap();
        self.org.purge(id).unwrap();
    }

    /// Runs `reconcile` of `row` alone on what is in memory.
    pub(crate) async fn reconcile(&self, row: &RowSpec) -> RowReport {
        let memory = Arc::new(self.memory.clone());
        let spec = RunSpec::new(vec![row.clone()]);
        let client = self.client();
        only(orgtap_engine::reconcile(spec, &client, memory, EventSender::silent(), CancellationToken::new()).await)
    }

    /// Returns the value of `field` of each record of `table`, by Id.
    pub(crate) fn column_by_id(&self, table: &str, field: &str) -> BTreeMap<String, Option<String>> {
        let table = self.memory.table(table).unwrap_or_else(|| panic!("there is no table `{table}`"));
        let position = |name: &str| table.columns.iter().position(|column| column == name).unwrap();
        let (id, value) = (position("Id"), position(field));
        table.records.into_iter().map(|record| (record[id].clone().unwrap(), record[value].clone())).collect()
    }

    /// Creates an account.
    pub(crate) fn new_account(&self, name: &str) -> Id {
        self.org.insert("Account", fields([("Name", name.into())])).unwrap()
    }
}

/// A run that goes on.
pub(crate) struct Running {
    pub(crate) stop: CancellationToken,
    events: mpsc::UnboundedReceiver<RunEvent>,
    report: tokio::task::JoinHandle<RunReport>,
}

impl Running {
    /// Waits for the first event that `pick` takes.
    pub(crate) async fn event<T>(&mut self, pick: impl Fn(&RunEvent) -> Option<T>) -> T {
        loop {
            let event = self.events.recv().await.expect("the event comes before the end of the run");
            if let Some(picked) = pick(&event) {
                return picked;
            }
        }
    }

    /// Waits until a call is held at `gate`.
    pub(crate) async fn held(&mut self, faults: &Faults, gate: &str) {
        tokio::select! {
            () = faults.held(gate) => {}
            report = &mut self.report => panic!("the run ended before a call was held: {report:?}"),
        }
    }

    /// Waits until `is_reached`, and until the run has done what follows from that.
    pub(crate) async fn settled(&self, is_reached: impl Fn() -> bool) {
        while !is_reached() {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Ends the run where it stands, as if its process died.
    pub(crate) async fn kill(self) {
        self.report.abort();
        assert!(self.report.await.unwrap_err().is_cancelled());
        // The rows' own tasks end when they are polled the next time.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the first job is created.
    pub(crate) async fn job(&mut self) -> JobId {
        let id = |event: &RunEvent| match event {
            RunEvent::Job { job_id, .. } => Some(job_id.clone()),
            _ => None,
        };
        self.event(id).await.parse().unwrap()
    }

    /// Waits for the end.
    pub(crate) async fn report(self) -> RunReport {
        self.report.await.unwrap()
    }

    /// Waits for the end of a run of one row.
    pub(crate) async fn end(self) -> RowReport {
        only(self.report().await)
    }
}

/// Returns the report of a run's only row.
pub(crate) fn only(report: RunReport) -> RowReport {
    let [row] = <[RowReport; 1]>::try_from(report.rows).unwrap();
    row
}

/// Returns a row that loads all of `object` in full, by a job however few records there are: most tests are about jobs.
pub(crate) fn object(object: &str) -> RowSpec {
    let source = Source::Object { object: object.to_owned(), fields: Fields::All };
    RowSpec { api: Api::BulkFirst, ..RowSpec::new(object, source) }
}

/// Returns a row that loads the named fields of `object` in full.
pub(crate) fn some_of(name: &str, fields: &[&str]) -> RowSpec {
    let fields = Fields::Only(fields.iter().map(|field| (*field).to_owned()).collect());
    RowSpec { source: Source::Object { object: name.to_owned(), fields }, ..object(name) }
}

/// Returns a row that loads what `query` selects in full, by a job where the Bulk API takes the query.
pub(crate) fn soql(query: &str) -> RowSpec {
    RowSpec { api: Api::BulkFirst, ..RowSpec::new("query", Source::Soql(query.to_owned())) }
}

/// Has `row` upsert what changed.
pub(crate) fn incremental(row: RowSpec) -> RowSpec {
    RowSpec { load: Load::Incremental, fetch: Fetch::Incremental, ..row }
}

/// Has `row` upsert what changed, and take what is deleted out of its table.
pub(crate) fn removing(row: RowSpec) -> RowSpec {
    incremental(row).with_deleted(Deleted::Remove)
}

/// Has `row` upsert what changed, and flag what is deleted.
pub(crate) fn flagging(row: RowSpec) -> RowSpec {
    incremental(row).with_deleted(Deleted::Flag { is_demanded: true })
}

/// Has `row` read deleted and archived records too.
pub(crate) fn with_deleted(row: RowSpec) -> RowSpec {
    RowSpec { records: orgtap_engine::Records::All, ..row }
}

/// Returns values by field.
pub(crate) fn fields<const COUNT: usize>(values: [(&str, Value); COUNT]) -> BTreeMap<String, Value> {
    values.into_iter().map(|(field, value)| (field.to_owned(), value)).collect()
}

/// Returns a query for every field of `object` that a table can hold.
pub(crate) fn select_all(org: &Org, object: &str) -> String {
    let object = org.object(object).unwrap();
    let fits = |kind| !matches!(kind, FieldKind::Address | FieldKind::Location | FieldKind::Base64);
    let fields: Vec<&str> =
        object.fields.iter().filter(|field| fits(field.kind)).map(|field| field.name.as_str()).collect();
    format!("SELECT {} FROM {}", fields.join(", "), object.name)
}

/// Returns an org that has the object `describe` tells of, without records.
pub(crate) fn org_with(describe: &serde_json::Value) -> Org {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("describe.json"), describe.to_string()).unwrap();
    let mut builder = Org::builder();
    let report = builder.import(folder.path()).unwrap();
    assert!(report.skipped.is_empty(), "{report:?}");
    builder.build()
}

/// Returns `error` with all its causes, as it would be shown.
pub(crate) fn chain(error: &Error) -> String {
    let first: &dyn std::error::Error = error;
    let causes = std::iter::successors(Some(first), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
