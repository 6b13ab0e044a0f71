//! Kernel parameters from the description of a network of point neurons.
//!
//! A point neuron has no morphology, so cells, channels, places of synapses, contacts per connection, time courses and
//! reversal potentials are those of Hagen et al (2022), for populations E and I. What the network has, it gives:
//!
//! | network | kernels, as it is written | kernels, relative to a fitted network |
//! |---|---|---|
//! | size | N | N |
//! | rule | C = connections per ordered pair: p, k/N_pre, n/(N_pre N_post), 1 | C_hagen C/C_ref |
//! | weight (its mean as drawn) | w such that all contacts of a connection carry its charge at rest: w = Q/(\|V_rest - E_rev\| beta contacts) | w_hagen Q/Q_ref |
//! | delay | the same distribution | mean + (m_hagen - m_ref), sd s_hagen/s_ref, min + (min_hagen - min_ref), max as the mean |
//! | Poisson drive | synapses, rate; w_ext = Q/(\|V_rest - E_rev\| beta) | synapses, rate; w_ext Q/Q_ref |
//!
//! Q is the charge that one event of the point synapse carries: J tau_syn (`iaf_psc_exp`), e J tau_syn
//! (`iaf_psc_alpha`), J C_m (`iaf_psc_delta`, where J is the jump of the potential); a conductance synapse
//! (`iaf_cond_exp`) has w beta contacts = g tau_syn instead. `beta` is the area of the unit-peak conductance.
//!
//! The second column is for networks whose point neurons were fitted to those cells ([`Calibration::Relative`]): the fit
//! says what 1 pA, a probability and a delay of the one are in the other, so the reference itself gives the
//! published kernels and a network that differs from it gives kernels that differ by as much.
//!
//! Membranes, thresholds and refractoriness of the point neurons, constant currents, and delays of drives have no part in
//! kernels ([`uses`]).

use lapicque_network::{
    Connection as Description, Distribution, Drive, Network, NeuronModel, Population as PointNeurons, Rule, Shape,
    Spread, Synapse as Plasticity, Unsupported,
};

use crate::kernels::hagen::{EXCITATORY, INHIBITORY};
use crate::kernels::placement::mean_synapses_per_connection;
use crate::kernels::{Connection, ExternalSynapses, KernelParameters, Population, Synapse};

/// How values of point neurons become those of cells.
#[derive(Debug, Clone, Copy)]
pub enum Calibration<'a> {
    /// As they are written.
    AsWritten,
    /// Relative to a network whose counterpart is [`KernelParameters::hagen`].
    Relative(&'a Network),
}

/// What is known of the cells besides the network.
#[derive(Clone, Copy)]
pub struct CellValues<'a> {
    /// By population.
    pub resting_potential_mv: &'a dyn Fn(&str) -> f64,
    /// Of a connection (pre, post), where it does not follow from the network's weight.
    pub peak_conductance_us: &'a dyn Fn(&str, &str) -> Option<f64>,
}

impl KernelParameters {
    /// Of a valid network with the populations E and I; all that neither it nor `cells` has is that of
    /// [`KernelParameters::hagen`].
    ///
    /// # Errors
    /// What has no counterpart in kernels, by its path: other populations, two connections of one pair, plastic synapses,
    /// spatial profiles, binary units; weights of the sign that the cell has no synapses for.
    pub fn from_network(
        network: &Network,
        calibration: Calibration<'_>,
        cells: CellValues<'_>,
    ) -> Result<Self, Unsupported> {
        let mut parameters = Self::hagen();
        check_populations(network)?;
        for population in &mut parameters.populations {
            let neurons = point_neurons(network, "populations", &population.name)?;
            population.size = neurons.size;
            population.resting_potential_mv = (cells.resting_potential_mv)(&population.name);
            population.external = external(neurons, population, calibration)?;
        }
        let hagen = std::mem::take(&mut parameters.connections);
        for mut connection in hagen {
            let mut same = network.connections.iter().filter(|c| c.pre == connection.pre && c.post == connection.post);
            let Some(description) = same.next() else {
                continue;
            };
            if let Some(second) = same.next() {
                let reason = format!(
                    "`{}` connects the same populations; kernels take one connection of a pair",
                    description.name
                );
                return Err(unsupported(second, "pre", reason));
            }
            let (pre, post) = (
                point_neurons(network, &description.name, &description.pre)?,
                point_neurons(network, &description.name, &description.post)?,
            );
            let cell = parameters.populations.iter().find(|population| population.name == connection.post);
            let given = (cells.peak_conductance_us)(&connection.pre, &connection.post);
            follow(&mut connection, description, (pre, post), calibration)?;
            connection.peak_conductance_us = match given {
                Some(given) => given,
                None => peak_conductance(&connection, description, (post, cell), calibration)?,
            };
            parameters.connections.push(connection);
        }
        Ok(parameters)
    }
}

