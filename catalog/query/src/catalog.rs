//! The catalogue: the tables of a pipeline's latest run, under the names of its stages, and those of its other runs.
//!
//! `stage` is a stage's first output, `stage__output` another; `stage_with_parameters` joins the parameters of each sample to its rows;
//! `run_<id>.stage` is the table of another run, and a beginning of its id is enough; `system.*` are the tables of [`crate::system`].
//! Only tables that a query names are read, of them only the columns that it needs, and where it names samples only their rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::MemorySchemaProvider;
use datafusion::common::TableReference;
use datafusion::datasource::view::ViewTable;
use datafusion::prelude::SessionContext;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{Binding, RunRecord, StageRun, Store, StoreError, output_schema, read_rows};
use lapicque_schemas::tables::parameters;

use crate::QueryError;
use crate::lazy_table::{LazyTable, Need, needs};
use crate::session::{collect, optimized, plan, session};
use crate::system;

const WITH_PARAMETERS: &str = "_with_parameters";
const RUN: &str = "run_";
const SYSTEM: &str = "system";

/// Whose tables stand under the names of stages.
#[derive(Debug, Clone, Copy)]
pub enum Latest<'a> {
    /// Those of this run.
    Run(&'a RunRecord),
    /// Those of the latest run of a pipeline of this name, from whatever file.
    Of(&'a str),
    /// A pipeline of this name was not run: only `system.*` and runs by their id can be queried.
    NoRun(&'a str),
}

impl<'a> From<&'a RunRecord> for Latest<'a> {
    fn from(run: &'a RunRecord) -> Self {
        Self::Run(run)
    }
}

impl<'a> From<&'a String> for Latest<'a> {
    fn from(pipeline: &'a String) -> Self {
        Self::Of(pipeline)
    }
}

impl<'a> From<&'a str> for Latest<'a> {
    fn from(pipeline: &'a str) -> Self {
        Self::Of(pipeline)
    }
}

/// Answers a query over the runs of a pipeline: of one of them (a [`RunRecord`]), or of the latest of this name.
pub fn query<'a>(store: &dyn Store, pipeline: impl Into<Latest<'a>>, sql: &str) -> Result<RecordBatch, QueryError> {
    let pipeline = pipeline.into();
    let session = session();
    let dialect = session.state().config().options().sql_parser.dialect;
    let statement = session.state().sql_to_statement(sql, &dialect)?;
    let mut catalog =
        Catalog { session: &session, store, pipeline, latest: None, sources: BTreeMap::new(), names: BTreeSet::new() };
    for reference in session.state().resolve_table_references(&statement)? {
        catalog.register(&reference)?;
    }
    let plan = optimized(&session, &plan(&session, sql)?)?;
    for (name, need) in needs(&plan)? {
        catalog.fill(&name, &need)?;
    }
    let schema = Arc::new(plan.schema().as_arrow().clone());
    let rows = collect(&session, plan)?;
    let schema = rows.first().map_or(schema, RecordBatch::schema);
    Ok(arrow::compute::concat_batches(&schema, &rows)?)
}

/// Where the rows of a table come from.
enum Source {
    Stage { run: Arc<RunRecord>, stage: usize, output: usize },
    System(String),
}

struct Catalog<'a> {
    session: &'a SessionContext,
    store: &'a dyn Store,
    pipeline: Latest<'a>,
    latest: Option<Arc<RunRecord>>,
    /// By the name that plans know the table under.
    sources: BTreeMap<String, (Source, Arc<LazyTable>)>,
    /// All that was registered.
    names: BTreeSet<String>,
}

