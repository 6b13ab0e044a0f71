//! Answers beside those of DuckDB, where Python has it; see tests/duckdb.

use std::process::Command;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use lapicque_store::ParquetStore;
use serde_json::{Value, json};

use crate::sql_generator::{Dialect, Generator};
use crate::sql_tables::{registry, ugly_stages};
use crate::support::Lab;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/duckdb/compare.py");

fn kind(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::Float64 => "DOUBLE",
        data_type if data_type.is_integer() => "BIGINT",
        _ => "VARCHAR",
    }
}

/// Rows for the script: floats as the digits of their bits.
fn rows(table: &RecordBatch) -> Vec<Vec<Value>> {
    let columns = table.columns().iter().map(|column| match kind(column.data_type()) {
        "BOOLEAN" => column.as_boolean().iter().map(|v| json!(v)).collect::<Vec<_>>(),
        "DOUBLE" => {
            let bits = |v: f64| format!("{:016x}", v.to_bits());
            column.as_primitive::<Float64Type>().iter().map(|v| json!(v.map(bits))).collect()
        }
        "BIGINT" => {
            let column = cast(column, &DataType::Int64).unwrap();
            column.as_primitive::<Int64Type>().iter().map(|v| json!(v)).collect()
        }
        _ => cast(column, &DataType::Utf8).unwrap().as_string::<i32>().iter().map(|v| json!(v)).collect(),
    });
    let columns: Vec<Vec<Value>> = columns.collect();
    (0..table.num_rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect()
}

#[test]
fn answers_are_those_of_duckdb() {
    let python = std::env::var("LAPICQUE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_duckdb = Command::new(&python).args(["-c", "import duckdb"]).output().is_ok_and(|o| o.status.success());
    if !has_duckdb {
        eprintln!("skipped: {python} has no duckdb; tests/duckdb/README.md says how to get it");
        return;
    }
    let rounds = if std::env::var_os("LAPICQUE_LONG_TESTS").is_some() { 40 } else { 3 };
    for seed in 0..rounds {
        let lab = Lab::with_kinds(registry);
        lab.run(&json!({"lapicque": 1, "name": "other", "stages": ugly_stages(seed, 5, 12)}));
        let store = ParquetStore::open(&lab.store_folder()).unwrap();
        let ask = |sql: &str| lapicque_query::query(&store, "other", sql);
        let table = |name: &str| {
            let table = ask(&format!("SELECT * FROM {name}")).unwrap();
            let columns: Vec<_> =
                table.schema().fields().iter().map(|f| json!([f.name(), kind(f.data_type())])).collect();
            json!({"columns": columns, "rows": rows(&table)})
        };
        let mut generator = Generator::new(500 + seed, Dialect::Portable);
        let queries = (0..100).map(|_| {
            let query = generator.query();
            let answer = ask(&query.sql);
            let types: Vec<&str> = answer
                .iter()
                .flat_map(|t| t.schema().fields().iter().map(|f| kind(f.data_type())).collect::<Vec<_>>())
                .collect();
            let rows = answer.as_ref().ok().map(rows);
            if let Err(error) = &answer {
                let told = error.to_string();
                // DataFusion refuses keys of a group that differ by a CAST alone, and windows over rows that `f(x) = x` selects.
                let refused = ["beyond", "are called", "order requirements", "to be ordered"];
                assert!(refused.iter().any(|text| told.contains(text)), "{}\n{told}", query.sql);
            }
            json!({"sql": query.sql, "ordered": query.ordered, "types": types, "rows": rows})
        });
        let queries: Vec<Value> = queries.collect();
        let document = json!({"tables": {"a": table("a"), "b": table("b"), "c": table("c")}, "queries": queries});
        let file = lab.write("answers.json", document.to_string());
        let compared = Command::new(&python).arg(SCRIPT).arg(&file).output().unwrap();
        let told = String::from_utf8_lossy(&compared.stderr).into_owned();
        if !compared.status.success() {
            let kept = std::env::temp_dir().join("lapicque-duckdb-answers.json");
            std::fs::copy(&file, &kept).unwrap();
            panic!("seed {seed}, kept as {}:\n{told}", kept.display());
        }
        eprintln!("seed {seed}: {told}");
    }
}
