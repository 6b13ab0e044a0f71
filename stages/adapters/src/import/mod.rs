//! `import.*`: recordings and tables of users.

pub(crate) mod files;

use lapicque_pipeline::Kind;

pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![]
}
