//! Cutting recordings into epochs, scaling them and pooling channels.
//!
//! With rate fs (Hz), an epoch of L seconds has round(L fs) samples (ties to even); epochs start at
//! samples 0, step, 2 step, ... as long as they fit, step = round(S fs). Their time is t0 = start /
//! fs seconds. A remainder at the end of a recording is not used.

use crate::missing::is_there;

/// Why no epochs were laid out or channels pooled.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum EpochError {
    #[error("rate_hz is {0} Hz; it must be a positive, finite rate")]
    Rate(f64),
    #[error(
        "{parameter} is {seconds} s, which is {samples} samples at {rate_hz} Hz; \
         it must be at least one sample and finite"
    )]
    Duration { parameter: &'static str, seconds: f64, samples: f64, rate_hz: f64 },
    #[error(
        "channel {channel} has {len} samples, channel 0 has {expected}; \
         pooled channels must be equally long"
    )]
    ChannelLength { channel: usize, len: usize, expected: usize },
}

/// How a recording is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoching {
    /// Seconds.
    pub length_s: f64,
    /// Seconds from one start to the next: `length_s` for epochs side by side.
    pub step_s: f64,
    /// Leave out the last epoch, which in many recordings holds the end of the experiment.
    pub drop_last: bool,
}

/// One epoch: `series[start..start + len]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// First sample.
    pub start: usize,
    /// Samples.
    pub len: usize,
    /// Time of the first sample, seconds.
    pub t0_s: f64,
}

impl Epoch {
    /// The samples of the epoch; `None` if `series` is shorter than the recording that was laid
    /// out.
    pub fn of<'a>(&self, series: &'a [f64]) -> Option<&'a [f64]> {
        series.get(self.start..self.start.checked_add(self.len)?)
    }
}

/// The epochs of a recording of `samples` samples at `rate_hz`; none if it is shorter than one
/// epoch.
///
/// # Errors
/// A rate that is not positive and finite, or a length or step below one sample.
pub fn epochs(samples: usize, rate_hz: f64, epoching: &Epoching) -> Result<Vec<Epoch>, EpochError> {
    let (len, step) = in_samples(rate_hz, epoching)?;
    let Some(last_start) = samples.checked_sub(len) else {
        return Ok(Vec::new());
    };
    let mut epochs: Vec<Epoch> =
        (0..=last_start).step_by(step).map(|start| Epoch { start, len, t0_s: start as f64 / rate_hz }).collect();
    if epoching.drop_last {
        epochs.pop();
    }
    Ok(epochs)
}

/// Length of an epoch and distance of two starts, rounded to whole samples.
///
/// # Errors
/// As [`epochs`].
pub fn in_samples(rate_hz: f64, epoching: &Epoching) -> Result<(usize, usize), EpochError> {
    if !(rate_hz.is_finite() && rate_hz > 0.0) {
        return Err(EpochError::Rate(rate_hz));
    }
    Ok((whole_samples("length", epoching.length_s, rate_hz)?, whole_samples("step", epoching.step_s, rate_hz)?))
}

fn whole_samples(parameter: &'static str, seconds: f64, rate_hz: f64) -> Result<usize, EpochError> {
    let samples = (seconds * rate_hz).round_ties_even();
    // More samples than a series can have would saturate, which is as good as any other length that
    // does not fit.
    if samples >= 1.0 && samples.is_finite() {
        Ok(samples as usize)
    } else {
        Err(EpochError::Duration { parameter, seconds, samples, rate_hz })
    }
}

/// Scales to mean 0 and population standard deviation 1 in place; a constant becomes 0. An empty
/// slice stays.
///
/// Mean and standard deviation are those of the values that are there; missing ones (see
/// [`crate::missing`]) become NaN. An offset of any size makes no difference beyond its own rounding.
///
/// Applied to a whole channel before cutting it keeps the differences of level and size between
/// epochs; applied to each epoch it removes them.
pub fn z_score(values: &mut [f64]) {
    let there = || values.iter().copied().filter(|value| is_there(*value));
    let (mut count, mut sum, mut constant) = (0_usize, 0.0, true);
    let first = there().next();
    for value in there() {
        count += 1;
        sum += value;
        constant &= Some(value) == first;
    }
    let n = count as f64;
    // The sum is rounded in the size of the offset, what is left of it in the size of the signal.
    let rounded = sum / n;
    let rest = there().map(|value| value - rounded).sum::<f64>() / n;
    let deviation = |value: f64| value - rounded - rest;
    let largest = there().map(|value| deviation(value).abs()).fold(0.0, f64::max);
    // Squares of these neither overflow nor vanish.
    let scale = if (1e-140..1e140).contains(&largest) { 1.0 } else { largest };
    let squares: f64 = there().map(|value| (deviation(value) / scale) * (deviation(value) / scale)).sum();
    let sd = (squares / n).sqrt();
    for value in values {
        *value = match is_there(*value) {
            false => f64::NAN,
            true if constant => 0.0,
            true => deviation(*value) / scale / sd,
        };
    }
}

