//! `lapicque why`: what changed since the result was computed?

use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{Change, Domain, Planner, Why as Answer};
use serde_json::json;

use crate::arguments::{Shared, Why};
use crate::error::CommandError;
use crate::print;
use crate::project::open;

pub(crate) fn why(command: &Why, shared: &Shared) -> Result<(), CommandError> {
    let project = open(&command.on, shared)?;
    let planner = Planner::new(&project.graph, &project.store, false)?;
    let number = project.graph.stage(&command.stage).ok_or_else(|| {
        let names = project.graph.stages.iter().map(|s| s.name.as_str());
        let near = nearest(&command.stage, names).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        CommandError::Input(format!("there is no stage `{}`{near}", command.stage))
    })?;
    let sample = command.sample.as_deref().map(|given| full_label(planner.domain(number), given)).transpose()?;
    let answer = merged(&command.stage, lapicque_pipeline::why(&planner, number, sample.as_deref())?);
    if shared.json {
        let sample = (!answer.sample.is_empty()).then_some(&answer.sample);
        let (stage, status, changed) = (&answer.stage, &answer.status, &answer.changed);
        return print(&format!(
            "{:#}\n",
            json!({"stage": stage, "sample": sample, "status": status, "summary": answer.to_string(), "changed": changed})
        ));
    }
    let of = if answer.sample.is_empty() { String::new() } else { format!(", sample {}", answer.sample) };
    let mut text = format!("{}{of}: {}\n", answer.stage, answer.status);
    tell_changes(&mut text, &answer.changed, 1);
    print(&text)
}

/// One line a change, and under an input what changed upstream of it.
fn tell_changes(text: &mut String, changes: &[Change], depth: usize) {
    for change in changes {
        *text += &format!("{}{change}\n", "  ".repeat(depth));
        if let Some(upstream) = &change.because {
            let sample =
                if upstream.sample.is_empty() { String::new() } else { format!(", sample {}", upstream.sample) };
            *text += &format!("{}because of {}{sample}:\n", "  ".repeat(depth + 1), upstream.stage);
            tell_changes(text, &upstream.changed, depth + 2);
        }
    }
}

/// A label, or the only one that begins like this.
fn full_label(domain: &Domain, given: &str) -> Result<String, CommandError> {
    if domain.labels().any(|label| label == given) {
        return Ok(given.to_owned());
    }
    let mut near = domain.labels().filter(|label| label.starts_with(given));
    match (near.next(), near.next()) {
        (Some(label), None) => Ok(label.to_owned()),
        (Some(_), Some(_)) => Err(CommandError::Input(format!("--sample {given}: several samples begin like this"))),
        _ => Err(CommandError::Input(format!(
            "--sample {given}: there is no such sample; `SELECT * FROM system.bindings` lists them"
        ))),
    }
}

/// One answer for all samples that were asked for: the first state that is not `cached`, every ingredient that changed.
fn merged(stage: &str, answers: Vec<Answer>) -> Answer {
    let several = answers.len() > 1;
    let mut status = None;
    let mut changed: Vec<Change> = Vec::new();
    let mut sample = String::new();
    for answer in answers {
        if status.as_deref().is_none_or(|s| s == "cached") {
            status = Some(answer.status);
        }
        sample = answer.sample;
        for change in answer.changed {
            if !changed.iter().any(|known| known.ingredient == change.ingredient) {
                changed.push(change);
            }
        }
    }
    if several {
        sample = String::new();
    }
    Answer { stage: stage.to_owned(), sample, status: status.unwrap_or_else(|| "no samples".to_owned()), changed }
}