impl Catalog<'_> {
    fn register(&mut self, reference: &TableReference) -> Result<(), QueryError> {
        match (reference.schema(), reference.table()) {
            (Some(SYSTEM), table) if self.names.insert(reference.to_string()) => {
                let schema = system::schema(table)
                    .ok_or_else(|| unknown(table, system::NAMES.iter().map(|n| format!("system.{n}"))))?;
                self.add(reference, schema, Source::System(table.to_owned()))
            }
            (Some(SYSTEM), _) => Ok(()),
            (None, name) => {
                let run = self.latest()?;
                self.register_output(run, None, name)
            }
            (Some(schema), table) => match schema.strip_prefix(RUN) {
                Some(id) => {
                    let run = self.run(id)?;
                    self.register_output(run, Some(schema), table)
                }
                None => {
                    let present = self.latest().map(|run| names(&run)).unwrap_or_default();
                    Err(unknown(&format!("{schema}.{table}"), present.into_iter()))
                }
            },
        }
    }

    fn latest(&mut self) -> Result<Arc<RunRecord>, QueryError> {
        if let Some(run) = &self.latest {
            return Ok(run.clone());
        }
        let no_run = |pipeline: &str| QueryError::NoRun(pipeline.to_owned());
        let run = match self.pipeline {
            Latest::Run(run) => run.clone(),
            Latest::Of(pipeline) => self.store.latest_run(pipeline, None)?.ok_or_else(|| no_run(pipeline))?,
            Latest::NoRun(pipeline) => return Err(no_run(pipeline)),
        };
        let run = Arc::new(run);
        self.latest = Some(run.clone());
        Ok(run)
    }

    /// The only run whose id begins like this.
    fn run(&self, id: &str) -> Result<Arc<RunRecord>, QueryError> {
        let mut runs = self.store.runs()?;
        runs.retain(|run| run.id.starts_with(id));
        match runs.len() {
            1 => Ok(Arc::new(runs.remove(0))),
            0 => Err(QueryError::Sql(format!("there is no run `{id}`; `SELECT run FROM system.runs` lists them"))),
            n => Err(QueryError::Sql(format!("{n} runs begin with `{id}`; give more of the id"))),
        }
    }

    fn add(&mut self, reference: &TableReference, schema: SchemaRef, source: Source) -> Result<(), QueryError> {
        let catalog = self.session.catalog("datafusion").ok_or_else(|| QueryError::Sql("no catalogue".to_owned()))?;
        if let Some(schema) = reference.schema().filter(|schema| catalog.schema(schema).is_none()) {
            catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new()))?;
        }
        let table = Arc::new(LazyTable::new(schema));
        self.session.register_table(reference.clone(), table.clone())?;
        self.sources.insert(reference.to_string(), (source, table));
        Ok(())
    }

    fn register_output(&mut self, run: Arc<RunRecord>, schema: Option<&str>, name: &str) -> Result<(), QueryError> {
        let reference = match schema {
            Some(schema) => TableReference::partial(schema, name),
            None => TableReference::bare(name),
        };
        if !self.names.insert(reference.to_string()) {
            return Ok(());
        }
        if let Some((stage, output)) = find_output(&run, name) {
            let shown = with_time_field(&output_schema(&run.stages[stage], output));
            return self.add(&reference, shown, Source::Stage { run, stage, output });
        }
        let joined = name.strip_suffix(WITH_PARAMETERS).and_then(|base| Some((base, find_output(&run, base)?.0)));
        let Some((base, stage)) = joined.filter(|(_, stage)| run.stages[*stage].sample_wise) else {
            return Err(unknown(name, names(&run).into_iter()));
        };
        let source = parameters_of(&run, &run.stages[stage])
            .ok_or_else(|| QueryError::Sql(format!("no parameters lie upstream of `{base}`")))?;
        let source = source.stage.clone();
        self.register_output(run.clone(), schema, base)?;
        self.register_output(run, schema, &source)?;
        let qualified = |table: &str| match schema {
            Some(schema) => format!("\"{schema}\".\"{table}\""),
            None => format!("\"{table}\""),
        };
        let visible = |table: &str| -> Result<Vec<String>, QueryError> {
            let plan = plan(self.session, &format!("SELECT * FROM {}", qualified(table)))?;
            Ok(plan.schema().fields().iter().map(|field| field.name().clone()).collect())
        };
        let of_source = visible(&source)?;
        let mut columns: Vec<String> = of_source.iter().map(|name| format!("p.\"{name}\"")).collect();
        columns.extend(visible(base)?.iter().filter(|n| !of_source.contains(n)).map(|n| format!("t.\"{n}\"")));
        let view = format!(
            "SELECT {} FROM {} AS p JOIN {} AS t ON p.sample = t.sample",
            columns.join(", "),
            qualified(&source),
            qualified(base)
        );
        let plan = plan(self.session, &view)?;
        self.session.register_table(reference, Arc::new(ViewTable::new(plan, Some(view))))?;
        Ok(())
    }

    /// Reads what a query needs of a table.
    fn fill(&self, name: &str, need: &Need) -> Result<(), QueryError> {
        let Some((source, table)) = self.sources.get(name) else {
            return Ok(());
        };
        table.fill(match source {
            Source::System(name) => system::table(self.store, name, need)?,
            Source::Stage { run, stage, output } => read_stage(self.store, &run.stages[*stage], *output, need)?,
        });
        Ok(())
    }
}

/// The rows of an output that a query needs.
fn read_stage(store: &dyn Store, stage: &StageRun, output: usize, need: &Need) -> Result<RecordBatch, QueryError> {
    check_ran(store, stage)?;
    let mut binding = store.binding(stage.binding)?;
    if stage.sample_wise {
        if let Some(samples) = need.allowed("sample") {
            restrict(&mut binding, |_, label| samples.contains(label));
        } else if let Some(limit) = need.limit() {
            let keys: Vec<_> = binding.keys.iter().flatten().copied().collect();
            let mut rows = store.find(&keys)?.into_iter().map(|found| found.and_then(|found| found.rows(output)));
            let mut sum = 0;
            let mut enough = Vec::with_capacity(binding.keys.len());
            for key in &binding.keys {
                enough.push(sum < limit as u64);
                sum += key.and_then(|_| rows.next().flatten()).unwrap_or(0);
            }
            restrict(&mut binding, |ordinal, _| enough[ordinal]);
        }
    }
    let columns: Vec<String> =
        need.columns.iter().map(|column| if column == TIME { STEP.to_owned() } else { column.clone() }).collect();
    let rows = read_rows(store, stage, output, &binding, Some(&columns)).map_err(|error| match error {
        StoreError::NotStored { .. } => QueryError::NotKept {
            table: stage.table_name(output),
            stage: stage.stage.clone(),
            seconds: stage.cost.map(|cost| cost.seconds * binding.keys.len() as f64),
        },
        other => other.into(),
    })?;
    with_time(&rows)
}

