//! HDF5 as NWB and SNIRF have it: recordings and spike trains, or errors of bounded length.

use std::io::Cursor;

use lapicque_recording::read_nwb_units;

use super::one_file::holds;

pub fn target(data: &[u8]) {
    match read_nwb_units(&mut Cursor::new(data)) {
        // A spike has eight bytes, which may be compressed.
        Ok(units) => assert!(units.iter().map(|unit| unit.times_s.len()).sum::<usize>() <= (1 << 22) + 64 * data.len()),
        Err(error) => assert!(error.to_string().len() < 10_000),
    }
    holds(data, "nwb");
    holds(data, "snirf");
}
