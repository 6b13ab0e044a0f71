//! Spikes of a target that follow those of a source more often than slow changes of rates explain: interval jitter
//! (Amarasingham et al. 2012).
//!
//! The run is cut into intervals of Delta steps. Under the null hypothesis each spike of the target falls anywhere in its
//! interval with equal probability and independently of the others: what goes on more slowly than Delta stays, what is
//! faster is lost. The statistic is the number S of pairs of spikes at the lags of a window. With w(t) the number of spikes
//! of the source that a target spike at t would make a pair with, n_I the target's spikes in interval I, and means over its
//! steps,
//!
//! E S = sum_I n_I mean_I(w),  Var S = sum_I n_I (mean_I(w^2) - mean_I(w)^2),
//!
//! both exact. Where repeats are asked for, p values count them (two-sided, Monte Carlo: (1 + k) / (1 + repeats), twice the
//! smaller side). A last interval that is not full is shorter. Spikes in one step count as several spikes.
//!
//! The excess (S - E S) / n_source is how many more spikes of the target a spike of the source goes with: a transmission
//! probability (English et al. 2017).
//!
//! References: Amarasingham, Harrison, Hatsopoulos & Geman (2012) J Neurophysiol 107:517, doi:10.1152/jn.00633.2011;
//! English et al. (2017) Neuron 96:505, doi:10.1016/j.neuron.2017.09.033.

use lapicque_numerics::random::{Generator, StreamKey};

use super::correlogram::{check_pairs, places, sweep};
use super::{ConnectivityError, Lags, MOST_STEPS, Trains, check_size};
use crate::simulate::Event;

/// What is counted, and against what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter {
    /// Lags whose pairs are counted; 1 to some steps where the target follows.
    pub lags: Lags,
    /// Length Delta of the intervals, in steps or bins (2 at least).
    pub interval: u64,
    /// How often spikes are moved for p values; 0 for none.
    pub repeats: usize,
}

/// A pair against its jittered spikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    /// Pairs of spikes, S.
    pub observed: u64,
    /// E S.
    pub expected: f64,
    /// Standard deviation of S.
    pub sd: f64,
    /// (S - E S) / spikes of the source; NaN where it has none.
    pub per_spike: f64,
    /// (S - E S) / sd; NaN where nothing can vary.
    pub z: f64,
    /// Two-sided; NaN without repeats, or where nothing can vary.
    pub p: f64,
}

