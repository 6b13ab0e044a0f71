//! Whether a description is one of a possible network: what no single value shows.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::distribution::InvalidDistribution;
use crate::network::did_you_mean;
use crate::path::with_unit;
use crate::suggestion::nearest;
use crate::{Connection, Drive, Network, Population, Range, Rule};

/// One thing that is wrong with a network.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NetworkProblem {
    #[error("the network has no population")]
    NoPopulation,
    #[error("`{path}`: the name is given twice")]
    DuplicateName { path: String },
    #[error("`{path}`: a name is made of letters, digits and `_`, and begins with a letter")]
    BadName { path: String },
    #[error("`{path}` = {} is not allowed; it must be {allowed}", with_unit(*.value, .unit))]
    OutOfRange {
        path: String,
        value: f64,
        unit: &'static str,
        allowed: Range,
    },
    #[error("`{path}`: {source}")]
    Distribution {
        path: String,
        source: InvalidDistribution,
    },
    #[error("`{path}`: the parameter has no value")]
    MissingParameter { path: String },
    #[error("`{path}`: {model} has no such parameter{}", did_you_mean(.suggestion))]
    UnknownParameter {
        path: String,
        model: &'static str,
        suggestion: Option<String>,
    },
    #[error("`{path}`: there is no population `{name}`{}", did_you_mean(.suggestion))]
    UnknownPopulation {
        path: String,
        name: String,
        suggestion: Option<String>,
    },
    #[error("`{path}`: V_reset ({}) must be below V_th ({})", with_unit(*.reset, "mV"), with_unit(*.threshold, "mV"))]
    ResetAboveThreshold {
        path: String,
        reset: f64,
        threshold: f64,
    },
    #[error(
        "`{path}`: one_to_one connects populations of one size, `{pre}` has {pre_size} neurons and `{post}` {post_size}"
    )]
    UnequalSizes {
        path: String,
        pre: String,
        pre_size: u32,
        post: String,
        post_size: u32,
    },
    #[error("`{path}` = {}: without multapses there are only {available} synapses to choose from", with_unit(*.value, "1"))]
    TooManySynapses {
        path: String,
        value: f64,
        available: u64,
    },
}

impl NetworkProblem {
    /// What the problem is about; empty for the whole network.
    pub fn path(&self) -> &str {
        match self {
            Self::NoPopulation => "",
            Self::DuplicateName { path }
            | Self::BadName { path }
            | Self::OutOfRange { path, .. }
            | Self::Distribution { path, .. }
            | Self::MissingParameter { path }
            | Self::UnknownParameter { path, .. }
            | Self::UnknownPopulation { path, .. }
            | Self::ResetAboveThreshold { path, .. }
            | Self::UnequalSizes { path, .. }
            | Self::TooManySynapses { path, .. } => path,
        }
    }
}

/// Everything that is wrong with a network.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct InvalidNetwork {
    /// At least one.
    pub problems: Vec<NetworkProblem>,
}

impl Network {
    /// Whether all values are in their ranges and fit together.
    pub fn check(&self) -> Result<(), InvalidNetwork> {
        let mut problems = Vec::new();
        if self.populations.is_empty() {
            problems.push(NetworkProblem::NoPopulation);
        }
        let mut names = BTreeSet::new();
        for population in &self.populations {
            check_name("populations", &population.name, &mut names, &mut problems);
            check_population(population, &mut problems);
        }
        names.clear();
        for connection in &self.connections {
            check_name("connections", &connection.name, &mut names, &mut problems);
            self.check_connection(connection, &mut problems);
        }
        self.check_numbers(&mut problems);
        if problems.is_empty() {
            Ok(())
        } else {
            Err(InvalidNetwork { problems })
        }
    }

    /// Numbers outside distributions, through the ranges that setting them has.
    fn check_numbers(&self, problems: &mut Vec<NetworkProblem>) {
        let mut scratch = self.clone();
        for entry in self.paths() {
            if let Err(crate::SetError::OutOfRange {
                path,
                value,
                unit,
                allowed,
            }) = scratch.assign(&entry.path, entry.value, false)
            {
                let covered = problems
                    .iter()
                    .any(|problem| path.starts_with(problem.path()) && !problem.path().is_empty());
                if !covered {
                    problems.push(NetworkProblem::OutOfRange {
                        path,
                        value,
                        unit,
                        allowed,
                    });
                }
            }
        }
    }

