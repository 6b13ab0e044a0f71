//! From the samples of a batch to calls of a program, and from what it gave to results.

use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use lapicque_pipeline::{Batch, Context, FailureReason, Grain, Output, SampleError, SampleInput, SampleOutput};
use lapicque_schemas::tables::parameters;

use crate::conform::conform;
use crate::joined::{SAMPLE, joined, numbered, split};
use crate::printed::last_lines;

/// Lines of what a program printed that are told of a failure.
const LINES: usize = 8;

/// What a stage asks its program for.
pub(crate) struct Shape {
    pub(crate) outputs: Vec<Output>,
    pub(crate) grain: Grain,
    /// Whether all samples of a batch go into one call.
    pub(crate) batched: bool,
    /// Whether the program takes seeds.
    pub(crate) seeded: bool,
}

/// One call of a program.
pub(crate) struct Call<'a> {
    /// Of the sample-wise ports.
    pub(crate) tables: Vec<(&'a str, RecordBatch)>,
    /// One for each sample.
    pub(crate) seeds: Vec<u64>,
}

/// What a program gave.
pub(crate) struct Given {
    /// In the order of the outputs.
    pub(crate) tables: Vec<RecordBatch>,
    pub(crate) printed: Option<String>,
}

/// A call that failed.
pub(crate) struct Failed {
    pub(crate) error: SampleError,
    pub(crate) printed: Option<String>,
}

impl From<SampleError> for Failed {
    fn from(error: SampleError) -> Self {
        Self { error, printed: None }
    }
}

impl Failed {
    /// The error, with what was printed last.
    pub(crate) fn told(self) -> SampleError {
        let Self { error, printed } = self;
        let lines = printed.map(|text| last_lines(&text, LINES)).filter(|_| error.reason != FailureReason::Cancelled);
        let message = match lines {
            Some(lines) if lines.lines().count() == 1 => format!("{}\n  it printed: {lines}", error.message),
            Some(lines) => format!("{}\n  it printed at last:\n{lines}", error.message),
            None => error.message.clone(),
        };
        SampleError { message, ..error }
    }
}

