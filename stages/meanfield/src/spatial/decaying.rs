//! The transfer function for modulations that decay faster than the membrane.
//!
//! Eigenvalues lambda far in the left half plane ask for n at c = i omega tau_m = lambda tau_m with Re c <= -1, where
//! [`transfer_function`] ends. It is continued by the recurrence of the parabolic cylinder functions in their order,
//! Psi_c = (c + 1) Psi_{c+2} - x Psi_{c+1} with Psi_c' = c Psi_{c+1} (DLMF 12.8), which is stable towards smaller c.
//! Formulas are those of [`crate::neuron`].

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use lapicque_numerics::special::parabolic_cylinder::{Point, stretches};
use num_complex::Complex64;

use crate::neuron::{
    Input, Neuron, NeuronError, Refractory, Synapses, TransferOptions, firing_rate, transfer_function,
};

/// sqrt(2) |zeta(1/2)|, of the theory of filtered noise.
const ALPHA: f64 = 2.065_253_152_231_217;

/// Left of it the recurrence is used; where both hold they agree to 1e-13.
const LEAST_ORDER: f64 = -0.5;
const MOST_STEPS: f64 = 1000.0;

/// The transfer function in Hz/V at any complex angular frequency (1/s).
///
/// # Errors
/// Those of [`transfer_function`], which remain for neurons without noise and for Re c below -1000.
pub(crate) fn continued_transfer_function(
    neuron: &Neuron,
    input: Input,
    omega: Complex64,
    options: TransferOptions,
) -> Result<Complex64, NeuronError> {
    let tau_m = neuron.membrane_time_constant_s;
    let c = Complex64::I * omega * tau_m;
    let steps = (LEAST_ORDER - c.re).ceil();
    if !(steps > 0.0 && steps <= MOST_STEPS && input.sd_v > 0.0) {
        return transfer_function(neuron, input, omega, options);
    }
    let rate_hz = match firing_rate(neuron, input, options.synapses) {
        // The expansion of the response is still what it is.
        Err(NeuronError::NegativeRate { rate_hz }) => rate_hz,
        other => other?,
    };
    let k = (neuron.synaptic_time_constant_s / tau_m).sqrt();
    let shift = if options.synapses == Synapses::Shift { SQRT_2 * 0.5 * ALPHA * k } else { 0.0 };
    let [threshold, reset] =
        [neuron.threshold_v, neuron.reset_v].map(|v| SQRT_2 * (v - input.mean_v) / input.sd_v + shift);
    let stretch = stretches(reset, threshold - reset, &[c + steps]).swap_remove(0);
    let (mut at_reset, mut at_threshold) = (Pair::of(&stretch.start), Pair::of(&stretch.end));
    for step in 1..=steps as u32 {
        let order = c + (steps - f64::from(step));
        at_reset = at_reset.down(order, reset);
        at_threshold = at_threshold.down(order, threshold);
        // A common factor cancels in the end; here it keeps both from overflowing.
        let size = at_threshold.psi.norm().max(at_reset.psi.norm());
        at_reset = at_reset.over(size);
        at_threshold = at_threshold.over(size);
    }
    let delay = match options.refractory {
        Refractory::Nnmt => Complex64::ONE,
        Refractory::Corrected => (-Complex64::I * omega * neuron.refractory_period_s).exp(),
    };
    let denominator = at_threshold.psi - delay * at_reset.psi;
    let a1 = c * (at_threshold.next - at_reset.next) / denominator;
    let sum = match options.synapses {
        Synapses::Delta | Synapses::Shift => a1 * rate_hz,
        Synapses::Taylor => {
            let curvature = c * (at_threshold.curvature(threshold) - at_reset.curvature(reset)) / denominator;
            let square = a1 * c * (at_threshold.next - delay * at_reset.next) / denominator;
            let white = firing_rate(neuron, input, Synapses::Delta)?;
            a1 * rate_hz + (curvature - square) * (white * ALPHA * k * FRAC_1_SQRT_2)
        }
    };
    let response = sum / (1.0 + c) * (SQRT_2 / input.sd_v);
    let filter = match options.synapses {
        Synapses::Shift | Synapses::Taylor if options.synaptic_filter => {
            1.0 + Complex64::I * omega * neuron.synaptic_time_constant_s
        }
        _ => Complex64::ONE,
    };
    match response.is_finite() {
        true => Ok(response / filter),
        // It says why.
        false => transfer_function(neuron, input, omega, options),
    }
}

/// Psi of orders c and c + 1 at one place.
#[derive(Clone, Copy)]
struct Pair {
    psi: Complex64,
    next: Complex64,
}

impl Pair {
    fn of(point: &Point) -> Self {
        Self { psi: point.psi, next: point.g }
    }

    /// Of the order `order`, one below.
    fn down(self, order: Complex64, x: f64) -> Self {
        Self { psi: (order + 1.0) * self.next - self.psi * x, next: self.psi }
    }

    fn over(self, size: f64) -> Self {
        Self { psi: self.psi / size, next: self.next / size }
    }

    /// Psi''/c.
    fn curvature(self, x: f64) -> Complex64 {
        self.next * x + self.psi
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEURON: Neuron = Neuron {
        membrane_time_constant_s: 10e-3,
        synaptic_time_constant_s: 0.5e-3,
        refractory_period_s: 2e-3,
        threshold_v: 15e-3,
        reset_v: 0.0,
    };

    fn options() -> impl Iterator<Item = TransferOptions> {
        [Synapses::Delta, Synapses::Shift, Synapses::Taylor].into_iter().flat_map(|synapses| {
            [Refractory::Corrected, Refractory::Nnmt].map(|refractory| TransferOptions {
                synapses,
                refractory,
                synaptic_filter: true,
            })
        })
    }

    #[test]
    fn both_ways_agree_where_both_hold() {
        for options in options() {
            for mean_v in [0.0, 10e-3, 20e-3] {
                for frequency in [1.0, 300.0, 5000.0] {
                    let input = Input { mean_v, sd_v: 6e-3 };
                    let omega = Complex64::new(frequency, 99.0);
                    let expected = transfer_function(&NEURON, input, omega, options).unwrap();
                    let found = continued_transfer_function(&NEURON, input, omega, options).unwrap();
                    assert!(
                        (found - expected).norm() < 1e-12 * expected.norm(),
                        "{options:?} {input:?} {omega}: {found} {expected}"
                    );
                }
            }
        }
    }

    /// The mean over a circle is the value at its centre, if the function is analytic; the circle crosses from one way
    /// of computing it to the other.
    #[test]
    fn the_function_stays_analytic() {
        for options in options() {
            let input = Input { mean_v: 10e-3, sd_v: 6e-3 };
            let value = |omega| continued_transfer_function(&NEURON, input, omega, options).unwrap();
            for (centre, radius) in [(Complex64::new(1000.0, 100.0), 90.0), (Complex64::new(4000.0, 900.0), 300.0)] {
                let n = 64;
                let around = |i: u32| {
                    centre + Complex64::from_polar(radius, std::f64::consts::TAU * f64::from(i) / f64::from(n))
                };
                let mean = (0..n).map(|i| value(around(i))).sum::<Complex64>() / f64::from(n);
                assert!((mean - value(centre)).norm() < 1e-11 * mean.norm(), "{options:?} {centre}");
            }
        }
    }
}
