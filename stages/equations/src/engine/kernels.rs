//! Instructions over blocks of elements, compiled for several instruction sets.
//!
//! What an instruction writes is never what it reads, so that its loop becomes vectors.

use lapicque_numerics::vectorise::Kernel;

use super::draws::Draws;
use super::instruction::{Code, Destination, Instruction, MOST_TERMS, Source};
use super::{Operation, TimedArray};
use crate::maths::{LANES, each, trigonometric};

/// Elements that are computed together: few enough that all registers stay in the second cache, enough that what an
/// instruction costs once does not count.
pub const BLOCK: usize = 1024;

/// Which elements are computed.
#[derive(Clone, Copy)]
pub(super) enum Elements<'a> {
    /// All, from the first.
    All,
    /// These, whose values were gathered.
    Listed(&'a [u32]),
}

/// A run of the instructions of a program over `length` elements.
pub(super) struct Blocks<'a> {
    pub(super) instructions: &'a [Instruction],
    pub(super) slots: &'a [f64],
    pub(super) columns: &'a [Vec<f64>],
    pub(super) kept: &'a [Vec<f64>],
    pub(super) registers: &'a mut [Vec<f64>],
    pub(super) outputs: &'a mut [Vec<f64>],
    pub(super) arrays: &'a [TimedArray],
    pub(super) dt: f64,
    pub(super) draws: Draws,
    pub(super) elements: Elements<'a>,
    pub(super) length: usize,
    /// What is found out instead of being kept.
    pub(super) condition: Option<Condition<'a>>,
}

/// An output of which it is only asked for which elements it is not 0: it has one block, used again for each.
pub(super) struct Condition<'a> {
    pub(super) output: u16,
    /// Gets the numbers of these elements.
    pub(super) fulfilled: &'a mut Vec<u32>,
}

/// What an instruction reads.
#[derive(Clone, Copy)]
enum Operand<'a> {
    Each(&'a [f64]),
    All(f64),
}

impl Kernel for Blocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let condition = self.condition.as_ref().map(|condition| condition.output);
        let mut start = 0;
        while start < self.length {
            let end = self.length.min(start + BLOCK);
            for instruction in self.instructions {
                // Taken out, so that it can be written while the others are read.
                let mut buffer = match instruction.destination {
                    Destination::Register(register) => std::mem::take(&mut self.registers[usize::from(register)]),
                    Destination::Output(output) => std::mem::take(&mut self.outputs[usize::from(output)]),
                };
                let out = match instruction.destination {
                    Destination::Register(_) => &mut buffer[..end - start],
                    Destination::Output(output) if condition == Some(output) => &mut buffer[..end - start],
                    Destination::Output(_) => &mut buffer[start..end],
                };
                let operand = |source: Source| match source {
                    Source::Register(register) => Operand::Each(&self.registers[usize::from(register)][..end - start]),
                    Source::Column(column) => Operand::Each(&self.columns[usize::from(column)][start..end]),
                    Source::Kept(place) => Operand::Each(&self.kept[usize::from(place)][start..end]),
                    Source::Output(output) if condition == Some(output) => {
                        Operand::Each(&self.outputs[usize::from(output)][..end - start])
                    }
                    Source::Output(output) => Operand::Each(&self.outputs[usize::from(output)][start..end]),
                    Source::Slot(slot) => Operand::All(self.slots.get(slot as usize).copied().unwrap_or(f64::NAN)),
                };
                let operands = [0, 1, 2].map(|number| operand(instruction.sources[number]));
                match instruction.code {
                    Code::Apply(operation) => apply(operation, out, operands),
                    Code::Copy => copy(out, operands[0]),
                    Code::Index => by_element(out, self.elements, start, |elements| elements.map(f64::from)),
                    Code::Draw { distribution, draw } => {
                        let draws = self.draws;
                        by_element(out, self.elements, start, |elements| draws.lanes(distribution, draw, elements));
                    }
                    Code::Poisson { draw } => poisson(out, operands[0], self.elements, start, &self.draws, draw),
                    Code::Timed { array } => timed(out, operands, &self.arrays[array as usize], self.dt),
                    Code::Affine { terms, first_alone, add, select } => {
                        let shape = Shape { first_alone, add, select };
                        let operand = |number: usize| operand(instruction.sources[number]);
                        match terms {
                            1 => affine::<1>(out, shape, operand),
                            2 => affine::<2>(out, shape, operand),
                            3 => affine::<3>(out, shape, operand),
                            4 => affine::<4>(out, shape, operand),
                            _ => affine::<MOST_TERMS>(out, shape, operand),
                        }
                    }
                }
                match instruction.destination {
                    Destination::Register(register) => self.registers[usize::from(register)] = buffer,
                    Destination::Output(output) => self.outputs[usize::from(output)] = buffer,
                }
            }
            if let Some(condition) = &mut self.condition {
                let values = &self.outputs[usize::from(condition.output)][..end - start];
                fulfilled(values, start as u32, condition.fulfilled);
            }
            start = end;
        }
    }
}

