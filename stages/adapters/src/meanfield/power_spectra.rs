//! `meanfield.power_spectra`: how the rates of populations of finite size fluctuate
//! ([`lapicque_meanfield::network::power_spectra`]).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | frequency_hz | Hz | as configured |
//! | power | Hz^2/Hz | power density of the rate |

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::power_spectra;
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};

use super::response::{Response, ResponseConfig};
use super::stage::{Rows, numbers, stage};
use super::theory::PORTS;
use crate::kind_config::{SimpleKind, read, schema_of};

const REVISION: u32 = 3;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.power_spectra",
    summary: "Compute power spectra of population rates by linear response theory",
    ports: PORTS,
    config_schema: schema_of::<ResponseConfig>,
    bind,
};

fn schema() -> TableSchema {
    TableSchema::new(
        "table",
        &["population", "frequency_hz"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            Column::new("frequency_hz", DataType::Float64, "frequency").unit("Hz"),
            Column::new("power", DataType::Float64, "power density of the population's rate").unit("Hz^2/Hz"),
        ],
    )
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: ResponseConfig = read(request)?;
    let mut notes = Vec::new();
    let response = Response::bind(request, &config.fields(), &mut notes)?;
    let bound = response.bound(REVISION, request, &[], vec![Output::new("power_spectra", schema())], notes)?;
    Ok(stage(bound, move |table, _| rows(&response, table)))
}

fn rows(response: &Response, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let (solved, effective) = response.effective_connectivity(table)?;
    let spectra = power_spectra(&solved.parameters, &solved.point.rates_hz, &effective).map_err(SampleError::input)?;
    let [names, frequencies] = response.populations_and_frequencies(&solved.parameters);
    let rows = 0..solved.parameters.populations.len();
    let power = rows.flat_map(|row| spectra.iter().map(move |of_frequency| of_frequency[row]));
    Ok(Rows::of(vec![names, frequencies, numbers(power)], solved.notes))
}
