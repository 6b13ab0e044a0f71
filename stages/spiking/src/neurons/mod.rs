//! Neuron models, a file each.
//!
//! A file holds the equations, the exact propagators or the scheme that is used instead, one neuron by itself (the
//! reference that traces are compared with) and the same step for many neurons side by side, which is what implements
//! `Dynamics`. `lif` has what all leaky integrate-and-fire models share: potential, threshold, reset and
//! refractoriness.

mod coefficients;
mod drawing;
mod dynamics;
pub mod iaf_psc_delta;
pub mod iaf_psc_exp;
mod lif;
#[cfg(test)]
mod perfect_integrator;

use lapicque_network::NeuronModel;

use crate::error::{SimulationError, unsupported};

pub(crate) use coefficients::{Coefficients, Slice};
pub(crate) use drawing::Drawing;
pub(crate) use dynamics::{Arriving, CHUNK, Chunk, Dynamics, Receptors};

/// Draws the neurons of a population.
type Draw = fn(&Drawing<'_>) -> Result<Box<dyn Dynamics>, SimulationError>;

/// The models that are simulated. This list and the file of a model are all there is of it in this crate.
const MODELS: &[(NeuronModel, Draw)] = &[
    (NeuronModel::IafPscExp, iaf_psc_exp::neurons),
    (NeuronModel::IafPscDelta, iaf_psc_delta::neurons),
    // A toy under the description of a model that is not simulated.
    #[cfg(test)]
    (NeuronModel::Binary, perfect_integrator::neurons),
];

/// The neurons of a population as their model draws them.
///
/// # Errors
/// A model that is described and not simulated; values that cannot be drawn or do not fit together.
pub(crate) fn neurons(drawing: &Drawing<'_>) -> Result<Box<dyn Dynamics>, SimulationError> {
    match MODELS.iter().find(|(model, _)| *model == drawing.model()) {
        Some((_, draw)) => draw(drawing),
        None => Err(unsupported(drawing.path("model"), "this neuron model is not simulated")),
    }
}
