//! Which samples of a group are computed together, and the tasks for them.

use std::collections::HashSet;

use lapicque_schemas::{Digest, Labels, TableSchema};

use crate::alignment::{Alignment, align};
use crate::graph::{BoundStage, Domain, Port};
use crate::kind::{Grain, PortSchema, Read};
use crate::plan::{Planner, absent_digest};
use crate::report::BatchReport;
use crate::states::Unit;
use crate::store::Cost;
use crate::task::{BatchTask, From, HistoryOf, MemberTask, PortTask, StageBinding, UnitTask, WholeLabels};

const BATCH_SECONDS: f64 = 2.0;
const BATCH_BYTES: f64 = 64e6;
/// What rows take before they are compressed, those that are not kept among them.
const BATCH_MEMORY: f64 = 256e6;
/// Samples in memory have some kilobytes beside their rows.
const BATCH_SAMPLES: usize = 1 << 14;

/// The samples of a group that have something to compute, handed out in batches.
pub(crate) struct Batches {
    /// All labels of the group.
    labels: Labels,
    /// For each label, its unit in each member.
    units: Vec<Alignment>,
    /// Those that have something to compute.
    samples: Vec<u32>,
    next: usize,
    limit: usize,
    /// How many may be computed at a time.
    at_a_time: usize,
    threads: usize,
    /// So far, or as it was in the latest run.
    spent: Spent,
}

/// What some samples have cost.
#[derive(Clone, Copy, Default)]
struct Spent {
    samples: f64,
    seconds: f64,
    bytes: f64,
    memory: f64,
}

/// A batch to compute.
#[derive(Clone)]
pub(crate) struct NextBatch {
    pub(crate) task: BatchTask,
    /// Per member, the unit of each label.
    pub(crate) units: Vec<Vec<Option<usize>>>,
}

