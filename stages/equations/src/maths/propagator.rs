//! e^(M dt) and its integral, by scaling and squaring.
//!
//! The larger matrix [[M dt, 1 dt], [0, 0]] has the exponential [[e^(M dt), integral of e^(M s) ds], [0, 1]]. It is divided
//! by 2^s until its norm is at most 1/2, its exponential is the Taylor series of degree 16, whose next term is below
//! 10^-19, and squared s times (Higham 2008, section 10.3).

/// What takes x' = M x + c over a step: x becomes `state` x + `input` c. Both by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Propagator {
    /// e^(M dt)
    pub state: Vec<f64>,
    /// The integral of e^(M s) from 0 to dt.
    pub input: Vec<f64>,
}

const DEGREE: usize = 16;
/// Norms beyond it would be squared so often that nothing is left of their accuracy.
const LARGEST_NORM: f64 = 1e9;

/// The propagator of a matrix of `size` rows, given by rows. None where an entry is not finite or its size times the step
/// is beyond 10^9.
pub fn propagator(matrix: &[f64], size: usize, dt: f64) -> Option<Propagator> {
    if matrix.len() != size * size {
        return None;
    }
    if size == 0 {
        return Some(Propagator { state: Vec::new(), input: Vec::new() });
    }
    let wide = 2 * size;
    let mut scaled = vec![0.0; wide * wide];
    for row in 0..size {
        for column in 0..size {
            scaled[row * wide + column] = matrix[row * size + column] * dt;
        }
        // In units of the step, so that the norm does not depend on units of time.
        scaled[row * wide + size + row] = 1.0;
    }
    let norm = scaled.chunks(wide).map(|row| row.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, nan_max);
    if norm.is_nan() || norm > LARGEST_NORM {
        return None;
    }
    let mut squarings = 0;
    let mut left = norm;
    while left > 0.5 {
        left *= 0.5;
        squarings += 1;
    }
    let factor = libm::ldexp(1.0, -squarings);
    for entry in &mut scaled {
        *entry *= factor;
    }
    // Horner: 1 + A (1 + A/2 (1 + A/3 (...)))
    let mut sum = identity(wide);
    for term in (1..=DEGREE).rev() {
        let mut product = multiplied(&scaled, &sum, wide);
        for entry in &mut product {
            *entry /= term as f64;
        }
        for entry in product.iter_mut().step_by(wide + 1) {
            *entry += 1.0;
        }
        sum = product;
    }
    for _ in 0..squarings {
        sum = multiplied(&sum, &sum, wide);
    }
    let part = |from: usize, factor: f64| -> Vec<f64> {
        let rows = sum.chunks(wide).take(size);
        rows.flat_map(|row| row[from..from + size].iter().map(|entry| entry * factor)).collect()
    };
    Some(Propagator { state: part(0, 1.0), input: part(size, dt) })
}

fn nan_max(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

fn identity(size: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; size * size];
    for entry in matrix.iter_mut().step_by(size + 1) {
        *entry = 1.0;
    }
    matrix
}

fn multiplied(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for (row, out) in a.chunks(size).zip(product.chunks_mut(size)) {
        for (&factor, b_row) in row.iter().zip(b.chunks(size)) {
            if factor != 0.0 {
                for (out, entry) in out.iter_mut().zip(b_row) {
                    *out += factor * entry;
                }
            }
        }
    }
    product
}
