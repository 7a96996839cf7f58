//! CSV as people and programs write it: any of the Bulk API's delimiters, any line end, quotes where needed. Values come
//! out as they are, to the byte.

/// The delimiters of the Bulk API.
const DELIMITERS: &[u8] = b",;|\t^`";

/// Splits a text into records of cells. Lines without anything on them are no records.
pub(super) fn records(text: &str, delimiter: u8) -> Records<'_> {
    Records { rest: text, delimiter }
}

/// Returns the delimiter that stands most often in the first line, outside of quotes.
pub(super) fn delimiter(text: &str) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                if let Some(at) = DELIMITERS.iter().position(|delimiter| *delimiter == byte) {
                    counts[at] += 1;
                }
            }
        }
    }
    // Of equals the first, which is the comma, wins.
    let best = (0..DELIMITERS.len()).rev().max_by_key(|at| counts[*at]).unwrap_or(0);
    DELIMITERS[best]
}

/// The records of a CSV text.
#[derive(Debug)]
pub(super) struct Records<'a> {
    rest: &'a str,
    delimiter: u8,
}

impl Iterator for Records<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        self.rest = self.rest.trim_start_matches(['\r', '\n']);
        if self.rest.is_empty() {
            return None;
        }
        let mut cells = Vec::new();
        loop {
            let (cell, end) = self.cell();
            cells.push(cell);
            if end != Some(self.delimiter) {
                return Some(cells);
            }
        }
    }
}

impl Records<'_> {
    /// Takes the next cell, and the delimiter or first byte of the line end after it.
    fn cell(&mut self) -> (String, Option<u8>) {
        let mut cell = String::new();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            self.rest = quoted;
            self.take_quoted(&mut cell);
        }
        let ends = [char::from(self.delimiter), '\r', '\n'];
        let (plain, end) = match self.rest.find(ends) {
            Some(at) => (self.rest.get(..at).unwrap_or_default(), self.rest.as_bytes().get(at).copied()),
            None => (self.rest, None),
        };
        cell.push_str(plain);
        self.rest = self.rest.get(plain.len() + usize::from(end.is_some())..).unwrap_or_default();
        (cell, end)
    }

    /// Takes what stands between quotes, with doubled ones made single, and the closing quote.
    fn take_quoted(&mut self, cell: &mut String) {
        loop {
            let Some((text, rest)) = self.rest.split_once('"') else {
                cell.push_str(self.rest);
                self.rest = "";
                return;
            };
            cell.push_str(text);
            self.rest = rest;
            match rest.strip_prefix('"') {
                Some(rest) => {
                    cell.push('"');
                    self.rest = rest;
                }
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<Vec<String>> {
        records(text, delimiter(text)).collect()
    }

    #[test]
    fn values_come_out_to_the_byte() {
        let table: [(&str, &[&[&str]]); 8] = [
            ("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]),
            ("a,b\r\n\"x\r\ny\",\"q\"\"q\"\r\n", &[&["a", "b"], &["x\r\ny", "q\"q"]]),
            ("a;b\r1;2\r", &[&["a", "b"], &["1", "2"]]),
            ("a\n\n\nb", &[&["a"], &["b"]]),
            ("a,b\n,\n", &[&["a", "b"], &["", ""]]),
            ("a,b\n 1 ,\" 2 \"", &[&["a", "b"], &[" 1 ", " 2 "]]),
            ("a,b\nin\"side,2", &[&["a", "b"], &["in\"side", "2"]]),
            ("a,b\n\"open,2", &[&["a", "b"], &["open,2"]]),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_delimiter_is_found_in_the_header() {
        let table = [
            ("a,b;c,d", b','),
            ("a|b", b'|'),
            ("a^b", b'^'),
            ("a`b", b'`'),
            ("a\tb", b'\t'),
            ("\"a,,,\";b", b';'),
            ("a", b','),
        ];
        for (text, expected) in table {
            assert_eq!(delimiter(text), expected, "{text:?}");
        }
    }
}
