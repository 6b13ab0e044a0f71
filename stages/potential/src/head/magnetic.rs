//! Magnetic fields H (nA/um) of current dipoles p (nA um); B = mu0 H with mu0 = 4 pi 1e-7 T m/A.
//!
//! * Infinite homogeneous conductor: `H = p x R / (4 pi R^3)`, R from dipole to sensor
//!   (Hamalainen et al 1993 Rev Mod Phys 65:413, eq. 16; volume currents add nothing).
//! * Spherically symmetric conductor about the origin (Sarvas 1987 Phys Med Biol 32:11; Hamalainen et al 1993, eq. 34),
//!   whatever its conductivities, with sensors at r outside, dipoles at r_p, a = r - r_p:
//!
//! ```text
//! F      = |a| (|r| |a| + r^2 - r_p . r)
//! grad F = (a^2/|r| + a.r/|a| + 2|a| + 2|r|) r - (|a| + 2|r| + a.r/|a|) r_p
//! H      = [F p x r_p - (p x r_p . r) grad F] / (4 pi F^2)
//! ```
//!
//! Radial dipoles give no field outside a sphere.

use std::f64::consts::PI;

use super::infinite::check_places;
use super::vector::{add, cross, dot, norm, scale};
use super::{HeadError, Vector};

/// `field[a][b]`: component a of H (nA/um) per nA um of component b of the moment.
pub type MagneticLeadField = [[f64; 3]; 3];

/// Lead fields in the order `[dipole][sensor]`.
///
/// # Errors
/// A sensor on a dipole, a place that is not finite.
pub fn infinite_magnetic_lead_field(
    dipoles: &[Vector],
    sensors: &[Vector],
) -> Result<Vec<MagneticLeadField>, HeadError> {
    pairs(dipoles, sensors, |dipole, sensor, p| {
        let difference = add(sensor, -1.0, dipole);
        let distance = norm(difference);
        scale(1.0 / (4.0 * PI * distance.powi(3)), cross(p, difference))
    })
}

/// Lead fields outside a sphere, in the order `[dipole][sensor]`.
///
/// # Errors
/// A sensor that is not farther from the origin than every dipole, a place that is not finite.
pub fn sphere_magnetic_lead_field(dipoles: &[Vector], sensors: &[Vector]) -> Result<Vec<MagneticLeadField>, HeadError> {
    check_places("dipoles", dipoles)?;
    check_places("sensors", sensors)?;
    for (dipole, &d) in dipoles.iter().enumerate() {
        for (electrode, &s) in sensors.iter().enumerate() {
            if norm(s) <= norm(d) {
                return Err(HeadError::ElectrodeBelowDipole {
                    electrode,
                    radius_um: norm(s),
                    dipole,
                    dipole_radius_um: norm(d),
                });
            }
        }
    }
    pairs(dipoles, sensors, |dipole, sensor, p| {
        let a = add(sensor, -1.0, dipole);
        let (a_norm, r_norm) = (norm(a), norm(sensor));
        let a_r = dot(a, sensor) / a_norm;
        let f = a_norm * (r_norm * a_norm + r_norm * r_norm - dot(dipole, sensor));
        let gradient = add(
            scale(a_norm * a_norm / r_norm + a_r + 2.0 * a_norm + 2.0 * r_norm, sensor),
            -(a_norm + 2.0 * r_norm + a_r),
            dipole,
        );
        let moment = cross(p, dipole);
        scale(1.0 / (4.0 * PI * f * f), add(scale(f, moment), -dot(moment, sensor), gradient))
    })
}

/// Fields of the three unit moments at every pair of places.
fn pairs(
    dipoles: &[Vector],
    sensors: &[Vector],
    field: impl Fn(Vector, Vector, Vector) -> Vector,
) -> Result<Vec<MagneticLeadField>, HeadError> {
    check_places("dipoles", dipoles)?;
    check_places("sensors", sensors)?;
    let mut fields = Vec::with_capacity(dipoles.len() * sensors.len());
    for (i, &dipole) in dipoles.iter().enumerate() {
        for (j, &sensor) in sensors.iter().enumerate() {
            if dipole == sensor {
                return Err(HeadError::SamePlace { electrode: j, dipole: i });
            }
            let columns = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(|p| field(dipole, sensor, p));
            fields.push([0, 1, 2].map(|a| columns.map(|column| column[a])));
        }
    }
    Ok(fields)
}
