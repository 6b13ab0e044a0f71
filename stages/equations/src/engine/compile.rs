//! From values to instructions: what is shared goes into slots, the rest into registers by a linear scan.

use std::collections::HashMap;

use super::affine::{Made, merge};
use super::instruction::{Code, Compiled, Destination, Instruction, MatrixOfEach, Scalar, SharedMatrix, Source};
use super::matrix::Entry;
use super::{Graph, Node, Operation, Value, Write};

/// Instructions and slots for writes to variables.
pub(super) fn compile(graph: &Graph<'_>, writes: &[Write]) -> Compiled {
    let mut compiled = Compiled::default();
    // The last write of a variable counts; one that changes nothing is none.
    let mut last: Vec<Write> = Vec::new();
    for write in writes {
        last.retain(|other| other.column != write.column);
        last.push(*write);
    }
    last.retain(
        |write| !matches!(graph.node(write.value), Node::Column(number) if usize::from(*number) == write.column),
    );
    let is_shared = |write: &&Write| graph.layout().columns()[write.column].shared;
    let of_each: Vec<Write> = last.iter().filter(|write| !is_shared(write)).copied().collect();

    let mut slots = Slots::new(graph);
    let kept = emit(graph, &of_each, &mut slots, &mut compiled);
    for write in last.iter().filter(is_shared) {
        let slot = slots.slot(write.value);
        compiled.shared_outputs.push((write.column, slot));
    }
    compiled.scalars = slots.scalars;
    compiled.shared_matrices = slots.matrices;
    compiled.kept = kept.len();
    compiled.matrices = matrices(graph, &kept);
    compiled
}

