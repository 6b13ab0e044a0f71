//! In which unit every column of numbers of every kind is, held against the definition of what it holds.

mod numbers;
mod quantities;

use std::collections::BTreeSet;

use arrow::datatypes::DataType;
use lapicque_units::{Dimension, Unit};

use crate::conformance::{every_kind, lab, reference};
use crate::support::texts;

use numbers::{TIMES_OF_SIGNALS, WITHOUT};
use quantities::{HALVES, QUANTITIES, TIME};

#[test]
fn every_column_has_the_unit_of_its_quantity() {
    let lab = lab();
    let (_, graph) = lab.bind(&every_kind()).unwrap_or_else(|problems| panic!("{problems}"));
    let mut seen = BTreeSet::new();
    for stage in &graph.stages {
        let kind = stage.spec.kind.as_str();
        for output in &stage.bound().outputs {
            for field in output.schema.arrow.fields() {
                let name = field.name().as_str();
                if matches!(field.data_type(), DataType::Utf8 | DataType::Dictionary(..)) {
                    continue;
                }
                let what = format!("{kind}: column `{name}`");
                if let Some((.., halves, unit)) = HALVES.iter().find(|(of, column, ..)| (*of, *column) == (kind, name))
                {
                    let found = output.schema.unit_of(name);
                    assert_eq!(found, Some(*unit), "{what}");
                    assert_eq!(Unit::parse(unit).map(|unit| unit.dimension().halves()), Ok(*halves), "{what}");
                    continue;
                }
                let without = WITHOUT.iter().any(|(of, names)| (of.is_empty() || *of == kind) && names.contains(&name))
                    || kind == "features.catch22";
                let time = kind != "sql" && TIMES_OF_SIGNALS.contains(&name);
                let expected = QUANTITIES.iter().find(|(of, column, ..)| (*of, *column) == (kind, name));
                let expected =
                    expected.map(|row| (row.2, row.3)).or(time.then_some((TIME, "ms"))).filter(|_| !without || time);
                match (output.schema.unit_of(name), expected) {
                    (None, None) => assert!(without, "{what}: say in this test what it is"),
                    (Some(unit), None) => panic!("{what} is in `{unit}`: say in this test what it is"),
                    (None, Some((_, unit))) => panic!("{what} has no unit; `{unit}` is due"),
                    (Some(found), Some((dimension, unit))) => {
                        let parsed = Unit::parse(found).unwrap_or_else(|error| panic!("{what}: {error}"));
                        assert_eq!(parsed.dimension(), Dimension::new(dimension), "{what} is in `{found}`");
                        assert_eq!(found, unit, "{what}");
                        seen.insert((kind.to_owned(), name.to_owned()));
                    }
                }
            }
        }
    }
    for (kind, column, ..) in QUANTITIES {
        assert!(seen.contains(&((*kind).to_owned(), (*column).to_owned())), "there is no {kind}: `{column}`");
    }
}

/// Where the unit stands in a column of its own, it is one that can be read.
#[test]
fn units_in_tables_can_be_read() {
    let lab = lab();
    let pipeline = every_kind();
    let ran = reference();
    let (_, graph) = lab.bind(&pipeline).unwrap_or_else(|problems| panic!("{problems}"));
    let mut read = BTreeSet::new();
    for stage in &graph.stages {
        for (number, output) in stage.bound().outputs.iter().enumerate() {
            if output.schema.column("unit").is_some() {
                // A file of a recording need not tell its unit.
                let told = texts(ran.output(&stage.name, number), "unit").into_iter().filter(|unit| !unit.is_empty());
                for unit in told {
                    if let Err(error) = Unit::parse(&unit) {
                        panic!("{}.{}: {error}", stage.name, output.name);
                    }
                    read.insert(unit);
                }
            }
        }
    }
    assert!(read.contains("nA um") && read.contains("mV") && read.contains("pA"), "{read:?}");
}
