//! Entropy of the singular values of a matrix of delayed rows.
//!
//! The matrix is reduced to its triangular factor by Householder reflections, whose columns are then
//! made orthogonal by rotations (one-sided Jacobi): small singular values are as exact as large ones,
//! which squares would lose.
//!
//! Reference: Golub GH & Van Loan CF, Matrix Computations, algorithms 5.2.1 and 8.6.

use super::ordinal::Embedding;
use super::variance::{all_finite, sum};

/// Sweeps of rotations at most: three to five are enough.
const SWEEPS: usize = 40;

/// Entropy of the singular values, in bits; divided by its largest value log2(order) if `normalized`.
///
/// NaN for an order below 2, no delay, a series shorter than order times delay, and a series of zeros.
pub fn svd_entropy(series: &[f64], embedding: Embedding, normalized: bool) -> f64 {
    let Embedding { order, delay } = embedding;
    if order < 2 || delay == 0 || order.saturating_mul(delay) > series.len() || !all_finite(series) {
        return f64::NAN;
    }
    // Entropy does not depend on size; squares of large values would.
    let largest = series.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let rows = embedding.vectors(series.len());
    let column = |j: usize| series[j * delay..j * delay + rows].iter().map(|x| x / largest).collect();
    let singular = singular_values((0..order).map(column).collect());
    let all: f64 = singular.iter().sum();
    if !(all > 0.0 && all.is_finite()) {
        return f64::NAN;
    }
    let parts = singular.iter().map(|s| s / all).filter(|part| *part > 0.0);
    let bits = -parts.map(|part| part * part.log2()).sum::<f64>() + 0.0;
    if normalized { bits / (order as f64).log2() } else { bits }
}

/// Of a matrix by columns, in no order.
fn singular_values(columns: Vec<Vec<f64>>) -> Vec<f64> {
    let mut columns = triangular(columns);
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for p in 0..columns.len() {
            for q in p + 1..columns.len() {
                rotated |= made_orthogonal(&mut columns, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    columns.iter().map(|column| dot(column, column).sqrt()).collect()
}

/// The triangular factor of a matrix, where it has more rows than columns.
fn triangular(mut columns: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let (rows, count) = (columns[0].len(), columns.len());
    if rows <= count {
        return columns;
    }
    for j in 0..count {
        let (done, rest) = columns.split_at_mut(j + 1);
        let pivot = &mut done[j][j..];
        let norm = dot(pivot, pivot).sqrt();
        if norm == 0.0 {
            continue;
        }
        // The sign for which nothing cancels.
        let diagonal = if pivot[0] > 0.0 { -norm } else { norm };
        pivot[0] -= diagonal;
        let square = dot(pivot, pivot);
        for other in rest {
            let factor = 2.0 * dot(pivot, &other[j..]) / square;
            for (x, v) in other[j..].iter_mut().zip(&*pivot) {
                *x -= factor * v;
            }
        }
        pivot[0] = diagonal;
        pivot[1..].fill(0.0);
    }
    for column in &mut columns {
        column.truncate(count);
    }
    columns
}

/// Rotates two columns until they are orthogonal. Returns whether they were not.
fn made_orthogonal(columns: &mut [Vec<f64>], p: usize, q: usize) -> bool {
    let (first, second) = columns.split_at_mut(q);
    let (a, b) = (&mut first[p], &mut second[0]);
    let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
    if ab.abs() <= f64::EPSILON * (aa * bb).sqrt() {
        return false;
    }
    let zeta = (bb - aa) / (2.0 * ab);
    let tangent = 1.0_f64.copysign(zeta) / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = cosine * tangent;
    for (x, y) in a.iter_mut().zip(b.iter_mut()) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    true
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    sum(len, |i| a[i] * b[i])
}
