//! The columns of a row: types from the describes, names as Salesforce spells them, for objects and for queries.

use orgtap_destination::ColumnType;
use orgtap_engine::Plan;

use crate::fixture::{Fixture, object, soql};

fn types(plan: &Plan) -> Vec<(&str, ColumnType)> {
    plan.table.columns.iter().map(|column| (column.name.as_str(), column.column_type)).collect()
}

#[tokio::test]
async fn the_columns_of_an_object_are_typed_by_its_describe() {
    let fixture = Fixture::demo(100).await;

    let plan = fixture.plan(&object("Shipment__c")).await.unwrap();

    let types = types(&plan);
    let expected = [
        ("Id", ColumnType::Text),
        ("IsDeleted", ColumnType::Boolean),
        ("Account__c", ColumnType::Text),
        ("Status__c", ColumnType::Text),
        ("Handling__c", ColumnType::Text),
        ("Reading__c", ColumnType::Text),
        ("Value__c", ColumnType::Float),
        ("Discount__c", ColumnType::Float),
        ("Weight__c", ColumnType::Float),
        ("Stops__c", ColumnType::Integer),
        ("Barcode__c", ColumnType::Integer),
        ("Due__c", ColumnType::Date),
        ("Loaded_At__c", ColumnType::DateTime),
        ("Dock_Opens__c", ColumnType::Time),
    ];
    for column in expected {
        assert!(types.contains(&column), "{column:?} in {types:?}");
    }
    let left_out: Vec<_> = plan.left_out.iter().map(|left_out| left_out.field.as_str()).collect();
    assert_eq!(left_out, ["Label__c", "Door__c", "Position__c"]);
}

#[tokio::test]
async fn parent_paths_are_typed_through_the_describes_of_the_parents() {
    let fixture = Fixture::demo(100).await;
    let query = "SELECT id, account.NAME, Account.AnnualRevenue, account.parent.owner.isactive, \
                 reportsTo.Account.CreatedDate, ACCOUNT.SLAExpirationDate__C FROM contact";

    let plan = fixture.plan(&soql(query)).await.unwrap();

    let expected = [
        ("Id", ColumnType::Text),
        ("Account.Name", ColumnType::Text),
        ("Account.AnnualRevenue", ColumnType::Float),
        ("Account.Parent.Owner.IsActive", ColumnType::Boolean),
        ("ReportsTo.Account.CreatedDate", ColumnType::DateTime),
        ("Account.SLAExpirationDate__c", ColumnType::Date),
    ];
    assert_eq!(types(&plan), expected);
    assert_eq!((plan.object.as_str(), plan.table.name.as_str()), ("Contact", "Contact"));
    let nullable: Vec<_> = plan.table.columns.iter().map(|column| column.is_nullable).collect();
    assert_eq!(nullable, [false, true, true, true, true, true], "without a parent its fields are null");
}

#[tokio::test]
async fn polymorphic_parents_show_the_fields_that_all_of_them_have() {
    let fixture = Fixture::demo(100).await;

    let plan = fixture.plan(&soql("SELECT Id, Owner.Name, Who.Name, What.Name, What.Type FROM Task")).await.unwrap();

    let text = |name| (name, ColumnType::Text);
    assert_eq!(types(&plan), [text("Id"), text("Owner.Name"), text("Who.Name"), text("What.Name"), text("What.Type")]);
}

#[tokio::test]
async fn a_label_is_text_whatever_its_field_is() {
    let fixture = Fixture::demo(100).await;

    let plan = fixture.plan(&soql("SELECT Id, toLabel(Status), format(CreatedDate) Made FROM Case")).await.unwrap();

    let text = |name| (name, ColumnType::Text);
    assert_eq!(types(&plan), [text("Id"), text("Status"), text("Made")]);
}