/// Whether a value of a network, by its path, has a part in kernels.
pub fn uses(network: &Network, path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["populations", _, "size"] => true,
        ["populations", _, "tau_syn_ex" | "tau_syn_in", ..] => true,
        ["populations", name, "C_m", ..] => {
            network.population(name).is_some_and(|neurons| neurons.neuron.model == NeuronModel::IafPscDelta)
        }
        ["populations", _, "drive" | "drives", rest @ ..] => {
            rest.iter().any(|part| ["rate", "synapses", "weight"].contains(part))
        }
        ["connections", _, "rule" | "weight" | "delay", ..] => true,
        _ => false,
    }
}

fn check_populations(network: &Network) -> Result<(), Unsupported> {
    let mut names: Vec<&str> = network.populations.iter().map(|population| population.name.as_str()).collect();
    names.sort_unstable();
    if names == ["E", "I"] {
        return Ok(());
    }
    let reason = format!(
        "kernels need a multicompartment cell for each population; there are cells for E and I of Hagen et al. (2022), and this network has the populations {}",
        names.join(", ")
    );
    Err(Unsupported { path: "populations".to_owned(), reason })
}

/// Takes probability and delay from the network.
fn follow(
    connection: &mut Connection,
    description: &Description,
    (pre, post): (&PointNeurons, &PointNeurons),
    calibration: Calibration<'_>,
) -> Result<(), Unsupported> {
    if description.synapse != Plasticity::Static {
        return Err(unsupported(description, "synapse", "kernels have static synapses"));
    }
    if description.profile.is_some() {
        return Err(unsupported(description, "profile", "neurons have no positions in kernels"));
    }
    let pairs = connections_per_pair(description, pre, post);
    match calibration {
        Calibration::AsWritten => {
            connection.probability = pairs;
            connection.delay_ms = description.delay_ms;
        }
        Calibration::Relative(reference) => {
            let (of_reference, pre, post) = of_reference(reference, description)?;
            connection.probability *= pairs / connections_per_pair(of_reference, pre, post);
            let delay = moved(connection.delay_ms, &description.delay_ms, &of_reference.delay_ms);
            connection.delay_ms = delay.ok_or_else(|| {
                let less_ms = of_reference.delay_ms.mean() - connection.delay_ms.mean();
                let reason = format!(
                    "its mean of {} ms leaves no delay for the cells, whose mean is {less_ms} ms below that of the point neurons",
                    description.delay_ms.mean()
                );
                unsupported(description, "delay", reason)
            })?;
        }
    }
    if connection.probability > 1.0 {
        let reason = format!("{pairs} connections of each pair; kernels take at most 1");
        return Err(unsupported(description, "rule", reason));
    }
    Ok(())
}

/// w, from the weight of the network.
fn peak_conductance(
    connection: &Connection,
    description: &Description,
    (post, cell): (&PointNeurons, Option<&Population>),
    calibration: Calibration<'_>,
) -> Result<f64, Unsupported> {
    let charge = charge(post, &description.weight)?;
    let (sign, kind) = match connection.synapse.reversal_potential_mv == EXCITATORY.reversal_potential_mv {
        true => (1.0, "excitatory"),
        false => (-1.0, "inhibitory"),
    };
    if charge.value() * sign < 0.0 {
        let reason = format!("its mean has the wrong sign: cells have {kind} synapses from {}", connection.pre);
        return Err(unsupported(description, "weight", reason));
    }
    let path = || format!("connections.{}.weight", description.name);
    match calibration {
        Calibration::AsWritten => {
            let resting_potential_mv = cell.map_or(f64::NAN, |cell| cell.resting_potential_mv);
            let contacts = mean_synapses_per_connection(&connection.synapses_per_connection);
            Ok(peak_conductance_us(charge, connection.synapse, resting_potential_mv, path)? / contacts)
        }
        Calibration::Relative(reference) => {
            let (of_reference, _, post) = of_reference(reference, description)?;
            Ok(connection.peak_conductance_us * charge.ratio(self::charge(post, &of_reference.weight)?, path)?)
        }
    }
}

