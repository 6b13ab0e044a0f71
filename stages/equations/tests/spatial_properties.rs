//! Cables on random trees against a dense solution of all compartments and nodes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::spatial::{Cable, CableError, Morphology, Scratch, Section, Shape};
use proptest::prelude::*;

/// Sections, of which each begins at the root or at one before it; the first may be a sphere.
fn tree() -> impl Strategy<Value = Vec<Section>> {
    let size = 0.2e-6..5e-6;
    let cone = (1e-6..50e-6, size.clone());
    let section = (any::<prop::sample::Index>(), size, prop::collection::vec(cone, 1..6));
    (any::<bool>(), 1e-6..30e-6, prop::collection::vec(section, 1..9)).prop_map(|(soma, diameter, list)| {
        let mut sections = Vec::new();
        if soma {
            sections.push(Section { parent: None, shape: Shape::Soma { diameter } });
        }
        for (parent, first, cones) in list {
            // One more than there are stands for the root.
            let parent = parent.index(sections.len() + usize::from(!soma));
            let lengths = cones.iter().map(|cone| cone.0).collect();
            let diameters = std::iter::once(first).chain(cones.iter().map(|cone| cone.1)).collect();
            let parent = (parent < sections.len()).then_some(parent);
            sections.push(Section { parent, shape: Shape::Cones { lengths, diameters } });
        }
        sections
    })
}

/// v after a step: a node at the root and at the end of each section, each half of a compartment a resistor, so that the
/// matrix has all midpoints and all ends of compartments too.
fn dense(morphology: &Morphology, cm: &[f64], ri: f64, dt: f64, v: &[f64], gtot: &[f64], i0: &[f64]) -> Vec<f64> {
    let compartments = morphology.compartments();
    let n = compartments.len();
    // Midpoints, then ends of compartments, then the root.
    let size = 2 * n + 1;
    let mut matrix = vec![vec![0.0; size + 1]; size];
    let mut link = |a: usize, b: usize, g: f64| {
        matrix[a][a] += g;
        matrix[b][b] += g;
        matrix[a][b] -= g;
        matrix[b][a] -= g;
    };
    for section in 0..morphology.sections() {
        let mut begin = morphology.parent(section).map_or(2 * n, |parent| n + morphology.range(parent).end - 1);
        for i in morphology.range(section) {
            link(begin, i, compartments[i].r_length_1 / ri);
            link(i, n + i, compartments[i].r_length_2 / ri);
            begin = n + i;
        }
    }
    for i in 0..n {
        let area = compartments[i].area;
        matrix[i][i] += area * (cm[i] / dt + gtot[i]);
        matrix[i][size] = area * (cm[i] / dt * v[i] + i0[i]);
    }
    for k in 0..size {
        let pivot = (k..size).max_by(|&a, &b| matrix[a][k].abs().total_cmp(&matrix[b][k].abs())).unwrap();
        matrix.swap(k, pivot);
        let row = matrix[k].clone();
        for other in matrix.iter_mut().skip(k + 1) {
            let factor = other[k] / row[k];
            for j in k..=size {
                other[j] -= factor * row[j];
            }
        }
    }
    let mut x = vec![0.0; size];
    for k in (0..size).rev() {
        let known: f64 = (k + 1..size).map(|j| matrix[k][j] * x[j]).sum();
        x[k] = (matrix[k][size] - known) / matrix[k][k];
    }
    x.truncate(n);
    x
}

