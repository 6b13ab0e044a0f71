//! Channels of a recording as signals, and its annotations as events.

use std::borrow::Cow;

use indexmap::IndexMap;
use lapicque_recording::{Annotation, Channel, ChannelOutline, Samples};
use lapicque_schemas::tables::events::Event;
use lapicque_schemas::tables::signals::Signal;

/// What annotations are of which the file does not say more.
const ANNOTATION: &str = "annotation";
/// In EDF+, what stands between the text of an annotation and the channel that it is about.
const ABOUT: &str = "@@";

/// 1000 / rate in ms; the number of few digits next to it where the rate does not tell them apart.
pub(super) fn interval_ms(rate_hz: f64) -> f64 {
    let interval_ms = 1e3 / rate_hz;
    let short = format!("{interval_ms:.12e}").parse().unwrap_or(interval_ms);
    if 1e3 / short == rate_hz { short } else { interval_ms }
}

/// A channel with the name that tells it apart, and the number of its stretch.
pub(super) struct Named {
    pub(super) channel: String,
    pub(super) epoch: i32,
}

/// Names of channels, in their order, and what is to be told of them. Stretches between gaps become epochs of their channel; two channels of one name at the
/// same time are told apart, but in a recording of epochs, whose times are around an event each.
pub(super) fn named(channels: &[ChannelOutline], is_epoched: bool) -> (Vec<Named>, Vec<String>) {
    let mut names = Vec::with_capacity(channels.len());
    let mut notes = Vec::new();
    // Name, next epoch and end of what was read.
    let mut known: IndexMap<String, (i32, f64)> = IndexMap::new();
    for channel in channels {
        let dt_ms = interval_ms(channel.sampling_rate_hz);
        let t0_ms = channel.start_s * 1e3;
        // Half an interval of leeway for rounded times.
        let follows = |end: f64| is_epoched || t0_ms >= end - dt_ms / 2.0;
        let mut label = channel.label.clone();
        let mut copy = 1;
        while known.get(&label).is_some_and(|&(_, end)| !follows(end)) {
            copy += 1;
            label = format!("{} ({copy})", channel.label);
        }
        if copy > 1 {
            notes.push(format!("there are several channels `{}`; one is called `{label}`", channel.label));
        }
        let entry = known.entry(label.clone()).or_insert((0, 0.0));
        names.push(Named { channel: label, epoch: entry.0 });
        *entry = (entry.0 + 1, t0_ms + channel.samples as f64 * dt_ms);
    }
    (names, notes)
}

/// The unit of a channel; `given` where the file has none.
pub(super) fn unit_of(unit: Option<String>, given: &str) -> String {
    unit.filter(|unit| !unit.trim().is_empty()).unwrap_or_else(|| given.to_owned())
}

