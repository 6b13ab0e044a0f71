//! Special functions against values of mpmath (tests/golden/special_functions).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_numerics::special::{dawson, erf, erfcx, erfcx_deficit, erfcx_integral, erfcx_integral_over};
use num_complex::Complex64;

const ERROR_FUNCTIONS: &str = include_str!("../../../tests/golden/special_functions/error_functions.csv");
const ERF_COMPLEX: &str = include_str!("../../../tests/golden/special_functions/erf_complex.csv");

fn rows(csv: &str) -> Vec<Vec<f64>> {
    csv.lines().skip(1).map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect()
}

fn assert_close(value: f64, reference: f64, tolerance: f64, what: &str) {
    let error = (value - reference).abs();
    assert!(
        error <= tolerance * reference.abs() || value == reference,
        "{what}: {value:e} against {reference:e}, relative error {:e}",
        error / reference.abs()
    );
}

#[test]
fn real_error_functions_have_full_precision() {
    for row in rows(ERROR_FUNCTIONS) {
        let x = row[0];
        // exp(x^2) amplifies the rounding of x^2.
        let negative_side = if x < 0.0 { 2e-16 * x * x } else { 0.0 };
        assert_close(erfcx(x), row[1], 2e-15 + negative_side, &format!("erfcx({x})"));
        assert_close(dawson(x), row[2], 2e-15, &format!("dawson({x})"));
        if x >= 0.0 {
            assert_close(erfcx_integral(x), row[3], 1e-15, &format!("erfcx_integral({x})"));
            assert_close(erfcx_deficit(x), row[4], 3e-14, &format!("erfcx_deficit({x})"));
        }
    }
}

#[test]
fn the_integral_over_a_stretch_does_not_cancel() {
    for a in [0.0, 0.3, 1.0, 2.4, 6.0, 9.9, 10.1, 40.0, 1e4] {
        for length in [1e-9, 1e-3, 0.1, 0.7, 1.9, 5.0, 33.0] {
            // Composite quadrature on panels that are short against the scale of the function.
            let panels = 64;
            let width = length / f64::from(panels);
            let reference: f64 = (0..panels)
                .map(|i| lapicque_numerics::special::quadrature::gauss_legendre(a + f64::from(i) * width, width, erfcx))
                .sum();
            assert_close(erfcx_integral_over(a, length), reference, 4e-15, &format!("from {a} over {length}"));
        }
    }
}

#[test]
fn the_complex_error_function_agrees_in_all_quadrants() {
    for row in rows(ERF_COMPLEX) {
        let (z, reference) = (Complex64::new(row[0], row[1]), Complex64::new(row[2], row[3]));
        let error = (erf(z) - reference).norm();
        assert!(error <= 1e-13 * reference.norm(), "erf({z}): {} against {reference}", erf(z));
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    assert!(erfcx(f64::NAN).is_nan() && dawson(f64::NAN).is_nan());
    assert!(erfcx_integral(f64::NAN).is_nan() && erfcx_integral(-1.0).is_nan());
    assert!(erfcx_deficit(f64::NAN).is_nan() && erf(Complex64::new(f64::NAN, 0.0)).is_nan());
    assert_eq!(erfcx_integral(f64::INFINITY), f64::INFINITY);
    assert_eq!(erfcx_deficit(f64::INFINITY), 0.0);
    assert_eq!((erfcx(f64::INFINITY), erfcx(-30.0)), (0.0, f64::INFINITY));
}
