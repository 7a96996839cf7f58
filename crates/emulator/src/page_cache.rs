//! Pages of results that have been rendered, plain or compressed, kept so that the next client need not wait for it.
//!
//! A page is found again by what it shows: the same data, query and form give the same bytes, whichever job they belong
//! to. Memory is bounded; what was kept longest goes first.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;

use crate::{org::Tables, render::ResultPage, select::Selection};

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    /// The address of the data, which stays what it is while the page that belongs to it is kept.
    data: usize,
    /// The days since the org began, on which depends what is still in the recycle bin.
    days: i64,
    query: String,
    operation: &'static str,
    dialect: (&'static str, &'static str),
    columns: Vec<usize>,
    range: (u64, u64),
    compressed: bool,
}

impl PageKey {
    /// Returns the key of a page, or `None` if what it shows depends on the moment.
    pub(crate) fn of(page: &ResultPage, operation: &'static str, compressed: bool) -> Option<Self> {
        let (tables, days) = page.selection.data();
        let query = page.selection.query().to_string();
        if names_a_moment(&query) {
            return None;
        }
        Some(Self {
            data: Arc::as_ptr(tables) as usize,
            days,
            query,
            operation,
            dialect: (page.dialect.delimiter.name, page.dialect.line_ending.name),
            columns: page.columns.clone(),
            range: (page.from, page.records),
            compressed,
        })
    }
}

/// Returns whether a query may hold a date literal such as `TODAY`. A text that looks like one only costs time.
fn names_a_moment(query: &str) -> bool {
    let query = query.to_ascii_uppercase();
    ["TODAY", "YESTERDAY", "TOMORROW", "_DAY", "_WEEK", "_MONTH", "_QUARTER", "_YEAR"]
        .iter()
        .any(|word| query.contains(word))
}

/// The pages kept.
pub(crate) struct PageCache {
    most_bytes: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pages: HashMap<PageKey, Page>,
    order: VecDeque<PageKey>,
    bytes: usize,
}

struct Page {
    pieces: Arc<[Bytes]>,
    bytes: usize,
    /// Keeps the address in the key from being used for other data.
    _data: Arc<Tables>,
}

impl fmt::Debug for PageCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageCache").field("most_bytes", &self.most_bytes).finish_non_exhaustive()
    }
}

impl PageCache {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, state: Mutex::default() }
    }

    /// Returns the most bytes that one page may have to be kept.
    pub(crate) fn room(&self) -> usize {
        self.most_bytes / 2
    }

    pub(crate) fn get(&self, key: &PageKey) -> Option<Arc<[Bytes]>> {
        self.lock().pages.get(key).map(|page| Arc::clone(&page.pieces))
    }

    pub(crate) fn put(&self, key: PageKey, pieces: Vec<Bytes>, selection: &Selection) {
        let bytes: usize = pieces.iter().map(Bytes::len).sum();
        let mut state = self.lock();
        if bytes > self.room() || state.pages.contains_key(&key) {
            return;
        }
        while state.bytes + bytes > self.most_bytes {
            let Some(oldest) = state.order.pop_front() else { break };
            state.bytes -= state.pages.remove(&oldest).map_or(0, |page| page.bytes);
        }
        state.bytes += bytes;
        state.order.push_back(key.clone());
        state.pages.insert(key, Page { pieces: pieces.into(), bytes, _data: Arc::clone(selection.data().0) });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        org::Org,
        render::{Delimiter, Dialect, LineEnding},
        select::Scope,
    };

    fn page(org: &Org, soql: &str, from: u64) -> ResultPage {
        let selection = Arc::new(org.select(soql, Scope::Live).unwrap());
        let dialect = Dialect { delimiter: Delimiter::COMMA, line_ending: LineEnding::LF };
        ResultPage { selection, dialect, columns: vec![0], from, records: 10 }
    }

    fn key(org: &Org, soql: &str, from: u64) -> Option<PageKey> {
        PageKey::of(&page(org, soql, from), "query", false)
    }

    #[test]
    fn a_page_is_found_again_until_the_data_changes() {
        let org = Org::builder().demo(100).build();
        let soql = "SELECT Id FROM Account";

        let before = key(&org, soql, 0);
        assert_eq!(key(&org, "select Id from Account", 0), before);
        assert_ne!(key(&org, soql, 10), before);
        let held = page(&org, soql, 0);
        org.insert("Account", [("Name".to_owned(), "Acme".into())].into()).unwrap();
        assert_ne!(key(&org, soql, 0), before);
        drop(held);
    }

    #[test]
    fn what_depends_on_the_moment_is_never_kept() {
        let org = Org::builder().demo(100).build();

        assert_eq!(key(&org, "SELECT Id FROM Account WHERE CreatedDate = TODAY", 0), None);
        assert_eq!(key(&org, "SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS:3", 0), None);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let org = Org::builder().demo(100).build();
        let cache = PageCache::new(100);
        let held = page(&org, "SELECT Id FROM Account", 0);
        let keys: Vec<PageKey> = (0..3).map(|at| key(&org, "SELECT Id FROM Account", at).unwrap()).collect();

        for key in &keys {
            cache.put(key.clone(), vec![Bytes::from(vec![0; 40])], &held.selection);
        }
        cache.put(key(&org, "SELECT Id FROM Account", 9).unwrap(), vec![Bytes::from(vec![0; 60])], &held.selection);

        let kept: Vec<bool> = keys.iter().map(|key| cache.get(key).is_some()).collect();
        assert_eq!(kept, [false, true, true]);
    }
}
