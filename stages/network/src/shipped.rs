//! The networks that come with this crate.

/// Sorted by name.
const SHIPPED: &[(&str, &str)] = &[
    ("bos2016", include_str!("../networks/bos2016.yaml")),
    ("brunel", include_str!("../networks/brunel.yaml")),
    ("hagen", include_str!("../networks/hagen.yaml")),
    ("potjans_diesmann", include_str!("../networks/potjans_diesmann.yaml")),
    ("senk2020", include_str!("../networks/senk2020.yaml")),
];

/// The text of a shipped network file.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text)
}

/// The names that [`shipped`] knows, sorted.
pub fn shipped_names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(name, _)| *name).collect()
}
