//! Problems whose posterior is known.

use lapicque_inverse::Prior;
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, array};

pub(crate) fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

/// Two targets, three features x = A theta + noise with standard deviation `noise` each.
pub(crate) struct LinearGaussian {
    pub(crate) map: Array2<f64>,
    pub(crate) noise: f64,
    pub(crate) priors: [Prior; 2],
}

impl LinearGaussian {
    pub(crate) fn of_normal_prior() -> Self {
        let priors = [Prior::Normal { mean: 3.0, sd: 2.0 }, Prior::Normal { mean: -1.0, sd: 0.5 }];
        Self { map: array![[1.0, 1.0], [0.5, -2.0], [0.0, 1.5]], noise: 1.0, priors }
    }

    /// Wide noise beside the box, so that the posterior has mass on its bounds.
    pub(crate) fn of_box() -> Self {
        let priors = [Prior::Uniform { low: -1.0, high: 1.0 }, Prior::Uniform { low: 10.0, high: 11.0 }];
        Self { map: array![[1.0, 0.5], [0.2, 1.0], [0.0, 0.0]], noise: 0.6, priors }
    }

    pub(crate) fn priors(&self) -> Vec<Option<Prior>> {
        self.priors.iter().cloned().map(Some).collect()
    }

    /// rows x features, rows x targets.
    pub(crate) fn samples(&self, rows: usize, seed: u8) -> (Array2<f64>, Array2<f64>) {
        let mut generator = key(seed).stream("samples", 0);
        let (mut features, mut targets) = (Array2::zeros((rows, 3)), Array2::zeros((rows, 2)));
        for (mut theta, mut x) in targets.rows_mut().into_iter().zip(features.rows_mut()) {
            for (slot, prior) in theta.iter_mut().zip(&self.priors) {
                *slot = prior.draw(&mut generator);
            }
            for (feature, slot) in x.iter_mut().enumerate() {
                *slot = self.map[[feature, 0]] * theta[0]
                    + self.map[[feature, 1]] * theta[1]
                    + self.noise * generator.normal();
            }
        }
        (features, targets)
    }

    /// Mean and covariance of the posterior under normal priors: (A^T A / noise^2 + D^-1)^-1, with the prior's variances D.
    pub(crate) fn posterior(&self, features: &[f64]) -> ([f64; 2], Array2<f64>) {
        let normal = |prior: &Prior| match prior {
            Prior::Normal { mean, sd } => (*mean, sd * sd),
            other => panic!("{other:?} is not normal"),
        };
        let [(m0, v0), (m1, v1)] = [normal(&self.priors[0]), normal(&self.priors[1])];
        let precision = |i: usize, j: usize| -> f64 {
            (0..3).map(|k| self.map[[k, i]] * self.map[[k, j]]).sum::<f64>() / self.noise.powi(2)
        };
        let (a, b, d) = (precision(0, 0) + 1.0 / v0, precision(0, 1), precision(1, 1) + 1.0 / v1);
        let determinant = a * d - b * b;
        let spread = array![[d, -b], [-b, a]] / determinant;
        let pull = |i: usize| (0..3).map(|k| self.map[[k, i]] * features[k]).sum::<f64>() / self.noise.powi(2);
        let right = [pull(0) + m0 / v0, pull(1) + m1 / v1];
        let mean = [0, 1].map(|i| spread[[i, 0]] * right[0] + spread[[i, 1]] * right[1]);
        (mean, spread)
    }

    /// The logarithm of likelihood times prior, up to a constant.
    pub(crate) fn log_joint(&self, features: &[f64], theta: &[f64]) -> f64 {
        let prior: f64 = self.priors.iter().zip(theta).map(|(prior, value)| prior.log_density(*value)).sum();
        let misfit = (0..3).map(|k| {
            let expected = self.map[[k, 0]] * theta[0] + self.map[[k, 1]] * theta[1];
            ((features[k] - expected) / self.noise).powi(2)
        });
        prior - misfit.sum::<f64>() / 2.0
    }
}

/// Means and covariance of rows.
pub(crate) fn moments(values: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let rows = values.nrows() as f64;
    let mean: Vec<f64> = values.columns().into_iter().map(|column| column.sum() / rows).collect();
    let spread = Array2::from_shape_fn((mean.len(), mean.len()), |(i, j)| {
        let pairs = values.column(i).to_vec().into_iter().zip(values.column(j).to_vec());
        pairs.map(|(a, b)| (a - mean[i]) * (b - mean[j])).sum::<f64>() / rows
    });
    (mean, spread)
}
