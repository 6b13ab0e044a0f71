//! Table schemas and content digests.
