//! Labels of ticks: as many digits as tell ticks of an axis apart, and none that rounding left.

use std::sync::Arc;

use kuva::prelude::TickFormat;

/// Of a linear axis from one number to another.
pub(crate) fn ticks((low, high): (f64, f64)) -> TickFormat {
    let span = (high - low).abs();
    if !(span > 0.0 && span.is_finite()) {
        return TickFormat::Auto;
    }
    // Ticks are 1, 2, 2.5 or 5 times a power of ten, and more than a hundredth of the axis apart.
    let last_digit = span.log10().floor() as i32 - 3;
    TickFormat::Custom(Arc::new(move |value| label(value, last_digit)))
}

/// Without digits of less than ten to the power of `last_digit`.
fn label(value: f64, last_digit: i32) -> String {
    let size = value.abs();
    if size < 0.5 * 10f64.powi(last_digit) {
        return "0".to_owned();
    }
    let first_digit = size.log10().floor() as i32;
    let decimals = usize::try_from(-last_digit).unwrap_or(0);
    if (1e-2..1e4).contains(&size) || (size >= 1e4 && value.fract() == 0.0) {
        return without_zeros(&format!("{value:.decimals$}")).to_owned();
    }
    let digits = usize::try_from(first_digit - last_digit).unwrap_or(0);
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, power)) => format!("{}e{power}", without_zeros(mantissa)),
        None => text,
    }
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_told_apart_and_show_no_rounding() {
        let of = |range: (f64, f64), value: f64| ticks(range).format(value);
        for (range, value, text) in [
            ((0.0, 2.0), 0.5, "0.5"),
            ((0.0, 2.0), 0.0, "0"),
            ((0.0, 0.3), 0.1 + 0.2, "0.3"),
            ((0.0608, 0.0624), 0.0615, "0.0615"),
            ((0.0005, 0.0018), 1.2000000000000001e-3, "1.2e-3"),
            ((0.0, 100_000.0), 25_000.0, "25000"),
            ((-1.0, 1.0), -0.1 + 0.1 + 1e-17, "0"),
            ((-80.0, -60.0), -72.5, "-72.5"),
            ((1000.0, 1001.0), 1000.25, "1000.25"),
            ((0.0, 2e-15), 1e-15, "1e-15"),
        ] {
            assert_eq!(of(range, value), text, "{value} of {range:?}");
        }
        assert_eq!(of((3.0, 3.0), 3.0), "3");
    }
}
