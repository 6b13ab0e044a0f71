//! Windows of a recording: equally long parts, one after the other or overlapping.
//!
//! Window k begins with the sample nearest to k times the step and has the number of samples nearest to its length, so that all windows of a channel have
//! equally many. What follows the last whole window is in none. Where gaps interrupt a recording, windows keep their times, and
//! one that reaches into a gap is left out.

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

/// A part of a recording without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// When it begins.
    pub start_s: f64,
    /// Samples of each channel, in the order of the channels.
    pub samples: Vec<u64>,
}

impl Stretch {
    /// Those of a recording whose channels all have the same gaps: the parts of a channel follow each other.
    pub(crate) fn of(channels: &[Channel]) -> Vec<Self> {
        let follows = |pair: &[Channel]| pair[1].label == pair[0].label && pair[1].start_s > pair[0].start_s;
        let count = channels.len().min(1) + channels.windows(2).take_while(|pair| follows(pair)).count();
        let stretch = |number: usize| Self {
            start_s: channels[number].start_s,
            samples: channels.iter().skip(number).step_by(count).map(|part| part.samples.len() as u64).collect(),
        };
        (0..count).map(stretch).collect()
    }
}

/// Where a window lies beside a stretch.
enum Place {
    Before,
    /// The samples of each channel, counted from the first of the stretch.
    Within(Vec<Range<u64>>),
    Behind,
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

