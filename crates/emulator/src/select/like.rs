//! Patterns of LIKE: `%` stands for any characters, `_` for one, and case does not matter.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// This character, folded.
    Char(char),
    /// Any one character.
    One,
    /// Any characters, or none.
    Any,
}

impl Pattern {
    /// Reads a pattern. A backslash takes the meaning from a `%`, `_` or backslash after it.
    pub(super) fn new(pattern: &str) -> Self {
        let mut pieces = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '%' => pieces.push(Piece::Any),
                '_' => pieces.push(Piece::One),
                '\\' => {
                    let escaped = chars.next_if(|next| matches!(next, '%' | '_' | '\\'));
                    pieces.push(Piece::Char(escaped.unwrap_or('\\')));
                }
                char => pieces.extend(char.to_lowercase().map(Piece::Char)),
            }
        }
        Self(pieces)
    }

    /// Returns whether a text fits, in time linear in the text for each `%`.
    pub(super) fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        let (mut at, mut piece) = (0, 0);
        // Where to go on after a mismatch: behind the last `%`, with one more character taken by it.
        let mut retry: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.0.get(piece) {
                Some(Piece::Any) => {
                    piece += 1;
                    retry = Some((at, piece));
                }
                Some(Piece::One) => (at, piece) = (at + 1, piece + 1),
                Some(Piece::Char(char)) if *char == text[at] => (at, piece) = (at + 1, piece + 1),
                _ => match &mut retry {
                    Some((taken, after)) => {
                        *taken += 1;
                        (at, piece) = (*taken, *after);
                    }
                    None => return false,
                },
            }
        }
        self.0[piece..].iter().all(|piece| *piece == Piece::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_as_documented() {
        let table = [
            ("appl_%", "Appleton", true),
            ("appl_%", "apple", true),
            ("appl_%", "Appl", false),
            ("appl_%", "Bappl", false),
            ("%ton", "Appleton", true),
            ("a%b%c", "aXXbXbXc", true),
            ("a%b%c", "aXXbXbX", false),
            ("", "", true),
            ("%", "", true),
            ("_", "", false),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("a\\_b", "a_b", true),
            ("a\\_b", "axb", false),
            ("back\\\\slash", "back\\slash", true),
            ("ž%", "Žofie", true),
            ("_", "😀", true),
        ];
        for (pattern, text, fits) in table {
            assert_eq!(Pattern::new(pattern).fits(text), fits, "{pattern} {text}");
        }
    }
}
