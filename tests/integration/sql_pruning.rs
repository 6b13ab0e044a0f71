//! What is not read because a query names samples, runs or a LIMIT makes no difference to the answer.

use lapicque_store::ParquetStore;
use serde_json::json;

use crate::sql_tables::{registry, rows_of, ugly_stages};
use crate::support::{Chance, Lab, texts};

/// A condition on the samples of `t` and on its other columns, `{s}` for a label.
fn condition(chance: &mut Chance, t: &str, labels: &[String], depth: usize) -> String {
    let label = |chance: &mut Chance| match chance.below(6) {
        0 => "nobody".to_owned(),
        _ => chance.pick(labels),
    };
    let (one, other) = (label(chance), label(chance));
    match chance.below(if depth > 0 { 18 } else { 12 }) {
        0 | 1 => format!("{t}.sample = '{one}'"),
        2 => format!("'{one}' = {t}.sample"),
        3 => format!("{t}.sample IN ('{one}', '{other}')"),
        4 => format!("{t}.sample IN ('{one}', NULL)"),
        5 => format!("{t}.sample NOT IN ('{one}', '{other}')"),
        6 => format!("{t}.sample <> '{one}'"),
        7 => format!("{t}.sample >= '{one}'"),
        8 => format!("{t}.k > 0"),
        9 => format!("{t}.v IS NULL"),
        10 => format!("{t}.sample = CAST('{one}' AS VARCHAR)"),
        11 => format!("upper({t}.sample) = '{one}' OR {t}.sample LIKE '{}%'", &one[..1]),
        12 | 13 => {
            format!("({} AND {})", condition(chance, t, labels, depth - 1), condition(chance, t, labels, depth - 1))
        }
        14 | 15 => {
            format!("({} OR {})", condition(chance, t, labels, depth - 1), condition(chance, t, labels, depth - 1))
        }
        16 => format!("NOT ({})", condition(chance, t, labels, depth - 1)),
        _ => format!(
            "CASE WHEN {} THEN {} ELSE {t}.sample = '{one}' END",
            condition(chance, t, labels, depth - 1),
            condition(chance, t, labels, depth - 1)
        ),
    }
}

/// A query on `a` and `b`, whose names stand in braces.
fn query(chance: &mut Chance, labels: &[String]) -> String {
    let mut on = |t: &str| condition(chance, t, labels, 2);
    let (first, second, third) = (on("x"), on("y"), on("x"));
    let limit = format!("LIMIT {} OFFSET {}", chance.below(9), chance.below(4));
    match chance.below(14) {
        0 => format!("SELECT * FROM {{a}} x WHERE {first}"),
        1 => format!("SELECT count(*), sum(x.u), max(x.v) FROM {{a}} x WHERE {first}"),
        2 => format!(
            "SELECT x.sample, x.u, y.u FROM {{a}} x JOIN {{a}} y ON x.sample = y.sample WHERE {first} AND {second}"
        ),
        3 => format!(
            "SELECT x.sample, x.u, y.u FROM {{a}} x LEFT JOIN {{b}} y ON x.sample = y.sample AND {second} WHERE {first}"
        ),
        4 => format!(
            "SELECT x.sample, y.sample FROM {{a}} x FULL JOIN {{b}} y ON x.sample = y.sample AND {second} WHERE {first}"
        ),
        5 => {
            format!("SELECT x.sample, y.sample FROM {{a}} x RIGHT JOIN {{b}} y ON x.u = y.u AND {first} WHERE {second}")
        }
        6 => {
            format!("SELECT x.sample FROM {{a}} x WHERE {first} UNION ALL SELECT y.sample FROM {{a}} y WHERE {second}")
        }
        7 => format!(
            "SELECT x.sample, x.u FROM {{a}} x WHERE {first} EXCEPT SELECT y.sample, y.u FROM {{a}} y WHERE {second}"
        ),
        8 => format!(
            "SELECT x.sample, x.u FROM {{a}} x WHERE {first} AND x.u IN (SELECT y.u FROM {{a}} y WHERE {second})"
        ),
        9 => format!("SELECT x.sample, x.u, x.v FROM {{a}} x {limit}"),
        10 => format!("SELECT * FROM (SELECT x.sample, x.u FROM {{a}} x {limit}) x WHERE {first}"),
        11 => format!("SELECT x.sample, y.u FROM {{a}} x JOIN (SELECT * FROM {{a}} {limit}) y ON x.sample = y.sample"),
        12 => format!(
            "SELECT x.sample, (SELECT count(*) FROM {{a}} y WHERE {second}) AS n FROM {{b}} x WHERE {first} {limit}"
        ),
        _ => format!(
            "WITH q AS (SELECT * FROM {{a}} x WHERE {first}) SELECT x.sample, count(*) FROM q x WHERE {third} GROUP BY x.sample"
        ),
    }
}

