use super::*;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/statistics/");

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{GOLDEN}{name}")).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn levels(names: &[&str], of_row: &[&str]) -> Values {
    let number = |level: &&str| names.iter().position(|name| name == level).unwrap();
    Values::Levels {
        names: names.iter().map(|&name| name.to_owned()).collect(),
        of_row: of_row.iter().map(number).collect(),
    }
}

fn by_subject(subjects: &[&str]) -> Vec<usize> {
    let names: std::collections::BTreeSet<&&str> = subjects.iter().collect();
    subjects.iter().map(|subject| names.iter().position(|name| *name == subject).unwrap()).collect()
}

/// A model of some rows of `mixed_models.csv`, and its values.
fn model_of(rows: &[Vec<&str>], fixed: &[&str], slopes: &[&str]) -> (Model, Vec<f64>) {
    let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<&str>>();
    let number = |i: usize| column(i).iter().map(|x| x.parse().unwrap()).collect::<Vec<f64>>();
    let groups = column(2);
    let present: Vec<&str> = ["HC", "AD", "MCI"].into_iter().filter(|name| groups.contains(name)).collect();
    let predictor = |name: &str, values| Predictor { name: name.to_owned(), values };
    let predictors = vec![
        predictor("group", levels(&present, &groups)),
        predictor("age", Values::Numbers(number(3))),
        predictor("x", Values::Numbers(number(4))),
    ];
    let index = |name: &str| ["group", "age", "x"].iter().position(|known| *known == name).unwrap();
    let terms = fixed.iter().map(|term| Term { of: term.split(':').map(index).collect() }).collect();
    let slopes = slopes.iter().map(|name| index(name)).collect();
    let level_of_row = by_subject(&column(1));
    (Model { predictors, terms, by: "subject".to_owned(), level_of_row, slopes }, number(5))
}

/// statsmodels says where its search ended; where it stopped early, a better likelihood is right.
#[test]
fn estimates_are_those_of_statsmodels() {
    let csv = read("mixed_models.csv");
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let golden: serde_json::Value = serde_json::from_str(&read("mixed_models.json")).unwrap();
    for case in golden.as_array().unwrap() {
        let texts = |key: &str| case[key].as_array().unwrap().iter().map(|x| x.as_str().unwrap()).collect::<Vec<_>>();
        let rows: Vec<Vec<&str>> = rows.iter().filter(|row| row[0] == case["data"]).cloned().collect();
        let (model, y) = model_of(&rows, &texts("fixed"), &texts("slopes"));
        let method = if case["method"] == "ml" { Method::Ml } else { Method::Reml };
        let found = fit(&model, &y, method).unwrap();
        let what = format!("{} {:?} {:?} {}", case["data"], case["fixed"], case["slopes"], case["method"]);
        let near = |found: f64, expected: f64, scale: f64, of: &str| {
            assert!((found - expected).abs() < 1e-5 * scale, "{what}: {of} {found} against {expected}");
        };
        let likelihood = case["log_likelihood"].as_f64().unwrap();
        assert!(found.log_likelihood > likelihood - 1e-7, "{what}: {} against {likelihood}", found.log_likelihood);
        near(found.log_likelihood, likelihood, likelihood.abs(), "log-likelihood");
        let names: Vec<&str> = found.coefficients.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, texts("names"), "{what}");
        for (i, c) in found.coefficients.iter().enumerate() {
            let se = numbers(&case["se"])[i];
            near(c.estimate, numbers(&case["estimates"])[i], c.estimate.abs().max(se), &c.name);
            near(c.se, se, 2.0 * se, "se");
        }
        let residual = case["residual_variance"].as_f64().unwrap();
        near(found.residual_variance, residual, residual, "residual variance");
        for (i, row) in case["variances"].as_array().unwrap().iter().enumerate() {
            for (j, expected) in numbers(row).into_iter().enumerate() {
                let largest = found.covariance.amax().max(residual);
                near(found.covariance[(i, j)], expected, largest, "variance");
            }
        }
        assert_eq!(found.singular, case["data"] == "singular", "{what}");
    }
}

