//! Whole numbers that do not fit the type of their column are told, not bent.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use lapicque_schemas::tables::{features, float_column, int_column, populations, signals, spikes};

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn integers(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn text(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

#[test]
fn numbers_beyond_their_type_name_column_row_and_value() {
    let of_spikes = |neuron: &[i64], step: &[i64]| {
        table(vec![("population", text(&["E", "E"])), ("neuron", integers(neuron)), ("step", integers(step))])
    };
    assert_eq!(spikes::of_population(&of_spikes(&[1, 2], &[3, 4]), "E").unwrap(), (vec![1, 2], vec![3, 4]));
    for (batch, expected) in [
        (of_spikes(&[1, -1], &[3, 4]), "column `neuron` is -1 in row 2; allowed: 0 to 4294967295"),
        (of_spikes(&[1, 2], &[3, 4_294_967_296]), "column `step` is 4294967296 in row 2; allowed: 0 to 4294967295"),
    ] {
        assert_eq!(spikes::of_population(&batch, "E").unwrap_err().to_string(), expected);
    }
    let late = of_spikes(&[1, 2], &[-3, 4]);
    assert!(spikes::steps_by_population(&late).unwrap_err().to_string().contains("`step` is -3 in row 1"));

    let keys = features::keys(&table(vec![("epoch", integers(&[0, 2_147_483_648]))])).unwrap_err().to_string();
    assert_eq!(keys, "column `epoch` is 2147483648 in row 2; allowed: -2147483648 to 2147483647");

    let size = |size: i64| {
        table(vec![
            ("population", text(&["E"])),
            ("size", integers(&[size])),
            ("t_start_ms", floats(&[0.0])),
            ("t_stop_ms", floats(&[1.0])),
            ("rate_hz", floats(&[2.0])),
        ])
    };
    assert_eq!(populations::read(&size(5)).unwrap()[0].size, 5);
    assert!(populations::read(&size(-5)).unwrap_err().to_string().contains("`size` is -5 in row 1"));

    let signal = signals::Signal {
        channel: "Cz".into(),
        epoch: 0,
        t0_ms: 0.0,
        dt_ms: 1.0,
        unit: "uV".into(),
        values: vec![1.0].into(),
    };
    let batch = signals::write(&[signal]).unwrap();
    let mut columns: Vec<(&str, ArrayRef)> = ["channel", "t0", "dt", "unit", "values"]
        .iter()
        .map(|&n| (n, batch.column_by_name(n).unwrap().clone()))
        .collect();
    columns.push(("epoch", integers(&[3_000_000_000])));
    let far = table(columns);
    assert!(signals::read(&far).unwrap_err().to_string().contains("`epoch` is 3000000000 in row 1"));
    assert!(signals::read_series(&far).unwrap_err().to_string().contains("`epoch` is 3000000000 in row 1"));
}

#[test]
fn naturals_beyond_integers_are_numbers_and_no_integers() {
    let batch = table(vec![("n", Arc::new(UInt64Array::from(vec![1, u64::MAX])))]);
    assert_eq!(*float_column("table", &batch, "n").unwrap(), [1.0, u64::MAX as f64]);
    let error = int_column("table", &batch, "n").unwrap_err().to_string();
    assert!(error.starts_with("column `n` is 18446744073709551615 in row 2"), "{error}");
}
