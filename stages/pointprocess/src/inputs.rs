//! Inputs: a waveform, and the neurons that it reaches. Several add up.
//!
//! | input | value at step t | starts |
//! |---|---|---|
//! | [`Input::waveform`] | that of a stimulus at t dt | |
//! | [`Input::regular_pulses`] | strength where (t - start) mod period < width | start, start + period, ... |
//! | [`Input::poisson_pulses`] | strength for the width from each start | a Poisson process: intervals are exponential, also the first |
//! | [`Input::given_pulses`] | strength for the width from each start | those given |
//!
//! spikeometric 1.0.3 has pulses where t mod period < width, whatever the start, and intervals that are Poisson *counts*,
//! whose coefficient of variation is 1 / sqrt(mean), the first pulse at the start: [`RegularPulses::from_zero`] and
//! [`PoissonPulses::counted`] are these. Pulses that overlap do not add up, and none lasts beyond its stop.

use lapicque_numerics::random::StreamKey;
use lapicque_stimulus::{Evaluator, Grid, Stimulus, Timing, Waveform};

use crate::error::PointProcessError;
use crate::model::{above_zero, due, finite};

/// Values of all steps for some neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    values: Vec<f64>,
    neurons: Vec<usize>,
    pulses: Vec<Pulse>,
}

/// A pulse of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    /// The first step that it drives.
    pub start: usize,
    /// How many steps it drives.
    pub steps: usize,
}

impl Input {
    /// A stimulus on the steps of a run; `key` decides its noise.
    ///
    /// # Errors
    /// A mask of another length than there are neurons, a step or a stimulus that cannot be.
    pub fn waveform(
        stimulus: &Stimulus,
        mask: &[bool],
        neurons: usize,
        dt_ms: f64,
        steps: usize,
        key: &StreamKey,
    ) -> Result<Self, PointProcessError> {
        let reached = reached(mask, neurons)?;
        let mut values = vec![0.0; steps];
        if steps > 0 {
            let grid = Grid { dt_ms, duration_ms: steps as f64 * dt_ms, timing: Timing::Exact };
            Evaluator::new(stimulus, grid, key)?.fill_steps(0, &mut values)?;
        }
        let is_train = matches!(stimulus.waveform, Waveform::Pulses { .. });
        let pulses = if is_train { stretches(&values) } else { Vec::new() };
        Ok(Self { values, neurons: reached, pulses })
    }

    /// Pulses at equal distances.
    ///
    /// # Errors
    /// A mask of another length than there are neurons, a field outside of its range.
    pub fn regular_pulses(
        pulses: RegularPulses,
        mask: &[bool],
        neurons: usize,
        steps: usize,
    ) -> Result<Self, PointProcessError> {
        pulses.check()?;
        let reached = reached(mask, neurons)?;
        let RegularPulses { strength, period_steps, width_steps, start_step, stop_step, from_zero } = pulses;
        let stop = stop_step.unwrap_or(steps).min(steps);
        let mut starts = Vec::new();
        if from_zero {
            // The start may lie within a pulse.
            starts.extend((start_step % period_steps > 0 && start_step % period_steps < width_steps).then_some({
                let rest = width_steps.saturating_sub(start_step % period_steps);
                (start_step, rest)
            }));
        }
        let first = if from_zero { start_step.next_multiple_of(period_steps) } else { start_step };
        starts.extend((first..stop).step_by(period_steps).map(|start| (start, width_steps)));
        Ok(Self::of_pulses(strength, &starts, stop, reached, steps))
    }

    /// Pulses whose starts are a Poisson process: intervals are exponential, the first from the start on.
    ///
    /// A pulse begins with the step that its start falls into; starts in one step are one pulse.
    ///
    /// # Errors
    /// A mask of another length than there are neurons, a field outside of its range.
    pub fn poisson_pulses(
        pulses: PoissonPulses,
        mask: &[bool],
        neurons: usize,
        steps: usize,
        key: &StreamKey,
    ) -> Result<Self, PointProcessError> {
        pulses.check()?;
        let reached = reached(mask, neurons)?;
        let stop = pulses.stop_step.unwrap_or(steps).min(steps);
        let mut generator = key.stream("poisson pulses", 0);
        let mut interval = || match pulses.counted {
            false => -pulses.mean_interval_steps * libm::log(generator.uniform_above_zero()),
            // As many events of a process of rate 1 as lie within the mean.
            true => {
                let (mut count, mut time) = (0.0, 0.0);
                loop {
                    time -= libm::log(generator.uniform_above_zero());
                    if time >= pulses.mean_interval_steps.trunc() {
                        break count;
                    }
                    count += 1.0;
                }
            }
        };
        let mut starts: Vec<(usize, usize)> = Vec::new();
        let mut start = pulses.start_step as f64 + if pulses.counted { 0.0 } else { interval() };
        while start < stop as f64 {
            let step = start as usize;
            if starts.last().is_none_or(|last| last.0 != step) {
                starts.push((step, pulses.width_steps));
            }
            start += interval();
        }
        Ok(Self::of_pulses(pulses.strength, &starts, stop, reached, steps))
    }

