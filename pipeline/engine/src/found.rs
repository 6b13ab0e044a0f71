//! Actions in columns: what planning must know of a million of them, in some dozen bytes each.
//!
//! A row is one output of one action, rows of an action follow each other, and a failed action has one row.

use std::collections::HashMap;
use std::sync::Arc;

use lapicque_schemas::{Digest, TableSchema, project_digest};

use crate::action::OutputEntry;
use crate::kind::SampleError;

#[derive(Debug, Default)]
pub struct ActionColumns {
    output: Vec<u8>,
    rows: Vec<u64>,
    content: Vec<Digest>,
    kept: Vec<bool>,
    /// Where the digests of a row's columns end in `columns`; a row without any carries none.
    column_ends: Vec<u32>,
    columns: Vec<Digest>,
    failures: HashMap<u32, SampleError>,
    notes: HashMap<u32, Vec<String>>,
}

/// What is known of one action.
#[derive(Debug, Clone)]
pub struct Found {
    actions: Arc<ActionColumns>,
    row: u32,
}

impl ActionColumns {
    /// Columns with room for so many rows.
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            output: Vec::with_capacity(rows),
            rows: Vec::with_capacity(rows),
            content: Vec::with_capacity(rows),
            kept: Vec::with_capacity(rows),
            column_ends: Vec::with_capacity(rows),
            ..Self::default()
        }
    }

    /// Adds one output of a successful action.
    pub fn push_output(
        &mut self,
        output: u8,
        rows: u64,
        content: Digest,
        kept: bool,
        columns: Option<impl IntoIterator<Item = Digest>>,
    ) {
        self.output.push(output);
        self.rows.push(rows);
        self.content.push(content);
        self.kept.push(kept);
        self.columns.extend(columns.into_iter().flatten());
        self.column_ends.push(self.columns.len() as u32);
    }

    /// Adds a failed action.
    pub fn push_failure(&mut self, error: SampleError) {
        self.failures.insert(self.len() as u32, error);
        self.push_output(0, 0, Digest([0; 16]), false, None::<[Digest; 0]>);
    }

    /// Adds an action; returns its row.
    pub fn push(&mut self, outcome: &Result<Vec<OutputEntry>, SampleError>, notes: &[String]) -> u32 {
        let row = self.len() as u32;
        match outcome {
            Ok(outputs) => outputs.iter().enumerate().for_each(|(number, entry)| {
                let columns = entry.columns.iter().flatten().copied();
                self.push_output(number as u8, entry.rows, entry.content, entry.kept, Some(columns));
            }),
            Err(error) => self.push_failure(error.clone()),
        }
        self.push_notes(row, notes.to_vec());
        row
    }

    pub fn push_notes(&mut self, row: u32, notes: Vec<String>) {
        if !notes.is_empty() {
            self.notes.insert(row, notes);
        }
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.output.len()
    }

    pub fn is_empty(&self) -> bool {
        self.output.is_empty()
    }

    fn column_digests(&self, row: usize) -> Option<&[Digest]> {
        let start = row.checked_sub(1).map_or(0, |before| self.column_ends[before]) as usize;
        Some(&self.columns[start..self.column_ends[row] as usize]).filter(|columns| !columns.is_empty())
    }
}

impl Found {
    pub fn new(actions: Arc<ActionColumns>, row: u32) -> Self {
        Self { actions, row }
    }

    pub fn failure(&self) -> Option<&SampleError> {
        self.actions.failures.get(&self.row)
    }

    pub fn outputs(&self) -> usize {
        if self.failure().is_some() {
            return 0;
        }
        let after = &self.actions.output[self.row as usize + 1..];
        1 + after.iter().take_while(|&&output| output > 0).count()
    }

    fn at(&self, output: usize) -> Option<usize> {
        (output < self.outputs()).then_some(self.row as usize + output)
    }

    pub fn rows(&self, output: usize) -> Option<u64> {
        self.at(output).map(|row| self.actions.rows[row])
    }

    pub fn content(&self, output: usize) -> Option<Digest> {
        self.at(output).map(|row| self.actions.content[row])
    }

    /// The digest of each column, where they are carried.
    pub fn columns(&self, output: usize) -> Option<&[Digest]> {
        self.at(output).and_then(|row| self.actions.column_digests(row))
    }

    /// The digest of some columns of an output, all where none are named; `None` where it does not follow from what is carried.
    pub fn digest_of(&self, output: usize, schema: &TableSchema, columns: Option<&[String]>) -> Option<Digest> {
        let Some(columns) = columns.filter(|columns| !covers(columns, schema)) else {
            return self.content(output);
        };
        let named = schema.column_names().zip(self.columns(output)?.iter().copied());
        let read = named.filter(|(name, _)| columns.iter().any(|column| column == name));
        Some(project_digest(&schema.arrow, self.rows(output)?, read))
    }

    /// Whether the rows of all outputs are stored.
    pub fn is_kept(&self) -> bool {
        let first = self.row as usize;
        self.actions.kept[first..first + self.outputs()].iter().all(|&kept| kept)
    }

    pub fn notes(&self) -> &[String] {
        self.actions.notes.get(&self.row).map_or(&[], Vec::as_slice)
    }

    pub fn outcome(&self) -> Result<Vec<OutputEntry>, SampleError> {
        if let Some(error) = self.failure() {
            return Err(error.clone());
        }
        let entry = |row: usize| OutputEntry {
            rows: self.actions.rows[row],
            content: self.actions.content[row],
            columns: self.actions.column_digests(row).map(<[Digest]>::to_vec),
            kept: self.actions.kept[row],
        };
        let first = self.row as usize;
        Ok((first..first + self.outputs()).map(entry).collect())
    }
}

/// Whether these are all columns of a table.
pub(crate) fn covers(columns: &[String], schema: &TableSchema) -> bool {
    schema.column_names().all(|name| columns.iter().any(|column| column == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u8, columns: Option<Vec<Digest>>, kept: bool) -> OutputEntry {
        OutputEntry { rows: u64::from(n), content: Digest([n; 16]), columns, kept }
    }

    #[test]
    fn an_action_comes_back_as_it_was_put_in() {
        let mut columns = ActionColumns::default();
        let outcomes = [
            Ok(vec![entry(1, Some(vec![Digest([7; 16]), Digest([8; 16])]), true), entry(2, None, false)]),
            Err(SampleError::input("too short")),
            Ok(vec![entry(3, Some(vec![Digest([9; 16])]), true)]),
        ];
        let rows: Vec<u32> = outcomes.iter().map(|o| columns.push(o, &["note".to_owned()])).collect();
        let columns = Arc::new(columns);
        for (outcome, row) in outcomes.iter().zip(rows) {
            let found = Found::new(columns.clone(), row);
            assert_eq!(&found.outcome(), outcome);
            assert_eq!(found.notes(), ["note"]);
        }
    }
}
