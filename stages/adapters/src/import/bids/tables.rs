//! Tables of a dataset: recordings with columns of their subjects, channels, events.

use std::collections::HashSet;

use arrow_array::RecordBatch;
use lapicque_recording::bids::{ChannelRow as Said, EventRow, Participants, RecordingName, Sidecar, Values};
use lapicque_recording::{ChannelOutline, Window};
use lapicque_schemas::tables::channels::ChannelRow;
use lapicque_schemas::tables::events::Event;
use lapicque_schemas::tables::recordings::{self, Further, RecordingRow};
use lapicque_schemas::tables::{TableError, float_column, signals};

const GROUP: &str = "group";
/// What events are that no sort is named of.
const EVENT: &str = "event";
/// Keys of sidecars that say what potentials are against.
const REFERENCES: [&str; 3] = ["EEGReference", "iEEGReference", "EMGReference"];

/// The columns of the table of participants.
#[derive(Default)]
pub(super) struct Subjects {
    participants: Participants,
    /// Where the groups stand.
    group: Option<usize>,
    /// The other columns, by their names in the table of recordings.
    further: Vec<(String, usize)>,
}

impl Subjects {
    /// Names of columns that the table of recordings has already are told apart.
    pub(super) fn new(participants: Participants) -> (Self, Vec<String>) {
        let mut notes = participants.notes.clone();
        let names: Vec<&str> = participants.columns.iter().map(|column| column.name.as_str()).collect();
        let group = names.iter().position(|name| *name == GROUP).or_else(|| {
            let mut like = names.iter().enumerate().filter(|(_, name)| name.eq_ignore_ascii_case(GROUP));
            let first = like.next().map(|(place, _)| place);
            first.filter(|_| like.next().is_none())
        });
        let own = recordings::schema(&[]);
        let mut taken: HashSet<String> = own.column_names().chain(["sample"]).map(str::to_owned).collect();
        let mut further = Vec::new();
        for (place, name) in names.iter().enumerate().filter(|(place, _)| Some(*place) != group) {
            let mut called = (*name).to_owned();
            while !taken.insert(called.clone()) {
                called = format!("participant_{called}");
            }
            if called != *name {
                notes.push(format!("its column `{name}` is called `{called}`, as recordings have a `{name}`"));
            }
            further.push((called, place));
        }
        (Self { participants, group, further }, notes)
    }

    pub(super) fn row(&self, subject: &str) -> Option<usize> {
        self.participants.row(subject)
    }

    /// All subjects of the table.
    pub(super) fn names(&self) -> &[String] {
        &self.participants.subjects
    }

    fn group(&self, row: Option<usize>) -> Option<String> {
        match &self.participants.columns.get(self.group?)?.values {
            Values::Numbers(values) => (*values.get(row?)?).map(|value| value.to_string()),
            Values::Texts(values) => values.get(row?)?.clone(),
        }
    }

    /// The further columns of recordings of these rows.
    pub(super) fn columns(&self, rows: &[Option<usize>]) -> Vec<Further> {
        let column = |(name, place): &(String, usize)| {
            let values = match self.participants.columns.get(*place).map(|column| &column.values) {
                Some(Values::Numbers(all)) => recordings::Values::Numbers(
                    rows.iter().map(|row| row.and_then(|row| all.get(row).copied().flatten())).collect(),
                ),
                Some(Values::Texts(all)) => recordings::Values::Texts(
                    rows.iter().map(|row| row.and_then(|row| all.get(row).cloned().flatten())).collect(),
                ),
                None => recordings::Values::Texts(vec![None; rows.len()]),
            };
            Further { name: name.clone(), values }
        };
        self.further.iter().map(column).collect()
    }
}

