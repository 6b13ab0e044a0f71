//! Events at `signal.epochs`: those that epochs lie around, and bad stretches that epochs must not overlap
//! ([`lapicque_signal::event_epochs`]).

use std::collections::{BTreeMap, BTreeSet};

use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_schemas::tables::epochs::EpochEvent;
use lapicque_schemas::tables::events::Event;
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::epochs::Epoch;
use lapicque_signal::event_epochs::{Window, around, overlaps};
use lapicque_units::{Time, write_number};

use super::channels::{is_like, listed};
use super::{known_interval_ms, of_signal};

/// What begins so is bad, as in MNE.
const BAD: &str = "bad*";

/// What the configuration says of events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Around {
    /// Values or kinds of the events that epochs lie around.
    pub(super) patterns: Vec<String>,
    pub(super) window: Window,
    pub(super) baseline: Option<Window>,
}

/// The part of the configuration that is about events.
pub(super) struct EventFields<'a> {
    pub(super) connected: bool,
    pub(super) around: &'a [String],
    pub(super) from: Option<Time>,
    pub(super) to: Option<Time>,
    pub(super) baseline: Option<[Time; 2]>,
    pub(super) bad: Option<&'a [String]>,
}

impl EventFields<'_> {
    /// What epochs lie around, if they do, and patterns of what is bad; or all that is wrong with it.
    pub(super) fn checked(&self) -> Result<(Option<Around>, Vec<String>), Vec<ConfigError>> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, message: String| problems.push(ConfigError::at(field, message));
        let around = !self.around.is_empty();
        for (field, given) in
            [("from", self.from.is_some()), ("to", self.to.is_some()), ("baseline", self.baseline.is_some())]
        {
            if given && !around {
                wrong(field, "only epochs around events have it: `around` names them".to_owned());
            }
            if !given && around && field != "baseline" {
                wrong(
                    field,
                    format!(
                        "`around` needs it: where epochs {} beside their events, e.g. `-200 ms`",
                        match field {
                            "from" => "begin",
                            _ => "end",
                        }
                    ),
                );
            }
        }
        for (field, given) in [("around", around), ("bad", self.bad.is_some())] {
            if given && !self.connected {
                wrong(field, "connect the input `events`, such as the output `events` of a recording".to_owned());
            }
        }
        for (field, patterns) in [("around", self.around), ("bad", self.bad.unwrap_or_default())] {
            if patterns.iter().any(|pattern| pattern.trim().is_empty()) {
                wrong(field, "a pattern is empty".to_owned());
            }
        }
        let window = |from: Time, to: Time| Window { from_s: from.value() * 1e-3, to_s: to.value() * 1e-3 };
        let mut checked = None;
        if let (true, Some(from), Some(to)) = (around, self.from, self.to) {
            let ordered =
                |from: Time, to: Time| from.value().is_finite() && to.value().is_finite() && from.value() < to.value();
            if !ordered(from, to) {
                wrong("to", format!("{to}: it must be finite and later than `from`, which is {from}"));
            }
            if let Some([begin, end]) = self.baseline {
                let within = begin.value() >= from.value() && end.value() <= to.value();
                if !(ordered(begin, end) && within) {
                    wrong(
                        "baseline",
                        format!("{begin} to {end}: it must be a stretch of the epoch, which is from {from} to {to}"),
                    );
                }
            }
            let baseline = self.baseline.map(|[begin, end]| window(begin, end));
            checked = Some(Around { patterns: self.around.to_vec(), window: window(from, to), baseline });
        }
        let bad = self.bad.map_or_else(|| vec![BAD.to_owned()], <[String]>::to_vec);
        if problems.is_empty() { Ok((checked, if self.connected { bad } else { Vec::new() })) } else { Err(problems) }
    }
}

/// The events of a sample.
#[derive(Debug, Default)]
pub(super) struct Happened {
    /// Those that epochs lie around, by the number of their epoch: their place among them in time.
    events: Vec<Event>,
    /// Begin and end of bad stretches, seconds.
    bad: Vec<(f64, f64)>,
}

