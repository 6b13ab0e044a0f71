//! Tables for tests of SQL: a kind that makes rows with all that is awkward, and what comes out as comparable text.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, Float32Array, Float64Array, Float64Builder, Int8Array,
    Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray, UInt8Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, UInt16Type};
use arrow::util::display::array_value_to_string;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Kind, Output, PortMode, PortSpec, Ports, Registry,
    SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{
    TableSchema,
    schema::{Column, list_of},
};
use serde_json::{Value, json};

use crate::support::{Chance, numbers};

/// `test.ugly`: rows that a seed fixes. Keys with ties, narrow integers, both zeros, NaN of both signs, NULL, samples without rows.
struct Ugly;
struct UglyStage {
    bound: Bound,
    rows: u64,
}

/// Both zeros, NaN of three kinds, infinities, numbers whose sum depends on their order.
pub(crate) const FLOATS: [u64; 16] = [
    0x8000_0000_0000_0000, // -0.0
    0x0000_0000_0000_0000, // 0.0
    0x7ff8_0000_0000_0000, // NaN
    0xfff8_0000_0000_0000, // NaN with a sign
    0x7ff8_0000_0000_0abc, // NaN with a payload
    0x7ff0_0000_0000_0000, // inf
    0xfff0_0000_0000_0000, // -inf
    0x3ff0_0000_0000_0000, // 1.0
    0x3fb9_9999_9999_999a, // 0.1
    0x3fd5_5555_5555_5555, // 1/3
    0xc004_0000_0000_0000, // -2.5
    0x4341_c379_37e0_8000, // 1e16
    0xc341_c379_37e0_8000, // -1e16
    0x0000_0000_0000_0001, // 5e-324
    0x8000_0000_0000_0001, // -5e-324
    0x4059_0000_0000_0000, // 100.0
];

impl Kind for Ugly {
    fn name(&self) -> &str {
        "test.ugly"
    }
    fn summary(&self) -> &str {
        "Awkward rows"
    }
    fn ports(&self) -> Ports<'_> {
        const PORTS: &[PortSpec] = &[PortSpec::new("p", "parameters", PortMode::Either, true)];
        Ports::Named(PORTS)
    }
    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let dictionary = DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8));
        let columns = [
            Column::new("u", DataType::Int64, "another in each row of a sample"),
            Column::new("k", DataType::Int32, "few values").nullable(),
            Column::new("n", DataType::UInt32, "values whose squares need 64 bits"),
            Column::new("v", DataType::Float64, "awkward").nullable(),
            Column::new("w", DataType::Float64, "awkward, never NULL"),
            Column::new("s", DataType::Utf8, "text").nullable(),
            Column::new("d", dictionary, "text"),
            Column::new("h", DataType::Boolean, "three values").nullable(),
        ];
        let config = request.config.clone();
        let rows = config["rows"].as_u64().unwrap_or(9);
        let output = Output::new("table", TableSchema::new("table", &[], columns));
        let bound = Bound::new(1, config, request.inputs, vec![output]);
        Ok(Box::new(UglyStage { bound, rows }))
    }
}

impl Stage for UglyStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }
    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |i, _| {
            let seed = numbers(batch.table(i, "p").unwrap(), "seed")[0];
            let schema = self.bound.outputs[0].schema.arrow.clone();
            let columns = ugly(&mut Chance(seed as u64), self.rows);
            Ok(SampleOutput::of(RecordBatch::try_new(schema, columns).unwrap()))
        })
    }
}

fn ugly(chance: &mut Chance, most: u64) -> Vec<ArrayRef> {
    let rows = if chance.one_in(5) { 0 } else { 1 + chance.below(most) } as usize;
    let maybe = |chance: &mut Chance| !chance.one_in(5);
    let float = |chance: &mut Chance| f64::from_bits(chance.pick(&FLOATS));
    let u: Vec<i64> = (0..rows as i64).map(|i| (i * 7) % 11 + 20 * (i / 11)).collect();
    let k: Vec<Option<i32>> = (0..rows).map(|_| maybe(chance).then(|| chance.below(4) as i32 - 1)).collect();
    let n: Vec<u32> = (0..rows).map(|_| chance.pick(&[0, 1, 2, 7, 65536, 100_000])).collect();
    let v: Vec<Option<f64>> = (0..rows).map(|_| maybe(chance).then(|| float(chance))).collect();
    let w: Vec<f64> = (0..rows).map(|_| float(chance)).collect();
    let texts = ["", "a", "b", "a b", "ü", "%", "NaN", "1"];
    let s: Vec<Option<&str>> = (0..rows).map(|_| maybe(chance).then(|| chance.pick(&texts))).collect();
    let d: DictionaryArray<UInt16Type> = (0..rows).map(|_| Some(chance.pick(&["E", "I"]))).collect();
    let h: Vec<Option<bool>> = (0..rows).map(|_| maybe(chance).then(|| chance.one_in(2))).collect();
    vec![
        Arc::new(Int64Array::from(u)),
        Arc::new(Int32Array::from(k)),
        Arc::new(UInt32Array::from(n)),
        Arc::new(Float64Array::from(v)),
        Arc::new(Float64Array::from(w)),
        Arc::new(StringArray::from(s)),
        Arc::new(d),
        Arc::new(BooleanArray::from(h)),
    ]
}

