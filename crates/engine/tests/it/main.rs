//! Rows run between an org and a destination, through the public surface: what then stands in the table, what the org saw of it, and what
//! a fault leaves behind. The org is the emulator, so the truth about its records is asked of it directly, not over HTTP.

#[cfg(test)]
mod apis;
#[cfg(test)]
mod append;
#[cfg(test)]
mod changed_table;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod computed;
#[cfg(test)]
mod cursor;
#[cfg(test)]
mod deleted_settings;
#[cfg(test)]
mod deletion_log;
#[cfg(test)]
mod deletions;
#[cfg(test)]
mod destination_faults;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod fault_matrix;
#[cfg(test)]
mod fingerprint;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod full_load;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod incremental;
#[cfg(test)]
mod job_faults;
#[cfg(test)]
mod page_faults;
#[cfg(test)]
mod parallel_pages;
#[cfg(test)]
mod pieces;
#[cfg(test)]
mod plain_proxy;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod records;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod route;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod same_text;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod soql;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod watermark;