/// Appends the numbers of elements, of which the first is `first`, whose value is not 0.
#[inline(always)]
fn fulfilled(values: &[f64], first: u32, elements: &mut Vec<u32>) {
    const CHUNK: usize = 128;
    for (chunk, values) in values.chunks(CHUNK).enumerate() {
        // Most chunks have none, and looking at all bits at once takes no branches.
        if values.iter().fold(0, |any, value| any | value.to_bits()) != 0 {
            let begin = first + (chunk * CHUNK) as u32;
            elements.extend((begin..).zip(values).filter(|(_, value)| **value != 0.0).map(|(element, _)| element));
        }
    }
}

/// Which parts a sum has.
#[derive(Clone, Copy)]
struct Shape {
    first_alone: bool,
    add: bool,
    select: bool,
}

#[inline(always)]
fn affine<'a, const TERMS: usize>(out: &mut [f64], shape: Shape, operand: impl Fn(usize) -> Operand<'a>) {
    let each = |number: usize| match operand(number) {
        Operand::Each(values) => values,
        Operand::All(_) => &[],
    };
    let all = |number: usize| match operand(number) {
        Operand::Each(_) => f64::NAN,
        Operand::All(value) => value,
    };
    let columns: [&[f64]; TERMS] = std::array::from_fn(each);
    // x is x 1, and -0 + x is x, with all bits.
    let first_alone = usize::from(shape.first_alone);
    let factors: [f64; TERMS] =
        std::array::from_fn(|term| if term < first_alone { 1.0 } else { all(TERMS + term - first_alone) });
    let after = 2 * TERMS - first_alone;
    let add = if shape.add { all(after) } else { -0.0 };
    let length = columns.iter().map(|column| column.len()).fold(out.len(), usize::min);
    let (out, columns) = (&mut out[..length], columns.map(|column| &column[..length]));
    let sum = |place: usize| {
        let mut sum = add;
        for term in 0..TERMS {
            sum += columns[term][place] * factors[term];
        }
        sum
    };
    if shape.select {
        let (condition, otherwise) = (each(after + usize::from(shape.add)), each(after + usize::from(shape.add) + 1));
        let choice = condition.iter().zip(otherwise);
        for ((place, out), (&condition, &otherwise)) in out.iter_mut().enumerate().zip(choice) {
            *out = Operation::Select.of_three(condition, sum(place), otherwise);
        }
    } else {
        for (place, out) in out.iter_mut().enumerate() {
            *out = sum(place);
        }
    }
}

/// The operation is a constant in each branch, so that each becomes a loop of its own.
#[inline(always)]
fn apply(operation: Operation, out: &mut [f64], [a, b, c]: [Operand<'_>; 3]) {
    match operation {
        Operation::Negate => one(Operation::Negate, out, a),
        Operation::Not => one(Operation::Not, out, a),
        Operation::Absolute => one(Operation::Absolute, out, a),
        Operation::Sqrt => one(Operation::Sqrt, out, a),
        Operation::Floor => one(Operation::Floor, out, a),
        Operation::Ceil => one(Operation::Ceil, out, a),
        Operation::Truncate => one(Operation::Truncate, out, a),
        Operation::Sign => one(Operation::Sign, out, a),
        Operation::Exp => one(Operation::Exp, out, a),
        Operation::Expm1 => one(Operation::Expm1, out, a),
        Operation::Exprel => one(Operation::Exprel, out, a),
        Operation::Log => one(Operation::Log, out, a),
        Operation::Tanh => one(Operation::Tanh, out, a),
        Operation::Sin => one_of_lanes(out, a, trigonometric::sin),
        Operation::Cos => one_of_lanes(out, a, trigonometric::cos),
        Operation::Add => two(Operation::Add, out, a, b),
        Operation::Subtract => two(Operation::Subtract, out, a, b),
        Operation::Multiply => two(Operation::Multiply, out, a, b),
        Operation::Divide => two(Operation::Divide, out, a, b),
        Operation::Less => two(Operation::Less, out, a, b),
        Operation::LessOrEqual => two(Operation::LessOrEqual, out, a, b),
        Operation::Equal => two(Operation::Equal, out, a, b),
        Operation::NotEqual => two(Operation::NotEqual, out, a, b),
        Operation::Timestep => two(Operation::Timestep, out, a, b),
        Operation::And => two(Operation::And, out, a, b),
        Operation::Or => two(Operation::Or, out, a, b),
        Operation::Select => three(Operation::Select, out, a, b, c),
        Operation::Clip => three(Operation::Clip, out, a, b, c),
        Operation::MultiplyAdd => three(Operation::MultiplyAdd, out, a, b, c),
        Operation::MultiplySubtract => three(Operation::MultiplySubtract, out, a, b, c),
        Operation::SubtractMultiply => three(Operation::SubtractMultiply, out, a, b, c),
        // Not vectors, so one loop for all.
        Operation::Tan
        | Operation::Sinh
        | Operation::Cosh
        | Operation::Arcsin
        | Operation::Arccos
        | Operation::Arctan
        | Operation::Log10
        | Operation::Log1p
        | Operation::FloorDivide
        | Operation::Remainder
        | Operation::Power => singly(operation, out, [a, b, c]),
    }
}

#[inline(always)]
fn copy(out: &mut [f64], a: Operand<'_>) {
    match a {
        Operand::Each(a) => out.copy_from_slice(a),
        Operand::All(a) => out.fill(a),
    }
}

#[inline(always)]
fn one_of_lanes(out: &mut [f64], a: Operand<'_>, function: impl Fn([f64; LANES]) -> [f64; LANES]) {
    match a {
        Operand::Each(a) => each(out, a, function),
        Operand::All(a) => out.fill(function([a; LANES])[0]),
    }
}

#[inline(always)]
fn one(operation: Operation, out: &mut [f64], a: Operand<'_>) {
    match a {
        Operand::Each(a) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = operation.of_one(a);
            }
        }
        Operand::All(a) => out.fill(operation.of_one(a)),
    }
}

