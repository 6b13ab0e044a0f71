//! What crosses crates: the pipeline as a whole, in one binary because each links the query engine.
//!
//! `incremental` and `sweep` ask what runs again after a change, `conformance` what every kind of stage promises,
//! `edits` and `losses` compare random edits with an oracle, `losses` on stores that lose files between them,
//! `executors` runs the suites of results and of increments in processes of their own,
//! `scale` has a hundred thousand samples, `searches` and `kinds_that_search` have samples that follow from results,
//! `damage`, `interrupted` and `failures` ask what is lost when things go wrong,
//! `answering`, `bad_inputs`, `cli`, `networks` and `plot` what the command says,
//! `units` in which units tables are, `recording` applies a model to real recordings, `large_recordings` counts memory,
//! `own_stages` runs functions and programs of users, `whole_brain` its examples in a small form,
//! `tables` follows names and cells of users' tables from files to files, `theory_and_simulation` compares both on one network.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[allow(dead_code, reason = "its command is for people")]
#[path = "../../examples/recordings_cohort/make_cohort.rs"]
mod make_cohort;
mod support;

mod answering;
mod apply;
mod audit;
mod bad_inputs;
mod catalogue;
mod cli;
mod conformance;
mod damage;
mod edits;
mod equation_models;
mod executors;
mod failures;
mod incremental;
mod interrupted;
mod kinds_that_search;
#[cfg(target_os = "linux")]
mod large_recordings;
mod losses;
mod networks;
mod own_stages;
mod plot;
mod recording;
mod sample_grain;
mod scale;
mod searches;
mod selection;
mod sequential;
mod sql_differences;
mod sql_duckdb;
mod sql_generator;
mod sql_numbers;
mod sql_pruning;
mod sql_random;
mod sql_stage;
mod sql_tables;
mod sweep;
mod tables;
mod theory_and_simulation;
mod units;
mod whole_brain;
