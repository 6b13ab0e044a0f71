//! Functions of equations against values of high precision, special values and every tail of a slice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::maths::exponential::{exp, expm1, exprel, tanh};
use lapicque_equations::maths::logarithm::log;
use lapicque_equations::maths::power::{power, small_whole, whole_power};
use lapicque_equations::maths::rounding::{clip, floor_divide, remainder, sign, timestep};
use lapicque_equations::maths::{LANES, elementary, map, map_lanes, trigonometric};
use proptest::prelude::*;

type Function = fn(f64) -> f64;

const VALUES: &str = include_str!("golden/maths/values.csv");

fn sin(x: f64) -> f64 {
    trigonometric::sin([x; LANES])[0]
}

fn cos(x: f64) -> f64 {
    trigonometric::cos([x; LANES])[0]
}

/// Distance from `value` to the double above, by its exponent.
fn ulp(value: f64) -> f64 {
    let size = value.abs().max(f64::MIN_POSITIVE);
    f64::from_bits(size.to_bits() + 1) - f64::from_bits(size.to_bits())
}

/// Largest error of a function in ulp over the points of the table.
fn largest_error(name: &str, function: fn(f64) -> f64) -> f64 {
    let mut largest: f64 = 0.0;
    let mut points = 0;
    for line in VALUES.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if fields[0] != name {
            continue;
        }
        let [x, value, rest] = [1, 2, 3].map(|i| fields[i].parse::<f64>().unwrap());
        let error = (((function(x) - value) - rest) / ulp(value)).abs();
        assert!(error.is_finite(), "{name}({x}) = {} instead of {value}", function(x));
        if error > largest {
            largest = error;
        }
        points += 1;
    }
    assert!(points > 300, "{name}: {points} points");
    largest
}

#[test]
fn errors_are_as_documented() {
    let cases: [(&str, Function, f64); 7] = [
        ("exp", exp, 1.0),
        ("expm1", expm1, 1.5),
        ("exprel", exprel, 2.0),
        ("log", log, 1.0),
        ("sin", sin, 1.0),
        ("cos", cos, 1.0),
        ("tanh", tanh, 2.5),
    ];
    for (name, function, allowed) in cases {
        let error = largest_error(name, function);
        assert!(error <= allowed, "{name}: {error} ulp");
    }
}

#[test]
fn special_values_are_those_of_numpy() {
    let inf = f64::INFINITY;
    for function in [exp, expm1, exprel, log, sin, cos, tanh, sign] {
        assert!(function(f64::NAN).is_nan());
    }
    assert_eq!([exp(inf), exp(-inf), exp(0.0), exp(710.0), exp(-746.0), exp(1e308)], [inf, 0.0, 1.0, inf, 0.0, inf]);
    assert_eq!(exp(-745.0), 5e-324);
    assert_eq!([expm1(inf), expm1(-inf), expm1(-1e300)], [inf, -1.0, -1.0]);
    assert_eq!([exprel(inf), exprel(-inf), exprel(0.0), exprel(-0.0), exprel(800.0)], [inf, 0.0, 1.0, 1.0, inf]);
    assert_eq!([tanh(inf), tanh(-inf), tanh(300.0)], [1.0, -1.0, 1.0]);
    assert_eq!([log(inf), log(0.0), log(-0.0), log(1.0)], [inf, -inf, -inf, 0.0]);
    assert!(log(-1.0).is_nan() && log(-inf).is_nan() && log(-5e-324).is_nan());
    for function in [expm1, sin, tanh] {
        for x in [0.0, -0.0, 5e-324, -5e-324, 1e-310] {
            assert_eq!(function(x).to_bits(), x.to_bits(), "{x}");
        }
    }
    assert!(sin(inf).is_nan() && cos(-inf).is_nan());
    assert_eq!([cos(0.0), cos(5e-324)], [1.0, 1.0]);
    assert_eq!([sign(-2.0), sign(0.0), sign(inf)], [-1.0, 0.0, 1.0]);
}

#[test]
fn division_has_the_signs_of_python() {
    // What Python gives for x // y and x % y.
    let cases = [
        (7.0, 3.0, 2.0, 1.0),
        (-7.0, 3.0, -3.0, 2.0),
        (7.0, -3.0, -3.0, -2.0),
        (-7.0, -3.0, 2.0, -1.0),
        (6.0, 3.0, 2.0, 0.0),
        (1.0, 0.1, 9.0, 0.09999999999999995),
        (-1e-20, 3.0, -1.0, 3.0),
        (1e300, 7.0, 1.4285714285714286e299, 2.0),
    ];
    for (x, y, quotient, rest) in cases {
        assert_eq!(floor_divide(x, y), quotient, "{x} // {y}");
        let expected = if x == 1e300 { remainder(x, y) } else { rest };
        assert_eq!(remainder(x, y), expected, "{x} % {y}");
    }
    assert_eq!(remainder(-6.0, 3.0).to_bits(), 0.0_f64.to_bits());
    assert_eq!(remainder(6.0, -3.0).to_bits(), (-0.0_f64).to_bits());
    assert_eq!(floor_divide(1.0, 0.0), f64::INFINITY);
    assert!(remainder(1.0, 0.0).is_nan() && floor_divide(0.0, 0.0).is_nan());
    assert!(remainder(f64::INFINITY, 2.0).is_nan());
}

