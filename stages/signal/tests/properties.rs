//! What holds for every series.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::f64::consts::TAU;

use lapicque_signal::catch22::{Catch22, Definitions, Feature, Options, Undefined, catch24};
use lapicque_signal::decimate::{decimate, decimate_as_scipy};
use lapicque_signal::epochs::z_score;
use lapicque_signal::resample::{reach, resample_by, resample_by_as_scipy};
use proptest::collection::vec;
use proptest::num::f64::{ANY, NORMAL};
use proptest::prelude::*;

type Filter<'a> = dyn Fn(&[f64]) -> Vec<f64> + 'a;

fn options(definitions: Definitions, undefined: Undefined) -> Options {
    Options { definitions, undefined, normalize: false }
}

proptest! {
    #[test]
    fn catch24_survives_any_bits(series in vec(ANY, 0..150)) {
        for definitions in [Definitions::V0, Definitions::V1] {
            catch24(&series, options(definitions, Undefined::Nan));
            catch24(&series, options(definitions, Undefined::Mask));
        }
    }

    #[test]
    fn masks_leave_no_holes_and_change_nothing_else(series in vec(-1e3..1e3, 2..150)) {
        let plain = catch24(&series, options(Definitions::V1, Undefined::Nan));
        let masked = catch24(&series, options(Definitions::V1, Undefined::Mask));
        for feature in Feature::ALL {
            prop_assert!(masked.get(feature).is_finite(), "{feature:?}");
            prop_assert_eq!(masked.is_masked(feature), plain.get(feature).is_nan());
            prop_assert!(masked.is_masked(feature) || masked.get(feature) == plain.get(feature));
        }
    }

    #[test]
    fn filters_survive_any_bits_and_are_linear(
        wild in vec(ANY | NORMAL, 0..80),
        a in vec(-1.0..1.0, 60),
        b in vec(-1.0..1.0, 60),
        up in 1_u32..12,
        down in 1_u32..12,
    ) {
        let length = (wild.len() * up as usize).div_ceil(down as usize);
        // Cancelling leaves the length as it is.
        prop_assert_eq!(resample_by(&wild, up, down).unwrap().len(), length);
        prop_assert_eq!(resample_by_as_scipy(&wild, up, down).unwrap().len(), length);
        prop_assert_eq!(decimate(&wild, down as usize).unwrap().len(), wild.len().div_ceil(down as usize));
        prop_assert_eq!(decimate_as_scipy(&wild, down as usize).is_ok(), wild.len() >= 28 || down == 1);
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - 2.0 * b).collect();
        let filters: [&Filter; 4] = [
            &|series| resample_by(series, up, down).unwrap(),
            &|series| resample_by_as_scipy(series, up, down).unwrap(),
            &|series| decimate(series, down as usize).unwrap(),
            &|series| decimate_as_scipy(series, down as usize).unwrap(),
        ];
        for filter in filters {
            for ((sum, a), b) in filter(&sum).into_iter().zip(filter(&a)).zip(filter(&b)) {
                prop_assert!((sum - (a - 2.0 * b)).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn lines_are_kept(
        line in line(),
        len in prop_oneof![2_usize..40, 2_usize..3000],
        factor in prop_oneof![1_usize..20, 1_usize..4000],
        up in prop_oneof![1_u32..12, 1_u32..700],
        down in prop_oneof![1_u32..12, 1_u32..700],
    ) {
        let series: Vec<f64> = (0..len).map(|i| line.at(i as f64)).collect();
        let size = largest(&series);
        for (k, y) in decimate(&series, factor).unwrap().into_iter().enumerate() {
            prop_assert!((y - line.at((k * factor) as f64)).abs() <= 1e-9 * size);
        }
        for (k, y) in resample_by(&series, up, down).unwrap().into_iter().enumerate() {
            let t = k as f64 * f64::from(down) / f64::from(up);
            // The last values lie beyond the last sample, and on the line as well.
            prop_assert!((y - line.at(t)).abs() <= 1e-9 * size.max(line.at(t).abs()), "{k}: {y}");
        }
    }

    #[test]
    fn a_line_on_a_signal_comes_out_as_it_went_in(
        line in line(),
        series in vec(-1.0..1.0, 2..400),
        factor in 1_usize..30,
        up in 1_u32..12,
        down in 1_u32..12,
    ) {
        let with_line: Vec<f64> = series.iter().enumerate().map(|(i, x)| x + line.at(i as f64)).collect();
        let size = largest(&with_line).max(1.0);
        let filters: [(&Filter, f64); 2] = [
            (&|series| decimate(series, factor).unwrap(), factor as f64),
            (&|series| resample_by(series, up, down).unwrap(), f64::from(down) / f64::from(up)),
        ];
        for (filter, step) in filters {
            for (k, (with, without)) in filter(&with_line).into_iter().zip(filter(&series)).enumerate() {
                let expected = without + line.at(k as f64 * step);
                prop_assert!((with - expected).abs() <= 1e-9 * size, "{k}: {with} != {expected}");
            }
        }
    }

    #[test]
    fn resampling_is_what_its_formula_says(
        series in vec(-1.0..1.0, 2..60),
        up in 1_u32..9,
        down in 1_u32..9,
    ) {
        prop_assume!(up != down);
        let continued = continued(&series);
        let n = series.len();
        let line = |t: f64| series[0] + (series[n - 1] - series[0]) * t / (n - 1) as f64;
        let resampled = resample_by(&series, up, down).unwrap();
        for (k, y) in resampled.into_iter().enumerate() {
            let t = k as f64 * f64::from(down) / f64::from(up);
            let reach = reach(up, down);
            let (mut sum, mut weights) = (0.0, 0.0);
            for i in (t - reach).ceil() as i64..=(t + reach).floor() as i64 {
                let distance = t - i as f64;
                // In samples of the lower rate.
                let weight = sinc(10.0 * distance / reach) * kaiser(distance / reach);
                sum += weight * (continued(i) - line(i as f64));
                weights += weight;
            }
            let expected = line(t) + sum / weights;
            prop_assert!((y - expected).abs() < 1e-9, "{k}: {y} != {expected}");
        }
    }

    #[test]
    fn decimation_is_what_its_gains_say(series in vec(-1.0..1.0, 112..200), factor in 2_usize..15) {
        let n = series.len();
        let continued = continued(&series);
        let line = |i: f64| series[0] + (series[n - 1] - series[0]) * i / (n - 1) as f64;
        let decimated = decimate(&series, factor).unwrap();
        // What is left of the line has the period 2 (n - 1): a sum of sines, each with its gain.
        let period = 2 * (n - 1);
        let rest: Vec<f64> = (0..period).map(|i| continued(i as i64) - line(i as f64)).collect();
        let angle = |m: usize, i: usize| TAU * (m * i % period) as f64 / period as f64;
        let amplitude = |m: usize| {
            let products = rest.iter().enumerate().map(|(i, r)| r * angle(m, i).sin());
            products.sum::<f64>() / (n - 1) as f64 * gain(TAU * m as f64 / period as f64, factor)
        };
        let amplitudes: Vec<f64> = (1..n - 1).map(amplitude).collect();
        for (k, y) in decimated.into_iter().enumerate() {
            let i = k * factor;
            let sines = amplitudes.iter().enumerate().map(|(m, a)| a * angle(m + 1, i).sin());
            let expected = line(i as f64) + sines.sum::<f64>();
            prop_assert!((y - expected).abs() < 1e-8, "{k}: {y} != {expected}");
        }
    }

    #[test]
    fn z_scores_have_mean_zero_and_spread_one(series in vec(-1.0..1.0, 2..100), offset in -1e9..1e9) {
        let mut scaled: Vec<f64> = series.iter().map(|x| x + offset).collect();
        prop_assume!(scaled.iter().any(|x| *x != scaled[0]));
        z_score(&mut scaled);
        let n = scaled.len() as f64;
        prop_assert!((scaled.iter().sum::<f64>() / n).abs() < 1e-9);
        prop_assert!((scaled.iter().map(|z| z * z).sum::<f64>() / n - 1.0).abs() < 1e-9);
    }
}

/// offset + slope t, up to a million million of one and hardly any of the other.
#[derive(Debug, Clone, Copy)]
struct Line {
    offset: f64,
    slope: f64,
}

impl Line {
    fn at(self, t: f64) -> f64 {
        self.offset + self.slope * t
    }
}

fn line() -> impl Strategy<Value = Line> {
    let size = || (-12_i32..13, -10.0..10.0).prop_map(|(exponent, factor): (i32, f64)| factor * 10_f64.powi(exponent));
    (size(), prop_oneof![Just(0.0), size()]).prop_map(|(offset, slope)| Line { offset, slope })
}

fn largest(series: &[f64]) -> f64 {
    series.iter().fold(0.0, |largest, x| largest.max(x.abs()))
}

/// A series reflected through its end points, again and again, one reflection at a time.
fn continued(series: &[f64]) -> impl Fn(i64) -> f64 + '_ {
    let last = series.len() as i64 - 1;
    move |place| {
        let (mut place, mut sign, mut level) = (place, 1.0, 0.0);
        loop {
            if place < 0 {
                level += sign * 2.0 * series[0];
                (place, sign) = (-place, -sign);
            } else if place > last {
                level += sign * 2.0 * series[last as usize];
                (place, sign) = (2 * last - place, -sign);
            } else {
                return level + sign * series[place as usize];
            }
        }
    }
}

/// Of both passes at an angular frequency (radians per sample), 1 at 0: a Chebyshev polynomial of degree 8.
fn gain(frequency: f64, factor: usize) -> f64 {
    let ripple = 10_f64.powf(0.005) - 1.0;
    let edge = std::f64::consts::PI * 0.8 / factor as f64;
    let x = (0.5 * frequency).tan() / (0.5 * edge).tan();
    let chebyshev = if x <= 1.0 { (8.0 * x.acos()).cos() } else { (8.0 * x.acosh()).cosh() };
    (1.0 + ripple) / (1.0 + ripple * chebyshev * chebyshev)
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
}

/// Kaiser window of beta 5, not normalised.
fn kaiser(place: f64) -> f64 {
    let argument = 5.0 * (1.0 - place * place).max(0.0).sqrt();
    let mut term = 1.0;
    (1..40).fold(1.0, |sum, k| {
        term *= (0.5 * argument / f64::from(k)).powi(2);
        sum + term
    })
}

/// A workspace can be made on one thread and used on another.
#[test]
fn workspaces_can_be_sent() {
    fn assert_send<T: Send>(_: &T) {}
    assert_send(&Catch22::new(Options::default()));
}