impl Happened {
    /// Sorts the events of a sample. What is about one channel is bad for all, if that channel is there.
    pub(super) fn of(
        events: Vec<Event>,
        around: Option<&Around>,
        bad: &[String],
        signals: &[Signal<'_>],
    ) -> Result<Self, SampleError> {
        if let Some(event) = events.iter().find(|event| !event.onset_s.is_finite()) {
            return Err(SampleError::input(format!(
                "the event `{}` begins at {} s; a time is finite",
                event.value, event.onset_s
            )));
        }
        let is_bad = |event: &Event| {
            bad.iter().any(|pattern| {
                let pattern = pattern.to_lowercase();
                is_like(&pattern, &event.value.to_lowercase()) || is_like(&pattern, &event.kind.to_lowercase())
            })
        };
        let (bads, others): (Vec<Event>, Vec<Event>) = events.into_iter().partition(is_bad);
        let is_here = |event: &&Event| event.channel.is_empty() || signals.iter().any(|s| s.channel == event.channel);
        let stretch = |event: &Event| (event.onset_s, event.onset_s + event.duration_s.unwrap_or(0.0));
        let bad = bads.iter().filter(is_here).map(stretch).collect();
        let Some(around) = around else {
            return Ok(Self { events: Vec::new(), bad });
        };
        let is_meant = |event: &Event| {
            around.patterns.iter().any(|pattern| is_like(pattern, &event.value) || is_like(pattern, &event.kind))
        };
        let (mut meant, left): (Vec<Event>, Vec<Event>) = others.into_iter().partition(is_meant);
        if meant.is_empty() && !signals.is_empty() {
            let values: BTreeSet<String> = left.iter().chain(&bads).map(|event| event.value.clone()).collect();
            let there = match values.is_empty() {
                true => "there are no events".to_owned(),
                false => format!("there are: {}", listed(&values.into_iter().collect::<Vec<_>>())),
            };
            return Err(SampleError::input(format!("no event is like `{}` ({there})", around.patterns.join("` or `"))));
        }
        // Stable, so that events at one time stay in the order of the file.
        meant.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
        Ok(Self { events: meant, bad })
    }

    /// The epochs around events that a signal has, by their numbers.
    pub(super) fn epochs(&self, around_events: &Around, signal: &Signal<'_>) -> Result<Vec<(i32, Epoch)>, SampleError> {
        let rate_hz = 1e3 / known_interval_ms(signal)?;
        let mut epochs = Vec::new();
        for (number, event) in (0_i32..).zip(&self.events) {
            let found = around(event.onset_s, &around_events.window, signal.t0_ms * 1e-3, rate_hz, signal.values.len());
            epochs.extend(found.map_err(|error| of_signal(signal, error))?.map(|epoch| (number, epoch)));
        }
        Ok(epochs)
    }

    /// Whether an epoch of a signal overlaps a bad stretch.
    pub(super) fn is_bad(&self, signal: &Signal<'_>, epoch: &Epoch) -> bool {
        let begin = (signal.t0_ms + epoch.start as f64 * signal.dt_ms) * 1e-3;
        let end = begin + epoch.len as f64 * signal.dt_ms * 1e-3;
        // Times are rounded: a thousandth of a sample is nothing.
        self.bad.iter().any(|stretch| overlaps((begin, end), *stretch, signal.dt_ms * 1e-6))
    }

    /// The events of these epochs.
    pub(super) fn of_epochs(&self, numbers: &BTreeSet<i32>) -> Vec<EpochEvent> {
        let event = |epoch: &i32| {
            let event = self.events.get(usize::try_from(*epoch).ok()?)?;
            let (kind, value) = (event.kind.clone(), event.value.clone());
            Some(EpochEvent { epoch: *epoch, onset_s: event.onset_s, kind, value })
        };
        numbers.iter().filter_map(event).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.events.len()
    }

    /// The first event of which there is no epoch, seconds.
    pub(super) fn first_without(&self, numbers: &BTreeSet<i32>) -> Option<f64> {
        let mut all = (0_i32..).zip(&self.events);
        all.find(|(number, _)| !numbers.contains(number)).map(|(_, event)| event.onset_s)
    }
}

/// What became of epochs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) kept: BTreeSet<i32>,
    /// Those that overlap a bad stretch, and when the first of them begins, ms.
    pub(super) bad: BTreeMap<i32, f64>,
}

impl Tally {
    /// Tells what was dropped. Fails where epochs were dropped and none is left.
    pub(super) fn notes(&self, happened: &Happened, is_around: bool) -> Result<Vec<String>, SampleError> {
        let mut notes = Vec::new();
        let cut: BTreeSet<i32> = self.kept.iter().chain(self.bad.keys()).copied().collect();
        let all = if is_around { happened.count() } else { cut.len() };
        let seconds = |time_s: f64| write_number((time_s * 1e6).round() / 1e6);
        if is_around && let Some(first) = happened.first_without(&cut) {
            notes.push(format!(
                "{} of {all} events have no epoch, because it would leave the recording (the first at {} s)",
                all - cut.len(),
                seconds(first)
            ));
        }
        if let Some((_, begin_ms)) = self.bad.first_key_value() {
            notes.push(format!(
                "{} of {all} epochs overlap a bad stretch and are dropped (the first begins at {} s)",
                self.bad.len(),
                seconds(begin_ms * 1e-3)
            ));
        }
        if self.kept.is_empty() && !notes.is_empty() {
            return Err(SampleError::input(format!("no epoch is left: {}", notes.join("; "))));
        }
        Ok(notes)
    }
}
