//! The `lapicque` facade.
