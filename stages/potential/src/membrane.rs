//! Membranes linearised about a resting potential `V`.
//!
//! ```text
//! i = g v - mu m,   tau_w dm/dt = v - m,   v the deviation from rest
//! passive        g = g_leak                                    mu = 0
//! frozen         g = g_leak + g_Na m^3 h + g_K n + g_h w       mu = 0
//! ih_linearized  the same g                                    mu = g_h (dw/dV) (E_h - V)
//! ```
//!
//! Gates at steady state, with `f(x) = x / (exp(x) - 1)`:
//!
//! | gate | rates (1/ms) or steady state |
//! |---|---|
//! | Na m | a = 0.182 6 f(-x), b = 0.124 6 f(x), x = (V + 38)/6 mV |
//! | Na h | a = 0.015 6 f(x), b = 0.015 6 f(-x), x = (V + 66)/6 mV |
//! | K n | 1/(1 + exp(-(V - 18.7)/9.7)) |
//! | Ih w | a = 0.00643 11.9 f((V + 154.9)/11.9), b = 0.193 exp(V/33.1), tau_w = 1/(a + b) |
//!
//! | density (S/cm2) | soma | dendrites |
//! |---|---|---|
//! | leak | 3.38e-5 | 5.89e-5 |
//! | Na (NaTa_t) | 2.04 | 0.0213 |
//! | K (SKv3_1) | 0.693 | 0.000261 |
//! | Ih | 0.0002 | 0.002 |
//!
//! The reversal potential of Ih is -45 mV. A linear kernel depends on deviations only, so leak reversal potentials do not enter.
//! Hay et al 2011 PLOS Comput Biol 7:e1002107; Kole et al 2006 J Neurosci 26:1677 (Ih); Ness et al 2018 J Neurosci 38:6011 (linearisation).

use crate::cable::Region;
use crate::range::{OutOfRange, finite, not_negative, require};

/// Which channels take part, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MembraneModel {
    /// Leak alone.
    Passive,
    /// All channels as conductances that keep their resting value.
    Frozen,
    /// Frozen sodium and potassium channels, Ih to first order.
    #[default]
    IhLinearized,
}

/// Peak conductance of each channel in one region, S/cm2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelDensities {
    /// Of the leak.
    pub leak_s_per_cm2: f64,
    /// Of the sodium channel.
    pub sodium_s_per_cm2: f64,
    /// Of the potassium channel.
    pub potassium_s_per_cm2: f64,
    /// Of the hyperpolarisation-activated channel.
    pub ih_s_per_cm2: f64,
}

/// The channels of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Channels {
    /// In the soma.
    pub soma: ChannelDensities,
    /// In all dendrites.
    pub dendrites: ChannelDensities,
    /// Of the hyperpolarisation-activated current.
    pub ih_reversal_mv: f64,
}

/// A membrane seen by small deviations from rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmallSignal {
    /// g.
    pub conductance_s_per_cm2: f64,
    /// mu, the coupling of the gate variable m; 0 without Ih.
    pub gate_s_per_cm2: f64,
    /// tau_w.
    pub gate_time_constant_ms: f64,
}

impl Channels {
    /// Layer 5 pyramidal cell of Hay et al (2011) reduced to ball and sticks, as in Hagen et al (2022).
    pub fn hay() -> Self {
        Self {
            soma: ChannelDensities {
                leak_s_per_cm2: 3.38e-5,
                sodium_s_per_cm2: 2.04,
                potassium_s_per_cm2: 0.693,
                ih_s_per_cm2: 0.0002,
            },
            dendrites: ChannelDensities {
                leak_s_per_cm2: 5.89e-5,
                sodium_s_per_cm2: 0.0213,
                potassium_s_per_cm2: 0.000261,
                ih_s_per_cm2: 0.002,
            },
            ih_reversal_mv: -45.0,
        }
    }

    /// Linearises the membrane of one region at `resting_potential_mv`.
    ///
    /// # Errors
    /// A density below 0, or a number that is not finite.
    pub fn linearize(
        &self,
        model: MembraneModel,
        region: Region,
        resting_potential_mv: f64,
    ) -> Result<SmallSignal, OutOfRange> {
        let (name, densities) = match region {
            Region::Soma => ("soma", &self.soma),
            Region::Basal | Region::Apical => ("dendrites", &self.dendrites),
        };
        for (channel, density) in [
            ("leak", densities.leak_s_per_cm2),
            ("sodium", densities.sodium_s_per_cm2),
            ("potassium", densities.potassium_s_per_cm2),
            ("ih", densities.ih_s_per_cm2),
        ] {
            not_negative(format!("channels.{name}.{channel}_s_per_cm2"), density)?;
        }
        check_resting_potential("resting_potential_mv", resting_potential_mv)?;
        finite("channels.ih_reversal_mv", self.ih_reversal_mv)?;

        let leak = SmallSignal::leak(densities.leak_s_per_cm2);
        if model == MembraneModel::Passive {
            return Ok(leak);
        }
        let ih = IhGate::at(resting_potential_mv);
        let conductance_s_per_cm2 = densities.leak_s_per_cm2
            + densities.sodium_s_per_cm2 * sodium_open_fraction(resting_potential_mv)
            + densities.potassium_s_per_cm2 * potassium_open_fraction(resting_potential_mv)
            + densities.ih_s_per_cm2 * ih.open_fraction;
        let gate_s_per_cm2 = match model {
            MembraneModel::IhLinearized => {
                densities.ih_s_per_cm2 * ih.slope_per_mv * (self.ih_reversal_mv - resting_potential_mv)
            }
            MembraneModel::Passive | MembraneModel::Frozen => 0.0,
        };
        Ok(SmallSignal { conductance_s_per_cm2, gate_s_per_cm2, gate_time_constant_ms: ih.time_constant_ms })
    }
}

