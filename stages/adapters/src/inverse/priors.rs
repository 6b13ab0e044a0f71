//! What is known of targets beforehand: from the configuration, or from the sweep that made the samples.

use indexmap::IndexMap;
use lapicque_inverse::Prior;
use lapicque_pipeline::ConfigError;
use lapicque_schemas::TableSchema;
use lapicque_schemas::schema::DRAWN_FROM;
use lapicque_units::Unit;

use super::train_columns::Targets;
use crate::parameters::distribution::{Distribution, in_unit};

/// Of each target, in their order; all none where no estimator asks.
pub(super) fn priors(
    given: &IndexMap<String, Distribution>,
    targets: &Targets,
    parameters: &TableSchema,
    asked_for: bool,
    problems: &mut Vec<ConfigError>,
    notes: &mut Vec<String>,
) -> Vec<Option<Prior>> {
    if !asked_for {
        if !given.is_empty() {
            let message = "only estimators of posteriors (npe, nle, abc) look at it; leave it out";
            problems.push(ConfigError::at("prior", message));
        }
        return vec![None; targets.all.len()];
    }
    let names: Vec<&str> = targets.all.iter().map(|target| target.name.as_str()).collect();
    for name in given.keys().filter(|name| !names.contains(&name.as_str())) {
        let message = format!("`{name}` is no target (targets: {})", names.join(", "));
        problems.push(ConfigError::at(format!("prior.{name}"), message));
    }
    let mut unknown = Vec::new();
    let of_target = |target: &super::train_columns::Learned| {
        if let Some(distribution) = given.get(&target.name) {
            let path = format!("prior.{}", target.name);
            return match in_unit_of(distribution, target.unit.as_deref(), &path) {
                Ok(prior) => Some(prior),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            };
        }
        let field = parameters.column(&target.name);
        let drawn_from = field.and_then(|field| serde_json::from_str(field.metadata().get(DRAWN_FROM)?).ok());
        if drawn_from.is_none() {
            unknown.push(format!("`{}`", target.name));
        }
        drawn_from
    };
    let found = targets.all.iter().map(of_target).collect();
    if !unknown.is_empty() {
        notes.push(format!(
            "the prior of {} is taken to be constant over the range of the training samples; `prior` says otherwise",
            unknown.join(", ")
        ));
    }
    found
}

fn in_unit_of(distribution: &Distribution, unit: Option<&str>, path: &str) -> Result<Prior, ConfigError> {
    let (prior, written) = distribution.read(path)?;
    let (Some(from), Some(to)) = (&written, unit) else {
        return match (written, unit) {
            (None, None) => Ok(prior),
            (Some(written), _) => {
                let message = format!("its values are in {}, but the target has no unit", written.text());
                Err(ConfigError::at(path, message))
            }
            (None, _) => {
                let message = format!("its values have no unit; the target is in {}", unit.unwrap_or_default());
                Err(ConfigError::at(path, message))
            }
        };
    };
    let to = Unit::parse(to).map_err(|error| ConfigError::at(path, error))?;
    in_unit(&prior, from, &to).ok_or_else(|| {
        ConfigError::at(path, format!("{} is no unit of the target, which is in {}", from.text(), to.text()))
    })
}
