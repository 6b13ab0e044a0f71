//! What is known, what is missing, and what waits for inputs: action keys, stage by stage.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use lapicque_schemas::{Digest, DigestBuilder, project_digest};
use serde_json::Value;

use crate::graph::{BoundStage, Domain, Graph, Port, labels_digest};
use crate::keys::{Ingredients, action_key, ingredients_digest};
use crate::kind::{Grain, SampleError};
use crate::pipeline_file::OnError;
use crate::store::{Action, OutputEntry, Store, StoreError};

/// The state of one sample in one stage.
#[derive(Debug, Clone)]
pub enum Unit {
    /// Its inputs are not computed yet.
    Waiting,
    Missing {
        key: Digest,
        inputs: Vec<Digest>,
    },
    Done {
        key: Digest,
        action: Arc<Action>,
    },
    Failed {
        key: Digest,
        inputs: Vec<Digest>,
        error: SampleError,
    },
    /// An input failed.
    Dropped,
}

#[derive(Debug, Clone)]
pub struct StageState {
    pub units: Vec<Unit>,
    /// Ingredients that all units have in common, once they are known.
    pub common: Option<Value>,
    /// Of table-grain stages: the samples, in the order in which the stage sees them.
    pub positions: Vec<String>,
    /// Samples that failed upstream and are left out.
    pub missing_samples: u64,
}

pub struct Planner<'a> {
    pub graph: &'a Graph,
    pub store: &'a dyn Store,
    /// Failures that are stored are tried again.
    pub retry_failed: bool,
    pub states: Vec<StageState>,
}

/// What a whole input is, as far as it is known.
enum Whole {
    Known(Digest),
    Waiting,
    Dropped,
}

impl<'a> Planner<'a> {
    /// Plans all stages, as far as it goes without computing.
    pub fn new(graph: &'a Graph, store: &'a dyn Store, retry_failed: bool) -> Result<Self, StoreError> {
        let states = graph.stages.iter().map(|stage| StageState {
            units: vec![Unit::Waiting; stage.domain.len()],
            common: None,
            positions: Vec::new(),
            missing_samples: 0,
        });
        let mut planner = Self { graph, store, retry_failed, states: states.collect() };
        for stage in 0..graph.stages.len() {
            planner.settle(stage)?;
        }
        Ok(planner)
    }

    /// Finds the keys of the units whose inputs have become known since, and looks them up.
    pub fn settle(&mut self, number: usize) -> Result<(), StoreError> {
        let stage = &self.graph.stages[number];
        if self.states[number].common.is_none() {
            match self.common(number)? {
                Ok(common) => self.states[number].common = Some(common),
                Err(Some(())) => return Ok(()),
                Err(None) => {
                    self.states[number].units.fill(Unit::Dropped);
                    return Ok(());
                }
            }
        }
        let Some(common) = &self.states[number].common else {
            return Ok(());
        };
        let common = ingredients_digest(common);
        let inputs = self.unit_inputs(number)?;
        let mut found: Vec<(usize, Digest, Vec<Digest>)> = Vec::new();
        for (unit, inputs) in inputs.into_iter().enumerate() {
            match inputs {
                UnitInputs::Known(inputs) => found.push((unit, action_key(common, &inputs), inputs)),
                UnitInputs::Dropped => self.states[number].units[unit] = Unit::Dropped,
                UnitInputs::Waiting | UnitInputs::Settled => {}
            }
        }
        let keys: Vec<Digest> = found.iter().map(|(_, key, _)| *key).collect();
        let actions = self.store.find(&keys)?;
        for ((unit, key, inputs), action) in found.into_iter().zip(actions) {
            self.states[number].units[unit] = self.unit(stage, key, inputs, action);
        }
        Ok(())
    }

