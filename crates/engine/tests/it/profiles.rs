//! Orgs that differ from the plain one: what arrives is what the user may see, whichever API carries it.

use orgtap_emulator::{Org, OrgIdentity, Profile};
use orgtap_engine::{Api, RowSpec};

use crate::fixture::{Fixture, fields, incremental, object, with_deleted};
use crate::records::assert_same;

fn org() -> Org {
    let identity =
        OrgIdentity { currency: "EUR".to_owned(), time_zone: "Asia/Tokyo".to_owned(), ..OrgIdentity::default() };
    let builder = Org::builder().demo(2_500).identity(identity);
    Profile::ALL.iter().fold(builder, |builder, profile| builder.profile(*profile)).build()
}

/// Returns the objects that are read without a filter, and whether the Bulk API reads them.
fn readable(org: &Org) -> Vec<(String, bool)> {
    let objects = org.objects().into_iter().filter(|object| object.name != "ContentDocumentLink");
    objects.map(|object| (object.name.clone(), object.bulk_supported)).collect()
}

#[tokio::test]
async fn every_object_of_an_org_with_all_profiles_arrives_by_either_api() {
    let fixture = Fixture::of(org()).await;
    let objects = readable(&fixture.org);

    assert!(objects.len() > 20 && objects.iter().filter(|(_, in_bulk)| !in_bulk).count() >= 5, "{objects:?}");
    for (name, in_bulk) in &objects {
        let row = |api, table: &str| RowSpec { api, table: Some(table.to_owned()), ..object(name) };
        fixture.load(&row(Api::Rest, "rest")).await;
        fixture.load(&row(Api::Auto, "auto")).await;

        let truth = fixture.live(name);
        assert!(truth.len() > 0, "{name}");
        assert_same(&fixture.table("rest"), &truth);
        assert_same(&fixture.table("auto"), &truth);
        if *in_bulk {
            fixture.load(&row(Api::Bulk, "bulk")).await;
            assert_same(&fixture.table("bulk"), &truth);
        }
    }
}

#[tokio::test]
async fn deleted_and_archived_records_arrive_as_far_as_they_are_shared() {
    let fixture = Fixture::of(org()).await;
    for name in ["Account", "Contact", "Task", "Event", "Shipment__c"] {
        let row = |api, table: &str| RowSpec { api, table: Some(table.to_owned()), ..with_deleted(object(name)) };
        fixture.load(&row(Api::Bulk, "bulk")).await;
        fixture.load(&row(Api::Rest, "rest")).await;

        assert!(fixture.all(name).len() > fixture.live(name).len(), "{name}");
        assert_same(&fixture.table("bulk"), &fixture.all(name));
        assert_same(&fixture.table("rest"), &fixture.all(name));
    }
}

#[tokio::test]
async fn a_change_of_a_person_arrives_on_both_its_sides() {
    let fixture = Fixture::of(org()).await;
    let rows = ["Account", "Contact"].map(|name| incremental(object(name)));
    for row in &rows {
        fixture.load(row).await;
    }
    fixture.org.advance(std::time::Duration::from_secs(3600));
    let id = fixture.ids("SELECT Id FROM Account WHERE IsPersonAccount = true LIMIT 1")[0];
    fixture.org.update(id, fields([("LastName", "Renamed".into())])).unwrap();

    for row in &rows {
        fixture.load(row).await;
    }

    let name = |table: &str| {
        fixture.table(table).column("LastName").iter().filter(|name| name.as_deref() == Some("Renamed")).count()
    };
    assert_eq!((name("Account"), name("Contact")), (1, 1));
}
