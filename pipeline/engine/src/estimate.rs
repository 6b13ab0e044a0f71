//! What a run would do, why, and what it would cost: from the store's own history.

use std::collections::{HashMap, HashSet};

use lapicque_schemas::{Digest, DigestBuilder};
use serde::Serialize;

use crate::graph::{Graph, Port};
use crate::kind::Grain;
use crate::plan::Planner;
use crate::states::{StageState, Unit};
use crate::store::{Cost, MeasuredOn, RunRecord, StageRun, Store, StoreError};
use crate::unchanged::unchanged;
use crate::why::ingredients_changed;

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StagePlan {
    pub stage: String,
    pub kind: String,
    pub samples: u64,
    pub cached: u64,
    pub to_run: u64,
    pub failed: u64,
    /// Samples that `where` leaves out.
    pub left_out: u64,
    pub reason: String,
    /// By what samples of the stage cost when they were last computed.
    pub estimated_seconds: Option<f64>,
    pub estimated_bytes: Option<f64>,
    /// Whether that was with another configuration, of this stage or of one above it, which the estimate does not allow for.
    pub estimate_from_other_configuration: bool,
}

/// What a run would do, as far as it is known before anything is computed.
pub fn plan(graph: &Graph, store: &dyn Store) -> Result<Vec<StagePlan>, StoreError> {
    if let Some(run) = unchanged(graph, store)? {
        return Ok(run.stages.iter().map(nothing_to_do).collect());
    }
    plan_rows(&Planner::new(graph, store, false)?)
}

fn nothing_to_do(stage: &StageRun) -> StagePlan {
    StagePlan {
        stage: stage.stage.clone(),
        kind: stage.kind.clone(),
        samples: stage.samples,
        cached: stage.samples - stage.failed - stage.left_out,
        to_run: 0,
        failed: stage.failed,
        left_out: stage.left_out,
        reason: String::new(),
        estimated_seconds: stage.cost.map(|_| 0.0),
        estimated_bytes: stage.cost.map(|_| 0.0),
        estimate_from_other_configuration: false,
    }
}

/// The lines of a plan.
pub fn plan_rows(planner: &Planner<'_>) -> Result<Vec<StagePlan>, StoreError> {
    let history = History::of(planner.store, planner.graph)?;
    let mut rows = Vec::new();
    let computed = to_compute(planner);
    for (number, (stage, state)) in planner.graph.stages.iter().zip(&planner.states).enumerate() {
        let to_run = computed[number];
        let without = |unit: &Unit| unit.is_lost() || matches!(unit, Unit::LeftOut);
        let (cost, from_other) = history.estimate(planner.graph, number);
        rows.push(StagePlan {
            stage: stage.name.clone(),
            kind: stage.spec.kind.clone(),
            samples: state.units.len() as u64,
            cached: (state.units.len() as u64).saturating_sub(to_run + state.count(without)),
            to_run,
            failed: state.count(Unit::is_lost),
            left_out: state.count(|unit| matches!(unit, Unit::LeftOut)),
            reason: reason(planner, number, &history)?,
            estimated_seconds: cost.map(|cost| cost.seconds * to_run as f64),
            estimated_bytes: cost.map(|cost| cost.bytes * to_run as f64),
            estimate_from_other_configuration: from_other && to_run > 0,
        });
    }
    Ok(rows)
}

/// How many samples of each stage a run would compute, as far as it is known: those that are missing, each result
/// once, those that wait, and those whose rows were not kept and are needed again.
fn to_compute(planner: &Planner<'_>) -> Vec<u64> {
    let stages = &planner.graph.stages;
    let mut needed: Vec<Vec<bool>> = planner.states.iter().map(|state| vec![false; state.units.len()]).collect();
    // Readers come after what they read.
    for reader in (0..stages.len()).rev() {
        for port in stages[reader].ports.iter().filter(|port| !port.selects && !stages[port.stage].spec.keep) {
            let alignment = planner.alignment(reader, port);
            for (unit, state) in planner.states[reader].units.iter().enumerate() {
                let computes = state.is_open() || needed[reader][unit];
                if let Some(from) = alignment.get(unit).filter(|_| computes) {
                    needed[port.stage][from] |= matches!(planner.states[port.stage].units[from], Unit::Done { .. });
                }
            }
        }
    }
    let count = |(state, needed): (&StageState, &Vec<bool>)| {
        let mut missing = HashSet::new();
        let open = state.units.iter().filter(|unit| match unit {
            Unit::Missing { key } => missing.insert(*key),
            other => other.is_open(),
        });
        open.count() as u64 + needed.iter().filter(|&&needed| needed).count() as u64
    };
    planner.states.iter().zip(&needed).map(count).collect()
}