    /// Pulses that start at given steps, such as those of recorded events.
    ///
    /// # Errors
    /// A mask of another length than there are neurons, a strength that is not finite, a width of 0, starts that do not
    /// ascend.
    pub fn given_pulses(
        strength: f64,
        width_steps: usize,
        starts: &[usize],
        mask: &[bool],
        neurons: usize,
        steps: usize,
    ) -> Result<Self, PointProcessError> {
        finite("strength", strength)?;
        due("width_steps", width_steps as f64, width_steps > 0, "expected one step or more")?;
        if let Some(pair) = starts.windows(2).find(|pair| pair[1] <= pair[0]) {
            due("starts", pair[1] as f64, false, "expected steps that ascend")?;
        }
        let starts: Vec<(usize, usize)> = starts.iter().map(|&start| (start, width_steps)).collect();
        Ok(Self::of_pulses(strength, &starts, steps, reached(mask, neurons)?, steps))
    }

    /// Pulses (start, steps), cut at `stop`.
    fn of_pulses(strength: f64, starts: &[(usize, usize)], stop: usize, neurons: Vec<usize>, steps: usize) -> Self {
        let mut values = vec![0.0; steps];
        let mut pulses = Vec::with_capacity(starts.len());
        for &(start, width) in starts.iter().filter(|(start, _)| *start < stop) {
            let end = start.saturating_add(width).min(stop);
            values[start..end].fill(strength);
            pulses.push(Pulse { start, steps: end - start });
        }
        Self { values, neurons, pulses }
    }

    /// The neurons that it reaches, ascending.
    pub fn neurons(&self) -> &[usize] {
        &self.neurons
    }

    /// Its pulses, where it is made of pulses.
    pub fn pulses(&self) -> &[Pulse] {
        &self.pulses
    }

    /// Adds its values of a step to the drives; nothing behind its last step.
    pub fn add(&self, step: u64, drive: &mut [f64]) {
        let value = usize::try_from(step).ok().and_then(|step| self.values.get(step)).copied().unwrap_or(0.0);
        if value != 0.0 {
            self.neurons.iter().for_each(|&neuron| drive[neuron] += value);
        }
    }
}

/// Pulses at equal distances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegularPulses {
    /// Height of a pulse.
    pub strength: f64,
    /// From the start of one to that of the next (steps).
    pub period_steps: usize,
    /// How long a pulse lasts (steps); as long as the period: always.
    pub width_steps: usize,
    /// First step that may be driven.
    pub start_step: usize,
    /// First step that is driven no more; none: never.
    pub stop_step: Option<usize>,
    /// Whether periods count from step 0 instead of the start, as spikeometric has it.
    pub from_zero: bool,
}

/// Pulses at random.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoissonPulses {
    /// Height of a pulse.
    pub strength: f64,
    /// Mean interval of starts (steps).
    pub mean_interval_steps: f64,
    /// How long a pulse lasts (steps).
    pub width_steps: usize,
    /// First step that may be driven.
    pub start_step: usize,
    /// First step that is driven no more; none: never.
    pub stop_step: Option<usize>,
    /// Whether intervals are Poisson counts of the mean without its fraction, the first pulse at the start, as
    /// spikeometric has it.
    pub counted: bool,
}

impl RegularPulses {
    /// Whether every field is in its range.
    ///
    /// # Errors
    /// A field that is not.
    pub fn check(&self) -> Result<(), PointProcessError> {
        finite("strength", self.strength)?;
        due("period_steps", self.period_steps as f64, self.period_steps > 0, "one step at least is due")?;
        let is_within = (1..=self.period_steps).contains(&self.width_steps);
        due("width_steps", self.width_steps as f64, is_within, "one step at least, and a period at most, is due")
    }
}

impl PoissonPulses {
    /// Whether every field is in its range.
    ///
    /// # Errors
    /// A field that is not.
    pub fn check(&self) -> Result<(), PointProcessError> {
        finite("strength", self.strength)?;
        above_zero("mean_interval_steps", self.mean_interval_steps)?;
        let counts = !self.counted || self.mean_interval_steps >= 1.0;
        due("mean_interval_steps", self.mean_interval_steps, counts, "counts need a mean of one step at least")?;
        due("width_steps", self.width_steps as f64, self.width_steps > 0, "one step at least is due")
    }
}