/// How channels are pooled, sample by sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// The sum of all channels. NaN if any channel is NaN.
    Sum,
    /// Their mean. NaN if any channel is NaN.
    Mean,
    /// The mean of the two middle values for an even number of channels. NaN if any channel is NaN.
    Median,
    /// The population standard deviation over channels: the global field power (Lehmann & Skrandies 1980 Electroencephalogr Clin
    /// Neurophysiol 48:609). NaN if any channel is NaN.
    StandardDeviation,
    /// The root of the mean square over channels. NaN if any channel is NaN.
    RootMeanSquare,
}

/// One series from equally long channels; empty for no channels.
///
/// # Errors
/// Channels of different lengths.
pub fn pool(channels: &[&[f64]], pooling: Pooling) -> Result<Vec<f64>, EpochError> {
    let expected = channels.first().map_or(0, |channel| channel.len());
    for (channel, series) in channels.iter().enumerate() {
        if series.len() != expected {
            return Err(EpochError::ChannelLength { channel, len: series.len(), expected });
        }
    }
    let count = channels.len() as f64;
    let sum = |i: usize| channels.iter().map(|channel| channel[i]).sum::<f64>();
    let mut sorted = vec![0.0; channels.len()];
    Ok((0..expected)
        .map(|i| match pooling {
            Pooling::Sum => sum(i),
            Pooling::Mean => sum(i) / count,
            Pooling::Median => {
                for (value, channel) in sorted.iter_mut().zip(channels) {
                    *value = channel[i];
                }
                median(&mut sorted)
            }
            Pooling::StandardDeviation => root_mean_square(channels, i, sum(i) / count),
            Pooling::RootMeanSquare => root_mean_square(channels, i, 0.0),
        })
        .collect())
}

/// Over channels, of sample `i` from `middle`.
fn root_mean_square(channels: &[&[f64]], i: usize, middle: f64) -> f64 {
    let largest = channels.iter().map(|channel| (channel[i] - middle).abs()).fold(0.0, f64::max);
    // Squares of these neither overflow nor vanish.
    let scale = if (1e-140..1e140).contains(&largest) { 1.0 } else { largest };
    if scale == 0.0 && !middle.is_nan() && channels.iter().all(|channel| !channel[i].is_nan()) {
        return 0.0;
    }
    let square = |channel: &&[f64]| ((channel[i] - middle) / scale) * ((channel[i] - middle) / scale);
    scale * (channels.iter().map(square).sum::<f64>() / channels.len() as f64).sqrt()
}