fn reason(planner: &Planner<'_>, number: usize, history: &History) -> Result<String, StoreError> {
    let stage = &planner.graph.stages[number];
    let state = &planner.states[number];
    let waiting = state.count(|unit| matches!(unit, Unit::Waiting));
    let missing = state.count(|unit| matches!(unit, Unit::Missing { .. }));
    let mut reasons = Vec::new();
    if missing > 0 {
        reasons.push(match history.stage(&stage.name) {
            None if state.count(|unit| matches!(unit, Unit::Done { .. })) > 0 => "not computed yet".to_owned(),
            None => "never computed".to_owned(),
            Some(past) => changed(planner, number, past)?,
        });
    }
    if waiting > 0 {
        let open = |port: &&Port| planner.states[port.stage].units.iter().any(Unit::is_open);
        let mut upstream: Vec<&str> =
            stage.ports.iter().filter(open).map(|port| planner.graph.stages[port.stage].name.as_str()).collect();
        upstream.dedup();
        reasons.push(format!("waits for {}", upstream.join(", ")));
    }
    reasons.extend(to_come(planner, number));
    Ok(reasons.join("; "))
}

/// What a search that has not ended may still bring.
fn to_come(planner: &Planner<'_>, number: usize) -> Option<String> {
    let stage = &planner.graph.stages[number];
    let search = stage.made_by.unwrap_or(number);
    let (known, of_search) = (planner.searches.get(&search)?, &planner.graph.stages[search]);
    let rounds = of_search.bound().rounds().filter(|_| !known.ended)?;
    let points = known.ends.last().copied().unwrap_or(0) as u64;
    let (round, name) = (planner.states[search].units.len(), of_search.spec_name());
    Some(match (search == number, rounds.most_rounds) {
        (true, 0 | 1) => format!("at most {} points", rounds.most_points),
        (true, most) => format!("round {round} of at most {most}, {points} points so far"),
        (false, 0 | 1) => format!("as many as `{name}` takes, at most {}", rounds.most_points),
        (false, _) => format!("up to {} more in later rounds", rounds.most_points.saturating_sub(points)),
    })
}

/// Why samples of a stage are missing that has run before.
fn changed(planner: &Planner<'_>, number: usize, past: &StageRun) -> Result<String, StoreError> {
    let state = &planner.states[number];
    let binding = match planner.store.binding(past.binding) {
        Err(lost) if lost.is_loss() => return Ok("which samples were computed before is lost".to_owned()),
        other => other?,
    };
    if let (Some(common), Some(key)) = (&state.common, binding.keys.iter().flatten().next()) {
        let changes = ingredients_changed(planner.store, *key, common)?;
        if !changes.is_empty() {
            let shown = changes.iter().take(3).map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let more = if changes.len() > 3 { format!(" and {} more", changes.len() - 3) } else { String::new() };
            return Ok(format!("{shown}{more}"));
        }
    }
    let domain = planner.domain(number);
    let missing = |(unit, state): (usize, &Unit)| matches!(state, Unit::Missing { .. }).then(|| domain.label(unit));
    let asked: HashSet<&str> = state.units.iter().enumerate().filter_map(missing).flatten().collect();
    let past = binding.samples.iter().zip(binding.keys.iter().copied());
    let past_key: HashMap<&str, Option<Digest>> = past.filter(|(label, _)| asked.contains(label)).collect();
    let (mut new, mut open, mut other, mut gone) = (0, 0, 0, Vec::new());
    for (position, unit) in state.units.iter().enumerate() {
        let Unit::Missing { key } = unit else {
            continue;
        };
        let past = match domain.label(position) {
            Some(label) => past_key.get(label).copied(),
            None => binding.keys.first().copied(),
        };
        match past {
            None => new += 1,
            Some(None) => open += 1,
            Some(Some(past)) if past == *key => gone.push(past),
            Some(Some(_)) => other += 1,
        }
    }
    // They are known, and computed again all the same: as failures that are tried again, or to be kept this time.
    let known = planner.store.find(&gone)?.into_iter().flatten();
    let (mut failed, mut not_kept) = (0, 0);
    known.for_each(|found| *(if found.failure().is_some() { &mut failed } else { &mut not_kept }) += 1);
    let lost = gone.len() - failed - not_kept;
    let told = [
        (new, "new sample", "new samples", "new"),
        (open, "sample not computed yet", "samples not computed yet", "not computed yet"),
        (other, "sample with other inputs", "samples with other inputs", "its input changed"),
        (failed, "sample that failed before", "samples that failed before", "failed before"),
        (not_kept, "sample whose rows were not kept", "samples whose rows were not kept", "its rows were not kept"),
        (lost, "sample whose result was lost", "samples whose results were lost", "its result was lost"),
    ];
    let told = told.iter().filter(|(count, ..)| *count > 0);
    let told = told.map(|&(count, one, several, once)| match count {
        _ if !domain.is_sample_wise() => once.to_owned(),
        1 => format!("1 {one}"),
        count => format!("{count} {several}"),
    });
    Ok(told.collect::<Vec<_>>().join(", "))
}

