//! References, splines, trends, epochs around events and their averages against MNE 1.13 and scipy 1.17.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::average::average;
use lapicque_signal::detrend::detrend;
use lapicque_signal::electrodes::{Direction, Electrode};
use lapicque_signal::epochs::{Pooling, pool};
use lapicque_signal::event_epochs::{Window, around, overlaps, subtract_baseline};
use lapicque_signal::reject::{Limits, exceeded};
use lapicque_signal::rereference::{angle, minus};
use lapicque_signal::sphere_spline::{Spline, Weights, current_source_density, interpolation};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/preprocessing/");

fn golden(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(format!("{GOLDEN}{name}")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn slices(rows: &[Vec<f64>]) -> Vec<&[f64]> {
    rows.iter().map(Vec::as_slice).collect()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, sample {i}: {got} != {expected}");
    }
}

#[test]
fn electrodes_lie_where_another_sphere_has_them() {
    let golden = golden("easycap_m1.json");
    let mut compared = 0;
    for (name, place) in golden.as_object().unwrap() {
        let place: Direction = numbers(place).try_into().unwrap();
        let Some(electrode) = Electrode::of(name) else {
            continue;
        };
        let degrees = angle(&electrode.direction(), &place).to_degrees();
        assert!(degrees < 5.5, "{name}: {degrees} degrees away");
        compared += 1;
    }
    assert!(compared >= 70, "{compared}");
}

#[test]
fn splines_and_references_agree_with_mne() {
    let golden = golden("splines.json");
    let names = texts(&golden["names"]);
    let places: Vec<Direction> = rows(&golden["places"]).into_iter().map(|place| place.try_into().unwrap()).collect();
    let data = rows(&golden["data"]);
    let bads = texts(&golden["bads"]);
    let is_bad = |i: &usize| bads.contains(&names[*i]);
    let good: Vec<usize> = (0..names.len()).filter(|i| !is_bad(i)).collect();
    let bad: Vec<usize> = (0..names.len()).filter(is_bad).collect();
    let of = |which: &[usize]| which.iter().map(|i| places[*i]).collect::<Vec<_>>();
    let weights = interpolation(&of(&good), &of(&bad), &Spline::default()).unwrap();
    let from: Vec<&[f64]> = good.iter().map(|i| data[*i].as_slice()).collect();
    for (channel, values) in bad.iter().zip(weights.apply(&from)) {
        let expected = numbers(&golden["interpolated"][&names[*channel]]);
        assert_close(&values, &expected, 1e-9, &names[*channel]);
    }

    let csd = golden["csd"].as_object().unwrap();
    assert_eq!(csd.len(), 2);
    for (settings, expected) in csd {
        let settings: Vec<f64> = settings.split(' ').map(|text| text.parse().unwrap()).collect();
        let spline = Spline { terms: settings[0] as u32, stiffness: settings[1] as u32, smoothing: settings[2] };
        let weights: Weights = current_source_density(&places, 0.09, &spline).unwrap();
        let density: Vec<f64> = weights.apply(&slices(&data)).concat();
        assert_close(&density, &numbers(expected), 1e-9, "current source density");
    }

    for (reference, expected) in [(names.clone(), "average"), (texts(&serde_json::json!(["Cz", "O1"])), "cz_o1")] {
        let within: Vec<&[f64]> =
            (0..names.len()).filter(|i| reference.contains(&names[*i])).map(|i| data[i].as_slice()).collect();
        let mean = pool(&within, Pooling::Mean).unwrap();
        let all: Vec<f64> = data.iter().flat_map(|channel| minus(channel, &mean)).collect();
        assert_close(&all, &numbers(&golden[expected]), 1e-12, expected);
    }
}

#[test]
fn trends_agree_with_scipy_and_numpy() {
    let golden = golden("detrend.json");
    let series = numbers(&golden["series"]);
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let order = case[0].as_u64().unwrap() as u32;
        let breakpoints: Vec<usize> = numbers(&case[1]).iter().map(|sample| *sample as usize).collect();
        let mut got = series.clone();
        detrend(&mut got, order, &breakpoints).unwrap();
        assert_close(&got, &numbers(&case[2]), 1e-11, &format!("order {order}, {breakpoints:?}"));
    }
}

#[test]
fn epochs_around_events_agree_with_mne() {
    let golden = golden("epochs.json");
    let data = rows(&golden["data"]);
    let onsets = numbers(&golden["onsets_s"]);
    let values = texts(&golden["values"]);
    let number = |name: &str| golden[name].as_f64().unwrap();
    let (rate_hz, window) = (number("rate_hz"), Window { from_s: number("from_s"), to_s: number("to_s") });
    let bad: Vec<(f64, f64)> = golden["bad"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bad| (bad[0].as_f64().unwrap(), bad[0].as_f64().unwrap() + bad[1].as_f64().unwrap()))
        .collect();
    let (mut selection, mut epochs) = (Vec::new(), Vec::new());
    for (event, onset) in onsets.iter().enumerate() {
        let Some(epoch) = around(*onset, &window, 0.0, rate_hz, data[0].len()).unwrap() else {
            continue;
        };
        let span = (epoch.t0_s, epoch.t0_s + epoch.len as f64 / rate_hz);
        if bad.iter().any(|bad| overlaps(span, *bad, 1e-3 / rate_hz)) {
            continue;
        }
        selection.push(event as f64);
        epochs.push(
            data.iter()
                .map(|channel| {
                    let mut values = epoch.of(channel).unwrap().to_vec();
                    assert!(subtract_baseline(&mut values, 0..20));
                    values
                })
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(selection, numbers(&golden["selection"]));
    for (epoch, expected) in epochs.iter().zip(rows(&golden["epochs"])) {
        assert_close(&epoch.concat(), &expected, 1e-11, "epoch");
    }

    let limits = Limits { missing: 0.0, peak_to_peak: Some(200.0), flat: Some(1.0), absolute: None, gradient: None };
    let left = selection.iter().zip(&epochs).filter(|(_, epoch)| epoch.iter().all(|x| exceeded(x, &limits).is_empty()));
    let left: Vec<f64> = left.map(|(event, _)| *event).collect();
    assert_eq!(left, numbers(&golden["selection_after_rejection"]));
    assert!(left.len() < selection.len());

    let mut all = (Vec::new(), Vec::new());
    for channel in 0..2 {
        let go = selection.iter().zip(&epochs).filter(|(event, _)| values[**event as usize] == "go");
        let go: Vec<&[f64]> = go.map(|(_, epoch)| epoch[channel].as_slice()).collect();
        let mean = average(&go, Pooling::Mean).unwrap();
        all.0.extend(mean.values);
        // MNE divides by K where K (K - 1) estimates the error without bias.
        let count = go.len() as f64;
        all.1.extend(mean.standard_error.iter().map(|error| error * ((count - 1.0) / count).sqrt()));
    }
    assert_close(&all.0, &numbers(&golden["go_mean"]), 1e-11, "mean");
    assert_close(&all.1, &numbers(&golden["go_standard_error"]), 1e-11, "standard error");
}
