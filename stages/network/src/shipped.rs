//! The networks that come with this crate.

const SHIPPED: &[(&str, &str)] = &[("hagen", include_str!("../networks/hagen.yaml"))];

/// The text of a shipped network file.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

/// The names that [`shipped`] knows, sorted.
pub fn shipped_names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}
