//! Instructions over blocks of elements, compiled for several instruction sets.
//!
//! A loop reads a chunk of [`LANES`] numbers into an array, computes and writes it: written in place, loops would not
//! become vectors.

use lapicque_numerics::vectorise::Kernel;

use super::compile::{Code, Destination, Instruction, Source};
use super::draws::Draws;
use super::operation::truth;
use super::program::BLOCK;
use super::{Operation, TimedArray};
use crate::maths::exponential::{exp, expm1, exprel, tanh};
use crate::maths::logarithm::log;
use crate::maths::rounding::{clip, sign};
use crate::maths::{LANES, each, filled, lanes, trigonometric};

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
    pub(super) registers: &'a mut [Vec<f64>],
    pub(super) outputs: &'a mut [Vec<f64>],
    pub(super) arrays: &'a [TimedArray],
    pub(super) dt: f64,
    pub(super) draws: Draws,
    pub(super) elements: Elements<'a>,
    pub(super) length: usize,
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
    fn run(self) {
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
                    Destination::Output(_) => &mut buffer[start..end],
                };
                let operand = |source: Source| match source {
                    Source::Register(register) => Operand::Each(&self.registers[usize::from(register)][..end - start]),
                    Source::Column(column) => Operand::Each(&self.columns[usize::from(column)][start..end]),
                    Source::Slot(slot) => Operand::All(self.slots.get(slot as usize).copied().unwrap_or(f64::NAN)),
                };
                let operands = instruction.sources.map(operand);
                match instruction.code {
                    Code::Apply(operation) => apply(operation, out, operands),
                    Code::Copy => one(out, operands[0], |a| a),
                    Code::Index => by_element(out, self.elements, start, |elements| elements.map(f64::from)),
                    Code::Draw { distribution, draw } => {
                        let draws = self.draws;
                        by_element(out, self.elements, start, |elements| draws.lanes(distribution, draw, elements));
                    }
                    Code::Poisson { draw } => poisson(out, operands[0], self.elements, start, &self.draws, draw),
                    Code::Timed { array } => timed(out, operands, &self.arrays[array as usize], self.dt),
                }
                match instruction.destination {
                    Destination::Register(register) => self.registers[usize::from(register)] = buffer,
                    Destination::Output(output) => self.outputs[usize::from(output)] = buffer,
                }
            }
            start = end;
        }
    }
}

