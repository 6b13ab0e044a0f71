//! Computes one batch: inputs from the store, the chain of stages, results back to the store.
//!
//! Rows between the stages of a chain live only here. A stage whose rows were not kept is computed again
//! when a later stage needs them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use lapicque_schemas::{Digest, column_digests, content_digest, project_digest};

use crate::action::{Action, OutputEntry};
use crate::attempt::{Attempt, Patience, attempt};
use crate::found::covers;
use crate::keys::{action_key, ingredients_digest, random_key};
use crate::kind::{Batch, Context, FailureReason, Grain, Output, SampleError, SampleInput, SampleOutput, Stage};
use crate::memory::project;
use crate::report::{BatchReport, MemberReport, UnitReport};
use crate::shared_tables::SharedTables;
use crate::store::{NewAction, NewBatch, Store, StoreError};
use crate::task::{BatchTask, From, HistoryOf, MemberTask, PortTask, UnitTask, WholeLabels};
use crate::whole::read_whole;

/// Tables wider than this carry no digest per column: they would outweigh the rows.
const NARROW: usize = 8;

/// Computes a batch. `stages` are the bound stages of the members.
pub fn execute(
    task: &BatchTask,
    stages: &[&dyn Stage],
    store: &dyn Store,
    shared: &SharedTables,
    context: &Context<'_>,
) -> Result<BatchReport, StoreError> {
    let members =
        task.members.iter().map(|_| MemberReport { units: vec![None; task.labels.len()], ..Default::default() });
    let report = BatchReport { members: members.collect() };
    let mut execution =
        Execution { task, stages, store, shared, context, rows: HashMap::new(), new: Vec::new(), report };
    execution.new.resize_with(task.members.len(), Vec::new);
    for member in 0..task.members.len() {
        execution.member(member)?;
    }
    execution.publish()
}

/// What the store has of a batch that was computed elsewhere.
pub(crate) fn published(task: &BatchTask, stages: &[&dyn Stage], store: &dyn Store) -> Result<BatchReport, StoreError> {
    let members =
        task.members.iter().map(|_| MemberReport { units: vec![None; task.labels.len()], ..Default::default() });
    let report = BatchReport { members: members.collect() };
    let nothing = |_: f64| {};
    let context = Context { threads: 1, cancelled: &AtomicBool::new(false), progress: &nothing };
    let shared = &SharedTables::default();
    let mut execution =
        Execution { task, stages, store, shared, context: &context, rows: HashMap::new(), new: Vec::new(), report };
    for number in 0..task.members.len() {
        let runs = execution.runs(number)?;
        let keys: Vec<Digest> = runs.iter().map(|run| run.key).collect();
        for (run, found) in runs.into_iter().zip(store.find(&keys)?) {
            let Some(found) = found else {
                continue;
            };
            let (outcome, notes) = (found.outcome(), found.notes().to_vec());
            let unit =
                UnitReport { key: run.key, inputs: run.inputs, outcome, notes, computed: true, reproduced: true };
            execution.report.members[number].units[run.label] = Some(unit);
        }
    }
    Ok(execution.report)
}

struct Execution<'a> {
    task: &'a BatchTask,
    stages: &'a [&'a dyn Stage],
    store: &'a dyn Store,
    shared: &'a SharedTables,
    context: &'a Context<'a>,
    /// Rows of (member, label), all outputs.
    rows: HashMap<(usize, usize), Vec<RecordBatch>>,
    new: Vec<Vec<NewAction>>,
    report: BatchReport,
}

/// A sample whose stage function is to run.
struct Run {
    label: usize,
    key: Digest,
    inputs: Vec<Digest>,
    point: usize,
}

