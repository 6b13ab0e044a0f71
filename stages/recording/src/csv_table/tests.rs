//! CSV recordings, sound and broken.

use std::io::Cursor;

use super::*;

fn read(text: &str) -> Result<Recording, CsvError> {
    read_csv(&mut Cursor::new(text), "time_s")
}

fn error(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn columns_become_channels_wherever_the_time_stands() {
    let recording = read("time_s,Cz,Pz\n1,1.5,-2e3\n1.004,2.5,nan\n1.008,,7\n").unwrap();
    let [cz, pz] = recording.channels.as_slice() else { panic!("{recording:?}") };
    assert_eq!((cz.label.as_str(), cz.sampling_rate_hz, cz.start_s), ("Cz", 250.0, 1.0));
    assert_eq!(cz.samples[..2], [1.5, 2.5]);
    assert!(cz.samples[2].is_nan() && pz.samples[1].is_nan());
    assert_eq!((pz.samples[0], pz.samples[2]), (-2000.0, 7.0));
    let last = read("Cz,time_s\n5,0\n6,0.5\n").unwrap();
    assert_eq!((last.channels[0].samples.as_slice(), last.channels[0].sampling_rate_hz), (&[5.0, 6.0][..], 2.0));
}

#[test]
fn marks_of_other_programs_are_understood() {
    let recording = read("\u{feff}\"time_s\", \"C, z\"\r\n0, 1\r\n\r\n0.1, NaN\r\n0.2, 3").unwrap();
    assert_eq!(recording.channels[0].label, "C, z");
    assert_eq!(recording.channels[0].samples.len(), 3);
    assert_eq!(recording.channels[0].sampling_rate_hz, 10.0);
}

#[test]
fn rounded_times_are_uniform_and_a_missing_row_is_not() {
    let rows = |skip: usize, digits: usize| {
        let mut text = "time_s,x\n".to_owned();
        for row in (0..1000).filter(|&row| row != skip) {
            text += &format!("{:.digits$},1\n", row as f64 / 360.0);
        }
        text
    };
    let rate = read(&rows(1000, 4)).unwrap().channels[0].sampling_rate_hz;
    assert!((rate - 360.0).abs() < 0.02, "{rate}");
    assert_eq!(read(&rows(1000, 15)).unwrap().channels[0].sampling_rate_hz, 360.0);
    let message = error(&rows(700, 6));
    // Row 700 would stand in line 702; 701 follows 699 there.
    assert!(message.starts_with("line 702: `time_s` steps by 0.005555 s"), "{message}");
    assert!(message.contains("but by 0.00278"), "{message}");
}

#[test]
fn times_that_do_not_advance_are_refused() {
    for times in [[0.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 0.5], [-1e308, 0.0, 1e308]] {
        let [a, b, c] = times;
        let message = error(&format!("time_s,x\n{a},1\n{b},1\n{c},1\n"));
        assert!(message.contains("must be uniform"), "{times:?}: {message}");
    }
}

#[test]
fn bad_cells_are_named_by_line_and_column() {
    for (row, expected) in [
        ("0.2,x", "line 4, column `Cz`: `x`; allowed: a finite number, `nan`, or nothing"),
        ("0.2,1e999", "line 4, column `Cz`: `1e999`"),
        ("0.2,inf", "line 4, column `Cz`: `inf`"),
        (",1", "line 4, column `time_s`: ``; allowed: a time in seconds"),
        ("nan,1", "line 4, column `time_s`: `nan`"),
        ("0.2", "line 4 has 1 cells; the header has 2"),
        ("\n\r\n0.2,x", "line 6, column `Cz`"),
        ("0.2,\"1", "line 4 opens a quote"),
        ("0.2,1,2", "line 4 has 3 cells; the header has 2"),
    ] {
        let text = format!("time_s,Cz\n0,1\n0.1,2\n{row}\n");
        for text in [text.replace('\n', "\r\n"), text] {
            let message = error(&text);
            assert!(message.contains(expected), "{row}: {message}");
        }
    }
    let latin = b"time_s,Cz\n0,1\n1,\xb5\n";
    let message = read_csv(&mut Cursor::new(latin), "time_s").unwrap_err().to_string();
    assert_eq!(message, "line 3 is not text in UTF-8");
}

#[test]
fn headers_and_lengths_are_checked() {
    for (text, expected) in [
        ("", "the file is empty; it needs a header line with `time_s`"),
        ("\u{feff}", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("t,x\n0,1\n", "no column is named `time_s` (time in seconds); columns: t, x"),
        ("time_s\n0\n1\n", "`time_s` is the only column"),
        ("time_s,x,x\n", "column 3 of the header is `x` again"),
        ("time_s,\n", "column 2 of the header is empty"),
        ("time_s,x\n", "0 rows of samples"),
        ("time_s,x\n0,1\n", "1 rows of samples"),
    ] {
        let message = error(text);
        assert!(message.contains(expected), "{text:?}: {message}");
    }
}