fn values(seed: u64, count: usize, range: std::ops::Range<f64>) -> Vec<f64> {
    let mut state = seed;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            range.start + (range.end - range.start) * ((state >> 11) as f64 / (1_u64 << 53) as f64)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn steps_are_those_of_the_dense_matrix(sections in tree(), seed in any::<u64>(), dt in 1e-6..1e-3) {
        let morphology = Morphology::new(&sections).unwrap();
        let n = morphology.compartments().len();
        let cm = values(seed, n, 0.005..0.02);
        let (gtot, i0) = (values(seed ^ 1, 2 * n, 0.0..50.0), values(seed ^ 2, 2 * n, -3.0..3.0));
        let before = values(seed ^ 3, 2 * n, -0.09..0.05);
        let cable = Cable::new(&morphology, &cm, 1.3, dt).unwrap();
        prop_assert_eq!(cable.compartments(), n);
        // Two neurons at once.
        let mut v = before.clone();
        cable.step(&mut v, &gtot, &i0, &mut Scratch::default()).unwrap();
        for neuron in [0..n, n..2 * n] {
            let part = |values: &[f64]| values[neuron.clone()].to_vec();
            let expected = dense(&morphology, &cm, 1.3, dt, &part(&before), &part(&gtot), &part(&i0));
            for (found, expected) in v[neuron].iter().zip(expected) {
                // The dense matrix cancels at spheres, where 1 S stands beside 1e-9 S.
                let allowed = if matches!(sections[0].shape, Shape::Soma { .. }) { 1e-8 } else { 1e-12 };
                prop_assert!((found - expected).abs() <= allowed, "{found} {expected}");
            }
        }
    }

    #[test]
    fn charge_is_kept_without_a_conductance(sections in tree(), seed in any::<u64>(), dt in 1e-6..1e-3) {
        let morphology = Morphology::new(&sections).unwrap();
        let n = morphology.compartments().len();
        let cable = Cable::new(&morphology, &[0.01], 0.7, dt).unwrap();
        let mut v = values(seed, n, -0.1..0.1);
        let charge = |v: &[f64]| -> f64 { v.iter().zip(morphology.compartments()).map(|(v, own)| v * own.area).sum() };
        let area: f64 = morphology.compartments().iter().map(|own| own.area).sum();
        let before = charge(&v);
        let (low, high) = v.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        for _ in 0..5 {
            cable.step(&mut v, &vec![0.0; n], &vec![0.0; n], &mut Scratch::default()).unwrap();
        }
        prop_assert!((charge(&v) - before).abs() <= 1e-13 * area, "{} {before}", charge(&v));
        // Nothing leaves the range of the beginning.
        prop_assert!(v.iter().all(|&v| v >= low - 1e-15 && v <= high + 1e-15));
    }
}

fn stick(compartments: usize) -> Morphology {
    let shape = Shape::Cylinder { compartments, length: 1e-4, diameter: 1e-6 };
    Morphology::new(&[Section { parent: None, shape }]).unwrap()
}

#[test]
fn what_is_not_finite_is_refused_and_nothing_is_written() {
    let cable = Cable::new(&stick(3), &[0.01], 1.0, 1e-4).unwrap();
    let step = |v: &mut [f64], gtot: &[f64], i0: &[f64]| cable.step(v, gtot, i0, &mut Scratch::default());
    let good = [0.0; 6];
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut values = [0.5; 6];
        values[4] = bad;
        let named = |error: Result<(), CableError>, expected: &str| match error.unwrap_err() {
            CableError::NotFinite { what, neuron, compartment, .. } => {
                assert_eq!((what, neuron, compartment), (expected, 1, 1));
            }
            other => panic!("{other}"),
        };
        named(step(&mut values.clone(), &good, &good), "v");
        let mut v = [0.25; 6];
        named(step(&mut v, &values, &good), "gtot");
        assert_eq!(v[3..], [0.25; 3]);
        named(step(&mut v, &good, &values), "I0");
        assert_eq!(v[3..], [0.25; 3]);
    }
    let error = step(&mut [1.79e308; 3], &[0.0; 3], &[1.79e308; 3]).unwrap_err();
    assert!(matches!(error, CableError::NotFinite { what: "v after the step", .. }), "{error}");
}

