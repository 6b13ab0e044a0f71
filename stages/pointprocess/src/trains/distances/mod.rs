//! How far two trains are from each other.
//!
//! | measure | time scale | equal trains | work |
//! |---|---|---|---|
//! | [`isi_distance`] | none: that of the trains | 0, at most 1 | n_1 + n_2 |
//! | [`spike_distance`] | none: that of the trains | 0, at most 1 | n_1 + n_2 |
//! | [`spike_synchronization`] | none, or a largest window | 1, at least 0 | n_1 + n_2 |
//! | [`van_rossum_distance`] | tau | 0 | n_1 + n_2 |
//! | [`victor_purpura_distance`] | 1 / q | 0 | n_1 n_2 |
//!
//! Two trains without spikes are equal. The first three take several spikes at one time as one event, the others as
//! several.

mod isi;
mod pieces;
mod spike;
mod synchronization;
mod van_rossum;
mod victor_purpura;

pub use isi::isi_distance;
pub use spike::spike_distance;
pub use synchronization::spike_synchronization;
pub use van_rossum::van_rossum_distance;
pub use victor_purpura::victor_purpura_distance;
