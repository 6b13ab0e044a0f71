//! The tables that stages exchange: names, columns, units, keys, and the canonical digest of their content.
//!
//! One file per table in [`tables`] says what its columns mean and offers builders and views for stages.
//! [`digest`] and [`content`] give tables their identity, independent of how Arrow lays them out;
//! [`canonical`] brings floats into the one form that their digest stands for.
//!
//! **Invariant:** nothing here opens a file or knows a stage.

pub mod canonical;
pub mod content;
pub mod digest;
pub mod label_list;
mod labels;
pub mod schema;
pub mod tables;

pub use canonical::{canonical_column, canonical_floats};
pub use content::{ContentHasher, column_digests, content_digest, empty_digest, project_digest};
pub use digest::{Digest, DigestBuilder};
pub use label_list::Labels;
pub use labels::{label_positions, sample_field, with_sample, with_sample_field};
pub use schema::{Column, TableSchema, sample_column};
pub use tables::TableError;
