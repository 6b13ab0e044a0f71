//! Stationary rate of a leaky integrate-and-fire neuron, and its derivatives.
//!
//! With y = (V - mu)/sigma at threshold (y_t) and reset (y_r), f(u) = exp(u^2)(1 + erf u):
//!
//! - white noise (Siegert 1951; Amit & Brunel 1997, Eq. A7):
//!   1/nu = tau_r + tau_m sqrt(pi) int_{y_r}^{y_t} f(u) du;
//! - filtered noise, shift (Fourcaud & Brunel 2002, after Eq. 4.33): the same with both y increased
//!   by c = (alpha/2) sqrt(tau_s/tau_m), alpha = sqrt(2) |zeta(1/2)|;
//! - filtered noise, Taylor (their Eq. 4.33): nu = nu_0 [1 - kappa nu_0 (Phi(y_t) - Phi(y_r))] with
//!   nu_0 of white noise, kappa = alpha sqrt(tau_s tau_m/2), Phi = sqrt(pi/2) f.
//!
//! Everything that grows as exp(y_t^2) is kept divided by it, so that no argument overflows. The
//! derivatives follow from f' = 2 y f + 2/sqrt(pi) =: 2 s/sqrt(pi); that by mu equals the
//! transfer function at frequency 0.

use std::f64::consts::{FRAC_PI_2, PI, SQRT_2};

use lapicque_numerics::special::quadrature::gauss_legendre;
use lapicque_numerics::special::{dawson, erfcx, erfcx_deficit, erfcx_integral, erfcx_integral_over};

use super::check::{check, finite};
use super::{Input, Neuron, NeuronError, RateDerivatives, Synapses};

/// sqrt(2) |zeta(1/2)|.
pub(super) const ALPHA: f64 = 2.065_253_152_231_217;

/// The stationary rate in Hz.
///
/// Without noise it is the deterministic rate 1/(tau_r + tau_m ln((mu - V_r)/(mu - V_th))), or 0 if
/// mu does not exceed the threshold.
///
/// # Errors
/// A parameter out of its range, a Taylor expansion that gives a negative rate, a rate above the
/// largest number.
pub fn firing_rate(neuron: &Neuron, input: Input, synapses: Synapses) -> Result<f64, NeuronError> {
    check(neuron, input)?;
    let rate_hz = match Passage::new(neuron, input, synapses) {
        Some(passage) => match synapses {
            Synapses::Delta | Synapses::Shift => passage.rate_hz,
            Synapses::Taylor => not_negative(passage.taylor(neuron, passage.ends()).rate_hz)?,
        },
        None => deterministic(neuron, input, synapses).rate_hz,
    };
    finite("rate", rate_hz)
}

/// The stationary rate and its derivatives by the mean and the standard deviation of the input.
///
/// They are the derivatives of [`firing_rate`], refractory period included. Those of the shift and
/// of white noise are sqrt(pi) tau_m nu^2/sigma (f(y_t) - f(y_r)) by the mean, and the same with f
/// weighted by y - c by the standard deviation; the effective couplings of Helias et al. (2013, Eq.
/// A.3) are tau_m J times the first and tau_m J^2/(2 sigma) times the second.
///
/// # Errors
/// Those of [`firing_rate`].
pub fn rate_and_derivatives(neuron: &Neuron, input: Input, synapses: Synapses) -> Result<RateDerivatives, NeuronError> {
    check(neuron, input)?;
    let result = match Passage::new(neuron, input, synapses) {
        // A rate below the smallest number has no slope either.
        Some(passage) if passage.rate_hz == 0.0 => RateDerivatives::default(),
        Some(passage) => match synapses {
            Synapses::Delta | Synapses::Shift => passage.derivatives(passage.ends()),
            Synapses::Taylor => passage.taylor(neuron, passage.ends()),
        },
        None => deterministic(neuron, input, synapses),
    };
    not_negative(result.rate_hz)?;
    finite("rate", result.rate_hz)?;
    finite("derivative of the rate by the mean", result.by_mean_hz_per_v)?;
    finite("derivative of the rate by the standard deviation", result.by_sd_hz_per_v)?;
    Ok(result)
}

