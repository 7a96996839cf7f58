//! SOQL, the Salesforce Object Query Language: parse it, ask it questions, change it safely, print it.
//!
//! Pure text and trees: this crate knows the language and nothing of any org. It does not know which objects and
//! fields exist, evaluates nothing, and does no I/O. A query is never edited as a string: [`parse`] it, use the edits
//! on [`Query`], and print it with `to_string()`.
//!
//! ```
//! use orgtap_soql::{Condition, LiteralKind, Operator, Path, parse};
//!
//! let mut query = parse("select Id from Account where Name = 'Acme' or Fax != null limit 500")?;
//! let cursor = Path::of("SystemModstamp")?;
//! query.add_condition(Condition::compare(cursor, Operator::Ge, LiteralKind::date_time("2024-05-01T00:00:00Z")?));
//! query.lower_limit(200);
//!
//! assert_eq!(
//!     query.to_string(),
//!     "SELECT Id FROM Account WHERE (Name = 'Acme' OR Fax != NULL) AND SystemModstamp >= 2024-05-01T00:00:00Z LIMIT 200"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ast;
pub mod check;
mod diagnostic;
mod edit;
mod error;
mod function;
mod parse;
mod print;
mod spelling;
mod token;

pub use ast::{
    Argument, Binding, Call, CategoryFilter, CategorySelector, Comparison, Condition, Count, DateLiteral, Direction,
    ForClause, ForKind, GroupBy, GroupKind, Literal, LiteralKind, Name, Nulls, Operand, Operator, OrderItem, Path,
    Period, Query, Scope, SelectItem, Source, TypeOf, TypeOfBranch, UpdateClause, UpdateKind, Value, With, WithKind,
};
pub use diagnostic::{Diagnostic, Diagnostics, Refused, Severity, Span};
pub use error::Malformed;
pub use parse::parse;
