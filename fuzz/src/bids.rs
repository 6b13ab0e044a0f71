//! What stands beside the recordings of a BIDS dataset. The first byte chooses what it is: names of files, a sidecar, or one of the tables.

use std::io::Cursor;

use lapicque_recording::bids::{
    ChannelRow, Layout, Sidecar, Values, Wanted, assign, read_channels, read_events, read_participants,
};

pub fn target(data: &[u8]) {
    let (&choice, bytes) = data.split_first().unwrap_or((&0, &[]));
    match choice % 5 {
        0 => names(&String::from_utf8_lossy(bytes)),
        1 => match Sidecar::read(bytes) {
            Ok(sidecar) => {
                let number = sidecar.number("PowerLineFrequency");
                assert!(number.is_none_or(f64::is_finite));
                let mut all = Sidecar::default();
                all.overlay(&sidecar);
                assert_eq!(all, sidecar);
            }
            Err(error) => assert!(error.to_string().len() < 1000),
        },
        2 => match read_channels(Cursor::new(bytes)) {
            Ok((rows, _)) => channels(&rows),
            Err(error) => assert!(error.to_string().len() <= 10_000 + 10 * bytes.len()),
        },
        3 => {
            match read_events(Cursor::new(bytes)) {
                Ok((events, _)) => assert!(events.iter().all(|event| {
                    event.onset_s.is_finite() && event.duration_s.is_none_or(|duration| duration >= 0.0)
                })),
                Err(error) => assert!(error.to_string().len() <= 10_000 + 10 * bytes.len()),
            }
        }
        _ => match read_participants(Cursor::new(bytes)) {
            Ok(found) => {
                for column in &found.columns {
                    let length = match &column.values {
                        Values::Numbers(values) => values.len(),
                        Values::Texts(values) => values.len(),
                    };
                    assert_eq!(length, found.subjects.len());
                }
            }
            Err(error) => assert!(error.to_string().len() <= 10_000 + 10 * bytes.len()),
        },
    }
}

/// A name a line.
fn names(text: &str) {
    let layout = Layout::of(text.lines());
    let found = layout.recordings(&["edf", "set"], &Wanted::default());
    for recording in &found.recordings {
        assert!(text.lines().any(|line| line == recording.path));
        for beside in layout.beside(recording, "channels", "tsv").into_iter().flatten() {
            assert!(text.lines().any(|line| line == beside));
        }
    }
}

fn channels(rows: &[ChannelRow]) {
    let mut labels: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let all = assign(&labels, rows);
    assert!(all.rows.iter().all(Option::is_some) && !all.renames && all.notes.is_empty());
    labels.truncate(labels.len() / 2);
    labels.push("of no row");
    assert_eq!(assign(&labels, rows).rows.len(), labels.len());
}