/// `test.fixed`: one table, a row for each of [`FLOATS`] and one of NULL, with columns of many types.
struct Fixed;
struct FixedStage(Bound);

impl Kind for Fixed {
    fn name(&self) -> &str {
        "test.fixed"
    }
    fn summary(&self) -> &str {
        "Rows that are known"
    }
    fn ports(&self) -> Ports<'_> {
        Ports::Named(&[])
    }
    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let columns = [
            Column::new("u", DataType::Int64, "number of the row"),
            Column::new("v", DataType::Float64, "awkward").nullable().unit("mV"),
            Column::new("f", DataType::Float32, "awkward").nullable(),
            Column::new("b", DataType::UInt8, "200"),
            Column::new("c", DataType::Int8, "-100"),
            Column::new("n", DataType::UInt32, "65536"),
            Column::new("q", DataType::UInt64, "5, or what no signed number holds"),
            Column::new("l", list_of(DataType::Float64), "lists"),
            Column::new("step", DataType::UInt32, "steps").metadata("dt_ms", "0.5"),
        ];
        let output = Output::new("table", TableSchema::new("table", &[], columns));
        let mut bound = Bound::new(1, request.config.clone(), request.inputs, vec![output]);
        bound.grain = Grain::Table;
        Ok(Box::new(FixedStage(bound)))
    }
}

impl Stage for FixedStage {
    fn bound(&self) -> &Bound {
        &self.0
    }
    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |_, _| {
            let rows = FLOATS.len() + 1;
            let float = |i: usize| FLOATS.get(i).map(|&bits| f64::from_bits(bits));
            let last = if self.0.config["huge"] == json!(true) { u64::MAX } else { 5 };
            let mut lists =
                ListBuilder::new(Float64Builder::new()).with_field(Field::new("item", DataType::Float64, false));
            for i in 0..rows {
                lists.values().append_slice(&[float(i).unwrap_or(1.0), 2.0]);
                lists.append(true);
            }
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from_iter_values(0..rows as i64)),
                Arc::new(Float64Array::from_iter((0..rows).map(float))),
                Arc::new(Float32Array::from_iter((0..rows).map(|i| float(i).map(|v| v as f32)))),
                Arc::new(UInt8Array::from(vec![200; rows])),
                Arc::new(Int8Array::from(vec![-100; rows])),
                Arc::new(UInt32Array::from(vec![65536; rows])),
                Arc::new(UInt64Array::from_iter_values((0..rows).map(|i| if i + 1 == rows { last } else { 5 }))),
                Arc::new(lists.finish()),
                Arc::new(UInt32Array::from_iter_values(0..rows as u32)),
            ];
            Ok(SampleOutput::of(RecordBatch::try_new(self.0.outputs[0].schema.arrow.clone(), columns).unwrap()))
        })
    }
}

pub(crate) fn registry() -> Registry {
    let mut kinds = lapicque_stages::kinds();
    kinds.extend(lapicque_query::kinds());
    kinds.push(Box::new(Ugly));
    kinds.push(Box::new(Fixed));
    Registry::new(kinds)
}

/// Samples with `a` and `b` of awkward rows each, and `c`, one table of awkward rows for all.
pub(crate) fn ugly_stages(seed: u64, samples: u64, rows: u64) -> Value {
    let point = |table: u64, i: u64| json!({"seed": seed * 1000 + table * 100 + i, "name": format!("s{i}")});
    let list: Vec<Value> = (0..samples).map(|i| point(1, i)).collect();
    json!({
        "p": {"kind": "parameters.list", "rows": list, "labels": ["name"]},
        "pb": {"kind": "sql", "grain": "sample", "inputs": {"p": "p"}, "query": "SELECT sample, seed + 100 AS seed FROM p"},
        "a": {"kind": "test.ugly", "inputs": {"p": "p"}, "rows": rows},
        "b": {"kind": "test.ugly", "inputs": {"p": "pb"}, "rows": rows},
        "c": {"kind": "sql", "inputs": {"b": "b"}, "query": "SELECT u, k, n, v, w, s, d, h FROM b WHERE u < 30"},
    })
}

/// The cells of a table, row by row; floats by their bits, so that signs of zeros and NaN would show.
pub(crate) fn rows_of(table: &RecordBatch) -> Vec<Vec<String>> {
    let cell = |column: &ArrayRef, row: usize| {
        if column.is_null(row) {
            return "NULL".to_owned();
        }
        match column.data_type() {
            DataType::Float64 => {
                let value = column.as_primitive::<Float64Type>().value(row);
                format!("{value:?} ({:016x})", value.to_bits())
            }
            DataType::Float32 => {
                let value = column.as_primitive::<Float32Type>().value(row);
                format!("{value:?} ({:08x})", value.to_bits())
            }
            _ => array_value_to_string(column, row).unwrap(),
        }
    };
    (0..table.num_rows()).map(|row| table.columns().iter().map(|column| cell(column, row)).collect()).collect()
}
