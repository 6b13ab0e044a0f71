//! Sums of products with shared factors become one instruction, so that variables are read and written once.
//!
//! The sum has the order and roundings of the products and sums that it is made of: bits are the same.

use std::collections::HashMap;

use super::instruction::{Code, MOST_TERMS};
use super::{Graph, Operation, Value};

/// What makes a value of each element: a code and its operands.
pub(super) struct Made {
    pub(super) code: Code,
    pub(super) operands: Vec<Value>,
}

/// `((add + column factor) + column factor) + ...`
#[derive(Clone, Debug, Default)]
struct Sum {
    /// A shared value, or nothing.
    add: Option<Value>,
    /// Values of each element with their shared factors; only the first may have none.
    terms: Vec<(Value, Option<Value>)>,
}

/// Puts chains of products and sums together, with the choice that follows: what nothing else uses, and single products
/// with shared factors, which cost no more than reading them.
pub(super) fn merge(graph: &Graph<'_>, made: &mut HashMap<Value, Made>, uses: &HashMap<Value, usize>) {
    let mut sums: HashMap<Value, Sum> = HashMap::new();
    let alone = |sums: &HashMap<Value, Sum>, value: Value| {
        let cheap = |sum: &&Sum| sum.terms.len() == 1 && sum.add.is_none();
        sums.get(&value).filter(|sum| cheap(sum) || uses.get(&value) == Some(&1)).cloned()
    };
    let mut values: Vec<Value> = made.keys().copied().collect();
    // Operands come before what is made of them.
    values.sort_unstable();
    for value in values {
        let Some(Made { code: Code::Apply(operation), operands }) = made.get(&value) else { continue };
        let changed = match (operation, operands.as_slice()) {
            (Operation::Multiply, &[a, b]) => {
                if let Some((column, factor)) = product(graph, a, b) {
                    sums.insert(value, Sum { add: None, terms: vec![(column, Some(factor))] });
                }
                None
            }
            (Operation::MultiplyAdd, &[a, b, c]) => product(graph, a, b).and_then(|(column, factor)| {
                let inner = alone(&sums, c).filter(|sum| sum.terms.len() < MOST_TERMS);
                let merged = inner.is_some();
                let mut sum = inner.unwrap_or_else(|| match graph.is_shared(c) {
                    true => Sum { add: Some(c), terms: Vec::new() },
                    false => Sum { add: None, terms: vec![(c, None)] },
                });
                sum.terms.push((column, Some(factor)));
                let code = merged.then(|| sum.made(None));
                sums.insert(value, sum);
                code
            }),
            (Operation::Select, &[condition, then, otherwise])
                if !graph.is_shared(condition) && !graph.is_shared(otherwise) =>
            {
                alone(&sums, then).map(|sum| sum.made(Some([condition, otherwise])))
            }
            _ => None,
        };
        if let Some(changed) = changed {
            made.insert(value, changed);
        }
    }
}

/// A value of each element and a shared factor.
fn product(graph: &Graph<'_>, a: Value, b: Value) -> Option<(Value, Value)> {
    match (graph.is_shared(a), graph.is_shared(b)) {
        (false, true) => Some((a, b)),
        (true, false) => Some((b, a)),
        _ => None,
    }
}

impl Sum {
    fn made(&self, select: Option<[Value; 2]>) -> Made {
        let columns = self.terms.iter().map(|&(column, _)| column);
        let factors = self.terms.iter().filter_map(|&(_, factor)| factor);
        let code = Code::Affine {
            terms: self.terms.len() as u8,
            first_alone: self.terms.first().is_some_and(|(_, factor)| factor.is_none()),
            add: self.add.is_some(),
            select: select.is_some(),
        };
        let operands = columns.chain(factors).chain(self.add).chain(select.into_iter().flatten());
        Made { code, operands: operands.collect() }
    }
}
