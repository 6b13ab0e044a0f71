//! Where the compartments of `simulate.equations` lie whose membrane currents are recorded, as `potential.from_currents` takes
//! them.

use arrow_array::RecordBatch;
use lapicque_equations::network::Recording;
use lapicque_equations::network::description::{Model, MorphologySource};
use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::segments::{self, SegmentRow};

/// The variable whose sources compartments are.
const CURRENT: &str = "membrane_current";
const UM_PER_M: f64 = 1e6;

/// Monitors of state that record membrane currents of compartments with places.
#[derive(Debug, Clone, Default)]
pub(super) struct Placed {
    monitors: Vec<PlacedMonitor>,
}

#[derive(Debug, Clone)]
struct PlacedMonitor {
    name: String,
    group: String,
    /// The first element that it can see.
    first: u32,
}

impl Placed {
    pub(super) fn of(model: &Model) -> Self {
        let placed = model.monitors.state.iter().filter_map(|(name, monitor)| {
            let (group, part) = monitor.of.split_once('[').unwrap_or((&monitor.of, ""));
            let group = group.trim();
            let has_places = match &model.spatial_neurons.get(group)?.morphology {
                MorphologySource::Swc(_) => true,
                MorphologySource::Sections(sections) => sections.iter().all(|section| section.direction.is_some()),
            };
            let is_recorded = monitor.variables.iter().any(|variable| variable == CURRENT);
            let first = part.split(':').next().and_then(|start| start.trim().parse().ok()).unwrap_or(0);
            (has_places && is_recorded).then(|| PlacedMonitor { name: name.clone(), group: group.to_owned(), first })
        });
        Self { monitors: placed.collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.monitors.is_empty()
    }

    /// A row for each channel of a membrane current.
    ///
    /// # Errors
    /// Tables that cannot be built.
    pub(super) fn table(&self, recording: &Recording) -> Result<RecordBatch, SampleError> {
        let mut rows = Vec::new();
        for monitor in &self.monitors {
            let form = recording.forms.iter().find(|form| form.name == monitor.group);
            let record = recording.states.iter().find(|record| record.name == monitor.name);
            let (Some(form), Some(record)) = (form, record) else { continue };
            for &element in &record.elements {
                let of_group = (monitor.first + element) as usize;
                let count = form.compartments.len();
                let compartment = form.compartments.get(of_group % count.max(1));
                let Some((compartment, [start, end])) = compartment.and_then(|one| Some((one, one.ends?))) else {
                    continue;
                };
                rows.push(SegmentRow {
                    channel: format!("{}.{CURRENT}.{element}", monitor.name),
                    neuron: (of_group / count) as u32,
                    start_um: start.map(|place| place * UM_PER_M),
                    end_um: end.map(|place| place * UM_PER_M),
                    diameter_um: compartment.diameter * UM_PER_M,
                });
            }
        }
        segments::write(&rows).map_err(SampleError::internal)
    }
}
