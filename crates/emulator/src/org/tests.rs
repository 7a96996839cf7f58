//! How an org's records come about and change, seen through its public face.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Org;
use crate::id::Id;
use crate::object::FieldKind;
use crate::select::Scope;
use crate::value::Value;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn demo(records: u64) -> Org {
    Org::builder().seed(7).demo(records).build()
}

/// Returns the rows of a query as CSV text.
fn rows(org: &Org, soql: &str, scope: Scope) -> Vec<Vec<String>> {
    let selection = org.select(soql, scope).unwrap();
    let kinds: Vec<FieldKind> = selection.columns().iter().map(|column| column.kind).collect();
    let text = |row: Vec<Value>| row.iter().zip(&kinds).map(|(value, kind)| value.csv(*kind).into_owned()).collect();
    selection.page(0, u64::MAX).map(text).collect()
}

fn ids(org: &Org, soql: &str, scope: Scope) -> Vec<Id> {
    rows(org, soql, scope).iter().map(|row| row[0].parse().unwrap()).collect()
}

fn count(org: &Org, soql: &str, scope: Scope) -> u64 {
    org.select(soql, scope).unwrap().total()
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> BTreeMap<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_org_and_another_seed_another() {
    let all = "SELECT FIELDS(STANDARD) FROM Contact";
    let first = rows(&demo(2_000), all, Scope::All);

    assert_eq!(first, rows(&demo(2_000), all, Scope::All));
    assert_ne!(first, rows(&Org::builder().seed(8).demo(2_000).build(), all, Scope::All));
}

#[test]
fn a_demo_org_has_as_many_records_as_asked_for() {
    let org = demo(5_000);
    let total: u64 =
        org.objects().iter().map(|object| count(&org, &format!("SELECT Id FROM {}", object.name), Scope::All)).sum();

    // The org's record of itself comes on top.
    assert_eq!(total, 5_000 + 1);
}

#[test]
fn every_object_of_the_demo_is_described_as_a_real_org_describes_it() {
    let org = demo(0);
    let mut kinds = HashSet::new();
    for object in org.objects() {
        assert!(object.describe.get("urls").is_none());
        assert_eq!(object.describe["fields"][0]["name"], "Id", "{}", object.name);
        for (field, described) in object.fields.iter().zip(object.describe["fields"].as_array().unwrap()) {
            assert_eq!(described.as_object().unwrap().len(), 57, "{}.{}", object.name, field.name);
            let compound = field.compound.as_ref().map(|compound| object.field(compound));
            assert!(compound.is_none_or(|compound| compound.is_some()), "{}.{}", object.name, field.name);
        }
        if object.name == "Shipment__c" {
            kinds.extend(object.fields.iter().map(|field| field.kind));
        }
    }

    // All types but those that only setup objects have.
    assert_eq!(kinds.len(), 25, "{kinds:?}");
}

#[test]
fn references_of_live_records_lead_to_live_records() {
    let org = demo(3_000);
    for object in org.objects() {
        for field in object.fields.iter().filter(|field| field.kind == FieldKind::Reference) {
            let (object, name, relationship) = (&object.name, &field.name, field.relationship_name.as_ref().unwrap());
            let dangling = format!("SELECT Id FROM {object} WHERE {name} != null AND {relationship}.Id = null");
            assert_eq!(count(&org, &dangling, Scope::Live), 0, "{object}.{name}");
            if relationship != "MasterRecord" && object != "Task" && field.reference_to != ["User"] {
                let linked = format!("SELECT Id FROM {object} WHERE {name} != null");
                assert!(count(&org, &linked, Scope::Live) > 0, "{object}.{name}");
            }
        }
    }
}

#[test]
fn some_records_are_deleted_and_some_tasks_archived() {
    let org = demo(20_000);
    let table = [
        ("SELECT Id FROM Account WHERE IsDeleted = true", Scope::All, true),
        ("SELECT Id FROM Account WHERE IsDeleted = true", Scope::Live, false),
        ("SELECT Id FROM Contact WHERE MasterRecordId != null", Scope::All, true),
        ("SELECT Id FROM Task WHERE IsArchived = true", Scope::All, true),
        ("SELECT Id FROM Task WHERE IsArchived = true", Scope::Live, false),
        ("SELECT Id FROM Task WHERE IsArchived = true ALL ROWS", Scope::Live, true),
    ];
    for (soql, scope, some) in table {
        assert_eq!(count(&org, soql, scope) > 0, some, "{soql}");
    }
    let live = count(&org, "SELECT Id FROM Task", Scope::Live);
    assert_eq!(org.record_count("task"), Some(live));
    assert!(live < count(&org, "SELECT Id FROM Task", Scope::All));
}

#[test]
fn the_user_that_signs_in_is_a_user_of_the_org() {
    let org = demo(500);
    let identity = org.identity();
    let soql = format!("SELECT Id, Name, IsActive FROM User WHERE Username = '{}'", identity.username);

    let user = [identity.user_id.to_string(), identity.user_name.clone(), "true".to_owned()];
    assert_eq!(rows(&org, &soql, Scope::Live), [user]);
}

#[test]
fn long_texts_fill_their_field_and_no_value_is_longer_than_its_field() {
    let org = demo(60_000);
    let object = org.object("Shipment__c").unwrap();
    let mut longest = 0;
    let names: Vec<&str> =
        object.fields.iter().filter(|field| field.length > 0).map(|field| field.name.as_str()).collect();
    let selection = org.select(&format!("SELECT {} FROM Shipment__c", names.join(", ")), Scope::All).unwrap();
    for values in selection.page(0, u64::MAX) {
        for (value, column) in values.iter().zip(selection.columns()) {
            let Value::Text(text) = value else { continue };
            let length = text.chars().count() as u64;
            assert!(length <= object.field(&column.name).unwrap().length, "{}", column.name);
            longest = longest.max(length);
        }
    }

    assert_eq!(longest, 131_072);
}

#[test]
fn a_new_record_is_complete_and_comes_after_the_others() {
    let org = demo(500);
    org.advance(Duration::from_millis(1_500));
    let id = org.insert("contact", fields([("LASTNAME", "Nová".into()), ("FirstName", "Eva".into())])).unwrap();

    let last = ids(&org, "SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1", Scope::Live);
    let soql =
        format!("SELECT Name, IsDeleted, CreatedDate, SystemModstamp, Owner.Username FROM Contact WHERE Id = '{id}'");
    let row = rows(&org, &soql, Scope::Live).remove(0);

    assert_eq!(last, [id]);
    assert_eq!(row[..4], ["Eva Nová", "false", "2024-06-01T12:00:01.000Z", "2024-06-01T12:00:01.000Z"]);
    assert!(row[4].ends_with("@example.com"));
}

#[test]
fn changes_are_stamped_and_formulas_are_not() {
    let org = demo(2_000);
    let id = ids(&org, "SELECT Id FROM Shipment__c LIMIT 1", Scope::Live)[0];
    let stamp =
        format!("SELECT SystemModstamp, LastModifiedDate, Summary__c, Goods__c FROM Shipment__c WHERE Id = '{id}'");
    let before = rows(&org, &stamp, Scope::Live).remove(0);

    org.update(id, fields([("Summary__c", "recalculated".into())])).unwrap();
    let formula = rows(&org, &stamp, Scope::Live).remove(0);
    org.update(id, fields([("Goods__c", "chairs".into())])).unwrap();
    let changed = rows(&org, &stamp, Scope::Live).remove(0);

    assert_eq!((&formula[..2], formula[2].as_str()), (&before[..2], "recalculated"));
    assert_eq!(changed, ["2024-06-01T12:00:00.000Z", "2024-06-01T12:00:00.000Z", "recalculated", "chairs"]);
}

#[test]
fn refused_changes_are_refused_in_salesforce_s_words() {
    let org = demo(500);
    let account = ids(&org, "SELECT Id FROM Account LIMIT 1", Scope::Live)[0];
    let unknown = Id::of(*b"001", *b"zzz", 1);
    let refused = |result: Result<(), crate::ChangeError>| result.unwrap_err().to_string();
    let insert = |object: &str, values: BTreeMap<String, Value>| refused(org.insert(object, values).map(drop));

    let table = [
        (insert("Nope", fields([])), "NOT_FOUND: The requested resource does not exist"),
        (insert("Account", fields([])), "REQUIRED_FIELD_MISSING: Required fields are missing: [Name]"),
        (
            insert("Account", fields([("X__c", Value::Null)])),
            "INVALID_FIELD: No such column 'X__c' on sobject of type Account",
        ),
        (
            refused(org.update(account, fields([("AnnualRevenue", "much".into())]))),
            "INVALID_TYPE_ON_FIELD_IN_RECORD: Annual Revenue: value not of required type: much",
        ),
        (
            refused(org.update(account, fields([("Sic", "x".repeat(21).into())]))),
            "STRING_TOO_LONG: SIC Code: data value too large: xxxxxxxxxxxxxxxxxxxxx (max length=20)",
        ),
        (refused(org.delete(unknown)), "NOT_FOUND: The requested resource does not exist"),
        (refused(org.undelete(account)), "UNDELETE_FAILED: Entity is not in the recycle bin"),
        (refused(org.merge(account, &[account])), &format!("MALFORMED_ID: bad id in recordsToMerge: {account}")),
    ];
    for (message, expected) in table {
        assert_eq!(message, expected);
    }
    org.delete(account).unwrap();
    assert_eq!(refused(org.update(account, fields([]))), "ENTITY_IS_DELETED: entity is deleted");
}

#[test]
fn a_deleted_record_takes_its_details_along_and_brings_them_back() {
    let org = demo(5_000);
    let history = |id: &str| format!("SELECT Id FROM AccountHistory WHERE AccountId = '{id}'");
    let account =
        rows(&org, "SELECT AccountId FROM Contact WHERE AccountId != null LIMIT 1", Scope::Live).remove(0).remove(0);
    let contacts = format!("SELECT Id FROM Contact WHERE AccountId = '{account}'");
    let cases = format!("SELECT Id FROM Case WHERE AccountId = '{account}'");
    let (details, others) = (count(&org, &contacts, Scope::Live), count(&org, &cases, Scope::Live));
    let id: Id = account.parse().unwrap();

    org.delete(id).unwrap();
    let deleted =
        (count(&org, &contacts, Scope::Live), count(&org, &contacts, Scope::All), count(&org, &cases, Scope::Live));
    org.advance(MINUTE);
    org.undelete(id).unwrap();

    assert!(details > 0);
    assert_eq!((deleted.0, deleted.2), (0, others));
    assert!(deleted.1 >= details);
    assert_eq!(count(&org, &contacts, Scope::Live), details);
    assert_eq!(count(&org, &history(&account), Scope::Live), count(&org, &history(&account), Scope::All));
}

#[test]
fn the_losers_of_a_merge_name_the_winner_and_their_children_move_over() {
    let org = demo(5_000);
    let accounts: Vec<Id> = rows(&org, "SELECT AccountId FROM Contact WHERE AccountId != null LIMIT 2", Scope::Live)
        .iter()
        .map(|row| row[0].parse().unwrap())
        .collect();
    let [master, loser] = accounts[..] else { panic!("two contacts have accounts") };
    let children = |id: Id| format!("SELECT Id FROM Contact WHERE AccountId = '{id}'");
    let before = count(&org, &children(master), Scope::Live) + count(&org, &children(loser), Scope::Live);

    org.merge(master, &[loser]).unwrap();

    let row = format!("SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'");
    assert_eq!(rows(&org, &row, Scope::All), [["true".to_owned(), master.to_string()]]);
    assert_eq!(count(&org, &row, Scope::Live), 0);
    assert_eq!(count(&org, &children(master), Scope::Live), before);
    assert_eq!(count(&org, &children(loser), Scope::Live), 0);
}

#[test]
fn the_winner_of_a_merge_never_becomes_its_own_parent() {
    let org = demo(500);
    let parent = org.insert("Account", fields([("Name", "p".into())])).unwrap();
    let child = org.insert("Account", fields([("Name", "c".into()), ("ParentId", parent.into())])).unwrap();

    org.merge(child, &[parent]).unwrap();

    assert_eq!(
        rows(&org, &format!("SELECT ParentId, Name FROM Account WHERE Id = '{child}'"), Scope::Live),
        [["", "c"]]
    );
}

#[test]
fn a_name_is_composed_only_when_a_part_of_it_changes() {
    let org = demo(500);
    let id = org.insert("Contact", fields([("LastName", "Nová".into())])).unwrap();
    let name = format!("SELECT Name FROM Contact WHERE Id = '{id}'");

    org.update(id, fields([("Name", "given".into()), ("Title", "CEO".into())])).unwrap();
    let given = rows(&org, &name, Scope::Live);
    org.update(id, fields([("FirstName", "Eva".into())])).unwrap();

    assert_eq!(
        (given, rows(&org, &name, Scope::Live)),
        (vec![vec!["given".to_owned()]], vec![vec!["Eva Nová".to_owned()]])
    );
}

#[test]
fn a_purged_record_is_gone_but_still_reported_as_deleted() {
    let org = demo(500);
    let start = org.now();
    let id = ids(&org, "SELECT Id FROM Case LIMIT 1", Scope::Live)[0];
    let all = format!("SELECT Id FROM Case WHERE Id = '{id}'");
    let total = count(&org, "SELECT Id FROM Case", Scope::All);

    org.delete(id).unwrap();
    let in_bin = count(&org, &all, Scope::All);
    org.purge(id).unwrap();
    org.advance(MINUTE * 5);

    let deleted = org.deleted("Case", start, org.now()).unwrap();
    assert_eq!((in_bin, count(&org, &all, Scope::All)), (1, 0));
    assert_eq!(count(&org, "SELECT Id FROM Case", Scope::All), total - 1);
    assert_eq!(deleted.records.iter().map(|record| (record.id, record.deleted_at)).collect::<Vec<_>>(), [(id, start)]);
    assert_eq!(deleted.latest_date_covered, org.now());
    assert!(org.undelete(id).is_err());
}

#[test]
fn the_recycle_bin_keeps_records_for_fifteen_days() {
    let org = demo(500);
    let id = ids(&org, "SELECT Id FROM Case LIMIT 1", Scope::Live)[0];
    org.delete(id).unwrap();
    let all = format!("SELECT Id FROM Case WHERE Id = '{id}'");

    org.advance(DAY * 15 - MINUTE);
    let kept = count(&org, &all, Scope::All);
    org.advance(MINUTE);

    assert_eq!((kept, count(&org, &all, Scope::All)), (1, 0));
    assert!(org.undelete(id).is_err());
}

#[test]
fn a_late_commit_shows_an_old_stamp_and_holds_back_what_is_covered() {
    let org = Org::builder().demo(500).commit_delay(MINUTE * 4).build();
    let start = org.now();
    let id = org.insert("Account", fields([("Name", "Late Ltd".into())])).unwrap();
    org.advance(MINUTE * 3);
    let open = org.updated("Account", start, org.now()).unwrap();
    let unseen = count(&org, "SELECT Id FROM Account WHERE Name = 'Late Ltd'", Scope::All);
    org.advance(MINUTE);
    let done = org.updated("Account", start, org.now()).unwrap();
    let seen = rows(&org, "SELECT SystemModstamp FROM Account WHERE Name = 'Late Ltd'", Scope::Live);

    assert_eq!((open.ids, open.latest_date_covered, unseen), (vec![], start, 0));
    assert_eq!((done.ids, done.latest_date_covered), (vec![id], org.now()));
    assert_eq!(seen, [["2024-06-01T12:00:00.000Z"]]);
}

#[test]
fn a_change_never_overtakes_one_that_is_still_open() {
    let org = Org::builder().demo(500).commit_delay(MINUTE * 2).build();
    let id = org.insert("Account", fields([("Name", "slow".into())])).unwrap();
    org.set_commit_delay(Duration::ZERO);
    org.update(id, fields([("Name", "quick".into())])).unwrap();
    let name = format!("SELECT Name FROM Account WHERE Id = '{id}'");

    let open = rows(&org, &name, Scope::Live);
    org.advance(MINUTE * 2);
    let done = rows(&org, &name, Scope::Live);
    org.update(id, fields([("Name", "next".into())])).unwrap();

    assert_eq!((open, done), (vec![], vec![vec!["quick".to_owned()]]));
    assert_eq!(rows(&org, &name, Scope::Live), [["next"]]);
}

#[test]
fn late_commits_follow_each_other_on_the_same_record() {
    let org = Org::builder().demo(500).commit_delay(MINUTE * 2).build();
    let id = org.insert("Account", fields([("Name", "one".into())])).unwrap();
    org.advance(MINUTE);
    org.update(id, fields([("Name", "two".into())])).unwrap();
    let name = format!("SELECT Name FROM Account WHERE Id = '{id}'");

    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(rows(&org, &name, Scope::Live));
        org.advance(MINUTE);
    }

    assert_eq!(seen, [vec![], vec![vec!["one".to_owned()]], vec![vec!["two".to_owned()]]]);
}

