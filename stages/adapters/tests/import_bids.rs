//! `import.bids` on folders of a few small recordings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use support::{bind, floats, integers, lists, ran, ran_on, refused_in, texts};

/// An EDF file of these channels (label and unit) at 4 Hz, whose values in s count from 100 times the channel's number.
fn edf(channels: &[(&str, &str)], seconds: usize) -> Vec<u8> {
    let count = channels.len();
    let mut text = String::new();
    let mut field = |value: &str, width: usize| text.push_str(&format!("{value:<width$.width$}"));
    field("0", 8);
    field("X X X X", 80);
    field("Startdate X X X X", 80);
    field("01.01.20", 8);
    field("00.00.00", 8);
    field(&(256 * (count + 1)).to_string(), 8);
    field("", 44);
    field(&seconds.to_string(), 8);
    field("1", 8);
    field(&count.to_string(), 4);
    for (label, _) in channels {
        field(label, 16);
    }
    channels.iter().for_each(|_| field("", 80));
    for (_, unit) in channels {
        field(unit, 8);
    }
    for (value, width) in [("-32768", 8), ("32767", 8), ("-32768", 8), ("32767", 8), ("", 80), ("4", 8), ("", 32)] {
        channels.iter().for_each(|_| field(value, width));
    }
    let mut bytes = text.into_bytes();
    for second in 0..seconds {
        for channel in 0..count {
            for sample in 0..4 {
                let value = (100 * channel + 4 * second + sample) as i16;
                bytes.extend(value.to_le_bytes());
            }
        }
    }
    bytes
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// Two subjects, of whom the second has two runs.
fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let channels = [("Cz", "uV"), ("Fz", "uV"), ("EOG", "uV")];
    write(at, "d/dataset_description.json", "{\"Name\": \"x\", \"BIDSVersion\": \"1.10.0\"}");
    write(
        at,
        "d/participants.tsv",
        "participant_id\tage\tsex\tgroup\tfile\nsub-01\t34\tF\tcontrol\ta\nsub-02\tn/a\tn/a\tpatient\tb\n",
    );
    write(
        at,
        "d/task-rest_eeg.json",
        "{\"PowerLineFrequency\": 50, \"EEGReference\": \"Cz\", \"SamplingFrequency\": 4}",
    );
    write(at, "d/sub-02/sub-02_eeg.json", "{\"PowerLineFrequency\": 60}");
    write(at, "d/sub-01/eeg/sub-01_task-rest_eeg.edf", edf(&channels, 5));
    for run in ["1", "2"] {
        write(at, &format!("d/sub-02/eeg/sub-02_task-rest_run-{run}_eeg.edf"), edf(&channels, 5));
    }
    write(
        at,
        "d/task-rest_channels.tsv",
        "name\ttype\tunits\tstatus\tdescription\nEOG\tEOG\tmicroV\tgood\tn/a\nCz\tEEG\tuV\tgood\tvertex\nFz\tEEG\tmV\tbad\tloose\n",
    );
    write(
        at,
        "d/sub-01/eeg/sub-01_task-rest_events.tsv",
        "onset\tduration\ttrial_type\tvalue\tchannel\n0.5\t0\tsquare\t1\tCz\n2.25\t1\trt\tn/a\tCz, Fz\n-1\tn/a\tn/a\t7\tn/a\n",
    );
    write(at, "d/derivatives/sub-09/eeg/sub-09_task-rest_eeg.edf", "x");
    write(at, "d/.hidden/sub-08/eeg/sub-08_task-rest_eeg.edf", "x");
    write(at, "d/sub-01/.git/sub-01_task-rest_eeg.edf", "x");
    folder
}

fn dataset(rest: &str) -> String {
    format!("  x:\n    kind: import.bids\n    path: d\n{rest}")
}

fn optional(table: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column = table.column_by_name(column).unwrap().as_string::<i32>().clone();
    column.iter().map(|value| value.map(str::to_owned)).collect()
}

fn notes(pipeline: &str, folder: &Path) -> String {
    let (_, graph) = bind(pipeline, folder).unwrap_or_else(|error| panic!("{error}"));
    graph.stages[0].bound().notes.join("\n")
}

