//! How a command ends.

use lapicque_pipeline::{Diagnostics, StoreError};
use lapicque_query::QueryError;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("{0}")]
    Input(String),
    #[error(transparent)]
    Diagnostics(#[from] Diagnostics),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("writing failed: {0}")]
    Output(String),
    /// What failed was told while it happened.
    #[error("some samples failed")]
    StageFailed,
    /// A stage refused a table or a recording of the user; it was told while it happened.
    #[error("some inputs were refused")]
    Refused,
    #[error("interrupted")]
    Interrupted,
}

impl CommandError {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Diagnostics(_) | Self::Refused => 2,
            Self::Query(QueryError::Store(StoreError::Format { .. })) | Self::Store(StoreError::Format { .. }) => 2,
            Self::Query(QueryError::Store(_)) | Self::Store(_) | Self::Output(_) | Self::StageFailed => 1,
            Self::Query(_) => 2,
            Self::Interrupted => 130,
        }
    }

    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::StageFailed | Self::Refused => None,
            damaged @ (Self::Store(StoreError::Damaged { .. })
            | Self::Query(QueryError::Store(StoreError::Damaged { .. }))) => {
                Some(format!("{damaged}; what it held is forgotten: `lapicque run` computes it again"))
            }
            other => Some(other.to_string()),
        }
    }
}
