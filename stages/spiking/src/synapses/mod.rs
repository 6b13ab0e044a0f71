//! Synapses: who connects to whom (`targets`), how they are stored (`rows`, `build`), and how spikes reach their targets (`inputs`, `deliver`).

mod build;
mod deliver;
mod inputs;
mod rows;
mod targets;

pub(crate) use build::{Afferents, build};
pub(crate) use deliver::Delivery;
pub(crate) use inputs::{Inputs, Layout};
pub(crate) use rows::Rows;