#[test]
fn a_dataset_is_samples_with_what_is_known_of_them() {
    let folder = study();
    let ran = ran(&dataset(""), folder.path());
    let (signals, recordings) = (ran.output("x", 0), ran.output("x", 2));
    let labels = ["sub-01_task-rest", "sub-02_task-rest_run-1", "sub-02_task-rest_run-2"];
    assert_eq!(texts(&recordings, "sample"), labels);
    assert_eq!(texts(&signals, "channel")[..4], ["Cz", "Fz", "EOG", "Cz"]);
    assert_eq!(lists(&signals, "values")[1][..3], [100.0, 101.0, 102.0]);
    assert_eq!(texts(&signals, "unit")[1], "uV");
    assert_eq!(texts(&recordings, "subject"), ["01", "02", "02"]);
    let some = |values: &[&str]| values.iter().map(|value| Some((*value).to_owned())).collect::<Vec<_>>();
    assert_eq!(optional(&recordings, "group"), some(&["control", "patient", "patient"]));
    assert_eq!(optional(&recordings, "run"), [None, Some("1".to_owned()), Some("2".to_owned())]);
    assert_eq!(optional(&recordings, "session"), [None, None, None]);
    assert_eq!(optional(&recordings, "sex"), [Some("F".to_owned()), None, None]);
    assert_eq!(optional(&recordings, "reference"), some(&["Cz", "Cz", "Cz"]));
    assert_eq!(texts(&recordings, "file")[0], "sub-01/eeg/sub-01_task-rest_eeg.edf");
    assert_eq!(texts(&recordings, "participant_file"), ["a", "b", "b"]);
    let age = recordings.column_by_name("age").unwrap().as_primitive::<Float64Type>();
    assert_eq!((age.value(0), age.is_null(1)), (34.0, true));
    assert_eq!(floats(&recordings, "power_line_frequency_hz"), [50.0, 60.0, 60.0]);
    assert_eq!((floats(&recordings, "sampling_rate_hz")[0], floats(&recordings, "duration_s")[0]), (4.0, 5.0));
    assert_eq!(integers(&recordings, "channels"), [3, 3, 3]);
    let digests = texts(&recordings, "digest");
    assert!(digests[0] == digests[1] && digests[0].len() == 32);

    let channels = ran.output("x", 3);
    assert_eq!(texts(&channels, "channel")[..3], ["Cz", "Fz", "EOG"]);
    assert_eq!(optional(&channels, "type")[..3], some(&["EEG", "EEG", "EOG"]));
    assert_eq!(optional(&channels, "status")[..3], some(&["good", "bad", "good"]));
    assert_eq!(optional(&channels, "description")[..3], [some(&["vertex", "loose"]), vec![None]].concat());
    assert_eq!(texts(&channels, "unit")[..3], ["uV", "uV", "uV"]);

    let events = ran.output("x", 1);
    assert_eq!(floats(&events, "onset_s"), [0.5, 2.25, -1.0]);
    assert_eq!(texts(&events, "kind"), ["square", "rt", "event"]);
    assert_eq!(texts(&events, "value"), ["1", "rt", "7"]);
    assert_eq!(texts(&events, "channel"), ["Cz", "", ""]);
    assert_eq!(events.column_by_name("duration_s").unwrap().null_count(), 1);

    let notes = notes(&dataset(""), folder.path());
    for expected in [
        "`d`: 3 recordings of 2 subjects",
        "participants.tsv: its column `file` is called `participant_file`",
        "channels.tsv has the unit mV, the recording uV (`Fz`): that of the recording holds",
        "channels that are called bad: `Fz`, kept (`include_bad: false` leaves them out)",
        "3 channels at 4 Hz, 5 s, in uV",
    ] {
        assert!(notes.contains(expected), "{expected} in\n{notes}");
    }
    assert!(!notes.contains("its sidecar says"), "{notes}");
}

