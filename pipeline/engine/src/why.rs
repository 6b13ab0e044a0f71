//! Why a result is computed anew: its ingredients held against those of an earlier run, and so on up the graph, until
//! the changes are found that a person made.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::AtomicBool;

use arrow_array::RecordBatch;
use lapicque_schemas::{Digest, TableSchema, column_digests};
use serde::Serialize;
use serde_json::Value;

use crate::differences::{Change, ColumnChange, Upstream, column_changes, differences};
use crate::graph::{BoundStage, Port};
use crate::keys::Ingredients;
use crate::kind::{Batch, Context, Grain, SampleInput};
use crate::plan::Planner;
use crate::states::Unit;
use crate::store::{Binding, RunRecord, Store, StoreError};

/// The state of one sample in one stage, and what changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    pub stage: String,
    /// Empty for a stage that runs once.
    pub sample: String,
    /// `cached`, `to run`, `waiting`, `failed`, `not run` or `left out`.
    pub status: String,
    pub changed: Vec<Change>,
}

/// Explains a stage: one sample of it, or all.
pub fn why(planner: &Planner<'_>, number: usize, sample: Option<&str>) -> Result<Vec<Why>, StoreError> {
    let stage = &planner.graph.stages[number];
    let mut past = Past::of(planner)?;
    let mut answers = Vec::new();
    for (unit, of_unit) in planner.states[number].units.iter().enumerate() {
        let label = planner.domain(number).label(unit).unwrap_or_default();
        if sample.is_some_and(|sample| sample != label) {
            continue;
        }
        let status = match of_unit {
            Unit::Done { .. } => "cached",
            Unit::Missing { .. } => "to run",
            Unit::Waiting => "waiting",
            Unit::Failed { .. } => "failed",
            Unit::Dropped => "not run",
            Unit::LeftOut => "left out",
        };
        let changed = match past.earlier(planner, number, label, of_unit.key())? {
            Some(run) => past.explain(planner, run, number, unit)?,
            None if past.knows(planner, number, label)? => lost(planner, of_unit)?,
            None if past.lists(planner, number, label)? => {
                vec![Change::new("sample", None, Some("not computed yet".to_owned()))]
            }
            None => vec![Change::new("sample", None, Some("never computed before".to_owned()))],
        };
        answers.push(Why { stage: stage.name.clone(), sample: label.to_owned(), status: status.to_owned(), changed });
    }
    Ok(answers)
}

/// Why a result is computed again whose key is what it was.
fn lost(planner: &Planner<'_>, unit: &Unit) -> Result<Vec<Change>, StoreError> {
    let Unit::Missing { key } = unit else {
        return Ok(Vec::new());
    };
    let reason = match planner.store.find(&[*key])?.pop().flatten() {
        None => "its result was lost",
        Some(found) if found.failure().is_some() => "it failed before",
        Some(_) => "its rows were not kept",
    };
    Ok(vec![Change::new("store", None, Some(reason.to_owned()))])
}

/// What the ingredients of a stage have that those of an earlier action had not; digests of inputs are left to [`why`].
pub(crate) fn ingredients_changed(store: &dyn Store, past: Digest, common: &Value) -> Result<Vec<Change>, StoreError> {
    let Some(action) = store.action(past)? else {
        return Ok(Vec::new());
    };
    let mut changed = Vec::new();
    if let Some(old) = store.ingredients(action.common)? {
        differences("", &old, common, &mut changed);
    }
    Ok(changed)
}

/// Earlier runs of the pipeline, the latest first, with the bindings that were looked at.
struct Past {
    runs: Vec<RunRecord>,
    bindings: Vec<Vec<Option<Binding>>>,
    /// Of bindings that are lost.
    lost: HashSet<Digest>,
}

impl Past {
    fn of(planner: &Planner<'_>) -> Result<Self, StoreError> {
        let mut runs = planner.store.runs()?;
        runs.retain(|run| run.is_of(&planner.graph.name, Some(&planner.graph.file)));
        runs.reverse();
        let bindings = runs.iter().map(|run| vec![None; run.stages.len()]).collect();
        Ok(Self { runs, bindings, lost: HashSet::new() })
    }

    fn binding(&mut self, planner: &Planner<'_>, run: usize, stage: &str) -> Result<Option<&Binding>, StoreError> {
        let Some(position) = self.runs[run].stages.iter().position(|past| past.stage == stage) else {
            return Ok(None);
        };
        let digest = self.runs[run].stages[position].binding;
        let slot = &mut self.bindings[run][position];
        if slot.is_none() && !self.lost.contains(&digest) {
            match planner.store.binding(digest) {
                // What was before is not known then.
                Err(error) if error.is_loss() => drop(self.lost.insert(digest)),
                other => *slot = Some(other?),
            }
        }
        Ok(slot.as_ref())
    }

