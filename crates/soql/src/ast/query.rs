//! The query itself and its clauses.

use super::{Call, Condition, Literal, Name, Operand, Path};
use crate::{diagnostic::Span, function};

/// A whole query, or a subquery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What is selected; never empty.
    pub select: Vec<SelectItem>,
    /// Where from: the object (or, in a child subquery, the child relationship) first; never empty.
    pub from: Vec<Source>,
    /// `USING …`
    pub scope: Option<Scope>,
    /// `WHERE …`
    pub filter: Option<Condition>,
    /// `WITH …`; Salesforce takes `WITH DATA CATEGORY …` and `WITH SECURITY_ENFORCED` together.
    pub with: Vec<With>,
    /// `GROUP BY …`
    pub group_by: Option<GroupBy>,
    /// `HAVING …`
    pub having: Option<Condition>,
    /// `ORDER BY …`; empty without one.
    pub order_by: Vec<OrderItem>,
    /// `LIMIT …`
    pub limit: Option<Count>,
    /// `OFFSET …`
    pub offset: Option<Count>,
    /// Where `ALL ROWS` stands, if it does.
    pub all_rows: Option<Span>,
    /// `FOR VIEW`, `FOR REFERENCE`, `FOR UPDATE`
    pub for_clauses: Vec<ForClause>,
    /// `UPDATE TRACKING`, `UPDATE VIEWSTAT`
    pub update: Vec<UpdateClause>,
    /// From SELECT to the last clause.
    pub span: Span,
}

impl Query {
    /// Builds `SELECT fields FROM object` with no other clause.
    #[must_use]
    pub fn of(object: Path, fields: Vec<Path>) -> Self {
        Self {
            select: fields.into_iter().map(|path| SelectItem::Field { path, alias: None }).collect(),
            from: vec![Source { path: object, alias: None }],
            scope: None,
            filter: None,
            with: Vec::new(),
            group_by: None,
            having: None,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            all_rows: None,
            for_clauses: Vec::new(),
            update: Vec::new(),
            span: Span::default(),
        }
    }

    /// Returns the name of the root object: the last name of the first FROM entry.
    ///
    /// In a child subquery that is the name of the child relationship.
    ///
    /// # Panics
    /// If the query was built by hand without a FROM entry.
    #[must_use]
    pub fn object(&self) -> &Name {
        self.from.first().expect("a query has a FROM entry").path.last()
    }

    /// Returns `path` as names starting at the root object, without the aliases and object name it may begin with.
    ///
    /// From `FROM Contact c, c.Account a`, `c.Name` and `Contact.Name` give `[Name]` and `a.Name` gives
    /// `[Account, Name]`. A relationship with the name of the root object is taken for the object, as Salesforce does.
    /// Aliases of aliases are followed further than relationships may reach, but not without end.
    #[must_use]
    pub fn field_path<'a>(&'a self, path: &'a Path) -> Vec<&'a str> {
        const MOST_ALIASES: usize = 20;
        let mut head = path.segments.as_slice();
        let mut backwards = Vec::new();
        for _ in 0..MOST_ALIASES {
            let [first, rest @ ..] = head else { break };
            if rest.is_empty() && backwards.is_empty() {
                break;
            }
            let aliased =
                self.from.iter().position(|source| source.alias.as_ref().is_some_and(|it| it.is(&first.text)));
            let source = match aliased {
                Some(0) => &[],
                Some(index) => self.from[index].path.segments.as_slice(),
                None if self.object().is(&first.text) => &[],
                None => break,
            };
            backwards.extend(rest.iter().rev().map(|name| name.text.as_str()));
            head = source;
        }
        backwards.extend(head.iter().rev().map(|name| name.text.as_str()));
        backwards.reverse();
        backwards
    }

    /// Returns whether the rows of the result are computed from several records: GROUP BY or an aggregate function.
    #[must_use]
    pub fn is_aggregate(&self) -> bool {
        self.group_by.is_some() || self.calls().any(function::is_aggregate)
    }

    /// Returns whether child subqueries stand in the SELECT list. Semi-joins do not count.
    #[must_use]
    pub fn has_subqueries(&self) -> bool {
        self.select.iter().any(|item| matches!(item, SelectItem::Subquery { .. }))
    }

