//! A small org whose every record is known outside of it, so that what a query answers can be worked out independently.

use std::{fmt::Write as _, fs};

use orgtap_emulator::{Org, Scope};
use orgtap_soql::Query;

const DESCRIBES: &str = r#"[
{"name":"Account","keyPrefix":"001","childRelationships":[
    {"childSObject":"Contact","field":"AccountId","relationshipName":"Contacts","cascadeDelete":false}],
 "fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"},{"name":"Industry","type":"picklist"},
    {"name":"Revenue__c","type":"double"},{"name":"Active__c","type":"boolean"},{"name":"Tags__c","type":"multipicklist"},
    {"name":"ParentId","type":"reference","referenceTo":["Account"],"relationshipName":"Parent"},
    {"name":"IsDeleted","type":"boolean"},{"name":"SystemModstamp","type":"datetime"}]},
{"name":"Contact","keyPrefix":"003",
 "fields":[{"name":"Id","type":"id"},{"name":"LastName","type":"string"},
    {"name":"AccountId","type":"reference","referenceTo":["Account"],"relationshipName":"Account"}]}]"#;

/// Names that hold what a careless editor of text would trip over.
const NAMES: [&str; 8] = ["Acme", "acme", "OR", "WHERE x LIMIT 5", "it's (AND) so", "100% sure", "a_b", "Ölwerk"];
const INDUSTRIES: [Option<&str>; 4] = [None, Some("Banking"), Some("Media"), Some("AND")];
const TAGS: [Option<&str>; 4] = [None, Some("a"), Some("a;b"), Some("b;c")];

/// An account of the org.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The sequence of its id.
    pub(crate) number: usize,
    pub(crate) name: &'static str,
    pub(crate) industry: Option<&'static str>,
    pub(crate) revenue: Option<i64>,
    pub(crate) is_active: bool,
    pub(crate) tags: Option<&'static str>,
    /// The number of its parent.
    pub(crate) parent: Option<usize>,
    pub(crate) is_deleted: bool,
    /// The minute after midnight of 2024-05-01 at which it was last changed.
    pub(crate) minute: u32,
    /// The names of its contacts.
    pub(crate) contacts: Vec<&'static str>,
}

/// The accounts, and the org that holds them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) accounts: Vec<Account>,
    pub(crate) org: Org,
}

impl World {
    /// Makes a world of so many accounts, always the same for a seed.
    pub(crate) fn of(seed: u64, count: usize) -> Self {
        let mut state = seed;
        let mut draw = |below: usize| -> usize {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let account = |number: usize| Account {
            number,
            name: NAMES[draw(NAMES.len())],
            industry: INDUSTRIES[draw(INDUSTRIES.len())],
            revenue: (draw(5) > 0).then(|| draw(10) as i64 - 3),
            is_active: draw(2) == 0,
            tags: TAGS[draw(TAGS.len())],
            parent: (number > 1 && draw(3) > 0).then(|| 1 + draw(number - 1)),
            is_deleted: draw(6) == 0,
            minute: draw(20) as u32,
            contacts: (0..draw(3)).map(|_| ["Smith", "Jones"][draw(2)]).collect(),
        };
        let accounts: Vec<Account> = (1..=count).map(account).collect();
        let org = org(&accounts);
        Self { accounts, org }
    }

    /// Returns an account by its number.
    pub(crate) fn account(&self, number: usize) -> &Account {
        &self.accounts[number - 1]
    }

    /// Returns the parent of an account.
    pub(crate) fn parent(&self, account: &Account) -> Option<&Account> {
        account.parent.map(|number| self.account(number))
    }

    /// Returns the numbers of the accounts that a query of them selects, deleted ones among them, in its order.
    pub(crate) fn ask(&self, query: &Query) -> Vec<usize> {
        let soql = query.to_string();
        let selection = self.org.select(&soql, Scope::All).unwrap_or_else(|error| panic!("{soql}: {error}"));
        let number = |id: String| id.get(3..15).unwrap().trim_start_matches('0').parse().unwrap();
        selection.records(0, u64::MAX).map(|row| number(row.id.unwrap().to_string())).collect()
    }
}

/// Returns the id of an account.
pub(crate) fn id(number: usize) -> String {
    format!("001{number:012}AAA")
}

/// Returns a minute as a datetime.
pub(crate) fn at(minute: u32) -> String {
    format!("2024-05-01T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

fn org(accounts: &[Account]) -> Org {
    let mut table = "Id,Name,Industry,Revenue__c,Active__c,Tags__c,ParentId,IsDeleted,SystemModstamp\n".to_owned();
    let mut contacts = "Id,LastName,AccountId\n".to_owned();
    let mut next = 0;
    for account in accounts {
        let revenue = account.revenue.map(|revenue| revenue.to_string()).unwrap_or_default();
        let (industry, tags) = (account.industry.unwrap_or_default(), account.tags.unwrap_or_default());
        let parent = account.parent.map(id).unwrap_or_default();
        let Account { number, name, is_active, is_deleted, minute, .. } = account;
        let (id, at) = (id(*number), at(*minute));
        writeln!(table, "{id},{name},{industry},{revenue},{is_active},{tags},{parent},{is_deleted},{at}").unwrap();
        for contact in &account.contacts {
            next += 1;
            writeln!(contacts, "003{next:012}AAA,{contact},{id}").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [("d.json", DESCRIBES), ("Account.csv", &table), ("Contact.csv", &contacts)] {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let mut builder = Org::builder().starts_at("2024-05-02T00:00:00Z".parse().unwrap());
    let report = builder.import(folder.path()).unwrap();
    assert!(report.skipped.is_empty() && report.notes.is_empty(), "{report:?}");
    builder.build()
}
