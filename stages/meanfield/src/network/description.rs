//! What both theories, of spiking and of binary networks, read from a description.

use lapicque_network::{Connection, Network, Population, Rule, Unsupported};
use nalgebra::DMatrix;

/// Milliseconds and millivolts in SI units. A division gives the double next to the decimal number, a factor of 1e-3 may not.
pub(crate) fn milli(value: f64) -> f64 {
    value / 1e3
}

/// In-degrees and moments of weights by pair of populations, targets x sources.
pub(crate) struct Pairs {
    in_degree: DMatrix<f64>,
    /// sum of K J and of K <J^2>.
    first_moment: DMatrix<f64>,
    second_moment: DMatrix<f64>,
    /// Of the only connection of a pair, which keeps its spread to the last digit.
    single: DMatrix<Option<(f64, f64)>>,
    connections: DMatrix<u32>,
}

impl Pairs {
    pub(crate) fn new(network: &Network) -> Self {
        let n = network.populations.len();
        let zeros = DMatrix::zeros(n, n);
        Self {
            in_degree: zeros.clone(),
            first_moment: zeros.clone(),
            second_moment: zeros,
            single: DMatrix::from_element(n, n, None),
            connections: DMatrix::zeros(n, n),
        }
    }

    /// Adds a connection with the mean and the standard deviation of its weight; its place, and whether it is the first there.
    pub(crate) fn add(
        &mut self,
        network: &Network,
        connection: &Connection,
        mean: f64,
        sd: f64,
    ) -> Result<((usize, usize), bool), Unsupported> {
        let (target, source) = ends(network, connection)?;
        let at = (target, source);
        let in_degree = in_degree(connection, &network.populations[source], &network.populations[target]);
        self.in_degree[at] += in_degree;
        self.first_moment[at] += in_degree * mean;
        self.second_moment[at] += in_degree * (mean * mean + sd * sd);
        self.connections[at] += 1;
        let first = self.connections[at] == 1;
        self.single[at] = first.then_some((mean, sd));
        Ok((at, first))
    }

    /// K, mean of J, standard deviation of J.
    pub(crate) fn averages(self) -> [DMatrix<f64>; 3] {
        let n = self.in_degree.nrows();
        let (mut mean, mut sd) = (DMatrix::zeros(n, n), DMatrix::zeros(n, n));
        for at in (0..n).flat_map(|target| (0..n).map(move |source| (target, source))) {
            let in_degree = self.in_degree[at];
            (mean[at], sd[at]) = match self.single[at] {
                Some(moments) => moments,
                None if in_degree > 0.0 => {
                    let mean: f64 = self.first_moment[at] / in_degree;
                    (mean, (self.second_moment[at] / in_degree - mean * mean).max(0.0).sqrt())
                }
                None => (0.0, 0.0),
            };
        }
        [self.in_degree, mean, sd]
    }
}

/// Positions of target and source.
pub(crate) fn ends(network: &Network, connection: &Connection) -> Result<(usize, usize), Unsupported> {
    let position = |role: &str, name: &str| {
        let found = network.populations.iter().position(|population| population.name == name);
        found.ok_or_else(|| {
            unsupported(format!("connections.{}.{role}", connection.name), "there is no such population")
        })
    };
    Ok((position("post", &connection.post)?, position("pre", &connection.pre)?))
}

/// Mean number of synapses of a connection onto one neuron.
fn in_degree(connection: &Connection, pre: &Population, post: &Population) -> f64 {
    let sources = |autapses: bool| f64::from(pre.size) - f64::from(u8::from(pre.name == post.name && !autapses));
    match connection.rule {
        Rule::Probability { p, autapses } => p * sources(autapses),
        Rule::InDegree { k, .. } => k,
        Rule::Total { n, .. } => n as f64 / f64::from(post.size),
        Rule::AllToAll { autapses } => sources(autapses),
        Rule::OneToOne => 1.0,
    }
}

/// The value of a parameter that all neurons share.
pub(crate) fn constant(population: &Population, symbol: &str) -> Result<f64, Unsupported> {
    let path = || format!("populations.{}.{symbol}", population.name);
    let Some(distribution) = population.neuron.parameters.get(symbol) else {
        return Err(unsupported(path(), "the parameter has no value"));
    };
    match distribution.drawn_mean_and_sd() {
        (mean, 0.0) => Ok(mean),
        _ => Err(unsupported(path(), "the theory takes one value for all neurons of a population")),
    }
}

pub(crate) fn unsupported(path: String, reason: &str) -> Unsupported {
    Unsupported { path, reason: reason.to_owned() }
}
