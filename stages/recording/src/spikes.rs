//! Spike trains: who fired when, as times that a file has, and as steps of a grid of time.
//!
//! Tables come in two forms: a row per spike (time and unit), or a row per unit with a list of times, as data frames of NWB have them. A [`Train`] is what
//! either says of a unit. [`on_grid`] numbers the units of each population and gives each spike the nearest step k of the grid k dt:
//!
//! | symbol | option | default | unit | meaning | range |
//! |---|---|---|---|---|---|
//! | dt | `resolution_ms` | 0.1 | ms | length of a step | > 0 |
//! | t0 | `start_ms` | none | ms | spikes before are left out | >= 0 |
//! | t1 | `stop_ms` | none | ms | spikes after are left out | > t0 |
//!
//! A time differs from that of its step by dt/2 at most; the largest difference is told. Times are kept to 2^-53 of themselves until then, so that times that
//! are whole steps stay what they are.

mod grid;
mod table;

pub use grid::{Grid, GridError, GridOptions, Population, SameStep, on_grid};
pub use table::{SpikeColumns, SpikeTableError, Trains, read_spike_npy, read_spike_table};

/// The spikes of a unit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Train {
    /// The population that it is of.
    pub population: String,
    /// What the file calls it.
    pub unit: String,
    /// In the order of the file, in ms.
    pub times_ms: Vec<f64>,
}

#[cfg(test)]
mod tests;
