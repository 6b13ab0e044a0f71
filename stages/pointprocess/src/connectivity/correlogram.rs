//! Cross-correlograms of all pairs, event by event, and cross-covariances.
//!
//! C_ij(l) = sum_t x_i(t) x_j(t + l), with x the counts of a step or bin (Perkel, Gerstein & Moore 1967): a lag above 0 is
//! that of a target that follows its source. Each spike of a source meets the spikes of its lags alone, so the cost goes
//! with spikes and lags, not with the length of the run.
//!
//! Reference: Perkel, Gerstein & Moore (1967) Biophys J 7:419, doi:10.1016/S0006-3495(67)86597-4.

use super::{ConnectivityError, Trains, check_size, check_sources};

/// Lags from target to source in steps or bins, both ends included; a target that follows has lags above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lags {
    /// The first.
    pub from: i64,
    /// The last.
    pub to: i64,
}

impl Lags {
    /// How many there are, if they can be counted.
    pub(super) fn count(self) -> usize {
        usize::try_from(i128::from(self.to) - i128::from(self.from) + 1).unwrap_or(0)
    }

    /// Refuses lags that end before they begin, or reach out of the run.
    pub(super) fn check(self, field: &'static str, steps: u64) -> Result<(), ConnectivityError> {
        let Self { from, to } = self;
        if from > to {
            return Err(ConnectivityError::EmptyWindow { window: field, from, to });
        }
        let found = from.unsigned_abs().max(to.unsigned_abs());
        if found >= steps {
            return Err(ConnectivityError::LongerThanRun { field, found, steps });
        }
        Ok(())
    }
}

/// Correlograms of sources with all neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlograms {
    lags: Lags,
    steps: u64,
    neurons: usize,
    /// Spikes of each source, then those of all neurons.
    spikes_of_sources: Vec<u64>,
    spikes: Vec<u64>,
    counts: Vec<u64>,
}

/// Counts pairs of spikes by their lag, for sources and all targets; `go_on` is asked now and then.
///
/// # Errors
/// Fewer than two neurons, sources that do not exist, lags that reach out of the run, results that do not fit into memory,
/// or a `go_on` that says no.
pub fn correlograms(
    trains: &Trains,
    sources: &[usize],
    lags: Lags,
    go_on: &dyn Fn() -> bool,
) -> Result<Correlograms, ConnectivityError> {
    let neurons = trains.neurons();
    check_pairs(trains, sources, lags)?;
    check_size(sources.len(), neurons, lags.count())?;
    let lag_count = lags.count();
    let mut counts = vec![0u64; sources.len() * neurons * lag_count];
    let places = places(sources, neurons);
    sweep(trains, trains, &places, lags, go_on, |place, target, lag, product| {
        counts[(place * neurons + target) * lag_count + lag] += product;
    })?;
    Ok(Correlograms {
        lags,
        steps: trains.steps(),
        neurons,
        spikes_of_sources: sources.iter().map(|&source| trains.spikes(source)).collect(),
        spikes: (0..neurons).map(|neuron| trains.spikes(neuron)).collect(),
        counts,
    })
}

impl Correlograms {
    /// Of a source, by its place among the sources, with a target: one count for each lag, ascending.
    pub fn counts(&self, source_place: usize, target: usize) -> &[u64] {
        let lags = self.lags.count();
        let begin = (source_place * self.neurons + target) * lags;
        &self.counts[begin..begin + lags]
    }

    /// The lags.
    pub fn lags(&self) -> Lags {
        self.lags
    }

    /// Sum over the lags of C(l) / (T - |l|) - m_i m_j: the cross-covariance of the counts, with m the mean count of a
    /// step over the whole run and T its steps.
    pub fn covariance(&self, source_place: usize, target: usize) -> f64 {
        let steps = self.steps as f64;
        let means = self.spikes_of_sources[source_place] as f64 / steps * (self.spikes[target] as f64 / steps);
        let of_lag = |(lag, count): (i64, &u64)| *count as f64 / (steps - lag.unsigned_abs() as f64) - means;
        (self.lags.from..=self.lags.to).zip(self.counts(source_place, target)).map(of_lag).sum()
    }
}

/// Refuses what gives no pair or no lag.
pub(super) fn check_pairs(trains: &Trains, sources: &[usize], lags: Lags) -> Result<(), ConnectivityError> {
    if trains.neurons() < 2 {
        return Err(ConnectivityError::TooFewNeurons { found: trains.neurons() });
    }
    check_sources(sources, trains.neurons())?;
    lags.check("lag", trains.steps())
}

/// The places of neurons among the sources, a list for each.
pub(super) fn places(sources: &[usize], neurons: usize) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new(); neurons];
    sources.iter().enumerate().for_each(|(place, &source)| places[source].push(place));
    places
}

/// Tells of each pair of spikes at one of the lags: place of the source, target, place of the lag, product of counts.
pub(super) fn sweep(
    sources: &Trains,
    targets: &Trains,
    places: &[Vec<usize>],
    lags: Lags,
    go_on: &dyn Fn() -> bool,
    mut tell: impl FnMut(usize, usize, usize, u64),
) -> Result<(), ConnectivityError> {
    let events = targets.events();
    let mut first = 0;
    for (number, source) in sources.events().iter().enumerate() {
        if number.is_multiple_of(1 << 14) && !go_on() {
            return Err(ConnectivityError::Cancelled);
        }
        let places = &places[source.neuron as usize];
        if places.is_empty() {
            continue;
        }
        // Steps are below 2^60 and lags below steps, so nothing wraps around.
        let at = source.step as i64;
        let begin = at + lags.from;
        while events.get(first).is_some_and(|target| (target.step as i64) < begin) {
            first += 1;
        }
        for target in &events[first..] {
            let lag = target.step as i64 - at;
            if lag > lags.to {
                break;
            }
            let product = u64::from(source.count) * u64::from(target.count);
            for &place in places {
                tell(place, target.neuron as usize, (lag - lags.from) as usize, product);
            }
        }
    }
    Ok(())
}
