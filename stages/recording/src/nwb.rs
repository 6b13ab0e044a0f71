//! Neurodata Without Borders (NWB 2, nwb-schema.readthedocs.io): HDF5 with time series, tables of trials and spike times.
//!
//! | what | where | how it is read |
//! |---|---|---|
//! | series | groups in `acquisition`, `stimulus`, `processing`, `analysis`, `scratch` with `data` (samples, or samples x channels) | value = stored x `conversion` x `channel_conversion` + `offset`, in `unit` |
//! | time | `starting_time` with its `rate`, or `timestamps` in equal steps | seconds on the clock of the session |
//! | channels | `electrodes` of a series, rows of the table of electrodes | its column `label`, `channel_name` or `electrode_name`, else `id`; of other series, the name of the series |
//! | trials | tables in `intervals` | annotations: the name of the table, and its further columns as `name=value` |
//! | units | the table `units` | spike times ([`read_nwb_units`]) |
//!
//! All series are read, or the one that `variable` names. Channels of two series that would have equal names are called `series/channel`.
//! What is no signal (images, texts, uneven timestamps) is left out, with a note.

mod error;
mod format;
mod series;
mod tables;

use crate::hdf5::with_file;
pub use error::NwbError;
pub(crate) use format::Nwb;

/// A neuron whose spikes were sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// As the table has it.
    pub id: i64,
    /// When it fired, in seconds on the clock of the session.
    pub times_s: Vec<f64>,
}

/// Reads the spike trains of the table `units` of an NWB file, in its order.
///
/// # Errors
/// A file that is no HDF5 or has no such table, a table that contradicts itself, and failures of the reader.
pub fn read_nwb_units<R: std::io::Read + std::io::Seek>(reader: &mut R) -> Result<Vec<Unit>, NwbError> {
    with_file(reader, tables::units)
}