    fn unit(&self, stage: &BoundStage, key: Digest, inputs: Vec<Digest>, action: Option<Action>) -> Unit {
        match action {
            None => Unit::Missing { key, inputs },
            Some(action) => match action.outcome {
                // Rows that an earlier pipeline did not keep are computed again where this one keeps them.
                Ok(ref outputs) if stage.spec.keep && outputs.iter().any(|o| !o.kept) => Unit::Missing { key, inputs },
                Ok(_) => Unit::Done { key, action: Arc::new(action) },
                Err(_) if self.retry_failed => Unit::Missing { key, inputs },
                Err(error) => Unit::Failed { key, inputs, error },
            },
        }
    }

    /// The ingredients that all units share; `Err(Some)` while they wait, `Err(None)` where an input failed.
    fn common(&mut self, number: usize) -> Result<Result<Value, Option<()>>, StoreError> {
        let stage = &self.graph.stages[number];
        let mut broadcast = BTreeMap::new();
        if stage.bound().grain == Grain::Table {
            match self.table_grain(number)? {
                Ok(digests) => broadcast = digests,
                Err(waiting) => return Ok(Err(waiting)),
            }
        } else {
            for port in stage.ports.iter().filter(|port| !port.sample_wise) {
                match self.single_digest(port)? {
                    Whole::Known(digest) => broadcast.insert(port.name.clone(), digest),
                    Whole::Waiting => return Ok(Err(Some(()))),
                    Whole::Dropped => return Ok(Err(None)),
                };
            }
        }
        let mut sample_wise: Vec<String> =
            stage.ports.iter().filter(|p| p.sample_wise).map(|p| p.name.clone()).collect();
        if stage.bound().points.is_some() {
            sample_wise.insert(0, "point".to_owned());
        }
        let ingredients =
            Ingredients::new(&stage.spec.kind, stage.spec.revision, stage.bound(), stage.seed, broadcast, sample_wise);
        Ok(Ok(ingredients.to_json()))
    }

    /// The digest of the table of a stage that runs once.
    fn single_digest(&self, port: &Port) -> Result<Whole, StoreError> {
        let upstream = &self.states[port.stage];
        Ok(match &upstream.units[0] {
            Unit::Done { key, action } => {
                let digest = self.port_digests(port, &[(*key, action.clone())])?[0];
                let schema = &self.graph.stages[port.stage].bound().outputs[port.output].schema;
                let reads_sample =
                    port.read.columns.as_ref().is_none_or(|columns| columns.iter().any(|c| c == "sample"));
                if schema.references_samples() && reads_sample {
                    let labels = labels_digest(&upstream.positions);
                    Whole::Known(DigestBuilder::new("lapicque labelled 1").digest(digest).digest(labels).finish())
                } else {
                    Whole::Known(digest)
                }
            }
            Unit::Failed { .. } | Unit::Dropped => Whole::Dropped,
            Unit::Waiting | Unit::Missing { .. } => Whole::Waiting,
        })
    }

