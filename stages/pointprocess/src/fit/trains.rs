//! Spikes and stimuli of a recording, in bins; empty bins take no memory.

use super::error::FitError;

/// Spike counts of neurons in bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Trains {
    bins: u32,
    trains: Vec<Vec<(u32, u32)>>,
}

/// Something else that drives neurons, in bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Stimulus {
    name: String,
    values: Vec<(u32, f64)>,
}

impl Trains {
    /// From spikes (neuron, bin) in any order; several in one bin are counted.
    ///
    /// # Errors
    /// A neuron or a bin that is not there.
    pub fn new(neurons: usize, bins: u32, spikes: impl IntoIterator<Item = (usize, u32)>) -> Result<Self, FitError> {
        let mut all: Vec<Vec<u32>> = vec![Vec::new(); neurons];
        for (found, bin) in spikes {
            let train = all.get_mut(found).ok_or(FitError::NoSuchNeuron { found, neurons })?;
            if bin >= bins {
                return Err(FitError::NoSuchBin { series: format!("neuron {found}"), bin: bin.into(), bins });
            }
            train.push(bin);
        }
        let mut trains = Vec::with_capacity(neurons);
        for mut train in all {
            train.sort_unstable();
            let mut counted: Vec<(u32, u32)> = Vec::with_capacity(train.len());
            for bin in train {
                match counted.last_mut() {
                    Some((last, count)) if *last == bin => *count = count.saturating_add(1),
                    _ => counted.push((bin, 1)),
                }
            }
            trains.push(counted);
        }
        Ok(Self { bins, trains })
    }

    /// How many bins there are.
    pub fn bins(&self) -> u32 {
        self.bins
    }

    /// How many neurons there are.
    pub fn neurons(&self) -> usize {
        self.trains.len()
    }

    /// Bins with spikes of a neuron, ascending, and how many; none of a neuron that is not there.
    pub fn of(&self, neuron: usize) -> &[(u32, u32)] {
        self.trains.get(neuron).map_or(&[], Vec::as_slice)
    }

    /// As numbers.
    pub(super) fn series(&self, neuron: usize) -> Vec<(u32, f64)> {
        self.of(neuron).iter().map(|&(bin, count)| (bin, f64::from(count))).collect()
    }
}

impl Stimulus {
    /// A value for each bin.
    ///
    /// # Errors
    /// A value that is not finite.
    pub fn of_values(name: impl Into<String>, values: &[f64]) -> Result<Self, FitError> {
        let name = name.into();
        let mut kept = Vec::new();
        for (bin, &found) in (0..).zip(values) {
            if !found.is_finite() {
                return Err(FitError::Stimulus { name, bin, found });
            }
            if found != 0.0 {
                kept.push((bin, found));
            }
        }
        Ok(Self { name, values: kept })
    }

    /// 1 in each of these bins (in any order; more for bins that are named more than once), 0 in all others.
    pub fn of_pulses(name: impl Into<String>, bins: &[u32]) -> Self {
        let mut sorted = bins.to_vec();
        sorted.sort_unstable();
        let mut values: Vec<(u32, f64)> = Vec::with_capacity(sorted.len());
        for bin in sorted {
            match values.last_mut() {
                Some((last, value)) if *last == bin => *value += 1.0,
                _ => values.push((bin, 1.0)),
            }
        }
        Self { name: name.into(), values }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its values other than 0, by bin.
    pub fn values(&self) -> &[(u32, f64)] {
        &self.values
    }
}
