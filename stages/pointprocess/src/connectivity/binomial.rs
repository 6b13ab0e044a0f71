//! Binomial and multinomial numbers, exact.
//!
//! Few expected successes: the cumulative distribution is searched from 0. Many: transformed rejection with squeeze, BTRS
//! (Hoermann 1993, J Stat Comput Simul 46:101, doi:10.1080/00949659308811496).

use lapicque_numerics::random::Generator;

/// Below this many expected successes the search from 0 is faster, and the rejection not valid.
const FEW: f64 = 10.0;

/// Spreads `trials` over cells in proportion to `weights`.
pub(super) fn multinomial(generator: &mut Generator, trials: u64, weights: &[u64], cells: &mut [u64]) {
    let mut left = trials;
    let mut weight_left: u64 = weights.iter().sum();
    for (cell, &weight) in cells.iter_mut().zip(weights) {
        *cell =
            if weight == weight_left { left } else { binomial(generator, left, weight as f64 / weight_left as f64) };
        left -= *cell;
        weight_left -= weight;
    }
}

/// The number of successes among `trials` of this probability.
fn binomial(generator: &mut Generator, trials: u64, probability: f64) -> u64 {
    if probability > 0.5 {
        return trials - at_most_half(generator, trials, 1.0 - probability);
    }
    at_most_half(generator, trials, probability)
}

fn at_most_half(generator: &mut Generator, trials: u64, probability: f64) -> u64 {
    if trials == 0 || probability <= 0.0 {
        0
    } else if trials as f64 * probability < FEW {
        search(generator, trials, probability)
    } else {
        btrs(generator, trials, probability)
    }
}

fn search(generator: &mut Generator, trials: u64, probability: f64) -> u64 {
    let n = trials as f64;
    let odds = probability / (1.0 - probability);
    let none = libm::exp(n * libm::log1p(-probability));
    let mut term = none;
    let mut left = generator.uniform();
    let mut k = 0;
    while left >= term {
        left -= term;
        k += 1;
        // The sum of all terms is 1 up to rounding, which may leave something.
        if k > trials || (term < 1e-18 && k as f64 > n * probability) {
            return k.min(trials);
        }
        term *= odds * (n - k as f64 + 1.0) / k as f64;
    }
    k
}

fn btrs(generator: &mut Generator, trials: u64, probability: f64) -> u64 {
    let n = trials as f64;
    let odds = probability / (1.0 - probability);
    let sd = (n * probability * (1.0 - probability)).sqrt();
    let b = 1.15 + 2.53 * sd;
    let a = -0.0873 + 0.0248 * b + 0.01 * probability;
    let centre = n * probability + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * sd;
    let mode = ((n + 1.0) * probability).floor();
    loop {
        let u = generator.uniform() - 0.5;
        let v = generator.uniform_above_zero();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + centre).floor();
        if us >= 0.07 && v <= squeeze {
            return k as u64;
        }
        if !(0.0..=n).contains(&k) {
            continue;
        }
        let bound = (mode + 0.5) * libm::log((mode + 1.0) / (odds * (n - mode + 1.0)))
            + (n + 1.0) * libm::log((n - mode + 1.0) / (n - k + 1.0))
            + (k + 0.5) * libm::log(odds * (n - k + 1.0) / (k + 1.0))
            + stirling(mode)
            + stirling(n - mode)
            - stirling(k)
            - stirling(n - k);
        if libm::log(v * alpha / (a / (us * us) + b)) <= bound {
            return k as u64;
        }
    }
}

