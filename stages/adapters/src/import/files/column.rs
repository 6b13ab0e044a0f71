//! Cells of text into columns of a type.
//!
//! Text or number is decided by what the table says of the column. Where it says nothing, a column holds numbers if all its cells do that are not missing; a
//! cell with zeros in front (`001`), or with more digits than a number keeps, is a name, and so are the others then.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray, UInt64Array};
use lapicque_recording::delimited::{MISSING_IS, Number, is_missing, number, shortened};

/// What a column holds, as its table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Names, as written.
    Names,
    /// Whole numbers; none is missing.
    Wholes,
    /// Numbers; NaN where one is missing.
    Numbers,
    /// Numbers; null where one is missing.
    NumbersOrNull,
    /// Numbers that stay floats where all are whole; other text is kept as text.
    Features,
    /// The table does not say.
    Anything,
}

/// A cell, and the line it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextCell {
    pub(crate) text: String,
    pub(crate) line: u64,
}

/// A column, and the first cell that made it text although others are numbers, or numbers were due.
pub(crate) type Typed = (ArrayRef, Option<TextCell>);

/// Gives cells the type that a column of this kind has; the message names the row.
pub(crate) fn typed(cells: &[String], lines: &[u64], holds: Holds) -> Result<Typed, String> {
    let array = match holds {
        Holds::Names => texts(cells),
        Holds::Wholes => Arc::new(Int64Array::from(wholes(cells, lines)?)),
        Holds::Numbers => Arc::new(Float64Array::from(numbers(cells, lines)?)),
        Holds::NumbersOrNull => {
            Arc::new(numbers(cells, lines)?.into_iter().map(|v| (!v.is_nan()).then_some(v)).collect::<Float64Array>())
        }
        Holds::Features | Holds::Anything => return Ok(by_cells(cells, lines, holds)),
    };
    Ok((array, None))
}

/// A whole number, also written as `1e2` or `100.0`.
pub(crate) fn whole(text: &str) -> Option<i64> {
    // Beyond, a float is whole whatever was meant.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || match number(text)? {
        Number::Value(value) if value.fract() == 0.0 && value.abs() <= EXACT => Some(value as i64),
        _ => None,
    };
    text.parse().ok().or_else(float)
}

/// Whether digits are written as names are: with zeros in front, or more of them than a number keeps.
pub(crate) fn is_name_of_digits(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    let has_zero = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    has_zero || (is_whole && text.parse::<i64>().is_err() && text.parse::<u64>().is_err())
}

fn texts(cells: &[String]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(cells))
}

fn wholes(cells: &[String], lines: &[u64]) -> Result<Vec<i64>, String> {
    let one = |(cell, line): (&String, &u64)| {
        whole(cell).ok_or_else(|| format!("row {line}: `{}`; a whole number is due", shortened(cell)))
    };
    cells.iter().zip(lines).map(one).collect()
}

fn numbers(cells: &[String], lines: &[u64]) -> Result<Vec<f64>, String> {
    let one = |(cell, line): (&String, &u64)| match number(cell) {
        Some(Number::Value(value)) => Ok(value),
        Some(Number::Missing) => Ok(f64::NAN),
        None => Err(format!("row {line}: `{}`; a number is due, or {MISSING_IS}", shortened(cell))),
    };
    cells.iter().zip(lines).map(one).collect()
}

fn by_cells(cells: &[String], lines: &[u64], holds: Holds) -> Typed {
    let is_feature = holds == Holds::Features;
    let is_text = |cell: &String| number(cell).is_none() || is_name_of_digits(cell);
    if let Some(row) = cells.iter().position(is_text) {
        let has_numbers = cells.iter().any(|cell| !is_missing(cell) && !is_text(cell));
        let first = TextCell { text: shortened(&cells[row]), line: lines.get(row).copied().unwrap_or(0) };
        return (texts(cells), (is_feature || has_numbers).then_some(first));
    }
    let are_missing = cells.iter().all(|cell| is_missing(cell));
    if !is_feature {
        if are_missing {
            return (texts(cells), None);
        }
        if let Some(integers) = all::<i64>(cells) {
            return (Arc::new(Int64Array::from(integers)), None);
        }
        if let Some(naturals) = all::<u64>(cells) {
            return (Arc::new(UInt64Array::from(naturals)), None);
        }
    }
    let value = |cell: &String| match number(cell) {
        Some(Number::Value(value)) => value,
        _ => f64::NAN,
    };
    (Arc::new(cells.iter().map(value).collect::<Float64Array>()), None)
}

