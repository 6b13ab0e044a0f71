//! From the neural field to spiking neurons (Senk et al. 2020, Fig 6).
//!
//! Eigenvalues of the network of low-pass units are known in closed form. Those of the network of LIF neurons solve
//! xi(lambda) = 1 with xi the largest eigenvalue of tau_m J K n(-i lambda) exp(-lambda d) p(k). Between both,
//! xi_a = a xi_LIF + (1 - a) xi_rate; a root is followed from a = 0 to 1 along
//! dlambda/da = -(xi_LIF - xi_rate)/(dxi_a/dlambda), each step corrected by Newton's method.
//!
//! Not every root of the low-pass units has a counterpart: as a nears 1 some run into the pole of the low-pass filter, at
//! -1/tau, and are gone.
//!
//! xi is analytic in lambda; its derivative is taken from four points around lambda, which is right to the fourth order
//! of their distance.

use nalgebra::DMatrix;
use num_complex::Complex64;
use thiserror::Error;

use super::decaying::continued_transfer_function;
use super::profile::{Profile, check_profiles, dominant_eigenvalue, localised};
use crate::network::{LinearError, LowPass, ParameterError, Parameters};
use crate::neuron::{Input, TransferOptions};

/// A network in space at a working point, with its low-pass units.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Delays must be constant.
    pub parameters: Parameters,
    /// Of each population, at the working point.
    pub inputs: Vec<Input>,
    /// The low-pass unit of each population.
    pub filters: Vec<LowPass>,
    /// How far each connection reaches.
    pub profiles: DMatrix<Profile>,
    /// Of the transfer function of spiking neurons.
    pub options: TransferOptions,
}

/// A root on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Root {
    /// a: 0 for low-pass units, 1 for spiking neurons.
    pub mixture: f64,
    /// lambda, 1/s.
    pub eigenvalue: Complex64,
    /// |xi_a - 1|.
    pub residual: f64,
}

/// Why a root could not be followed.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum InterpolationError {
    #[error(transparent)]
    Linear(#[from] LinearError),
    #[error("`mixtures[{position}]` = {value}: mixtures must be from 0 to 1 and grow")]
    Mixtures { position: usize, value: f64 },
    #[error("`delay[{target}, {origin}]` is distributed: eigenvalues are followed for constant delays only")]
    Delay { target: String, origin: String },
    #[error(
        "the root at the mixture {mixture} is lost (residual {residual}): it meets another one there, or the pole of the low-pass filter"
    )]
    Lost { mixture: f64, residual: f64 },
}

/// Follows the root that is `from` at the mixture 0 (as [`eigenvalue`](super::eigenvalue) gives it) at one wavenumber (1/m), and returns
/// it at each of `mixtures`.
///
/// # Errors
/// A field that is not consistent; mixtures that do not grow from 0 to 1; distributed delays; what the theory of the neuron
/// refuses; a root that cannot be followed.
pub fn follow(
    field: &Field,
    wavenumber: f64,
    from: Complex64,
    mixtures: &[f64],
) -> Result<Vec<Root>, InterpolationError> {
    let equation = Equation::new(field, wavenumber)?;
    let mut roots = Vec::with_capacity(mixtures.len());
    let mut root = equation.correct(0.0, from)?;
    for (position, &target) in mixtures.iter().enumerate() {
        if !(target >= root.mixture && target <= 1.0) {
            return Err(InterpolationError::Mixtures { position, value: target });
        }
        let mut step: f64 = FIRST_STEP;
        while root.mixture < target {
            let mixture = (root.mixture + step).min(target);
            let predicted = root.eigenvalue + equation.slope(&root)? * (mixture - root.mixture);
            match equation.correct(mixture, predicted) {
                // The line missed the root by little, so that it is the same one.
                Ok(found)
                    if (found.eigenvalue - predicted).norm()
                        <= NEAR * (predicted - root.eigenvalue).norm().max(1.0) =>
                {
                    root = found;
                    step *= 2.0;
                }
                Ok(_) | Err(InterpolationError::Lost { .. }) if step > SHORTEST => step *= 0.5,
                Ok(found) => return Err(InterpolationError::Lost { mixture, residual: found.residual }),
                Err(error) => return Err(error),
            }
        }
        roots.push(Root { mixture: target, ..root });
    }
    Ok(roots)
}