impl Batches {
    pub(crate) fn new(planner: &Planner<'_>, members: &[usize], threads: usize, cost: Option<Cost>) -> Self {
        let stages = &planner.graph.stages;
        let labels = all_labels(members.iter().map(|&m| planner.domain(m)));
        let whole = Domain::Samples(labels.clone());
        let unit_of = |&member: &usize| match planner.domain(member) {
            own @ Domain::Samples(_) => align(&whole, own),
            Domain::Single => Alignment::Some(vec![Some(0); labels.len()]),
        };
        let units: Vec<Alignment> = members.iter().map(unit_of).collect();
        let mut keys = HashSet::new();
        let mut open = |label: u32| {
            let of_members = || members.iter().zip(&units).filter_map(|(&m, a)| Some((m, a.get(label as usize)?)));
            let to_do = of_members().any(|(member, unit)| match planner.states[member].units[unit] {
                Unit::Missing { .. } => true,
                // Whatever waits on something outside of the group is held up by an error there.
                Unit::Waiting => planner.states[member].common.is_some(),
                _ => false,
            });
            let missing = of_members().filter_map(|(member, unit)| match planner.states[member].units[unit] {
                Unit::Missing { key } => Some((member, key)),
                _ => None,
            });
            if !to_do {
                return false;
            }
            // Equal keys are computed once; all are taken note of, also where the first is known already.
            let known: Vec<bool> = missing.map(|key| !keys.insert(key)).collect();
            !known.contains(&true)
        };
        let samples = (0..labels.len() as u32).filter(|&label| open(label)).collect();
        let limits = members.iter().flat_map(|&m| [stages[m].spec.batch, stages[m].bound().most_per_batch]);
        let limit = limits.flatten().min().unwrap_or(usize::MAX);
        // What a round has seen is its own.
        let is_search = members.iter().any(|&m| stages[m].bound().rounds().is_some());
        let limit = if is_search { 1 } else { limit };
        let at_a_time = members.iter().filter_map(|&m| stages[m].bound().most_batches).min().unwrap_or(usize::MAX);
        let one = |Cost { seconds, bytes, memory }| Spent { samples: 1.0, seconds, bytes, memory };
        let spent = cost.map_or_else(Spent::default, one);
        Self { labels, units, samples, next: 0, limit, at_a_time, threads, spent }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Threads that can have a batch at the same time.
    pub(crate) fn workers(&self) -> usize {
        self.threads.min(self.samples.len()).min(self.at_a_time).max(1)
    }

    /// Tells what a batch cost, so that the next ones take about two seconds.
    pub(crate) fn finished(&mut self, report: &BatchReport) {
        let samples = report.members.iter().map(|m| m.units.iter().filter(|u| u.is_some()).count()).max().unwrap_or(0);
        let spent = &mut self.spent;
        spent.samples += samples as f64;
        for member in &report.members {
            spent.seconds += member.seconds;
            spent.bytes += member.bytes as f64;
            spent.memory += member.memory as f64;
        }
    }

    /// The next batch: two seconds of work, 64 MB stored, 256 MB in memory, or an equal share of what is left; one sample while nothing is known.
    fn size(&self) -> usize {
        let Spent { samples, seconds, bytes, memory } = self.spent;
        let share = (self.samples.len() - self.next).div_ceil(self.threads);
        let fitting = if samples == 0.0 {
            1.0
        } else {
            let by_size = (BATCH_BYTES / bytes.max(1.0)).min(BATCH_MEMORY / memory.max(1.0));
            (BATCH_SECONDS / seconds.max(1e-9)).min(by_size) * samples
        };
        (fitting as usize).clamp(1, share.max(1)).min(self.limit).min(BATCH_SAMPLES)
    }

    pub(crate) fn next(&mut self, planner: &Planner<'_>, members: &[usize], store: &str) -> Option<NextBatch> {
        if self.next >= self.samples.len() {
            return None;
        }
        let samples = &self.samples[self.next..(self.next + self.size()).min(self.samples.len())];
        self.next += samples.len();
        Some(next_batch(planner, members, store, &self.labels, &self.units, samples))
    }
}

fn next_batch(
    planner: &Planner<'_>,
    members: &[usize],
    store: &str,
    labels: &Labels,
    units: &[Alignment],
    samples: &[u32],
) -> NextBatch {
    let units: Vec<Vec<Option<usize>>> =
        units.iter().map(|a| samples.iter().map(|&label| a.get(label as usize)).collect()).collect();
    let labels = samples.iter().map(|&label| labels[label as usize].to_owned()).collect();
    let tasks = members.iter().zip(&units).map(|(&member, units)| member_task(planner, members, member, units));
    NextBatch {
        task: BatchTask { store: store.to_owned(), members: tasks.collect(), labels, located: Vec::new() },
        units,
    }
}

impl NextBatch {
    /// The keys that are to be computed.
    pub(crate) fn keys(&self) -> Vec<Digest> {
        let of_unit = |unit: &UnitTask| match unit {
            UnitTask::Missing { key, .. } => Some(*key),
            _ => None,
        };
        self.task.members.iter().flat_map(|member| member.units.iter().filter_map(of_unit)).collect()
    }

    /// The batch without the samples of which a key is not granted; `None` where nothing is left.
    pub(crate) fn only(self, granted: &[Digest]) -> Option<Self> {
        let granted: HashSet<&Digest> = granted.iter().collect();
        let refused = |unit: &UnitTask| matches!(unit, UnitTask::Missing { key, .. } if !granted.contains(key));
        let kept: Vec<bool> = (0..self.task.labels.len())
            .map(|label| !self.task.members.iter().any(|member| refused(&member.units[label])))
            .collect();
        if kept.iter().all(|&kept| kept) {
            return Some(self);
        }
        let rest = self.part(&kept);
        (!rest.task.labels.is_empty()).then_some(rest)
    }

    /// The batch in two halves; in one, if it is of one sample.
    pub(crate) fn halves(self) -> Vec<Self> {
        let samples = self.task.labels.len();
        let half = |first: bool| (0..samples).map(|label| (label < samples / 2) == first).collect::<Vec<_>>();
        match samples {
            0 | 1 => vec![self],
            _ => vec![self.clone().part(&half(true)), self.part(&half(false))],
        }
    }

    fn part(mut self, kept: &[bool]) -> Self {
        keep(&mut self.task.labels, kept);
        self.units.iter_mut().for_each(|units| keep(units, kept));
        for member in &mut self.task.members {
            keep(&mut member.units, kept);
            for port in &mut member.ports {
                if let From::Samples { keys, .. } = &mut port.from {
                    keep(keys, kept);
                }
            }
        }
        self
    }
}

fn keep<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| kept.next().copied().unwrap_or(false));
}

