//! Subexpressions put in where they are used.

use std::collections::HashMap;

use crate::language::block::Equations;
use crate::language::equation::{Equation, Flag};
use crate::language::error::{LanguageError, Problem};
use crate::language::expression::{Expression, ExpressionKind, MAX_HEIGHT};

/// Expressions that would have more nodes are refused.
pub const MAX_SIZE: usize = 200_000;

/// The subexpressions of a block, to be put into expressions. Those that are stored (`constant over dt`, `summed`) stay
/// names.
pub struct Inliner<'a> {
    definitions: HashMap<&'a str, Definition<'a>>,
}

/// A subexpression with what it is when all others are put into it.
struct Definition<'a> {
    expression: &'a Expression,
    extent: Extent,
}

/// Nodes and height of a tree.
#[derive(Clone, Copy)]
struct Extent {
    size: u64,
    height: u64,
}

/// Whether the value of a subexpression is stored rather than computed where it is used.
pub fn is_stored(equation: &Equation) -> bool {
    equation.has(Flag::ConstantOverDt) || equation.has(Flag::Summed)
}

impl<'a> Inliner<'a> {
    /// For the subexpressions of a block.
    pub fn new(equations: &'a Equations) -> Self {
        let mut inliner = Self { definitions: HashMap::new() };
        // Each comes after those that it uses.
        for (equation, expression) in equations.subexpressions() {
            if !is_stored(equation) {
                let extent = inliner.extent(expression);
                inliner.definitions.insert(&equation.name, Definition { expression, extent });
            }
        }
        inliner
    }

    /// The extent of an expression when all is put in.
    fn extent(&self, expression: &Expression) -> Extent {
        let mut extent = Extent { size: 0, height: 0 };
        let mut waiting = vec![(expression, 1_u64)];
        while let Some((part, level)) = waiting.pop() {
            let inner = match &part.kind {
                ExpressionKind::Name(name) => self.definitions.get(name.as_str()).map(|definition| definition.extent),
                _ => None,
            };
            let inner = inner.unwrap_or(Extent { size: 1, height: 1 });
            extent.size = extent.size.saturating_add(inner.size);
            extent.height = extent.height.max((level - 1).saturating_add(inner.height));
            waiting.extend(part.children().into_iter().map(|child| (child, level + 1)));
        }
        extent
    }

    /// How many nodes an expression has when all is put in.
    pub fn size(&self, expression: &Expression) -> u64 {
        self.extent(expression).size
    }

    /// The expression with all subexpressions put in.
    ///
    /// # Errors
    /// [`Problem::TooLarge`] and [`Problem::TooDeep`].
    pub fn inline(&self, expression: &Expression) -> Result<Expression, LanguageError> {
        let extent = self.extent(expression);
        if extent.size > MAX_SIZE as u64 {
            return Err(LanguageError::new(Problem::TooLarge { limit: MAX_SIZE }, expression.span));
        }
        if extent.height > u64::from(MAX_HEIGHT) {
            return Err(LanguageError::new(Problem::TooDeep { limit: MAX_HEIGHT }, expression.span));
        }
        Ok(self.put_in(expression))
    }

    fn put_in(&self, expression: &Expression) -> Expression {
        substitute(expression, &|name| self.definitions.get(name).map(|definition| self.put_in(definition.expression)))
    }
}

/// The expression with what `replacement` gives in the place of names.
pub fn substitute(expression: &Expression, replacement: &dyn Fn(&str) -> Option<Expression>) -> Expression {
    let inner = |part: &Expression| substitute(part, replacement);
    let kind = match &expression.kind {
        ExpressionKind::Number(_) | ExpressionKind::Boolean(_) => return expression.clone(),
        ExpressionKind::Name(name) => return replacement(name).unwrap_or_else(|| expression.clone()),
        ExpressionKind::Unary { operator, operand } => {
            ExpressionKind::Unary { operator: *operator, operand: Box::new(inner(operand)) }
        }
        ExpressionKind::Binary { operator, left, right } => {
            ExpressionKind::Binary { operator: *operator, left: Box::new(inner(left)), right: Box::new(inner(right)) }
        }
        ExpressionKind::Comparison { first, rest } => ExpressionKind::Comparison {
            first: Box::new(inner(first)),
            rest: rest.iter().map(|(operator, operand)| (*operator, inner(operand))).collect(),
        },
        ExpressionKind::Logical { operator, operands } => {
            ExpressionKind::Logical { operator: *operator, operands: operands.iter().map(inner).collect() }
        }
        ExpressionKind::Call { function, arguments } => {
            ExpressionKind::Call { function: function.clone(), arguments: arguments.iter().map(inner).collect() }
        }
    };
    Expression::new(kind, expression.span)
}
