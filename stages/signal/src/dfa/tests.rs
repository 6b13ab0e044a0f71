#![allow(clippy::unwrap_used)]
use super::*;

/// Uniform numbers without correlations.
pub(crate) fn noise(len: usize) -> Vec<f64> {
    let mut state = 7_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    (0..len).map(|_| draw()).collect()
}

fn of(fit_s: [f64; 2]) -> DfaPlan {
    DfaPlan::new(&Dfa::new(fit_s), 100.0).unwrap()
}

/// Window by window.
fn plainly(series: &[f64], size: usize, step: usize, last: bool) -> (f64, usize) {
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let mut sum = 0.0;
    let profile: Vec<f64> = series
        .iter()
        .map(|x| {
            sum += x - mean;
            sum
        })
        .collect();
    let (mut all, mut count) = (0.0, 0);
    let mut start = 0;
    while start + size <= series.len() - usize::from(!last) {
        let window = &profile[start..start + size];
        let x: Vec<f64> = (0..size).map(|i| i as f64).collect();
        let (slope, intercept, _) = line(&x, window);
        let square = window.iter().zip(&x).map(|(y, x)| (y - intercept - slope * x).powi(2)).sum::<f64>();
        all += (square / size as f64).sqrt();
        count += 1;
        start += step;
    }
    (all / f64::from(count), count as usize)
}

#[test]
fn fluctuations_are_those_of_each_window_and_the_last_one_counts() {
    // Windows of 100 at 100 Hz end exactly with 2000 values.
    let series = noise(2000);
    for (definition, last) in [(Definition::Hardstone, true), (Definition::Ncpi, false)] {
        for overlap in [0.0, 0.5, 0.75] {
            let dfa = Dfa { overlap, definition, ..Dfa::new([0.5, 5.0]) };
            let scaling = DfaPlan::new(&dfa, 100.0).unwrap().run(&series);
            for point in &scaling.fluctuations {
                let step = (point.size as f64 * (1.0 - overlap)).floor() as usize;
                let (expected, windows) = plainly(&series, point.size, step, last);
                assert_eq!(point.windows, windows, "{}", point.size);
                assert!((point.fluctuation - expected).abs() < 1e-10 * expected);
            }
            let exactly = scaling.fluctuations.iter().find(|point| point.size == 100).unwrap();
            assert!(overlap > 0.0 || exactly.windows == if last { 20 } else { 19 });
        }
    }
}

#[test]
fn noise_has_one_half_and_its_sum_three() {
    let white = noise(60_000);
    let scaling = of([0.3, 30.0]).run(&white);
    assert!((scaling.exponent - 0.5).abs() < 0.03 && scaling.r_squared > 0.99, "{scaling:?}");
    let mut sum = 0.0;
    let brown: Vec<f64> = white
        .iter()
        .map(|x| {
            sum += x - 0.5;
            sum
        })
        .collect();
    let scaling = of([0.3, 30.0]).run(&brown);
    assert!((scaling.exponent - 1.5).abs() < 0.06, "{scaling:?}");
    // The intercept is log10 F at windows of one sample.
    let first = scaling.fluctuations[0];
    let line = scaling.intercept + scaling.exponent * (first.size as f64).log10();
    assert!((line - first.fluctuation.log10()).abs() < 0.1);
}

#[test]
fn scale_moves_the_intercept_alone_and_an_offset_nothing() {
    let white = noise(6000);
    let plan = of([0.3, 10.0]);
    let (plain, scaled) = (plan.run(&white), plan.run(&white.iter().map(|x| 1e3 * x - 1e7).collect::<Vec<_>>()));
    assert!((plain.exponent - scaled.exponent).abs() < 1e-6);
    assert!((plain.intercept + 3.0 - scaled.intercept).abs() < 1e-6);
}

#[test]
fn what_is_undefined_says_why() {
    let plan = of([1.0, 5.0]);
    let cases: [(Vec<f64>, Undefined); 7] = [
        (vec![], Undefined::Short { len: 0, window: 501 }),
        (vec![1.0], Undefined::Short { len: 1, window: 501 }),
        (vec![1.0, 2.0], Undefined::Short { len: 2, window: 501 }),
        (noise(500), Undefined::Short { len: 500, window: 501 }),
        (vec![0.1; 3000], Undefined::Constant),
        ([noise(2000), vec![f64::NAN; 3], noise(500)].concat(), Undefined::Missing { count: 3, len: 2503 }),
        ([noise(2000), vec![f64::INFINITY]].concat(), Undefined::Missing { count: 1, len: 2001 }),
    ];
    for (series, why) in cases {
        let mut fit = plan.clone();
        if let Undefined::Short { .. } = why {
            fit = of([1.0, 5.02]);
        }
        let scaling = fit.run(&series);
        assert_eq!(scaling.undefined, Some(why));
        assert!(scaling.exponent.is_nan() && scaling.intercept.is_nan() && scaling.r_squared.is_nan());
    }
    // What fits into a short series is told, the line is not fitted to it.
    let short = of([1.0, 5.02]).run(&noise(300));
    assert!(short.fluctuations.iter().any(|point| point.size == 100) && short.exponent.is_nan());
    // A window as long as the series is a window, for ncpi it is none.
    assert!(of([1.0, 5.02]).run(&noise(501)).exponent.is_finite());
    let ncpi = Dfa { definition: Definition::Ncpi, ..Dfa::new([1.0, 5.02]) };
    assert!(DfaPlan::new(&ncpi, 100.0).unwrap().run(&noise(501)).exponent.is_nan());
    let zeros = of([1.0, 5.0]).run(&[0.0; 3000]);
    assert_eq!(zeros.undefined, Some(Undefined::Constant));
}

