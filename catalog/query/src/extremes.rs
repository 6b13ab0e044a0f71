//! Smallest and largest floats of groups, by the total order.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::ArrowPrimitiveType;
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use crate::sums::passes;

pub(crate) struct Extremes<T: ArrowPrimitiveType> {
    /// Whether the first value takes the place of the second.
    replaces: fn(T::Native, T::Native) -> bool,
    found: Vec<Option<T::Native>>,
}

impl<T: ArrowPrimitiveType> Extremes<T> {
    pub(crate) fn new(replaces: fn(T::Native, T::Native) -> bool) -> Self {
        Self { replaces, found: Vec::new() }
    }
}

impl<T: ArrowPrimitiveType> GroupsAccumulator for Extremes<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.found.resize(total, None);
        for (row, (value, &group)) in values[0].as_primitive::<T>().iter().zip(groups).enumerate() {
            if let Some(value) = value.filter(|_| passes(filter, row))
                && self.found[group].is_none_or(|found| (self.replaces)(value, found))
            {
                self.found[group] = Some(value);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(PrimitiveArray::<T>::from_iter(emit_to.take_needed(&mut self.found))))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(states, groups, None, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<T>().iter().enumerate();
        let kept = values.map(|(row, value)| value.filter(|_| passes(filter, row)));
        Ok(vec![Arc::new(PrimitiveArray::<T>::from_iter(kept))])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.found.capacity() * size_of::<Option<T::Native>>()
    }
}
