//! `lapicque check`: is the pipeline file sound?

use serde_json::json;

use crate::arguments::{Bind, Shared};
use crate::error::CommandError;
use crate::print;
use crate::project::bind;

pub(crate) fn check(command: &Bind, shared: &Shared) -> Result<(), CommandError> {
    let (pipeline, graph) = match bind(&command.on, shared, command.rehash) {
        Ok(bound) => bound,
        Err(CommandError::Diagnostics(diagnostics)) if shared.json => {
            let errors: Vec<_> = diagnostics
                .0
                .iter()
                .map(|d| {
                    json!({
                        "file": d.file, "line": d.place.map(|p| p.line), "column": d.place.map(|p| p.column),
                        "option": d.option, "field": d.field, "message": d.message,
                    })
                })
                .collect();
            print(&format!("{:#}\n", json!({"ok": false, "errors": errors})))?;
            return Err(diagnostics.into());
        }
        Err(error) => return Err(error),
    };
    if shared.json {
        let stages: Vec<_> = graph
            .stages
            .iter()
            .map(|s| {
                let outputs: Vec<_> = s.bound().outputs.iter().map(|o| json!({"name": o.name, "columns": o.schema.column_names().collect::<Vec<_>>()})).collect();
                json!({"stage": s.name, "kind": s.spec.kind, "samples": s.domain.len(), "outputs": outputs, "notes": s.bound().notes})
            })
            .collect();
        return print(&format!("{:#}\n", json!({"ok": true, "pipeline": pipeline.name, "stages": stages})));
    }
    let mut text = format!("{}: {} stages, sound\n", pipeline.name, graph.stages.len());
    for stage in &graph.stages {
        let samples = match graph.most_made(stage) {
            Some(most) => format!("at most {most} samples"),
            None if stage.bound().rounds().is_some() => "in rounds".to_owned(),
            None if stage.domain.is_sample_wise() => format!("{} samples", stage.domain.len()),
            None => "once".to_owned(),
        };
        text += &format!("  {:<16} {:<24} {samples}\n", stage.name, stage.spec.kind);
        for note in &stage.bound().notes {
            text += &format!("    note: {note}\n");
        }
    }
    print(&text)
}
