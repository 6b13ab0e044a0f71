//! `diff` tells every difference, and views name what they join.

use lapicque_query::Tolerance;
use lapicque_store::ParquetStore;
use serde_json::{Value, json};

use crate::sql_tables::rows_of;
use crate::support::{Lab, numbers, texts};

/// A run whose stage `t` has these rows of `k`, `x`.
fn run(lab: &Lab, rows: &str, key: &[&str], more: Value) -> lapicque_pipeline::RunRecord {
    let query = format!("SELECT k, x FROM (VALUES {rows}) AS v(k, x) CROSS JOIN p ORDER BY 1 = 2");
    let mut stages = json!({
        "p": {"kind": "parameters.list", "rows": [{"g": 1}]},
        "t": {"kind": "sql", "inputs": {"p": "p"}, "query": query, "key": key},
        "g": {"kind": "sql", "inputs": {"p": "p"}, "query": "SELECT g FROM p"},
    });
    stages.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let ran = lab.run(&json!({"lapicque": 1, "name": "differences", "stages": stages}));
    assert!(ran.record.ok, "{:?}", ran.failures());
    ran.record
}

/// Table, column, number of changes, place and both values of each row that `diff` tells.
fn told(lab: &Lab, a: &lapicque_pipeline::RunRecord, b: &lapicque_pipeline::RunRecord) -> Vec<String> {
    let store = ParquetStore::open(&lab.store_folder()).unwrap();
    let table = lapicque_query::diff(&store, a, b, None, &Tolerance::default()).unwrap();
    let row = |cells: Vec<String>| [0, 1, 4, 5, 6, 9, 10, 11].map(|i| cells[i].clone()).join("|");
    rows_of(&table).into_iter().map(row).collect()
}

#[test]
fn whole_numbers_are_compared_exactly() {
    let lab = Lab::new();
    let a = run(&lab, "('a', 9007199254740992), ('b', 5)", &["k"], json!({}));
    let b = run(&lab, "('a', 9007199254740993), ('b', 5)", &["k"], json!({}));
    assert_eq!(told(&lab, &a, &b), ["t|x|0|0|1|k=a|9007199254740992|9007199254740993"]);
}

#[test]
fn keys_may_be_null_empty_nan_and_repeated() {
    let lab = Lab::new();
    let a = run(&lab, "(NULL, 1), ('', 2), ('a', 3), ('a', 4), ('a row 2', 9)", &["k"], json!({}));
    let b = run(&lab, "('', 2), (NULL, 1), ('a', 3), ('a', 5), ('a row 2', 9)", &["k"], json!({}));
    assert_eq!(told(&lab, &a, &b), ["t|x|0|0|1|k=a row 2|4|5"], "the second row with this key");
    let swapped = run(&lab, "(NULL, 2), ('', 1), ('a', 3), ('a', 4), ('a row 2', 9)", &["k"], json!({}));
    assert_eq!(told(&lab, &a, &swapped).len(), 1, "NULL is not the empty text");
    assert!(told(&lab, &a, &swapped)[0].starts_with("t|x|0|0|2|k="));
    let nan = |x: i64| format!("(CAST('NaN' AS DOUBLE), {x}), (0.0, 2), (1.0, 3)");
    let (a, b) = (run(&lab, &nan(7), &["k"], json!({})), run(&lab, &nan(8), &["k"], json!({})));
    assert_eq!(told(&lab, &a, &b), ["t|x|0|0|1|k=NaN|7|8"]);
    let rows = run(&lab, "('a', 1), ('c', 1)", &["k"], json!({}));
    let other = run(&lab, "('a', 1), ('b', 1), ('d', 2)", &["k"], json!({}));
    assert_eq!(told(&lab, &rows, &other), ["t|NULL|1|2|NULL|NULL|NULL|NULL"]);
}

#[test]
fn null_is_no_number_and_lists_are_compared_item_by_item() {
    let lab = Lab::new();
    let a = run(&lab, "('a', [1.0, NULL]), ('b', [2.0, 3.0]), ('c', NULL)", &["k"], json!({}));
    let b = run(&lab, "('a', [1.0, 0.0]), ('b', [2.0, 3.0]), ('c', [1.0])", &["k"], json!({}));
    let rows = told(&lab, &a, &b);
    assert!(rows.len() == 1 && rows[0].starts_with("t|x|0|0|2|"), "{rows:?}");
    let a = run(&lab, "('a', NULL), ('b', CAST(NULL AS BIGINT))", &["k"], json!({}));
    let b = run(&lab, "('a', NULL), ('b', 0)", &["k"], json!({}));
    assert_eq!(told(&lab, &a, &b), ["t|x|0|0|1|k=b|NULL|0"]);
}

#[test]
fn what_only_one_run_has_and_what_is_not_kept_is_told() {
    let lab = Lab::new();
    let extra = |query: &str, keep: bool| {
        json!({
            "e": {"kind": "sql", "grain": "sample", "keep": keep, "inputs": {"p": "p"}, "query": query},
            "r": {"kind": "sql", "grain": "sample", "inputs": {"e": "e"}, "query": "SELECT sample, z > 0 AS h FROM e"},
        })
    };
    let plain = run(&lab, "('a', 1)", &["k"], json!({}));
    let kept = run(&lab, "('a', 1)", &["k"], extra("SELECT sample, g AS z FROM p", true));
    assert_eq!(told(&lab, &plain, &kept), ["e|(table)|0|0|1||absent|there", "r|(table)|0|0|1||absent|there"]);
    assert_eq!(told(&lab, &kept, &plain), ["e|(table)|0|0|1||there|absent", "r|(table)|0|0|1||there|absent"]);
    let column = run(&lab, "('a', 1)", &["k"], extra("SELECT sample, g AS z, 5 AS y FROM p", true));
    assert_eq!(told(&lab, &kept, &column), ["e|y|0|0|1||absent|there"]);
    let unkept = run(&lab, "('a', 1)", &["k"], extra("SELECT sample, g + 1 AS z FROM p", false));
    let other = run(&lab, "('a', 1)", &["k"], extra("SELECT sample, g + 2 AS z FROM p", false));
    let rows = told(&lab, &unkept, &other);
    assert!(rows.len() == 1 && rows[0].starts_with("e|(rows that are not kept)|0|0|1|sample="), "{rows:?}");
    assert!(told(&lab, &other, &other).is_empty());
}

#[test]
fn a_column_that_a_table_shares_with_its_parameters_is_the_tables() {
    let lab = Lab::new();
    let rows: Vec<Value> = (1..4).map(|x| json!({"x": x, "y": 10 * x})).collect();
    let ran = lab.run(&json!({"lapicque": 1, "name": "view", "stages": {
        "p": {"kind": "parameters.list", "rows": rows},
        "t": {"kind": "sql", "grain": "sample", "inputs": {"p": "p"}, "query": "SELECT sample, x * 100 AS x, y + 1 AS z FROM p"},
    }}));
    assert!(ran.record.ok);
    let store = ParquetStore::open(&lab.store_folder()).unwrap();
    let ask = |sql: &str| lapicque_query::query(&store, "view", sql).unwrap();
    let all = ask("SELECT * FROM t_with_parameters ORDER BY x");
    let names: Vec<String> = all.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["sample", "p__x", "y", "x", "z"]);
    assert_eq!((numbers(&all, "x"), numbers(&all, "p__x")), (vec![100, 200, 300], vec![1, 2, 3]));
    assert_eq!(texts(&ask("SELECT y FROM t_with_parameters WHERE x = 200"), "y"), ["20"]);
}
