//! The network of one member, of any kind.

use lapicque_numerics::random::Generator;

use crate::descent::Batch;
use crate::flow::{Flow, Map};
use crate::mixture::Mixture;
use crate::number::Number;
use crate::settings::DensityKind;
use crate::spline::Spline;

/// Its shape; parameters are kept apart from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Network {
    Mixture(Mixture),
    Flow(Flow),
}

impl Network {
    pub(crate) fn new(kind: &DensityKind, values: usize, contexts: usize) -> Self {
        match kind {
            DensityKind::Mdn(settings) => Self::Mixture(Mixture::new(settings, values, contexts)),
            DensityKind::Maf(maf) => {
                let maps = std::iter::repeat_n(Map::Affine, maf.transforms);
                Self::Flow(Flow::new(maps, [values, contexts], [maf.hidden, maf.blocks]))
            }
            DensityKind::Nsf(nsf) => {
                let spline = Map::Spline(Spline { bins: nsf.bins, tail: nsf.tail });
                let affine = std::iter::repeat_n(Map::Affine, nsf.affine);
                let maps = std::iter::repeat_n(spline, nsf.transforms).chain(affine);
                Self::Flow(Flow::new(maps, [values, contexts], [nsf.hidden, nsf.blocks]))
            }
        }
    }

    pub(crate) fn parameter_count(&self) -> usize {
        match self {
            Self::Mixture(mixture) => mixture.parameter_count(),
            Self::Flow(flow) => flow.parameter_count(),
        }
    }

    pub(crate) fn initial<T: Number>(&self, generator: &mut Generator) -> Vec<T> {
        match self {
            Self::Mixture(mixture) => mixture.initial(generator),
            Self::Flow(flow) => flow.initial(generator),
        }
    }

    /// Sets to zero what no network of this shape has.
    pub(crate) fn mask<T: Number>(&self, parameters: &mut [T]) {
        if let Self::Flow(flow) = self {
            flow.mask(parameters);
        }
    }

    /// The log density of each column of a batch. Where a gradient is given, that of minus their sum is added to it.
    pub(crate) fn log_density<T: Number>(
        &self,
        parameters: &[T],
        batch: &Batch<T>,
        gradient: Option<&mut [T]>,
    ) -> Vec<T> {
        match self {
            Self::Mixture(mixture) => mixture.log_density(parameters, batch, gradient),
            Self::Flow(flow) => flow.log_density(parameters, batch, gradient),
        }
    }

