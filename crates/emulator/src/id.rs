//! Record ids: fifteen base-62 characters, printed as eighteen with their checksum. Nothing here knows which objects exist.

use std::fmt;
use std::str::FromStr;

/// The digits of an id, in the order in which Salesforce sorts them.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The letters of the checksum: one for five characters, a bit for each capital.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// Characters of an id without checksum.
const LEN: usize = 15;
/// Characters of the part that counts up: all but key prefix and pod.
const SEQUENCE_LEN: usize = 9;
/// Key prefix and pod: what the ids of one object in one org have in common.
const HEAD_LEN: usize = LEN - SEQUENCE_LEN;

/// The id of a record. Ordered as Salesforce orders ids; two ids are equal when their first fifteen characters are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; LEN]);

/// The reason why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("could not read the id: it must be 15 letters and digits, or 18 with a matching checksum")]
pub struct InvalidId;

impl Id {
    /// Returns the `sequence`-th id of an object: its key prefix, the org's pod, and the sequence in base 62.
    ///
    /// Sequences beyond nine digits of base 62 wrap around; no org holds that many records.
    pub fn of(key_prefix: [u8; 3], pod: [u8; 3], sequence: u64) -> Self {
        let mut chars = [b'0'; LEN];
        let (head, tail) = chars.split_at_mut(HEAD_LEN);
        let (prefix, place) = head.split_at_mut(3);
        prefix.copy_from_slice(&key_prefix);
        place.copy_from_slice(&pod);
        let mut rest = sequence;
        for digit in tail.iter_mut().rev() {
            *digit = DIGITS[(rest % 62) as usize];
            rest /= 62;
        }
        Self(chars)
    }

    /// Returns the key prefix: the three characters that name the object.
    pub fn key_prefix(&self) -> [u8; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }

    /// Returns the pod: the three characters after the key prefix.
    pub fn pod(&self) -> [u8; 3] {
        [self.0[3], self.0[4], self.0[5]]
    }

    /// Returns the number that the last nine characters count.
    pub fn sequence(&self) -> u64 {
        self.0[HEAD_LEN..].iter().fold(0, |sum, byte| sum * 62 + u64::from(digit_value(*byte)))
    }

    /// Returns all eighteen characters, as ASCII.
    pub fn to_chars(self) -> [u8; 18] {
        let mut chars = [0; 18];
        chars[..LEN].copy_from_slice(&self.0);
        for (group, letter) in self.0.chunks(5).zip(&mut chars[LEN..]) {
            let bits = group
                .iter()
                .enumerate()
                .fold(0, |bits, (at, byte)| bits | usize::from(byte.is_ascii_uppercase()) << at);
            *letter = CHECKSUM[bits];
        }
        chars
    }
}

/// Returns the value of one base-62 digit; other bytes count as zero.
fn digit_value(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'Z' => byte - b'A' + 10,
        b'a'..=b'z' => byte - b'a' + 36,
        _ => 0,
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let bytes = text.as_bytes();
        if bytes.len() != LEN && bytes.len() != 18 || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(InvalidId);
        }
        let mut chars = [0; LEN];
        chars.copy_from_slice(&bytes[..LEN]);
        let id = Self(chars);
        if bytes.len() == 18 && id.to_chars() != bytes {
            return Err(InvalidId);
        }
        Ok(id)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_chars()))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_agrees_with_recorded_ids() {
        for id in ["001RM000003oLnnYAE", "750R0000000zlh9IAA", "00D20000000MeJAEA0", "003RO0000035WQgYAM"] {
            assert_eq!(id.parse::<Id>().unwrap().to_string(), id);
        }
    }

    #[test]
    fn an_id_of_fifteen_characters_gains_its_checksum() {
        let id: Id = "001RM000003oLnn".parse().unwrap();

        assert_eq!(id.to_string(), "001RM000003oLnnYAE");
    }

    #[test]
    fn an_id_in_the_wrong_case_or_length_is_refused() {
        for text in ["001rm000003olnnYAE", "001RM000003oLn", "001RM000003oLnnYA", "001RM000003oL-n", "", "1"] {
            assert_eq!(text.parse::<Id>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn sequence_and_id_are_each_other_s_inverse_and_keep_their_order() {
        let ids: Vec<Id> = [1, 9, 10, 35, 36, 61, 62, 3843, 3844, 5_000_000, u64::from(u32::MAX)]
            .into_iter()
            .map(|n| {
                let id = Id::of(*b"001", *b"5f0", n);
                assert_eq!(id.sequence(), n);
                id
            })
            .collect();

        assert!(ids.is_sorted());
        assert_eq!(Id::of(*b"001", *b"5f0", 16).to_string(), "0015f000000000GAAQ");
    }
}
