//! Which queries Salesforce would split by ranges of Ids. The emulator does not split; it only says so.

use crate::select::Selection;

/// Standard objects that can be split, as documented.
const STANDARD: [&str; 49] = [
    "Account",
    "AccountContactRelation",
    "AccountTeamMember",
    "Asset",
    "AssignedResource",
    "Campaign",
    "CampaignMember",
    "Case",
    "CaseArticle",
    "CaseComment",
    "Contact",
    "ContentDistribution",
    "ContentDocument",
    "ContentNote",
    "ContentVersion",
    "Contract",
    "ContractLineItem",
    "EmailMessage",
    "Entitlement",
    "Event",
    "EventRelation",
    "FeedItem",
    "Incident",
    "Individual",
    "Lead",
    "LinkedArticle",
    "LiveChatTranscript",
    "LoginHistory",
    "MessagingSession",
    "Note",
    "Opportunity",
    "OpportunityContactRole",
    "OpportunityHistory",
    "OpportunityLineItem",
    "OpportunityTeamMember",
    "Order",
    "OrderItem",
    "Pricebook2",
    "PricebookEntry",
    "Product2",
    "Quote",
    "QuoteLineItem",
    "ServiceAppointment",
    "ServiceContract",
    "Task",
    "User",
    "UserRole",
    "WorkOrder",
    "WorkOrderLineItem",
];

/// Returns whether a job of this query could be split.
pub(super) fn is_supported(selection: &Selection) -> bool {
    let name = selection.object().name.as_str();
    let splits = ["__c", "__History", "__Share", "History", "Share"].iter().any(|suffix| name.ends_with(suffix));
    let query = selection.query();
    (splits || STANDARD.contains(&name)) && query.order_by.is_empty() && query.limit.is_none()
}
