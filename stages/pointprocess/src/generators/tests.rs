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