/// Figures of ncpi's fixtures: statsmodels again, of its own version and optimiser.
#[test]
fn a_random_intercept_is_that_of_the_fixture() {
    let csv = read("ncpi_mixed_model.csv");
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let golden: serde_json::Value = serde_json::from_str(&read("ncpi_mixed_model.json")).unwrap();
    let column = |i: usize| rows.iter().map(|row| row[i]).collect::<Vec<&str>>();
    let y: Vec<f64> = column(3).iter().map(|y| y.parse().unwrap()).collect();
    let groups = column(1);
    let other = groups.iter().find(|group| **group != "HC").unwrap();
    let model = Model {
        predictors: vec![Predictor { name: "group".to_owned(), values: levels(&["HC", other], &groups) }],
        terms: vec![Term { of: vec![0] }],
        by: "subject".to_owned(),
        level_of_row: by_subject(&column(0)),
        slopes: Vec::new(),
    };
    for (name, method) in [("reml", Method::Reml), ("ml", Method::Ml)] {
        let expected = &golden[name];
        let found = fit(&model, &y, method).unwrap();
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
        near(found.log_likelihood, expected["loglik"].as_f64().unwrap());
        // The search of the fixture's ML stopped 8e-5 away from the variances (and below this likelihood).
        let tolerance = if name == "ml" { 1e-4 } else { 1e-5 };
        let variances =
            [("var_subject", found.covariance[(0, 0)]), ("var_resid", found.residual_variance)].map(|(key, found)| {
                let expected = expected[key].as_f64().unwrap();
                assert!((found / expected - 1.0).abs() < tolerance, "{name}: {key} {found} {expected}");
                found
            });
        assert!(found.log_likelihood > expected["loglik"].as_f64().unwrap() - 1e-9);
        // Of balanced data the residual variance is the mean square within subjects, by either method.
        let within: f64 =
            y.chunks(8).map(|of| of.iter().map(|v| (v - of.iter().sum::<f64>() / 8.0).powi(2)).sum::<f64>()).sum();
        assert!((variances[1] / (within / (7.0 * 24.0)) - 1.0).abs() < 1e-8);
        for (i, coefficient) in found.coefficients.iter().enumerate() {
            near(coefficient.estimate, numbers(&expected["fixed"])[i]);
            if name == "reml" {
                near(coefficient.se, numbers(&expected["se"])[i]);
            }
        }
    }
}

/// What lme4 prints of `Reaction ~ Days + (Days | Subject)`.
#[test]
fn the_sleep_study_is_that_of_lme4() {
    let csv = read("sleepstudy.csv");
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let number = |i: usize| rows.iter().map(|row| row[i].parse().unwrap()).collect::<Vec<f64>>();
    let model = Model {
        predictors: vec![Predictor { name: "days".to_owned(), values: Values::Numbers(number(1)) }],
        terms: vec![Term { of: vec![0] }],
        by: "subject".to_owned(),
        level_of_row: by_subject(&rows.iter().map(|row| row[0]).collect::<Vec<_>>()),
        slopes: vec![0],
    };
    let y = number(2);
    let prints = |found: f64, printed: f64, digits: i32| {
        assert!((found - printed).abs() <= 0.5001 * 10.0_f64.powi(-digits), "{found} against {printed}");
    };
    let found = fit(&model, &y, Method::Reml).unwrap();
    prints(-2.0 * found.log_likelihood, 1743.628, 3);
    let [intercept, days] = &found.coefficients[..] else { panic!("{found:?}") };
    prints(intercept.estimate, 251.405, 3);
    prints(days.estimate, 10.467, 3);
    prints(intercept.se, 6.825, 3);
    prints(days.se, 1.546, 3);
    let sd = [found.covariance[(0, 0)].sqrt(), found.covariance[(1, 1)].sqrt()];
    // Its versions print 24.740 or 24.741, as their search ends.
    prints(sd[0], 24.74, 2);
    prints(sd[1], 5.922, 3);
    prints(found.covariance[(1, 0)] / sd[0] / sd[1], 0.066, 3);
    prints(found.residual_variance.sqrt(), 25.592, 3);
    let full = fit(&model, &y, Method::Ml).unwrap();
    prints(full.log_likelihood, -875.97, 2);
    prints(full.aic(), 1763.9, 1);
    prints(full.bic(), 1783.1, 1);
    // Days have no fixed effect, and slopes that vary around zero.
    let tested = likelihood_ratio(&full, &model.without(0).unwrap(), &y).unwrap();
    prints(tested.statistic, 23.537, 3);
    prints(tested.p * 1e6, 1.226, 3);
}

