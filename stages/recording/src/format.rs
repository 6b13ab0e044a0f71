//! What a file format is: the names of its files, what their headers say, and how values are read.
//!
//! A recording may be several files: a header that names the others. [`Format::parts`] says which, and whoever opens files hands them over as [`Parts`].
//! Headers are read apart from values, so that a folder of long recordings can be looked through in no time.

use std::io;

use crate::brainvision::BrainVisionError;
use crate::csv_table::CsvError;
use crate::edf::EdfError;
use crate::fif::FifError;
use crate::hdf5::Hdf5Error;
use crate::mat::{LayoutError, MatError};
use crate::npy::NpyError;
use crate::npz::NpzError;
use crate::nwb::NwbError;
pub use crate::read_seek::ReadSeek;
use crate::snirf::SnirfError;
use crate::windows::{Stretch, Window};
use crate::{Annotation, ChannelOutline, Recording, TimeUnit};

/// Relative; the header of an EDF file gives rates to eight digits.
const SAME_RATE: f64 = 1e-6;

/// A file format of recordings.
pub trait Format: Sync {
    /// What people call it, e.g. `EDF`.
    fn name(&self) -> &'static str;
    /// What names of its files end with, in small letters and without the dot, e.g. `edf`.
    fn extension(&self) -> &'static str;
    /// What a user must know of its files, in a few words.
    fn remark(&self) -> Option<&'static str> {
        None
    }
    /// Raised when the same bytes and options give other values.
    fn version(&self) -> u32;
    /// Whether [`ReadOptions::time_column`] and [`ReadOptions::time_unit`] mean anything to it.
    fn has_time_column(&self) -> bool {
        false
    }
    /// Whether [`ReadOptions::variable`] means anything to it.
    fn has_variables(&self) -> bool {
        false
    }
    /// Whether [`ReadOptions::rate_variable`], [`ReadOptions::channels_variable`] and [`ReadOptions::orientation`] mean anything to it.
    fn has_plain_arrays(&self) -> bool {
        false
    }
    /// Whether only the whole file says what [`Format::outline`] must know.
    fn outline_reads_all(&self) -> bool {
        false
    }

    /// The names of further files that the main one refers to, relative to its folder. A file that is named may name
    /// others: this is asked again, with what was found so far, until there are no new ones.
    ///
    /// # Errors
    /// A file that cannot be understood.
    fn parts(&self, _main: &mut dyn Parts) -> Result<Vec<String>, FormatError> {
        Ok(Vec::new())
    }

    /// What the header says.
    ///
    /// # Errors
    /// A header that cannot be understood, contradicts the length of the file, or the options.
    fn outline(&self, parts: &mut dyn Parts, options: &ReadOptions<'_>) -> Result<Outline, FormatError>;

    /// The values; of one window, those in it alone. Annotations come along unless a window is asked for.
    ///
    /// # Errors
    /// Those of [`Format::outline`], and values that cannot be understood.
    fn read(
        &self,
        parts: &mut dyn Parts,
        options: &ReadOptions<'_>,
        window: Option<&Window>,
    ) -> Result<Recording, FormatError>;

    /// The parts without gaps of a recording of which [`Outline::may_have_gaps`] is true; `None` where windows cannot be
    /// cut from them.
    ///
    /// # Errors
    /// Those of [`Format::outline`].
    fn stretches(
        &self,
        _parts: &mut dyn Parts,
        _options: &ReadOptions<'_>,
    ) -> Result<Option<Vec<Stretch>>, FormatError> {
        Ok(None)
    }

    /// All annotations, and what was left out of them.
    ///
    /// # Errors
    /// Those of [`Format::outline`].
    fn annotations(&self, _parts: &mut dyn Parts) -> Result<(Vec<Annotation>, Option<String>), FormatError> {
        Ok((Vec::new(), None))
    }
}

/// The files of one recording.
pub trait Parts {
    /// Opens the main file (`None`), or one that [`Format::parts`] named.
    ///
    /// # Errors
    /// A file that cannot be opened.
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>>;

    /// The name of the main file without its folder, where it has one: headers may write it as `$b`.
    fn name(&self) -> Option<&str> {
        None
    }
}

