//! `potential.from_currents`: membrane currents of neurons with a form into potentials around them and their dipole moment
//! ([`lapicque_potential::currents`]).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_potential::currents::{dipole_moment, potentials};
use lapicque_potential::sources::{Segment, SourceShape};
use lapicque_schemas::tables::segments::{self, SegmentRow};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_units::{Conductivity, Length, Measured, Quantity, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};
use crate::signal::check_size;

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("currents", signals::TABLE, PortMode::Either, true),
    PortSpec::new("segments", segments::TABLE, PortMode::Either, true),
];
/// Currents whose sum is larger than this part of the largest sum of sizes come from electrodes.
const UNBALANCED: f64 = 1e-6;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "potential.from_currents",
    summary: "Compute local field potentials and the dipole moment of membrane currents of neurons with a form",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Where potentials are measured, e.g. `{name: A1, position: [50 um, 0 um, 0 um]}` (default: nowhere, the dipole moment alone).
    electrodes: Vec<ElectrodeConfig>,
    /// Of the tissue, above 0.
    #[schemars(with = "String")]
    conductivity: Conductivity,
    /// How the current of a compartment is spread: evenly along its axis, or all at its midpoint.
    sources: Sources,
    /// Where the origin of each neuron lies, in the order of their numbers: one place for each, or one for all (default: the origin).
    #[schemars(with = "Vec<[String; 3]>")]
    positions: Vec<[Length; 3]>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ElectrodeConfig {
    /// The channel of its potential.
    name: String,
    /// x, y, z.
    #[schemars(with = "[String; 3]")]
    position: [Length; 3],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sources {
    Line,
    Point,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            electrodes: Vec::new(),
            conductivity: Conductivity::new(0.3),
            sources: Sources::Line,
            positions: Vec::new(),
        }
    }
}

struct FromCurrentsStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let conductivity = config.conductivity.value();
    if !(conductivity > 0.0 && conductivity.is_finite()) {
        return problem("conductivity", format!("{conductivity} S/m; it must be above 0 S/m"));
    }
    for (number, electrode) in config.electrodes.iter().enumerate() {
        if config.electrodes[..number].iter().any(|other| other.name == electrode.name) {
            return problem("electrodes", format!("two electrodes have the name `{}`", electrode.name));
        }
    }
    let outputs = vec![Output::new("signals", signals::schema()), Output::new("dipole", signals::schema())];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    let columns =
        |table: lapicque_schemas::TableSchema| table.column_names().map(str::to_owned).collect::<Vec<String>>();
    for read in &mut bound.reads {
        let names = if read.port == "segments" { segments::schema() } else { signals::schema() };
        *read = Read::columns(&read.port, columns(names));
    }
    Ok(Box::new(FromCurrentsStage { bound, config }))
}

impl Stage for FromCurrentsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let table = |port: &str| {
                batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")))
            };
            let currents = signals::read(table("currents")?).map_err(SampleError::input)?;
            let segments = segments::read(table("segments")?).map_err(SampleError::input)?;
            let mut outcome = Outcome::default();
            for epoch in epochs(&currents) {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                self.epoch(epoch, &currents, &segments, &mut outcome)?;
            }
            let signals = signals::write(&outcome.potentials).map_err(SampleError::internal)?;
            let dipole = signals::write(&outcome.moments).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![signals, dipole], notes: outcome.notes })
        })
    }
}

#[derive(Default)]
struct Outcome {
    potentials: Vec<Signal<'static>>,
    moments: Vec<Signal<'static>>,
    notes: Vec<String>,
}