const FIRST_STEP: f64 = 0.05;
const SHORTEST: f64 = 1e-4;
/// Share of a predicted change that the correction may have.
const NEAR: f64 = 0.2;
const NEWTON_STEPS: u32 = 20;
/// Residual of a root.
const SOLVED: f64 = 1e-10;

struct Equation<'a> {
    field: &'a Field,
    wavenumber: f64,
    coupling: DMatrix<f64>,
}

impl<'a> Equation<'a> {
    fn new(field: &'a Field, wavenumber: f64) -> Result<Self, InterpolationError> {
        let parameters = &field.parameters;
        parameters.check().map_err(LinearError::from)?;
        let n = parameters.populations.len();
        for (parameter, length) in [("inputs", field.inputs.len()), ("filters", field.filters.len())] {
            if length != n {
                return Err(LinearError::from(ParameterError::Length { parameter, length, expected: n }).into());
            }
        }
        check_profiles(&field.profiles, n).map_err(LinearError::from)?;
        let name = |i: usize| parameters.populations[i].name.clone();
        let is_distributed = |&(i, j): &(usize, usize)| !parameters.delay[(i, j)].is_constant();
        if let Some((i, j)) = (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).find(is_distributed) {
            return Err(InterpolationError::Delay { target: name(i), origin: name(j) });
        }
        Ok(Self { field, wavenumber, coupling: crate::network::mean_coupling(parameters) })
    }

    /// xi_LIF and xi_rate with the delay.
    fn xi(&self, lambda: Complex64) -> Result<[Complex64; 2], InterpolationError> {
        let Field { parameters, inputs, filters, profiles, options } = self.field;
        let omega = -Complex64::I * lambda;
        let n = inputs.len();
        let mut spiking = Vec::with_capacity(n);
        for (population, &input) in parameters.populations.iter().zip(inputs) {
            let transfer = continued_transfer_function(&population.neuron, input, omega, *options)
                .map_err(|source| LinearError::Neuron { population: population.name.clone(), source })?;
            spiking.push(transfer);
        }
        let of = |transfer: &dyn Fn(usize) -> Complex64| {
            let weights = DMatrix::from_fn(n, n, |i, j| {
                let delay = (-lambda * parameters.delay[(i, j)].mean_s).exp();
                self.coupling[(i, j)] * transfer(i) * delay
            });
            dominant_eigenvalue(&localised(&weights, profiles, self.wavenumber))
        };
        Ok([of(&|i| spiking[i])?, of(&|i| filters[i].transfer_function(omega))?])
    }

    /// d xi_LIF/d lambda and d xi_rate/d lambda.
    fn derivative(&self, lambda: Complex64) -> Result<[Complex64; 2], InterpolationError> {
        let distance = 1e-3 * lambda.norm().max(1.0);
        let mut sum = [Complex64::ZERO; 2];
        for direction in [Complex64::ONE, Complex64::I, -Complex64::ONE, -Complex64::I] {
            let at = self.xi(lambda + direction * distance)?;
            sum.iter_mut().zip(at).for_each(|(sum, xi)| *sum += xi / direction);
        }
        Ok(sum.map(|sum| sum / (4.0 * distance)))
    }

    fn slope(&self, root: &Root) -> Result<Complex64, InterpolationError> {
        let [spiking, rate] = self.xi(root.eigenvalue)?;
        let derivative = mix(root.mixture, self.derivative(root.eigenvalue)?);
        Ok(-(spiking - rate) / derivative)
    }

    /// Newton's method.
    fn correct(&self, mixture: f64, guess: Complex64) -> Result<Root, InterpolationError> {
        let mut eigenvalue = guess;
        let mut residual = f64::INFINITY;
        let mut last = guess;
        for _ in 0..NEWTON_STEPS {
            let error = mix(mixture, self.xi(eigenvalue)?) - 1.0;
            if error.is_nan() || error.norm() >= residual {
                break;
            }
            residual = error.norm();
            last = eigenvalue;
            if residual == 0.0 {
                break;
            }
            eigenvalue -= error / mix(mixture, self.derivative(eigenvalue)?);
            if !eigenvalue.is_finite() {
                break;
            }
        }
        match residual <= SOLVED {
            true => Ok(Root { mixture, eigenvalue: last, residual }),
            false => Err(InterpolationError::Lost { mixture, residual }),
        }
    }
}

fn mix(mixture: f64, [spiking, rate]: [Complex64; 2]) -> Complex64 {
    mixture * spiking + (1.0 - mixture) * rate
}
