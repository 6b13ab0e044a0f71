//! Aggregates over windows that move, computed from the rows of each window.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};

/// Keeps the rows of the window and aggregates them anew when it is asked.
pub(crate) struct Recomputed<F> {
    function: F,
    return_field: FieldRef,
    schema: SchemaRef,
    ignore_nulls: bool,
    order_by: Vec<PhysicalSortExpr>,
    is_reversed: bool,
    name: String,
    is_distinct: bool,
    expressions: Vec<Arc<dyn PhysicalExpr>>,
    expression_fields: Vec<FieldRef>,
    /// The rows of the window in pieces, and how many of the first are no longer in it.
    pieces: Vec<Vec<ArrayRef>>,
    gone: usize,
}

impl<F: AggregateUDFImpl> Recomputed<F> {
    pub(crate) fn new(function: F, arguments: &AccumulatorArgs) -> Self {
        Self {
            function,
            return_field: arguments.return_field.clone(),
            schema: Arc::new(Schema::clone(arguments.schema)),
            ignore_nulls: arguments.ignore_nulls,
            order_by: arguments.order_bys.to_vec(),
            is_reversed: arguments.is_reversed,
            name: arguments.name.to_owned(),
            is_distinct: arguments.is_distinct,
            expressions: arguments.exprs.to_vec(),
            expression_fields: arguments.expr_fields.to_vec(),
            pieces: Vec::new(),
            gone: 0,
        }
    }

    fn fresh(&self) -> Result<Box<dyn Accumulator>> {
        self.function.accumulator(AccumulatorArgs {
            return_field: self.return_field.clone(),
            schema: &self.schema,
            ignore_nulls: self.ignore_nulls,
            order_bys: &self.order_by,
            is_reversed: self.is_reversed,
            name: &self.name,
            is_distinct: self.is_distinct,
            exprs: &self.expressions,
            expr_fields: &self.expression_fields,
        })
    }

    /// The rows of the window in one piece.
    fn window(&mut self) -> Result<Option<&[ArrayRef]>> {
        let Some(first) = self.pieces.first() else {
            return Ok(None);
        };
        if self.gone > 0 || self.pieces.len() > 1 {
            let join = |column: usize| {
                let parts: Vec<ArrayRef> = self
                    .pieces
                    .iter()
                    .enumerate()
                    .map(|(i, piece)| {
                        let from = if i == 0 { self.gone } else { 0 };
                        piece[column].slice(from, piece[column].len() - from)
                    })
                    .collect();
                concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
            };
            let joined = (0..first.len()).map(join).collect::<std::result::Result<Vec<_>, _>>()?;
            self.pieces = vec![joined];
            self.gone = 0;
        }
        Ok(self.pieces.first().map(Vec::as_slice))
    }
}

impl<F: AggregateUDFImpl> fmt::Debug for Recomputed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recomputed").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F: AggregateUDFImpl> Accumulator for Recomputed<F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if values.first().is_some_and(|column| !column.is_empty()) {
            self.pieces.push(values.to_vec());
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.gone += values.first().map_or(0, |column| column.len());
        while let Some(length) = self.pieces.first().map(|piece| piece[0].len()).filter(|&l| l <= self.gone) {
            self.pieces.remove(0);
            self.gone -= length;
        }
        if self.pieces.is_empty() && self.gone > 0 {
            return internal_err!("more rows leave a window than are in it");
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut fresh = self.fresh()?;
        if let Some(rows) = self.window()? {
            fresh.update_batch(rows)?;
        }
        fresh.evaluate()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        internal_err!("a window has no partial results")
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        internal_err!("a window has no partial results")
    }

    fn size(&self) -> usize {
        let rows: usize = self.pieces.iter().flatten().map(|column| column.get_array_memory_size()).sum();
        size_of_val(self) + rows
    }
}
