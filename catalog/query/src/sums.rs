//! Sums of whole numbers: added up in 128 bits, an error where the sum does not fit into 64.

use std::collections::BTreeSet;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, new_empty_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// How a sum is handed on.
pub(crate) const SUM_STATE: DataType = DataType::Decimal128(38, 0);

/// The sum of the rows of one group or window.
#[derive(Debug)]
pub(crate) struct WholeSum {
    data_type: DataType,
    sum: i128,
    count: u64,
}

impl WholeSum {
    pub(crate) fn new(data_type: DataType) -> Self {
        Self { data_type, sum: 0, count: 0 }
    }
}

impl Accumulator for WholeSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in whole_numbers(&values[0])?.into_iter().flatten() {
            self.sum += value;
            self.count += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in whole_numbers(&values[0])?.into_iter().flatten() {
            self.sum -= value;
            self.count -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        result(&self.data_type, (self.count > 0).then_some(self.sum))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128((self.count > 0).then_some(self.sum), 38, 0)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The sum of the values that differ, in their order.
#[derive(Debug)]
pub(crate) struct DistinctSum {
    data_type: DataType,
    /// Whole numbers as they are, floats by their rank in the total order.
    values: BTreeSet<i128>,
}

impl DistinctSum {
    pub(crate) fn new(data_type: DataType) -> Self {
        Self { data_type, values: BTreeSet::new() }
    }

    fn scalar(&self, value: i128) -> Result<ScalarValue> {
        match self.data_type {
            DataType::Float64 => Ok(ScalarValue::Float64(Some(of_rank(value)))),
            _ => result(&self.data_type, Some(value)),
        }
    }
}

impl Accumulator for DistinctSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        match self.data_type {
            DataType::Float64 => self.values.extend(values[0].as_primitive::<Float64Type>().iter().flatten().map(rank)),
            _ => self.values.extend(whole_numbers(&values[0])?.into_iter().flatten()),
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let any = !self.values.is_empty();
        match self.data_type {
            DataType::Float64 => {
                Ok(ScalarValue::Float64(any.then(|| self.values.iter().map(|&value| of_rank(value)).sum())))
            }
            _ => result(&self.data_type, any.then(|| self.values.iter().sum())),
        }
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = self.values.iter().map(|&value| self.scalar(value)).collect::<Result<Vec<_>>>()?;
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &self.data_type))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states[0].as_list::<i32>().iter().flatten().try_for_each(|values| self.update_batch(&[values]))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.len() * 2 * size_of::<i128>()
    }
}

/// A float's place in the total order.
fn rank(value: f64) -> i128 {
    let bits = value.to_bits() as i64;
    i128::from(bits ^ (((bits >> 63) as u64) >> 1) as i64)
}

fn of_rank(rank: i128) -> f64 {
    let bits = rank as i64;
    f64::from_bits((bits ^ (((bits >> 63) as u64) >> 1) as i64) as u64)
}

/// The sums of many groups.
#[derive(Debug)]
pub(crate) struct GroupSums {
    data_type: DataType,
    sums: Vec<Option<i128>>,
}

impl GroupSums {
    pub(crate) fn new(data_type: DataType) -> Self {
        Self { data_type, sums: Vec::new() }
    }
}

impl GroupsAccumulator for GroupSums {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.resize(total, None);
        for (row, (value, &group)) in whole_numbers(&values[0])?.into_iter().zip(groups).enumerate() {
            if let Some(value) = value.filter(|_| passes(filter, row)) {
                *self.sums[group].get_or_insert(0) += value;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        if sums.is_empty() {
            return Ok(new_empty_array(&self.data_type));
        }
        ScalarValue::iter_to_array(
            sums.into_iter().map(|sum| result(&self.data_type, sum)).collect::<Result<Vec<_>>>()?,
        )
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums = Decimal128Array::from(emit_to.take_needed(&mut self.sums));
        Ok(vec![std::sync::Arc::new(sums.with_data_type(SUM_STATE))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(states, groups, None, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = whole_numbers(&values[0])?.into_iter().enumerate();
        let sums = values.map(|(row, value)| value.filter(|_| passes(filter, row)));
        Ok(vec![std::sync::Arc::new(sums.collect::<Decimal128Array>().with_data_type(SUM_STATE))])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.sums.capacity() * size_of::<Option<i128>>()
    }
}

/// Whether a row passes the FILTER of an aggregate.
pub(crate) fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// Whole numbers of any width, and sums on their way.
fn whole_numbers(array: &ArrayRef) -> Result<Vec<Option<i128>>> {
    let exact = CastOptions { safe: false, ..Default::default() };
    Ok(match array.data_type() {
        DataType::Decimal128(_, _) => array.as_primitive::<Decimal128Type>().iter().collect(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().iter().map(|v| v.map(i128::from)).collect(),
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from)).collect(),
        _ => {
            let array = cast_with_options(array, &DataType::Int64, &exact)?;
            array.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from)).collect()
        }
    })
}

fn result(data_type: &DataType, sum: Option<i128>) -> Result<ScalarValue> {
    let beyond = |sum: i128| {
        exec_err!(
            "a sum is {sum}, beyond the whole numbers of SQL (64 bits); sum(CAST(... AS DOUBLE)) rounds where that does no harm"
        )
    };
    match (data_type, sum) {
        (DataType::UInt64, None) => Ok(ScalarValue::UInt64(None)),
        (DataType::UInt64, Some(sum)) => u64::try_from(sum).map_or_else(|_| beyond(sum), |v| Ok(v.into())),
        (_, None) => Ok(ScalarValue::Int64(None)),
        (_, Some(sum)) => i64::try_from(sum).map_or_else(|_| beyond(sum), |v| Ok(v.into())),
    }
}
