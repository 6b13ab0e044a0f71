//! `lapicque model`: what models say, for reading: trained ones, and those that are written as equations.

use std::path::Path;

use lapicque_stages::equation_models::{EquationModelFault, equation_model_schema, explain_equation_model};
use lapicque_stages::models::{ModelReport, TargetReport, explain_model};
use serde_json::json;

use crate::arguments::{Model, ModelAction, Shared};
use crate::error::CommandError;
use crate::print;
use crate::text::text_table;

pub(crate) fn model(command: &Model, shared: &Shared) -> Result<(), CommandError> {
    match &command.action {
        ModelAction::Show { file } => show(file, shared),
        ModelAction::Check { file: Some(file), .. } => check(file, shared),
        ModelAction::Check { file: None, .. } => print(&format!("{:#}\n", equation_model_schema())),
    }
}

fn read(file: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(file)
        .map_err(|error| CommandError::Input(format!("`{}` cannot be read: {error}", file.display())))
}

fn show(file: &Path, shared: &Shared) -> Result<(), CommandError> {
    let text = read(file)?;
    let report =
        explain_model(&text).map_err(|problem| CommandError::Input(format!("{}: {problem}", file.display())))?;
    if shared.json { print(&format!("{:#}\n", json!(report))) } else { print(&page(&report)) }
}

fn check(file: &Path, shared: &Shared) -> Result<(), CommandError> {
    let text = read(file)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let open = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))
    };
    match explain_equation_model(&text, &file.display().to_string(), &open) {
        Ok(report) if shared.json => {
            let mut document = json!(report);
            document["ok"] = json!(true);
            print(&format!("{document:#}\n"))
        }
        Ok(report) => {
            let title = report.name.map_or_else(String::new, |name| format!("{name}\n\n"));
            print(&format!("{title}{}", report.model.page()))
        }
        Err(faults) => {
            if shared.json {
                print(&format!("{:#}\n", json!({"ok": false, "errors": faults})))?;
            }
            let told: Vec<String> = faults.iter().map(|fault| line_of(file, fault)).collect();
            Err(CommandError::Input(told.join("\n")))
        }
    }
}

/// `mine.yaml:12:10: neurons.G.threshold: ...`, with the line of the file below it.
fn line_of(file: &Path, fault: &EquationModelFault) -> String {
    let field = if fault.field.is_empty() { String::new() } else { format!("{}: ", fault.field) };
    let excerpt = if fault.excerpt.is_empty() { String::new() } else { format!("\n{}", fault.excerpt) };
    format!("{}:{}:{}: {field}{}{excerpt}", file.display(), fault.line, fault.column, fault.message)
}

fn page(report: &ModelReport) -> String {
    let estimator = serde_json::to_string(&report.estimator).unwrap_or_default();
    let of_digest = report.training_digest.as_ref().map(|digest| format!(", digest {digest}")).unwrap_or_default();
    let fits = if report.members == 1 { String::new() } else { format!(", the mean of {} fits", report.members) };
    let kind = if report.has_posterior { "posteriors" } else { "single values" };
    let mut text = format!(
        "estimator   {estimator}{fits}\ninfers      {kind}\ntrained on  {} rows of {} samples{of_digest}\nholds       {} numbers\n\n",
        report.training_rows, report.training_samples, report.numbers
    );
    let mut targets = vec![["target", "unit", "held-out error (rms)", "known beforehand"].map(str::to_owned).to_vec()];
    targets.extend(report.targets.iter().map(target));
    text += &text_table(&targets);
    for (name, expression) in &report.derived {
        text += &format!("{name} = {expression}, from each draw\n");
    }
    let definitions = match report.feature_definitions.as_str() {
        "" => String::new(),
        definitions => format!(" ({definitions})"),
    };
    text += &format!("\nfeatures: {}{definitions}\n", report.features.len());
    let mut features = vec![["feature", "least in training", "largest in training"].map(str::to_owned).to_vec()];
    features.extend(
        report
            .features
            .iter()
            .map(|feature| vec![feature.name.clone(), short(feature.training_min), short(feature.training_max)]),
    );
    text += &text_table(&features);
    if !report.left_out.is_empty() {
        text += &format!("left out, as they did not vary: {}\n", report.left_out.join(", "));
    }
    text
}

fn target(target: &TargetReport) -> Vec<String> {
    let name = match &target.expression {
        Some(expression) => format!("{} = {expression}", target.name),
        None => target.name.clone(),
    };
    let prior = target.prior.as_ref().and_then(|prior| serde_json::to_string(prior).ok());
    let error = target.held_out_rms_error.map(short);
    vec![name, target.unit.clone().unwrap_or_default(), error.unwrap_or_default(), prior.unwrap_or_default()]
}

fn short(value: f64) -> String {
    let rounded = format!("{value:.4e}").parse::<f64>().unwrap_or(value);
    rounded.to_string()
}
