//! Matrices of names.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};

use super::{figure, heatmap};
use crate::drawing::Points;
use crate::{Choices, FigureError, FileType, Mark, image};

fn table(x: &[Option<&str>], y: &[&str], values: &[f64]) -> RecordBatch {
    let names = |names: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(names)) };
    let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
    let y = y.iter().map(|name| Some(*name)).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("channel", names(x.to_vec()), true),
        ("other", names(y), true),
        ("correlation", values, true),
    ])
    .unwrap()
}

fn choices() -> Choices {
    Choices { mark: Some(Mark::Heatmap), ..Choices::default() }
}

#[test]
fn a_matrix_has_its_first_name_on_the_left_and_on_top_in_one_order() {
    let pairs = table(
        &[Some("a"), Some("b"), Some("c"), Some("b"), Some("a")],
        &["b", "a", "a", "c", "c"],
        &[0.1, 0.2, 0.3, 0.4, 0.5],
    );
    let (figure, left_out) = heatmap(&pairs, &choices()).unwrap();
    assert_eq!(left_out, 0);
    assert_eq!(figure.x.names.unwrap(), ["a", "b", "c"]);
    assert_eq!(figure.y.names.unwrap(), ["c", "b", "a"], "from below");
    let Points::Cells { cells, across, up } = &figure.panels[0].series[0].points else { panic!() };
    assert_eq!((*across, *up), ((0.5, 3.5), (0.5, 3.5)));
    // Rows are `other`, columns `channel`.
    assert_eq!((cells[1][0], cells[2][1], cells[2][2], cells[0][1], cells[0][0]), (0.1, 0.2, 0.3, 0.4, 0.5));
    assert!(cells[2][0].is_nan());
    let drawn = image(&pairs, &choices(), FileType::Svg).unwrap();
    let text = String::from_utf8(drawn.content).unwrap();
    for name in [">a<", ">b<", ">c<", "channel", "other", "correlation"] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn names_that_differ_keep_their_own_order_and_missing_ones_have_no_place() {
    let pairs = table(&[Some("a"), Some("b"), None], &["v", "u", "u"], &[1.0, 2.0, 3.0]);
    let (figure, left_out) = heatmap(&pairs, &choices()).unwrap();
    assert_eq!(left_out, 1);
    assert_eq!((figure.x.names.unwrap().len(), figure.y.names.unwrap()), (2, vec!["u".to_owned(), "v".to_owned()]));
    let twice = table(&[Some("a"), Some("a")], &["v", "v"], &[1.0, 2.0]);
    let error = heatmap(&twice, &choices()).err().unwrap();
    assert_eq!(error, FigureError::SeveralForCell { x: "`a`".to_owned(), y: "`v`".to_owned() });
    let many: Vec<String> = (0..251).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let many = table(&[Some("a"); 251], &many, &[1.0; 251]);
    let error = heatmap(&many, &choices()).err().unwrap().to_string();
    assert!(error.contains("251 values of `other`; a heatmap has at most 250 each way"), "{error}");
}

#[test]
fn of_many_names_some_are_written() {
    let names: Vec<String> = (0..80).map(|number| format!("node{number:02}")).collect();
    let mut rows = (Vec::new(), Vec::new());
    for one in &names {
        for other in &names {
            rows.0.push(Some(one.as_str()));
            rows.1.push(other.as_str());
        }
    }
    let drawn = image(&table(&rows.0, &rows.1, &[0.5; 6400]), &choices(), FileType::Svg).unwrap();
    let text = String::from_utf8(drawn.content).unwrap();
    // The same along both axes.
    for (name, times) in [("node00", 2), ("node07", 2), ("node01", 0)] {
        assert_eq!(text.matches(&format!(">{name}<")).count(), times, "{name}");
    }
}

#[test]
fn lines_know_no_names_of_cells() {
    let table = table(&[Some("a")], &["b"], &[1.0]).project(&[0, 2]).unwrap();
    let (figure, _) = figure(&table, &Choices::default()).unwrap();
    assert!(figure.x.names.is_none() && figure.y.names.is_none());
}
