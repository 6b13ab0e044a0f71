//! Markers: what happened at which sample.

use std::io::{Read, Seek};

use super::BrainVisionError;
use super::text::{Entry, Sections, field};
use crate::Annotation;

/// Says that recording went on after a pause, or began.
const NEW_SEGMENT: &str = "New Segment";

/// The markers of a file, in its order, and what was left out of them.
pub(super) struct Markers {
    pub(super) found: Vec<Annotation>,
    pub(super) note: Option<String>,
    /// How often recording went on after a pause.
    pauses: usize,
    /// Date and time of the start: `YYYYMMDDhhmmss` and microseconds.
    pub(super) start: Option<String>,
}

impl Markers {
    /// `labels` are those of the channels, which markers name by number.
    pub(super) fn read<R: Read + Seek + ?Sized>(
        reader: &mut R,
        sampling_rate_hz: f64,
        labels: &[&str],
    ) -> Result<Self, BrainVisionError> {
        let sections = Sections::read(reader, "marker file", "Marker")?;
        let mut markers = Self { found: Vec::new(), note: None, pauses: 0, start: None };
        let mut malformed: Option<(usize, String)> = None;
        for entry in sections.of_section("Marker Infos").filter(|entry| is_marker(entry)) {
            match markers.marker(entry, sampling_rate_hz, labels) {
                Ok(marker) => markers.found.push(marker),
                Err(problem) => {
                    let first = || (0, format!("line {}: {problem}", entry.line));
                    malformed.get_or_insert_with(first).0 += 1;
                }
            }
        }
        markers.note = malformed.map(|(count, first)| match count {
            1 => format!("a malformed marker is left out: {first}"),
            _ => format!("{count} malformed markers are left out, first: {first}"),
        });
        Ok(markers)
    }

    /// What is to be told of pauses.
    pub(super) fn pauses(&self) -> Option<String> {
        let times = match self.pauses {
            0 => return None,
            1 => "once".to_owned(),
            several => format!("{several} times"),
        };
        Some(format!(
            "the recording was interrupted {times} (markers `{NEW_SEGMENT}`): samples before and after are joined, as nothing tells how long the pause was"
        ))
    }

    fn marker(&mut self, entry: &Entry, rate_hz: f64, labels: &[&str]) -> Result<Annotation, String> {
        const MOST_SHOWN: usize = 40;
        let mut fields = entry.value.split(',').map(field);
        let kind = fields.next().unwrap_or_default();
        let text = fields.next().unwrap_or_default();
        let mut number = |name: &str, least: u64, default: Option<u64>| {
            let text = fields.next().unwrap_or_default();
            match (text.parse::<u64>().ok().filter(|number| *number >= least), default) {
                (Some(number), _) => Ok(number),
                (None, Some(default)) if text.is_empty() => Ok(default),
                _ => {
                    let found: String = text.chars().take(MOST_SHOWN).collect();
                    Err(format!("its {name} is `{found}`; a whole number >= {least} is due"))
                }
            }
        };
        let position = number("position", 1, None)?;
        let size = number("size", 0, Some(0))?;
        let channel = number("channel", 0, Some(0))?;
        let is_start = position == 1;
        if kind == NEW_SEGMENT {
            let date = fields.next().filter(|date| !date.is_empty());
            match is_start {
                true => self.start = self.start.take().or(date),
                false => self.pauses += 1,
            }
        }
        let of_channel = channel.checked_sub(1).and_then(|channel| labels.get(usize::try_from(channel).ok()?));
        Ok(Annotation {
            onset_s: (position - 1) as f64 / rate_hz,
            duration_s: Some(size as f64 / rate_hz),
            text,
            kind: Some(kind).filter(|kind| !kind.is_empty()),
            channel: of_channel.map(|&label| label.to_owned()),
        })
    }
}

fn is_marker(entry: &Entry) -> bool {
    let number = entry.key.strip_prefix("Mk").or_else(|| entry.key.strip_prefix("mk"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
