//! Expressions and statements become values of a [`Graph`].

use std::collections::HashMap;

use super::draws::Distribution;
use super::{EngineError, Graph, Layout, Node, Operation, TimedArray, Value, Write};
use crate::language::expression::{
    BinaryOperator, ComparisonOperator, Expression, ExpressionKind, LogicalOperator, UnaryOperator,
};
use crate::language::statement::Statement;

/// What names mean.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// Variables.
    pub layout: &'a Layout,
    /// Parameters, constants and units: names whose numbers are known before the simulation.
    pub names: &'a crate::language::scope::Scope,
    /// Arrays over time.
    pub arrays: &'a [TimedArray],
    /// The step, in s.
    pub dt: f64,
}

/// Names that mean values before anything else: subexpressions, local variables, states between steps.
pub type Bindings = HashMap<String, Value>;

impl Graph<'_> {
    /// The value of an expression. Names mean, in this order: `bindings`, variables, what is fixed in the scope of
    /// names, then `t`, `dt`, `i`, `N`, `t_in_timesteps`. Each call of `rand`, `randn` and `poisson` draws anew: one number for all
    /// elements where `shared` is set, else one for each.
    ///
    /// # Errors
    /// Names and functions that are unknown, and wrong numbers of arguments.
    pub fn expression(
        &mut self,
        expression: &Expression,
        bindings: &Bindings,
        shared: bool,
    ) -> Result<Value, EngineError> {
        match &expression.kind {
            ExpressionKind::Number(number) => Ok(self.constant(*number)),
            ExpressionKind::Boolean(holds) => Ok(self.constant(f64::from(u8::from(*holds)))),
            ExpressionKind::Name(name) => self.name(name, bindings),
            ExpressionKind::Unary { operator, operand } => {
                let operand = self.expression(operand, bindings, shared)?;
                Ok(match operator {
                    UnaryOperator::Negative => self.apply(Operation::Negate, &[operand]),
                    UnaryOperator::Positive => operand,
                    UnaryOperator::Not => self.apply(Operation::Not, &[operand]),
                })
            }
            ExpressionKind::Binary { operator, left, right } => {
                let left = self.expression(left, bindings, shared)?;
                let right = self.expression(right, bindings, shared)?;
                Ok(self.apply(arithmetic(*operator), &[left, right]))
            }
            ExpressionKind::Comparison { first, rest } => {
                let mut left = self.expression(first, bindings, shared)?;
                let mut holds = None;
                for (operator, right) in rest {
                    let right = self.expression(right, bindings, shared)?;
                    let pair = self.compare(*operator, left, right);
                    holds = Some(match holds {
                        None => pair,
                        Some(before) => self.apply(Operation::And, &[before, pair]),
                    });
                    left = right;
                }
                let always = self.constant(1.0);
                Ok(holds.unwrap_or(always))
            }
            ExpressionKind::Logical { operator, operands } => {
                let (operation, neutral) = match operator {
                    LogicalOperator::And => (Operation::And, 1.0),
                    LogicalOperator::Or => (Operation::Or, 0.0),
                };
                let mut value = None;
                for operand in operands {
                    let operand = self.expression(operand, bindings, shared)?;
                    value = Some(match value {
                        None => operand,
                        Some(before) => self.apply(operation, &[before, operand]),
                    });
                }
                let neutral = self.constant(neutral);
                Ok(value.unwrap_or(neutral))
            }
            ExpressionKind::Call { function, arguments } => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.expression(argument, bindings, shared)?);
                }
                self.call(function, &values, shared)
            }
        }
    }

    /// What statements write to variables, one after the other. Names of no variable are local. Where `conditional` is
    /// set, variables that are written only outside of refractoriness keep their value inside of it.
    ///
    /// # Errors
    /// Those of [`Graph::expression`] and [`Graph::write`], and local variables that are changed before they have a value.
    pub fn statements(
        &mut self,
        statements: &[Statement],
        bindings: &Bindings,
        conditional: bool,
    ) -> Result<Vec<Write>, EngineError> {
        let mut bindings = bindings.clone();
        let mut written: Vec<usize> = Vec::new();
        for statement in statements {
            let name = &statement.target;
            let column = self.layout().number(name);
            let shared = column.is_some_and(|column| self.layout().columns()[column].shared);
            let mut value = self.expression(&statement.value, &bindings, shared)?;
            if let Some(operator) = statement.operator.arithmetic() {
                let before = match (bindings.get(name), column) {
                    (Some(&value), _) => value,
                    (None, Some(column)) => self.column(column),
                    (None, None) => return Err(EngineError::NoValueYet { name: name.clone() }),
                };
                value = self.apply(arithmetic(operator), &[before, value]);
            }
            if let Some(column) = column {
                let variable = &self.layout().columns()[column];
                if conditional && variable.unless_refractory {
                    let old = self.column(column);
                    let before = bindings.get(name).copied().unwrap_or(old);
                    value = self.unless_refractory(value, before)?;
                }
                value = self.write(column, value)?.value;
                if !written.contains(&column) {
                    written.push(column);
                }
            }
            bindings.insert(name.clone(), value);
        }
        let layout = self.layout();
        let value_of = |column: usize| bindings.get(&layout.columns()[column].name).copied();
        Ok(written.into_iter().filter_map(|column| Some(Write { column, value: value_of(column)? })).collect())
    }

    /// `value` outside of refractoriness, `otherwise` inside.
    ///
    /// # Errors
    /// There is no variable `not_refractory`.
    pub fn unless_refractory(&mut self, value: Value, otherwise: Value) -> Result<Value, EngineError> {
        let free = self.name("not_refractory", &Bindings::new())?;
        Ok(self.select(free, value, otherwise))
    }

    fn name(&mut self, name: &str, bindings: &Bindings) -> Result<Value, EngineError> {
        if let Some(&value) = bindings.get(name) {
            return Ok(value);
        }
        if let Some(column) = self.layout().number(name) {
            return Ok(self.column(column));
        }
        if let Some(quantity) = self.scope.names.fixed(name) {
            return Ok(self.constant(quantity.value));
        }
        Ok(match name {
            "t" => self.time(),
            "dt" => self.constant(self.scope.dt),
            "i" => self.add(Node::Index),
            "N" => self.constant(self.layout().elements() as f64),
            "t_in_timesteps" => self.add(Node::Step),
            _ => return Err(EngineError::UnknownName { name: name.to_owned() }),
        })
    }

    fn compare(&mut self, operator: ComparisonOperator, left: Value, right: Value) -> Value {
        match operator {
            ComparisonOperator::Less => self.apply(Operation::Less, &[left, right]),
            ComparisonOperator::LessOrEqual => self.apply(Operation::LessOrEqual, &[left, right]),
            ComparisonOperator::Greater => self.apply(Operation::Less, &[right, left]),
            ComparisonOperator::GreaterOrEqual => self.apply(Operation::LessOrEqual, &[right, left]),
            ComparisonOperator::Equal => self.apply(Operation::Equal, &[left, right]),
            ComparisonOperator::NotEqual => self.apply(Operation::NotEqual, &[left, right]),
        }
    }

    fn call(&mut self, function: &str, arguments: &[Value], shared: bool) -> Result<Value, EngineError> {
        let counted = |expected: usize| {
            if arguments.len() == expected {
                return Ok(());
            }
            Err(EngineError::Arguments { function: function.to_owned(), expected, found: arguments.len() })
        };
        if let Some(array) = self.scope.arrays.iter().position(|array| array.name() == function) {
            counted(self.scope.arrays[array].arguments())?;
            let index = arguments.get(1).copied();
            return Ok(self.add(Node::Timed { array: array as u32, time: arguments[0], index }));
        }
        match function {
            "rand" => counted(0).map(|()| self.draw(Distribution::Uniform, shared)),
            "randn" => counted(0).map(|()| self.draw(Distribution::Normal, shared)),
            "poisson" => {
                counted(1)?;
                let draw = self.next_draw();
                Ok(self.add(Node::Poisson { mean: arguments[0], draw, shared }))
            }
            _ => {
                let Some(operation) = operation(function) else {
                    return Err(EngineError::UnknownFunction { name: function.to_owned() });
                };
                counted(operation.operands())?;
                Ok(self.apply(operation, arguments))
            }
        }
    }
}

