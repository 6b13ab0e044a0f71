//! Follows.
fn main() {}
