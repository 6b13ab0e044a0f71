//! `meanfield.sensitivity`: which connections make an oscillation
//! ([`lapicque_meanfield::network::sensitivity_of_all_modes`]; Bos, Diesmann & Helias 2016, Eq 7).
//!
//! Each mode is looked at where its eigenvalue comes nearest to 1. There T_ij = d lambda/d ln W_ij adds up to lambda.
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | mode | | number of the mode |
//! | frequency_hz | Hz | where its eigenvalue is nearest to 1 |
//! | eigenvalue_re, eigenvalue_im | | the eigenvalue there |
//! | target, source | | populations of the connection |
//! | re, im | | T_ij |
//! | amplitude | | the part of T_ij towards 1: a stronger connection makes the peak higher |
//! | across | | the part across it: a stronger connection shifts the peak |

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::{modes, sensitivity_of_all_modes};
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};

use super::response::{Response, ResponseConfig};
use super::stage::{Rows, integers, numbers, stage, texts};
use super::theory::PORTS;
use crate::kind_config::{SimpleKind, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.sensitivity",
    summary: "Find the connections that make the oscillations of a network",
    ports: PORTS,
    config_schema: schema_of::<ResponseConfig>,
    bind,
};

fn schema() -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        "table",
        &["mode", "target", "source"],
        [
            Column::new("mode", DataType::Int64, "number of the mode"),
            number("frequency_hz", "where the eigenvalue is nearest to 1").unit("Hz"),
            number("eigenvalue_re", "real part of the eigenvalue there"),
            number("eigenvalue_im", "imaginary part of the eigenvalue there"),
            Column::new("target", DataType::Utf8, "population that receives"),
            Column::new("source", DataType::Utf8, "population that sends"),
            number("re", "real part of the sensitivity"),
            number("im", "imaginary part of the sensitivity"),
            number("amplitude", "part of the sensitivity towards 1"),
            number("across", "part of the sensitivity across that direction"),
        ],
    )
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: ResponseConfig = read(request)?;
    let mut notes = Vec::new();
    let response = Response::bind_growing(request, &config.fields(), &mut notes)?;
    let bound = response.bound(REVISION, request, &[], vec![Output::new("sensitivity", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(&response, table)))
}

fn rows(response: &Response, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let (solved, effective) = response.effective_connectivity(table)?;
    let found = modes(&effective).and_then(|found| sensitivity_of_all_modes(&found, &effective));
    let found = found.map_err(SampleError::input)?;
    let populations = &solved.parameters.populations;
    let (mut mode, mut targets, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    let mut values: [Vec<f64>; 7] = Default::default();
    for of_mode in &found {
        for (i, target) in populations.iter().enumerate() {
            for (j, source) in populations.iter().enumerate() {
                mode.push(of_mode.mode as i64);
                targets.push(&target.name);
                sources.push(&source.name);
                let t = of_mode.by_connection[(i, j)];
                let row = [
                    response.frequencies_hz[of_mode.frequency],
                    of_mode.eigenvalue.re,
                    of_mode.eigenvalue.im,
                    t.re,
                    t.im,
                    of_mode.amplitude[(i, j)],
                    of_mode.across[(i, j)],
                ];
                values.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            }
        }
    }
    let [frequency, eigen_re, eigen_im, re, im, amplitude, across] = values.map(numbers);
    let (mode, targets, sources) = (integers(mode), texts(targets), texts(sources));
    let columns = vec![mode, frequency, eigen_re, eigen_im, targets, sources, re, im, amplitude, across];
    Ok(Rows::of(columns, solved.notes))
}
