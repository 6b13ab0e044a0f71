//! How recordings are read: what the configuration says, and what of it a result depends on.

use lapicque_pipeline::ConfigError;
use lapicque_recording::{FORMATS, Format, Orientation, ReadOptions, TimeUnit, Windows};
use lapicque_schemas::{Digest, DigestBuilder};
use serde_json::json;

use super::units::Units;

/// How files are to be read.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) rate_hz: Option<f64>,
    pub(super) time_column: Option<String>,
    pub(super) time_unit: Option<TimeUnit>,
    /// Unit of values where a file has none.
    pub(super) unit: String,
    pub(super) channels: Option<Vec<String>>,
    /// What is read of a file of several arrays.
    pub(super) variable: Option<String>,
    pub(super) rate_variable: Option<String>,
    pub(super) channels_variable: Option<String>,
    pub(super) orientation: Option<Orientation>,
    /// What values are converted to.
    pub(super) units: Units,
    pub(super) windows: Option<Windows>,
}

impl Reading {
    pub(super) fn options(&self) -> ReadOptions<'_> {
        ReadOptions {
            sampling_rate_hz: self.rate_hz,
            time_column: self.time_column.as_deref(),
            time_unit: self.time_unit,
            channels: self.channels.as_deref(),
            variable: self.variable.as_deref(),
            rate_variable: self.rate_variable.as_deref(),
            channels_variable: self.channels_variable.as_deref(),
            orientation: self.orientation,
        }
    }

    /// Refuses what means nothing to files of this format.
    pub(super) fn fits(&self, format: Option<&dyn Format>, field: &str, path: &str) -> Result<(), Vec<ConfigError>> {
        let has_variables = format.is_some_and(Format::has_variables);
        let has_arrays = format.is_some_and(Format::has_plain_arrays);
        let stated = [
            ("variable", self.variable.is_some(), has_variables),
            ("rate_variable", self.rate_variable.is_some(), has_arrays),
            ("channels_variable", self.channels_variable.is_some(), has_arrays),
            ("orientation", self.orientation.is_some(), has_arrays),
        ];
        let of = |has: fn(&dyn Format) -> bool| {
            let known = FORMATS.iter().filter(|format| has(**format)).map(|format| format!(".{}", format.extension()));
            known.collect::<Vec<_>>().join(", ")
        };
        let useless = stated.into_iter().filter(|(_, is_stated, means)| *is_stated && !means).map(|(option, ..)| {
            let formats = of(if option == "variable" { |f| f.has_variables() } else { |f| f.has_plain_arrays() });
            ConfigError::at(option, format!("it is for files of {formats}; `{field}` names `{path}`"))
        });
        let problems: Vec<ConfigError> = useless.collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
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
        let orientation = self.orientation.map(|orientation| match orientation {
            Orientation::ChannelsFirst => "channels_first",
            Orientation::SamplesFirst => "samples_first",
        });
        let has_times = format.is_some_and(Format::has_time_column);
        let mut said = json!({
            "format": format.map(Format::name),
            "version": format.map(Format::version),
            "sampling_rate_hz": self.rate_hz,
            "time_column": self.time_column.as_ref().filter(|_| has_times),
            "time_unit": self.time_unit.filter(|_| has_times).map(TimeUnit::symbol),
            "unit": self.unit,
            "channels": channels,
            "window_s": self.windows.map(|windows| [windows.length_s, windows.step_s]),
        });
        // What was not there before changes nothing where it is not used.
        let of_containers = [
            ("variable", self.variable.as_deref()),
            ("rate_variable", self.rate_variable.as_deref()),
            ("channels_variable", self.channels_variable.as_deref()),
            ("orientation", orientation),
        ];
        for (option, value) in of_containers {
            if let Some(value) = value {
                said[option] = json!(value);
            }
        }
        // Without it, results are called what they were called before there was one.
        if !self.units.is_empty() {
            said["units"] = json!(self.units.texts());
        }
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
