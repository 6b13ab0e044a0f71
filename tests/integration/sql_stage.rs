//! A stage answers as the command does: columns that the optimiser finds needless, columns that count by position, the order that is
//! asked for, names that are wrong.

use serde_json::{Value, json};

use crate::sql_tables::{registry, rows_of, ugly_stages};
use crate::support::{Lab, numbers, texts};

fn pipeline(query: &str) -> Value {
    let rows: Vec<Value> = [(3, 30), (1, 10), (2, 20), (2, 25)].map(|(x, y)| json!({"x": x, "y": y})).to_vec();
    json!({
        "lapicque": 1,
        "name": "stage",
        "stages": {
            "p": {"kind": "parameters.list", "rows": rows},
            // In an order that is none of its columns'.
            "t": {"kind": "sql", "inputs": {"p": "p"}, "query": "SELECT x, y FROM p ORDER BY abs(y - 22)"},
            "q": {"kind": "sql", "inputs": {"t": "t"}, "query": query},
        },
    })
}

#[test]
fn columns_that_the_optimiser_drops_are_part_of_the_query() {
    for (query, rows) in [
        ("SELECT x FROM t WHERE y IS NOT NULL", 4),
        ("SELECT coalesce(x, y) AS c FROM t", 4),
        ("SELECT x FROM t WHERE y = y", 4),
        ("WITH u AS (SELECT x, y FROM t) SELECT x FROM u", 4),
        ("SELECT x FROM t WHERE y > 0 OR true", 4),
        ("SELECT x FROM t WHERE false AND y > 0", 0),
        ("SELECT count(*) AS n FROM t", 1),
        ("SELECT a.x FROM t a LEFT JOIN (SELECT DISTINCT y FROM t) b ON a.y = b.y", 4),
    ] {
        let lab = Lab::new();
        let ran = lab.run(&pipeline(query));
        assert!(ran.record.ok, "{query}: {:?}", ran.failures());
        assert_eq!(ran.table("q").num_rows(), rows, "{query}");
    }
}

#[test]
fn columns_by_position_stay_where_they_are() {
    for (query, column, due) in [
        // Each reads `t` twice, with other columns; the optimiser scans y first.
        (
            "WITH u(a, b) AS (SELECT y, x FROM t), w(a, b) AS (SELECT * FROM t) SELECT u.b AS r FROM u JOIN w ON u.a = w.b",
            "r",
            [1, 2, 2, 3],
        ),
        (
            "SELECT * FROM (SELECT y, x FROM t WHERE y > 5) UNION ALL SELECT y, x FROM t WHERE x > 100",
            "x",
            [1, 2, 2, 3],
        ),
        ("SELECT y, x FROM t EXCEPT SELECT x, y FROM t", "x", [1, 2, 2, 3]),
        ("WITH u(a, b) AS (SELECT * FROM t) SELECT a FROM u WHERE b IN (SELECT y FROM t)", "a", [1, 2, 2, 3]),
        ("SELECT u.c FROM (SELECT * FROM t) AS u(c, d) JOIN t ON t.y = u.d WHERE t.y > 0", "c", [1, 2, 2, 3]),
    ] {
        let lab = Lab::new();
        let ran = lab.run(&pipeline(query));
        assert!(ran.record.ok, "{query}: {:?}", ran.failures());
        let mut found = numbers(&ran.table("q"), column);
        found.sort_unstable();
        assert_eq!(found, due, "{query}");
    }
}

#[test]
fn rows_come_in_the_order_that_is_asked_for_also_by_what_is_not_selected() {
    for (query, due) in [
        ("SELECT x FROM t ORDER BY y DESC", vec![3, 2, 2, 1]),
        ("SELECT x FROM t ORDER BY y DESC LIMIT 2", vec![3, 2]),
        ("SELECT -x AS x FROM t ORDER BY y LIMIT 3 OFFSET 1", vec![-2, -2, -3]),
        ("SELECT y AS x FROM t ORDER BY x DESC", vec![30, 25, 20, 10]),
        ("(SELECT y AS x FROM t ORDER BY y DESC) LIMIT 3", vec![30, 25, 20]),
        ("SELECT x FROM (SELECT x FROM t ORDER BY y DESC) AS u", vec![1, 2, 2, 3]),
        ("SELECT -y AS x FROM t ORDER BY y % 2, abs(y)", vec![-10, -20, -30, -25]),
        ("SELECT x FROM t", vec![1, 2, 2, 3]),
    ] {
        let lab = Lab::new();
        let ran = lab.run(&pipeline(query));
        assert!(ran.record.ok, "{query}: {:?}", ran.failures());
        let found = numbers(&ran.table("q"), "x");
        assert_eq!(found, due, "{query}");
    }
}

