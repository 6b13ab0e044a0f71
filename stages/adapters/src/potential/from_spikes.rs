//! `potential.from_spikes`: spike counts convolved with kernels and added up ([`lapicque_potential::convolution`]).
//!
//! Bins are as long as a time step: `[t_start + i dt, t_start + (i + 1) dt)`, the last one closed.

use std::borrow::Cow;

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, PortMode, PortSpec, Ports, Read, SampleError,
    SampleOutput, Stage, each_sample,
};
use lapicque_potential::convolution::{BinGrid, PopulationSpikes, Superposition, superpose};
use lapicque_potential::kernels::{Kernel, Probe};
use lapicque_schemas::tables::kernels::{self, KernelRow};
use lapicque_schemas::tables::populations::{self, RecordedInterval};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::spikes;
use lapicque_signal::decimate::decimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kernel_config::ProbeName;
use crate::kind_config::{bound, problem, read, schema_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec { name: "spikes", table: spikes::TABLE, mode: PortMode::Either, required: true },
    PortSpec { name: "populations", table: populations::TABLE, mode: PortMode::Either, required: true },
    PortSpec { name: "kernels", table: kernels::TABLE, mode: PortMode::Either, required: true },
];

pub(super) struct FromSpikes;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Which kernels are used: `dipole_z` gives the current dipole moment (nA um), `lfp` a potential per contact (mV).
    probe: ProbeName,
    /// Keeps every n-th value after a zero-phase low-pass filter; 1 keeps all.
    decimate: u32,
    /// One signal per connection, named as in `dipole_z E->I` (presynaptic -> postsynaptic), instead of their sum.
    by_connection: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { probe: ProbeName::DipoleZ, decimate: 1, by_connection: false }
    }
}

struct FromSpikesStage {
    bound: Bound,
    config: Config,
    /// As the schema of the spikes says.
    dt_ms: Option<f64>,
}

impl Kind for FromSpikes {
    fn name(&self) -> &str {
        "potential.from_spikes"
    }

    fn summary(&self) -> &str {
        "Convolve spikes with kernels: dipole moments or local field potentials"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        if config.decimate == 0 {
            return problem("decimate", "0 is no factor; 1 keeps all values");
        }
        let dt_ms = request.input("spikes").and_then(|input| spikes::dt_ms(&input.schema));
        let outputs = vec![Output::new("signals", signals::schema())];
        let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
        for read in &mut bound.reads {
            let columns: Option<&[&str]> = match read.port.as_str() {
                "spikes" => Some(&["population", "step"]),
                "populations" => Some(&["population", "t_start_ms", "t_stop_ms"]),
                _ => None,
            };
            if let Some(columns) = columns {
                *read = Read::columns(&read.port, columns.iter().map(|&c| c.to_owned()));
            }
        }
        if dt_ms.is_none() {
            bound.notes.push(
                "column `step` of the spikes has no `dt_ms`: steps are taken to be as long as those of the kernels"
                    .to_owned(),
            );
        }
        Ok(Box::new(FromSpikesStage { bound, config, dt_ms }))
    }
}

impl Stage for FromSpikesStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let table = |port: &str| {
                batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")))
            };
            let signals = self.signals(table("spikes")?, table("populations")?, table("kernels")?)?;
            signals::write(&signals).map(SampleOutput::of).map_err(SampleError::internal)
        })
    }
}

