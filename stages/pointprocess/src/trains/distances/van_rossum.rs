//! Van Rossum distance: the Euclidean distance of trains that are smoothed by an exponential.
//!
//! D^2 = sum_(i, j) s_i s_j exp(-abs(t_i - t_j) / tau), over the spikes of both trains, with s = 1 for those of the first and -1 for those
//! of the second. It is (2 / tau) integral (f_1 - f_2)^2 dt with f the trains convolved with exp(-t / tau), so a
//! train without spikes and one with a single spike are 1 apart (van Rossum's own scale is D / sqrt(2)). A pass
//! over the spikes of both in their order sums it, since what spikes before t contribute decays by the same factor.
//!
//! References: van Rossum MCW (2001) Neural Comput 13:751; Houghton C & Kreuz T (2012) Network 23:48.

use crate::trains::train::of_both;
use crate::trains::{Train, TrainError, above_zero};

/// With the time constant `tau_ms`; 0 or above.
///
/// # Errors
/// Trains of other recordings, a time constant that is not finite and above 0.
pub fn van_rossum_distance(a: &Train, b: &Train, tau_ms: f64) -> Result<f64, TrainError> {
    above_zero("tau_ms", tau_ms)?;
    of_both(a, b)?;
    let (mut of_a, mut of_b) = (a.spikes_ms().iter().peekable(), b.spikes_ms().iter().peekable());
    let (mut before, mut last, mut squared) = (0.0, f64::NEG_INFINITY, 0.0);
    loop {
        let (time, sign) = match (of_a.peek(), of_b.peek()) {
            (Some(a), Some(b)) if a <= b => (**a, 1.0),
            (Some(a), None) => (**a, 1.0),
            (_, Some(b)) => (**b, -1.0),
            (None, None) => return Ok(f64::max(squared, 0.0).sqrt()),
        };
        if sign > 0.0 {
            of_a.next()
        } else {
            of_b.next()
        };
        // What is left of all spikes before; equal times decay by 1 exactly.
        before *= ((last - time) / tau_ms).exp();
        squared += 1.0 + 2.0 * sign * before;
        before += sign;
        last = time;
    }
}
