//! SNIRF, the Shared Near Infrared Spectroscopy Format (versions 1.0 and 1.1, github.com/fNIRS/snirf): HDF5 with light intensities, or what was computed of
//! them, between sources and detectors.
//!
//! Of one group `nirs`, `nirs1`, ...: `data1`, `data2`, ... with `dataTimeSeries` (samples x channels) and `time` (of each sample, or start and step);
//! `aux1`, ...; `stim1`, ... with rows of onset, duration and value, which become annotations by their name. Channels are called by source, detector and
//! wavelength in nm (`S1_D2 760`), or by what was computed (`S1_D2 HbO`). Times are in `TimeUnit`.

mod format;

use crate::hdf5::Hdf5Error;
pub(crate) use format::Snirf;

/// Why a SNIRF file cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum SnirfError {
    #[error(transparent)]
    Hdf5(#[from] Hdf5Error),
    #[error("not a SNIRF file: it has no group `nirs`")]
    NotSnirf,
    #[error("it has several recordings ({}); name one, e.g. `variable: {}`", known.join(", "), known[0])]
    Several { known: Vec<String> },
    #[error("it has no recording `{wanted}`; it has {}", known.join(", "))]
    NoRecording { wanted: String, known: Vec<String> },
    #[error("`{path}`: {problem}")]
    Field { path: String, problem: String },
    #[error("it has no data")]
    Nothing,
    #[error("`{first}` and `{other}` begin at different times; windows are cut from data that begin together")]
    WindowOfBlocks { first: String, other: String },
}
