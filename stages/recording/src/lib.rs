//! File formats of recordings.
