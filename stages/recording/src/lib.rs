//! File formats of recordings: EDF, EDF+, BDF, BrainVision, FIF, MAT, EEGLAB, FieldTrip, NWB, SNIRF, NPY, NPZ, CSV, TSV.
//!
//! Each reader takes `Read + Seek` and gives a [`Recording`]; none opens a path. Files come from anywhere, so every announced length is compared with the
//! length of the file before anything is allocated for it, and whatever the bytes, a reader returns a recording or an error that names field, place, text
//! found and what is allowed.
//!
//! What is wrong with one channel, one annotation or the end of a file does not lose the rest: it is left out, and [`Recording::notes`] says so.
//!
//! ```
//! use std::io::Cursor;
//!
//! use lapicque_recording::{CsvOptions, read_csv};
//!
//! let text = "time_ms,Cz,Pz\n0,1.5,-2\n4,1.25,\n8,1,0.5\n";
//! let recording = read_csv(&mut Cursor::new(text), &CsvOptions::default())?;
//! let [cz, pz] = &recording.channels[..] else { return Err("two channels".into()) };
//! assert_eq!((cz.label.as_str(), cz.sampling_rate_hz), ("Cz", 250.0));
//! assert_eq!(cz.samples, [1.5, 1.25, 1.0]);
//! // A missing value is NaN.
//! assert!(pz.samples[1].is_nan());
//!
//! let uneven = read_csv(&mut Cursor::new("time_ms,Cz\n0,1\n4,1\n8,1\n30,1\n"), &CsvOptions::default());
//! let refused = uneven.unwrap_err().to_string();
//! assert!(refused.starts_with("line 5: `time_ms` steps by 0.022 s"), "{refused}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to start: `recording.rs` (what comes out), `format.rs` (what a format is) and `formats.rs` (the list of them), then one file or folder per format;
//! `delimited.rs` cuts text into cells, for tables of any kind; `bids.rs` says which files of a dataset are recordings and what is beside them, `spikes.rs`
//! brings spike trains onto a grid of time.
//!
//! Units: seconds, Hz, and for samples the unit the file gives per channel.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bids;
mod brainvision;
mod csv_table;
pub mod delimited;
mod edf;
mod even_times;
mod fif;
mod format;
mod formats;
mod hdf5;
#[cfg(test)]
mod in_memory;
pub mod mat;
pub mod matrix;
pub mod matrix_market;
mod npy;
mod npz;
mod nwb;
mod rates;
mod read_seek;
mod recording;
mod samples;
mod snirf;
pub mod spikes;
mod stored;
mod windows;

pub use brainvision::BrainVisionError;
pub use csv_table::{CsvError, CsvOptions, TimeUnit, read_csv};
pub use edf::{EdfError, read_edf};
pub use fif::FifError;
pub use format::{Format, FormatError, Orientation, Outline, Parts, ReadOptions, ReadSeek};
pub use formats::FORMATS;
pub use hdf5::Hdf5Error;
pub use npy::{NpyError, read_npy};
pub use npz::NpzError;
pub use nwb::{NwbError, Unit, read_nwb_units};
pub use recording::{Annotation, Channel, ChannelOutline, Recording};
pub use samples::Samples;
pub use snirf::SnirfError;
pub use windows::{Stretch, Window, Windows, annotations_within};
