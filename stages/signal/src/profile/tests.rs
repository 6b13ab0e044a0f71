use proptest::prelude::*;

use super::*;

fn noise(len: usize) -> Vec<f64> {
    (0..len as u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5).collect()
}

fn plainly(series: &[f64], window: Range<usize>) -> f64 {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let profile: Vec<f64> = (1..=series.len()).map(|i| series[..i].iter().map(|x| x - mean).sum()).collect();
    summed_residuals(&profile[window])
}

proptest! {
    #[test]
    fn sums_of_blocks_are_the_residuals(
        series in prop::collection::vec(-1.0..3.0, 5..400),
        ends in (0.0..1.0, 0.0..1.0),
        smooth in 1_usize..40,
    ) {
        let smoothed: Vec<f64> = (0..series.len())
            .map(|i| series[i.saturating_sub(smooth)..=i].iter().sum::<f64>())
            .collect();
        let place = |part: f64| (part * (series.len() + 1) as f64) as usize;
        let (start, end) = (place(ends.0).min(place(ends.1)), place(ends.0).max(place(ends.1)));
        prop_assume!(start < end);
        let expected = plainly(&smoothed, start..end);
        let got = Profile::of(&smoothed).squared_residuals(start..end);
        // The plain profile has rounding errors of its own.
        prop_assert!((got - expected).abs() <= 1e-10 * expected.max(1e-9), "{got} != {expected}");
    }
}

#[test]
fn every_window_of_a_long_series_is_right() {
    let series = noise(700);
    let profile = Profile::of(&series);
    for start in (0..700).step_by(7) {
        for len in [1, 2, 3, 5, 63, 64, 65, 128, 200, 700] {
            if start + len <= 700 {
                let expected = plainly(&series, start..start + len);
                let got = profile.squared_residuals(start..start + len);
                assert!((got - expected).abs() <= 1e-11 * expected.max(1e-6), "{start} {len}: {got} != {expected}");
            }
        }
    }
}

#[test]
fn next_to_a_line_residuals_are_summed_up() {
    // A profile of half a turn of a slow wave: windows of 10 are almost lines.
    let series: Vec<f64> = (0..20_000).map(|i| 50.0 + (f64::from(i) * 1e-4).cos()).collect();
    let profile = Profile::of(&series);
    let plain: Vec<f64> = {
        let mean = mean(&series);
        let mut sum = 0.0;
        series
            .iter()
            .map(|x| {
                sum += x - mean;
                sum
            })
            .collect()
    };
    for start in (0..19_000).step_by(997) {
        let (expected, got) =
            (summed_residuals(&plain[start..start + 10]), profile.squared_residuals(start..start + 10));
        assert!((got - expected).abs() < 1e-8 * expected, "{start}: {got} != {expected}");
        assert!(got > 0.0 && got < 1e-5);
    }
}

#[test]
fn an_offset_of_any_size_makes_no_difference() {
    let series = noise(3000);
    let raised: Vec<f64> = series.iter().map(|x| x + 1e6).collect();
    let (plain, raised) = (Profile::of(&series), Profile::of(&raised));
    for start in (0..2900).step_by(91) {
        let (a, b) = (plain.squared_residuals(start..start + 100), raised.squared_residuals(start..start + 100));
        assert!((a - b).abs() < 1e-6 * a, "{start}: {a} != {b}");
    }
}
