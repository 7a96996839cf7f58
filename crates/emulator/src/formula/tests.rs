//! What formulas come to, each as a field of one record.

use serde_json::json;

use crate::org::Org;
use crate::select::Scope;

/// Makes an org with a record that has such a formula, and returns what the API shows of it as text.
fn computed(kind: &str, formula: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let field = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let describe = json!({"name": "Thing__c", "keyPrefix": "a00", "fields": [
        field("Id", "id"), field("Name", "string"), field("Number__c", "double"), field("None__c", "double"),
        field("Share__c", "percent"), field("Day__c", "date"), field("At__c", "datetime"), field("Word__c", "picklist"),
        field("Flag__c", "boolean"),
        {"name": "Parent__c", "type": "reference", "referenceTo": ["Thing__c"], "relationshipName": "Parent__r"},
        {"name": "F__c", "type": kind, "calculated": true, "calculatedFormula": formula},
    ]});
    let csv = "Id,Name,Number__c,Share__c,Day__c,At__c,Word__c,Flag__c,Parent__c\n\
               a00000000000001AAA,one,7,50,2024-01-31,2024-01-31T23:30:00Z,red,true,a00000000000002AAA\n\
               a00000000000002AAA,two,3,10,2023-01-01,2023-01-01T00:00:00Z,blue,false,\n";
    std::fs::write(folder.path().join("Thing__c.json"), describe.to_string()).unwrap();
    std::fs::write(folder.path().join("Thing__c.csv"), csv).unwrap();
    let mut builder = Org::builder();
    builder.import(folder.path()).unwrap();
    let org = builder.build();
    let selection = org.select("SELECT F__c FROM Thing__c WHERE Name = 'one'", Scope::Live).unwrap();
    let row = selection.records(0, 1).next().unwrap();
    row.values[0].csv(selection.columns()[0].kind).into_owned()
}

#[test]
fn formulas_compute_as_salesforce_does() {
    let cases = [
        ("double", "1 + 2 * 3 ^ 2 - -4 / 2", "21.0"),
        ("double", "(Number__c - 1) * 2", "12.0"),
        ("double", "Number__c / 0", ""),
        ("double", "None__c + 1", ""),
        ("double", "BLANKVALUE(None__c, 4) + 1", "5.0"),
        // A percentage is computed with as a share, and shown as a percentage again.
        ("double", "Number__c * Share__c", "3.5"),
        ("percent", "Share__c / 2", "25.0"),
        ("double", "ROUND(2.345, 2) + FLOOR(1.9) + CEILING(1.1) + ABS(-1) + MAX(1, 3, 2) + MOD(-7, 3)", "11.35"),
        ("double", "LEN('four') + FIND('b', 'abc') + VALUE('2.5')", "8.5"),
        ("string", "Name & ' / ' & TEXT(Number__c) & \"/\" & TEXT(Word__c)", "one / 7/red"),
        ("string", "UPPER(LEFT(Name, 2)) + MID('abcdef', 2, 3) + RIGHT(Name, 1) + LPAD('7', 3, '0')", "ONbcde007"),
        ("string", "SUBSTITUTE(Name, 'one', 'another') /* a comment */", "another"),
        ("string", "CASE(Word__c, 'blue', 'B', 'red', 'R', '?') & IF(ISPICKVAL(Word__c, 'red'), '!', '.')", "R!"),
        ("string", "Parent__r.Name & ' of ' & TEXT(Parent__r.Parent__r.Name)", "two of "),
        ("boolean", "AND(Flag__c, NOT(Parent__r.Flag__c)) && (Number__c > 6 || FALSE)", "true"),
        ("boolean", "ISBLANK(None__c) && !ISBLANK(Name) && Name <> 'two' && CONTAINS(Name, 'n')", "true"),
        ("boolean", "Name = 'ONE'", "false"),
        ("date", "Day__c + 1", "2024-02-01"),
        ("date", "ADDMONTHS(Day__c, 1)", "2024-02-29"),
        ("date", "DATE(YEAR(Day__c), MONTH(Day__c), 1)", "2024-01-01"),
        ("double", "Day__c - Parent__r.Day__c", "395.0"),
        ("datetime", "At__c + 0.5", "2024-02-01T11:30:00.000Z"),
        // The org's clock stands at 2024-06-01T12:00:00Z, and its user lives in Los Angeles: what ends a day in UTC does not there.
        ("date", "TODAY()", "2024-06-01"),
        ("datetime", "NOW()", "2024-06-01T12:00:00.000Z"),
        ("date", "DATEVALUE(At__c)", "2024-01-31"),
        ("double", "YEAR(TODAY()) * 100 + MONTH(TODAY())", "202406.0"),
    ];
    for (kind, formula, value) in cases {
        assert_eq!(computed(kind, formula), value, "{formula}");
    }
}

#[test]
fn what_is_no_formula_that_is_known_leaves_its_field_alone() {
    for formula in ["VLOOKUP($ObjectType.X, 1)", "1 +", "Missing__c", "IF(TRUE)", "'open", "((1)", "Parent__r", "1 1"] {
        assert_eq!(computed("double", formula), "", "{formula}");
    }
    let deep = format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(computed("double", &deep), "");
}