impl Execution<'_> {
    fn member(&mut self, number: usize) -> Result<(), StoreError> {
        let runs = self.runs(number)?;
        if runs.is_empty() {
            return Ok(());
        }
        let computed = self.compute(number, &runs)?;
        for (run, result) in runs.into_iter().zip(computed) {
            let cancelled = matches!(&result, Err(error) if error.reason == FailureReason::Cancelled);
            let (action, tables) = self.action(number, &run, result);
            let (outcome, notes) = (action.outcome.clone(), action.notes.clone());
            if !cancelled {
                let tables = if self.task.members[number].keep { tables.clone() } else { Vec::new() };
                self.new[number].push(NewAction { key: run.key, action, tables });
            }
            if outcome.is_ok() {
                self.hand_on(number, &run, &tables);
                self.rows.insert((number, run.label), tables);
            }
            self.report.members[number].units[run.label] =
                Some(UnitReport { key: run.key, inputs: run.inputs, outcome, notes, computed: true, reproduced: true });
        }
        Ok(())
    }

    /// Keeps rows for the next batch, if a stage that runs once needs them that could not be in this one: its key was not known.
    fn hand_on(&self, number: usize, run: &Run, tables: &[RecordBatch]) {
        let reads = |member: &MemberTask| {
            let whole = member.binding.inputs.iter().filter(|input| !input.sample_wise).map(|input| &input.port);
            let ports = || {
                member.ports.iter().filter(|port| matches!(port.from, From::Member { member, .. } if member == number))
            };
            whole.into_iter().any(|name| ports().any(|port| port.name == *name))
        };
        let waits = |member: &MemberTask| matches!(member.units[run.label], UnitTask::Absent) && reads(member);
        if !self.task.members[number].keep && self.task.members.iter().any(waits) {
            self.shared.rows.put(&self.task.members[number].stage, run.key, tables);
        }
    }

    /// The samples that are missing, after looking up those whose keys have only now become known.
    fn runs(&mut self, number: usize) -> Result<Vec<Run>, StoreError> {
        let member = &self.task.members[number];
        let common = ingredients_digest(&member.common);
        let mut runs = Vec::new();
        let mut waited = Vec::new();
        for (label, unit) in member.units.iter().enumerate() {
            if !self.is_selected(member, label) {
                continue;
            }
            match unit {
                UnitTask::Absent | UnitTask::Done { .. } => {}
                UnitTask::Missing { key, inputs, point } => {
                    runs.push(Run { label, key: *key, inputs: inputs.clone(), point: *point });
                }
                UnitTask::Waiting { inputs, point } => {
                    if let Some(inputs) = self.resolve(member, label, inputs) {
                        waited.push(Run { label, key: action_key(common, &inputs), inputs, point: *point });
                    }
                }
            }
        }
        let keys: Vec<Digest> = waited.iter().map(|run| run.key).collect();
        for (run, known) in waited.into_iter().zip(self.store.find(&keys)?) {
            match known {
                Some(found) if !member.keep || found.failure().is_some() || found.is_kept() => {
                    self.report.members[number].units[run.label] = Some(UnitReport {
                        key: run.key,
                        inputs: run.inputs,
                        outcome: found.outcome(),
                        notes: found.notes().to_vec(),
                        computed: false,
                        reproduced: true,
                    });
                }
                _ => runs.push(run),
            }
        }
        runs.sort_by_key(|run| run.label);
        Ok(runs)
    }

    /// Whether a `where` that was answered in this batch selects the sample.
    fn is_selected(&self, member: &MemberTask, label: usize) -> bool {
        let Some(report) = member.selected_by.and_then(|by| self.report.members[by].units[label].as_ref()) else {
            return true;
        };
        report.outcome.as_ref().is_ok_and(|outputs| outputs.iter().any(|entry| entry.rows > 0))
    }

    /// All input digests of a sample, or `None` where an input failed.
    fn resolve(&self, member: &MemberTask, label: usize, inputs: &[Option<Digest>]) -> Option<Vec<Digest>> {
        let own = |port: &&PortTask| !matches!(port.from, From::Whole { .. });
        let first_port = inputs.len() - member.ports.iter().filter(own).count();
        let mut resolved = inputs[..first_port].iter().copied().collect::<Option<Vec<_>>>()?;
        for (port, known) in member.ports.iter().filter(own).zip(&inputs[first_port..]) {
            resolved.push(match (known, &port.from) {
                (Some(digest), _) => *digest,
                (None, From::Member { member, output }) => {
                    let report = self.report.members[*member].units[label].as_ref()?;
                    let entry = report.outcome.as_ref().ok()?.get(*output)?;
                    self.member_digest(port, *member, label, *output, entry)?
                }
                (None, _) => return None,
            });
        }
        Some(resolved)
    }

    fn member_digest(
        &self,
        port: &PortTask,
        member: usize,
        label: usize,
        output: usize,
        entry: &OutputEntry,
    ) -> Option<Digest> {
        let Some(columns) = port.read.columns.as_ref().filter(|columns| !covers(columns, &port.schema)) else {
            return Some(entry.content);
        };
        if let Some(digests) = &entry.columns {
            let named = port.schema.column_names().zip(digests.iter().copied());
            return Some(project_digest(
                &port.schema.arrow,
                entry.rows,
                named.filter(|(name, _)| columns.iter().any(|c| c == name)),
            ));
        }
        let table = project(self.rows.get(&(member, label))?.get(output)?, Some(columns)).ok()?;
        content_digest(&table.schema(), &[table]).ok()
    }

    /// Runs the stage function.
    fn compute(&mut self, number: usize, runs: &[Run]) -> Result<Vec<Result<SampleOutput, SampleError>>, StoreError> {
        let task = self.task;
        let member = &task.members[number];
        let labels: Vec<usize> = runs.iter().map(|run| run.label).collect();
        let broadcast_digests: Vec<Digest> = member.common["broadcast"]
            .as_object()
            .into_iter()
            .flat_map(|map| map.values().filter_map(|digest| digest.as_str()?.parse().ok()))
            .collect();
        let mut batch = Batch::default();
        for run in runs {
            // Of table-grain stages only the seed enters, so that streams do not change with the samples; rounds draw
            // other numbers each.
            let bound = self.stages[number].bound();
            let digests: Vec<Digest> = match bound.grain {
                _ if bound.rounds().is_some() => run.inputs.first().copied().into_iter().collect(),
                Grain::Table => Vec::new(),
                Grain::Sample => broadcast_digests.iter().chain(&run.inputs).copied().collect(),
            };
            batch.samples.push(SampleInput {
                label: task.labels[run.label].clone(),
                tables: Vec::new(),
                random: random_key(member.seed, &digests),
                point: run.point,
            });
        }
        for port in &member.ports {
            match &port.from {
                From::Whole { output, keys, labels } => {
                    let digest = member.common["broadcast"][&port.name].as_str().unwrap_or_default();
                    let columns = port.read.columns.as_deref();
                    let read = || read_whole(self.store, *output, &port.schema, keys, labels, columns);
                    let table = self.shared.inputs.get((&member.stage, &port.name, digest), read)?;
                    batch.broadcast.push((port.name.clone(), table));
                }
                From::History { output, keys, of } => {
                    let table = history(self.store, port, *output, keys, *of)?;
                    batch.broadcast.push((port.name.clone(), table));
                }
                From::Samples { output, keys } => {
                    let present: Vec<Digest> = labels.iter().filter_map(|&label| keys[label]).collect();
                    let mut tables =
                        self.store.read(*output, &port.schema, &present, port.read.columns.as_deref())?.into_iter();
                    for (sample, &label) in batch.samples.iter_mut().zip(&labels) {
                        let table = keys[label].and_then(|_| tables.next());
                        let table = table
                            .unwrap_or_else(|| RecordBatch::new_empty(port.schema.view(port.read.columns.as_deref())));
                        sample.tables.push((port.name.clone(), table));
                    }
                }
                From::Member { member: from, output } => {
                    self.ensure_rows(*from, &labels)?;
                    for (sample, &label) in batch.samples.iter_mut().zip(&labels) {
                        let table = match self.rows.get(&(*from, label)).and_then(|tables| tables.get(*output)) {
                            Some(table) => project(table, port.read.columns.as_deref())?,
                            None => RecordBatch::new_empty(port.schema.view(port.read.columns.as_deref())),
                        };
                        sample.tables.push((port.name.clone(), table));
                    }
                }
            }
        }
        let started = Instant::now();
        let stage = self.stages[number];
        let patience = Patience { timeout: member.timeout, retries: member.retries };
        let attempts = attempt(stage, self.context, &batch, patience);
        let report = &mut self.report.members[number];
        report.seconds += started.elapsed().as_secs_f64();
        let mut results = Vec::with_capacity(attempts.len());
        for (Attempt { result, backtrace }, &label) in attempts.into_iter().zip(&labels) {
            report.backtraces.extend(backtrace.map(|text| (label, text)));
            results.push(result);
        }
        report.memory += memory(&results);
        Ok(results)
    }

    /// Reads or computes again the rows of a member for these samples.
    fn ensure_rows(&mut self, number: usize, labels: &[usize]) -> Result<(), StoreError> {
        let member = &self.task.members[number];
        let outputs = &self.stages[number].bound().outputs;
        let mut again = Vec::new();
        let lacking: Vec<usize> =
            labels.iter().copied().filter(|&label| !self.rows.contains_key(&(number, label))).collect();
        for label in lacking {
            let (key, inputs, point) = match (&member.units[label], &self.report.members[number].units[label]) {
                (UnitTask::Done { key, inputs, point, .. }, _) => (*key, inputs.clone(), *point),
                (UnitTask::Waiting { point, .. } | UnitTask::Missing { point, .. }, Some(report)) => {
                    (report.key, report.inputs.clone(), *point)
                }
                _ => continue,
            };
            if member.keep {
                let read =
                    |(i, output): (usize, &Output)| Ok(self.store.read(i, &output.schema, &[key], None)?.remove(0));
                let tables = outputs.iter().enumerate().map(read).collect::<Result<Vec<_>, StoreError>>()?;
                self.rows.insert((number, label), tables);
                continue;
            }
            match self.shared.rows.get(&member.stage, key) {
                Some(tables) => {
                    self.rows.insert((number, label), tables);
                }
                None => again.push(Run { label, key, inputs, point }),
            }
        }
        if again.is_empty() {
            return Ok(());
        }
        let results = self.compute(number, &again)?;
        for (run, result) in again.into_iter().zip(results) {
            let (action, tables) = self.action(number, &run, result);
            let contents = |outcome: &Result<Vec<OutputEntry>, SampleError>| {
                outcome.as_ref().ok().map(|outputs| outputs.iter().map(|entry| entry.content).collect::<Vec<_>>())
            };
            let before = match (&member.units[run.label], &self.report.members[number].units[run.label]) {
                (UnitTask::Done { contents, .. }, _) => Some(contents.clone()),
                (_, Some(report)) => contents(&report.outcome),
                _ => None,
            };
            let Action { outcome, notes, .. } = action;
            let reproduced = before == contents(&outcome);
            if outcome.is_ok() {
                self.rows.insert((number, run.label), tables);
            }
            self.report.members[number].units[run.label] =
                Some(UnitReport { key: run.key, inputs: run.inputs, outcome, notes, computed: true, reproduced });
        }
        Ok(())
    }

    fn action(
        &self,
        number: usize,
        run: &Run,
        result: Result<SampleOutput, SampleError>,
    ) -> (Action, Vec<RecordBatch>) {
        let member = &self.task.members[number];
        let mut notes = Vec::new();
        let entries = result.and_then(|output| {
            notes = output.notes;
            let entries = output.tables.iter().map(|table| entry(table, member.keep)).collect::<Result<Vec<_>, _>>()?;
            Ok((entries, output.tables))
        });
        let (outcome, tables) = match entries {
            Ok((entries, tables)) => (Ok(entries), tables),
            Err(error) => (Err(error), Vec::new()),
        };
        let common = ingredients_digest(&member.common);
        (Action { outcome, common, inputs: run.inputs.clone(), notes, seconds: 0.0 }, tables)
    }

    fn publish(mut self) -> Result<BatchReport, StoreError> {
        for (number, actions) in
            std::mem::take(&mut self.new).into_iter().enumerate().filter(|(_, new)| !new.is_empty())
        {
            let report = &mut self.report.members[number];
            let seconds = report.seconds / actions.len() as f64;
            let actions = actions.into_iter().map(|new| NewAction { action: Action { seconds, ..new.action }, ..new });
            let batch = NewBatch {
                outputs: &self.stages[number].bound().outputs,
                common: &self.task.members[number].common,
                actions: actions.collect(),
            };
            report.bytes += self.store.publish(&batch)?;
        }
        Ok(self.report)
    }
}

