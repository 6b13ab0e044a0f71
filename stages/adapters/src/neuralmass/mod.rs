//! `neuralmass.*`: what neural mass models stand on ([`lapicque_neuralmass`]).

mod table;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(table::KIND)]
}
