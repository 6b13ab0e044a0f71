//! Features of bins: what filters see of spikes and stimuli, kept where they are not 0.
//!
//! The feature of a source and a function of its basis is sum_k B_m(k) x(t-1-k) for spikes and sum_k B_m(k) s(t-k) for a
//! stimulus, which acts in its own bin. Features of couplings and stimuli are computed once for all targets; those of a
//! target leave out its own coupling and have its history in front. Bins without any feature are what most bins of a
//! sparse recording are, and take no more memory than their number.

use std::ops::Range;

use super::basis::Basis;
use super::error::FitError;
use super::family::Family;
use super::trains::{Stimulus, Trains};

/// Values of features that are kept: 12 bytes each.
const MOST_VALUES: u64 = 1 << 27;

/// Entries of a matrix of second derivatives.
const MOST_SECOND_DERIVATIVES: u64 = 1 << 26;

/// What a model is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// How counts follow from drives.
    pub family: Family,
    /// Filters of the spikes of other neurons.
    pub coupling: Option<Basis>,
    /// Filter of a neuron's own spikes.
    pub history: Option<Basis>,
    /// Filters of stimuli.
    pub stimulus: Option<Basis>,
    /// How many bins after an own spike are left out, as absolute refractoriness makes them say nothing.
    pub dead_bins: u32,
    /// How many bins from the beginning are left out; no fewer than the longest filter reaches back.
    pub skipped_bins: u32,
}

/// What a coefficient weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// The drive without any feature.
    Intercept,
    /// A function of the own past.
    History {
        /// Which function.
        function: usize,
    },
    /// A function of another neuron's past.
    Coupling {
        /// Which neuron.
        source: usize,
        /// Which function.
        function: usize,
    },
    /// A function of a stimulus.
    Stimulus {
        /// Which stimulus.
        source: usize,
        /// Which function.
        function: usize,
    },
}

/// Features of all bins from the first that is used, for all targets.
#[derive(Debug, Clone)]
pub struct Features<'a> {
    structure: &'a Structure,
    trains: &'a Trains,
    stimuli: usize,
    first_bin: u32,
    coupling: Sparse,
    stimulus: Sparse,
}

/// Values other than 0 of rows, by column.
#[derive(Debug, Clone, Default)]
pub(super) struct Sparse {
    /// Where the values of each row begin, and where the last end.
    pub(super) starts: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) values: Vec<f64>,
}

/// Bins of one target that are used: their counts, their features, and what the features are.
#[derive(Debug, Clone)]
pub struct TargetBins {
    pub(super) target: usize,
    pub(super) terms: Vec<Term>,
    pub(super) bins: Vec<u32>,
    pub(super) counts: Vec<u32>,
    pub(super) features: Sparse,
    /// Bins with spikes that are left out, and how many.
    pub(super) left_out: Vec<(u32, u32)>,
}

impl<'a> Features<'a> {
    /// Of a recording.
    ///
    /// # Errors
    /// A count above 1 where the model has none, a stimulus outside of the recording, fewer bins than filters reach back, or
    /// more values than memory is given for.
    pub fn new(structure: &'a Structure, trains: &'a Trains, stimuli: &[Stimulus]) -> Result<Self, FitError> {
        for neuron in 0..trains.neurons() {
            structure.family.check_counts(neuron, trains.of(neuron))?;
        }
        let bins = trains.bins();
        for stimulus in stimuli {
            if let Some(&(bin, _)) = stimulus.values().last().filter(|(bin, _)| *bin >= bins) {
                return Err(FitError::NoSuchBin { series: stimulus.name().to_owned(), bin: bin.into(), bins });
            }
        }
        let size = structure.coefficients(trains.neurons(), stimuli.len()) as u64;
        if size.saturating_mul(size) > MOST_SECOND_DERIVATIVES {
            let found = size.saturating_mul(size);
            return Err(FitError::TooLarge { field: "second derivatives", found, most: MOST_SECOND_DERIVATIVES });
        }
        let first_bin = structure.first_bin(!stimuli.is_empty());
        if first_bin >= bins {
            return Err(FitError::TooShort { bins, skipped: first_bin });
        }
        let used = first_bin..bins;
        let spikes: Vec<Vec<(u32, f64)>> = (0..trains.neurons()).map(|neuron| trains.series(neuron)).collect();
        let spikes: Vec<&[(u32, f64)]> = spikes.iter().map(Vec::as_slice).collect();
        let given: Vec<&[(u32, f64)]> = stimuli.iter().map(Stimulus::values).collect();
        let coupling = Sparse::of_sources(&spikes, structure.coupling.as_ref(), 1, used.clone())?;
        let stimulus = Sparse::of_sources(&given, structure.stimulus.as_ref(), 0, used)?;
        let stimuli = if structure.stimulus.is_some() { stimuli.len() } else { 0 };
        Ok(Self { structure, trains, stimuli, first_bin, coupling, stimulus })
    }

