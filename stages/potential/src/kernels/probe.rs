//! Probes: linear functions of the transmembrane currents of a population.
//!
//! * z dipole moment: `P = sum_k z_k I_k` (nA um).
//! * Gauss cylinder: each compartment's current is spread over a disc of radius R and, as somas are, normally over depth.
//!   The potential on the axis at depth z_e is `sum_k M_k I_k` (mV),
//!
//! ```text
//! M_k = 1/(2 sigma pi R^2) E_s[ sqrt(x^2 + R^2) - |x| ],   x = z_e - s - z_k,   s ~ N(mean, sd)
//! ```
//!
//! (Hagen et al 2022; the disc's potential as in Pettersen et al 2008, J Comput Neurosci 24:291.) The bracket is evaluated as
//! `R^2 / (sqrt(x^2 + R^2) + |x|)`, free of cancellation at large distance, and integrated by the double exponential rule
//! (Takahasi & Mori 1974) on both sides of its kink at x = 0. Relative accuracy 1e-12.

use std::f64::consts::PI;

use crate::kernels::SomaDepth;
use crate::range::{OutOfRange, finite, not_negative, positive};

/// What is recorded of a population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Probe {
    /// Current dipole moment along depth, nA um.
    DipoleZ,
    /// Local field potential on the population's axis, mV.
    Lfp {
        /// Depth of the contact, on the axis.
        contact_z_um: f64,
    },
}

/// Potential on the axis of a population whose somas are [`SomaDepth`]-distributed.
#[derive(Debug, Clone)]
pub struct GaussCylinder {
    soma_depth: SomaDepth,
    conductivity_s_per_m: f64,
    rule: Vec<(f64, f64)>,
}

impl Probe {
    /// `dipole_z` or `lfp`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DipoleZ => "dipole_z",
            Self::Lfp { .. } => "lfp",
        }
    }

    /// Unit of the signal: `nA um` or `mV`.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::DipoleZ => "nA um",
            Self::Lfp { .. } => "mV",
        }
    }

    /// Depth of the contact of a local field potential.
    pub fn contact_z_um(&self) -> Option<f64> {
        match self {
            Self::DipoleZ => None,
            Self::Lfp { contact_z_um } => Some(*contact_z_um),
        }
    }

    /// Name of the signal: `dipole_z`, `lfp_1000um`, `lfp_-100um`.
    pub fn channel(&self) -> String {
        match self {
            Self::DipoleZ => "dipole_z".into(),
            Self::Lfp { contact_z_um } => format!("lfp_{contact_z_um}um"),
        }
    }
}

impl GaussCylinder {
    /// # Errors
    /// A radius or conductivity that is not above 0, a negative spread, numbers that are not finite.
    pub fn new(soma_depth: SomaDepth, conductivity_s_per_m: f64) -> Result<Self, OutOfRange> {
        positive("soma_depth.radius_um", soma_depth.radius_um)?;
        finite("soma_depth.mean_um", soma_depth.mean_um)?;
        not_negative("soma_depth.sd_um", soma_depth.sd_um)?;
        positive("conductivity_s_per_m", conductivity_s_per_m)?;
        Ok(Self { soma_depth, conductivity_s_per_m, rule: double_exponential_rule() })
    }

    /// mV per nA that leaves the cells at `z_um` above their somas, at a contact at depth `contact_z_um`.
    pub fn potential_per_current(&self, contact_z_um: f64, z_um: f64) -> f64 {
        let SomaDepth { radius_um: radius, mean_um, sd_um: sd } = self.soma_depth;
        let mean_distance = contact_z_um - z_um - mean_um;
        let disc = |x: f64| radius * radius / (x.hypot(radius) + x.abs());
        let mean_of_disc = if sd == 0.0 {
            disc(mean_distance)
        } else {
            let density = |x: f64| (-0.5 * ((x - mean_distance) / sd).powi(2)).exp();
            let (low, high) = (mean_distance - REACH_SD * sd, mean_distance + REACH_SD * sd);
            let kink = 0.0_f64.clamp(low, high);
            let integral = self.integrate(low, kink, |x| disc(x) * density(x))
                + self.integrate(kink, high, |x| disc(x) * density(x));
            integral / (sd * (2.0 * PI).sqrt())
        };
        mean_of_disc / (2.0 * self.conductivity_s_per_m * PI * radius * radius)
    }

