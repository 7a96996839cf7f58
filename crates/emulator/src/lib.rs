//! A Salesforce org over HTTP: for demos, for tests, and for anybody's CI that should not need a real one.
//!
//! [`Org`] is the org itself: objects, records, SOQL, changes over time. The server speaks Salesforce's wire protocols
//! around it. The crate shares no code with the client but the SOQL parser, so that the two cannot be wrong together.

mod answer;
mod authorization;
mod batch;
mod call;
mod clock;
mod connection;
mod cursor;
mod dataset;
mod device;
mod emulator;
mod encoding;
mod error;
mod export;
mod fault;
mod faults;
mod formula;
mod id;
mod import;
mod job;
mod object;
mod org;
mod pace;
mod page_cache;
mod pretty;
mod profile;
mod proxy;
mod render;
mod rest_xml;
mod routes;
mod select;
mod serve;
mod server;
mod session;
mod sign_in;
mod spoil;
mod stats;
mod tls;
mod value;
mod version;

pub use call::CallKind;
pub use emulator::{Emulator, EmulatorOptions, Settings, StartError};
pub use error::{ChangeError, DescribeError, ImportError, QueryError};
pub use fault::{Action, CannedAnswer, Fault, FaultError, When};
pub use faults::Faults;
pub use id::{Id, InvalidId};
pub use import::{ImportReport, ImportedFile, Note};
pub use job::JobTime;
pub use object::{FieldKind, FieldType, ObjectType};
pub use org::{
    DeletedIds, DeletedRecord, HideError, Org, OrgBuilder, OrgIdentity, RollUp, RollUpOperation, UpdatedIds,
};
pub use profile::{Profile, UnknownProfile};
pub use select::{Children, ParentPath, ParentRecord, Row, Rows, Scope, SelectedColumn, Selection, TypeCondition};
pub use sign_in::SignInRules;
pub use stats::{AskedQuery, Stats};
pub use value::{BadValue, Text, Value};
pub use version::ApiVersions;
