//! Random streams and numerical building blocks.
//!
//! [`random`]: streams addressed by a key, a purpose and an index, so that no result depends on
//! threads or order. [`grid`]: evenly spaced points and time grids. [`special`]: error functions,
//! parabolic cylinder functions, Lambert's W. [`vectorise`]: one portable
//! loop, compiled for several instruction sets and chosen when it runs.
//!
//! ```
//! use lapicque_numerics::grid::TimeGrid;
//! use lapicque_numerics::random::StreamKey;
//! use lapicque_numerics::special::erfcx;
//!
//! // A refractory period between two steps goes up to the next one.
//! let grid = TimeGrid::new(0.1)?;
//! assert_eq!((grid.steps(2.0)?, grid.steps_up(0.25)?), (20, 3));
//!
//! // What is drawn depends on the key, the purpose and the index alone.
//! let key = StreamKey::new([7; 16]);
//! let delay = key.stream("delays", 3).normal();
//! let weight = key.stream("weights", 3).normal();
//! assert_eq!(key.stream("weights", 3).normal(), weight);
//! assert_ne!(delay, weight);
//!
//! // exp(1) erfc(1)
//! assert!((erfcx(1.0) - 0.427_583_576_155_807).abs() < 1e-15);
//! # Ok::<(), lapicque_numerics::grid::GridError>(())
//! ```
//!
//! Units: the caller's; times of a [`grid::TimeGrid`] are in ms.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod grid;
pub mod random;
pub mod special;
pub mod vectorise;
