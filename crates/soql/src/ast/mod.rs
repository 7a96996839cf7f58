//! The tree of a query.
//!
//! Nodes are plain data with public fields and carry the [`Span`](crate::Span) they were read from. Spans never take
//! part in comparison: two trees are equal when they mean the same and spell their names the same. The tree holds no
//! redundant parentheses and no keyword spelling; names, numbers and dates are kept as the user wrote them.

mod condition;
mod literal;
mod name;
mod query;

pub use condition::{Comparison, Condition, Operator, Value};
pub use literal::{DateLiteral, Literal, LiteralKind, Period};
pub use name::{Argument, Call, Name, Operand, Path};
pub use query::{
    Binding, CategoryFilter, CategorySelector, Count, Direction, ForClause, ForKind, GroupBy, GroupKind, Nulls,
    OrderItem, Query, Scope, SelectItem, Source, TypeOf, TypeOfBranch, UpdateClause, UpdateKind, With, WithKind,
};
