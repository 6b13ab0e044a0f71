//! The JSON Schema beside the shipped networks is that of the format: editors read it from there.

#![cfg(feature = "file")]
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_schema_file_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("networks/network.schema.json");
    let schema = serde_json::to_string_pretty(&lapicque_network::network_file_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == schema, "{} is out of date; UPDATE_GOLDEN=1 writes it anew", path.display());
}
