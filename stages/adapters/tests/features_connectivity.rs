//! Connectivity of channels, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;
mod support;

use std::borrow::Cow;
use std::fmt::Write;

use given::Given;
use lapicque_schemas::tables::signals::Signal;
use lapicque_signal::connectivity::{Band, CrossSpectra, Envelopes, Scale, Segments, correlation};
use support::{bind, floats, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

const ALPHA: Band = Band::Between { low_hz: 8.0, high_hz: 13.0 };
const SPECTRAL: [&str; 6] = ["coherence", "imaginary_coherence", "plv", "pli", "wpli", "debiased_wpli"];

/// Three channels of 8 s at 100 Hz: a rhythm of 10 Hz with noise, the same 20 ms later, noise.
fn channels() -> [Vec<f64>; 3] {
    let mut state = 7_u64;
    let mut noise = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let rhythm = |i: i32| (f64::from(i) * 0.628).sin() * (1.0 + 0.5 * (f64::from(i) * 0.013).sin());
    let mut signal = |delay: i32, share: f64| -> Vec<f64> {
        (0..800).map(|i| (1e6 * (share * rhythm(i - delay) + noise())).round() * 1e-6).collect()
    };
    [signal(0, 1.0), signal(2, 1.0), signal(0, 0.0)]
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = channels();
    let mut text = "time_s,b,a,c\n".to_owned();
    let mut odd = "time_s,a,flat,holes\n".to_owned();
    for i in 0..800 {
        let time = i as f64 * 0.01;
        writeln!(text, "{time},{},{},{}", b[i], a[i], c[i]).unwrap();
        writeln!(odd, "{time},{},1,{}", a[i], if i == 300 { "nan".to_owned() } else { c[i].to_string() }).unwrap();
    }
    std::fs::write(folder.path().join("x.csv"), text).unwrap();
    std::fs::write(folder.path().join("odd.csv"), odd).unwrap();
    std::fs::write(folder.path().join("single.csv"), "time_s,a\n0,1\n0.01,2\n0.02,0\n").unwrap();
    folder
}

/// `x`, cut into epochs of 2 s, and `f`.
fn pipeline(file: &str, settings: &str) -> String {
    format!(
        "  x:\n    kind: import.recording\n    path: {file}\n  e:\n    kind: signal.epochs\n    inputs: {{ signals: x }}\n    length: 2 s\n\
         \x20 f:\n    kind: features.connectivity\n    inputs: {{ signals: e }}\n{settings}"
    )
}

/// `f` of the whole recording.
fn uncut(file: &str, settings: &str) -> String {
    pipeline(file, settings).replace("signals: e }", "signals: x }")
}

#[test]
fn by_default_each_pair_has_all_measures_across_epochs() {
    let folder = folder();
    let ran_at_once = ran(&pipeline("x.csv", "    band: [8 Hz, 13 Hz]\n"), folder.path());
    let table = ran_at_once.table("f");
    let names: Vec<String> = table.schema().fields().iter().map(|f| f.name().clone()).collect();
    let measures =
        [&SPECTRAL[..], &["correlation", "envelope_correlation", "orthogonalised_envelope_correlation"]].concat();
    assert_eq!(names, [&["sample", "channel", "other", "epoch"], &measures[..]].concat());
    // In the order of the recording.
    assert_eq!(texts(&table, "channel"), ["b", "b", "a"]);
    assert_eq!(texts(&table, "other"), ["a", "c", "c"]);
    assert_eq!(texts(&table, "epoch"), ["0"; 3]);

    let [a, b, _] = channels();
    let epochs: Vec<Vec<&[f64]>> = (0..4).map(|i| vec![&b[200 * i..][..200], &a[200 * i..][..200]]).collect();
    let expected = CrossSpectra::new(&epochs, 100.0, None, &[ALPHA], true).unwrap().pair(0, 1, 0);
    for (column, value) in [
        ("coherence", expected.coherence),
        ("imaginary_coherence", expected.imaginary_coherence),
        ("plv", expected.plv),
        ("pli", expected.pli),
        ("wpli", expected.wpli),
        ("debiased_wpli", expected.debiased_wpli),
    ] {
        assert_eq!(floats(&table, column)[0].to_bits(), value.to_bits(), "{column}");
    }
    assert!(expected.imaginary_coherence < -0.3, "b follows a: {expected:?}");
    let mean = |of: &dyn Fn(&Vec<&[f64]>) -> f64| epochs.iter().map(of).sum::<f64>() / 4.0;
    let of_envelopes =
        |epoch: &Vec<&[f64]>| Envelopes::new(epoch, 100.0, ALPHA, Scale::Amplitude).unwrap().pair(0, 1, true);
    assert_eq!(floats(&table, "correlation")[0], mean(&|epoch| correlation(epoch[0], epoch[1])));
    assert_eq!(floats(&table, "envelope_correlation")[0], mean(&|epoch| of_envelopes(epoch).plain));
    assert_eq!(
        floats(&table, "orthogonalised_envelope_correlation")[0],
        mean(&|epoch| of_envelopes(epoch).orthogonalised)
    );
    assert_eq!(ran_at_once.notes("f"), "");
    // Threads change nothing.
    let single =
        ran_on(&pipeline("x.csv", "    band: [8 Hz, 13 Hz]\n"), folder.path(), Default::default(), 1).table("f");
    assert_eq!(format!("{single:?}"), format!("{table:?}"));
}

#[test]
fn bands_have_columns_of_their_own_and_the_correlation_one() {
    let folder = folder();
    let settings = "    bands: { beta: [13 Hz, 30 Hz], alpha: [8 Hz, 13 Hz] }\n    measures: [wpli, correlation, squared_coherence]\n";
    let table = ran(&pipeline("x.csv", settings), folder.path()).table("f");
    let names: Vec<String> = table.schema().fields().iter().skip(4).map(|f| f.name().clone()).collect();
    assert_eq!(names, ["alpha_squared_coherence", "alpha_wpli", "correlation", "beta_squared_coherence", "beta_wpli"]);
    let one = ran(&pipeline("x.csv", "    band: [13 Hz, 30 Hz]\n    measures: [wpli]\n"), folder.path()).table("f");
    assert_eq!(floats(&table, "beta_wpli"), floats(&one, "wpli"));
}

#[test]
fn segments_are_those_of_each_epoch_or_of_all() {
    let folder = folder();
    let [a, b, _] = channels();
    let own = "    band: [8 Hz, 13 Hz]\n    measures: [coherence, wpli]\n    segment: 500 ms\n    overlap: 0.2\n";
    let segments = Some(Segments { length: 50, step: 40 });
    let epochs: Vec<Vec<&[f64]>> = (0..4).map(|i| vec![&b[200 * i..][..200], &a[200 * i..][..200]]).collect();
    let each = ran(&pipeline("x.csv", &format!("{own}    across: segments\n")), folder.path());
    let table = each.table("f");
    assert_eq!(texts(&table, "epoch"), ["0", "0", "0", "1", "1", "1", "2", "2", "2", "3", "3", "3"]);
    for (i, epoch) in epochs.chunks(1).enumerate() {
        let expected = CrossSpectra::new(epoch, 100.0, segments, &[ALPHA], false).unwrap().pair(0, 1, 0);
        assert_eq!(floats(&table, "wpli")[3 * i], expected.wpli, "epoch {i}");
    }
    assert!(each.notes("f").contains("`band`: a segment holds 4 periods of 8 Hz"), "{}", each.notes("f"));
    let all = ran(&pipeline("x.csv", own), folder.path()).table("f");
    let expected = CrossSpectra::new(&epochs, 100.0, segments, &[ALPHA], false).unwrap().pair(0, 1, 0);
    assert_eq!(floats(&all, "coherence")[0], expected.coherence);
    // A recording that is not cut into epochs.
    let whole = ran(&uncut("x.csv", own), folder.path()).table("f");
    let expected = CrossSpectra::new(&[vec![&b, &a]], 100.0, segments, &[ALPHA], false).unwrap().pair(0, 1, 0);
    assert_eq!(floats(&whole, "coherence")[0], expected.coherence);
}

#[test]
fn what_is_undefined_is_told() {
    let folder = folder();
    let ran_on_odd = ran(&pipeline("odd.csv", "    band: [8 Hz, 13 Hz]\n"), folder.path());
    let table = ran_on_odd.table("f");
    for column in SPECTRAL.iter().chain(&["correlation", "envelope_correlation"]) {
        assert!(floats(&table, column).iter().all(|value| value.is_nan()), "{column}");
    }
    let notes = ran_on_odd.notes("f");
    assert!(
        notes.contains("missing values are undefined (channel holes, epoch 1: 1 of 200 values is missing, at 3000 ms"),
        "{notes}"
    );
    assert!(notes.contains("(channel flat: all values are 1; channel flat, epoch 1: all values are 1;"), "{notes}");
    assert!(!notes.contains("frequencies at which"), "{notes}");

    let one_segment = ran(&uncut("x.csv", "    measures: [coherence, correlation]\n"), folder.path());
    let table = one_segment.table("f");
    assert!(floats(&table, "coherence")[0].is_nan() && !floats(&table, "correlation")[0].is_nan());
    assert!(one_segment.notes("f").contains("they need two segments or more, and the sample has one alone"));

    let single = ran(&uncut("single.csv", ""), folder.path());
    assert_eq!(single.table("f").num_rows(), 0);
    assert_eq!(single.notes("f"), "there are no pairs: the only channel is a");
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = folder();
    let message = |settings: &str| refused_in(&pipeline("x.csv", settings), folder.path());
    for (settings, part) in [
        ("    measures: []\n", "name at least one measure"),
        ("    measures: [plv, plv]\n", "twice"),
        ("    measures: [phase]\n", "wpli"),
        ("    band: [13 Hz, 8 Hz]\n", "from 13 Hz to 8 Hz; a band begins above 0 Hz and ends at a higher frequency"),
        ("    band: [0 Hz, 8 Hz]\n", "begins above 0 Hz"),
        ("    bands: { alpha: [8 Hz, 13 Hz] }\n    band: [8 Hz, 9 Hz]\n", "`band` is given as well"),
        ("    bands: { 'a b': [8 Hz, 13 Hz] }\n", "letters, digits and _ are allowed"),
        ("    measures: [correlation]\n    band: [8 Hz, 13 Hz]\n", "no measure has a band"),
        ("    measures: [correlation]\n    segment: 1 s\n", "none of the measures is estimated from segments"),
        ("    segment: 0 s\n", "above 0 ms"),
        ("    across: segments\n", "needs the length of a segment"),
        ("    segment: 1 s\n    overlap: 1\n", "from 0 to less than 1"),
        ("    overlap: 0.5\n", "give their length as `segment`"),
        ("    measures: [plv]\n    envelopes: log_power\n", "none of the measures is one of envelopes"),
        (
            "    measures: [coherence, squared_coherence]\n    bands: { a: [1 Hz, 2 Hz], a_squared: [1 Hz, 2 Hz] }\n",
            "two columns would be named `a_squared_coherence`",
        ),
    ] {
        let found = message(settings);
        assert!(found.contains(part), "{settings}: {found}");
    }
    let (_, graph) = bind(
        &pipeline("x.csv", "    segment: 1 s\n    overlap: 0.5\n    measures: [wpli, coherence]\n"),
        folder.path(),
    )
    .unwrap();
    assert_eq!(
        graph.stages[2].bound().config,
        serde_json::json!({"measures": ["coherence", "wpli"], "segment": "1000 ms"})
    );
}

#[test]
fn samples_that_do_not_fit_fail() {
    let folder = folder();
    for (settings, part) in [
        ("    bands: { fast: [40 Hz, 60 Hz] }\n", "`bands.fast`: the band ends at 60 Hz"),
        ("    band: [8.1 Hz, 8.2 Hz]\n", "`band`: no frequency lies in the band: those of 200 values"),
        ("    segment: 3 s\n", "a segment has 300 values, but an epoch only 200"),
    ] {
        let failures = ran(&pipeline("x.csv", settings), folder.path()).failures();
        assert!(failures.len() == 1 && failures[0].contains(part), "{settings}: {failures:?}");
    }
}

/// A signal: channel, epoch, first time and interval in ms, values.
type Row<'a> = (&'a str, i32, f64, f64, &'a [f64]);

fn ran_on_rows(rows: &[Row<'_>], settings: &serde_json::Value) -> given::Ran {
    let signals: Vec<Signal<'_>> = rows
        .iter()
        .map(|(channel, epoch, t0_ms, dt_ms, values)| Signal {
            channel: Cow::Borrowed(channel),
            epoch: *epoch,
            t0_ms: *t0_ms,
            dt_ms: *dt_ms,
            unit: Cow::Borrowed("V"),
            values: Cow::Borrowed(values),
        })
        .collect();
    let table = lapicque_schemas::tables::signals::write(&signals).unwrap();
    let mut stage = serde_json::json!({"kind": "features.connectivity", "inputs": {"signals": "x"}});
    let settings = settings.as_object().unwrap().clone();
    stage.as_object_mut().unwrap().extend(settings);
    let stages = serde_json::json!({"x": {"kind": "given.signals"}, "f": stage});
    given::run_stages(&[Given::samples("given.signals", "signals", vec![table])], &stages)
}

#[test]
fn signals_that_do_not_agree_fail() {
    let (values, fewer) = (&[1.0, 2.0, 4.0, 1.0][..], &[1.0, 3.0, 2.0][..]);
    let a = ("a", 0, 0.0, 1.0, values);
    for (signals, part) in [
        (vec![a, ("b", 0, 0.0, 2.0, values)], "channel b: the sampling interval is 2 ms, that of channel a 1 ms"),
        (vec![a, ("b", 0, 5.0, 1.0, values)], "channel b: the first time is 5 ms, that of channel a 0 ms"),
        (vec![a, ("b", 0, 0.0, 1.0, fewer)], "channel b: the length is 3 values, that of channel a 4 values"),
        (vec![a, ("b", 0, 0.0, 1.0, values), ("b", 1, 0.0, 1.0, values)], "channel a, epoch 1: it is not there"),
        (vec![a, ("b", 0, 0.0, f64::NAN, values)], "channel b: the interval between values is unknown"),
        (
            vec![a, ("b", 0, 0.0, 1.0, values), ("a", 1, 9.0, 1.0, fewer), ("b", 1, 9.0, 1.0, fewer)],
            "`segment` cuts epochs into segments of one length",
        ),
    ] {
        let failures = ran_on_rows(&signals, &serde_json::json!({})).failures();
        assert!(failures.contains(part), "{part}: {failures}");
    }
    // Epochs of unequal length are cut, in whatever order their rows come.
    let [a, b, _] = channels();
    let rows = [
        ("b", 3, 0.0, 10.0, &b[..300]),
        ("a", 1, 0.0, 10.0, &a[300..]),
        ("b", 1, 0.0, 10.0, &b[300..]),
        ("a", 3, 0.0, 10.0, &a[..300]),
    ];
    let settings = serde_json::json!({"segment": "1 s", "band": ["8 Hz", "13 Hz"]});
    let table = ran_on_rows(&rows, &settings).result();
    let epochs = [vec![&b[300..], &a[300..]], vec![&b[..300], &a[..300]]];
    let segments = Some(Segments { length: 100, step: 50 });
    let expected = CrossSpectra::new(&epochs, 100.0, segments, &[ALPHA], true).unwrap().pair(0, 1, 0);
    assert_eq!((floats(&table, "plv")[0], floats(&table, "wpli")[0]), (expected.plv, expected.wpli));
}