#[inline(always)]
fn two(operation: Operation, out: &mut [f64], a: Operand<'_>, b: Operand<'_>) {
    match (a, b) {
        (Operand::Each(a), Operand::Each(b)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = operation.of_two(a, b);
            }
        }
        (Operand::Each(a), Operand::All(b)) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = operation.of_two(a, b);
            }
        }
        (Operand::All(a), Operand::Each(b)) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = operation.of_two(a, b);
            }
        }
        (Operand::All(a), Operand::All(b)) => out.fill(operation.of_two(a, b)),
    }
}

#[inline(always)]
fn three(operation: Operation, out: &mut [f64], a: Operand<'_>, b: Operand<'_>, c: Operand<'_>) {
    match (a, b, c) {
        (Operand::Each(a), Operand::Each(b), Operand::Each(c)) => {
            for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
                *out = operation.of_three(a, b, c);
            }
        }
        (Operand::Each(a), Operand::Each(b), Operand::All(c)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = operation.of_three(a, b, c);
            }
        }
        (Operand::Each(a), Operand::All(b), Operand::Each(c)) => {
            for ((out, &a), &c) in out.iter_mut().zip(a).zip(c) {
                *out = operation.of_three(a, b, c);
            }
        }
        (Operand::Each(a), Operand::All(b), Operand::All(c)) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = operation.of_three(a, b, c);
            }
        }
        (Operand::All(_), _, _) => singly(operation, out, [a, b, c]),
    }
}

/// The value of an operand for one element of the block.
fn at(operand: Operand<'_>, place: usize) -> f64 {
    match operand {
        Operand::Each(values) => values.get(place).copied().unwrap_or(f64::NAN),
        Operand::All(value) => value,
    }
}

#[inline(never)]
fn singly(operation: Operation, out: &mut [f64], operands: [Operand<'_>; 3]) {
    for (place, out) in out.iter_mut().enumerate() {
        *out = operation.evaluate(operands.map(|operand| at(operand, place)));
    }
}

#[inline(always)]
fn by_element(out: &mut [f64], elements: Elements<'_>, start: usize, function: impl Fn([u32; LANES]) -> [f64; LANES]) {
    for (chunk, out) in out.chunks_mut(LANES).enumerate() {
        let first = start + chunk * LANES;
        let mut numbers = [0; LANES];
        for (lane, number) in numbers.iter_mut().enumerate() {
            *number = element(elements, first + lane);
        }
        for (out, value) in out.iter_mut().zip(function(numbers)) {
            *out = value;
        }
    }
}

#[inline(always)]
fn element(elements: Elements<'_>, place: usize) -> u32 {
    match elements {
        Elements::All => place as u32,
        Elements::Listed(list) => list.get(place).copied().unwrap_or(0),
    }
}

#[inline(never)]
fn poisson(out: &mut [f64], mean: Operand<'_>, elements: Elements<'_>, start: usize, draws: &Draws, draw: u32) {
    for (place, out) in out.iter_mut().enumerate() {
        *out = draws.poisson(at(mean, place), draw, element(elements, start + place));
    }
}

#[inline(never)]
fn timed(out: &mut [f64], [time, index, _]: [Operand<'_>; 3], array: &TimedArray, dt: f64) {
    for (place, out) in out.iter_mut().enumerate() {
        let index = if array.arguments() == 2 { at(index, place) } else { 0.0 };
        *out = array.at(at(time, place), index, dt);
    }
}