    /// The digests of all inputs of a table-grain stage; settles in which order it sees the samples.
    fn table_grain(&mut self, number: usize) -> Result<Result<BTreeMap<String, Digest>, Option<()>>, StoreError> {
        let graph = self.graph;
        let stage = &graph.stages[number];
        let mut digests = BTreeMap::new();
        let mut labels: Vec<String> = Vec::new();
        let mut row_of: HashMap<String, usize> = HashMap::new();
        let mut table: Vec<Vec<Option<Digest>>> = Vec::new();
        let mut missing = 0;
        let wise: Vec<&Port> = stage.ports.iter().filter(|p| graph.stages[p.stage].domain.is_sample_wise()).collect();
        for (column, port) in wise.iter().enumerate() {
            let upstream = &graph.stages[port.stage];
            let mut done = Vec::new();
            for (unit, label) in self.states[port.stage].units.iter().zip(upstream.domain.labels()) {
                match unit {
                    Unit::Done { key, action } => done.push((label, (*key, action.clone()))),
                    Unit::Waiting | Unit::Missing { .. } => return Ok(Err(Some(()))),
                    Unit::Failed { .. } | Unit::Dropped if self.skips(port.stage) => missing += 1,
                    Unit::Failed { .. } | Unit::Dropped => return Ok(Err(None)),
                }
            }
            let actions: Vec<_> = done.iter().map(|(_, action)| action.clone()).collect();
            for ((label, _), digest) in done.into_iter().zip(self.port_digests(port, &actions)?) {
                let row = *row_of.entry(label.clone()).or_insert_with(|| {
                    labels.push(label.clone());
                    table.push(vec![None; wise.len()]);
                    labels.len() - 1
                });
                table[row][column] = Some(digest);
            }
        }
        let mut rows: Vec<(Vec<Option<Digest>>, String)> = table.into_iter().zip(labels).collect();
        if !stage.bound().order_sensitive {
            rows.sort_by(|a, b| a.0.cmp(&b.0));
        }
        let positions: Vec<String> = rows.iter().map(|(_, label)| label.clone()).collect();
        for (column, port) in wise.iter().enumerate() {
            let mut builder = DigestBuilder::new("lapicque table 1");
            builder.number(rows.len() as u64).number(missing);
            for (row, _) in &rows {
                builder.number(u64::from(row[column].is_some()));
                if let Some(digest) = row[column] {
                    builder.digest(digest);
                }
            }
            if port.read.labels {
                builder.digest(labels_digest(&positions));
            }
            digests.insert(port.name.clone(), builder.finish());
        }
        for port in stage.ports.iter().filter(|p| !graph.stages[p.stage].domain.is_sample_wise()) {
            match self.single_digest(port)? {
                Whole::Known(digest) => digests.insert(port.name.clone(), digest),
                Whole::Waiting => return Ok(Err(Some(()))),
                Whole::Dropped => return Ok(Err(None)),
            };
        }
        self.states[number].positions = positions;
        self.states[number].missing_samples = missing;
        Ok(Ok(digests))
    }

    /// Whether failures of a stage, or of a stage above it, leave table-grain stages running.
    pub(crate) fn skips(&self, number: usize) -> bool {
        let stage = &self.graph.stages[number];
        let failed_here = self.states[number].units.iter().any(|unit| matches!(unit, Unit::Failed { .. }));
        let dropped_here = self.states[number].units.iter().any(|unit| matches!(unit, Unit::Dropped));
        let above = |port: &Port| {
            let failed = self.states[port.stage].units.iter().any(|u| matches!(u, Unit::Failed { .. } | Unit::Dropped));
            !failed || self.skips(port.stage)
        };
        (!failed_here || stage.spec.on_error == OnError::Skip) && (!dropped_here || stage.ports.iter().all(above))
    }

    /// The inputs of each unit that is not settled.
    fn unit_inputs(&self, number: usize) -> Result<Vec<UnitInputs>, StoreError> {
        let stage = &self.graph.stages[number];
        let mut inputs: Vec<UnitInputs> = self.states[number]
            .units
            .iter()
            .map(|unit| match unit {
                Unit::Waiting => UnitInputs::Known(Vec::new()),
                _ => UnitInputs::Settled,
            })
            .collect();
        if let Some(points) = &stage.bound().points {
            for (inputs, &digest) in inputs.iter_mut().zip(&points.digests) {
                inputs.push(digest);
            }
        }
        for port in stage.ports.iter().filter(|port| port.sample_wise) {
            let upstream = &self.states[port.stage];
            let mut known: Vec<(usize, (Digest, Arc<Action>))> = Vec::new();
            for (unit, from) in self.alignment(number, port).into_iter().enumerate() {
                match from.map(|from| &upstream.units[from]) {
                    None => inputs[unit].push(absent_digest()),
                    Some(Unit::Done { key, action }) => known.push((unit, (*key, action.clone()))),
                    Some(Unit::Waiting | Unit::Missing { .. }) => inputs[unit].wait(),
                    Some(Unit::Failed { .. } | Unit::Dropped) => inputs[unit].fail(),
                }
            }
            known.retain(|(unit, _)| matches!(inputs[*unit], UnitInputs::Known(_)));
            let actions: Vec<_> = known.iter().map(|(_, action)| action.clone()).collect();
            for ((unit, _), digest) in known.into_iter().zip(self.port_digests(port, &actions)?) {
                inputs[unit].push(digest);
            }
        }
        Ok(inputs)
    }

