//! Tasks of the benchmark: simulator, exact posterior, observations and published scores.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use lapicque_numerics::random::Generator;
use ndarray::Array2;

/// A task of sbibm 1.1.
pub(crate) enum Task {
    /// theta ~ U(-1, 1)^2; a bimodal posterior of two crescents.
    TwoMoons,
    /// theta ~ N(0, 0.1 I) in 10 dimensions, x ~ N(theta, 0.1 I).
    GaussianLinear,
    /// theta ~ U(-3, 3)^5; four draws of a Gaussian whose mean, scales and correlation they are.
    Slcp,
}

impl Task {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "two_moons" => Self::TwoMoons,
            "gaussian_linear" => Self::GaussianLinear,
            "slcp" => Self::Slcp,
            _ => panic!("there is no task {name}"),
        }
    }

    /// Mean C2ST of NPE over ten observations (Lueckmann et al. 2021).
    pub(crate) fn published(&self, simulations: usize) -> f64 {
        let scores = match self {
            Self::TwoMoons => [0.725, 0.606, 0.542],
            Self::GaussianLinear => [0.694, 0.552, 0.506],
            Self::Slcp => [0.975, 0.901, 0.831],
        };
        match simulations {
            1_000 => scores[0],
            10_000 => scores[1],
            100_000 => scores[2],
            _ => f64::NAN,
        }
    }

    /// The first three of the benchmark; those of `slcp` are drawn here, with scales above 0.09: with less, points lie so close that no walk of the length below
    /// finds the whole posterior.
    pub(crate) fn observations(&self) -> Vec<Vec<f64>> {
        match self {
            Self::TwoMoons => OBSERVED_TWO_MOONS.iter().map(|row| row.to_vec()).collect(),
            Self::GaussianLinear => OBSERVED_GAUSSIAN.iter().map(|row| row.to_vec()).collect(),
            Self::Slcp => {
                let mut generator = lapicque_numerics::random::StreamKey::new([9; 16]).stream("observed", 0);
                let (theta, rows) = self.simulations(20, &mut generator);
                let wide = |row: &usize| theta[[*row, 2]].abs().min(theta[[*row, 3]].abs()) > 0.3;
                (0..20).filter(wide).take(3).map(|row| rows.row(row).to_vec()).collect()
            }
        }
    }

    pub(crate) fn prior_allows(&self, theta: &[f64]) -> bool {
        let bound = match self {
            Self::TwoMoons => 1.0,
            Self::GaussianLinear => f64::INFINITY,
            Self::Slcp => 3.0,
        };
        theta.iter().all(|value| value.abs() < bound)
    }

    /// Parameters and data.
    pub(crate) fn simulations(&self, count: usize, generator: &mut Generator) -> (Array2<f64>, Array2<f64>) {
        let (values, data) = match self {
            Self::TwoMoons => (2, 2),
            Self::GaussianLinear => (10, 10),
            Self::Slcp => (5, 8),
        };
        let mut theta = Array2::zeros((count, values));
        let mut x = Array2::zeros((count, data));
        for row in 0..count {
            let parameters: Vec<f64> = (0..values)
                .map(|_| match self {
                    Self::TwoMoons => 2.0 * generator.uniform() - 1.0,
                    Self::GaussianLinear => 0.1f64.sqrt() * generator.normal(),
                    Self::Slcp => 6.0 * generator.uniform() - 3.0,
                })
                .collect();
            let simulated: Vec<f64> = match self {
                Self::TwoMoons => {
                    let crescent = crescent(generator);
                    let (sum, difference) = (parameters[0] + parameters[1], parameters[1] - parameters[0]);
                    vec![crescent[0] - sum.abs() * FRAC_1_SQRT_2, crescent[1] + difference * FRAC_1_SQRT_2]
                }
                Self::GaussianLinear => {
                    parameters.iter().map(|mean| mean + 0.1f64.sqrt() * generator.normal()).collect()
                }
                Self::Slcp => {
                    let (s1, s2, rho) = (parameters[2].powi(2), parameters[3].powi(2), parameters[4].tanh());
                    let mut points = Vec::new();
                    for _ in 0..4 {
                        let (a, b) = (generator.normal(), generator.normal());
                        points.push(parameters[0] + s1 * a);
                        points.push(parameters[1] + s2 * (rho * a + (1.0 - rho * rho).sqrt() * b));
                    }
                    points
                }
            };
            theta.row_mut(row).iter_mut().zip(parameters).for_each(|(place, value)| *place = value);
            x.row_mut(row).iter_mut().zip(simulated).for_each(|(place, value)| *place = value);
        }
        (theta, x)
    }

    /// Draws of the exact posterior; of `slcp` those of a random walk that is long against its memory.
    pub(crate) fn posterior(&self, observed: &[f64], count: usize, generator: &mut Generator) -> Array2<f64> {
        let rows: Vec<Vec<f64>> = match self {
            Self::TwoMoons => {
                // theta follows from the crescent, up to the sign of its sum.
                let mut rows = Vec::new();
                while rows.len() < count {
                    let crescent = crescent(generator);
                    let along = crescent[0] - observed[0];
                    let sum = if generator.uniform() < 0.5 { SQRT_2 * along } else { -SQRT_2 * along };
                    let difference = SQRT_2 * (observed[1] - crescent[1]);
                    let theta = vec![0.5 * (sum - difference), 0.5 * (sum + difference)];
                    if along >= 0.0 && self.prior_allows(&theta) {
                        rows.push(theta);
                    }
                }
                rows
            }
            Self::GaussianLinear => (0..count)
                .map(|_| observed.iter().map(|x| x / 2.0 + 0.05f64.sqrt() * generator.normal()).collect())
                .collect(),
            Self::Slcp => slcp_posterior(self, observed, count, generator),
        };
        Array2::from_shape_fn((count, rows[0].len()), |(row, column)| rows[row][column])
    }
}

