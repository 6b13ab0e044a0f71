//! A kind that hands a table on: as it is, with a column more, or without its rows.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use lapicque_pipeline::config::typed;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, Ports, Registry, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::TableSchema;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) const PASS: &str = "test.pass";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    Nothing,
    OneMoreColumn,
    NoRows,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    change: Change,
}

struct Pass;

struct PassStage {
    bound: Bound,
    port: String,
    change: Change,
}

/// All kinds and this one.
pub(super) fn registry() -> Registry {
    let mut kinds = lapicque_stages::kinds();
    kinds.extend(lapicque_query::kinds());
    kinds.extend(lapicque_programs::kinds());
    kinds.push(Box::new(Pass));
    Registry::new(kinds)
}

/// The name of such a stage before an input.
pub(super) fn pass_before(stage: &str, port: &str) -> String {
    format!("{stage}_{port}")
}

/// The pipeline with such a stage before every input.
pub(super) fn with_passes(pipeline: &Value, change: Change) -> Value {
    let mut changed = pipeline.clone();
    let stages = changed["stages"].as_object_mut().unwrap();
    for (name, stage) in pipeline["stages"].as_object().unwrap() {
        for (port, from) in stage["inputs"].as_object().into_iter().flatten() {
            let pass = pass_before(name, port);
            stages.insert(pass.clone(), json!({"kind": PASS, "inputs": {port: from}, "change": change}));
            stages[name]["inputs"][port] = json!(pass);
        }
    }
    changed
}

impl Kind for Pass {
    fn name(&self) -> &str {
        PASS
    }

    fn summary(&self) -> &str {
        "Hand a table on"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Any
    }

    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let Config { change } = typed(request.config)?;
        let [input] = request.inputs else {
            return Err(vec![ConfigError::at("inputs", "one input is due")]);
        };
        let mut schema = input.schema.clone();
        if change == Change::OneMoreColumn {
            let fields = schema.arrow.fields().iter().map(|f| f.as_ref().clone()).chain([Field::new(
                "one_more",
                DataType::Int64,
                false,
            )]);
            let arrow = Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.arrow.metadata().clone());
            schema = TableSchema { arrow: Arc::new(arrow), ..schema };
        }
        let bound = Bound::new(1, request.config.clone(), request.inputs, vec![Output::new("table", schema)]);
        Ok(Box::new(PassStage { bound, port: input.port.clone(), change }))
    }
}

impl Stage for PassStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let table = batch.table(sample, &self.port).unwrap();
            let schema = self.bound.outputs[0].schema.arrow.clone();
            let table = match self.change {
                Change::Nothing => table.clone(),
                Change::NoRows => RecordBatch::new_empty(schema),
                Change::OneMoreColumn => {
                    let numbers =
                        Int64Array::from_iter_values((0..table.num_rows()).map(|row| (row + 7 * sample) as i64));
                    let columns = table.columns().iter().cloned().chain([Arc::new(numbers) as _]);
                    RecordBatch::try_new(schema, columns.collect()).unwrap()
                }
            };
            Ok(SampleOutput::of(table))
        })
    }
}