#[inline(always)]
fn apply(operation: Operation, out: &mut [f64], [a, b, c]: [Operand<'_>; 3]) {
    match operation {
        Operation::Negate => one(out, a, |a| -a),
        Operation::Absolute => one(out, a, f64::abs),
        Operation::Sqrt => one(out, a, f64::sqrt),
        Operation::Floor => one(out, a, f64::floor),
        Operation::Ceil => one(out, a, f64::ceil),
        Operation::Truncate => one(out, a, f64::trunc),
        Operation::Sign => one(out, a, sign),
        Operation::Not => one(out, a, |a| truth(a == 0.0)),
        Operation::Exp => one(out, a, exp),
        Operation::Expm1 => one(out, a, expm1),
        Operation::Exprel => one(out, a, exprel),
        Operation::Log => one(out, a, log),
        Operation::Tanh => one(out, a, tanh),
        Operation::Sin => one_of_lanes(out, a, trigonometric::sin),
        Operation::Cos => one_of_lanes(out, a, trigonometric::cos),
        Operation::Add => two(out, a, b, |a, b| a + b),
        Operation::Subtract => two(out, a, b, |a, b| a - b),
        Operation::Multiply => two(out, a, b, |a, b| a * b),
        Operation::Divide => two(out, a, b, |a, b| a / b),
        Operation::Less => two(out, a, b, |a, b| truth(a < b)),
        Operation::LessOrEqual => two(out, a, b, |a, b| truth(a <= b)),
        Operation::Equal => two(out, a, b, |a, b| truth(a == b)),
        Operation::NotEqual => two(out, a, b, |a, b| truth(a != b)),
        Operation::And => two(out, a, b, |a, b| truth(a != 0.0 && b != 0.0)),
        Operation::Or => two(out, a, b, |a, b| truth(a != 0.0 || b != 0.0)),
        Operation::Select => three(out, a, b, c, |a, b, c| if a != 0.0 { b } else { c }),
        Operation::Clip => three(out, a, b, c, clip),
        Operation::MultiplyAdd => three(out, a, b, c, |a, b, c| a * b + c),
        Operation::MultiplySubtract => three(out, a, b, c, |a, b, c| a * b - c),
        Operation::SubtractMultiply => three(out, a, b, c, |a, b, c| c - a * b),
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
        | Operation::Power
        | Operation::Timestep => singly(operation, out, [a, b, c]),
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
fn one(out: &mut [f64], a: Operand<'_>, function: impl Fn(f64) -> f64) {
    match a {
        Operand::Each(a) => each(out, a, |a| lanes(a, &function)),
        Operand::All(a) => out.fill(function(a)),
    }
}

#[inline(always)]
fn two(out: &mut [f64], a: Operand<'_>, b: Operand<'_>, function: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (Operand::Each(a), Operand::Each(b)) => each_two(out, a, b, function),
        (Operand::Each(a), Operand::All(b)) => each(out, a, |a| lanes(a, |a| function(a, b))),
        (Operand::All(a), Operand::Each(b)) => each(out, b, |b| lanes(b, |b| function(a, b))),
        (Operand::All(a), Operand::All(b)) => out.fill(function(a, b)),
    }
}

#[inline(always)]
fn three(out: &mut [f64], a: Operand<'_>, b: Operand<'_>, c: Operand<'_>, function: impl Fn(f64, f64, f64) -> f64) {
    match (a, b, c) {
        (Operand::Each(a), Operand::Each(b), Operand::Each(c)) => each_three(out, a, b, c, function),
        (Operand::Each(a), Operand::Each(b), Operand::All(c)) => each_two(out, a, b, |a, b| function(a, b, c)),
        (Operand::Each(a), Operand::All(b), Operand::Each(c)) => each_two(out, a, c, |a, c| function(a, b, c)),
        (Operand::Each(a), Operand::All(b), Operand::All(c)) => each(out, a, |a| lanes(a, |a| function(a, b, c))),
        (Operand::All(a), b, c) => two(out, b, c, |b, c| function(a, b, c)),
    }
}

#[inline(always)]
fn each_two(out: &mut [f64], a: &[f64], b: &[f64], function: impl Fn(f64, f64) -> f64) {
    let chunk = |a: [f64; LANES], b: [f64; LANES]| {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = function(a[lane], b[lane]);
        }
        result
    };
    let (out, out_rest) = out.as_chunks_mut::<LANES>();
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = chunk(*a, *b);
    }
    for (out, value) in out_rest.iter_mut().zip(chunk(filled(a_rest), filled(b_rest))) {
        *out = value;
    }
}

#[inline(always)]
fn each_three(out: &mut [f64], a: &[f64], b: &[f64], c: &[f64], function: impl Fn(f64, f64, f64) -> f64) {
    let chunk = |a: [f64; LANES], b: [f64; LANES], c: [f64; LANES]| {
        let mut result = [0.0; LANES];
        for lane in 0..LANES {
            result[lane] = function(a[lane], b[lane], c[lane]);
        }
        result
    };
    let (out, out_rest) = out.as_chunks_mut::<LANES>();
    let ((a, a_rest), (b, b_rest), (c, c_rest)) =
        (a.as_chunks::<LANES>(), b.as_chunks::<LANES>(), c.as_chunks::<LANES>());
    for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
        *out = chunk(*a, *b, *c);
    }
    for (out, value) in out_rest.iter_mut().zip(chunk(filled(a_rest), filled(b_rest), filled(c_rest))) {
        *out = value;
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
