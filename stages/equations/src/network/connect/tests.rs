//! Against Brian2 (`tests/golden/equations/connect_patterns.json`) and exact distributions.

use lapicque_numerics::random::StreamKey;
use serde_json::Value as Json;

use super::{Pairs, connect, copies, expected_synapses};
use crate::engine::State;
use crate::network::context::{Connections, Context, Members};
use crate::network::description::Connect;
use crate::network::test_objects::{add_group, column, context, model};

const EQUATIONS: &str = "x : meter\ny = 2*x : meter\nspread : meter (shared)";

/// A way of connecting as a file has it.
fn way(text: &str) -> Connect {
    serde_json::from_str(text).unwrap()
}

/// Two groups of these sizes, `x` with the numbers of the neurons in metre.
fn groups<'a>(model: &'a crate::network::description::Model, sizes: [usize; 2]) -> (Context<'a>, Vec<State>) {
    let mut context = context(model, 1);
    let mut states = Vec::new();
    for (name, size) in ["pre", "post"].into_iter().zip(sizes) {
        add_group(&mut context, &mut states, name, EQUATIONS, size);
        column(&context, &mut states, name, "x").iter_mut().enumerate().for_each(|(i, x)| *x = i as f64);
        column(&context, &mut states, name, "spread")[0] = 20.0;
    }
    (context, states)
}

fn of(object: usize, size: usize) -> Members {
    Members { object, start: 0, stop: size as u32 }
}

/// Pairs of groups of these sizes, and how many were expected.
fn created(sizes: [usize; 2], ways: &[Connect], key: u8) -> (Result<Pairs, String>, Option<f64>) {
    let model = model("0.1*ms");
    let (context, mut states) = groups(&model, sizes);
    let (source, target) = (of(0, sizes[0]), of(1, sizes[1]));
    let expected = expected_synapses(&context, source, target, ways);
    let key = StreamKey::new([key; 16]);
    let pairs = connect(&context, "synapses.S", source, target, ways, &mut states, &key);
    (pairs.map_err(|error| error.to_string()), expected)
}

fn pairs(sizes: [usize; 2], text: &str, key: u8) -> Pairs {
    created(sizes, &[way(text)], key).0.unwrap()
}

fn refusal(sizes: [usize; 2], text: &str) -> String {
    created(sizes, &[way(text)], 1).0.unwrap_err()
}

fn numbers(values: &Json) -> Vec<u32> {
    values.as_array().unwrap().iter().map(|value| value.as_u64().unwrap() as u32).collect()
}

#[test]
fn patterns_are_those_of_brian2() {
    let text = include_str!("../../../../../tests/golden/equations/connect_patterns.json");
    let cases: Vec<Json> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 26);
    let mut refused = 0;
    for case in &cases {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let sizes = [size("N_pre"), size("N_post")];
        let described: Connect = serde_json::from_value(case["connect"].clone()).unwrap();
        let (found, expected) = created(sizes, &[described], 1);
        let name = &case["connect"];
        if case.get("error").is_some() {
            if name["i"] == "k for k in range(j*4, (j+1)*4)" {
                // Its own documentation has such generators; the version refuses them by mistake.
                let found = found.unwrap();
                let all: Vec<u32> = (0..20).collect();
                assert_eq!(found.i, all);
                assert_eq!(found.j, all.iter().map(|i| i / 4).collect::<Vec<_>>());
            } else {
                refused += 1;
                assert!(found.is_err(), "{name}");
            }
            continue;
        }
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.i, numbers(&case["i"]), "{name}");
        assert_eq!(found.j, numbers(&case["j"]), "{name}");
        assert_eq!(found.copy, numbers(&case["synapse_number"]), "{name}");
        assert_eq!(expected, Some(found.i.len() as f64), "{name}");
    }
    assert_eq!(refused, 9);
}

