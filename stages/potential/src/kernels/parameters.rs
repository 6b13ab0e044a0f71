//! What a kernel prediction needs to know. Every number of the reference model is a field; [`KernelParameters::hagen`] fills them.

use lapicque_network::Distribution;

use crate::cable::{BallAndSticks, Region, SynapticTimeCourse};
use crate::kernels::Probe;
use crate::membrane::{Channels, MembraneModel};

/// All populations and connections of a network, and how to look at them.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelParameters {
    /// Connections name them.
    pub populations: Vec<Population>,
    /// Kernels come out in this order.
    pub connections: Vec<Connection>,
    /// Which currents the membrane has.
    pub membrane: MembraneModel,
    /// Adds the mean synaptic conductance to the leak.
    pub effective_leak: bool,
    /// Where somas lie.
    pub soma_depth: SomaDepth,
    /// From one lag to the next.
    pub dt_ms: f64,
    /// Kernels have lags 0, dt, .., window: `window / dt + 1` samples.
    pub window_ms: f64,
    /// What is recorded.
    pub probes: Vec<Probe>,
    /// Of the tissue around the cells, for potentials.
    pub conductivity_s_per_m: f64,
    /// Which peer is followed where it deviates.
    pub compatibility: Compatibility,
}

/// Neurons that share one cell model.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// As in the network.
    pub name: String,
    /// Number of neurons.
    pub size: u32,
    /// Mean firing rate of a neuron.
    pub rate_hz: f64,
    /// Where driving forces and channels are linearised.
    pub resting_potential_mv: f64,
    /// Synapses from outside the network.
    pub external: Vec<ExternalSynapses>,
    /// The shape of a neuron.
    pub cell: BallAndSticks,
    /// The channels in its membrane.
    pub channels: Channels,
}

/// Synapses from one population onto another.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// The population that spikes.
    pub pre: String,
    /// The population that receives.
    pub post: String,
    /// w.
    pub peak_conductance_us: f64,
    /// What one event does.
    pub synapse: Synapse,
    /// C: that a pair of neurons is connected at all.
    pub probability: f64,
    /// Of a connected pair; whole numbers within the limits are weighted by the density.
    pub synapses_per_connection: TruncatedNormal,
    /// Bounds cut it; no delay is below 0.
    pub delay_ms: Distribution,
    /// Where synapses sit.
    pub placement: Placement,
}

/// A conductance synapse: bi-exponential with unit peak, times the driving force at rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synapse {
    /// Of the conductance.
    pub time_course: SynapticTimeCourse,
    /// The driving force is its distance from rest.
    pub reversal_potential_mv: f64,
}

/// Synapses from outside the network, spread over the membrane by area. They act on the effective leak only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExternalSynapses {
    /// Onto each neuron.
    pub synapses: f64,
    /// Of one event.
    pub peak_conductance_us: f64,
    /// Of the conductance.
    pub time_course: SynapticTimeCourse,
    /// Of each synapse.
    pub rate_hz: f64,
}

/// Where on the cell synapses sit: a mixture of normal densities over depth, times membrane area.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Only these parts of the cell receive synapses.
    pub regions: Vec<Region>,
    /// Depths are those of the network, where the surface is up.
    pub peaks: Vec<DepthPeak>,
    /// Of each peak.
    pub sd_um: f64,
}

/// One normal density of a mixture over depth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DepthPeak {
    /// Mean depth, of z growing towards the surface.
    pub mean_um: f64,
    /// Relative to the other peaks.
    pub weight: f64,
}

/// Somas lie in a disc, normally distributed over depth; synapses and contacts do not move with them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SomaDepth {
    /// Of the disc.
    pub radius_um: f64,
    /// Mean depth, of z growing towards the surface.
    pub mean_um: f64,
    /// Over depth.
    pub sd_um: f64,
}

/// A normal density on `min <= x <= max` (`max` may be infinite); `sd = 0` is the constant `mean`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruncatedNormal {
    /// Before it was cut.
    pub mean: f64,
    /// Before it was cut.
    pub sd: f64,
    /// No value is below.
    pub min: f64,
    /// No value is above.
    pub max: f64,
}

/// Peers whose deviations are reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compatibility {
    /// None.
    #[default]
    Exact,
    /// Rounds the coordinates of segment ends to 3 decimals of a um, as LFPykernels 0.2.0 does.
    Lfpykernels,
}

impl KernelParameters {
    /// The population of this name.
    pub fn population(&self, name: &str) -> Option<&Population> {
        self.populations.iter().find(|p| p.name == name)
    }

    /// The population of this name, to be changed.
    pub fn population_mut(&mut self, name: &str) -> Option<&mut Population> {
        self.populations.iter_mut().find(|p| p.name == name)
    }

    /// The connection between these populations.
    pub fn connection(&self, pre: &str, post: &str) -> Option<&Connection> {
        self.connections.iter().find(|c| c.pre == pre && c.post == post)
    }

    /// The connection between these populations, to be changed.
    pub fn connection_mut(&mut self, pre: &str, post: &str) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|c| c.pre == pre && c.post == post)
    }
}

impl TruncatedNormal {
    /// Up to a factor; 0 outside the limits.
    pub(crate) fn relative_density(&self, x: f64) -> f64 {
        if x < self.min || x > self.max {
            return 0.0;
        }
        (-0.5 * ((x - self.mean) / self.sd).powi(2)).exp()
    }
}