fn arithmetic(operator: BinaryOperator) -> Operation {
    match operator {
        BinaryOperator::Add => Operation::Add,
        BinaryOperator::Subtract => Operation::Subtract,
        BinaryOperator::Multiply => Operation::Multiply,
        BinaryOperator::Divide => Operation::Divide,
        BinaryOperator::FloorDivide => Operation::FloorDivide,
        BinaryOperator::Remainder => Operation::Remainder,
        BinaryOperator::Power => Operation::Power,
    }
}

fn operation(function: &str) -> Option<Operation> {
    Some(match function {
        "sin" => Operation::Sin,
        "cos" => Operation::Cos,
        "tan" => Operation::Tan,
        "sinh" => Operation::Sinh,
        "cosh" => Operation::Cosh,
        "tanh" => Operation::Tanh,
        "arcsin" => Operation::Arcsin,
        "arccos" => Operation::Arccos,
        "arctan" => Operation::Arctan,
        "exp" => Operation::Exp,
        "log" => Operation::Log,
        "log10" => Operation::Log10,
        "expm1" => Operation::Expm1,
        "log1p" => Operation::Log1p,
        "exprel" => Operation::Exprel,
        "sqrt" => Operation::Sqrt,
        "abs" => Operation::Absolute,
        "ceil" => Operation::Ceil,
        "floor" => Operation::Floor,
        "sign" => Operation::Sign,
        "clip" => Operation::Clip,
        "int" => Operation::Truncate,
        "timestep" => Operation::Timestep,
        _ => return None,
    })
}
