//! Measures of connectivity beside those of MNE-Connectivity and scipy (`tests/golden/connectivity`).
#![allow(clippy::unwrap_used, clippy::panic)]

use lapicque_signal::connectivity::{
    Band, CrossSpectra, Envelopes, Scale, Segments, correlation, mean_over_epochs, pairs,
};
use serde_json::Value;

const CHANNELS: usize = 4;
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/connectivity/reference.json");

struct Golden {
    json: Value,
    epochs: Vec<Vec<Vec<f64>>>,
    rate_hz: f64,
}

impl Golden {
    fn read() -> Golden {
        let json: Value = serde_json::from_str(&std::fs::read_to_string(REFERENCE).unwrap()).unwrap();
        let epochs = serde_json::from_value(json["values"].clone()).unwrap();
        let rate_hz = json["rate_hz"].as_f64().unwrap();
        Golden { json, epochs, rate_hz }
    }

    fn epochs(&self) -> Vec<Vec<&[f64]>> {
        self.epochs.iter().map(|epoch| epoch.iter().map(Vec::as_slice).collect()).collect()
    }

    fn band(&self, name: &str) -> Band {
        let limit = |i: usize| self.json["bands"][name][i].as_f64().unwrap();
        Band::Between { low_hz: limit(0), high_hz: limit(1) }
    }
}

fn compare(expected: &Value, found: &[f64], tolerance: f64, what: &str) {
    assert_eq!(expected.as_array().unwrap().len(), found.len(), "{what}");
    for (pair, found) in found.iter().enumerate() {
        let expected = expected[pair].as_f64().unwrap();
        assert!((found - expected).abs() < tolerance, "{what}, pair {pair}: {found} is not {expected}");
    }
}

#[test]
fn spectral_measures_are_those_of_mne_connectivity() {
    let golden = Golden::read();
    for name in ["alpha", "wide"] {
        let spectra = CrossSpectra::new(&golden.epochs(), golden.rate_hz, None, &[golden.band(name)], true).unwrap();
        let found: Vec<_> = pairs(CHANNELS).into_iter().map(|(one, other)| spectra.pair(one, other, 0)).collect();
        let column = |measure: fn(&lapicque_signal::connectivity::SpectralMeasures) -> f64| {
            found.iter().map(measure).collect::<Vec<f64>>()
        };
        for (measure, values) in [
            ("coherence", column(|m| m.coherence)),
            ("imaginary_coherence", column(|m| m.imaginary_coherence)),
            ("plv", column(|m| m.plv)),
            ("pli", column(|m| m.pli)),
            ("wpli", column(|m| m.wpli)),
            ("debiased_wpli", column(|m| m.debiased_wpli)),
        ] {
            compare(&golden.json[name][measure], &values, 1e-12, &format!("{name} {measure}"));
        }
    }
}

#[test]
fn squared_coherence_of_segments_is_that_of_scipy() {
    let golden = Golden::read();
    let joined: Vec<Vec<f64>> =
        (0..CHANNELS).map(|channel| golden.epochs.iter().flat_map(|epoch| epoch[channel].clone()).collect()).collect();
    let epoch: Vec<&[f64]> = joined.iter().map(Vec::as_slice).collect();
    let segments = Segments { length: 100, step: 40 };
    let spectra = CrossSpectra::new(&[epoch], golden.rate_hz, Some(segments), &[golden.band("alpha")], false).unwrap();
    let found: Vec<f64> =
        pairs(CHANNELS).into_iter().map(|(one, other)| spectra.pair(one, other, 0).squared_coherence).collect();
    compare(&golden.json["squared_coherence_of_segments"], &found, 1e-12, "squared coherence");
    assert!(spectra.pair(0, 1, 0).plv.is_nan());
}

#[test]
fn envelope_correlations_are_those_of_mne_connectivity() {
    let golden = Golden::read();
    for name in ["alpha", "wide"] {
        let of_epoch = |scale: Scale| -> Vec<Vec<[f64; 2]>> {
            let epochs = golden.epochs();
            let envelopes =
                epochs.iter().map(|epoch| Envelopes::new(epoch, golden.rate_hz, golden.band(name), scale).unwrap());
            let envelopes: Vec<Envelopes> = envelopes.collect();
            let of_pair = |(one, other): (usize, usize)| {
                let values = envelopes.iter().map(|epoch| epoch.pair(one, other, true));
                values.map(|found| [found.plain, found.orthogonalised]).collect()
            };
            pairs(CHANNELS).into_iter().map(of_pair).collect()
        };
        let mean = |values: &[Vec<[f64; 2]>], measure: usize| -> Vec<f64> {
            values.iter().map(|epochs| mean_over_epochs(epochs)[measure]).collect()
        };
        let amplitudes = of_epoch(Scale::Amplitude);
        let expected = &golden.json[name];
        compare(&expected["envelope_correlation"], &mean(&amplitudes, 0), 1e-12, name);
        compare(&expected["orthogonalised_envelope_correlation"], &mean(&amplitudes, 1), 1e-12, name);
        compare(&expected["orthogonalised_log_power"], &mean(&of_epoch(Scale::LogPower), 1), 1e-10, name);
    }
}

#[test]
fn correlations_are_those_of_numpy() {
    let golden = Golden::read();
    let found: Vec<f64> = pairs(CHANNELS)
        .into_iter()
        .map(|(one, other)| {
            let epochs: Vec<[f64; 1]> =
                golden.epochs().iter().map(|epoch| [correlation(epoch[one], epoch[other])]).collect();
            mean_over_epochs(&epochs)[0]
        })
        .collect();
    compare(&golden.json["correlation"], &found, 1e-13, "correlation");
}