    /// The first bin that is used.
    pub fn first_bin(&self) -> u32 {
        self.first_bin
    }

    /// What the model is made of.
    pub fn structure(&self) -> &Structure {
        self.structure
    }

    /// Bins of a target.
    ///
    /// # Errors
    /// A neuron that is not there, or none of whose bins is left.
    pub fn of_target(&self, target: usize) -> Result<TargetBins, FitError> {
        let neurons = self.trains.neurons();
        if target >= neurons {
            return Err(FitError::NoSuchNeuron { found: target, neurons });
        }
        let own = self.trains.series(target);
        let used = self.first_bin..self.trains.bins();
        let history = Sparse::of_sources(&[&own], self.structure.history.as_ref(), 1, used)?;
        let widths =
            [&self.structure.history, &self.structure.coupling].map(|basis| basis.as_ref().map_or(0, Basis::functions));
        let others = widths[1] * (neurons - 1);
        let mut found = TargetBins {
            target,
            terms: self.terms(target),
            bins: Vec::new(),
            counts: Vec::new(),
            features: Sparse { starts: vec![0], ..Sparse::default() },
            left_out: Vec::new(),
        };
        let own_columns = (target * widths[1]) as u32..((target + 1) * widths[1]) as u32;
        let mut train = self.trains.of(target).iter().peekable();
        let mut last_spike: Option<u32> = None;
        for bin in 0..self.trains.bins() {
            let count = train.next_if(|(at, _)| *at == bin).map_or(0, |(_, count)| *count);
            let is_dead = last_spike.is_some_and(|last| bin - last <= self.structure.dead_bins);
            if count > 0 {
                last_spike = Some(bin);
            }
            if bin < self.first_bin || is_dead {
                found.left_out.extend((count > 0).then_some((bin, count)));
                continue;
            }
            let row = (bin - self.first_bin) as usize;
            found.bins.push(bin);
            found.counts.push(count);
            let features = &mut found.features;
            features.take(&history, row, Some);
            features.take(&self.coupling, row, |column| {
                let behind = if column >= own_columns.end { widths[1] as u32 } else { 0 };
                (!own_columns.contains(&column)).then(|| column - behind + widths[0] as u32)
            });
            features.take(&self.stimulus, row, |column| Some(column + (widths[0] + others) as u32));
            features.starts.push(features.values.len());
        }
        if found.bins.is_empty() {
            return Err(FitError::NothingLeft { neuron: target });
        }
        Ok(found)
    }

    /// What the coefficients of a target weigh, in their order; the intercept, which comes first, is not among them.
    fn terms(&self, target: usize) -> Vec<Term> {
        let functions = |basis: &Option<Basis>| 0..basis.as_ref().map_or(0, Basis::functions);
        let structure = self.structure;
        let mut terms: Vec<Term> = functions(&structure.history).map(|function| Term::History { function }).collect();
        for source in (0..self.trains.neurons()).filter(|source| *source != target) {
            terms.extend(functions(&structure.coupling).map(|function| Term::Coupling { source, function }));
        }
        for source in 0..self.stimuli {
            terms.extend(functions(&structure.stimulus).map(|function| Term::Stimulus { source, function }));
        }
        terms
    }
}

