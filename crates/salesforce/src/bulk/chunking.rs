//! Objects whose queries Salesforce splits by itself, by ranges of Ids, and works on in parallel ("PK chunking").
//!
//! The list is that of the Bulk API Developer Guide ("PK Chunking"). Custom objects, and the sharing and history tables of objects, are such as
//! well. It ages; the document of a job says what holds ([`Job::is_pk_chunking_supported`](super::Job::is_pk_chunking_supported)).

/// Standard objects, by name.
const STANDARD: [&str; 87] = [
    "Account",
    "AccountContactRelation",
    "AccountTeamMember",
    "AiVisitSummary",
    "Asset",
    "AssignedResource",
    "Campaign",
    "CampaignMember",
    "CandidateAnswer",
    "Case",
    "CaseArticle",
    "CaseComment",
    "CaseRelatedIssue",
    "ChangeRequest",
    "ChangeRequestRelatedIssue",
    "ChangeRequestRelatedItem",
    "Claim",
    "ClaimParticipant",
    "Contact",
    "ContentDistribution",
    "ContentDocument",
    "ContentNote",
    "ContentVersion",
    "Contract",
    "ContractLineItem",
    "CustomerProperty",
    "EinsteinAnswerFeedback",
    "EmailMessage",
    "EngagementScore",
    "Entitlement",
    "Event",
    "EventRelation",
    "FeedItem",
    "Incident",
    "IncidentRelatedItem",
    "Individual",
    "InsurancePolicy",
    "InsurancePolicyAsset",
    "InsurancePolicyParticipant",
    "Lead",
    "LeadInsight",
    "LinkedArticle",
    "LiveChatTranscript",
    "LoginHistory",
    "MessagingSession",
    "MlRetrainingFeedback",
    "Note",
    "ObjectTerritory2Association",
    "Opportunity",
    "OpportunityContactRole",
    "OpportunityHistory",
    "OpportunityLineItem",
    "OpportunitySplit",
    "OpportunityTeamMember",
    "Order",
    "OrderItem",
    "Pricebook2",
    "PricebookEntry",
    "Problem",
    "ProblemIncident",
    "ProblemRelatedItem",
    "Product2",
    "ProductConsumed",
    "ProductRequired",
    "QuickText",
    "Quote",
    "QuoteLineItem",
    "ReplyText",
    "ScoreIntelligence",
    "ServiceAppointment",
    "ServiceContract",
    "Task",
    "TaskRelation",
    "TermDocumentFrequency",
    "TimeSheetEntry",
    "TransactionJournal",
    "User",
    "UserRole",
    "VoiceCall",
    "VoiceCallRecording",
    "Voucher",
    "WebCart",
    "WorkloadUnit",
    "WorkOrder",
    "WorkOrderLineItem",
    "WorkPlan",
    "WorkPlanTemplate",
];

/// Families of standard objects, by how their names begin.
const FAMILIES: [&str; 2] = ["Conversation", "Loyalty"];

/// Kinds of objects, by how their names end.
const KINDS: [&str; 3] = ["__c", "History", "Share"];

/// Returns whether Salesforce is known to split queries of `object` by itself.
pub fn is_chunked(object: &str) -> bool {
    STANDARD.contains(&object)
        || FAMILIES.iter().any(|family| object.starts_with(family))
        || KINDS.iter().any(|kind| object.ends_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn custom_objects_and_the_tables_of_others_are_chunked() {
        for object in ["Account", "Invoice__c", "AccountHistory", "Invoice__Share", "LoyaltyLedger"] {
            assert!(is_chunked(object), "{object}");
        }
        for object in ["CampaignMemberStatus", "Knowledge__kav", "Archive__b", "SetupAuditTrail"] {
            assert!(!is_chunked(object), "{object}");
        }
    }
}
