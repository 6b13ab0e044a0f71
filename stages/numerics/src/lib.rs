//! Random streams and numerical building blocks.
//!
//! [`random`]: streams addressed by a key, a purpose and an index, so that no result depends on
//! threads or order. [`grid`]: evenly spaced points and time grids. [`special`]: error functions,
//! parabolic cylinder functions, Lambert's W. [`vectorise`]: one portable
//! loop, compiled for several instruction sets and chosen when it runs.
//!
//! Units: the caller's; times of a [`grid::TimeGrid`] are in ms.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod grid;
pub mod random;
pub mod special;
pub mod vectorise;
