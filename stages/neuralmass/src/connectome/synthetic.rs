//! Connectomes that no brain has: for examples, tests, and questions about what in a connectome matters.
//!
//! Nodes lie on an ellipsoid of the size of a brain, in directions that are drawn uniformly. A fibre from node j to node
//! i has the length
//! ```text
//! l_ij = tortuosity |r_i - r_j|
//! ```
//! and the weight, with standard normal numbers `xi_ij`, is by method
//! ```text
//! distance:  w_ij = exp(-l_ij / decay_length) h_ij exp(log_sd xi_ij)      xi_ij = xi_ji
//!            h_ij = interhemispheric between the hemispheres, 1 within
//! modular:   w_ij = a_ij g_ij exp(log_sd xi_ij)                           a_ij = a_ji, xi_ij = xi_ji
//!            within a module:   a_ij = 1 with probability within_density,  else 0;   g_ij = 1
//!            between modules:   a_ij = 1 with probability between_density, else 0;   g_ij = between_weight
//! lognormal: w_ij = exp(log_sd xi_ij)                                     each direction of its own
//! ```
//! `w_ii = 0`. The strongest `density n (n - 1)` connections are kept, and weights divided by the largest.
//!
//! | value | unit | default | methods | meaning |
//! |---|---|---|---|---|
//! | width, depth, height | mm | 130, 170, 120 | all | diameters of the ellipsoid along x (right), y (front), z (up) |
//! | tortuosity | 1 | 1.4 | all | length of a fibre over the distance of its ends |
//! | log_sd | 1 | 0.8 | all | standard deviation of the logarithm of weights around their rule |
//! | density | 1 | 1 | all | share of pairs of nodes that stay connected |
//! | decay_length | mm | 35 | distance | length after which weights are smaller by a factor of e |
//! | interhemispheric | 1 | 0.3 | distance | factor of connections between the hemispheres |
//! | within_density, between_density | 1 | 0.8, 0.1 | modular | probability of a connection |
//! | between_weight | 1 | 0.3 | modular | factor of connections between modules |
//!
//! With `distance` the right hemisphere mirrors the left, as in atlases; of an odd number of nodes the left has one more.
//! The first half of the nodes is the left one. Modules are slices of the ellipsoid from front to back of nearly as many
//! nodes each, and nodes are in the order of modules.
//!
//! Exponential rule of distance: Ercsey-Ravasz et al. 2013 (Neuron 80:184, doi:10.1016/j.neuron.2013.07.036, eq. 1);
//! human tractography: Roberts et al. 2016 (NeuroImage 124:379, doi:10.1016/j.neuroimage.2015.09.009). Log-normal weights:
//! Markov et al. 2014 (Cerebral Cortex 24:17, doi:10.1093/cercor/bhs270). Modules as planted partitions: Girvan & Newman
//! 2002 (PNAS 99:7821, doi:10.1073/pnas.122653799). The defaults give the mean length of human tractography with 80 nodes,
//! about 130 mm, and weights over as many orders of magnitude.

use lapicque_numerics::random::StreamKey;
use lapicque_units::{Entry, ModelKey, Range, SetError, Settable};
use serde::Serialize;

use super::{Connectome, ConnectomeError, Hemisphere, Place, Threshold, refuse_memory};

/// How connections are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Weights decay with distance.
    Distance,
    /// Dense within modules, sparse between them.
    Modular,
    /// Weights know nothing of places.
    Lognormal,
}

/// What a synthetic connectome is made of; the fields are the values of the table above.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs, reason = "the page of the module has a table of them")]
pub struct Synthetic {
    pub nodes: u32,
    pub method: Method,
    /// Of `modular`.
    pub modules: u32,
    pub width_mm: f64,
    pub depth_mm: f64,
    pub height_mm: f64,
    pub tortuosity: f64,
    pub log_sd: f64,
    pub density: f64,
    pub decay_length_mm: f64,
    pub interhemispheric: f64,
    pub within_density: f64,
    pub between_density: f64,
    pub between_weight: f64,
}

