//! `features.catch22`: 22 features of the dynamics of each signal, its mean and its standard deviation
//! ([`lapicque_signal::catch22`]).

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::features;
use lapicque_schemas::tables::signals::{self, Series};
use lapicque_signal::catch22::{self, Catch22, Catch24, Feature, Options};
use lapicque_signal::missing::missing;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::signal::missing::{Remark, described};
use crate::signal::name_of;

const REVISION: u32 = 2;
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];
/// Mean and standard deviation come last.
const WITHOUT_LOCATION_AND_SPREAD: usize = 22;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.catch22",
    summary: "Compute catch22, mean and standard deviation of each signal",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// v1 (pycatch22 1.0, default) or v0 (pycatch22 0.4, nearly all published results): they give different numbers.
    definitions: Definitions,
    /// Whether `mean` and `std` are among the columns (default true).
    location_and_spread: bool,
    /// What stands for a feature that a signal does not define: nan (default), or the mask values of v1.
    undefined: Undefined,
    /// Scale each signal to mean 0 and standard deviation 1 first (default false).
    normalize: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Definitions {
    #[default]
    V1,
    V0,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Undefined {
    #[default]
    Nan,
    Mask,
}

impl Default for Config {
    fn default() -> Self {
        Self { definitions: Definitions::V1, location_and_spread: true, undefined: Undefined::Nan, normalize: false }
    }
}

struct Catch22Stage {
    bound: Bound,
    options: Options,
    features: &'static [Feature],
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let features =
        if config.location_and_spread { &Feature::ALL[..] } else { &Feature::ALL[..WITHOUT_LOCATION_AND_SPREAD] };
    let definitions = match config.definitions {
        Definitions::V1 => "catch22 v1",
        Definitions::V0 => "catch22 v0",
    };
    let columns = features.iter().map(|f| match config.definitions {
        Definitions::V1 => (f.short_name(), f.long_name()),
        Definitions::V0 => (f.short_name(), f.legacy_name()),
    });
    let schema = features::schema(definitions, columns);
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("features", schema)])?;
    bound.reads = vec![Read::columns("signals", ["channel", "epoch", "values"].map(str::to_owned))];
    let options = Options {
        definitions: match config.definitions {
            Definitions::V1 => catch22::Definitions::V1,
            Definitions::V0 => catch22::Definitions::V0,
        },
        undefined: match config.undefined {
            Undefined::Nan => catch22::Undefined::Nan,
            Undefined::Mask => catch22::Undefined::Mask,
        },
        normalize: config.normalize,
    };
    Ok(Box::new(Catch22Stage { bound, options, features }))
}

impl Stage for Catch22Stage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let mut catch22 = Catch22::new(self.options);
        each_sample(batch, |sample, _| {
            let table = batch.table(sample, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
            let signals = signals::read_series(table).map_err(SampleError::input)?;
            let rows = self.compute(context, &mut catch22, &signals)?;
            let table = self.table(&signals, &rows).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes: undefined(&signals).into_iter().collect() })
        })
    }
}

impl Catch22Stage {
    fn compute(
        &self,
        context: &Context<'_>,
        catch22: &mut Catch22,
        signals: &[Series<'_>],
    ) -> Result<Vec<Catch24>, SampleError> {
        let one = |catch22: &mut Catch22, signal: &Series<'_>| match context.is_cancelled() {
            true => Err(SampleError::cancelled()),
            false => Ok(catch22.compute(&signal.values)),
        };
        if context.threads < 2 || signals.len() < 2 {
            return signals.iter().map(|signal| one(catch22, signal)).collect();
        }
        // A scratch per thread: what it was used for before does not influence results.
        let share = signals.len().div_ceil(context.threads);
        let shares = signals.par_chunks(share).map(|signals| {
            let mut catch22 = Catch22::new(self.options);
            signals.iter().map(|signal| one(&mut catch22, signal)).collect::<Result<Vec<_>, _>>()
        });
        Ok(shares.collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn table(&self, signals: &[Series<'_>], rows: &[Catch24]) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(signals.iter().map(|s| &s.channel))),
            Arc::new(Int32Array::from_iter_values(signals.iter().map(|s| s.epoch))),
        ];
        for &feature in self.features {
            columns.push(Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.get(feature)))));
        }
        RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), columns)
    }
}

/// A remark on signals whose features are undefined because values are missing.
fn undefined(signals: &[Series<'_>]) -> Option<String> {
    let mut remark = Remark::new("features of signals with missing values are undefined");
    for signal in signals {
        if let Some(missing) = missing(&signal.values) {
            remark.of_name(&name_of(&signal.channel, signal.epoch), &described(&missing, None));
        }
    }
    remark.note()
}