#[test]
fn a_selection_never_changes() {
    let org = demo(2_000);
    let soql = "SELECT Id, Name, Owner.Name, Account.Name FROM Contact";
    let fixed = org.select(soql, Scope::Live).unwrap();
    let before: Vec<_> = fixed.page(0, 50).collect();
    for row in &before {
        org.delete(row[0].as_id().unwrap()).unwrap();
    }
    org.insert("Contact", fields([("LastName", "New".into())])).unwrap();
    org.advance(DAY * 400);

    assert_eq!(fixed.page(0, 50).collect::<Vec<_>>(), before);
    assert_eq!(fixed.page(50, u64::MAX).count() as u64 + 50, fixed.total());
    assert_eq!(org.select(soql, Scope::Live).unwrap().total(), fixed.total() - 49);
}

#[test]
fn updated_covers_whole_minutes_and_leaves_deleted_records_out() {
    let org = demo(500);
    let start = org.now();
    let id = org.insert("Account", fields([("Name", "a".into())])).unwrap();
    org.advance(Duration::from_secs(90));
    let later = org.insert("Account", fields([("Name", "b".into())])).unwrap();
    let gone = org.insert("Account", fields([("Name", "c".into())])).unwrap();
    org.delete(gone).unwrap();
    org.advance(MINUTE);

    let first = org.updated("account", start, at("2024-06-01T12:01:59Z")).unwrap();
    let second = org.updated("account", first.latest_date_covered, at("2024-06-01T12:02:00Z")).unwrap();

    assert_eq!((first.ids, first.latest_date_covered), (vec![id], at("2024-06-01T12:01:00Z")));
    assert_eq!(second.ids, [later]);
}

