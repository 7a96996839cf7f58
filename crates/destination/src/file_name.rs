//! Turns a table's or row's name into one that is safe as a file name, and never the same for two names.

use std::fmt::Write as _;

/// Returns `name` with everything but ASCII letters, digits, `_`, `-` and inner dots percent-encoded.
pub(crate) fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        // A leading dot would hide the file, or climb out of the folder.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && index > 0) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_folder_are_encoded() {
        assert_eq!(encode("Account"), "Account");
        assert_eq!(encode(".."), "%2E.");
        assert_eq!(encode("../etc/passwd"), "%2E.%2Fetc%2Fpasswd");
        assert_eq!(encode("Größe 50%"), "Gr%C3%B6%C3%9Fe%2050%25");
    }
}
