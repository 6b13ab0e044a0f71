//! What a cell says: a number, nothing, or text.

/// Words for a value that is missing, in small letters: those of R, pandas, MATLAB, SAS, BIDS and spreadsheets.
const MISSING: [&str; 10] = ["", "na", "nan", "-nan", "null", "none", "n/a", "#n/a", "<na>", "."];

/// What messages say of the words of [`is_missing`].
pub const MISSING_IS: &str = "nothing, `NA`, `NaN`, `null`, `n/a` or `.` where it is missing";

/// A cell of a column of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// May be infinite, where the cell says so.
    Value(f64),
    /// Nothing, or a word for it.
    Missing,
}

/// Whether a cell of a column of numbers says that there is no value: nothing, `NA`, `NaN`, `null`, `none`, `n/a`, `.`, in small or capital letters.
pub fn is_missing(text: &str) -> bool {
    const LONGEST: usize = 4;
    text.len() <= LONGEST && MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Reads a cell of a column of numbers; `None` for other text, and for numbers beyond the largest.
pub fn number(text: &str) -> Option<Number> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Some(Number::Value(value)),
        // `inf` says so; 1e999 does not.
        Ok(value) if value.is_infinite() => {
            (!text.bytes().any(|byte| byte.is_ascii_digit())).then_some(Number::Value(value))
        }
        _ => is_missing(text).then_some(Number::Missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_those_of_other_programs() {
        for text in
            ["", "NA", "na", "NaN", "nan", "NAN", "-nan", "null", "NULL", "n/a", "N/A", ".", "None", "<NA>", "#N/A"]
        {
            assert_eq!(number(text), Some(Number::Missing), "{text}");
        }
        for text in
            ["x", "n", "N A", "..", "-", "?", "nano", "nul", "1,5", "1_000", "0x10", "1e999", "-1e999", "1 2", "true"]
        {
            assert_eq!(number(text), None, "{text}");
        }
        for (text, value) in
            [("1", 1.0), ("+1", 1.0), ("-1e3", -1000.0), (".5", 0.5), ("1.", 1.0), ("001", 1.0), ("1e-999", 0.0)]
        {
            assert_eq!(number(text), Some(Number::Value(value)), "{text}");
        }
        for text in ["inf", "Inf", "+Infinity"] {
            assert_eq!(number(text), Some(Number::Value(f64::INFINITY)), "{text}");
        }
        assert_eq!(number("-INF"), Some(Number::Value(f64::NEG_INFINITY)));
    }
}
