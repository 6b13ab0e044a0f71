//! `lapicque network`: which networks there are, and what a network file describes.

use lapicque_pipeline::config::nearest;
use lapicque_stages::networks::{NetworkReport, explain_network, network_schema, shipped_network, shipped_networks};
use serde_json::{Value, json};

use crate::arguments::{Network, NetworkAction, Shared};
use crate::error::CommandError;
use crate::print;
use crate::text::text_table;

pub(crate) fn network(command: &Network, shared: &Shared) -> Result<(), CommandError> {
    match (&command.action, &command.name) {
        (Some(NetworkAction::Check { file }), _) => check(file, shared),
        (None, _) if command.schema => print(&format!("{:#}\n", network_schema())),
        (None, Some(name)) => show(name, shared),
        (None, None) => list(shared),
    }
}

fn list(shared: &Shared) -> Result<(), CommandError> {
    let mut reports = Vec::new();
    for name in shipped_networks() {
        reports.push(explained(shipped_network(name).unwrap_or_default(), name)?);
    }
    if shared.json {
        let rows: Vec<Value> = reports.iter().map(summary).collect();
        return print(&format!("{:#}\n", Value::Array(rows)));
    }
    let mut table = vec![["network", "neurons", "synapses", "populations"].map(str::to_owned).to_vec()];
    for report in &reports {
        let populations: Vec<&str> = report.populations.iter().map(|p| p.name.as_str()).collect();
        table.push(vec![
            report.name.clone(),
            report.neurons.to_string(),
            count(report.synapses),
            populations.join(", "),
        ]);
    }
    let rows = text_table(&table);
    let mut text = String::new();
    for (line, row) in rows.lines().enumerate() {
        text += &format!("{row}\n");
        for more in line.checked_sub(1).and_then(|i| reports.get(i)).into_iter().flat_map(about) {
            text += &format!("    {more}\n");
        }
    }
    text += "\n`lapicque network NAME` prints one; `lapicque network check NAME` explains it.\n";
    print(&text)
}

fn about(report: &NetworkReport) -> impl Iterator<Item = &str> {
    [&report.description, &report.reference].into_iter().filter_map(Option::as_deref)
}

fn summary(report: &NetworkReport) -> Value {
    let populations: Vec<&str> = report.populations.iter().map(|p| p.name.as_str()).collect();
    json!({
        "name": report.name, "populations": populations, "neurons": report.neurons, "synapses": report.synapses,
        "reference": report.reference, "description": report.description,
    })
}

fn show(name: &str, shared: &Shared) -> Result<(), CommandError> {
    let text = shipped_network(name).ok_or_else(|| unknown(name))?;
    if shared.json {
        return print(&format!("{:#}\n", json!({"name": name, "yaml": text})));
    }
    print(text)
}