    /// The numbers of the windows that lie whole in one of these stretches, in every channel. Windows are counted from the
    /// beginning of the first stretch.
    pub fn within(&self, stretches: &[Stretch], rates_hz: &[f64]) -> Vec<u64> {
        let mut numbers: Vec<u64> = Vec::new();
        if rates_hz.iter().any(|&rate_hz| self.samples(rate_hz) == 0 || self.step_s * rate_hz < 1.0) {
            return numbers;
        }
        for stretch in stretches {
            // One more, since starts are rounded.
            let first = (offset_s(stretches, stretch) / self.step_s) as u64;
            let first = first.saturating_sub(1).max(numbers.last().map_or(0, |last| last + 1));
            // Times of a damaged file may lie where floating point tells no windows apart.
            let lengths = rates_hz.iter().zip(&stretch.samples).map(|(rate_hz, &samples)| samples as f64 / rate_hz);
            let most = (lengths.fold(0.0, f64::max) / self.step_s) as u64 + 4;
            for number in first..first.saturating_add(most) {
                match self.number(number).place(stretches, stretch, rates_hz) {
                    Place::Before => {}
                    Place::Within(_) => numbers.push(number),
                    Place::Behind => break,
                }
            }
        }
        numbers
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

    /// The stretch that it lies in, and the samples of each channel from the first of that stretch; `None` where it reaches
    /// into a gap or beyond the end.
    pub(crate) fn of_stretches(&self, stretches: &[Stretch], rates_hz: &[f64]) -> Option<(usize, Vec<Range<u64>>)> {
        stretches.iter().enumerate().find_map(|(position, stretch)| match self.place(stretches, stretch, rates_hz) {
            Place::Within(spans) => Some((position, spans)),
            Place::Before | Place::Behind => None,
        })
    }

    fn place(&self, stretches: &[Stretch], stretch: &Stretch, rates_hz: &[f64]) -> Place {
        let from_s = self.start_s() - offset_s(stretches, stretch);
        let mut spans = Vec::with_capacity(rates_hz.len());
        let mut is_before = false;
        for (&rate_hz, &samples) in rates_hz.iter().zip(&stretch.samples) {
            let start = (from_s * rate_hz).round();
            is_before |= start < 0.0;
            let end = (start.max(0.0) as u64).saturating_add(self.windows.samples(rate_hz));
            if end > samples {
                return Place::Behind;
            }
            spans.push(end - self.windows.samples(rate_hz)..end);
        }
        match is_before || spans.is_empty() {
            false => Place::Within(spans),
            // No channel says when there are no more.
            true if spans.is_empty() => Place::Behind,
            true => Place::Before,
        }
    }

    /// The part of a recording that is in the window; `None` where a channel ends before, or a gap is in it.
    pub(crate) fn of(&self, mut recording: Recording) -> Option<Recording> {
        let stretches = Stretch::of(&recording.channels);
        if stretches.len() > 1 {
            let rate = |channel: &Channel| channel.sampling_rate_hz;
            let rates: Vec<f64> = recording.channels.iter().step_by(stretches.len()).map(rate).collect();
            let (number, spans) = self.of_stretches(&stretches, &rates)?;
            let own = recording.channels.into_iter().skip(number).step_by(stretches.len());
            let part = |(channel, span): (Channel, Range<u64>)| Channel {
                samples: channel.samples[span.start as usize..span.end as usize].to_vec().into(),
                start_s: channel.start_s + span.start as f64 / channel.sampling_rate_hz,
                ..channel
            };
            recording.channels = own.zip(spans).map(part).collect();
            return Some(recording);
        }
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

/// From the beginning of the first stretch to that of this one.
fn offset_s(stretches: &[Stretch], stretch: &Stretch) -> f64 {
    stretch.start_s - stretches.first().map_or(0.0, |first| first.start_s)
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
        let at = |onset_s: f64, duration_s: Option<f64>| Annotation { onset_s, duration_s, ..Annotation::default() };
        let all =
            [at(19.0, None), at(19.0, Some(1.0)), at(19.0, Some(1.5)), at(20.0, None), at(29.9, None), at(30.0, None)];
        assert_eq!(annotations_within(&[channel], &all), all[2..5]);
    }

    #[test]
    fn windows_of_stretches_keep_their_times_and_leave_gaps_out() {
        let stretch = |start_s: f64, samples: u64| Stretch { start_s, samples: vec![samples, samples * 2] };
        // 4 s from 0.5 s on, 3 s from 20.5 s on, 1 s from 60.5 s on; at 10 and 20 Hz.
        let stretches = [stretch(0.5, 40), stretch(20.5, 30), stretch(60.5, 10)];
        let windows = Windows { length_s: 1.0, step_s: 1.0 };
        assert_eq!(windows.within(&stretches, &[10.0, 20.0]), [0, 1, 2, 3, 20, 21, 22, 60]);
        let window = windows.number(21);
        assert_eq!(window.of_stretches(&stretches, &[10.0, 20.0]), Some((1, vec![10..20, 20..40])));
        assert_eq!(windows.number(4).of_stretches(&stretches, &[10.0, 20.0]), None);
        // Stretches that begin between samples of a grid take the nearest one.
        let shifted = [stretch(0.0, 40), stretch(20.04, 30)];
        assert_eq!(windows.within(&shifted, &[10.0, 20.0]), [0, 1, 2, 3, 21, 22]);
        assert_eq!(windows.number(21).of_stretches(&shifted, &[10.0, 20.0]), Some((1, vec![10..20, 19..39])));
        assert_eq!(Windows { length_s: 5.0, step_s: 1.0 }.within(&stretches, &[10.0, 20.0]), [0; 0]);
        assert_eq!(windows.within(&[], &[10.0]), [0; 0]);
        assert_eq!(windows.within(&stretches, &[]), [0; 0]);
    }

    proptest! {
        #[test]
        fn one_stretch_has_the_windows_of_a_recording_without_gaps(samples in 0_u64..5000, rate in 0.5_f64..500.0, length in 0.01_f64..20.0, part in 0.05_f64..1.5, start_s in -10.0_f64..10.0) {
            let windows = Windows { length_s: length, step_s: length * part };
            let expected: Vec<u64> = (0..windows.count(samples, rate)).collect();
            prop_assert_eq!(windows.within(&[Stretch { start_s, samples: vec![samples] }], &[rate]), expected);
        }

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