    fn check_connection(&self, connection: &Connection, problems: &mut Vec<NetworkProblem>) {
        let base = format!("connections.{}", connection.name);
        let distributions = [
            ("weight", &connection.weight, Range::Any),
            ("delay", &connection.delay_ms, Range::Positive),
        ];
        for (name, distribution, range) in distributions {
            if let Err(source) = distribution.check(range) {
                problems.push(NetworkProblem::Distribution {
                    path: format!("{base}.{name}"),
                    source,
                });
            }
        }
        let mut end = |role: &str, name: &str| {
            let population = self.population(name);
            if population.is_none() {
                problems.push(NetworkProblem::UnknownPopulation {
                    path: format!("{base}.{role}"),
                    name: name.to_owned(),
                    suggestion: nearest(name, self.populations.iter().map(|p| p.name.as_str())),
                });
            }
            population
        };
        let (pre, post) = (end("pre", &connection.pre), end("post", &connection.post));
        if let (Some(pre), Some(post)) = (pre, post) {
            check_rule(connection, pre, post, &base, problems);
        }
    }
}

fn check_name<'a>(
    section: &str,
    name: &'a str,
    names: &mut BTreeSet<&'a str>,
    problems: &mut Vec<NetworkProblem>,
) {
    let path = || format!("{section}.{name}");
    if !is_name(name) {
        problems.push(NetworkProblem::BadName { path: path() });
    }
    if !names.insert(name) {
        problems.push(NetworkProblem::DuplicateName { path: path() });
    }
}

/// Names are parts of paths and of column names.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn check_population(population: &Population, problems: &mut Vec<NetworkProblem>) {
    let base = format!("populations.{}", population.name);
    let (model, parameters) = (population.neuron.model, &population.neuron.parameters);
    for spec in model.parameters() {
        let path = format!("{base}.{}", spec.symbol);
        match parameters
            .get(spec.symbol)
            .map(|distribution| distribution.check(spec.range))
        {
            Some(Ok(())) => {}
            Some(Err(source)) => problems.push(NetworkProblem::Distribution { path, source }),
            None => problems.push(NetworkProblem::MissingParameter { path }),
        }
    }
    for symbol in parameters
        .keys()
        .filter(|symbol| model.parameter(symbol).is_none())
    {
        problems.push(NetworkProblem::UnknownParameter {
            path: format!("{base}.{symbol}"),
            model: model.name(),
            suggestion: nearest(symbol, model.parameters().iter().map(|spec| spec.symbol)),
        });
    }
    if let (Some(reset), Some(threshold)) = (parameters.get("V_reset"), parameters.get("V_th"))
        && reset.mean() >= threshold.mean()
    {
        let (reset, threshold) = (reset.mean(), threshold.mean());
        problems.push(NetworkProblem::ResetAboveThreshold {
            path: format!("{base}.V_reset"),
            reset,
            threshold,
        });
    }
    for (position, drive) in population.drives.iter().enumerate() {
        if let Drive::Poisson { weight, .. } = drive
            && let Err(source) = weight.check(Range::Any)
        {
            let path = match population.drives.len() {
                1 => format!("{base}.drive.weight"),
                _ => format!("{base}.drives.{position}.weight"),
            };
            problems.push(NetworkProblem::Distribution { path, source });
        }
    }
}

fn check_rule(
    connection: &Connection,
    pre: &Population,
    post: &Population,
    base: &str,
    problems: &mut Vec<NetworkProblem>,
) {
    let without_self = |autapses: bool| u64::from(pre.name == post.name && !autapses);
    match connection.rule {
        Rule::OneToOne if pre.size != post.size => problems.push(NetworkProblem::UnequalSizes {
            path: format!("{base}.rule"),
            pre: pre.name.clone(),
            pre_size: pre.size,
            post: post.name.clone(),
            post_size: post.size,
        }),
        Rule::InDegree {
            k,
            autapses,
            multapses,
        } => {
            let available = u64::from(pre.size).saturating_sub(without_self(autapses));
            if k > available as f64 && (!multapses || available == 0) {
                let path = format!("{base}.rule.in_degree");
                problems.push(NetworkProblem::TooManySynapses {
                    path,
                    value: k,
                    available,
                });
            }
        }
        Rule::Total {
            n,
            autapses,
            multapses,
        } => {
            let sources = u64::from(pre.size).saturating_sub(without_self(autapses));
            let available = sources * u64::from(post.size);
            if n > available && (!multapses || available == 0) {
                let path = format!("{base}.rule.total");
                problems.push(NetworkProblem::TooManySynapses {
                    path,
                    value: n as f64,
                    available,
                });
            }
        }
        Rule::Probability { .. } | Rule::AllToAll { .. } | Rule::OneToOne => {}
    }
}
