//! FORMULA in WHERE.

use super::{assert_accounts, assert_refused};

#[test]
fn sums_and_differences_of_fields_are_compared() {
    assert_accounts(&[
        ("FORMULA('Revenue__c - Rank__c') > 97", "1"),
        ("FORMULA('Revenue__c+Rank__c') = 103.5", "1"),
        ("FORMULA('Rank__c + Revenue__c') < 0", "3"),
        ("FORMULA('Revenue__c - Rank__c') != 97.5", "23"),
        ("FORMULA('Revenue__c - Rank__c') = null", "2"),
        ("NOT (FORMULA('Revenue__c - Rank__c') > 97)", "23"),
        ("FORMULA('Founded__c + Rank__c') = 2020-03-03", "1"),
        ("FORMULA('Founded__c - Rank__c') < 2000-01-01", "3"),
        ("FORMULA('Founded__c + Rank__c') < TODAY AND Active__c = true", "13"),
        ("FORMULA('CreatedDate + Rank__c') >= 2024-06-03T00:00:00Z", "1"),
        ("FORMULA('CreatedDate - CreatedDate') = 0", "123"),
        ("FORMULA('Founded__c - Founded__c') = 0", "13"),
        ("FORMULA('Rank__c - Parent.Rank__c') = -2", ""),
    ]);
}

#[test]
fn formulas_of_more_than_that_are_refused() {
    let two = "FORMULA supports only the sum or difference of two fields";
    let cases = [
        ("Rank__c * Revenue__c", two),
        ("Rank__c + 1", two),
        ("Rank__c", two),
        ("Rank__c + Revenue__c + Rank__c", two),
        ("Rank__c + Founded__c", "the right-hand side of FORMULA can not be a date if the left-hand side is none"),
        ("Founded__c - CreatedDate", "DATE and DATETIME fields can not be mixed in FORMULA"),
        ("Founded__c + Founded__c", "dates can not be added in FORMULA"),
        ("Rank__c - Name", "FORMULA supports only fields that are numbers, dates or datetimes"),
    ];
    for (formula, message) in cases {
        let soql = format!("SELECT Id FROM Account WHERE FORMULA('{formula}') > 1");
        assert_refused(&[(&soql, "MALFORMED_QUERY", message)]);
    }
    let kind = "value of filter criterion for field 'Founded__c + Rank__c' must be of type date and should not be enclosed in quotes";
    assert_refused(&[
        ("SELECT Id FROM Account WHERE FORMULA('Founded__c + Rank__c') > 1", "INVALID_FIELD", kind),
        (
            "SELECT Id FROM Account WHERE FORMULA('Rank__c - Rank__c') LIKE 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on double field",
        ),
    ]);
}
