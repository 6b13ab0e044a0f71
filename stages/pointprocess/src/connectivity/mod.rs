//! Which neuron acts on which, estimated for pairs of neurons from spikes and times of stimuli.
//!
//! | estimator | from | function |
//! |---|---|---|
//! | differences of conditional means (OLS), instrumental variables (IV), differences in differences (DiD) and their combinations | spikes around onsets of stimuli | [`estimate`] of the sums of [`Trials::sums`] |
//! | bootstrap intervals of these | the same | [`bootstrap`] |
//! | cross-covariance and cross-correlogram | spikes | [`correlograms`], [`Correlograms::covariance`] |
//! | spikes in excess of those that interval jitter gives | spikes | [`jitter`] |
//! | transfer entropy | spikes | [`transfer_entropy()`] |
//!
//! [`scores`] holds any of them, or couplings that were fitted, against the weights of a network.
//!
//! A pair is ordered: the presynaptic neuron is the source, the postsynaptic one the target. What the spikes do not define
//! is NaN, never 0. Nothing depends on threads, or on which other pairs are asked for.
//!
//! ```
//! use lapicque_pointprocess::Event;
//! use lapicque_pointprocess::connectivity::{Correlograms, Lags, Trains, correlograms};
//!
//! // Neuron 1 follows neuron 0 after two steps.
//! let event = |step, neuron| Event { step, neuron, count: 1 };
//! let trains = Trains::new(2, 100, [event(10, 0), event(12, 1), event(50, 0), event(52, 1)])?;
//! let found: Correlograms = correlograms(&trains, &[0], Lags { from: -3, to: 3 }, &|| true)?;
//! assert_eq!(found.counts(0, 1), [0, 0, 0, 0, 0, 2, 0]);
//! # Ok::<(), lapicque_pointprocess::connectivity::ConnectivityError>(())
//! ```
//!
//! Units: times are steps or bins, whole numbers from 0; probabilities, excesses and covariances per step have unit 1;
//! entropies are in bits.

mod binomial;
mod bootstrap;
mod correlogram;
mod error;
mod estimators;
mod jitter;
mod scores;
mod trains;
mod transfer_entropy;
mod trials;

pub use bootstrap::{Bootstrap, Interval, bootstrap};
pub use correlogram::{Correlograms, Lags, correlograms};
pub use error::ConnectivityError;
pub use estimators::{Estimates, Estimator, Sums, estimate};
pub use jitter::{Excess, Jitter, jitter};
pub use scores::{Scores, scores};
pub use trains::Trains;
pub use transfer_entropy::{TransferEntropy, transfer_entropy};
pub use trials::{Trials, Window, Windows, psth_counts};

/// The most bytes that results of all pairs may take.
const MOST_BYTES: u64 = 1 << 31;
/// The most steps or bins of a run of which something is kept for each.
const MOST_STEPS: u64 = 1 << 28;

/// Refuses results of this many pairs, so many numbers of 8 bytes each, where they would not fit into memory.
///
/// # Errors
/// More than 2 GiB, with the number of pairs and bytes.
pub fn check_size(sources: usize, targets: usize, numbers_per_pair: usize) -> Result<(), ConnectivityError> {
    let pairs = (sources as u64).saturating_mul(targets as u64);
    let bytes = pairs.saturating_mul(numbers_per_pair as u64).saturating_mul(8);
    if bytes > MOST_BYTES {
        return Err(ConnectivityError::TooManyPairs { sources, pairs, bytes, allowed: MOST_BYTES });
    }
    Ok(())
}

/// Refuses sources that are not among the neurons.
fn check_sources(sources: &[usize], neurons: usize) -> Result<(), ConnectivityError> {
    match sources.iter().find(|source| **source >= neurons) {
        Some(&found) => Err(ConnectivityError::Neuron { found, neurons }),
        None => Ok(()),
    }
}
