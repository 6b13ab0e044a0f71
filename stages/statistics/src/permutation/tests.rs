use super::*;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/statistics/tests.json");

fn settings(permutations: u64) -> Settings<'static> {
    Settings { permutations, stream: StreamKey::new([7; 16]), cancelled: &|| false, progress: &|_| {} }
}

fn golden() -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap()
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Channels of seven units of a first group and six of a second.
fn groups(golden: &serde_json::Value) -> (Vec<Vec<f64>>, Vec<bool>) {
    let rows = golden["first"].as_array().unwrap().iter().zip(golden["second"].as_array().unwrap());
    let rows = rows.map(|(first, second)| [numbers(first), numbers(second)].concat()).collect();
    (rows, (0..13).map(|unit| unit < 7).collect())
}

fn assert_exact(found: &Tested, expected: &serde_json::Value, t: &serde_json::Value) {
    assert!(found.exact);
    assert_eq!(Some(found.labellings), expected["permutations"].as_u64());
    for (test, outcome) in found.tests.iter().enumerate() {
        assert!((outcome.t / numbers(&t[test])[0] - 1.0).abs() < 1e-10, "{outcome:?}");
        assert!((outcome.p - numbers(&expected["p"])[test]).abs() < 1e-12, "{outcome:?} {expected}");
        assert!((outcome.p_corrected - numbers(&expected["p_max"])[test]).abs() < 1e-12, "{outcome:?} {expected}");
    }
}

#[test]
fn all_labellings_give_the_shares_of_an_enumeration_with_scipy() {
    let golden = golden();
    let (rows, first) = groups(&golden);
    let pooled = two_groups(&rows, &first, Variances::Pooled, &settings(10_000)).unwrap();
    assert_exact(&pooled, &golden["exact_pooled"], &golden["pooled"]);
    let welch = two_groups(&rows, &first, Variances::Separate, &settings(1716)).unwrap();
    assert_exact(&welch, &golden["exact_welch"], &golden["welch"]);
    let differences: Vec<Vec<f64>> = rows.iter().map(|row| (0..6).map(|i| row[i] - row[7 + i]).collect()).collect();
    let paired = pairs(&differences, &settings(64)).unwrap();
    assert_exact(&paired, &golden["exact_paired"], &golden["paired"]);
}

/// Within four standard errors of the exact shares, and never zero.
#[test]
fn drawn_labellings_come_near_the_exact_shares() {
    let golden = golden();
    let (rows, first) = groups(&golden);
    let drawn = two_groups(&rows, &first, Variances::Pooled, &settings(1500)).unwrap();
    assert!(!drawn.exact);
    assert_eq!(drawn.labellings, 1501);
    for (test, outcome) in drawn.tests.iter().enumerate() {
        for (found, expected) in [(outcome.p, "p"), (outcome.p_corrected, "p_max")] {
            let exact = numbers(&golden["exact_pooled"][expected])[test];
            assert!((found - exact).abs() < 4.0 * (exact * (1.0 - exact) / 1500.0).sqrt() + 1.0 / 1500.0);
            assert!(found >= 1.0 / 1501.0);
        }
        assert!(outcome.p_corrected >= outcome.p);
    }
}

/// The smallest p there is: one of all labellings, or two where groups are equally large and exchange changes the sign alone.
#[test]
fn clear_differences_have_the_smallest_p_there_is() {
    let row = vec![10.0, 11.0, 12.0, 0.0, 1.0, 2.5];
    let first = [true, true, true, false, false, false];
    let tested = two_groups(&[row], &first, Variances::Pooled, &settings(100)).unwrap();
    assert_eq!((tested.labellings, tested.tests[0].p), (20, 0.1));
    let drawn = two_groups(
        &[(0..40).map(f64::from).collect()],
        &(0..40).map(|i| i < 20).collect::<Vec<_>>(),
        Variances::Separate,
        &settings(500),
    )
    .unwrap();
    assert_eq!(drawn.tests[0].p, 1.0 / 501.0);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let golden = golden();
    let (rows, first) = groups(&golden);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| two_groups(&rows, &first, Variances::Separate, &settings(700)).unwrap())
    };
    assert_eq!(on(1), on(3));
}

/// Rounding makes no spread of equal values: 0.1 three times, 1e9 and 1e-9.
#[test]
fn tests_without_spread_have_no_p_and_disturb_no_other() {
    let golden = golden();
    let (mut rows, first) = groups(&golden);
    let alone = two_groups(&rows, &first, Variances::Pooled, &settings(10_000)).unwrap();
    rows.push(vec![0.1; 13]);
    rows.push(vec![f64::NAN; 13]);
    let with = two_groups(&rows, &first, Variances::Pooled, &settings(10_000)).unwrap();
    assert_eq!(with.tests[..4], alone.tests[..]);
    for test in &with.tests[4..] {
        assert!(test.t.is_nan() && test.p.is_nan() && test.p_corrected.is_nan());
    }
    assert_eq!((with.tests[4].n, with.tests[5].n), (7, 0));
}