#[test]
fn recordings_are_chosen_by_their_entities() {
    let folder = study();
    let chosen = |rest: &str| texts(&ran(&dataset(rest), folder.path()).output("x", 2), "sample");
    assert_eq!(chosen("    subjects: [02]\n    runs: [02]\n"), ["sub-02_task-rest_run-2"]);
    assert_eq!(chosen("    subjects: [sub-01]\n    tasks: [rest]\n    datatypes: [eeg]\n"), ["sub-01_task-rest"]);
    for (rest, expected) in [
        ("    subjects: [3]\n", "no recording is of the subject `3`"),
        ("    subjects: [1]\n", "did you mean `01`? (there are: 01, 02)"),
        ("    sessions: [1]\n", "no recording is of the session `1` (there is none)"),
        ("    tasks: [reset]\n", "did you mean `rest`?"),
        ("    runs: [3]\n", "no recording is of the run `3`; did you mean `1`? (there are: 1, 2)"),
        ("    datatypes: [meg]\n", "no recording is of the type of data `meg`; did you mean `eeg`? (there are: eeg)"),
        ("    subjects: [01]\n    runs: [1]\n", "`d` has no recording that is asked for"),
        ("    suffix: physio\n", "`d` has no recording that is asked for"),
        ("    subjects: []\n", "nothing is listed; leave `subjects` out"),
        ("    channels: [Pz]\n", "`sub-01_task-rest` has no channel `Pz`"),
        ("    types: [MEG]\n", "`sub-01_task-rest` has no channel of the types MEG (there are: EEG, EOG)"),
        ("    overlap: 1 s\n", "without `window` nothing overlaps"),
        ("    window: 6 s\n", "is longer than"),
    ] {
        let error = refused_in(&dataset(rest), folder.path());
        assert!(error.contains(expected), "{expected} in\n{error}");
    }
    let error = refused_in("  x:\n    kind: import.bids\n    path: nothing\n", folder.path());
    assert!(error.contains("`nothing`: it is no folder of a BIDS dataset"), "{error}");
    let error =
        refused_in("  x:\n    kind: import.bids\n    path: d/sub-01/eeg/sub-01_task-rest_eeg.edf\n", folder.path());
    assert!(error.contains("it is no folder of a BIDS dataset"), "{error}");
}

#[test]
fn channels_are_chosen_by_name_type_and_quality() {
    let folder = study();
    let channels =
        |rest: &str| texts(&ran(&dataset(&format!("    subjects: [01]\n{rest}")), folder.path()).table("x"), "channel");
    assert_eq!(channels("    include_bad: false\n"), ["Cz", "EOG"]);
    assert_eq!(channels("    types: [eeg]\n"), ["Cz", "Fz"]);
    assert_eq!(channels("    types: [EEG]\n    include_bad: false\n"), ["Cz"]);
    assert_eq!(channels("    channels: [EOG, Cz]\n"), ["Cz", "EOG"]);
    let ran = ran(&dataset("    types: [EEG]\n    include_bad: false\n"), folder.path());
    assert_eq!(texts(&ran.output("x", 3), "channel"), ["Cz"; 3]);
    assert_eq!(integers(&ran.output("x", 2), "channels"), [1; 3]);
    let error = refused_in(&dataset("    include_bad: false\n    channels: [Fz]\n"), folder.path());
    assert!(error.contains("has no channel `Fz`"), "{error}");
}

#[test]
fn windows_have_their_own_events() {
    let folder = study();
    let ran = ran(&dataset("    subjects: [01]\n    window: 2 s\n    overlap: 500 ms\n"), folder.path());
    let signals = ran.table("x");
    let labels = ["@0s", "@1.5s", "@3s"].map(|at| format!("sub-01_task-rest{at}"));
    assert_eq!(texts(&ran.output("x", 2), "sample"), labels);
    assert_eq!(floats(&ran.output("x", 2), "duration_s"), [2.0; 3]);
    assert_eq!(floats(&signals, "t0")[3], 1500.0);
    assert_eq!(lists(&signals, "values")[3], (6..14).map(f64::from).collect::<Vec<_>>());
    let events = ran.output("x", 1);
    let shown: Vec<_> = texts(&events, "sample").into_iter().zip(floats(&events, "onset_s")).collect();
    // The second one lasts from 2.25 to 3.25 s.
    assert_eq!(shown, [(labels[0].clone(), 0.5), (labels[1].clone(), 2.25), (labels[2].clone(), 2.25)]);
}