impl Synthetic {
    /// With the default values of the method.
    pub fn new(nodes: u32, method: Method) -> Self {
        Self {
            nodes,
            method,
            modules: nodes.clamp(1, 4),
            width_mm: 130.0,
            depth_mm: 170.0,
            height_mm: 120.0,
            tortuosity: 1.4,
            log_sd: 0.8,
            density: 1.0,
            decay_length_mm: 35.0,
            interhemispheric: 0.3,
            within_density: 0.8,
            between_density: 0.1,
            between_weight: 0.3,
        }
    }

    /// Whether the numbers of nodes and modules are allowed.
    ///
    /// # Errors
    /// No nodes, too many for memory, and modules that some have no nodes.
    pub fn check(&self) -> Result<(), ConnectomeError> {
        if self.nodes == 0 {
            return Err(ConnectomeError::NoNodes);
        }
        refuse_memory(u64::from(self.nodes))?;
        if self.method == Method::Modular && !(1..=self.nodes).contains(&self.modules) {
            return Err(ConnectomeError::Modules { modules: self.modules, nodes: self.nodes });
        }
        Ok(())
    }

    /// The connectome of a stream of random numbers, and where its nodes lie.
    ///
    /// # Errors
    /// Those of [`Self::check`]; lengths or weights that are no numbers; [`ConnectomeError::Cancelled`].
    pub fn generate(
        &self,
        key: StreamKey,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<(Connectome, Vec<Place>), ConnectomeError> {
        self.check()?;
        let nodes = self.nodes as usize;
        let (labels, places) = self.places(key);
        let (mut weights, mut lengths_mm) = (vec![0.0; nodes * nodes], vec![0.0; nodes * nodes]);
        let key = key.derive("connections");
        for target in 0..nodes {
            if is_cancelled() {
                return Err(ConnectomeError::Cancelled);
            }
            for source in (0..nodes).filter(|&source| source != target) {
                let length = self.length_mm(&places[target], &places[source]);
                lengths_mm[target * nodes + source] = length;
                weights[target * nodes + source] =
                    self.weight(key, (target, &places[target]), (source, &places[source]), length);
            }
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest > 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= largest);
        }
        let connectome = Connectome::new(labels, weights, lengths_mm)?.thresholded(Threshold::Density(self.density))?;
        Ok((connectome, places))
    }

    fn places(&self, key: StreamKey) -> (Vec<String>, Vec<Place>) {
        let key = key.derive("positions");
        let nodes = self.nodes as usize;
        let digits = nodes.saturating_sub(1).max(1).ilog10() as usize + 1;
        match self.method {
            Method::Distance => {
                let left = nodes.div_ceil(2);
                let digits = left.saturating_sub(1).max(1).ilog10() as usize + 1;
                let node = |node: usize| {
                    let (of_side, hemisphere, letter, sign) = match node < left {
                        true => (node, Hemisphere::Left, 'L', -1.0),
                        false => (node - left, Hemisphere::Right, 'R', 1.0),
                    };
                    let [x, y, z] = self.position_mm(key, of_side);
                    let position_mm = Some([sign * x.abs(), y, z]);
                    let place = Place { position_mm, hemisphere: Some(hemisphere), module: None };
                    (format!("{letter}_{of_side:0digits$}"), place)
                };
                (0..nodes).map(node).unzip()
            }
            Method::Modular => {
                let mut positions: Vec<[f64; 3]> = (0..nodes).map(|node| self.position_mm(key, node)).collect();
                positions.sort_by(|one, other| other[1].total_cmp(&one[1]));
                let modules = self.modules as usize;
                let node = |(node, position): (usize, [f64; 3])| {
                    let module = node * modules / nodes;
                    let own = node - (module * nodes).div_ceil(modules);
                    let name = format!("M{module}");
                    (format!("{name}_{own:0digits$}"), self.of(position, Some(name)))
                };
                positions.into_iter().enumerate().map(node).unzip()
            }
            Method::Lognormal => {
                let node = |node: usize| (format!("N_{node:0digits$}"), self.of(self.position_mm(key, node), None));
                (0..nodes).map(node).unzip()
            }
        }
    }

