//! What the machine does to a run: other runs, disks that are full, read-only or gone, too few file handles; and what a run leaves on it.

mod disk;
mod gone;
mod handles;
mod modes;
mod place;
mod writers;
