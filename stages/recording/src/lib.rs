//! File formats of recordings: EDF, EDF+, BDF, NPY, CSV, TSV.
//!
//! Each reader takes `Read + Seek` and gives a [`Recording`]; none opens a path. Files come from anywhere, so every announced length is compared with the
//! length of the file before anything is allocated for it, and whatever the bytes, a reader returns a recording or an error that names field, place, text
//! found and what is allowed.
//!
//! What is wrong with one channel, one annotation or the end of a file does not lose the rest: it is left out, and [`Recording::notes`] says so.
//!
//! Where to start: `recording.rs` (what comes out), `format.rs` (what a format is) and `formats.rs` (the list of them), then one file or folder per format;
//! `delimited.rs` cuts text into cells, for tables of any kind.
//!
//! Units: seconds, Hz, and for samples the unit the file gives per channel.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod csv_table;
pub mod delimited;
mod edf;
mod format;
mod formats;
mod npy;
mod rates;
mod recording;
mod windows;

pub use csv_table::{CsvError, CsvOptions, TimeUnit, read_csv};
pub use edf::{EdfError, read_edf};
pub use format::{Format, FormatError, Outline, Parts, ReadOptions, ReadSeek};
pub use formats::FORMATS;
pub use npy::{NpyError, read_npy};
pub use recording::{Annotation, Channel, ChannelOutline, Recording};
pub use windows::{Window, Windows, annotations_within};
