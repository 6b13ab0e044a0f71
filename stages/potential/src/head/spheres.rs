//! Concentric conducting spheres with a dipole in the innermost one: brain, cerebrospinal fluid, skull, scalp.
//!
//! | parameter | default | unit |
//! |---|---|---|
//! | radii r_1..r_4 | 79 000, 80 000, 85 000, 90 000 | um |
//! | conductivities sigma_1..sigma_4 | 0.3, 1.5, 0.015, 0.3 | S/m |
//!
//! Naess et al 2017 Front Hum Neurosci 11:490. With the dipole at radius r_z, an electrode at radius r in shell i and the angle
//! theta between them, the potential of a radial moment p_r and a tangential one p_t is
//!
//! ```text
//! V = 1/(4 pi sigma_1 r_z^2) sum_n c_n [ p_r n P_n(cos theta) + p_t cos(azimuth) sin(theta) P_n'(cos theta) ]
//! c_n = T_i [ (r_z/r)^(n+1) + rho_i (r_z/r_i) (r_z r/r_i^2)^n ]
//! ```
//!
//! The coefficients of Naess et al are arranged as reflections rho and transmissions T, from the scalp inwards: both stay of
//! order one and lose no digits for equal conductivities. With e = 2n+1 and g_i = rho_(i+1) (r_i/r_(i+1))^e,
//!
//! ```text
//! rho_outermost = (n+1)/n,   T_1 = 1,   T_(i+1) = T_i (1 + rho_i)/(1 + g_i)
//! rho_i = [(n+1)(s_i - s_(i+1)) + g_i ((n+1) s_i + n s_(i+1))] / [n s_i + (n+1) s_(i+1) + n g_i (s_i - s_(i+1))]
//! ```
//!
//! (s = sigma). They depend on n alone and are shared by all dipoles and electrodes. In the brain the part without reflection
//! is summed in closed form, the dipole in an infinite conductor. Any number of shells is allowed.

use std::f64::consts::PI;

use super::infinite::{check_places, unit_dipole_potential};
use super::vector::{add, cross, dot, norm, scale};
use super::{HeadError, LeadField, Vector};
use crate::range::{positive, require};

/// Shells from the brain outwards. Radii grow; each shell ends at its radius.
#[derive(Debug, Clone, PartialEq)]
pub struct ConcentricSpheres {
    /// Outer radius of each shell, growing.
    pub radii_um: Vec<f64>,
    /// Of each shell, in the same order.
    pub conductivities_s_per_m: Vec<f64>,
}

/// Series longer than this are refused.
pub const MAX_TERMS: usize = 1_000_000;

/// An electrode this much (relatively) beyond the outermost radius is on it: coordinates computed by trigonometry are off by some last digits.
const SURFACE_TOLERANCE: f64 = 1e-12;

/// What is left out of a series, relative to its sum.
const TRUNCATION: f64 = 1e-15;

impl ConcentricSpheres {
    /// Brain, cerebrospinal fluid, skull and scalp.
    pub fn four_sphere() -> Self {
        Self {
            radii_um: vec![79_000.0, 80_000.0, 85_000.0, 90_000.0],
            conductivities_s_per_m: vec![0.3, 1.5, 0.015, 0.3],
        }
    }

    /// Radius of the outermost sphere, 0 if there is none.
    pub fn scalp_radius_um(&self) -> f64 {
        self.radii_um.last().copied().unwrap_or(0.0)
    }

    fn check(&self) -> Result<(), HeadError> {
        if self.radii_um.is_empty() || self.radii_um.len() != self.conductivities_s_per_m.len() {
            return Err(HeadError::Length {
                what: "the list of radii, which needs one per conductivity and at least one,",
                found: self.radii_um.len(),
                expected: self.conductivities_s_per_m.len(),
            });
        }
        let mut inner = 0.0;
        for (i, &radius) in self.radii_um.iter().enumerate() {
            require(format!("radii_um[{i}]"), radius, radius > inner, "above the radius before it, from 0 on")?;
            inner = radius;
        }
        for (i, &sigma) in self.conductivities_s_per_m.iter().enumerate() {
            positive(format!("conductivities_s_per_m[{i}]"), sigma)?;
        }
        Ok(())
    }
}