/// The signals of channels, each without its values and with them, and remarks.
pub(super) fn signals_of(
    channels: Vec<Channel>,
    is_epoched: bool,
    unit: &str,
) -> (Vec<(Signal<'static>, Samples)>, Vec<String>) {
    let outlines: Vec<ChannelOutline> = channels.iter().map(outline).collect();
    let (names, notes) = named(&outlines, is_epoched);
    let signal = |(channel, named): (Channel, Named)| {
        let signal = Signal {
            channel: named.channel.into(),
            epoch: named.epoch,
            t0_ms: channel.start_s * 1e3,
            dt_ms: interval_ms(channel.sampling_rate_hz),
            unit: unit_of(channel.unit, unit).into(),
            values: Cow::Borrowed(&[]),
        };
        (signal, channel.samples)
    };
    (channels.into_iter().zip(names).map(signal).collect(), notes)
}

fn outline(channel: &Channel) -> ChannelOutline {
    ChannelOutline {
        label: channel.label.clone(),
        unit: channel.unit.clone(),
        sampling_rate_hz: channel.sampling_rate_hz,
        samples: channel.samples.len() as u64,
        start_s: channel.start_s,
    }
}

/// The events that annotations say. An annotation may name the channel that it is about, behind `@@`; a name that no channel has is text.
pub(super) fn events_of(annotations: Vec<Annotation>, signals: &[(Signal<'_>, Samples)]) -> Vec<Event> {
    let event = |Annotation { onset_s, duration_s, text, kind, channel }: Annotation| {
        let kind = kind.unwrap_or_else(|| ANNOTATION.to_owned());
        if let Some(channel) = channel {
            return Event { onset_s, duration_s, kind, value: text, channel };
        }
        let about =
            text.rsplit_once(ABOUT).filter(|(_, name)| signals.iter().any(|(signal, _)| signal.channel == *name));
        let (value, channel) = about.map_or((text.as_str(), ""), |about| about);
        let (value, channel) = (value.to_owned(), channel.to_owned());
        Event { onset_s, duration_s, kind, value, channel }
    };
    annotations.into_iter().map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(label: &str, start_s: f64, samples: usize) -> Channel {
        Channel {
            label: label.to_owned(),
            unit: Some(" ".to_owned()),
            sampling_rate_hz: 100.0,
            rate_rounding: 0.0,
            samples: vec![0.0; samples].into(),
            start_s,
        }
    }

    #[test]
    fn intervals_have_few_digits_where_rates_allow_it() {
        assert_eq!(interval_ms(256.0), 3.90625);
        assert_eq!(interval_ms(1000.0 / 3.0), 3.0);
        assert_eq!(interval_ms(1e6 / 3906.0), 3.906);
        assert_eq!(interval_ms(12.8), 78.125);
        assert_eq!(interval_ms(360.0), 1e3 / 360.0);
    }

    #[test]
    fn stretches_between_gaps_are_epochs_and_equal_names_are_told_apart() {
        let channels = vec![
            channel("EEG", 0.0, 100),
            channel("EEG", 0.0, 50),
            channel("EEG", 2.0, 100),
            channel("EEG", 2.001, 10),
        ];
        let (signals, notes) = signals_of(channels, false, "uV");
        let keys: Vec<_> =
            signals.iter().map(|(s, _)| (s.channel.as_ref(), s.epoch, s.t0_ms, s.unit.as_ref())).collect();
        assert_eq!(
            keys,
            [("EEG", 0, 0.0, "uV"), ("EEG (2)", 0, 0.0, "uV"), ("EEG", 1, 2000.0, "uV"), ("EEG (2)", 1, 2001.0, "uV")]
        );
        assert_eq!(notes.len(), 2);
    }

    #[test]
    fn epochs_around_events_are_told_by_their_order() {
        let channels = vec![channel("Cz", -0.2, 100), channel("Pz", -0.2, 100), channel("Cz", -0.2, 100)];
        let (signals, notes) = signals_of(channels, true, "");
        let keys: Vec<_> = signals.iter().map(|(s, _)| (s.channel.as_ref(), s.epoch, s.t0_ms)).collect();
        assert_eq!(keys, [("Cz", 0, -200.0), ("Pz", 0, -200.0), ("Cz", 1, -200.0)]);
        assert!(notes.is_empty());
    }

    #[test]
    fn an_annotation_names_its_channel_where_there_is_one() {
        let (signals, _) = signals_of(vec![channel("Cz", 0.0, 1)], false, "");
        let annotations = ["spike@@Cz", "spike@@Pz", "a@@b@@Cz", "plain"].map(|text| Annotation {
            onset_s: 0.5,
            text: text.to_owned(),
            ..Annotation::default()
        });
        let events = events_of(annotations.to_vec(), &signals);
        let said: Vec<_> = events.iter().map(|event| (event.value.as_str(), event.channel.as_str())).collect();
        assert_eq!(said, [("spike", "Cz"), ("spike@@Pz", ""), ("a@@b", "Cz"), ("plain", "")]);
        assert!(events.iter().all(|event| event.kind == "annotation" && event.onset_s == 0.5));
        let of_sort = Annotation {
            text: "S  1@@Cz".to_owned(),
            kind: Some("Stimulus".to_owned()),
            channel: Some("Pz".to_owned()),
            ..Annotation::default()
        };
        let [event] = &events_of(vec![of_sort], &signals)[..] else { unreachable!() };
        assert_eq!((event.kind.as_str(), event.value.as_str(), event.channel.as_str()), ("Stimulus", "S  1@@Cz", "Pz"));
    }
}
