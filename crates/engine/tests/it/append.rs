//! Rows that append: a log of versions that neither doubles nor skips one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgtap_destination::WriteMode;
use orgtap_emulator::Id;
use orgtap_engine::{Api, Fetch, Load, RowSpec, RunSpec};
use proptest::prelude::*;

use crate::fixture::{Fixture, MINUTE, fields, incremental, object, only, org_with, some_of, with_deleted};
use crate::records::assert_same;

fn log() -> RowSpec {
    let columns = ["Id", "Site", "IsDeleted", "SystemModstamp", "LastModifiedDate"];
    RowSpec { load: Load::Append, fetch: Fetch::Incremental, ..with_deleted(some_of("Account", &columns)) }
}

/// What happens in the org between two runs, and how much of its time passes.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Insert,
    Update(usize),
    Delete(usize),
    Undelete(usize),
    Run,
    /// From now on changes show so many seconds after their stamp.
    Delay(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u64..400).prop_map(Step::Wait),
        2 => Just(Step::Insert),
        4 => (0_usize..100).prop_map(Step::Update),
        1 => (0_usize..100).prop_map(Step::Delete),
        1 => (0_usize..100).prop_map(Step::Undelete),
        4 => Just(Step::Run),
        1 => (0_u64..200).prop_map(Step::Delay),
    ]
}

/// Does one step; what the org refuses, such as deleting a deleted record, does not happen.
async fn take(fixture: &Fixture, ids: &mut Vec<Id>, row: &RowSpec, step: Step) {
    let pick = |at: usize| ids[at % ids.len()];
    match step {
        Step::Wait(seconds) => fixture.org.advance(Duration::from_secs(seconds)),
        Step::Insert => ids.push(fixture.new_account("new")),
        Step::Update(at) => {
            let site = [("Site".to_owned(), at.to_string().into())].into();
            drop(fixture.org.update(pick(at), site));
        }
        Step::Delete(at) => drop(fixture.org.delete(pick(at))),
        Step::Undelete(at) => drop(fixture.org.undelete(pick(at))),
        Step::Run => {
            fixture.load(row).await;
        }
        Step::Delay(seconds) => fixture.org.set_commit_delay(Duration::from_secs(seconds)),
    }
}

/// Takes `steps`, lets every transaction end, and runs once more.
async fn follow(fixture: &Fixture, row: &RowSpec, steps: Vec<Step>) {
    let mut ids = fixture.ids("SELECT Id FROM Account ORDER BY Id");
    for step in steps {
        take(fixture, &mut ids, row, step).await;
    }
    fixture.org.advance(10 * MINUTE);
    fixture.load(row).await;
}

/// Runs `test` to its end on a runtime of its own: proptest's cases are not async.
fn block_on<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_log_holds_each_version_once_and_ends_with_the_present_one(steps in prop::collection::vec(step(), 1..30)) {
        block_on(async {
            let fixture = Fixture::demo(40).await;

            follow(&fixture, &log(), steps).await;

            let table = fixture.memory.table("Account").unwrap();
            let mut seen = BTreeSet::new();
            let mut newest: BTreeMap<String, (String, Vec<Option<String>>)> = BTreeMap::new();
            for record in table.records {
                let (id, stamp) = (record[0].clone().unwrap(), record[3].clone().unwrap());
                prop_assert!(seen.insert(record.clone()), "twice: {record:?}");
                let best = newest.entry(id).or_insert_with(|| (stamp.clone(), record.clone()));
                if *best.0 <= *stamp {
                    *best = (stamp, record);
                }
            }
            let newest: BTreeSet<_> = newest.into_values().map(|(_, record)| record).collect();
            let columns = "SELECT Id, Site, IsDeleted, SystemModstamp, LastModifiedDate FROM Account";
            let selection = fixture.org.select(columns, orgtap_emulator::Scope::All).unwrap();
            let text = |(value, column): (orgtap_emulator::Value, &orgtap_emulator::SelectedColumn)| {
                Some(value.csv(column.kind).into_owned()).filter(|text| !text.is_empty())
            };
            let truth = selection.page(0, selection.total()).map(|values| values.into_iter().zip(selection.columns()).map(text).collect());
            prop_assert_eq!(newest, truth.collect::<BTreeSet<Vec<_>>>());
            Ok(())
        })?;
    }

    #[test]
    fn an_upserted_table_follows_the_org(steps in prop::collection::vec(step(), 1..30)) {
        block_on(async {
            let fixture = Fixture::demo(40).await;

            follow(&fixture, &incremental(with_deleted(object("Account"))), steps).await;

            assert_same(&fixture.table("Account"), &fixture.all("Account"));
        });
    }
}

