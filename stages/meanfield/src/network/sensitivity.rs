//! Which connections carry an oscillation (Bos et al. 2016, Eq 7).
//!
//! The eigenvalue lambda of W with vectors u (left), v (right) moves by T_ij per relative change of the connection from j to
//! i: T_ij = u_i W_ij v_j/(u v). A power spectrum peaks where lambda is near 1, so that the part of T towards 1 says
//! how a connection acts on the amplitude of the oscillation, and the part across how it acts on its frequency.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::checks::{one_for_each, shape};
use super::{LinearError, Modes, eigen::Eigen};

/// Sensitivity of one eigenvalue at one frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// Position of the frequency.
    pub frequency: usize,
    /// In [`Modes`].
    pub mode: usize,
    /// lambda.
    pub eigenvalue: Complex64,
    /// T_ij = d lambda/d ln W_ij; adds up to lambda.
    pub by_connection: DMatrix<Complex64>,
    /// Direction from lambda to 1, of length 1.
    pub towards_one: Complex64,
    /// The part of T along [`Sensitivity::towards_one`].
    pub amplitude: DMatrix<f64>,
    /// The part of T across it, a quarter turn to the left.
    pub across: DMatrix<f64>,
}

/// Of the mode whose eigenvalue is nearest to 1 at a frequency, given by its position.
///
/// # Errors
/// A position without a frequency; matrices that are not those of the modes; an eigenvalue that is 1.
pub fn sensitivity(
    modes: &Modes,
    effective_connectivity: &[DMatrix<Complex64>],
    frequency: usize,
) -> Result<Sensitivity, LinearError> {
    one_for_each("effective_connectivity", effective_connectivity.len(), modes.at.len())?;
    let eigen =
        modes.at.get(frequency).ok_or(LinearError::NoFrequency { position: frequency, frequencies: modes.at.len() })?;
    let mode = nearest_to_one(eigen.values.iter().copied());
    of_mode(eigen, &effective_connectivity[frequency], frequency, mode)
}

/// Of each mode at the frequency where it comes nearest to 1.
///
/// # Errors
/// Matrices that are not those of the modes; an eigenvalue that is 1.
pub fn sensitivity_of_all_modes(
    modes: &Modes,
    effective_connectivity: &[DMatrix<Complex64>],
) -> Result<Vec<Sensitivity>, LinearError> {
    one_for_each("effective_connectivity", effective_connectivity.len(), modes.at.len())?;
    let count = modes.at.first().map_or(0, |eigen| eigen.values.len());
    let of = |mode: usize| {
        let frequency = nearest_to_one(modes.at.iter().map(|eigen| eigen.values[mode]));
        of_mode(&modes.at[frequency], &effective_connectivity[frequency], frequency, mode)
    };
    (0..count).map(of).collect()
}

fn of_mode(
    eigen: &Eigen,
    effective_connectivity: &DMatrix<Complex64>,
    frequency: usize,
    mode: usize,
) -> Result<Sensitivity, LinearError> {
    shape("effective_connectivity", effective_connectivity, eigen.values.len())?;
    let eigenvalue = eigen.values[mode];
    let distance = Complex64::ONE - eigenvalue;
    if distance.norm() == 0.0 {
        return Err(LinearError::Critical);
    }
    let towards_one = distance / distance.norm();
    // u v = 1.
    let (left, right) = (eigen.left.row(mode), eigen.right.column(mode));
    let by_connection = effective_connectivity.map_with_location(|i, j, w| left[i] * w * right[j]);
    // Multiplied by the conjugate, the direction becomes the real axis.
    let turned = by_connection.map(|t| t * towards_one.conj());
    let (amplitude, across) = (turned.map(|t| t.re), turned.map(|t| t.im));
    Ok(Sensitivity { frequency, mode, eigenvalue, by_connection, towards_one, amplitude, across })
}

fn nearest_to_one(values: impl Iterator<Item = Complex64>) -> usize {
    let distances = values.map(|value| (value - 1.0).norm()).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(position, _)| position)
}