/// The connection of the same populations in the reference, with its ends.
fn of_reference<'a>(
    reference: &'a Network,
    description: &Description,
) -> Result<(&'a Description, &'a PointNeurons, &'a PointNeurons), Unsupported> {
    let same = |c: &&Description| c.pre == description.pre && c.post == description.post;
    let found = reference.connections.iter().find(same).ok_or_else(|| {
        unsupported(description, "pre", "the network that was fitted has no connection of these populations")
    })?;
    let end = |name: &str| point_neurons(reference, &found.name, name);
    Ok((found, end(&found.pre)?, end(&found.post)?))
}

/// The delays of cells where those of point neurons are `delay` instead of `reference`; none if no delay is left.
fn moved(cells: Distribution, delay: &Distribution, reference: &Distribution) -> Option<Distribution> {
    let shift = cells.mean() - reference.mean();
    let mean = cells.mean() + (delay.mean() - reference.mean());
    let sd = cells.sd() * (delay.sd() / reference.sd());
    let bound =
        |delay: f64, reference: f64, cells: f64| if delay.is_finite() { cells + (delay - reference) } else { delay };
    let (min, max) = delay.limits();
    let min = if min > f64::MIN_POSITIVE { bound(min, reference.limits().0, cells.limits().0).max(0.0) } else { 0.0 };
    let max = bound(max, 0.0, shift);
    if mean <= 0.0 || max < min {
        return None;
    }
    let sd = Spread::Absolute(sd);
    let shape = match delay.shape {
        Shape::Constant { .. } => Shape::Constant { value: mean },
        Shape::Normal { .. } => Shape::Normal { mean, sd },
        Shape::Lognormal { .. } => Shape::Lognormal { mean, sd },
        Shape::Uniform { low, high } => {
            let scale = cells.sd() / reference.sd();
            let end = |end: f64| mean + (end - delay.mean()) * scale;
            Shape::Uniform { low: end(low), high: end(high) }
        }
    };
    Some(Distribution { shape, bounds: lapicque_network::Bounds::Between { min, max } })
}

/// Connections of each ordered pair of neurons, on average.
fn connections_per_pair(connection: &Description, pre: &PointNeurons, post: &PointNeurons) -> f64 {
    let recurrent = connection.pre == connection.post;
    match connection.rule {
        // The number that is written, to its last digit.
        Rule::Probability { p, autapses } if autapses || !recurrent => p,
        Rule::AllToAll { autapses } if autapses || !recurrent => 1.0,
        _ => connection.expected_synapses(pre.size, post.size) / (f64::from(pre.size) * f64::from(post.size)),
    }
}

/// Poisson drives as synapses onto each cell.
fn external(
    neurons: &PointNeurons,
    cell: &Population,
    calibration: Calibration<'_>,
) -> Result<Vec<ExternalSynapses>, Unsupported> {
    let mut all = Vec::new();
    for (position, drive) in neurons.drives.iter().enumerate() {
        let Drive::Poisson { rate_hz, synapses, weight, .. } = drive else {
            continue;
        };
        let path = || match neurons.drives.len() {
            1 => format!("populations.{}.drive.weight", neurons.name),
            _ => format!("populations.{}.drives.{position}.weight", neurons.name),
        };
        let charge = charge(neurons, weight)?;
        let synapse = if charge.value() < 0.0 { INHIBITORY } else { EXCITATORY };
        let reference = match calibration {
            Calibration::Relative(network) if charge.value() >= 0.0 => reference_drive(network, &neurons.name)?,
            _ => None,
        };
        let peak_conductance_us = match reference.zip(cell.external.first()) {
            Some((reference, of_hagen)) => of_hagen.peak_conductance_us * charge.ratio(reference, path)?,
            None => peak_conductance_us(charge, synapse, cell.resting_potential_mv, path)?,
        };
        let time_course = synapse.time_course;
        all.push(ExternalSynapses { synapses: *synapses, peak_conductance_us, time_course, rate_hz: *rate_hz });
    }
    Ok(all)
}

