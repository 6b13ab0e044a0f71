//! The record of a run: what it did for each stage.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use lapicque_schemas::DigestBuilder;

use crate::estimate::{History, measured_on};
use crate::graph::{BoundStage, Domain};
use crate::plan::Planner;
use crate::states::Unit;
use crate::store::{Binding, Cost, RunRecord, StageRun, StoreError};

/// What was done for a stage so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) cached: u64,
    pub(crate) computed: u64,
    pub(crate) cut_off: u64,
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    /// Bytes of rows in memory, of all samples.
    pub(crate) memory: u64,
}

/// The record of a stage, and whether it is as it should be.
pub(crate) fn stage_run(
    planner: &Planner<'_>,
    number: usize,
    counts: Counts,
    history: &History,
) -> Result<(StageRun, bool), StoreError> {
    let stage: &BoundStage = &planner.graph.stages[number];
    let state = &planner.states[number];
    let keys = state.units.iter().map(|unit| match unit {
        Unit::Done { key, .. } | Unit::Failed { key, .. } => Some(*key),
        Unit::Waiting | Unit::Missing { .. } | Unit::Dropped | Unit::LeftOut => None,
    });
    let samples = match planner.domain(number) {
        Domain::Samples(labels) => labels.clone(),
        Domain::Single => Default::default(),
    };
    let binding = Binding { samples, keys: keys.collect(), positions: state.positions.clone() };
    let failed = state.count(Unit::is_lost);
    let settled = !state.units.iter().any(Unit::is_open);
    let all_skipped = failed == 0 || planner.skips(number);
    let mut notes: BTreeMap<&str, u64> = BTreeMap::new();
    for unit in &state.units {
        if let Unit::Done { found, .. } = unit {
            found.notes().iter().for_each(|note| *notes.entry(note).or_default() += 1);
        }
    }
    let notes = notes.into_iter().map(|(note, samples)| (note.to_owned(), samples)).collect();
    let measured = (counts.computed > 0).then(|| Cost {
        seconds: counts.seconds / counts.computed as f64,
        bytes: counts.bytes as f64 / counts.computed as f64,
        memory: counts.memory as f64 / counts.computed as f64,
    });
    let stage_run = StageRun {
        stage: stage.name.clone(),
        kind: stage.spec.kind.clone(),
        inputs: input_names(stage),
        samples: state.units.len() as u64,
        cached: counts.cached + counts.cut_off,
        computed: counts.computed,
        cut_off: counts.cut_off,
        failed,
        to_retry: state.count(|unit| matches!(unit, Unit::Failed { error, .. } if error.reason.may_pass())),
        left_out: state.count(|unit| matches!(unit, Unit::LeftOut)),
        done: state.count(|unit| matches!(unit, Unit::Done { .. })),
        seconds: counts.seconds,
        bytes: counts.bytes,
        measured_on: match measured {
            Some(_) => Some(measured_on(planner.graph, number)),
            None => history.measured_on(&stage.name),
        },
        cost: measured.or_else(|| history.cost(&stage.name)),
        notes,
        outputs: stage.bound().outputs.clone(),
        binding: planner.store.save_binding(&binding)?,
        sample_wise: stage.domain.is_sample_wise(),
    };
    Ok((stage_run, settled && all_skipped))
}

impl RunRecord {
    /// Whether it is a run of this pipeline, by its name and its file; of whatever file where none is given.
    pub fn is_of(&self, pipeline: &str, file: Option<&str>) -> bool {
        self.pipeline == pipeline && file.is_none_or(|file| file == self.file)
    }

    /// Whether every sample that is not left out has a result.
    pub fn is_complete(&self) -> bool {
        self.stages.iter().all(StageRun::is_complete)
    }

    /// How long ago it began.
    pub fn age(&self) -> Option<Duration> {
        SystemTime::now().duration_since(humantime::parse_rfc3339(&self.started).ok()?).ok()
    }
}

impl StageRun {
    /// The name of one of its outputs in SQL.
    pub fn table_name(&self, output: usize) -> String {
        match self.outputs.get(output) {
            Some(other) if output > 0 => format!("{}__{}", self.stage, other.name),
            _ => self.stage.clone(),
        }
    }

    /// Whether every sample that is not left out has a result.
    pub fn is_complete(&self) -> bool {
        self.done + self.left_out >= self.samples
    }
}

/// The record of a stage that a run found unchanged.
pub(crate) fn unchanged_stage(past: &StageRun) -> StageRun {
    let cached = past.samples - past.failed - past.left_out;
    StageRun { cached, computed: 0, cut_off: 0, seconds: 0.0, bytes: 0, ..past.clone() }
}

/// Sorts by time; the tail keeps runs of the same millisecond apart.
pub(crate) fn run_id(begun: SystemTime) -> String {
    let nanos = begun.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let tail =
        DigestBuilder::new("lapicque run 1").bytes(&nanos.to_le_bytes()).number(u64::from(std::process::id())).finish();
    let time: String =
        humantime::format_rfc3339_millis(begun).to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}_{}", time.to_lowercase(), &tail.to_string()[..6])
}

/// Ports and what they are connected to, as in the pipeline file.
fn input_names(stage: &BoundStage) -> Vec<(String, String)> {
    stage.spec.inputs.iter().map(|(port, from)| (port.clone(), from.to_string())).collect()
}
