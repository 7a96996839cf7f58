//! In which order the rows of a run begin: those that the last run did not get to first.
//!
//! A run that ends early, at its share of what the org allows a day or by whatever else, has not done all of its rows. If the next one began with the
//! same row again, the last row might never have its turn. So each row that commits saves the mark of its run, and rows with the earliest
//! marks begin; among those of one run it is as they are configured. Nothing in it depends on chance or on how long a row took.

use std::sync::OnceLock;

use jiff::{Timestamp, ToSpan};
use orgtap_destination::Destination;

use crate::spec::{RowSpec, RunSpec};
use crate::state::State;

/// By what the states of one run are known.
#[derive(Debug)]
pub(crate) struct RunMark {
    /// The newest mark that an earlier run left.
    last: Option<Timestamp>,
    mark: OnceLock<Timestamp>,
}

impl RunMark {
    /// Returns the mark of this run, which is decided by the first row that asks: `now` by the org's clock, and later than those of all runs before.
    /// `None` where nobody knows either.
    pub(crate) fn get(&self, now: Option<Timestamp>) -> Option<Timestamp> {
        if let Some(mark) = self.mark.get() {
            return Some(*mark);
        }
        let next = self.last.and_then(|last| last.saturating_add(1.second()).ok());
        now.max(next).map(|mark| *self.mark.get_or_init(|| mark))
    }
}

/// Returns the rows of `spec` by their indexes in the order in which they begin, and the mark of the run.
pub(crate) async fn of(spec: &RunSpec, destination: &dyn Destination) -> (Vec<usize>, RunMark) {
    if spec.rows.len() < 2 {
        return ((0..spec.rows.len()).collect(), RunMark { last: None, mark: OnceLock::new() });
    }
    let mut marks = Vec::with_capacity(spec.rows.len());
    for row in &spec.rows {
        marks.push(mark(row, destination).await);
    }
    let mut order: Vec<usize> = (0..spec.rows.len()).collect();
    order.sort_by_key(|index| marks[*index]);
    (order, RunMark { last: marks.into_iter().flatten().max(), mark: OnceLock::new() })
}

/// Returns the mark that the row's last commit saved. What cannot be read the plan will tell.
///
/// It is looked for in all tables of the row: only the describe says how one is spelled that is named after its object.
async fn mark(row: &RowSpec, destination: &dyn Destination) -> Option<Timestamp> {
    let documents = destination.states(&row.name).await.ok()?;
    documents.iter().filter_map(|document| State::read(document).ok()?.run).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        text.parse().ok()
    }

    #[test]
    fn the_mark_of_a_run_is_one_and_later_than_all_before() {
        let mark = RunMark { last: at("2024-06-01T00:00:05Z"), mark: OnceLock::new() };

        let first = mark.get(at("2024-06-01T00:00:05Z"));

        assert_eq!(first, at("2024-06-01T00:00:06Z"));
        assert_eq!(mark.get(at("2025-01-01T00:00:00Z")), first);
    }

    #[test]
    fn a_run_without_any_clock_has_no_mark() {
        assert_eq!(RunMark { last: None, mark: OnceLock::new() }.get(None), None);
    }
}
