//! CSV recordings, sound and broken; sampling rates from rounded times, against the rate that made them.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn read_with(text: &str, options: &CsvOptions<'_>) -> Result<Recording, CsvError> {
    read_csv(&mut Cursor::new(text), options)
}

fn read(text: &str) -> Result<Recording, CsvError> {
    read_with(text, &CsvOptions::default())
}

fn error(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

fn stated(text: &str, rate_hz: f64) -> Result<Recording, CsvError> {
    read_with(text, &CsvOptions { sampling_rate_hz: Some(rate_hz), ..CsvOptions::default() })
}

/// A recording of these times.
fn timed(times: impl IntoIterator<Item = String>) -> String {
    times.into_iter().fold("time_s,x\n".to_owned(), |text, time| text + &time + ",1\n")
}

fn rounded(rate_hz: f64, rows: usize, decimals: usize) -> String {
    timed((0..rows).map(|row| format!("{:.decimals$}", row as f64 / rate_hz)))
}

fn rate(text: &str) -> f64 {
    read(text).unwrap().channels[0].sampling_rate_hz
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
    assert_eq!((&last.channels[0].samples[..], last.channels[0].sampling_rate_hz), (&[5.0, 6.0][..], 2.0));
}

#[test]
fn marks_of_other_programs_are_understood() {
    let recording = read("\u{feff}\"time_s\", \"C, z\"\r\n0, 1\r\n\r\n0.1, NaN\r\n0.2, n/a\r\n0.3, .").unwrap();
    assert_eq!(recording.channels[0].label, "C, z");
    assert_eq!(recording.channels[0].samples.len(), 4);
    assert_eq!(recording.channels[0].samples.iter().filter(|value| value.is_nan()).count(), 3);
    assert_eq!(recording.channels[0].sampling_rate_hz, 10.0);
    let recording = read("# device\n,time_s,Cz\n0,0,1\n1,0.5,2\n").unwrap();
    assert_eq!((recording.channels.len(), recording.notes.len()), (1, 2));
    let tabs = CsvOptions { separator: Separator::Tab, ..CsvOptions::default() };
    assert_eq!(read_with("time_s\tCz\n0\t1\n0.5\t2\n", &tabs).unwrap().channels[0].samples, [1.0, 2.0]);
}

#[test]
fn rounded_times_give_the_rate_that_was_rounded() {
    for (rate_hz, rows, decimals) in [
        (256.0, 1024, 6),
        (256.0, 100, 3),
        (256.0, 4, 6),
        (360.0, 1000, 4),
        (360.0, 1000, 15),
        (1024.0, 20_000, 3),
        (512.0, 200, 3),
        (128.0, 1000, 2),
        (1000.0 / 3.0, 1000, 4),
        (12.8, 100, 3),
        (12.8, 100, 6),
        (0.3, 100, 1),
        (0.5, 3, 0),
        (250.0, 2, 3),
        (44_100.0, 5000, 6),
        (976.5625, 1000, 6),
        (2000.0, 4000, 3),
    ] {
        let found = rate(&rounded(rate_hz, rows, decimals));
        assert!((found - rate_hz).abs() <= 1e-12 * rate_hz, "{rate_hz} {rows} {decimals}: {found}");
    }
}

#[test]
fn times_are_exact_in_every_notation_of_floating_point() {
    for rate_hz in [256.0, 128.0, 360.0, 1000.0 / 3.0, 250.0, 44_100.0] {
        let interval = 1.0 / rate_hz;
        let shortest = timed((0..3000).map(|row| format!("{}", f64::from(row) * interval)));
        let scientific = timed((0..3000).map(|row| format!("{:e}", f64::from(row) * interval)));
        let added = timed((0..3000).scan(0.0, |time, _| {
            let now = format!("{time}");
            *time += interval;
            Some(now)
        }));
        let single = timed((0..3000).map(|row| format!("{}", (f64::from(row) * interval) as f32)));
        let since_1970 = timed((0..3000).map(|row| format!("{}", 1.7e9 + f64::from(row) * interval)));
        for text in [shortest, scientific, added, single] {
            let found = rate(&text);
            assert!((found - rate_hz).abs() <= 1e-9 * rate_hz, "{rate_hz}: {found}");
        }
        if rate_hz < 1000.0 {
            let found = rate(&since_1970);
            assert!((found - rate_hz).abs() <= 1e-6 * rate_hz, "{rate_hz}: {found}");
        }
    }
    // Six significant digits: fewer decimals from second to second.
    let significant = |time: f64| {
        format!(
            "{:.*}",
            if time < 1.0 {
                6
            } else if time < 10.0 {
                5
            } else {
                4
            },
            time
        )
    };
    assert_eq!(rate(&timed((0..5000).map(|row| significant(f64::from(row) / 256.0)))), 256.0);
    let cut_off = |time: f64| format!("{:.3}", (time * 1e3).floor() / 1e3);
    assert_eq!(rate(&timed((0..1000).map(|row| cut_off(f64::from(row) / 256.0)))), 256.0);
}

#[test]
fn a_rate_that_is_not_whole_stays_what_it_is() {
    for rate_hz in [255.999_98, 256.000_02, 1_000.000_3, 49.999_9] {
        let found = rate(&rounded(rate_hz, 5000, 12));
        assert!((found - rate_hz).abs() < 1e-9 * rate_hz, "{rate_hz}: {found}");
    }
    // Written at steps of 3906 us for ten seconds: 256 Hz would be 0.6 ms off.
    let found = rate(&timed((0..2560).map(|row| format!("{:.6}", f64::from(row) * 0.003_906))));
    assert!((found - 1e6 / 3906.0).abs() < 1e-12 * found, "{found}");
}

#[test]
fn several_rates_that_fit_are_told() {
    let recording = read("time_s,x\n0,1\n0.004,2\n0.008,3\n").unwrap();
    assert_eq!(recording.channels[0].sampling_rate_hz, 250.0);
    assert!(
        recording.notes[0]
            .contains("written to 0.001 s, allow sampling rates from 222.222 to 285.714 Hz; 250 Hz is taken"),
        "{:?}",
        recording.notes
    );
    let recording = read(&rounded(256.0, 20, 3)).unwrap();
    assert_eq!(recording.channels[0].sampling_rate_hz, 256.0);
    assert!(recording.notes[0].contains("allow sampling rates"), "{:?}", recording.notes);
    assert!(read(&rounded(256.0, 1024, 6)).unwrap().notes.is_empty());
    assert!(error("time_s,x\n0,1\n1,2\n1,3\n").contains("too coarse to tell the sampling rate"));
}

/// 1000 times of 360 Hz without these rows.
fn without(missing: &[usize]) -> impl Iterator<Item = String> {
    let rows = (0..1000).filter(|row| !missing.contains(row));
    rows.map(|row| format!("{:.6}", row as f64 / 360.0))
}

#[test]
fn gaps_part_a_recording_into_stretches() {
    let recording = read(&timed(without(&[300, 700, 701, 702]))).unwrap();
    let parts: Vec<_> = recording.channels.iter().map(|c| (c.label.as_str(), c.samples.len(), c.start_s)).collect();
    assert_eq!(parts, [("x", 300, 0.0), ("x", 399, 0.836111), ("x", 297, 1.952778)]);
    assert!(recording.channels.iter().all(|channel| channel.sampling_rate_hz == 360.0));
    assert!(recording.notes.contains(&"the times of `time_s` have 2 gaps".to_owned()), "{:?}", recording.notes);
    // At a rate that is stated, from a time of day, and over channels that come apart alike.
    let text = "time_s,a,b\n12:00:00.0,1,2\n12:00:00.5,3,4\n12:00:05.0,5,6\n12:00:05.5,7,\n";
    let times: Vec<_> = stated(text, 2.0).unwrap().channels.iter().map(|c| (c.start_s, c.samples[0])).collect();
    assert_eq!(times, [(0.0, 1.0), (5.0, 5.0), (0.0, 2.0), (5.0, 6.0)]);
    assert!(stated(text, 5.0).is_err());
    // Two rates are no gaps, nor is a step back.
    assert!(error("time_s,x\n0.0,1\n1.0,1\n2.0,1\n10.0,1\n10.5,1\n11.0,1\n").contains("must be uniform"));
    assert!(error("time_s,x\n0,1\n1,1\n2,1\n1,1\n2,1\n3,1\n").contains("must be uniform"));
}

#[test]
fn a_comma_is_a_decimal_mark_where_it_is_not_between_cells() {
    let values = |text: &str| -> Vec<f64> { read(text).unwrap().channels[0].samples.to_vec() };
    assert_eq!(values("time_s;x\n0,00;-1,5\n0,25;2\n0,50;1,25e1\n"), [-1.5, 2.0, 12.5]);
    let recording = read("time_s;x\n1,5;1\n1,75;2,5\n2;3\n").unwrap();
    assert_eq!((recording.channels[0].start_s, recording.channels[0].sampling_rate_hz), (1.5, 4.0));
    assert!(recording.notes.contains(&"a comma in numbers is their decimal mark".to_owned()), "{:?}", recording.notes);
    let tabs = CsvOptions { separator: Separator::Tab, ..CsvOptions::default() };
    let recording = read_with("time_s\tx\n0\t0,125\n1\t1,625\n", &tabs).unwrap();
    assert_eq!(recording.channels[0].samples, [0.125, 1.625]);
    // Times of day may have a comma beside values with a point.
    assert_eq!(values("time_s;x\n12:00:00,5;1.5\n12:00:01,0;2.5\n"), [1.5, 2.5]);
    assert_eq!(
        error("time_s;x\n0,5;1\n1;2.5\n"),
        "line 2 has `0,5` and line 3 has `2.5`: is a comma or a point the decimal mark?"
    );
    let message = error("time_s;x\n0;1,234\n1;-56,789\n");
    assert_eq!(message, "line 2 has `1,234`, and no number shows whether commas are decimal marks or part thousands");
    for text in ["time_s;x\n0;1,2,3\n1;1\n", "time_s;x\n0;1.000,5\n1;1\n", "time_s;x\n0;a,5\n1;1\n"] {
        assert!(error(text).contains("allowed: a finite number"), "{text}");
    }
    // Between commas, cells with one are quoted; that they are numbers is not known.
    assert!(error("time_s,x\n0,\"1,5\"\n1,2\n").contains("`1,5`"));
}

#[test]
fn irregular_times_are_refused_with_their_place() {
    // A row between two gaps tells no rate: 701 stands in line 702, 703 behind it.
    let message = error(&timed(without(&[700, 702])));
    assert!(message.starts_with("line 703: `time_s` steps by 0.005556 s"), "{message}");
    assert!(message.contains("but by 0.00277"), "{message}");
    for (scatter, decimals) in [(0.1, 6), (0.02, 6), (0.002, 9), (0.3, 4)] {
        let times = (0..500).map(|row| {
            let off = if row == 250 { scatter } else { 0.0 };
            format!("{:.decimals$}", (f64::from(row) + off) / 250.0)
        });
        let message = error(&timed(times));
        assert!(message.starts_with("line 252") || message.starts_with("line 253"), "{scatter}: {message}");
    }
    // The rate changes on the way.
    let times = (0..1000).map(|row| f64::from(row.min(500)) / 256.0 + f64::from((row - 500).max(0)) / 250.0);
    assert!(error(&timed(times.map(|time| format!("{time:.6}")))).contains("must be uniform"));
}

#[test]
fn times_that_do_not_advance_are_refused() {
    for (times, expected) in [
        (["0", "0", "0"], "line 4: `time_s` ends at or before"),
        (["2", "1", "0"], "line 4: `time_s` ends at or before"),
        (["0", "1", "0.5"], "must be uniform"),
        (["0", "5", "4"], "must be uniform"),
        (["-1e308", "0", "1e308"], "allowed: a time"),
    ] {
        let message = error(&timed(times.map(str::to_owned)));
        assert!(message.contains(expected), "{times:?}: {message}");
    }
}

#[test]
fn a_stated_rate_settles_it_and_is_held_against_the_times() {
    let rates =
        |text: &str, rate_hz: f64| stated(text, rate_hz).map(|recording| recording.channels[0].sampling_rate_hz);
    assert_eq!(rates(&rounded(256.0, 1024, 6), 256.0).unwrap(), 256.0);
    assert_eq!(rates("time_s,x\n0,1\n0.004,2\n0.008,3\n", 256.0).unwrap(), 256.0);
    assert_eq!(rates(&timed(["0", "0", "1", "1", "2"].map(str::to_owned)), 2.0).unwrap(), 2.0);
    assert_eq!(rates("time_s,x\n0,1\n", 100.0).unwrap(), 100.0);
    for (times, rate_hz) in [
        (rounded(256.0, 1024, 6), 250.0),
        (rounded(256.0, 4, 6), 250.0),
        (rounded(256.0, 1024, 6), 255.99),
        (rounded(250.0, 5, 3), 500.0),
    ] {
        let message = stated(&times, rate_hz).unwrap_err().to_string();
        assert!(message.contains("s after the first time, but at `sampling_rate`"), "{rate_hz}: {message}");
    }
    // Times that scatter are no problem where the rate is known, but a gap is.
    let scattered = |gap: f64| {
        timed((0..1000).map(|row| {
            let off = f64::from(row * 7919 % 101) / 101.0 * 0.05 + if row > 500 { gap } else { 0.0 };
            format!("{:.6}", (f64::from(row) + off) / 250.0)
        }))
    };
    assert!(read(&scattered(0.0)).is_err());
    let recording = stated(&scattered(0.0), 250.0).unwrap();
    assert!(recording.notes[0].contains("scatter by up to 0.000099 s"), "{:?}", recording.notes);
    assert!(stated(&scattered(1.0), 250.0).is_err());
    assert!(stated(&scattered(0.0), 250.1).is_err());
    let untimed = stated("Fz,Cz\n1,2\n3,4\n", 10.0).unwrap();
    assert_eq!((untimed.channels.len(), &untimed.channels[1].samples[..]), (2, &[2.0, 4.0][..]));
    assert_eq!(untimed.notes, ["there is no column of times: samples follow each other at 10 Hz"]);
}

#[test]
fn times_have_columns_and_units_of_other_names() {
    let with = |time_column, time_unit| CsvOptions { time_column, time_unit, ..CsvOptions::default() };
    for (name, time_unit) in [
        ("time_ms", None),
        ("Time (ms)", None),
        ("t [ms]", None),
        ("t", Some(TimeUnit::Milliseconds)),
        ("time_s", Some(TimeUnit::Milliseconds)),
    ] {
        let text = format!("{name},x\n100,1\n104,2\n108,3\n");
        let channel = &read_with(&text, &with(Some(name), time_unit)).unwrap().channels[0];
        assert_eq!((channel.sampling_rate_hz, channel.start_s), (250.0, 0.1), "{name}");
    }
    assert_eq!(read("time_us,x\n0,1\n2000,2\n").unwrap().channels[0].sampling_rate_hz, 500.0);
    let message = read_with("t,x\n0,1\n4,2\n", &with(Some("t"), None)).unwrap_err().to_string();
    assert!(message.contains("`t` have no unit; allowed: `time_unit` s, ms, us or ns"), "{message}");
    let message = read_with("t,x\n0,1\n4,2\n", &with(Some("T"), None)).unwrap_err().to_string();
    assert_eq!(message, "no column is named `T`; columns: t, x");
    for (text, expected) in [
        (
            "time_s,x\n0,1\n2,2\n4,3\n",
            "gives a sampling rate of 0.5 Hz: if its times are in another unit, give `time_unit`",
        ),
        ("time_s,x\n0,1\n1,2\n2,3\n", "rate of 1 Hz"),
        ("time_s,x\n0,1\n0.000001,2\n0.000002,3\n", "rate of 1000000 Hz"),
    ] {
        let notes = read(text).unwrap().notes;
        assert!(notes.iter().any(|note| note.contains(expected)), "{notes:?}");
    }
    assert!(error("time_ns,x\n0,1\n4,2\n8,3\n").contains("250000000 Hz; allowed: up to 10000000 Hz"));
}

#[test]
fn clock_text_and_dates_are_times() {
    let clock = |row: i32| {
        let milliseconds = 86_399_000 + 4 * row;
        let seconds = milliseconds / 1000 % 86_400;
        format!("{:02}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, milliseconds % 1000)
    };
    let recording = read(&timed((0..1000).map(clock))).unwrap();
    let channel = &recording.channels[0];
    assert_eq!((channel.sampling_rate_hz, channel.start_s), (250.0, 0.0), "past midnight");
    assert_eq!(recording.start.as_deref(), Some("23:59:59.000"));
    let days = timed((0..200).map(|row| format!("{:02}:00:00", row % 24)));
    assert!((rate(&days) - 1.0 / 3600.0).abs() < 1e-15, "several midnights");
    let iso = timed((0..1000).map(|row| format!("2024-05-01T12:00:0{}.{:03}Z", row / 256, (row % 256) * 1000 / 256)));
    let recording = read(&iso).unwrap();
    assert_eq!(recording.channels[0].sampling_rate_hz, 256.0);
    assert_eq!(recording.start.as_deref(), Some("2024-05-01T12:00:00.000Z"));
    assert!(recording.notes.is_empty(), "{:?}", recording.notes);
    assert!(error("time_s,x\n12:00:00,1\n5,2\n").contains("line 3, column `time_s`: `5` is written in another form"));
}

#[test]
fn columns_of_text_are_told_and_bad_cells_refused() {
    let recording = read("time_s,Cz,marker\n0,1,\n0.5,2,go\n1,3,\n").unwrap();
    assert_eq!(recording.channels.len(), 1);
    assert!(
        recording.notes[0].contains("the column `marker` holds text, first `go` in line 3, and is not read"),
        "{:?}",
        recording.notes
    );
    let bad = "time_s,Cz,Pz\n0,1,1\n0.5,x,2\n";
    assert!(error(bad).starts_with("line 3, column `Cz`: `x`; allowed: a finite number"));
    let pz = ["Pz".to_owned()];
    let recording = read_with(bad, &CsvOptions { channels: Some(&pz), ..CsvOptions::default() }).unwrap();
    assert_eq!((recording.channels.len(), recording.channels[0].label.as_str()), (1, "Pz"));
    assert!(recording.notes[0].contains("`Cz` holds text, first `x` in line 3"), "{:?}", recording.notes);
    let both = ["Pz".to_owned(), "Cz".to_owned()];
    assert!(read_with(bad, &CsvOptions { channels: Some(&both), ..CsvOptions::default() }).is_err());
    let empty = read("time_s,Cz,AUX\n0,1,\n0.5,2,\n").unwrap();
    assert!(empty.channels[1].samples.iter().all(|value| value.is_nan()) && empty.channels[1].samples.len() == 2);
}

#[test]
fn bad_cells_are_named_by_line_and_column() {
    for (row, expected) in [
        ("0.2,x", "line 4, column `Cz`: `x`; allowed: a finite number, or nothing, `NA`"),
        ("0.2,1e999", "line 4, column `Cz`: `1e999`"),
        ("0.2,inf", "line 4, column `Cz`: `inf`"),
        ("0.2,\"1,5\"", "line 4, column `Cz`: `1,5`"),
        (",1", "line 4, column `time_s`: ``; allowed: a time"),
        ("nan,1", "line 4, column `time_s`: `nan`"),
        ("0.2", "line 4 has 1 cells; the header has 2"),
        ("\n\n0.2,x", "line 6, column `Cz`"),
        ("0.2,\"1", "line 4 opens a quote"),
        ("0.2,1,2", "line 4 has 3 cells; the header has 2"),
    ] {
        let text = format!("time_s,Cz\n0,1\n0.1,2\n{row}\n");
        for text in [text.replace('\n', "\r\n"), text] {
            let message = error(&text);
            assert!(message.contains(expected), "{row}: {message}");
        }
    }
}

#[test]
fn headers_and_lengths_are_checked() {
    for (text, expected) in [
        ("", "the file is empty; it needs a header line"),
        ("\u{feff}", "the file is empty"),
        (
            "t,x\n0,1\n",
            "no column is named `time_s` (time in seconds), and neither `time_column` nor `sampling_rate` is given; columns: t, x",
        ),
        ("time_s\n0\n1\n", "`time_s` is the only column"),
        ("time_s,x,x\n", "column 3 of the header is `x` again"),
        ("time_s,x\n", "0 rows of samples"),
        ("time_s,x\n0,1\n", "1 rows of samples"),
    ] {
        let message = error(text);
        assert!(message.contains(expected), "{text:?}: {message}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Long enough files tell every whole rate, however their times are rounded.
    #[test]
    fn any_whole_rate_is_found(rate_hz in 1_u32..5000, start in 0.0_f64..100.0, decimals in 3_usize..9) {
        let rate_hz = f64::from(rate_hz);
        // The last of so many rows tells this rate from the next ones.
        let rows = 10 + (2.5 * rate_hz * rate_hz * 10_f64.powi(-(decimals as i32))) as usize;
        let text = timed((0..rows).map(|row| format!("{:.decimals$}", start + row as f64 / rate_hz)));
        let recording = read(&text).unwrap();
        let found = recording.channels[0].sampling_rate_hz;
        let told = recording.notes.iter().any(|note| note.contains("allow sampling rates"));
        prop_assert!(found == rate_hz || told, "{found} {:?}", recording.notes);
        prop_assert!(rows < 100 || found == rate_hz, "{found} of {rate_hz}, {rows} rows");
    }

    /// Whatever is answered lies on a grid that rounds to the times.
    #[test]
    fn the_rate_explains_the_times(interval_us in 200.0_f64..50_000.0, rows in 2_usize..400, decimals in 4_usize..9) {
        let text = timed((0..rows).map(|row| format!("{:.decimals$}", row as f64 * interval_us * 1e-6)));
        let found = rate(&text);
        let unit = 10_f64.powi(-(decimals as i32));
        let offsets = text.lines().skip(1).enumerate().map(|(row, line)| line[..line.len() - 2].parse::<f64>().unwrap() - row as f64 / found);
        let (low, high) = offsets.fold((f64::MAX, f64::MIN), |(low, high), offset| (low.min(offset), high.max(offset)));
        prop_assert!(high - low <= unit * (1.0 + 1e-3), "{} in units of {}", (high - low) / unit, unit);
    }
}
