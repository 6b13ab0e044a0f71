//! A table that a program gave, brought into the form that was promised; only changes that lose nothing are made.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, UInt32Array, new_empty_array};
use arrow_buffer::OffsetBuffer;
use arrow_cast::display::array_value_to_string;
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{DataType, Field, SchemaRef};
use arrow_select::take::take_record_batch;
use lapicque_schemas::{TableSchema, canonical_column};

/// Columns that name rows: a table without them takes them from an input with the same rows.
const KEYS: [&str; 4] = ["sample", "channel", "epoch", "population"];

/// The promised columns of a table. `inputs` are the tables that the program was given, by port.
pub(crate) fn conform(
    found: &RecordBatch,
    promised: &TableSchema,
    inputs: &[(&str, &RecordBatch)],
) -> Result<RecordBatch, String> {
    let due = &promised.arrow;
    let schema = found.schema();
    let against =
        |what: String| format!("{what}\n  promised: {}\n  found:    {}", columns_of(due), columns_of(&schema));
    let mut names = BTreeSet::new();
    if let Some(twice) = schema.fields().iter().find(|field| !names.insert(field.name())) {
        return Err(against(format!("two columns are called `{}`", twice.name())));
    }
    if let Some(more) = schema.fields().iter().find(|field| due.column_with_name(field.name()).is_none()) {
        return Err(against(format!(
            "the column `{}` was not promised; declare it under `columns`, or leave it out",
            more.name()
        )));
    }
    let missing: Vec<&str> =
        due.fields().iter().map(|f| f.name().as_str()).filter(|n| found.column_by_name(n).is_none()).collect();
    let keys = keys_of(&missing, found, inputs).map_err(against)?;
    let mut columns = Vec::with_capacity(due.fields().len());
    for field in due.fields() {
        let Some(column) = found.column_by_name(field.name()).or_else(|| keys?.column_by_name(field.name())) else {
            return Err(against(format!("the column `{}` is missing", field.name())));
        };
        let column = lossless(column, field.data_type())
            .map_err(|what| against(format!("column `{}`: {what}", field.name())))?;
        let nulls = column.logical_null_count();
        if nulls > 0 && !field.is_nullable() {
            let what = format!(
                "column `{}` has {nulls} missing values; declare it `nullable: true`, or give NaN where a number is undefined",
                field.name()
            );
            return Err(against(what));
        }
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(found.num_rows()));
    let table =
        RecordBatch::try_new_with_options(due.clone(), columns, &options).map_err(|e| against(e.to_string()))?;
    if let Some(twice) = repeated(&table, &promised.key) {
        return Err(twice);
    }
    match promised.table == lapicque_schemas::tables::spikes::TABLE {
        true => in_order(table),
        false => Ok(table),
    }
}

/// The input that names the rows: the only one with these columns, whose other keys are those that came out.
fn keys_of<'a>(
    missing: &[&str],
    found: &RecordBatch,
    inputs: &[(&str, &'a RecordBatch)],
) -> Result<Option<&'a RecordBatch>, String> {
    if missing.is_empty() || !missing.iter().all(|name| KEYS.contains(name)) {
        return Ok(None);
    }
    let has_all = |table: &RecordBatch| missing.iter().all(|name| table.column_by_name(name).is_some());
    let with_keys: Vec<_> = inputs.iter().filter(|(_, table)| has_all(table)).collect();
    let names = missing.join("`, `");
    match with_keys.as_slice() {
        [] => Ok(None),
        [(port, table)] if table.num_rows() == found.num_rows() => {
            let other = KEYS.iter().find(|name| match (found.column_by_name(name), table.column_by_name(name)) {
                (Some(found), Some(due)) => !is_same(found, due),
                _ => false,
            });
            match other {
                Some(other) => Err(format!(
                    "`{other}` is not that of `{port}` row by row, so `{names}` cannot be taken from there; return it"
                )),
                None => Ok(Some(table)),
            }
        }
        [(port, table)] => Err(format!(
            "{} came out, and `{port}` has {}; without `{names}` there must be a row for each of `{port}`, in its order",
            rows(found.num_rows()),
            table.num_rows(),
        )),
        several => {
            let ports: Vec<&str> = several.iter().map(|(port, _)| *port).collect();
            Err(format!("the column `{names}` is missing, and the inputs {} all have one; return it", ports.join(", ")))
        }
    }
}

