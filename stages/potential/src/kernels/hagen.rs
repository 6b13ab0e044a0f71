//! The reference parameters of Hagen et al 2022 (PLOS Comput Biol 18:e1010353): one excitatory, one inhibitory population.
//!
//! | | E -> E | E -> I | I -> E | I -> I |
//! |---|---|---|---|---|
//! | peak conductance (uS) | 1.5e-4 | 1.25e-4 | 4.5e-3 | 2e-3 |
//! | rise, decay (ms); reversal (mV) | 0.2, 1.8; 0 | 0.2, 1.8; 0 | 0.1, 9; -80 | 0.1, 9; -80 |
//! | synapses per connection (1..10) | 2 +- 0.4 | 2 +- 0.6 | 5 +- 0.9 | 5 +- 1.1 |
//! | delay (ms), minimum | 1.5 +- 0.3, 0.3 | 1.4 +- 0.4, 0.3 | 1.3 +- 0.5, 0.2 | 1.2 +- 0.6, 0.3 |
//! | synapses on | dendrites | dendrites | everywhere | everywhere |
//! | depth of peaks (um): weight | 0: 0.5, 500: 1 | 50: 1 | -50: 1 | -100: 1 |
//!
//! Connection probability 0.05, 8192 and 1024 neurons, 465 and 160 external synapses at 40 Hz.

use lapicque_network::{Bounds, Distribution, Shape, Spread};

use crate::cable::{BallAndSticks, Region, SynapticTimeCourse};
use crate::kernels::{
    Compatibility, Connection, DepthPeak, ExternalSynapses, KernelParameters, Placement, Population, Probe, SomaDepth,
    Synapse, TruncatedNormal,
};
use crate::membrane::{Channels, MembraneModel};

const DENDRITES: &[Region] = &[Region::Apical, Region::Basal];
const EVERYWHERE: &[Region] = &[Region::Soma, Region::Apical, Region::Basal];

pub(super) const EXCITATORY: Synapse =
    Synapse { time_course: SynapticTimeCourse { rise_time_ms: 0.2, decay_time_ms: 1.8 }, reversal_potential_mv: 0.0 };

pub(super) const INHIBITORY: Synapse =
    Synapse { time_course: SynapticTimeCourse { rise_time_ms: 0.1, decay_time_ms: 9.0 }, reversal_potential_mv: -80.0 };

impl KernelParameters {
    /// The reference model at rates of 6 and 9 Hz and a resting potential of -65 mV, seen by the z dipole alone.
    pub fn hagen() -> Self {
        Self {
            populations: vec![
                Population {
                    name: "E".into(),
                    size: 8192,
                    rate_hz: 6.0,
                    resting_potential_mv: -65.0,
                    external: vec![external(465.0)],
                    cell: BallAndSticks::hagen_excitatory(),
                    channels: Channels::hay(),
                },
                Population {
                    name: "I".into(),
                    size: 1024,
                    rate_hz: 9.0,
                    resting_potential_mv: -65.0,
                    external: vec![external(160.0)],
                    cell: BallAndSticks::hagen_inhibitory(),
                    channels: Channels::hay(),
                },
            ],
            connections: connections(),
            membrane: MembraneModel::IhLinearized,
            effective_leak: true,
            soma_depth: SomaDepth { radius_um: 150.0, mean_um: 0.0, sd_um: 75.0 },
            dt_ms: 0.0625,
            window_ms: 100.0,
            probes: vec![Probe::DipoleZ],
            conductivity_s_per_m: 0.3,
            compatibility: Compatibility::Exact,
        }
    }
}

fn external(synapses: f64) -> ExternalSynapses {
    ExternalSynapses { synapses, peak_conductance_us: 0.0002, time_course: EXCITATORY.time_course, rate_hz: 40.0 }
}

fn connections() -> Vec<Connection> {
    vec![
        connection(
            ("E", "E"),
            (1.5e-4, EXCITATORY),
            (2.0, 0.4),
            (1.5, 0.3, 0.3),
            (DENDRITES, &[(0.0, 0.5), (500.0, 1.0)]),
        ),
        connection(("E", "I"), (1.25e-4, EXCITATORY), (2.0, 0.6), (1.4, 0.4, 0.3), (DENDRITES, &[(50.0, 1.0)])),
        // The published example truncates this delay at 0.3 ms for a mean of 1.4 ms and then shifts both by -0.1 ms.
        connection(("I", "E"), (4.5e-3, INHIBITORY), (5.0, 0.9), (1.3, 0.5, 0.2), (EVERYWHERE, &[(-50.0, 1.0)])),
        connection(("I", "I"), (2e-3, INHIBITORY), (5.0, 1.1), (1.2, 0.6, 0.3), (EVERYWHERE, &[(-100.0, 1.0)])),
    ]
}

/// One column of the table: (mean, sd) of synapses per connection, (mean, sd, min) of the delay, (depth, weight) of each peak.
fn connection(
    (pre, post): (&str, &str),
    (peak_conductance_us, synapse): (f64, Synapse),
    (synapses, synapses_sd): (f64, f64),
    (delay_ms, delay_sd_ms, delay_min_ms): (f64, f64, f64),
    (regions, peaks): (&[Region], &[(f64, f64)]),
) -> Connection {
    Connection {
        pre: pre.into(),
        post: post.into(),
        peak_conductance_us,
        synapse,
        probability: 0.05,
        synapses_per_connection: TruncatedNormal { mean: synapses, sd: synapses_sd, min: 1.0, max: 10.0 },
        delay_ms: Distribution {
            shape: Shape::Normal { mean: delay_ms, sd: Spread::Absolute(delay_sd_ms) },
            bounds: Bounds::Between { min: delay_min_ms, max: f64::INFINITY },
        },
        placement: Placement {
            regions: regions.to_vec(),
            peaks: peaks.iter().map(|&(mean_um, weight)| DepthPeak { mean_um, weight }).collect(),
            sd_um: 100.0,
        },
    }
}
