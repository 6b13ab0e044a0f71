//! Which run `sql`, `plot` and `export` answer from: one line on stderr where that is not plain from the pipeline file.

use std::collections::BTreeSet;

use indicatif::HumanDuration;
use lapicque_pipeline::{Pipeline, RunRecord, StageRun};

use crate::arguments::Shared;
use crate::tell;

/// More stages without results than these are counted.
const MOST_STAGES: usize = 4;
const MOST_LETTERS: usize = 100;

/// Whether a run is that of the file as it stands now, whole.
pub(crate) fn is_plain(run: &RunRecord, pipeline: &Pipeline) -> bool {
    run.settings.is_empty() && run.is_complete() && pipeline.source.says_the_same(&run.text)
}

/// Says which run answers, unless it is that of the file as it stands now, whole. `chosen`: the user named the run. `stages`: those that are asked for,
/// where not all are.
pub(crate) fn tell_run(
    run: &RunRecord,
    pipeline: &Pipeline,
    chosen: bool,
    stages: Option<&BTreeSet<String>>,
    shared: &Shared,
) {
    if shared.quiet {
        return;
    }
    let mut remarks = Vec::new();
    if !chosen {
        remarks.extend(run.settings.iter().map(|setting| {
            let shown: String = setting.chars().take(MOST_LETTERS).collect();
            format!("it had --set {shown}{}", if shown.len() < setting.len() { "..." } else { "" })
        }));
        if !pipeline.source.says_the_same(&run.text) {
            remarks.push("the pipeline file was edited since".to_owned());
        }
    }
    let is_asked_for = |stage: &&StageRun| stages.is_none_or(|stages| stages.contains(&stage.stage));
    let gaps: Vec<String> =
        run.stages.iter().filter(|stage| !stage.is_complete()).filter(is_asked_for).map(gap).collect();
    if !gaps.is_empty() {
        let ended = if run.interrupted { "it was interrupted" } else { "not all has a result" };
        let shown = gaps.iter().take(MOST_STAGES).cloned().collect::<Vec<_>>().join(", ");
        let more = match gaps.len().saturating_sub(MOST_STAGES) {
            0 => String::new(),
            more => format!(", and {more} stages more"),
        };
        remarks.push(format!("{ended}: {shown}{more}"));
    }
    if remarks.is_empty() {
        return;
    }
    let age = match run.age() {
        Some(age) if age.as_secs() > 0 => format!(", {} ago", HumanDuration(age)),
        Some(_) => ", just now".to_owned(),
        None => String::new(),
    };
    tell(&format!("note: the answer is from run {}{age}: {}", run.id, remarks.join("; ")));
}

/// `rates` has 4 of 8 samples, `mean` did not run.
fn gap(stage: &StageRun) -> String {
    let name = &stage.stage;
    let due = stage.samples - stage.left_out;
    let failed = stage.failed;
    match stage.sample_wise {
        false => format!("`{name}` has no result"),
        true if stage.done + failed == due => match failed {
            1 => format!("1 of {due} samples of `{name}` has no result"),
            _ => format!("{failed} of {due} samples of `{name}` have no result"),
        },
        true => format!("`{name}` has {} of {due} samples", stage.done),
    }
}
