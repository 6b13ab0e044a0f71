//! What is to be reached: rows of a table `signals` and waveforms, as one target with a weight of each output and node.

use std::ops::Range;

use arrow_array::RecordBatch;
use lapicque_neuralmass::Description;
use lapicque_numerics::grid::TimeGrid;
use lapicque_pipeline::SampleError;
use lapicque_pipeline::config::nearest;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_units::{Quantity, Unit, write_number};

use super::control_config::OutputWeight;
use super::control_waves::{OfNode, check_node};

/// Parts of a step that two times may differ by and be the same.
const SAME: f64 = 1e-6;

/// Of one sample.
pub(super) struct Target {
    /// `[(output * nodes + node) * steps + k]`, that of time (k + 1) dt; NaN where there is none.
    pub(super) values: Vec<f64>,
    /// `[output * nodes + node]`
    pub(super) matrix: Vec<f64>,
    /// Remarks.
    pub(super) notes: Vec<String>,
}

/// What a target is made for.
pub(super) struct Aim<'a> {
    pub(super) description: &'a Description,
    pub(super) labels: &'a [String],
    pub(super) grid: TimeGrid,
    pub(super) steps: u32,
    /// Steps whose ends count.
    pub(super) interval: Range<usize>,
    /// That of rows that name a node alone.
    pub(super) output: usize,
    pub(super) weights: &'a [OutputWeight],
}

