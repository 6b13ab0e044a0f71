//! Delimited text. The first byte chooses options, the rest is the file: a recording that makes sense, or an error of
//! bounded length.

use std::io::Cursor;

use lapicque_recording::delimited::Separator;
use lapicque_recording::{CsvOptions, TimeUnit, read_csv};

pub fn target(data: &[u8]) {
    let (&choice, text) = data.split_first().unwrap_or((&0, &[]));
    let options = CsvOptions {
        separator: if choice & 1 == 0 { Separator::Comma } else { Separator::Tab },
        sampling_rate_hz: (choice & 2 != 0).then_some(250.0),
        time_unit: (choice & 4 != 0).then_some(TimeUnit::Milliseconds),
        time_column: (choice & 8 != 0).then_some("t"),
        channels: None,
    };
    match read_csv(&mut Cursor::new(text), &options) {
        Ok(recording) => {
            assert!(!recording.channels.is_empty());
            let length = recording.channels[0].samples.len();
            for channel in &recording.channels {
                assert!(channel.sampling_rate_hz.is_finite() && channel.sampling_rate_hz > 0.0, "{channel:?}");
                assert!(channel.start_s.is_finite() && channel.rate_rounding >= 0.0, "{channel:?}");
                assert!(channel.samples.len() == length && length <= text.len());
            }
            assert!(recording.notes.iter().map(String::len).sum::<usize>() <= 10_000 + 10 * text.len());
        }
        // Names of columns are as long as they are.
        Err(error) => assert!(error.to_string().len() <= 10_000 + 10 * text.len()),
    }
}
