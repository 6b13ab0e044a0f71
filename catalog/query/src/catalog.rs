//! The catalogue: the tables of a pipeline's latest run, under the names of its stages.
//!
//! `stage` is a stage's first output, `stage__output` another; `stage_with_parameters` joins the parameters of each sample to its rows;
//! `system.*` are the tables of [`crate::system`]. Only tables that a query names are read.

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, Schema, UInt32Type};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::MemorySchemaProvider;
use datafusion::prelude::SessionContext;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{RunRecord, StageRun, Store, StoreError, read_output};
use lapicque_schemas::tables::parameters;
use std::sync::Arc;

use crate::QueryError;
use crate::session::{collect, plan, register, session};
use crate::system;

const WITH_PARAMETERS: &str = "_with_parameters";

/// Answers a query over the latest run of a pipeline.
pub fn query(store: &dyn Store, pipeline: &str, sql: &str) -> Result<RecordBatch, QueryError> {
    let session = session();
    let dialect = session.state().config().options().sql_parser.dialect;
    let statement = session.state().sql_to_statement(sql, &dialect)?;
    let references = session.state().resolve_table_references(&statement)?;
    let run = store.latest_run(pipeline)?;
    for reference in &references {
        match (reference.schema(), reference.table()) {
            (Some("system"), table) => {
                let rows = system::table(store, table)?
                    .ok_or_else(|| unknown(table, system::NAMES.iter().map(|n| format!("system.{n}"))))?;
                let catalog =
                    session.catalog("datafusion").ok_or_else(|| QueryError::Sql("no catalogue".to_owned()))?;
                if catalog.schema("system").is_none() {
                    catalog.register_schema("system", Arc::new(MemorySchemaProvider::new()))?;
                }
                let table = datafusion::catalog::MemTable::try_new(rows.schema(), vec![vec![rows]])?;
                session.register_table(reference.clone(), Arc::new(table))?;
            }
            (None, name) => {
                let run = run.as_ref().ok_or_else(|| QueryError::NoRun(pipeline.to_owned()))?;
                register_stage(&session, store, run, name)?;
            }
            (Some(schema), table) => {
                return Err(unknown(&format!("{schema}.{table}"), names(run.as_ref()).into_iter()));
            }
        }
    }
    let plan = plan(&session, sql)?;
    let schema = Arc::new(plan.schema().as_arrow().clone());
    let rows = collect(&session, plan)?;
    let schema = rows.first().map_or(schema, RecordBatch::schema);
    Ok(arrow::compute::concat_batches(&schema, &rows)?)
}

fn unknown(table: &str, present: impl Iterator<Item = String>) -> QueryError {
    let present: Vec<String> = present.collect();
    let suggestion = nearest(table, present.iter().map(String::as_str))
        .map(|n| format!("; did you mean `{n}`?"))
        .unwrap_or_default();
    QueryError::UnknownTable { table: table.to_owned(), suggestion, present: present.join(", ") }
}

/// The names under which the outputs of a run can be queried.
fn names(run: Option<&RunRecord>) -> Vec<String> {
    let outputs = |stage: &StageRun| {
        let later = stage.outputs.iter().skip(1).map(|o| format!("{}__{}", stage.stage, o.name)).collect::<Vec<_>>();
        std::iter::once(stage.stage.clone()).chain(later).collect::<Vec<_>>()
    };
    run.iter().flat_map(|run| run.stages.iter().flat_map(outputs)).collect()
}

