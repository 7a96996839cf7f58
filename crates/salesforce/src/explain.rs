//! How Salesforce would run a query: `query?explain=`, which runs nothing (REST API guide, "Get Feedback on Query Performance").

use serde::Deserialize;

use crate::client::{Call, Client};
use crate::error::Result;
use crate::query::escape;

/// One way in which Salesforce would run a query.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryPlan {
    /// How many records it expects to come out.
    #[serde(default)]
    pub cardinality: f64,
    /// The fields whose index it goes by; none for a scan of the table.
    #[serde(default)]
    pub fields: Vec<String>,
    /// What it begins with: `Index`, `Other`, `Sharing` or `TableScan`.
    #[serde(default)]
    pub leading_operation_type: String,
    /// What it costs; above 1 the query is not selective.
    #[serde(default)]
    pub relative_cost: f64,
    /// How many records the object has, by the server's statistics.
    #[serde(default)]
    pub sobject_cardinality: f64,
    /// The object.
    #[serde(default)]
    pub sobject_type: String,
    /// Why not otherwise.
    #[serde(default)]
    pub notes: Vec<QueryPlanNote>,
}

/// What Salesforce has to say about a plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryPlanNote {
    /// A sentence.
    #[serde(default)]
    pub description: String,
    /// The fields that it is about.
    #[serde(default)]
    pub fields: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Explained {
    plans: Vec<QueryPlan>,
}

impl Client {
    /// Returns the ways in which Salesforce would run `soql`, best first; the first is the one that it takes. Reads no record.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidQuery`](crate::ErrorKind::InvalidQuery) is about the query itself; one too long for an address cannot be asked about.
    pub async fn query_plans(&self, soql: &str) -> Result<Vec<QueryPlan>> {
        let path = format!("{}/query?explain={}", self.base_path(), escape(soql));
        Ok(self.call_for::<Explained>(&Call::get("ask how the query would run", path)).await?.plans)
    }
}

#[cfg(test)]
mod tests {
    use crate::scripted::{Reply, Scripted};

    #[tokio::test]
    async fn plans_are_read_as_the_documentation_shows_them() {
        let answer = r#"{"plans":[{"cardinality":2843473,"fields":["CreatedDate"],"leadingOperationType":"Index",
            "notes":[{"description":"Not considering filter for optimization because unindexed","fields":["IsDeleted"],"tableEnumOrId":"Account"}],
            "relativeCost":1.3,"sobjectCardinality":2843473,"sobjectType":"Account"},
            {"cardinality":1,"leadingOperationType":"TableScan","relativeCost":2}],"sourceQuery":"SELECT Id"}"#;
        let server = Scripted::start([Reply::json(answer)]).await;

        let plans = server.client().0.query_plans("SELECT Id FROM Account WHERE A = 'x&y'").await.unwrap();

        let address =
            "GET /services/data/v62.0/query?explain=SELECT%20Id%20FROM%20Account%20WHERE%20A%20%3D%20%27x%26y%27";
        assert_eq!(server.lines(), [address]);
        assert_eq!(
            (plans[0].leading_operation_type.as_str(), plans[0].fields.as_slice()),
            ("Index", &["CreatedDate".to_owned()][..])
        );
        assert_eq!((plans[0].relative_cost, plans[0].sobject_cardinality), (1.3, 2_843_473.0));
        assert_eq!(plans[0].notes[0].fields, ["IsDeleted"]);
        assert_eq!((plans.len(), plans[1].leading_operation_type.as_str()), (2, "TableScan"));
    }
}
