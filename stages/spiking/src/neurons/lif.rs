//! What all leaky integrate-and-fire models share: the potential, the threshold, and refractoriness.
//!
//! u = V - E_L. A neuron spikes at a step where V >= V_th; V is V_reset then and during t_ref, which goes up to the
//! next whole step.

use lapicque_numerics::grid::{GridError, TimeGrid};
use lapicque_numerics::vectorise::{Kernel, vectorise};

use super::coefficients::{Coefficients, combine, distinct};
use super::drawing::Drawing;
use super::dynamics::{CHUNK, Chunk};
use crate::error::SimulationError;

/// Potential, threshold and refractoriness of the neurons of a population.
pub(crate) struct Lif {
    /// u, mV.
    pub(crate) potential: Vec<f64>,
    spiking: Coefficients<Spiking>,
    /// Refractory neurons of each chunk.
    refractory: Vec<Vec<Refractory>>,
}

/// Threshold and reset relative to E_L, mV.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spiking {
    threshold: f64,
    reset: f64,
    refractory_steps: u32,
}

struct Refractory {
    /// Within the chunk.
    neuron: u16,
    remaining: u32,
}

/// How many neurons one look for spikes covers.
const LOOK: usize = 64;

impl Lif {
    /// Draws E_L, V_m, V_th, V_reset and t_ref.
    pub(crate) fn draw(drawing: &Drawing<'_>) -> Result<Self, SimulationError> {
        let size = drawing.size();
        let (leak, initial) = (drawing.values("E_L")?, drawing.values("V_m")?);
        let potential = (0..size).map(|i| initial.at(i) - leak.at(i)).collect();
        let (threshold, reset) = (drawing.values("V_th")?, drawing.values("V_reset")?);
        for i in 0..distinct(size, [&threshold, &reset]) {
            let (reset_mv, threshold_mv) = (reset.at(i), threshold.at(i));
            if reset_mv >= threshold_mv {
                let path = drawing.path("V_reset");
                return Err(SimulationError::ResetAboveThreshold { path, reset_mv, threshold_mv });
            }
        }
        let steps = |period_ms: f64| {
            let error = |source| SimulationError::Time { path: drawing.path("t_ref"), source };
            drawing.grid().steps_up(period_ms).map(f64::from).map_err(error)
        };
        let refractory = drawing.values("t_ref")?.try_map(steps)?;
        let spiking = combine(size, [threshold, reset, leak, refractory], |[threshold, reset, leak, steps]| Spiking {
            threshold: threshold - leak,
            reset: reset - leak,
            refractory_steps: steps as u32,
        });
        Ok(Self { potential, spiking, refractory: (0..size.div_ceil(CHUNK)).map(|_| Vec::new()).collect() })
    }

    /// Holds refractory neurons at their reset, then resets and reports those at or above
    /// threshold.
    pub(crate) fn emit(&mut self, chunk: &Chunk, report: &mut dyn FnMut(u32)) {
        let Self { potential, spiking, refractory } = self;
        let first = chunk.neurons.start;
        let potential = &mut potential[chunk.neurons.clone()];
        let refractory = &mut refractory[chunk.index];
        refractory.retain_mut(|held| {
            potential[usize::from(held.neuron)] = spiking.at(first + usize::from(held.neuron)).reset;
            held.remaining -= 1;
            held.remaining > 0
        });
        let mut groups = match spiking {
            Coefficients::Same(spiking) => vectorise(Crossings { potential, threshold: spiking.threshold }),
            Coefficients::Each(_) => u64::MAX,
        };
        groups &= u64::MAX >> (64 - potential.len().div_ceil(LOOK));
        while groups != 0 {
            let start = groups.trailing_zeros() as usize * LOOK;
            groups &= groups - 1;
            let end = (start + LOOK).min(potential.len());
            for (i, u) in potential[start..end].iter_mut().enumerate() {
                let neuron = start + i;
                let Spiking { threshold, reset, refractory_steps } = spiking.at(first + neuron);
                if *u >= threshold {
                    *u = reset;
                    if refractory_steps > 0 {
                        refractory.push(Refractory { neuron: neuron as u16, remaining: refractory_steps });
                    }
                    report((first + neuron) as u32);
                }
            }
        }
    }

    /// Of memory, about.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.potential.as_slice()) + self.spiking.bytes()
    }
}

/// Bit g of the result: a neuron of group g is at or above threshold.
struct Crossings<'a> {
    potential: &'a [f64],
    threshold: f64,
}

impl Kernel for Crossings<'_> {
    type Output = u64;

    #[inline(always)]
    fn run(self) -> u64 {
        let mut groups = 0;
        for (g, group) in self.potential.chunks(LOOK).enumerate() {
            let any = group.iter().fold(false, |any, &u| any | (u >= self.threshold));
            groups |= u64::from(any) << g;
        }
        groups
    }
}

/// What carries currents to the potential.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Membrane {
    pub(crate) capacitance_pf: f64,
    pub(crate) time_constant_ms: f64,
    pub(crate) constant_current_pa: f64,
}

impl Membrane {
    /// Draws C_m, tau_m and I_e, to which constant drives are added.
    pub(crate) fn draw(drawing: &Drawing<'_>) -> Result<Coefficients<Self>, SimulationError> {
        let parameters = [drawing.values("C_m")?, drawing.values("tau_m")?, drawing.values("I_e")?];
        let current_pa = drawing.current_pa();
        Ok(combine(drawing.size(), parameters, |[capacitance_pf, time_constant_ms, constant]| Self {
            capacitance_pf,
            time_constant_ms,
            constant_current_pa: constant + current_pa,
        }))
    }
}

/// Potential, threshold and refractoriness of one neuron by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct One {
    leak_reversal_mv: f64,
    threshold: f64,
    reset: f64,
    refractory_steps: u32,
    potential: f64,
    remaining: u32,
}

/// What [`One`] is made of.
pub(crate) struct Levels {
    pub(crate) leak_reversal_mv: f64,
    pub(crate) reset_mv: f64,
    pub(crate) threshold_mv: f64,
    pub(crate) refractory_ms: f64,
}

impl One {
    /// # Errors
    /// A time step that is not above 0, or a refractory period of more than `u32::MAX` steps.
    pub(crate) fn new(levels: &Levels, membrane_potential_mv: f64, time_step_ms: f64) -> Result<Self, GridError> {
        let &Levels { leak_reversal_mv, reset_mv, threshold_mv, refractory_ms } = levels;
        Ok(Self {
            leak_reversal_mv,
            threshold: threshold_mv - leak_reversal_mv,
            reset: reset_mv - leak_reversal_mv,
            refractory_steps: TimeGrid::new(time_step_ms)?.steps_up(refractory_ms)?,
            potential: membrane_potential_mv - leak_reversal_mv,
            remaining: 0,
        })
    }

    /// Goes one step, in which `advance` takes u further unless the neuron is refractory; whether it spikes at its end.
    pub(crate) fn step(&mut self, advance: impl FnOnce(f64) -> f64) -> bool {
        if self.remaining == 0 {
            self.potential = advance(self.potential);
        } else {
            self.remaining -= 1;
        }
        let spikes = self.potential >= self.threshold;
        if spikes {
            self.remaining = self.refractory_steps;
            self.potential = self.reset;
        }
        spikes
    }

    pub(crate) fn membrane_potential_mv(&self) -> f64 {
        self.potential + self.leak_reversal_mv
    }
}
