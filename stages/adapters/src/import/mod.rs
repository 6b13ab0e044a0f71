//! `import.*`: recordings and tables of users.

mod bids;
pub(crate) mod files;
mod recording;
mod spikes;
mod table;
mod table_columns;

use lapicque_pipeline::Kind;

pub(crate) use recording::names::names_of;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(bids::KIND), Box::new(recording::ImportRecording), Box::new(spikes::KIND), Box::new(table::KIND)]
}