#[test]
fn windows_that_the_org_cannot_answer_for_are_refused() {
    let org = demo(10);
    let now = org.now();
    let ago = |days: u32| crate::clock::earlier(now, DAY * days);
    let code = |result: Result<(), crate::QueryError>| result.map_err(|error| error.code);

    let table = [
        (code(org.updated("Account", now, now).map(drop)), Err("INVALID_REPLICATION_DATE")),
        (code(org.updated("Account", ago(30), now).map(drop)), Ok(())),
        (code(org.updated("Account", ago(31), now).map(drop)), Err("INVALID_REPLICATION_DATE")),
        (code(org.deleted("Account", ago(15), now).map(drop)), Ok(())),
        (code(org.deleted("Account", ago(16), now).map(drop)), Err("INVALID_REPLICATION_DATE")),
        (
            code(org.deleted("Account", crate::clock::earlier(now, MINUTE), now).map(drop)),
            Err("INVALID_REPLICATION_DATE"),
        ),
        (code(org.updated("Nope", ago(1), now).map(drop)), Err("NOT_FOUND")),
    ];
    for (at, (result, expected)) in table.into_iter().enumerate() {
        assert_eq!(result, expected, "row {at}");
    }
}

#[test]
fn records_deleted_before_the_org_began_are_reported_too() {
    let org = demo(20_000);
    let start = crate::clock::earlier(org.now(), DAY * 15);

    let deleted = org.deleted("Contact", start, org.now()).unwrap();

    assert_eq!(deleted.records.len() as u64, count(&org, "SELECT Id FROM Contact WHERE IsDeleted = true", Scope::All));
}

