use ndarray::Array2;

use super::*;

/// The tree that trying all thresholds grows: what it predicts for a row.
fn plain(x: &Array2<f64>, y: &[f64], counts: &[u32], rows: &[usize], depth: usize, least: usize, at: &[f64]) -> f64 {
    let mean_and_squares = |rows: &[usize]| {
        let weight: f64 = rows.iter().map(|&row| f64::from(counts[row])).sum();
        let mean = rows.iter().map(|&row| f64::from(counts[row]) * y[row]).sum::<f64>() / weight;
        (mean, rows.iter().map(|&row| f64::from(counts[row]) * (y[row] - mean).powi(2)).sum::<f64>())
    };
    let (mean, squares) = mean_and_squares(rows);
    let mut best: Option<(f64, usize, f64)> = None;
    for feature in 0..x.ncols() {
        let mut values: Vec<f64> = rows.iter().map(|&row| x[[row, feature]]).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        for pair in values.windows(2) {
            let threshold = (pair[0] + pair[1]) / 2.0;
            let (low, high): (Vec<usize>, Vec<usize>) = rows.iter().partition(|&&row| x[[row, feature]] <= threshold);
            let left = mean_and_squares(&low).1 + mean_and_squares(&high).1;
            let fits = low.len().min(high.len()) >= least;
            // A tie is one to rounding.
            if fits && best.is_none_or(|best| left < best.0 - 1e-9 * squares) {
                best = Some((left, feature, threshold));
            }
        }
    }
    let varies = rows.iter().any(|&row| y[row] != y[rows[0]]);
    match best.filter(|_| depth > 0 && varies) {
        Some((_, feature, threshold)) => {
            let side = at[feature] <= threshold;
            let rows: Vec<usize> =
                rows.iter().copied().filter(|&row| (x[[row, feature]] <= threshold) == side).collect();
            plain(x, y, counts, &rows, depth - 1, least, at)
        }
        None => mean,
    }
}

#[test]
fn trees_are_those_of_trying_all_thresholds() {
    // One feature of few values, one of many; targets without ties between splits.
    let x = Array2::from_shape_fn((60, 3), |(r, c)| match c {
        0 => (r * 7 % 5) as f64,
        _ => ((r * (2 * c + 3)) as f64 * 0.37).sin() * 1e3f64.powi(c as i32),
    });
    let y: Vec<f64> = (0..60).map(|r| 3.0 * x[[r, 1]].sin() + x[[r, 0]] + ((r * r) as f64).cos()).collect();
    let columns = Columns::of(x.view());
    for (counts, drawn) in [(vec![1; 60], 60), ((0..60).map(|row| row % 3).collect::<Vec<u32>>(), 40)] {
        let bag = Bag::new(counts.clone());
        let rows: Vec<usize> = (0..60).filter(|&row| counts[row] > 0).collect();
        assert_eq!(rows.len(), drawn);
        for (max_depth, min_samples_leaf) in [(None, 1), (Some(1), 1), (Some(3), 4), (None, 7), (None, 30)] {
            let rule = Rule { max_depth, min_samples_leaf, features_per_split: None };
            let mut sorted = Sorted::new(&columns);
            sorted.take(&bag);
            // What a tree before left behind must not matter.
            for _ in 0..2 {
                sorted.begin();
                let tree = grow(&mut sorted, rule, &y, &bag, None, &|| Ok(())).unwrap();
                tree.check("tree", 3).unwrap();
                // Features that part the rows of a node alike may part others differently.
                for row in &rows {
                    let row = x.row(*row).to_vec();
                    let depth = max_depth.map_or(usize::MAX, usize::from);
                    let expected = plain(&x, &y, &counts, &rows, depth, min_samples_leaf, &row);
                    assert!((tree.predict(&row) - expected).abs() < 1e-9, "{rule:?}");
                }
            }
        }
    }
}

#[test]
fn a_split_that_gains_nothing_may_lead_to_one_that_does() {
    let x = ndarray::array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = [0.0, 1.0, 1.0, 0.0];
    let (columns, bag) = (Columns::of(x.view()), Bag::new(vec![1; 4]));
    let mut sorted = Sorted::new(&columns);
    sorted.take(&bag);
    sorted.begin();
    let rule = Rule { max_depth: None, min_samples_leaf: 1, features_per_split: None };
    let tree = grow(&mut sorted, rule, &y, &bag, None, &|| Ok(())).unwrap();
    for (row, expected) in x.rows().into_iter().zip(y) {
        assert_eq!(tree.predict(&row.to_vec()), expected);
    }
}

#[test]
fn neighbouring_numbers_are_told_apart() {
    let low = 1.0f64;
    let x = ndarray::array![[low], [low.next_up()], [-0.0], [0.0]];
    let y = [1.0, 2.0, 3.0, 3.0];
    let (columns, bag) = (Columns::of(x.view()), Bag::new(vec![1; 4]));
    let mut sorted = Sorted::new(&columns);
    sorted.take(&bag);
    sorted.begin();
    let rule = Rule { max_depth: None, min_samples_leaf: 1, features_per_split: None };
    let tree = grow(&mut sorted, rule, &y, &bag, None, &|| Ok(())).unwrap();
    for (row, expected) in x.rows().into_iter().zip(y) {
        assert_eq!(tree.predict(&row.to_vec()), expected);
    }
}