    /// Values (values x count) from standard normal numbers of the same shape, and a uniform one per column.
    pub(crate) fn draw<T: Number>(&self, parameters: &[T], contexts: &[T], noise: (&[T], &[f64])) -> Vec<T> {
        match self {
            Self::Mixture(mixture) => mixture.draw(parameters, contexts, noise),
            Self::Flow(flow) => flow.draw(parameters, contexts, noise.0, noise.1.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;

    use super::*;
    use crate::settings::{MaskedAutoregressiveFlow, MixtureDensityNetwork, NeuralSplineFlow};

    fn kinds() -> Vec<DensityKind> {
        vec![
            DensityKind::Mdn(MixtureDensityNetwork { components: 3, hidden: vec![7, 6] }),
            DensityKind::Maf(MaskedAutoregressiveFlow { transforms: 3, hidden: 7, blocks: 2 }),
            DensityKind::Maf(MaskedAutoregressiveFlow { transforms: 2, hidden: 6, blocks: 0 }),
            DensityKind::Nsf(NeuralSplineFlow { affine: 1, transforms: 3, hidden: 7, blocks: 2, bins: 5, tail: 1.5 }),
        ]
    }

    /// Parameters far from where they begin, so that all parts matter; some values lie beyond the tails.
    fn case(kind: &DensityKind, values: usize, count: usize) -> (Network, Vec<f64>, Batch<f64>) {
        let network = Network::new(kind, values, 2);
        let mut generator = StreamKey::new([5; 16]).stream("case", values as u64);
        let mut parameters: Vec<f64> = network.initial(&mut generator);
        parameters.iter_mut().for_each(|parameter| *parameter += 0.3 * generator.normal());
        network.mask(&mut parameters);
        let mut normals = |count: usize| (0..count).map(|_| generator.normal()).collect();
        let batch = Batch { values: normals(values * count), contexts: normals(2 * count), count };
        (network, parameters, batch)
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for kind in kinds() {
            for values in 1..4 {
                let (network, mut parameters, batch) = case(&kind, values, 5);
                let mut gradient = vec![0.0; parameters.len()];
                network.log_density(&parameters, &batch, Some(&mut gradient));
                network.mask(&mut gradient);
                let mut free = vec![1.0; parameters.len()];
                network.mask(&mut free);
                let scale = gradient.iter().fold(0.0f64, |most, slope| most.max(slope.abs()));
                let loss = |parameters: &[f64]| -network.log_density(parameters, &batch, None).iter().sum::<f64>();
                for place in (0..parameters.len()).filter(|place| free[*place] == 1.0) {
                    let before = parameters[place];
                    let step = 1e-5;
                    let mut at = |offset: f64| {
                        parameters[place] = before + offset * step;
                        loss(&parameters)
                    };
                    // Of fourth order.
                    let slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step);
                    parameters[place] = before;
                    let error = (slope - gradient[place]).abs() / scale;
                    assert!(error < 1e-6, "{kind:?}, {values} values, {place}: {slope} and {}", gradient[place]);
                }
            }
        }
    }

    #[test]
    fn in_32_bits_losses_and_gradients_are_those_of_64() {
        for kind in kinds() {
            let (network, parameters, batch) = case(&kind, 3, 40);
            let narrow = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect::<Vec<f32>>();
            let short = Batch { values: narrow(&batch.values), contexts: narrow(&batch.contexts), count: batch.count };
            let mut gradient = vec![0.0; parameters.len()];
            let mut narrow_gradient = vec![0.0f32; parameters.len()];
            let right = network.log_density(&parameters, &batch, Some(&mut gradient));
            let found = network.log_density(&narrow(&parameters), &short, Some(&mut narrow_gradient));
            for (right, found) in right.iter().zip(&found) {
                assert!((right - f64::from(*found)).abs() < 1e-3 * right.abs().max(1.0), "{kind:?}: {right} {found}");
            }
            let scale = gradient.iter().fold(0.0f64, |most, slope| most.max(slope.abs()));
            for (right, found) in gradient.iter().zip(&narrow_gradient) {
                assert!((right - f64::from(*found)).abs() < 1e-3 * scale, "{kind:?}: {right} {found}");
            }
        }
    }

    /// A draw of a flow is the inverse of what its density looks at: with u from v, log q(v) = log N(u) + the log volume, which finite differences give.
    #[test]
    fn drawing_inverts_the_flow_and_slopes_are_its_volume() {
        for kind in kinds().into_iter().skip(1) {
            for values in 1..4 {
                let (network, parameters, mut batch) = case(&kind, values, 7);
                let uniforms = vec![0.5; batch.count];
                let normals = std::mem::take(&mut batch.values);
                let draw = |normals: &[f64]| network.draw(&parameters, &batch.contexts, (normals, &uniforms));
                let drawn = draw(&normals);
                // The determinant of d v / d u, column by column.
                let step = 1e-6;
                let jacobian: Vec<Vec<f64>> = (0..values)
                    .map(|value| {
                        let moved = |offset: f64| {
                            let mut normals = normals.clone();
                            normals[value * 7..][..7].iter_mut().for_each(|number| *number += offset);
                            draw(&normals)
                        };
                        let (up, down) = (moved(step), moved(-step));
                        up.iter().zip(&down).map(|(up, down)| (up - down) / (2.0 * step)).collect()
                    })
                    .collect();
                batch.values = drawn.clone();
                let densities = network.log_density(&parameters, &batch, None);
                for column in 0..7 {
                    let entry = |row: usize, by: usize| jacobian[by][row * 7 + column];
                    let determinant = match values {
                        1 => entry(0, 0),
                        2 => entry(0, 0) * entry(1, 1) - entry(0, 1) * entry(1, 0),
                        _ => (0..3)
                            .map(|k| {
                                let (a, b) = ((k + 1) % 3, (k + 2) % 3);
                                entry(0, k) * (entry(1, a) * entry(2, b) - entry(1, b) * entry(2, a))
                            })
                            .sum(),
                    };
                    let square: f64 = (0..values).map(|row| normals[row * 7 + column].powi(2)).sum();
                    let right = -0.5 * square - 0.918_938_533_204_672_7 * values as f64 - determinant.abs().ln();
                    assert!((densities[column] - right).abs() < 1e-5, "{kind:?}: {} {right}", densities[column]);
                }
            }
        }
    }

    #[test]
    fn a_density_does_not_depend_on_the_columns_beside_it() {
        for kind in kinds() {
            let (network, parameters, batch) = case(&kind, 3, 37);
            let all = network.log_density(&parameters, &batch, None);
            for column in [0, 17, 36] {
                let of = |numbers: &[f64]| numbers.iter().skip(column).step_by(37).copied().collect::<Vec<f64>>();
                let alone = Batch { values: of(&batch.values), contexts: of(&batch.contexts), count: 1 };
                assert_eq!(network.log_density(&parameters, &alone, None), [all[column]], "{kind:?}");
            }
        }
    }
}