/// Counts of synapses over 40 keys, against mean and variance of the distribution (those of
/// `connect_probability_stats.json` lie within them as well).
#[test]
fn random_patterns_have_the_right_numbers() {
    let bernoulli = |p: f64| p * (1.0 - p);
    let near: Vec<f64> =
        (0..300).flat_map(|i: i32| (0..300).map(move |j: i32| (-f64::from((i - j).abs()) / 20.0).exp())).collect();
    let pairs_of = 1000.0 * 1000.0;
    for (sizes, text, mean, variance, of_brian2) in [
        ([1000, 1000], r#"{"p": 0.02}"#, 0.02 * pairs_of, bernoulli(0.02) * pairs_of, 19_926.0),
        ([500, 800], r#"{"condition": "i!=j", "p": 0.3}"#, 0.3 * 399_500.0, bernoulli(0.3) * 399_500.0, 119_840.0),
        (
            [300, 300],
            r#"{"p": "exp(-abs(i-j)/20.0)"}"#,
            near.iter().sum(),
            near.iter().map(|&p| bernoulli(p)).sum(),
            11_100.0,
        ),
        ([100, 1000], r#"{"j": "k for k in sample(N_post, size=50)"}"#, 5000.0, 0.0, 5000.0),
        ([100, 1000], r#"{"j": "k for k in sample(0, N_post, 2, p=0.1)"}"#, 5000.0, bernoulli(0.1) * 50_000.0, 5091.0),
        (
            [300, 300],
            r#"{"p": "exp(-abs(x_pre-x_post)/spread_post)"}"#,
            near.iter().sum(),
            near.iter().map(|&p| bernoulli(p)).sum(),
            11_100.0,
        ),
    ] {
        let mut sum = 0.0;
        for key in 0..40 {
            let (found, expected) = created(sizes, &[way(text)], key);
            let found = found.unwrap();
            let ascending = found.i.iter().zip(&found.j).collect::<Vec<_>>();
            assert!(ascending.windows(2).all(|two| two[0] < two[1]), "{text}: each pair once, in order");
            assert!(found.copy.iter().all(|&copy| copy == 0));
            let count = found.i.len() as f64;
            assert!((count - mean).abs() <= 5.0 * variance.sqrt(), "{text}: {count} {mean}");
            if let Some(expected) = expected {
                assert!((expected - mean).abs() <= 0.05 * mean, "{text}: {expected} {mean}");
            } else {
                assert!(text.contains("x_pre"), "{text}");
            }
            sum += count;
        }
        assert!((sum / 40.0 - mean).abs() <= 4.0 * (variance / 40.0).sqrt(), "{text}: {} {mean}", sum / 40.0);
        assert!((of_brian2 - mean).abs() <= 4.0 * variance.sqrt(), "{text}");
    }
}

/// Which pairs are taken is independent between pairs: of 12 pairs, over 20 000 keys, each alone and each two together.
#[test]
fn pairs_are_taken_independently() {
    for (text, p) in [
        (r#"{"p": 0.3}"#, 0.3),
        (r#"{"p": "0.3 + 0*i"}"#, 0.3),
        (r#"{"condition": "rand() < 0.3"}"#, 0.3),
        (r#"{"j": "k for k in sample(N_post, p=0.3)"}"#, 0.3),
        (r#"{"condition": "i >= 0", "p": 0.3}"#, 0.3),
        (r#"{"j": "k for k in sample(N_post, size=2)"}"#, 0.5),
    ] {
        let model = model("0.1*ms");
        let (context, mut states) = groups(&model, [3, 4]);
        let trials = 3000;
        let mut alone = [0.0; 12];
        let mut together = [[0.0; 12]; 12];
        for trial in 0..trials {
            let key = StreamKey::new([7; 16]).derive(&trial.to_string());
            let found = connect(&context, "S", of(0, 3), of(1, 4), &[way(text)], &mut states, &key).unwrap();
            let taken: Vec<usize> = found.i.iter().zip(&found.j).map(|(i, j)| (4 * i + j) as usize).collect();
            for &a in &taken {
                alone[a] += 1.0;
                taken.iter().for_each(|&b| together[a][b] += 1.0);
            }
        }
        let trials = f64::from(trials);
        for a in 0..12 {
            let share = alone[a] / trials;
            assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / trials).sqrt(), "{text}: {a} {share}");
            for b in (0..12).filter(|&b| b != a) {
                // Two of four without replacement are both taken with 1/6.
                let both = if text.contains("size") && a / 4 == b / 4 { 1.0 / 6.0 } else { p * p };
                let share = together[a][b] / trials;
                assert!((share - both).abs() < 5.5 * (both * (1.0 - both) / trials).sqrt(), "{text}: {a} {b} {share}");
            }
        }
    }
}

#[test]
fn variables_of_both_sides_decide() {
    let found = pairs([6, 5], r#"{"condition": "y_pre == x_post"}"#, 1);
    assert_eq!((found.i, found.j), (vec![0, 1, 2], vec![0, 2, 4]));
    let found = pairs([4, 9], r#"{"j": "k for k in range(int(y_pre/meter), N_post, 3) if x_post > 2*meter"}"#, 1);
    assert_eq!(found.i, [0, 0, 1, 1, 2, 2, 3]);
    assert_eq!(found.j, [3, 6, 5, 8, 4, 7, 6]);
    let found = pairs([4, 4], r#"{"i": "j - 1", "skip_if_invalid": true, "n": "i + j"}"#, 1);
    assert_eq!(found.i, [0, 1, 1, 1, 2, 2, 2, 2, 2]);
    assert_eq!(found.j, [1, 2, 2, 2, 3, 3, 3, 3, 3]);
    assert_eq!(found.copy, [0, 0, 1, 2, 0, 1, 2, 3, 4]);
}

#[test]
fn parts_are_counted_from_their_start() {
    let model = model("0.1*ms");
    let (context, mut states) = groups(&model, [8, 8]);
    let (source, target) = (Members { object: 0, start: 3, stop: 6 }, Members { object: 1, start: 5, stop: 8 });
    let key = StreamKey::new([1; 16]);
    let ways = [way(r#"{"condition": "x_pre + 2*meter == x_post and N_pre == 3 and i == j"}"#)];
    let found = connect(&context, "S", source, target, &ways, &mut states, &key).unwrap();
    assert_eq!((found.i, found.j), (vec![0, 1, 2], vec![0, 1, 2]));
}

#[test]
fn several_ways_come_one_after_the_other() {
    let ways = [way(r#"{"condition": "i == j"}"#), way(r#"{"i": 1, "j": [2, 1, 1]}"#), way(r#"{"j": "i"}"#)];
    let (found, expected) = created([3, 3], &ways, 1);
    let found = found.unwrap();
    assert_eq!(found.i, [0, 1, 2, 1, 1, 1, 0, 1, 2]);
    assert_eq!(found.j, [0, 1, 2, 2, 1, 1, 0, 1, 2]);
    assert_eq!(found.copy, [0, 0, 0, 0, 1, 2, 1, 3, 1]);
    assert_eq!(expected, Some(9.0));
    // The draws of two ways differ.
    let both = created([200, 200], &[way(r#"{"p": 0.5}"#), way(r#"{"p": 0.5}"#)], 1).0.unwrap();
    let twice = both.copy.iter().filter(|&&copy| copy == 1).count() as f64;
    assert!((twice - 10_000.0).abs() < 5.0 * 7500.0_f64.sqrt(), "{twice}");
}

#[test]
fn pairs_without_the_diagonal_are_numbered_without_it() {
    for sizes in [[1, 1], [1, 4], [4, 1], [5, 5], [3, 6], [6, 3]] {
        let fast = pairs(sizes, r#"{"condition": "j != i"}"#, 1);
        let computed = pairs(sizes, r#"{"condition": "not (i == j)"}"#, 1);
        assert_eq!(fast, computed, "{sizes:?}");
        assert_eq!(fast.i.len(), sizes[0] * sizes[1] - sizes[0].min(sizes[1]));
    }
}

#[test]
fn a_table_gives_pairs_and_weights() {
    let model = model("0.1*ms");
    let (mut context, mut states) = groups(&model, [3, 4]);
    let connections = Connections { sources: vec![2, 0, 2], targets: vec![3, 1, 3], weights: vec![0.5, -1.0, 2.0] };
    let ways = [way(r#"{"condition": "i == j"}"#), way(r#"{"table": {"weight": "w", "unit": "mV"}}"#)];
    let run = |context: &Context<'_>, states: &mut Vec<State>, ways: &[Connect]| {
        let found = connect(context, "S", of(0, 3), of(1, 4), ways, states, &StreamKey::new([1; 16]));
        found.map_err(|error| error.to_string())
    };
    let error = run(&context, &mut states, &ways).unwrap_err();
    assert_eq!(error, "S.connect[1].table: there is no table `connectivity`");
    context.connections = Some(&connections);
    let found = run(&context, &mut states, &ways).unwrap();
    assert_eq!((found.i, found.j), (vec![0, 1, 2, 2, 0, 2], vec![0, 1, 2, 3, 1, 3]));
    assert_eq!(found.copy, [0, 0, 0, 0, 0, 1]);
    let [weights] = found.weights.as_slice() else { panic!("one column of weights") };
    assert_eq!((weights.variable.as_str(), weights.first), ("w", 3));
    assert_eq!(weights.values, [0.5e-3, -1e-3, 2e-3]);
    assert_eq!(expected_synapses(&context, of(0, 3), of(1, 4), &ways), Some(6.0));
    let wrong = [
        (
            Connections { targets: vec![3, 4, 0], ..connections.clone() },
            "S.connect[1].table: j = 4 in row 1: the part has 4 neurons, counted from 0",
        ),
        (
            Connections { targets: vec![3], ..connections.clone() },
            "S.connect[1].table: 1 targets: one for each of 3 sources",
        ),
        (
            Connections { weights: vec![1.0], ..connections.clone() },
            "S.connect[1].table.weight: 1 weights: one for each of 3 rows",
        ),
        (
            Connections { weights: vec![1.0, f64::NAN, 1.0], ..connections.clone() },
            "S.connect[1].table.weight: NaN in row 1: finite numbers",
        ),
    ];
    for (connections, message) in &wrong {
        context.connections = Some(connections);
        assert_eq!(run(&context, &mut states, &ways).unwrap_err(), *message);
    }
}

#[test]
fn copies_are_counted_for_each_pair() {
    assert_eq!(copies(&[1, 0, 1, 1, 0], &[2, 2, 2, 1, 2]), [0, 0, 1, 0, 1]);
    assert!(copies(&[], &[]).is_empty());
}

#[test]
fn billions_of_pairs_are_thinned_and_too_many_synapses_refused() {
    let found = pairs([100_000, 30_000], r#"{"p": 1e-6}"#, 1);
    assert!((found.i.len() as f64 - 3000.0).abs() < 5.0 * 3000.0_f64.sqrt(), "{}", found.i.len());
    let found = pairs([100_000, 30_000], r#"{"p": 1e-6, "condition": "i > j"}"#, 1);
    // Of 3e9 pairs 1e5 x 3e4 - (3e4)^2/2 have i > j.
    assert!((found.i.len() as f64 - 2550.0).abs() < 5.0 * 2550.0_f64.sqrt(), "{}", found.i.len());
    let found = pairs([2_000_000, 3_000_000], r#"{"p": 1e-10}"#, 1);
    assert!((found.i.len() as f64 - 600.0).abs() < 5.0 * 600.0_f64.sqrt(), "{}", found.i.len());
    let error = refusal([100_000, 30_000], r#"{"p": 0.4}"#);
    let expected =
        "synapses.S.connect[0]: this needs about 76800 MB for 1200000000 synapses (expected), and 16000 MB are allowed";
    assert_eq!(error, expected);
    let error = refusal([100_000, 100_000], r#"{"n": 4000000000, "condition": "i == j"}"#);
    assert!(error.contains("are allowed"), "{error}");
    let error = refusal([10, 100_000], r#"{"j": "k for k in range(N_post) if k == 5", "n": 400000000}"#);
    assert!(error.contains("synapses (or more), and 16000 MB are allowed"), "{error}");
    let error = refusal([1_000_000, 1_000_000], r#"{"condition": "i > j"}"#);
    assert!(error.contains("at most 10000000000 pairs are looked at"), "{error}");
}

#[test]
fn ways_that_mean_nothing_are_refused() {
    for (text, message) in [
        (r#"{"j": "i"}"#, "j: j = 4 for i = 4: j is a number from 0 to 3; `skip_if_invalid: true` leaves others out"),
        (r#"{"j": "i - 1"}"#, "j: j = -1 for i = 0: j is a number from 0 to 3"),
        (r#"{"i": "j + 4"}"#, "i: i = 6 for j = 2: i is a number from 0 to 5"),
        (r#"{"j": "i/2"}"#, "j: j = 0.5 for i = 1: j is a whole number; `int(...)` and `//` make one"),
        (r#"{"j": "i/2", "skip_if_invalid": true}"#, "j: j = 0.5 for i = 1: j is a whole number"),
        (r#"{"j": "0/i"}"#, "j: j = NaN for i = 0: j is a whole number"),
        (r#"{"j": "k for k in range(6) if x_post >= 0*meter"}"#, "j: j = 4 for i = 0: j is a number from 0 to 3"),
        (r#"{"j": "j"}"#, "j: `j`: a generator of j is made of i and what belongs to it"),
        (r#"{"j": "k for k in range(int(x_post/meter))"}"#, "j: `x_post`: a generator of j is made of i"),
        (r#"{"i": "int(x_pre/meter)"}"#, "i: `x_pre`: a generator of i is made of j"),
        (r#"{"j": "k for k in range(i/2)"}"#, "j: the end of the range is 0.5 for i = 1: a whole number"),
        (r#"{"j": "k for k in range(0, 4, i)"}"#, "j: the step of the range is 0 for i = 0: any other number"),
        (r#"{"j": "k for k in range(10**10)"}"#, "j: a range of 10000000000 numbers for i = 0: at most 4294967295"),
        (
            r#"{"j": "k for k in sample(N_post, size=i)"}"#,
            "j: size = 5 for i = 5: a whole number from 0 to 4, which is how many there are",
        ),
        (r#"{"j": "k for k in sample(N_post, p=0/i)"}"#, "j: p is NaN for i = 0: a number"),
        (r#"{"j": "k for k in foo(3)"}"#, "j: "),
        (r#"{"j": "x_pre"}"#, "j: "),
        (r#"{"j": "t/ms"}"#, "j: "),
        (r#"{"i": [0, 1], "j": "i"}"#, "i: a generator stands alone"),
        (r#"{"i": "j", "j": "i"}"#, "i: a generator stands alone"),
        (r#"{"i": [0, 1]}"#, "i: a list of `i` needs one of `j`"),
        (r#"{"j": [0, 1]}"#, "j: a list of `j` needs one of `i`"),
        (r#"{"i": [0, 1], "j": [0, 1, 2]}"#, "i: 2 numbers: as many as `j`, which has 3, or one"),
        (r#"{"i": [0, 6], "j": 1}"#, "i: 6 (number 1 of the list): the part has 6 neurons, counted from 0"),
        (r#"{"i": [0, 1], "j": [-1, 0]}"#, "j: -1 (number 0 of the list): the part has 4 neurons, counted from 0"),
        (r#"{"i": 0, "j": 1, "p": 0.5}"#, "p: it cannot be together with `i` or `j`"),
        (r#"{"j": "i", "p": 0.5}"#, "p: it cannot be together with `i` or `j`"),
        (r#"{"condition": "i < j", "j": "i"}"#, "condition: it cannot be together with `i` or `j`"),
        (
            r#"{"condition": "k for k in range(3)"}"#,
            "condition: a generator is no condition; it stands at `j`, or at `i`",
        ),
        (r#"{"condition": "i"}"#, "condition: "),
        (r#"{"condition": "i <"}"#, "condition: "),
        (r#"{"condition": "x_pre > 1"}"#, "condition: "),
        (r#"{"condition": "z_pre > 1"}"#, "condition: "),
        (r#"{"p": 1.5}"#, "p: 1.5: a probability from 0 to 1"),
        (r#"{"p": -0.5}"#, "p: -0.5: a probability from 0 to 1"),
        (r#"{"p": "i == j"}"#, "p: "),
        (r#"{"p": "0.0*i/j"}"#, "p: NaN for i = 0 and j = 0: a number"),
        (r#"{"n": -1}"#, "n: -1: a whole number from 0 to 4294967295; `int(...)` makes one of another"),
        (r#"{"n": 1.5}"#, "n: 1.5: a whole number from 0"),
        (r#"{"n": "i/2"}"#, "n: 0.5 for i = 1 and j = 0: a whole number from 0"),
        (r#"{"n": "i - 1"}"#, "n: -1 for i = 0 and j = 0: a whole number from 0"),
        (r#"{"skip_if_invalid": true}"#, "skip_if_invalid: it is for generators of `i` or `j` alone"),
        (r#"{"table": {}, "p": 0.5}"#, "table: a table has all pairs"),
    ] {
        let found = refusal([6, 4], text);
        let expected = format!("synapses.S.connect[0].{message}");
        assert!(found.starts_with(&expected), "{text}: {found}");
    }
}