/// Code for the matrices of which elements keep entries.
fn matrices(graph: &Graph<'_>, kept: &[(u32, Entry)]) -> Vec<MatrixOfEach> {
    let mut numbers: Vec<u32> = kept.iter().map(|&(number, _)| number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let of_number = |number: u32| {
        let matrix = graph.matrices[number as usize].clone();
        let outputs = matrix.entries.iter().enumerate();
        let writes: Vec<Write> = outputs.map(|(column, &(_, value))| Write { column, value }).collect();
        let mut code = Compiled::default();
        let mut slots = Slots::new(graph);
        emit(graph, &writes, &mut slots, &mut code);
        code.scalars = slots.scalars;
        let places = kept.iter().enumerate().filter(|(_, (of, _))| *of == number);
        MatrixOfEach { matrix, code, wanted: places.map(|(place, &(_, entry))| (entry, place)).collect() }
    };
    numbers.into_iter().map(of_number).collect()
}

/// Whether a value is computed by an instruction of its own.
fn is_made(graph: &Graph<'_>, value: Value) -> bool {
    !graph.is_shared(value) && !matches!(graph.node(value), Node::Column(_) | Node::Propagated { .. })
}

/// How all values of each element are made that `writes` need, with products inside of sums.
fn fused(graph: &Graph<'_>, writes: &[Write]) -> HashMap<Value, Made> {
    let mut uses: HashMap<Value, usize> = HashMap::new();
    let mut waiting: Vec<Value> = writes.iter().map(|write| write.value).collect();
    let mut needed = Vec::new();
    while let Some(value) = waiting.pop() {
        let count = uses.entry(value).or_insert(0);
        *count += 1;
        if *count == 1 && is_made(graph, value) {
            needed.push(value);
            waiting.extend(graph.operands(value));
        }
    }
    let product = |value: Value| match graph.node(value) {
        Node::Apply(Operation::Multiply, [a, b, _]) if is_made(graph, value) => {
            // Reading what is multiplied with a shared value costs no more than reading the product.
            let cheap = graph.is_shared(*a) || graph.is_shared(*b) || uses.get(&value) == Some(&1);
            cheap.then_some((*a, *b))
        }
        _ => None,
    };
    let mut made = HashMap::with_capacity(needed.len());
    for value in needed {
        let operands = graph.operands(value);
        let (code, operands) = match graph.node(value) {
            Node::Apply(operation, _) => {
                let pair = (operands.first().copied(), operands.get(1).copied());
                let fused = match (operation, pair) {
                    (Operation::Add, (Some(left), Some(right))) if left != right => {
                        match (product(left), product(right)) {
                            (Some((a, b)), _) => Some((Operation::MultiplyAdd, [a, b, right])),
                            (None, Some((a, b))) => Some((Operation::MultiplyAdd, [a, b, left])),
                            (None, None) => None,
                        }
                    }
                    (Operation::Subtract, (Some(left), Some(right))) if left != right => {
                        match (product(left), product(right)) {
                            (Some((a, b)), _) => Some((Operation::MultiplySubtract, [a, b, right])),
                            (None, Some((a, b))) => Some((Operation::SubtractMultiply, [a, b, left])),
                            (None, None) => None,
                        }
                    }
                    _ => None,
                };
                match fused {
                    Some((operation, operands)) => (Code::Apply(operation), operands.to_vec()),
                    None => (Code::Apply(*operation), operands),
                }
            }
            Node::Draw { distribution, draw, .. } => {
                (Code::Draw { distribution: *distribution, draw: *draw }, operands)
            }
            Node::Poisson { draw, .. } => (Code::Poisson { draw: *draw }, operands),
            Node::Timed { array, .. } => (Code::Timed { array: *array }, operands),
            _ => (Code::Index, operands),
        };
        made.insert(value, Made { code, operands });
    }
    merge(graph, &mut made, &uses);
    made
}

/// Values in an order in which each comes after its operands, those of one write together.
fn ordered(graph: &Graph<'_>, made: &HashMap<Value, Made>, writes: &[Write]) -> Vec<Value> {
    let mut order = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for write in writes {
        let mut waiting = vec![(write.value, false)];
        while let Some((value, operands_done)) = waiting.pop() {
            let Some(how) = made.get(&value) else { continue };
            if operands_done {
                order.push(value);
            } else if is_made(graph, value) && seen.insert(value) {
                waiting.push((value, true));
                waiting.extend(how.operands.iter().rev().map(|&operand| (operand, false)));
            }
        }
    }
    order
}

struct Slots<'g, 'a> {
    graph: &'g Graph<'a>,
    of_value: HashMap<Value, u32>,
    scalars: Vec<Scalar>,
    matrices: Vec<SharedMatrix>,
    matrix_numbers: Vec<u32>,
}

impl<'g, 'a> Slots<'g, 'a> {
    fn new(graph: &'g Graph<'a>) -> Self {
        Self { graph, of_value: HashMap::new(), scalars: Vec::new(), matrices: Vec::new(), matrix_numbers: Vec::new() }
    }

    /// The place of a matrix whose entries have slots.
    fn matrix(&mut self, number: u32) -> usize {
        let known = self.matrix_numbers.iter().position(|&other| other == number);
        known.unwrap_or_else(|| {
            let matrix = self.graph.matrices[number as usize].clone();
            let slots = matrix.entries.iter().map(|(_, value)| self.of_value[value]).collect();
            self.matrix_numbers.push(number);
            self.matrices.push(SharedMatrix { matrix, slots });
            self.matrices.len() - 1
        })
    }

    /// The slot of a shared value, made with all that it needs.
    fn slot(&mut self, value: Value) -> u32 {
        let mut waiting = vec![value];
        while let Some(&next) = waiting.last() {
            if self.of_value.contains_key(&next) {
                waiting.pop();
                continue;
            }
            let operands = self.graph.operands(next);
            let missing: Vec<Value> =
                operands.iter().copied().filter(|operand| !self.of_value.contains_key(operand)).collect();
            if !missing.is_empty() {
                waiting.extend(missing);
                continue;
            }
            let at = |operand: usize| operands.get(operand).or(operands.first()).map_or(0, |o| self.of_value[o]);
            let scalar = match self.graph.node(next) {
                Node::Constant(bits) => Scalar::Constant(f64::from_bits(*bits)),
                Node::Column(number) => Scalar::Column(*number),
                Node::Step => Scalar::Step,
                Node::Time | Node::Index => Scalar::Time,
                Node::Apply(operation, _) => Scalar::Apply(*operation, [at(0), at(1), at(2)]),
                Node::Draw { distribution, draw, .. } => Scalar::Draw { distribution: *distribution, draw: *draw },
                Node::Poisson { draw, .. } => Scalar::Poisson { mean: at(0), draw: *draw },
                Node::Timed { array, index, .. } => {
                    Scalar::Timed { array: *array, time: at(0), index: index.map(|_| at(1)) }
                }
                Node::Propagated { matrix, entry } => {
                    Scalar::Propagated { matrix: self.matrix(*matrix), entry: *entry }
                }
            };
            self.of_value.insert(next, self.scalars.len() as u32);
            self.scalars.push(scalar);
            waiting.pop();
        }
        self.of_value[&value]
    }
}

/// Instructions for writes to variables of each element. Gives what elements keep: numbers of matrices of the graph, and
/// entries of their exponentials.
fn emit(graph: &Graph<'_>, writes: &[Write], slots: &mut Slots<'_, '_>, compiled: &mut Compiled) -> Vec<(u32, Entry)> {
    let made = fused(graph, writes);
    let order = ordered(graph, &made, writes);
    // After which instruction a value is not needed any more.
    let mut last_use: HashMap<Value, usize> = HashMap::new();
    for (place, value) in order.iter().enumerate() {
        for operand in &made[value].operands {
            last_use.insert(*operand, place);
        }
    }
    // What is written is computed where it is kept, and read there by what comes later.
    let mut output_of: HashMap<Value, u16> = HashMap::new();
    for (output, write) in writes.iter().enumerate() {
        compiled.outputs.push(write.column);
        if made.contains_key(&write.value) {
            output_of.entry(write.value).or_insert(output as u16);
        }
    }

    let mut registers: HashMap<Value, u16> = HashMap::new();
    let mut free: Vec<u16> = Vec::new();
    let mut kept: Vec<(u32, Entry)> = Vec::new();
    let mut source = |value: Value, registers: &HashMap<Value, u16>, slots: &mut Slots<'_, '_>| {
        if graph.is_shared(value) {
            return Source::Slot(slots.slot(value));
        }
        if let Node::Column(number) = graph.node(value) {
            if !compiled.inputs.contains(&usize::from(*number)) {
                compiled.inputs.push(usize::from(*number));
            }
            return Source::Column(*number);
        }
        if let Node::Propagated { matrix, entry } = graph.node(value) {
            let own = (*matrix, *entry);
            let place = kept.iter().position(|&other| other == own).unwrap_or_else(|| {
                kept.push(own);
                kept.len() - 1
            });
            return Source::Kept(place as u16);
        }
        if let Some(&output) = output_of.get(&value) {
            return Source::Output(output);
        }
        Source::Register(registers.get(&value).copied().unwrap_or(0))
    };
    for (place, value) in order.iter().enumerate() {
        let how = &made[value];
        let mut sources = vec![Source::Slot(0); how.operands.len().max(3)];
        for (number, slot) in sources.iter_mut().enumerate() {
            if let Some(operand) = how.operands.get(number).or(how.operands.first()) {
                *slot = source(*operand, &registers, slots);
            }
        }
        let fuses = matches!(
            how.code,
            Code::Apply(Operation::MultiplyAdd | Operation::MultiplySubtract | Operation::SubtractMultiply)
        );
        if fuses && matches!(sources[0], Source::Slot(_)) {
            sources.swap(0, 1);
        }
        let destination = match output_of.get(value) {
            Some(&output) => Destination::Output(output),
            None => {
                // Never one of its sources: those are given back afterwards.
                let register = free.pop().unwrap_or_else(|| {
                    compiled.registers += 1;
                    (compiled.registers - 1) as u16
                });
                registers.insert(*value, register);
                Destination::Register(register)
            }
        };
        let mut done: Vec<Value> = how.operands.clone();
        done.sort_unstable();
        done.dedup();
        for operand in done {
            if last_use.get(&operand) == Some(&place)
                && let Some(register) = registers.remove(&operand)
            {
                free.push(register);
            }
        }
        compiled.instructions.push(Instruction { code: how.code, sources, destination });
    }
    for (output, write) in writes.iter().enumerate() {
        if output_of.get(&write.value) == Some(&(output as u16)) {
            continue;
        }
        let from = source(write.value, &registers, slots);
        let destination = Destination::Output(output as u16);
        compiled.instructions.push(Instruction { code: Code::Copy, sources: vec![from; 3], destination });
    }
    kept
}
