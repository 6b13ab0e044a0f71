use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::TimeUnit;
use crate::delimited::Separator;

fn train(population: &str, unit: &str, times_ms: &[f64]) -> Train {
    Train { population: population.to_owned(), unit: unit.to_owned(), times_ms: times_ms.to_vec() }
}

fn options() -> GridOptions {
    GridOptions { resolution_ms: 0.1, ..GridOptions::default() }
}

#[test]
fn units_are_numbered_within_their_population_and_spikes_are_in_order() {
    let trains =
        [train("E", "10", &[0.3, 0.1]), train("I", "b", &[0.2]), train("E", "9", &[0.1]), train("I", "a", &[])];
    let grid = on_grid(&trains, &options()).unwrap();
    let neurons: Vec<_> = grid.populations.iter().map(|p| (p.name.as_str(), p.size, p.neurons.clone())).collect();
    let named = |names: [(u32, &str); 2]| names.map(|(number, name)| (number, name.to_owned())).to_vec();
    // Numbers by their size, names by their letters.
    assert_eq!(neurons, [("E", 2, named([(0, "9"), (1, "10")])), ("I", 2, named([(0, "a"), (1, "b")]))]);
    assert_eq!((grid.population, grid.neuron, grid.step), (vec![0, 0, 0, 1], vec![0, 1, 1, 1], vec![1, 1, 3, 2]));
    assert_eq!((grid.start_ms, grid.stop_ms), (0.0, 3.0 * 0.1));
    assert!(grid.rounding_ms < 1e-12);
}

#[test]
fn sizes_that_are_known_count_neurons_that_never_fired() {
    let sizes = vec![("E".to_owned(), 5), ("I".to_owned(), 2)];
    let trains = [train("E", "4", &[1.0]), train("E", "1", &[2.0])];
    let grid = on_grid(&trains, &GridOptions { sizes: sizes.clone(), ..options() }).unwrap();
    assert_eq!(grid.neuron, [4, 1]);
    assert_eq!(grid.populations.iter().map(|p| p.size).collect::<Vec<_>>(), [5, 2]);
    // Names that are no numbers below it are counted.
    let grid = on_grid(&[train("E", "7", &[1.0])], &GridOptions { sizes: sizes.clone(), ..options() }).unwrap();
    assert_eq!(grid.neuron, [0]);
    let many = ["a", "b", "c"].map(|unit| train("I", unit, &[1.0]));
    let error = on_grid(&many, &GridOptions { sizes, ..options() }).unwrap_err();
    assert_eq!(error.to_string(), "population `I` has 3 units in the file, but its size is 2");
}

#[test]
fn times_are_rounded_and_what_does_not_fit_is_refused_or_told() {
    let grid = on_grid(&[train("E", "0", &[0.14, 0.31, 99.96])], &options()).unwrap();
    assert_eq!(grid.step, [1, 3, 1000]);
    assert!((grid.rounding_ms - 0.04).abs() < 1e-9, "{}", grid.rounding_ms);
    let within = GridOptions { start_ms: Some(1.0), stop_ms: Some(5.0), ..options() };
    let grid = on_grid(&[train("E", "0", &[-3.0, 0.9, 1.0, 5.0, 5.1])], &within).unwrap();
    assert_eq!((grid.step, grid.outside, grid.start_ms, grid.stop_ms), (vec![10, 50], 3, 1.0, 5.0));
    let refused = |times: &[f64]| on_grid(&[train("E", "u", times)], &options()).unwrap_err().to_string();
    assert!(refused(&[1.0, -0.5]).starts_with("unit `u` has a spike at -0.5 ms, before the recording begins"));
    assert!(refused(&[f64::NAN]).contains("must be finite"));
    assert!(refused(&[1e9]).contains("a longer `resolution` is needed"));
    assert!(refused(&[0.52, 0.48]).starts_with("unit `u` fires twice in the step of 0.1 ms at 0.5 ms"));
    let merging = GridOptions { same_step: SameStep::Merge, ..options() };
    let grid = on_grid(&[train("E", "u", &[0.52, 0.48, 0.5]), train("E", "v", &[0.5])], &merging).unwrap();
    assert_eq!((grid.step, grid.merged), (vec![5, 5], 2));
    assert_eq!(on_grid(&[], &options()).unwrap_err(), GridError::NoInterval);
    assert_eq!(on_grid(&[train("E", "u", &[])], &options()).unwrap_err(), GridError::NoInterval);
    let silent = GridOptions { stop_ms: Some(10.0), ..options() };
    assert_eq!(on_grid(&[train("E", "u", &[])], &silent).unwrap().populations[0].size, 1);
    // A single spike at the start: an interval is not empty.
    assert_eq!(on_grid(&[train("E", "u", &[0.0])], &options()).unwrap().stop_ms, 0.1);
}

fn read(text: &str, separator: Separator) -> Result<(Trains, SpikeColumns, Vec<String>), SpikeTableError> {
    read_spike_table(Cursor::new(text), separator, |names| SpikeColumns::of(names, None, None, (None, None)), "all")
}

