//! A folder with pipelines and a store, run in this process ([`Lab`]) or by the command ([`command`]).

mod chance;
mod command;
mod lab;
mod processes;
mod python;
mod recorder;
mod tables;

pub(crate) use chance::Chance;
pub(crate) use command::{Answer, lapicque, lapicque_with};
pub(crate) use lab::{Lab, Ran, Settings, folder_digest};
pub(crate) use processes::{Processes, VARIABLE};
pub(crate) use python::has_python;
pub(crate) use tables::{floats, numbers, texts};