#[test]
fn equal_rows_stay_in_the_order_of_the_input_however_many_there_are() {
    let rows: Vec<Value> = (0..30_000).map(|i| json!({"x": i % 7, "y": i})).collect();
    let query = "SELECT y, row_number() OVER (ORDER BY x) AS r, lag(y) OVER (ORDER BY x DESC) AS l FROM t ORDER BY x";
    let mut pipeline = pipeline(query);
    pipeline["stages"]["p"]["rows"] = json!(rows);
    pipeline["stages"]["t"]["query"] = json!("SELECT x, y FROM p ORDER BY y");
    let lab = Lab::new();
    let table = lab.run(&pipeline).table("q");
    let due: Vec<i64> = (0..7).flat_map(|x| (0..30_000).filter(move |i| i % 7 == x)).collect();
    assert_eq!(numbers(&table, "y"), due);
    assert_eq!(numbers(&table, "r"), (1..=30_000).collect::<Vec<i64>>());
    let before: Vec<i64> = (0..7).rev().flat_map(|x| (0..30_000).filter(move |i| i % 7 == x)).collect();
    let place = |y: i64| before.iter().position(|&other| other == y).unwrap();
    for row in [0, 1, 4285, 4286, 29_999] {
        let (y, lag) = (numbers(&table, "y")[row], numbers(&table, "l")[row]);
        if place(y) > 0 {
            assert_eq!(lag, before[place(y) - 1]);
        }
    }
}

#[test]
fn spikes_have_their_time_in_a_stage_as_in_the_command() {
    let lab = Lab::with_kinds(registry);
    let of = |query: &str| {
        let stages = json!({"t": {"kind": "test.fixed"}, "q": {"kind": "sql", "inputs": {"t": "t"}, "query": query}});
        let ran = lab.run(&json!({"lapicque": 1, "name": "spikes", "stages": stages}));
        assert!(ran.record.ok, "{:?}", ran.failures());
        ran.table("q")
    };
    assert_eq!(rows_of(&of("SELECT time_ms FROM t WHERE step = 3")).concat(), ["1.5 (3ff8000000000000)"]);
    assert_eq!(rows_of(&of("SELECT count(*) AS n FROM t WHERE time_ms < 2")).concat(), ["4"]);
    let all = of("SELECT * FROM t");
    assert!(all.schema().field_with_name("time_ms").is_ok() && all.schema().field_with_name("step").is_ok());
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let lab = Lab::new();
    for (query, says) in [
        ("SELECT xx FROM t", "there is no column `xx`; did you mean `x`? (`t` has: x, y)"),
        ("SELECT t.z FROM t", "there is no column `z` in `t`"),
        ("SELECT u.z FROM t AS u", "there is no column `z` in `u`"),
        ("SELECT x FROM tt", "reads `tt`, which is no input of the stage; did you mean `t`? (its inputs are: t)"),
        ("SELECT nofunction(x) AS a FROM t", "Invalid function 'nofunction'"),
        ("SELECT x, x FROM t", "two columns are called `t.x`"),
        ("SELECT a.x, b.x FROM t a JOIN t b ON a.y = b.y", "two columns are called `x`"),
        ("SELECT 1 AS a", "the query does not read `t`"),
        ("SELECT random() AS a FROM t", "another value each time"),
        ("SELECT t.x, s.z FROM t CROSS JOIN LATERAL (SELECT t.x + 1 AS z) s", "write it as a join"),
        ("INSERT INTO t VALUES (1, 2)", "DML not supported"),
    ] {
        let problem = lab.bind(&pipeline(query)).map(|_| ()).expect_err(query);
        assert!(problem.contains(says), "{query}\n{problem}");
    }
    for query in ["SELECT x, value FROM t CROSS JOIN range(0, 2)", "SELECT x FROM t, generate_series(1, 2)"] {
        assert!(lab.bind(&pipeline(query)).is_ok(), "functions are no inputs: {query}");
    }
}