#[test]
fn stamps_have_whole_seconds_whatever_the_clock_reads() {
    let org = Org::builder().demo(500).starts_at(at("2026-03-01T12:00:00.987Z")).build();
    let id = org.insert("Account", fields([("Name", "A".into())])).unwrap();
    let soql = format!("SELECT CreatedDate, LastModifiedDate, SystemModstamp FROM Account WHERE Id = '{id}'");

    assert_eq!(rows(&org, &soql, Scope::Live)[0], ["2026-03-01T12:00:00.000Z"; 3]);
    org.advance(Duration::from_millis(999));
    org.update(id, fields([("Name", "B".into())])).unwrap();
    let stamps = rows(&org, &soql, Scope::Live).remove(0);
    assert_eq!(stamps, ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:01.000Z", "2026-03-01T12:00:01.000Z"]);
}

#[test]
fn new_ids_follow_each_other_in_base_62_with_their_checksum() {
    let org = demo(500);
    let new = || org.insert("Account", fields([("Name", "A".into())])).unwrap().to_string();
    let ids: Vec<String> = (0..200).map(|_| new()).collect();

    assert!(ids.is_sorted());
    assert!(ids.iter().all(|id| id.len() == 18 && id.parse::<Id>().is_ok_and(|parsed| parsed.to_string() == *id)));
    // The checksum tells which letters are capitals: the same letters in another case are no id.
    let capital = ids.iter().find(|id| id.get(..15).unwrap().chars().any(|char| char.is_ascii_uppercase())).unwrap();
    let wrong = format!("{}{}", capital.get(..15).unwrap().to_lowercase(), capital.get(15..).unwrap());
    assert!(wrong.parse::<Id>().is_err(), "{wrong}");
}
