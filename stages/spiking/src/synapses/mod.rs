//! Synapses: who connects to whom (`targets`), how they are stored (`rows`), drawn and
//! sorted (`projection`, `sort`, `build`), and how spikes reach their targets (`inputs`,
//! `deliver`).

mod build;
mod deliver;
mod inputs;
mod projection;
mod rows;
mod sort;
mod targets;

pub(crate) use build::{build, bytes_per_weight};
pub(crate) use deliver::Delivery;
pub(crate) use inputs::{ENTRIES, Inputs, Layout};
pub(crate) use projection::Projection;
pub(crate) use rows::Rows;