impl SmallSignal {
    /// A conductance without gate.
    pub fn leak(conductance_s_per_cm2: f64) -> Self {
        Self { conductance_s_per_cm2, gate_s_per_cm2: 0.0, gate_time_constant_ms: 1.0 }
    }
}

/// Far beyond what neurons reach, and safe from overflow.
pub(crate) fn check_resting_potential(parameter: impl Into<String>, potential_mv: f64) -> Result<(), OutOfRange> {
    require(parameter, potential_mv, (-200.0..=100.0).contains(&potential_mv), "between -200 and 100 mV")
}

/// Steady state of the gate w of Ih.
struct IhGate {
    open_fraction: f64,
    time_constant_ms: f64,
    /// dw/dV.
    slope_per_mv: f64,
}

impl IhGate {
    fn at(v: f64) -> Self {
        let x = (v + 154.9) / 11.9;
        let opening = 0.00643 * 11.9 * x_over_expm1(x);
        let closing = 0.193 * (v / 33.1).exp();
        let time_constant_ms = 1.0 / (opening + closing);
        let opening_slope = 0.00643 * x_over_expm1_slope(x);
        let closing_slope = closing / 33.1;
        Self {
            open_fraction: opening * time_constant_ms,
            time_constant_ms,
            slope_per_mv: (opening_slope * closing - opening * closing_slope) * time_constant_ms * time_constant_ms,
        }
    }
}

fn sodium_open_fraction(v: f64) -> f64 {
    let x = (v + 38.0) / 6.0;
    let (opening, closing) = (0.182 * x_over_expm1(-x), 0.124 * x_over_expm1(x));
    let m = opening / (opening + closing);
    let x = (v + 66.0) / 6.0;
    let (opening, closing) = (x_over_expm1(x), x_over_expm1(-x));
    m.powi(3) * opening / (opening + closing)
}

fn potassium_open_fraction(v: f64) -> f64 {
    1.0 / (1.0 + (-(v - 18.7) / 9.7).exp())
}

/// `x / (exp(x) - 1)`, 1 at 0.
fn x_over_expm1(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x / x.exp_m1() }
}

/// The derivative of [`x_over_expm1`], `f (1 - x - f) / x`; the quotient loses its digits near 0, where a series stands in.
fn x_over_expm1_slope(x: f64) -> f64 {
    if x.abs() < 1e-3 {
        return -0.5 + x / 6.0 - x.powi(3) / 180.0;
    }
    let f = x_over_expm1(x);
    f * (1.0 - x - f) / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_minus_65_millivolt() {
        let ih = IhGate::at(-65.0);
        assert!((ih.open_fraction - 0.011059225128583107).abs() < 1e-15);
        assert!((ih.time_constant_ms - 36.513807642834394).abs() < 1e-11);
        assert!((ih.slope_per_mv + 0.0011283143607262772).abs() < 1e-16);
        assert!((2.04 * sodium_open_fraction(-65.0) / 3.861926256178371e-6 - 1.0).abs() < 1e-13);
        assert!((0.693 * potassium_open_fraction(-65.0) / 0.0001239329194954337 - 1.0).abs() < 1e-13);
    }

    #[test]
    fn gates_are_smooth_where_their_rates_are_0_over_0() {
        for v in [-38.0, -66.0] {
            let at = sodium_open_fraction(v);
            let around = 0.5 * (sodium_open_fraction(v - 1e-4) + sodium_open_fraction(v + 1e-4));
            assert!((at / around - 1.0).abs() < 1e-8);
        }
        let at = IhGate::at(-154.9);
        let (below, above) = (IhGate::at(-154.9 - 1e-3), IhGate::at(-154.9 + 1e-3));
        let slope = (above.open_fraction - below.open_fraction) / 2e-3;
        assert!((at.slope_per_mv / slope - 1.0).abs() < 1e-6);
    }

    #[test]
    fn ih_slope_is_the_derivative_of_its_open_fraction() {
        for v in [-120.0, -154.8, -80.0, -65.0, -50.0] {
            let slope = (IhGate::at(v + 1e-3).open_fraction - IhGate::at(v - 1e-3).open_fraction) / 2e-3;
            assert!((IhGate::at(v).slope_per_mv / slope - 1.0).abs() < 1e-6, "{v} mV");
        }
    }

    #[test]
    fn models_differ_by_what_they_leave_out() {
        let channels = Channels::hay();
        let at = |model| channels.linearize(model, Region::Basal, -65.0).unwrap();
        let (passive, frozen, ih) =
            (at(MembraneModel::Passive), at(MembraneModel::Frozen), at(MembraneModel::IhLinearized));
        assert_eq!(passive.conductance_s_per_cm2, 5.89e-5);
        assert!(frozen.conductance_s_per_cm2 > passive.conductance_s_per_cm2);
        assert_eq!(frozen.conductance_s_per_cm2, ih.conductance_s_per_cm2);
        assert_eq!(frozen.gate_s_per_cm2, 0.0);
        assert!((ih.gate_s_per_cm2 + 4.513257442905109e-5).abs() < 1e-17);
    }

    #[test]
    fn refuses_negative_densities_and_potentials_that_are_not_numbers() {
        let mut channels = Channels::hay();
        channels.soma.potassium_s_per_cm2 = -1.0;
        let error = channels.linearize(MembraneModel::Passive, Region::Soma, -65.0).unwrap_err();
        assert_eq!(error.parameter, "channels.soma.potassium_s_per_cm2");
        assert!(Channels::hay().linearize(MembraneModel::Passive, Region::Soma, f64::NAN).is_err());
    }
}
