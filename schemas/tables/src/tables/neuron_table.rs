//! **neuron table**: what a population of integrate-and-fire neurons does at a mean and a fluctuation of its input.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | mu | Float64 | mV/ms | mean of the input, evenly spaced |
//! | sigma | Float64 | mV/ms^1/2 | fluctuation of the input, evenly spaced |
//! | rate_hz | Float64 | Hz | stationary rate |
//! | mean_potential_mV | Float64 | mV | mean potential of neurons that are not refractory |
//! | tau_mu_ms | Float64 | ms | time constant of the response to a modulation of mu |
//! | tau_sigma_ms | Float64 | ms | likewise of sigma; 0 where the rate does not rise with sigma |
//! | capacitance_pF | Float64 | pF | of the neuron, the same in all rows |
//! | leak_conductance_nS | Float64 | nS | of the neuron, the same in all rows |
//!
//! Key: mu, sigma. Rows are sigma by sigma for the first mu, and so on.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use arrow_schema::DataType;

use super::{TableError, float_column};
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "neuron_table";

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NeuronTableRow {
    pub mu: f64,
    pub sigma: f64,
    pub rate_hz: f64,
    pub mean_potential_mv: f64,
    pub tau_mu_ms: f64,
    pub tau_sigma_ms: f64,
    pub capacitance_pf: f64,
    pub leak_conductance_ns: f64,
}

impl NeuronTableRow {
    fn values(&self) -> [f64; 8] {
        [
            self.mu,
            self.sigma,
            self.rate_hz,
            self.mean_potential_mv,
            self.tau_mu_ms,
            self.tau_sigma_ms,
            self.capacitance_pf,
            self.leak_conductance_ns,
        ]
    }
}

pub fn schema() -> TableSchema {
    let number = |name, unit: &str, description| Column::new(name, DataType::Float64, description).unit(unit);
    TableSchema::new(
        TABLE,
        &["mu", "sigma"],
        [
            number("mu", "mV/ms", "mean of the input"),
            number("sigma", "mV/ms^1/2", "fluctuation of the input"),
            number("rate_hz", "Hz", "stationary rate"),
            number("mean_potential_mV", "mV", "mean potential of neurons that are not refractory"),
            number("tau_mu_ms", "ms", "time constant of the response to a modulation of mu"),
            number("tau_sigma_ms", "ms", "likewise of sigma; 0 where the rate does not rise with sigma"),
            number("capacitance_pF", "pF", "of the neuron"),
            number("leak_conductance_nS", "nS", "of the neuron"),
        ],
    )
}

pub fn write(rows: &[NeuronTableRow]) -> Result<RecordBatch, TableError> {
    let column = |place: usize| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.values()[place])))
    };
    Ok(RecordBatch::try_new(schema().arrow, (0..8).map(column).collect())?)
}

pub fn read(batch: &RecordBatch) -> Result<Vec<NeuronTableRow>, TableError> {
    let number = |name| float_column(TABLE, batch, name);
    let (mu, sigma, rate) = (number("mu")?, number("sigma")?, number("rate_hz")?);
    let (potential, capacitance) = (number("mean_potential_mV")?, number("capacitance_pF")?);
    let (tau_mu, tau_sigma) = (number("tau_mu_ms")?, number("tau_sigma_ms")?);
    let conductance = number("leak_conductance_nS")?;
    let row = |row: usize| NeuronTableRow {
        mu: mu[row],
        sigma: sigma[row],
        rate_hz: rate[row],
        mean_potential_mv: potential[row],
        tau_mu_ms: tau_mu[row],
        tau_sigma_ms: tau_sigma[row],
        capacitance_pf: capacitance[row],
        leak_conductance_ns: conductance[row],
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let row = |mu| NeuronTableRow {
            mu,
            sigma: 1.5,
            rate_hz: 20.0,
            mean_potential_mv: -57.0,
            tau_mu_ms: 1.3,
            tau_sigma_ms: 0.0,
            capacitance_pf: 200.0,
            leak_conductance_ns: 10.0,
        };
        let rows = [row(-1.0), row(0.5)];
        assert_eq!(read(&write(&rows).unwrap()).unwrap(), rows);
        let lacking = write(&rows).unwrap().project(&[0, 1]).unwrap();
        let message = read(&lacking).unwrap_err().to_string();
        assert_eq!(message, "the neuron_table table has no column `rate_hz` (it has: mu, sigma)");
    }
}
