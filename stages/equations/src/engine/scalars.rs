//! What is the same for all elements, computed once per step.

use super::draws::{Draws, SHARED};
use super::instruction::{Compiled, Scalar, SharedMatrix};
use super::{EngineError, State, TimedArray};
use crate::maths::propagator::Propagator;

/// A step of a program.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) step: u64,
    pub(super) dt: f64,
    pub(super) arrays: &'a [TimedArray],
    pub(super) draws: Draws,
}

impl Moment<'_> {
    /// Values of all slots of `compiled`.
    pub(super) fn fill(
        &self,
        slots: &mut [f64],
        compiled: &Compiled,
        state: &State,
        propagators: &mut [SharedPropagator],
    ) -> Result<(), EngineError> {
        for (number, scalar) in compiled.scalars.iter().enumerate() {
            let at = |slot: u32| slots[slot as usize];
            let value = match scalar {
                Scalar::Constant(value) => *value,
                Scalar::Column(column) => state.column(usize::from(*column)).first().copied().unwrap_or(f64::NAN),
                Scalar::Time => self.step as f64 * self.dt,
                Scalar::Step => self.step as f64,
                Scalar::Apply(operation, operands) => operation.evaluate(operands.map(at)),
                Scalar::Draw { distribution, draw } => self.draws.one(*distribution, *draw, SHARED),
                Scalar::Poisson { mean, draw } => self.draws.poisson(at(*mean), *draw, SHARED),
                Scalar::Timed { array, time, index } => {
                    self.arrays[*array as usize].at(at(*time), index.map_or(0.0, at), self.dt)
                }
                Scalar::Propagated { matrix, entry } => {
                    entry.of(propagators[*matrix].renewed(&compiled.shared_matrices[*matrix], slots, self.dt)?)
                }
            };
            slots[number] = value;
        }
        Ok(())
    }
}

/// The propagator of a shared matrix, kept while its entries have the same bits.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedPropagator(Option<(Vec<u64>, Propagator)>);

impl SharedPropagator {
    fn renewed(&mut self, of: &SharedMatrix, slots: &[f64], dt: f64) -> Result<&Propagator, EngineError> {
        let entries = || of.slots.iter().map(|&slot| slots[slot as usize]);
        let known = self.0.take().filter(|(bits, _)| entries().map(f64::to_bits).eq(bits.iter().copied()));
        let (bits, propagator) = match known {
            Some(known) => known,
            None => (entries().map(f64::to_bits).collect(), of.matrix.propagator(entries(), dt, None)?),
        };
        Ok(&self.0.insert((bits, propagator)).1)
    }
}
