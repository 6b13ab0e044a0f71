//! An explanation as a page to read.

use std::fmt::Write as _;

use super::groups::time;
use super::report::{
    Explanation, GroupKind, GroupReport, IntegratorReport, PathwayReport, RunReport, SynapsesReport, VariableReport,
};

/// As many of one sort are told.
const MOST: usize = 100;

impl Explanation {
    /// A page for reading. What is listed by the hundred is told in part.
    pub fn page(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(text, "steps of {}", time(self.time_step_s));
        let constants: Vec<[String; 3]> = self
            .constants
            .iter()
            .take(MOST)
            .map(|constant| {
                let unit = if constant.unit == "1" { String::new() } else { format!(" {}", constant.unit) };
                [constant.name.clone(), constant.text.clone(), format!("= {}{unit}", short(constant.value))]
            })
            .collect();
        section(&mut text, "constants", &constants, self.constants.len());
        for group in self.groups.iter().take(MOST) {
            of_group(&mut text, group);
        }
        more(&mut text, self.groups.len());
        for synapses in self.synapses.iter().take(MOST) {
            of_synapses(&mut text, synapses);
        }
        more(&mut text, self.synapses.len());
        let inputs: Vec<[String; 3]> = self
            .inputs
            .iter()
            .take(MOST)
            .map(|input| {
                let onto = format!("onto {} of {}", input.variable, input.target);
                [
                    input.name.clone(),
                    onto,
                    format!("{} processes of {}, weight {}", input.processes, input.rate, input.weight),
                ]
            })
            .collect();
        section(&mut text, "Poisson inputs", &inputs, self.inputs.len());
        let step: Vec<[String; 4]> = self
            .step
            .iter()
            .take(MOST)
            .map(|operation| {
                let every = if operation.every_s == self.time_step_s {
                    String::new()
                } else {
                    format!(", every {}", time(operation.every_s))
                };
                [
                    operation.slot.clone(),
                    operation.order.to_string(),
                    operation.name.clone(),
                    format!("{}{every}", operation.what),
                ]
            })
            .collect();
        section(&mut text, "a step, in its order", &step, self.step.len());
        let runs: Vec<[String; 1]> = self.runs.iter().take(MOST).map(|run| [of_run(run)]).collect();
        section(&mut text, "runs", &runs, self.runs.len());
        let monitors: Vec<[String; 4]> = self
            .monitors
            .iter()
            .take(MOST)
            .map(|monitor| {
                let of = format!("{} ({} elements)", monitor.of, count(monitor.elements));
                [monitor.kind.to_owned(), monitor.name.clone(), of, monitor.variables.join(", ")]
            })
            .collect();
        section(&mut text, "recorded", &monitors, self.monitors.len());
        let memory = &self.memory;
        let _ = writeln!(
            text,
            "\nmemory: about {} (groups {}, synapses {}, records {})",
            bytes(memory.total_bytes()),
            bytes(memory.groups_bytes),
            bytes(memory.synapses_bytes),
            bytes(memory.records_bytes)
        );
        if memory.bytes_per_event > 0.0 {
            let _ = writeln!(text, "  and up to {} bytes for each spike or event", memory.bytes_per_event);
        }
        if !self.remarks.is_empty() {
            text += "\nremarks:\n";
            for remark in self.remarks.iter().take(MOST) {
                let _ = writeln!(text, "  {}: {}", remark.path, remark.text);
            }
            more(&mut text, self.remarks.len());
        }
        text
    }
}

fn of_group(text: &mut String, group: &GroupReport) {
    let what = match group.kind {
        GroupKind::Neurons => "neurons",
        GroupKind::Compartments => "compartments",
        GroupKind::Poisson => "Poisson processes",
        GroupKind::SpikeGenerator => "elements that spike at given times",
    };
    let _ = writeln!(text, "\n{}: {} {what}", group.name, group.size);
    for (field, value) in [("threshold", &group.threshold), ("reset", &group.reset), ("refractory", &group.refractory)]
    {
        if let Some(value) = value {
            let _ = writeln!(text, "  {field}: {}", one_line(value));
        }
    }
    for event in group.events.iter().take(MOST) {
        let _ = writeln!(text, "  event {}: {}", event.name, one_line(&event.condition));
    }
    of_variables(text, &group.variables);
    for equation in group.equations.iter().take(MOST) {
        let _ = writeln!(text, "  {}", equation.text);
    }
    of_integrator(text, group.integrator.as_ref());
}

