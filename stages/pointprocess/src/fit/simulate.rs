//! Fitted models as networks: what they would do by themselves.
//!
//! A model that predicts the next bin well may still, left to its own spikes, excite itself without end (D. Hocker & I. M.
//! Park 2017, Front. Comput. Neurosci. 11:99; F. Gerhard, M. Deger & W. Truccolo 2017, PLoS Comput. Biol. 13:e1005390). This
//! is told, and not simulated on.

use super::design::{Structure, Term};
use super::error::{FitError, check};
use super::family::Family;
use super::trains::Stimulus;
use super::{Basis, Fit};
use crate::draws::Draws;
use crate::emission::poisson;
use crate::simulate::Event;

/// Bins over which the activity is averaged that may run away.
const AVERAGED: f64 = 100.0;
/// The mean of a Poisson count, beyond which its probabilities vanish.
const MOST: f64 = 700.0;
/// Values that wait to arrive.
const MOST_WAITING: u64 = 1 << 28;

/// A neuron with its filters, by lag from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedNeuron {
    /// The drive without any spike or stimulus.
    pub intercept: f64,
    /// h(k), what its spike adds to its own drive k + 1 bins later.
    pub history: Vec<f64>,
    /// Sources, and what their spikes add k + 1 bins later.
    pub couplings: Vec<(usize, Vec<f64>)>,
    /// What each stimulus adds k bins later, in their order.
    pub stimuli: Vec<Vec<f64>>,
}

/// Neurons that act on each other.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedNetwork {
    /// By their numbers.
    pub neurons: Vec<FittedNeuron>,
    /// How counts follow from drives.
    pub family: Family,
    /// Bins after a spike in which a neuron has none.
    pub dead_bins: u32,
}

impl FittedNeuron {
    /// That of a fit.
    pub fn of(fit: &Fit, structure: &Structure) -> Self {
        let filter = |basis: &Option<Basis>, part: &dyn Fn(Term) -> Option<usize>| {
            basis.as_ref().map(|basis| basis.filter(&fit.weights(part))).unwrap_or_default()
        };
        let history = |term| if let Term::History { function } = term { Some(function) } else { None };
        let mut sources: Vec<usize> = Vec::new();
        let mut stimuli: Vec<usize> = Vec::new();
        for coefficient in &fit.coefficients {
            match coefficient.term {
                Term::Coupling { source, function: 0 } => sources.push(source),
                Term::Stimulus { source, function: 0 } => stimuli.push(source),
                _ => {}
            }
        }
        let coupling = |wanted: usize| {
            let part = move |term| match term {
                Term::Coupling { source, function } if source == wanted => Some(function),
                _ => None,
            };
            (wanted, filter(&structure.coupling, &part))
        };
        let stimulus = |wanted: usize| {
            let part = move |term| match term {
                Term::Stimulus { source, function } if source == wanted => Some(function),
                _ => None,
            };
            filter(&structure.stimulus, &part)
        };
        Self {
            intercept: fit.coefficients.first().map_or(0.0, |intercept| intercept.finite),
            history: filter(&structure.history, &history),
            couplings: sources.into_iter().map(coupling).collect(),
            stimuli: stimuli.into_iter().map(stimulus).collect(),
        }
    }

    fn check(&self, neurons: usize, stimuli: usize) -> Result<(), FitError> {
        if let Some(&(found, _)) = self.couplings.iter().find(|(source, _)| *source >= neurons) {
            return Err(FitError::NoSuchNeuron { found, neurons });
        }
        if self.stimuli.len() > stimuli {
            return Err(FitError::Length { field: "stimuli", found: stimuli, due: self.stimuli.len() });
        }
        let filters = self.couplings.iter().map(|(_, filter)| filter).chain([&self.history]).chain(&self.stimuli);
        for &value in filters.flatten().chain([&self.intercept]) {
            check("filter", value, true, "a finite number is needed")?;
        }
        Ok(())
    }
}

