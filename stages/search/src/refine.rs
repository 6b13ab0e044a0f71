//! An adaptive grid: new points where a quantity changes most between neighbours, as at a bifurcation or the border of a
//! phase.
//!
//! Points lie on a grid of lines parallel to the axes. Two points are neighbours if they differ in one parameter alone and
//! none lies between them. The pairs whose values differ most, and by more than a tolerance, get a point halfway between
//! them, unless they are closer already than a least distance.
//!
//! | argument | unit | meaning | range |
//! |---|---|---|---|
//! | `points` | that of each parameter | what was computed | |
//! | `values` | that of the quantity | what came out; not a number where nothing did | |
//! | `tolerance` | that of the quantity | pairs that differ by no more are left as they are | 0 and above |
//! | `least_distances` | that of each parameter | pairs that are no farther apart are left as they are | 0 and above |
//! | `most` | | so many new points at most | |
//!
//! It is the bisection of intervals of one-dimensional adaptive sampling on each line, ranked over all of them. (B. Nijholt,
//! J. Weston, J. Hoofwijk, A. Akhmerov, Adaptive: parallel active learning of mathematical functions, 2019,
//! doi:10.5281/zenodo.1182437, ranks intervals by a loss likewise.)

use std::collections::{BTreeMap, HashSet};

/// Points to compute next, those between the most different neighbours first; none once all neighbours are alike.
///
/// `points` are rows of as many parameters as `least_distances` has. A pair with a value that is not a number is left out.
pub fn next_points(
    points: &[Vec<f64>],
    values: &[f64],
    tolerance: f64,
    least_distances: &[f64],
    most: usize,
) -> Vec<Vec<f64>> {
    let bits = |point: &[f64]| -> Vec<u64> { point.iter().map(|x| x.to_bits()).collect() };
    let known: HashSet<Vec<u64>> = points.iter().map(|point| bits(point)).collect();
    let mut wanted: Vec<(f64, Vec<f64>)> = Vec::new();
    for (axis, &least) in least_distances.iter().enumerate() {
        let mut lines: BTreeMap<Vec<u64>, Vec<usize>> = BTreeMap::new();
        for (number, point) in points.iter().enumerate() {
            let mut others = bits(point);
            others.remove(axis);
            lines.entry(others).or_default().push(number);
        }
        for line in lines.values_mut() {
            line.sort_by(|&a, &b| points[a][axis].total_cmp(&points[b][axis]));
            for pair in line.windows(2) {
                let (below, above) = (&points[pair[0]], &points[pair[1]]);
                let difference = (values[pair[0]] - values[pair[1]]).abs();
                let differs = difference > tolerance;
                if !differs || above[axis] - below[axis] <= least {
                    continue;
                }
                let mut between = below.clone();
                between[axis] = below[axis] + (above[axis] - below[axis]) / 2.0;
                wanted.push((difference, between));
            }
        }
    }
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut taken = known;
    wanted.retain(|(_, point)| taken.insert(bits(point)));
    wanted.into_iter().take(most).map(|(_, point)| point).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(x: &[f64]) -> f64 {
        if x[0] * x[0] + x[1] * x[1] < 0.5 { 1.0 } else { 0.0 }
    }

    #[test]
    fn a_jump_is_closed_in_by_bisection() {
        let mut points: Vec<Vec<f64>> = vec![vec![0.0], vec![1.0]];
        for round in 0..20 {
            let values: Vec<f64> = points.iter().map(|x| f64::from(x[0] > 0.3)).collect();
            let new = next_points(&points, &values, 0.5, &[1e-5], 10);
            if round >= 17 {
                assert!(new.is_empty());
                continue;
            }
            // One pair differs, so one point is wanted.
            assert_eq!(new.len(), 1, "round {round}");
            points.extend(new);
        }
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let above = points.iter().position(|x| x[0] > 0.3).unwrap();
        assert!(points[above][0] - points[above - 1][0] <= 1e-5);
    }

    #[test]
    fn points_gather_at_the_border_of_a_phase() {
        let levels = || (0..5).map(|i| f64::from(i) / 4.0);
        let mut points: Vec<Vec<f64>> = levels().flat_map(|x| levels().map(move |y| vec![x, y])).collect();
        for _ in 0..4 {
            let values: Vec<f64> = points.iter().map(|x| step(x)).collect();
            points.extend(next_points(&points, &values, 0.0, &[0.0, 0.0], 1000));
        }
        let new = &points[25..];
        assert!(new.len() > 20);
        let border = 0.5_f64.sqrt();
        assert!(new.iter().all(|x| ((x[0] * x[0] + x[1] * x[1]).sqrt() - border).abs() < 0.26));
    }

    #[test]
    fn what_is_missing_is_no_difference() {
        let points = vec![vec![0.0], vec![1.0], vec![2.0]];
        assert!(next_points(&points, &[0.0, f64::NAN, 5.0], 0.0, &[0.0], 9).is_empty());
        assert_eq!(next_points(&points, &[0.0, 0.0, 5.0], 0.0, &[0.0], 9), [vec![1.5]]);
        assert!(next_points(&[], &[], 0.0, &[0.0], 9).is_empty());
    }

    proptest! {
        #[test]
        fn new_points_are_new_and_lie_between_neighbours(
            xs in prop::collection::btree_set((0_i32..8, 0_i32..8), 1..40),
            tolerance in 0.0..2.0,
            most in 0_usize..30,
        ) {
            let points: Vec<Vec<f64>> = xs.iter().map(|&(x, y)| vec![f64::from(x), f64::from(y)]).collect();
            let values: Vec<f64> = points.iter().map(|x| (3.0 * x[0] + x[1] * x[1]) % 5.0).collect();
            let new = next_points(&points, &values, tolerance, &[0.0, 0.0], most);
            prop_assert!(new.len() <= most);
            for point in &new {
                prop_assert!(!points.contains(point));
                prop_assert_eq!(new.iter().filter(|other| *other == point).count(), 1);
            }
        }
    }
}