/// What a round sees of those before it.
fn history(
    store: &dyn Store,
    port: &PortTask,
    output: usize,
    keys: &[Option<Digest>],
    of: HistoryOf,
) -> Result<RecordBatch, StoreError> {
    let labels = match of {
        HistoryOf::Rounds | HistoryOf::Samples => WholeLabels::Positions,
        HistoryOf::Before => WholeLabels::None,
    };
    let table = read_whole(store, output, &port.schema, keys, &labels, port.read.columns.as_deref())?;
    match of {
        HistoryOf::Rounds => renamed_first(&table, "round"),
        HistoryOf::Samples | HistoryOf::Before => Ok(table),
    }
}

/// The table with another name for its first column.
fn renamed_first(table: &RecordBatch, name: &str) -> Result<RecordBatch, StoreError> {
    let mut fields: Vec<Field> = table.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    if let Some(first) = fields.first_mut() {
        first.set_name(name);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), table.columns().to_vec())
        .map_err(|error| StoreError::Unsupported { message: error.to_string() })
}

/// What the rows of results take, by those of some of them: to look at all costs more than to compute the smallest.
fn memory(results: &[Result<SampleOutput, SampleError>]) -> u64 {
    const LOOKED_AT: usize = 16;
    let some = results.iter().step_by(results.len().div_ceil(LOOKED_AT).max(1));
    let columns = some.clone().flatten().flat_map(|output| &output.tables).flat_map(RecordBatch::columns);
    let bytes: usize = columns.map(|column| column.to_data().get_slice_memory_size().unwrap_or_default()).sum();
    bytes as u64 * results.len() as u64 / some.count().max(1) as u64
}

/// What is known of a table that is stored, or only by its digest.
pub(crate) fn entry(table: &RecordBatch, kept: bool) -> Result<OutputEntry, SampleError> {
    let schema = table.schema();
    let digests = column_digests(&schema, std::slice::from_ref(table)).map_err(SampleError::internal)?;
    let rows = table.num_rows() as u64;
    let named = schema.fields().iter().map(|f| f.name().as_str()).zip(digests.iter().copied());
    let content = project_digest(&schema, rows, named);
    let columns = (!kept || digests.len() <= NARROW).then_some(digests);
    Ok(OutputEntry { rows, content, columns, kept })
}
