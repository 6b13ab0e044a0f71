//! `potential.head`: dipole moments along their orientation into potentials at electrodes ([`lapicque_potential::head`]).

use std::borrow::Cow;

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_potential::head::{LeadField, Vector};
use lapicque_schemas::tables::lead_field;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_units::{Quantity, Unit};

use super::head_config::{Config, Model, Montage, Oriented, Selection, montage, selection};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 1;
const MOMENT: &str = "nA um";
const GAIN: &str = "mV/(nA um)";
const PORTS: &[PortSpec] = &[
    PortSpec::new("signals", signals::TABLE, PortMode::Either, true),
    PortSpec::new("lead_field", lead_field::TABLE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "potential.head",
    summary: "Compute potentials at electrodes on the head from current dipole moments",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct HeadStage {
    bound: Bound,
    source: Source,
}

/// Where the lead field comes from.
enum Source {
    Computed(Montage),
    /// The table at the input; its columns mx, my, mz times these are in mV/(nA um).
    Table {
        selection: Selection,
        factors: Vector,
    },
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let source = match (config.model, request.input("lead_field")) {
        (Model::LeadField, None) => {
            return Err(vec![ConfigError::at(
                "inputs",
                "the model `lead_field` needs the input `lead_field`, e.g. `lead_field: STAGE`",
            )]);
        }
        (Model::LeadField, Some(input)) => {
            let mut factors = [1.0; 3];
            for (factor, column) in factors.iter_mut().zip(["mx", "my", "mz"]) {
                let unit = input.schema.unit_of(column).unwrap_or(GAIN);
                *factor = Unit::parse(unit)
                    .map_err(|error| error.to_string())
                    .and_then(|unit| Quantity::new(1.0, unit).in_unit(GAIN).map_err(|error| error.to_string()))
                    .map_err(|error| {
                        vec![ConfigError::at("inputs.lead_field", format!("column `{column}`: {error}"))]
                    })?;
            }
            Source::Table { selection: selection(&config)?, factors }
        }
        (_, Some(_)) => {
            return Err(vec![ConfigError::at("inputs.lead_field", "only `model: lead_field` takes this input")]);
        }
        (_, None) => Source::Computed(montage(&config)?),
    };
    let bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("signals", signals::schema())])?;
    Ok(Box::new(HeadStage { bound, source }))
}

impl Stage for HeadStage {
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
            let moments = signals::read(table("signals")?).map_err(SampleError::input)?;
            let potentials = match &self.source {
                Source::Computed(montage) => potentials(montage, &moments),
                Source::Table { selection, factors } => {
                    potentials(&imported(selection, factors, table("lead_field")?)?, &moments)
                }
            };
            let table = signals::write(&potentials?).map_err(SampleError::internal)?;
            let unitless = moments.iter().any(|moment| moment.unit.is_empty());
            let notes = unitless.then(|| format!("dipole moments without a unit are taken to be in {MOMENT}"));
            Ok(SampleOutput { tables: vec![table], notes: notes.into_iter().collect() })
        })
    }
}

