//! Predicts kernels: one factored cable per postsynaptic population, one response per connection.

use crate::cable::{Cable, CableStep, EndRounding};
use crate::kernels::delay::DelayDistribution;
use crate::kernels::leak::added_conductance;
use crate::kernels::placement::{mean_synapses_per_connection, synapse_fractions};
use crate::kernels::{Compatibility, Connection, GaussCylinder, KernelError, KernelParameters, Population, Probe};
use crate::membrane::SmallSignal;

/// Mean signal of one probe after one spike of one neuron of `pre`, through all its synapses onto `post`.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// The population that spikes.
    pub pre: String,
    /// The population whose membrane currents are recorded.
    pub post: String,
    /// What is recorded.
    pub probe: Probe,
    /// From one lag to the next.
    pub dt_ms: f64,
    /// At lags 0, dt, 2 dt, ..; nA um or mV per spike, see [`Probe::unit`].
    pub values: Vec<f64>,
}

/// The cell that stands for a whole postsynaptic population.
#[derive(Debug, Clone, PartialEq)]
pub struct PostsynapticCell {
    /// The cell cut into compartments.
    pub cable: Cable,
    /// One per compartment, the effective leak included.
    pub membrane: Vec<SmallSignal>,
}

/// Kernels of all connections and probes, in the order of `connections`, then `probes`.
///
/// # Errors
/// See [`KernelError`].
pub fn predict(parameters: &KernelParameters) -> Result<Vec<Kernel>, KernelError> {
    parameters.check()?;
    let mut kernels = Vec::with_capacity(parameters.connections.len() * parameters.probes.len());
    let mut steppers: Vec<(&str, Stepper)> = Vec::new();
    for connection in &parameters.connections {
        let known = steppers.iter().position(|(post, _)| *post == connection.post);
        let index = match known {
            Some(index) => index,
            None => {
                let post = named_population(parameters, connection, &connection.post)?;
                steppers.push((&connection.post, Stepper::new(parameters, post)?));
                steppers.len() - 1
            }
        };
        kernels.extend(respond(parameters, connection, &steppers[index].1)?);
    }
    Ok(kernels)
}

/// Kernels of one connection, one per probe.
///
/// # Errors
/// See [`KernelError`].
pub fn predict_connection(parameters: &KernelParameters, pre: &str, post: &str) -> Result<Vec<Kernel>, KernelError> {
    parameters.check()?;
    let connection = parameters
        .connection(pre, post)
        .ok_or_else(|| KernelError::UnknownConnection { pre: pre.into(), post: post.into() })?;
    let post = named_population(parameters, connection, post)?;
    respond(parameters, connection, &Stepper::new(parameters, post)?)
}

/// Compartments and linearised membrane of the cell of population `post`.
///
/// # Errors
/// A cell or channel out of range, or a placement without target.
pub fn postsynaptic_cell(parameters: &KernelParameters, post: &Population) -> Result<PostsynapticCell, KernelError> {
    let rounding = match parameters.compatibility {
        Compatibility::Exact => EndRounding::Exact,
        Compatibility::Lfpykernels => EndRounding::ThreeDecimals,
    };
    let cable = post.cell.compartments(rounding)?;
    let mut membrane = cable
        .compartments
        .iter()
        .map(|c| post.channels.linearize(parameters.membrane, c.region, post.resting_potential_mv))
        .collect::<Result<Vec<_>, _>>()?;
    if parameters.effective_leak {
        let added = added_conductance(parameters, post, &cable)?;
        for (membrane, added) in membrane.iter_mut().zip(added) {
            membrane.conductance_s_per_cm2 += added;
        }
    }
    Ok(PostsynapticCell { cable, membrane })
}

/// A factored cell with its probes as weights on potentials.
struct Stepper {
    cell: PostsynapticCell,
    step: CableStep,
    rows: Vec<Vec<f64>>,
}

impl Stepper {
    fn new(parameters: &KernelParameters, post: &Population) -> Result<Self, KernelError> {
        let cell = postsynaptic_cell(parameters, post)?;
        let step = CableStep::factor(&cell.cable, &cell.membrane, parameters.dt_ms);
        let cylinder = GaussCylinder::new(parameters.soma_depth, parameters.conductivity_s_per_m)?;
        let rows = parameters
            .probes
            .iter()
            .map(|probe| {
                let weights: Vec<f64> = cell
                    .cable
                    .compartments
                    .iter()
                    .map(|c| match *probe {
                        Probe::DipoleZ => c.z_um,
                        Probe::Lfp { contact_z_um } => cylinder.potential_per_current(contact_z_um, c.z_um),
                    })
                    .collect();
                cell.cable.current_weights_on_potentials(&weights)
            })
            .collect();
        Ok(Self { cell, step, rows })
    }
}

fn respond(
    parameters: &KernelParameters,
    connection: &Connection,
    stepper: &Stepper,
) -> Result<Vec<Kernel>, KernelError> {
    let steps = parameters.steps()?;
    let post = named_population(parameters, connection, &connection.post)?;
    let out_degree = connection.probability
        * f64::from(post.size)
        * mean_synapses_per_connection(&connection.synapses_per_connection);
    let driving_force_mv = post.resting_potential_mv - connection.synapse.reversal_potential_mv;
    let amplitudes: Vec<f64> = synapse_fractions(connection, &stepper.cell.cable, &parameters.soma_depth)?
        .into_iter()
        .map(|fraction| -connection.peak_conductance_us * driving_force_mv * fraction * out_degree)
        .collect();
    let responses = stepper.step.respond(&amplitudes, connection.synapse.time_course, &stepper.rows, steps);
    let delays = DelayDistribution::sample(connection, parameters.grid()?, steps)?;
    Ok(parameters
        .probes
        .iter()
        .zip(responses)
        .map(|(&probe, response)| Kernel {
            pre: connection.pre.clone(),
            post: connection.post.clone(),
            probe,
            dt_ms: parameters.dt_ms,
            values: delays.apply(&response),
        })
        .collect())
}

fn named_population<'a>(
    parameters: &'a KernelParameters,
    connection: &Connection,
    name: &str,
) -> Result<&'a Population, KernelError> {
    parameters.population(name).ok_or_else(|| KernelError::UnknownPopulation {
        pre: connection.pre.clone(),
        post: connection.post.clone(),
        name: name.into(),
        known: parameters.populations.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}
