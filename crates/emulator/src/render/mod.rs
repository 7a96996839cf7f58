//! Records as they travel: CSV of Bulk API results and JSON of REST answers.
//!
//! The text of a single value is the value's own affair; what surrounds it is decided here.

mod csv;
mod json;

pub(crate) use csv::{Delimiter, Dialect, LineEnding, ResultPage};
pub(crate) use json::{Paging, Records};
