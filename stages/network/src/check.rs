//! Whether a description is one of a possible network: what no single value shows.

use std::collections::BTreeSet;

use crate::place::Entry;
use crate::place::{Place, Target, connection_entries, locate_in_connection, locate_in_population, population_entries};
use crate::suggestion::nearest;
use crate::{Connection, Drive, InvalidNetwork, Network, NetworkProblem, Population, Range, Rule};

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
        if problems.is_empty() { Ok(()) } else { Err(InvalidNetwork { problems }) }
    }

    fn check_connection(&self, connection: &Connection, problems: &mut Vec<NetworkProblem>) {
        let base = format!("connections.{}", connection.name);
        let distributions =
            [("weight", &connection.weight, Range::Any), ("delay", &connection.delay_ms, Range::Positive)];
        for (name, distribution, range) in distributions {
            if let Err(source) = distribution.check(range) {
                problems.push(NetworkProblem::Distribution { path: format!("{base}.{name}"), source });
            }
        }
        let mut entries = Vec::new();
        connection_entries(connection, self.weight_unit(connection), &mut entries);
        let mut scratch = connection.clone();
        for entry in entries {
            let rest: Vec<&str> = entry.path[base.len() + 1..].split('.').collect();
            let place = locate_in_connection(&mut scratch, entry.unit, &rest);
            problems.extend(outside_of_its_range(&entry, place));
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

fn check_name<'a>(section: &str, name: &'a str, names: &mut BTreeSet<&'a str>, problems: &mut Vec<NetworkProblem>) {
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
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn check_population(population: &Population, problems: &mut Vec<NetworkProblem>) {
    let base = format!("populations.{}", population.name);
    let (model, parameters) = (population.neuron.model, &population.neuron.parameters);
    for spec in model.parameters() {
        let path = format!("{base}.{}", spec.symbol);
        match parameters.get(spec.symbol).map(|distribution| distribution.check(spec.range)) {
            Some(Ok(())) => {}
            Some(Err(source)) => problems.push(NetworkProblem::Distribution { path, source }),
            None => problems.push(NetworkProblem::MissingParameter { path }),
        }
    }
    for symbol in parameters.keys().filter(|symbol| model.parameter(symbol).is_none()) {
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
        problems.push(NetworkProblem::ResetAboveThreshold { path: format!("{base}.V_reset"), reset, threshold });
    }
    let mut entries = Vec::new();
    population_entries(population, &mut entries);
    let mut scratch = population.clone();
    for entry in entries {
        let rest: Vec<&str> = entry.path[base.len() + 1..].split('.').collect();
        let place = locate_in_population(&mut scratch, &rest);
        problems.extend(outside_of_its_range(&entry, place));
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

/// For numbers; distributions are checked as a whole.
fn outside_of_its_range(entry: &Entry, place: Option<Place<'_>>) -> Option<NetworkProblem> {
    let place = place.filter(|place| !matches!(place.target, Target::Distribution { .. }))?;
    (!place.range.contains(entry.value)).then(|| NetworkProblem::OutOfRange {
        path: entry.path.clone(),
        value: entry.value,
        unit: entry.unit,
        allowed: place.range,
    })
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
        Rule::InDegree { k, autapses, multapses } => {
            let available = u64::from(pre.size).saturating_sub(without_self(autapses));
            if k > available as f64 && (!multapses || available == 0) {
                let path = format!("{base}.rule.in_degree");
                problems.push(NetworkProblem::TooManySynapses { path, value: k, available });
            }
        }
        Rule::Total { n, autapses, multapses } => {
            let sources = u64::from(pre.size).saturating_sub(without_self(autapses));
            let available = sources * u64::from(post.size);
            if n > available && (!multapses || available == 0) {
                let path = format!("{base}.rule.total");
                problems.push(NetworkProblem::TooManySynapses { path, value: n as f64, available });
            }
        }
        Rule::Probability { .. } | Rule::AllToAll { .. } | Rule::OneToOne => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bounds, Distribution, Neuron, NeuronModel, Shape, Spread, Synapse};

    fn population(name: &str) -> Population {
        let model = NeuronModel::IafPscExp;
        let default = |spec: &crate::ParameterSpec| (spec.symbol.to_owned(), Distribution::constant(spec.default));
        let parameters = model.parameters().iter().map(default).collect();
        Population { name: name.to_owned(), size: 10, neuron: Neuron { model, parameters }, drives: Vec::new() }
    }

    fn network() -> Network {
        let connection = Connection {
            name: "E_to_E".to_owned(),
            pre: "E".to_owned(),
            post: "E".to_owned(),
            rule: Rule::InDegree { k: 2.5, autapses: true, multapses: true },
            weight: Distribution::constant(1.0),
            delay_ms: Distribution::constant(1.0),
            synapse: Synapse::Static,
            profile: None,
        };
        Network { name: "test".to_owned(), populations: vec![population("E")], connections: vec![connection] }
    }

    fn problems(change: impl FnOnce(&mut Network)) -> Vec<NetworkProblem> {
        let mut network = network();
        assert_eq!(network.check(), Ok(()));
        change(&mut network);
        network.check().unwrap_err().problems
    }

    #[test]
    fn names() {
        let path = "populations.E".to_owned();
        assert_eq!(problems(|n| n.populations.push(population("E"))), [NetworkProblem::DuplicateName { path }]);
        let path = "populations.a.b".to_owned();
        assert_eq!(problems(|n| n.populations.push(population("a.b"))), [NetworkProblem::BadName { path }]);
        let found = problems(|n| n.populations.clear());
        assert_eq!(found[0], NetworkProblem::NoPopulation);
        assert!(matches!(found[1], NetworkProblem::UnknownPopulation { .. }));
        let found = problems(|n| n.connections[0].post = "I".to_owned());
        assert_eq!(found[0].to_string(), "`connections.E_to_E.post`: there is no population `I`");
    }

    #[test]
    fn parameters_are_complete_and_known() {
        let found = problems(|n| {
            let parameters = &mut n.populations[0].neuron.parameters;
            let capacitance = parameters.remove("C_m").unwrap();
            parameters.insert("C_M".to_owned(), capacitance);
        });
        assert_eq!(found[0], NetworkProblem::MissingParameter { path: "populations.E.C_m".to_owned() });
        assert_eq!(found[1].to_string(), "`populations.E.C_M`: iaf_psc_exp has no such parameter; did you mean `C_m`?");
    }

    #[test]
    fn numbers_have_their_ranges() {
        let found = problems(|n| n.populations[0].size = 0);
        assert_eq!(
            found[0].to_string(),
            "`populations.E.size` = 0 is not allowed; it must be a whole number from 1 to 4294967295"
        );
        for p in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let found = problems(|n| n.connections[0].rule = Rule::Probability { p, autapses: true });
            assert!(matches!(found[..], [NetworkProblem::OutOfRange { .. }]), "{found:?}");
        }
        let drive = Drive::Poisson { rate_hz: -1.0, synapses: 1.0, weight: Distribution::constant(1.0), delay_ms: 0.0 };
        let found = problems(|n| n.populations[0].drives = vec![drive, drive]);
        let paths: Vec<&str> = found.iter().map(NetworkProblem::path).collect();
        assert_eq!(
            paths,
            [
                "populations.E.drives.0.rate",
                "populations.E.drives.0.delay",
                "populations.E.drives.1.rate",
                "populations.E.drives.1.delay"
            ]
        );
    }

    #[test]
    fn without_multapses_there_are_only_so_many_synapses() {
        let rule = |k, autapses| Rule::InDegree { k, autapses, multapses: false };
        let with = |rule| {
            let mut network = network();
            network.connections[0].rule = rule;
            network.check()
        };
        assert_eq!(with(rule(10.0, true)), Ok(()));
        assert!(with(rule(10.0, false)).is_err());
        assert_eq!(with(rule(9.0, false)), Ok(()));
        assert_eq!(with(Rule::Total { n: 100, autapses: true, multapses: false }), Ok(()));
        assert!(with(Rule::Total { n: 91, autapses: false, multapses: false }).is_err());
        assert_eq!(with(Rule::Total { n: 1_000, autapses: false, multapses: true }), Ok(()));
    }

    #[test]
    fn distributions_have_their_own_paths() {
        let mut network = network();
        let delay = Distribution {
            shape: Shape::Uniform { low: 1.0, high: 2.0 },
            bounds: Bounds::Between { min: f64::NEG_INFINITY, max: 1.8 },
        };
        network.connections[0].delay_ms = delay;
        network.connections[0].weight =
            Distribution { shape: Shape::Lognormal { mean: -2.0, sd: Spread::Relative(0.5) }, bounds: Bounds::None };
        assert_eq!(network.check(), Ok(()));
        let paths: Vec<String> = network.paths().into_iter().map(|entry| entry.path).collect();
        for path in ["delay.low", "delay.high", "delay.max", "weight", "weight.sd"] {
            assert!(paths.contains(&format!("connections.E_to_E.{path}")), "{path}");
        }
        // A uniform distribution has no mean to set, and an open end stays open.
        assert!(network.set("connections.E_to_E.delay", 1.5).is_err());
        assert!(network.set("connections.E_to_E.delay.min", 1.0).is_err());
        assert!(network.set("connections.E_to_E.delay.low", 3.0).is_err());
        network.set("connections.E_to_E.delay.low", 0.5).unwrap();
        network.set("connections.E_to_E.rule.k", 3.0).unwrap();
        assert_eq!(network.get("connections.E_to_E.rule.in_degree").unwrap().value, 3.0);
        let json = serde_json::to_string(&network).unwrap();
        assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), network);
    }
}
