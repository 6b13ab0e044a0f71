//! Trials around onsets of stimuli: did a neuron spike in a window or not, one bit each, 64 trials to a word.

use super::estimators::Sums;
use super::{ConnectivityError, Trains, check_size, check_sources};

/// Steps relative to the onset of a stimulus, the last one left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first step.
    pub from: i64,
    /// The step behind the last.
    pub to: i64,
}

/// Where it is looked for spikes (Lepperod et al. 2023).
///
/// | window | spikes of | meaning | default |
/// |---|---|---|---|
/// | x | source | its response to the stimulus | 0 to 2 |
/// | y | target | its response to the source | 1 to 3 |
/// | z | source | the instrument: who spiked just before the stimulus is refractory | -2 to 0 |
/// | x0, y0 | both | baselines of differences in differences: x and y, each earlier by its own length | -2 to 0, -1 to 1 |
///
/// The defaults are for stimuli that act in the step of their onset; where they act one step later, all windows are one
/// later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Response of the source.
    pub x: Window,
    /// Response of the target.
    pub y: Window,
    /// Refractoriness of the source.
    pub z: Window,
}

impl Default for Windows {
    fn default() -> Self {
        Self { x: Window { from: 0, to: 2 }, y: Window { from: 1, to: 3 }, z: Window { from: -2, to: 0 } }
    }
}

/// A window goes no further than this from the onset.
const FURTHEST: i64 = 1 << 40;

impl Window {
    /// The same length, just before.
    fn earlier(self) -> Self {
        Self { from: self.from - (self.to - self.from), to: self.from }
    }
}

impl Windows {
    /// Refuses windows that are empty or in an order that makes no sense.
    ///
    /// # Errors
    /// A window that ends before it begins; z that ends after x begins; y that begins before x.
    pub fn check(&self) -> Result<(), ConnectivityError> {
        for (window, Window { from, to }) in [("x", self.x), ("y", self.y), ("z", self.z)] {
            if from >= to {
                return Err(ConnectivityError::EmptyWindow { window, from, to });
            }
            if from < -FURTHEST || to > FURTHEST {
                let found = if to > FURTHEST { to } else { from } as f64;
                let allowed = "windows lie within 2^40 steps of the onset";
                return Err(ConnectivityError::OutOfRange { field: "windows", found, allowed });
            }
        }
        let order = |earlier, later, what, found, begins, allowed| ConnectivityError::WindowOrder {
            earlier,
            later,
            what,
            found,
            begins,
            allowed,
        };
        if self.z.to > self.x.from {
            let allowed = "the instrument must end before the response of the source begins";
            return Err(order("z", "x", "ends", self.z.to, self.x.from, allowed));
        }
        if self.y.from < self.x.from {
            let allowed = "the response of the target must not begin before that of the source";
            return Err(order("x", "y", "begins", self.x.from, self.y.from, allowed));
        }
        Ok(())
    }

    /// All steps of all windows, baselines included.
    fn extent(&self) -> Window {
        let all = [self.x, self.y, self.z, self.x.earlier(), self.y.earlier()];
        let from = all.iter().map(|window| window.from).min().unwrap_or(0);
        Window { from, to: all.iter().map(|window| window.to).max().unwrap_or(0) }
    }
}

/// What each neuron did in each trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    count: usize,
    /// Onsets whose windows do not lie in the run.
    outside: usize,
    /// Onsets that are there more than once.
    repeated: usize,
    neurons: Vec<Neuron>,
}

/// Bits of one neuron.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Neuron {
    pub(super) x: Vec<u64>,
    pub(super) z: Vec<u64>,
    pub(super) x0: Vec<u64>,
    pub(super) y: Vec<u64>,
    pub(super) y0: Vec<u64>,
}

