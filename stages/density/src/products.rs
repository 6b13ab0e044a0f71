//! Products of matrices that lie in slices: the only place that calls the library of products, which takes pointers.

use crate::number::Number;

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    numbers: &'a [T],
    rows: usize,
    columns: usize,
    steps: [isize; 2],
}

impl<'a, T: Number> View<'a, T> {
    /// Row after row. The slice has as many numbers as the matrix.
    pub(crate) fn new(numbers: &'a [T], rows: usize, columns: usize) -> Self {
        assert_eq!(Some(numbers.len()), rows.checked_mul(columns), "a matrix of {rows} x {columns}");
        Self { numbers, rows, columns, steps: [columns as isize, 1] }
    }

    /// Rows as columns.
    pub(crate) fn transposed(self) -> Self {
        let [row, column] = self.steps;
        Self { rows: self.columns, columns: self.rows, steps: [column, row], ..self }
    }
}

/// Row after row, `out = a b`, or `out += a b`.
pub(crate) fn multiply<T: Number>(a: View<'_, T>, b: View<'_, T>, added: bool, out: &mut [T]) {
    assert_eq!(a.columns, b.rows, "columns of the left matrix are the rows of the right one");
    assert_eq!(Some(out.len()), a.rows.checked_mul(b.columns), "the product is {} x {}", a.rows, b.columns);
    let beta = if added { T::ONE } else { T::ZERO };
    let shape = [a.rows, a.columns, b.columns];
    let places = (out.as_mut_ptr(), [b.columns as isize, 1]);
    // SAFETY: `View::new` and the assertions above hold every index of the three matrices within its slice (a transposed view has the same places), and `out`
    // is borrowed by this function alone.
    #[allow(unsafe_code)]
    unsafe {
        T::multiply(shape, (a.numbers.as_ptr(), a.steps), (b.numbers.as_ptr(), b.steps), beta, places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_sums_over_the_inner_index() {
        let a: Vec<f64> = (0..6).map(f64::from).collect();
        let b: Vec<f64> = (0..12).map(|i| f64::from(i) - 5.0).collect();
        let mut out = vec![1.0; 8];
        multiply(View::new(&a, 2, 3), View::new(&b, 3, 4), true, &mut out);
        let mut across = vec![f64::NAN; 8];
        multiply(View::new(&b, 3, 4).transposed(), View::new(&a, 2, 3).transposed(), false, &mut across);
        for row in 0..2 {
            for column in 0..4 {
                let sum: f64 = (0..3).map(|k| a[row * 3 + k] * b[k * 4 + column]).sum();
                assert_eq!(out[row * 4 + column], sum + 1.0);
                assert_eq!(across[column * 2 + row], sum);
            }
        }
    }

    /// Draws rely on it: a column does not depend on how many there are beside it.
    #[test]
    fn a_column_of_a_product_does_not_depend_on_the_others() {
        let number = |i: usize| ((i * 7919) as f64 * 0.37).sin();
        for inner in [1, 3, 50, 300] {
            let a: Vec<f64> = (0..50 * inner).map(number).collect();
            let b: Vec<f64> = (0..inner * 203).map(number).collect();
            let mut all = vec![0.0; 50 * 203];
            multiply(View::new(&a, 50, inner), View::new(&b, inner, 203), false, &mut all);
            for count in [1, 2, 7, 64] {
                let fewer: Vec<f64> = (0..inner).flat_map(|k| b[k * 203..][..count].to_vec()).collect();
                let mut out = vec![0.0; 50 * count];
                multiply(View::new(&a, 50, inner), View::new(&fewer, inner, count), false, &mut out);
                for row in 0..50 {
                    assert_eq!(out[row * count..][..count], all[row * 203..][..count]);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a matrix of 2 x 3")]
    fn a_slice_that_is_too_short_is_no_matrix() {
        View::new(&[0.0f32; 5], 2, 3);
    }
}