/// ln k! less its approximation (k + 1/2) ln(k + 1) - (k + 1) + ln(2 pi) / 2.
fn stirling(k: f64) -> f64 {
    const SMALL: [f64; 10] = [
        0.081_061_466_795_327_3,
        0.041_340_695_955_409_3,
        0.027_677_925_684_998_3,
        0.020_790_672_103_765_1,
        0.016_644_691_189_821_2,
        0.013_876_128_823_070_7,
        0.011_896_709_945_891_8,
        0.010_411_265_261_972_1,
        0.009_255_462_182_712_73,
        0.008_330_563_433_362_87,
    ];
    if let Some(&value) = SMALL.get(k as usize) {
        return value;
    }
    let next = k + 1.0;
    let square = next * next;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / next
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapicque_numerics::random::StreamKey;

    /// Chi-square of draws against the exact probabilities, cells of fewer than 10 expected draws together.
    fn chi_square(trials: u64, probability: f64) -> (f64, usize) {
        let draws = 100_000u32;
        let mut generator = StreamKey::new([5; 16]).stream("binomial", trials);
        let mut counts = vec![0u32; trials as usize + 1];
        for _ in 0..draws {
            counts[binomial(&mut generator, trials, probability) as usize] += 1;
        }
        let n = trials as f64;
        let log_factorial = |k: f64| libm::lgamma(k + 1.0);
        let expected = |k: usize| {
            let k = k as f64;
            let choose = log_factorial(n) - log_factorial(k) - log_factorial(n - k);
            f64::from(draws) * (choose + k * probability.ln() + (n - k) * (1.0 - probability).ln()).exp()
        };
        let (mut chi_square, mut cells) = (0.0, 0);
        let (mut found_in_tails, mut expected_in_tails) = (0.0, 0.0);
        for (k, count) in counts.iter().enumerate() {
            let (found, expected) = (f64::from(*count), expected(k));
            if expected < 10.0 {
                found_in_tails += found;
                expected_in_tails += expected;
            } else {
                chi_square += (found - expected).powi(2) / expected;
                cells += 1;
            }
        }
        if expected_in_tails > 1.0 {
            chi_square += (found_in_tails - expected_in_tails).powi(2) / expected_in_tails;
            cells += 1;
        }
        (chi_square, cells)
    }

    #[test]
    fn draws_have_the_binomial_distribution() {
        for (trials, probability) in [(7, 0.3), (40, 0.2), (40, 0.25), (300, 0.9), (1000, 0.5), (20_000, 0.0007)] {
            let (chi_square, cells) = chi_square(trials, probability);
            let freedom = (cells - 1) as f64;
            // Five standard deviations of chi-square.
            assert!(
                chi_square < freedom + 5.0 * (2.0 * freedom).sqrt(),
                "{trials} {probability}: {chi_square} {cells}"
            );
        }
    }

    #[test]
    fn ends_are_exact() {
        let mut generator = StreamKey::new([6; 16]).stream("ends", 0);
        assert_eq!(binomial(&mut generator, 0, 0.3), 0);
        assert_eq!(binomial(&mut generator, 1_000_000, 0.0), 0);
        assert_eq!(binomial(&mut generator, 1_000_000, 1.0), 1_000_000);
    }

    #[test]
    fn multinomial_cells_add_up_and_empty_ones_stay_empty() {
        let mut generator = StreamKey::new([7; 16]).stream("multinomial", 0);
        let mut means = [0.0; 5];
        let mut cells = [0; 5];
        for _ in 0..20_000 {
            multinomial(&mut generator, 100, &[0, 5, 0, 15, 20], &mut cells);
            assert_eq!(cells.iter().sum::<u64>(), 100);
            assert_eq!((cells[0], cells[2]), (0, 0));
            means.iter_mut().zip(cells).for_each(|(mean, cell)| *mean += cell as f64 / 20_000.0);
        }
        for (mean, expected) in means.iter().zip([0.0, 12.5, 0.0, 37.5, 50.0]) {
            assert!((mean - expected).abs() < 5.0 * (25.0f64 / 20_000.0).sqrt(), "{means:?}");
        }
        multinomial(&mut generator, 0, &[1, 2], &mut cells[..2]);
        assert_eq!(cells[..2], [0, 0]);
    }
}