/// The latest run of a pipeline, and so what its stages cost.
pub(crate) struct History(Option<RunRecord>);

impl History {
    pub(crate) fn of(store: &dyn Store, graph: &Graph) -> Result<Self, StoreError> {
        Ok(Self(store.latest_run(&graph.name, Some(&graph.file))?))
    }

    fn stage(&self, stage: &str) -> Option<&StageRun> {
        self.0.as_ref()?.stages.iter().find(|past| past.stage == stage)
    }

    pub(crate) fn cost(&self, stage: &str) -> Option<Cost> {
        self.stage(stage)?.cost
    }

    /// What a sample will cost, if it was measured on what can be compared: samples of another configuration may be a thousand times as large, and a
    /// batch for the memory that those of before took would not fit into it.
    pub(crate) fn sure_cost(&self, graph: &Graph, number: usize) -> Option<Cost> {
        let (cost, from_other) = self.estimate(graph, number);
        cost.filter(|cost| !from_other && cost.memory > 0.0)
    }

    pub(crate) fn measured_on(&self, stage: &str) -> Option<MeasuredOn> {
        self.stage(stage)?.measured_on
    }

    /// What a sample will cost, scaled where the kind can say by how much, and whether it was measured on what cannot be compared.
    fn estimate(&self, graph: &Graph, number: usize) -> (Option<Cost>, bool) {
        let name = &graph.stages[number].name;
        let (Some(cost), Some(then)) = (self.cost(name), self.measured_on(name)) else {
            return (self.cost(name), self.cost(name).is_some());
        };
        let now = measured_on(graph, number);
        let factor = match (then.work, now.work) {
            (Some(then), Some(now)) if then > 0.0 && now.is_finite() => now / then,
            _ => 1.0,
        };
        let Cost { seconds, bytes, memory } = cost;
        let scaled = Cost { seconds: seconds * factor, bytes: bytes * factor, memory: memory * factor };
        (Some(scaled), now.configuration != then.configuration || now.work.is_some() != then.work.is_some())
    }
}

/// What the cost of a stage depends on.
pub(crate) fn measured_on(graph: &Graph, number: usize) -> MeasuredOn {
    let mut all: Vec<Digest> = Vec::with_capacity(number);
    for above in 0..number {
        all.push(configuration(graph, above, true, &all));
    }
    let work = graph.stages[number].bound().work;
    MeasuredOn { work, configuration: configuration(graph, number, work.is_none(), &all) }
}

/// Digest of the configuration of a stage, where `own` is wanted, and of all stages above it. Which samples there are does not matter, but to what needs
/// all of them.
fn configuration(graph: &Graph, number: usize, own: bool, above: &[Digest]) -> Digest {
    let stage = &graph.stages[number];
    let bound = stage.bound();
    let said = match own {
        true => serde_json::json!([stage.spec.kind, bound.revision, bound.config, bound.files]),
        false => serde_json::json!([stage.spec.kind, bound.revision]),
    };
    let mut builder = DigestBuilder::new("lapicque configuration 1");
    builder.text(&said.to_string());
    for port in stage.ports.iter().filter(|port| !port.selects) {
        builder.text(&port.name).digest(above[port.stage]);
        if bound.grain == Grain::Table {
            builder.number(graph.stages[port.stage].domain.len() as u64);
        }
    }
    builder.finish()
}
