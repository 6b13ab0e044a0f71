use super::*;

fn base() -> RandomNetwork {
    RandomNetwork {
        neurons: 400,
        density: 0.3,
        wiring: Wiring::Everywhere,
        weights: Weights::Normal { mean: 0.0, sd: 5.0 },
        excitatory_part: Some(0.5),
        glorot: true,
    }
}

fn edges(network: &Network) -> Vec<(usize, usize, f64)> {
    let of = |source| {
        let (targets, weights) = network.outgoing(source);
        targets.iter().zip(weights).map(move |(&target, &weight)| (source, target as usize, weight))
    };
    (0..network.neurons()).flat_map(of).collect()
}

fn key() -> StreamKey {
    StreamKey::new([8; 16])
}

#[test]
fn density_and_spread_are_those_asked_for_at_any_density() {
    for density in [0.01, 0.3, 0.9] {
        let network = RandomNetwork { density, ..base() }.generate(&key(), 0).unwrap();
        let all = edges(&network);
        let possible = 400.0 * 399.0;
        let sd = (possible * density * (1.0 - density)).sqrt();
        assert!((all.len() as f64 - possible * density).abs() < 4.0 * sd, "{density}: {}", all.len());
        assert!(all.iter().all(|&(i, j, w)| i != j && (w > 0.0) == (i < 200)));
        let square = all.iter().map(|edge| edge.2 * edge.2).sum::<f64>() / all.len() as f64;
        assert!((square / (25.0 / 400.0) - 1.0).abs() < 4.0 * (2.0 / all.len() as f64).sqrt(), "{density}: {square}");
        let mut incoming = vec![0.0; 400];
        all.iter().for_each(|edge| incoming[edge.1] += 1.0);
        let per_target = 399.0 * density;
        let chi2: f64 = incoming.iter().map(|c: &f64| (c - per_target).powi(2) / (per_target * (1.0 - density))).sum();
        assert!((chi2 - 400.0).abs() < 4.5 * 800.0_f64.sqrt(), "{density}: {chi2}");
    }
}

#[test]
fn ends_of_the_range() {
    let full = RandomNetwork { density: 1.0, ..base() }.generate(&key(), 0).unwrap();
    assert_eq!(full.connections(), 400 * 399);
    assert_eq!(RandomNetwork { density: 0.0, ..base() }.generate(&key(), 0).unwrap().connections(), 0);
    for neurons in [0, 1] {
        assert_eq!(RandomNetwork { neurons, ..base() }.generate(&key(), 0).unwrap().connections(), 0);
    }
    for bad in [
        RandomNetwork { density: 1.1, ..base() },
        RandomNetwork { density: f64::NAN, ..base() },
        RandomNetwork { excitatory_part: Some(-0.1), ..base() },
        RandomNetwork { wiring: Wiring::Distance { length: 0.0 }, ..base() },
        RandomNetwork { weights: Weights::Uniform { low: 1.0, high: 0.0 }, ..base() },
    ] {
        assert!(bad.generate(&key(), 0).is_err(), "{bad:?}");
    }
}

#[test]
fn other_weights_and_wirings() {
    let of = |weights| {
        edges(&RandomNetwork { weights, glorot: false, excitatory_part: None, ..base() }.generate(&key(), 1).unwrap())
    };
    let uniform = of(Weights::Uniform { low: -0.5, high: -0.1 });
    assert!(uniform.iter().all(|edge| (-0.5..-0.1).contains(&edge.2)));
    let lognormal = of(Weights::Lognormal { mu: -1.0, sigma: 0.5 });
    let mean = lognormal.iter().map(|edge| edge.2.ln()).sum::<f64>() / lognormal.len() as f64;
    assert!((mean + 1.0).abs() < 4.0 * 0.5 / (lognormal.len() as f64).sqrt());
    let near = RandomNetwork { wiring: Wiring::Distance { length: 10.0 }, ..base() }.generate(&key(), 0).unwrap();
    let due = 400.0 * 0.3 * (10.0 * std::f64::consts::TAU.sqrt() - 1.0);
    assert!((near.connections() as f64 - due).abs() < 4.0 * due.sqrt(), "{} {due}", near.connections());
}