/// Six subjects of four rows; what a group adds is known.
fn small() -> (Model, Vec<f64>) {
    let subjects: Vec<&str> = ["a", "b", "c", "d", "e", "f"].into_iter().flat_map(|s| [s; 4]).collect();
    let groups: Vec<&str> = subjects.iter().map(|s| if *s < "d" { "HC" } else { "AD" }).collect();
    let noise = |i: usize| ((i * 7919 + 13) % 101) as f64 / 50.0;
    let y = (0..24).map(|i| noise(i) + if i < 12 { 0.0 } else { 1.0 } + noise(1000 + i / 4)).collect();
    let group = Predictor { name: "group".to_owned(), values: levels(&["HC", "AD"], &groups) };
    let x = Predictor { name: "x".to_owned(), values: Values::Numbers((0..24).map(|i| f64::from(i % 4)).collect()) };
    let model = Model {
        predictors: vec![group, x],
        terms: vec![Term { of: vec![0] }],
        by: "subject".to_owned(),
        level_of_row: by_subject(&subjects),
        slopes: Vec::new(),
    };
    (model, y)
}

/// Balanced data have closed forms: REML variances are those of the analysis of variance, and the test of a group between
/// subjects is the t test of their means.
#[test]
fn balanced_data_give_the_analysis_of_variance() {
    let (model, y) = small();
    let found = fit(&model, &y, Method::Reml).unwrap();
    let means: Vec<f64> = y.chunks(4).map(|rows| rows.iter().sum::<f64>() / 4.0).collect();
    let within: f64 = y.chunks(4).zip(&means).map(|(rows, m)| rows.iter().map(|v| (v - m).powi(2)).sum::<f64>()).sum();
    let of_group = |group: &[f64]| group.iter().sum::<f64>() / 3.0;
    let (hc, ad) = (of_group(&means[..3]), of_group(&means[3..]));
    let squares = |group: &[f64], mean: f64| group.iter().map(|m| (m - mean).powi(2)).sum::<f64>();
    let between = 4.0 * (squares(&means[..3], hc) + squares(&means[3..], ad)) / 4.0;
    let residual = within / 18.0;
    assert!(between > residual);
    assert!((found.residual_variance / residual - 1.0).abs() < 1e-8);
    assert!((found.covariance[(0, 0)] / ((between - residual) / 4.0) - 1.0).abs() < 1e-8);
    assert!((found.coefficients[1].estimate - (ad - hc)).abs() < 1e-10);
    assert!((found.coefficients[1].se / (between * 2.0 / 12.0).sqrt() - 1.0).abs() < 1e-8);
    assert_eq!((found.coefficients[1].df, found.levels, found.values), (4.0, 6, 24));
    assert_eq!((found.parameters(), found.singular), (4, false));
}

#[test]
fn without_effects_that_vary_it_is_least_squares() {
    let (model, y) = small();
    let found = fit(&model, &y, Method::Ml).unwrap();
    let mean = |rows: &[f64]| rows.iter().sum::<f64>() / 12.0;
    let squares: f64 = y.chunks(12).map(|rows| rows.iter().map(|v| (v - mean(rows)).powi(2)).sum::<f64>()).sum();
    let plain = -12.0 * (1.0 + (2.0 * std::f64::consts::PI * squares / 24.0).ln());
    assert!((found.log_likelihood_without - plain).abs() < 1e-9);
    assert!((found.bic_without() - (3.0 * 24.0_f64.ln() - 2.0 * plain)).abs() < 1e-8);
}

#[test]
fn units_and_offsets_only_scale() {
    let (mut model, y) = small();
    model.terms.push(Term { of: vec![1] });
    model.slopes = vec![1];
    let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-5, "{a} against {b}");
    let plain = fit(&model, &y, Method::Reml).unwrap();
    let scaled: Vec<f64> = y.iter().map(|v| 1e-6 * v + 50.0).collect();
    let small = fit(&model, &scaled, Method::Reml).unwrap();
    near(small.residual_variance, 1e-12 * plain.residual_variance);
    near(small.coefficients[1].estimate, 1e-6 * plain.coefficients[1].estimate);
    if let Values::Numbers(x) = &mut model.predictors[1].values {
        x.iter_mut().for_each(|x| *x = 1000.0 * *x + 2e5);
    }
    let far = fit(&model, &y, Method::Reml).unwrap();
    near(far.coefficients[2].estimate, plain.coefficients[2].estimate / 1000.0);
    // REML is of the columns of X, which were multiplied.
    near(far.log_likelihood + 1000.0_f64.ln(), plain.log_likelihood);
}

