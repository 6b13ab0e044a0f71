#![allow(clippy::unwrap_used)]
use super::*;

fn frequencies() -> Vec<f64> {
    (0..197).map(|i| 1.0 + 0.25 * f64::from(i)).collect()
}

fn spectrum(log_power: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
    let power = frequencies().iter().map(|f| 10_f64.powf(log_power(*f))).collect();
    (frequencies(), power)
}

fn gaussian(f: f64, center: f64, height: f64, width: f64) -> f64 {
    height * (-(f - center).powi(2) / (2.0 * width * width)).exp()
}

#[test]
fn a_line_has_its_parameters_and_no_peaks() {
    for definition in [Definition::Converged, Definition::Fooof, Definition::Specparam] {
        let (f, p) = spectrum(|f| 1.0 - 1.2 * f.log10());
        let found = fit(&f, &p, &Settings { definition, ..Settings::default() }).unwrap();
        assert!((found.offset - 1.0).abs() < 1e-13 && (found.exponent - 1.2).abs() < 1e-13, "{found:?}");
        assert_eq!((found.peaks.len(), found.knee), (0, None));
        assert!((found.r_squared - 1.0).abs() < 1e-12 && found.mae < 1e-14);
        assert_eq!(found.fitted_hz, (1.0, 50.0));
    }
}

#[test]
fn a_knee_is_found() {
    let (f, p) = spectrum(|f| 2.0 - (60.0 + f.powf(2.2)).log10());
    let settings = Settings { aperiodic: Aperiodic::Knee, ..Settings::default() };
    let found = fit(&f, &p, &settings).unwrap();
    assert!((found.offset - 2.0).abs() < 1e-7 && (found.exponent - 2.2).abs() < 1e-7, "{found:?}");
    assert!((found.knee.unwrap() - 60.0).abs() < 1e-5, "{found:?}");
    // A line is a knee of 0.
    let (f, p) = spectrum(|f| 2.0 - 1.5 * f.log10());
    let found = fit(&f, &p, &settings).unwrap();
    assert!(found.knee.unwrap().abs() < 1e-9 && (found.exponent - 1.5).abs() < 1e-9, "{found:?}");
}

#[test]
fn peaks_that_bend_no_line_are_found_exactly() {
    // The first fit of the line is lifted by peaks, so their sum is exact only where the rest is fitted without them.
    let (f, p) = spectrum(|f| 0.5 - f.log10() + gaussian(f, 10.1, 0.8, 1.2) + gaussian(f, 30.4, 0.4, 2.0));
    let found = fit(&f, &p, &Settings::default()).unwrap();
    let strong: Vec<&Peak> = found.peaks.iter().filter(|peak| peak.power > 0.1).collect();
    assert_eq!(strong.len(), 2, "{found:?}");
    assert!((strong[0].center_frequency_hz - 10.1).abs() < 0.02 && (strong[0].bandwidth_hz - 2.4).abs() < 0.1);
    assert!((strong[1].center_frequency_hz - 30.4).abs() < 0.05 && (strong[1].power - 0.4).abs() < 0.05);
    assert!((found.exponent - 1.0).abs() < 0.02 && found.r_squared > 0.999, "{found:?}");
    let one = fit(&f, &p, &Settings { max_peaks: Some(1), ..Settings::default() }).unwrap();
    assert_eq!(one.peaks.len(), 1);
    let high = fit(&f, &p, &Settings { min_peak_height: 0.6, ..Settings::default() }).unwrap();
    assert_eq!(high.peaks.len(), 1);
    let range = fit(&f, &p, &Settings { frequency_range_hz: Some((20.0, 99.0)), ..Settings::default() }).unwrap();
    assert_eq!(range.fitted_hz, (20.0, 50.0));
}

#[test]
fn a_wide_peak_starts_wide_but_for_specparam() {
    let (f, p) = spectrum(|f| 1.0 - f.log10() + gaussian(f, 25.0, 1.0, 5.0));
    let of = |definition| {
        let settings =
            Settings { definition, peak_width_limits_hz: (0.5, 4.0), max_peaks: Some(1), ..Settings::default() };
        fit(&f, &p, &settings).unwrap()
    };
    assert!((of(Definition::Converged).peaks[0].bandwidth_hz - 4.0).abs() < 1e-6);
    assert!(of(Definition::Converged).r_squared >= of(Definition::Specparam).r_squared - 1e-9);
}

#[test]
fn flat_short_and_broken_spectra() {
    let settings = Settings::default();
    let (f, p) = spectrum(|_| 0.7);
    let flat = fit(&f, &p, &settings).unwrap();
    assert!(flat.r_squared.is_nan() && flat.exponent.abs() < 1e-14 && flat.peaks.is_empty(), "{flat:?}");
    let told = |f: &[f64], p: &[f64]| fit(f, p, &settings).unwrap_err().to_string();
    assert!(told(&[], &[]).starts_with("0 of the bins"));
    assert!(told(&[1.0], &[1.0]).starts_with("1 of the bins"));
    assert!(told(&[0.0, 1.0, 2.0, 3.0, 4.0], &[1.0; 5]).starts_with("4 of the bins"));
    assert!(told(&f, &[0.0; 197]).starts_with("0 of the bins"));
    assert!(told(&f, &[f64::NAN; 197]).starts_with("0 of the bins"));
    assert!(told(&f, &p[1..]).starts_with("197 frequencies and 196 powers"));
    for (bad, text) in [(0.0, "is 0;"), (f64::NAN, "is NaN;"), (f64::INFINITY, "is inf;"), (-1.0, "is -1;")] {
        let mut holed = p.clone();
        holed[8] = bad;
        assert!(told(&f, &holed).starts_with("the power at 3 Hz") && told(&f, &holed).contains(text), "{bad}");
    }
    let mut uneven = f.clone();
    uneven[100] += 0.1;
    assert!(told(&uneven, &p).contains("steps must be equal"));
    // At the ends bins without power are left out.
    let (f, mut p) = spectrum(|f| 1.0 - 1.2 * f.log10());
    (p[0], p[196]) = (0.0, 0.0);
    let found = fit(&f, &p, &settings).unwrap();
    assert!((found.exponent - 1.2).abs() < 1e-12);
    assert_eq!(found.fitted_hz, (1.25, 49.75));
}

#[test]
fn a_long_spectrum_is_fitted() {
    let f: Vec<f64> = (1..=100_000).map(|i| 0.01 * f64::from(i)).collect();
    let p: Vec<f64> = f.iter().map(|f| 10_f64.powf(2.0 - f.log10() + gaussian(*f, 100.0, 1.0, 3.0))).collect();
    let settings = Settings { frequency_range_hz: Some((2.0, 500.0)), ..Settings::default() };
    let found = fit(&f, &p, &settings).unwrap();
    assert!((found.exponent - 1.0).abs() < 0.02 && !found.peaks.is_empty(), "{found:?}");
}
