//! How recordings are read: what the configuration says, and what of it a result depends on.

use lapicque_recording::{Format, ReadOptions, TimeUnit, Windows};
use lapicque_schemas::{Digest, DigestBuilder};
use serde_json::json;

/// How files are to be read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) rate_hz: Option<f64>,
    pub(super) time_column: Option<String>,
    pub(super) time_unit: Option<TimeUnit>,
    /// Unit of values where a file has none.
    pub(super) unit: String,
    pub(super) channels: Option<Vec<String>>,
    pub(super) windows: Option<Windows>,
}

impl Reading {
    pub(super) fn options(&self) -> ReadOptions<'_> {
        ReadOptions {
            sampling_rate_hz: self.rate_hz,
            time_column: self.time_column.as_deref(),
            time_unit: self.time_unit,
            channels: self.channels.as_deref(),
        }
    }

    /// Whether a channel is asked for.
    pub(super) fn wants(&self, channel: &str) -> bool {
        self.channels.as_ref().is_none_or(|wanted| wanted.iter().any(|name| name == channel))
    }

    /// Digest of how a file of this format is read; `None` is a table.
    pub(super) fn digest(&self, format: Option<&dyn Format>) -> Digest {
        // Channels come in the order of the file.
        let mut channels = self.channels.clone();
        if let Some(channels) = &mut channels {
            channels.sort();
            channels.dedup();
        }
        let has_times = format.is_some_and(Format::has_time_column);
        let said = json!({
            "format": format.map(Format::name),
            "version": format.map(Format::version),
            "sampling_rate_hz": self.rate_hz,
            "time_column": self.time_column.as_ref().filter(|_| has_times),
            "time_unit": self.time_unit.filter(|_| has_times).map(TimeUnit::symbol),
            "unit": self.unit,
            "channels": channels,
            "window_s": self.windows.map(|windows| [windows.length_s, windows.step_s]),
        });
        Digest::of("lapicque recording options 1", said.to_string().as_bytes())
    }
}

/// What the result of a recording depends on: the content of its files and how they are read, and which window it is.
pub(super) fn point(content: Digest, reading: Digest, window: Option<u64>) -> Digest {
    let mut builder = DigestBuilder::new("lapicque recording 1");
    builder.digest(content).digest(reading);
    if let Some(window) = window {
        builder.number(window);
    }
    builder.finish()
}
