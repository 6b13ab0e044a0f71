//! `lapicque graph`: the stages of a pipeline and what flows between them, as text or as a drawing.

use std::fmt::Write;

use lapicque_pipeline::{BoundStage, Graph, StagePlan};
use serde_json::json;

use crate::arguments::{Drawing, Graph as Command, Shared};
use crate::error::CommandError;
use crate::print;
use crate::project::open;

pub(crate) fn graph(command: &Command, shared: &Shared) -> Result<(), CommandError> {
    let project = open(&command.on, shared)?;
    let rows = lapicque_pipeline::plan(&project.graph, &project.store)?;
    let text = match command.format {
        _ if shared.json => {
            let edges = edges(&project.graph);
            let edge = |e: &Edge| json!({"from": e.from, "output": e.output, "to": e.to, "port": e.port});
            let edges: Vec<_> = edges.iter().map(edge).collect();
            format!("{:#}\n", json!({"pipeline": project.pipeline.name, "stages": rows, "edges": edges}))
        }
        Drawing::Text => as_text(&project.graph, &rows),
        Drawing::Dot => as_dot(&project.graph, &rows),
        Drawing::Mermaid => as_mermaid(&project.graph, &rows),
    };
    print(&text)
}

struct Edge {
    from: String,
    to: String,
    port: String,
    /// The output of the stage where the edge begins, where it is not the first.
    output: Option<String>,
}

impl Edge {
    /// As in the pipeline file: `stage` or `stage.output`.
    fn source(&self) -> String {
        self.output.as_ref().map_or_else(|| self.from.clone(), |output| format!("{}.{output}", self.from))
    }

    fn label(&self) -> String {
        match &self.output {
            Some(output) if *output != self.port => format!("{output} as {}", self.port),
            _ => self.port.clone(),
        }
    }
}

fn edges(graph: &Graph) -> Vec<Edge> {
    let of_stage = |stage: &BoundStage| {
        let edge = |port: &lapicque_pipeline::Port| {
            let from = &graph.stages[port.stage];
            let output = (port.output > 0).then(|| from.bound().outputs[port.output].name.clone());
            Edge { from: from.name.clone(), to: stage.name.clone(), port: port.name.clone(), output }
        };
        // The samples of a search are the rows of its rounds, which learn from stages below.
        let rounds = graph.stages.iter().filter(|from| from.is_search() && from.spec_name() == stage.name);
        let points = rounds.map(|from| Edge {
            from: from.name.clone(),
            to: stage.name.clone(),
            port: "points".to_owned(),
            output: None,
        });
        stage.ports.iter().chain(&stage.feedback).map(edge).chain(points).collect::<Vec<_>>()
    };
    graph.stages.iter().flat_map(of_stage).collect()
}

/// How often a stage runs, and how much of it is in the store.
fn counts(stage: &BoundStage, row: &StagePlan) -> String {
    let often = if stage.domain.is_sample_wise() { format!("{} samples", row.samples) } else { "once".to_owned() };
    let mut parts = vec![often];
    if row.cached > 0 {
        parts.push(format!("{} cached", row.cached));
    }
    if row.to_run > 0 {
        parts.push(format!("{} to run", row.to_run));
    }
    if row.failed > 0 {
        parts.push(format!("{} failed", row.failed));
    }
    if row.left_out > 0 {
        parts.push(format!("{} left out", row.left_out));
    }
    if !stage.spec.keep {
        parts.push("rows not kept".to_owned());
    }
    parts.join(", ")
}

fn as_text(graph: &Graph, rows: &[StagePlan]) -> String {
    let edges = edges(graph);
    let mut text = String::new();
    for (stage, row) in graph.stages.iter().zip(rows) {
        let _ = writeln!(text, "{} ({}): {}", stage.name, stage.spec.kind, counts(stage, row));
        for edge in edges.iter().filter(|edge| edge.to == stage.name) {
            let _ = writeln!(text, "  <- {}: {}", edge.port, edge.source());
        }
    }
    text
}

fn as_dot(graph: &Graph, rows: &[StagePlan]) -> String {
    let mut text = String::from("digraph pipeline {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (stage, row) in graph.stages.iter().zip(rows) {
        let filled = if row.to_run == 0 { "style=filled, fillcolor=\"#d8ead3\"" } else { "style=solid" };
        let shown = counts(stage, row);
        let _ = writeln!(text, "  \"{0}\" [label=\"{0}\\n{1}\\n{shown}\", {filled}];", stage.name, stage.spec.kind);
    }
    for edge in edges(graph) {
        let _ = writeln!(text, "  \"{}\" -> \"{}\" [label=\"{}\"];", edge.from, edge.to, edge.label());
    }
    text + "}\n"
}

fn as_mermaid(graph: &Graph, rows: &[StagePlan]) -> String {
    let mut text = String::from("flowchart LR\n");
    for (stage, row) in graph.stages.iter().zip(rows) {
        let shown = counts(stage, row);
        let _ = writeln!(text, "  {0}[\"{0}<br/>{1}<br/>{shown}\"]", stage.name, stage.spec.kind);
    }
    for edge in edges(graph) {
        let _ = writeln!(text, "  {} -->|{}| {}", edge.from, edge.label(), edge.to);
    }
    text
}
