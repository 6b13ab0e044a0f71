//! Rates that rounded numbers allow: a range of rates, and which of them was meant.

/// Beyond this no instrument of this field samples, in Hz.
pub(crate) const HIGHEST_RATE_HZ: f64 = 1e7;

/// The whole number in `[low, high]`, if there is just one.
pub(crate) fn only_whole_between(low: f64, high: f64) -> Option<f64> {
    let whole = low.ceil();
    (whole >= 1.0 && whole <= high && whole + 1.0 > high).then_some(whole)
}

/// The plainest rate in `[low, high]`, which hold no whole number: a fraction of small denominator, else the rate of an interval of whole microseconds (of
/// rounder ones before others), else a fraction.
///
/// `low` must be finite and above 0.
pub(crate) fn plainest_between(low: f64, high: f64) -> f64 {
    const SMALL_DENOMINATOR: f64 = 10.0;
    const DECIMALS_OF_MICROSECONDS: i32 = 6;
    let (rate, denominator) = simplest_fraction(low, high);
    if denominator <= SMALL_DENOMINATOR {
        return rate;
    }
    let of_whole_interval = (0..=DECIMALS_OF_MICROSECONDS).find_map(|decimals| {
        let per_second = 10_f64.powi(decimals);
        let interval = (per_second / high).ceil();
        (interval >= 1.0 && interval <= per_second / low).then(|| per_second / interval)
    });
    of_whole_interval.unwrap_or(rate)
}

/// The fraction of the smallest denominator in `[low, high]`, of these the smallest, and its denominator: 1 if there is a whole number.
///
/// By continued fractions: where no whole number lies between the ends, their whole parts are equal, and what is left is turned upside down.
/// `low` must be finite and above 0.
fn simplest_fraction(low: f64, high: f64) -> (f64, f64) {
    // Each step at least doubles the denominator.
    const MOST_STEPS: usize = 60;
    let mut wholes = Vec::new();
    let (mut low, mut high) = (low, high);
    for _ in 0..MOST_STEPS {
        let whole = low.ceil();
        if whole <= high {
            wholes.push(whole);
            break;
        }
        let whole = low.floor();
        wholes.push(whole);
        (low, high) = (1.0 / (high - whole), 1.0 / (low - whole));
    }
    // Numerator and denominator from behind; both are whole and small, so that one division rounds once.
    let (mut numerator, mut denominator) = (wholes.pop().unwrap_or(low), 1.0);
    for whole in wholes.into_iter().rev() {
        (numerator, denominator) = (whole * numerator + denominator, numerator);
    }
    (numerator / denominator, denominator)
}

/// How many whole numbers lie in `[low, high]`.
pub(crate) fn wholes_between(low: f64, high: f64) -> f64 {
    (high.floor() - low.ceil() + 1.0).max(0.0)
}

/// The whole number in `[low, high]` that was probably meant, where several are allowed: near `estimate`, which has the standard deviation `sd`, and round.
///
/// Instruments sample at 250, 256, 300, 500, 512, ... Hz: numbers with small factors beside 2 and 5. That factor is weighed as a prior against the distance.
pub(crate) fn roundest_between(low: f64, high: f64, estimate: f64, sd: f64) -> f64 {
    const MOST_TRIED: u32 = 4000;
    let reach = (4.0 * sd).clamp(2.0, f64::from(MOST_TRIED / 2));
    let first = low.max(estimate - reach).ceil().max(1.0);
    let last = high.min(estimate + reach).floor();
    let mut best = (f64::INFINITY, estimate.round().clamp(low.ceil().max(1.0), high.floor().max(1.0)));
    for rate in (0..MOST_TRIED).map(|step| first + f64::from(step)).take_while(|&rate| rate <= last) {
        let distance = (rate - estimate) / sd.max(f64::MIN_POSITIVE);
        let score = distance * distance + 2.0 * odd_factor(rate).log2();
        if score < best.0 {
            best = (score, rate);
        }
    }
    best.1
}

/// What is left of a whole number without its factors 2 and 5.
fn odd_factor(mut number: f64) -> f64 {
    for factor in [2.0, 5.0] {
        while number > 1.0 && number % factor == 0.0 {
            number /= factor;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_simplest_fraction_is_found() {
        for (low, high, expected) in [
            (255.99993, 256.00006, 256.0),
            (976.562, 976.563, 976.5625),
            (12.799, 12.801, 12.8),
            (333.333, 333.3334, 1000.0 / 3.0),
            (0.4, 0.6, 0.5),
            (0.299, 0.301, 0.3),
            (1.0, 1.0, 1.0),
            (2.0, f64::INFINITY, 2.0),
            (0.1, 0.1, 0.1),
        ] {
            assert_eq!(simplest_fraction(low, high).0, expected, "{low} {high}");
        }
    }

    #[test]
    fn round_rates_are_preferred_among_near_ones() {
        assert_eq!(roundest_between(254.5, 257.6, 255.4, 0.7), 256.0);
        assert_eq!(roundest_between(285.0, 330.0, 300.0, 11.0), 300.0);
        assert_eq!(roundest_between(222.0, 286.0, 250.0, 12.0), 250.0);
        assert_eq!(roundest_between(1.0, f64::INFINITY, 1e300, 1.0), 1e300);
    }

    proptest! {
        #[test]
        fn no_fraction_between_has_a_smaller_denominator(low in 0.01_f64..50.0, relative in 1e-4_f64..0.2) {
            let high = low * (1.0 + relative);
            let found = simplest_fraction(low, high).0;
            prop_assert!((low..=high).contains(&found));
            let denominator = (1..).find(|&q| (low * f64::from(q)).ceil() <= high * f64::from(q)).unwrap();
            let expected = (low * f64::from(denominator)).ceil() / f64::from(denominator);
            prop_assert!((found - expected).abs() <= 1e-12 * found, "{} {}", found, expected);
        }

        #[test]
        fn any_range_ends(low in 1e-12_f64..1e12, relative in 0.0_f64..1e-12) {
            let high = low * (1.0 + relative);
            let found = simplest_fraction(low, high).0;
            prop_assert!((found - low).abs() <= 1e-9 * low);
        }
    }
}
