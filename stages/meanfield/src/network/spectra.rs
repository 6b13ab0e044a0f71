//! Spectra of the population rates (Bos et al. 2016, Eq 18).
//!
//! A finite population of Poisson-like neurons has the noise nu_j/N_j; the network shapes it:
//! C = Q diag(nu/N) Q^H with Q = (1 - W)^-1. The diagonal holds the power spectra, the rest the cross spectra.

use nalgebra::{DMatrix, DVector};
use num_complex::Complex64;

use super::checks::{not_negative, one_for_each, shape};
use super::response::total_response;
use super::{LinearError, Parameters};

/// Power spectra of the rates of the populations at each frequency of `effective_connectivity`: a density in Hz^2 per Hz.
///
/// # Errors
/// Parameters that are not valid; rates that are negative or of another number; a network on the edge of an oscillation.
pub fn power_spectra(
    parameters: &Parameters,
    rates_hz: &[f64],
    effective_connectivity: &[DMatrix<Complex64>],
) -> Result<Vec<DVector<f64>>, LinearError> {
    let noise = noise(parameters, rates_hz)?;
    let power = |w: &DMatrix<Complex64>| {
        shape("effective_connectivity", w, noise.len())?;
        Ok(total_response(w)?.map(|q| q.norm_sqr()) * &noise)
    };
    effective_connectivity.iter().map(power).collect()
}

/// Cross spectra C_ij = <R_i R_j*> of the populations at each frequency of `effective_connectivity`, Hz^2 per Hz; Hermitian.
///
/// # Errors
/// As of [`power_spectra`].
pub fn cross_spectra(
    parameters: &Parameters,
    rates_hz: &[f64],
    effective_connectivity: &[DMatrix<Complex64>],
) -> Result<Vec<DMatrix<Complex64>>, LinearError> {
    let noise = DMatrix::from_diagonal(&noise(parameters, rates_hz)?.map(Complex64::from));
    let cross = |w: &DMatrix<Complex64>| {
        shape("effective_connectivity", w, noise.nrows())?;
        let response = total_response(w)?;
        Ok(&response * &noise * response.adjoint())
    };
    effective_connectivity.iter().map(cross).collect()
}

/// nu/N.
fn noise(parameters: &Parameters, rates_hz: &[f64]) -> Result<DVector<f64>, LinearError> {
    parameters.check()?;
    let populations = &parameters.populations;
    one_for_each("rates_hz", rates_hz.len(), populations.len())?;
    for (population, &rate) in populations.iter().zip(rates_hz) {
        not_negative(rate, || format!("rates_hz[{}]", population.name))?;
    }
    let of = |i: usize, _| rates_hz[i] / populations[i].size as f64;
    Ok(DVector::from_fn(rates_hz.len(), of))
}