    fn of(&self, position_mm: [f64; 3], module: Option<String>) -> Place {
        let hemisphere = if position_mm[0] < 0.0 { Hemisphere::Left } else { Hemisphere::Right };
        Place { position_mm: Some(position_mm), hemisphere: Some(hemisphere), module }
    }

    fn position_mm(&self, key: StreamKey, node: usize) -> [f64; 3] {
        let mut random = key.at(node as u64);
        let (z, angle) = (2.0 * random.uniform() - 1.0, 2.0 * std::f64::consts::PI * random.uniform());
        let across = (1.0 - z * z).sqrt();
        [
            self.width_mm / 2.0 * across * libm::cos(angle),
            self.depth_mm / 2.0 * across * libm::sin(angle),
            self.height_mm / 2.0 * z,
        ]
    }

    fn length_mm(&self, one: &Place, other: &Place) -> f64 {
        let [a, b] = [one, other].map(|place| place.position_mm.unwrap_or_default());
        let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
        self.tortuosity * squares.sqrt()
    }

    fn weight(&self, key: StreamKey, target: (usize, &Place), source: (usize, &Place), length_mm: f64) -> f64 {
        let ((i, target), (j, source)) = (target, source);
        let (first, second) = match self.method {
            Method::Lognormal => (i, j),
            Method::Distance | Method::Modular => (i.min(j), i.max(j)),
        };
        // Nodes are fewer than 2^32, so every pair has a number that more nodes do not change.
        let mut random = key.at((first as u64) << 32 | second as u64);
        let scatter = libm::exp(self.log_sd * random.normal());
        match self.method {
            Method::Distance => {
                let between = if target.hemisphere == source.hemisphere { 1.0 } else { self.interhemispheric };
                libm::exp(-length_mm / self.decay_length_mm) * between * scatter
            }
            Method::Modular => {
                let (density, factor) = match target.module == source.module {
                    true => (self.within_density, 1.0),
                    false => (self.between_density, self.between_weight),
                };
                if random.uniform() < density { factor * scatter } else { 0.0 }
            }
            Method::Lognormal => scatter,
        }
    }
}

impl Settable for Synthetic {
    type Error = SetError;
    const NAME: &'static str = "the synthetic connectome";

    fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![
            Entry::new("width", "mm", self.width_mm, Range::Positive),
            Entry::new("depth", "mm", self.depth_mm, Range::Positive),
            Entry::new("height", "mm", self.height_mm, Range::Positive),
            Entry::new("tortuosity", "1", self.tortuosity, Range::Positive),
            Entry::new("log_sd", "1", self.log_sd, Range::NonNegative),
            Entry::new("density", "1", self.density, Range::Fraction),
        ];
        entries.extend(match self.method {
            Method::Distance => vec![
                Entry::new("decay_length", "mm", self.decay_length_mm, Range::Positive),
                Entry::new("interhemispheric", "1", self.interhemispheric, Range::NonNegative),
            ],
            Method::Modular => vec![
                Entry::new("within_density", "1", self.within_density, Range::Fraction),
                Entry::new("between_density", "1", self.between_density, Range::Fraction),
                Entry::new("between_weight", "1", self.between_weight, Range::NonNegative),
            ],
            Method::Lognormal => Vec::new(),
        });
        entries
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        self.entry(path).ok_or_else(|| SetError::unknown(path))?.admits(value)?;
        match path {
            "width" => self.width_mm = value,
            "depth" => self.depth_mm = value,
            "height" => self.height_mm = value,
            "tortuosity" => self.tortuosity = value,
            "log_sd" => self.log_sd = value,
            "density" => self.density = value,
            "decay_length" => self.decay_length_mm = value,
            "interhemispheric" => self.interhemispheric = value,
            "within_density" => self.within_density = value,
            "between_density" => self.between_density = value,
            "between_weight" => self.between_weight = value,
            _ => return Err(SetError::unknown(path)),
        }
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        ModelKey { model: self, swept }
    }
}
