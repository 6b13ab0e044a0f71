//! Recordings in MAT, EEGLAB, NWB and SNIRF files through the kind, on the small files that the fuzz targets begin with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use lapicque_schemas::tables::events;
use support::{bind, floats, lists, ran, ran_on, refused_in, texts};

fn recording(rest: &str) -> String {
    format!("  x:\n    kind: import.recording\n{rest}")
}

/// A folder with the files.
fn folder() -> tempfile::TempDir {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "mat/nested_compressed.mat",
        "mat/version_7_3.mat",
        "mat/two_arrays.mat",
        "mat/every_class.mat",
        "mat/fieldtrip.mat",
        "mat/eeglab.set",
        "mat/eeglab_epochs.set",
        "hdf5/old_layout.nwb",
        "hdf5/new_layout.nwb",
        "hdf5/intensities.snirf",
    ] {
        std::fs::copy(seeds.join(name), folder.path().join(name.rsplit('/').next().unwrap())).unwrap();
    }
    folder
}

#[test]
fn arrays_in_mat_files_are_found_or_named() {
    let folder = folder();
    let found = ran(&recording("    path: nested_compressed.mat\n"), folder.path()).table("x");
    assert_eq!(texts(&found, "channel"), ["Cz", "Pz"]);
    assert_eq!(floats(&found, "dt"), [4.0, 4.0]);
    let values = lists(&found, "values");
    assert_eq!(values[0].len(), 12);
    // The same in HDF5.
    let newer = ran(&recording("    path: version_7_3.mat\n"), folder.path()).table("x");
    assert_eq!((lists(&newer, "values"), texts(&newer, "channel")), (values.clone(), texts(&found, "channel")));
    // What was found is told.
    let (_, graph) = bind(&recording("    path: nested_compressed.mat\n"), folder.path()).unwrap();
    let notes = graph.stages[0].bound().notes.join("\n");
    for told in [
        "`data.signal` is read, 12 x 2 numbers",
        "sampled at 250 Hz, says `data.cfg.fs`",
        "`data.cfg.channels` names the channels",
        "2 channels at 250 Hz, 0.048 s, unit not known",
    ] {
        assert!(notes.contains(told), "{told} is not in:\n{notes}");
    }

    let named =
        "    path: two_arrays.mat\n    variable: b\n    rate_variable: other_fs\n    channels_variable: names\n";
    let table = ran(&recording(named), folder.path()).table("x");
    assert_eq!(
        (texts(&table, "channel"), floats(&table, "dt")),
        (vec!["Cz".to_owned(), "Pz".to_owned()], vec![5.0; 2])
    );
    let other_side =
        "    path: two_arrays.mat\n    variable: c\n    sampling_rate: 10 Hz\n    orientation: samples_first\n";
    let table = ran(&recording(other_side), folder.path()).table("x");
    assert_eq!(lists(&table, "values").iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
}

#[test]
fn what_is_not_clear_or_means_nothing_is_refused_at_its_field() {
    let folder = folder();
    for (config, expected) in [
        (
            "    path: two_arrays.mat\n",
            "it has several arrays: a (2 x 12 numbers), b (2 x 12 numbers), c (2 x 3 numbers); say which is read, e.g. `variable: a`",
        ),
        ("    path: two_arrays.mat\n    variable: d\n", "it has no `d`; it has a (2 x 12 numbers)"),
        ("    path: two_arrays.mat\n    variable: names\n", "`names` is text; allowed: real numbers"),
        (
            "    path: two_arrays.mat\n    variable: a\n    rate_variable: names\n",
            "`names` is text; allowed: one finite number above 0, in Hz",
        ),
        ("    path: every_class.mat\n    variable: z\n", "2 x 2 complex numbers; allowed: real numbers"),
        ("    path: every_class.mat\n    variable: i\n", "`sampling_rate: 250 Hz`"),
        (
            "    path: two_arrays.mat\n    variable: c\n    rate_variable: fs\n",
            "`c` is 2 x 3, and nothing tells which side is time; say `orientation: channels_first`",
        ),
        (
            "    path: two_arrays.mat\n    variable: c\n    rate_variable: fs\n    channels_variable: fs\n",
            "a cell array of texts",
        ),
        (
            "    path: two_arrays.mat\n    variable: c\n    rate_variable: fs\n    channels_variable: names\n    orientation: samples_first\n",
            "`names` has 2 names, but `c` is 2 x 3",
        ),
        (
            "    path: fieldtrip.mat\n    orientation: channels_first\n",
            "`orientation` is for plain arrays; `d` is a recording of FieldTrip",
        ),
        ("    path: fieldtrip.mat\n    sampling_rate: 50 Hz\n", "says 100 Hz of channel `Cz`"),
        (
            "    path: eeglab.set\n    variable: EEG\n",
            "it is for files of .mat, .nwb, .snirf, .npz; `path` names `eeglab.set`",
        ),
        (
            "    path: old_layout.nwb\n    orientation: channels_first\n",
            "it is for files of .mat; `path` names `old_layout.nwb`",
        ),
        (
            "    path: old_layout.nwb\n    variable: acquisition/eg\n",
            "it has no series `acquisition/eg`; it has acquisition/eeg, processing/m/pupil",
        ),
        (
            "    path: eeglab_epochs.set\n    window: 20 ms\n",
            "its epochs are around an event each; windows are cut from continuous recordings",
        ),
    ] {
        let message = refused_in(&recording(config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn epochs_around_events_are_epochs_with_their_times() {
    let folder = folder();
    for (file, count, length) in [("eeglab_epochs.set", 3, 4), ("fieldtrip.mat", 2, 6)] {
        let table = ran(&recording(&format!("    path: {file}\n")), folder.path()).table("x");
        let epochs = table.column_by_name("epoch").unwrap().as_primitive::<Int32Type>().values().to_vec();
        let mut keys: Vec<(String, i32)> = texts(&table, "channel").into_iter().zip(epochs).collect();
        keys.sort();
        let due = ["Cz", "Pz"].into_iter().flat_map(|channel| (0..count).map(move |epoch| (channel.to_owned(), epoch)));
        assert_eq!(keys, due.collect::<Vec<_>>(), "{file}");
        assert!(floats(&table, "t0").iter().all(|t0| (t0 + 20.0).abs() < 1e-9), "{file}");
        assert!(lists(&table, "values").iter().all(|values| values.len() == length), "{file}");
    }
}

#[test]
fn series_of_nwb_are_channels_and_its_trials_are_events() {
    let folder = folder();
    let old = ran(&recording("    path: old_layout.nwb\n"), folder.path());
    let table = old.table("x");
    assert_eq!(texts(&table, "channel"), ["Cz", "Pz", "pupil"]);
    assert_eq!(texts(&table, "unit"), ["V", "V", "mm"]);
    assert_eq!(floats(&table, "dt"), [10.0, 10.0, 20.0]);
    assert_eq!(floats(&table, "t0"), [250.0, 250.0, 1000.0]);
    let told = events::read(&old.output("x", 1)).unwrap();
    let told: Vec<_> = told.iter().map(|event| (event.onset_s, event.duration_s, event.value.as_str())).collect();
    assert_eq!(told, [(0.0, Some(0.5), "trials: cue=a"), (1.0, Some(0.5), "trials: cue=b")]);
    let new = ran(&recording("    path: new_layout.nwb\n"), folder.path()).table("x");
    assert_eq!(lists(&new, "values"), lists(&table, "values"));
    // One series by its name, cut into windows.
    let config = "    path: new_layout.nwb\n    variable: acquisition/eeg\n    window: 50 ms\n";
    let cut = ran(&recording(config), folder.path());
    assert_eq!(
        texts(&cut.table("x"), "sample"),
        ["new_layout@0s", "new_layout@0s", "new_layout@0.05s", "new_layout@0.05s"]
    );
    assert_eq!(lists(&cut.table("x"), "values")[2], lists(&table, "values")[0][5..10]);
    // Another series is another result.
    let other = recording("    path: new_layout.nwb\n    variable: processing/m/pupil\n");
    assert_eq!(ran_on(&other, folder.path(), cut.store, 1).counts("x"), (1, 0, 0));
}

#[test]
fn values_of_eeglab_may_lie_in_a_file_beside_it() {
    let folder = folder();
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/mat");
    std::fs::copy(seeds.join("eeglab_beside.set"), folder.path().join("s.set")).unwrap();
    let message = refused_in(&recording("    path: s.set\n"), folder.path());
    assert!(message.contains("`s.set` names `values.fdt`: there is no file"), "{message}");
    let floats_of =
        |values: std::ops::Range<i16>| values.flat_map(|value| f32::from(value).to_le_bytes()).collect::<Vec<u8>>();
    std::fs::write(folder.path().join("values.fdt"), floats_of(0..23)).unwrap();
    let short = refused_in(&recording("    path: s.set\n"), folder.path());
    assert!(short.contains("`values.fdt` has 92 bytes; 96 are due"), "{short}");
    std::fs::write(folder.path().join("values.fdt"), floats_of(0..24)).unwrap();
    let table = ran(&recording("    path: s.set\n"), folder.path()).table("x");
    let values = lists(&table, "values");
    assert_eq!((values[0][..3].to_vec(), values[1][..3].to_vec()), (vec![0.0, 2.0, 4.0], vec![1.0, 3.0, 5.0]));
    let cut = ran(&recording("    path: s.set\n    window: 40 ms\n"), folder.path()).table("x");
    assert_eq!(lists(&cut, "values")[2], values[0][4..8]);
}

#[test]
fn intensities_of_snirf_are_channels() {
    let folder = folder();
    let ran = ran(&recording("    path: intensities.snirf\n"), folder.path());
    assert_eq!(texts(&ran.table("x"), "channel"), ["S1_D1 760", "S1_D1 850"]);
    let told = events::read(&ran.output("x", 1)).unwrap();
    assert_eq!((told[0].onset_s, told[0].duration_s, told[0].value.as_str()), (0.3, Some(0.1), "go"));
}
