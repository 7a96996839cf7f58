//! Pages of results that have been rendered, plain or compressed, kept so that the next client need not wait for it.
//!
//! A page is found again by what it shows: the same data, query and form give the same bytes, whichever job they belong
//! to. The bytes are in a temporary file of bounded size, which is gone with the emulator; memory holds only where each
//! page is. What was kept longest goes first.

use std::{
    collections::{HashMap, VecDeque},
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;

use self::extents::{EXTENT_BYTES, Extents};
use crate::{org::Tables, render::ResultPage};

mod extents;

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
    columns: (Vec<usize>, Vec<usize>),
    range: (u64, u64),
    compressed: bool,
}

impl PageKey {
    /// Returns the key of a page, or `None` if what it shows depends on the moment.
    pub(crate) fn of(page: &ResultPage, operation: &'static str, compressed: bool) -> Option<Self> {
        let (tables, days) = page.selection.data();
        let query = page.selection.query().to_string();
        if names_a_moment(&query) || tables.may_name_a_moment(&query) {
            return None;
        }
        Some(Self {
            data: Arc::as_ptr(tables) as usize,
            days,
            query,
            operation,
            dialect: (page.dialect.delimiter.name, page.dialect.line_ending.name),
            columns: (page.columns.clone(), page.names.clone()),
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
    extents: Arc<Extents>,
    /// The most extents that one page may have to be kept.
    most_of_a_page: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pages: HashMap<PageKey, Kept>,
    order: VecDeque<PageKey>,
}

struct Kept {
    page: Arc<KeptPage>,
    /// Keeps the address in the key from being used for other data.
    _data: Arc<Tables>,
}

/// Where the bytes of a page are. Dropping it frees their room.
pub(crate) struct KeptPage {
    store: Arc<Extents>,
    extents: Vec<u32>,
    bytes: usize,
}

/// Keeps a page while it is rendered.
pub(crate) struct PageWriter {
    cache: Arc<PageCache>,
    key: PageKey,
    data: Arc<Tables>,
    page: KeptPage,
}

impl fmt::Debug for PageCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageCache").field("most_of_a_page", &self.most_of_a_page).finish_non_exhaustive()
    }
}

impl PageCache {
    /// Makes a cache of at most so many bytes. The file is made when the first page is kept.
    pub(crate) fn new(most_bytes: usize) -> Self {
        let extents = Extents::new(most_bytes / EXTENT_BYTES);
        Self { most_of_a_page: extents.most() / 2, extents: Arc::new(extents), state: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &PageKey) -> Option<Arc<KeptPage>> {
        self.lock().pages.get(key).map(|kept| Arc::clone(&kept.page))
    }

    /// Starts keeping the page that `key` describes, which shows `data`.
    pub(crate) fn keep(self: &Arc<Self>, key: PageKey, data: &Arc<Tables>) -> PageWriter {
        let page = KeptPage { store: Arc::clone(&self.extents), extents: Vec::new(), bytes: 0 };
        PageWriter { cache: Arc::clone(self), key, data: Arc::clone(data), page }
    }

    /// Takes a free extent, at the cost of the pages that were kept longest.
    fn take_extent(&self) -> Option<u32> {
        loop {
            if let Some(extent) = self.extents.take() {
                return Some(extent);
            }
            let mut state = self.lock();
            let oldest = state.order.pop_front()?;
            state.pages.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PageWriter {
    /// Keeps the next bytes. After an error the page cannot be kept.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let used = self.page.bytes % EXTENT_BYTES;
            if used == 0 {
                let room = self.page.extents.len() < self.cache.most_of_a_page;
                let extent = room.then(|| self.cache.take_extent()).flatten();
                self.page.extents.push(extent.ok_or(io::ErrorKind::StorageFull)?);
            }
            let extent = *self.page.extents.last().expect("an extent was taken before");
            let (now, rest) = bytes.split_at(bytes.len().min(EXTENT_BYTES - used));
            self.page.store.write(extent, used, now)?;
            self.page.bytes += now.len();
            bytes = rest;
        }
        Ok(())
    }

    /// Lets others find the page, which is whole now.
    pub(crate) fn finish(self) {
        let mut state = self.cache.lock();
        if state.pages.contains_key(&self.key) {
            return;
        }
        state.order.push_back(self.key.clone());
        state.pages.insert(self.key, Kept { page: Arc::new(self.page), _data: self.data });
    }
}

impl KeptPage {
    /// Returns how many pieces the page is read in.
    pub(crate) fn pieces(&self) -> usize {
        self.extents.len()
    }

    /// Reads a piece.
    pub(crate) fn piece(&self, at: usize) -> io::Result<Bytes> {
        let bytes = EXTENT_BYTES.min(self.bytes - at * EXTENT_BYTES);
        self.store.read(self.extents[at], bytes)
    }
}

impl Drop for KeptPage {
    fn drop(&mut self) {
        self.store.give_back(&self.extents);
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
        ResultPage { selection, dialect, columns: vec![0], names: vec![0], from, records: 10 }
    }

    fn key(org: &Org, soql: &str, from: u64) -> Option<PageKey> {
        PageKey::of(&page(org, soql, from), "query", false)
    }

    fn bytes(page: &KeptPage) -> Vec<u8> {
        (0..page.pieces()).flat_map(|at| page.piece(at).unwrap()).collect()
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

    /// A cache of eight extents, and what keeps a page of so many bytes in it.
    fn small() -> (Arc<PageCache>, impl Fn(u64, u8, usize) -> Option<PageKey>) {
        let org = Org::builder().demo(100).build();
        let cache = Arc::new(PageCache::new(8 * EXTENT_BYTES));
        let held = page(&org, "SELECT Id FROM Account", 0);
        let keep = {
            let cache = Arc::clone(&cache);
            move |at, byte, length| {
                let key = key(&org, "SELECT Id FROM Account", at)?;
                let mut writer = cache.keep(key.clone(), held.selection.data().0);
                for piece in vec![byte; length].chunks(50_000) {
                    writer.write(piece).ok()?;
                }
                writer.finish();
                Some(key)
            }
        };
        (cache, keep)
    }

    #[test]
    fn a_page_is_read_back_as_it_was_written() {
        let (cache, keep) = small();

        for length in [0, 1, EXTENT_BYTES, 2 * EXTENT_BYTES + 7] {
            let key = keep(length as u64, 42, length).unwrap();

            assert_eq!(bytes(&cache.get(&key).unwrap()), vec![42; length]);
        }
    }

    #[test]
    fn room_is_bounded_and_the_oldest_goes_first() {
        let (cache, keep) = small();

        let keys: Vec<PageKey> = (0..4).map(|at| keep(at, at as u8, 3 * EXTENT_BYTES).unwrap()).collect();

        let kept: Vec<bool> = keys.iter().map(|key| cache.get(key).is_some()).collect();
        assert_eq!(kept, [false, false, true, true]);
        assert_eq!(keep(9, 9, 5 * EXTENT_BYTES), None, "more than half of the room is too much for one page");
    }

    #[test]
    fn a_page_that_is_being_read_is_not_written_over() {
        let (cache, keep) = small();
        let first = keep(0, 1, 4 * EXTENT_BYTES).unwrap();
        let reading = cache.get(&first).unwrap();

        for at in 1..5 {
            keep(at, 2, 3 * EXTENT_BYTES).unwrap();
        }

        assert!(cache.get(&first).is_none());
        assert_eq!(bytes(&reading), vec![1; 4 * EXTENT_BYTES]);
    }
}
