//! `import.*`: recordings and tables of users.

pub(crate) mod files;
mod recording;
mod table;
mod table_columns;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(recording::ImportRecording), Box::new(table::KIND)]
}
