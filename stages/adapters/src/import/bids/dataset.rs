//! The files of a dataset, opened by the engine: recordings and what is beside them.

use std::collections::HashMap;

use lapicque_pipeline::{BindRequest, ConfigError, FileRef};
use lapicque_recording::bids::{
    ChannelRow, Layout, Participants, RecordingName, Sidecar, TableError, read_channels, read_participants,
};

use crate::import::files::file_error;

/// Where the configuration names the dataset.
pub(super) const FIELD: &str = "path";
const PARTICIPANTS: &str = "participants.tsv";

/// Rows of a table of channels, and what was passed over.
type Channels = (Vec<ChannelRow>, Vec<String>);

pub(super) struct Dataset<'a> {
    request: &'a BindRequest<'a>,
    /// What names of files begin with, up to the folder of the dataset.
    prefix: String,
    pub(super) layout: Layout,
    /// Sidecars that were read, by name: those of a whole dataset belong to all of its recordings.
    sidecars: HashMap<String, Sidecar>,
}

impl<'a> Dataset<'a> {
    /// Lists the files of subjects and those beside their folders. Hidden ones are left out, and so are other folders: derivatives, sources and code.
    pub(super) fn open(request: &'a BindRequest<'a>, path: &str) -> Result<Self, ConfigError> {
        let prefix = prefix(path);
        // The name of the dataset is no pattern.
        let literal = literal(&prefix);
        let list = |pattern: &str| request.matching(FIELD, &format!("{literal}{pattern}"));
        let no_dataset = |error: ConfigError| {
            let message = "it is no folder of a BIDS dataset, which has a folder `sub-...` per subject";
            ConfigError::at(FIELD, format!("`{path}`: {message} ({})", error.message))
        };
        let mut files = list("sub-*/**/*").map_err(no_dataset)?;
        files.extend(list("*").unwrap_or_default());
        let within = files.iter().filter_map(|file| file.strip_prefix(&prefix));
        let layout = Layout::of(within);
        Ok(Self { request, prefix, layout, sidecars: HashMap::new() })
    }

    /// The name of a file of the dataset, as the engine opens it.
    pub(super) fn path(&self, file: &str) -> String {
        format!("{}{file}", self.prefix)
    }

    fn file(&self, file: &str) -> Result<FileRef, ConfigError> {
        self.request.open(FIELD, &self.path(file))
    }

    /// What the sidecars of a recording say: the nearest wins, key by key.
    pub(super) fn sidecar(&mut self, recording: &RecordingName) -> Result<Sidecar, ConfigError> {
        let mut all = Sidecar::default();
        let beside = self.layout.beside(recording, &recording.name.suffix, "json");
        let beside: Vec<String> = beside.map_err(wrong)?.into_iter().map(str::to_owned).collect();
        for name in beside {
            if !self.sidecars.contains_key(&name) {
                let file = self.file(&name)?;
                let read =
                    file.read(|reader| Sidecar::read(reader)).map_err(|error| file_error(FIELD, &file, error))?;
                self.sidecars.insert(name.clone(), read.map_err(|error| file_error(FIELD, &file, error))?);
            }
            self.sidecars.get(&name).iter().for_each(|nearer| all.overlay(nearer));
        }
        Ok(all)
    }

    /// The channels of a recording, where there is a table of them, and what was passed over.
    pub(super) fn channels(&self, recording: &RecordingName) -> Result<Option<Channels>, ConfigError> {
        let Some(file) = self.nearest(recording, "channels")? else {
            return Ok(None);
        };
        table(&file, |reader| read_channels(reader)).map(Some)
    }

    /// The table of events of a recording, which is read when the stage runs.
    pub(super) fn events(&self, recording: &RecordingName) -> Result<Option<FileRef>, ConfigError> {
        self.nearest(recording, "events")
    }

    fn nearest(&self, recording: &RecordingName, suffix: &str) -> Result<Option<FileRef>, ConfigError> {
        let beside = self.layout.beside(recording, suffix, "tsv").map_err(wrong)?;
        beside.last().map(|name| self.file(name)).transpose()
    }

    /// The subjects, where there is a table of them.
    pub(super) fn participants(&self) -> Result<Option<Participants>, ConfigError> {
        if !self.layout.has(PARTICIPANTS) {
            return Ok(None);
        }
        table(&self.file(PARTICIPANTS)?, |reader| read_participants(reader)).map(Some)
    }
}

fn table<T>(
    file: &FileRef,
    read: impl FnOnce(&mut std::io::BufReader<std::fs::File>) -> Result<T, TableError>,
) -> Result<T, ConfigError> {
    let read = file.read(read).map_err(|error| file_error(FIELD, file, error))?;
    read.map_err(|error| file_error(FIELD, file, error))
}

fn wrong(error: impl std::fmt::Display) -> ConfigError {
    ConfigError::at(FIELD, error.to_string())
}

/// The folder with one `/` between its parts and behind it, as names of listed files begin.
fn prefix(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.fold(root.to_owned(), |prefix, part| format!("{prefix}{part}/"))
}

/// A pattern that matches this text alone.
fn literal(text: &str) -> String {
    let one = |letter: char| match letter {
        '*' | '?' | '[' => format!("[{letter}]"),
        letter => letter.to_string(),
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_dataset_is_no_pattern() {
        assert_eq!(["a//b/", "/a", "./a/..", "."].map(prefix), ["a/b/", "/a/", "./a/../", "./"]);
        assert_eq!(literal("a[1]/b*?"), "a[[]1]/b[*][?]");
    }
}
