//! Stages of users' own: functions in Python ([`kinds`] `python`) and any other program (`command`), in processes of their own.
//!
//! What a user's program is enters the keys of its results: the content of its files, its versions, its settings.
//! Whatever it does fails samples, never the run: exceptions, crashes, endless loops, tables that are not what was promised.
//!
//! **Invariant:** no science. The one crate of stages that starts processes; it looks at the environment only to find them.

mod command;
mod conform;
mod declared;
mod guard;
mod inputs;
mod joined;
mod outcome;
mod printed;
mod process;
mod python;
mod sizes;

use lapicque_pipeline::Kind;

/// The kinds of this crate.
pub fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(command::CommandKind), Box::new(python::PythonKind)]
}
