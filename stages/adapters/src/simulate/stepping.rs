//! Samples of neural masses that are ready, from values to tables.

use std::sync::Arc;

use arrow_array::RecordBatch;
use lapicque_neuralmass::network::MEMORY_LIMIT_BYTES;
use lapicque_neuralmass::recorder::{BoldOf, Kept, Recorded, Recorder};
use lapicque_neuralmass::registry::AnyModel;
use lapicque_neuralmass::simulation::{Block, Set, Settings, SimulationError};
use lapicque_neuralmass::{Description, WIDTH};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{Context, SampleError, SampleOutput};
use lapicque_schemas::tables::TableError;
use lapicque_schemas::tables::signals::{self, Signal};

use super::coupled::Coupled;
use super::driven::Stimuli;
use super::neural_mass_config::Schedule;

/// A sample that is ready to be stepped.
pub(super) struct Ready {
    pub(super) sample: usize,
    pub(super) coupled: Arc<Coupled>,
    pub(super) set: Set,
    /// Of its random numbers.
    pub(super) stream: StreamKey,
    pub(super) notes: Vec<String>,
}

pub(super) type Outcome = (usize, Result<SampleOutput, SampleError>);

/// How samples are stepped and what is kept of them.
pub(super) struct Stepping {
    /// Of one node.
    pub(super) model: AnyModel,
    pub(super) description: Description,
    pub(super) schedule: Schedule,
    /// What the engine records: outputs of the stage, and behind them what the BOLD signal needs.
    pub(super) settings: Settings,
    /// How many of the recorded outputs are outputs of the stage.
    pub(super) outputs: usize,
    pub(super) kept: Kept,
    pub(super) bold: Option<BoldOf>,
    pub(super) stimuli: Stimuli,
}

impl Stepping {
    /// What one sample holds while it is stepped.
    pub(super) fn bytes(&self, nodes: usize) -> usize {
        let values = nodes.saturating_mul(self.outputs).saturating_mul(self.kept.records());
        values.saturating_mul(size_of::<f64>()).saturating_add(self.stimuli.bytes(nodes))
    }

    /// # Errors
    /// Why a sample of so many nodes would not fit.
    pub(super) fn affordable(&self, nodes: usize) -> Result<(), String> {
        let (bytes, records) = (self.bytes(nodes), self.kept.records());
        // Offsets of a table count to 2^31.
        if bytes as u64 <= MEMORY_LIMIT_BYTES && i32::try_from(nodes.saturating_mul(records)).is_ok() {
            return Ok(());
        }
        let over_time = match self.stimuli.bytes(nodes) {
            0 => String::new(),
            bytes => format!(" ({:.1} GB are stimuli at each step)", bytes as f64 / 1e9),
        };
        Err(format!(
            "{records} values of each of {} outputs and {nodes} nodes need about {:.1} GB of memory{over_time}; the limit is {:.1} \
             GB, and 2147483647 values of an output. A longer `record_dt` needs less",
            self.outputs,
            bytes as f64 / 1e9,
            MEMORY_LIMIT_BYTES as f64 / 1e9
        ))
    }

    /// Samples of one network in jobs that are stepped together.
    pub(super) fn jobs(&self, group: Vec<Ready>) -> Vec<Vec<Ready>> {
        let nodes = group[0].coupled.labels.len();
        let at_once = (MEMORY_LIMIT_BYTES as usize / self.bytes(nodes).max(1)).clamp(1, WIDTH);
        let mut jobs = Vec::new();
        let mut group = group.into_iter().peekable();
        while group.peek().is_some() {
            let some: Vec<Ready> = group.by_ref().take(at_once).collect();
            // Side by side each node takes the time of eight sets, alone eight nodes take it.
            if some.len() * nodes.div_ceil(WIDTH) >= nodes {
                jobs.push(some);
            } else {
                jobs.extend(some.into_iter().map(|one| vec![one]));
            }
        }
        jobs
    }

    /// Samples of one network, which are stepped together.
    pub(super) fn simulate(&self, context: &Context<'_>, job: Vec<Ready>) -> Vec<Outcome> {
        let coupled = job[0].coupled.clone();
        let driven = |ready: &Ready| {
            let mut set = ready.set.clone();
            self.stimuli.add_to(&mut set, &coupled.labels, ready.stream).map(|()| set)
        };
        let sets: Result<Vec<Set>, SampleError> = job.iter().map(driven).collect();
        let stepped = match sets {
            Ok(sets) => self.stepped(context, &coupled, &sets),
            Err(error) => Err(error),
        };
        match stepped {
            Ok(recorded) => {
                let outcome = |(ready, recorded): (Ready, Result<Vec<RecordBatch>, SampleError>)| {
                    let Ready { sample, notes, .. } = ready;
                    (sample, recorded.map(|tables| SampleOutput { tables, notes }))
                };
                job.into_iter().zip(recorded).map(outcome).collect()
            }
            // What one set is refused for is no matter of the others.
            Err(_) if job.len() > 1 && !context.is_cancelled() => {
                job.into_iter().flat_map(|one| self.simulate(context, vec![one])).collect()
            }
            Err(error) => job.into_iter().map(|ready| (ready.sample, Err(error.clone()))).collect(),
        }
    }

