//! Linear response of a network: how its populations answer each other at one frequency (Bos et al. 2016).
//!
//! | symbol | function | equation |
//! |---|---|---|
//! | W_ij = tau_m,i J_ij K_ij n_i D_ij | [`effective_connectivity`] | Bos et al. (2016), Eq 4 |
//! | Q = (1 - W)^-1 | [`total_response`] | |
//! | P = Q W | [`propagator`] | Eq 16 |
//!
//! n_i is the transfer function of population i (Hz/V), D_ij the delay as a factor.
//! In networks of populations with unlike membrane time constants tau_m belongs to the target.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::checks::{finite, one_for_each, shape};
use super::{LinearError, Parameters};
use crate::neuron::{Input, TransferOptions, transfer_functions};

/// Transfer function of each population (row) at its input and each angular frequency (column, 1/s), Hz/V.
///
/// # Errors
/// Parameters that are not valid; another number of inputs than of populations; what the theory of the neuron refuses.
pub fn transfer_function_matrix(
    parameters: &Parameters,
    inputs: &[Input],
    omegas: &[f64],
    options: TransferOptions,
) -> Result<DMatrix<Complex64>, LinearError> {
    parameters.check()?;
    let populations = &parameters.populations;
    one_for_each("inputs", inputs.len(), populations.len())?;
    let omegas: Vec<Complex64> = omegas.iter().copied().map(Complex64::from).collect();
    let mut matrix = DMatrix::zeros(populations.len(), omegas.len());
    for (i, (population, &input)) in populations.iter().zip(inputs).enumerate() {
        let row = transfer_functions(&population.neuron, input, &omegas, options)
            .map_err(|source| LinearError::Neuron { population: population.name.clone(), source })?;
        matrix.row_mut(i).iter_mut().zip(row).for_each(|(to, from)| *to = from);
    }
    Ok(matrix)
}

/// W at each angular frequency (1/s), from `transfer_hz_per_v`: a row for each population, a column for each frequency.
///
/// # Errors
/// Parameters that are not valid; a matrix of another shape; frequencies or transfer functions that are not finite.
pub fn effective_connectivity(
    parameters: &Parameters,
    omegas: &[f64],
    transfer_hz_per_v: &DMatrix<Complex64>,
) -> Result<Vec<DMatrix<Complex64>>, LinearError> {
    parameters.check()?;
    let n = parameters.populations.len();
    one_for_each("transfer_hz_per_v, rows", transfer_hz_per_v.nrows(), n)?;
    one_for_each("transfer_hz_per_v, columns", transfer_hz_per_v.ncols(), omegas.len())?;
    omegas.iter().enumerate().try_for_each(|(k, &omega)| finite(omega, || format!("omegas[{k}]")))?;
    all_finite(transfer_hz_per_v)?;
    let coupling = mean_coupling(parameters);
    let delays = Delays::new(parameters);
    let at = |(&omega, transfer): (&f64, _)| {
        let transfer: nalgebra::DVectorView<'_, Complex64> = transfer;
        let factors = delays.factors(omega);
        DMatrix::from_fn(n, n, |i, j| match coupling[(i, j)] {
            0.0 => Complex64::ZERO,
            coupling => transfer[i] * coupling * factors[delays.of[(i, j)]],
        })
    };
    Ok(omegas.iter().zip(transfer_hz_per_v.column_iter()).map(at).collect())
}

/// Delay factors D_ij(omega), omega in 1/s.
pub fn delay_factors(parameters: &Parameters, omega: f64) -> DMatrix<Complex64> {
    parameters.delay.map(|delay| delay.factor(omega))
}

/// Q = (1 - W)^-1: the response of all populations to a perturbation of each, through all paths.
///
/// # Errors
/// A matrix that is not square or not finite; [`LinearError::Critical`] if W has an eigenvalue 1.
pub fn total_response(effective_connectivity: &DMatrix<Complex64>) -> Result<DMatrix<Complex64>, LinearError> {
    let n = effective_connectivity.nrows();
    shape("effective_connectivity", effective_connectivity, n)?;
    all_finite(effective_connectivity)?;
    let inverse = (DMatrix::identity(n, n) - effective_connectivity).try_inverse().ok_or(LinearError::Critical)?;
    match inverse.iter().all(|x| x.is_finite()) {
        true => Ok(inverse),
        false => Err(LinearError::Critical),
    }
}

/// P = (1 - W)^-1 W.
///
/// # Errors
/// As of [`total_response`].
pub fn propagator(effective_connectivity: &DMatrix<Complex64>) -> Result<DMatrix<Complex64>, LinearError> {
    Ok(total_response(effective_connectivity)? * effective_connectivity)
}

fn all_finite(matrix: &DMatrix<Complex64>) -> Result<(), LinearError> {
    match matrix.iter().find(|x| !x.is_finite()) {
        Some(&value) => Err(LinearError::NotFinite { value }),
        None => Ok(()),
    }
}

/// tau_m,i J_ij K_ij, V s: by how much the mean input of i changes with the rate of j.
pub(crate) fn mean_coupling(parameters: &Parameters) -> DMatrix<f64> {
    let mut coupling = parameters.weight_v.component_mul(&parameters.in_degree);
    for (mut row, population) in coupling.row_iter_mut().zip(&parameters.populations) {
        row *= population.neuron.membrane_time_constant_s;
    }
    coupling
}

/// Networks have few different delays; each factor is computed once per frequency.
struct Delays {
    different: Vec<super::Delay>,
    /// Position in `different`.
    of: DMatrix<usize>,
}

impl Delays {
    fn new(parameters: &Parameters) -> Self {
        let mut different = Vec::new();
        let of = parameters.delay.map(|delay| {
            different.iter().position(|other| *other == delay).unwrap_or_else(|| {
                different.push(delay);
                different.len() - 1
            })
        });
        Self { different, of }
    }

    fn factors(&self, omega: f64) -> Vec<Complex64> {
        self.different.iter().map(|delay| delay.factor(omega)).collect()
    }
}
