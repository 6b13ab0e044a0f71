//! Random streams and numerical building blocks.
