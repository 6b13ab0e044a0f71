//! Which samples of a group are computed together, and the tasks for them.

use lapicque_schemas::Digest;

use crate::execute::BatchReport;
use crate::graph::{BoundStage, Port};
use crate::kind::{Grain, PortSchema};
use crate::plan::{Planner, Unit, absent_digest, align};
use crate::tables::outward;
use crate::task::{BatchTask, From, MemberTask, PortTask, StageBinding, UnitTask, WholeLabels};

const BATCH_SECONDS: f64 = 2.0;
const BATCH_BYTES: f64 = 64e6;

/// The samples of a group that have something to compute, handed out in batches.
pub(crate) struct Batches {
    /// Label, and its unit in each member.
    samples: Vec<(String, Vec<Option<usize>>)>,
    next: usize,
    limit: usize,
    threads: usize,
    /// Samples, seconds and bytes so far, or as they were in the latest run.
    spent: (f64, f64, f64),
}

impl Batches {
    pub(crate) fn new(
        planner: &Planner<'_>,
        members: &[usize],
        threads: usize,
        seconds_per_sample: Option<f64>,
    ) -> Self {
        let stages = &planner.graph.stages;
        let mut samples: Vec<(String, Vec<Option<usize>>)> = Vec::new();
        if let Some(&widest) = members.iter().max_by_key(|&&m| stages[m].domain.len()) {
            let mut domains = vec![&stages[widest].domain];
            domains.extend(members.iter().map(|&m| &stages[m].domain));
            let mut seen = std::collections::HashSet::new();
            for domain in domains {
                let labels = if domain.is_sample_wise() { domain.labels().to_vec() } else { vec![String::new()] };
                samples.extend(
                    labels.into_iter().filter(|label| seen.insert(label.clone())).map(|label| (label, Vec::new())),
                );
            }
        }
        let all: std::sync::Arc<[String]> = samples.iter().map(|(label, _)| label.clone()).collect();
        for &member in members {
            let own = &stages[member].domain;
            let units = if own.is_sample_wise() {
                align(&crate::graph::Domain::Samples(all.clone()), own)
            } else {
                vec![Some(0); samples.len()]
            };
            for ((_, of_sample), unit) in samples.iter_mut().zip(units) {
                of_sample.push(unit);
            }
        }
        let to_do = |units: &[Option<usize>]| {
            members.iter().zip(units).any(|(&member, unit)| {
                let state = &planner.states[member];
                unit.is_some_and(|unit| match state.units[unit] {
                    Unit::Missing { .. } => true,
                    // Whatever waits on something outside of the group is held up by an error there.
                    Unit::Waiting => state.common.is_some(),
                    _ => false,
                })
            })
        };
        samples.retain(|(_, units)| to_do(units));
        let mut keys = std::collections::HashSet::new();
        samples.retain(|(_, units)| {
            let missing =
                members.iter().zip(units).filter_map(|(&member, unit)| match planner.states[member].units[(*unit)?] {
                    Unit::Missing { key, .. } => Some((member, key)),
                    _ => None,
                });
            // All keys are taken note of, also where the first is known already.
            let known: Vec<bool> = missing.map(|key| !keys.insert(key)).collect();
            !known.contains(&true)
        });
        let limit = members.iter().filter_map(|&m| stages[m].spec.batch).min().unwrap_or(usize::MAX);
        let spent = seconds_per_sample.map_or((0.0, 0.0, 0.0), |seconds| (1.0, seconds, 0.0));
        Self { samples, next: 0, limit, threads, spent }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Threads that can have a batch at the same time.
    pub(crate) fn workers(&self) -> usize {
        self.threads.min(self.samples.len()).max(1)
    }

    /// Tells what a batch cost, so that the next ones take about two seconds.
    pub(crate) fn finished(&mut self, report: &BatchReport) {
        let samples = report.members.iter().map(|m| m.units.iter().filter(|u| u.is_some()).count()).max().unwrap_or(0);
        let (seconds, bytes) = report.members.iter().fold((0.0, 0.0), |(s, b), m| (s + m.seconds, b + m.bytes as f64));
        self.spent = (self.spent.0 + samples as f64, self.spent.1 + seconds, self.spent.2 + bytes);
    }

    /// The next batch: two seconds of work, 64 MB, or an equal share of what is left; one sample while nothing is known.
    fn size(&self) -> usize {
        let (samples, seconds, bytes) = self.spent;
        let share = (self.samples.len() - self.next).div_ceil(self.threads);
        let fitting = if samples == 0.0 {
            1.0
        } else {
            (BATCH_SECONDS * samples / seconds.max(1e-9)).min(BATCH_BYTES * samples / bytes.max(1.0))
        };
        (fitting as usize).clamp(1, share.max(1)).min(self.limit)
    }

    /// The next task, and the unit of each label in each member.
    pub(crate) fn next(
        &mut self,
        planner: &Planner<'_>,
        members: &[usize],
        store: &str,
    ) -> Option<(BatchTask, Vec<Vec<Option<usize>>>)> {
        if self.next >= self.samples.len() {
            return None;
        }
        let samples = &self.samples[self.next..(self.next + self.size()).min(self.samples.len())];
        self.next += samples.len();
        let units: Vec<Vec<Option<usize>>> =
            (0..members.len()).map(|m| samples.iter().map(|(_, units)| units[m]).collect()).collect();
        let labels: Vec<String> = samples.iter().map(|(label, _)| label.clone()).collect();
        let tasks = members.iter().zip(&units).map(|(&member, units)| member_task(planner, members, member, units));
        Some((BatchTask { store: store.to_owned(), members: tasks.collect(), labels }, units))
    }
}

/// The tasks for what a group of stages lacks, as other processes get them; `batch` in the pipeline file bounds their size.
pub fn tasks(planner: &Planner<'_>, members: &[usize], store: &str) -> Vec<BatchTask> {
    let mut batches = Batches::new(planner, members, 1, Some(0.0));
    std::iter::from_fn(|| batches.next(planner, members, store).map(|(task, _)| task)).collect()
}

fn member_task(planner: &Planner<'_>, members: &[usize], number: usize, units: &[Option<usize>]) -> MemberTask {
    let stage = &planner.graph.stages[number];
    let state = &planner.states[number];
    let alignments: Vec<(&Port, Vec<Option<usize>>)> =
        stage.ports.iter().filter(|p| p.sample_wise).map(|p| (p, planner.alignment(number, p))).collect();
    let ports = stage.ports.iter().map(|port| {
        let schema = planner.graph.stages[port.stage].bound().outputs[port.output].schema.clone();
        let from =
            match (alignments.iter().find(|(p, _)| p.name == port.name), members.iter().position(|&m| m == port.stage))
            {
                (Some(_), Some(member)) => From::Member { member, output: port.output },
                (None, Some(member)) if stage.bound().grain == Grain::Sample => {
                    From::Member { member, output: port.output }
                }
                (Some((_, alignment)), None) => {
                    let keys =
                        units.iter().map(|unit| done_key(&planner.states[port.stage].units, alignment[(*unit)?]));
                    From::Samples { output: port.output, keys: keys.collect() }
                }
                (None, _) => whole(planner, number, port),
            };
        PortTask { name: port.name.clone(), read: port.read.clone(), schema, from }
    });
    let unit_task = |unit: &Option<usize>| {
        let Some(unit) = *unit else {
            return UnitTask::Absent;
        };
        match &state.units[unit] {
            Unit::Missing { key, inputs } => UnitTask::Missing { key: *key, inputs: inputs.clone(), point: unit },
            Unit::Done { key, action } => {
                let contents = action.outcome.iter().flatten().map(|entry| entry.content).collect();
                UnitTask::Done { key: *key, inputs: action.inputs.clone(), point: unit, contents }
            }
            Unit::Waiting if state.common.is_some() => {
                UnitTask::Waiting { inputs: known_inputs(planner, stage, &alignments, unit), point: unit }
            }
            Unit::Waiting | Unit::Failed { .. } | Unit::Dropped => UnitTask::Absent,
        }
    };
    MemberTask {
        stage: stage.name.clone(),
        binding: binding(planner, stage),
        keep: stage.spec.keep,
        seed: stage.seed,
        ports: ports.collect(),
        common: state.common.clone().unwrap_or_default(),
        units: units.iter().map(unit_task).collect(),
    }
}

fn binding(planner: &Planner<'_>, stage: &BoundStage) -> StageBinding {
    let inputs = stage.ports.iter().map(|port| {
        let upstream = &planner.graph.stages[port.stage];
        let schema = outward(&upstream.bound().outputs[port.output].schema);
        PortSchema { port: port.name.clone(), schema, sample_wise: upstream.domain.is_sample_wise() }
    });
    StageBinding {
        kind: stage.spec.kind.clone(),
        config: stage.spec.config.clone(),
        grain: stage.spec.grain,
        inputs: inputs.collect(),
        folder: stage.folder.clone(),
        set_by_user: stage.spec.set_by_user.clone(),
    }
}

fn done_key(units: &[Unit], unit: Option<usize>) -> Option<Digest> {
    match &units[unit?] {
        Unit::Done { key, .. } => Some(*key),
        _ => None,
    }
}

/// A whole table for a stage: of all samples in the order that the planner settled, or of a stage that runs once.
fn whole(planner: &Planner<'_>, number: usize, port: &Port) -> From {
    let upstream = &planner.graph.stages[port.stage];
    let units = &planner.states[port.stage].units;
    if !upstream.domain.is_sample_wise() {
        let references = upstream.bound().outputs[port.output].schema.references_samples();
        let labels = if references {
            WholeLabels::Stored(planner.states[port.stage].positions.clone())
        } else {
            WholeLabels::None
        };
        return From::Whole { output: port.output, keys: vec![done_key(units, Some(0))], labels };
    }
    let positions = &planner.states[number].positions;
    let order = align(&crate::graph::Domain::Samples(positions.as_slice().into()), &upstream.domain);
    let keys = order.into_iter().map(|unit| done_key(units, unit)).collect();
    let labels = if port.read.labels { WholeLabels::Text(positions.clone()) } else { WholeLabels::Positions };
    From::Whole { output: port.output, keys, labels }
}

/// The inputs of a waiting unit that are known already, in the order of the key.
fn known_inputs(
    planner: &Planner<'_>,
    stage: &BoundStage,
    alignments: &[(&Port, Vec<Option<usize>>)],
    unit: usize,
) -> Vec<Option<Digest>> {
    let point = stage.bound().points.as_ref().map(|points| points.digests.get(unit).copied());
    let ports = alignments.iter().map(|(port, alignment)| {
        let Some(from) = alignment[unit] else {
            return Some(absent_digest());
        };
        let Unit::Done { key, action } = &planner.states[port.stage].units[from] else {
            return None;
        };
        planner.port_digests(port, &[(*key, action.clone())]).ok()?.pop()
    });
    point.into_iter().chain(ports).collect()
}
