//! `lapicque model`: what a model file says, for reading.

use lapicque_stages::models::{ModelReport, TargetReport, explain_model};
use serde_json::json;

use crate::arguments::{Model, ModelAction, Shared};
use crate::error::CommandError;
use crate::print;
use crate::text::text_table;

pub(crate) fn model(command: &Model, shared: &Shared) -> Result<(), CommandError> {
    let ModelAction::Show { file } = &command.action;
    let text = std::fs::read_to_string(file)
        .map_err(|error| CommandError::Input(format!("`{}` cannot be read: {error}", file.display())))?;
    let report =
        explain_model(&text).map_err(|problem| CommandError::Input(format!("{}: {problem}", file.display())))?;
    if shared.json { print(&format!("{:#}\n", json!(report))) } else { print(&page(&report)) }
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
