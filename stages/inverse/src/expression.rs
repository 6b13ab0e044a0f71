//! Arithmetic of quantities that users name: `(J_EE / J_IE) / (J_EI / J_II)`.
//!
//! Numbers, names (letters, digits, `_`, and `.` within), `+ - * /`, powers as `^` or `**`, parentheses, and the functions `abs exp ln log2 log10 sqrt min max`.
//! Powers bind closer than a sign before them and go from right to left, as in Python: `-x^2` is -(x^2), `2^3^2` is 2^9. There are no constants, so that no
//! name of a quantity means something else. The crates for such texts read `-x^2` as (-x)^2, or `E` as Euler's number.

use std::fmt;

use crate::InverseError;

/// An expression that was read.
#[derive(Clone, PartialEq)]
pub struct Expression {
    text: String,
    /// Each once, in the order in which they first stand in the text.
    names: Vec<String>,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    /// By place among the names.
    Name(usize),
    Negative(Box<Node>),
    Binary(Operation, Box<(Node, Node)>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Abs,
    Exp,
    Ln,
    Log2,
    Log10,
    Sqrt,
    Min,
    Max,
}

const FUNCTIONS: [(&str, Function); 8] = [
    ("abs", Function::Abs),
    ("exp", Function::Exp),
    ("ln", Function::Ln),
    ("log2", Function::Log2),
    ("log10", Function::Log10),
    ("sqrt", Function::Sqrt),
    ("min", Function::Min),
    ("max", Function::Max),
];

/// Parentheses and signs within each other; more are no expression of a person.
const DEEPEST: usize = 64;

/// Bytes of a text, which bound how deep a tree can be.
const LONGEST: usize = 4096;

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, and where (the number of the character, from 1).
    pub fn parse(text: &str) -> Result<Self, InverseError> {
        let mut reader = Reader { text, at: 0, names: Vec::new(), depth: 0 };
        if text.len() > LONGEST {
            reader.text = &text[..text.floor_char_boundary(20)];
            return reader.wrong(format!("it goes on for {} bytes; at most {LONGEST} are allowed", text.len()));
        }
        let root = reader.sum()?;
        reader.skip_spaces();
        match reader.rest().chars().next() {
            None => Ok(Self { text: text.to_owned(), names: reader.names, root }),
            Some(')') => reader.wrong("this parenthesis was not opened".to_owned()),
            Some(left) => reader.wrong(format!("`{left}` does not follow here; an operator is due")),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The quantities that it is of, each once.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Its value for values of [`Expression::names`], in their order; NaN or infinite where it is not defined.
    pub fn value(&self, values: &[f64]) -> f64 {
        self.root.value(values)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl Node {
    fn value(&self, values: &[f64]) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Name(place) => values.get(*place).copied().unwrap_or(f64::NAN),
            Self::Negative(of) => -of.value(values),
            Self::Binary(operation, sides) => {
                let (left, right) = (sides.0.value(values), sides.1.value(values));
                match operation {
                    Operation::Add => left + right,
                    Operation::Subtract => left - right,
                    Operation::Multiply => left * right,
                    Operation::Divide => left / right,
                    Operation::Power => left.powf(right),
                }
            }
            Self::Call(function, of) => {
                let mut of = of.iter().map(|node| node.value(values));
                let first = of.next().unwrap_or(f64::NAN);
                // The least of numbers that are not all known is not known.
                let chosen = |a: f64, b: f64, better: bool| if a.is_nan() || better { a } else { b };
                match function {
                    Function::Abs => first.abs(),
                    Function::Exp => first.exp(),
                    Function::Ln => first.ln(),
                    Function::Log2 => first.log2(),
                    Function::Log10 => first.log10(),
                    Function::Sqrt => first.sqrt(),
                    Function::Min => of.fold(first, |a, b| chosen(a, b, a < b)),
                    Function::Max => of.fold(first, |a, b| chosen(a, b, a > b)),
                }
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
    names: Vec<String>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn wrong<T>(&self, problem: String) -> Result<T, InverseError> {
        let character = self.text[..self.at].chars().count() + 1;
        Err(InverseError::Expression { text: self.text.to_owned(), character, problem })
    }

    /// Takes the first of some texts that stands here.
    fn take<T: Copy>(&mut self, tokens: &[(&str, T)]) -> Option<T> {
        self.skip_spaces();
        let &(token, meaning) = tokens.iter().find(|(token, _)| self.rest().starts_with(token))?;
        self.at += token.len();
        Some(meaning)
    }

    fn sum(&mut self) -> Result<Node, InverseError> {
        let mut left = self.product()?;
        while let Some(operation) = self.take(&[("+", Operation::Add), ("-", Operation::Subtract)]) {
            left = Node::Binary(operation, Box::new((left, self.product()?)));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Node, InverseError> {
        let mut left = self.signed()?;
        while let Some(operation) = self.take(&[("*", Operation::Multiply), ("/", Operation::Divide)]) {
            left = Node::Binary(operation, Box::new((left, self.signed()?)));
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Node, InverseError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.wrong(format!("parentheses and signs lie more than {DEEPEST} deep in each other"));
        }
        let node = match self.take(&[("-", true), ("+", false)]) {
            Some(true) => Node::Negative(Box::new(self.signed()?)),
            Some(false) => self.signed()?,
            None => self.power()?,
        };
        self.depth -= 1;
        Ok(node)
    }

    fn power(&mut self) -> Result<Node, InverseError> {
        let base = self.atom()?;
        match self.take(&[("^", ()), ("**", ())]) {
            Some(()) => Ok(Node::Binary(Operation::Power, Box::new((base, self.signed()?)))),
            None => Ok(base),
        }
    }

    fn atom(&mut self) -> Result<Node, InverseError> {
        if self.take(&[("(", ())]).is_some() {
            let inner = self.sum()?;
            return self.close().map(|()| inner);
        }
        match self.rest().chars().next() {
            Some(first) if first.is_ascii_digit() || first == '.' => self.number(),
            Some(first) if first.is_alphabetic() || first == '_' => self.named(),
            Some(other) => self.wrong(format!("`{other}` is no number and no name")),
            None => self.wrong("a number or a name is due at the end".to_owned()),
        }
    }

    fn close(&mut self) -> Result<(), InverseError> {
        match self.take(&[(")", ())]) {
            Some(()) => Ok(()),
            None => self.wrong("a closing parenthesis is due".to_owned()),
        }
    }

    fn number(&mut self) -> Result<Node, InverseError> {
        let rest = self.rest();
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let mut length = digits(rest);
        if rest[length..].starts_with('.') {
            length += 1 + digits(&rest[length + 1..]);
        }
        if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
            let sign = usize::from(exponent.starts_with(['+', '-']));
            if digits(&exponent[sign..]) > 0 {
                length += 1 + sign + digits(&exponent[sign..]);
            }
        }
        match rest[..length].parse() {
            Ok(number) if f64::is_finite(number) => {
                self.at += length;
                Ok(Node::Number(number))
            }
            _ => self.wrong(format!("`{}` is no number", &rest[..length])),
        }
    }

    fn named(&mut self) -> Result<Node, InverseError> {
        let rest = self.rest();
        let after = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        let name = &rest[..after];
        if rest[after..].trim_start().starts_with('(') {
            let Some(&(_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
                let known: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
                return self.wrong(format!("there is no function `{name}` (there are: {})", known.join(", ")));
            };
            self.at += after;
            return self.call(name, function);
        }
        self.at += after;
        let place = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        Ok(Node::Name(place))
    }

    fn call(&mut self, name: &str, function: Function) -> Result<Node, InverseError> {
        self.take(&[("(", ())]);
        let mut of = vec![self.sum()?];
        while self.take(&[(",", ())]).is_some() {
            of.push(self.sum()?);
        }
        self.close()?;
        match function {
            Function::Min | Function::Max => Ok(Node::Call(function, of)),
            _ if of.len() == 1 => Ok(Node::Call(function, of)),
            _ => self.wrong(format!("`{name}` is of one number, here of {}", of.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, values: &[(&str, f64)]) -> f64 {
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let of = |name: &String| values.iter().find(|(known, _)| known == name).unwrap().1;
        expression.value(&expression.names().iter().map(of).collect::<Vec<_>>())
    }

    #[test]
    fn arithmetic_is_that_of_mathematics() {
        let x = [("x", 3.0), ("E", 5.0), ("populations.E.C_m", 250.0), ("J_EE", 2.0)];
        for (text, expected) in [
            ("-x^2", -9.0),
            ("-x ** 2 + 1", -8.0),
            ("2^3^2", 512.0),
            ("2^-1", 0.5),
            ("1 - 2 - 3", -4.0),
            ("8 / 4 / 2", 1.0),
            ("2 + 3 * 4", 14.0),
            ("(2 + 3) * 4", 20.0),
            ("--x", 3.0),
            ("E", 5.0),
            ("2.5e-1*populations.E.C_m", 62.5),
            (".5 * J_EE", 1.0),
            ("sqrt(x * x) + ln(exp(2)) + log10(100) + log2(8) + abs(-1)", 11.0),
            ("min(x, 1, 2) + max(x, 1)", 4.0),
            ("(J_EE / x) / (E / x)", 0.4),
        ] {
            assert!((value(text, &x) - expected).abs() < 1e-12, "{text}");
        }
        assert!(value("ln(0 - x)", &x).is_nan());
        assert!(value("min(1, y)", &[("y", f64::NAN)]).is_nan() && value("max(y, 1)", &[("y", f64::NAN)]).is_nan());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        for (text, character, problem) in [
            ("", 1, "a number or a name is due at the end"),
            ("x +", 4, "is due at the end"),
            ("x y", 3, "`y` does not follow here"),
            ("(x", 3, "a closing parenthesis is due"),
            ("x)", 2, "was not opened"),
            ("2x", 2, "`x` does not follow here"),
            ("sinus(x)", 1, "there is no function `sinus` (there are: abs"),
            ("ln(x, 2)", 9, "`ln` is of one number, here of 2"),
            ("é + $", 5, "`$` is no number and no name"),
            ("1e999", 1, "is no number"),
            (".", 1, "`.` is no number"),
        ] {
            let told = Expression::parse(text).unwrap_err().to_string();
            assert!(told.contains(&format!("character {character}")) && told.contains(problem), "{text}: {told}");
        }
        assert!(Expression::parse(&"1+".repeat(100_000)).unwrap_err().to_string().contains("200000 bytes"));
        assert!(Expression::parse(&format!("{}1", "1+".repeat(2000))).unwrap().value(&[]) == 2001.0);
        assert!(Expression::parse(&"(".repeat(100_000)).is_err());
        assert!(Expression::parse(&"-".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[-+*/^(), .0-9a-zµeE]{0,40}|\\PC{0,20}") {
            if let Ok(expression) = Expression::parse(&text) {
                expression.value(&vec![1.5; expression.names().len()]);
            }
        }
    }
}