impl Aim<'_> {
    pub(super) fn target(&self, table: Option<&RecordBatch>, waves: &[OfNode]) -> Result<Target, SampleError> {
        let (nodes, steps) = (self.labels.len(), self.steps as usize);
        let rows = self.description.outputs.len() * nodes;
        let mut values = vec![f64::NAN; rows * steps];
        let mut given = vec![false; rows];
        let mut notes = Vec::new();
        for mut signal in table.map(signals::read).transpose().map_err(SampleError::input)?.unwrap_or_default() {
            let (output, node) = self.place(&signal.channel)?;
            let row = output * nodes + node;
            if std::mem::replace(&mut given[row], true) {
                return Err(SampleError::input(format!("{} is there twice", self.name(output, node))));
            }
            self.convert(&mut signal, output, node)?;
            self.put(&signal, (output, node), &mut values[row * steps..(row + 1) * steps], &mut notes)?;
        }
        let mut waved = vec![false; rows];
        for wave in waves {
            let row = wave.place * nodes + wave.node;
            if given[row] {
                let message = format!(
                    "{} is given by the input `target` and by `targets.{}`; one is due",
                    self.name(wave.place, wave.node),
                    wave.number
                );
                return Err(SampleError::input(message));
            }
            let to = &mut values[row * steps..(row + 1) * steps];
            if std::mem::replace(&mut waved[row], true) {
                to.iter_mut().zip(&wave.values).for_each(|(sum, value)| *sum += value);
            } else {
                to.copy_from_slice(&wave.values);
            }
        }
        given.iter_mut().zip(waved).for_each(|(given, waved)| *given |= waved);
        notes.sort();
        notes.dedup();
        Ok(Target { values, matrix: self.matrix(&given)?, notes })
    }

    /// Output and node of a channel: a node, or `OUTPUT.NODE`.
    fn place(&self, channel: &str) -> Result<(usize, usize), SampleError> {
        let node = |label: &str| self.labels.iter().position(|known| known == label);
        if let Some(node) = node(channel) {
            return Ok((self.output, node));
        }
        let outputs = self.description.outputs.iter();
        let of_output = |(place, output): (usize, &lapicque_neuralmass::OutputSpec)| {
            Some((place, node(channel.strip_prefix(output.name)?.strip_prefix('.')?)?))
        };
        outputs.clone().enumerate().find_map(of_output).ok_or_else(|| {
            let near = nearest(channel, self.labels.iter().map(String::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            let names: Vec<&str> = outputs.map(|output| output.name).collect();
            SampleError::input(format!(
                "the target has a channel `{channel}`, which is no node{near} (a channel is NODE or OUTPUT.NODE, with an output of \
                 {})",
                names.join(", ")
            ))
        })
    }

    fn name(&self, output: usize, node: usize) -> String {
        format!("the target of `{}` of node `{}`", self.description.outputs[output].name, self.labels[node])
    }

    fn convert(&self, signal: &mut Signal<'_>, output: usize, node: usize) -> Result<(), SampleError> {
        let due = self.description.outputs[output].unit;
        if signal.unit == due {
            return Ok(());
        }
        let refused = || {
            let message = format!("{} is in {}; {due} is due", self.name(output, node), signal.unit);
            SampleError::input(message)
        };
        let own = Unit::parse(&signal.unit).map_err(|_| refused())?;
        let due = Unit::parse(due).map_err(SampleError::internal)?;
        if own.dimension() != due.dimension() {
            return Err(refused());
        }
        for value in signal.values.to_mut() {
            // What is missing stays so.
            *value = Quantity::new(*value, own.clone()).to(&due).unwrap_or(*value);
        }
        Ok(())
    }

    /// Values of the steps that count, by their times.
    fn put(
        &self,
        signal: &Signal<'_>,
        (output, node): (usize, usize),
        to: &mut [f64],
        notes: &mut Vec<String>,
    ) -> Result<(), SampleError> {
        let (step_ms, name) = (self.grid.step_ms(), self.name(output, node));
        // What is not a number is no step either.
        let has_steps = (signal.dt_ms - step_ms).abs() <= 1e-9 * step_ms;
        if !has_steps {
            return Err(SampleError::input(format!(
                "{name} has a value every {} ms; one for each time step of {} ms is due (`signal.resample` makes them)",
                write_number(signal.dt_ms),
                write_number(step_ms)
            )));
        }
        // The value of step k is number k + shift.
        let shift = 1.0 - signal.t0_ms / step_ms;
        let is_on_steps = (shift - shift.round()).abs() <= SAME;
        if !is_on_steps {
            return Err(SampleError::input(format!(
                "{name} has values at {} ms and on; they must lie at whole time steps of {} ms",
                write_number(signal.t0_ms),
                write_number(step_ms)
            )));
        }
        let (shift, length) = (shift.round() as i64, signal.values.len() as i64);
        let Range { start, end } = self.interval;
        let (first, last) = (start as i64 + shift, end as i64 - 1 + shift);
        if first < 0 || last >= length {
            let time = |step: usize| write_number(self.grid.time_ms(step as u32));
            return Err(SampleError::input(format!(
                "{name} has {length} values from {} ms on; it must reach from {} to {} ms",
                write_number(signal.t0_ms),
                time(start + 1),
                time(end)
            )));
        }
        for (step, value) in to.iter_mut().enumerate() {
            let known = usize::try_from(step as i64 + shift).ok().and_then(|place| signal.values.get(place));
            *value = known.copied().unwrap_or(f64::NAN);
        }
        let run = i64::from(self.steps) + shift;
        if length > run {
            let end = write_number(self.grid.time_ms(self.steps));
            notes.push(format!("the target goes on after {end} ms, where the run ends; that part does not count"));
        }
        Ok(())
    }

    fn matrix(&self, given: &[bool]) -> Result<Vec<f64>, SampleError> {
        let nodes = self.labels.len();
        let mut matrix: Vec<f64> = given.iter().map(|given| f64::from(u8::from(*given))).collect();
        for (output, weight) in self.weights.iter().enumerate() {
            let name = self.description.outputs[output].name;
            let rows = output * nodes..(output + 1) * nodes;
            if let Some(all) = weight.of_all {
                if all > 0.0 && !given[rows.clone()].contains(&true) {
                    return Err(SampleError::input(format!("`cost.outputs.{name}`: `{name}` has no target")));
                }
                matrix[rows.clone()].iter_mut().for_each(|entry| *entry *= all);
            }
            for (label, own) in &weight.of_nodes {
                let field = format!("cost.outputs.{name}.{label}");
                check_node(&field, label, self.labels)?;
                let row = rows.start + self.labels.iter().position(|known| known == label).unwrap_or(0);
                if !given[row] && *own > 0.0 {
                    return Err(SampleError::input(format!("`{field}`: `{name}` of node `{label}` has no target")));
                }
                matrix[row] = *own;
            }
        }
        if matrix.iter().all(|weight| *weight == 0.0) {
            let message = match given.contains(&true) {
                true => "`cost.outputs` is 0 wherever there is a target",
                false => "the target has no rows, so there is nothing to reach",
            };
            return Err(SampleError::input(message));
        }
        Ok(matrix)
    }
}
