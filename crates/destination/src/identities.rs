//! By what the records of a part are told apart, in a file beside it, so that a record that comes twice is noticed before the commit.
//!
//! A destination that puts a unique index on its tables notices it anyway; one that takes bytes as they are does not look into them. The
//! numbers are 8 bytes for each record. They are sorted some at a time, so that memory does not grow with the load.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::Result;
use crate::files::failed;
use crate::modes::{self, PRIVATE_FILE};

/// How many numbers are sorted at a time, about: 4 MiB.
const SORTED_TOGETHER: u64 = 1 << 19;

/// What the number of a record takes in a file.
const IDENTITY_BYTES: usize = 8;

/// How many bytes of a file are read at a time.
const READ_BYTES: usize = 64 << 10;

/// The file of one part that is being written. It is made with the first number.
#[derive(Debug)]
pub(crate) struct IdentityFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl IdentityFile {
    /// Will be at `path`; what is there is removed.
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("write", &path)(error)),
            _ => Ok(Self { path, file: None }),
        }
    }

    /// Appends the numbers of further records.
    pub(crate) fn write(&mut self, identities: &[u64]) -> Result<()> {
        if identities.is_empty() {
            return Ok(());
        }
        self.append(identities).map_err(failed("write", &self.path))
    }

    fn append(&mut self, identities: &[u64]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::new(modes::create_new(&self.path, PRIVATE_FILE)?)),
        };
        identities.iter().try_for_each(|identity| file.write_all(&identity.to_le_bytes()))
    }

    /// Writes out what is still in memory.
    pub(crate) fn finish(self) -> Result<()> {
        self.close().map(drop)
    }

    /// Writes the file to the disk for good, where there is anything to write, under the name that it has from then on.
    pub(crate) fn finish_as(self, name: &Path) -> Result<()> {
        let path = self.path.clone();
        let Some(file) = self.close()? else { return Ok(()) };
        file.sync_all().and_then(|()| fs::rename(&path, name)).map_err(failed("write", name))
    }

    fn close(self) -> Result<Option<File>> {
        let file = self.file.map(BufWriter::into_inner).transpose();
        file.map_err(io::IntoInnerError::into_error).map_err(failed("write", &self.path))
    }
}

/// Returns how many records the parts with these files have twice. A part without a file is one of which nothing is known.
pub(crate) fn came_twice(files: &[PathBuf]) -> Result<u64> {
    let sizes = files.iter().map(|path| fs::metadata(path).map_or(0, |file| file.len()));
    came_twice_in(files, (sizes.sum::<u64>() / IDENTITY_BYTES as u64).div_ceil(SORTED_TOGETHER))
}

/// Does so in `rounds`, each of which sorts the numbers of a share.
fn came_twice_in(files: &[PathBuf], rounds: u64) -> Result<u64> {
    let mut twice = 0;
    for round in 0..rounds {
        let mut identities = Vec::new();
        for path in files {
            read(path, |identity| {
                if identity != 0 && round_of(identity, rounds) == round {
                    identities.push(identity);
                }
            })
            .map_err(failed("read", path))?;
        }
        identities.sort_unstable();
        twice += identities.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
    }
    Ok(twice)
}

/// Spreads numbers that lie close together over all rounds.
fn round_of(identity: u64, rounds: u64) -> u64 {
    let spread = u128::from(identity.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    ((spread * u128::from(rounds)) >> 64) as u64
}

fn read(path: &Path, mut each: impl FnMut(u64)) -> io::Result<()> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::with_capacity(READ_BYTES);
    loop {
        bytes.clear();
        (&file).take(READ_BYTES as u64).read_to_end(&mut bytes)?;
        let (identities, _) = bytes.as_chunks::<IDENTITY_BYTES>();
        identities.iter().for_each(|identity| each(u64::from_le_bytes(*identity)));
        if bytes.len() < READ_BYTES {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(folder: &Path, number: usize, identities: &[u64]) -> PathBuf {
        let mut file = IdentityFile::create(folder.join("draft")).unwrap();
        for some in identities.chunks(3) {
            file.write(some).unwrap();
        }
        let path = folder.join(number.to_string());
        file.finish_as(&path).unwrap();
        path
    }

    #[test]
    fn what_is_not_known_never_comes_twice() {
        let folder = tempfile::tempdir().unwrap();
        let files = [write(folder.path(), 0, &[0, 0, 7]), write(folder.path(), 1, &[0]), folder.path().join("none")];

        assert_eq!(came_twice(&files).unwrap(), 0);
    }

    proptest! {
        #[test]
        fn all_that_comes_again_is_counted_in_any_number_of_rounds(
            parts in proptest::collection::vec(proptest::collection::vec(1_u64..60, 0..20), 0..4),
            rounds in 1_u64..5,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let files: Vec<PathBuf> = parts.iter().enumerate().map(|(at, part)| write(folder.path(), at, part)).collect();
            let all: Vec<u64> = parts.concat();
            let different = all.iter().collect::<std::collections::BTreeSet<_>>().len();

            prop_assert_eq!(came_twice_in(&files, rounds).unwrap(), (all.len() - different) as u64);
        }
    }
}
