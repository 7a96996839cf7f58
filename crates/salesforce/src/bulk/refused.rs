//! Objects that the Bulk API does not carry, as far as that is known before it is asked.

/// Objects that a describe calls queryable and that the Bulk API refuses all the same (Salesforce help, article 000383508). History objects
/// stand there, too, but are served.
const REFUSED: [&str; 34] = [
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

/// Returns whether the Bulk API is known to refuse `object`, given in any case, although its describe calls it queryable.
///
/// The list is not whole, since it depends on version and licence: what is not on it may still be refused when a job is created.
pub fn is_refused_by_bulk(object: &str) -> bool {
    REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(object))
}
