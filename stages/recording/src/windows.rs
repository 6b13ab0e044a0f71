//! Windows of a recording: equally long parts, one after the other or overlapping.
//!
//! Window k begins with the sample nearest to k times the step and has the number of samples nearest to its length, so that all windows of a channel have
//! equally many. What follows the last whole window is in none.

use std::ops::Range;

use crate::{Annotation, Channel, Recording};

/// How a recording is cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Windows {
    /// In seconds.
    pub length_s: f64,
    /// From the start of one window to that of the next.
    pub step_s: f64,
}

/// One of the windows of a recording, by its number from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// How the recording is cut.
    pub windows: Windows,
    /// From 0.
    pub number: u64,
}

impl Windows {
    /// Samples in a window, at so many per second.
    pub fn samples(&self, rate_hz: f64) -> u64 {
        (self.length_s * rate_hz).round() as u64
    }

    /// How many whole windows so many samples have.
    pub fn count(&self, samples: u64, rate_hz: f64) -> u64 {
        let length = self.samples(rate_hz);
        if length == 0 || length > samples || self.step_s * rate_hz < 1.0 {
            return 0;
        }
        // One too many, since starts are rounded.
        let mut count = ((samples - length) as f64 / (self.step_s * rate_hz)) as u64 + 2;
        while count > 0 && self.number(count - 1).samples(rate_hz).end > samples {
            count -= 1;
        }
        count
    }

    /// The window of a number.
    pub fn number(self, number: u64) -> Window {
        Window { windows: self, number }
    }
}

impl Window {
    /// When it begins, from the start of the recording.
    pub fn start_s(&self) -> f64 {
        self.number as f64 * self.windows.step_s
    }

    /// The samples of a channel that are in it.
    pub fn samples(&self, rate_hz: f64) -> Range<u64> {
        let start = (self.start_s() * rate_hz).round() as u64;
        start..start.saturating_add(self.windows.samples(rate_hz))
    }

    /// The part of a recording without gaps that is in the window; `None` where a channel ends before.
    pub(crate) fn of(&self, recording: Recording) -> Option<Recording> {
        let part = |channel: Channel| {
            let rate_hz = channel.sampling_rate_hz;
            let Range { start, end } = self.samples(rate_hz);
            let samples =
                channel.samples.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?.to_vec().into();
            Some(Channel { samples, start_s: channel.start_s + start as f64 / rate_hz, ..channel })
        };
        let channels = recording.channels.into_iter().map(part).collect::<Option<Vec<Channel>>>()?;
        Some(Recording { channels, ..recording })
    }
}

/// The annotations that begin or last within the time of these channels.
pub fn annotations_within(channels: &[Channel], annotations: &[Annotation]) -> Vec<Annotation> {
    let start_s = channels.iter().map(|channel| channel.start_s).fold(f64::INFINITY, f64::min);
    let end = |channel: &Channel| channel.start_s + channel.samples.len() as f64 / channel.sampling_rate_hz;
    let end_s = channels.iter().map(end).fold(f64::NEG_INFINITY, f64::max);
    let is_within = |annotation: &&Annotation| {
        let last_s = annotation.onset_s + annotation.duration_s.unwrap_or(0.0);
        annotation.onset_s < end_s && (annotation.onset_s >= start_s || last_s > start_s)
    };
    annotations.iter().filter(is_within).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn windows_overlap_and_the_last_part_is_in_none() {
        let windows = Windows { length_s: 60.0, step_s: 55.0 };
        assert_eq!(windows.count(250 * 170, 250.0), 3);
        assert_eq!(windows.count(250 * 170 - 1, 250.0), 2);
        assert_eq!(windows.count(250 * 60 - 1, 250.0), 0);
        assert_eq!(windows.number(2).samples(250.0), 27_500..42_500);
        assert_eq!(windows.number(2).start_s(), 110.0);
        // No step of a sample, no window of one.
        assert_eq!(Windows { length_s: 1.0, step_s: 0.001 }.count(1000, 100.0), 0);
        assert_eq!(Windows { length_s: 0.001, step_s: 1.0 }.count(1000, 100.0), 0);
        assert_eq!(windows.count(u64::MAX, 1e-9), 0);
    }

    #[test]
    fn annotations_belong_to_each_window_that_they_reach_into() {
        let channel = Channel {
            label: "x".to_owned(),
            unit: None,
            sampling_rate_hz: 10.0,
            rate_rounding: 0.0,
            samples: vec![0.0; 100].into(),
            start_s: 20.0,
        };
        let at = |onset_s: f64, duration_s: Option<f64>| Annotation { onset_s, duration_s, text: String::new() };
        let all =
            [at(19.0, None), at(19.0, Some(1.0)), at(19.0, Some(1.5)), at(20.0, None), at(29.9, None), at(30.0, None)];
        assert_eq!(annotations_within(&[channel], &all), all[2..5]);
    }

    proptest! {
        #[test]
        fn no_whole_window_is_left_out(samples in 0_u64..20_000, rate in 0.5_f64..2000.0, length in 0.01_f64..20.0, part in 0.05_f64..1.5) {
            let windows = Windows { length_s: length, step_s: length * part };
            prop_assume!(windows.step_s * rate >= 1.0 && windows.samples(rate) > 0);
            let fits = |number: &u64| windows.number(*number).samples(rate).end <= samples;
            let expected = (0..).take_while(fits).count() as u64;
            prop_assert_eq!(windows.count(samples, rate), expected);
        }
    }
}
