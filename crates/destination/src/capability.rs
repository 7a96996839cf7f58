//! What a destination can do, asked while planning.

use crate::table::WriteMode;

/// What a destination can do. Consulted while planning, never during a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it keeps state documents; without them every run of a row is its first.
    pub keeps_state: bool,
    /// Whether a load that was cut off can be taken up by the next: see [`TableLoad::left`](crate::TableLoad::left).
    pub resume: bool,
    /// Whether [`WriteMode::Append`] works.
    pub append: bool,
    /// Whether [`WriteMode::Upsert`] works.
    pub upsert: bool,
    /// Whether records can be taken out of a table: [`WriteMode::Remove`], [`WriteMode::Retain`] and [`TableSpec::gone`](crate::TableSpec::gone).
    pub removes: bool,
    /// Whether tables can be read back: see [`Destination::scan`](crate::Destination::scan).
    pub scan: bool,
}

impl Capabilities {
    /// Returns whether `mode` can be used. Every destination can [`WriteMode::Replace`].
    pub fn supports(&self, mode: WriteMode) -> bool {
        match mode {
            WriteMode::Replace => true,
            WriteMode::Append => self.append,
            WriteMode::Upsert => self.upsert,
            WriteMode::Remove | WriteMode::Retain => self.removes,
        }
    }
}
