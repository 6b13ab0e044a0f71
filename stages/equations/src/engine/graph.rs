//! Values that depend on each other: each is made once, from values made before it.
//!
//! Making a value that is there already gives the one that is there. What has constant operands only is folded. A value
//! is shared when it is the same for all elements.

use std::collections::HashMap;

use super::draws::Distribution;
use super::matrix::{Entry, Matrix};
use super::{EngineError, Layout, Operation, Scope};
use crate::language::equation::Values;
use crate::maths::power::small_whole;

/// A value of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) u32);

/// How a value is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// Bits of a number.
    Constant(u64),
    /// A variable at the beginning of the program.
    Column(u16),
    /// The time of the step.
    Time,
    /// The number of the step.
    Step,
    /// The number of the element.
    Index,
    /// As many operands as the operation has; the others repeat the first.
    Apply(Operation, [Value; 3]),
    /// A draw.
    Draw { distribution: Distribution, draw: u32, shared: bool },
    /// A count of a mean.
    Poisson { mean: Value, draw: u32, shared: bool },
    /// An array over time.
    Timed { array: u32, time: Value, index: Option<Value> },
    /// An entry of the propagator of a matrix.
    Propagated { matrix: u32, entry: Entry },
}

/// A variable and what is written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Number of the variable.
    pub column: usize,
    /// What it has afterwards.
    pub value: Value,
}

/// The values of a program in the making.
#[derive(Debug)]
pub struct Graph<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) nodes: Vec<Node>,
    shared: Vec<bool>,
    known: HashMap<Node, Value>,
    pub(super) matrices: Vec<Matrix>,
    draws: u32,
    /// What variables are after what was done so far, where it is not what they were.
    after: HashMap<usize, Value>,
}

