//! The stage kinds: tables in, science, tables out.
