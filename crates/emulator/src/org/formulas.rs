//! The formula fields of an org, when it is made: which of them can be worked out, and which records say the same already.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::roll_up::RollUpRule;
use super::snapshot::Tables;
use super::table::RecordRef;
use crate::formula::{Formula, Moment};
use crate::id::Id;
use crate::object::FieldKind;
use crate::value::Value;

/// How much two doubles may differ that were worked out by different programs, of their size.
const TOLERANCE: f64 = 1e-9;

impl Tables {
    /// Finds the formulas that can be worked out. A record that holds another value than its formula would have keeps it until something
    /// changes that the formula reads: the org knew better.
    pub(super) fn work_out_formulas(&mut self, now: Timestamp, zone: &TimeZone, roll_ups: &[RollUpRule]) {
        let tables: Vec<usize> = self.iter().map(|(at, _)| at).collect();
        for at in &tables {
            let fields = 0..self.at(*at).object.fields.len();
            let fields = fields.filter(|field| !roll_ups.iter().any(|rule| rule.works_out(*at, *field)));
            let formulas: BTreeMap<usize, Formula> =
                fields.filter_map(|field| Some((field, Formula::of(self, *at, field)?))).collect();
            self.at_mut(*at).set_formulas(*at, formulas);
        }
        for at in tables {
            for (id, values) in self.settled(at, Moment::new(now, zone)) {
                self.at_mut(at).put(id, values.into());
            }
        }
    }

    /// Returns the stored records of a table that change: without the values that their formulas give them anyway, and with the booleans
    /// that nothing gives them.
    fn settled(&self, at: usize, moment: Moment<'_>) -> Vec<(Id, Vec<Value>)> {
        let table = self.at(at);
        let calculated: Vec<usize> =
            (0..table.object.fields.len()).filter(|field| table.object.fields[*field].calculated).collect();
        if calculated.is_empty() {
            return Vec::new();
        }
        let settled = |record: RecordRef<'_>| {
            let before = table.values(record);
            let mut values = before.clone();
            for field in &calculated {
                match table.formulas().get(field) {
                    Some(formula) if same(&before[*field], &formula.value(self, at, record, moment)) => {
                        values[*field] = Value::Null;
                    }
                    None if before[*field].is_null() && table.object.fields[*field].kind == FieldKind::Boolean => {
                        values[*field] = false.into();
                    }
                    _ => {}
                }
            }
            (values != before).then(|| (table.id(record), values))
        };
        table.all().filter(|record| matches!(record, RecordRef::Stored(..))).filter_map(settled).collect()
    }

    /// Lets activities be archived from `start` on.
    pub(super) fn archive_from(&mut self, start: Timestamp) {
        let activities: Vec<usize> = ["Task", "Event"].iter().filter_map(|object| self.position(object)).collect();
        activities.into_iter().for_each(|at| self.at_mut(at).archive_from(start));
    }
}

fn same(held: &Value, computed: &Value) -> bool {
    match (held.as_number(), computed.as_number()) {
        (Some(held), Some(computed)) => (held - computed).abs() <= TOLERANCE * held.abs().max(1.0),
        _ => held == computed,
    }
}
