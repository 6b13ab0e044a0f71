//! Columns of the table `pairs`: what is estimated for which pairs.

use std::collections::BTreeMap;

use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{Context, SampleError, SampleInput};
use lapicque_pointprocess::connectivity::{
    ConnectivityError, Correlograms, Sums, Trains, Trials, bootstrap, check_size, correlograms, estimate, jitter,
    transfer_entropy,
};

use super::connectivity_config::{Config, InSteps, Measure};
use super::connectivity_input::PairSums;

/// Of each source with each other neuron, source by source.
pub(super) struct Pairs {
    pub(super) sources: Vec<usize>,
    pub(super) neurons: usize,
}

impl Pairs {
    /// Refuses pairs whose columns would not fit into memory.
    pub(super) fn new(sources: Vec<usize>, neurons: usize, columns: usize) -> Result<Self, SampleError> {
        if neurons < 2 {
            return Err(SampleError::input(ConnectivityError::TooFewNeurons { found: neurons }));
        }
        // Beside the columns, the sums and two names of a pair.
        check_size(sources.len(), neurons, columns + 16 + 4).map_err(SampleError::input)?;
        Ok(Self { sources, neurons })
    }

    /// Place of the source, source and target of each pair.
    pub(super) fn each(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let of_source = |(place, &source): (usize, &usize)| {
            let targets = (0..self.neurons).filter(move |target| *target != source);
            targets.map(move |target| (place, source, target))
        };
        self.sources.iter().enumerate().flat_map(of_source)
    }

    /// Of a list of all neurons for each source.
    fn column<T>(&self, values: &[T], of: impl Fn(&T) -> f64) -> Vec<f64> {
        self.each().map(|(place, _, target)| of(&values[place * self.neurons + target])).collect()
    }
}

/// A column of the table `pairs`.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) description: String,
    /// Whether it says how strongly one neuron acts on another, so that it can be scored.
    pub(super) scored: bool,
}

/// The columns of these measures, in the order of the table.
pub(super) fn columns(measures: &[Measure], config: &Config) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut add = |name: String, description: &str, scored: bool| {
        columns.push(Column { name, description: description.to_owned(), scored });
    };
    for measure in measures {
        let name = measure.name();
        let description = match measure {
            Measure::Ols => {
                "change of the probability of a spike of `other`: with a response of `channel` less without"
            }
            Measure::Iv => "the same, with refractoriness of `channel` as an instrument",
            Measure::Brew => "the same, with a response of `channel` less when it was refractory",
            Measure::OlsDid => "`ols` of differences from the baseline",
            Measure::IvDid => "`iv` of differences from the baseline",
            Measure::BrewDid => "`brew` of differences from the baseline",
            Measure::CrossCovariance => "covariance of the counts of a bin, summed over lags",
            Measure::Excess => "spikes of `other` for each of `channel`, more than jittered ones would be",
            Measure::TransferEntropy => "bits in each bin of `other` that the past of `channel` tells",
        };
        add(name.to_owned(), description, true);
        match measure {
            Measure::Excess => {
                add("excess_z".to_owned(), "the excess in standard deviations of jittered spikes", true);
                if config.correlogram.as_ref().is_some_and(|correlogram| correlogram.jitter.repeats > 0) {
                    add("excess_p".to_owned(), "probability of a count as extreme under jitter, two-sided", false);
                }
            }
            _ if measure.place().is_some() && config.bootstrap.is_some() => {
                add(format!("{name}_lower"), "lower end of the bootstrap interval", false);
                add(format!("{name}_upper"), "upper end of the bootstrap interval", false);
            }
            _ => {}
        }
    }
    columns
}

/// An error of the science as one of the sample.
pub(super) fn told(error: ConnectivityError) -> SampleError {
    match error {
        ConnectivityError::Cancelled => SampleError::cancelled(),
        error => SampleError::input(error),
    }
}

/// The values of the columns of [`columns`].
pub(super) struct Measured<'a> {
    pub(super) config: &'a Config,
    pub(super) settings: &'a InSteps,
    pub(super) pairs: &'a Pairs,
    pub(super) sums: Option<&'a PairSums>,
    pub(super) trials: Option<&'a Trials>,
    pub(super) trains: Option<&'a Trains>,
}