    /// The function calls of the SELECT list.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.select.iter().filter_map(|item| match item {
            SelectItem::Call { call, .. } => Some(call),
            _ => None,
        })
    }
}

/// An entry of the FROM clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The object, or a path from the root object, from another entry's alias or from the parent query.
    pub path: Path,
    /// The name it goes by in this query.
    pub alias: Option<Name>,
}

/// An entry of the SELECT list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectItem {
    /// A field: `Name`, `Account.Name`.
    Field {
        /// The field.
        path: Path,
        /// The name of its column; Salesforce takes one with GROUP BY only.
        alias: Option<Name>,
    },
    /// A function: `COUNT(Id)`, `toLabel(Status)`, `FIELDS(ALL)`.
    Call {
        /// The call.
        call: Call,
        /// The name of its column.
        alias: Option<Name>,
    },
    /// A child subquery: `(SELECT Id FROM Contacts)`.
    Subquery {
        /// The subquery; its object is a child relationship.
        query: Box<Query>,
        /// The name of its column.
        alias: Option<Name>,
        /// With its parentheses.
        span: Span,
    },
    /// `TYPEOF What WHEN Account THEN Phone ELSE Name END`
    TypeOf(TypeOf),
}

impl SelectItem {
    /// Returns where it stands, without its alias.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Field { path, .. } => path.span(),
            Self::Call { call, .. } => call.span,
            Self::Subquery { span, .. } => *span,
            Self::TypeOf(type_of) => type_of.span,
        }
    }
}

/// Fields that depend on the type of the record a polymorphic relationship points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeOf {
    /// The polymorphic relationship.
    pub relationship: Path,
    /// The `WHEN` branches; never empty.
    pub branches: Vec<TypeOfBranch>,
    /// The fields of `ELSE`; empty without one.
    pub otherwise: Vec<Path>,
    /// From TYPEOF to END.
    pub span: Span,
}

/// `WHEN Account THEN Phone, Name`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeOfBranch {
    /// The object.
    pub object: Name,
    /// The fields to select from it; never empty.
    pub fields: Vec<Path>,
}

/// What the USING clause says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `USING SCOPE mine`
    Named(Name),
    /// `USING LOOKUP Object.Field BIND Id = '…'`
    Lookup {
        /// The lookup field whose filter applies.
        field: Path,
        /// The values that the filter refers to.
        bindings: Vec<Binding>,
    },
}

/// `name = value` in a list of settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The name.
    pub name: Name,
    /// The value.
    pub value: Literal,
}

/// One WITH clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct With {
    /// What it says.
    pub kind: WithKind,
    /// From WITH to its end.
    pub span: Span,
}

/// What a WITH clause says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithKind {
    /// `SECURITY_ENFORCED`
    SecurityEnforced,
    /// `USER_MODE`
    UserMode,
    /// `SYSTEM_MODE`
    SystemMode,
    /// `DATA CATEGORY Geography__c AT usa__c AND …`; never empty.
    DataCategory(Vec<CategoryFilter>),
    /// `RecordVisibilityContext (maxDescriptorPerRecord = 100, …)`; empty where the defaults hold.
    RecordVisibilityContext(Vec<Binding>),
    /// A condition such as `UserId = '005…'`.
    Condition(Condition),
}

/// `Geography__c ABOVE_OR_BELOW (usa__c, uk__c)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryFilter {
    /// The category group.
    pub group: Name,
    /// How the categories are meant.
    pub selector: CategorySelector,
    /// The categories; never empty.
    pub categories: Vec<Name>,
}

/// Which categories around a given one a [`CategoryFilter`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CategorySelector {
    /// `AT`: itself.
    At,
    /// `ABOVE`: itself and its parents.
    Above,
    /// `BELOW`: itself and its children.
    Below,
    /// `ABOVE_OR_BELOW`: all of these.
    AboveOrBelow,
}

/// The GROUP BY clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupBy {
    /// Whether subtotals are asked for.
    pub kind: GroupKind,
    /// What is grouped by; never empty.
    pub items: Vec<Operand>,
    /// From GROUP to its end.
    pub span: Span,
}

/// The subtotals of a [`GroupBy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// None.
    Plain,
    /// `ROLLUP(…)`: subtotals from right to left.
    Rollup,
    /// `CUBE(…)`: subtotals of every combination.
    Cube,
}

