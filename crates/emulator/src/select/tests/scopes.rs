//! USING and WITH: which records are asked about beside what WHERE says.

use std::fs;

use super::rows;
use crate::error::QueryError;
use crate::org::{Org, OrgIdentity};
use crate::select::Scope;

const DESCRIBES: &str = r#"[
    {"name":"Account","keyPrefix":"001","fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"},
        {"name":"OwnerId","type":"reference","referenceTo":["User"],"relationshipName":"Owner"}]},
    {"name":"AccountTeamMember","keyPrefix":"01M","fields":[{"name":"Id","type":"id"},
        {"name":"AccountId","type":"reference","referenceTo":["Account"],"relationshipName":"Account"},
        {"name":"UserId","type":"reference","referenceTo":["User"],"relationshipName":"User"}]},
    {"name":"Lead","keyPrefix":"00Q","labelPlural":"Leads","fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"},
        {"name":"OwnerId","type":"reference","referenceTo":["Group","User"],"relationshipName":"Owner"},
        {"name":"AccountId","type":"reference","referenceTo":["Account"],"relationshipName":"Account"},
        {"name":"PartnerId","type":"reference","referenceTo":["Account"],"relationshipName":"Partner",
         "filteredLookupInfo":{"controllingFields":[],"dependent":false,"optionalFilter":false}}]},
    {"name":"Task","keyPrefix":"00T","fields":[{"name":"Id","type":"id"},{"name":"Subject","type":"string"},
        {"name":"OwnerId","type":"reference","referenceTo":["User"],"relationshipName":"Owner"},
        {"name":"CreatedById","type":"reference","referenceTo":["User"],"relationshipName":"CreatedBy"}]},
    {"name":"Campaign","keyPrefix":"701","supportedScopes":[{"label":"a","name":"all_active_campaigns"},
        {"label":"b","name":"my_active_campaigns"},{"label":"c","name":"my_territory"},{"label":"d","name":"scopingRule"},
        {"label":"e","name":"single_entity_scope"}],
     "fields":[{"name":"Id","type":"id"},{"name":"Name","type":"string"},{"name":"IsActive","type":"boolean"},
        {"name":"OwnerId","type":"reference","referenceTo":["User"],"relationshipName":"Owner"}]},
    {"name":"Faq__kav","keyPrefix":"ka0","fields":[{"name":"Id","type":"id"},{"name":"Title","type":"string"}]},
    {"name":"Faq__DataCategorySelection","keyPrefix":"02o","fields":[{"name":"Id","type":"id"},
        {"name":"ParentId","type":"reference","referenceTo":["Faq__kav"],"relationshipName":"Parent"},
        {"name":"DataCategoryGroupName","type":"string"},{"name":"DataCategoryName","type":"string"}]},
    {"name":"Howto__kav","keyPrefix":"ka1","fields":[{"name":"Id","type":"id"},{"name":"Title","type":"string"}]}
]"#;

const RECORDS: [(&str, &str); 8] = [
    (
        "Account",
        "Id,Name,OwnerId\n001000000000001AAA,mine,005000000000001AAA\n001000000000002AAA,the team's,005000000000002AAA\n",
    ),
    ("AccountTeamMember", "Id,AccountId,UserId\n01M000000000001EAA,001000000000002AAA,005000000000001AAA\n"),
    (
        "Lead",
        "Id,Name,OwnerId\n00Q000000000001EAA,queued,00G000000000001EAA\n00Q000000000002EAA,owned,005000000000002AAA\n00Q000000000003EAA,nobody's,\n",
    ),
    (
        "Task",
        "Id,Subject,OwnerId,CreatedById\n00T000000000001EAA,delegated,005000000000002AAA,005000000000001AAA\n\
        00T000000000002EAA,mine,005000000000001AAA,005000000000001AAA\n00T000000000003EAA,theirs,005000000000002AAA,005000000000002AAA\n",
    ),
    (
        "Campaign",
        "Id,Name,IsActive,OwnerId\n701000000000001AAA,on,true,005000000000001AAA\n\
        701000000000002AAA,theirs,true,005000000000002AAA\n701000000000003AAA,off,false,005000000000001AAA\n",
    ),
    ("Faq__kav", "Id,Title\nka0000000000001AAA,Prague\nka0000000000002AAA,Oslo\nka0000000000003AAA,new in Prague\n"),
    (
        "Faq__DataCategorySelection",
        "Id,ParentId,DataCategoryGroupName,DataCategoryName\n02o000000000001AAA,ka0000000000001AAA,Place,Czechia\n\
        02o000000000002AAA,ka0000000000002AAA,Place,Norway\n02o000000000003AAA,ka0000000000003AAA,Place,Czechia\n\
        02o000000000004AAA,ka0000000000003AAA,State,New\n",
    ),
    ("Howto__kav", "Id,Title\nka1000000000001AAA,Sew\n"),
];

