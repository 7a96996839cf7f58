//! Where in a query a server's refusal of it belongs.
//!
//! What a server says is not trusted: it is only searched for a place, and a place that its words do not bear out is none.

use super::{Report, Span};
use crate::token::{Token, TokenKind, is_name, scan};

/// The longest name that a refusal is searched for: Salesforce's own are not longer than 80 characters, with a namespace and a suffix.
const LONGEST_NAME: usize = 120;

/// What a server said of a query that it refused.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// The query as it was sent.
    pub sent: &'a str,
    /// The server's words.
    pub message: &'a str,
    /// The line and the column that it names, both from 1, the column in characters.
    pub place: Option<(usize, usize)>,
}

impl Refused<'_> {
    /// Returns what in `text`, the query as its author wrote it, the refusal is about; `None` where that is not certain.
    ///
    /// `text` need not be what was sent: then the same piece of it is meant, the one at the same turn if there are several.
    #[must_use]
    pub fn find_in(&self, text: &str) -> Option<Span> {
        let name = self.name();
        let pieces = Pieces::of(text);
        self.piece_at_place(name)
            .and_then(|(place, sent)| pieces.counterpart(place, &sent))
            .or_else(|| pieces.only(name?))
    }

    /// Returns the piece of the sent query at the place that the server names, if its words are about that.
    fn piece_at_place(&self, name: Option<&str>) -> Option<(Span, Pieces<'_>)> {
        let pieces = Pieces::of(self.sent);
        let piece = pieces.at(offset(self.sent, self.place?)?)?;
        let is_borne_out = name.is_none_or(|name| pieces.holds(piece, name));
        is_borne_out.then_some((piece, pieces))
    }

    /// Returns the name that the server's words are about: the first one in quotes, else one that ends them.
    fn name(&self) -> Option<&str> {
        // What stands before the place is a copy of the query.
        let said = self.message.rsplit_once("ERROR at Row:").map_or(self.message, |(_, said)| said);
        // An apostrophe looks like a quote, so what stands between any two of them may be quoted.
        let quoted = said.split('\'').skip(1).find(|text| is_path(text));
        let last = || said.rsplit_once(": ").map(|(_, text)| text.trim().trim_end_matches('.'));
        quoted.or_else(|| last().filter(|text| is_path(text)))
    }
}

fn is_path(text: &str) -> bool {
    text.len() <= LONGEST_NAME && text.split('.').all(is_name)
}

/// Returns the byte at a line and a column of `text`, both from 1.
fn offset(text: &str, (line, column): (usize, usize)) -> Option<usize> {
    let start = match line.checked_sub(1)? {
        0 => 0,
        breaks => text.match_indices('\n').nth(breaks - 1)?.0 + 1,
    };
    let line = text.get(start..)?.lines().next()?;
    line.char_indices().nth(column.checked_sub(1)?).map(|(at, _)| start + at)
}

/// A text in pieces that a refusal may be about: paths, and the tokens between them.
struct Pieces<'a> {
    text: &'a str,
    spans: Vec<Span>,
}

impl<'a> Pieces<'a> {
    fn of(text: &'a str) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        let mut before: Option<Token> = None;
        for token in scan(text, &mut Report::default()) {
            let goes_on = matches!(
                (before.map(|token| token.kind), token.kind),
                (Some(TokenKind::Word), TokenKind::Dot) | (Some(TokenKind::Dot), TokenKind::Word)
            );
            match spans.last_mut() {
                Some(last) if goes_on => last.end = token.span.end,
                _ if token.kind == TokenKind::End => {}
                _ => spans.push(token.span),
            }
            before = Some(token);
        }
        Self { text, spans }
    }

    fn at(&self, offset: usize) -> Option<Span> {
        self.spans.iter().find(|span| (span.start..span.end).contains(&offset)).copied()
    }

    fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Returns whether `name` is the piece, or stands in it between dots.
    fn holds(&self, span: Span, name: &str) -> bool {
        let text = self.text_of(span);
        text.eq_ignore_ascii_case(name) || text.split('.').any(|segment| segment.eq_ignore_ascii_case(name))
    }

