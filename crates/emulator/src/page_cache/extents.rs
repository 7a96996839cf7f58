//! A temporary file in pieces of one size, which are taken and given back.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::body::Bytes;

/// Bytes of an extent.
pub(super) const EXTENT_BYTES: usize = 64 * 1024;

/// The file. It has no name, so that nothing is left of it whichever way the emulator ends.
pub(super) struct Extents {
    most: u32,
    free: Mutex<Free>,
    file: Mutex<Option<File>>,
}

#[derive(Default)]
struct Free {
    given_back: Vec<u32>,
    never_taken: u32,
}

impl Extents {
    pub(super) fn new(most: usize) -> Self {
        Self { most: u32::try_from(most).unwrap_or(u32::MAX), free: Mutex::default(), file: Mutex::default() }
    }

    /// Returns how many extents there can be.
    pub(super) fn most(&self) -> usize {
        self.most as usize
    }

    /// Takes an extent that nobody uses.
    pub(super) fn take(&self) -> Option<u32> {
        let mut free = lock(&self.free);
        free.given_back.pop().or_else(|| {
            let fresh = (free.never_taken < self.most).then_some(free.never_taken)?;
            free.never_taken += 1;
            Some(fresh)
        })
    }

    pub(super) fn give_back(&self, extents: &[u32]) {
        lock(&self.free).given_back.extend_from_slice(extents);
    }

    /// Writes into an extent, `from` bytes after its start.
    pub(super) fn write(&self, extent: u32, from: usize, bytes: &[u8]) -> io::Result<()> {
        let mut file = lock(&self.file);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(position(extent) + from as u64))?;
        file.write_all(bytes)
    }

    /// Reads the first bytes of an extent.
    pub(super) fn read(&self, extent: u32, bytes: usize) -> io::Result<Bytes> {
        let mut read = vec![0; bytes];
        let mut file = lock(&self.file);
        let file = file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(position(extent)))?;
        file.read_exact(&mut read)?;
        Ok(read.into())
    }
}

fn position(extent: u32) -> u64 {
    u64::from(extent) * EXTENT_BYTES as u64
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
