//! The language as a whole, through the public surface: real queries, and trees and texts made at random.

mod clauses;
mod corpus;
mod property;
mod tree;