impl Structure {
    /// How many coefficients the fit of a neuron has.
    pub fn coefficients(&self, neurons: usize, stimuli: usize) -> usize {
        let of = |basis: &Option<Basis>| basis.as_ref().map_or(0, Basis::functions);
        let coupling = of(&self.coupling).saturating_mul(neurons.saturating_sub(1));
        let stimulus = of(&self.stimulus).saturating_mul(stimuli);
        coupling.saturating_add(stimulus).saturating_add(of(&self.history) + 1)
    }

    /// The first bin that all filters see the whole past of.
    fn first_bin(&self, has_stimuli: bool) -> u32 {
        let reach = |basis: &Option<Basis>| basis.as_ref().map_or(0, |basis| basis.first_lag() + basis.lags());
        let stimulus = if has_stimuli { reach(&self.stimulus).saturating_sub(1) } else { 0 };
        let reach = reach(&self.coupling).max(reach(&self.history)).max(stimulus);
        (reach as u32).max(self.skipped_bins).max(self.dead_bins)
    }
}

impl TargetBins {
    /// Which neuron.
    pub fn target(&self) -> usize {
        self.target
    }

    /// What the coefficients behind the intercept weigh, in their order.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The bins that are used, ascending.
    pub fn bins(&self) -> &[u32] {
        &self.bins
    }

    /// Spikes in bins that are used.
    pub fn spikes(&self) -> u64 {
        self.counts.iter().map(|&count| u64::from(count)).sum()
    }

    /// Spikes in bins that are left out.
    pub fn spikes_left_out(&self) -> u64 {
        self.left_out.iter().map(|&(_, count)| u64::from(count)).sum()
    }

    /// The drive of each bin.
    pub(super) fn drives(&self, intercept: f64, weights: &[f64]) -> Vec<f64> {
        (0..self.bins.len()).map(|row| intercept + self.features.dot(row, weights)).collect()
    }
}

