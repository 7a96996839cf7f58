//! The text in a file, whatever its encoding.

use std::borrow::Cow;

/// The text of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded<'a> {
    /// The text, without the byte order mark.
    pub(super) text: Cow<'a, str>,
    /// Whether the encoding was a guess: bytes that are no UTF-8 were read as Latin-1.
    pub(super) guessed: bool,
}

/// Reads text as its byte order mark says or, without one, as UTF-8 or Latin-1.
///
/// # Errors
///
/// Says what is wrong when the bytes contradict their byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, &'static str> {
    let exact = |text: Cow<'static, str>| Decoded { text, guessed: false };
    // UTF-32 first: its little-endian mark begins with that of UTF-16.
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe\0\0") {
        return utf32(rest, u32::from_le_bytes).map(exact);
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xfe\xff") {
        return utf32(rest, u32::from_be_bytes).map(exact);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes).map(exact);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes).map(exact);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        let text = std::str::from_utf8(rest).map_err(|_| "its mark says UTF-8, but it is not valid UTF-8")?;
        return Ok(Decoded { text: Cow::Borrowed(text), guessed: false });
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: Cow::Borrowed(text), guessed: false },
        Err(_) => Decoded { text: bytes.iter().map(|byte| char::from(*byte)).collect(), guessed: true },
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, &'static str> {
    let invalid = "its mark says UTF-16, but it is not valid UTF-16";
    let (units, rest) = bytes.as_chunks::<2>();
    let text = char::decode_utf16(units.iter().map(|bytes| unit(*bytes))).collect::<Result<String, _>>();
    // UTF-32 behind the mark of UTF-16, as some programs write it, reads as UTF-16 with a NUL beside every character.
    match text {
        Ok(text) if rest.is_empty() && !text.contains('\0') => Ok(text.into()),
        _ => Err(invalid),
    }
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Result<Cow<'static, str>, &'static str> {
    let invalid = "its mark says UTF-32, but it is not valid UTF-32";
    let (units, rest) = bytes.as_chunks::<4>();
    let text = units.iter().map(|bytes| char::from_u32(unit(*bytes))).collect::<Option<_>>();
    if rest.is_empty() { text.ok_or(invalid) } else { Err(invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_of_a_text_gives_that_text() {
        let text = "Name,é😀\n";
        let marked = format!("\u{feff}{text}");
        let utf16: Vec<u16> = marked.encode_utf16().collect();
        let encodings: [Vec<u8>; 6] = [
            text.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            marked.chars().flat_map(|char| u32::from(char).to_le_bytes()).collect(),
            marked.chars().flat_map(|char| u32::from(char).to_be_bytes()).collect(),
        ];
        for bytes in encodings {
            assert_eq!(decode(&bytes), Ok(Decoded { text: text.into(), guessed: false }));
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_read_as_latin1() {
        assert_eq!(decode(b"N\xba 1"), Ok(Decoded { text: "Nº 1".into(), guessed: true }));
    }

    #[test]
    fn bytes_that_contradict_their_mark_are_refused() {
        let utf32_marked_as_utf16 = b"\xfe\xff\0\0\0a";
        let odd = &b"\xff\xfe\x00"[..];
        for bytes in [odd, b"\xfe\xff\xd8\x00", utf32_marked_as_utf16, b"\xff\xfe\0\0\0\xd8\0\0", b"\xef\xbb\xbf\xff"] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_value_may_hold_a_nul() {
        assert_eq!(decode(b"Name\nbefore\0after").unwrap().text, "Name\nbefore\0after");
    }

    #[test]
    fn only_one_mark_is_taken_off() {
        assert_eq!(decode("\u{feff}\u{feff}a".as_bytes()).unwrap().text, "\u{feff}a");
    }
}
