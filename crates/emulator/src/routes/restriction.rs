//! Objects that Salesforce queries only by way of a filter on certain fields, whichever API asks.
//!
//! The permission "Query All Files" lifts the restriction on links of documents (object reference, `ContentDocumentLink`).

use orgtap_soql::{Comparison, Condition, Operand, Operator, Query};

use crate::{answer::Refusal, server::Server, version::ApiVersion};

/// A restricted object: its name, the fields of which one has to be filtered by, and what is said if none is. The words about documents are
/// from memory, the others are those that tap-salesforce looks for.
struct Restriction {
    object: &'static str,
    fields: &'static [&'static str],
    takes_lists: bool,
    message: &'static str,
}

const RESTRICTIONS: [Restriction; 5] = [
    Restriction {
        object: "ContentDocumentLink",
        fields: &["Id", "ContentDocumentId", "LinkedEntityId"],
        takes_lists: true,
        message: "ContentDocumentLink requires a filter by a single Id on ContentDocumentId or LinkedEntityId using the equals operator or \
                  multiple Id's using the IN operator.",
    },
    Restriction {
        object: "ContentFolderItem",
        fields: &["Id", "ParentContentFolderId"],
        takes_lists: false,
        message: "ContentFolderItem requires a filter by a single Id or ParentContentFolderId using the equals operator",
    },
    Restriction {
        object: "ContentFolderMember",
        fields: &["Id", "ChildRecordId", "ParentContentFolderId"],
        takes_lists: false,
        message: "ContentFolderMember requires a filter by a single Id, ChildRecordId or ParentContentFolderId using the equals operator",
    },
    Restriction {
        object: "Vote",
        fields: &["Id", "ParentId", "Parent.Type"],
        takes_lists: true,
        message: "When querying the Vote object, you must filter using the following syntax: ParentId = [single ID], Parent.Type = [single Type], \
                  Id = [single ID], or Id IN [list of ID's].",
    },
    Restriction {
        object: "IdeaComment",
        fields: &["Id", "IdeaId", "CommunityId"],
        takes_lists: true,
        message: "When querying the Idea Comment object, you must filter using the following syntax: CommunityId = [single ID], Id = [single ID], \
                  IdeaId = [single ID], Id IN [list of ID's], or IdeaId IN [list of ID's].",
    },
];

/// Refuses a query of a restricted object that lacks its filter. What does not parse is for others to refuse.
pub(in crate::routes) fn check(soql: &str, version: ApiVersion, server: &Server) -> Result<(), Refusal> {
    let sees_all_files = server.options.query_all_files && version >= ApiVersion::QUERY_ALL_FILES;
    check_restrictions(soql, sees_all_files)
}

fn check_restrictions(soql: &str, sees_all_files: bool) -> Result<(), Refusal> {
    let Ok(query) = orgtap_soql::parse(soql) else { return Ok(()) };
    let restricted = RESTRICTIONS.iter().find(|restriction| query.object().is(restriction.object));
    let restricted = restricted.filter(|restriction| !(sees_all_files && restriction.object == "ContentDocumentLink"));
    match restricted.filter(|restriction| !restriction.is_met(&query)) {
        Some(Restriction { message, .. }) => {
            Err(Refusal::bad_request("MALFORMED_QUERY", format!("Implementation restriction: {message}")))
        }
        None => Ok(()),
    }
}

impl Restriction {
    fn is_met(&self, query: &Query) -> bool {
        let is_met = |comparison: &Comparison| {
            let Operand::Path(path) = &comparison.left else { return false };
            let name = query.field_path(path).join(".");
            let is_operator =
                comparison.operator == Operator::Eq || (self.takes_lists && comparison.operator == Operator::In);
            is_operator && self.fields.iter().any(|field| field.eq_ignore_ascii_case(&name))
        };
        match &query.filter {
            Some(Condition::And(operands)) => operands
                .iter()
                .any(|operand| matches!(operand, Condition::Comparison(comparison) if is_met(comparison))),
            Some(Condition::Comparison(comparison)) => is_met(comparison),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restricted_objects_need_one_of_their_filters() {
        let cases = [
            ("SELECT Id FROM ContentDocumentLink", false),
            ("SELECT Id FROM ContentDocumentLink WHERE IsDeleted = false", false),
            ("SELECT Id FROM ContentDocumentLink WHERE ContentDocumentId = '069' OR IsDeleted = false", false),
            ("SELECT Id FROM ContentDocumentLink WHERE IsDeleted = false AND ContentDocumentId IN ('069')", true),
            ("SELECT Id FROM ContentFolderMember WHERE ParentContentFolderId IN ('07H')", false),
            ("SELECT Id FROM ContentFolderMember WHERE parentContentFolderId = '07H'", true),
            ("SELECT Id FROM Vote WHERE Parent.Type = 'Idea'", true),
            ("SELECT Id FROM Account", true),
            ("SELECT", true),
        ];
        for (query, is_met) in cases {
            assert_eq!(check_restrictions(query, false).is_ok(), is_met, "{query}");
        }
        assert!(check_restrictions("SELECT Id FROM ContentDocumentLink", true).is_ok());
        assert!(check_restrictions("SELECT Id FROM Vote", true).is_err());
    }
}
