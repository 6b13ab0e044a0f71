//! Columns scaled to mean 0 and standard deviation 1.

use ndarray::ArrayView2;

use crate::arrays::wrong;
use crate::error::DensityError;

/// A mean and a scale per column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    pub(crate) means: Vec<f64>,
    /// Above 0: the population standard deviation; 1 where all rows are equal.
    pub(crate) scales: Vec<f64>,
}

impl Scaling {
    /// Of these rows; `what` they are stands in messages.
    pub(crate) fn of(table: ArrayView2<'_, f64>, rows: &[usize], what: &'static str) -> Result<Self, DensityError> {
        let mut scaling = Self { means: Vec::new(), scales: Vec::new() };
        for (place, column) in table.columns().into_iter().enumerate() {
            let first = rows.first().map_or(0.0, |&row| column[row]);
            let count = rows.len().max(1) as f64;
            // About a value of the column, whose own size then costs no digits.
            let mean = first + rows.iter().map(|&row| column[row] - first).sum::<f64>() / count;
            let square = rows.iter().map(|&row| (column[row] - mean).powi(2)).sum::<f64>() / count;
            let constant = rows.iter().all(|&row| column[row] == first);
            let scale = if constant { 1.0 } else { square.sqrt() };
            if !mean.is_finite() || !scale.is_normal() {
                return Err(DensityError::Spread { what, column: place });
            }
            scaling.means.push(if constant { first } else { mean });
            scaling.scales.push(scale);
        }
        Ok(scaling)
    }

    /// Leaves columns as they are.
    pub(crate) fn none(columns: usize) -> Self {
        Self { means: vec![0.0; columns], scales: vec![1.0; columns] }
    }

    /// Whether scales can be divided by; `array` is what they are called where they are kept.
    pub(crate) fn check(&self, array: &str) -> Result<(), DensityError> {
        match self.scales.iter().find(|scale| !scale.is_normal() || **scale < 0.0) {
            Some(scale) => wrong(array, format!("holds {scale}; scales must be above 0")),
            None => Ok(()),
        }
    }

    /// The first column that is the same in all of these rows.
    pub(crate) fn first_constant(table: ArrayView2<'_, f64>, rows: &[usize]) -> Option<usize> {
        let constant = |column: ndarray::ArrayView1<'_, f64>| rows.iter().all(|&row| column[row] == column[rows[0]]);
        table.columns().into_iter().position(constant)
    }

    pub(crate) fn scaled(&self, column: usize, value: f64) -> f64 {
        (value - self.means[column]) / self.scales[column]
    }

    pub(crate) fn unscaled(&self, column: usize, value: f64) -> f64 {
        self.means[column] + self.scales[column] * value
    }

    /// The natural logarithm of what the scaling does to volumes.
    pub(crate) fn log_volume(&self) -> f64 {
        self.scales.iter().map(|scale| scale.ln()).sum()
    }
}

/// Whether a table can be trained on.
pub(crate) fn check_table(table: ArrayView2<'_, f64>, what: &'static str) -> Result<(), DensityError> {
    if table.ncols() == 0 {
        return Err(DensityError::NoColumns { what });
    }
    match table.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), &value)) => Err(DensityError::NotFinite { what, row, column, value }),
        None => Ok(()),
    }
}

/// Some rows, one after the other.
pub(crate) fn scaled_rows(table: ArrayView2<'_, f64>, rows: &[usize], scaling: &Scaling) -> Vec<f32> {
    let columns = table.ncols();
    let of_row = |&row: &usize| (0..columns).map(move |column| scaling.scaled(column, table[[row, column]]) as f32);
    rows.iter().flat_map(of_row).collect()
}

/// Some rows as columns; a single row stands for all.
pub(crate) fn scaled_columns(table: ArrayView2<'_, f64>, rows: std::ops::Range<usize>, scaling: &Scaling) -> Vec<f64> {
    let single = table.nrows() == 1;
    let number = |column: usize, row: usize| scaling.scaled(column, table[[if single { 0 } else { row }, column]]);
    (0..table.ncols()).flat_map(|column| rows.clone().map(move |row| number(column, row))).collect()
}
