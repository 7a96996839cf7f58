//! Windows of creation that hold about as many records each.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::table::{Counts, start_of};

/// The most windows. Each costs a call or two, and the more there are, the closer a difference is told.
const MOST: u64 = 12;

/// A window of creation, and what the table holds of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Inclusive. `None` in the first: whatever is earlier counts too.
    pub(super) from: Option<Timestamp>,
    /// Exclusive. `None`: however late.
    pub(super) to: Option<Timestamp>,
    pub(super) table: Counts,
}

/// Divides the time up to `end` by the days on which the table's records were created. The windows leave no gap.
pub(super) fn divide(days: &BTreeMap<i64, Counts>, end: Option<Timestamp>) -> Vec<Window> {
    let total: u64 = days.values().map(|counts| counts.all()).sum();
    let share = total.div_ceil(MOST).max(1);
    let mut windows = vec![Window { from: None, to: end, table: Counts::default() }];
    for (day, counts) in days {
        let last = windows.len() - 1;
        if windows[last].table.all() >= share
            && let Some(start) = start_of(*day)
        {
            windows[last].to = Some(start);
            windows.push(Window { from: Some(start), to: end, table: Counts::default() });
        }
        let table = &mut windows.last_mut().expect("there is a first window").table;
        table.live += counts.live;
        table.deleted += counts.deleted;
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(counts: &[(i64, u64)]) -> BTreeMap<i64, Counts> {
        counts.iter().map(|(day, live)| (*day, Counts { live: *live, deleted: 0 })).collect()
    }

    #[test]
    fn the_windows_leave_no_gap_and_no_record_out() {
        let end = "2024-06-01T00:00:00Z".parse().ok();
        let days: Vec<_> = (0..1_000).map(|day| (10_000 + 7 * day, 1 + day as u64 % 50)).collect();

        let windows = divide(&self::days(&days), end);

        assert!((8..=12).contains(&windows.len()), "{}", windows.len());
        assert_eq!((windows[0].from, windows[windows.len() - 1].to), (None, end));
        assert!(windows.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].to.is_some()));
        assert_eq!(
            windows.iter().map(|window| window.table.live).sum::<u64>(),
            days.iter().map(|(_, live)| live).sum::<u64>()
        );
    }

    #[test]
    fn an_empty_table_is_one_window() {
        assert_eq!(divide(&days(&[]), None), [Window { from: None, to: None, table: Counts::default() }]);
    }
}