impl Trials {
    /// Cuts the trains around onsets, in any order; an onset that is there twice is one trial.
    ///
    /// # Errors
    /// Fewer than two neurons, windows that make no sense, or no onset whose windows lie in the run.
    pub fn new(trains: &Trains, onsets: &[u64], windows: &Windows) -> Result<Self, ConnectivityError> {
        windows.check()?;
        let neurons = trains.neurons();
        if neurons < 2 {
            return Err(ConnectivityError::TooFewNeurons { found: neurons });
        }
        let extent = windows.extent();
        let mut distinct = onsets.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let inside = |onset: &u64| {
            let at = i128::from(*onset);
            at + i128::from(extent.from) >= 0 && at + i128::from(extent.to) <= i128::from(trains.steps())
        };
        let starts: Vec<i64> = distinct.iter().filter(|onset| inside(onset)).map(|onset| *onset as i64).collect();
        if starts.is_empty() {
            return Err(ConnectivityError::NoTrials {
                onsets: onsets.len(),
                from: extent.from,
                to: extent.to,
                steps: trains.steps(),
            });
        }
        check_size(5, neurons, starts.len().div_ceil(64))?;
        let bits = |neuron: usize, window: Window| bits(trains.of_neuron(neuron), &starts, window);
        let of = |neuron: usize| Neuron {
            x: bits(neuron, windows.x),
            z: bits(neuron, windows.z),
            x0: bits(neuron, windows.x.earlier()),
            y: bits(neuron, windows.y),
            y0: bits(neuron, windows.y.earlier()),
        };
        Ok(Self {
            count: starts.len(),
            outside: distinct.len() - starts.len(),
            repeated: onsets.len() - distinct.len(),
            neurons: (0..neurons).map(of).collect(),
        })
    }

    /// How many trials there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many onsets were left out, as their windows do not lie in the run.
    pub fn outside(&self) -> usize {
        self.outside
    }

    /// How many onsets were left out, as they are there already.
    pub fn repeated(&self) -> usize {
        self.repeated
    }

    /// How many neurons there are.
    pub fn neurons(&self) -> usize {
        self.neurons.len()
    }

    /// The additive sums of one source with each neuron (also with itself, which means nothing).
    ///
    /// # Errors
    /// A source that does not exist.
    pub fn sums(&self, source: usize) -> Result<Vec<Sums>, ConnectivityError> {
        check_sources(&[source], self.neurons())?;
        let Neuron { x, z, x0, .. } = &self.neurons[source];
        let n = self.count as u64;
        let (x_sum, z_sum) = (ones(x), ones(z));
        let (xz, x0z) = (both(x, z), both(x0, z));
        let x0_sum = ones(x0);
        let of_target = |target: &Neuron| {
            let (yz, yx) = (both(&target.y, z), both(&target.y, x));
            let (y0z, y0x) = (both(&target.y0, z), both(&target.y0, x));
            let (y_sum, y0_sum) = (ones(&target.y), ones(&target.y0));
            Sums {
                yz,
                z: z_sum,
                yzinv: y_sum - yz,
                zinv: n - z_sum,
                yx,
                x: x_sum,
                yxinv: y_sum - yx,
                xinv: n - x_sum,
                xz,
                xzinv: x_sum - xz,
                y0z,
                y0x,
                y0zinv: y0_sum - y0z,
                y0xinv: y0_sum - y0x,
                x0z,
                x0zinv: x0_sum - x0z,
            }
        };
        Ok(self.neurons.iter().map(of_target).collect())
    }

    pub(super) fn of_neuron(&self, neuron: usize) -> &Neuron {
        &self.neurons[neuron]
    }
}

/// Spikes around onsets, added over trials: `from` to `to` for each neuron, one after the other. Trials whose window does
/// not lie in the run are left out, onsets that are there twice count twice.
///
/// # Errors
/// An empty window, or no trial.
pub fn psth_counts(trains: &Trains, onsets: &[u64], window: Window) -> Result<Vec<Vec<u64>>, ConnectivityError> {
    let Window { from, to } = window;
    let length = usize::try_from(i128::from(to) - i128::from(from)).unwrap_or(0);
    if length == 0 {
        return Err(ConnectivityError::EmptyWindow { window: "psth", from, to });
    }
    check_size(1, trains.neurons(), length)?;
    let inside = |onset: &&u64| {
        let at = i128::from(**onset);
        at + i128::from(from) >= 0 && at + i128::from(to) <= i128::from(trains.steps())
    };
    let starts: Vec<u64> = onsets.iter().filter(inside).map(|onset| onset.wrapping_add_signed(from)).collect();
    if starts.is_empty() {
        return Err(ConnectivityError::NoTrials { onsets: onsets.len(), from, to, steps: trains.steps() });
    }
    let of_neuron = |neuron: usize| {
        let mut counts = vec![0u64; length];
        let spikes = trains.of_neuron(neuron);
        for start in &starts {
            let first = spikes.partition_point(|(step, _)| step < start);
            let near = spikes[first..].iter().map(|(step, count)| (step - start, count));
            for (place, count) in near.take_while(|(place, _)| *place < length as u64) {
                counts[place as usize] += u64::from(*count);
            }
        }
        counts
    };
    Ok((0..trains.neurons()).map(of_neuron).collect())
}

