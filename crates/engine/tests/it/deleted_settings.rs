//! What a row may ask for of deleted records, and what its plan says of it.

use std::sync::Arc;

use orgtap_destination::WriteMode;
use orgtap_engine::{Deleted, Deletions, FetchWindow, Load, RowSpec};

use crate::fixture::{Fixture, MINUTE, flagging, incremental, object, org_with, removing, some_of, soql};
use crate::records::assert_same;

#[tokio::test]
async fn rows_whose_records_cannot_end_are_refused() {
    let key = |row: RowSpec| RowSpec { primary_key: Some(vec!["Name".to_owned()]), ..row };
    let append = RowSpec { load: Load::Append, ..removing(object("Account")) };
    let grouped = RowSpec {
        fetch: orgtap_engine::Fetch::All,
        ..removing(soql("SELECT Id, COUNT(Name) n FROM Account GROUP BY Id"))
    };
    let id_tells = "the org tells them by `Id`, which is not the table's primary key";
    let cases = [
        (append, "could not take deleted records out of a table to which versions are only added".to_owned()),
        (key(removing(object("Account"))), format!("could not take deleted records out of the table: {id_tells}")),
        (key(flagging(object("Account"))), format!("could not flag deleted records in the table: {id_tells}")),
        (removing(some_of("Account", &["Name"])), format!("could not take deleted records out of the table: {id_tells}")),
        (grouped, "could not take deleted records out of the table: the query groups records".to_owned()),
        (
            removing(soql("SELECT Id, LastModifiedDate FROM Account ORDER BY LastModifiedDate LIMIT 10")),
            "could not take deleted records out of the table: a query with LIMIT or OFFSET does not say which records belong to it"
                .to_owned(),
        ),
        (
            removing(soql("SELECT Id FROM Account ALL ROWS")),
            "could not take deleted records out of a table whose query asks for `ALL ROWS`".to_owned(),
        ),
        (
            flagging(some_of("Account", &["Id", "Name"])),
            "could not flag deleted records in the table: the row has no column `IsDeleted` to say it".to_owned(),
        ),
    ];
    let fixture = Fixture::demo(50).await;
    for (row, message) in cases {
        let error = fixture.plan(&row).await.unwrap_err();

        assert_eq!(error.to_string(), message);
        assert!(error.is_user_error() && error.hint().is_some(), "{error}");
    }
}

#[tokio::test]
async fn a_row_that_only_prefers_flags_is_loaded_without_them() {
    let prefers = Deleted::Flag { is_demanded: false };
    let fixture = Fixture::demo(100).await;
    let row = incremental(some_of("Account", &["Id", "Name"])).with_deleted(prefers);
    let [deleted, gone] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();

    let notes = fixture.run_row(&row).await.notes;
    fixture.org.advance(10 * MINUTE);
    fixture.delete_for_good(gone);
    let loaded = fixture.load(&row).await;

    assert!(
        notes.contains(
            &"records that are purged are not flagged: the row has no column `IsDeleted` to say it".to_owned()
        ),
        "{notes:?}"
    );
    assert_eq!((loaded.flagged, loaded.removed), (0, 0));
    let ids = fixture.table("Account").column("Id");
    assert!(ids.contains(&Some(deleted.to_string())) && ids.contains(&Some(gone.to_string())));
}

#[tokio::test]
async fn a_full_load_holds_no_deleted_records_and_needs_no_key() {
    let row = RowSpec { load: Load::Full, fetch: orgtap_engine::Fetch::All, ..removing(some_of("Account", &["Name"])) };
    let fixture = Fixture::demo(200).await;
    for _ in 0..2 {
        let [deleted, gone] = fixture.first("Account");
        fixture.org.delete(deleted).unwrap();
        fixture.delete_for_good(gone);

        assert_eq!(fixture.load(&row).await.records, fixture.live("Account").len() as u64);
    }
}

#[tokio::test]
async fn an_object_whose_records_are_never_flagged_is_compared() {
    let fixture = Fixture::of(org_with(&serde_json::json!({
    "name": "Reading__c", "label": "Reading", "keyPrefix": "a0R", "replicateable": false, "fields": [
        {"name": "Id", "type": "id"},
        {"name": "Name", "type": "string"},
        {"name": "SystemModstamp", "type": "datetime", "nillable": false},
    ]})))
    .await;
    let row = removing(object("Reading__c"));
    fixture.org.insert("Reading__c", crate::fixture::fields([("Name", "a".into())])).unwrap();
    fixture.load(&row).await;
    fixture.org.advance(MINUTE);

    let report = fixture.run_row(&row).await;

    assert!(report.notes[0].starts_with("compared all 1 Ids"), "{:?}", report.notes);
    assert_same(&fixture.table("Reading__c"), &fixture.live("Reading__c"));
    assert_eq!(fixture.plan(&flagging(object("Reading__c"))).await.unwrap().deletions.compare, None);
}