/// The passage from reset to threshold. The `scale` exp(-y_t^2) for y_t > 0, else 1, is divided out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passage {
    membrane_time_constant_s: f64,
    sd_v: f64,
    shift: f64,
    pub(super) threshold: f64,
    pub(super) reset: f64,
    /// threshold - reset, which they may have lost to rounding.
    pub(super) length: f64,
    scale: f64,
    /// `scale` times the mean interval 1/nu.
    pub(super) scaled_interval_s: f64,
    pub(super) rate_hz: f64,
}

/// f and s = sqrt(pi) y f + 1 at both ends, times `scale`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    f_threshold: f64,
    f_reset: f64,
    s_threshold: f64,
    s_reset: f64,
}

impl Passage {
    /// None without noise, or with so little that y overflows.
    pub(super) fn new(neuron: &Neuron, input: Input, synapses: Synapses) -> Option<Self> {
        let tau_m = neuron.membrane_time_constant_s;
        let shift = match synapses {
            Synapses::Shift => 0.5 * ALPHA * (neuron.synaptic_time_constant_s / tau_m).sqrt(),
            Synapses::Delta | Synapses::Taylor => 0.0,
        };
        let threshold = (neuron.threshold_v - input.mean_v) / input.sd_v + shift;
        let reset = (neuron.reset_v - input.mean_v) / input.sd_v + shift;
        let length = (neuron.threshold_v - neuron.reset_v) / input.sd_v;
        if !(threshold.is_finite() && reset.is_finite() && length.is_finite()) {
            return None;
        }
        let (scale, integral) = scaled_integral(threshold, reset, length);
        let scaled_interval_s = scale * neuron.refractory_period_s + tau_m * PI.sqrt() * integral;
        Some(Self {
            membrane_time_constant_s: tau_m,
            sd_v: input.sd_v,
            shift,
            threshold,
            reset,
            length,
            scale,
            scaled_interval_s,
            rate_hz: scale / scaled_interval_s,
        })
    }

    pub(super) fn ends(&self) -> Ends {
        let (f_threshold, s_threshold) = f_and_s(self.threshold, self.scale);
        let (f_reset, s_reset) = if self.reset <= 0.0 {
            let (f, s) = f_and_s(self.reset, 1.0);
            (f * self.scale, s * self.scale)
        } else {
            let relative = (-self.length * (self.threshold + self.reset)).exp();
            let (f, s) = f_and_s(self.reset, (-self.reset * self.reset).exp());
            (f * relative, s * relative)
        };
        Ends { f_threshold, f_reset, s_threshold, s_reset }
    }

    fn derivatives(&self, ends: Ends) -> RateDerivatives {
        let f = ends.f_threshold - ends.f_reset;
        let s = ends.s_threshold - ends.s_reset;
        let factor = self.rate_hz * self.membrane_time_constant_s / self.scaled_interval_s / self.sd_v;
        RateDerivatives {
            rate_hz: self.rate_hz,
            by_mean_hz_per_v: factor * PI.sqrt() * f,
            // f y = (s - 1)/sqrt(pi), and the ones cancel.
            by_sd_hz_per_v: factor * (s - PI.sqrt() * self.shift * f),
        }
    }