fn of_synapses(text: &mut String, synapses: &SynapsesReport) {
    let about = if synapses.exact { "" } else { "about " };
    let SynapsesReport { name, source, target, expected, .. } = synapses;
    let _ = writeln!(text, "\n{name}: {about}{} synapses from {source} to {target}", count(*expected));
    of_variables(text, &synapses.variables);
    for equation in synapses.equations.iter().take(MOST) {
        let _ = writeln!(text, "  {}", equation.text);
    }
    for (how, which) in [
        ("solved from event to event", &synapses.event_driven),
        ("stepped with the clock", &synapses.clock_driven),
        ("summed into the target", &synapses.summed),
    ] {
        if !which.is_empty() {
            let listed: Vec<&str> = which.iter().take(MOST).map(String::as_str).collect();
            let _ = writeln!(text, "  {how}: {}", listed.join(", "));
        }
    }
    of_integrator(text, synapses.integrator.as_ref());
    for pathway in synapses.pathways.iter().take(MOST) {
        let _ = writeln!(text, "  {}: {} ({})", pathway.name, one_line(&pathway.code), when(pathway));
    }
}

fn when(pathway: &PathwayReport) -> String {
    let event = match &pathway.event {
        Some(event) if event != "spike" => format!("event {event} of {}", pathway.spikes),
        _ => format!("spikes of {}", pathway.spikes),
    };
    let steps = |steps: u64| if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") };
    let delay = match (pathway.shortest_delay_steps, pathway.longest_delay_steps) {
        (Some(0), Some(0)) => "no delay".to_owned(),
        (Some(shortest), Some(longest)) if shortest == longest => format!("delay of {}", steps(longest)),
        (Some(shortest), Some(longest)) => format!("delays of {shortest} to {}", steps(longest)),
        _ => "delays that differ between synapses".to_owned(),
    };
    format!("{event}, {delay}")
}

fn of_variables(text: &mut String, variables: &[VariableReport]) {
    let rows: Vec<[String; 4]> = variables
        .iter()
        .take(MOST)
        .map(|variable| {
            let flags =
                if variable.flags.is_empty() { String::new() } else { format!("({})", variable.flags.join(", ")) };
            let initial = variable
                .initial
                .as_ref()
                .map_or_else(String::new, |initial| format!("= {} at first", one_line(initial)));
            let kind = if variable.kind == "derivative" { "integrated" } else { variable.kind };
            [
                variable.name.clone(),
                variable.unit.clone(),
                kind.to_owned(),
                [flags, initial].join(" ").trim().to_owned(),
            ]
        })
        .collect();
    table(text, &rows);
    more(text, variables.len());
}

fn of_integrator(text: &mut String, integrator: Option<&IntegratorReport>) {
    let Some(integrator) = integrator else { return };
    let why = if integrator.named { "named by the model" } else { "the first that takes the equations" };
    let _ = write!(text, "  integrator: {} ({why})", integrator.name);
    if let Some(shortest) = &integrator.shortest_time_constant {
        let _ = write!(
            text,
            ", shortest time constant {} (of {}; {} steps)",
            time(shortest.seconds),
            shortest.variable,
            short(shortest.steps)
        );
    }
    text.push('\n');
    for refused in &integrator.refused {
        let _ = writeln!(text, "    not {}: {}", refused.integrator, refused.reason);
    }
}

fn of_run(run: &RunReport) -> String {
    let mut parts = Vec::new();
    parts.extend(run.restore.as_ref().map(|name| format!("restores {name}")));
    if !run.changes.is_empty() {
        parts
            .push(format!("sets {}", run.changes.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ")));
    }
    parts.push(format!("{} in {} steps of {}", time(run.duration_s), run.steps, time(run.time_step_s)));
    parts.extend(run.store.as_ref().map(|name| format!("stores {name}")));
    parts.join("; ")
}

fn section<const N: usize>(text: &mut String, title: &str, rows: &[[String; N]], all: usize) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    table(text, rows);
    more(text, all);
}

/// Columns as wide as what is in them.
fn table<const N: usize>(text: &mut String, rows: &[[String; N]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default().min(60);
    let widths: Vec<usize> = (0..N).map(width).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
}

fn more(text: &mut String, all: usize) {
    if all > MOST {
        let _ = writeln!(text, "  and {} more; --json lists them all", all - MOST);
    }
}

/// Statements on one line, and not too long a one.
fn one_line(code: &str) -> String {
    let lines: Vec<&str> = code.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut line = lines.join("; ");
    if let Some((end, _)) = line.char_indices().nth(200) {
        line.truncate(end);
        line += "...";
    }
    line
}

fn short(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse::<f64>().unwrap_or(value);
    if rounded == 0.0 || (1e-4..1e7).contains(&rounded.abs()) { format!("{rounded}") } else { format!("{rounded:e}") }
}

fn count(number: f64) -> String {
    if number >= 1e7 { format!("{number:.3e}") } else { format!("{number:.0}") }
}

fn bytes(bytes: f64) -> String {
    match bytes {
        b if b < 1e6 => format!("{:.0} kB", (b / 1e3).ceil()),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.1} GB", b / 1e9),
    }
}