/// What the table of recordings says of one.
pub(super) fn recording_row(
    recording: &RecordingName,
    channels: &[(String, usize, ChannelOutline)],
    window: Option<&Window>,
    (subjects, sidecar): (&Subjects, &Sidecar),
    digest: String,
) -> RecordingRow {
    let entity = |key: &str| recording.name.entity(key).map(str::to_owned);
    let subject = entity("sub").unwrap_or_default();
    let lasts = |channel: &ChannelOutline| {
        let rate_hz = channel.sampling_rate_hz;
        window.map_or(channel.samples, |window| window.windows.samples(rate_hz)) as f64 / rate_hz
    };
    let mut rates = channels.iter().map(|(_, _, channel)| channel.sampling_rate_hz);
    let rate = rates.next().filter(|first| rates.all(|rate| rate == *first));
    RecordingRow {
        file: recording.path.clone(),
        group: subjects.group(subjects.row(&subject)),
        subject,
        session: entity("ses"),
        task: entity("task"),
        run: entity("run"),
        acquisition: entity("acq"),
        datatype: recording.datatype.clone(),
        sampling_rate_hz: rate,
        channels: channels.len() as u32,
        duration_s: channels.iter().map(|(_, _, channel)| lasts(channel)).fold(0.0, f64::max),
        power_line_frequency_hz: sidecar.number("PowerLineFrequency"),
        reference: REFERENCES.iter().find_map(|key| sidecar.text(key)).map(str::to_owned),
        digest,
    }
}

/// What the table of channels says of those that come out; `said` is what is known of each channel of the file.
pub(super) fn channel_rows(channels: &[(String, usize, ChannelOutline)], said: &[Option<&Said>]) -> Vec<ChannelRow> {
    let row = |(name, place, channel): &(String, usize, ChannelOutline)| {
        let said = said.get(*place).copied().flatten();
        ChannelRow {
            channel: name.clone(),
            kind: said.and_then(|said| said.kind.clone()),
            unit: channel.unit.clone().unwrap_or_default(),
            status: said.and_then(|said| said.status.clone()),
            description: said.and_then(|said| said.description.clone()),
            sampling_rate_hz: channel.sampling_rate_hz,
        }
    };
    channels.iter().map(row).collect()
}

/// Events of a table on the clock of the signals, whose first stored sample is where onsets count from.
pub(super) fn events_of(
    rows: Vec<EventRow>,
    table: &RecordBatch,
    window: Option<&Window>,
) -> Result<Vec<Event>, TableError> {
    let signals = signals::read(table)?;
    let before_s = |dt_ms: f64| window.map_or(0.0, |window| window.samples(1e3 / dt_ms).start as f64 * dt_ms / 1e3);
    let (t0_ms, dt_ms) = (float_column(signals::TABLE, table, "t0")?, float_column(signals::TABLE, table, "dt")?);
    let starts = t0_ms.iter().zip(dt_ms.iter()).map(|(t0_ms, dt_ms)| t0_ms / 1e3 - before_s(*dt_ms));
    let first_s = Some(starts.fold(f64::INFINITY, f64::min)).filter(|first| first.is_finite()).unwrap_or(0.0);
    let ends = signals.iter().map(|signal| (signal.t0_ms + signal.values.len() as f64 * signal.dt_ms) / 1e3);
    let end_s = ends.fold(f64::NEG_INFINITY, f64::max) - first_s;
    let start_s = signals.iter().map(|signal| signal.t0_ms / 1e3).fold(f64::INFINITY, f64::min) - first_s;
    let is_there = |row: &EventRow| window.is_none() || row.is_within(start_s, end_s);
    let names: HashSet<&str> = signals.iter().map(|signal| signal.channel.as_ref()).collect();
    let event = |row: EventRow| Event {
        onset_s: row.onset_s + first_s,
        duration_s: row.duration_s,
        value: row.value.or_else(|| row.trial_type.clone()).unwrap_or_default(),
        kind: row.trial_type.unwrap_or_else(|| EVENT.to_owned()),
        channel: row.channel.filter(|channel| names.contains(channel.as_str())).unwrap_or_default(),
    };
    Ok(rows.into_iter().filter(is_there).map(event).collect())
}
