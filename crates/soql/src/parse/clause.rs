//! Finds out where one clause ends and which one begins.
//!
//! Nearly every keyword is a name too (`FROM Order`, `Group.Name`), so a word alone does not tell.

use super::Parser;
use crate::{
    diagnostic::{Span, excerpt},
    spelling::nearest,
    token::TokenKind,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    From,
    Using,
    Where,
    With,
    GroupBy,
    Having,
    OrderBy,
    Limit,
    Offset,
    AllRows,
    For,
    Update,
}

impl Clause {
    const ALL: [Self; 12] = [
        Self::From,
        Self::Using,
        Self::Where,
        Self::With,
        Self::GroupBy,
        Self::Having,
        Self::OrderBy,
        Self::Limit,
        Self::Offset,
        Self::AllRows,
        Self::For,
        Self::Update,
    ];

    /// Returns the first word and the one that may have to follow it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::From => ("FROM", ""),
            Self::Using => ("USING", ""),
            Self::Where => ("WHERE", ""),
            Self::With => ("WITH", ""),
            Self::GroupBy => ("GROUP", "BY"),
            Self::Having => ("HAVING", ""),
            Self::OrderBy => ("ORDER", "BY"),
            Self::Limit => ("LIMIT", ""),
            Self::Offset => ("OFFSET", ""),
            Self::AllRows => ("ALL", "ROWS"),
            Self::For => ("FOR", ""),
            Self::Update => ("UPDATE", ""),
        }
    }

    fn keyword(self) -> String {
        let (first, second) = self.words();
        format!("{first} {second}").trim_end().to_owned()
    }

    /// Returns the place in the order of clauses. Sources disagree about the order of the last three.
    fn rank(self) -> usize {
        match self {
            Self::AllRows | Self::For | Self::Update => Self::AllRows as usize,
            _ => self as usize,
        }
    }

    fn may_repeat(self) -> bool {
        matches!(self, Self::With | Self::For)
    }

    fn starting_with(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|clause| clause.words().0.eq_ignore_ascii_case(word))
    }
}

impl Parser<'_> {
    /// Returns the clause that begins here, even where a name could stand.
    pub(super) fn clause_ahead(&self) -> Option<Clause> {
        let clause = Clause::starting_with(self.word(0))?;
        let follows = |count: usize, words: &[&str]| words.iter().any(|word| self.at_word(count, word));
        let updates = |count: usize| follows(count, &["TRACKING", "VIEWSTAT"]);
        let begins = match clause {
            Clause::GroupBy | Clause::OrderBy => follows(1, &["BY"]),
            Clause::AllRows => follows(1, &["ROWS"]),
            Clause::For => follows(1, &["VIEW", "REFERENCE", "UPDATE"]) && !updates(2),
            Clause::Update => updates(1),
            Clause::Offset => matches!(self.ahead(1).kind, TokenKind::Number | TokenKind::Colon),
            _ => self.ahead(1).kind != TokenKind::Dot,
        };
        begins.then_some(clause)
    }

    /// Returns whether a word that begins a clause stands here; where a clause may begin, that is what it does.
    pub(super) fn at_clause(&self) -> bool {
        Clause::starting_with(self.word(0)).is_some()
    }

    /// Reads the keyword of the clause that begins here.
    pub(super) fn take_clause(&mut self) -> Option<(Clause, Span)> {
        let clause = Clause::starting_with(self.word(0))?;
        let start = self.next().span;
        let (first, second) = clause.words();
        if !second.is_empty() && !self.eat_word(second) {
            self.complain(format!("expected `{second}` after `{first}`"), start, format!("write `{first} {second}`"));
        }
        Some((clause, self.since(start)))
    }

    /// Reads the keyword of a clause that is misspelt. It may have passed as an alias: then it lies behind.
    pub(super) fn take_misspelt_clause(&mut self) -> Option<(Clause, Span)> {
        let (clause, span) = if let Some(clause) = self.meant(self.word(0)) {
            (clause, self.next().span)
        } else if self.at(TokenKind::Close) {
            return None;
        } else {
            (self.meant(self.previous_word()?)?, self.previous()?.span)
        };
        if !clause.words().1.is_empty() {
            self.eat_word(clause.words().1);
        }
        self.misspelt(span, &clause.keyword());
        Some((clause, span))
    }

    fn meant(&self, word: &str) -> Option<Clause> {
        let candidates = Clause::ALL.into_iter().filter(|clause| clause.words().0.len() > 3 && *clause != Clause::From);
        nearest(word, candidates.map(|clause| clause.words().0)).and_then(Clause::starting_with)
    }

    /// Reports the word at `span` as a misspelling.
    pub(super) fn misspelt(&mut self, span: Span, keyword: &str) {
        let word = excerpt(self.text.get(span.start..span.end).unwrap_or_default());
        self.complain(format!("unexpected `{word}`"), span, format!("did you mean `{keyword}`?"));
    }

    /// Reports a clause that stands twice or in the wrong place.
    pub(super) fn check_order(&mut self, clause: Clause, span: Span, seen: &[Clause]) {
        let keyword = clause.keyword();
        if seen.contains(&clause) && !clause.may_repeat() {
            self.complain(format!("`{keyword}` stands twice"), span, "leave one out");
        } else if let Some(later) = seen.iter().find(|other| other.rank() > clause.rank()) {
            let later = later.keyword();
            let message = format!("`{keyword}` stands after `{later}`");
            self.complain(message, span, format!("put it before `{later}`"));
        }
    }
}