#[test]
fn samples_and_limits_that_are_named_change_no_answer() {
    let rounds = if std::env::var_os("LAPICQUE_LONG_TESTS").is_some() { 3000 } else { 200 };
    let lab = Lab::with_kinds(registry);
    let mut stages = ugly_stages(7, 7, 6);
    // Tables of which nothing is left out, as they do not belong to samples.
    stages["whole_a"] = json!({"kind": "sql", "inputs": {"a": "a"}, "query": "SELECT * FROM a ORDER BY u < 0"});
    stages["whole_b"] = json!({"kind": "sql", "inputs": {"b": "b"}, "query": "SELECT * FROM b ORDER BY u < 0"});
    let ran = lab.run(&json!({"lapicque": 1, "name": "pruning", "stages": stages}));
    assert!(ran.record.ok, "{:?}", ran.failures());
    let store = ParquetStore::open(&lab.store_folder()).unwrap();
    let ask = |sql: &str| lapicque_query::query(&store, "pruning", sql).map_err(|error| error.to_string());
    let mut labels = texts(&ask("SELECT sample FROM p").unwrap(), "sample");
    assert_eq!(rows_of(&ask("SELECT * FROM a").unwrap()), rows_of(&ask("SELECT * FROM whole_a").unwrap()));
    labels.push("1".to_owned());
    let mut some = 0;
    for seed in 0..rounds {
        let sql = query(&mut Chance(seed), &labels);
        let (pruned, whole) =
            (sql.replace("{a}", "a").replace("{b}", "b"), sql.replace("{a}", "whole_a").replace("{b}", "whole_b"));
        let (pruned, whole) = (ask(&pruned), ask(&whole));
        let rows = |answer: &Result<_, String>| answer.as_ref().map(rows_of).map_err(Clone::clone);
        assert_eq!(rows(&pruned), rows(&whole), "{sql}");
        some += usize::from(pruned.is_ok_and(|answer| answer.num_rows() > 0));
    }
    assert!(some > rounds as usize / 3, "{some} of {rounds} answers have rows");
}

#[test]
fn runs_and_stages_that_are_named_change_no_answer() {
    let lab = Lab::with_kinds(registry);
    let mut stages = ugly_stages(8, 4, 3);
    // Two stages that share all results.
    for name in ["one", "two"] {
        stages[name] = json!({"kind": "sql", "grain": "sample", "inputs": {"a": "a"}, "query": "SELECT sample, count(*) AS n FROM a GROUP BY sample"});
    }
    let first = lab.run(&json!({"lapicque": 1, "name": "pruning", "stages": stages})).record.id;
    stages["two"]["query"] = json!("SELECT sample, max(u) AS n FROM a GROUP BY sample");
    lab.run(&json!({"lapicque": 1, "name": "pruning", "stages": stages}));
    let store = ParquetStore::open(&lab.store_folder()).unwrap();
    let sample =
        texts(&lapicque_query::query(&store, "pruning", "SELECT sample FROM p LIMIT 1").unwrap(), "sample").remove(0);
    for table in ["runs", "stages", "bindings", "lineage", "sample_lineage", "actions", "events", "columns"] {
        let columns =
            lapicque_query::query(&store, "pruning", &format!("SELECT * FROM system.{table} LIMIT 0")).unwrap();
        let has = |name: &str| columns.column_by_name(name).is_some();
        let mut conditions = Vec::new();
        for (column, values) in
            [("run", [first.as_str(), "none"]), ("stage", ["one", "two"]), ("sample", [sample.as_str(), ""])]
        {
            if has(column) {
                conditions.extend(values.map(|value| format!("{column} = '{value}'")));
                conditions.push(format!("{column} IN ('{}', '{}') OR {column} IS NULL", values[0], values[1]));
            }
        }
        if has("run") && has("stage") {
            conditions.push(format!("run = '{first}' AND stage = 'two'"));
            conditions.push(format!("run = '{first}' OR stage = 'two'"));
        }
        for condition in conditions {
            let ask = |condition: &str| {
                let sql = format!("SELECT * FROM system.{table} WHERE {condition}");
                let mut rows = rows_of(&lapicque_query::query(&store, "pruning", &sql).unwrap());
                rows.sort();
                rows
            };
            // Of what is computed nothing is known before it is read.
            let whole = ["run", "stage", "sample"].iter().fold(condition.clone(), |text, column| {
                text.replace(&format!("{column} ="), &format!("{column} || '' ="))
                    .replace(&format!("{column} IN"), &format!("{column} || '' IN"))
            });
            assert_eq!(ask(&condition), ask(&whole), "system.{table}: {condition}");
        }
    }
}
