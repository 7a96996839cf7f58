//! The text of a formula, read into an expression whose fields are names still.

use super::Operator;
use crate::select::Sign;

/// An expression as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Syntax {
    Text(String),
    Number(f64),
    /// A path of names: a field, or a word such as `TRUE`.
    Name(String),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Call(String, Vec<Self>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Text(String),
    Number(f64),
    Name(String),
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: &[&str] =
    &["&&", "||", "==", "<>", "!=", "<=", ">=", "<", ">", "=", "!", "&", "+", "-", "*", "/", "^", "(", ")", ","];
/// How deep parentheses may go.
const DEEPEST: u32 = 60;

/// The operators from the loosest to the tightest, those of one line being equal.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[("=", Operator::Equal), ("==", Operator::Equal), ("<>", Operator::NotEqual), ("!=", Operator::NotEqual)],
    &[("<", Operator::Less), ("<=", Operator::LessOrEqual), (">", Operator::Greater), (">=", Operator::GreaterOrEqual)],
    &[("&", Operator::Join)],
    &[("+", Operator::Sum(Sign::Plus)), ("-", Operator::Sum(Sign::Minus))],
    &[("*", Operator::Times), ("/", Operator::Divided)],
];

/// Reads a formula; `None` if it is none that this program knows.
pub(super) fn parse(text: &str) -> Option<Syntax> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let syntax = parser.level(0)?;
    (parser.at == parser.tokens.len()).then_some(syntax)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if let Some(comment) = rest.strip_prefix("/*") {
            (None, comment.split_once("*/")?.1)
        } else if first == '"' || first == '\'' {
            let (token, after) = quoted(rest, first)?;
            (Some(token), after)
        } else if first.is_ascii_digit() || first == '.' {
            let (digits, after) = split(rest, |char| char.is_ascii_digit() || char == '.');
            (Some(Token::Number(digits.parse().ok()?)), after)
        } else if first.is_alphabetic() || first == '_' {
            let (name, after) = split(rest, |char| char.is_alphanumeric() || char == '_' || char == '.');
            (Some(Token::Name(name.to_owned())), after)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            (Some(Token::Sign(sign)), rest.strip_prefix(sign)?)
        };
        tokens.extend(token);
        rest = after.trim_start();
    }
    Some(tokens)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|char| !belongs(char)).unwrap_or(text.len()))
}

/// Reads a text in quotation marks.
fn quoted(text: &str, mark: char) -> Option<(Token, &str)> {
    let mut read = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => match chars.next()?.1 {
                'n' => read.push('\n'),
                't' => read.push('\t'),
                other => read.push(other),
            },
            char if char == mark => return Some((Token::Text(read), text.get(at + 1..)?)),
            other => read.push(other),
        }
    }
    None
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn level(&mut self, level: usize) -> Option<Syntax> {
        let Some(operators) = LEVELS.get(level) else { return self.power() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            left = Syntax::Binary(operator, Box::new(left), Box::new(self.level(level + 1)?));
        }
        Some(left)
    }

    fn operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let Some(Token::Sign(sign)) = self.tokens.get(self.at) else { return None };
        let (_, operator) = operators.iter().find(|(known, _)| known == sign)?;
        self.at += 1;
        Some(*operator)
    }

    fn power(&mut self) -> Option<Syntax> {
        let base = self.unary()?;
        if !self.takes("^") {
            return Some(base);
        }
        Some(Syntax::Binary(Operator::Power, Box::new(base), Box::new(self.deeper(Self::power)?)))
    }

    fn unary(&mut self) -> Option<Syntax> {
        if self.takes("!") {
            return Some(Syntax::Not(Box::new(self.deeper(Self::unary)?)));
        }
        if self.takes("-") {
            return Some(Syntax::Negative(Box::new(self.deeper(Self::unary)?)));
        }
        if self.takes("+") {
            return self.deeper(Self::unary);
        }
        self.operand()
    }

    fn operand(&mut self) -> Option<Syntax> {
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Text(text) => Some(Syntax::Text(text)),
            Token::Number(number) => Some(Syntax::Number(number)),
            Token::Name(name) if self.takes("(") => Some(Syntax::Call(name, self.deeper(Self::arguments)?)),
            Token::Name(name) => Some(Syntax::Name(name)),
            Token::Sign("(") => {
                let inner = self.deeper(|parser| parser.level(0))?;
                self.takes(")").then_some(inner)
            }
            Token::Sign(_) => None,
        }
    }

    fn arguments(&mut self) -> Option<Vec<Syntax>> {
        let mut arguments = Vec::new();
        if self.takes(")") {
            return Some(arguments);
        }
        loop {
            arguments.push(self.level(0)?);
            if self.takes(")") {
                return Some(arguments);
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    /// Reads what may hold itself again, up to a depth.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        let done = if self.depth <= DEEPEST { read(self) } else { None };
        self.depth -= 1;
        done
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(is_next);
        is_next
    }
}
