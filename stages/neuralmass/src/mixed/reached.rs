//! A model that projections reach: the same model with more inputs.

use crate::{Arriving, Description, InputSpec, Model, Real};

/// Inputs or couplings that a model may have.
const MOST: usize = 8;

/// Behind the inputs of the model: what is added to each of them, to each coupling, and to the sum of weights.
#[derive(Debug, Clone)]
pub(super) struct Reached<M> {
    model: M,
    inputs: usize,
    couplings: usize,
}

/// How many inputs there are behind those of the model.
pub(super) fn places(inputs: usize, couplings: usize) -> usize {
    inputs + couplings + 1
}

impl<M: Model> Reached<M> {
    pub(super) fn new(model: M) -> Self {
        let description = model.description();
        Self { inputs: description.inputs.len(), couplings: description.couplings.len(), model }
    }
}

impl<M: Model> Model for Reached<M> {
    fn description(&self) -> Description {
        let mut description = self.model.description();
        let added = |name, unit| InputSpec { name, unit, default: 0.0, meaning: "what arrives from other groups" };
        let to_inputs: Vec<InputSpec> = description.inputs.iter().map(|input| added(input.name, input.unit)).collect();
        description.inputs.extend(to_inputs);
        description.inputs.extend((0..self.couplings).map(|_| added("coupling", "1")));
        description.inputs.push(added("sum of weights", "1"));
        description
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        self.model.derive(parameters, derived);
    }

    #[inline(always)]
    fn derivatives<R: Real>(
        &self,
        derived: &[R],
        states: &[R],
        arriving: &Arriving<'_, R>,
        rates_of_change: &mut [R],
        algebraic: &mut [R],
    ) {
        let (mut inputs, mut coupling) = ([R::of(0.0); MOST], [R::of(0.0); MOST]);
        let (own, added) = arriving.inputs.split_at(self.inputs);
        let (to_inputs, added) = added.split_at(self.inputs);
        for ((sum, &own), &added) in inputs.iter_mut().zip(own).zip(to_inputs) {
            *sum = own + added;
        }
        for ((sum, &own), &added) in coupling.iter_mut().zip(arriving.coupling).zip(added) {
            *sum = own + added;
        }
        let (ni, nc) = (self.inputs.min(MOST), self.couplings.min(MOST));
        let weight_sum = arriving.weight_sum + added[self.couplings];
        let arriving = Arriving { coupling: &coupling[..nc], weight_sum, inputs: &inputs[..ni], ..*arriving };
        self.model.derivatives(derived, states, &arriving, rates_of_change, algebraic);
    }

    #[inline(always)]
    fn constrain<R: Real>(&self, derived: &[R], states: &mut [R]) {
        self.model.constrain(derived, states);
    }

    #[inline(always)]
    fn white_noise<R: Real>(&self, derived: &[R], amplitudes: &mut [R]) {
        self.model.white_noise(derived, amplitudes);
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, derived: &[R], states: &[R], algebraic: &[R], outputs: &mut [R]) {
        self.model.outputs(derived, states, algebraic, outputs);
    }

    #[inline(always)]
    fn sources<R: Real>(&self, derived: &[R], states: &[R], algebraic: &[R], sources: &mut [R]) {
        self.model.sources(derived, states, algebraic, sources);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{AnyModel, ModelName, ModelOptions};

    #[test]
    fn there_is_room_for_every_model() {
        for name in ModelName::ALL {
            let description = AnyModel::new(name, ModelOptions::default(), 1).unwrap().description();
            assert!(description.inputs.len() <= MOST && description.couplings.len() <= MOST, "{name:?}");
        }
    }
}