#[test]
fn what_does_not_belong_to_a_recording_does_not_compute_it_anew() {
    let folder = study();
    let at = folder.path();
    let first = ran(&dataset(""), at);
    assert_eq!(first.counts("x"), (3, 0, 0));
    // A further subject, and the age of another.
    write(
        at,
        "d/participants.tsv",
        "participant_id\tage\tsex\tgroup\tfile\nsub-03\t20\tF\tpatient\tc\nsub-02\t40\tn/a\tpatient\tb\nsub-01\t34\tF\tcontrol\ta\n",
    );
    write(at, "d/sub-03/eeg/sub-03_task-rest_eeg.edf", edf(&[("Cz", "uV"), ("Fz", "uV"), ("EOG", "uV")], 5));
    let second = ran_on(&dataset(""), at, first.store, 1);
    assert_eq!(second.counts("x"), (3, 1, 0));
    // Its events, its channels, its sidecar.
    write(at, "d/sub-01/eeg/sub-01_task-rest_events.tsv", "onset\tduration\n1\t0\n");
    let third = ran_on(&dataset(""), at, second.store, 1);
    assert_eq!(third.counts("x"), (1, 3, 0));
    write(
        at,
        "d/sub-02/eeg/sub-02_task-rest_run-1_channels.tsv",
        "name\ttype\tunits\nCz\tEEG\tuV\nFz\tEEG\tuV\nEOG\tEOG\tuV\n",
    );
    let fourth = ran_on(&dataset(""), at, third.store, 1);
    assert_eq!(fourth.counts("x"), (1, 3, 0));
    write(at, "d/sub-02/sub-02_eeg.json", "{\"PowerLineFrequency\": 50}");
    assert_eq!(ran_on(&dataset(""), at, fourth.store, 1).counts("x"), (2, 2, 0));
}

#[test]
fn names_of_the_table_of_channels_are_used_in_the_order_of_the_file() {
    let folder = study();
    let at = folder.path();
    write(at, "d/sub-01/eeg/sub-01_task-rest_channels.tsv", "name\ttype\tunits\nA\tEEG\tuV\nB\tEEG\tuV\nC\tEEG\tuV\n");
    let channels = |rest: &str| texts(&ran(&dataset(rest), at).table("x"), "channel");
    assert_eq!(channels("    subjects: [01]\n"), ["A", "B", "C"]);
    let picked = ran(&dataset("    subjects: [01]\n    channels: [B]\n"), at).table("x");
    assert_eq!(lists(&picked, "values")[0][0], 100.0);
    // Of other channels: what the recording says holds.
    write(at, "d/sub-01/eeg/sub-01_task-rest_channels.tsv", "name\ttype\tunits\nA\tEEG\tmV\nB\tEEG\tmV\n");
    assert_eq!(channels("    subjects: [01]\n"), ["Cz", "Fz", "EOG"]);
    let notes = notes(&dataset("    subjects: [01]\n"), at);
    assert!(notes.contains("`sub-01_task-rest`: channels.tsv has 2 rows, the recording 3 channels, and no name is the same: it is not used"), "{notes}");
}

