//! The catalogue: the tables of a pipeline's latest run, under the names of its stages, and those of its other runs.
//!
//! `stage` is a stage's first output, `stage__output` another; `stage_with_parameters` joins the parameters of each sample to its rows
//! (a parameter `x` of the stage `parameters` is called `parameters__x` there if the table has an `x` of its own);
//! `run_<id>.stage` is the table of another run, and a beginning of its id is enough; `system.*` are the tables of [`crate::system`].
//! Only tables that a query names are read, of them only the columns that it needs, and where it names samples only their rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::MemorySchemaProvider;
use datafusion::common::TableReference;
use datafusion::datasource::view::ViewTable;
use datafusion::prelude::SessionContext;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{Binding, RunRecord, StageRun, Store, StoreError, output_schema, read_rows};
use lapicque_schemas::tables::parameters;

use crate::QueryError;
use crate::need::{Need, needs};
use crate::results::answer;
use crate::session::{Prepared, optimized, parse, plan, runtime, session, tables_named};
use crate::system;
use crate::tables::{NamedTable, Tables, stored_column, visible_schema, visible_table};

const WITH_PARAMETERS: &str = "_with_parameters";
const RUN: &str = "run_";
const SAMPLE: &str = "sample";
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
    let statement = parse(&session, sql)?;
    let mut catalog =
        Catalog { session: &session, store, pipeline, latest: None, sources: BTreeMap::new(), names: BTreeSet::new() };
    let known = catalog.latest().map(|run| names(&run)).unwrap_or_default();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    for reference in tables_named(&session, &statement, &known)? {
        catalog.register(&reference)?;
    }
    let plan = optimized(&session, &plan(&session, statement)?)?;
    let mut tables = Tables::default();
    for (name, need) in needs(&plan)? {
        if let Some(rows) = catalog.read(&name, &need)? {
            tables.insert(name, visible_table(&rows)?);
        }
    }
    let rows = Prepared::new(&session, &plan)?.run(&runtime()?, tables)?;
    Ok(answer(&rows, plan.schema().as_arrow())?)
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
    sources: BTreeMap<String, Source>,
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
        let table = NamedTable::new(reference.to_string(), visible_schema(&schema));
        self.session.register_table(reference.clone(), Arc::new(table))?;
        self.sources.insert(reference.to_string(), source);
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
            let schema = output_schema(&run.stages[stage], output);
            return self.add(&reference, schema, Source::Stage { run, stage, output });
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
            let plan = plan(self.session, parse(self.session, &format!("SELECT * FROM {}", qualified(table)))?)?;
            Ok(plan.schema().fields().iter().map(|field| field.name().clone()).collect())
        };
        let of_source = visible(&source)?;
        let of_table = visible(base)?;
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        // A column that both have is the table's; the parameter is named with its stage.
        let of_parameters = of_source.iter().map(|name| match name != SAMPLE && of_table.contains(name) {
            true => format!("p.{} AS {}", quoted(name), quoted(&format!("{source}__{name}"))),
            false => format!("p.{}", quoted(name)),
        });
        let own = of_table.iter().filter(|name| *name != SAMPLE).map(|name| format!("t.{}", quoted(name)));
        let columns: Vec<String> = of_parameters.chain(own).collect();
        let view = format!(
            "SELECT {} FROM {} AS p JOIN {} AS t ON p.sample = t.sample",
            columns.join(", "),
            qualified(&source),
            qualified(base)
        );
        let plan = plan(self.session, parse(self.session, &view)?)?;
        self.session.register_table(reference, Arc::new(ViewTable::new(plan, Some(view))))?;
        Ok(())
    }

    /// Reads what a query needs of a table.
    fn read(&self, name: &str, need: &Need) -> Result<Option<RecordBatch>, QueryError> {
        Ok(match self.sources.get(name) {
            Some(Source::System(name)) => Some(system::table(self.store, name, need)?),
            Some(Source::Stage { run, stage, output }) => {
                Some(read_stage(self.store, &run.stages[*stage], *output, need)?)
            }
            None => None,
        })
    }
}

/// The rows of an output that a query needs.
fn read_stage(store: &dyn Store, stage: &StageRun, output: usize, need: &Need) -> Result<RecordBatch, QueryError> {
    check_ran(store, stage)?;
    let mut binding = store.binding(stage.binding)?;
    if stage.sample_wise {
        if let Some(samples) = need.allowed(SAMPLE) {
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
    let schema = &stage.outputs[output].schema.arrow;
    // A step is read once, for itself and for its time.
    let columns: BTreeSet<&str> = need.columns.iter().map(|column| stored_column(schema, column)).collect();
    let columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
    read_rows(store, stage, output, &binding, Some(&columns)).map_err(|error| match error {
        StoreError::NotStored { .. } => QueryError::NotKept {
            table: stage.table_name(output),
            stage: stage.stage.clone(),
            seconds: stage.cost.map(|cost| cost.seconds * binding.keys.len() as f64),
        },
        other => other.into(),
    })
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
    let statement = parse(&session, sql)?;
    let mut stages = BTreeSet::new();
    for reference in tables_named(&session, &statement, &[])?.iter().filter(|r| r.schema().is_none()) {
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
    let samples = kept.iter().map(|&i| &binding.samples[i]).collect();
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
