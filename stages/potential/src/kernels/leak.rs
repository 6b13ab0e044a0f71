//! Effective leak: the mean conductance that synapses add to the membrane (Hagen et al 2022, Methods).
//!
//! ```text
//! external    dg_k = (n_ext A_k / sum A) w_ext beta_ext nu_ext / A_k
//! X -> Y      dg_k = p_k k_in w beta nu_X / A_k,     k_in = C N_X synapses per connection
//! ```
//!
//! `beta` is the area (ms) under the unit-peak conductance, `nu` rates, `A_k` areas.

use crate::cable::Cable;
use crate::kernels::placement::{mean_synapses_per_connection, synapse_fractions};
use crate::kernels::{ExternalSynapses, KernelError, KernelParameters, Population};

/// uS/um2 * ms * Hz in S/cm2.
const TO_S_PER_CM2: f64 = 0.1;

/// What is added to the leak of every compartment of a cell of `post`, S/cm2.
pub(super) fn added_conductance(
    parameters: &KernelParameters,
    post: &Population,
    cable: &Cable,
) -> Result<Vec<f64>, KernelError> {
    let total_area: f64 = cable.compartments.iter().map(|c| c.area_um2).sum();
    let density_of = |external: &ExternalSynapses| {
        TO_S_PER_CM2 * external.synapses / total_area
            * external.peak_conductance_us
            * external.time_course.area_ms()
            * external.rate_hz
    };
    let density: f64 = post.external.iter().map(density_of).sum();
    let mut added = vec![density; cable.compartments.len()];
    for connection in parameters.connections.iter().filter(|c| c.post == post.name) {
        let Some(pre) = parameters.population(&connection.pre) else {
            continue;
        };
        let in_degree = connection.probability
            * f64::from(pre.size)
            * mean_synapses_per_connection(&connection.synapses_per_connection);
        let total = TO_S_PER_CM2
            * in_degree
            * connection.peak_conductance_us
            * connection.synapse.time_course.area_ms()
            * pre.rate_hz;
        let fractions = synapse_fractions(connection, cable, &parameters.soma_depth)?;
        for ((added, fraction), compartment) in added.iter_mut().zip(fractions).zip(&cable.compartments) {
            *added += total * fraction / compartment.area_um2;
        }
    }
    Ok(added)
}
