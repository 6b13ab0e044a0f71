//! The syntax tree of expressions.
//!
//! An expression is a tree of the operators of Python that equations have: arithmetic, comparisons, logic and calls.
//! Trees are at most [`MAX_HEIGHT`] high, so they are walked by functions that call themselves.

use super::span::Span;

/// How high a tree may be: `a + b + c` is 3 high. The parser and all that makes trees larger refuse more.
pub const MAX_HEIGHT: u32 = 1000;

/// An expression and where it was written. Two expressions are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where it was written.
    pub span: Span,
}

/// What an [`Expression`] is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// A number without dimension; finite and not negative, as signs are operators.
    Number(f64),
    /// `True` or `False`.
    Boolean(bool),
    /// A variable, parameter, unit or constant.
    Name(String),
    /// An operator before its operand.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// What it is applied to.
        operand: Box<Expression>,
    },
    /// Arithmetic.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Left operand.
        left: Box<Expression>,
        /// Right operand.
        right: Box<Expression>,
    },
    /// A chain of comparisons: `a < b <= c` means `a < b and b <= c`.
    Comparison {
        /// The leftmost operand.
        first: Box<Expression>,
        /// The others, each with the operator before it; at least one.
        rest: Vec<(ComparisonOperator, Expression)>,
    },
    /// Operands joined by one operator; at least two.
    Logical {
        /// The operator.
        operator: LogicalOperator,
        /// The operands.
        operands: Vec<Expression>,
    },
    /// A function or an array over time, called.
    Call {
        /// Its name.
        function: String,
        /// The arguments.
        arguments: Vec<Expression>,
    },
}

/// An operator before its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-x`
    Negative,
    /// `+x`
    Positive,
    /// `not x`
    Not,
}

/// An operator of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`, never of integers.
    Divide,
    /// `a // b`, rounded down.
    FloorDivide,
    /// `a % b`, with the sign of `b`.
    Remainder,
    /// `a ** b`
    Power,
}

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ComparisonOperator {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// An operator that joins booleans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicalOperator {
    /// `and`
    And,
    /// `or`
    Or,
}

impl BinaryOperator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::FloorDivide => "//",
            Self::Remainder => "%",
            Self::Power => "**",
        }
    }
}

impl ComparisonOperator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}

impl LogicalOperator {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Expression {
    /// An expression at a place.
    pub fn new(kind: ExpressionKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// The number `value`; a negative one becomes its negation.
    pub fn number(value: f64, span: Span) -> Self {
        if value.is_sign_negative() && value != 0.0 {
            let positive = Self::new(ExpressionKind::Number(-value), span);
            return Self::unary(UnaryOperator::Negative, positive, span);
        }
        Self::new(ExpressionKind::Number(value + 0.0), span)
    }

    /// A name.
    pub fn name(name: &str, span: Span) -> Self {
        Self::new(ExpressionKind::Name(name.to_owned()), span)
    }

    /// An operator before `operand`.
    pub fn unary(operator: UnaryOperator, operand: Self, span: Span) -> Self {
        Self::new(ExpressionKind::Unary { operator, operand: Box::new(operand) }, span)
    }

    /// `left` and `right` with an operator between.
    pub fn binary(operator: BinaryOperator, left: Self, right: Self) -> Self {
        let span = left.span.to(right.span);
        Self::new(ExpressionKind::Binary { operator, left: Box::new(left), right: Box::new(right) }, span)
    }

    /// A call.
    pub fn call(function: &str, arguments: Vec<Self>, span: Span) -> Self {
        Self::new(ExpressionKind::Call { function: function.to_owned(), arguments }, span)
    }

    /// The expressions directly below this one, from left to right.
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExpressionKind::Number(_) | ExpressionKind::Boolean(_) | ExpressionKind::Name(_) => Vec::new(),
            ExpressionKind::Unary { operand, .. } => vec![operand],
            ExpressionKind::Binary { left, right, .. } => vec![left, right],
            ExpressionKind::Comparison { first, rest } => {
                std::iter::once(&**first).chain(rest.iter().map(|(_, operand)| operand)).collect()
            }
            ExpressionKind::Logical { operands, .. } => operands.iter().collect(),
            ExpressionKind::Call { arguments, .. } => arguments.iter().collect(),
        }
    }

    /// Calls `visit` with this expression and all below it, each before what is below it and from left to right.
    pub fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        let mut waiting = vec![self];
        while let Some(expression) = waiting.pop() {
            visit(expression);
            waiting.extend(expression.children().into_iter().rev());
        }
    }

    /// Whether `test` holds for this expression or one below it.
    pub fn any<'a>(&'a self, test: &mut impl FnMut(&'a Self) -> bool) -> bool {
        let mut waiting = vec![self];
        while let Some(expression) = waiting.pop() {
            if test(expression) {
                return true;
            }
            waiting.extend(expression.children().into_iter().rev());
        }
        false
    }

    /// Whether the name occurs, other than as that of a function.
    pub fn mentions(&self, name: &str) -> bool {
        self.any(&mut |expression| matches!(&expression.kind, ExpressionKind::Name(found) if found == name))
    }

    /// Names that occur, other than those of functions, in the order of their first occurrence.
    pub fn names(&self) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        let mut names = Vec::new();
        self.visit(&mut |expression| {
            if let ExpressionKind::Name(name) = &expression.kind
                && seen.insert(name.as_str())
            {
                names.push(name.as_str());
            }
        });
        names
    }

    /// How many nodes the tree has.
    pub fn size(&self) -> usize {
        let mut size = 0;
        self.visit(&mut |_| size += 1);
        size
    }

    /// How high the tree is; a name is 1 high.
    pub fn height(&self) -> u32 {
        let mut height = 0;
        let mut waiting = vec![(self, 1)];
        while let Some((expression, level)) = waiting.pop() {
            height = height.max(level);
            waiting.extend(expression.children().into_iter().map(|child| (child, level + 1)));
        }
        height
    }
}