impl<'a> Graph<'a> {
    /// A graph without values, whose names have the meaning of `scope`.
    pub fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            nodes: Vec::new(),
            shared: Vec::new(),
            known: HashMap::new(),
            matrices: Vec::new(),
            draws: 0,
            after: HashMap::new(),
        }
    }

    /// The variables of its elements.
    pub fn layout(&self) -> &'a Layout {
        self.scope.layout
    }

    /// The step, in s.
    pub fn dt(&self) -> f64 {
        self.scope.dt
    }

    /// Whether a value is the same for all elements.
    pub fn is_shared(&self, value: Value) -> bool {
        self.shared[value.0 as usize]
    }

    pub(crate) fn node(&self, value: Value) -> &Node {
        &self.nodes[value.0 as usize]
    }

    /// The number that a value always has.
    pub fn as_constant(&self, value: Value) -> Option<f64> {
        match self.node(value) {
            Node::Constant(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// A number.
    pub fn constant(&mut self, value: f64) -> Value {
        self.add(Node::Constant(value.to_bits()))
    }

    /// A variable before it is written, or after what it was [told](Graph::follow) to follow; a number that the layout does
    /// not have is NaN.
    pub fn column(&mut self, number: usize) -> Value {
        if let Some(&value) = self.after.get(&number) {
            return value;
        }
        if number >= self.layout().columns().len() {
            return self.constant(f64::NAN);
        }
        self.add(Node::Column(number as u16))
    }

    /// Whatever is made from now on reads the variable as it is after the write: two programs become one.
    pub fn follow(&mut self, write: Write) {
        self.after.insert(write.column, write.value);
    }

    /// The time of the step.
    pub fn time(&mut self) -> Value {
        self.add(Node::Time)
    }

    /// A draw of the standard normal distribution that nothing else has.
    pub fn normal_draw(&mut self, shared: bool) -> Value {
        self.draw(Distribution::Normal, shared)
    }

    pub(super) fn draw(&mut self, distribution: Distribution, shared: bool) -> Value {
        let draw = self.next_draw();
        self.add(Node::Draw { distribution, draw, shared })
    }

    pub(super) fn next_draw(&mut self) -> u32 {
        self.draws += 1;
        self.draws - 1
    }

    /// `a + b`
    pub fn sum(&mut self, a: Value, b: Value) -> Value {
        self.apply(Operation::Add, &[a, b])
    }

    /// `a - b`
    pub fn difference(&mut self, a: Value, b: Value) -> Value {
        self.apply(Operation::Subtract, &[a, b])
    }

    /// `a b`
    pub fn product(&mut self, a: Value, b: Value) -> Value {
        self.apply(Operation::Multiply, &[a, b])
    }

    /// `a` times a number.
    pub fn scaled(&mut self, a: Value, by: f64) -> Value {
        let by = self.constant(by);
        self.product(a, by)
    }

    /// `then` where `condition` is not 0, else `otherwise`.
    pub fn select(&mut self, condition: Value, then: Value, otherwise: Value) -> Value {
        if then == otherwise {
            return then;
        }
        match self.as_constant(condition) {
            Some(0.0) => otherwise,
            Some(_) => then,
            None => self.apply(Operation::Select, &[condition, then, otherwise]),
        }
    }

    /// `value` as it is kept by a variable of this kind.
    pub fn as_kept(&mut self, value: Value, values: Values) -> Value {
        match values {
            Values::Float => value,
            Values::Integer => self.apply(Operation::Truncate, &[value]),
            Values::Boolean => {
                let zero = self.constant(0.0);
                self.apply(Operation::NotEqual, &[value, zero])
            }
        }
    }

    /// An operation with its operands.
    pub(crate) fn apply(&mut self, operation: Operation, operands: &[Value]) -> Value {
        debug_assert_eq!(operands.len(), operation.operands());
        let mut all = [operands[0]; 3];
        all[..operands.len()].copy_from_slice(operands);
        let constants = all.map(|operand| self.as_constant(operand));
        if let [Some(a), Some(b), Some(c)] = constants {
            return self.constant(operation.evaluate([a, b, c]));
        }
        let [a, b, _] = all;
        match (operation, constants) {
            (Operation::Multiply, [_, Some(1.0), _]) | (Operation::Divide, [_, Some(1.0), _]) => return a,
            (Operation::Multiply, [Some(1.0), _, _]) => return b,
            (Operation::Divide, [_, Some(divisor), _]) if (1.0 / divisor).is_normal() => {
                let inverse = self.constant(1.0 / divisor);
                return self.apply(Operation::Multiply, &[a, inverse]);
            }
            (Operation::Power, [_, Some(exponent), _]) => {
                if let Some(exponent) = small_whole(exponent) {
                    return self.whole_power(a, exponent);
                }
            }
            (Operation::Add | Operation::Multiply, _) => {
                // One order for both ways of writing it, and what is shared comes last.
                let rank = |value: Value| (self.is_shared(value), value);
                if rank(a) > rank(b) {
                    all = [b, a, b];
                } else {
                    all = [a, b, a];
                }
            }
            _ => {}
        }
        self.add(Node::Apply(operation, all))
    }

    /// The products of [`whole_power`](crate::maths::power::whole_power).
    fn whole_power(&mut self, base: Value, exponent: i32) -> Value {
        let mut left = exponent.unsigned_abs();
        let mut square = base;
        let mut product = None;
        while left > 0 {
            if left & 1 == 1 {
                product = Some(match product {
                    None => square,
                    Some(product) => self.apply(Operation::Multiply, &[product, square]),
                });
            }
            left >>= 1;
            if left > 0 {
                square = self.apply(Operation::Multiply, &[square, square]);
            }
        }
        let one = self.constant(1.0);
        let product = product.unwrap_or(one);
        if exponent < 0 { self.apply(Operation::Divide, &[one, product]) } else { product }
    }

    pub(crate) fn add(&mut self, node: Node) -> Value {
        if let Some(&value) = self.known.get(&node) {
            return value;
        }
        let shared = match &node {
            Node::Constant(_) | Node::Time | Node::Step => true,
            Node::Index => false,
            Node::Column(number) => self.layout().columns()[usize::from(*number)].shared,
            Node::Apply(_, operands) => operands.iter().all(|&operand| self.is_shared(operand)),
            Node::Draw { shared, .. } => *shared,
            Node::Poisson { mean, shared, .. } => *shared && self.is_shared(*mean),
            Node::Timed { time, index, .. } => self.is_shared(*time) && index.is_none_or(|index| self.is_shared(index)),
            Node::Propagated { matrix, .. } => {
                self.matrices[*matrix as usize].entries.iter().all(|&(_, value)| self.is_shared(value))
            }
        };
        let value = Value(self.nodes.len() as u32);
        self.nodes.push(node.clone());
        self.shared.push(shared);
        self.known.insert(node, value);
        value
    }

    /// Values that a value is made from directly.
    pub(crate) fn operands(&self, value: Value) -> Vec<Value> {
        match self.node(value) {
            Node::Apply(operation, operands) => operands[..operation.operands()].to_vec(),
            Node::Poisson { mean, .. } => vec![*mean],
            Node::Timed { time, index, .. } => std::iter::once(*time).chain(*index).collect(),
            Node::Propagated { matrix, .. } => {
                self.matrices[*matrix as usize].entries.iter().map(|&(_, value)| value).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A write to a variable, as it keeps it.
    ///
    /// # Errors
    /// A value that differs between elements for a variable that does not.
    pub fn write(&mut self, column: usize, value: Value) -> Result<Write, EngineError> {
        let Some(variable) = self.layout().columns().get(column) else {
            return Err(EngineError::UnknownName { name: format!("variable {column}") });
        };
        if variable.shared && !self.is_shared(value) {
            return Err(EngineError::SharedFromEach { name: variable.name.clone() });
        }
        let value = self.as_kept(value, variable.values);
        Ok(Write { column, value })
    }
}
