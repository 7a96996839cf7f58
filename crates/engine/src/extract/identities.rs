//! By what the records of a row are told apart: their Ids, as numbers.

use orgtap_destination::{Batch, csv};

use crate::boundaries::for_each_record;

/// The characters of an Id that count; three more of the long form tell of their case.
const ID_CHARACTERS: usize = 15;

/// Says of each record of `batch` which one it is, by the Id in its column number `column`.
pub(super) fn tell_apart(batch: Batch, column: usize) -> Batch {
    let mut identities = Vec::with_capacity(batch.records() as usize);
    for_each_record(batch.bytes(), |record| {
        identities.push(csv::values(record).nth(column).map_or(0, |id| number(&id)));
    });
    batch.with_identities(identities)
}

/// Returns the number that an Id is in base 62; 0 where it is none, and for the Id of zeros that records without one of their own have.
///
/// A number has room for less than an Id has, so what is too much falls off at the upper end. Records of one object share these characters,
/// which name the object and the instance that made them; the others count up (Salesforce Ids, `salesforce-api.md`).
fn number(id: &[u8]) -> u64 {
    if id.len() < ID_CHARACTERS {
        return 0;
    }
    id[..ID_CHARACTERS].iter().fold(0, |number: u64, character| number.wrapping_mul(62).wrapping_add(digit(*character)))
}

fn digit(character: u8) -> u64 {
    u64::from(match character {
        b'a'..=b'z' => character - b'a' + 36,
        b'A'..=b'Z' => character - b'A' + 10,
        _ => character.wrapping_sub(b'0') % 10,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_same_number_where_they_have_the_same_id() {
        let records = concat!(
            "\"a,\"\"\n\",\"001Hs00001abcDEIAY\"\n",
            "\"b\",\"001Hs00001abcDE\"\n",
            "\"c\",\"001Hs00001abcDe\"\n",
            "\"d\",\"001Hs00001abcDf\"\n",
        );

        let batch = tell_apart(Batch::new(records.into(), 4), 1);

        let [long, short, other, next] = batch.identities() else { panic!("{:?}", batch.identities()) };
        assert_eq!(long, short);
        assert_ne!(short, other);
        assert_eq!(*next, other + 1);
    }

    #[test]
    fn records_without_an_id_of_their_own_are_not_told_apart() {
        let records = "\"000000000000000AAA\"\n\"\"\nx\n";

        assert_eq!(tell_apart(Batch::new(records.into(), 3), 0).identities(), [0, 0, 0]);
    }
}