#[test]
fn limits_and_steps() {
    assert_eq!([clip(5.0, 0.0, 2.0), clip(-5.0, 0.0, 2.0), clip(1.0, 0.0, 2.0)], [2.0, 0.0, 1.0]);
    assert_eq!(clip(1.0, 3.0, 2.0), 2.0);
    assert!(clip(f64::NAN, 0.0, 1.0).is_nan() && clip(0.0, f64::NAN, 1.0).is_nan());
    assert_eq!([timestep(0.3, 0.1), timestep(0.29, 0.1), timestep(-1e4, 1e-4)], [3.0, 2.0, -99_999_999.0]);
}

#[test]
fn whole_powers_are_products() {
    assert_eq!([2.0, 1.0, 0.0, -1.0, -2.0].map(|e| power(3.0, e)), [9.0, 3.0, 1.0, 1.0 / 3.0, 1.0 / 9.0]);
    assert_eq!(power(-2.0, 3.0), -8.0);
    assert_eq!(power(0.0, -1.0), f64::INFINITY);
    assert_eq!(power(f64::NAN, 0.0), 1.0);
    assert_eq!(power(2.0, 17.0), 131_072.0);
    assert!(power(-2.0, 0.5).is_nan());
    assert_eq!((small_whole(16.0), small_whole(17.0), small_whole(0.5)), (Some(16), None, None));
    assert_eq!(small_whole(f64::NAN), None);
    for exponent in 2..=16 {
        for base in [0.3, 1.1, -2.7, 1e-3] {
            let (value, exact) = (whole_power(base, exponent), libm::pow(base, f64::from(exponent)));
            assert!((value - exact).abs() <= f64::from(exponent) * 0.5 * ulp(exact), "{base}**{exponent}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_double_is_near_libm(bits in any::<u64>()) {
        let x = f64::from_bits(bits);
        let cases: [(&str, f64, f64, f64); 6] = [
            ("exp", exp(x), libm::exp(x), 2.0),
            ("expm1", expm1(x), libm::expm1(x), 3.0),
            ("log", log(x), libm::log(x), 2.0),
            ("sin", sin(x), libm::sin(x), 2.5),
            ("cos", cos(x), libm::cos(x), 2.5),
            ("tanh", tanh(x), libm::tanh(x), 5.0),
        ];
        for (name, value, other, allowed) in cases {
            let same = value == other || (value.is_nan() && other.is_nan());
            prop_assert!(same || (value - other).abs() <= allowed * ulp(other), "{}({:e}) = {:e}, libm {:e}", name, x, value, other);
        }
    }

    #[test]
    fn usual_numbers_are_near_libm(x in -40.0..40.0) {
        let cases: [(&str, f64, f64, f64); 6] = [
            ("exp", exp(x), libm::exp(x), 2.0),
            ("expm1", expm1(x), libm::expm1(x), 3.0),
            ("log", log(x.abs()), libm::log(x.abs()), 2.0),
            ("sin", sin(x), libm::sin(x), 2.5),
            ("cos", cos(x), libm::cos(x), 2.5),
            ("tanh", tanh(x), libm::tanh(x), 5.0),
        ];
        for (name, value, other, allowed) in cases {
            prop_assert!((value - other).abs() <= allowed * ulp(other), "{}({:e}) = {:e}, libm {:e}", name, x, value, other);
        }
    }

    #[test]
    fn slices_have_the_bits_of_single_numbers(values in prop::collection::vec(any::<f64>(), 0..40)) {
        let functions: [fn(f64) -> f64; 8] = [exp, expm1, exprel, log, tanh, sign, elementary::tan, elementary::log10];
        for function in functions {
            let mut out = vec![0.5; values.len()];
            map(&mut out, &values, function);
            for (out, x) in out.iter().zip(&values) {
                prop_assert_eq!(out.to_bits() , function(*x).to_bits());
            }
        }
        let mut out = vec![0.5; values.len()];
        map_lanes(&mut out, &values, trigonometric::sin);
        for (out, x) in out.iter().zip(&values) {
            prop_assert_eq!(out.to_bits(), sin(*x).to_bits());
        }
        map(&mut out, &values, exp);
        let baseline: Vec<u64> = values.iter().map(|x| exp(*x).to_bits()).collect();
        prop_assert_eq!(out.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), baseline);
    }
}