/// The labels of some domains, the widest first; one empty label where all run once.
fn all_labels<'a>(domains: impl Iterator<Item = &'a Domain> + Clone) -> Labels {
    let sampled = |domain: &'a Domain| match domain {
        Domain::Samples(labels) => Some(labels),
        Domain::Single => None,
    };
    let Some(widest) = domains.clone().filter_map(sampled).max_by_key(|labels| labels.len()) else {
        return Labels::from_iter([""]);
    };
    let differs = |domain: &Domain| matches!(domain, Domain::Samples(own) if !own.is_same(widest));
    if !domains.clone().any(differs) {
        return widest.clone();
    }
    let mut seen = HashSet::new();
    let all = widest.iter().chain(domains.flat_map(Domain::labels));
    all.filter(|label| seen.insert(*label)).collect()
}

/// The tasks for what a group of stages lacks, as other processes get them; `batch` in the pipeline file bounds their size.
pub fn tasks(planner: &Planner<'_>, members: &[usize], store: &str) -> Vec<BatchTask> {
    let mut batches = Batches::new(planner, members, 1, Some(Cost { seconds: 0.0, bytes: 0.0, memory: 0.0 }));
    std::iter::from_fn(|| batches.next(planner, members, store).map(|batch| batch.task)).collect()
}

/// The task of computing samples again that are known, to compare.
pub(crate) fn again(
    planner: &Planner<'_>,
    members: &[usize],
    store: &str,
    labels: &HashSet<&str>,
) -> Option<NextBatch> {
    let batches = Batches::new(planner, members, 1, None);
    let samples: Vec<u32> =
        (0..batches.labels.len() as u32).filter(|&label| labels.contains(&batches.labels[label as usize])).collect();
    let mut batch = next_batch(planner, members, store, &batches.labels, &batches.units, &samples);
    for unit in batch.task.members.iter_mut().flat_map(|member| &mut member.units) {
        if let UnitTask::Done { key, inputs, point, .. } = unit {
            *unit = UnitTask::Missing { key: *key, inputs: std::mem::take(inputs), point: *point };
        }
    }
    (!samples.is_empty()).then_some(batch)
}

fn member_task(planner: &Planner<'_>, members: &[usize], number: usize, units: &[Option<usize>]) -> MemberTask {
    let stage = &planner.graph.stages[number];
    let state = &planner.states[number];
    let alignments: Vec<(&Port, &Alignment)> =
        stage.ports.iter().filter(|p| p.sample_wise && !p.selects).map(|p| (p, planner.alignment(number, p))).collect();
    let ports = stage.ports.iter().filter(|port| !port.selects).map(|port| {
        let schema = planner.schema(port).clone();
        let from =
            match (alignments.iter().find(|(p, _)| p.name == port.name), members.iter().position(|&m| m == port.stage))
            {
                (Some(_), Some(member)) => From::Member { member, output: port.output },
                (None, Some(member)) if stage.bound().grain == Grain::Sample => {
                    From::Member { member, output: port.output }
                }
                (Some((_, alignment)), None) => {
                    let keys =
                        units.iter().map(|unit| done_key(&planner.states[port.stage].units, alignment.get((*unit)?)));
                    From::Samples { output: port.output, keys: keys.collect() }
                }
                (None, _) => whole(planner, number, port),
            };
        PortTask { name: port.name.clone(), read: port.read.clone(), schema, from }
    });
    let history = units.first().copied().flatten().map(|round| history(planner, number, round)).unwrap_or_default();
    let unit_task = |unit: &Option<usize>| {
        let Some(unit) = *unit else {
            return UnitTask::Absent;
        };
        match &state.units[unit] {
            Unit::Missing { key } => UnitTask::Missing { key: *key, inputs: state.inputs(unit).to_vec(), point: unit },
            Unit::Done { key, found } => {
                let contents = (0..found.outputs()).filter_map(|output| found.content(output)).collect();
                UnitTask::Done { key: *key, inputs: state.inputs(unit).to_vec(), point: unit, contents }
            }
            Unit::Waiting if state.common.is_some() => {
                UnitTask::Waiting { inputs: known_inputs(planner, stage, &alignments, unit), point: unit }
            }
            Unit::Waiting | Unit::Failed { .. } | Unit::Dropped | Unit::LeftOut => UnitTask::Absent,
        }
    };
    let select = stage.ports.iter().find(|port| port.selects);
    let selected_by = select.and_then(|port| members.iter().position(|&m| m == port.stage));
    MemberTask {
        stage: stage.name.clone(),
        binding: binding(planner, stage),
        keep: stage.spec.keep,
        timeout: stage.spec.timeout,
        retries: stage.spec.retries,
        selected_by,
        seed: stage.seed,
        ports: ports.chain(history).collect(),
        common: state.common.clone().unwrap_or_default(),
        units: units.iter().map(unit_task).collect(),
    }
}

