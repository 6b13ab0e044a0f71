//! Random numbers that depend on what they are for, never on when or where they are drawn.
//!
//! A [`StreamKey`] of 128 bits names a computation. [`StreamKey::stream`] gives an independent
//! [`Generator`] for every purpose ("weights") and index (a neuron, a fold), derived with
//! Philox4x32-10 as in Salmon et al. (2011). Bulk draws of hot loops come from [`Lanes`]: sixteen
//! generators side by side that the compiler turns into vectors.
//!
//! Exact distributions: uniform, normal (ziggurat), Poisson ([`Poisson`]), Bernoulli trials
//! ([`Bernoulli`]), permutations.
//!
//! References: Salmon, Moraes, Dror & Shaw (2011) SC11, doi:10.1145/2063384.2063405;
//! Blackman & Vigna (2021) ACM TOMS 47:36, doi:10.1145/3460772.

mod bernoulli;
mod generator;
mod lanes;
mod normal;
mod philox;
mod poisson;
mod stream;

pub use bernoulli::Bernoulli;
pub use generator::Generator;
pub use lanes::{LANES, Lanes};
pub use normal::normals;
pub use philox::philox4x32_10;
pub use poisson::Poisson;
pub use stream::StreamKey;

/// A parameter outside the range of its distribution.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("`{parameter}` = {value}: {allowed}")]
pub struct OutOfRange {
    /// Its name.
    pub parameter: &'static str,
    /// What it was.
    pub value: f64,
    /// What it must be, in words.
    pub allowed: &'static str,
}
