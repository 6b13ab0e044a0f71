//! Every reader of the store against a plain reference: random results that samples share, asked for in any order.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use lapicque_pipeline::{Action, Binding, NewAction, NewBatch, Output, OutputEntry, SampleError, Store, StoreError};
use lapicque_schemas::{Digest, Labels, TableSchema, content_digest};
use lapicque_store::ParquetStore;
use serde_json::json;

const SEEDS: u64 = 60;

/// Numbers without pattern (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

fn key(n: usize) -> Digest {
    Digest::of("key", &(n as u64).to_le_bytes())
}

/// The rows of an action: they name it, and number themselves.
fn rows(action: usize, output: usize, count: u64) -> RecordBatch {
    let names: ArrayRef = Arc::new(UInt32Array::from_iter_values((0..count).map(|_| (2 * action + output) as u32)));
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values((0..count).map(|row| row as f64 + 0.5)));
    RecordBatch::try_from_iter([("action", names), ("power.alpha", values)]).unwrap()
}

fn schema() -> TableSchema {
    TableSchema::free(rows(0, 0, 0).schema())
}

/// Actions of one or two outputs in random batches; the number of rows of each output of each.
fn filled(store: &ParquetStore, chance: &mut Chance) -> Vec<[u64; 2]> {
    let outputs = [Output::new("first", schema()), Output::new("second", schema())];
    let mut counts: Vec<[u64; 2]> = Vec::new();
    for _ in 0..1 + chance.below(4) {
        let mut actions = Vec::new();
        for _ in 0..1 + chance.below(8) {
            let count = [chance.below(4), chance.below(3)];
            let number = counts.len();
            counts.push(count);
            let tables = vec![rows(number, 0, count[0]), rows(number, 1, count[1])];
            let entry = |table: &RecordBatch| OutputEntry {
                rows: table.num_rows() as u64,
                content: content_digest(&table.schema(), std::slice::from_ref(table)).unwrap(),
                columns: None,
                kept: true,
            };
            let action = Action {
                outcome: Ok(tables.iter().map(entry).collect()),
                common: Digest([1; 16]),
                inputs: vec![key(number), key(number + 1)],
                notes: if number.is_multiple_of(3) { vec![format!("note {number}")] } else { Vec::new() },
                seconds: number as f64,
            };
            actions.push(NewAction { key: key(number), action, tables });
        }
        store.publish(&NewBatch { outputs: &outputs, common: &json!({"kind": "test"}), actions }).unwrap();
    }
    counts
}

/// Keys in an order in which neighbours, repetitions and jumps are all frequent.
fn asked(chance: &mut Chance, actions: usize) -> Vec<usize> {
    let mut asked = Vec::new();
    for _ in 0..chance.below(40) {
        let next = match (asked.last(), chance.below(3)) {
            (Some(&last), 0) => last,
            (Some(&last), 1) => (last + 1) % actions,
            _ => chance.below(actions as u64) as usize,
        };
        asked.push(next);
    }
    asked
}

fn columns(chance: &mut Chance) -> Option<Vec<String>> {
    let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    match chance.below(5) {
        0 => named(&["power.alpha"]),
        1 => named(&["power.alpha", "action"]),
        2 => named(&["action"]),
        3 => named(&[]),
        _ => None,
    }
}

fn project(table: &RecordBatch, columns: Option<&[String]>) -> RecordBatch {
    let Some(columns) = columns else {
        return table.clone();
    };
    let indices: Vec<usize> = columns.iter().map(|column| table.schema().index_of(column).unwrap()).collect();
    table.project(&indices).unwrap()
}