#[test]
fn networks_follow_from_key_and_number() {
    let network = |i| base().generate(&key(), i).unwrap();
    assert_eq!(network(0), network(0));
    assert_ne!(network(0), network(1));
}

#[test]
fn complementary_targets_exclude_each_other() {
    let network = RandomNetwork { wiring: Wiring::Complementary, density: 0.4, ..base() };
    let all = edges(&network.generate(&key(), 0).unwrap());
    let possible = 400.0 * 399.0;
    let sd = (possible * 0.4 * 0.6_f64).sqrt();
    assert!((all.len() as f64 - possible * 0.4).abs() < 4.0 * sd, "{}", all.len());
    assert!(all.iter().all(|&(i, j, w)| i != j && (w > 0.0) == (i < 200)));
    let pairs: std::collections::HashSet<_> = all.iter().map(|edge| (edge.0 % 200, edge.1)).collect();
    assert_eq!(pairs.len(), all.len());
    assert_eq!(network.excitatory(), Some(200));
    for bad in [RandomNetwork { neurons: 401, ..network }, RandomNetwork { density: 0.6, ..network }] {
        assert!(bad.generate(&key(), 0).is_err(), "{bad:?}");
    }
}

#[test]
fn a_short_length_on_a_large_ring_costs_what_it_connects() {
    let network = RandomNetwork {
        neurons: 100_000,
        density: 1.0,
        wiring: Wiring::Distance { length: 1.0 },
        weights: Weights::Constant(1.0),
        excitatory_part: None,
        glorot: false,
    };
    let all = network.connections(&key(), &|| true).unwrap();
    let due = 100_000.0 * (1..9).map(|d| 2.0 * (-f64::from(d * d) / 2.0).exp()).sum::<f64>();
    assert!((all.len() as f64 - due).abs() < 4.0 * due.sqrt(), "{} {due}", all.len());
    assert!(all.iter().all(|&(i, j, _)| ring_distance(i as usize, j as usize, 100_000) <= 9.0 && i != j));
    assert_eq!(network.connections(&key(), &|| false), Err(PointProcessError::Cancelled));
}

#[test]
fn networks_that_do_not_fit_are_refused_with_an_estimate() {
    let network = RandomNetwork { neurons: 1_000_000, density: 0.5, ..base() };
    let told = network.generate(&key(), 0).unwrap_err().to_string();
    assert_eq!(
        told,
        "about 5.000e11 connections of 1000000 neurons need about 24000.0 GB of memory; the limit is 8.0 GB"
    );
    assert!(mexican_hat(1_000_000, 1.0, 1.0, 2.0).is_err());
    assert!(RandomNetwork { neurons: 1 << 33, density: 0.0, ..base() }.generate(&key(), 0).is_err());
}

#[test]
fn every_value_of_a_recipe_can_be_set_and_changes_the_network() {
    use lapicque_units::Settable;
    let small = RandomNetwork { neurons: 30, ..base() };
    let random = [
        small,
        RandomNetwork { weights: Weights::Uniform { low: 0.1, high: 0.3 }, ..small },
        RandomNetwork { weights: Weights::Lognormal { mu: 0.0, sigma: 1.0 }, ..small },
        RandomNetwork { weights: Weights::Constant(1.0), ..small },
        RandomNetwork { wiring: Wiring::Distance { length: 2.0 }, ..small },
    ];
    let hat = Recipe::MexicanHat { neurons: 30, a: 1.0, sigma_1: 3.0, sigma_2: 4.0 };
    for recipe in random.map(Recipe::Random).into_iter().chain([hat]) {
        let of = |recipe: &Recipe| recipe.connections(&key(), &|| true).unwrap();
        for entry in recipe.entries() {
            let mut other = recipe;
            let value = match entry.path.as_str() {
                "neurons" => 31.0,
                "length" => 5.0,
                _ => entry.value + 0.1,
            };
            other.set(&entry.path, value).unwrap();
            other.check().unwrap();
            assert_eq!(other.entry(&entry.path).unwrap().value, value);
            assert_ne!(of(&other), of(&recipe), "{}", entry.path);
            assert!(other.set(&entry.path, f64::NAN).is_err());
        }
        assert!(recipe.clone().set("no such value", 1.0).is_err());
    }
}
