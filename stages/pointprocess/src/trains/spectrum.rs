//! From the spectrum of counts to that of a spike train.
//!
//! Counts per bin, divided by the width of a bin, are a rate x(t) in Hz; its power spectral density S(f), of both sides
//! of the frequency axis, is in Hz (Hz^2 per Hz). A Poisson process of rate r has S = r at all frequencies above 0, so S / r is
//! 1 without temporal structure, and tends to it at high frequencies for every train. The trains of a population of N
//! neurons together, divided by N, have the mean rate as level where neurons are independent.
//!
//! Reference: Bair W et al. (1994) J Neurosci 14:2870; Gerstner W et al. (2014) Neuronal Dynamics, chapter 7.4.

/// Makes a one-sided density (bins from 0 Hz, of a transform of `transform` values) two-sided and divides it by the number of
/// neurons whose trains were added up.
///
/// 0 Hz and, where `transform` is even, the last bin have one side alone.
pub fn two_sided_per_neuron(density: &mut [f64], transform: usize, neurons: usize) {
    let last_has_two = transform % 2 == 1;
    let last = density.len().saturating_sub(1);
    for (bin, value) in density.iter_mut().enumerate() {
        let sides = if bin == 0 || (bin == last && !last_has_two) { 1.0 } else { 2.0 };
        *value /= sides * neurons as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_have_one_side() {
        let mut even = [2.0, 2.0, 2.0];
        two_sided_per_neuron(&mut even, 4, 2);
        assert_eq!(even, [1.0, 0.5, 1.0]);
        let mut odd = [2.0, 2.0];
        two_sided_per_neuron(&mut odd, 3, 1);
        assert_eq!(odd, [2.0, 1.0]);
    }
}
