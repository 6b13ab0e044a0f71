//! `inverse.c2st`: how well two sets of draws are told apart, by a network that is trained for it (classifier two-sample test, Lopez-Paz, Oquab 2017, ICLR; as
//! Lueckmann et al. 2021, AISTATS, score posteriors): 0.5 not at all, 1 always.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, UInt32Array};
use arrow_schema::DataType;
use lapicque_inverse::density::c2st;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortMode, PortSpec, Read, SampleError, SampleInput,
    SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::{int_column, posterior, text_column};
use lapicque_schemas::{Column, TableSchema};
use ndarray::Array2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("draws", posterior::TABLE, PortMode::Broadcast, true),
    PortSpec::new("reference", posterior::TABLE, PortMode::Broadcast, true),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "inverse.c2st",
    summary: "Measure how well two sets of draws are told apart (C2ST)",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Parts that the draws are cut into, each of which is told apart by a network that did not see it, 2 to 100.
    folds: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { folds: 5 }
    }
}

struct C2stStage {
    bound: Bound,
    folds: usize,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if !(2..=100).contains(&config.folds) {
        return problem("folds", format!("{} folds; 2 to 100 are allowed", config.folds));
    }
    let output = Output::new("scores", schema());
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![output])?;
    bound.grain = Grain::Table;
    bound.random = true;
    bound.reads =
        ["draws", "reference"].map(|port| Read::columns(port, ["draw", "target", "value"].map(str::to_owned))).to_vec();
    Ok(Box::new(C2stStage { bound, folds: config.folds }))
}

fn schema() -> TableSchema {
    TableSchema::new(
        "scores",
        &[],
        [
            Column::new("draws", DataType::UInt32, "draws in the first set"),
            Column::new("reference", DataType::UInt32, "draws in the second set"),
            Column::new(
                "c2st",
                DataType::Float64,
                "part of held-out draws that are told right: 0.5 is no better than chance",
            ),
        ],
    )
}

impl Stage for C2stStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, input| self.score(context, input, batch, sample))
    }
}

impl C2stStage {
    fn score(
        &self,
        context: &Context<'_>,
        input: &SampleInput,
        batch: &Batch,
        sample: usize,
    ) -> Result<SampleOutput, SampleError> {
        let set = |port: &'static str| {
            let table = batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")))?;
            draws_of(table, port)
        };
        let ((names, first), (others, second)) = (set("draws")?, set("reference")?);
        if names != others {
            let message = format!("the draws are of {}, the reference is of {}", names.join(", "), others.join(", "));
            return Err(SampleError::input(message));
        }
        let stream = StreamKey::new(input.stream("c2st"));
        let cancelled = || context.is_cancelled();
        let score =
            c2st(second.view(), first.view(), self.folds, stream, &cancelled).map_err(|error| match cancelled() {
                true => SampleError::cancelled(),
                false => SampleError::input(error),
            })?;
        let count = |set: &Array2<f64>| u32::try_from(set.nrows()).unwrap_or(u32::MAX);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(vec![count(&first)])),
            Arc::new(UInt32Array::from(vec![count(&second)])),
            Arc::new(Float64Array::from(vec![score])),
        ];
        let table = RecordBatch::try_new(schema().arrow, columns).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables: vec![table], notes: Vec::new() })
    }
}

/// The names of targets, in alphabetical order, and draws x targets.
fn draws_of(table: &RecordBatch, port: &'static str) -> Result<(Vec<String>, Array2<f64>), SampleError> {
    let targets = text_column(port, table, "target").map_err(SampleError::input)?;
    let draws = int_column(port, table, "draw").map_err(SampleError::input)?;
    let values = table.column_by_name("value").and_then(|column| column.as_primitive_opt::<Float64Type>());
    let values = values.ok_or_else(|| SampleError::input(format!("`{port}` has no column of numbers `value`")))?;
    let mut names: Vec<String> = (0..table.num_rows()).map(|row| targets.value(row).to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    let mut numbers = draws.clone();
    numbers.sort_unstable();
    numbers.dedup();
    let (count, width) = (numbers.len(), names.len());
    if count * width != table.num_rows() {
        let message = format!(
            "`{port}` has {} rows; {count} draws of {width} targets are {}: the draws of one row of features are due (choose it by a query)",
            table.num_rows(),
            count * width
        );
        return Err(SampleError::input(message));
    }
    let mut set = Array2::from_elem((count, width), f64::NAN);
    for (row, of_row) in draws.iter().enumerate() {
        let draw = numbers.partition_point(|number| number < of_row);
        let target = names.partition_point(|name| name.as_str() < targets.value(row));
        set[[draw, target]] = if values.is_null(row) { f64::NAN } else { values.value(row) };
    }
    match set.iter().all(|value| value.is_finite()) {
        true => Ok((names, set)),
        false => Err(SampleError::input(format!("`{port}` has a draw without a finite value for a target"))),
    }
}
