//! Searches in the space of parameters: where to look next, given what was found.
//!
//! [`cma_es`] goes to where a loss is least; [`evolution`] does so with a population whose individuals adapt their own steps;
//! [`nsga2`] finds the best compromises of several objectives; [`refine`] puts points where a quantity changes most between
//! neighbours. All are pure functions of what was found before: whoever calls them keeps the state, as plain numbers.
//!
//! ```
//! use lapicque_numerics::random::StreamKey;
//! use lapicque_search::cma_es::{CmaEs, Progress};
//!
//! // A parabola in the unit square, with its minimum at (0.2, 0.7).
//! let settings = CmaEs::new(2);
//! let mut progress = Progress::start(&settings, &StreamKey::new([0; 16]));
//! let loss = |x: &[f64]| (x[0] - 0.2).powi(2) + (x[1] - 0.7).powi(2);
//! for generation in 0..60 {
//!     let losses: Vec<f64> = progress.points().iter().map(|point| loss(point)).collect();
//!     progress = progress.learn(&settings, &losses, &StreamKey::new([1 + generation; 16]));
//!     if progress.has_ended() {
//!         break;
//!     }
//! }
//! let (best, least) = progress.best().ok_or("nothing was found")?;
//! assert!(least < 1e-10 && (best[0] - 0.2).abs() < 1e-5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Units: none. Parameters are scaled to 0 and 1 at their bounds by [`cma_es`], [`evolution`] and [`nsga2`], and are as they come in [`refine`].
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod cma_es;
pub mod evolution;
pub mod nsga2;
pub mod population;
pub mod refine;
