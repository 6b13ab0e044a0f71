//! The audit: every result that runs refer to is read, along each way on which rows are read, and held against the digest
//! that it was stored under.
//!
//! | way | who reads so |
//! |---|---|
//! | all samples, with labels | SQL, export, plots |
//! | single columns of all samples | SQL that needs no more |
//! | all samples by position, in another order | training, aggregates and other stages of the `table` grain |
//! | single samples | stages of the `sample` grain |

use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, RecordBatch};
use lapicque_schemas::{Digest, content_digest};
use serde::Serialize;

use crate::found::Found;
use crate::memory::project;
use crate::store::{Binding, RunRecord, StageRun, Store, StoreError};
use crate::tables::read_rows;
use crate::task::WholeLabels;
use crate::whole::read_whole;

/// Bytes of rows that are read together, by the size of the first sample.
const PART_BYTES: usize = 256 << 20;
const PART_SAMPLES: usize = 1 << 16;

/// What was found of one output of one stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditedTable {
    /// The first run that refers to these results.
    pub run: String,
    pub table: String,
    pub samples: u64,
    /// Results of which the digests alone are stored.
    pub not_kept: u64,
    pub failed: u64,
    pub rows: u64,
    pub faults: Vec<Fault>,
}

/// A result that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Empty where it is about a table as a whole.
    pub sample: String,
    pub message: String,
}

/// Reads all results that runs refer to; results that several runs share are read once.
pub fn audit(
    store: &dyn Store,
    runs: &[RunRecord],
    tell: &mut dyn FnMut(&AuditedTable),
) -> Result<Vec<AuditedTable>, StoreError> {
    let mut seen = HashSet::new();
    let mut audited = Vec::new();
    for run in runs {
        for stage in run.stages.iter().filter(|stage| seen.insert((stage.stage.clone(), stage.binding))) {
            for output in 0..stage.outputs.len() {
                let table = audit_table(store, run, stage, output)?;
                tell(&table);
                audited.push(table);
            }
        }
    }
    Ok(audited)
}

/// Errors that say that something of the store is not there are faults of the table; others end the audit.
fn audit_table(
    store: &dyn Store,
    run: &RunRecord,
    stage: &StageRun,
    output: usize,
) -> Result<AuditedTable, StoreError> {
    let table = AuditedTable {
        run: run.id.clone(),
        table: stage.table_name(output),
        samples: 0,
        not_kept: 0,
        failed: 0,
        rows: 0,
        faults: Vec::new(),
    };
    let mut audit = Audit { store, stage, output, table };
    if let Err(error) = audit.binding() {
        match error {
            StoreError::Io { .. } | StoreError::Format { .. } => return Err(error),
            other => audit.fault("", other.to_string()),
        }
    }
    Ok(audit.table)
}

struct Audit<'a> {
    store: &'a dyn Store,
    stage: &'a StageRun,
    output: usize,
    table: AuditedTable,
}

/// A sample with stored rows.
struct Stored {
    label: String,
    key: Digest,
    found: Found,
}