/// Lead field of dipoles (um) in the innermost sphere at electrodes (um) farther out, up to the outermost radius.
///
/// Relative accuracy 1e-12 of the largest component. Electrodes on the boundary of two shells belong to the inner one; the potential is continuous.
///
/// # Errors
/// Radii or conductivities out of range; a dipole at the centre or outside the innermost sphere; an electrode outside the head
/// or not farther out than a dipole; a series of more than [`MAX_TERMS`] terms.
pub fn sphere_lead_field(
    head: &ConcentricSpheres,
    dipoles: &[Vector],
    electrodes: &[Vector],
) -> Result<LeadField, HeadError> {
    head.check()?;
    check_places("dipoles", dipoles)?;
    check_places("electrodes", electrodes)?;
    let shells =
        electrodes.iter().enumerate().map(|(i, &place)| shell_of(head, i, place)).collect::<Result<Vec<_>, _>>()?;
    let mut series = Series::new(head);
    let mut gains = Vec::with_capacity(dipoles.len() * electrodes.len());
    for (d, &dipole) in dipoles.iter().enumerate() {
        let dipole_radius = norm(dipole);
        let brain_radius_um = head.radii_um[0];
        if !(dipole_radius > 0.0 && dipole_radius < brain_radius_um) {
            return Err(HeadError::DipoleOutsideBrain { dipole: d, radius_um: dipole_radius, brain_radius_um });
        }
        for (e, (&electrode, &shell)) in electrodes.iter().zip(&shells).enumerate() {
            if shell.radius_um <= dipole_radius {
                return Err(HeadError::ElectrodeBelowDipole {
                    electrode: e,
                    radius_um: shell.radius_um,
                    dipole: d,
                    dipole_radius_um: dipole_radius,
                });
            }
            let gain = series.potential(dipole, electrode, shell).ok_or(HeadError::SlowSeries {
                electrode: e,
                dipole: d,
                terms: MAX_TERMS,
            })?;
            gains.push(gain);
        }
    }
    LeadField::from_gains(dipoles.len(), electrodes.len(), gains)
}

/// Where an electrode lies.
#[derive(Debug, Clone, Copy)]
struct Shell {
    index: usize,
    radius_um: f64,
}

fn shell_of(head: &ConcentricSpheres, electrode: usize, place: Vector) -> Result<Shell, HeadError> {
    let head_radius_um = head.scalp_radius_um();
    let radius_um = norm(place);
    if radius_um > head_radius_um * (1.0 + SURFACE_TOLERANCE) {
        return Err(HeadError::ElectrodeOutside { electrode, radius_um, head_radius_um });
    }
    let radius_um = radius_um.min(head_radius_um);
    let index = head.radii_um.partition_point(|&outer| outer < radius_um);
    Ok(Shell { index, radius_um })
}

/// Coefficients of one order n.
#[derive(Debug, Clone, Copy)]
struct Coefficient {
    transmission: f64,
    reflection: f64,
}

/// Coefficients of the head, extended to higher orders as they are asked for.
struct Series<'a> {
    head: &'a ConcentricSpheres,
    /// `[n - 1][shell]`.
    coefficients: Vec<Coefficient>,
    /// r_i / r_(i+1), squared, and its power 2n + 1 for the next n.
    ratios_squared: Vec<f64>,
    ratio_powers: Vec<f64>,
}

impl<'a> Series<'a> {
    fn new(head: &'a ConcentricSpheres) -> Self {
        let ratios: Vec<f64> = head.radii_um.windows(2).map(|r| r[0] / r[1]).collect();
        Self {
            head,
            coefficients: Vec::new(),
            ratios_squared: ratios.iter().map(|h| h * h).collect(),
            ratio_powers: ratios.iter().map(|h| h * h * h).collect(),
        }
    }

    /// mV per nA um along x, y, z; nothing if the series is too slow.
    fn potential(&mut self, dipole: Vector, electrode: Vector, shell: Shell) -> Option<Vector> {
        let dipole_radius = norm(dipole);
        let up = scale(1.0 / dipole_radius, dipole);
        let outward = scale(1.0 / norm(electrode), electrode);
        let (cosine, sine) = (dot(up, outward), norm(cross(up, outward)));
        let (radial, tangential) = self.sums(dipole_radius, shell, cosine, sine)?;

        let sigma = self.head.conductivities_s_per_m[0];
        let factor = 1.0 / (4.0 * PI * sigma * dipole_radius * dipole_radius);
        let mut gain = scale(factor * radial, up);
        let across = add(outward, -cosine, up);
        let length = norm(across);
        if length > 0.0 {
            gain = add(gain, factor * tangential / length, across);
        }
        if shell.index == 0 {
            let free = unit_dipole_potential(sigma, dipole, electrode);
            gain = add(gain, 1.0, free);
        }
        Some(gain)
    }

