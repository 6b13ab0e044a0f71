//! The assignment problem: each row gets a column of its own, at the least sum of costs.

use nalgebra::DMatrix;

/// The column of each row. Costs must be finite.
///
/// Shortest augmenting paths with potentials (Kuhn 1955; Jonker & Volgenant 1987, Computing 38:325), O(n^3).
pub(crate) fn assignment(cost: &DMatrix<f64>) -> Vec<usize> {
    let n = cost.nrows();
    // Potentials keep cost - row - column >= 0, and 0 on assigned pairs. The column n stands for the row that is added.
    let (mut row_potential, mut column_potential) = (vec![0.0; n], vec![0.0; n + 1]);
    let mut row_of: Vec<Option<usize>> = vec![None; n + 1];
    for added in 0..n {
        row_of[n] = Some(added);
        let (mut distance, mut from) = (vec![f64::INFINITY; n], vec![n; n]);
        let mut reached = vec![false; n + 1];
        let mut column = n;
        while let Some(row) = row_of[column] {
            reached[column] = true;
            let mut nearest = (f64::INFINITY, n);
            for other in (0..n).filter(|&other| !reached[other]) {
                let reduced = cost[(row, other)] - row_potential[row] - column_potential[other];
                if reduced < distance[other] {
                    (distance[other], from[other]) = (reduced, column);
                }
                if distance[other] < nearest.0 {
                    nearest = (distance[other], other);
                }
            }
            let (step, next) = nearest;
            for other in 0..=n {
                match row_of[other] {
                    Some(row) if reached[other] => {
                        row_potential[row] += step;
                        column_potential[other] -= step;
                    }
                    _ if other < n => distance[other] -= step,
                    _ => {}
                }
            }
            column = next;
        }
        while column != n {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
    }
    let mut column_of = vec![0; n];
    for (column, row) in row_of.iter().take(n).enumerate() {
        if let Some(row) = *row {
            column_of[row] = column;
        }
    }
    column_of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(cost: &DMatrix<f64>, columns: &[usize]) -> f64 {
        columns.iter().enumerate().map(|(row, &column)| cost[(row, column)]).sum()
    }

    /// Of all permutations.
    fn least(cost: &DMatrix<f64>, row: usize, free: &mut Vec<usize>) -> f64 {
        if row == cost.nrows() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for position in 0..free.len() {
            let column = free.remove(position);
            best = best.min(cost[(row, column)] + least(cost, row + 1, free));
            free.insert(position, column);
        }
        best
    }

    #[test]
    fn it_is_the_best_of_all_permutations() {
        let mut state = 1_u64;
        for n in 0..7 {
            for _ in 0..50 {
                // Few different costs, so that there are ties.
                let cost = DMatrix::from_fn(n, n, |_, _| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ((state >> 33) % 10) as f64
                });
                let found = assignment(&cost);
                let mut sorted = found.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..n).collect::<Vec<_>>());
                assert!((total(&cost, &found) - least(&cost, 0, &mut (0..n).collect())).abs() < 1e-12);
            }
        }
    }
}
