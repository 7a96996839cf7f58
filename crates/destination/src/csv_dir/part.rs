//! Part files: a header, then records. Reading is by blocks of whole records, so memory does not grow with the file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::files::failed;
use crate::modes::{self, DATA_FILE};
use crate::{Error, ErrorKind, Result, csv};

/// How much is read at a time.
const BLOCK_BYTES: usize = 1024 * 1024;

/// The longest record that is believed: beyond it a quote is missing somewhere, and the whole file would end up in memory.
const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;

/// Some whole records of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) bytes: &'a [u8],
    /// Where in the file they begin.
    pub(super) offset: u64,
}

/// Reads a part.
#[derive(Debug)]
pub(super) struct PartReader {
    path: PathBuf,
    file: File,
    columns: Vec<String>,
    buffer: Vec<u8>,
    /// How much of the buffer was given out.
    consumed: usize,
    /// Where in the file the buffer begins.
    offset: u64,
    /// Where in the file the first record begins.
    first_record: u64,
    is_at_end: bool,
}

impl PartReader {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(failed("read", path))?;
        let mut reader = Self {
            path: path.to_owned(),
            file,
            columns: Vec::new(),
            buffer: Vec::new(),
            consumed: 0,
            offset: 0,
            first_record: 0,
            is_at_end: false,
        };
        reader.read_header()?;
        Ok(reader)
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the next whole records, or `None` after the last.
    pub(super) fn next_block(&mut self) -> Result<Option<Block<'_>>> {
        let (from, end) = loop {
            let from = self.consumed;
            let rest = &self.buffer[from..];
            let length = if self.is_at_end { rest.len() } else { csv::end_of_last_record(rest) };
            if length > 0 {
                break (from, from + length);
            }
            if self.is_at_end {
                return Ok(None);
            }
            self.fill()?;
        };
        self.consumed = end;
        Ok(Some(Block { bytes: &self.buffer[from..end], offset: self.offset + from as u64 }))
    }

    /// Returns where in the file the first record begins.
    pub(super) fn first_record(&self) -> u64 {
        self.first_record
    }

    pub(super) fn corrupt(&self, why: &str) -> Error {
        Error::new(ErrorKind::Corrupt, format!("could not read `{}`: {why}", self.path.display()))
    }

    fn read_header(&mut self) -> Result<()> {
        while !self.is_at_end && csv::end_of_last_record(&self.buffer) == 0 {
            self.fill()?;
        }
        let Some(header) = csv::records(&self.buffer).next() else { return Err(self.corrupt("it has no header")) };
        self.consumed = header.len();
        self.first_record = header.len() as u64;
        let columns = csv::values(header).map(|name| String::from_utf8(name.into_owned())).collect::<Result<_, _>>();
        self.columns = columns.map_err(|_| self.corrupt("its header is not UTF-8"))?;
        Ok(())
    }

    /// Drops what was given out and reads on.
    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.consumed);
        self.offset += self.consumed as u64;
        self.consumed = 0;
        if self.buffer.len() > MAX_RECORD_BYTES {
            return Err(self.corrupt("a quote is missing"));
        }
        // Twice as much each time, so that looking for the end of a long record again and again stays cheap.
        let wanted = BLOCK_BYTES.max(self.buffer.len()) as u64;
        let read = (&self.file).take(wanted).read_to_end(&mut self.buffer).map_err(failed("read", &self.path))?;
        self.is_at_end = (read as u64) < wanted;
        Ok(())
    }
}

/// Writes a part.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    file: BufWriter<File>,
    bytes: u64,
}

impl PartFile {
    /// Makes the file anew; what was there stays with those who have it open.
    pub(super) fn create<'a>(path: PathBuf, columns: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("write", &path)(error)),
            _ => {}
        }
        let mut header = Vec::new();
        csv::write_record(&mut header, columns.into_iter().map(str::as_bytes));
        let file = modes::create_new(&path, DATA_FILE).map_err(failed("write", &path))?;
        let mut part = Self { path, file: BufWriter::new(file), bytes: 0 };
        part.write(&header)?;
        Ok(part)
    }

    /// Appends whole records; the last may lack its line end.
    pub(super) fn write_records(&mut self, records: &[u8]) -> Result<()> {
        self.write(records)?;
        if records.ends_with(b"\n") { Ok(()) } else { self.write(b"\n") }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(failed("write", &self.path))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Appends what the file `path` holds from one offset to another.
    pub(super) fn copy(&mut self, path: &Path, from: u64, to: u64) -> Result<()> {
        let mut file = File::open(path).map_err(failed("read", path))?;
        file.seek(SeekFrom::Start(from)).map_err(failed("read", path))?;
        self.bytes += io::copy(&mut file.take(to - from), &mut self.file).map_err(failed("write", &self.path))?;
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes the file to the disk for good.
    pub(super) fn finish(self) -> Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error);
        file.and_then(|file| file.sync_all()).map_err(failed("write", &self.path))
    }
}
