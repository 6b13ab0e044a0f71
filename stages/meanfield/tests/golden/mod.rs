//! Reads the golden figures of one neuron (tests/golden/meanfield/neuron).
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_meanfield::neuron::{Input, Neuron};

/// The rows of a CSV file by the names of its columns.
pub struct Table {
    names: Vec<String>,
    pub rows: Vec<Vec<f64>>,
}

impl Table {
    pub fn read(csv: &str) -> Self {
        let mut lines = csv.lines();
        let names = lines.next().unwrap().split(',').map(str::to_owned).collect();
        let rows = lines.map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect();
        Self { names, rows }
    }

    pub fn get(&self, row: &[f64], name: &str) -> f64 {
        row[self.names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no column {name}"))]
    }

    pub fn neuron_and_input(&self, row: &[f64]) -> (Neuron, Input) {
        let neuron = Neuron {
            membrane_time_constant_s: self.get(row, "tau_m_s"),
            synaptic_time_constant_s: self.get(row, "tau_s_s"),
            refractory_period_s: self.get(row, "tau_r_s"),
            threshold_v: self.get(row, "V_th_rel_V"),
            reset_v: self.get(row, "V_0_rel_V"),
        };
        (neuron, Input { mean_v: self.get(row, "mu_V"), sd_v: self.get(row, "sigma_V") })
    }
}

/// |value - reference|/|reference|, 0 where both are the same number.
pub fn relative_error(value: f64, reference: f64) -> f64 {
    if value == reference { 0.0 } else { (value - reference).abs() / reference.abs() }
}
