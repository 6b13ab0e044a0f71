//! Signals: resampling, epochs, catch22.
