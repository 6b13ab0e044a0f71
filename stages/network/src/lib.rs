//! What a network of neurons is.
