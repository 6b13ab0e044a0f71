use super::*;

fn low_pass(f_khz: f64, tau_ms: f64) -> Complex {
    let x = 2.0 * std::f64::consts::PI * f_khz * tau_ms;
    [1.0 / (1.0 + x * x), -x / (1.0 + x * x)]
}

fn all(tau_ms: f64) -> [Vec<f64>; 2] {
    [0, 1].map(|part| (1..=FREQUENCIES).map(|n| low_pass(n as f64 * SPACING_KHZ, tau_ms)[part]).collect())
}

#[test]
fn the_time_constant_of_a_low_pass_filter_is_found() {
    for tau in [0.004, 0.05, 0.77, 1.0, 3.3, 14.76, 62.5, 98.0] {
        let found = time_constant_ms(&all(tau), 100.0, false);
        assert!((found - tau).abs() < 1e-5, "{found} instead of {tau}");
        let found = time_constant_ms(&all(tau), 100.0, true);
        assert!((found - tau).abs() < 0.0061, "{found} instead of {tau}");
        assert!(((found - 0.001) * 100.0 - ((found - 0.001) * 100.0).round()).abs() < 1e-6);
    }
}

#[test]
fn a_response_without_low_pass_has_the_least_time_constant() {
    let flat = [vec![1.0; FREQUENCIES], vec![0.0; FREQUENCIES]];
    assert!((time_constant_ms(&flat, 100.0, false) - LEAST_MS).abs() < 1e-6);
    assert_eq!(time_constant_ms(&flat, 100.0, true), LEAST_MS);
}

#[test]
fn between_nodes_a_response_is_smooth_and_at_nodes_it_is_itself() {
    let nodes: Vec<f64> = (0..97).map(|n| SPACING_KHZ * libm::exp(libm::log(4000.0) * n as f64 / 96.0)).collect();
    let values: Vec<Complex> = nodes.iter().map(|&f| low_pass(f, 5.0)).collect();
    let found = filled(&nodes, &values);
    for (found, expected) in found.iter().zip(all(5.0)) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 2e-4);
        }
    }
    assert_eq!([found[0][0], found[1][0]], values[0]);
    assert!((found[0][FREQUENCIES - 1] - values[96][0]).abs() < 1e-12);
}
