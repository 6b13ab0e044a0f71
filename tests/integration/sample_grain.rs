//! Queries with `grain: sample`: over a batch they give what they give sample by sample, or they are refused.

use serde_json::{Value, json};

use crate::support::{Lab, Settings};

/// `p` has a row for each sample, `e` two, `k` is one table for all.
fn pipeline(query: &str, batch: usize) -> Value {
    let rows: Vec<Value> = (0..7).map(|i| json!({"x": 30 + i, "name": i.to_string()})).collect();
    json!({
        "lapicque": 1,
        "name": "grain",
        "stages": {
            "p": {"kind": "parameters.list", "rows": rows, "labels": ["name"]},
            "e": {"kind": "sql", "grain": "sample", "inputs": {"p": "p"}, "query": "SELECT sample, x, b FROM p CROSS JOIN (SELECT unnest(range(0, 2)) AS b)"},
            "k": {"kind": "sql", "inputs": {"p": "p"}, "query": "SELECT name, x AS y FROM p ORDER BY name"},
            "q": {"kind": "sql", "grain": "sample", "batch": batch, "inputs": inputs(query), "query": query},
        },
    })
}

/// The tables that a query names.
fn inputs(query: &str) -> Value {
    let words: Vec<&str> = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let named = |table: &&str| {
        words.windows(2).any(|pair| ["FROM", "JOIN"].contains(&pair[0]) && pair[1] == *table)
            || query.contains(&format!(", {table} "))
    };
    ["p", "e", "k"]
        .into_iter()
        .filter(named)
        .map(|table| (table.to_owned(), json!(table)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn a_batch_gives_what_single_samples_give() {
    for query in [
        "SELECT sample, x, count(*) AS n, sum(b) AS b FROM e GROUP BY sample, x",
        "SELECT sample, x, count(DISTINCT sample) AS n, count(sample) AS m FROM e GROUP BY sample, x",
        "SELECT sample, x, b, row_number() OVER (PARTITION BY sample ORDER BY b DESC, sample) AS r FROM e",
        "SELECT sample, x, lag(b) OVER (PARTITION BY sample ORDER BY b) AS r FROM e",
        "SELECT DISTINCT sample, x FROM e",
        "SELECT p.sample, p.x, e.b FROM p JOIN e ON p.sample = e.sample AND e.b = 1",
        "SELECT p.sample, p.x, e.b FROM p LEFT JOIN e ON p.sample = e.sample AND e.x > 33",
        "SELECT sample, p.x, e.b FROM p JOIN e USING (sample)",
        "SELECT sample, x, y FROM p CROSS JOIN k",
        "SELECT sample, x, y FROM p JOIN k ON k.y < p.x",
        "SELECT sample, x FROM p WHERE x IN (SELECT y FROM k WHERE y > 32)",
        "SELECT sample, x FROM p WHERE EXISTS (SELECT 1 FROM k WHERE k.y = p.x + 1)",
        "SELECT sample, x FROM p WHERE x > (SELECT avg(y) FROM k)",
        "SELECT sample, x FROM p UNION ALL SELECT sample, b AS x FROM e",
        "SELECT sample, x FROM p INTERSECT SELECT sample, y AS x FROM e CROSS JOIN k",
        "SELECT s AS sample, m FROM (SELECT sample AS s, max(b) + max(x) AS m FROM e GROUP BY sample)",
        "WITH top AS (SELECT sample, b, x, row_number() OVER (PARTITION BY sample ORDER BY b) AS r FROM e) SELECT sample, b, x FROM top WHERE r = 1",
        "SELECT sample, x, string_agg(CAST(b AS VARCHAR), '-' ORDER BY b DESC) AS t FROM e GROUP BY sample, x",
    ] {
        let run = |batch: usize, jobs: usize| {
            let lab = Lab::new();
            let ran = lab.run_with(&pipeline(query, batch), Settings { jobs, ..Settings::default() });
            assert!(ran.record.ok, "{query}: {:?}", ran.failures());
            ran.contents("q")
        };
        let single = run(1, 1);
        assert_eq!(single.len(), 7, "{query}");
        for (batch, jobs) in [(100, 1), (3, 2)] {
            assert_eq!(run(batch, jobs), single, "{query}: batches of up to {batch}, {jobs} threads");
        }
    }
}

#[test]
fn a_query_that_mixes_samples_or_reads_their_labels_is_refused() {
    let lab = Lab::new();
    for (query, says) in [
        ("SELECT sample, x FROM p WHERE sample = '0'", "is a label"),
        ("SELECT sample, x FROM p WHERE sample = '0' OR x = 31", "is a label"),
        ("SELECT sample, sample || 'a' AS t FROM p", "is a label"),
        ("SELECT sample, count(CASE WHEN sample = '0' THEN 1 END) AS n FROM p GROUP BY sample", "is a label"),
        ("SELECT sample, count(*) FILTER (WHERE sample = '0') AS n FROM p GROUP BY sample", "is a label"),
        ("SELECT sample, min(sample) AS m FROM p GROUP BY sample", "is a label"),
        ("SELECT sample, count(*) AS n FROM e GROUP BY sample, CASE WHEN sample = '0' THEN b ELSE 0 END", "is a label"),
        ("SELECT sample, first_value(sample) OVER (PARTITION BY sample) AS s FROM p", "is a label"),
        ("SELECT sample, sum(CASE WHEN sample = '0' THEN 1 END) OVER (PARTITION BY sample) AS s FROM p", "is a label"),
        ("SELECT sample, x FROM p WHERE EXISTS (SELECT 1 FROM k WHERE k.name = p.sample)", "is a label"),
        ("SELECT sample, (SELECT max(y) FROM k WHERE k.name = p.sample) AS m FROM p", "is a label"),
        (
            "SELECT p.sample, p.x, t.y FROM p CROSS JOIN LATERAL (SELECT y FROM k WHERE k.name = p.sample) t",
            "is a label",
        ),
        ("SELECT sample, x FROM p JOIN k ON k.name = p.sample", "is a label"),
        ("SELECT sample, x FROM p WHERE x = (SELECT max(x) FROM p)", "subquery"),
        ("SELECT sample, x FROM p WHERE x IN (SELECT x FROM e)", "subquery"),
        ("SELECT sample, sum(x) OVER (PARTITION BY x) AS s FROM p", "partitioned by `sample`"),
        ("SELECT p.sample, e.b FROM p JOIN e ON p.x = e.x", "not on `sample`"),
        ("SELECT p.sample, e.b FROM p FULL JOIN e ON p.sample = e.sample", "full join"),
        ("SELECT sample, x FROM k LEFT JOIN p ON k.y = p.x", "belong to no sample"),
        ("SELECT sample, x FROM p UNION ALL SELECT name AS sample, y AS x FROM k", "UNION"),
        ("SELECT sample, x FROM (SELECT * FROM p ORDER BY x LIMIT 2)", "LIMIT"),
        ("SELECT DISTINCT ON (x) sample, x FROM p ORDER BY x", "DISTINCT ON"),
        ("SELECT name AS sample, y FROM k", "not the `sample` of an input"),
        ("SELECT max(x) AS x FROM p", "grouped by `sample`"),
    ] {
        let problem = lab.bind(&pipeline(query, 1)).map(|_| ()).expect_err(query);
        assert!(problem.contains("stages.q.query") && problem.contains(says), "{query}\n{problem}");
    }
}
