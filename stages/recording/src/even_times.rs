//! Times that go on in equal steps, and the rate that they say.

/// What a list of times in seconds says, where they are even.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct EvenTimes {
    pub(crate) start_s: f64,
    /// `None` of a single time.
    pub(crate) rate_hz: Option<f64>,
}

/// The start and the rate of times; `None` where one is more than a quarter of a step from where it belongs, so that no gap of half a step is overlooked.
///
/// A rate next to a whole number is that number: times are rounded.
pub(crate) fn even_times(times: &[f64]) -> Option<EvenTimes> {
    const LEEWAY: f64 = 0.25;
    const ROUNDED: f64 = 1e-9;
    let (&first, &last) = (times.first()?, times.last()?);
    if !(first.is_finite() && last.is_finite()) {
        return None;
    }
    if times.len() == 1 {
        return Some(EvenTimes { start_s: first, rate_hz: None });
    }
    let step = (last - first) / (times.len() - 1) as f64;
    let is_even = |(number, &time): (usize, &f64)| (time - first - number as f64 * step).abs() < LEEWAY * step;
    if !(step > 0.0 && step.is_finite() && times.iter().enumerate().all(is_even)) {
        return None;
    }
    let rate_hz = 1.0 / step;
    let whole = rate_hz.round();
    let rate_hz = if whole > 0.0 && (rate_hz / whole - 1.0).abs() < ROUNDED { whole } else { rate_hz };
    Some(EvenTimes { start_s: first, rate_hz: Some(rate_hz) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_times_have_the_rate_that_was_meant_and_gaps_none() {
        let at = |rate: f64| (0..300).map(|n| 10.0 + f64::from(n) / rate).collect::<Vec<f64>>();
        assert_eq!(even_times(&at(50.0)), Some(EvenTimes { start_s: 10.0, rate_hz: Some(50.0) }));
        let third = even_times(&at(1000.0 / 3.0)).unwrap().rate_hz.unwrap();
        assert!((third * 3.0 / 1000.0 - 1.0).abs() < 1e-12);
        assert_eq!(even_times(&[2.0]), Some(EvenTimes { start_s: 2.0, rate_hz: None }));

        let mut gap = at(50.0);
        gap[150..].iter_mut().for_each(|time| *time += 0.02);
        assert_eq!(even_times(&gap), None);
        for times in [&[][..], &[1.0, 1.0], &[2.0, 1.0], &[0.0, f64::NAN, 2.0], &[f64::INFINITY], &[0.0, f64::NAN]] {
            assert_eq!(even_times(times), None, "{times:?}");
        }
    }
}