#[test]
fn a_condition_takes_what_a_query_takes() {
    let lab = Lab::with_kinds(registry);
    for (condition, due) in [
        ("v IS NOT NULL", "v IS NOT NULL"),
        ("coalesce(v, w) = coalesce(v, w)", "true"),
        ("CASE WHEN h THEN v > 5 ELSE w > 5 END", "CASE WHEN h THEN v > 5 ELSE w > 5 END"),
        ("n * n > 4294967295", "n >= 65536"),
        ("k - 1 < k AND s LIKE '%a%'", "k IS NOT NULL AND strpos(s, 'a') > 0"),
        ("v > 'inf'", "v = CAST('NaN' AS DOUBLE)"),
        ("-w = 0 AND 1 / w > 0", "w IN (0.0, -0.0)"),
    ] {
        let mut stages = ugly_stages(3, 12, 5);
        stages["q"] = json!({
            "kind": "sql", "grain": "sample", "inputs": {"a": "a"}, "where": condition, "query": "SELECT sample, count(*) AS n FROM a GROUP BY sample",
        });
        let ran = lab.run(&json!({"lapicque": 1, "name": "where", "stages": stages}));
        assert!(ran.record.ok, "{condition}: {:?}", ran.failures());
        let store = lapicque_store::ParquetStore::open(&lab.store_folder()).unwrap();
        let sql = format!("SELECT DISTINCT sample FROM a WHERE {due} ORDER BY sample");
        let due = lapicque_query::query(&store, "where", &sql).unwrap();
        let mut selected = texts(&ran.table("q"), "sample");
        selected.sort();
        assert_eq!(selected, texts(&due, "sample"), "{condition}");
        assert!(!selected.is_empty() && selected.len() < 12, "{condition} tells samples apart");
    }
}

#[test]
fn a_condition_on_an_aggregate_leaves_no_row_of_nothing() {
    let lab = Lab::new();
    for (query, rows) in [
        ("SELECT k FROM (SELECT 5 AS c, count(*) AS k FROM t) AS u WHERE c IN (3, 4)", 0),
        ("SELECT k FROM (SELECT 5 AS c, count(*) AS k FROM t) AS u WHERE c = 5", 1),
        ("SELECT k FROM (SELECT 5 AS c, count(*) AS k FROM t WHERE x > 100) AS u WHERE c < 3 AND k < 9", 0),
        ("SELECT k FROM (SELECT 5 AS c, count(*) AS k FROM t) AS u WHERE c = 5 AND c <> 5", 0),
        ("SELECT k FROM (SELECT x, 5 AS c, count(*) AS k FROM t GROUP BY ROLLUP(x)) AS u WHERE c = 3", 0),
        ("SELECT k FROM (SELECT x, count(*) AS k FROM t GROUP BY ROLLUP(x)) AS u WHERE x = 2", 1),
        ("SELECT k FROM (SELECT x, 5 AS c, count(*) AS k FROM t GROUP BY x) AS u WHERE c = 3", 0),
        ("SELECT 1 AS a FROM t HAVING count(*) > 100", 0),
    ] {
        let ran = lab.run(&pipeline(query));
        assert!(ran.record.ok, "{query}: {:?}", ran.failures());
        assert_eq!(ran.table("q").num_rows(), rows, "{query}");
    }
}

#[test]
fn the_version_of_the_engine_is_in_the_key() {
    let (_, graph) = Lab::new().bind(&pipeline("SELECT x FROM t")).unwrap();
    let bound = graph.stages.iter().find(|stage| stage.name == "q").unwrap().bound();
    assert_eq!(bound.revision / 1000, 55, "the major version of DataFusion that Cargo.lock names");
    assert!(bound.revision % 1000 >= 2);
}