impl Sparse {
    fn of_sources(
        sources: &[&[(u32, f64)]],
        basis: Option<&Basis>,
        delay: usize,
        bins: Range<u32>,
    ) -> Result<Self, FitError> {
        let rows = (bins.end - bins.start) as usize;
        let mut starts = vec![0; rows + 1];
        let Some(basis) = basis else { return Ok(Self { starts, ..Self::default() }) };
        for source in sources {
            each_value(source, basis, delay, &bins, |row, _, _| starts[row + 1] += 1);
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        if total as u64 > MOST_VALUES {
            return Err(FitError::TooLarge { field: "features", found: total as u64, most: MOST_VALUES });
        }
        let (mut columns, mut values) = (vec![0; total], vec![0.0; total]);
        let mut next = starts.clone();
        for (number, source) in sources.iter().enumerate() {
            each_value(source, basis, delay, &bins, |row, function, value| {
                columns[next[row]] = (number * basis.functions() + function) as u32;
                values[next[row]] = value;
                next[row] += 1;
            });
        }
        Ok(Self { starts, columns, values })
    }

    pub(super) fn row(&self, row: usize) -> (&[u32], &[f64]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// The sum of a row times weights.
    #[inline]
    pub(super) fn dot(&self, row: usize, weights: &[f64]) -> f64 {
        let (columns, values) = self.row(row);
        columns.iter().zip(values).map(|(&column, value)| value * weights[column as usize]).sum()
    }

    /// Adds the row of another to the last one, under the columns that `place` gives.
    pub(super) fn take(&mut self, other: &Self, row: usize, place: impl Fn(u32) -> Option<u32>) {
        let (columns, values) = other.row(row);
        for (&column, &value) in columns.iter().zip(values) {
            if let Some(column) = place(column) {
                self.columns.push(column);
                self.values.push(value);
            }
        }
    }
}

/// Calls `emit` with row, function and value of every feature of a source that is not 0, rows ascending.
fn each_value(
    source: &[(u32, f64)],
    basis: &Basis,
    delay: usize,
    bins: &Range<u32>,
    mut emit: impl FnMut(usize, usize, f64),
) {
    let near = basis.first_lag() + delay;
    let far = near + basis.lags();
    let mut values = vec![0.0; basis.functions()];
    let (mut from, mut to) = (0, 0);
    let (first, end) = (bins.start as usize, bins.end as usize);
    let mut t = first;
    while t < end {
        // Values that act in this bin lie from `near` to `far` - 1 bins ago.
        while to < source.len() && source[to].0 as usize + near <= t {
            to += 1;
        }
        while from < to && source[from].0 as usize + far <= t {
            from += 1;
        }
        if from == to {
            match source.get(to) {
                Some(next) => t = next.0 as usize + near,
                None => break,
            }
            continue;
        }
        values.fill(0.0);
        for &(at, x) in &source[from..to] {
            let row = basis.row(t - near - at as usize);
            values.iter_mut().zip(row).for_each(|(value, b)| *value += x * b);
        }
        for (function, &value) in values.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            emit(t - first, function, value);
        }
        t += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure() -> Structure {
        Structure {
            family: Family::Bernoulli,
            coupling: Some(Basis::tabulated(2, vec![1.0, 0.0, 0.5, 2.0]).unwrap()),
            history: Some(Basis::identity(1).unwrap().starting_at(2).unwrap()),
            stimulus: Some(Basis::identity(2).unwrap()),
            dead_bins: 1,
            skipped_bins: 0,
        }
    }

    #[test]
    fn features_are_sums_over_the_past() {
        let structure = structure();
        let trains = Trains::new(2, 10, [(0, 3), (1, 4), (1, 5), (0, 8)]).unwrap();
        let pulses = Stimulus::of_pulses("light", &[5]);
        let features = Features::new(&structure, &trains, &[pulses]).unwrap();
        // The history looks at the third bin back.
        assert_eq!(features.first_bin(), 3);
        let found = features.of_target(0).unwrap();
        assert_eq!(found.bins(), [3, 5, 6, 7, 8]);
        assert_eq!((found.spikes(), found.spikes_left_out()), (2, 0));
        let due = [
            Term::History { function: 0 },
            Term::Coupling { source: 1, function: 0 },
            Term::Coupling { source: 1, function: 1 },
            Term::Stimulus { source: 0, function: 0 },
            Term::Stimulus { source: 0, function: 1 },
        ];
        assert_eq!(found.terms(), due);
        let row = |row: usize| {
            let (columns, values) = found.features.row(row);
            columns.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>()
        };
        assert_eq!(row(0), []);
        assert_eq!(row(1), [(1, 1.0), (3, 1.0)]);
        assert_eq!(row(2), [(0, 1.0), (1, 1.5), (2, 2.0), (4, 1.0)]);
        assert_eq!(row(3), [(1, 0.5), (2, 2.0)]);
        assert_eq!(row(4), []);
    }

    #[test]
    fn spikes_that_are_left_out_are_counted() {
        let trains = Trains::new(1, 10, [(0, 5), (0, 6)]).unwrap();
        let mut structure = structure();
        structure.coupling = None;
        let features = Features::new(&structure, &trains, &[]).unwrap();
        let found = features.of_target(0).unwrap();
        assert_eq!((found.spikes(), found.spikes_left_out()), (1, 1));
        assert_eq!(found.bins(), [3, 4, 5, 8, 9]);
    }

    #[test]
    fn recordings_that_cannot_be_fitted_are_refused() {
        let structure = structure();
        let twice = Trains::new(1, 10, [(0, 5), (0, 5)]).unwrap();
        let due = FitError::Count { neuron: 0, bin: 5, found: 2 };
        assert_eq!(Features::new(&structure, &twice, &[]).err(), Some(due));
        let short = Trains::new(1, 3, []).unwrap();
        assert_eq!(Features::new(&structure, &short, &[]).err(), Some(FitError::TooShort { bins: 3, skipped: 3 }));
        let trains = Trains::new(1, 10, []).unwrap();
        let late = Stimulus::of_pulses("light", &[10]);
        assert!(matches!(Features::new(&structure, &trains, &[late]), Err(FitError::NoSuchBin { .. })));
        assert!(matches!(Trains::new(1, 10, [(1, 0)]), Err(FitError::NoSuchNeuron { .. })));
        assert!(matches!(Trains::new(1, 10, [(0, 10)]), Err(FitError::NoSuchBin { .. })));
        assert!(matches!(Stimulus::of_values("light", &[0.0, f64::NAN]), Err(FitError::Stimulus { bin: 1, .. })));
    }
}
