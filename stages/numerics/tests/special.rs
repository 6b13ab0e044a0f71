//! Special functions against values of mpmath (tests/golden/special_functions).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_numerics::special::parabolic_cylinder::stretches;
use lapicque_numerics::special::{
    dawson, erf, erfcx, erfcx_deficit, erfcx_integral, erfcx_integral_over, exp_m1_over, lambert_w, normal_below,
    normal_quantile,
};
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

const NORMAL: &str = include_str!("../../../tests/golden/special_functions/normal.csv");

#[test]
fn the_normal_distribution_and_its_quantiles_keep_their_digits_in_tails() {
    for row in rows(NORMAL) {
        let (p, quantile, x, below) = (row[0], row[1], row[2], row[3]);
        assert_close(normal_below(x), below, 1e-15 * (1.0 + x * x), &format!("normal_below({x})"));
        let error = (normal_quantile(p) - quantile).abs() / quantile.abs().max(1.0);
        assert!(error <= 1e-15, "normal_quantile({p:e}): {} against {quantile}: {error:e}", normal_quantile(p));
    }
}

#[test]
fn quantiles_are_the_inverse_over_all_of_a_tail() {
    for place in 0..580 {
        let p = 0.5 * 0.3f64.powi(place);
        let again = normal_below(normal_quantile(p));
        // What the rounding of a quantile moves, and of its square.
        assert!((again / p - 1.0).abs() < 1e-12, "{p:e}: {:e}", again / p - 1.0);
    }
}