#[tokio::test]
async fn another_treatment_of_deleted_records_loads_the_table_anew() {
    let fixture = Fixture::demo(200).await;
    let [deleted] = fixture.first("Account");
    fixture.org.delete(deleted).unwrap();
    let ignoring = RowSpec { cursor_field: Some("SystemModstamp".to_owned()), ..incremental(object("Account")) };
    let steps = [
        (removing(object("Account")), "deleted records were left out"),
        (flagging(object("Account")), "deleted records were taken out"),
        (removing(object("Account")), "deleted records were included"),
        (ignoring.clone(), "deleted records were taken out"),
    ];
    fixture.load(&ignoring).await;
    for (row, reason) in steps {
        fixture.org.advance(MINUTE);

        let report = fixture.run_row(&row).await;

        assert_eq!(report.outcome.unwrap().write_mode, WriteMode::Replace);
        assert!(report.notes.contains(&format!("fetches all: the row changed ({reason})")), "{:?}", report.notes);
        let holds = fixture.table("Account").column("Id").contains(&Some(deleted.to_string()));
        assert_eq!(holds, row.deleted == Deleted::Flag { is_demanded: true });
    }
}

#[tokio::test]
async fn a_state_of_deleted_records_included_is_one_of_records_flagged() {
    let fixture = Fixture::demo(100).await;
    fixture.load(&incremental(crate::fixture::with_deleted(object("Account")))).await;
    fixture.org.advance(MINUTE);

    let plan = fixture.plan(&flagging(object("Account"))).await.unwrap();

    assert!(matches!(plan.fetch, FetchWindow::Since { .. }), "{:?}", plan.fetch);
}

#[tokio::test]
async fn a_full_refresh_needs_no_log_and_no_comparison() {
    let row = removing(object("Account"));
    let fixture = Fixture::demo(200).await;
    fixture.load(&row).await;
    let [gone] = fixture.first("Account");
    fixture.delete_for_good(gone);
    let spec = orgtap_engine::RunSpec { full_refresh: true, ..orgtap_engine::RunSpec::new(vec![row]) };

    let report = crate::fixture::only(fixture.run(spec).await);

    assert_eq!(report.outcome.unwrap().write_mode, WriteMode::Replace);
    assert_same(&fixture.table("Account"), &fixture.live("Account"));
    assert_eq!(fixture.emulator.calls(orgtap_emulator::CallKind::Deleted), 0);
}

#[tokio::test]
async fn a_plan_says_what_is_done_about_deleted_records() {
    let fixture = Fixture::demo(100).await;
    let row = removing(object("Account"));
    let first = fixture.plan(&row).await.unwrap();
    fixture.load(&row).await;
    let loaded_at = fixture.org.now();
    fixture.org.advance(10 * MINUTE);
    let second = fixture.plan(&RowSpec { overlap: 3 * MINUTE, ..row.clone() }).await.unwrap();

    let none = Deletions { treatment: Deleted::Remove, log_from: None, compare: None };
    assert_eq!(first.deletions, none);
    assert_eq!(first.query.to_string().matches("IsDeleted = FALSE").count(), 1);
    assert_eq!(second.deletions, Deletions { log_from: Some(loaded_at), ..none });
    assert_eq!(fixture.emulator.calls(orgtap_emulator::CallKind::Deleted), 0, "a plan asks for no list");
}

#[tokio::test]
async fn a_destination_that_takes_no_record_out_says_so() {
    use orgtap_destination::Destination;
    use orgtap_destination::faulty::{FaultPlan, Faulty};

    #[derive(Debug)]
    struct Adding(Faulty);

    #[async_trait::async_trait]
    impl Destination for Adding {
        fn capabilities(&self) -> orgtap_destination::Capabilities {
            orgtap_destination::Capabilities { removes: false, ..self.0.capabilities() }
        }

        async fn check(&self) -> orgtap_destination::Result<()> {
            self.0.check().await
        }

        async fn state(&self, row: &str, table: &str) -> orgtap_destination::Result<Option<String>> {
            self.0.state(row, table).await
        }

        async fn states(&self, row: &str) -> orgtap_destination::Result<Vec<String>> {
            self.0.states(row).await
        }

        async fn begin(
            &self,
            table: &orgtap_destination::TableSpec,
        ) -> orgtap_destination::Result<Box<dyn orgtap_destination::TableLoad>> {
            self.0.begin(table).await
        }
    }

    let fixture = Fixture::demo(50).await;
    let adding = || Adding(Faulty::new(Arc::new(fixture.memory.clone()), FaultPlan::new()));
    let run = async |row: RowSpec| {
        let spec = orgtap_engine::RunSpec::new(vec![row]);
        crate::fixture::only(fixture.run_into(Arc::new(adding()), spec).await).outcome
    };

    let error = run(removing(object("Account"))).await.unwrap_err();
    let flagged = run(incremental(object("Account")).with_deleted(Deleted::Flag { is_demanded: false })).await;

    assert_eq!(error.to_string(), "could not take deleted records out of the table: this destination cannot do that");
    assert!(flagged.is_ok());
}
