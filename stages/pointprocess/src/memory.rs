//! What would not fit into memory is refused before it is made.

use crate::error::PointProcessError;

/// What networks and recordings may need, each.
pub const MEMORY_LIMIT_BYTES: f64 = 8e9;

/// A connection as it is drawn (16 bytes), sorted, and in a table.
const BYTES_OF_CONNECTION: f64 = 48.0;

/// Refuses what needs more bytes than the limit.
///
/// # Errors
/// [`PointProcessError::Memory`].
pub fn affordable(what: impl FnOnce() -> String, bytes: f64) -> Result<(), PointProcessError> {
    if bytes <= MEMORY_LIMIT_BYTES {
        return Ok(());
    }
    let (gigabytes, limit_gigabytes) = (bytes / 1e9, MEMORY_LIMIT_BYTES / 1e9);
    Err(PointProcessError::Memory { what: what(), gigabytes, limit_gigabytes })
}

/// Refuses networks that are too large, by the number of connections that they will have.
pub(crate) fn connections(neurons: usize, expected: f64) -> Result<(), PointProcessError> {
    if u32::try_from(neurons).is_err() {
        return Err(PointProcessError::TooManyNeurons { found: neurons });
    }
    let what = || format!("about {expected:.3e} connections of {neurons} neurons");
    affordable(what, expected * BYTES_OF_CONNECTION)
}
