//! Content-addressed Parquet store.