#[test]
fn neurons_have_the_same_bits_alone_and_together() {
    let cable = Cable::new(&stick(5), &[0.01], 1.0, 1e-4).unwrap();
    let neurons = 21;
    let (gtot, i0) = (values(1, 5 * neurons, 0.0..50.0), values(2, 5 * neurons, -3.0..3.0));
    let before = values(3, 5 * neurons, -0.09..0.05);
    let (mut together, mut alone) = (before.clone(), before.clone());
    let mut scratch = Scratch::default();
    cable.step(&mut together, &gtot, &i0, &mut scratch).unwrap();
    for neuron in 0..neurons {
        let own = 5 * neuron..5 * neuron + 5;
        cable.step(&mut alone[own.clone()], &gtot[own.clone()], &i0[own], &mut scratch).unwrap();
    }
    assert_eq!(together, alone);

    // The one that fails is named; those before it have made their step.
    for bad in [0, 3, 12, 19] {
        let mut gtot = gtot.clone();
        gtot[5 * bad + 2] = -1e9;
        let mut v = before.clone();
        let error = cable.step(&mut v, &gtot, &i0, &mut scratch).unwrap_err();
        assert!(matches!(error, CableError::Unstable { neuron, .. } if neuron == bad), "{error}");
        assert_eq!(v[..5 * bad], together[..5 * bad]);
        assert_eq!(v[5 * bad..], before[5 * bad..]);
    }
}

#[test]
fn negative_conductances_are_taken_up_to_the_one_of_the_capacitance() {
    let cable = Cable::new(&stick(2), &[0.01], 1.0, 1e-4).unwrap();
    // Cm/dt is 100 S/m^2: v grows by 100/(100 - 90).
    let mut v = [0.001; 2];
    cable.step(&mut v, &[-90.0; 2], &[0.0; 2], &mut Scratch::default()).unwrap();
    assert!(v.iter().all(|v| (v - 0.01).abs() < 1e-14), "{v:?}");
    for gtot in [-100.5, -1e6] {
        let error = cable.step(&mut v, &[gtot; 2], &[0.0; 2], &mut Scratch::default()).unwrap_err();
        assert!(matches!(error, CableError::Unstable { neuron: 0, .. }), "{error}");
    }
}

#[test]
fn bad_settings_and_lengths_are_refused() {
    let form = stick(3);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for (cm, ri, dt) in [(bad, 1.0, 1e-4), (0.01, bad, 1e-4), (0.01, 1.0, bad)] {
            assert!(matches!(Cable::new(&form, &[cm], ri, dt), Err(CableError::NotPositive { .. })), "{bad}");
        }
    }
    for (cm, ri, dt) in [(1e300, 1.0, 1e-20), (1e-300, 1.0, 1e300), (0.01, 1e-320, 1e-4), (0.01, 1e308, 1e-4)] {
        let error = Cable::new(&stick(1 << 10), &[cm], ri, dt).unwrap_err();
        assert!(matches!(error, CableError::NotPositive { unit: "S", .. }), "{error}");
    }
    let message = |error: CableError| error.to_string();
    let error = Cable::new(&form, &[0.01; 2], 1.0, 1e-4).unwrap_err();
    assert_eq!(message(error), "2 values of the capacitance; expected 1, or 3 for as many compartments");
    let cable = Cable::new(&form, &[0.01; 3], 1.0, 1e-4).unwrap();
    assert_eq!(cable.dt(), 1e-4);
    let mut scratch = Scratch::default();
    let error = cable.step(&mut [0.0; 4], &[0.0; 4], &[0.0; 4], &mut scratch).unwrap_err();
    assert_eq!(message(error), "4 values of v; expected 3 for each neuron");
    let error = cable.step(&mut [0.0; 6], &[0.0; 6], &[0.0; 3], &mut scratch).unwrap_err();
    assert_eq!(message(error), "3 values of I0; expected 6, as many as of v");
    // No neurons at all are nothing to do.
    cable.step(&mut [], &[], &[], &mut scratch).unwrap();
}