fn register_stage(session: &SessionContext, store: &dyn Store, run: &RunRecord, name: &str) -> Result<(), QueryError> {
    if session.table_exist(datafusion::common::TableReference::bare(name))? {
        return Ok(());
    }
    if let Some((stage, output)) = find_output(run, name) {
        let rows = read_output(store, stage, output, None).map_err(|error| match error {
            StoreError::NotStored { .. } => QueryError::NotKept { table: name.to_owned() },
            other => other.into(),
        })?;
        return Ok(register(session, name, with_time(&rows)?)?);
    }
    let joined = name.strip_suffix(WITH_PARAMETERS).and_then(|base| Some((base, find_output(run, base)?.0)));
    let Some((base, stage)) = joined.filter(|(_, stage)| stage.sample_wise) else {
        return Err(unknown(name, names(Some(run)).into_iter()));
    };
    let source =
        parameters_of(run, stage).ok_or_else(|| QueryError::Sql(format!("no parameters lie upstream of `{base}`")))?;
    register_stage(session, store, run, base)?;
    register_stage(session, store, run, &source.stage)?;
    let columns = |table: &str, prefix: &str, but: &[String]| -> Result<Vec<String>, QueryError> {
        let table = visible_columns(session, table)?;
        Ok(table
            .fields()
            .iter()
            .map(|f| f.name())
            .filter(|n| !but.contains(n))
            .map(|n| format!("{prefix}.\"{n}\""))
            .collect())
    };
    let of_source = columns(&source.stage, "p", &[])?;
    let shared: Vec<String> =
        visible_columns(session, &source.stage)?.fields().iter().map(|f| f.name().clone()).collect();
    let of_base = columns(base, "t", &shared)?;
    let view = format!(
        "SELECT {} FROM \"{}\" AS p JOIN \"{base}\" AS t ON p.sample = t.sample",
        [of_source, of_base].concat().join(", "),
        source.stage
    );
    let plan = plan(session, &view)?;
    let view = datafusion::datasource::view::ViewTable::new(plan, Some(view));
    session.register_table(datafusion::common::TableReference::bare(name), Arc::new(view))?;
    Ok(())
}

fn visible_columns(session: &SessionContext, name: &str) -> Result<Arc<Schema>, QueryError> {
    let plan = plan(session, &format!("SELECT * FROM \"{name}\""))?;
    Ok(Arc::new(plan.schema().as_arrow().clone()))
}

fn find_output<'a>(run: &'a RunRecord, name: &str) -> Option<(&'a StageRun, usize)> {
    let (stage, output) = name.split_once("__").map_or((name, None), |(stage, output)| (stage, Some(output)));
    let stage = run.stages.iter().find(|s| s.stage == stage)?;
    let output = match output {
        None => 0,
        Some(output) => stage.outputs.iter().position(|o| o.name == output)?,
    };
    Some((stage, output))
}

/// The nearest stage upstream that makes parameters.
fn parameters_of<'a>(run: &'a RunRecord, stage: &'a StageRun) -> Option<&'a StageRun> {
    let mut near = vec![stage];
    let mut seen = 0;
    while seen < near.len() {
        let stage = near[seen];
        seen += 1;
        if stage.sample_wise && stage.outputs.first().is_some_and(|o| o.schema.table == parameters::TABLE) {
            return Some(stage);
        }
        for (_, from) in &stage.inputs {
            let name = from.split('.').next().unwrap_or_default();
            near.extend(
                run.stages
                    .iter()
                    .filter(|s| s.stage == name && !near.iter().any(|n| n.stage == s.stage))
                    .collect::<Vec<_>>(),
            );
        }
    }
    None
}

/// Spikes are stored as steps; people think in milliseconds.
fn with_time(table: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let schema = table.schema();
    let step = schema.fields().iter().position(|f| f.name() == "step" && f.data_type() == &DataType::UInt32);
    let dt = step.and_then(|i| schema.field(i).metadata().get("dt_ms")?.parse::<f64>().ok());
    let (Some(step), Some(dt)) = (step, dt) else {
        return Ok(table.clone());
    };
    let times = Float64Array::from_iter_values(
        table.column(step).as_primitive::<UInt32Type>().values().iter().map(|&s| f64::from(s) * dt),
    );
    let mut fields: Vec<Field> = schema.fields().iter().map(|f| f.as_ref().clone()).collect();
    fields.push(
        Field::new("time_ms", DataType::Float64, false).with_metadata([("unit".to_owned(), "ms".to_owned())].into()),
    );
    let columns: Vec<ArrayRef> = table.columns().iter().cloned().chain([Arc::new(times) as ArrayRef]).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