#[test]
fn a_million_values_have_an_exponent() {
    let scaling = of([1.0, 30.0]).run(&noise(1_000_000));
    assert!((scaling.exponent - 0.5).abs() < 0.01, "{scaling:?}");
}

#[test]
fn a_size_that_was_rounded_down_belongs_to_the_fit() {
    // 3.162 s are 790.5 samples at 250 Hz, of which the grid has 790.
    let plan = DfaPlan::new(&Dfa::new([3.162, 30.0]), 250.0).unwrap();
    assert_eq!(plan.sizes[0], 790);
    // 10 % below is none of it.
    let plan = DfaPlan::new(&Dfa::new([3.0, 30.0]), 250.0).unwrap();
    assert_eq!(plan.sizes[0], 790);
    let wider = Dfa { computed_s: Some([1.0, 50.0]), ..Dfa::new([3.162, 30.0]) };
    let plan = DfaPlan::new(&wider, 250.0).unwrap();
    assert_eq!((plan.sizes[0], plan.sizes[plan.fitted.start], *plan.sizes.last().unwrap()), (250, 790, 11_167));
    assert_eq!(plan.longest_in_fit(), 7045);
    // Intervals of 1 / 600 s are not exact.
    let inexact = 1e3 / (1e3 / 600.0 + 1e-13);
    let of = |rate_hz| DfaPlan::new(&Dfa::new([1.0, 30.0]), rate_hz).unwrap();
    assert_eq!(of(inexact), of(600.0));
}

#[test]
fn bands_have_the_fit_of_their_lower_edge() {
    let bands = bands_hz();
    assert_eq!(bands[0], [1.0, 4.0]);
    assert!((bands[4][0] - 8.257_835_834_666_736).abs() < 1e-12 && (bands[15][1] - 150.0).abs() < 1e-12);
    for (band, lower) in bands.iter().zip(LOWER_FITS_S) {
        assert_eq!(default_fit_s(band[0]), [lower, 30.0], "{band:?}");
        assert_eq!(default_fit_s((band[0] * 100.0).round() / 100.0), [lower, 30.0], "{band:?}");
    }
    assert_eq!(
        (default_fit_s(0.5), default_fit_s(8.0), default_fit_s(300.0)),
        ([5.0, 30.0], [3.981, 30.0], [0.1, 30.0])
    );
}

#[test]
fn what_cannot_be_analysed_is_told() {
    let of = |dfa: Dfa, rate_hz| DfaPlan::new(&dfa, rate_hz).unwrap_err().to_string();
    let fit = Dfa::new;
    assert!(of(fit([30.0, 1.0]), 100.0).contains("from 30 to 1 s; it must rise and lie within 0.1 to 1000 s"));
    assert!(of(fit([0.01, 1.0]), 100.0).contains("from 0.01 to 1 s"));
    assert!(of(fit([f64::NAN, 1.0]), 100.0).contains("from NaN to 1 s"));
    assert!(of(fit([1.0, 1.1]), 100.0).starts_with("1 window sizes lie in the fit interval from 1 to 1.1 s at 100 Hz"));
    assert!(of(fit([0.1, 0.2]), 10.0).starts_with("0 window sizes"));
    assert!(of(Dfa { overlap: 1.0, ..fit([1.0, 30.0]) }, 100.0).contains("an overlap of 1;"));
    assert!(of(Dfa { overlap: -0.1, ..fit([1.0, 30.0]) }, 100.0).contains("an overlap of -0.1;"));
    let narrow = Dfa { computed_s: Some([2.0, 30.0]), ..fit([1.0, 30.0]) };
    assert!(of(narrow, 100.0).contains("from 1 to 30 s does not lie within the computed one from 2 to 30 s"));
    assert!(of(fit([1.0, 30.0]), 0.0).contains("rate_hz is 0 Hz"));
}
