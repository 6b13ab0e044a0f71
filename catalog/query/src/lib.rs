//! SQL over stage tables.
