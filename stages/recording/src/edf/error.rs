//! What can be wrong with an EDF file.

use crate::rates::HIGHEST_RATE_HZ;

/// The error of [`crate::read_edf`].
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, thiserror::Error)]
pub enum EdfError {
    #[error("cannot read the EDF file: {0}")]
    Io(#[from] std::io::Error),
    #[error(
        "not an EDF or BDF file: it starts with `{found}`, but must start with `0` and seven spaces (EDF) or byte 255 and `BIOSEMI` (BDF)"
    )]
    NotEdf { found: String },
    #[error("the file ends after {found} bytes, within its header of {needed} bytes")]
    HeaderTruncated { found: u64, needed: u64 },
    #[error("header field `{field}` at byte {offset} is `{found}`; allowed: {allowed}")]
    Field { field: String, offset: usize, found: String, allowed: String },
    #[error(
        "the header announces {announced} data records of {record_bytes} bytes, but the file ends after {found} whole records"
    )]
    Truncated { announced: u64, found: u64, record_bytes: u64 },
    #[error("annotations of data record {record}, byte {offset} of the file: {problem}")]
    Annotation { record: u64, offset: u64, problem: String },
    #[error(
        "data record {record} starts at {onset_s} s, before the end of the one before it at {expected_s} s; records of EDF+D must follow in time"
    )]
    RecordOrder { record: u64, onset_s: f64, expected_s: f64 },
    #[error("the file holds no data record")]
    NoRecords,
    #[error("no signal has samples")]
    NoSamples,
    #[error(
        "signal `{label}` would be sampled at {rate_hz} Hz, by its samples per data record and their duration; allowed: up to {HIGHEST_RATE_HZ} Hz"
    )]
    Rate { label: String, rate_hz: f64 },
}
