//! The query and its clauses.

use super::{Failed, Parsed, Parser, SUBQUERY_LEVELS, clause::Clause};
use crate::{
    ast::{
        Binding, Count, Direction, ForClause, ForKind, GroupBy, GroupKind, Nulls, Operator, OrderItem, Query, Scope,
        Source, UpdateClause, UpdateKind,
    },
    diagnostic::Span,
    function::Place,
    spelling::nearest,
    token::TokenKind,
};

impl Parser<'_> {
    pub(super) fn query(&mut self) -> Parsed<Query> {
        let start = self.peek().span;
        self.select_keyword()?;
        let mut query = Query {
            select: self.select_list(),
            from: Vec::new(),
            scope: None,
            filter: None,
            with: Vec::new(),
            group_by: None,
            having: None,
            order_by: Vec::new(),
            limit: None,
            offset: None,
            all_rows: None,
            for_clauses: Vec::new(),
            update: Vec::new(),
            span: start,
        };
        let is_next = self.at_word(0, "FROM");
        let sources = self.sources();
        // Where FROM was not read, it may still come, after what was not understood.
        let seen = if is_next || sources.is_ok() { vec![Clause::From] } else { Vec::new() };
        match sources {
            Ok(sources) => query.from = sources,
            Err(Failed) => self.skip_to(Self::at_clause),
        }
        self.clauses(&mut query, seen);
        query.span = self.since(start);
        Ok(query)
    }

    /// Reads the query in a pair of parentheses.
    pub(super) fn subquery(&mut self) -> Parsed<Box<Query>> {
        let start = self.peek().span;
        self.deeper(SUBQUERY_LEVELS - 1, start, |parser| parser.query().map(Box::new))
    }

    /// Returns whether the word before this one was meant to be FROM and passed as an alias.
    pub(super) fn follows_misspelt_from(&self) -> bool {
        self.previous_word().is_some_and(|word| nearest(word, ["FROM"]).is_some())
    }

    fn sources(&mut self) -> Parsed<Vec<Source>> {
        if !self.eat_word("FROM") {
            self.missing_from()?;
        }
        self.comma_separated(Self::source)
    }

    fn missing_from(&mut self) -> Parsed<()> {
        let previous = self.previous();
        if self.at_field() && self.follows_misspelt_from() {
            self.misspelt(previous.map(|token| token.span).unwrap_or_default(), "FROM");
            return Ok(());
        }
        let word = self.previous_word().unwrap_or_default().to_ascii_uppercase();
        let is_glued = word.starts_with("FROM");
        Err(self.expected_with("`FROM`", is_glued.then(|| "put a blank after `FROM`".to_owned())))
    }

    fn source(&mut self) -> Parsed<Source> {
        let path = self.object()?;
        let has_as = self.eat_word("AS");
        let alias = if self.at_clause() { None } else { self.alias() };
        if has_as && alias.is_none() { Err(self.expected("an alias")) } else { Ok(Source { path, alias }) }
    }

    /// Reads every clause after FROM. What belongs to none is reported and skipped.
    fn clauses(&mut self, query: &mut Query, mut seen: Vec<Clause>) {
        loop {
            if self.at(TokenKind::End) || (self.depth > 0 && self.at(TokenKind::Close)) {
                return;
            }
            let Some((clause, span)) = self.take_clause().or_else(|| self.take_misspelt_clause()) else {
                self.unexpected();
                continue;
            };
            self.check_order(clause, span, &seen);
            if !seen.contains(&clause) {
                seen.push(clause);
            }
            if self.clause(clause, span, query).is_err() {
                self.skip_to(Self::at_clause);
            }
        }
    }

    fn unexpected(&mut self) {
        if self.at(TokenKind::Close) {
            let span = self.peek().span;
            self.complain("`)` closes nothing", span, "leave it out, or add `(` where it belongs");
        } else {
            let suggestion = self.foreign_clause().or_else(|| self.instead_of_clause());
            self.expected_with("a clause or the end of the query", suggestion);
        }
        if self.at_second_query() {
            self.position = self.tokens.len() - 1;
        }
        self.skip_one();
        self.skip_to(Self::at_clause);
    }

    /// Reads the content of `clause`, whose keyword stands at `start`.
    fn clause(&mut self, clause: Clause, start: Span, query: &mut Query) -> Parsed<()> {
        match clause {
            Clause::From => query.from = self.comma_separated(Self::source)?,
            Clause::Using => query.scope = Some(self.scope()?),
            Clause::Where => query.filter = Some(self.condition(Place::Where)?),
            Clause::With => query.with.push(self.with(start)?),
            Clause::GroupBy => query.group_by = Some(self.group_by(start)?),
            Clause::Having => query.having = Some(self.condition(Place::Clause)?),
            Clause::OrderBy => query.order_by = self.comma_separated(Self::order_item)?,
            Clause::Limit => query.limit = Some(self.count()?),
            Clause::Offset => query.offset = Some(self.count()?),
            Clause::AllRows => query.all_rows = Some(start),
            Clause::For => query.for_clauses.extend(self.comma_separated(Self::for_clause)?),
            Clause::Update => query.update = self.comma_separated(Self::update)?,
        }
        Ok(())
    }

    fn scope(&mut self) -> Parsed<Scope> {
        if self.eat_word("SCOPE") {
            return self.any_name("a scope").map(Scope::Named);
        }
        if !self.eat_word("LOOKUP") {
            return Err(self.expected("`SCOPE`"));
        }
        let field = self.field()?;
        let bindings = if self.eat_word("BIND") { self.comma_separated(Self::binding)? } else { Vec::new() };
        Ok(Scope::Lookup { field, bindings })
    }

    /// Reads `name = value`.
    pub(super) fn binding(&mut self) -> Parsed<Binding> {
        let name = self.any_name("a name")?;
        self.expect_sign(TokenKind::Operator(Operator::Eq), "=")?;
        Ok(Binding { name, value: self.plain_literal("a value")? })
    }

    fn group_by(&mut self, start: Span) -> Parsed<GroupBy> {
        let kind = match self.word(0).to_ascii_uppercase().as_str() {
            "ROLLUP" if self.at_call() => GroupKind::Rollup,
            "CUBE" if self.at_call() => GroupKind::Cube,
            _ => GroupKind::Plain,
        };
        let operands = |parser: &mut Self| parser.comma_separated(|parser| parser.operand(Place::Clause));
        let items = if kind == GroupKind::Plain {
            operands(self)?
        } else {
            self.next();
            self.parenthesised(operands)?
        };
        Ok(GroupBy { kind, items, span: self.since(start) })
    }

    fn order_item(&mut self) -> Parsed<OrderItem> {
        let operand = self.operand(Place::Clause)?;
        let direction = if self.eat_word("ASC") {
            Some(Direction::Ascending)
        } else {
            self.eat_word("DESC").then_some(Direction::Descending)
        };
        let nulls = if self.eat_word("NULLS") { Some(self.nulls()?) } else { None };
        Ok(OrderItem { operand, direction, nulls })
    }

    fn nulls(&mut self) -> Parsed<Nulls> {
        if self.eat_word("FIRST") {
            Ok(Nulls::First)
        } else if self.eat_word("LAST") {
            Ok(Nulls::Last)
        } else {
            Err(self.expected("`FIRST` or `LAST`"))
        }
    }

    fn count(&mut self) -> Parsed<Count> {
        let token = self.peek();
        if token.kind == TokenKind::Colon {
            self.skip_bind();
            return Err(Failed);
        }
        let value = self.text_of(token).parse().ok().filter(|_| token.kind == TokenKind::Number);
        let Some(value) = value else {
            return Err(self.expected("a whole number"));
        };
        self.next();
        Ok(Count { value, span: token.span })
    }

    fn for_clause(&mut self) -> Parsed<ForClause> {
        let kind = match self.word(0).to_ascii_uppercase().as_str() {
            "VIEW" => ForKind::View,
            "REFERENCE" => ForKind::Reference,
            "UPDATE" => ForKind::Update,
            _ => return Err(self.expected("`VIEW`, `REFERENCE` or `UPDATE`")),
        };
        Ok(ForClause { kind, span: self.next().span })
    }

    fn update(&mut self) -> Parsed<UpdateClause> {
        let kind = match self.word(0).to_ascii_uppercase().as_str() {
            "TRACKING" => UpdateKind::Tracking,
            "VIEWSTAT" => UpdateKind::Viewstat,
            _ => return Err(self.expected("`TRACKING` or `VIEWSTAT`")),
        };
        Ok(UpdateClause { kind, span: self.next().span })
    }
}