/// What an event of the first Poisson drive of a population carries.
fn reference_drive(network: &Network, population: &str) -> Result<Option<Charge>, Unsupported> {
    let neurons = point_neurons(network, "fitted_to", population)?;
    let weight = neurons.drives.iter().find_map(|drive| match drive {
        Drive::Poisson { weight, .. } => Some(weight),
        Drive::Current { .. } => None,
    });
    weight.map(|weight| charge(neurons, weight)).transpose()
}

/// What one event carries, with the sign of its weight.
#[derive(Debug, Clone, Copy)]
enum Charge {
    Femtocoulombs(f64),
    /// Of a conductance: its area, nS ms.
    Area(f64),
}

impl Charge {
    fn value(self) -> f64 {
        match self {
            Self::Femtocoulombs(value) | Self::Area(value) => value,
        }
    }

    fn ratio(self, reference: Self, path: impl Fn() -> String) -> Result<f64, Unsupported> {
        match (self, reference) {
            (Self::Femtocoulombs(own), Self::Femtocoulombs(reference)) | (Self::Area(own), Self::Area(reference)) => {
                Ok(own / reference)
            }
            _ => Err(Unsupported {
                path: path(),
                reason: "a network that is `fitted_to` another has synapses of its kind; leave `fitted_to` out"
                    .to_owned(),
            }),
        }
    }
}

/// By the mean of the weights as they are drawn.
fn charge(post: &PointNeurons, weight: &Distribution) -> Result<Charge, Unsupported> {
    let (mean, _) = weight.drawn_mean_and_sd();
    let value = |symbol: &str| post.neuron.parameters.get(symbol).map_or(f64::NAN, |value| value.drawn_mean_and_sd().0);
    let tau_ms = || value(if mean < 0.0 { "tau_syn_in" } else { "tau_syn_ex" });
    Ok(match post.neuron.model {
        NeuronModel::IafPscExp => Charge::Femtocoulombs(mean * tau_ms()),
        NeuronModel::IafPscAlpha => Charge::Femtocoulombs(std::f64::consts::E * mean * tau_ms()),
        NeuronModel::IafPscDelta => Charge::Femtocoulombs(mean * value("C_m")),
        NeuronModel::IafCondExp => Charge::Area(mean * tau_ms()),
        NeuronModel::Binary => {
            let path = format!("populations.{}.model", post.name);
            return Err(Unsupported { path, reason: "binary units have no synaptic currents".to_owned() });
        }
    })
}

/// Of synapses that together carry a charge at rest.
fn peak_conductance_us(
    charge: Charge,
    synapse: Synapse,
    resting_potential_mv: f64,
    path: impl Fn() -> String,
) -> Result<f64, Unsupported> {
    let area_ms = synapse.time_course.area_ms();
    match charge {
        Charge::Area(ns_ms) => Ok(1e-3 * ns_ms.abs() / area_ms),
        Charge::Femtocoulombs(0.0) => Ok(0.0),
        Charge::Femtocoulombs(charge) => {
            // Positive where the synapse has the sign of the charge: fC/(mV ms) = nS.
            let driving_force_mv = (synapse.reversal_potential_mv - resting_potential_mv) * charge.signum();
            if driving_force_mv > 0.0 {
                return Ok(1e-3 * charge.abs() / (driving_force_mv * area_ms));
            }
            let reason = format!(
                "no conductance carries its charge at rest: the resting potential is {resting_potential_mv} mV, the reversal potential {} mV; give the conductance under `weights`, or another resting potential",
                synapse.reversal_potential_mv
            );
            Err(Unsupported { path: path(), reason })
        }
    }
}

fn point_neurons<'a>(network: &'a Network, of: &str, name: &str) -> Result<&'a PointNeurons, Unsupported> {
    network
        .population(name)
        .ok_or_else(|| Unsupported { path: of.to_owned(), reason: format!("there is no population `{name}`") })
}

fn unsupported(connection: &Description, part: &str, reason: impl Into<String>) -> Unsupported {
    Unsupported { path: format!("connections.{}.{part}", connection.name), reason: reason.into() }
}