    fn stepped(
        &self,
        context: &Context<'_>,
        coupled: &Coupled,
        sets: &[Set],
    ) -> Result<Vec<Result<Vec<RecordBatch>, SampleError>>, SampleError> {
        let nodes = coupled.labels.len();
        let recorder = |_| Recorder::new(self.kept, nodes, self.outputs, self.settings.time_step_ms, self.bold);
        let recorders: Result<Vec<Recorder>, _> = (0..sets.len()).map(recorder).collect();
        let mut recorders = recorders.map_err(SampleError::input)?;
        let mut refused = None;
        let interval = self.settings.record.every;
        let mut sink = |block: &Block<'_>| {
            for (set, recorder) in recorders[block.first_set..].iter_mut().take(block.sets).enumerate() {
                refused = recorder.take(block, set, interval).err().or(refused);
            }
        };
        let mut told = 0;
        let mut proceed = |done: u64| {
            (context.progress)(sets.len() as f64 * (done - told) as f64 / self.kept.steps as f64);
            told = done;
            !context.is_cancelled()
        };
        let model = self.model.of_nodes(nodes);
        let ends = model
            .simulate(&coupled.network, sets, &self.settings, self.kept.steps, &mut sink, &mut proceed)
            .map_err(|error| told_with_labels(&error, coupled))?;
        if let Some(error) = refused {
            return Err(SampleError::internal(error));
        }
        let transient_ms = self.schedule.grid.time_ms(self.schedule.transient);
        let tables = |(end, recorder): (Result<_, SimulationError>, Recorder)| match end {
            Ok(_) => self.tables(coupled, recorder.finish(transient_ms)),
            Err(error) => Err(told_with_labels(&error, coupled)),
        };
        Ok(ends.into_iter().zip(recorders).map(tables).collect())
    }

    /// A table for each output.
    fn tables(&self, coupled: &Coupled, recorded: Recorded) -> Result<Vec<RecordBatch>, SampleError> {
        let Schedule { grid, transient, every, .. } = self.schedule;
        let times = (grid.time_ms(transient + every), grid.time_ms(every));
        let mut tables = Vec::with_capacity(self.outputs + 1);
        for (&place, values) in self.settings.record.outputs.iter().zip(recorded.values) {
            let unit = self.description.outputs[place].unit;
            tables.push(table(coupled, unit, times, values).map_err(SampleError::internal)?);
        }
        if let Some(bold) = recorded.bold {
            if let Some(wrong) = bold.values.iter().position(|value| !value.is_finite()) {
                let (node, value) = (wrong / bold.length, wrong % bold.length);
                return Err(SampleError::input(format!(
                    "the balloon model of node `{}` has no finite solution at {} ms; the activity is too strong for it",
                    coupled.labels[node],
                    bold.t0_ms + value as f64 * bold.dt_ms
                )));
            }
            let times = (bold.t0_ms, bold.dt_ms);
            tables.push(table(coupled, "1", times, bold.values).map_err(SampleError::internal)?);
        }
        Ok(tables)
    }
}

fn table(
    coupled: &Coupled,
    unit: &'static str,
    (t0_ms, dt_ms): (f64, f64),
    values: Vec<f64>,
) -> Result<RecordBatch, TableError> {
    let signal = |label: &String| Signal {
        channel: label.clone().into(),
        epoch: 0,
        t0_ms,
        dt_ms,
        unit: unit.into(),
        values: Vec::new().into(),
    };
    let rows: Vec<Signal<'_>> = coupled.labels.iter().map(signal).collect();
    let length = values.len() / rows.len().max(1);
    signals::write_joined(&rows, &vec![length; rows.len()], values)
}

/// With labels of nodes for their numbers.
pub(crate) fn told_with_labels(error: &SimulationError, coupled: &Coupled) -> SampleError {
    let label = |node: usize| coupled.labels.get(node).map_or("", String::as_str);
    match error {
        SimulationError::Cancelled => SampleError::cancelled(),
        SimulationError::NotFinite { step, time_ms, node, variable, value } => SampleError::input(format!(
            "`{variable}` of node `{}` is {value} at step {step} ({} ms): the parameters are unstable or the time step is too \
             long",
            label(*node),
            *time_ms as f32
        )),
        SimulationError::Value { name, node, value, allowed } => {
            SampleError::input(format!("`{name}` of node `{}` is {value}: {allowed}", label(*node)))
        }
        error => SampleError::input(error),
    }
}
