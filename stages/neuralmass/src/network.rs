//! What couples the nodes: weights, and delays in steps.
//!
//! ```text
//! d_ij = round_half_even(length_ij / speed / dt)        0 where the speed is not given
//! ```
//! `w_ij` goes from source j to target i. Sums over sources have a fixed order, that of [`Network::sources_of`].

/// How many steps ahead sums over sources are made; delays of at least that minus one allow it.
pub(crate) const AHEAD: usize = 8;

/// Memory that one network may take: weights, delays and the history of one source.
pub const MEMORY_LIMIT_BYTES: u64 = 8 << 30;

/// Why a network is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// There is nothing to simulate.
    #[error("a network has at least one node; there are 0")]
    NoNodes,
    /// Not as many values as places.
    #[error("`{matrix}` of {nodes} nodes has {nodes} x {nodes} values (rows are targets); there are {values}")]
    NotSquare {
        /// Which.
        matrix: &'static str,
        /// As the number of nodes says.
        nodes: usize,
        /// What there is.
        values: usize,
    },
    /// NaN, infinity or, for lengths, below 0.
    #[error("`{matrix}` from node {source_node} to node {target} is {value}: {allowed}")]
    Value {
        /// Which.
        matrix: &'static str,
        /// Counted from 0.
        source_node: usize,
        /// Counted from 0.
        target: usize,
        /// What it is.
        value: f64,
        /// In words.
        allowed: &'static str,
    },
    /// Speed or step that is not a number above 0.
    #[error("`{name}` is {value}: it must be a number above 0")]
    Quantity {
        /// Which.
        name: &'static str,
        /// What it is.
        value: f64,
    },
    /// More than [`MEMORY_LIMIT_BYTES`].
    #[error(
        "{nodes} nodes with delays up to {delay_steps} steps need about {gigabytes:.1} GB of memory; the limit is {limit_gigabytes:.1} GB. \
         Fewer nodes, a longer time step or a higher speed need less"
    )]
    TooLarge {
        /// How many.
        nodes: usize,
        /// The longest.
        delay_steps: u64,
        /// Estimate.
        gigabytes: f64,
        /// Of the estimate.
        limit_gigabytes: f64,
    },
}

/// One connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Connection {
    /// From which node.
    pub source: usize,
    /// w_ij.
    pub weight: f64,
    /// In steps.
    pub delay: usize,
}

/// Weights and delays for one time step.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    nodes: usize,
    /// By target: first those with long delays, then the others, each by source.
    connections: Vec<Connection>,
    /// Where each target begins, where its short delays begin.
    starts: Vec<[usize; 2]>,
    weight_sums: Vec<f64>,
    longest_delay: usize,
}

impl Network {
    /// From weights and lengths in mm as `[target * nodes + source]`.
    ///
    /// `speed_mm_per_ms` none: no delays. Weights of 0 are no connections. A weight of a node to itself is kept.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub fn new(
        nodes: usize,
        weights: &[f64],
        lengths_mm: &[f64],
        speed_mm_per_ms: Option<f64>,
        time_step_ms: f64,
    ) -> Result<Self, NetworkError> {
        if nodes == 0 {
            return Err(NetworkError::NoNodes);
        }
        let positive = |name, value: f64| {
            if value.is_finite() && value > 0.0 { Ok(()) } else { Err(NetworkError::Quantity { name, value }) }
        };
        positive("time_step", time_step_ms)?;
        if let Some(speed) = speed_mm_per_ms {
            positive("speed", speed)?;
        }
        refuse_memory(nodes, 0)?;
        check("weights", nodes, weights, "it must be a number", f64::is_finite)?;
        check("lengths", nodes, lengths_mm, "it must be a number of mm, not below 0", |l| l.is_finite() && l >= 0.0)?;
        let steps =
            |length: f64| speed_mm_per_ms.map_or(0.0, |speed| (length / speed / time_step_ms).round_ties_even());
        let connected = |place: &usize| weights[*place] != 0.0;
        let longest = (0..nodes * nodes).filter(connected).map(|k| steps(lengths_mm[k])).fold(0.0, f64::max);
        refuse_memory(nodes, longest as u64)?;
        let mut network = Self {
            nodes,
            connections: Vec::new(),
            starts: Vec::with_capacity(nodes + 1),
            weight_sums: Vec::with_capacity(nodes),
            longest_delay: longest as usize,
        };
        for target in 0..nodes {
            let row = target * nodes..(target + 1) * nodes;
            let all = || {
                row.clone().enumerate().filter(|(_, place)| connected(place)).map(|(source, place)| Connection {
                    source,
                    weight: weights[place],
                    delay: steps(lengths_mm[place]) as usize,
                })
            };
            let start = network.connections.len();
            network.connections.extend(all().filter(|c| c.delay + 1 >= AHEAD));
            network.starts.push([start, network.connections.len()]);
            network.connections.extend(all().filter(|c| c.delay + 1 < AHEAD));
            network.weight_sums.push(weights[row].iter().sum());
        }
        let end = network.connections.len();
        network.starts.push([end, end]);
        Ok(network)
    }

    /// One node that nothing reaches.
    pub fn single() -> Self {
        Self {
            nodes: 1,
            connections: Vec::new(),
            starts: vec![[0, 0], [0, 0]],
            weight_sums: vec![0.0],
            longest_delay: 0,
        }
    }

    /// How many.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// Connections to a node, in the order in which they are summed: delays of 7 steps and more first, then shorter
    /// ones, each by source.
    pub fn sources_of(&self, target: usize) -> &[Connection] {
        &self.connections[self.starts[target][0]..self.starts[target + 1][0]]
    }

    /// Those with long delays, and the others.
    #[inline(always)]
    pub(crate) fn long_and_short(&self, target: usize) -> (&[Connection], &[Connection]) {
        let [start, short] = self.starts[target];
        (&self.connections[start..short], &self.connections[short..self.starts[target + 1][0]])
    }

    /// Sum over j of w_ij.
    pub fn weight_sum(&self, target: usize) -> f64 {
        self.weight_sums[target]
    }

    /// In steps; of connections whose weight is not 0.
    pub fn longest_delay(&self) -> usize {
        self.longest_delay
    }
}