    fn key(
        &mut self,
        planner: &Planner<'_>,
        run: usize,
        stage: &str,
        label: &str,
    ) -> Result<Option<Digest>, StoreError> {
        Ok(self.binding(planner, run, stage)?.and_then(|binding| {
            let position = if label.is_empty() { Some(0) } else { binding.samples.iter().position(|s| s == label) };
            binding.keys.get(position?).copied().flatten()
        }))
    }

    /// The latest run in which the sample had another key.
    fn earlier(
        &mut self,
        planner: &Planner<'_>,
        number: usize,
        label: &str,
        own: Option<Digest>,
    ) -> Result<Option<usize>, StoreError> {
        for run in 0..self.runs.len() {
            let key = self.key(planner, run, &planner.graph.stages[number].name, label)?;
            if key.is_some() && key != own {
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    fn knows(&mut self, planner: &Planner<'_>, number: usize, label: &str) -> Result<bool, StoreError> {
        for run in 0..self.runs.len() {
            if self.key(planner, run, &planner.graph.stages[number].name, label)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an earlier run was to compute the sample, and came to its end before.
    fn lists(&mut self, planner: &Planner<'_>, number: usize, label: &str) -> Result<bool, StoreError> {
        for run in 0..self.runs.len() {
            let binding = self.binding(planner, run, &planner.graph.stages[number].name)?;
            if binding.is_some_and(|binding| label.is_empty() || binding.samples.iter().any(|sample| sample == label)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is different of a unit since an earlier run.
    fn explain(
        &mut self,
        planner: &Planner<'_>,
        run: usize,
        number: usize,
        unit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let stage = &planner.graph.stages[number];
        let state = &planner.states[number];
        let label = planner.domain(number).label(unit).unwrap_or_default();
        let Some(past_key) = self.key(planner, run, &stage.name, label)? else {
            return Ok(vec![Change::new("sample", None, Some("never computed before".to_owned()))]);
        };
        if state.units[unit].key() == Some(past_key) {
            return Ok(Vec::new());
        }
        let Some(action) = planner.store.action(past_key)? else {
            return Ok(vec![Change::new("store", None, Some("its earlier result is not in the store".to_owned()))]);
        };
        let mut changed = Vec::new();
        let old = planner.store.ingredients(action.common)?.unwrap_or_default();
        // Inputs are followed port by port below.
        differences("", &without_inputs(&old), &without_inputs(&own_ingredients(stage)), &mut changed);
        let known = !matches!(state.units[unit], Unit::Waiting | Unit::Dropped | Unit::LeftOut);
        if stage.bound().points().is_some() && known && action.inputs.first() != state.inputs(unit).first() {
            let columns = self.point_columns(planner, number, unit, past_key)?;
            changed.push(Change { columns, ..Change::new("point", None, None) });
        }
        if stage.bound().rounds().is_some() && known && action.inputs.get(1) != state.inputs(unit).get(1) {
            let old = action.inputs.get(1).map(ToString::to_string);
            changed.push(Change::new("feedback", old, state.inputs(unit).get(1).map(ToString::to_string)));
        }
        let old_names: Vec<String> =
            old["sample_wise"].as_array().into_iter().flatten().filter_map(|n| Some(n.as_str()?.to_owned())).collect();
        let names: Vec<&str> = stage.own_inputs().collect();
        for port in stage.ports.iter().filter(|port| !port.selects) {
            let old_digest = match old_names.iter().position(|name| *name == port.name) {
                Some(position) => action.inputs.get(position).map(ToString::to_string),
                None => old["broadcast"][&port.name].as_str().map(str::to_owned),
            };
            let new_digest = match (names.iter().position(|name| *name == port.name), &state.common) {
                (Some(position), _) if known => Some(state.inputs(unit)[position].to_string()),
                (None, Some(common)) => common["broadcast"][&port.name].as_str().map(str::to_owned),
                _ => None,
            };
            if new_digest.is_some() && new_digest == old_digest {
                continue;
            }
            let change = Change::new(&format!("inputs.{}", port.name), old_digest, new_digest.clone());
            if let Some(change) = self.follow(planner, run, number, unit, port, change)? {
                changed.push(change);
            }
        }
        Ok(changed)
    }

    /// An input that changed, or may have: which columns did, and why.
    fn follow(
        &mut self,
        planner: &Planner<'_>,
        run: usize,
        number: usize,
        unit: usize,
        port: &Port,
        mut change: Change,
    ) -> Result<Option<Change>, StoreError> {
        let upstream = &planner.graph.stages[port.stage];
        let wise = upstream.domain.is_sample_wise() && !port.last_round;
        let whole = planner.graph.stages[number].bound().grain == Grain::Table && wise;
        let from = if whole {
            let (first, samples) = self.first_changed(planner, run, port.stage)?;
            change.samples = samples;
            first
        } else if wise {
            planner.alignment(number, port).get(unit)
        } else {
            planner.last_unit(port.stage)
        };
        let waits = change.new.is_none();
        let Some(from) = from else {
            return Ok((!waits || change.samples.is_some()).then_some(change));
        };
        let label = planner.domain(port.stage).label(from).unwrap_or_default();
        let of_upstream = self.explain(planner, run, port.stage, from)?;
        let of_unit = &planner.states[port.stage].units[from];
        if waits && of_upstream.is_empty() && !of_unit.is_open() {
            return Ok(None);
        }
        if let (Some(past), Unit::Done { key, .. }) = (self.key(planner, run, &upstream.name, label)?, of_unit)
            && past != *key
        {
            let schema = &upstream.bound().outputs[port.output].schema;
            let columns = port.read.columns.as_deref();
            change.columns = stored_changes(planner.store, port.output, schema, past, *key, columns);
        }
        if waits {
            change.old = None;
            change.new = Some(format!("`{}` is to be computed first", upstream.name));
        }
        if !of_upstream.is_empty() {
            let (stage, sample) = (upstream.name.clone(), label.to_owned());
            change.because = Some(Box::new(Upstream { stage, sample, changed: of_upstream }));
        }
        Ok(Some(change))
    }

    /// The first sample of a stage that has another key than in an earlier run, and how many have.
    fn first_changed(
        &mut self,
        planner: &Planner<'_>,
        run: usize,
        number: usize,
    ) -> Result<(Option<usize>, Option<String>), StoreError> {
        let stage = &planner.graph.stages[number];
        let Some(binding) = self.binding(planner, run, &stage.name)? else {
            return Ok((None, None));
        };
        let past: std::collections::HashMap<&str, Option<Digest>> =
            binding.samples.iter().zip(binding.keys.iter().copied()).collect();
        let (mut first, mut new, mut other, mut kept) = (None, 0, 0, 0);
        for (unit, label) in planner.domain(number).labels().enumerate() {
            match past.get(label) {
                None => new += 1,
                Some(key) => {
                    kept += 1;
                    if *key != planner.states[number].units[unit].key() {
                        other += 1;
                        first = first.or(Some(unit));
                    }
                }
            }
        }
        let gone = past.len() - kept;
        let counts = [(new, "new"), (gone, "gone"), (other, "with other content")];
        let told: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} samples {what}")).collect();
        Ok((first, (!told.is_empty()).then(|| told.join(", "))))
    }

    /// What is different in the row of a point.
    fn point_columns(
        &self,
        planner: &Planner<'_>,
        number: usize,
        unit: usize,
        past: Digest,
    ) -> Result<Vec<ColumnChange>, StoreError> {
        let stage = &planner.graph.stages[number];
        let schema = &stage.bound().outputs[0].schema;
        let sample = SampleInput { label: String::new(), tables: Vec::new(), random: Digest([0; 16]), point: unit };
        let batch = Batch { samples: vec![sample], broadcast: Vec::new() };
        let context = Context { threads: 1, cancelled: &AtomicBool::new(false), progress: &|_| {} };
        let new = stage.stage.run(&context, &batch).pop().and_then(Result::ok).and_then(|mut o| o.tables.pop());
        let old = planner.store.read(0, schema, &[past], None).ok().and_then(|mut tables| tables.pop());
        Ok(match (old, new) {
            (Some(old), Some(new)) => changes_of(schema, &old, &new),
            _ => Vec::new(),
        })
    }
}

fn changes_of(schema: &TableSchema, old: &RecordBatch, new: &RecordBatch) -> Vec<ColumnChange> {
    let digests =
        |table: &RecordBatch| column_digests(&table.schema(), std::slice::from_ref(table)).unwrap_or_default();
    column_changes(schema, (old, &digests(old)), (new, &digests(new)))
}

/// The columns that differ between two stored results; none where their rows are not kept.
fn stored_changes(
    store: &dyn Store,
    output: usize,
    schema: &TableSchema,
    old: Digest,
    new: Digest,
    columns: Option<&[String]>,
) -> Vec<ColumnChange> {
    let read = |key: Digest| store.read(output, schema, &[key], columns).ok().and_then(|mut tables| tables.pop());
    match (read(old), read(new)) {
        (Some(old), Some(new)) => changes_of(schema, &old, &new),
        _ => Vec::new(),
    }
}

/// The ingredients of a stage as far as they do not wait for inputs.
fn own_ingredients(stage: &BoundStage) -> Value {
    let names = stage.own_inputs().map(str::to_owned).collect();
    let (kind, revision) = (&stage.spec.kind, stage.spec.revision);
    Ingredients::new(kind, revision, stage.bound(), stage.seed, Default::default(), names).to_json()
}

fn without_inputs(ingredients: &Value) -> Value {
    let mut own = ingredients.clone();
    if let Value::Object(map) = &mut own {
        map.remove("broadcast");
    }
    own
}

impl fmt::Display for Why {
    /// A sentence: `features of sample x: to run, because spikes: config.duration: 1 s -> 2 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stage)?;
        if !self.sample.is_empty() {
            write!(f, " of sample {}", self.sample)?;
        }
        write!(f, ": {}", self.status)?;
        for change in self.changed.iter().take(1) {
            write!(f, ", because {}", change.chain())?;
        }
        Ok(())
    }
}