/// Simulates a network from rest; a mean above `largest_mean` spikes per neuron and bin over about 100 bins is an activity
/// that runs away. `go_on` is asked now and then.
///
/// # Errors
/// Filters that cannot be, activity that runs away, or a `go_on` that says no.
pub fn simulate(
    network: &FittedNetwork,
    stimuli: &[Stimulus],
    bins: u32,
    largest_mean: f64,
    draws: &mut impl Draws,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Event>, FitError> {
    let FittedNetwork { neurons, family, dead_bins } = network;
    let n = neurons.len();
    check("largest_mean", largest_mean, largest_mean > 0.0, "a finite number above 0 is needed")?;
    neurons.iter().try_for_each(|neuron| neuron.check(n, stimuli.len()))?;
    let mut outgoing: Vec<Vec<(usize, &[f64])>> = vec![Vec::new(); n];
    for (target, neuron) in neurons.iter().enumerate() {
        neuron.couplings.iter().for_each(|(source, filter)| outgoing[*source].push((target, filter)));
        outgoing[target].push((target, &neuron.history));
    }
    let longest = |filters: &mut dyn Iterator<Item = usize>| filters.max().unwrap_or(0);
    let of_spikes = longest(&mut outgoing.iter().flatten().map(|(_, filter)| filter.len()));
    let of_stimuli = longest(&mut neurons.iter().flat_map(|neuron| &neuron.stimuli).map(Vec::len));
    let mut waiting = Waiting::new(n, of_spikes.max(of_stimuli) + 1)?;
    let mut next_value = vec![0; stimuli.len()];
    let mut last_spike: Vec<Option<u32>> = vec![None; n];
    let (mut uniforms, mut events) = (vec![0.0; n], Vec::new());
    let mut activity = 0.0;
    for bin in 0..bins {
        if bin.is_multiple_of(1024) && !go_on() {
            return Err(FitError::Cancelled);
        }
        for (number, stimulus) in stimuli.iter().enumerate() {
            if let Some(&(_, value)) = stimulus.values().get(next_value[number]).filter(|(at, _)| *at == bin) {
                next_value[number] += 1;
                for (target, filter) in
                    neurons.iter().enumerate().filter_map(|(i, n)| Some((i, n.stimuli.get(number)?)))
                {
                    waiting.add(bin, 0, target, value, filter);
                }
            }
        }
        draws.uniforms(u64::from(bin), &mut uniforms);
        let first = events.len();
        let mut spikes = 0.0;
        for (target, (neuron, &u)) in neurons.iter().zip(&uniforms).enumerate() {
            if last_spike[target].is_some_and(|last| bin - last <= *dead_bins) {
                continue;
            }
            let mean = family.mean(neuron.intercept + waiting.of(bin, target));
            if mean.is_nan() || mean > MOST {
                return Err(FitError::RunAway { bin, found: mean, allowed: MOST });
            }
            let count = if family.is_binary() { u32::from(u < mean) } else { poisson(mean, u) };
            if count > 0 {
                events.push(Event { step: bin.into(), neuron: target as u32, count });
                last_spike[target] = Some(bin);
                spikes += f64::from(count);
            }
        }
        waiting.clear(bin);
        for event in &events[first..] {
            for (target, filter) in &outgoing[event.neuron as usize] {
                waiting.add(bin, 1, *target, f64::from(event.count), filter);
            }
        }
        activity += (spikes / n as f64 - activity) / AVERAGED;
        if activity > largest_mean {
            return Err(FitError::RunAway { bin, found: activity, allowed: largest_mean });
        }
    }
    Ok(events)
}

/// What is on its way to drives of later bins.
struct Waiting {
    neurons: usize,
    bins: usize,
    values: Vec<f64>,
}

impl Waiting {
    fn new(neurons: usize, bins: usize) -> Result<Self, FitError> {
        let found = (neurons as u64).saturating_mul(bins as u64);
        if found > MOST_WAITING {
            return Err(FitError::TooLarge { field: "filters", found, most: MOST_WAITING });
        }
        Ok(Self { neurons, bins, values: vec![0.0; neurons * bins] })
    }

    fn place(&self, bin: u32, target: usize) -> usize {
        bin as usize % self.bins * self.neurons + target
    }

    fn of(&self, bin: u32, target: usize) -> f64 {
        self.values[self.place(bin, target)]
    }

    fn add(&mut self, bin: u32, delay: usize, target: usize, factor: f64, filter: &[f64]) {
        for (k, value) in filter.iter().enumerate() {
            let place = (bin as usize + delay + k) % self.bins * self.neurons + target;
            self.values[place] += factor * value;
        }
    }

    fn clear(&mut self, bin: u32) {
        let first = self.place(bin, 0);
        self.values[first..first + self.neurons].fill(0.0);
    }
}
