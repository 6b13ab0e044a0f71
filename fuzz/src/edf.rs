//! EDF, EDF+ and BDF: a recording that makes sense, or an error of bounded length.

use std::io::Cursor;

use lapicque_recording::read_edf;

pub fn target(data: &[u8]) {
    match read_edf(&mut Cursor::new(data)) {
        Ok(recording) => {
            for channel in &recording.channels {
                assert!(channel.sampling_rate_hz.is_finite() && channel.sampling_rate_hz > 0.0, "{channel:?}");
                assert!(channel.start_s.is_finite() && channel.rate_rounding >= 0.0, "{channel:?}");
                // Each sample has two bytes of its own at least.
                assert!(2 * channel.samples.len() <= data.len());
                assert!(!channel.samples.iter().any(|sample| sample.is_infinite()), "{channel:?}");
            }
            for annotation in &recording.annotations {
                assert!(annotation.onset_s.is_finite(), "{annotation:?}");
                assert!(annotation.duration_s.is_none_or(|duration| duration.is_finite() && duration >= 0.0));
            }
            assert!(recording.notes.iter().map(String::len).sum::<usize>() <= 10_000 + 10 * data.len());
        }
        Err(error) => assert!(error.to_string().len() < 10_000),
    }
}