impl FromCurrentsStage {
    fn epoch(
        &self,
        epoch: i32,
        signals: &[Signal<'_>],
        rows: &[SegmentRow],
        outcome: &mut Outcome,
    ) -> Result<(), SampleError> {
        let by_channel: HashMap<&str, &Signal<'_>> =
            signals.iter().filter(|s| s.epoch == epoch).map(|s| (s.channel.as_ref(), s)).collect();
        let mut currents = Vec::with_capacity(rows.len());
        for row in rows {
            let signal = by_channel.get(row.channel.as_str()).ok_or_else(|| {
                SampleError::input(format!("segment `{}` has no current: no channel of this name", row.channel))
            })?;
            currents.push((*signal, in_nanoampere(signal)?));
        }
        let Some(&(first, _)) = currents.first() else { return Ok(()) };
        for (signal, _) in &currents {
            if (signal.t0_ms, signal.dt_ms, signal.values.len()) != (first.t0_ms, first.dt_ms, first.values.len()) {
                let message = "have not the same times; record all compartments by one monitor";
                return Err(SampleError::input(format!("`{}` and `{}` {message}", first.channel, signal.channel)));
            }
        }
        check_size(first.values.len() as f64 * (self.config.electrodes.len() + 3) as f64)?;
        let segments = self.placed(rows)?;
        let values: Vec<&[f64]> = currents.iter().map(|(_, values)| values.as_ref()).collect();
        let signal = |channel: &str, unit: &'static str, values: Vec<f64>| Signal {
            channel: Cow::Owned(channel.to_owned()),
            epoch,
            t0_ms: first.t0_ms,
            dt_ms: first.dt_ms,
            unit: Cow::Borrowed(unit),
            values: Cow::Owned(values),
        };

        let places: Vec<_> = self.config.electrodes.iter().map(|e| e.position.map(Measured::value)).collect();
        let shape = match self.config.sources {
            Sources::Line => SourceShape::Line,
            Sources::Point => SourceShape::Point,
        };
        let conductivity = self.config.conductivity.value();
        let found = potentials(&segments, &values, &places, shape, conductivity).map_err(SampleError::input)?;
        for (electrode, values) in self.config.electrodes.iter().zip(found) {
            outcome.potentials.push(signal(&electrode.name, "mV", values));
        }
        let moment = dipole_moment(&segments, &values).map_err(SampleError::input)?;
        for (axis, values) in ["dipole_x", "dipole_y", "dipole_z"].into_iter().zip(moment) {
            outcome.moments.push(signal(axis, "nA um", values));
        }
        let note = unbalanced(rows, &values);
        outcome.notes.extend(note.filter(|note| !outcome.notes.contains(note)));
        Ok(())
    }

    /// Segments where their neurons are.
    fn placed(&self, rows: &[SegmentRow]) -> Result<Vec<Segment>, SampleError> {
        let positions: Vec<[f64; 3]> = self.config.positions.iter().map(|p| p.map(Measured::value)).collect();
        let neurons = rows.iter().map(|row| row.neuron as usize + 1).max().unwrap_or(0);
        let place = |neuron: u32| match positions.as_slice() {
            [] => Ok([0.0; 3]),
            [one] => Ok(*one),
            several => several.get(neuron as usize).copied().ok_or_else(|| {
                let found = several.len();
                SampleError::input(format!("`positions` has {found} places for {neurons} neurons"))
            }),
        };
        let placed = |row: &SegmentRow| {
            let origin = place(row.neuron)?;
            let moved = |end: [f64; 3]| [0, 1, 2].map(|axis| end[axis] + origin[axis]);
            Ok(Segment { start_um: moved(row.start_um), end_um: moved(row.end_um), diameter_um: row.diameter_um })
        };
        rows.iter().map(placed).collect()
    }
}

/// Numbers of epochs in the order in which they come.
fn epochs(signals: &[Signal<'_>]) -> Vec<i32> {
    let mut epochs = Vec::new();
    for signal in signals {
        if !epochs.contains(&signal.epoch) {
            epochs.push(signal.epoch);
        }
    }
    epochs
}

fn in_nanoampere<'a>(signal: &'a Signal<'_>) -> Result<Cow<'a, [f64]>, SampleError> {
    let wrong = |error: &dyn std::fmt::Display| {
        SampleError::input(format!("channel {}: {error}; expected a current, such as one in `nA`", signal.channel))
    };
    let unit = Unit::parse(&signal.unit).map_err(|error| wrong(&error))?;
    let factor = Quantity::new(1.0, unit).in_unit("nA").map_err(|error| wrong(&error))?;
    Ok(if factor == 1.0 { Cow::Borrowed(&*signal.values) } else { signal.values.iter().map(|v| v * factor).collect() })
}

/// A remark where the currents of a neuron do not add up to 0.
fn unbalanced(rows: &[SegmentRow], currents: &[&[f64]]) -> Option<String> {
    let mut of_neurons: BTreeMap<u32, Vec<&[f64]>> = BTreeMap::new();
    for (row, current) in rows.iter().zip(currents) {
        of_neurons.entry(row.neuron).or_default().push(current);
    }
    let sizes = |currents: &Vec<&[f64]>, time: usize| currents.iter().map(|current| current[time].abs()).sum::<f64>();
    let times = currents.first().map_or(0, |current| current.len());
    // Of a neuron at rest there is rounding alone, which does not add up.
    let largest = of_neurons.values().flat_map(|own| (0..times).map(|time| sizes(own, time))).fold(0.0, f64::max);
    let is_unbalanced = |own: &Vec<&[f64]>| {
        (0..times).any(|time| own.iter().map(|current| current[time]).sum::<f64>().abs() > UNBALANCED * largest)
    };
    let neuron = of_neurons.iter().find(|(_, own)| is_unbalanced(own))?.0;
    Some(format!(
        "the currents of neuron {neuron} do not add up to 0, as where an electrode injects, or compartments are missing: its dipole \
         moment depends on the origin"
    ))
}