impl FromSpikesStage {
    fn signals(
        &self,
        spikes: &RecordBatch,
        populations: &RecordBatch,
        kernels: &RecordBatch,
    ) -> Result<Vec<Signal<'static>>, SampleError> {
        let kernels = self.kernels(kernels)?;
        let dt_ms = self.dt_ms.or_else(|| kernels.first().map(|kernel| kernel.kernel.dt_ms)).unwrap_or(f64::NAN);
        let (names, grid) = interval(populations, dt_ms)?;
        let mut steps = spikes::steps_by_population(spikes).map_err(SampleError::input)?;
        if let Some((name, _)) = steps.iter().find(|(name, _)| !names.contains(name)) {
            return Err(SampleError::input(format!(
                "there are spikes of `{name}`, which is not among the populations: {}",
                names.join(", ")
            )));
        }
        // A silent population without kernels adds nothing; one that spikes is missed by `superpose`.
        let silent = names.into_iter().filter(|name| !steps.iter().any(|(known, _)| known == name));
        let silent: Vec<String> =
            silent.filter(|name| kernels.iter().any(|kernel| kernel.kernel.pre == *name)).collect();
        steps.extend(silent.into_iter().map(|name| (name, Vec::new())));
        steps.sort_by(|a, b| a.0.cmp(&b.0));
        let input: Vec<PopulationSpikes<'_>> =
            steps.iter().map(|(population, steps)| PopulationSpikes { population, steps }).collect();
        let superposition = if self.config.by_connection { Superposition::ByConnection } else { Superposition::Total };
        let units: Vec<(Probe, String, String)> =
            kernels.iter().map(|k| (k.kernel.probe, k.channel.clone(), k.unit.clone())).collect();
        let kernels: Vec<Kernel> = kernels.into_iter().map(|kernel| kernel.kernel).collect();
        let sums = superpose(&input, &kernels, &grid, superposition).map_err(SampleError::input)?;
        let factor = self.config.decimate as usize;
        let mut signals = Vec::with_capacity(sums.len());
        for sum in sums {
            let named = units.iter().find(|(probe, ..)| *probe == sum.probe);
            let (_, channel, unit) = named.ok_or_else(|| SampleError::internal("a signal without kernel"))?;
            let channel = match &sum.connection {
                Some((pre, post)) => format!("{channel} {pre}->{post}"),
                None => channel.clone(),
            };
            let values = if factor == 1 { Ok(sum.values) } else { decimate(&sum.values, factor) };
            let values = values.map_err(|error| SampleError::input(format!("channel {channel}: {error}")))?;
            signals.push(Signal {
                channel: Cow::Owned(channel),
                epoch: 0,
                t0_ms: grid.t_start_ms(),
                dt_ms: dt_ms * self.config.decimate as f64,
                unit: Cow::Owned(unit.clone()),
                values: Cow::Owned(values),
            });
        }
        Ok(signals)
    }

    /// The kernels of the probe that is asked for.
    fn kernels(&self, table: &RecordBatch) -> Result<Vec<NamedKernel>, SampleError> {
        let rows = kernels::read(table).map_err(SampleError::input)?;
        let name = match self.config.probe {
            ProbeName::DipoleZ => "dipole_z",
            ProbeName::Lfp => "lfp",
        };
        if !rows.iter().any(|row| row.probe == name) {
            let mut probes: Vec<&str> = rows.iter().map(|row| row.probe.as_str()).collect();
            probes.sort_unstable();
            probes.dedup();
            let there = if probes.is_empty() { "none at all".to_owned() } else { format!("of {}", probes.join(", ")) };
            return Err(SampleError::input(format!(
                "there are no kernels of the probe {name} (there are kernels {there})"
            )));
        }
        let kernels: Vec<NamedKernel> =
            rows.into_iter().filter(|row| row.probe == name).map(named_kernel).collect::<Result<_, _>>()?;
        for kernel in &kernels {
            let (pre, post, dt) = (&kernel.kernel.pre, &kernel.kernel.post, kernel.kernel.dt_ms);
            if let Some(other) = kernels.iter().find(|k| k.kernel.probe == kernel.kernel.probe && k.unit != kernel.unit)
            {
                let message = format!(
                    "kernels of {} have the units `{}` and `{}`; one is due",
                    kernel.channel, kernel.unit, other.unit
                );
                return Err(SampleError::input(message));
            }
            // A step may have been through a text of 12 digits.
            if let Some(spikes_dt) = self.dt_ms
                && ((dt - spikes_dt).abs() > 1e-9 * spikes_dt || dt.is_nan())
            {
                let message = format!(
                    "kernel {pre} -> {post} has steps of {dt} ms, the spikes have {spikes_dt} ms; they must be equal"
                );
                return Err(SampleError::input(message));
            }
        }
        Ok(kernels)
    }
}

struct NamedKernel {
    kernel: Kernel,
    channel: String,
    unit: String,
}

/// A kernel whose first lag is 0.
fn named_kernel(row: KernelRow) -> Result<NamedKernel, SampleError> {
    let KernelRow { pre, post, channel, contact_z_um, unit, t0_ms, dt_ms, mut values, .. } = row;
    let first = t0_ms / dt_ms;
    let whole = first >= 0.0 && (first - first.round()).abs() <= 1e-6 && first < 1e8;
    if !whole {
        let message = format!(
            "kernel {pre} -> {post} of {channel} begins at lag {t0_ms} ms; a whole number of steps of {dt_ms} ms from 0 on is due"
        );
        return Err(SampleError::input(message));
    }
    values.splice(0..0, std::iter::repeat_n(0.0, first.round() as usize));
    let probe = contact_z_um.map_or(Probe::DipoleZ, |contact_z_um| Probe::Lfp { contact_z_um });
    Ok(NamedKernel { kernel: Kernel { pre, post, probe, dt_ms, values }, channel, unit })
}

/// Names of the populations, and the bins of their common interval.
fn interval(table: &RecordBatch, dt_ms: f64) -> Result<(Vec<String>, BinGrid), SampleError> {
    let rows = populations::intervals(table).map_err(SampleError::input)?;
    let Some(RecordedInterval { t_start_ms, t_stop_ms, .. }) = rows.first() else {
        return Err(SampleError::input("the populations table has no rows: the recorded interval is not known"));
    };
    for row in &rows {
        if (row.t_start_ms, row.t_stop_ms) != (*t_start_ms, *t_stop_ms) {
            return Err(SampleError::input(format!(
                "`{}` is recorded from {} to {} ms, `{}` from {t_start_ms} to {t_stop_ms} ms; the intervals must be equal",
                row.population, row.t_start_ms, row.t_stop_ms, rows[0].population
            )));
        }
    }
    let grid = BinGrid::new(*t_start_ms, *t_stop_ms, dt_ms).map_err(SampleError::input)?;
    Ok((rows.into_iter().map(|row| row.population).collect(), grid))
}
