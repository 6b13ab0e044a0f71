//! Random numbers of a network.

use lapicque_numerics::random::{Generator, LANES, Lanes, StreamKey};
use lapicque_numerics::vectorise::{Kernel, vectorise};

/// Where random numbers come from; steps are asked for one after the other, from 0.
pub trait Draws {
    /// A uniform number in [0, 1) for each neuron.
    fn uniforms(&mut self, step: u64, values: &mut [f64]);
    /// A standard normal number for a neuron, asked for after the uniform ones of the step, neurons ascending.
    fn normal(&mut self, step: u64, neuron: usize) -> f64;
}

/// The streams of one network: key and number of the network decide all of their numbers.
#[derive(Debug, Clone)]
pub struct Stream {
    uniforms: Lanes,
    normals: Generator,
}

impl Stream {
    /// Those of network number `network` (from 0).
    pub fn new(key: &StreamKey, network: u64) -> Self {
        Self {
            uniforms: key.derive("point process uniforms").lanes_at(network),
            normals: key.stream("point process normals", network),
        }
    }
}

impl Draws for Stream {
    fn uniforms(&mut self, _step: u64, values: &mut [f64]) {
        vectorise(Fill { lanes: &mut self.uniforms, values });
    }

    fn normal(&mut self, _step: u64, _neuron: usize) -> f64 {
        self.normals.normal()
    }
}

/// Fills values with uniform numbers of 52 bits, of two words each; words that are left over are dropped.
struct Fill<'a> {
    lanes: &'a mut Lanes,
    values: &'a mut [f64],
}

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut lanes = self.lanes.clone();
        let (rows, rest) = self.values.as_chunks_mut::<{ LANES / 2 }>();
        for row in rows {
            *row = eight(&mut lanes);
        }
        if !rest.is_empty() {
            rest.copy_from_slice(&eight(&mut lanes)[..rest.len()]);
        }
        *self.lanes = lanes;
    }
}

#[inline(always)]
fn eight(lanes: &mut Lanes) -> [f64; LANES / 2] {
    let words = lanes.next_words();
    let mut row = [0.0; LANES / 2];
    for (place, value) in row.iter_mut().enumerate() {
        let bits = u64::from(words[place]) << 32 | u64::from(words[place + LANES / 2]);
        // Numbers from 1 to 2 have the same exponent.
        *value = f64::from_bits(bits >> 12 | 1.0_f64.to_bits()) - 1.0;
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniforms_are_uniform_in_every_place_and_of_one_stream_for_any_number_of_neurons() {
        for n in [1, 7, 8, 50, 67] {
            let mut stream = Stream::new(&StreamKey::new([1; 16]), 3);
            let steps = 40_000 / n + 1000;
            let (mut counts, mut values) = (vec![0.0; 16], vec![0.0; n]);
            let (mut previous, mut neighbours, mut successive) = (vec![0.5; n], 0.0, 0.0);
            for step in 0..steps {
                stream.uniforms(step as u64, &mut values);
                for (&u, &before) in values.iter().zip(&previous) {
                    assert!((0.0..1.0).contains(&u));
                    counts[(u * 16.0) as usize] += 1.0;
                    successive += 12.0 * (u - 0.5) * (before - 0.5);
                }
                neighbours += values.windows(2).map(|pair| 12.0 * (pair[0] - 0.5) * (pair[1] - 0.5)).sum::<f64>();
                previous.clone_from(&values);
            }
            let draws = (n * steps) as f64;
            let chi2: f64 = counts.iter().map(|c: &f64| (c - draws / 16.0).powi(2) / (draws / 16.0)).sum();
            assert!(chi2 < 44.3, "{n}: chi2 of 15 degrees of freedom {chi2}"); // p = 1e-4
            assert!(successive.abs() < 4.5 * draws.sqrt(), "{n}: {successive}");
            assert!(neighbours.abs() < 4.5 * draws.sqrt(), "{n}: {neighbours}");
        }
    }
}