impl Audit<'_> {
    fn fault(&mut self, sample: &str, message: String) {
        self.table.faults.push(Fault { sample: sample.to_owned(), message });
    }

    fn binding(&mut self) -> Result<(), StoreError> {
        let binding = self.store.binding(self.stage.binding)?;
        let keys: Vec<Digest> = binding.keys.iter().flatten().copied().collect();
        let mut known = self.store.find(&keys)?.into_iter();
        let mut stored = Vec::new();
        for (ordinal, key) in binding.keys.iter().enumerate() {
            let label = binding.samples.get(ordinal).unwrap_or_default().to_owned();
            let Some(key) = *key else {
                continue;
            };
            self.table.samples += 1;
            match known.next().flatten() {
                None => self.fault(&label, "its result is no longer in the store".to_owned()),
                Some(found) if found.failure().is_some() => self.table.failed += 1,
                Some(found) if !found.is_kept() => self.table.not_kept += 1,
                Some(found) => stored.push(Stored { label, key, found }),
            }
        }
        let Some(first) = stored.first() else {
            return Ok(());
        };
        let size = match self.single(std::slice::from_ref(first))?.first() {
            Some(table) => table.get_array_memory_size(),
            None => 0,
        };
        for part in stored.chunks((PART_BYTES / size.max(1)).clamp(1, PART_SAMPLES)) {
            self.part(&binding, part)?;
        }
        Ok(())
    }

    fn part(&mut self, binding: &Binding, part: &[Stored]) -> Result<(), StoreError> {
        let whole = self.labelled(binding, part)?;
        self.columns(binding, part, &whole)?;
        self.by_position(part)?;
        let tables = self.single(part)?;
        for (stored, table) in part.iter().zip(&tables) {
            self.hold(stored, table, "read by itself");
        }
        Ok(())
    }

    /// Whether rows are those of a result.
    fn hold(&mut self, stored: &Stored, rows: &RecordBatch, way: &str) {
        let due = stored.found.rows(self.output).unwrap_or(0);
        if due != rows.num_rows() as u64 {
            self.fault(&stored.label, format!("{way}, it has {} rows instead of {due}", rows.num_rows()));
            return;
        }
        match content_digest(&rows.schema(), std::slice::from_ref(rows)) {
            Ok(digest) if stored.found.content(self.output) == Some(digest) => {}
            Ok(_) => self.fault(&stored.label, format!("{way}, its rows have another digest than was stored")),
            Err(error) => self.fault(&stored.label, error.to_string()),
        }
    }

    /// As SQL reads it.
    fn labelled(&mut self, binding: &Binding, part: &[Stored]) -> Result<RecordBatch, StoreError> {
        let table = read_rows(self.store, self.stage, self.output, &part_of(binding, part), None)?;
        self.table.rows += table.num_rows() as u64;
        let mut next = 0;
        for stored in part {
            let due = stored.found.rows(self.output).unwrap_or(0) as usize;
            let rows = table.slice(next, due.min(table.num_rows() - next));
            next += rows.num_rows();
            if self.stage.sample_wise {
                let labels = rows.column_by_name("sample").and_then(|column| column.as_string_opt::<i32>());
                if !labels.is_some_and(|labels| labels.iter().all(|label| label == Some(&stored.label))) {
                    self.fault(&stored.label, "its rows have labels of other samples".to_owned());
                }
            }
            if self.stage.outputs[self.output].schema.references_samples() {
                self.positions(binding, stored, &rows)?;
            } else {
                self.hold(stored, &self.without_sample(&rows)?, "read with all others");
            }
        }
        if next < table.num_rows() {
            self.fault("", format!("{} rows belong to no sample", table.num_rows() - next));
        }
        Ok(table)
    }

    /// Labels in place of stored positions are those that the positions mean.
    fn positions(&mut self, binding: &Binding, stored: &Stored, labelled: &RecordBatch) -> Result<(), StoreError> {
        let schema = &self.stage.outputs[self.output].schema;
        let raw = self.store.read(self.output, schema, &[stored.key], None)?;
        let texts = labelled.column_by_name("sample").and_then(|column| column.as_string_opt::<i32>());
        let positions = raw.first().and_then(|table| table.column_by_name("sample"));
        let positions = positions.and_then(|column| column.as_primitive_opt::<UInt32Type>());
        let equal = match (texts, positions) {
            (Some(texts), Some(positions)) => {
                let meant = positions.values().iter().map(|&p| binding.positions.get(p as usize));
                texts.len() == positions.len() && texts.iter().eq(meant)
            }
            _ => false,
        };
        if !equal {
            self.fault(&stored.label, "its labels are not those that its positions mean".to_owned());
        }
        Ok(())
    }

    /// Each column by itself is that of the whole table.
    fn columns(&mut self, binding: &Binding, part: &[Stored], whole: &RecordBatch) -> Result<(), StoreError> {
        let part = part_of(binding, part);
        for name in self.stage.outputs[self.output].schema.column_names() {
            let wanted = [name.to_owned()];
            let alone = read_rows(self.store, self.stage, self.output, &part, Some(&wanted))?;
            if alone.column_by_name(name).map(|column| column.to_data())
                != whole.column_by_name(name).map(|column| column.to_data())
            {
                self.fault("", format!("the column `{name}` read by itself is not that of the whole table"));
            }
        }
        Ok(())
    }

    /// As stages see it that need all samples: by position, in an order of their own.
    fn by_position(&mut self, part: &[Stored]) -> Result<(), StoreError> {
        if !self.stage.sample_wise {
            return Ok(());
        }
        let mut order: Vec<&Stored> = part.iter().collect();
        order.sort_by_key(|stored| stored.found.content(self.output));
        let keys: Vec<Option<Digest>> = order.iter().map(|stored| Some(stored.key)).collect();
        let schema = &self.stage.outputs[self.output].schema;
        let table = read_whole(self.store, self.output, schema, &keys, &WholeLabels::Positions, None)?;
        let positions = table.column_by_name("sample").and_then(|column| column.as_primitive_opt::<UInt32Type>());
        let positions = positions.map(|column| column.values().to_vec()).unwrap_or_default();
        let mut next = 0;
        for (position, stored) in (0..).zip(order) {
            let rows = positions[next.min(positions.len())..].iter().take_while(|&&p| p == position).count();
            let rows = table.slice(next, rows);
            next += rows.num_rows();
            self.hold(stored, &self.without_sample(&rows)?, "read by position");
        }
        Ok(())
    }

    /// As stages see it that take sample by sample.
    fn single(&self, part: &[Stored]) -> Result<Vec<RecordBatch>, StoreError> {
        let keys: Vec<Digest> = part.iter().map(|stored| stored.key).collect();
        self.store.read(self.output, &self.stage.outputs[self.output].schema, &keys, None)
    }

    fn without_sample(&self, table: &RecordBatch) -> Result<RecordBatch, StoreError> {
        let names: Vec<String> = self.stage.outputs[self.output].schema.column_names().map(str::to_owned).collect();
        project(table, Some(&names))
    }
}

/// The binding of some samples alone.
fn part_of(binding: &Binding, part: &[Stored]) -> Binding {
    let is_single = binding.samples.is_empty();
    let samples = part.iter().filter(|_| !is_single).map(|stored| &stored.label).collect();
    Binding {
        samples,
        keys: part.iter().map(|stored| Some(stored.key)).collect(),
        positions: binding.positions.clone(),
    }
}
