//! Conditions.

use super::{Failed, Parsed, Parser};
use crate::{
    ast::{Comparison, Condition, Literal, LiteralKind, Operand, Operator, Value},
    diagnostic::excerpt,
    function::Place,
    spelling::nearest,
    token::{Connective, TokenKind},
};

impl Parser<'_> {
    /// Reads comparisons joined by AND or by OR. One that cannot be read is skipped up to the next AND or OR.
    pub(super) fn condition(&mut self, place: Place) -> Parsed<Condition> {
        let mut operands = Vec::new();
        let mut failed = false;
        let mut joined_by = None;
        loop {
            match self.logical_operand(place) {
                Ok(operand) => operands.push(operand),
                Err(Failed) => {
                    failed = true;
                    self.skip_to(|parser| parser.connective().is_some());
                }
            }
            let Some(connective) = self.connective() else {
                break;
            };
            if *joined_by.get_or_insert(connective) != connective {
                self.complain_of_mixing();
            }
            self.next();
        }
        match joined_by {
            _ if failed => Err(Failed),
            Some(Connective::And) => Ok(Condition::And(operands)),
            Some(Connective::Or) => Ok(Condition::Or(operands)),
            None => operands.pop().ok_or(Failed),
        }
    }

    pub(super) fn connective(&self) -> Option<Connective> {
        match self.peek().kind {
            TokenKind::Connective(connective) => Some(connective),
            _ if self.at_word(0, "AND") => Some(Connective::And),
            _ if self.at_word(0, "OR") => Some(Connective::Or),
            _ => None,
        }
    }

    fn complain_of_mixing(&mut self) {
        let span = self.peek().span;
        let suggestion = "say which belongs together, such as `(a AND b) OR c`";
        self.complain("AND and OR stand side by side without parentheses", span, suggestion);
    }

    fn logical_operand(&mut self, place: Place) -> Parsed<Condition> {
        if self.at_word(0, "NOT") {
            let start = self.next().span;
            let operand = self.deeper(1, start, |parser| parser.logical_operand(place))?;
            Ok(Condition::Not(Box::new(operand)))
        } else if self.at(TokenKind::Open) {
            self.parenthesised(|parser| parser.condition(place))
        } else {
            self.comparison(place).map(Condition::Comparison)
        }
    }

    fn comparison(&mut self, place: Place) -> Parsed<Comparison> {
        let start = self.peek().span;
        let left = self.operand(place)?;
        let operator = self.operator(&left)?;
        let right = if operator.takes_list() { self.list(operator)? } else { Value::Literal(self.single(operator)?) };
        Ok(Comparison { left, operator, right, span: self.since(start) })
    }

    fn operator(&mut self, left: &Operand) -> Parsed<Operator> {
        if let TokenKind::Operator(operator) = self.peek().kind {
            self.next();
            return Ok(operator);
        }
        let operator = match self.word(0).to_ascii_uppercase().as_str() {
            "LIKE" => Operator::Like,
            "IN" => Operator::In,
            "INCLUDES" => Operator::Includes,
            "EXCLUDES" => Operator::Excludes,
            "NOT" if self.at_word(1, "IN") => {
                self.next();
                Operator::NotIn
            }
            _ => return self.no_operator(left),
        };
        self.next();
        Ok(operator)
    }

    fn no_operator(&mut self, left: &Operand) -> Parsed<Operator> {
        let word = self.word(0).to_ascii_uppercase();
        let spelt = [("LIKE", Operator::Like), ("INCLUDES", Operator::Includes), ("EXCLUDES", Operator::Excludes)];
        let meant = nearest(&word, spelt.map(|(spelling, _)| spelling));
        if let Some((spelling, operator)) = spelt.into_iter().find(|(spelling, _)| meant == Some(spelling)) {
            let span = self.next().span;
            self.misspelt(span, spelling);
            return Ok(operator);
        }
        let suggestion = match word.as_str() {
            "IS" => Some("write `= NULL` or `!= NULL`".to_owned()),
            "BETWEEN" => Some("write two comparisons with `>=` and `<=`".to_owned()),
            "NOT" => Some("put `NOT` before the field".to_owned()),
            _ if self.ends_comparison() => {
                let compared = if matches!(left, Operand::Call(_)) { "> 1" } else { "= TRUE" };
                Some(format!("compare it, such as `{} {compared}`", excerpt(&left.to_string())))
            }
            _ => None,
        };
        let failed = self.expected_with("an operator", suggestion);
        if word == "BETWEEN" {
            self.skip_between();
        }
        Err(failed)
    }

    fn ends_comparison(&self) -> bool {
        let is_over = matches!(self.peek().kind, TokenKind::End | TokenKind::Close);
        is_over || self.connective().is_some() || self.clause_ahead().is_some()
    }

    fn single(&mut self, operator: Operator) -> Parsed<Literal> {
        if self.at(TokenKind::Open) {
            let suggestion = if self.at_word(1, "SELECT") {
                "a subquery stands after `IN` or `NOT IN` only"
            } else {
                "write `IN` for a list, and no parentheses round a single value"
            };
            return Err(self.expected_with("a value", Some(suggestion.to_owned())));
        }
        if operator == Operator::Like { self.pattern() } else { self.plain_literal("a value") }
    }

    fn list(&mut self, operator: Operator) -> Parsed<Value> {
        if self.at(TokenKind::Colon) {
            self.skip_bind();
            return Ok(Value::List(vec![Literal { kind: LiteralKind::Null, span: self.peek().span }]));
        }
        if !self.at(TokenKind::Open) {
            let suggestion = if self.at_word(0, "SELECT") {
                "put the subquery in parentheses".to_owned()
            } else {
                format!("write the values of `{operator}` as a list: `{operator} ('a', 'b')`")
            };
            return Err(self.expected_with("`(`", Some(suggestion)));
        }
        let takes_subquery = matches!(operator, Operator::In | Operator::NotIn);
        self.parenthesised(|parser| {
            if takes_subquery && parser.at_word(0, "SELECT") {
                return parser.subquery().map(Value::Subquery);
            }
            parser.comma_separated(|parser| parser.plain_literal("a value")).map(Value::List)
        })
    }
}
