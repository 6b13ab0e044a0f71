//! Sampling rates that are known by their interval.

/// The rate in Hz of an interval in ms: the whole number, where the interval is one over it up to rounding (1 / 600 s has no
/// finite number of digits). Numbers of samples are rounded down in places, where an error in the last digit would cost one.
pub fn rate_hz(interval_ms: f64) -> f64 {
    whole(1e3 / interval_ms)
}

/// As it is, unless a whole number is meant.
pub(crate) fn whole(rate_hz: f64) -> f64 {
    let nearest = rate_hz.round();
    if (rate_hz - nearest).abs() < 1e-9 * rate_hz { nearest } else { rate_hz }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_whole_where_they_are_meant_to_be() {
        for rate in 1..3000 {
            let rate = f64::from(rate);
            assert_eq!(rate_hz(1e3 / rate), rate);
            assert_eq!(rate_hz(1e3 / rate * (1.0 + 1e-12)), rate);
        }
        assert_eq!(rate_hz(3.0), 1e3 / 3.0);
        assert!((rate_hz(0.040_96) - 24_414.062_5).abs() < 1e-10);
        assert!(rate_hz(f64::NAN).is_nan() && rate_hz(0.0).is_infinite());
    }
}
