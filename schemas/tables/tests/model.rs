//! Models are read as they were written, whatever the order of rows; tables of before hold documents.

#![allow(clippy::unwrap_used)]

use arrow_array::RecordBatch;
use lapicque_schemas::tables::model::{ModelArray, ModelRows, read, schema, write};

fn model() -> ModelRows {
    let array = |name: &str, shape: &[u32], values: &[f64]| ModelArray {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: values.to_vec(),
    };
    ModelRows {
        head: r#"{"format_version": 3}"#.to_owned(),
        arrays: vec![array("a", &[2, 3], &[1.0, -0.0, 5e-324, f64::MAX, 0.1, 2.0]), array("b", &[0], &[])],
    }
}

#[test]
fn a_model_is_read_as_it_was_written_in_any_order_of_rows() {
    let table = write(&model()).unwrap();
    assert_eq!(table.schema(), schema().arrow);
    assert_eq!(read(&table).unwrap(), [model()]);
    let turned: Vec<RecordBatch> = [1, 0, 2].map(|row| table.slice(row, 1)).to_vec();
    let turned = arrow_select::concat::concat_batches(&table.schema(), &turned).unwrap();
    assert_eq!(read(&turned).unwrap(), [model()]);
    assert_eq!(read(&table.slice(0, 0)).unwrap(), []);
    let twice = arrow_select::concat::concat_batches(&table.schema(), [&table, &table]).unwrap();
    assert_eq!(read(&twice).unwrap().len(), 2);
}

#[test]
fn a_table_of_documents_has_a_model_in_each_row() {
    let table = write(&ModelRows { head: "{}".to_owned(), arrays: Vec::new() }).unwrap();
    let documents = table.project(&[1]).unwrap();
    assert_eq!(read(&documents).unwrap(), [ModelRows { head: "{}".to_owned(), arrays: Vec::new() }]);
}

#[test]
fn columns_of_another_type_are_named() {
    let table = write(&model()).unwrap();
    let wrong = table.project(&[0, 1, 2]).unwrap();
    assert!(read(&wrong).unwrap_err().to_string().contains("no column `values`"));
}