/// Potentials of each epoch, epochs in order of first appearance, at each electrode.
fn potentials(montage: &Montage, moments: &[Signal<'_>]) -> Result<Vec<Signal<'static>>, SampleError> {
    let mut epochs: Vec<i32> = Vec::new();
    for moment in moments {
        if !epochs.contains(&moment.epoch) {
            epochs.push(moment.epoch);
        }
    }
    let orientations: Vec<Vector> = montage.dipoles.iter().map(|d| d.orientation).collect();
    let mut signals = Vec::new();
    for epoch in epochs {
        let moments: Vec<&Signal<'_>> = moments.iter().filter(|moment| moment.epoch == epoch).collect();
        let moments = paired(&montage.dipoles, moments)?;
        let values = moments.iter().map(|moment| in_nanoampere_micrometres(moment)).collect::<Result<Vec<_>, _>>()?;
        let values: Vec<&[f64]> = values.iter().map(AsRef::as_ref).collect();
        let potentials = montage.lead_field.potential(&orientations, &values).map_err(SampleError::input)?;
        for (electrode, values) in montage.electrodes.iter().zip(potentials) {
            signals.push(Signal {
                channel: Cow::Owned(electrode.clone()),
                epoch,
                t0_ms: moments[0].t0_ms,
                dt_ms: moments[0].dt_ms,
                unit: Cow::Borrowed("mV"),
                values: Cow::Owned(values),
            });
        }
    }
    Ok(signals)
}

/// The moment of each dipole in one epoch: of the only dipole, whatever its channel is called, else of equal name.
fn paired<'a, 'b>(dipoles: &[Oriented], moments: Vec<&'a Signal<'b>>) -> Result<Vec<&'a Signal<'b>>, SampleError> {
    let channels = || moments.iter().map(|m| m.channel.as_ref()).collect::<Vec<_>>().join(", ");
    let names = || dipoles.iter().map(|d| d.name.as_str()).collect::<Vec<_>>().join(", ");
    let paired: Vec<&Signal<'_>> = if dipoles.len() == 1 {
        if moments.len() != 1 {
            let message = format!(
                "there is one dipole ({}) for {} channels ({}); each dipole takes one channel",
                names(),
                moments.len(),
                channels()
            );
            return Err(SampleError::input(message));
        }
        moments
    } else {
        let of = |dipole: &Oriented| moments.iter().find(|m| m.channel == dipole.name).copied();
        let found: Option<Vec<&Signal<'_>>> = dipoles.iter().map(of).collect();
        match found.filter(|found| found.len() == moments.len()) {
            Some(found) => found,
            None => {
                let message = format!(
                    "with several dipoles, channels have their names: dipoles are {}, channels are {}",
                    names(),
                    channels()
                );
                return Err(SampleError::input(message));
            }
        }
    };
    let first = paired[0];
    for moment in &paired {
        if (moment.t0_ms, moment.dt_ms, moment.values.len()) != (first.t0_ms, first.dt_ms, first.values.len()) {
            let grid = |s: &Signal<'_>| {
                format!("{} ({} values from {} ms on, every {} ms)", s.channel, s.values.len(), s.t0_ms, s.dt_ms)
            };
            return Err(SampleError::input(format!(
                "dipole moments differ in time: {} and {}",
                grid(first),
                grid(moment)
            )));
        }
    }
    Ok(paired)
}

fn in_nanoampere_micrometres<'a>(moment: &'a Signal<'_>) -> Result<Cow<'a, [f64]>, SampleError> {
    let wrong = |error: &dyn std::fmt::Display| {
        SampleError::input(format!("channel {}: {error}; expected a dipole moment in `{MOMENT}`", moment.channel))
    };
    if moment.unit.is_empty() {
        return Ok(Cow::Borrowed(&*moment.values));
    }
    let unit = Unit::parse(&moment.unit).map_err(|error| wrong(&error))?;
    let factor = Quantity::new(1.0, unit).in_unit(MOMENT).map_err(|error| wrong(&error))?;
    Ok(if factor == 1.0 { Cow::Borrowed(&*moment.values) } else { moment.values.iter().map(|v| v * factor).collect() })
}

/// The part of a lead field table that is selected.
fn imported(selection: &Selection, factors: &Vector, table: &RecordBatch) -> Result<Montage, SampleError> {
    let rows = lead_field::read(table).map_err(SampleError::input)?;
    let mut known: Vec<&str> = Vec::new();
    for row in &rows {
        if !known.contains(&row.electrode.as_str()) {
            known.push(&row.electrode);
        }
    }
    let electrodes = match &selection.electrodes {
        Some(electrodes) => electrodes.clone(),
        None => known.iter().map(|&e| e.to_owned()).collect(),
    };
    let mut gains = Vec::with_capacity(selection.dipoles.len() * electrodes.len());
    for dipole in &selection.dipoles {
        for electrode in &electrodes {
            let mut found = rows.iter().filter(|row| row.dipole == dipole.name && row.electrode == *electrode);
            let message = match (found.next(), found.next()) {
                (Some(row), None) => {
                    gains.push([0, 1, 2].map(|axis| row.mv_per_na_um[axis] * factors[axis]));
                    continue;
                }
                (Some(_), Some(_)) => "has more than one row",
                (None, _) => "has no row",
            };
            let mut dipoles: Vec<&str> = rows.iter().map(|row| row.dipole.as_str()).collect();
            dipoles.sort_unstable();
            dipoles.dedup();
            return Err(SampleError::input(format!(
                "the lead field {message} of dipole `{}` and electrode `{electrode}` (dipoles: {}; electrodes: {})",
                dipole.name,
                dipoles.join(", "),
                known.join(", ")
            )));
        }
    }
    let lead_field =
        LeadField::from_gains(selection.dipoles.len(), electrodes.len(), gains).map_err(SampleError::input)?;
    Ok(Montage { dipoles: selection.dipoles.clone(), electrodes, lead_field })
}
