//! Symmetric positive definite systems, as lower triangles of square matrices, row after row.

/// Turns the lower triangle of a matrix into its Cholesky factor; false where it is not positive definite.
pub(super) fn factorise(matrix: &mut [f64], size: usize) -> bool {
    for i in 0..size {
        let (above, rest) = matrix.split_at_mut(i * size);
        let line = &mut rest[..size];
        for j in 0..i {
            let other = &above[j * size..j * size + j + 1];
            line[j] = (line[j] - dot(&line[..j], &other[..j])) / other[j];
        }
        let pivot = line[i] - dot(&line[..i], &line[..i]);
        if !(pivot > 0.0 && pivot.is_finite()) {
            return false;
        }
        line[i] = pivot.sqrt();
    }
    true
}

/// Solves L L' x = b in place.
pub(super) fn solve(factor: &[f64], size: usize, x: &mut [f64]) {
    for i in 0..size {
        let line = &factor[i * size..];
        x[i] = (x[i] - dot(&line[..i], &x[..i])) / line[i];
    }
    for i in (0..size).rev() {
        x[i] /= factor[i * size + i];
        let value = x[i];
        x[..i].iter_mut().zip(&factor[i * size..]).for_each(|(x, l)| *x -= value * l);
    }
}

/// The inverse of L L', whole.
pub(super) fn inverse(factor: &[f64], size: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; size * size];
    for (i, line) in inverse.chunks_exact_mut(size).enumerate() {
        line[i] = 1.0;
        solve(factor, size, line);
    }
    inverse
}

/// Which columns say nothing that those before them do not, by the matrix of their products: constant ones (a multiple of
/// column 0, or 0), and those that others add up to.
pub(super) fn dependent(moments: &[f64], size: usize) -> Vec<Dependence> {
    // What a column leaves of its variance when those before it are taken out of it.
    const TOLERANCE: f64 = 1e-10;
    let mut found = vec![Dependence::Free; size];
    let mut factor = vec![0.0; size * size];
    for i in 0..size {
        let (above, rest) = factor.split_at_mut(i * size);
        let line = &mut rest[..size];
        for j in 0..i {
            let other = &above[j * size..j * size + j + 1];
            let product = moments[i * size + j] - dot(&line[..j], &other[..j]);
            line[j] = if found[j] == Dependence::Free { product / other[j] } else { 0.0 };
        }
        let own = moments[i * size + i];
        let variance = if i == 0 { own } else { own - line[0] * line[0] };
        let pivot = own - dot(&line[..i], &line[..i]);
        if own <= 0.0 || variance <= TOLERANCE * own {
            found[i] = Dependence::Constant;
        } else if pivot <= TOLERANCE * variance {
            found[i] = Dependence::Collinear;
        }
        line[i] = if found[i] == Dependence::Free { pivot.sqrt() } else { 1.0 };
    }
    found
}

/// What a column is to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dependence {
    Free,
    Constant,
    Collinear,
}

/// Four sums side by side, added up in a fixed order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (a_blocks, b_blocks) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a_blocks.remainder().iter().zip(b_blocks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_blocks.zip(b_blocks) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved_and_inverted() {
        let size = 9;
        let entry = |i: usize, j: usize| ((i * 5 + j * 3) % 11) as f64 - 4.0;
        let mut matrix = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..size {
                matrix[i * size + j] = (0..size).map(|k| entry(i, k) * entry(j, k)).sum::<f64>();
            }
            matrix[i * size + i] += 1.0;
        }
        let mut factor = matrix.clone();
        assert!(factorise(&mut factor, size));
        let mut x: Vec<f64> = (0..size).map(|i| i as f64 - 2.0).collect();
        let b = x.clone();
        solve(&factor, size, &mut x);
        let inverse = inverse(&factor, size);
        for i in 0..size {
            assert!((dot(&matrix[i * size..][..size], &x) - b[i]).abs() < 1e-9);
            for j in 0..size {
                let product: f64 = (0..size).map(|k| matrix[i * size + k] * inverse[k * size + j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9);
            }
        }
        assert!(!factorise(&mut [1.0, 0.0, 2.0, 4.0], 2));
    }

    #[test]
    fn columns_that_say_nothing_are_found() {
        // Ones, a column, twice a constant, zeros, the sum of the first two, a free one.
        let columns = [
            [1.0; 5],
            [0.0, 1.0, 0.0, 2.0, 0.0],
            [2.0; 5],
            [0.0; 5],
            [1.0, 2.0, 1.0, 3.0, 1.0],
            [0.0, 0.0, 1.0, 0.0, 0.0],
        ];
        let moments: Vec<f64> = columns.iter().flat_map(|a| columns.iter().map(move |b| dot(a, b))).collect();
        use Dependence::{Collinear, Constant, Free};
        assert_eq!(dependent(&moments, 6), [Free, Free, Constant, Constant, Collinear, Free]);
    }
}