/// A stage that runs once and has no result is no empty table.
pub fn check_ran(store: &dyn Store, stage: &StageRun) -> Result<(), QueryError> {
    if stage.sample_wise || stage.is_complete() {
        return Ok(());
    }
    let key = store.binding(stage.binding)?.keys.first().copied().flatten();
    let found = match key {
        Some(key) => store.find(&[key])?.pop().flatten(),
        None => None,
    };
    let failed = found.and_then(|found| found.failure().map(|error| error.message.clone()));
    Err(QueryError::NotRun { stage: stage.stage.clone(), failed })
}

/// The stages of a run that a query reads, of those that its latest run is asked for.
pub fn stages_read(run: &RunRecord, sql: &str) -> Result<BTreeSet<String>, QueryError> {
    let session = session();
    let dialect = session.state().config().options().sql_parser.dialect;
    let statement = session.state().sql_to_statement(sql, &dialect)?;
    let mut stages = BTreeSet::new();
    for reference in session.state().resolve_table_references(&statement)?.iter().filter(|r| r.schema().is_none()) {
        let name = reference.table();
        let base = name.strip_suffix(WITH_PARAMETERS).unwrap_or(name);
        let output = find_output(run, name).or_else(|| find_output(run, base));
        stages.extend(output.map(|(stage, _)| run.stages[stage].stage.clone()));
    }
    Ok(stages)
}

/// Leaves only samples by ordinal and label.
fn restrict(binding: &mut Binding, mut keep: impl FnMut(usize, &str) -> bool) {
    let kept: Vec<usize> = (0..binding.samples.len()).filter(|&i| keep(i, &binding.samples[i])).collect();
    let samples = kept.iter().map(|&i| binding.samples[i].clone()).collect();
    let keys = kept.iter().map(|&i| binding.keys[i]).collect();
    *binding = Binding { samples, keys, positions: binding.positions.clone() };
}

fn unknown(table: &str, present: impl Iterator<Item = String>) -> QueryError {
    let present: Vec<String> = present.collect();
    let suggestion = nearest(table, present.iter().map(String::as_str))
        .map(|n| format!("; did you mean `{n}`?"))
        .unwrap_or_default();
    QueryError::UnknownTable { table: table.to_owned(), suggestion, present: present.join(", ") }
}

/// The names under which the outputs of a run can be queried.
fn names(run: &RunRecord) -> Vec<String> {
    run.stages.iter().flat_map(|stage| (0..stage.outputs.len()).map(|output| stage.table_name(output))).collect()
}

/// The numbers of a stage and of one of its outputs.
fn find_output(run: &RunRecord, name: &str) -> Option<(usize, usize)> {
    let all = run.stages.iter().enumerate().flat_map(|(s, stage)| (0..stage.outputs.len()).map(move |o| (s, o)));
    let mut all = all.filter(|&(stage, output)| run.stages[stage].table_name(output) == name);
    all.next()
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

const STEP: &str = "step";
const TIME: &str = "time_ms";

/// Spikes are stored as steps; people think in milliseconds.
fn with_time_field(schema: &SchemaRef) -> SchemaRef {
    let is_step = |field: &&Arc<Field>| field.name() == STEP && field.metadata().contains_key("dt_ms");
    if !schema.fields().iter().any(|field| is_step(&field)) {
        return schema.clone();
    }
    let mut fields: Vec<Field> = schema.fields().iter().map(|f| f.as_ref().clone()).collect();
    fields.push(time_field());
    Arc::new(Schema::new(fields))
}

fn time_field() -> Field {
    Field::new(TIME, DataType::Float64, false).with_metadata([("unit".to_owned(), "ms".to_owned())].into())
}

fn with_time(table: &RecordBatch) -> Result<RecordBatch, QueryError> {
    let schema = table.schema();
    let step = schema.fields().iter().position(|f| f.name() == STEP && f.data_type() == &DataType::UInt32);
    let dt = step.and_then(|i| schema.field(i).metadata().get("dt_ms")?.parse::<f64>().ok());
    let (Some(step), Some(dt)) = (step, dt) else {
        return Ok(table.clone());
    };
    let times = Float64Array::from_iter_values(
        table.column(step).as_primitive::<UInt32Type>().values().iter().map(|&s| f64::from(s) * dt),
    );
    let fields: Vec<Field> =
        schema.fields().iter().map(|f| f.as_ref().clone()).chain(std::iter::once(time_field())).collect();
    let columns: Vec<ArrayRef> = table.columns().iter().cloned().chain([Arc::new(times) as ArrayRef]).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}
