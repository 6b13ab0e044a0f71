//! What is known, what is missing, and what waits for inputs: action keys, stage by stage.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use lapicque_schemas::{Digest, Labels, TableSchema, empty_digest};
use rayon::prelude::*;
use serde_json::Value;

use crate::alignment::{Alignment, align};
use crate::found::Found;
use crate::graph::{BoundStage, Domain, Graph, Port};
use crate::keys::{Ingredients, action_key, ingredients_digest};
use crate::kind::Grain;
use crate::search::Search;
use crate::states::{Readiness, StageState, Unit};
use crate::store::{Store, StoreError};

pub struct Planner<'a> {
    pub graph: &'a Graph,
    pub store: &'a dyn Store,
    /// Failures that are stored are tried again.
    pub retry_failed: bool,
    /// What failed in this run is not tried again in it.
    pub(crate) tried: HashSet<Digest>,
    pub states: Vec<StageState>,
    /// The samples of each stage, those that searches have made among them.
    pub(crate) domains: Vec<Domain>,
    /// By the number of their stage.
    pub(crate) searches: BTreeMap<usize, Search>,
    /// Whether points of searches are stored when they are found; a plan leaves the store as it is.
    pub(crate) publishes: bool,
    /// Per stage and port, which unit of the upstream stage belongs to each unit.
    alignments: Vec<Vec<Alignment>>,
}

/// Units whose keys are looked up together.
const CHUNK: usize = 1 << 16;

impl<'a> Planner<'a> {
    /// Plans all stages, as far as it goes without computing.
    pub fn new(graph: &'a Graph, store: &'a dyn Store, retry_failed: bool) -> Result<Self, StoreError> {
        Self::begin(graph, store, retry_failed, false)
    }

    /// As [`Planner::new`], for a run: points of searches whose rounds are there are stored.
    pub fn for_run(graph: &'a Graph, store: &'a dyn Store, retry_failed: bool) -> Result<Self, StoreError> {
        Self::begin(graph, store, retry_failed, true)
    }

    fn begin(graph: &'a Graph, store: &'a dyn Store, retry_failed: bool, publishes: bool) -> Result<Self, StoreError> {
        let states = graph.stages.iter().map(|stage| StageState {
            units: vec![Unit::Waiting; stage.domain.len()],
            inputs: vec![Digest([0; 16]); stage.domain.len() * stage.own_inputs().count()],
            common: None,
            positions: Labels::default(),
        });
        let alignments = graph.stages.iter().map(|stage| {
            let port = |port: &Port| {
                let upstream = &graph.stages[port.stage];
                // All that one search has made comes in its order.
                let made = stage.made_by.is_some() && stage.made_by == upstream.made_by;
                if made { Alignment::Same } else { align(&stage.domain, &upstream.domain) }
            };
            stage.ports.iter().map(port).collect()
        });
        let (states, alignments) = (states.collect(), alignments.collect());
        let domains = graph.stages.iter().map(|stage| stage.domain.clone()).collect();
        let (tried, searches) = (HashSet::new(), BTreeMap::new());
        let mut planner = Self { graph, store, retry_failed, tried, states, domains, searches, publishes, alignments };
        planner.begin_searches();
        for stage in 0..graph.stages.len() {
            planner.settle(stage)?;
        }
        planner.settle_searches()?;
        Ok(planner)
    }

    /// Finds the keys of the units whose inputs have become known since, and looks them up.
    pub fn settle(&mut self, number: usize) -> Result<(), StoreError> {
        let stage = &self.graph.stages[number];
        if self.states[number].common.is_none() {
            match self.common(number)? {
                Readiness::Known(common) => self.states[number].common = Some(common),
                Readiness::Waiting => return Ok(()),
                Readiness::Dropped => {
                    self.states[number].units.fill(Unit::Dropped);
                    return Ok(());
                }
            }
        }
        let Some(common) = &self.states[number].common else {
            return Ok(());
        };
        let common = ingredients_digest(common);
        self.find_inputs(number)?;
        let known: Vec<u32> = (0..self.states[number].units.len() as u32)
            .filter(|&unit| matches!(self.states[number].units[unit as usize], Unit::Missing { .. }))
            .collect();
        for chunk in known.chunks(CHUNK) {
            let state = &self.states[number];
            let keys: Vec<Digest> =
                chunk.par_iter().map(|&unit| action_key(common, state.inputs(unit as usize))).collect();
            let found = self.store.find(&keys)?;
            for ((&unit, key), found) in chunk.iter().zip(keys).zip(found) {
                let positions = &self.states[number].positions;
                self.states[number].units[unit as usize] = self.unit(stage, positions, key, found);
            }
        }
        Ok(())
    }

    fn unit(&self, stage: &BoundStage, positions: &Labels, key: Digest, found: Option<Found>) -> Unit {
        let Some(found) = found else {
            return Unit::Missing { key };
        };
        match found.failure() {
            Some(error) if (self.retry_failed || error.reason.may_pass()) && !self.tried.contains(&key) => {
                Unit::Missing { key }
            }
            Some(error) => Unit::Failed { key, error: Arc::new(error.named(positions)) },
            // Rows that an earlier pipeline did not keep are computed again where this one keeps them.
            None if stage.spec.keep && !found.is_kept() => Unit::Missing { key },
            None => Unit::Done { key, found },
        }
    }