impl Measured<'_> {
    pub(super) fn values(
        &self,
        measures: &[Measure],
        context: &Context<'_>,
        sample: &SampleInput,
    ) -> Result<Vec<Vec<f64>>, SampleError> {
        let go_on = || !context.is_cancelled();
        let of_stimuli = self.of_stimuli(&go_on, sample)?;
        let mut columns = Vec::new();
        for measure in measures {
            if !go_on() {
                return Err(SampleError::cancelled());
            }
            match (measure.place(), self.trains) {
                (Some(place), _) => columns.extend(of_stimuli[place].clone()),
                (None, Some(trains)) => columns.extend(self.of_spikes(*measure, trains, &go_on, sample)?),
                (None, None) => return Err(SampleError::internal("a measure of spikes without spikes")),
            }
        }
        Ok(columns)
    }

    /// For each estimator its values, and the ends of its intervals.
    fn of_stimuli(&self, go_on: &dyn Fn() -> bool, sample: &SampleInput) -> Result<[Vec<Vec<f64>>; 6], SampleError> {
        let rectified = |value: f64| if self.config.rectify && value < 0.0 { 0.0 } else { value };
        let mut of_estimators: [Vec<Vec<f64>>; 6] = Default::default();
        let Some(sums) = self.sums else {
            return Ok(of_estimators);
        };
        // A pair without sums was never seen together.
        let of_pair = |(_, source, target)| sums.get(&(source, target)).map_or([f64::NAN; 6], estimate);
        let estimates: Vec<[f64; 6]> = self.pairs.each().map(of_pair).collect();
        for (place, columns) in of_estimators.iter_mut().enumerate() {
            columns.push(estimates.iter().map(|estimates| rectified(estimates[place])).collect());
        }
        if let (Some(settings), Some(trials)) = (&self.settings.bootstrap, self.trials) {
            let key = StreamKey::new(sample.stream("trials"));
            let mut ends: [[Vec<f64>; 2]; 6] = Default::default();
            for &source in &self.pairs.sources {
                let targets: Vec<usize> = (0..self.pairs.neurons).filter(|target| *target != source).collect();
                let found = bootstrap(trials, source, &targets, settings, &key, go_on).map_err(told)?;
                for of_pair in found {
                    for ([lower, upper], interval) in ends.iter_mut().zip(of_pair) {
                        lower.push(rectified(interval.lower));
                        upper.push(rectified(interval.upper));
                    }
                }
            }
            of_estimators.iter_mut().zip(ends).for_each(|(columns, ends)| columns.extend(ends));
        }
        Ok(of_estimators)
    }

    fn of_spikes(
        &self,
        measure: Measure,
        trains: &Trains,
        go_on: &dyn Fn() -> bool,
        sample: &SampleInput,
    ) -> Result<Vec<Vec<f64>>, SampleError> {
        let (pairs, settings) = (self.pairs, self.settings);
        match measure {
            Measure::CrossCovariance => {
                let binned = trains.binned(settings.bin).map_err(told)?;
                let found = correlograms(&binned, &pairs.sources, settings.jitter.lags, go_on).map_err(told)?;
                Ok(vec![pairs.each().map(|(place, _, target)| found.covariance(place, target)).collect()])
            }
            Measure::Excess => {
                let binned = trains.binned(settings.bin).map_err(told)?;
                let key = StreamKey::new(sample.stream("jitter"));
                let found = jitter(&binned, &pairs.sources, &settings.jitter, &key, go_on).map_err(told)?;
                let mut columns = vec![pairs.column(&found, |e| e.per_spike), pairs.column(&found, |e| e.z)];
                if settings.jitter.repeats > 0 {
                    columns.push(pairs.column(&found, |e| e.p));
                }
                Ok(columns)
            }
            _ => {
                let binned = trains.binned(settings.entropy_bin).map_err(told)?;
                let found = transfer_entropy(&binned, &pairs.sources, &settings.entropy, go_on).map_err(told)?;
                Ok(vec![pairs.column(&found, |entropy| *entropy)])
            }
        }
    }
}

/// The sums of all pairs.
pub(super) fn sums_of(trials: &Trials, pairs: &Pairs) -> Result<PairSums, SampleError> {
    let mut sums: BTreeMap<(usize, usize), Sums> = BTreeMap::new();
    for &source in &pairs.sources {
        let of_source = trials.sums(source).map_err(told)?;
        let others = of_source.into_iter().enumerate().filter(|(target, _)| *target != source);
        sums.extend(others.map(|(target, of_pair)| ((source, target), of_pair)));
    }
    Ok(sums)
}

/// The correlograms over all lags that are asked for.
pub(super) fn all_lags(
    trains: &Trains,
    pairs: &Pairs,
    settings: &InSteps,
    go_on: &dyn Fn() -> bool,
) -> Result<Correlograms, SampleError> {
    let binned = trains.binned(settings.bin).map_err(told)?;
    correlograms(&binned, &pairs.sources, settings.lags, go_on).map_err(told)
}

/// Whether random numbers are drawn.
pub(super) fn needs_random(config: &Config, measures: &[Measure]) -> bool {
    let of_stimuli = measures.iter().any(|measure| measure.place().is_some());
    let repeats = config.correlogram.as_ref().map_or(0, |correlogram| correlogram.jitter.repeats);
    of_stimuli && config.bootstrap.is_some() || measures.contains(&Measure::Excess) && repeats > 0
}
