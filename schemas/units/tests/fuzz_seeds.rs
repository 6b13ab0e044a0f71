//! The targets of `fuzz` on their seeds: a fuzzer is not needed to know that they hold.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

use std::path::Path;

#[path = "../../../fuzz/src/units.rs"]
mod units;

fn on_seeds(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
    let mut seeds = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        target(&bytes);
        // Cut anywhere, and with a byte changed: what a fuzzer does first.
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

#[test]
fn units_holds_on_its_seeds() {
    on_seeds("units", units::target);
}
