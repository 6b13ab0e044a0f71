//! `potential.from_spikes`: spike counts convolved with kernels and added up ([`lapicque_potential::convolution`]).
//!
//! Bins are as long as a time step: `[t_start + i dt, t_start + (i + 1) dt)`, the last one closed. From when to when spikes are
//! recorded is what the populations table says (of a simulation: from its transient to its end); by default only bins come out
//! that need no spikes from before or after that.

use std::borrow::Cow;

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_potential::convolution::{
    BinGrid, Convolution, ConvolutionError, PopulationSpikes, Superposition, outside, superpose,
};
use lapicque_potential::kernels::{Kernel, Probe};
use lapicque_schemas::tables::kernels::{self, KernelRow};
use lapicque_schemas::tables::populations::{self, RecordedInterval};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::spikes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel_config::ProbeName;
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};
use crate::signal::decimate::by_compat;
use crate::signal::{Compat, check_size};

const REVISION: u32 = 2;
const PORTS: &[PortSpec] = &[
    PortSpec::new("spikes", spikes::TABLE, PortMode::Either, true),
    PortSpec::new("populations", populations::TABLE, PortMode::Either, true),
    PortSpec::new("kernels", kernels::TABLE, PortMode::Either, true),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "potential.from_spikes",
    summary: "Convolve spikes with kernels: dipole moments or local field potentials",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Which kernels are used: `dipole_z` gives the current dipole moment (nA um), `lfp` a potential per contact (mV).
    probe: ProbeName,
    /// Keeps every n-th value after a zero-phase low-pass filter; 1 keeps all.
    decimate: u32,
    /// One signal per connection, named as in `dipole_z E->I` (presynaptic -> postsynaptic), instead of their sum.
    by_connection: bool,
    /// Whether there are values for times at which kernels reach beyond the recorded spikes: valid (default) leaves them out, so
    /// the signal begins later by the length of the kernels; same keeps them, as if nobody had fired before: it begins with a step.
    edges: Edges,
    /// `scipy` decimates as scipy.signal.decimate does: offsets lose 1.1 %, and ends are distorted by large factors.
    compat: Option<Compat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Edges {
    Valid,
    Same,
}

impl Default for Config {
    fn default() -> Self {
        Self { probe: ProbeName::DipoleZ, decimate: 1, by_connection: false, edges: Edges::Valid, compat: None }
    }
}

struct FromSpikesStage {
    bound: Bound,
    config: Config,
    /// As the schema of the spikes says.
    dt_ms: Option<f64>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
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
    if config.compat.is_some() && config.decimate == 1 {
        bound.notes.push("`compat: scipy` changes nothing where nothing is decimated (`decimate: 1`)".to_owned());
    }
    if dt_ms.is_none() {
        bound.notes.push(
            "column `step` of the spikes has no `dt_ms`: steps are taken to be as long as those of the kernels"
                .to_owned(),
        );
    }
    Ok(Box::new(FromSpikesStage { bound, config, dt_ms }))
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
            let (signals, notes) = self.signals(table("spikes")?, table("populations")?, table("kernels")?)?;
            let table = signals::write(&signals).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl FromSpikesStage {
    /// Signals and remarks.
    fn signals(
        &self,
        spikes: &RecordBatch,
        populations: &RecordBatch,
        kernels: &RecordBatch,
    ) -> Result<(Vec<Signal<'static>>, Vec<String>), SampleError> {
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
        let notes = input.iter().filter_map(|spikes| unused(spikes, &grid)).collect();
        let units: Vec<(Probe, String, String)> =
            kernels.iter().map(|k| (k.kernel.probe, k.channel.clone(), k.unit.clone())).collect();
        let (kernels, lags_before_zero) = from_one_lag(kernels);
        let values = grid.bins as f64 / f64::from(self.config.decimate);
        check_size(values * if self.config.by_connection { kernels.len() } else { units.len() } as f64)?;
        let convolution = Convolution {
            superposition: if self.config.by_connection { Superposition::ByConnection } else { Superposition::Total },
            edges: match self.config.edges {
                Edges::Valid => lapicque_potential::convolution::Edges::Valid,
                Edges::Same => lapicque_potential::convolution::Edges::Same,
            },
            lags_before_zero,
        };
        let sums = superpose(&input, &kernels, &grid, &convolution).map_err(|error| match error {
            ConvolutionError::ShorterThanKernel { .. } => SampleError::input(format!(
                "{error}. Record longer (`duration` less `transient` of the simulation), shorten the kernels (`window`), \
                 or keep what lacks spikes (`edges: same`)"
            )),
            error => SampleError::input(error),
        })?;
        let factor = self.config.decimate as usize;
        let mut signals = Vec::with_capacity(sums.len());
        for sum in sums {
            let named = units.iter().find(|(probe, ..)| *probe == sum.probe);
            let (_, channel, unit) = named.ok_or_else(|| SampleError::internal("a signal without kernel"))?;
            let channel = match &sum.connection {
                Some((pre, post)) => format!("{channel} {pre}->{post}"),
                None => channel.clone(),
            };
            let values = if factor == 1 { Ok(sum.values) } else { by_compat(self.config.compat, &sum.values, factor) };
            let values = values.map_err(|error| SampleError::input(format!("channel {channel}: {error}")))?;
            signals.push(Signal {
                channel: Cow::Owned(channel),
                epoch: 0,
                t0_ms: grid.time_ms(sum.first_bin),
                dt_ms: dt_ms * self.config.decimate as f64,
                unit: Cow::Owned(unit.clone()),
                values: Cow::Owned(values),
            });
        }
        Ok((signals, notes))
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
                    "kernels of {} have the units `{}` and `{}`; expected one unit",
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
    /// Lag of the first value, in steps.
    first_lag: i64,
    channel: String,
    unit: String,
}

fn named_kernel(row: KernelRow) -> Result<NamedKernel, SampleError> {
    let KernelRow { pre, post, channel, contact_z_um, unit, t0_ms, dt_ms, values, .. } = row;
    let first = t0_ms / dt_ms;
    let whole = (first - first.round()).abs() <= 1e-6 && first.abs() < 1e8;
    if !whole {
        let message = format!(
            "kernel {pre} -> {post} of {channel} begins at lag {t0_ms} ms; expected a whole number of steps of {dt_ms} ms"
        );
        return Err(SampleError::input(message));
    }
    let probe = contact_z_um.map_or(Probe::DipoleZ, |contact_z_um| Probe::Lfp { contact_z_um });
    Ok(NamedKernel {
        kernel: Kernel { pre, post, probe, dt_ms, values },
        first_lag: first.round() as i64,
        channel,
        unit,
    })
}

/// Kernels that begin at the same lag, 0 or the first of all, and how many steps before 0 that is.
fn from_one_lag(kernels: Vec<NamedKernel>) -> (Vec<Kernel>, usize) {
    let first = kernels.iter().map(|kernel| kernel.first_lag).min().unwrap_or(0).min(0);
    let begun = |NamedKernel { mut kernel, first_lag, .. }: NamedKernel| {
        kernel.values.splice(0..0, std::iter::repeat_n(0.0, (first_lag - first) as usize));
        kernel
    };
    (kernels.into_iter().map(begun).collect(), first.unsigned_abs() as usize)
}

/// Spikes of a population that lie in none of the bins.
fn unused(spikes: &PopulationSpikes<'_>, grid: &BinGrid) -> Option<String> {
    let outside = outside(spikes.steps, grid);
    (outside > 0).then(|| {
        format!(
            "{outside} of {} spikes of `{}` lie outside of the recorded interval, {} to {} ms, and are not used",
            spikes.steps.len(),
            spikes.population,
            grid.t_start_ms(),
            grid.time_ms(grid.bins)
        )
    })
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
