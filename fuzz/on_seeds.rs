//! Runs a target on its seeds, for the ordinary tests of the crates that have one.

use std::path::Path;

/// Runs a target on every seed of a folder: whole, cut anywhere, and with a byte changed, which is what a fuzzer does first.
pub fn on_seeds(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let mut seeds = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        target(&bytes);
        for end in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
            target(&bytes[..end]);
            let mut changed = bytes.clone();
            changed[end] ^= 1 << (end % 8);
            target(&changed);
        }
        seeds += 1;
    }
    assert!(seeds > 1, "{} has no seeds", folder.display());
}