    /// For each unit of a stage, the unit of the stage at a sample-wise port.
    pub fn alignment(&self, number: usize, port: &Port) -> Vec<Option<usize>> {
        align(&self.graph.stages[number].domain, &self.graph.stages[port.stage].domain)
    }

    /// The digests of what a port reads of these actions.
    pub(crate) fn port_digests(
        &self,
        port: &Port,
        actions: &[(Digest, Arc<Action>)],
    ) -> Result<Vec<Digest>, StoreError> {
        let output = &self.graph.stages[port.stage].bound().outputs[port.output];
        let mut digests = Vec::with_capacity(actions.len());
        let mut unknown = Vec::new();
        for (i, (key, action)) in actions.iter().enumerate() {
            let entry = action.outcome.as_ref().ok().and_then(|outputs| outputs.get(port.output));
            let digest = entry.and_then(|entry| known_digest(port, &output.schema, entry));
            if digest.is_none() {
                unknown.push((i, *key));
            }
            digests.push(digest);
        }
        let columns = port.read.columns.as_deref();
        for chunk in unknown.chunks(1024) {
            let keys: Vec<Digest> = chunk.iter().map(|(_, key)| *key).collect();
            let tables = self.store.read(port.output, &output.schema, &keys, columns)?;
            for ((i, _), table) in chunk.iter().zip(tables) {
                let digest = lapicque_schemas::content_digest(&table.schema(), &[table]);
                digests[*i] = Some(digest.map_err(|error| StoreError::Unsupported { message: error.to_string() })?);
            }
        }
        Ok(digests.into_iter().flatten().collect())
    }
}

enum UnitInputs {
    Settled,
    Waiting,
    Dropped,
    Known(Vec<Digest>),
}

impl UnitInputs {
    fn push(&mut self, digest: Digest) {
        if let Self::Known(inputs) = self {
            inputs.push(digest);
        }
    }

    fn wait(&mut self) {
        if matches!(self, Self::Known(_)) {
            *self = Self::Waiting;
        }
    }

    fn fail(&mut self) {
        if !matches!(self, Self::Settled) {
            *self = Self::Dropped;
        }
    }
}

/// What a sample sees at a port whose table does not have it: no rows.
pub(crate) fn absent_digest() -> Digest {
    Digest::of("lapicque absent 1", &[])
}

/// For each unit of a domain, the unit of the other with the same label.
pub(crate) fn align(domain: &Domain, other: &Domain) -> Vec<Option<usize>> {
    match (domain, other) {
        (Domain::Samples(own), Domain::Samples(theirs)) if !Arc::ptr_eq(own, theirs) => {
            let positions: HashMap<&String, usize> = theirs.iter().enumerate().map(|(i, label)| (label, i)).collect();
            own.iter().map(|label| positions.get(label).copied()).collect()
        }
        (domain, _) => (0..domain.len()).map(Some).collect(),
    }
}

/// The digest of what a port reads, if it follows from what the entry carries.
fn known_digest(port: &Port, schema: &lapicque_schemas::TableSchema, entry: &OutputEntry) -> Option<Digest> {
    let Some(columns) = port.read.columns.as_ref().filter(|columns| !covers(columns, schema)) else {
        return Some(entry.content);
    };
    let digests = entry.columns.as_ref()?;
    let named = schema.column_names().zip(digests.iter().copied());
    Some(project_digest(&schema.arrow, entry.rows, named.filter(|(name, _)| columns.iter().any(|c| c == name))))
}

/// Whether these are all columns of a table.
pub(crate) fn covers(columns: &[String], schema: &lapicque_schemas::TableSchema) -> bool {
    schema.column_names().all(|name| columns.iter().any(|column| column == name))
}
