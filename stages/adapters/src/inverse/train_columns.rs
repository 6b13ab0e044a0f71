//! Which columns of features and parameters a model is trained on, and what is wrong with the names in a configuration.

use lapicque_inverse::Expression;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, PortSchema};
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::{features, parameters};

use super::columns::{feature_names, suggestion, why_no_feature};
use super::train_config::Config;

/// The column that groups samples, and the table that it is in.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GroupColumn {
    pub(super) table: &'static str,
    pub(super) name: String,
}

/// The column that `groups` names.
pub(super) fn group_column(
    config: &Config,
    from: &PortSchema,
    to: &PortSchema,
    problems: &mut Vec<ConfigError>,
    notes: &mut Vec<String>,
) -> Option<GroupColumn> {
    let name = config.groups.as_ref()?;
    let found = |table: &'static str| Some(GroupColumn { table, name: name.clone() });
    match (to.schema.column(name).is_some(), from.schema.column(name).is_some()) {
        (true, both) => {
            if both {
                notes.push(format!("`groups`: both tables have a column `{name}`; that of the parameters is taken"));
            }
            found(parameters::TABLE)
        }
        (false, true) => found(features::TABLE),
        (false, false) => {
            let known: Vec<String> = [to, from]
                .into_iter()
                .flat_map(|input| input.schema.column_names().map(str::to_owned))
                .filter(|known| !config.features.iter().flatten().any(|feature| feature == known))
                .collect();
            let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
            problems.push(ConfigError::at(
                "groups",
                format!("neither parameters nor features have a column `{name}`{}", near.unwrap_or_default()),
            ));
            None
        }
    }
}

pub(super) fn selected_features(
    config: &Config,
    schema: &TableSchema,
    groups: Option<&GroupColumn>,
    problems: &mut Vec<ConfigError>,
    notes: &mut Vec<String>,
) -> Vec<String> {
    let mut known = feature_names(schema);
    if let Some(GroupColumn { name, .. }) = groups.filter(|group| known.contains(&group.name)) {
        known.retain(|known| known != name);
        match &config.features {
            None => notes.push(format!("`{name}`, by which samples are grouped, is no feature")),
            Some(chosen) => problems.extend(chosen.iter().position(|feature| feature == name).map(|i| {
                ConfigError::at(
                    format!("features.{i}"),
                    format!("samples are grouped by `{name}`, so it is no feature"),
                )
            })),
        }
    }
    let Some(chosen) = &config.features else {
        if known.is_empty() {
            problems.push(ConfigError::at("inputs.features", "this table has no columns of numbers"));
        }
        return known;
    };
    if chosen.is_empty() {
        problems.push(ConfigError::at("features", "no feature is named"));
    }
    for (i, name) in chosen.iter().enumerate().filter(|(_, name)| groups.is_none_or(|group| group.name != **name)) {
        if !known.contains(name) {
            let message = match why_no_feature(schema, name) {
                Some(why) => format!("the column `{name}` is no feature: {why}"),
                None => format!("there is no feature `{name}`{}", suggestion(name, &known)),
            };
            problems.push(ConfigError::at(format!("features.{i}"), message));
        } else if chosen[..i].contains(name) {
            problems.push(ConfigError::at(format!("features.{i}"), format!("`{name}` is named twice")));
        }
    }
    chosen.clone()
}

/// What is learned: columns of the parameters, and quantities derived of them.
pub(super) struct Targets {
    /// In the order of the columns of predictions.
    pub(super) all: Vec<Learned>,
    /// Quantities that are derived, also of those that are not learned.
    pub(super) derived: Vec<(String, Expression)>,
}

/// A target, and where its values come from.
pub(super) struct Learned {
    pub(super) name: String,
    pub(super) unit: Option<String>,
    /// None for a column.
    pub(super) expression: Option<Expression>,
}

impl Targets {
    /// The columns of the parameters that values are computed from, each once.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        for learned in &self.all {
            let needed = match &learned.expression {
                None => std::slice::from_ref(&learned.name),
                Some(expression) => expression.names(),
            };
            for name in needed {
                if !columns.contains(name) {
                    columns.push(name.clone());
                }
            }
        }
        columns
    }
}

/// The targets of a configuration; `by_draws` says whether what is derived is computed from draws.
pub(super) fn targets(
    config: &Config,
    schema: &TableSchema,
    features: &[String],
    by_draws: bool,
    problems: &mut Vec<ConfigError>,
) -> Targets {
    let known = parameters::numeric_names(schema);
    if config.targets.is_empty() && (by_draws || config.derived.is_empty()) {
        problems.push(ConfigError::at(
            "targets",
            format!("no target is named; allowed are columns of numbers: {}", known.join(", ")),
        ));
    }
    for (i, name) in config.targets.iter().enumerate() {
        let message = match schema.column(name) {
            _ if config.targets[..i].contains(name) => format!("`{name}` is named twice"),
            Some(_) if known.contains(name) && features.contains(name) => format!("`{name}` is a feature as well"),
            _ if config.derived.contains_key(name) => continue,
            Some(_) if known.contains(name) => continue,
            Some(field) if field.data_type().is_numeric() => {
                format!("`{name}` only tells replicates apart; it cannot be inferred")
            }
            Some(_) => format!("column `{name}` is not a column of numbers, as a target must be"),
            None => format!("the parameters have no column `{name}`{}", suggestion(name, &known)),
        };
        problems.push(ConfigError::at(format!("targets.{i}"), message));
    }
    let mut derived = Vec::new();
    for (name, text) in &config.derived {
        let place = format!("derived.{name}");
        if schema.column(name).is_some() {
            problems.push(ConfigError::at(&place, format!("the parameters have a column `{name}` already")));
        }
        let expression = match Expression::parse(text) {
            Ok(expression) => expression,
            Err(error) => {
                problems.push(ConfigError::at(&place, error));
                continue;
            }
        };
        for of in expression.names() {
            if !known.contains(of) {
                let message = format!("the parameters have no column of numbers `{of}`{}", suggestion(of, &known));
                problems.push(ConfigError::at(&place, message));
            } else if by_draws && !config.targets.contains(name) && !config.targets.contains(of) {
                let message =
                    format!("`{of}` is no target, so no draw says what it is; name it, or `{name}`, under `targets`");
                problems.push(ConfigError::at(&place, message));
            }
        }
        derived.push((name.clone(), expression));
    }
    let expression_of = |name: &String| derived.iter().find(|(known, _)| known == name).map(|(_, e)| e.clone());
    let learned = |name: &String| Learned {
        name: name.clone(),
        unit: schema.unit_of(name).map(str::to_owned),
        expression: expression_of(name),
    };
    let mut all: Vec<Learned> = config.targets.iter().map(learned).collect();
    if !by_draws {
        let further = config.derived.keys().filter(|name| !config.targets.contains(name));
        all.extend(further.map(learned));
    }
    Targets { all, derived }
}