fn median(values: &mut [f64]) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * values[middle - 1] + 0.5 * values[middle] }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn starts(samples: usize, rate_hz: f64, length_s: f64, step_s: f64, drop_last: bool) -> Vec<usize> {
        let epochs = epochs(samples, rate_hz, &Epoching { length_s, step_s, drop_last }).unwrap();
        epochs.iter().map(|epoch| epoch.start).collect()
    }

    #[test]
    fn epochs_fit_the_recording() {
        assert_eq!(starts(5000, 250.0, 5.0, 5.0, false), [0, 1250, 2500, 3750]);
        assert_eq!(starts(4999, 250.0, 5.0, 5.0, false), [0, 1250, 2500]);
        assert_eq!(starts(5000, 250.0, 5.0, 5.0, true), [0, 1250, 2500]);
        assert_eq!(starts(10, 1.0, 4.0, 3.0, false), [0, 3, 6]);
        assert_eq!(starts(3, 1.0, 4.0, 3.0, true), [0; 0]);
        // 2.5 samples are 2, 3.5 are 4.
        assert_eq!(starts(9, 1.0, 2.5, 3.5, false), [0, 4]);
        assert_eq!(starts(9, 1.0, 1e300, 1.0, false), [0; 0]);
        let second = epochs(100, 50.0, &Epoching { length_s: 1.0, step_s: 0.5, drop_last: false }).unwrap()[1];
        assert_eq!(second, Epoch { start: 25, len: 50, t0_s: 0.5 });
        let series: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(second.of(&series).unwrap()[0], 25.0);
        assert_eq!(second.of(&series[..74]), None);
    }

    #[test]
    fn impossible_epochs_are_refused() {
        let epoching = Epoching { length_s: 1.0, step_s: 1.0, drop_last: false };
        assert_eq!(epochs(10, 0.0, &epoching), Err(EpochError::Rate(0.0)));
        for seconds in [0.0, 0.4, -1.0, f64::NAN, f64::INFINITY] {
            let length = Epoching { length_s: seconds, ..epoching };
            assert!(matches!(epochs(10, 1.0, &length), Err(EpochError::Duration { parameter: "length", .. })));
            let step = Epoching { step_s: seconds, ..epoching };
            assert!(matches!(epochs(10, 1.0, &step), Err(EpochError::Duration { parameter: "step", .. })));
        }
    }

    #[test]
    fn z_scores() {
        let mut values = [1.0, 3.0];
        z_score(&mut values);
        assert_eq!(values, [-1.0, 1.0]);
        let mut constant = [0.1; 7];
        z_score(&mut constant);
        assert_eq!(constant, [0.0; 7]);
        z_score(&mut []);
    }

    #[test]
    fn z_scores_of_what_is_there() {
        let mut values = [f64::NAN, 1.0, 3.0, f64::INFINITY];
        z_score(&mut values);
        assert!(values[0].is_nan() && values[3].is_nan());
        assert_eq!(values[1..3], [-1.0, 1.0]);
        let mut constant = [2.0, f64::NAN, 2.0];
        z_score(&mut constant);
        assert_eq!((constant[0], constant[2]), (0.0, 0.0));
        assert!(constant[1].is_nan());
        let mut nothing = [f64::NAN; 2];
        z_score(&mut nothing);
        assert!(nothing.iter().all(|z| z.is_nan()));
    }

    #[test]
    fn z_scores_know_neither_offset_nor_size() {
        // Whole numbers, so that offsets round nothing away.
        let plain: Vec<f64> = (0..5000).map(|i| f64::from(i * i % 89)).collect();
        let mut expected = plain.clone();
        z_score(&mut expected);
        for (scale, offset) in [(1.0, 1e12), (1.0, -4e15), (1e-200, 0.0), (1e250, 1e252), (f64::MIN_POSITIVE, 0.0)] {
            let mut values: Vec<f64> = plain.iter().map(|value| scale * value + offset).collect();
            z_score(&mut values);
            for (value, expected) in values.iter().zip(&expected) {
                assert!((value - expected).abs() < 1e-11, "{scale} {offset}: {value} != {expected}");
            }
        }
    }

    #[test]
    fn channels_are_pooled() {
        let channels: [&[f64]; 3] = [&[1.0, 2.0], &[4.0, -2.0], &[10.0, 9.0]];
        assert_eq!(pool(&channels, Pooling::Sum).unwrap(), [15.0, 9.0]);
        assert_eq!(pool(&channels, Pooling::Mean).unwrap(), [5.0, 3.0]);
        assert_eq!(pool(&channels, Pooling::Median).unwrap(), [4.0, 2.0]);
        let spread = pool(&channels, Pooling::StandardDeviation).unwrap();
        // Deviations from 5 and 3: -4, -1, 5 and -1, -5, 6.
        assert!((spread[0] - 14.0_f64.sqrt()).abs() < 1e-12 && (spread[1] - (62.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        let size = pool(&channels, Pooling::RootMeanSquare).unwrap();
        assert!((size[0] - 39.0_f64.sqrt()).abs() < 1e-12 && (size[1] - (89.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        for pooling in [Pooling::StandardDeviation, Pooling::RootMeanSquare] {
            assert!(pool(&[&[f64::NAN], &[1.0]], pooling).unwrap()[0].is_nan());
            assert_eq!(pool(&[&[0.0], &[0.0]], pooling).unwrap(), [0.0]);
            assert_eq!(pool(&[&[1e200], &[-1e200]], pooling).unwrap(), [1e200]);
        }
        assert_eq!(pool(&channels[..2], Pooling::Median).unwrap(), [2.5, 0.0]);
        assert!(pool(&[&[f64::NAN], &[1.0]], Pooling::Median).unwrap()[0].is_nan());
        assert!(pool(&[], Pooling::Mean).unwrap().is_empty());
        let error = pool(&[&[1.0], &[]], Pooling::Sum).unwrap_err();
        assert_eq!(error, EpochError::ChannelLength { channel: 1, len: 0, expected: 1 });
    }
}
