//! Records as a database of their own, in memory: SQLite copies them from one table to another without looking into them, which takes a fraction
//! of what it takes to insert them value by value.
//!
//! It is a file as SQLite writes one, with one table and nothing else, and is never on a disk.
//!
//! <https://sqlite.org/fileformat2.html>

use rusqlite::Connection;

use super::record::{Encoder, Records, TextEncoding, put_varint};
use super::storage::Storage;

/// The name under which the database is attached, and that of its table. No table of a user is called so.
pub(super) const IMAGE: &str = "_orgtap_image";

/// The largest pages there are: few values are longer.
const PAGE_BYTES: usize = 1 << 16;

/// Where the first page's content begins, behind the header of the file.
const FILE_HEADER_BYTES: usize = 100;

const LEAF_HEADER_BYTES: usize = 8;
const INTERIOR_HEADER_BYTES: usize = 12;

/// How large a database may be whose room is used again.
const MOST_KEPT_BYTES: usize = 4 * 1024 * 1024;

/// How many pages one page can point to: for each, a pointer, a page's number and a record's.
const MOST_CHILDREN: usize = (PAGE_BYTES - INTERIOR_HEADER_BYTES) / (2 + 4 + 9);

/// The pages of the latest database. Their room is used again by the next.
#[derive(Debug, Default)]
pub(super) struct Image {
    pages: Vec<u8>,
    /// Counts the databases, so that SQLite knows them apart.
    version: u32,
}

/// A page of records that is being filled, from both ends.
#[derive(Debug)]
struct Leaf {
    page: usize,
    records: usize,
    /// Where the lowest of the records stands.
    lowest: usize,
}

/// A page and the number of the last record that it leads to.
type Child = (usize, u64);

impl Image {
    /// Makes room for databases in `connection`. Call it once, after the connection's own file was read.
    pub(super) fn attach(connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(&format!("ATTACH ':memory:' AS {IMAGE}"))
    }