#[test]
fn a_term_is_tested_by_what_the_likelihood_loses() {
    let (mut model, y) = small();
    model.terms = vec![Term { of: vec![0] }, Term { of: vec![1] }, Term { of: vec![0, 1] }];
    assert!(model.without(0).is_none() && model.without(1).is_none(), "parts of an interaction stay");
    let full = fit(&model, &y, Method::Ml).unwrap();
    let reduced = model.without(2).unwrap();
    let tested = likelihood_ratio(&full, &reduced, &y).unwrap();
    let less = fit(&reduced, &y, Method::Ml).unwrap();
    assert!((tested.statistic - 2.0 * (full.log_likelihood - less.log_likelihood)).abs() < 1e-12);
    assert_eq!(tested.df, 1);
    assert_eq!(full.coefficients[3].name, "group[AD]:x");
}

#[test]
fn what_cannot_be_estimated_is_named() {
    let (model, y) = small();
    let refused = |model: &Model, y: &[f64]| fit(model, y, Method::Reml).unwrap_err().to_string();
    let mut twice = model.clone();
    twice.predictors[1].values = Values::Numbers((0..24).map(|i| if i < 12 { 3.0 } else { 8.0 }).collect());
    twice.terms.push(Term { of: vec![1] });
    assert!(
        refused(&twice, &y).starts_with("the fixed effect `x` follows from those before it ((Intercept), group[AD])")
    );
    let mut one = model.clone();
    one.predictors[0].values = levels(&["HC", "AD"], &["HC"; 24]);
    assert_eq!(refused(&one, &y), "`group` has one level, `HC`; a fixed effect needs two or more");
    one.predictors[0].values = levels(&["HC", "AD", "MCI"], &[["HC"; 12], ["AD"; 12]].concat());
    assert_eq!(refused(&one, &y), "no value has the level `MCI` of `group`");
    let mut single = model.clone();
    single.level_of_row = vec![0; 24];
    assert_eq!(refused(&single, &y), "all values have one subject; effects that vary by subject need two or more");
    single.level_of_row = (0..24).collect();
    assert!(
        refused(&single, &y).contains("24 values of 24 levels of `subject` are too few for 1 effects of each level")
    );
    let mut slopes = model.clone();
    slopes.slopes = vec![1];
    slopes.predictors[1].values = Values::Numbers(vec![2.0; 24]);
    assert!(refused(&slopes, &y).starts_with("the slope `x` follows from the intercept"));
    assert_eq!(refused(&model, &[0.3; 24]), "all values are equal (0.3)");
    let exact: Vec<f64> = (0..24).map(|i| if i < 12 { 0.1 } else { 0.7 }).collect();
    assert!(refused(&model, &exact).starts_with("the effects explain the values exactly"));
    let by_subject: Vec<f64> = (0..24).map(|i| f64::from((i / 4) * 7 % 5)).collect();
    assert!(refused(&model, &by_subject).starts_with("the effects explain the values exactly"));
    assert!(refused(&model, &[f64::NAN; 24]).contains("0 values are too few"));
}

#[test]
fn rows_without_a_value_are_left_out() {
    let (model, mut y) = small();
    y[5] = f64::NAN;
    let missing = fit(&model, &y, Method::Reml).unwrap();
    assert_eq!(missing.values, 23);
    y.remove(5);
    let mut shorter = model;
    shorter.level_of_row.remove(5);
    for predictor in &mut shorter.predictors {
        match &mut predictor.values {
            Values::Numbers(x) => drop(x.remove(5)),
            Values::Levels { of_row, .. } => drop(of_row.remove(5)),
        }
    }
    assert_eq!(fit(&shorter, &y, Method::Reml).unwrap(), missing);
}

#[test]
fn a_variance_that_the_data_do_not_show_is_told() {
    let (model, _) = small();
    // Rows of a subject differ more than subjects: their means are all equal within a group.
    let y: Vec<f64> =
        (0..24).map(|i| [0.0, 1.0, 3.0, -4.0][(i + i / 4) % 4] + if i < 12 { 0.0 } else { 0.5 }).collect();
    let found = fit(&model, &y, Method::Reml).unwrap();
    assert!(found.singular && found.covariance[(0, 0)] < 1e-6, "{found:?}");
}
