//! Recorders: what keeps spikes, events, variables and rates while a model runs.
//!
//! | recorder | when it records | what |
//! |---|---|---|
//! | [`EventRecorder`] | slot of the thresholder or of the event, its order + 1 | who, when, and variables before the reset |
//! | [`StateRecorder`] | any slot, each step or each period | variables of all or of some elements |
//! | [`RateRecorder`] | slot `end` | spikes per element and s, smoothed at the end if it was asked for |
//! | [`FinalRecorder`] | after the last step | variables of all elements |
//!
//! A recorder reads a state and never changes one. It can be cloned with all that it has recorded, for stored states; one
//! that is made anew for another run takes over what its predecessor has recorded (`resume`).

mod events;
mod rates;
mod reader;
mod states;
#[cfg(test)]
mod tests;

pub(crate) use events::EventRecorder;
pub(crate) use rates::RateRecorder;
pub(super) use reader::Reader;
pub(crate) use states::{FinalRecorder, StateRecorder};