/// Whether there is a spike in the window around each onset; spikes and onsets ascend.
fn bits(spikes: &[(u64, u32)], onsets: &[i64], window: Window) -> Vec<u64> {
    let mut words = vec![0u64; onsets.len().div_ceil(64)];
    let mut next = 0;
    for (trial, onset) in onsets.iter().enumerate() {
        let (from, to) = ((onset + window.from) as u64, (onset + window.to) as u64);
        while spikes.get(next).is_some_and(|(step, _)| *step < from) {
            next += 1;
        }
        if spikes.get(next).is_some_and(|(step, _)| *step < to) {
            words[trial / 64] |= 1 << (trial % 64);
        }
    }
    words
}

pub(super) fn ones(words: &[u64]) -> u64 {
    words.iter().map(|word| u64::from(word.count_ones())).sum()
}

pub(super) fn both(first: &[u64], second: &[u64]) -> u64 {
    first.iter().zip(second).map(|(a, b)| u64::from((a & b).count_ones())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Event;

    fn trains(steps: u64, spikes: &[(u64, u32)]) -> Trains {
        Trains::new(2, steps, spikes.iter().map(|&(step, neuron)| Event { step, neuron, count: 1 })).unwrap()
    }

    #[test]
    fn trials_that_reach_out_of_the_run_are_left_out_and_counted() {
        let trains = trains(20, &[(10, 0), (11, 1)]);
        let trials = Trials::new(&trains, &[1, 10, 2, 10, 17, 18, 19, u64::MAX], &Windows::default()).unwrap();
        assert_eq!((trials.count(), trials.outside(), trials.repeated()), (3, 4, 1));
        let sums = trials.sums(0).unwrap()[1];
        assert_eq!((sums.x, sums.yx, sums.xinv, sums.yxinv), (1, 1, 2, 0));
    }

    #[test]
    fn several_spikes_in_a_window_are_one_response() {
        let once = trains(20, &[(10, 0), (11, 1)]);
        let often = trains(20, &[(10, 0), (10, 0), (11, 0), (11, 1), (12, 1)]);
        let sums = |trains| Trials::new(trains, &[10], &Windows::default()).unwrap().sums(0).unwrap()[1];
        assert_eq!(sums(&once), sums(&often));
    }

    #[test]
    fn no_trial_no_pair_and_wrong_windows_are_errors() {
        let run = trains(20, &[]);
        let found = |onsets: &[u64], windows| Trials::new(&run, onsets, &windows).unwrap_err();
        assert!(matches!(found(&[], Windows::default()), ConnectivityError::NoTrials { onsets: 0, .. }));
        assert!(matches!(found(&[19, 0], Windows::default()), ConnectivityError::NoTrials { onsets: 2, .. }));
        let windows = |x, y, z| {
            let window = |(from, to)| Window { from, to };
            Windows { x: window(x), y: window(y), z: window(z) }
        };
        let message = |windows| found(&[10], windows).to_string();
        assert_eq!(
            message(windows((2, 2), (1, 3), (-2, 0))),
            "the window `x` goes from 2 to 2; it must end after it begins"
        );
        assert_eq!(
            message(windows((0, 2), (1, 3), (-2, 1))),
            "the window `z` ends at 1, the window `x` begins at 0; the instrument must end before the response of the source begins"
        );
        assert_eq!(
            message(windows((0, 2), (-1, 3), (-2, 0))),
            "the window `x` begins at 0, the window `y` begins at -1; the response of the target must not begin before that of the source"
        );
        assert!(message(windows((0, i64::MAX), (1, 3), (-2, 0))).contains("within 2^40"));
        let one = Trains::new(1, 20, []).unwrap();
        let error = Trials::new(&one, &[10], &Windows::default()).unwrap_err();
        assert_eq!(error, ConnectivityError::TooFewNeurons { found: 1 });
        assert!(matches!(
            psth_counts(&run, &[10], Window { from: 3, to: 3 }),
            Err(ConnectivityError::EmptyWindow { .. })
        ));
        assert!(matches!(psth_counts(&run, &[], Window { from: 0, to: 3 }), Err(ConnectivityError::NoTrials { .. })));
    }
}