#[tokio::test]
async fn a_row_that_fetches_all_appends_all() {
    let fixture = Fixture::demo(300).await;
    let row = RowSpec { load: Load::Append, ..object("Account") };

    for round in 1..=3 {
        fixture.load(&row).await;

        assert_eq!(fixture.table("Account").len(), round * fixture.live("Account").len());
    }
}

#[tokio::test]
async fn a_log_is_cleared_by_a_full_refresh_only() {
    let fixture = Fixture::demo(300).await;
    let row = log();
    let accounts = fixture.all("Account").len();
    fixture.load(&row).await;
    fixture.org.advance(10 * MINUTE);

    let wider = some_of("Account", &["Id", "Name", "Site", "IsDeleted", "SystemModstamp", "LastModifiedDate"]);
    let changed = RowSpec { source: wider.source, ..row.clone() };
    let report = fixture.run_row(&changed).await;
    assert!(report.notes.contains(&"fetches all: the row changed (new: `Name`)".to_owned()), "{:?}", report.notes);
    assert_eq!(report.outcome.unwrap().write_mode, WriteMode::Append);
    assert_eq!(fixture.table("Account").len(), 2 * accounts);

    let refresh = RunSpec { full_refresh: true, ..RunSpec::new(vec![changed]) };
    let loaded = only(fixture.run(refresh).await).outcome.unwrap();
    assert_eq!((loaded.write_mode, loaded.records), (WriteMode::Replace, accounts as u64));
    assert_eq!(fixture.table("Account").len(), accounts);
}

#[tokio::test]
async fn a_primary_key_drops_nothing_of_what_is_added() {
    let fixture = Fixture::demo(600).await;
    let row = RowSpec { primary_key: Some(vec!["AccountId".to_owned()]), ..some_of("Contact", &["Id", "AccountId"]) };
    let row = RowSpec { load: Load::Append, fetch: Fetch::Incremental, ..row };
    fixture.org.advance(MINUTE);

    let loaded = fixture.load(&row).await;

    assert_eq!(loaded.superseded, 0);
    assert_eq!(fixture.table("Contact").column("Id"), fixture.live("Contact").column("Id"));
}

#[tokio::test]
async fn no_overlap_is_added_again() {
    let fixture = Fixture::demo(600).await;
    let row = RowSpec { overlap: Duration::from_secs(24 * 3600), ..log() };
    for _ in 0..3 {
        fixture.org.advance(10 * MINUTE);
        fixture.new_account("new");
        fixture.org.advance(10 * MINUTE);
        fixture.load(&row).await;
    }

    let table = fixture.table("Account");
    assert_eq!(table.len(), fixture.all("Account").len());
}

#[tokio::test]
async fn a_full_refresh_is_followed_by_what_changed_since_and_nothing_else() {
    let describe = serde_json::json!({"name": "Meter__c", "label": "Meter", "keyPrefix": "a0M", "replicateable": false, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "LastModifiedDate", "type": "datetime", "nillable": false},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]});
    let fixture = Fixture::of(org_with(&describe)).await;
    for name in ["one", "two"] {
        fixture.org.insert("Meter__c", fields([("Name", name.into())])).unwrap();
        fixture.org.advance(MINUTE);
    }
    fixture.org.advance(40 * MINUTE);
    // Without a job nothing but the stamps tells the org's time.
    let row = RowSpec { api: Api::Rest, load: Load::Append, fetch: Fetch::Incremental, ..object("Meter__c") };
    let refresh = RunSpec { full_refresh: true, ..RunSpec::new(vec![row.clone()]) };
    assert_eq!(only(fixture.run(refresh).await).outcome.unwrap().records, 2);
    fixture.org.advance(40 * MINUTE);

    assert_eq!(fixture.load(&row).await.records, 0);
}
