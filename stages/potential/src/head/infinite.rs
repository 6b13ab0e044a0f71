//! A homogeneous conductor without bounds: `V = p . R / (4 pi sigma R^3)`, R from dipole to electrode.
//!
//! | parameter | default | unit |
//! |---|---|---|
//! | conductivity sigma | 0.3 | S/m |
//!
//! Nunez & Srinivasan 2006, Electric Fields of the Brain, chapter 2.

use std::f64::consts::PI;

use super::vector::{add, norm, scale};
use super::{HeadError, LeadField, Vector};
use crate::range::{finite, positive};

/// Of brain tissue, S/m.
pub const DEFAULT_CONDUCTIVITY_S_PER_M: f64 = 0.3;

/// Lead field of any dipoles (um) at any electrodes (um).
///
/// # Errors
/// A conductivity that is not above 0, a place that is not finite, an electrode on a dipole.
pub fn infinite_lead_field(
    conductivity_s_per_m: f64,
    dipoles: &[Vector],
    electrodes: &[Vector],
) -> Result<LeadField, HeadError> {
    positive("conductivity_s_per_m", conductivity_s_per_m)?;
    check_places("dipoles", dipoles)?;
    check_places("electrodes", electrodes)?;
    let mut gains = Vec::with_capacity(dipoles.len() * electrodes.len());
    for (dipole, &from) in dipoles.iter().enumerate() {
        for (electrode, &to) in electrodes.iter().enumerate() {
            if from == to {
                return Err(HeadError::SamePlace { electrode, dipole });
            }
            gains.push(unit_dipole_potential(conductivity_s_per_m, from, to));
        }
    }
    LeadField::from_gains(dipoles.len(), electrodes.len(), gains)
}

/// mV per nA um along x, y, z.
pub(super) fn unit_dipole_potential(sigma: f64, dipole: Vector, electrode: Vector) -> Vector {
    let difference = add(electrode, -1.0, dipole);
    let distance = norm(difference);
    scale(1.0 / (4.0 * PI * sigma * distance.powi(3)), difference)
}

pub(super) fn check_places(name: &str, places: &[Vector]) -> Result<(), HeadError> {
    for (i, place) in places.iter().enumerate() {
        for (axis, &x) in ["x", "y", "z"].iter().zip(place) {
            finite(format!("{name}[{i}].{axis}"), x)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_with_the_square_of_distance_along_the_axis_and_vanishes_across() {
        let field =
            infinite_lead_field(0.3, &[[0.0; 3]], &[[0.0, 0.0, 10.0], [0.0, 0.0, 20.0], [5.0, 0.0, 0.0]]).unwrap();
        let gains = field.gains_along(0, [0.0, 0.0, 1.0]).unwrap();
        assert!((gains[0] / gains[1] - 4.0).abs() < 1e-12);
        assert_eq!(gains[2], 0.0);
    }

    #[test]
    fn refuses_an_electrode_on_a_dipole_and_places_that_are_not_finite() {
        assert_eq!(
            infinite_lead_field(0.3, &[[0.0; 3], [1.0; 3]], &[[1.0; 3]]),
            Err(HeadError::SamePlace { electrode: 0, dipole: 1 })
        );
        assert!(infinite_lead_field(0.3, &[[f64::NAN; 3]], &[[1.0; 3]]).is_err());
        assert!(infinite_lead_field(0.0, &[[0.0; 3]], &[[1.0; 3]]).is_err());
    }
}
