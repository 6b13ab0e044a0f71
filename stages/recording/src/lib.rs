//! File formats of recordings: EDF, EDF+, BDF, NPY, CSV.
//!
//! Each reader takes `Read + Seek` and gives a [`Recording`]; none opens a path. Files come from anywhere, so every announced length is compared with the
//! length of the file before anything is allocated for it, and whatever the bytes, a reader returns a recording or an error that names field, place, text
//! found and what is allowed.
//!
//! Where to start: `recording.rs` (what comes out), then one file or folder per format.
//!
//! Units: seconds, Hz, and for samples the unit the file gives per channel.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod csv_table;
mod edf;
mod npy;
mod recording;

pub use csv_table::{CsvError, read_csv};
pub use edf::{EdfError, read_edf};
pub use npy::{NpyError, read_npy};
pub use recording::{Annotation, Channel, Recording};
