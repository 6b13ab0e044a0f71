//! Pipeline files, incremental planning and execution.
