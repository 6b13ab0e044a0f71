use super::*;
use crate::electrodes::Electrode;

const NAMES: [&str; 19] = [
    "Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz", "P4", "P8", "O1", "O2",
];

fn places(names: &[&str]) -> Vec<Direction> {
    names.iter().map(|name| Electrode::of(name).unwrap().direction()).collect()
}

fn on(weights: &Weights, row: usize, values: &[f64]) -> f64 {
    let channels: Vec<[f64; 1]> = values.iter().map(|value| [*value]).collect();
    let channels: Vec<&[f64]> = channels.iter().map(<[f64; 1]>::as_slice).collect();
    weights.apply(&channels)[row][0]
}

#[test]
fn a_constant_stays_and_has_no_sources() {
    let all = places(&NAMES);
    let weights = interpolation(&all, &places(&["FC1", "TP9"]), &Spline::default()).unwrap();
    for row in 0..2 {
        assert!((on(&weights, row, &[3.0; 19]) - 3.0).abs() < 1e-9);
    }
    let sources = current_source_density(&all, 0.09, &Spline::default()).unwrap();
    for row in 0..19 {
        assert!(on(&sources, row, &[3.0; 19]).abs() < 1e-6);
    }
}

#[test]
fn without_smoothing_the_spline_goes_through_the_potentials() {
    let all = places(&NAMES);
    let values: Vec<f64> = (0..19).map(|i| f64::from(i * 7 % 5) - 2.0).collect();
    let weights = interpolation(&all, &all, &Spline { smoothing: 0.0, ..Spline::default() }).unwrap();
    for (row, value) in values.iter().enumerate() {
        assert!((on(&weights, row, &values) - value).abs() < 1e-9);
    }
}

/// Of a potential that is a spherical harmonic of degree 1, V = y, the surface Laplacian is -2 V / r^2.
#[test]
fn a_dipolar_potential_is_continued_and_has_its_own_laplacian() {
    // Points all over the sphere, by the golden angle.
    let n = 100;
    let everywhere: Vec<Direction> = (0..n)
        .map(|i| {
            let z = 1.0 - 2.0 * (f64::from(i) + 0.5) / f64::from(n);
            let turn = f64::from(i) * 2.399_963_229_728_653;
            let ring = (1.0 - z * z).sqrt();
            [ring * turn.cos(), ring * turn.sin(), z]
        })
        .collect();
    let values: Vec<f64> = everywhere.iter().map(|place| place[1]).collect();
    let spline = Spline { smoothing: 1e-9, ..Spline::default() };
    let between = interpolation(&everywhere, &places(&["FC1", "Oz"]), &spline).unwrap();
    for (row, place) in places(&["FC1", "Oz"]).iter().enumerate() {
        assert!((on(&between, row, &values) - place[1]).abs() < 1e-4);
    }
    let sources = current_source_density(&everywhere, 0.09, &spline).unwrap();
    for (row, value) in values.iter().enumerate() {
        let expected = 2.0 * value / (0.09 * 0.09);
        assert!((on(&sources, row, &values) - expected).abs() < 0.01 * 2.0 / (0.09 * 0.09), "{row}");
    }
}

#[test]
fn legendre_polynomials_are_summed() {
    // P_1 = x, P_2 = (3 x^2 - 1)/2, P_3 = (5 x^3 - 3 x)/2.
    let x = 0.3_f64;
    let expected = 2.0 * x + 3.0 * (3.0 * x * x - 1.0) / 2.0 + 5.0 * (5.0 * x.powi(3) - 3.0 * x) / 2.0;
    assert!((legendre_sum(&[2.0, 3.0, 5.0], x) - expected).abs() < 1e-14);
}

#[test]
fn what_determines_no_spline_is_refused() {
    let spline = Spline::default();
    assert_eq!(interpolation(&places(&NAMES[..3]), &[], &spline).unwrap_err(), SplineError::Few(3));
    let twice = places(&["Fz", "Cz", "Pz", "Oz", "Oz"]);
    let exact = Spline { smoothing: 0.0, ..spline };
    assert_eq!(interpolation(&twice, &twice, &exact).unwrap_err(), SplineError::Singular);
    let nowhere = [[0.0, 0.0, 0.0], [f64::NAN, 0.0, 1.0]];
    for place in nowhere {
        let error = interpolation(&[places(&NAMES[..5]), vec![place]].concat(), &[], &spline).unwrap_err();
        assert!(error.to_string().starts_with("position 5 has no direction"), "{error}");
    }
    for (bad, expected) in [
        (Spline { stiffness: 1, ..spline }, "stiffness is 1"),
        (Spline { terms: 0, ..spline }, "terms is 0"),
        (Spline { smoothing: -1.0, ..spline }, "smoothing is -1"),
    ] {
        let error = interpolation(&places(&NAMES), &[], &bad).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = current_source_density(&places(&NAMES), 0.0, &spline).unwrap_err();
    assert_eq!(error, SplineError::Radius(0.0));
}

#[test]
fn only_directions_matter() {
    let near = places(&NAMES);
    let far: Vec<Direction> = near.iter().map(|place| place.map(|x| 95.0 * x)).collect();
    let spline = Spline::default();
    let (a, b) = (interpolation(&near, &near[..2], &spline).unwrap(), interpolation(&far, &far[..2], &spline).unwrap());
    for (a, b) in a.rows.concat().iter().zip(b.rows.concat()) {
        assert!((a - b).abs() < 1e-9);
    }
}

#[test]
fn long_channels_are_added_up_as_short_ones_are() {
    let weights = Weights { rows: vec![vec![1.0, -2.0], vec![0.5, 3.0]] };
    let a: Vec<f64> = (0..1300).map(f64::from).collect();
    let b: Vec<f64> = (0..1300).map(|i| if i == 700 { f64::NAN } else { f64::from(i % 7) }).collect();
    let both = weights.apply(&[&a, &b]);
    for (i, (a, b)) in a.iter().zip(&b).enumerate() {
        assert_eq!(both[0][i].is_nan(), i == 700);
        assert!(i == 700 || (both[0][i] == a - 2.0 * b && both[1][i] == 0.5 * a + 3.0 * b), "{i}");
    }
    assert_eq!(weights.apply(&[&[], &[]]), [[0.0; 0]; 2]);
    assert!(Weights { rows: Vec::new() }.apply(&[&a]).is_empty());
}
