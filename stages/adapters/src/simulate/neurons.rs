//! From a table `neuron_table` to the neurons of the model aln.

use std::sync::Arc;

use arrow_array::RecordBatch;
use lapicque_neuralmass::table::{Neuron, Table, TablePoint};
use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::neuron_table;

pub(super) fn read(table: &RecordBatch) -> Result<Arc<Table>, SampleError> {
    let rows = neuron_table::read(table).map_err(SampleError::input)?;
    let Some(first) = rows.first() else {
        return Err(SampleError::input("the table of neurons has no rows"));
    };
    let (capacitance_pf, leak_conductance_ns) = (first.capacitance_pf, first.leak_conductance_ns);
    for (name, value) in [("capacitance_pF", capacitance_pf), ("leak_conductance_nS", leak_conductance_ns)] {
        if !(value.is_finite() && value > 0.0) {
            return Err(SampleError::input(format!(
                "`{name}` of the table of neurons is {value}; it must be a number above 0"
            )));
        }
    }
    let other =
        rows.iter().find(|row| (row.capacitance_pf, row.leak_conductance_ns) != (capacitance_pf, leak_conductance_ns));
    if let Some(other) = other {
        return Err(SampleError::input(format!(
            "the table of neurons is of neurons of {capacitance_pf} pF and {leak_conductance_ns} nS, and of {} pF and {} nS; a \
             model has one kind of neuron",
            other.capacitance_pf, other.leak_conductance_ns
        )));
    }
    // Of the others nothing is left but what the table says.
    let neuron = Neuron { capacitance_pf, leak_conductance_ns, ..Neuron::default() };
    let points = rows.iter().map(|row| TablePoint {
        mu: row.mu,
        sigma: row.sigma,
        rate_khz: row.rate_hz / 1e3,
        tau_mu_ms: row.tau_mu_ms,
        potential_mv: row.mean_potential_mv,
        tau_sigma_ms: row.tau_sigma_ms,
    });
    let table = Table::of_points(neuron, points.collect());
    table.map(Arc::new).map_err(|error| SampleError::input(format!("the table of neurons: {error}")))
}