#[test]
fn a_missing_value_is_left_out_of_its_own_test() {
    let golden = golden();
    let (mut rows, first) = groups(&golden);
    let whole = two_groups(&rows, &first, Variances::Pooled, &settings(10_000)).unwrap();
    rows[1][3] = f64::NAN;
    let missing = two_groups(&rows, &first, Variances::Pooled, &settings(10_000)).unwrap();
    assert_eq!((missing.tests[1].n, missing.tests[1].n_control), (6, 6));
    assert_eq!(missing.tests[0].p, whole.tests[0].p);
    let kept: Vec<f64> = rows[1].iter().copied().filter(|x| !x.is_nan()).collect();
    let alone = two_groups(&[kept], &[[true; 6], [false; 6]].concat(), Variances::Pooled, &settings(10_000)).unwrap();
    assert!((alone.tests[0].t / missing.tests[1].t - 1.0).abs() < 1e-12);
}

/// Where four of eight units have a value, about half of the labellings leave a group with fewer than two of them.
#[test]
fn labellings_without_a_statistic_count_against_the_test() {
    let sparse = vec![5.0, 5.1, f64::NAN, f64::NAN, 0.1, 0.0, f64::NAN, f64::NAN];
    let full = vec![1.0, 2.0, 3.0, 4.5, 2.0, 2.5, 3.5, 1.5];
    let first: Vec<bool> = (0..8).map(|unit| unit < 4).collect();
    let tested = two_groups(&[sparse, full], &first, Variances::Pooled, &settings(100)).unwrap();
    // 70 labellings; two of four values are in the first group in 36, and in 12 of these as observed or exchanged.
    assert_eq!(tested.tests[0].p, f64::from(70 - 36 + 12) / 70.0);
    assert!(tested.tests.iter().all(|test| test.p_corrected >= test.p));
}

#[test]
fn groups_of_one_and_none_have_no_statistic() {
    for first in [[true, false, false, false], [false; 4], [true; 4]] {
        let tested = two_groups(&[vec![1.0, 2.0, 3.0, 5.0]], &first, Variances::Pooled, &settings(100)).unwrap();
        assert!(tested.tests[0].t.is_nan() && tested.tests[0].p.is_nan(), "{tested:?}");
    }
    assert!(pairs(&[vec![1.0]], &settings(10)).unwrap().tests[0].p.is_nan());
    assert!(pairs(&[], &settings(10)).unwrap().tests.is_empty());
}

/// Four equal differences: two of sixteen flips give such a t, which is infinite.
#[test]
fn pairs_that_all_differ_by_the_same_are_a_result() {
    let tested = pairs(&[vec![0.3; 4], vec![0.0; 4]], &settings(100)).unwrap();
    assert_eq!((tested.tests[0].t, tested.tests[0].p), (f64::INFINITY, 0.125));
    assert!(tested.tests[1].p.is_nan());
}

#[test]
fn a_large_offset_changes_no_share() {
    let golden = golden();
    let (rows, first) = groups(&golden);
    let far: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|x| x + 1e8).collect()).collect();
    let near = two_groups(&rows, &first, Variances::Pooled, &settings(10_000)).unwrap();
    let far = two_groups(&far, &first, Variances::Pooled, &settings(10_000)).unwrap();
    for (near, far) in near.tests.iter().zip(&far.tests) {
        assert!((near.t / far.t - 1.0).abs() < 1e-6);
        assert_eq!((near.p, near.p_corrected), (far.p, far.p_corrected));
    }
}

#[test]
fn combinations_are_each_there_once() {
    let all: std::collections::BTreeSet<Vec<usize>> = (0..35).map(|index| combination(7, 3, index)).collect();
    assert_eq!(all.len(), 35);
    assert_eq!((binomial(7, 3), binomial(200, 100), binomial(5, 6)), (Some(35), None, None));
    assert_eq!(combination(4, 4, 0), [0, 1, 2, 3]);
}

#[test]
fn what_is_cancelled_gives_nothing() {
    let stop = Settings { cancelled: &|| true, ..settings(1000) };
    let row = vec![(0..30).map(f64::from).collect()];
    let first: Vec<bool> = (0..30).map(|i| i % 2 == 0).collect();
    assert_eq!(two_groups(&row, &first, Variances::Pooled, &stop), Err(Cancelled));
}