#[test]
fn what_is_lacking_or_contradicts_is_told_or_refused() {
    let folder = study();
    let at = folder.path();
    write(at, "d/participants.tsv", "participant_id\tage\nsub-02\t1\nsub-07\t2\n");
    write(at, "d/sub-02/eeg/sub-02_task-rest_run-3_eeg.xyz", "x");
    write(at, "d/sub-01/eeg/sub-01_task-rest_eeg.json", "{\"SamplingFrequency\": 32}");
    let told = notes(&dataset(""), at);
    for expected in [
        "participants.tsv has no row for `sub-01`: their columns are null",
        "participants.tsv has `sub-07`, of whom there is no recording",
        "`sub-02_task-rest_run-3`: left out, as .xyz is no format that is read",
        "`sub-01_task-rest`: its sidecar says 32 Hz, the recording 4 Hz: that of the recording holds",
    ] {
        assert!(told.contains(expected), "{expected} in\n{told}");
    }
    // Groups that are numbers, under another name.
    write(at, "d/participants.tsv", "participant_id\tGroup\nsub-02\t1\nsub-01\t0\n");
    let groups = optional(&ran(&dataset(""), at).output("x", 2), "group");
    assert_eq!(groups, ["0", "1", "1"].map(|group| Some(group.to_owned())));
    std::fs::remove_file(at.join("d/participants.tsv")).unwrap();
    assert!(notes(&dataset(""), at).contains("there is no participants.tsv"));
    for (name, content, expected) in [
        ("participants.tsv", "id\tage\nsub-01\t1\n", "`d/participants.tsv`: it has no column `participant_id`"),
        ("participants.tsv", "participant_id\nsub-01\nsub-01\n", "lines 2 and 3 are both of `sub-01`"),
        ("task-rest_eeg.json", "{", "`d/task-rest_eeg.json`: it is no JSON: EOF"),
        ("task-rest_channels.tsv", "type\nEEG\n", "`d/task-rest_channels.tsv`: it has no column `name`"),
        ("rest_channels.tsv", "", ""),
        ("sub-01/eeg/sub-02_task-rest_eeg.edf", "", "its name is of another subject or session than its folder"),
        ("sub-02/eeg/sub-02_task-rest_run-1_eeg.edf", "no", "`d/sub-02/eeg/sub-02_task-rest_run-1_eeg.edf`: "),
        ("sub-02/eeg/sub-02_run-2_channels.tsv", "name\n", ""),
    ] {
        let before = std::fs::read(at.join("d").join(name)).ok();
        write(at, &format!("d/{name}"), content);
        if expected.is_empty() {
            bind(&dataset(""), at).map(|_| ()).unwrap_or_else(|error| panic!("{error}"));
        } else {
            let error = refused_in(&dataset(""), at);
            assert!(error.contains(expected), "{expected} in\n{error}");
        }
        match before {
            Some(content) => write(at, &format!("d/{name}"), content),
            None => std::fs::remove_file(at.join("d").join(name)).unwrap(),
        }
    }
    write(at, "d/sub-02/eeg/sub-02_task-rest_channels.tsv", "name\nCz\n");
    write(at, "d/sub-02/eeg/sub-02_run-2_channels.tsv", "name\nCz\n");
    let error = refused_in(&dataset(""), at);
    assert!(error.contains("describe `sub-02/eeg/sub-02_task-rest_run-2_eeg.edf` alike"), "{error}");
    // A table of events that cannot be understood fails its recording alone.
    std::fs::remove_file(at.join("d/sub-02/eeg/sub-02_run-2_channels.tsv")).unwrap();
    write(at, "d/sub-01/eeg/sub-01_task-rest_events.tsv", "onset\tduration\nsoon\t0\n");
    let ran = ran(&dataset(""), at);
    // One of the three that were tried.
    assert_eq!(ran.counts("x"), (3, 0, 1));
    assert_eq!(texts(&ran.output("x", 2), "sample"), ["sub-02_task-rest_run-1", "sub-02_task-rest_run-2"]);
    assert!(
        ran.failures()[0].contains("sub-01_task-rest_events.tsv`: line 2: `onset` is `soon`"),
        "{:?}",
        ran.failures()
    );
}

#[test]
fn recordings_are_the_groups_of_a_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mut people = String::from("participant_id\tgroup\tage\n");
    for subject in 1..=6 {
        let group = if subject % 2 == 0 { "patient" } else { "control" };
        people += &format!("sub-{subject}\t{group}\t{}\n", 20 + subject);
        for run in 1..=2 {
            let seconds = 30 + 3 * subject + 7 * (subject % 2);
            let name = format!("d/sub-{subject}/eeg/sub-{subject}_task-rest_run-{run}_eeg.edf");
            write(at, &name, edf(&[("Cz", "uV")], seconds));
        }
    }
    write(at, "d/participants.tsv", people);
    let pipeline = dataset("")
        + "  features:\n    kind: features.catch22\n    inputs: {signals: x}\n"
        + "  effects:\n    kind: statistics.effect_size\n    inputs: {features: features, groups: x.recordings}\n    group: group\n    control: control\n    values: [mean]\n";
    let (_, graph) = bind(&pipeline, at).unwrap();
    let notes = graph.stages[2].bound().notes.join("\n");
    assert!(notes.contains("rows of one `subject` are averaged first"), "{notes}");
    let ran = ran(&pipeline, at);
    assert_eq!(ran.failures(), [""; 0]);
    let effects = ran.table("effects");
    assert_eq!(effects.num_rows(), 1);
    // The means of ramps: half their lengths.
    let mean = |subject: usize| (4 * (30 + 3 * subject + 7 * (subject % 2)) - 1) as f64 / 2.0;
    let of = |subjects: [usize; 3]| {
        let values = subjects.map(mean);
        let average = values.iter().sum::<f64>() / 3.0;
        (average, values.iter().map(|value| (value - average).powi(2)).sum::<f64>() / 2.0)
    };
    let ((control, var_control), (patient, var_patient)) = (of([1, 3, 5]), of([2, 4, 6]));
    let expected = (patient - control) / ((var_control + var_patient) / 2.0).sqrt();
    assert!(
        (floats(&effects, "cohens_d")[0] - expected).abs() < 1e-9,
        "{} {expected}",
        floats(&effects, "cohens_d")[0]
    );
}