/// So many different neurons of a range, ascending; all where there are not more.
pub fn choose(count: usize, from: std::ops::Range<usize>, key: &StreamKey) -> Vec<usize> {
    let mut chosen = key.stream("chosen neurons", 0).permutation(from.len());
    chosen.truncate(count);
    chosen.iter_mut().for_each(|neuron| *neuron += from.start);
    chosen.sort_unstable();
    chosen
}

/// Where values are not 0, one step after the other.
fn stretches(values: &[f64]) -> Vec<Pulse> {
    let mut found: Vec<Pulse> = Vec::new();
    for (start, _) in values.iter().enumerate().filter(|(_, value)| **value != 0.0) {
        match found.last_mut() {
            Some(last) if last.start + last.steps == start => last.steps += 1,
            _ => found.push(Pulse { start, steps: 1 }),
        }
    }
    found
}

fn reached(mask: &[bool], neurons: usize) -> Result<Vec<usize>, PointProcessError> {
    if mask.len() != neurons {
        return Err(PointProcessError::Length { field: "mask", found: mask.len(), due: neurons });
    }
    Ok((0..neurons).filter(|&neuron| mask[neuron]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_reach_their_neurons_and_add_up() {
        let key = StreamKey::new([1; 16]);
        let pulses = Waveform::Pulses { amplitude: 5.0, period_ms: 100.0, width_ms: 10.0, count: None };
        let regular = Input::waveform(&pulses.into(), &[true, false], 2, 1.0, 300, &key).unwrap();
        let starts: Vec<_> = regular.pulses().iter().map(|pulse| (pulse.start, pulse.steps)).collect();
        assert_eq!(starts, [(0, 10), (100, 10), (200, 10)]);
        let step = Waveform::Step { amplitude: 0.5 };
        let constant = Input::waveform(&step.into(), &[true, true], 2, 1.0, 300, &key).unwrap();
        assert!(constant.pulses().is_empty());
        for t in 0..310 {
            let mut drive = [1.0, 2.0];
            regular.add(t, &mut drive);
            constant.add(t, &mut drive);
            let (pulse, level) = (if t % 100 < 10 { 5.0 } else { 0.0 }, 0.5);
            let due = if t < 300 { [1.0 + pulse + level, 2.0 + level] } else { [1.0, 2.0] };
            assert_eq!(drive, due, "{t}");
        }
        let short = Input::waveform(&Waveform::Zero.into(), &[true], 2, 1.0, 3, &key);
        assert!(matches!(short, Err(PointProcessError::Length { field: "mask", found: 1, due: 2 })));
    }

    fn poisson() -> PoissonPulses {
        PoissonPulses {
            strength: 2.0,
            mean_interval_steps: 1000.0,
            width_steps: 1,
            start_step: 0,
            stop_step: None,
            counted: false,
        }
    }

    /// Mean and coefficient of variation of the intervals of starts, and how many.
    fn intervals(input: &Input) -> (f64, f64, f64) {
        let starts: Vec<usize> = input.pulses().iter().map(|pulse| pulse.start).collect();
        let intervals: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let count = intervals.len() as f64;
        let mean = intervals.iter().sum::<f64>() / count;
        (mean, (intervals.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt() / mean, count)
    }

    #[test]
    fn intervals_of_poisson_pulses_are_exponential() {
        let key = StreamKey::new([1; 16]);
        let (mean, cv, count) = intervals(&Input::poisson_pulses(poisson(), &[true], 1, 10_000_000, &key).unwrap());
        assert!((mean / 1000.0 - 1.0).abs() < 4.0 / count.sqrt() + 1e-3, "{mean}");
        assert!((cv - 1.0).abs() < 4.0 / count.sqrt() + 1e-3, "{cv}");
        let none = PoissonPulses { width_steps: 0, ..poisson() };
        assert!(Input::poisson_pulses(none, &[true], 1, 10, &key).is_err());
    }

    #[test]
    fn counted_intervals_are_poisson_counts() {
        let counted = PoissonPulses { mean_interval_steps: 100.7, start_step: 35, counted: true, ..poisson() };
        let input = Input::poisson_pulses(counted, &[true], 1, 1_000_000, &StreamKey::new([1; 16])).unwrap();
        assert_eq!(input.pulses()[0], Pulse { start: 35, steps: 1 });
        let (mean, cv, count) = intervals(&input);
        assert!((mean - 100.0).abs() < 4.0 * 10.0 / count.sqrt(), "{mean}");
        assert!((cv - 0.1).abs() < 4.0 * 0.1 / (2.0 * count).sqrt() + 1e-3, "{cv}");
        assert!(PoissonPulses { mean_interval_steps: 0.5, ..counted }.check().is_err());
    }

    #[test]
    fn poisson_pulses_lie_between_start_and_stop() {
        let short = PoissonPulses {
            mean_interval_steps: 3.0,
            width_steps: 20,
            start_step: 50,
            stop_step: Some(120),
            ..poisson()
        };
        let input = Input::poisson_pulses(short, &[true], 1, 200, &StreamKey::new([1; 16])).unwrap();
        let up: Vec<usize> = (0..200).filter(|&t| input.values[t] != 0.0).collect();
        assert!(up.iter().all(|t| (50..120).contains(t)) && up.last() == Some(&119), "{up:?}");
        assert!(input.pulses().is_sorted_by(|one, other| one.start < other.start));
        assert!(input.values.iter().all(|&value| value == 0.0 || value == 2.0));
    }

    #[test]
    fn regular_pulses_count_from_their_start() {
        let pulses = RegularPulses {
            strength: 5.0,
            period_steps: 100,
            width_steps: 10,
            start_step: 35,
            stop_step: Some(340),
            from_zero: false,
        };
        let of = |pulses| Input::regular_pulses(pulses, &[false, true], 2, 400).unwrap();
        let input = of(pulses);
        for t in 0..400 {
            let due = if (35..340).contains(&t) && (t - 35) % 100 < 10 { 5.0 } else { 0.0 };
            assert_eq!(input.values[t], due, "{t}");
        }
        let starts: Vec<_> = input.pulses().iter().map(|pulse| (pulse.start, pulse.steps)).collect();
        assert_eq!(starts, [(35, 10), (135, 10), (235, 10), (335, 5)]);
        assert_eq!(input.neurons(), [1]);
        for start_step in [0, 3, 35, 100, 107] {
            let input = of(RegularPulses { from_zero: true, start_step, ..pulses });
            for t in 0..400 {
                let due = if (start_step..340).contains(&t) && t % 100 < 10 { 5.0 } else { 0.0 };
                assert_eq!(input.values[t], due, "{start_step} {t}");
            }
            let driven: usize = input.pulses().iter().map(|pulse| pulse.steps).sum();
            assert_eq!(driven, input.values.iter().filter(|&&value| value != 0.0).count(), "{start_step}");
        }
        for bad in [
            RegularPulses { period_steps: 0, ..pulses },
            RegularPulses { width_steps: 0, ..pulses },
            RegularPulses { width_steps: 101, ..pulses },
            RegularPulses { strength: f64::NAN, ..pulses },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn given_pulses_start_where_they_are_given() {
        let of = |starts: &[usize], width| Input::given_pulses(3.0, width, starts, &[true], 1, 12);
        let input = of(&[0, 1, 8, 100], 3).unwrap();
        assert_eq!(input.values, [3.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 0.0]);
        assert_eq!(input.pulses().len(), 3);
        assert_eq!(of(&[11], 5).unwrap().pulses(), [Pulse { start: 11, steps: 1 }]);
        assert!(of(&[], 5).unwrap().pulses().is_empty());
        assert!(of(&[1, 1], 3).is_err() && of(&[2, 1], 3).is_err() && of(&[0], 0).is_err());
        assert!(Input::given_pulses(f64::NAN, 1, &[0], &[true], 1, 12).is_err());
        assert!(Input::given_pulses(1.0, 1, &[0], &[true, true], 1, 12).is_err());
    }

    #[test]
    fn neurons_are_chosen_without_repetition() {
        let of = |count, seed| choose(count, 10..35, &StreamKey::new([seed; 16]));
        let some = of(4, 1);
        assert!(some.len() == 4 && some.is_sorted_by(|a, b| a < b) && some.iter().all(|n| (10..35).contains(n)));
        assert_eq!(some, of(4, 1));
        assert_ne!(some, of(4, 2));
        assert_eq!(of(100, 1), (10..35).collect::<Vec<_>>());
        let mut counts = [0.0; 25];
        for seed in 0..250 {
            of(4, seed).iter().for_each(|&neuron| counts[neuron - 10] += 1.0);
        }
        let chi2: f64 = counts.iter().map(|count: &f64| (count - 40.0).powi(2) / 40.0).sum();
        assert!(chi2 < 24.0 + 4.0 * 48.0_f64.sqrt(), "{chi2}");
    }
}