fn rows(number: usize) -> String {
    if number == 1 { "1 row".to_owned() } else { format!("{number} rows") }
}

fn is_same(found: &ArrayRef, due: &ArrayRef) -> bool {
    lossless(found, due.data_type()).is_ok_and(|found| found.to_data() == due.to_data())
}

/// Two rows of one name, where rows have names.
fn repeated(table: &RecordBatch, key: &[String]) -> Option<String> {
    let columns: Vec<_> =
        key.iter().filter_map(|name| cast(table.column_by_name(name)?, &DataType::Utf8).ok()).collect();
    if columns.len() != key.len() || key.is_empty() {
        return None;
    }
    let columns: Vec<_> = columns.iter().map(|column| column.as_string::<i32>()).collect();
    let mut seen = HashMap::with_capacity(table.num_rows());
    for row in 0..table.num_rows() {
        let name: Vec<&str> = columns.iter().map(|column| column.value(row)).collect();
        if let Some(first) = seen.insert(name.clone(), row) {
            let told: Vec<String> = key.iter().zip(name).map(|(key, value)| format!("{key} `{value}`")).collect();
            return Some(format!("rows {} and {} are both of {}; one is allowed", first + 1, row + 1, told.join(", ")));
        }
    }
    None
}

/// A column in another type, if every value stays what it is.
pub(crate) fn lossless(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let from = column.data_type();
    if from == to {
        return Ok(column.clone());
    }
    if *from == DataType::Null {
        return match column.is_empty() {
            true => Ok(new_empty_array(to)),
            false => Ok(arrow_array::new_null_array(to, column.len())),
        };
    }
    let other = || format!("it is {}; expected {}", type_name(from), type_name(to));
    let simple = |column: &ArrayRef, to: &DataType| cast(column, to).map_err(|_| other());
    match (from, to) {
        (DataType::Dictionary(_, values), _) => lossless(&simple(column, values)?, to),
        (_, DataType::Dictionary(_, values)) => {
            let exact = CastOptions { safe: false, ..Default::default() };
            cast_with_options(&lossless(column, values)?, to, &exact).map_err(|error| error.to_string())
        }
        (DataType::LargeUtf8 | DataType::Utf8View, DataType::Utf8) => simple(column, to),
        (
            DataType::LargeList(item) | DataType::FixedSizeList(item, _) | DataType::ListView(item),
            DataType::List(_),
        ) => lossless(&simple(column, &DataType::List(item.clone()))?, to),
        (DataType::List(_), DataType::List(item)) => {
            let lists: &ListArray = column.as_list();
            let (first, last) = (lists.value_offsets()[0] as usize, lists.value_offsets()[lists.len()] as usize);
            // What lies before and behind a part of a longer table is not asked.
            let (offsets, values) = match first == 0 && last == lists.values().len() {
                true => (lists.offsets().clone(), lists.values().clone()),
                false => {
                    let shifted: Vec<i32> = lists.value_offsets().iter().map(|at| at - first as i32).collect();
                    (OffsetBuffer::new(shifted.into()), lists.values().slice(first, last - first))
                }
            };
            let values = lossless(&values, item.data_type())?;
            if values.null_count() > 0 && !item.is_nullable() {
                return Err(format!(
                    "its lists have {} missing values; give NaN where a number is undefined",
                    values.null_count()
                ));
            }
            let list = ListArray::try_new(item.clone(), offsets, values, lists.nulls().cloned());
            list.map(|list| Arc::new(list) as ArrayRef).map_err(|error| error.to_string())
        }
        _ if from.is_numeric() && to.is_numeric() => exact_number(column, to),
        _ => Err(other()),
    }
}