    /// `sum n c_n P_n` and `sum c_n sin P_n'`, in the brain without the part that is known in closed form.
    fn sums(&mut self, dipole_radius: f64, shell: Shell, cosine: f64, sine: f64) -> Option<(f64, f64)> {
        let shells = self.head.radii_um.len();
        let outer = self.head.radii_um[shell.index];
        let direct_ratio = dipole_radius / shell.radius_um;
        let reflected_ratio = dipole_radius * shell.radius_um / (outer * outer);
        let in_brain = shell.index == 0;
        let ratio = if in_brain { reflected_ratio } else { direct_ratio };
        let mut direct = if in_brain { 0.0 } else { direct_ratio * direct_ratio };
        let mut reflected = dipole_radius / outer * reflected_ratio;

        let (mut before, mut legendre) = (1.0, cosine);
        let (mut derivative_before, mut derivative) = (0.0, 1.0);
        let (mut radial, mut tangential, mut magnitude) = (0.0_f64, 0.0_f64, 0.0_f64);
        for n in 1..=MAX_TERMS {
            let coefficient = self.coefficient(n, shells, shell.index);
            let c = coefficient.transmission * (direct + coefficient.reflection * reflected);
            let order = n as f64;
            radial += order * c * legendre;
            tangential += c * sine * derivative;
            // |P_n| <= 1, |sin P_n'| <= n, and terms falling as n ratio^n leave a rest of
            // ratio/(1 - ratio) (1 + 1/(n (1 - ratio))) times the last one; the 2 allows for coefficients that still grow.
            let term = order * c.abs();
            magnitude += term;
            let rest = term * (1.0 + 2.0 / (order * (1.0 - ratio))) * ratio / (1.0 - ratio);
            // Where terms cancel to nothing, rounding of the sum is all that is left to reach.
            let sum = radial.abs().max(tangential.abs()).max(1e-4 * magnitude);
            if rest <= TRUNCATION * sum {
                return Some((radial, tangential));
            }

            direct *= direct_ratio;
            reflected *= reflected_ratio;
            let next = ((2.0 * order + 1.0) * cosine * legendre - order * before) / (order + 1.0);
            let derivative_next = derivative_before + (2.0 * order + 1.0) * legendre;
            (before, legendre) = (legendre, next);
            (derivative_before, derivative) = (derivative, derivative_next);
        }
        None
    }

    fn coefficient(&mut self, n: usize, shells: usize, shell: usize) -> Coefficient {
        while self.coefficients.len() < n * shells {
            self.extend();
        }
        self.coefficients[(n - 1) * shells + shell]
    }

    /// Appends the coefficients of the next order.
    fn extend(&mut self) {
        let sigma = &self.head.conductivities_s_per_m;
        let shells = sigma.len();
        let n = (self.coefficients.len() / shells + 1) as f64;
        let mut of_order = vec![Coefficient { transmission: 1.0, reflection: (n + 1.0) / n }; shells];
        // First the factor T_(i+1) / T_i, then their running product.
        for i in (0..shells - 1).rev() {
            let g = of_order[i + 1].reflection * self.ratio_powers[i];
            let (inner, outer) = (sigma[i], sigma[i + 1]);
            let rho = ((n + 1.0) * (inner - outer) + g * ((n + 1.0) * inner + n * outer))
                / (n * inner + (n + 1.0) * outer + n * g * (inner - outer));
            of_order[i].reflection = rho;
            of_order[i + 1].transmission = (1.0 + rho) / (1.0 + g);
        }
        for i in 1..shells {
            of_order[i].transmission *= of_order[i - 1].transmission;
        }
        self.coefficients.extend(of_order);
        for (power, squared) in self.ratio_powers.iter_mut().zip(&self.ratios_squared) {
            *power *= squared;
        }
    }
}
