//! What stages see that need whole tables: which samples, in which order, and the digests of their inputs.

use std::collections::{BTreeMap, HashMap, HashSet};

use lapicque_schemas::{Digest, DigestBuilder, Labels};

use crate::found::Found;
use crate::graph::{BoundStage, Port};
use crate::keys::labels_digest;
use crate::pipeline_file::OnError;
use crate::plan::{Planner, absent_digest};
use crate::states::{Readiness, Unit};
use crate::store::StoreError;

/// Digests of whole tables by port.
type PortDigests = BTreeMap<String, Digest>;

/// The results at a sample-wise port: label, action key and what is known of it.
struct AtPort<'a> {
    done: Vec<(&'a str, (Digest, &'a Found))>,
    /// Samples that have none because something failed.
    lost: Vec<&'a str>,
}

impl<'a> Planner<'a> {
    /// The digests of tables of stages that run once, at some ports.
    pub(crate) fn single_digests<'p>(
        &self,
        ports: impl Iterator<Item = &'p Port>,
    ) -> Result<Readiness<PortDigests>, StoreError> {
        let mut digests = BTreeMap::new();
        for port in ports {
            match self.single_digest(port)? {
                Readiness::Known(digest) => digests.insert(port.name.clone(), digest),
                Readiness::Waiting => return Ok(Readiness::Waiting),
                Readiness::Dropped => return Ok(Readiness::Dropped),
            };
        }
        Ok(Readiness::Known(digests))
    }

    fn single_digest(&self, port: &Port) -> Result<Readiness<Digest>, StoreError> {
        let upstream = &self.states[port.stage];
        let Some(unit) = self.last_unit(port.stage) else {
            return Ok(Readiness::Waiting);
        };
        if self.searches.get(&port.stage).is_some_and(|search| search.lost) {
            return Ok(Readiness::Dropped);
        }
        let (key, found) = match &upstream.units[unit] {
            Unit::Done { key, found } => (*key, found),
            Unit::Failed { .. } | Unit::Dropped | Unit::LeftOut => return Ok(Readiness::Dropped),
            Unit::Waiting | Unit::Missing { .. } => return Ok(Readiness::Waiting),
        };
        let digest = self.port_digests(port, &[(key, found)])?[0];
        let reads_sample = port.read.columns.as_ref().is_none_or(|columns| columns.iter().any(|c| c == "sample"));
        if !self.schema(port).references_samples() || !reads_sample {
            return Ok(Readiness::Known(digest));
        }
        let labels = labels_digest(&upstream.positions);
        Ok(Readiness::Known(DigestBuilder::new("lapicque labelled 1").digest(digest).digest(labels).finish()))
    }

    /// The digests of all inputs of a table-grain stage; settles in which order it sees the samples.
    pub(crate) fn table_digests(&mut self, number: usize) -> Result<Readiness<PortDigests>, StoreError> {
        let graph = self.graph;
        let stage = &graph.stages[number];
        let Some(selected) = self.selected(stage) else {
            return Ok(Readiness::Waiting);
        };
        let is_wise =
            |port: &&Port| graph.stages[port.stage].domain.is_sample_wise() && !port.selects && !port.last_round;
        let wise: Vec<&Port> = stage.ports.iter().filter(is_wise).collect();
        let mut row_of: HashMap<&str, usize> = HashMap::new();
        let mut rows: Vec<(Vec<Option<Digest>>, &str)> = Vec::new();
        let mut lost: HashSet<&str> = HashSet::new();
        for (column, port) in wise.iter().enumerate() {
            match self.samples_are_known(port.stage) {
                Readiness::Known(()) => {}
                Readiness::Waiting => return Ok(Readiness::Waiting),
                Readiness::Dropped => return Ok(Readiness::Dropped),
            }
            let at_port = match self.at_port(port, selected.as_ref()) {
                Readiness::Known(at_port) => at_port,
                Readiness::Waiting => return Ok(Readiness::Waiting),
                Readiness::Dropped => return Ok(Readiness::Dropped),
            };
            lost.extend(at_port.lost);
            let actions: Vec<_> = at_port.done.iter().map(|(_, action)| *action).collect();
            for ((label, _), digest) in at_port.done.iter().zip(self.port_digests(port, &actions)?) {
                let row = *row_of.entry(label).or_insert_with(|| {
                    rows.push((vec![None; wise.len()], label));
                    rows.len() - 1
                });
                rows[row].0[column] = Some(digest);
            }
        }
        if !stage.bound().order_sensitive {
            rows.sort_by(|a, b| a.0.cmp(&b.0));
        }
        let positions: Labels = rows.iter().map(|(_, label)| *label).collect();
        let mut digests =
            match self.single_digests(stage.ports.iter().filter(|port| !is_wise(port) && !port.selects))? {
                Readiness::Known(digests) => digests,
                other => return Ok(other),
            };
        for (column, port) in wise.iter().enumerate() {
            let mut builder = DigestBuilder::new("lapicque table 2");
            builder.digest(absent_digest(port, self.schema(port))).number(rows.len() as u64).number(lost.len() as u64);
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
        self.states[number].positions = positions;
        Ok(Readiness::Known(digests))
    }

    /// The results of the selected samples at a port.
    fn at_port<'p>(&'p self, port: &Port, selected: Option<&HashSet<&str>>) -> Readiness<AtPort<'p>> {
        let units = &self.states[port.stage].units;
        let skips = self.skips(port.stage);
        let mut at_port = AtPort { done: Vec::with_capacity(units.len()), lost: Vec::new() };
        for (unit, label) in units.iter().zip(self.domains[port.stage].labels()) {
            if selected.is_some_and(|selected| !selected.contains(label)) {
                continue;
            }
            match unit {
                Unit::Done { key, found } => at_port.done.push((label, (*key, found))),
                Unit::Waiting | Unit::Missing { .. } => return Readiness::Waiting,
                Unit::LeftOut => {}
                Unit::Failed { .. } | Unit::Dropped if skips => at_port.lost.push(label),
                Unit::Failed { .. } | Unit::Dropped => return Readiness::Dropped,
            }
        }
        Readiness::Known(at_port)
    }

    /// The samples that the `where` of a table-grain stage selects, `Some(None)` where it has none; `None` while it waits.
    fn selected(&self, stage: &BoundStage) -> Option<Option<HashSet<&str>>> {
        let Some(port) = stage.ports.iter().find(|port| port.selects) else {
            return Some(None);
        };
        let mut selected = HashSet::new();
        for (unit, label) in self.states[port.stage].units.iter().zip(self.domains[port.stage].labels()) {
            match unit {
                Unit::Done { found, .. } if found.rows(port.output) == Some(0) => {}
                Unit::LeftOut => {}
                // A sample whose condition has no answer is treated as one that failed upstream.
                Unit::Done { .. } | Unit::Failed { .. } | Unit::Dropped => {
                    selected.insert(label);
                }
                Unit::Waiting | Unit::Missing { .. } => return None,
            }
        }
        Some(Some(selected))
    }

    /// Whether the samples of a stage are all there: those that a search makes are when it has ended.
    fn samples_are_known(&self, number: usize) -> Readiness<()> {
        match self.graph.stages[number].made_by.and_then(|search| self.searches.get(&search)) {
            Some(search) if search.lost => Readiness::Dropped,
            Some(search) if !search.ended => Readiness::Waiting,
            _ => Readiness::Known(()),
        }
    }

    /// Whether failures of a stage, or of a stage above it, leave table-grain stages running.
    pub(crate) fn skips(&self, number: usize) -> bool {
        // Inputs have lower numbers, so each stage is looked at once.
        let mut skips: Vec<bool> = Vec::with_capacity(number + 1);
        for (stage, state) in self.graph.stages.iter().zip(&self.states).take(number + 1) {
            let failed_here = state.units.iter().any(|unit| matches!(unit, Unit::Failed { .. }));
            let dropped_here = state.units.iter().any(|unit| matches!(unit, Unit::Dropped));
            let above = !dropped_here || stage.ports.iter().all(|port| skips[port.stage]);
            skips.push((!failed_here || stage.spec.on_error == OnError::Skip) && above);
        }
        skips[number]
    }
}