#[test]
fn probabilities_that_cannot_be_have_infinite_quantiles() {
    assert_eq!(
        (normal_quantile(0.5), normal_quantile(0.0), normal_quantile(1.0)),
        (0.0, f64::NEG_INFINITY, f64::INFINITY)
    );
    assert_eq!((normal_quantile(-0.1), normal_quantile(1.1)), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!((normal_below(0.0), normal_below(f64::INFINITY), normal_below(f64::NEG_INFINITY)), (0.5, 1.0, 0.0));
}

#[test]
fn what_is_not_a_number_stays_so() {
    assert!(normal_below(f64::NAN).is_nan() && normal_quantile(f64::NAN).is_nan());
    assert!(erfcx(f64::NAN).is_nan() && dawson(f64::NAN).is_nan());
    assert!(erfcx_integral(f64::NAN).is_nan() && erfcx_integral(-1.0).is_nan());
    assert!(erfcx_deficit(f64::NAN).is_nan() && erf(Complex64::new(f64::NAN, 0.0)).is_nan());
    assert_eq!(erfcx_integral(f64::INFINITY), f64::INFINITY);
    assert_eq!(erfcx_deficit(f64::INFINITY), 0.0);
    assert_eq!((erfcx(f64::INFINITY), erfcx(-30.0)), (0.0, f64::INFINITY));
}

const PARABOLIC_CYLINDER: &str = include_str!("../../../tests/golden/special_functions/parabolic_cylinder.csv");

#[test]
fn parabolic_cylinder_functions_agree_between_any_two_points() {
    let table = rows(PARABOLIC_CYLINDER);
    for left in &table {
        for right in table.iter().filter(|right| right[0] == left[0] && right[1] > left[1]) {
            let c = Complex64::new(0.0, left[0]);
            let stretch = stretches(left[1], right[1] - left[1], &[c])[0];
            let psi = |row: &[f64]| Complex64::new(row[4], row[5]);
            let slope = |row: &[f64]| Complex64::new(row[6], row[7]);
            let check = |value: Complex64, reference: Complex64, tolerance: f64, what: &str| {
                let error = (value - reference).norm() / reference.norm();
                let stretch = format!("c = {c}, from {} to {}", left[1], right[1]);
                assert!(error < tolerance, "{what}, {stretch}: {value:e} against {reference:e}, {error:e}");
            };
            // Psi grows as exp(x^2/2), which amplifies the rounding of x by x^2. What has it in common cancels.
            let growth = 5e-14 + 2e-15 * right[1] * right[1];
            check(stretch.end.psi.fdiv(stretch.start.psi), psi(right).fdiv(psi(left)), growth, "Psi");
            if left[0] > 0.0 {
                let increment = (psi(right) - psi(left)).fdiv(psi(left));
                check((stretch.psi_increment_over_c * c).fdiv(stretch.start.psi), increment, growth, "growth of Psi");
                check(stretch.end.g.fdiv(stretch.end.psi) * c, slope(right).fdiv(psi(right)), 2e-14, "Psi' at the end");
                check(
                    stretch.start.g.fdiv(stretch.start.psi) * c,
                    slope(left).fdiv(psi(left)),
                    2e-14,
                    "Psi' at the start",
                );
            }
            // Psi'' = x Psi' + c Psi.
            for (point, x) in [(stretch.start, left[1]), (stretch.end, right[1])] {
                check(point.s, point.g * x + point.psi, 1e-15 * (10.0 + x * x), "S");
            }
        }
    }
}

const SLOPES: &str = include_str!("../../../tests/golden/special_functions/parabolic_cylinder_slopes.csv");

#[test]
fn parabolic_cylinder_functions_agree_on_both_sides_of_a_change_of_method() {
    for row in rows(SLOPES) {
        let (c, x, reference) = (Complex64::new(row[0], row[1]), row[2], Complex64::new(row[3], row[4]));
        for point in [stretches(x, 0.5, &[c])[0].start, stretches(x - 2.0, 2.0, &[c])[0].end] {
            let error = (point.g.fdiv(point.psi) - reference).norm() / reference.norm();
            assert!(error < 2e-15, "c = {c}, x = {x}: {error:e}");
        }
    }
}

#[test]
fn two_halves_of_a_stretch_make_the_whole() {
    for size in [6.2, 6.3, 24.9, 25.1, 99.0, 101.0, 399.0, 401.0, 1599.0, 1601.0, 1e4, 1e7] {
        for c in [Complex64::new(0.0, size), Complex64::new(size, 0.0), Complex64::new(-0.9, -size)] {
            for (start, end) in [(-60.0, -20.0), (-9.0, -3.5), (-3.0, 0.5), (0.0, 0.4), (1.0, 5.0)] {
                let stretch = stretches(start, end - start, &[c])[0];
                let middle = 0.5 * (start + end);
                let (left, right) =
                    (stretches(start, middle - start, &[c])[0], stretches(middle, end - middle, &[c])[0]);
                let joined = right.end.g.fdiv(right.start.psi) * left.end.psi.fdiv(left.start.psi);
                let ratio = stretch.end.g.fdiv(stretch.start.psi);
                // The phase of the quotient is of the order of |c|.
                let tolerance = 1e-13 + 1e-14 * size;
                if ratio.is_finite() && joined.is_finite() {
                    assert!((joined.fdiv(ratio) - 1.0).norm() < tolerance, "{c} {start} {end}: {ratio:e} {joined:e}");
                }
            }
        }
    }
}

#[test]
fn parabolic_cylinder_functions_do_not_depend_on_what_is_computed_beside_them() {
    let parameters: Vec<Complex64> = (0..37).map(|i| Complex64::new(0.0, f64::from(i * i) * 0.7)).collect();
    let together = stretches(-2.3, 5.4, &parameters);
    for (c, stretch) in parameters.iter().zip(together) {
        assert_eq!(stretches(-2.3, 5.4, &[*c])[0], stretch);
    }
}

#[test]
fn parabolic_cylinder_functions_out_of_range_are_not_numbers_and_extremes_end() {
    let undefined = |start, length, c| stretches(start, length, &[c])[0].g_increment.is_nan();
    let one = Complex64::ONE;
    assert!(undefined(f64::NAN, 1.0, one) && undefined(0.0, f64::NAN, one) && undefined(1.0, 0.0, one));
    assert!(undefined(0.0, 40.1, one) && undefined(-1e71, 1.0, one));
    assert!(undefined(0.0, 1.0, -one) && undefined(0.0, 1.0, Complex64::new(f64::NAN, 0.0)));
    assert!(undefined(0.0, 1.0, Complex64::new(0.0, f64::INFINITY)));
    assert!(undefined(0.0, 1.0, Complex64::new(0.0, 1.1e100)));
    assert!(stretches(0.0, 1.0, &[]).is_empty());
    for c in [Complex64::ZERO, Complex64::new(0.0, 1600.0), Complex64::new(0.0, 1e100)] {
        let stretch = stretches(-1e70, 1e70, &[c])[0];
        assert!((stretch.g_increment / stretch.end.g).is_finite(), "{c}: {stretch:?}");
    }
}

const LAMBERT_W: &str = include_str!("../../../tests/golden/special_functions/lambert_w.csv");

#[test]
fn lambert_w_agrees_on_nine_branches() {
    for row in rows(LAMBERT_W) {
        let (z, reference) = (Complex64::new(row[1], row[2]), Complex64::new(row[3], row[4]));
        let value = lambert_w(row[0] as i32, z);
        assert!(
            (value - reference).norm() < 1e-15 * reference.norm(),
            "W_{}({z}): {value} against {reference}",
            row[0]
        );
    }
}

#[test]
fn lambert_w_solves_its_equation_for_small_and_large_arguments() {
    for k in -3..4 {
        for size in [1e-150, 1e-20, 0.3, 1e20, 1e150] {
            for z in [Complex64::new(size, 0.0), Complex64::new(-0.6 * size, 0.8 * size), Complex64::new(0.0, -size)] {
                let w = lambert_w(k, z);
                // The logarithm of the equation; on branch k it holds with 2 pi i k more.
                let turns = (w + w.ln() - z.ln()) / Complex64::new(0.0, std::f64::consts::TAU);
                assert!((turns - f64::from(k)).norm() < 1e-13 * (1.0 + w.norm()), "W_{k}({z:e}) = {w}: {turns}");
            }
        }
    }
    assert_eq!(lambert_w(0, Complex64::ZERO), Complex64::ZERO);
    assert!(lambert_w(0, Complex64::new(f64::NAN, 0.0)).is_nan());
    assert!(!lambert_w(1, Complex64::ZERO).is_finite());
}

#[test]
fn exp_m1_over_is_the_mean_of_the_exponential_between_0_and_its_argument() {
    use lapicque_numerics::special::quadrature::gauss_legendre;
    for z in
        [Complex64::new(1e-300, 0.0), Complex64::new(0.0, 0.3), Complex64::new(-0.4, 0.31), Complex64::new(2.0, -3.0)]
    {
        let along = |part: fn(Complex64) -> f64| gauss_legendre(0.0, 1.0, |t| part((z * t).exp()));
        let mean = Complex64::new(along(|z| z.re), along(|z| z.im));
        assert!((exp_m1_over(z) - mean).norm() < 2e-15 * mean.norm(), "{z}");
    }
    assert_eq!(exp_m1_over(Complex64::ZERO), Complex64::ONE);
}