#[test]
fn columns_are_found_by_their_names() {
    let (trains, columns, _) =
        read("time_s,unit_id,population\n0.5,001,E\n0.25,1,I\n1,001,E\n", Separator::Comma).unwrap();
    assert_eq!((columns.time.as_str(), columns.unit_of_time), ("time_s", TimeUnit::Seconds));
    let [(name, trains)] = &trains.samples[..] else { panic!() };
    assert_eq!(name, "");
    assert_eq!(*trains, [train("E", "001", &[500.0, 1000.0]), train("I", "1", &[250.0])]);
    let (trains, ..) =
        read("sample\tspike_times_us\tgid\na\t1500\t3\nb\t2000\t3\na\t2500\t4\n", Separator::Tab).unwrap();
    assert_eq!(trains.samples[0], ("a".to_owned(), vec![train("all", "3", &[1.5]), train("all", "4", &[2.5])]));
    assert_eq!(trains.samples[1].0, "b");
    // Without a column of units there is one.
    assert_eq!(read("t_ms\n3\n1\n", Separator::Comma).unwrap().0.samples[0].1, [train("all", "0", &[3.0, 1.0])]);
    for (text, expected) in [
        ("unit,x\n1,2\n", "no column is one of times, such as `time_ms` (columns: unit, x)"),
        ("time_s,time_ms,unit\n1,2,3\n", "several columns of times: time_s, time_ms"),
        ("time,unit\n1,2\n", "the times of `time` have no unit; give `time_unit`"),
        ("time_s,unit\nsoon,2\n", "line 2, column `time_s`: `soon`; a time is a number"),
        ("time_s,unit\n,2\n", "line 2, column `time_s`: ``"),
        ("time_s,unit\ninf,2\n", "line 2"),
        ("time_s,unit\n1,\n", "line 2, column `unit`: ``; each spike is of one"),
        ("", "the file is empty"),
    ] {
        let error = read(text, Separator::Comma).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let of = |time: Option<&str>, unit: Option<TimeUnit>, column: Option<&str>| {
        SpikeColumns::of(&["time_s", "when", "who"], time, unit, (column, None)).map_err(|error| error.to_string())
    };
    let found = of(Some("when"), Some(TimeUnit::Nanoseconds), Some("who")).unwrap();
    assert_eq!((found.in_ms(5e6), found.unit.as_deref()), (5.0, Some("who")));
    assert!(of(Some("x"), None, None).unwrap_err().starts_with("it has no column `x`"));
    assert!(
        of(None, Some(TimeUnit::Milliseconds), None)
            .unwrap_err()
            .contains("`time_unit` is ms, but `time_s` ends with s")
    );
}

/// An array of doubles in C order.
fn npy(shape: &str, values: &[f64]) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[test]
fn arrays_hold_times_or_times_and_units() {
    let read = |bytes: Vec<u8>| read_spike_npy(&mut Cursor::new(bytes), TimeUnit::Seconds, "all");
    let trains = read(npy("(3,)", &[0.5, 0.25, 1.0])).unwrap();
    assert_eq!(trains.samples[0].1, [train("all", "0", &[500.0, 250.0, 1000.0])]);
    let trains = read(npy("(2, 3)", &[0.5, 0.25, 1.0, 7.0, 3.0, 7.0])).unwrap();
    assert_eq!(trains.samples[0].1, [train("all", "7", &[500.0, 1000.0]), train("all", "3", &[250.0])]);
    let error = read(npy("(3, 2)", &[0.0; 6])).unwrap_err().to_string();
    assert!(error.starts_with("the array has 3 rows; times alone, or times and numbers of units as 2 x n"), "{error}");
    let error = read(npy("(2, 1)", &[0.5, 0.5])).unwrap_err().to_string();
    assert!(error.starts_with("the second row has the number 0.5 at place 0"), "{error}");
    assert!(read(b"x".to_vec()).is_err());
}

proptest! {
    #[test]
    fn whole_steps_stay_what_they_are(steps in proptest::collection::btree_set(0_u32..1_000_000_000, 1..40), dt in prop::sample::select(vec![0.1, 0.05, 1.0, 0.125, 1.0 / 30.0])) {
        let times: Vec<f64> = steps.iter().map(|&step| f64::from(step) * dt).collect();
        let grid = on_grid(&[train("E", "0", &times)], &GridOptions { resolution_ms: dt, ..GridOptions::default() }).unwrap();
        prop_assert_eq!(&grid.step, &steps.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(grid.rounding_ms, 0.0);
    }

    #[test]
    fn any_bytes_are_trains_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "(time_s|unit|population|[0-9.,\n\t-]){0,40}") {
        let columns = |names: &[&str]| SpikeColumns::of(names, None, None, (None, None));
        drop(read_spike_table(Cursor::new(&bytes), Separator::Comma, columns, "all"));
        let read = read_spike_table(Cursor::new(format!("time_s,unit\n{text}")), Separator::Comma, columns, "all");
        if let Ok((trains, ..)) = read {
            for (_, trains) in &trains.samples {
                drop(on_grid(trains, &options()));
            }
        }
        drop(read_spike_npy(&mut Cursor::new(&bytes), TimeUnit::Seconds, "all"));
    }
}
