use proptest::prelude::*;

use super::*;

fn wave(i: usize) -> f64 {
    (i as f64 * 0.7).sin() + 0.3 * (i as f64 * 2.3).cos()
}

/// By the normal equations on powers of t from -1 to 1, solved by elimination.
#[allow(clippy::needless_range_loop, reason = "rows and columns of a matrix")]
fn plainly(series: &[f64], order: usize) -> Vec<f64> {
    let n = series.len();
    let t = |i: usize| if n > 1 { 2.0 * i as f64 / (n - 1) as f64 - 1.0 } else { 0.0 };
    let there: Vec<usize> = (0..n).filter(|i| !series[*i].is_nan()).collect();
    let size = order + 1;
    let mut system = vec![vec![0.0; size + 1]; size];
    for &i in &there {
        for row in 0..size {
            for column in 0..size {
                system[row][column] += t(i).powi((row + column) as i32);
            }
            system[row][size] += t(i).powi(row as i32) * series[i];
        }
    }
    for k in 0..size {
        let pivot = (k..size).max_by(|a, b| system[*a][k].abs().total_cmp(&system[*b][k].abs())).unwrap();
        system.swap(k, pivot);
        for row in 0..size {
            if row != k {
                let factor = system[row][k] / system[k][k];
                for column in k..=size {
                    system[row][column] -= factor * system[k][column];
                }
            }
        }
    }
    let c: Vec<f64> = (0..size).map(|k| system[k][size] / system[k][k]).collect();
    series.iter().enumerate().map(|(i, x)| x - (0..size).map(|k| c[k] * t(i).powi(k as i32)).sum::<f64>()).collect()
}

proptest! {
    #[test]
    fn trends_are_those_of_normal_equations(
        values in prop::collection::vec(-10.0..10.0_f64, 12..60),
        gaps in prop::collection::vec(0..60_usize, 0..4),
        order in 0..5_u32,
    ) {
        let mut series = values;
        for gap in gaps {
            if let Some(value) = series.get_mut(gap) {
                *value = f64::NAN;
            }
        }
        let expected = plainly(&series, order as usize);
        detrend(&mut series, order, &[]).unwrap();
        for (y, expected) in series.iter().zip(&expected) {
            prop_assert_eq!(y.is_nan(), expected.is_nan());
            prop_assert!(y.is_nan() || (y - expected).abs() < 1e-8, "{} {}", y, expected);
        }
    }
}

#[test]
fn polynomials_of_the_order_are_nothing_whatever_their_size() {
    for order in 0..=HIGHEST_ORDER {
        for n in [order as usize + 2, 100, 5000] {
            let t = |i: usize| i as f64 / n as f64;
            let mut series: Vec<f64> = (0..n).map(|i| 1e9 * (t(i) - 0.3).powi(order as i32) - 5e10).collect();
            assert_eq!(detrend(&mut series, order, &[]).unwrap(), 0);
            assert!(series.iter().all(|y| y.abs() < 1e-3), "order {order}, {n} values");
        }
    }
}

#[test]
fn trends_come_off_and_the_signal_stays() {
    let n = 1_000_000;
    let plain: Vec<f64> = (0..n).map(wave).collect();
    let mut expected = plain.clone();
    detrend(&mut expected, 2, &[]).unwrap();
    let trend = |i: usize| 1e6 * (i as f64 / n as f64).powi(2) + 3e4;
    let mut series: Vec<f64> = plain.iter().enumerate().map(|(i, x)| x + trend(i)).collect();
    detrend(&mut series, 2, &[]).unwrap();
    assert!(series.iter().zip(&expected).all(|(y, expected)| (y - expected).abs() < 1e-8));
    // The wave has next to no trend.
    assert!(expected.iter().zip(&plain).all(|(y, x)| (y - x).abs() < 1e-4));
}

#[test]
fn pieces_between_breakpoints_have_trends_of_their_own() {
    let series: Vec<f64> = (0..90).map(|i| wave(i) + if i < 40 { 5.0 } else { 0.1 * i as f64 - 7.0 }).collect();
    let mut whole = series.clone();
    detrend(&mut whole, 1, &[70, 40, 40, 0]).unwrap();
    let mut pieces = Vec::new();
    for range in [0..40, 40..70, 70..90] {
        let mut piece = series[range].to_vec();
        detrend(&mut piece, 1, &[]).unwrap();
        pieces.extend(piece);
    }
    assert_eq!(whole, pieces);
    assert_eq!(detrend(&mut whole, 1, &[90]).unwrap_err(), DetrendError::Breakpoint { breakpoint: 90, len: 90 });
    assert_eq!(detrend(&mut whole, 11, &[]).unwrap_err(), DetrendError::Order(11));
}

#[test]
fn short_constant_and_empty_series_are_defined() {
    let mut nothing: [f64; 0] = [];
    assert_eq!(detrend(&mut nothing, 1, &[]), Ok(0));
    for (mut series, order) in [(vec![7.0], 0), (vec![7.0, 9.0], 1), (vec![7.0, -9.0, 1.0], 2)] {
        assert_eq!(detrend(&mut series, order, &[]), Ok(1));
        assert!(series.iter().all(|y| *y == 0.0));
    }
    let mut two = [7.0, 9.0];
    assert_eq!(detrend(&mut two, 0, &[]), Ok(0));
    assert_eq!(two, [-1.0, 1.0]);
    let mut constant = [0.1; 1000];
    detrend(&mut constant, 1, &[]).unwrap();
    assert!(constant.iter().all(|y| y.abs() < 1e-16));
}

#[test]
fn missing_values_stay_missing_and_have_no_part() {
    let mut series = [1.0, f64::NAN, 3.0, f64::INFINITY, 5.0, -1e300];
    detrend(&mut series, 1, &[]).unwrap();
    for (i, y) in series.iter().enumerate() {
        assert!(if i % 2 == 1 || i == 5 { y.is_nan() } else { y.abs() < 1e-14 }, "{i}: {y}");
    }
    let mut nothing = [f64::NAN; 3];
    assert_eq!(detrend(&mut nothing, 1, &[]), Ok(1));
    assert!(nothing.iter().all(|y| y.is_nan()));
    let mut large = [1e299, -1e299, 1e299, 0.0];
    detrend(&mut large, 1, &[]).unwrap();
    assert!(large.iter().all(|y| y.is_finite()));
}