    /// Returns the piece that `name` is or stands in, if there is only one.
    fn only(&self, name: &str) -> Option<Span> {
        let mut found = self.spans.iter().filter(|span| self.holds(**span, name));
        let only = found.next();
        only.filter(|_| found.next().is_none()).copied()
    }

    /// Returns the piece that is to this text what `span` is to that of `other`.
    fn counterpart(&self, span: Span, other: &Self) -> Option<Span> {
        if self.text == other.text {
            return Some(span);
        }
        let wanted = other.text_of(span);
        let alike = |pieces: &Self| -> Vec<Span> {
            let is_alike = |it: &&Span| pieces.text_of(**it).eq_ignore_ascii_case(wanted);
            pieces.spans.iter().filter(is_alike).copied().collect()
        };
        let (here, there) = (alike(self), alike(other));
        let turn = there.iter().position(|it| it.start == span.start)?;
        (here.len() == there.len()).then(|| here.get(turn).copied())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: &str = "No such column 'Foo' on entity 'Account'.";

    fn found(sent: &str, text: &str, message: &str, place: Option<(usize, usize)>) -> Option<(usize, String)> {
        let span = Refused { sent, message, place }.find_in(text)?;
        Some((span.start, text.get(span.start..span.end).unwrap().to_owned()))
    }

    fn at(start: usize, piece: &str) -> Option<(usize, String)> {
        Some((start, piece.to_owned()))
    }

    #[test]
    fn the_place_that_is_named_is_the_piece_there() {
        let text = "SELECT Id, a.Foo\nFROM Account a\nWHERE a.Foo = 'Foo'";

        assert_eq!(found(text, text, UNKNOWN, Some((1, 12))), at(11, "a.Foo"));
        assert_eq!(found(text, text, UNKNOWN, Some((3, 7))), at(38, "a.Foo"));
        assert_eq!(found(text, text, "unexpected token: '='", Some((3, 13))), at(44, "="));
        let copied = format!("WHERE a.Foo = 'Id' ^ ERROR at Row:3:Column:7 {UNKNOWN}");
        assert_eq!(found(text, text, &copied, Some((3, 7))), at(38, "a.Foo"));
    }

    #[test]
    fn a_place_in_what_was_sent_is_found_in_what_was_written() {
        let text = "select Id\nfrom Account -- x\nwhere Foo = 1 or Name = 'Foo'\norder by foo";
        let sent = "SELECT Id FROM Account WHERE (Foo = 1 OR Name = 'Foo') AND IsDeleted = FALSE ORDER BY foo";

        assert_eq!(found(sent, text, UNKNOWN, Some((1, 31))), at(34, "Foo"));
        assert_eq!(found(sent, text, UNKNOWN, Some((1, 87))), at(67, "foo"));
        let added = "field 'IsDeleted' can not be filtered";
        assert_eq!(found(sent, text, added, Some((1, 60))), None, "nobody wrote it");
    }

    #[test]
    fn without_a_place_a_name_that_stands_once_is_meant() {
        let text = "SELECT Id, Foo FROM Account WHERE Name = 'Bar' AND Bar = 1 AND Bar != 2";

        assert_eq!(found(text, text, UNKNOWN, None), at(11, "Foo"));
        assert_eq!(found(text, text, "No such column 'Bar' on entity 'Account'.", None), None);
        assert_eq!(found(text, text, "duplicate field selected: Foo", None), at(11, "Foo"));
        assert_eq!(found(text, text, "Didn't understand relationship 'Foo' in FROM part", None), at(11, "Foo"));
        assert_eq!(found(text, text, "it did not work", None), None);
    }

    #[test]
    fn a_place_that_the_words_do_not_bear_out_is_none() {
        let text = "SELECT Id, Foo FROM Account";

        assert_eq!(found(text, text, UNKNOWN, Some((1, 8))), at(11, "Foo"), "the name tells better");
        for place in [(0, 0), (1, 0), (0, 1), (9, 9), (1, 999), (usize::MAX, usize::MAX)] {
            assert_eq!(found(text, text, "oh", Some(place)), None);
        }
        assert_eq!(found("é", "'é", &"'".repeat(1_000), Some((1, 1))), None);
    }
}