/// Numbers in another type; the first that changes is named.
fn exact_number(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, String> {
    let column = canonical_column(column).map_err(|error| error.to_string())?.unwrap_or_else(|| column.clone());
    let exact = CastOptions { safe: false, ..Default::default() };
    let there_and_back = |part: &ArrayRef| {
        let there = cast_with_options(part, to, &exact).ok()?;
        let back = cast_with_options(&there, part.data_type(), &exact).ok()?;
        (back.to_data() == part.to_data()).then_some(there)
    };
    if let Some(there) = there_and_back(&column) {
        return Ok(there);
    }
    let row = (0..column.len()).find(|&row| there_and_back(&column.slice(row, 1)).is_none());
    let value = row.and_then(|row| array_value_to_string(&column, row).ok()).unwrap_or_default();
    Err(format!(
        "it is {}, and {value} in row {} is not a value of {}",
        type_name(column.data_type()),
        row.unwrap_or_default() + 1,
        type_name(to)
    ))
}

/// Spikes in order of population, step and neuron, as all that reads them takes them to be.
fn in_order(table: RecordBatch) -> Result<RecordBatch, String> {
    let keys = || {
        let population = cast(table.column_by_name("population")?, &DataType::Utf8).ok()?;
        let names = population.as_string::<i32>();
        let mut order: Vec<&str> = Vec::new();
        let mut ranks = Vec::with_capacity(names.len());
        for name in names.iter().map(Option::unwrap_or_default) {
            // Rows of a population mostly stand together.
            let rank = match ranks.last() {
                Some(&last) if order[last] == name => last,
                _ => order.iter().position(|known| *known == name).unwrap_or_else(|| {
                    order.push(name);
                    order.len() - 1
                }),
            };
            ranks.push(rank);
        }
        let whole = |name| Some(table.column_by_name(name)?.as_primitive_opt::<UInt32Type>()?.values().to_vec());
        Some((ranks, whole("step")?, whole("neuron")?))
    };
    let Some((ranks, step, neuron)) = keys() else {
        return Ok(table);
    };
    let key = |&row: &u32| (ranks[row as usize], step[row as usize], neuron[row as usize]);
    let mut rows: Vec<u32> = (0..table.num_rows() as u32).collect();
    if rows.is_sorted_by_key(key) {
        return Ok(table);
    }
    rows.sort_by_key(key);
    take_record_batch(&table, &UInt32Array::from(rows)).map_err(|error| error.to_string())
}

/// The columns of a table with their types, for messages.
pub(crate) fn columns_of(schema: &SchemaRef) -> String {
    let column = |field: &Arc<Field>| format!("{} ({})", field.name(), type_name(field.data_type()));
    let shown: Vec<String> = schema.fields().iter().take(40).map(column).collect();
    let more = schema.fields().len() - shown.len();
    match (shown.len(), more) {
        (0, _) => "no columns".to_owned(),
        (_, 0) => shown.join(", "),
        _ => format!("{}, and {more} more", shown.join(", ")),
    }
}

/// A type in the words of the pipeline file.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Dictionary(_, values) => type_name(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("list_of_{}", type_name(item.data_type()))
        }
        DataType::Null => "nothing but missing values".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
    use arrow_array::{Float64Array, Int64Array, StringArray, UInt32Array};
    use lapicque_schemas::tables::spikes;
    use proptest::prelude::*;

    fn array(values: impl Array + 'static) -> ArrayRef {
        Arc::new(values)
    }

    /// Numbers on both sides of what types can hold.
    fn whole() -> impl Strategy<Value = i64> {
        prop_oneof![any::<i64>(), any::<i32>().prop_map(i64::from), ((1i64 << 53) - 4)..((1 << 53) + 4), Just(i64::MAX)]
    }

    fn float() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            any::<f32>().prop_map(f64::from),
            any::<i32>().prop_map(f64::from),
            Just(-0.0),
            Just(f64::NAN),
            (-3e9f64..3e9).prop_map(f64::round),
        ]
    }

    proptest! {
        #[test]
        fn whole_numbers_become_floats_where_these_are_equal(value in whole()) {
            let found = lossless(&array(Int64Array::from(vec![value])), &DataType::Float64);
            let is_exact = value as f64 as i128 == i128::from(value);
            prop_assert_eq!(found.is_ok(), is_exact);
            if let Ok(found) = found {
                prop_assert_eq!(found.as_primitive::<Float64Type>().value(0) as i128, i128::from(value));
            }
        }

        #[test]
        fn floats_become_whole_numbers_where_these_are_equal(value in float()) {
            let column = array(Float64Array::from(vec![value]));
            let is_whole = value.fract() == 0.0;
            let narrow = lossless(&column, &DataType::Int32);
            prop_assert_eq!(narrow.is_ok(), is_whole && (-2147483648.0..2147483648.0).contains(&value), "{}", value);
            let wide = lossless(&column, &DataType::Int64);
            prop_assert_eq!(wide.is_ok(), is_whole && (-9223372036854775808.0..9223372036854775808.0).contains(&value), "{}", value);
            if let (Ok(narrow), Ok(wide)) = (narrow, wide) {
                prop_assert_eq!(f64::from(narrow.as_primitive::<Int32Type>().value(0)), value);
                prop_assert_eq!(wide.as_primitive::<Int64Type>().value(0) as f64, value);
            }
        }

        #[test]
        fn floats_become_narrow_where_these_are_equal(value in float()) {
            let found = lossless(&array(Float64Array::from(vec![value])), &DataType::Float32);
            prop_assert_eq!(found.is_ok(), value.is_nan() || f64::from(value as f32) == value, "{}", value);
            if let Ok(found) = found {
                let found = f64::from(found.as_primitive::<Float32Type>().value(0));
                prop_assert!(found == value || (found.is_nan() && value.is_nan()));
            }
        }

        #[test]
        fn spikes_stand_in_order_and_none_is_lost(rows in prop::collection::vec((0usize..3, 0u32..5, 0u32..5), 0..30)) {
            let names = ["E", "I", "x"];
            let promised = spikes::schema(0.1);
            let schema = arrow_schema::Schema::new(vec![
                Field::new("step", DataType::UInt32, false),
                Field::new("neuron", DataType::UInt32, false),
                Field::new("population", DataType::Utf8, false),
            ]);
            let columns = vec![
                array(UInt32Array::from_iter_values(rows.iter().map(|row| row.1))),
                array(UInt32Array::from_iter_values(rows.iter().map(|row| row.2))),
                array(StringArray::from_iter_values(rows.iter().map(|row| names[row.0]))),
            ];
            let found = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
            let table = conform(&found, &promised, &[]).unwrap();
            // Populations in the order in which they came.
            let mut order: Vec<usize> = Vec::new();
            rows.iter().for_each(|row| if !order.contains(&row.0) { order.push(row.0) });
            let mut expected = Vec::new();
            for population in order {
                let mut own: Vec<(u32, u32)> = rows.iter().filter(|row| row.0 == population).map(|row| (row.1, row.2)).collect();
                own.sort_unstable();
                expected.extend(own.into_iter().map(|(step, neuron)| (names[population], step, neuron)));
            }
            let population = cast(table.column(0), &DataType::Utf8).unwrap();
            let whole = |name: &str| table.column_by_name(name).unwrap().as_primitive::<UInt32Type>().values().to_vec();
            let (step, neuron) = (whole("step"), whole("neuron"));
            let given: Vec<(&str, u32, u32)> =
                population.as_string::<i32>().iter().map(Option::unwrap).zip(step).zip(neuron).map(|((p, s), n)| (p, s, n)).collect();
            prop_assert_eq!(given, expected);
        }
    }
}
