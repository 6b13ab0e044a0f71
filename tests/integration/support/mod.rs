//! A folder with pipelines and a store, run in this process ([`Lab`]) or by the command ([`command`]).

mod chance;
mod command;
mod lab;
#[cfg(target_os = "linux")]
mod large_recordings;
mod processes;
mod python;
mod recorder;
mod tables;

pub(crate) use chance::Chance;
pub(crate) use command::{Answer, lapicque, lapicque_with};
pub(crate) use lab::{Lab, Ran, Settings, folder_digest};
#[cfg(target_os = "linux")]
pub(crate) use large_recordings::{CHANNELS, RATE_HZ, watched, write_sparse_edf};
pub(crate) use processes::{Processes, VARIABLE};
pub(crate) use python::has_python;
pub(crate) use tables::{floats, numbers, texts};