/// An org in which every scope has records that it shows and records that it hides.
fn org() -> Org {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("describes.json"), DESCRIBES).unwrap();
    for (object, records) in RECORDS {
        fs::write(folder.path().join(format!("{object}.csv")), records).unwrap();
    }
    let identity = OrgIdentity { user_id: "005000000000001AAA".parse().unwrap(), ..OrgIdentity::default() };
    let mut builder = Org::builder().identity(identity).starts_at("2024-06-01T12:00:00Z".parse().unwrap());
    let report = builder.import(folder.path()).unwrap();
    assert!(report.skipped.is_empty() && report.notes.is_empty(), "{report:?}");
    builder.build()
}

fn assert_rows(table: &[(&str, &[&str])]) {
    let org = org();
    for (soql, expected) in table {
        let selection = org.select(soql, Scope::Live).unwrap_or_else(|error| panic!("{soql}: {error}"));
        assert_eq!(rows(&selection), *expected, "{soql}");
    }
}

#[test]
fn a_scope_shows_what_its_label_says() {
    assert_rows(&[
        ("SELECT Name FROM Account USING SCOPE everything", &["mine", "the team's"]),
        ("SELECT Name FROM Account USING SCOPE mine", &["mine"]),
        ("SELECT Name FROM Account USING SCOPE Mine WHERE Name = 'mine' OR Name = 'the team\\'s'", &["mine"]),
        ("SELECT Name FROM Account USING SCOPE team", &["the team's"]),
        ("SELECT COUNT(Id) FROM Account USING SCOPE team", &["1"]),
        ("SELECT Name FROM Lead USING SCOPE team", &[]),
        ("SELECT Name FROM Lead USING SCOPE queue_owned", &["queued"]),
        ("SELECT Name FROM Lead USING SCOPE user_owned", &["owned"]),
        ("SELECT Subject FROM Task USING SCOPE delegated", &["delegated"]),
        ("SELECT Name FROM Campaign USING SCOPE all_active_campaigns", &["on", "theirs"]),
        ("SELECT Name FROM Campaign USING SCOPE my_active_campaigns", &["on"]),
        ("SELECT Name FROM Campaign USING SCOPE scopingRule", &["on", "theirs", "off"]),
        ("SELECT Name FROM Campaign USING SCOPE my_territory", &[]),
    ]);
}

#[test]
fn a_lookup_without_a_filter_offers_all_records() {
    assert_rows(&[
        ("SELECT Name FROM Account USING LOOKUP Lead.AccountId", &["mine", "the team's"]),
        ("SELECT Name FROM Account USING LOOKUP lead.accountid BIND Name = 'x' WHERE Name = 'mine'", &["mine"]),
    ]);
}

#[test]
fn a_data_category_shows_the_articles_that_are_in_it() {
    assert_rows(&[
        ("SELECT Title FROM Faq__kav WITH DATA CATEGORY Place__c AT Norway__c", &["Oslo"]),
        (
            "SELECT Title FROM Faq__kav WITH DATA CATEGORY Place__c AT (Norway__c, Czechia__c)",
            &["Prague", "Oslo", "new in Prague"],
        ),
        (
            "SELECT Title FROM Faq__kav WITH DATA CATEGORY Place__c AT Czechia__c AND State__c AT New__c",
            &["new in Prague"],
        ),
        ("SELECT Title FROM Howto__kav WITH DATA CATEGORY Place__c AT Norway__c", &[]),
        ("SELECT Title FROM Howto__kav UPDATE VIEWSTAT", &["Sew"]),
    ]);
}

