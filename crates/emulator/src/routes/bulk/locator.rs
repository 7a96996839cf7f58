//! Locators: where in a job's results a page begins. Opaque to clients, but nothing has to be remembered for them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::id::Id;

/// Bytes of a position that a locator carries: enough for 281 billion records.
const POSITION_BYTES: usize = 6;

/// Returns the locator of `position` in the results of `job`.
pub(super) fn write(job: Id, position: u64) -> String {
    let mut bytes = [0; POSITION_BYTES + 1];
    let (carried, check) = bytes.split_at_mut(POSITION_BYTES);
    carried.copy_from_slice(&(position ^ mask(job)).to_le_bytes()[..POSITION_BYTES]);
    check[0] = checksum(carried);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a locator of `job` back.
pub(super) fn read(job: Id, locator: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(locator).ok()?;
    let (check, carried) = bytes.split_last()?;
    if carried.len() != POSITION_BYTES || *check != checksum(carried) {
        return None;
    }
    let mut position = [0; 8];
    position[..POSITION_BYTES].copy_from_slice(carried);
    Some(u64::from_le_bytes(position) ^ mask(job))
}

/// Returns the locator of a position in the job list.
pub(super) fn write_plain(position: usize) -> String {
    URL_SAFE_NO_PAD.encode(position.to_string())
}

/// Reads a locator of the job list back.
pub(super) fn read_plain(locator: &str) -> Option<usize> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(locator).ok()?).ok()?.parse().ok()
}

/// Makes locators of different jobs differ, so that one cannot pass for another's.
fn mask(job: Id) -> u64 {
    let spread = job.sequence().wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    spread >> (64 - 8 * POSITION_BYTES)
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0xA5, |sum: u8, byte| sum.rotate_left(3) ^ byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn job(sequence: u64) -> Id {
        Id::of(*b"750", *b"5f0", sequence)
    }

    proptest! {
        #[test]
        fn locators_read_back(position in 0..1_u64 << 48, sequence in 0..1_000_000_u64) {
            prop_assert_eq!(read(job(sequence), &write(job(sequence), position)), Some(position));
        }

        #[test]
        fn any_other_text_is_refused_without_panic(text in ".{0,20}") {
            if let Some(position) = read(job(1), &text) {
                prop_assert_eq!(write(job(1), position), text);
            }
        }
    }

    #[test]
    fn the_same_position_has_another_locator_in_another_job() {
        assert_ne!(write(job(1), 50_000), write(job(2), 50_000));
        assert!(!write(job(1), 50_000).contains("50000"));
    }
}
