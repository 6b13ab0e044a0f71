//! Steps beside scikit-learn, and their edges.

use ndarray::array;

use super::*;

fn through(step: Step, rows: &Array2<f64>) -> (Array2<f64>, LearnedStep) {
    let preparation = Preparation { steps: vec![step], ..Preparation::none() };
    let mut seen = rows.clone();
    let learned = learn(&preparation, &mut seen, &["a", "b"]).unwrap().remove(0);
    (seen, learned)
}

/// sklearn.preprocessing.QuantileTransformer and RobustScaler of scikit-learn 1.9.1.
#[test]
fn places_and_scores_are_those_of_scikit_learn() {
    let rows = array![[0.0, 3.0], [1.0, 3.0], [1.0, 5.0], [4.0, -2.0], [9.0, 0.5]];
    let uniform = QuantileStep { quantiles: 4, distribution: Scores::Uniform };
    let (seen, learned) = through(Step::Quantile(uniform), &rows);
    let places = [0.0, 6.0, 3.0, 6.0, 3.0, 9.0, 6.5, 0.0, 9.0, 2.25].map(|ninths| ninths / 9.0);
    for (found, expected) in seen.iter().zip(places) {
        assert!((found - expected).abs() < 1e-12, "{seen}");
    }
    let mut beyond = array![[-7.0, 9.0], [0.5, f64::NAN]];
    apply(&[learned], &mut beyond);
    assert_eq!(beyond.row(0).to_vec(), [0.0, 1.0]);
    assert!((beyond[[1, 0]] - 1.0 / 6.0).abs() < 1e-12 && beyond[[1, 1]].is_nan());
    let (seen, _) = through(Step::Quantile(QuantileStep { quantiles: 4, ..QuantileStep::default() }), &rows);
    let (end, third) = (5.199337582605575, 0.43072729929545744);
    let scores = [-end, third, -third, third, -third, end, 0.5894557978497786, -end, end, -0.6744897501960816];
    for (found, expected) in seen.iter().zip(scores) {
        assert!((found - expected).abs() < 1e-9, "{seen}");
    }
}

#[test]
fn robust_scales_do_without_quartiles_that_differ() {
    let (seen, _) = through(Step::RobustScale, &array![[0.0, 1.0], [2.0, 1.0], [4.0, 1.0], [8.0, 1.0], [9.0, 2.0]]);
    assert_eq!(seen.column(0).to_vec(), [-4.0 / 6.0, -2.0 / 6.0, 0.0, 4.0 / 6.0, 5.0 / 6.0]);
    assert!((seen[[4, 1]] - 1.0 / 0.4).abs() < 1e-12 && seen[[0, 1]] == 0.0);
}

#[test]
fn components_are_directions_of_largest_variance() {
    // Along (3, 4) / 5 the rows vary twice as much as across.
    let along = [-2.0, -1.0, 0.0, 1.0, 2.0];
    let across = [0.5, -1.0, 1.0, -1.0, 0.5];
    let rows = Array2::from_shape_fn((5, 2), |(row, column)| match column {
        0 => 7.0 + (3.0 * along[row] - 4.0 * across[row]) / 5.0,
        _ => -2.0 + (4.0 * along[row] + 3.0 * across[row]) / 5.0,
    });
    let step = |components| Step::PrincipalComponents(ComponentsStep { components });
    let (seen, learned) = through(step(1), &rows);
    assert_eq!((seen.ncols(), learned.width(2)), (1, 1));
    for (found, expected) in seen.iter().zip(along) {
        assert!((found - expected).abs() < 1e-12, "{seen}");
    }
    let (all, learned) = through(step(9), &rows);
    assert!(all.column(1).iter().zip(across).all(|(found, expected)| (found.abs() - f64::abs(expected)).abs() < 1e-12));
    assert_eq!(LearnedStep::restore(learned.store(), 2).unwrap(), learned);
    assert!(LearnedStep::restore(learned.store(), 3).is_err());
    // Fewer rows than columns.
    let wide = Array2::from_shape_fn((3, 6), |(row, column)| ((row * 7 + column * column) as f64).sin());
    let preparation = Preparation { steps: vec![step(2)], ..Preparation::none() };
    let mut projected = wide;
    learn(&preparation, &mut projected, &["a"; 6]).unwrap();
    assert!(projected.ncols() == 2 && projected.iter().all(|value| value.is_finite()));
}

#[test]
fn logarithms_are_of_positive_numbers() {
    let step = Step::Log(LogStep { features: vec!["b".to_owned()] });
    let (seen, learned) = through(step.clone(), &array![[0.0, 1.0], [-2.0, std::f64::consts::E]]);
    assert_eq!(seen, array![[0.0, 0.0], [-2.0, 1.0]]);
    let mut others = array![[0.0, 0.0], [1.0, -1.0]];
    apply(&[learned], &mut others);
    assert!(others.column(1).iter().all(|value| value.is_nan()) && others[[1, 0]] == 1.0);
    let preparation = Preparation { steps: vec![step], ..Preparation::none() };
    let refused = learn(&preparation, &mut array![[0.0, 0.0]], &["a", "b"]).unwrap_err().to_string();
    assert!(refused.contains("feature `b` is 0 in a training row"), "{refused}");
    let unknown =
        Preparation { steps: vec![Step::Log(LogStep { features: vec!["c".to_owned()] })], ..Preparation::none() };
    assert!(unknown.check(&["a".to_owned()]).unwrap_err().to_string().contains("features that are used: a"));
}

#[test]
fn medians_take_the_place_of_what_is_missing_and_steps_are_kept() {
    let preparation = Preparation {
        missing: Missing::Median,
        steps: vec![Step::Quantile(QuantileStep::default()), Step::RobustScale, Step::Standardize],
        ..Preparation::none()
    };
    let rows = array![[1.0, 2.0], [f64::NAN, 3.0], [3.0, f64::NAN], [7.0, 8.0]];
    let mut seen = rows.clone();
    let learned = learn(&preparation, &mut seen, &["a", "b"]).unwrap();
    assert_eq!(learned[0], LearnedStep::Fill(vec![3.0, 3.0]));
    assert!(seen.iter().all(|value| value.is_finite()));
    for step in &learned {
        let restored = LearnedStep::restore(step.store(), 2).unwrap();
        assert_eq!(&restored, step);
        assert!(LearnedStep::restore(step.store(), 3).is_err());
    }
    let mut again = rows;
    apply(&learned, &mut again);
    assert_eq!(again, seen);
}
