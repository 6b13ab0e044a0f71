#![allow(clippy::unwrap_used)]
use super::*;

const RATE: f64 = 100.0;

/// An envelope whose fluctuations grow with its amplitude, to a degree.
fn envelope(len: usize) -> Vec<f64> {
    let mut state = 3_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    (0..len).map(|i| (2.0 + (i as f64 * 2e-3).sin()) * (0.5 + draw())).collect()
}

fn of(options: &FeiOptions) -> FeiPlan {
    FeiPlan::new(options, RATE).unwrap()
}

fn plan() -> FeiPlan {
    of(&FeiOptions::default())
}

/// Amplitude and fluctuation of a window, term by term.
fn plainly(series: &[f64], start: usize, len: usize) -> (f64, f64) {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let mut sum = 0.0;
    let profile: Vec<f64> = series
        .iter()
        .map(|x| {
            sum += x - mean;
            sum
        })
        .collect();
    let amplitude = series[start..start + len].iter().sum::<f64>() / len as f64;
    let y: Vec<f64> = profile[start..start + len].iter().map(|y| y / amplitude).collect();
    let middle = (len - 1) as f64 / 2.0;
    let level = y.iter().sum::<f64>() / len as f64;
    let slope = y.iter().enumerate().map(|(i, y)| (i as f64 - middle) * y).sum::<f64>()
        / (0..len).map(|i| (i as f64 - middle).powi(2)).sum::<f64>();
    let rest = y.iter().enumerate().map(|(i, y)| (y - level - slope * (i as f64 - middle)).powi(2)).sum::<f64>();
    (amplitude, (rest / len as f64).sqrt())
}

#[test]
fn windows_begin_every_fifth_of_them_and_the_last_ends_with_the_series() {
    let series = envelope(3000);
    let windows = plan().windows(&series);
    assert_eq!(windows.amplitude.len(), 26);
    for (number, (amplitude, fluctuation)) in windows.amplitude.iter().zip(&windows.fluctuation).enumerate() {
        let expected = plainly(&series, 100 * number, 500);
        assert!((amplitude - expected.0).abs() < 1e-12 * expected.0);
        assert!((fluctuation - expected.1).abs() < 1e-10 * expected.1);
    }
    // In floating point 500 (1 - 0.8) is less than 100.
    let ncpi = of(&FeiOptions { definition: Definition::Ncpi, ..FeiOptions::default() }).windows(&series);
    assert_eq!(ncpi.amplitude.len(), 26);
    assert!((ncpi.amplitude[1] - plainly(&series, 99, 500).0).abs() < 1e-12);
    // A window that ends exactly with the series.
    let side_by_side = FeiOptions { overlap: 0.0, ..FeiOptions::default() };
    assert_eq!(of(&side_by_side).windows(&series).amplitude.len(), 6);
    let ncpi = FeiOptions { definition: Definition::Ncpi, ..side_by_side };
    assert_eq!(of(&ncpi).windows(&series).amplitude.len(), 5);
}

#[test]
fn the_ratio_is_one_less_the_correlation() {
    let series = envelope(20_000);
    let windows = plan().windows(&series);
    let n = windows.amplitude.len() as f64;
    let moment = |a: &[f64], b: &[f64]| {
        let (a_mean, b_mean) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
        a.iter().zip(b).map(|(a, b)| (a - a_mean) * (b - b_mean)).sum::<f64>()
    };
    let (a, f) = (&windows.amplitude, &windows.fluctuation);
    let expected = 1.0 - moment(a, f) / (moment(a, a) * moment(f, f)).sqrt();
    let ratio = plan().run(&series, 0.7);
    assert!((ratio.fei - expected).abs() < 1e-12, "{ratio:?} {expected}");
    assert!(ratio.fei > 0.0 && ratio.fei < 2.0 && ratio.undefined.is_none());
    // It is a ratio: the unit does not matter.
    let scaled: Vec<f64> = series.iter().map(|x| 1e6 * x).collect();
    assert!((plan().run(&scaled, 0.7).fei - expected).abs() < 1e-10);
}

#[test]
fn windows_that_are_outliers_are_left_out_and_counted_once() {
    let mut series = envelope(20_000);
    series[10_000..10_250].iter_mut().enumerate().for_each(|(i, x)| *x *= if i % 100 < 50 { 30.0 } else { 1.0 });
    let side_by_side = FeiOptions { overlap: 0.0, ..FeiOptions::default() };
    let ratio = of(&side_by_side).run(&series, 0.7);
    // An amplitude and a fluctuation that are far off, both of the same window.
    assert_eq!(ratio.outliers, 1, "{ratio:?}");
    let ncpi = of(&FeiOptions { definition: Definition::Ncpi, ..side_by_side }).run(&series, 0.7);
    assert_eq!(ncpi.outliers, 2, "{ncpi:?}");
    assert!((ratio.fei - ratio.without_outliers).abs() > 0.1, "{ratio:?}");
    // Without outliers both are the same number.
    let plain = of(&side_by_side).run(&envelope(20_000), 0.7);
    assert_eq!((plain.outliers, plain.fei), (0, plain.without_outliers));
}

#[test]
fn what_is_undefined_says_why() {
    let why = |series: &[f64], exponent| {
        let ratio = plan().run(series, exponent);
        assert!(ratio.fei.is_nan() && ratio.without_outliers.is_nan(), "{ratio:?}");
        ratio.undefined.unwrap()
    };
    for (len, windows) in [(0, 0), (1, 0), (2, 0), (499, 0), (500, 1), (600, 2)] {
        assert_eq!(why(&envelope(len), 0.7), Undefined::Short { len, window: 500, windows });
    }
    let mut series = envelope(3000);
    assert_eq!(why(&series, 0.6), Undefined::NotCritical { exponent: 0.6, threshold: 0.6 });
    assert_eq!(why(&series, f64::NAN), Undefined::NoExponent);
    assert!(of(&FeiOptions { threshold: None, ..FeiOptions::default() }).run(&series, f64::NAN).fei.is_finite());
    series[7] = f64::NAN;
    series[8] = f64::INFINITY;
    assert_eq!(why(&series, 0.7), Undefined::Missing { count: 2, len: 3000 });
    let mut series = envelope(3000);
    series[70] = -0.5;
    assert_eq!(why(&series, 0.7), Undefined::Negative { index: 70, value: -0.5 });
    assert_eq!(why(&[3.3; 3000], 0.7), Undefined::Constant);
    let mut series = envelope(3000);
    series[1000..2000].fill(0.0);
    assert_eq!(why(&series, 0.7), Undefined::Silent);
}

#[test]
fn a_million_values_have_a_ratio() {
    let ratio = plan().run(&envelope(1_000_000), 0.7);
    assert_eq!((ratio.windows, ratio.undefined), (9996, None));
}

#[test]
fn what_cannot_be_computed_is_told() {
    let of = |options: FeiOptions| FeiPlan::new(&options, RATE).unwrap_err().to_string();
    let options = FeiOptions::default;
    assert!(of(FeiOptions { window_s: 0.03, ..options() }).contains("a window of 0.03 s has 3 samples at 100 Hz"));
    assert!(of(FeiOptions { window_s: f64::NAN, ..options() }).contains("a window of NaN s"));
    assert!(of(FeiOptions { overlap: 1.0, ..options() }).contains("an overlap of 1;"));
    assert!(FeiPlan::new(&options(), -1.0).unwrap_err().to_string().contains("rate_hz is -1 Hz"));
}