    /// The Taylor expansion around this passage, which is that of white noise. The rate may be negative.
    pub(super) fn taylor(&self, neuron: &Neuron, ends: Ends) -> RateDerivatives {
        let kappa = ALPHA * (0.5 * neuron.synaptic_time_constant_s * self.membrane_time_constant_s).sqrt();
        let white = self.derivatives(ends);
        let f = ends.f_threshold - ends.f_reset;
        let s = ends.s_threshold - ends.s_reset;
        // nu_0 (Phi(y_t) - Phi(y_r)), and nu_0 times its derivatives: Phi' = sqrt(2) s.
        let phi = FRAC_PI_2.sqrt() * f / self.scaled_interval_s;
        let slope = -SQRT_2 / (self.sd_v * self.scaled_interval_s);
        let phi_by_mean = slope * s;
        let phi_by_sd = slope * (self.threshold * ends.s_threshold - self.reset * ends.s_reset);
        let remaining = 1.0 - 2.0 * kappa * phi;
        RateDerivatives {
            rate_hz: self.rate_hz * (1.0 - kappa * phi),
            by_mean_hz_per_v: white.by_mean_hz_per_v * remaining - kappa * self.rate_hz * phi_by_mean,
            by_sd_hz_per_v: white.by_sd_hz_per_v * remaining - kappa * self.rate_hz * phi_by_sd,
        }
    }
}

/// exp(-y_t^2) for y_t > 0, else 1, and this times int_{y_r}^{y_t} f(u) du; `length` is y_t - y_r.
fn scaled_integral(threshold: f64, reset: f64, length: f64) -> (f64, f64) {
    if threshold <= 0.0 {
        return (1.0, erfcx_integral_over(-threshold, length));
    }
    let scale = (-threshold * threshold).exp();
    // int_0^y f = 2 exp(y^2) D(y) - H(y), and int_{-y}^0 f = H(y).
    if reset <= 0.0 {
        let integral = 2.0 * dawson(threshold) + scale * (erfcx_integral(-reset) - erfcx_integral(threshold));
        return (scale, integral);
    }
    let exponent = length * (threshold + reset);
    let integral = if exponent < 1.0 {
        gauss_legendre(reset, length, |u| {
            (-(threshold - u) * (threshold + u)).exp() * (2.0 - (-u * u).exp() * erfcx(u))
        })
    } else {
        2.0 * (dawson(threshold) - (-exponent).exp() * dawson(reset)) - scale * erfcx_integral_over(reset, length)
    };
    (scale, integral)
}

/// f and sqrt(pi) y f + 1 at y, times `scale` = exp(-y^2) for y > 0, unscaled below.
fn f_and_s(y: f64, scale: f64) -> (f64, f64) {
    if y <= 0.0 {
        return (erfcx(-y), PI.sqrt() * erfcx_deficit(-y));
    }
    let f = 2.0 - scale * erfcx(y);
    (f, PI.sqrt() * y * f + scale)
}

/// The limit of vanishing noise.
fn deterministic(neuron: &Neuron, input: Input, synapses: Synapses) -> RateDerivatives {
    let above_threshold = input.mean_v - neuron.threshold_v;
    let above_reset = input.mean_v - neuron.reset_v;
    if above_threshold <= 0.0 {
        return RateDerivatives::default();
    }
    let tau_m = neuron.membrane_time_constant_s;
    let span = neuron.threshold_v - neuron.reset_v;
    let rate_hz = 1.0 / (neuron.refractory_period_s + tau_m * (span / above_threshold).ln_1p());
    let by_mean_hz_per_v = rate_hz * rate_hz * tau_m * (span / above_threshold / above_reset);
    // White noise enters by its variance; filtered noise moves the threshold by c sigma, in both theories.
    let by_sd_hz_per_v = match synapses {
        Synapses::Delta => 0.0,
        Synapses::Shift | Synapses::Taylor => {
            -0.5 * ALPHA * (neuron.synaptic_time_constant_s / tau_m).sqrt() * by_mean_hz_per_v
        }
    };
    RateDerivatives { rate_hz, by_mean_hz_per_v, by_sd_hz_per_v }
}

fn not_negative(rate_hz: f64) -> Result<f64, NeuronError> {
    // Adding 0 makes 0 of -0.
    if rate_hz < 0.0 { Err(NeuronError::NegativeRate { rate_hz }) } else { Ok(rate_hz + 0.0) }
}
