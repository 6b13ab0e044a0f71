//! Spikes that do not depend on variables: those of spike generators, and of Poisson processes whose rates do not change.

use super::context::Context;
use super::error::NetworkError;
use super::groups::fixed_probabilities;
use super::object::Object;
use super::poisson_times::PoissonTimes;
use super::spike_generator::SpikeTimes;
use crate::engine::Draws;

/// Who spikes in which step.
#[derive(Clone, Debug)]
pub(crate) enum GivenSpikes {
    /// Of a spike generator.
    Times(SpikeTimes),
    /// Of Poisson processes.
    Poisson(PoissonTimes),
}

impl GivenSpikes {
    /// Those of a group; none where a threshold says who spikes.
    ///
    /// # Errors
    /// Times and rates that are not allowed.
    pub(crate) fn of(context: &Context<'_>, object: &Object) -> Result<Option<Self>, NetworkError> {
        let (model, name) = (context.model, &object.name);
        match object.path.split('.').next() {
            Some("spike_generators") => {
                let Some(described) = model.spike_generators.get(name) else { return Ok(None) };
                Ok(Some(Self::Times(SpikeTimes::new(context, &object.path, described, object.dt)?)))
            }
            Some("poisson") => {
                let Some(described) = model.poisson.get(name) else { return Ok(None) };
                let fixed = fixed_probabilities(context, name, described)?;
                let key = Draws::key(&context.key.derive(&object.path).derive("spikes"));
                Ok(fixed.map(|fixed| Self::Poisson(PoissonTimes::new(described.size, fixed, key))))
            }
            _ => Ok(None),
        }
    }

    /// Appends who spikes in a step, ascending.
    pub(crate) fn fired(&mut self, step: u64, out: &mut Vec<u32>) {
        match self {
            Self::Times(times) => times.fired(step, out),
            Self::Poisson(times) => times.fired(step, out),
        }
    }
}
