//! NPY: a recording with the stated rate and no more values than the file has bytes, or an error of bounded length.

use std::io::Cursor;

use lapicque_recording::read_npy;

pub fn target(data: &[u8]) {
    match read_npy(&mut Cursor::new(data), 250.0) {
        Ok(recording) => {
            let values: usize = recording.channels.iter().map(|channel| channel.samples.len()).sum();
            assert!(values <= data.len());
            assert!(
                recording.channels.iter().all(|channel| channel.sampling_rate_hz == 250.0 && channel.start_s == 0.0)
            );
            let length = recording.channels.first().map_or(0, |channel| channel.samples.len());
            assert!(recording.channels.iter().all(|channel| channel.samples.len() == length));
        }
        Err(error) => assert!(error.to_string().len() < 10_000),
    }
}