fn binding(planner: &Planner<'_>, stage: &BoundStage) -> StageBinding {
    let inputs = stage.ports.iter().filter(|port| !port.selects).map(|port| {
        let upstream = &planner.graph.stages[port.stage];
        let schema = planner.schema(port).labelled();
        let sample_wise = upstream.domain.is_sample_wise() && !port.last_round;
        let samples = sample_wise.then(|| upstream.domain.len());
        PortSchema { port: port.name.clone(), schema, sample_wise, samples }
    });
    StageBinding {
        kind: stage.spec.kind.clone(),
        config: stage.spec.config.clone(),
        written: stage.spec.written.clone(),
        grain: stage.spec.grain,
        feedback: stage.spec.feedback.keys().cloned().collect(),
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
    if !upstream.domain.is_sample_wise() || port.last_round {
        let references = planner.schema(port).references_samples();
        let labels = if references {
            WholeLabels::Stored(planner.states[port.stage].positions.clone())
        } else {
            WholeLabels::None
        };
        return From::Whole { output: port.output, keys: vec![done_key(units, planner.last_unit(port.stage))], labels };
    }
    let positions = &planner.states[number].positions;
    let order = align(&Domain::Samples(positions.clone()), planner.domain(port.stage));
    let keys = (0..positions.len()).map(|position| done_key(units, order.get(position))).collect();
    let labels = if port.read.labels { WholeLabels::Text(positions.clone()) } else { WholeLabels::Positions };
    From::Whole { output: port.output, keys, labels }
}

/// What a round of a search sees of the rounds before it; nothing of other stages.
fn history(planner: &Planner<'_>, number: usize, round: usize) -> Vec<PortTask> {
    let stage = &planner.graph.stages[number];
    let Some(search) = planner.searches.get(&number) else {
        return Vec::new();
    };
    let rounds = &planner.states[number].units;
    let outputs = &stage.bound().outputs;
    let of_rounds = |from: usize| (from..round).map(|unit| done_key(rounds, Some(unit))).collect();
    let task = |name: String, read: Read, schema: &TableSchema, from: From| PortTask {
        name,
        read,
        schema: schema.clone(),
        from,
    };
    let points = From::History { output: 0, keys: of_rounds(0), of: HistoryOf::Rounds };
    let mut ports = vec![task("points".to_owned(), Read::all("points"), &outputs[0].schema, points)];
    for port in &stage.feedback {
        let units = &planner.states[port.stage].units;
        let keys = (0..search.points_before(round)).map(|point| done_key(units, Some(point))).collect();
        let from = From::History { output: port.output, keys, of: HistoryOf::Samples };
        ports.push(task(port.name.clone(), port.read.clone(), planner.schema(port), from));
    }
    for (number, output) in outputs.iter().enumerate().skip(1) {
        let keys = of_rounds(round.saturating_sub(1));
        let from = From::History { output: number, keys, of: HistoryOf::Before };
        let name = format!("previous.{}", output.name);
        ports.push(task(name.clone(), Read::all(&name), &output.schema, from));
    }
    ports
}

/// The inputs of a waiting unit that are known already, in the order of the key.
fn known_inputs(
    planner: &Planner<'_>,
    stage: &BoundStage,
    alignments: &[(&Port, &Alignment)],
    unit: usize,
) -> Vec<Option<Digest>> {
    let point = stage.bound().points().map(|points| points.digests.get(unit).copied());
    let ports = alignments.iter().map(|(port, alignment)| {
        let Some(from) = alignment.get(unit) else {
            return Some(absent_digest(port, planner.schema(port)));
        };
        let Unit::Done { key, found } = &planner.states[port.stage].units[from] else {
            return None;
        };
        planner.port_digests(port, &[(*key, found)]).ok()?.pop()
    });
    point.into_iter().chain(ports).collect()
}
