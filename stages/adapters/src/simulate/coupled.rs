//! From a table `connectome` to a network of nodes with labels.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use lapicque_neuralmass::delays;
use lapicque_neuralmass::network::{Network, NetworkError, refuse_memory};
use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::connectome;
use lapicque_units::write_number;

/// The node of a simulation without a connectome.
const ONLY: &str = "node";

/// Weights and lengths as `[target * nodes + source]`.
pub(crate) struct Connectome {
    labels: Arc<[String]>,
    weights: Vec<f64>,
    lengths_mm: Vec<f64>,
}

/// Nodes, and what couples them at one speed.
pub(crate) struct Coupled {
    pub(crate) labels: Arc<[String]>,
    pub(crate) network: Network,
    /// Remarks on delays.
    pub(crate) notes: Vec<String>,
}

impl Connectome {
    pub(crate) fn read(table: &RecordBatch) -> Result<Self, SampleError> {
        let rows = connectome::read(table).map_err(SampleError::input)?;
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut labels = Vec::new();
        for label in rows.iter().map(|row| &row.target).chain(rows.iter().map(|row| &row.source)) {
            places.entry(label).or_insert_with(|| {
                labels.push(label.clone());
                labels.len() - 1
            });
        }
        let nodes = labels.len();
        if nodes == 0 {
            return Err(SampleError::input("the connectome has no rows, so no nodes"));
        }
        // Before two matrices of that size are made.
        refuse_memory(nodes, 0).map_err(SampleError::input)?;
        let (mut weights, mut lengths_mm) = (vec![0.0; nodes * nodes], vec![0.0; nodes * nodes]);
        let mut seen = vec![false; nodes * nodes];
        for row in &rows {
            let place = places[row.target.as_str()] * nodes + places[row.source.as_str()];
            if std::mem::replace(&mut seen[place], true) {
                let message = format!("the connectome has two rows from `{}` to `{}`", row.source, row.target);
                return Err(SampleError::input(message));
            }
            weights[place] = row.weight;
            lengths_mm[place] = row.length_mm;
        }
        Ok(Self { labels: labels.into(), weights, lengths_mm })
    }

    /// As a network; remarks are about a run of `duration_ms`.
    pub(crate) fn coupled(
        &self,
        speed_mm_per_ms: f64,
        time_step_ms: f64,
        duration_ms: f64,
    ) -> Result<Coupled, SampleError> {
        let speed = Some(speed_mm_per_ms);
        let network = Network::new(self.labels.len(), &self.weights, &self.lengths_mm, speed, time_step_ms);
        let network = network.map_err(|error| match error {
            NetworkError::Value { matrix, source_node, target, value, allowed } => SampleError::input(format!(
                "the connectome's {matrix} from `{}` to `{}` is {value}: {allowed}",
                self.labels[source_node], self.labels[target]
            )),
            error => SampleError::input(error),
        })?;
        let delays = delays::of_connections(&self.weights, &self.lengths_mm, speed_mm_per_ms, time_step_ms);
        let mut notes = Vec::new();
        if delays.rounded > 0 {
            notes.push(format!(
                "delays of {} of {} connections are no whole number of time steps of {} ms; they are rounded, by up to {} ms",
                delays.rounded,
                delays.connections,
                write_number(time_step_ms),
                few_digits(delays.largest_rounding_ms),
            ));
        }
        if delays.longest_ms >= duration_ms {
            notes.push(format!(
                "the longest delay, {} ms, is no shorter than the run of {} ms: nodes so far apart see nothing but first values",
                few_digits(delays.longest_ms),
                write_number(duration_ms),
            ));
        }
        Ok(Coupled { labels: self.labels.clone(), network, notes })
    }
}

impl Coupled {
    /// One node that nothing reaches.
    pub(crate) fn single() -> Self {
        Self { labels: [ONLY.to_owned()].into(), network: Network::single(), notes: Vec::new() }
    }
}

fn few_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}
