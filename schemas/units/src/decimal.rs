//! Exact scaling by powers of ten, on the shortest decimal text of a number.

/// `value * 10^exponent`, rounded once from the shortest decimal text of `value`.
///
/// A multiplication would round twice (10^-3 is no binary fraction): 0.07 * 100 is 7.000000000000001.
pub(crate) fn shift(value: f64, exponent: i32) -> f64 {
    if exponent == 0 || value == 0.0 || !value.is_finite() {
        return value;
    }
    let (mantissa, own) = parts(value);
    // The text of a finite float always parses again.
    format!("{mantissa}e{}", own + exponent).parse().unwrap_or(f64::NAN)
}

/// Whether `a * 10^a_exponent` and `b * 10^b_exponent` have the same decimal text.
pub(crate) fn same(a: f64, a_exponent: i32, b: f64, b_exponent: i32) -> bool {
    if a.is_nan() || b.is_nan() {
        return false;
    }
    if a == 0.0 || b == 0.0 || a.is_infinite() || b.is_infinite() {
        return a == b;
    }
    let ((a, a_own), (b, b_own)) = (parts(a), parts(b));
    a == b && a_own + a_exponent == b_own + b_exponent
}

/// Mantissa (one digit before the point, no trailing zeros) and exponent of the shortest text that reads back as `value`.
fn parts(value: f64) -> (String, i32) {
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_owned(), exponent.parse().unwrap_or(0)),
        None => (text, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_where_multiplication_rounds() {
        assert_ne!(0.07_f64 * 1e2, 7.0);
        assert_eq!(shift(0.07, 2), 7.0);
        assert_eq!(shift(0.02989, 3), 29.89);
        assert_eq!(shift(29.89, -3), 0.02989);
        assert_eq!(shift(-1.1, -2), -0.011);
    }

    #[test]
    fn edges_of_the_range() {
        assert_eq!(shift(f64::MAX, 1), f64::INFINITY);
        assert_eq!(shift(5e-324, -1), 0.0);
        assert_eq!(shift(0.0, 300), 0.0);
        assert!(shift(-0.0, 3).is_sign_negative());
        assert!(shift(f64::NAN, 3).is_nan());
        assert_eq!(shift(f64::INFINITY, -3), f64::INFINITY);
    }

    #[test]
    fn sameness_is_decimal() {
        assert!(same(0.02989, -9, 29.89, -12));
        assert!(!same(0.02989, -9, 29.89, -9));
        assert!(same(0.0, 5, -0.0, 1));
        assert!(!same(f64::NAN, 0, f64::NAN, 0));
    }
}