    fn integrate(&self, low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
        let half = 0.5 * (high - low);
        if half == 0.0 {
            return 0.0;
        }
        // Abscissae are distances from the nearer end, which keeps the digits of x at the kink.
        let sum: f64 = self
            .rule
            .iter()
            .map(|&(from_end, weight)| weight * (f(low + half * from_end) + f(high - half * from_end)))
            .sum();
        half * sum
    }
}

/// The normal density falls to 1e-22 of its peak there.
const REACH_SD: f64 = 10.0;

/// Half of the symmetric rule on [-1, 1] as (1 - x, weight); the middle is shared between both halves.
fn double_exponential_rule() -> Vec<(f64, f64)> {
    const STEP: f64 = 0.05;
    (0..=64)
        .map(|i| {
            let t = f64::from(i) * STEP;
            let u = 0.5 * PI * t.sinh();
            let from_end = (-u).exp() / u.cosh();
            let weight = STEP * 0.5 * PI * t.cosh() / (u.cosh() * u.cosh());
            (from_end, if i == 0 { 0.5 * weight } else { weight })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTH: SomaDepth = SomaDepth { radius_um: 150.0, mean_um: 0.0, sd_um: 75.0 };

    /// Mid-point sums on a grid that has the kink on a cell edge; their error is h^2/12 of the density at the kink.
    fn brute_force(depth: SomaDepth, contact: f64, z: f64) -> f64 {
        let mean = contact - z - depth.mean_um;
        let h = depth.sd_um / 2000.0;
        let low = ((mean - 10.0 * depth.sd_um) / h).floor() as i64;
        let sum: f64 = (low..low + 40_001)
            .map(|i| {
                let x = (i as f64 + 0.5) * h;
                let g = (-0.5 * ((x - mean) / depth.sd_um).powi(2)).exp();
                g * (x.hypot(depth.radius_um) - x.abs())
            })
            .sum();
        sum * h / (depth.sd_um * (2.0 * PI).sqrt()) / (2.0 * 0.3 * PI * depth.radius_um * depth.radius_um)
    }

    #[test]
    fn agrees_with_brute_force_at_and_off_the_kink() {
        for (radius_um, sd_um) in [(150.0, 75.0), (10.0, 75.0), (500.0, 20.0)] {
            let depth = SomaDepth { radius_um, sd_um, mean_um: 12.0 };
            let cylinder = GaussCylinder::new(depth, 0.3).unwrap();
            for (contact, z) in [(12.0, 0.0), (100.0, -35.0), (1000.0, 991.0), (-900.0, 500.0)] {
                let ours = cylinder.potential_per_current(contact, z);
                let reference = brute_force(depth, contact, z);
                assert!(
                    (ours / reference - 1.0).abs() < 1e-6,
                    "R {radius_um}, sd {sd_um}, {contact} {z}: {ours} {reference}"
                );
            }
        }
    }

    #[test]
    fn far_away_it_is_a_point_source() {
        let cylinder = GaussCylinder::new(DEPTH, 0.3).unwrap();
        let distance = 1e7;
        let point = 1.0 / (4.0 * PI * 0.3 * distance);
        let potential = cylinder.potential_per_current(distance, 0.0);
        assert!((potential / point - 1.0).abs() < 1e-8);
    }

    #[test]
    fn without_spread_it_is_the_disc() {
        let cylinder = GaussCylinder::new(SomaDepth { sd_um: 0.0, ..DEPTH }, 0.3).unwrap();
        let disc = (50f64.hypot(150.0) - 50.0) / (2.0 * 0.3 * PI * 150.0 * 150.0);
        assert!((cylinder.potential_per_current(50.0, 0.0) / disc - 1.0).abs() < 1e-14);
        let narrow = GaussCylinder::new(SomaDepth { sd_um: 1e-3, ..DEPTH }, 0.3).unwrap();
        assert!((narrow.potential_per_current(50.0, 0.0) / disc - 1.0).abs() < 1e-9);
    }

    #[test]
    fn channels_are_named_after_probe_and_contact() {
        assert_eq!(Probe::DipoleZ.channel(), "dipole_z");
        assert_eq!(Probe::Lfp { contact_z_um: -100.0 }.channel(), "lfp_-100um");
        assert_eq!(Probe::Lfp { contact_z_um: 12.5 }.channel(), "lfp_12.5um");
    }
}