#[test]
fn what_the_org_cannot_tell_is_refused() {
    let not_evaluated = |what: &str| format!("the emulator does not evaluate {what}");
    let cases = [
        (
            "SELECT Id FROM Campaign USING SCOPE mine",
            "INVALID_QUERY_SCOPE",
            "The scope 'mine' is not supported for entity 'Campaign'".to_owned(),
        ),
        (
            "SELECT Id FROM Account USING SCOPE nonsense",
            "INVALID_QUERY_SCOPE",
            "The scope 'nonsense' is not supported for entity 'Account'".to_owned(),
        ),
        (
            "SELECT Id FROM Campaign USING SCOPE single_entity_scope",
            "FUNCTIONALITY_NOT_ENABLED",
            not_evaluated("the scope single_entity_scope"),
        ),
        (
            "SELECT Id FROM Account USING LOOKUP Lead.PartnerId",
            "FUNCTIONALITY_NOT_ENABLED",
            not_evaluated("the filter of a lookup"),
        ),
        (
            "SELECT Id FROM Lead USING LOOKUP Lead.AccountId",
            "MALFORMED_QUERY",
            "Lead.AccountId is not a lookup of entity 'Lead'".to_owned(),
        ),
        (
            "SELECT Id FROM Faq__kav WITH DATA CATEGORY Place__c BELOW Norway__c",
            "FUNCTIONALITY_NOT_ENABLED",
            not_evaluated("categories above and below others"),
        ),
        (
            "SELECT Id FROM Account WITH DATA CATEGORY Place__c AT Norway__c",
            "MALFORMED_QUERY",
            "WITH DATA CATEGORY is only allowed for articles and questions".to_owned(),
        ),
    ];
    let org = org();
    for (soql, code, message) in cases {
        let QueryError { code: found, message: text } = org.select(soql, Scope::Live).unwrap_err();
        assert_eq!((found, text.lines().last().unwrap_or_default()), (code, message.as_str()), "{soql}");
    }
    for (soql, code, begin) in [
        ("SELECT Id FROM Account USING LOOKUP Nope.AccountId", "INVALID_TYPE", "sObject type 'Nope' is not supported."),
        ("SELECT Id FROM Account USING LOOKUP Lead.Nope", "INVALID_FIELD", "No such column 'Nope' on entity 'Lead'."),
        (
            "SELECT Id FROM Account USING LOOKUP Lead.AccountId BIND Nope = 'x'",
            "INVALID_FIELD",
            "No such column 'Nope' on entity 'Lead'.",
        ),
    ] {
        let QueryError { code: found, message: text } = org.select(soql, Scope::Live).unwrap_err();
        assert!(found == code && text.lines().last().is_some_and(|line| line.starts_with(begin)), "{soql}: {text}");
    }
}

#[test]
fn a_describe_names_the_scopes_of_what_can_be_owned() {
    let org = org();
    let scopes = |object: &str| {
        let object = org.object(object).unwrap();
        let scopes = object.describe["supportedScopes"].as_array().unwrap();
        let pairs = scopes
            .iter()
            .map(|scope| format!("{}={}", scope["name"].as_str().unwrap(), scope["label"].as_str().unwrap()));
        pairs.collect::<Vec<_>>().join(", ")
    };

    let leads = "everything=All leads, mine=My leads, queue_owned=Queue owned leads, team=My team's leads, user_owned=User owned leads";
    assert_eq!(scopes("Lead"), leads);
    assert_eq!(
        scopes("Task"),
        "delegated=My delegated tasks, everything=All tasks, mine=My tasks, team=My team's tasks"
    );
    assert_eq!(scopes("AccountTeamMember"), "everything=All accountteammembers");
}