fn all<T: std::str::FromStr>(cells: &[String]) -> Option<Vec<T>> {
    cells.iter().map(|cell| cell.parse().ok()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;
    use arrow_schema::DataType;

    use super::*;

    fn read(cells: &[&str], holds: Holds) -> Result<Typed, String> {
        let cells: Vec<String> = cells.iter().map(|&cell| cell.to_owned()).collect();
        let lines: Vec<u64> = (2..).take(cells.len()).collect();
        typed(&cells, &lines, holds)
    }

    fn type_of(cells: &[&str], holds: Holds) -> DataType {
        read(cells, holds).unwrap().0.data_type().clone()
    }

    #[test]
    fn types_of_columns_that_no_table_knows_follow_from_all_cells() {
        let of = |cells: &[&str]| type_of(cells, Holds::Anything);
        assert_eq!(of(&["1", "-2"]), DataType::Int64);
        assert_eq!(of(&["1", "18446744073709551615"]), DataType::UInt64);
        assert_eq!(of(&["1", "2.5"]), DataType::Float64);
        assert_eq!(of(&["1e3", "2"]), DataType::Float64);
        for missing in ["", "NA", "nan", "null", "n/a", "."] {
            let column = read(&["1", missing], Holds::Anything).unwrap().0;
            assert!(column.as_primitive::<Float64Type>().value(1).is_nan() && column.null_count() == 0, "{missing}");
        }
        for name in ["a", "001", "-01", "00.5", "12345678901234567890123", "true", "1,5", "1e999"] {
            let (column, first) = read(&["1", name], Holds::Anything).unwrap();
            assert_eq!(column.as_string::<i32>().value(1), name);
            assert_eq!(first, Some(TextCell { text: name.to_owned(), line: 3 }));
        }
        assert_eq!(read(&["a", "NA"], Holds::Anything).unwrap().1, None);
        assert_eq!(of(&["", ""]), DataType::Utf8);
        assert_eq!(of(&["0", "0.5", "-0.25"]), DataType::Float64);
    }

    #[test]
    fn features_are_floats_and_names_are_text() {
        assert_eq!(type_of(&["1", "2"], Holds::Features), DataType::Float64);
        assert_eq!(type_of(&["", "NA"], Holds::Features), DataType::Float64);
        let (column, first) = read(&["1", "low"], Holds::Features).unwrap();
        assert_eq!((column.data_type(), first.unwrap().line), (&DataType::Utf8, 3));
        assert!(read(&["low", "high"], Holds::Features).unwrap().1.is_some());
        let names = ["001", "1e3", "nan", "", "1.0"];
        let column = read(&names, Holds::Names).unwrap().0;
        assert_eq!(column.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), names);
    }

    #[test]
    fn declared_numbers_are_held_to_it() {
        assert_eq!(read(&["0", "1e2", "3.0"], Holds::Wholes).unwrap().0.data_type(), &DataType::Int64);
        assert_eq!(read(&["0", "NA"], Holds::Wholes).unwrap_err(), "row 3: `NA`; a whole number is due");
        assert!(read(&["0", "0.5"], Holds::Wholes).is_err());
        assert!(
            read(&["0", "x"], Holds::Numbers).unwrap_err().starts_with("row 3: `x`; a number is due, or nothing, `NA`")
        );
        assert_eq!(read(&["001", "."], Holds::NumbersOrNull).unwrap().0.null_count(), 1);
    }
}
