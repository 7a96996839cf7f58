//! Moves records: plan → extract → load → checkpoint, one row after the other, several rows at once.
//!
//! The engine is the same for every way of starting it. It takes a [`RunSpec`], a Salesforce [`Client`](orgtap_salesforce::Client) and a
//! [`Destination`](orgtap_destination::Destination), tells what happens as [`RunEvent`]s, and returns a [`RunReport`]. It reads no
//! arguments, no environment and no configuration format, and it prints nothing.

mod boundaries;
mod decode;
mod deletions;
mod encode;
mod error;
mod event;
mod extract;
mod forms;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod identities;
mod journal;
mod load;
mod order;
mod plan;
mod projection;
mod record_id;
mod report;
mod row;
mod run;
mod spec;
mod state;
mod verify;

pub use error::{Error, Result};
pub use event::{EventSender, RunEvent};
pub use plan::{Cost, Deletions, FetchWindow, LeftOut, Plan, PlannedApi, Ranges, refusal_in, why_left_out};
pub use report::{Loaded, RowReport, RowTimes, RunReport};
pub use run::{plan, reconcile, run};
pub use spec::{Api, Deleted, Fetch, Fields, Load, Records, RowSpec, RunSpec, Source, StartOver, Types};
pub use verify::{
    Explained, Explanation, Named, RecordKind, SampleReport, Since, ValueDifference, Verification, WindowCount, verify,
};
