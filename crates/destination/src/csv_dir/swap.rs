//! Puts a new folder in the place of a table's, in one step where the file system can do that.

use std::fs;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::layout::{Layout, sync_folder};
use crate::Result;
use crate::files::{failed, remove};
use crate::lock::FileLock;

/// Makes `next` the table. Whatever was there before is gone or in `layout`'s private folders afterwards.
pub(super) fn swap(layout: &Layout, next: &Path) -> Result<()> {
    match renameat_with(CWD, next, CWD, &layout.table, RenameFlags::EXCHANGE) {
        Ok(()) => {}
        Err(Errno::NOENT) => fs::rename(next, &layout.table).map_err(failed("replace", &layout.table))?,
        Err(Errno::NOSYS | Errno::INVAL | Errno::OPNOTSUPP) => swap_in_two_steps(layout, next)?,
        Err(error) => return Err(failed("replace", &layout.table)(error.into())),
    }
    layout.table.parent().map_or(Ok(()), sync_folder)
}

/// A table that a crash leaves halfway is put back by [`recover`].
fn swap_in_two_steps(layout: &Layout, next: &Path) -> Result<()> {
    fs::rename(&layout.table, &layout.replaced).map_err(failed("replace", &layout.table))?;
    if let Err(error) = fs::rename(next, &layout.table) {
        recover(layout)?;
        return Err(failed("replace", &layout.table)(error));
    }
    if let Err(error) = remove(&layout.replaced) {
        tracing::warn!(table = %layout.table.display(), %error, "the replaced table stays behind until the next load");
    }
    Ok(())
}

/// Puts back, or removes, what a replacement that was cut short left behind. Only the holder of the table's lock may do so.
pub(super) fn recover(layout: &Layout) -> Result<()> {
    if !layout.replaced.exists() {
        return Ok(());
    }
    if layout.table.exists() {
        return remove(&layout.replaced);
    }
    tracing::warn!(table = %layout.table.display(), "restoring a table whose replacement was cut short");
    fs::rename(&layout.replaced, &layout.table).map_err(failed("restore", &layout.table))
}

/// Does [`recover`] if nobody is loading the table.
pub(super) fn recover_unless_locked(layout: &Layout) -> Result<()> {
    if !layout.replaced.exists() {
        return Ok(());
    }
    match FileLock::try_acquire(&layout.lock).map_err(failed("lock", &layout.lock))? {
        Some(_lock) => recover(layout),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn layout(root: &Path) -> Layout {
        let layout = Layout::new(root, "Account");
        layout.make_root().unwrap();
        fs::create_dir_all(layout.next_table()).unwrap();
        fs::create_dir(&layout.table).unwrap();
        fs::write(layout.table.join("old"), "").unwrap();
        fs::write(layout.next_table().join("new"), "").unwrap();
        layout
    }

    fn files(folder: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(folder).unwrap().map(name).collect()
    }

    #[test]
    fn both_ways_of_swapping_replace_the_folder() {
        let ways: [fn(&Layout, &Path) -> Result<()>; 2] = [swap, swap_in_two_steps];
        for way in ways {
            let root = tempfile::tempdir().unwrap();
            let layout = layout(root.path());

            way(&layout, &layout.next_table()).unwrap();

            assert_eq!(files(&layout.table), ["new"]);
            assert!(!layout.replaced.exists());
        }
    }

    #[test]
    fn a_replacement_cut_short_before_the_new_table_is_undone() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(root.path());
        fs::rename(&layout.table, &layout.replaced).unwrap();

        recover_unless_locked(&layout).unwrap();

        assert_eq!(files(&layout.table), ["old"]);
        assert!(!layout.replaced.exists());
    }

    #[test]
    fn a_replacement_cut_short_after_the_new_table_is_done() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(root.path());
        fs::rename(&layout.table, &layout.replaced).unwrap();
        fs::rename(layout.next_table(), &layout.table).unwrap();

        recover_unless_locked(&layout).unwrap();

        assert_eq!(files(&layout.table), ["new"]);
        assert!(!layout.replaced.exists());
    }

    #[test]
    fn a_replacement_in_progress_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout(root.path());
        let _lock = FileLock::try_acquire(&layout.lock).unwrap().unwrap();
        fs::rename(&layout.table, &layout.replaced).unwrap();

        recover_unless_locked(&layout).unwrap();

        assert!(layout.replaced.exists() && !layout.table.exists());
    }
}