fn crescent(generator: &mut Generator) -> [f64; 2] {
    let angle = PI * (generator.uniform() - 0.5);
    let radius = 0.1 + 0.01 * generator.normal();
    [radius * angle.cos() + 0.25, radius * angle.sin()]
}

fn slcp_log_likelihood(theta: &[f64], observed: &[f64]) -> f64 {
    let (s1, s2, rho) = (theta[2].powi(2), theta[3].powi(2), theta[4].tanh());
    let rest = (1.0 - rho * rho).sqrt();
    let point = |xy: &[f64]| {
        let a = (xy[0] - theta[0]) / s1;
        let b = ((xy[1] - theta[1]) / s2 - rho * a) / rest;
        -0.5 * (a * a + b * b) - (s1 * s2 * rest).ln()
    };
    observed.chunks_exact(2).map(point).sum()
}

/// Metropolis steps of many sizes from 200 starts, which are two million draws of the prior resampled by likelihood, so that each mode has its share of starts;
/// scales have either sign, with equal probability.
fn slcp_posterior(task: &Task, observed: &[f64], count: usize, generator: &mut Generator) -> Vec<Vec<f64>> {
    let chains = 200;
    let pool: Vec<([f64; 5], f64)> = (0..2_000_000)
        .map(|_| {
            let theta = [(); 5].map(|()| 6.0 * generator.uniform() - 3.0);
            (theta, slcp_log_likelihood(&theta, observed))
        })
        .collect();
    let highest = pool.iter().fold(f64::NEG_INFINITY, |highest, (_, density)| highest.max(*density));
    let total: f64 = pool.iter().map(|(_, density)| (density - highest).exp()).sum();
    let (mut starts, mut passed) = (Vec::new(), generator.uniform());
    for (theta, density) in pool {
        passed += chains as f64 * (density - highest).exp() / total;
        while passed >= 1.0 && starts.len() < chains {
            starts.push((theta.to_vec(), density));
            passed -= 1.0;
        }
    }
    let mut rows = Vec::new();
    for (mut at, mut density) in starts {
        let steps = 20_000 + 200 * count.div_ceil(chains);
        for step in 1..=steps {
            let size = 10f64.powf(-3.0 * generator.uniform());
            let single = generator.below(10) as usize;
            let mut theta = at.clone();
            for (place, value) in theta.iter_mut().enumerate() {
                if single >= 5 || single == place {
                    *value += size * generator.normal();
                }
            }
            if task.prior_allows(&theta) {
                let of = slcp_log_likelihood(&theta, observed);
                if (of - density).exp() > generator.uniform() {
                    (at, density) = (theta, of);
                }
            }
            if step > 20_000 && step % 200 == 0 && rows.len() < count {
                let mut row = at.clone();
                for value in &mut row[2..4] {
                    *value = if generator.uniform() < 0.5 { value.abs() } else { -value.abs() };
                }
                rows.push(row);
            }
        }
    }
    rows
}

const OBSERVED_TWO_MOONS: [[f64; 2]; 3] =
    [[-0.6396706, 0.16234657], [-0.5676688, -0.33194834], [0.0030109584, -0.6457662]];

const OBSERVED_GAUSSIAN: [[f64; 10]; 3] = [
    [
        1.0471346,
        0.5566712,
        -0.23618454,
        0.027879834,
        -1.0051446,
        -0.007930746,
        0.06117077,
        -0.29286885,
        -0.38539964,
        0.2449614,
    ],
    [
        -0.106687605,
        -0.8015651,
        -0.07332335,
        0.4009537,
        0.62297356,
        -0.18687348,
        0.7087778,
        0.1921165,
        0.6718195,
        0.097826496,
    ],
    [
        0.46684834,
        -1.0391812,
        -0.4221986,
        -0.043471217,
        0.06795333,
        0.44685173,
        0.034785576,
        -0.48691356,
        -0.14388148,
        -0.60066223,
    ],
];