/// Excesses of sources with all neurons, source by source; `go_on` is asked now and then.
///
/// # Errors
/// Fewer than two neurons, sources that do not exist, lags or intervals that reach out of the run, too many repeats,
/// results that do not fit into memory, or a `go_on` that says no.
pub fn jitter(
    trains: &Trains,
    sources: &[usize],
    settings: &Jitter,
    key: &StreamKey,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Excess>, ConnectivityError> {
    check(trains, sources, settings)?;
    let neurons = trains.neurons();
    let places = places(sources, neurons);
    let count = |targets: &Trains| {
        let mut counts = vec![0u64; sources.len() * neurons];
        let tell = |place: usize, target: usize, _, product| counts[place * neurons + target] += product;
        sweep(trains, targets, &places, settings.lags, go_on, tell)?;
        Ok(counts)
    };
    let observed = count(trains)?;
    let mut excesses = Vec::with_capacity(observed.len());
    for (place, &source) in sources.iter().enumerate() {
        if !go_on() {
            return Err(ConnectivityError::Cancelled);
        }
        let moments = Moments::of(trains, source, settings);
        let spikes = trains.spikes(source) as f64;
        for target in 0..neurons {
            let (expected, variance) = moments.with(trains.of_neuron(target), settings.interval);
            let observed = observed[place * neurons + target];
            let more = observed as f64 - expected;
            let sd = variance.max(0.0).sqrt();
            let ratio = |below: f64| if below > 0.0 { more / below } else { f64::NAN };
            let (per_spike, z) = (ratio(spikes), ratio(sd));
            excesses.push(Excess { observed, expected, sd, per_spike, z, p: f64::NAN });
        }
    }
    let (mut as_many, mut as_few) = (vec![0usize; observed.len()], vec![0usize; observed.len()]);
    let repeats = key.derive("jitter");
    for repeat in 0..settings.repeats {
        let key = &repeats;
        let of_neuron = |neuron: usize| key.at((repeat * neurons + neuron) as u64);
        let counts = count(&jittered(trains, settings.interval, of_neuron)?)?;
        for (place, count) in counts.iter().enumerate() {
            as_many[place] += usize::from(*count >= observed[place]);
            as_few[place] += usize::from(*count <= observed[place]);
        }
    }
    if settings.repeats > 0 {
        for (excess, (many, few)) in excesses.iter_mut().zip(as_many.iter().zip(&as_few)) {
            let side = (1 + *many.min(few)) as f64 / (1 + settings.repeats) as f64;
            excess.p = if excess.sd > 0.0 { (2.0 * side).min(1.0) } else { f64::NAN };
        }
    }
    Ok(excesses)
}

fn check(trains: &Trains, sources: &[usize], settings: &Jitter) -> Result<(), ConnectivityError> {
    check_pairs(trains, sources, settings.lags)?;
    let steps = trains.steps();
    if steps > MOST_STEPS {
        return Err(ConnectivityError::TooLong { found: steps, allowed: MOST_STEPS });
    }
    let Jitter { interval, repeats, .. } = *settings;
    if interval < 2 {
        let allowed = "spikes move within intervals of 2 steps or more";
        return Err(ConnectivityError::OutOfRange { field: "interval", found: interval as f64, allowed });
    }
    if interval > steps {
        return Err(ConnectivityError::LongerThanRun { field: "interval", found: interval, steps });
    }
    if repeats > 1_000_000 {
        let allowed = "1,000,000 repeats at most are allowed";
        return Err(ConnectivityError::OutOfRange { field: "repeats", found: repeats as f64, allowed });
    }
    check_size(sources.len(), trains.neurons(), 9)
}

/// Mean and variance of w in each interval.
struct Moments(Vec<(f64, f64)>);

impl Moments {
    fn of(trains: &Trains, source: usize, settings: &Jitter) -> Self {
        let steps = trains.steps() as i64;
        // w rises where a spike's lags begin and falls behind their end.
        let mut change = vec![0i64; steps as usize + 1];
        for &(step, count) in trains.of_neuron(source) {
            let clamped = |at: i64| at.clamp(0, steps) as usize;
            change[clamped(step as i64 + settings.lags.from)] += i64::from(count);
            change[clamped(step as i64 + settings.lags.to + 1)] -= i64::from(count);
        }
        let mut w = 0i64;
        let moments = change[..steps as usize].chunks(settings.interval as usize).map(|interval| {
            let (mut sum, mut squares) = (0.0, 0.0);
            for change in interval {
                w += change;
                sum += w as f64;
                squares += (w as f64).powi(2);
            }
            let length = interval.len() as f64;
            let mean = sum / length;
            (mean, squares / length - mean * mean)
        });
        Self(moments.collect())
    }

    fn with(&self, target: &[(u64, u32)], interval: u64) -> (f64, f64) {
        let (mut mean, mut variance) = (0.0, 0.0);
        for &(step, count) in target {
            let (of_one, spread) = self.0[(step / interval) as usize];
            mean += f64::from(count) * of_one;
            variance += f64::from(count) * spread;
        }
        (mean, variance)
    }
}

/// Each spike anywhere in its interval.
fn jittered(
    trains: &Trains,
    interval: u64,
    generator: impl Fn(usize) -> Generator,
) -> Result<Trains, ConnectivityError> {
    let mut events = Vec::with_capacity(trains.events().len());
    for neuron in 0..trains.neurons() {
        let mut generator = generator(neuron);
        for &(step, count) in trains.of_neuron(neuron) {
            let begin = step / interval * interval;
            let length = interval.min(trains.steps() - begin);
            for _ in 0..count {
                let step = begin + generator.below(length);
                events.push(Event { step, neuron: neuron as u32, count: 1 });
            }
        }
    }
    Trains::new(trains.neurons(), trains.steps(), events)
}
