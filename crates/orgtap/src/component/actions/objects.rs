//! `loadObjects`: the objects that can be extracted.

use orgtap_salesforce::Client;
use serde_json::Value;

use super::choice;
use crate::component::failure::Failure;

/// Objects that a describe calls queryable and that the Bulk API refuses all the same (Salesforce help, article 000383508). History objects
/// stand there, too, but are served.
const REFUSED_BY_BULK: [&str; 34] = [
    "AcceptedEventRelation",
    "AccountFeed",
    "AggregateResult",
    "AssetFeed",
    "AttachedContentDocument",
    "CaseStatus",
    "CaseTeamMember",
    "CaseTeamRole",
    "CaseTeamTemplate",
    "CaseTeamTemplateMember",
    "CaseTeamTemplateRecord",
    "CombinedAttachment",
    "ContentFolderItem",
    "ContractStatus",
    "DeclinedEventRelation",
    "EventWhoRelation",
    "FolderedContentDocument",
    "KnowledgeArticleViewStat",
    "KnowledgeArticleVoteStat",
    "LookedUpFromActivity",
    "Name",
    "NoteAndAttachment",
    "OpenActivity",
    "OwnedContentDocument",
    "PartnerRole",
    "RecentlyViewed",
    "ServiceAppointmentStatus",
    "SolutionStatus",
    "TaskPriority",
    "TaskStatus",
    "TaskWhoRelation",
    "UserRecordAccess",
    "WorkOrderLineItemStatus",
    "WorkOrderStatus",
];

/// Lists the objects in the order of the org.
pub(super) async fn answer(client: &Client) -> Result<Value, Failure> {
    let objects = client.describe_global().await.map_err(|error| Failure::of_salesforce(&error))?;
    let is_offered = |name: &str| REFUSED_BY_BULK.binary_search(&name).is_err();
    let offered = objects.iter().filter(|object| object.queryable && is_offered(&object.name));
    Ok(offered.map(|object| choice(&object.name, &object.label)).collect())
}

#[cfg(test)]
mod tests {
    use super::REFUSED_BY_BULK;

    #[test]
    fn the_list_can_be_searched() {
        assert!(REFUSED_BY_BULK.is_sorted());
    }
}