/// An entry of ORDER BY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderItem {
    /// What is ordered by.
    pub operand: Operand,
    /// `ASC` or `DESC`; ascending without one.
    pub direction: Option<Direction>,
    /// `NULLS FIRST` or `NULLS LAST`; first without one, in both directions.
    pub nulls: Option<Nulls>,
}

/// A sort direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `ASC`
    Ascending,
    /// `DESC`
    Descending,
}

/// Where empty values are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// `NULLS FIRST`
    First,
    /// `NULLS LAST`
    Last,
}

/// The number of LIMIT or OFFSET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub value: u64,
    /// Where it stands.
    pub span: Span,
}

/// One word of a FOR clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForClause {
    /// What it asks for.
    pub kind: ForKind,
    /// Where it stands.
    pub span: Span,
}

/// What a FOR clause asks for; each of them writes to the org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForKind {
    /// `FOR VIEW`: marks the records as viewed.
    View,
    /// `FOR REFERENCE`: marks the records as referred to.
    Reference,
    /// `FOR UPDATE`: locks the records.
    Update,
}

/// One word of the UPDATE clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateClause {
    /// What it asks for.
    pub kind: UpdateKind,
    /// Where it stands.
    pub span: Span,
}

/// What the UPDATE clause asks for; each of them writes to the org.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateKind {
    /// `UPDATE TRACKING`: keeps the search keywords of an article.
    Tracking,
    /// `UPDATE VIEWSTAT`: counts a view of an article.
    Viewstat,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn resolved(query: &str, path: &str) -> String {
        parse(query).unwrap().field_path(&Path::of(path).unwrap()).join(".")
    }

    #[test]
    fn the_object_is_the_last_name_of_the_first_source() {
        let object = |text: &str| parse(text).unwrap().object().text.clone();

        assert_eq!(object("SELECT Id FROM Account a"), "Account");
        assert_eq!(object("SELECT Id FROM Contact c, c.Account a"), "Contact");
        assert_eq!(object("SELECT Id FROM Account.Contacts"), "Contacts");
    }

    #[test]
    fn paths_lose_the_alias_and_the_object_they_begin_with() {
        let query = "SELECT Id FROM Contact c, c.Account a, a.Owner o";

        assert_eq!(resolved(query, "Name"), "Name");
        assert_eq!(resolved(query, "C.Name"), "Name");
        assert_eq!(resolved(query, "contact.Name"), "Name");
        assert_eq!(resolved(query, "Contact.Account.Name"), "Account.Name");
        assert_eq!(resolved(query, "Account.Name"), "Account.Name");
        assert_eq!(resolved(query, "a.Name"), "Account.Name");
        assert_eq!(resolved(query, "o.Profile.Name"), "Account.Owner.Profile.Name");
    }

    #[test]
    fn a_field_with_the_name_of_the_alias_stays() {
        assert_eq!(resolved("SELECT Id FROM Account Name", "Name"), "Name");
    }

    #[test]
    fn aliases_in_a_circle_or_a_long_chain_end() {
        let circle = resolved("SELECT Id FROM A x, c.D b, b.E c", "b.Name");
        let links: String = (0..5_000).map(|link| format!(", a{link}.B a{}", link + 1)).collect();
        let chain = resolved(&format!("SELECT Id FROM A a0{links}"), "a5000.Name");

        assert!(circle.ends_with("D.Name"), "{circle}");
        assert!(chain.ends_with("B.Name"), "{chain}");
    }

    #[test]
    fn aggregates_and_subqueries_are_recognised_at_any_depth_of_calls() {
        let is_aggregate = |text: &str| parse(text).unwrap().is_aggregate();

        assert!(is_aggregate("SELECT COUNT() FROM A"));
        assert!(is_aggregate("SELECT FORMAT(max(b)) FROM A"));
        assert!(is_aggregate("SELECT Id FROM A GROUP BY Id"));
        assert!(!is_aggregate("SELECT toLabel(b), Count FROM A"));
        assert!(!is_aggregate("SELECT (SELECT COUNT(Id) FROM Kids) FROM A"));
        assert!(parse("SELECT Id, (SELECT Id FROM Kids) FROM A").unwrap().has_subqueries());
        assert!(!parse("SELECT Id FROM A WHERE Id IN (SELECT Id FROM B)").unwrap().has_subqueries());
    }
}