    /// The ingredients that all units share.
    fn common(&mut self, number: usize) -> Result<Readiness<Value>, StoreError> {
        let stage = &self.graph.stages[number];
        let digests = match stage.bound().grain {
            Grain::Table => self.table_digests(number)?,
            Grain::Sample => self.single_digests(stage.ports.iter().filter(|port| !port.sample_wise))?,
        };
        let broadcast = match digests {
            Readiness::Known(digests) => digests,
            Readiness::Waiting => return Ok(Readiness::Waiting),
            Readiness::Dropped => return Ok(Readiness::Dropped),
        };
        let own = stage.own_inputs().map(str::to_owned).collect();
        let (kind, revision) = (&stage.spec.kind, stage.spec.revision);
        let ingredients = Ingredients::new(kind, revision, stage.bound(), stage.seed, broadcast, own);
        Ok(Readiness::Known(ingredients.to_json()))
    }

    /// Finds the input digests of each unit that waits; those of which all are known become `Missing`.
    fn find_inputs(&mut self, number: usize) -> Result<(), StoreError> {
        let stage = &self.graph.stages[number];
        let width = stage.own_inputs().count();
        let mut state = std::mem::replace(&mut self.states[number], StageState::empty());
        let mut known: Vec<bool> = state.units.iter().map(|unit| matches!(unit, Unit::Waiting)).collect();
        let mut column = 0;
        if let Some(points) = stage.bound().points() {
            for (unit, &digest) in points.digests.iter().enumerate() {
                state.inputs[unit * width] = digest;
            }
            column = 1;
        }
        for (port, alignment) in stage.ports.iter().zip(&self.alignments[number]).filter(|(port, _)| port.sample_wise) {
            let upstream = &self.states[port.stage];
            let absent = absent_digest(port, self.schema(port));
            let mut done: Vec<(u32, (Digest, &Found))> = Vec::new();
            for (unit, known) in known.iter_mut().enumerate() {
                if done.len() == CHUNK {
                    self.put_digests(port, &mut done, &mut state.inputs, width, column)?;
                }
                if !*known {
                    continue;
                }
                match alignment.get(unit).map(|from| &upstream.units[from]) {
                    // What has no row to be judged by is not selected.
                    None if port.selects => state.units[unit] = Unit::LeftOut,
                    None => {
                        state.inputs[unit * width + column] = absent;
                        continue;
                    }
                    Some(Unit::Done { found, .. }) if port.selects => {
                        if found.rows(port.output) != Some(0) {
                            continue;
                        }
                        state.units[unit] = Unit::LeftOut;
                    }
                    Some(Unit::Done { key, found }) => {
                        done.push((unit as u32, (*key, found)));
                        continue;
                    }
                    Some(Unit::LeftOut) => state.units[unit] = Unit::LeftOut,
                    Some(Unit::Failed { .. } | Unit::Dropped) => state.units[unit] = Unit::Dropped,
                    Some(Unit::Waiting | Unit::Missing { .. }) => {}
                }
                *known = false;
            }
            if port.selects {
                continue;
            }
            self.put_digests(port, &mut done, &mut state.inputs, width, column)?;
            column += 1;
        }
        // The key is put in when it is looked up.
        let missing = Unit::Missing { key: Digest([0; 16]) };
        state.units.iter_mut().zip(known).filter(|(_, known)| *known).for_each(|(unit, _)| *unit = missing.clone());
        self.states[number] = state;
        Ok(())
    }

    /// Puts what a port reads of these units into their column of the inputs.
    fn put_digests(
        &self,
        port: &Port,
        done: &mut Vec<(u32, (Digest, &Found))>,
        inputs: &mut [Digest],
        width: usize,
        column: usize,
    ) -> Result<(), StoreError> {
        let actions: Vec<_> = done.iter().map(|(_, action)| *action).collect();
        for ((unit, _), digest) in done.drain(..).zip(self.port_digests(port, &actions)?) {
            inputs[unit as usize * width + column] = digest;
        }
        Ok(())
    }

    /// The samples of a stage, as far as they are known.
    pub fn domain(&self, number: usize) -> &Domain {
        &self.domains[number]
    }

    /// For each unit of a stage, the unit of the stage at one of its ports.
    pub(crate) fn alignment(&self, number: usize, port: &Port) -> &Alignment {
        let position = self.graph.stages[number].ports.iter().position(|p| p.name == port.name);
        position.map_or(&Alignment::Same, |position| &self.alignments[number][position])
    }

    /// The schema of the table at a port.
    pub(crate) fn schema(&self, port: &Port) -> &'a TableSchema {
        let graph: &'a Graph = self.graph;
        &graph.stages[port.stage].bound().outputs[port.output].schema
    }

    /// The digests of what a port reads of these actions.
    pub(crate) fn port_digests(&self, port: &Port, actions: &[(Digest, &Found)]) -> Result<Vec<Digest>, StoreError> {
        let schema = self.schema(port);
        let read = port.read.columns.as_deref();
        let known = |(_, found): &(Digest, &Found)| found.digest_of(port.output, schema, read);
        let mut digests: Vec<Option<Digest>> = actions.par_iter().map(known).collect();
        let unknown: Vec<usize> = (0..actions.len()).filter(|&i| digests[i].is_none()).collect();
        let columns = port.read.columns.as_deref();
        for chunk in unknown.chunks(1024) {
            let keys: Vec<Digest> = chunk.iter().map(|&i| actions[i].0).collect();
            let tables = self.store.read(port.output, schema, &keys, columns)?;
            for (&i, table) in chunk.iter().zip(tables) {
                let digest = lapicque_schemas::content_digest(&table.schema(), &[table]);
                digests[i] = Some(digest.map_err(|error| StoreError::Unsupported { message: error.to_string() })?);
            }
        }
        Ok(digests.into_iter().flatten().collect())
    }
}

/// What a sample sees at a port whose table does not have it: the columns that are read, without rows.
pub(crate) fn absent_digest(port: &Port, schema: &TableSchema) -> Digest {
    empty_digest(&schema.view(port.read.columns.as_deref()))
}