/// Refuses networks that would not fit, before anything of their size is made.
///
/// # Errors
/// [`NetworkError::TooLarge`].
pub fn refuse_memory(nodes: usize, delay_steps: u64) -> Result<(), NetworkError> {
    let n = nodes as f64;
    // Two matrices as given and a list of connections; a history of eight sets.
    let bytes = n * n * (2 * 8 + size_of::<Connection>()) as f64 + n * (2.0 * delay_steps as f64 + 64.0) * 64.0;
    if bytes > MEMORY_LIMIT_BYTES as f64 {
        return Err(NetworkError::TooLarge {
            nodes,
            delay_steps,
            gigabytes: bytes / 1e9,
            limit_gigabytes: MEMORY_LIMIT_BYTES as f64 / 1e9,
        });
    }
    Ok(())
}

fn check(
    matrix: &'static str,
    nodes: usize,
    values: &[f64],
    allowed: &'static str,
    good: impl Fn(f64) -> bool,
) -> Result<(), NetworkError> {
    if values.len() != nodes * nodes {
        return Err(NetworkError::NotSquare { matrix, nodes, values: values.len() });
    }
    match values.iter().position(|&v| !good(v)) {
        None => Ok(()),
        Some(k) => {
            Err(NetworkError::Value { matrix, source_node: k % nodes, target: k / nodes, value: values[k], allowed })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_rounded_half_to_even_and_weights_lie_by_target() {
        // 0.5, 1.5 and 2.5 steps.
        let lengths = [0.0, 0.5, 1.5, 2.5, 0.0, 9.0, 100.0, 1.0, 0.0];
        let weights = [0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 4.0, 5.0, 0.5];
        let network = Network::new(3, &weights, &lengths, Some(1.0), 1.0).unwrap();
        let of = |i| network.sources_of(i).iter().map(|c| (c.source, c.weight, c.delay)).collect::<Vec<_>>();
        assert_eq!(of(0), [(1, 1.0, 0), (2, 2.0, 2)]);
        assert_eq!(of(1), [(0, 3.0, 2)]);
        assert_eq!(of(2), [(0, 4.0, 100), (1, 5.0, 1), (2, 0.5, 0)]);
        assert_eq!((network.longest_delay(), network.weight_sum(2)), (100, 9.5));
        assert_eq!(Network::new(3, &weights, &lengths, None, 1.0).unwrap().longest_delay(), 0);
    }

    #[test]
    fn bad_networks_are_refused_in_words() {
        let refused = |n, w: &[f64], l: &[f64], speed, dt| Network::new(n, w, l, speed, dt).unwrap_err().to_string();
        assert!(refused(0, &[], &[], None, 0.1).contains("at least one node"));
        assert!(refused(2, &[0.0; 3], &[0.0; 4], None, 0.1).contains("2 x 2 values (rows are targets); there are 3"));
        assert!(refused(2, &[0.0, f64::NAN, 0.0, 0.0], &[0.0; 4], None, 0.1).contains("from node 1 to node 0 is NaN"));
        assert!(refused(2, &[0.0; 4], &[0.0, 0.0, -1.0, 0.0], None, 0.1).contains("from node 0 to node 1 is -1"));
        assert!(refused(1, &[0.0], &[0.0], Some(0.0), 0.1).contains("`speed` is 0"));
        assert!(refused(1, &[0.0], &[0.0], None, f64::NAN).contains("`time_step` is NaN"));
        assert!(refused(100_000, &[], &[], None, 0.1).contains("GB of memory"));
        assert!(refused(1, &[1.0], &[1e300], Some(1.0), 0.1).contains("GB of memory"));
    }
}
