//! Ids of records as numbers, and back (Salesforce Ids, `salesforce-api.md`).

/// The digits of Ids, in their order.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The letters of the checksum at an Id's end: one for five characters, a bit for each capital.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Characters of an Id without its checksum.
const LENGTH: usize = 15;

/// How many Ids there can be.
pub(crate) const COUNT: u128 = (DIGITS.len() as u128).pow(LENGTH as u32);

/// Returns the number that an Id is in base 62, without its checksum; `None` where it is no Id.
pub(crate) fn number(id: &[u8]) -> Option<u128> {
    let digits = id.get(..LENGTH)?;
    digits.iter().try_fold(0, |number, digit| Some(number * DIGITS.len() as u128 + u128::from(value(*digit)?)))
}

/// Returns the Id that `number` is, with its checksum.
pub(crate) fn id(mut number: u128) -> String {
    let base = DIGITS.len() as u128;
    let mut digits = vec![DIGITS[0]; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % base) as usize];
        number /= base;
    }
    let checksum: Vec<u8> = digits.chunks(5).map(|five| CHECKSUM[capitals(five)]).collect();
    digits.into_iter().chain(checksum).map(char::from).collect()
}

/// Returns the Id of zeros, which records have that have none of their own.
pub(crate) fn none() -> String {
    id(0)
}

/// Returns the Id that `text` is, with its checksum, which it may lack; `None` where it is no Id or has the checksum of another.
pub(crate) fn whole(text: &str) -> Option<String> {
    let whole = id(number(text.as_bytes())?);
    (text.len() == LENGTH || text == whole).then_some(whole)
}

/// Every record that is loaded is looked at so, so that the digits are not searched.
fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'Z' => Some(digit - b'A' + 10),
        b'a'..=b'z' => Some(digit - b'a' + 36),
        _ => None,
    }
}

fn capitals(five: &[u8]) -> usize {
    five.iter().rev().fold(0, |bits, digit| bits << 1 | usize::from(digit.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_and_back() {
        for text in ["001R0000000zlh9IAA", "750R0000000zxr8IAA", "005R0000000UyrWIAS"] {
            assert_eq!(id(number(text.as_bytes()).unwrap()), text);
        }
        assert_eq!(number(b"001"), None);
        assert_eq!(number(b"001R0000000zlh!"), None);
        assert_eq!(number(b"zzzzzzzzzzzzzzz"), Some(COUNT - 1));
    }

    #[test]
    fn an_id_without_its_checksum_is_given_it_and_a_wrong_one_is_refused() {
        assert_eq!(whole("001R0000000zlh9").as_deref(), Some("001R0000000zlh9IAA"));
        assert_eq!(whole("001R0000000zlh9IAA").as_deref(), Some("001R0000000zlh9IAA"));
        for text in
            ["001R0000000zlh9iaa", "001r0000000zlh9IAA", "001R0000000zlh9I", "001R0000000zlh", "", "é01R0000000zlh9"]
        {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn digits_have_the_values_of_their_places() {
        for (place, digit) in (0..).zip(DIGITS) {
            assert_eq!(value(*digit), Some(place));
        }
    }
}
