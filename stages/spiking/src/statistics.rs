//! Rates, intervals and counts.