fn unknown(name: &str) -> CommandError {
    let names = shipped_networks();
    let hint = if std::path::Path::new(name).is_file() {
        format!("; to explain a file: `lapicque network check {name}`")
    } else {
        nearest(name, names.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
    };
    CommandError::Input(format!("there is no shipped network `{name}` (there are: {}){hint}", names.join(", ")))
}

fn check(file: &str, shared: &Shared) -> Result<(), CommandError> {
    let text = match shipped_network(file) {
        Some(text) => text.to_owned(),
        None if std::path::Path::new(file).exists() => std::fs::read_to_string(file)
            .map_err(|error| CommandError::Input(format!("`{file}` cannot be read: {error}")))?,
        None => {
            let CommandError::Input(message) = unknown(file) else {
                return Err(unknown(file));
            };
            return Err(CommandError::Input(format!("there is no file `{file}`, and {message}")));
        }
    };
    match explain_network(&text, file) {
        Ok(report) if shared.json => {
            let mut document = json!(report);
            document["ok"] = json!(true);
            print(&format!("{document:#}\n"))
        }
        Ok(report) => print(&page(&report)),
        Err(faults) => {
            if shared.json {
                print(&format!("{:#}\n", json!({"ok": false, "errors": faults})))?;
            }
            let lines = faults.iter().map(|fault| {
                let field = if fault.field.is_empty() { String::new() } else { format!("{}: ", fault.field) };
                format!("{file}:{}:{}: {field}{}", fault.line, fault.column, fault.message)
            });
            Err(CommandError::Input(lines.collect::<Vec<_>>().join("\n")))
        }
    }
}

fn explained(text: &str, name: &str) -> Result<NetworkReport, CommandError> {
    explain_network(text, name).map_err(|faults| {
        let first = faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
        CommandError::Input(format!("{name}: {first}"))
    })
}

/// Further values are listed with --json.
const MOST_PATHS: usize = 100;

/// What a network is, for reading.
fn page(report: &NetworkReport) -> String {
    let mut text = format!("{}\n", report.name);
    for line in about(report) {
        text += &format!("  {line}\n");
    }
    if let Some(fitted_to) = report.fitted_to {
        text += &format!("  fitted to {fitted_to}: kernels are relative to those of the shipped network\n");
    }
    text += &format!("\n{} neurons, about {} synapses\n\n", report.neurons, count(report.synapses));
    let mut populations = vec![["population", "neurons", "model", "drive"].map(str::to_owned).to_vec()];
    for population in &report.populations {
        let (size, drives) = (population.size.to_string(), population.drives.join(", "));
        populations.push(vec![population.name.clone(), size, population.model.to_owned(), drives]);
    }
    text += &text_table(&populations);
    if !report.connections.is_empty() {
        let heads = ["connection", "from", "onto", "rule", "synapses", "per neuron"];
        let mut connections = vec![heads.map(str::to_owned).to_vec()];
        for connection in &report.connections {
            let (synapses, in_degree) = (count(connection.synapses), count(connection.in_degree));
            let (name, pre, post) = (connection.name.clone(), connection.pre.clone(), connection.post.clone());
            connections.push(vec![name, pre, post, connection.rule.clone(), synapses, in_degree]);
        }
        text += &format!("\n{}", text_table(&connections));
    }
    text += "\nsimulation: ";
    text += &match (&report.simulation.memory_bytes, &report.simulation.refused) {
        (Some(bytes), _) => format!("about {} of memory, and 12 bytes for each recorded spike\n", memory(*bytes)),
        (None, refused) => format!("refused: {}\n", refused.as_deref().unwrap_or_default()),
    };
    for rounded in &report.simulation.rounded {
        text += &format!("  at steps of {} ms, {rounded}\n", report.simulation.time_step_ms);
    }
    if !report.parameters.is_empty() {
        text += "\nparameters, which a sweep or `parameters:` may set:\n";
        let rows = report.parameters.iter().map(|parameter| {
            let unit = if parameter.unit == "1" { String::new() } else { format!(" {}", parameter.unit) };
            let paths = [parameter.sets.as_slice(), parameter.scales.as_slice()].concat();
            let more = if paths.len() > 1 { format!(" and {} more", paths.len() - 1) } else { String::new() };
            let what = parameter.description.clone().unwrap_or_default();
            let path = paths.first().cloned().unwrap_or_default();
            vec![format!("  {}", parameter.name), format!("{}{unit}", parameter.default), format!("{path}{more}"), what]
        });
        text += &text_table(&rows.collect::<Vec<_>>());
    }
    let rows = report.paths.iter().take(MOST_PATHS).map(|entry| {
        let unit = if entry.unit == "1" { String::new() } else { format!(" {}", entry.unit) };
        vec![format!("  {}", entry.path), format!("{}{unit}", entry.value)]
    });
    text += &format!(
        "\nvalues by their paths, which may be set in the same way:\n{}",
        text_table(&rows.collect::<Vec<_>>())
    );
    if report.paths.len() > MOST_PATHS {
        text += &format!("  and {} more; --json lists them all\n", report.paths.len() - MOST_PATHS);
    }
    text
}

/// A number of things, short.
fn count(number: f64) -> String {
    match number {
        n if n >= 1e5 => format!("{n:.2e}"),
        n if n >= 1e3 || n.fract() == 0.0 => format!("{n:.0}"),
        n => format!("{n:.1}"),
    }
}

fn memory(bytes: f64) -> String {
    if bytes < 1e9 { format!("{:.0} MB", (bytes / 1e6).max(1.0)) } else { format!("{:.1} GB", bytes / 1e9) }
}