/// What a file may leave open.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// Must fit what a file says; needed where it says nothing.
    pub sampling_rate_hz: Option<f64>,
    /// The column of times, where a file may have several.
    pub time_column: Option<&'a str>,
    /// The unit of that column, where its name does not say it.
    pub time_unit: Option<TimeUnit>,
    /// The channels that are wanted; a format may read others as well.
    pub channels: Option<&'a [String]>,
    /// What is read of a file that holds several arrays or series: `data.signal`, `acquisition/eeg`.
    pub variable: Option<&'a str>,
    /// Where a plain array has its sampling rate in Hz: `data.cfg.fs`.
    pub rate_variable: Option<&'a str>,
    /// Where a plain array has the names of its channels: `data.cfg.channels`.
    pub channels_variable: Option<&'a str>,
    /// Which side of a plain array is time, where nothing else tells.
    pub orientation: Option<Orientation>,
}

/// Which side of an array is time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orientation {
    /// Channels x samples.
    ChannelsFirst,
    /// Samples x channels.
    SamplesFirst,
}

/// A recording without its values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outline {
    /// In the order of the file.
    pub channels: Vec<ChannelOutline>,
    /// Whether it has remarks on moments or stretches of time.
    pub has_annotations: bool,
    /// Whether gaps may interrupt the channels, which the values tell.
    pub may_have_gaps: bool,
    /// As [`Recording::is_epoched`].
    pub is_epoched: bool,
    /// How many values are missing; `None` where only the values tell.
    pub missing: Option<u64>,
    /// As [`Recording::notes`].
    pub notes: Vec<String>,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum FormatError {
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Edf(#[from] EdfError),
    #[error(transparent)]
    Npy(#[from] NpyError),
    #[error(transparent)]
    Csv(#[from] CsvError),
    #[error(transparent)]
    Hdf5(#[from] Hdf5Error),
    #[error(transparent)]
    Mat(#[from] MatError),
    #[error(transparent)]
    Nwb(#[from] NwbError),
    #[error(transparent)]
    Snirf(#[from] SnirfError),
    #[error(transparent)]
    Layout(#[from] LayoutError),
    #[error("its epochs are around an event each; windows are cut from continuous recordings")]
    WindowOfEpochs,
    #[error(transparent)]
    BrainVision(#[from] BrainVisionError),
    #[error(transparent)]
    Fif(#[from] FifError),
    #[error(transparent)]
    Npz(#[from] NpzError),
    #[error("an {format} file has no sampling rate; give one, e.g. `sampling_rate: 250 Hz`")]
    NoSamplingRate { format: &'static str },
    #[error("the file says {found_hz} Hz of channel `{label}`, not {stated_hz} Hz")]
    OtherRate { stated_hz: f64, found_hz: f64, label: String },
    #[error(
        "the recording may have gaps, which its format does not tell; windows are cut from recordings without gaps"
    )]
    WindowOfGaps,
    #[error("the window that begins at {start_s} s reaches into a gap of the recording")]
    InGap { start_s: f64 },
    #[error("the file ends before the window that begins at {start_s} s")]
    PastEnd { start_s: f64 },
}

impl Outline {
    /// Of what was read whole.
    pub(crate) fn of(recording: Recording) -> Self {
        let missing = recording.channels.iter().flat_map(|c| c.samples.iter()).filter(|value| value.is_nan()).count();
        let stretches = Stretch::of(&recording.channels).len().max(1);
        // A channel is told once, with the samples of all of its stretches.
        let channels = recording.channels.chunks(stretches).map(|parts| ChannelOutline {
            label: parts[0].label.clone(),
            unit: parts[0].unit.clone(),
            sampling_rate_hz: parts[0].sampling_rate_hz,
            samples: parts.iter().map(|part| part.samples.len() as u64).sum(),
            start_s: parts[0].start_s,
        });
        Self {
            channels: channels.collect(),
            has_annotations: !recording.annotations.is_empty(),
            may_have_gaps: stretches > 1,
            is_epoched: recording.is_epoched,
            missing: Some(missing as u64),
            notes: recording.notes,
        }
    }
}

/// The rate that is stated, where the file allows it; else that of the file.
pub(crate) fn settled_rate(
    stated_hz: Option<f64>,
    found_hz: f64,
    rounding: f64,
    label: &str,
) -> Result<f64, FormatError> {
    match stated_hz {
        Some(stated_hz) if (found_hz / stated_hz - 1.0).abs() > SAME_RATE.max(rounding) => {
            Err(FormatError::OtherRate { stated_hz, found_hz, label: label.to_owned() })
        }
        stated => Ok(stated.unwrap_or(found_hz)),
    }
}
