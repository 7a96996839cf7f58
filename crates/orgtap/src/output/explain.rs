//! How a query would run: orgtap's plan and Salesforce's own.

use orgtap_engine::Plan;
use orgtap_salesforce::QueryPlan;
use serde::Serialize;

use super::format::{count, counted, printable};
use super::json::{PlannedDocument, VERSION};

/// `orgtap query --explain --json`
#[derive(Debug, Serialize)]
pub(crate) struct ExplainDocument {
    version: u32,
    plan: PlannedDocument,
    /// Best first; null where the query is too long to ask for them.
    salesforce_plans: Option<Vec<QueryPlanDocument>>,
}

#[derive(Debug, Serialize)]
struct QueryPlanDocument {
    leading_operation: String,
    fields: Vec<String>,
    relative_cost: f64,
    records: u64,
    object: String,
    object_records: u64,
    notes: Vec<String>,
}

impl ExplainDocument {
    /// Returns the document for a plan and what Salesforce says of its query.
    pub(crate) fn new(plan: &Plan, query_plans: Option<&[QueryPlan]>) -> Self {
        let documents = query_plans.map(|plans| plans.iter().map(QueryPlanDocument::from).collect());
        Self { version: VERSION, plan: plan.into(), salesforce_plans: documents }
    }
}

impl From<&QueryPlan> for QueryPlanDocument {
    fn from(plan: &QueryPlan) -> Self {
        Self {
            leading_operation: plan.leading_operation_type.clone(),
            fields: plan.fields.clone(),
            relative_cost: plan.relative_cost,
            records: whole(plan.cardinality),
            object: plan.sobject_type.clone(),
            object_records: whole(plan.sobject_cardinality),
            notes: notes(plan),
        }
    }
}

/// Returns what Salesforce says of a way to run the query, without the last line end.
pub(crate) fn render_query_plan(plan: &QueryPlan) -> String {
    let by = if plan.fields.is_empty() { String::new() } else { format!(" of {}", plan.fields.join(", ")) };
    let selective = if plan.relative_cost > 1.0 { "not selective" } else { "selective" };
    let first = format!(
        "  {}{by}: relative cost {} ({selective}), about {} of {} of {}",
        plan.leading_operation_type,
        plan.relative_cost,
        count(whole(plan.cardinality)),
        counted(whole(plan.sobject_cardinality), "record"),
        plan.sobject_type,
    );
    let notes = notes(plan).into_iter().map(|note| format!("    {note}"));
    [first].into_iter().chain(notes).map(|line| printable(&line)).collect::<Vec<_>>().join("\n")
}

fn notes(plan: &QueryPlan) -> Vec<String> {
    let note = |note: &orgtap_salesforce::QueryPlanNote| match note.fields.as_slice() {
        [] => note.description.clone(),
        fields => format!("{}: {}", note.description, fields.join(", ")),
    };
    plan.notes.iter().map(note).collect()
}

/// Returns an estimate as a count; the wire has them as numbers of any kind.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "estimates below zero are none")]
fn whole(estimate: f64) -> u64 {
    estimate.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use orgtap_salesforce::QueryPlanNote;

    use super::*;

    #[test]
    fn a_plan_tells_the_index_the_cost_and_why_not_otherwise() {
        let note =
            QueryPlanNote { description: "Not considering filter".to_owned(), fields: vec!["IsDeleted".to_owned()] };
        let plan = QueryPlan {
            cardinality: 1200.0,
            fields: vec!["CreatedDate".to_owned()],
            leading_operation_type: "Index".to_owned(),
            relative_cost: 1.25,
            sobject_cardinality: 30_000.0,
            sobject_type: "Account".to_owned(),
            notes: vec![note],
        };

        assert_eq!(
            render_query_plan(&plan),
            "  Index of CreatedDate: relative cost 1.25 (not selective), about 1,200 of 30,000 records of Account\n    \
             Not considering filter: IsDeleted"
        );
    }
}
