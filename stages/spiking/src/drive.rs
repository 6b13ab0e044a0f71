//! Poisson input from outside: for every neuron and step, a count times a weight.
//!
//! The `synapses` trains onto a neuron are one train of `synapses rate`, so the count is Poisson
//! with mean `synapses rate h`, drawn exactly. All trains onto a neuron share the weight drawn for
//! it. Counts begin to arrive one delay after the first step.

use lapicque_network::Distribution;
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::{Lanes, Poisson, StreamKey};
use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::draw::Sampler;
use crate::error::SimulationError;
use crate::neurons::{CHUNK, Chunk, Coefficients, Receptors, Slice};
use crate::rounding::constant_delay;

pub(crate) struct PoissonDrive {
    poisson: Poisson,
    /// One for each chunk of neurons, so that counts do not depend on how steps are cut into
    /// windows.
    lanes: Vec<Lanes>,
    /// By the input they go to.
    weights: Vec<(usize, Coefficients<f64>)>,
    first_step: u32,
}

pub(crate) struct PoissonInput<'a> {
    pub(crate) rate_hz: f64,
    pub(crate) synapses: f64,
    pub(crate) weight: &'a Distribution,
    pub(crate) delay_ms: f64,
}

impl PoissonDrive {
    pub(crate) fn new(
        input: PoissonInput,
        size: u32,
        receptors: Receptors,
        path: &str,
        grid: TimeGrid,
        key: &StreamKey,
    ) -> Result<Self, SimulationError> {
        let mean = input.rate_hz * input.synapses * grid.step_ms() * 1e-3;
        let poisson = Poisson::new(mean)
            .map_err(|source| SimulationError::OutOfRange { path: format!("{path}.rate"), source })?;
        let delay = constant_delay(input.delay_ms, &format!("{path}.delay"), grid)?;
        let sampler = Sampler::new(input.weight, format!("{path}.weight"));
        let weights = match sampler.constant() {
            Some(weight) => vec![(receptors.input_of(weight) as usize, Coefficients::Same(weight))],
            None => {
                let key = key.derive("weights");
                let each: Vec<f64> =
                    (0..u64::from(size)).map(|neuron| sampler.draw(&mut key.at(neuron))).collect::<Result<_, _>>()?;
                // Where neurons share an input it has all weights; else each input has zeros for those of the others.
                let onto = |input| {
                    each.iter().map(|&weight| if receptors.input_of(weight) == input { weight } else { 0.0 }).collect()
                };
                (0..receptors.count()).map(|input| (input as usize, Coefficients::Each(onto(input)))).collect()
            }
        };
        let key = key.derive("counts");
        let lanes = (0..(size as usize).div_ceil(CHUNK) as u64).map(|chunk| key.lanes_at(chunk)).collect();
        Ok(Self { poisson, lanes, weights, first_step: delay.saturating_add(1) })
    }

    /// Adds what arrives at `step` at the neurons of `chunk`; `counts` is room for as many.
    pub(crate) fn add(&mut self, step: u32, chunk: &Chunk, arriving: &mut [Vec<f64>], counts: &mut [i16]) {
        if step < self.first_step {
            return;
        }
        self.poisson.fill(&mut self.lanes[chunk.index], counts);
        for (input, weights) in &self.weights {
            vectorise(AddCounts {
                weights: weights.of(chunk.neurons.clone()),
                counts,
                arriving: &mut arriving[*input],
            });
        }
    }
}

struct AddCounts<'a> {
    weights: Slice<'a, f64>,
    counts: &'a [i16],
    arriving: &'a mut [f64],
}

impl Kernel for AddCounts<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pairs = self.arriving.iter_mut().zip(self.counts);
        match self.weights {
            Slice::Same(weight) => pairs.for_each(|(sum, &count)| *sum += weight.0 * f64::from(count)),
            Slice::Each(weights) => {
                pairs.zip(weights).for_each(|((sum, &count), weight)| *sum += weight * f64::from(count))
            }
        }
    }
}
