//! All tables, in one list: what reads tables of users, or must know which columns a table has, asks here.

use super::{
    bifurcation, channels, connectivity, connectome, cycles, epochs, events, features, held_out, kernels, lead_field,
    metrics, model, neuron_table, nodes, pairs, parameters, populations, posterior, predictions, recordings, segments,
    signals, spectra, spectral_peaks, spectrograms, spikes, spiking_features,
};
use crate::schema::TableSchema;

/// A table that a user made, of whatever columns.
pub const FREE: &str = "table";

/// Columns that are names in every table, also where a file has numbers.
pub const NAMES: [&str; 10] =
    ["sample", "channel", "population", "pre", "post", "probe", "unit", "electrode", "source", "target"];

/// What every table of a name has in common.
#[derive(Debug, Clone, Copy)]
pub struct TableSpec {
    pub name: &'static str,
    /// The columns that are the same in all of them, with types; `None` where none is.
    pub columns: Option<fn() -> TableSchema>,
    pub further: Further,
    /// The kind of stage that reads it from files.
    pub read_by: &'static str,
}

/// What columns are that [`TableSpec::columns`] does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Further {
    /// A stage that takes the table does not read them.
    Ignored,
    /// Whatever they hold.
    Kept,
    /// Numbers, also where all are whole.
    Numbers,
}

const IMPORT: &str = "import.table";

/// By name.
pub const ALL: &[TableSpec] = &[
    TableSpec { name: FREE, columns: None, further: Further::Kept, read_by: IMPORT },
    TableSpec {
        name: bifurcation::TABLE,
        columns: Some(bifurcation_columns),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec { name: channels::TABLE, columns: Some(channels::schema), further: Further::Kept, read_by: IMPORT },
    TableSpec {
        name: connectivity::TABLE,
        columns: Some(connectivity::schema),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec {
        name: connectome::TABLE,
        columns: Some(connectome::schema),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec { name: cycles::TABLE, columns: Some(cycles::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec { name: epochs::TABLE, columns: Some(epochs::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec { name: events::TABLE, columns: Some(events::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec { name: features::TABLE, columns: Some(features_keys), further: Further::Numbers, read_by: IMPORT },
    TableSpec { name: held_out::TABLE, columns: Some(held_out::schema), further: Further::Kept, read_by: IMPORT },
    TableSpec { name: kernels::TABLE, columns: Some(kernels::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec {
        name: lead_field::TABLE,
        columns: Some(lead_field::schema),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec { name: metrics::TABLE, columns: Some(metrics::schema), further: Further::Kept, read_by: IMPORT },
    TableSpec { name: model::TABLE, columns: Some(model::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec {
        name: neuron_table::TABLE,
        columns: Some(neuron_table::schema),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec { name: nodes::TABLE, columns: Some(nodes::schema), further: Further::Kept, read_by: IMPORT },
    TableSpec { name: pairs::TABLE, columns: Some(pairs_keys), further: Further::Numbers, read_by: IMPORT },
    TableSpec { name: parameters::TABLE, columns: None, further: Further::Kept, read_by: IMPORT },
    TableSpec {
        name: populations::TABLE,
        columns: Some(populations::schema),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec { name: posterior::TABLE, columns: Some(posterior::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec {
        name: predictions::TABLE,
        columns: Some(predictions::of_every_model),
        further: Further::Kept,
        read_by: IMPORT,
    },
    TableSpec { name: recordings::TABLE, columns: Some(recordings_columns), further: Further::Kept, read_by: IMPORT },
    TableSpec { name: segments::TABLE, columns: Some(segments::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec {
        name: signals::TABLE,
        columns: Some(signals::schema),
        further: Further::Ignored,
        read_by: "import.recording",
    },
    TableSpec { name: spectra::TABLE, columns: Some(spectra::schema), further: Further::Ignored, read_by: IMPORT },
    TableSpec {
        name: spectral_peaks::TABLE,
        columns: Some(spectral_peaks::schema),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec {
        name: spectrograms::TABLE,
        columns: Some(spectrograms::schema),
        further: Further::Ignored,
        read_by: IMPORT,
    },
    TableSpec { name: spikes::TABLE, columns: Some(spikes_columns), further: Further::Kept, read_by: IMPORT },
    TableSpec { name: spiking_features::TABLE, columns: None, further: Further::Numbers, read_by: IMPORT },
];

impl TableSpec {
    pub fn of(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|table| table.name == name)
    }

    /// The columns with types that all tables of this name have.
    pub fn schema(&self) -> Option<TableSchema> {
        self.columns.map(|columns| columns())
    }
}

/// Of whatever units; they follow from parameter and output.
fn bifurcation_columns() -> TableSchema {
    bifurcation::schema("1", "1")
}

fn features_keys() -> TableSchema {
    features::schema("", [])
}

fn pairs_keys() -> TableSchema {
    pairs::schema([])
}

fn recordings_columns() -> TableSchema {
    recordings::schema(&[])
}

/// Of whatever interval; it stands in the metadata alone.
fn spikes_columns() -> TableSchema {
    spikes::schema(1.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_this_folder_that_is_a_table_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tables");
        let mut tables = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let Some((_, rest)) = text.split_once("pub const TABLE: &str = \"") else {
                continue;
            };
            let name = rest.split('"').next().unwrap();
            assert!(TableSpec::of(name).is_some(), "{}: `{name}`", path.display());
            tables += 1;
        }
        // The free table has no file.
        assert_eq!(ALL.len(), tables + 1);
        for table in ALL {
            assert!(table.schema().is_none_or(|schema| schema.table == table.name), "{}", table.name);
        }
        assert!(ALL[1..].is_sorted_by_key(|table| table.name));
    }
}
