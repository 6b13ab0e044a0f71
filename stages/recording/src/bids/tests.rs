use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn names(paths: &[&str]) -> Layout {
    Layout::of(paths.iter().copied())
}

fn labels(found: &Found) -> Vec<&str> {
    found.recordings.iter().map(|recording| recording.label.as_str()).collect()
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

#[test]
fn names_of_files_have_entities_suffix_and_extension() {
    let name = BidsName::parse("sub-01_ses-a2_task-rest_run-1_eeg.edf").unwrap();
    assert_eq!(name.label(), "sub-01_ses-a2_task-rest_run-1");
    assert_eq!((name.suffix.as_str(), name.extension.as_str(), name.entity("run")), ("eeg", "edf", Some("1")));
    assert_eq!(name.entity("acq"), None);
    let plain = BidsName::parse("participants.tsv").unwrap();
    assert_eq!((plain.entities.len(), plain.suffix.as_str()), (0, "participants"));
    assert_eq!(BidsName::parse("sub-01_physio.tsv.gz").unwrap().extension, "tsv.gz");
    for other in
        ["", "README", "sub-01.edf", "sub_eeg.edf", "sub-01_sub-02_eeg.edf", "sub-_eeg.edf", "-1_eeg.edf", "_.", "a_b."]
    {
        assert_eq!(BidsName::parse(other), None, "{other}");
    }
}

#[test]
fn recordings_are_those_of_subjects_and_their_types_of_data() {
    let layout = names(&[
        "participants.tsv",
        "sub-01/eeg/sub-01_task-rest_eeg.edf",
        "sub-01/eeg/sub-01_task-rest_channels.tsv",
        "sub-01/anat/sub-01_T1w.nii.gz",
        "sub-01/eeg/sub-01_task-rest_eeg.json",
        "sub-01/ieeg/sub-01_task-rest_ieeg.edf",
        "sub-02/ses-1/meg/sub-02_ses-1_task-rest_split-01_meg.fif",
        "sub-02/ses-1/meg/sub-02_ses-1_task-rest_split-02_meg.fif",
        "sub-02/ses-1/meg/sub-02_ses-1_acq-crosstalk_meg.fif",
        "sub-02/ses-1/meg/sub-02_ses-1_acq-calibration_meg.dat",
        "sub-02/ses-1/meg/sub-02_ses-1_task-rest_meg.ds/sub-02_meg.fif",
        "sub-03/eeg/sub-03_task-rest_run-01_eeg.bdf",
        "sub-03/eeg/sub-03_task-rest_run-01_eeg.EDF",
        "sub-03/eeg/sub-03_task-rest_run-02_eeg.vhdr",
        "sub-03/eeg/sub-03_task-rest_run-02_eeg.eeg",
        "sub-03/eeg/sub-04_task-rest_eeg.edf",
        "derivatives/clean/sub-01/eeg/sub-01_task-rest_eeg.edf",
    ]);
    let formats = ["edf", "bdf", "fif"];
    let found = layout.recordings(&formats, &Wanted::default());
    assert_eq!(
        labels(&found),
        ["sub-01_task-rest_eeg", "sub-01_task-rest_ieeg", "sub-02_ses-1_task-rest", "sub-03_task-rest_run-01"]
    );
    assert_eq!(found.recordings[3].path, "sub-03/eeg/sub-03_task-rest_run-01_eeg.EDF");
    assert_eq!(found.unread, [("sub-03_task-rest_run-02".to_owned(), "eeg, vhdr".to_owned())]);
    assert_eq!(found.misplaced, ["sub-03/eeg/sub-04_task-rest_eeg.edf"]);
    assert_eq!(
        found.notes,
        [
            "`sub-03_task-rest_run-01` is there as .EDF and .bdf; .EDF is read",
            "1 files are further parts of recordings, such as `sub-02/ses-1/meg/sub-02_ses-1_task-rest_split-02_meg.fif`, and no recordings by themselves",
        ]
    );
    assert!(found.absent.is_empty());

    let (subjects, runs) = (owned(&["sub-03", "1"]), owned(&["1", "run-2", "3"]));
    let wanted = Wanted { subjects: Some(&subjects), runs: Some(&runs), ..Wanted::default() };
    let found = layout.recordings(&formats, &wanted);
    assert_eq!(labels(&found), ["sub-03_task-rest_run-01"]);
    let absent: Vec<_> = found.absent.iter().map(|(key, value, _)| (*key, value.as_str())).collect();
    // Names of subjects are no numbers, those of runs are.
    assert_eq!(absent, [("sub", "1"), ("run", "3")]);
    assert_eq!(found.absent[0].2, ["01", "02", "03"]);

    let datatypes = owned(&["meg"]);
    let wanted = Wanted { datatypes: Some(&datatypes), ..Wanted::default() };
    assert_eq!(labels(&layout.recordings(&formats, &wanted)), ["sub-02_ses-1_task-rest"]);
}

#[test]
fn the_nearest_of_what_is_beside_a_recording_comes_last() {
    let layout = names(&[
        "task-rest_eeg.json",
        "task-other_eeg.json",
        "eeg.json",
        "sub-01/sub-01_eeg.json",
        "sub-01/eeg/sub-01_task-rest_run-1_eeg.json",
        "sub-01/eeg/sub-01_task-rest_eeg.json",
        "sub-01/eeg/sub-01_task-rest_run-1_eeg.edf",
        "sub-01/eeg/sub-01_task-rest_run-2_eeg.edf",
        "sub-01/eeg/sub-01_task-rest_channels.tsv",
        "sub-01/eeg/sub-01_run-2_channels.tsv",
    ]);
    let found = layout.recordings(&["edf"], &Wanted::default());
    let [first, second] = &found.recordings[..] else { panic!("{found:?}") };
    assert_eq!(
        layout.beside(first, "eeg", "json").unwrap(),
        [
            "eeg.json",
            "task-rest_eeg.json",
            "sub-01/sub-01_eeg.json",
            "sub-01/eeg/sub-01_task-rest_eeg.json",
            "sub-01/eeg/sub-01_task-rest_run-1_eeg.json",
        ]
    );
    assert_eq!(layout.beside(first, "channels", "tsv").unwrap(), ["sub-01/eeg/sub-01_task-rest_channels.tsv"]);
    let error = layout.beside(second, "channels", "tsv").unwrap_err();
    assert!(error.to_string().contains("run-2_eeg.edf` alike"), "{error}");
    assert_eq!(layout.beside(second, "events", "tsv").unwrap(), [""; 0]);
}

#[test]
fn sidecars_are_overlaid_key_by_key() {
    let read = |text: &str| Sidecar::read(text.as_bytes());
    let mut all = read(r#"{"PowerLineFrequency": 50, "EEGReference": "Cz", "SamplingFrequency": "256"}"#).unwrap();
    all.overlay(&read("\u{feff}{\"PowerLineFrequency\": 60, \"EEGReference\": \"n/a\", \"Odd\": [1]}").unwrap());
    assert_eq!((all.number("PowerLineFrequency"), all.number("SamplingFrequency")), (Some(60.0), Some(256.0)));
    assert_eq!((all.text("EEGReference"), all.number("Odd"), all.text("None")), (None, None, None));
    for odd in ["", "[]", "{", "NaN", "{\"a\": 1} x", "1", "null"] {
        assert!(read(odd).is_err(), "{odd}");
    }
    // No depth takes the stack away.
    assert!(read(&format!("{{\"a\": {}", "[".repeat(100_000))).is_err());
    assert!(
        read(&format!("{{\"a\": 1{}}}", " ".repeat(17 << 20))).unwrap_err().to_string().contains("more than 16 MB")
    );
}

fn rows(names: &[&str]) -> Vec<ChannelRow> {
    names.iter().map(|&name| ChannelRow { name: name.to_owned(), ..ChannelRow::default() }).collect()
}

#[test]
fn rows_of_channels_are_found_by_name_else_by_place() {
    let of = |labels: &[&str], names: &[&str]| {
        let Assigned { rows, renames, notes } = assign(labels, &rows(names));
        (rows, renames, notes.join("; "))
    };
    assert_eq!(of(&["a", "b"], &["b", "a"]), (vec![Some(1), Some(0)], false, String::new()));
    assert_eq!(of(&["a", "b", "c"], &["b"]).0, [None, Some(0), None]);
    assert!(of(&["a", "b", "c"], &["b"]).2.ends_with("has no row for `a`, `c`"));
    // As many of other names: those of the table, in the order of the file.
    let (found, renames, note) = of(&["EEG 000", "EEG 001", "x"], &["FPz", "EOG1", "x"]);
    assert_eq!((found, renames), (vec![Some(0), Some(1), Some(2)], true));
    assert!(note.contains("`FPz for EEG 000`, `EOG1 for EEG 001`"), "{note}");
    // A name at another place says that the places mean nothing.
    let (found, renames, note) = of(&["a", "b", "c"], &["b", "x", "y"]);
    assert_eq!((found, renames), (vec![None, Some(0), None], false));
    assert!(
        note.contains("it names `x`, `y`, which the recording does not have, and has no row for `a`, `c`"),
        "{note}"
    );
    let (found, _, note) = of(&["a", "b"], &["x", "y", "z"]);
    assert_eq!(found, [None, None]);
    assert_eq!(note, "channels.tsv has 3 rows, the recording 2 channels, and no name is the same: it is not used");
    // Channels of one name, one after the other.
    assert_eq!(of(&["a", "a"], &["a", "a"]).0, [Some(0), Some(1)]);
    assert_eq!(of(&[], &[]).0, []);
    assert_eq!(of(&["a"], &[]).0, [None]);
}

#[test]
fn units_are_the_same_however_micro_is_written() {
    for (one, other) in [("uV", "\u{b5}V"), ("\u{3bc}V", "uV"), ("microV", "uV"), ("microvolts", "uV"), (" V", "V")] {
        assert!(same_unit(one, other) && same_unit(other, one), "{one} {other}");
    }
    assert_eq!(["\u{b5}V", "microV", "microvolts", "mV"].map(plain_unit), ["uV", "uV", "uV", "mV"]);
    assert!(!same_unit("uV", "V") && !same_unit("V", "v") && !same_unit("mV", "MV"));
}

#[test]
fn tables_beside_recordings_are_read() {
    let (channels, _) = read_channels(Cursor::new(
        "name\ttype\tunits\tstatus\tstatus_description\nCz\teeg\tuV\tBAD\tbridge\nn/a\tMISC\tn/a\tn/a\tn/a\n",
    ))
    .unwrap();
    assert_eq!(channels[0].kind.as_deref(), Some("EEG"));
    assert!(channels[0].is_bad() && !channels[1].is_bad());
    assert_eq!(channels[0].description.as_deref(), Some("bridge"));
    assert_eq!((channels[1].name.as_str(), &channels[1].unit), ("n/a", &None));
    let error = read_channels(Cursor::new("label\ttype\nCz\tEEG\n")).unwrap_err();
    assert_eq!(error.to_string(), "it has no column `name` (columns: label, type); cells are separated by tabs");
    assert!(
        read_channels(Cursor::new("name\ttype\n\tEEG\n")).unwrap_err().to_string().starts_with("line 2: `name` is ``")
    );

    let text =
        "onset\tduration\ttrial_type\tvalue\n-0.5\t0\tsquare\t1\nn/a\t1\ta\t2\n2\t-1\tn/a\tn/a\n3e0\tn/a\trt\tn/a\n";
    let (events, notes) = read_events(Cursor::new(text)).unwrap();
    let shown: Vec<_> = events.iter().map(|e| (e.onset_s, e.duration_s, e.trial_type.as_deref())).collect();
    assert_eq!(shown, [(-0.5, Some(0.0), Some("square")), (2.0, None, None), (3.0, None, Some("rt"))]);
    assert_eq!(notes.len(), 2);
    assert_eq!(read_events(Cursor::new("onset\tduration\n")).unwrap().0, []);
    for (text, expected) in [
        ("duration\n1\n", "no column `onset`"),
        ("onset\tduration\nsoon\t1\n", "line 2: `onset` is `soon`"),
        ("onset\tduration\n1\tinf\n", "line 2: `duration` is `inf`"),
        ("onset\tduration\n1\n", "line 2 has 1 cells; the header has 2"),
        ("onset,duration\n1,2\n", "no column `onset`"),
    ] {
        let error = read_events(Cursor::new(text)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn types_of_participants_follow_from_all_of_them() {
    let text = "participant_id\tage\tsex\tgroup\tcode\ttop\tnone\nsub-01\t34\tF\tcontrol\t01\t89\tn/a\nsub-02\tn/a\tn/a\tnone\t02\t89+\t\n";
    let found = read_participants(Cursor::new(text)).unwrap();
    assert_eq!(found.subjects, ["01", "02"]);
    assert_eq!((found.row("02"), found.row("sub-02")), (Some(1), None));
    let texts = |values: &[Option<&str>]| Values::Texts(values.iter().map(|v| v.map(str::to_owned)).collect());
    let values: Vec<&Values> = found.columns.iter().map(|column| &column.values).collect();
    assert_eq!(*values[0], Values::Numbers(vec![Some(34.0), None]));
    assert_eq!(*values[1], texts(&[Some("F"), None]));
    // A word is a value where others are.
    assert_eq!(*values[2], texts(&[Some("control"), Some("none")]));
    assert_eq!(*values[3], texts(&[Some("01"), Some("02")]));
    assert_eq!(*values[4], texts(&[Some("89"), Some("89+")]));
    assert_eq!(*values[5], texts(&[None, None]));
    assert_eq!(found.notes, ["the column `top` holds text, first `89+` in line 3, and is no column of numbers"]);
    let error = read_participants(Cursor::new("participant_id\nsub-1\n1\n")).unwrap_err();
    assert_eq!(error.to_string(), "lines 2 and 3 are both of `1`; one row per subject is due");
    let error = read_participants(Cursor::new("participant_id,age\nsub-1,3\n")).unwrap_err().to_string();
    assert!(error.starts_with("it has no column `participant_id` (columns: participant_id,age)"), "{error}");
}

proptest! {
    #[test]
    fn names_are_read_as_they_were_made(values in proptest::collection::vec("[a-zA-Z0-9]{1,8}", 1..5)) {
        let keys = ["sub", "ses", "task", "run", "acq"];
        let label: Vec<String> = keys.iter().zip(&values).map(|(key, value)| format!("{key}-{value}")).collect();
        let name = BidsName::parse(&format!("{}_eeg.edf", label.join("_"))).unwrap();
        prop_assert_eq!(name.label(), label.join("_"));
        prop_assert!(keys.iter().zip(&values).all(|(key, value)| name.entity(key) == Some(value)));
    }

    #[test]
    fn any_bytes_are_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "(name|onset|participant_id|n/a|[a-z0-9.\t\n\"-]){0,60}") {
        for bytes in [bytes, text.into_bytes()] {
            for header in ["", "name\tonset\tparticipant_id\n", "onset\n", "name\n", "participant_id\tage\n"] {
                let table = [header.as_bytes(), bytes.as_slice()].concat();
                drop(read_channels(Cursor::new(&table)));
                drop(read_participants(Cursor::new(&table)));
                if let Ok((events, _)) = read_events(Cursor::new(&table)) {
                    prop_assert!(events.iter().all(|event| event.onset_s.is_finite()));
                }
            }
            drop(Sidecar::read(bytes.as_slice()));
            let text = String::from_utf8_lossy(&bytes);
            let found = Layout::of(text.lines()).recordings(&["edf"], &Wanted::default());
            prop_assert!(found.recordings.len() <= text.lines().count());
        }
    }

    #[test]
    fn every_channel_has_at_most_one_row_and_no_row_two_channels(
        labels in proptest::collection::vec("[ab]{1,2}", 0..8), names in proptest::collection::vec("[ab]{1,2}", 0..8),
    ) {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Assigned { rows: found, renames, .. } = assign(&labels, &rows(&names));
        prop_assert_eq!(found.len(), labels.len());
        let mut used: Vec<usize> = found.iter().flatten().copied().collect();
        let count = used.len();
        used.sort_unstable();
        used.dedup();
        prop_assert_eq!(used.len(), count);
        prop_assert!(used.iter().all(|row| *row < names.len()));
        // Without new names, a row is of the channel that has its name.
        if !renames {
            prop_assert!(labels.iter().zip(&found).all(|(label, row)| row.is_none_or(|row| names[row] == *label)));
        }
    }
}