    /// Has `connection` see a database whose table has these `batches`, stored as `storages` say, in the place of an earlier one.
    pub(super) fn show<'a>(
        &mut self,
        connection: &mut Connection,
        storages: &[Storage],
        encoding: TextEncoding,
        batches: impl Iterator<Item = &'a Records>,
    ) -> rusqlite::Result<()> {
        self.write(storages, encoding, batches);
        // A transaction that is to write begins in all databases at once, and would fail in one that is not for writing.
        let is_read_only = false;
        let shown = connection.deserialize_read_exact(IMAGE, &*self.pages, self.pages.len(), is_read_only);
        if self.pages.len() > MOST_KEPT_BYTES {
            self.pages = Vec::new();
        }
        shown
    }

    fn write<'a>(&mut self, storages: &[Storage], encoding: TextEncoding, batches: impl Iterator<Item = &'a Records>) {
        self.pages.clear();
        self.version = self.version.wrapping_add(1);
        self.add_page();
        let mut level = self.write_leaves(batches.flat_map(Records::iter));
        while level.len() > 1 {
            let chunk = level.len().div_ceil(level.len().div_ceil(MOST_CHILDREN));
            level = level.chunks(chunk).map(|children| self.write_interior(children)).collect();
        }
        self.write_schema(level[0].0, storages, encoding);
        self.write_header(encoding);
    }

    /// Adds an empty page and returns its number.
    fn add_page(&mut self) -> usize {
        self.pages.resize(self.pages.len() + PAGE_BYTES, 0);
        self.pages.len() / PAGE_BYTES
    }

    fn put(&mut self, page: usize, at: usize, bytes: &[u8]) {
        let start = (page - 1) * PAGE_BYTES + at;
        self.pages[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Writes the records, numbered from 1, and returns their pages. There is one even where there are no records.
    fn write_leaves<'a>(&mut self, records: impl Iterator<Item = &'a [u8]>) -> Vec<Child> {
        let mut leaves = Vec::new();
        let mut leaf = self.begin_leaf();
        let mut last = 0;
        let mut cell = Vec::new();
        for record in records {
            let number = last + 1;
            cell.clear();
            put_varint(&mut cell, record.len() as u64);
            put_varint(&mut cell, number);
            let local = local_bytes(record.len());
            let size = cell.len() + local + if local < record.len() { 4 } else { 0 };
            if !leaf.has_room(size) {
                leaves.push((self.end_leaf(&leaf, 0), last));
                leaf = self.begin_leaf();
            }
            self.write_cell(&mut leaf, size, &cell, record.split_at(local));
            last = number;
        }
        leaves.push((self.end_leaf(&leaf, 0), last));
        leaves
    }

    fn begin_leaf(&mut self) -> Leaf {
        Leaf { page: self.add_page(), records: 0, lowest: PAGE_BYTES }
    }

    /// Writes one record, of which the first piece is to stand in the page itself.
    fn write_cell(&mut self, leaf: &mut Leaf, size: usize, head: &[u8], (local, rest): (&[u8], &[u8])) {
        leaf.lowest -= size;
        let at = leaf.lowest;
        self.put(leaf.page, LEAF_HEADER_BYTES + 2 * leaf.records, &short(at));
        self.put(leaf.page, at, head);
        self.put(leaf.page, at + head.len(), local);
        if !rest.is_empty() {
            let first = self.write_overflow(rest);
            self.put(leaf.page, at + head.len() + local.len(), &long(first));
        }
        leaf.records += 1;
    }

    /// Writes what of a record does not stand in its page, and returns the first page that has it.
    fn write_overflow(&mut self, rest: &[u8]) -> usize {
        let first = self.pages.len() / PAGE_BYTES + 1;
        let mut pieces = rest.chunks(PAGE_BYTES - 4).peekable();
        while let Some(piece) = pieces.next() {
            let page = self.add_page();
            let next = if pieces.peek().is_some() { page + 1 } else { 0 };
            self.put(page, 0, &long(next));
            self.put(page, 4, piece);
        }
        first
    }

    /// Writes the header of a page of records, which begins at `start`, and returns the page.
    fn end_leaf(&mut self, leaf: &Leaf, start: usize) -> usize {
        self.put(leaf.page, start, &[0x0d, 0, 0]);
        self.put(leaf.page, start + 3, &short(leaf.records));
        self.put(leaf.page, start + 5, &short(leaf.lowest));
        leaf.page
    }

    /// Writes a page that points to others.
    fn write_interior(&mut self, children: &[Child]) -> Child {
        let page = self.add_page();
        let (last, others) = children.split_last().expect("a level has pages");
        let mut lowest = PAGE_BYTES;
        let mut cell = Vec::new();
        for (index, (child, number)) in others.iter().enumerate() {
            cell.clear();
            cell.extend_from_slice(&long(*child));
            put_varint(&mut cell, *number);
            lowest -= cell.len();
            self.put(page, INTERIOR_HEADER_BYTES + 2 * index, &short(lowest));
            self.put(page, lowest, &cell);
        }
        self.put(page, 0, &[0x05, 0, 0]);
        self.put(page, 3, &short(others.len()));
        self.put(page, 5, &short(lowest));
        self.put(page, 8, &long(last.0));
        (page, last.1)
    }

    /// Writes the first page: the statement that makes the table, and where the table stands.
    fn write_schema(&mut self, root: usize, storages: &[Storage], encoding: TextEncoding) {
        let columns: Vec<_> =
            storages.iter().enumerate().map(|(index, storage)| format!("c{index} {}", storage.declared())).collect();
        let sql = format!("CREATE TABLE {IMAGE} ({})", columns.join(", "));
        let mut record = Encoder::new(encoding, Records::default());
        ["table", IMAGE, IMAGE].into_iter().for_each(|text| record.add_text(text.as_bytes()));
        record.add_integer(root as i64);
        record.add_text(sql.as_bytes());
        let record = record.into_record();
        let mut cell = Vec::new();
        put_varint(&mut cell, record.len() as u64);
        put_varint(&mut cell, 1);
        cell.extend_from_slice(&record);
        let leaf = Leaf { page: 1, records: 1, lowest: PAGE_BYTES - cell.len() };
        self.put(1, leaf.lowest, &cell);
        self.put(1, FILE_HEADER_BYTES + LEAF_HEADER_BYTES, &short(leaf.lowest));
        self.end_leaf(&leaf, FILE_HEADER_BYTES);
    }

    fn write_header(&mut self, encoding: TextEncoding) {
        let pages = self.pages.len() / PAGE_BYTES;
        let version = self.version.to_be_bytes();
        self.put(1, 0, b"SQLite format 3\0");
        // The page size, which stands for 65,536; no write-ahead log; and the fractions of a page that never were other than these.
        self.put(1, 16, &[0, 1, 1, 1, 0, 64, 32, 32]);
        self.put(1, 24, &version);
        self.put(1, 28, &long(pages));
        self.put(1, 40, &version);
        self.put(1, 44, &long(4));
        self.put(1, 56, &long(encoding as usize + 1));
        self.put(1, 92, &version);
        self.put(1, 96, &rusqlite::version_number().to_be_bytes());
    }
}

impl Leaf {
    fn has_room(&self, size: usize) -> bool {
        LEAF_HEADER_BYTES + 2 * (self.records + 1) + size <= self.lowest
    }
}

/// Returns how many bytes of a record stand in its page.
///
/// <https://sqlite.org/fileformat2.html#cell_payload>
fn local_bytes(record: usize) -> usize {
    let most = PAGE_BYTES - 35;
    if record <= most {
        return record;
    }
    let least = (PAGE_BYTES - 12) * 32 / 255 - 23;
    let even = least + (record - least) % (PAGE_BYTES - 4);
    if even <= most { even } else { least }
}

/// The largest page ends at 65,536, which is written as zero.
fn short(number: usize) -> [u8; 2] {
    (number as u16).to_be_bytes()
}

fn long(number: usize) -> [u8; 4] {
    (number as u32).to_be_bytes()
}
