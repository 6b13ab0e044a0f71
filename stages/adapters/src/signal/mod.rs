//! `signal.*`: signals into signals.

mod decimate;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![Box::new(decimate::Decimate)]
}