#[test]
fn rows_are_those_of_the_action_that_was_asked_for() {
    let mut wrong = Vec::new();
    for seed in 0..SEEDS {
        let mut chance = Chance(seed);
        let folder = tempfile::tempdir().unwrap();
        let mut store = ParquetStore::open(folder.path()).unwrap();
        let counts = filled(&store, &mut chance);
        for _ in 0..12 {
            if chance.below(3) == 0 {
                store = ParquetStore::open(folder.path()).unwrap();
            }
            let asked = asked(&mut chance, counts.len());
            let output = chance.below(2) as usize;
            let columns = columns(&mut chance);
            let keys: Vec<Digest> = asked.iter().map(|&action| key(action)).collect();
            let due: Vec<RecordBatch> = asked
                .iter()
                .map(|&action| project(&rows(action, output, counts[action][output]), columns.as_deref()))
                .collect();
            let read = store.read(output, &schema(), &keys, columns.as_deref()).unwrap();
            let whole = concat_batches(&project(&rows(0, 0, 0), columns.as_deref()).schema(), &due).unwrap();
            let joined = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                store.read_joined(output, &schema(), &keys, columns.as_deref()).unwrap()
            }));
            let of_each: Vec<u64> = asked.iter().map(|&action| counts[action][output]).collect();
            if read != due || joined.ok() != Some((whole, of_each)) {
                wrong.push(seed);
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "seeds {wrong:?}");
}

#[test]
fn what_is_known_of_actions_is_that_of_the_keys_in_their_order() {
    for seed in 0..SEEDS {
        let mut chance = Chance(seed);
        let folder = tempfile::tempdir().unwrap();
        let store = ParquetStore::open(folder.path()).unwrap();
        let counts = filled(&store, &mut chance);
        let failure = Action {
            outcome: Err(SampleError::input("too short")),
            common: Digest([1; 16]),
            inputs: Vec::new(),
            notes: Vec::new(),
            seconds: 0.0,
        };
        let failed = NewAction { key: key(counts.len()), action: failure, tables: Vec::new() };
        store.publish(&NewBatch { outputs: &[], common: &json!({"kind": "test"}), actions: vec![failed] }).unwrap();
        // One more is unknown.
        let asked = asked(&mut chance, counts.len() + 2);
        let keys: Vec<Digest> = asked.iter().map(|&action| key(action)).collect();
        let store = ParquetStore::open(folder.path()).unwrap();
        let (found, actions) = (store.find(&keys).unwrap(), store.actions(&keys).unwrap());
        for ((&number, found), action) in asked.iter().zip(found).zip(actions) {
            match counts.get(number) {
                Some(count) => {
                    let (found, action) = (found.unwrap(), action.unwrap());
                    assert_eq!([found.rows(0), found.rows(1)], count.map(Some), "seed {seed}");
                    assert_eq!(action.inputs, [key(number), key(number + 1)], "seed {seed}");
                    assert_eq!(action.seconds, number as f64, "seed {seed}");
                    assert_eq!(action.notes.is_empty(), !number.is_multiple_of(3), "seed {seed}");
                    let contents: Vec<Digest> = action.outcome.unwrap().iter().map(|entry| entry.content).collect();
                    assert_eq!([found.content(0).unwrap(), found.content(1).unwrap()], contents[..], "seed {seed}");
                }
                None if number == counts.len() => assert!(found.unwrap().failure().is_some() && action.is_some()),
                None => assert!(found.is_none() && action.is_none(), "seed {seed}"),
            }
        }
    }
}

#[test]
fn bindings_come_back_as_they_were_saved() {
    for seed in 0..SEEDS {
        let mut chance = Chance(seed);
        let folder = tempfile::tempdir().unwrap();
        let store = ParquetStore::open(folder.path()).unwrap();
        // Names of people, names that look like digests, and a mixture.
        let label = |chance: &mut Chance| match seed % 3 {
            0 => key(chance.below(9) as usize).to_string(),
            1 => format!("{:03}", chance.below(20)),
            _ if chance.below(2) == 0 => key(1).to_string().to_uppercase(),
            _ => String::new(),
        };
        let labels = |chance: &mut Chance| -> Labels { (0..chance.below(30)).map(|_| label(chance)).collect() };
        let samples = labels(&mut chance);
        let keys = (0..samples.len().max(1)).map(|n| (chance.below(3) > 0).then(|| key(n))).collect();
        let binding = Binding { samples, keys, positions: labels(&mut chance) };
        let digest = store.save_binding(&binding).unwrap();
        assert_eq!(ParquetStore::open(folder.path()).unwrap().binding(digest).unwrap(), binding, "seed {seed}");
    }
}