/// One result per sample.
pub(crate) fn results(
    shape: &Shape,
    context: &Context<'_>,
    batch: &Batch,
    call: &dyn Fn(&Call<'_>) -> Result<Given, Failed>,
) -> Vec<Result<SampleOutput, SampleError>> {
    if shape.batched && batch.samples.len() > 1 {
        match together(shape, batch, call) {
            Ok(outputs) => return outputs.into_iter().map(Ok).collect(),
            Err(Failed { error, .. }) if error.reason == FailureReason::Cancelled => {
                return batch.samples.iter().map(|_| Err(error.clone())).collect();
            }
            // One bad sample must not take the others down with it.
            Err(_) => {}
        }
    }
    let one = |sample: &SampleInput| {
        if context.is_cancelled() {
            return Err(SampleError::cancelled());
        }
        let alone = Batch { samples: vec![sample.clone()], broadcast: batch.broadcast.clone() };
        let outputs = if shape.batched { together(shape, &alone, call) } else { single(shape, &alone, call) };
        let mut outputs = outputs.map_err(Failed::told)?;
        outputs.pop().ok_or_else(|| SampleError::internal("a sample without a result"))
    };
    batch.samples.iter().map(one).collect()
}

fn seeds(shape: &Shape, batch: &Batch) -> Vec<u64> {
    let seed = |sample: &SampleInput| {
        let [a, b, c, d, e, f, g, h, ..] = sample.stream("program");
        // Programs count with signed numbers.
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1
    };
    if shape.seeded { batch.samples.iter().map(seed).collect() } else { Vec::new() }
}

fn together(
    shape: &Shape,
    batch: &Batch,
    call: &dyn Fn(&Call<'_>) -> Result<Given, Failed>,
) -> Result<Vec<SampleOutput>, Failed> {
    let tables = joined(batch)?;
    let Given { tables: given, printed } = call(&Call { tables: tables.clone(), seeds: seeds(shape, batch) })?;
    let failed = |message: String| Failed { error: SampleError::input(message), printed: printed.clone() };
    let samples = batch.samples.len();
    let mut outputs: Vec<SampleOutput> =
        (0..samples).map(|_| SampleOutput { tables: Vec::new(), notes: Vec::new() }).collect();
    let inputs = with_broadcast(&tables, batch);
    for (table, output) in given.iter().zip(&shape.outputs) {
        let table = conform(table, &numbered(&output.schema), &inputs);
        let table = table.map_err(|message| failed(of_output(shape, output, message)))?;
        let parts = split(&table, &output.schema, samples).map_err(|m| failed(of_output(shape, output, m)))?;
        for (sample, part) in outputs.iter_mut().zip(parts) {
            one_row(output, &part).map_err(|message| failed(of_output(shape, output, message)))?;
            sample.tables.push(part);
        }
    }
    if let (Some(first), Some(text)) = (outputs.first_mut(), printed) {
        first.notes.push(note(&text));
    }
    Ok(outputs)
}

fn single(
    shape: &Shape,
    batch: &Batch,
    call: &dyn Fn(&Call<'_>) -> Result<Given, Failed>,
) -> Result<Vec<SampleOutput>, Failed> {
    let own = batch.samples.iter().flat_map(|sample| sample.tables.iter());
    let tables: Vec<(&str, RecordBatch)> = own.map(|(port, table)| (port.as_str(), table.clone())).collect();
    let Given { tables: given, printed } = call(&Call { tables: tables.clone(), seeds: seeds(shape, batch) })?;
    let failed = |message: String| Failed { error: SampleError::input(message), printed: printed.clone() };
    let inputs = with_broadcast(&tables, batch);
    let mut results = Vec::with_capacity(given.len());
    for (table, output) in given.iter().zip(&shape.outputs) {
        let table = conform(table, &output.schema, &inputs).and_then(|table| {
            if shape.grain == Grain::Sample {
                one_row(output, &table)?;
            }
            known_positions(output, &table, &inputs)?;
            Ok(table)
        });
        results.push(table.map_err(|message| failed(of_output(shape, output, message)))?);
    }
    Ok(vec![SampleOutput { tables: results, notes: printed.iter().map(|text| note(text)).collect() }])
}

fn with_broadcast<'a>(tables: &'a [(&'a str, RecordBatch)], batch: &'a Batch) -> Vec<(&'a str, &'a RecordBatch)> {
    let own = tables.iter().map(|(port, table)| (*port, table));
    own.chain(batch.broadcast.iter().map(|(port, table)| (port.as_str(), table))).collect()
}

fn of_output(shape: &Shape, output: &Output, message: String) -> String {
    match shape.outputs.len() {
        1 => message,
        _ => format!("output `{}`: {message}", output.name),
    }
}

fn one_row(output: &Output, table: &RecordBatch) -> Result<(), String> {
    match output.schema.table == parameters::TABLE && table.num_rows() != 1 {
        true => Err(format!("{} rows of parameters came out; a sample has one", table.num_rows())),
        false => Ok(()),
    }
}

/// Positions of samples are those of an input.
fn known_positions(output: &Output, table: &RecordBatch, inputs: &[(&str, &RecordBatch)]) -> Result<(), String> {
    if !output.schema.references_samples() {
        return Ok(());
    }
    let positions = |table: &RecordBatch| {
        let column = table.column_by_name(SAMPLE)?;
        Some(column.as_primitive_opt::<UInt32Type>()?.values().iter().copied().collect::<BTreeSet<u32>>())
    };
    let known: BTreeSet<u32> = inputs.iter().filter_map(|(_, table)| positions(table)).flatten().collect();
    match positions(table).unwrap_or_default().iter().find(|position| !known.contains(position)) {
        Some(unknown) => Err(format!(
            "`sample` is {unknown}, which is not a sample of an input; return the numbers that it has there"
        )),
        None => Ok(()),
    }
}

fn note(printed: &str) -> String {
    match printed.lines().count() {
        1 => format!("it printed: {printed}"),
        _ => format!("it printed:\n{printed}"),
    }
}