#[test]
fn a_column_whose_name_is_like_a_path_keeps_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let store = ParquetStore::open(folder.path()).unwrap();
    let counts = filled(&store, &mut Chance(1));
    let store = ParquetStore::open(folder.path()).unwrap();
    let wanted = ["power.alpha".to_owned()];
    for (number, count) in counts.iter().enumerate() {
        let table = store.read(0, &schema(), &[key(number)], Some(&wanted)).unwrap().remove(0);
        let due: Vec<f64> = (0..count[0]).map(|row| row as f64 + 0.5).collect();
        assert_eq!(table.column(0).as_primitive::<Float64Type>().values().to_vec(), due);
        let all = store.read(0, &schema(), &[key(number)], None).unwrap().remove(0);
        let names = all.column_by_name("action").unwrap().as_primitive::<UInt32Type>().values();
        assert!(names.iter().all(|&name| name == 2 * number as u32));
    }
}

#[test]
fn what_a_process_wrote_itself_is_not_computed_again_when_it_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = ParquetStore::open(folder.path()).unwrap();
    filled(&store, &mut Chance(3));
    assert!(store.find(&[key(0)]).unwrap()[0].is_some());
    for entry in std::fs::read_dir(folder.path().join("segments")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[10] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let read = |store: &ParquetStore| store.read(0, &schema(), &[key(0)], None).unwrap_err();
    // To another process it is damage, and the result counts as never computed.
    let other = ParquetStore::open(folder.path()).unwrap();
    assert!(matches!(read(&other), StoreError::Damaged { .. }));
    assert!(matches!(read(&other), StoreError::NotStored { .. }));
    assert!(other.find(&[key(0)]).unwrap()[0].is_none());
    let own = read(&store);
    assert!(matches!(own, StoreError::Unreadable { .. }) && own.to_string().contains("this run wrote it"), "{own}");
}

#[test]
fn the_inventory_tells_whether_anything_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = ParquetStore::open(folder.path()).unwrap();
    filled(&store, &mut Chance(4));
    let labels = Labels::from_iter(["a", "b"]);
    store
        .save_binding(&Binding { samples: labels, keys: vec![Some(key(0)), None], positions: Labels::default() })
        .unwrap();
    let whole = store.inventory().unwrap();
    assert_eq!(whole, ParquetStore::open(folder.path()).unwrap().inventory().unwrap());
    for kind in ["actions", "segments", "bindings", "labels"] {
        let path = std::fs::read_dir(folder.path().join(kind)).unwrap().next().unwrap().unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[1..]).unwrap();
        assert_ne!(store.inventory().unwrap(), whole, "{kind} cut");
        std::fs::remove_file(&path).unwrap();
        assert_ne!(store.inventory().unwrap(), whole, "{kind} gone");
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(store.inventory().unwrap(), whole, "{kind} back");
    }
}

#[test]
fn nothing_is_collected_while_a_run_of_the_same_process_is_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let store = ParquetStore::open(folder.path()).unwrap();
    filled(&store, &mut Chance(5));
    let at_work = store.work().unwrap();
    let collected = store.collect(1, false).unwrap();
    assert_eq!(collected.runners, 1);
    assert!(store.find(&[key(0)]).unwrap()[0].is_some());
    drop(at_work);
    // No run refers to it.
    assert_eq!(store.collect(1, false).unwrap().runners, 0);
    assert!(store.find(&[key(0)]).unwrap()[0].is_none());
}
