//! One zero, one NaN, one order, and whole numbers that do not wrap around: in every form in which SQL can ask.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use lapicque_store::ParquetStore;
use serde_json::json;

use crate::sql_tables::{FLOATS, registry, rows_of, ugly_stages};
use crate::support::{Lab, floats, numbers};

/// A lab in which `t` is the table of known rows.
fn known(huge: bool) -> Lab {
    let lab = Lab::with_kinds(registry);
    let ran = lab.run(&json!({"lapicque": 1, "name": "known", "stages": {"t": {"kind": "test.fixed", "huge": huge}}}));
    assert!(ran.record.ok);
    lab
}

fn ask(lab: &Lab, sql: &str) -> Result<RecordBatch, String> {
    let store = ParquetStore::open(&lab.store_folder()).unwrap();
    lapicque_query::query(&store, "known", sql).map_err(|error| error.to_string())
}

/// The answer of the command, which must be that of a stage.
fn answer(lab: &Lab, sql: &str) -> RecordBatch {
    let of_command = ask(lab, sql).unwrap_or_else(|error| panic!("{sql}\n{error}"));
    let stages = json!({
        "t": {"kind": "test.fixed", "huge": false},
        "q": {"kind": "sql", "inputs": {"t": "t"}, "query": sql},
    });
    let of_stage = Lab::with_kinds(registry);
    let ran = of_stage.run(&json!({"lapicque": 1, "name": "known", "stages": stages}));
    assert!(ran.record.ok, "{sql}\n{:?}", ran.failures());
    let (mut stage, mut command) = (rows_of(&ran.table("q")), rows_of(&of_command));
    stage.sort();
    command.sort();
    assert_eq!(stage, command, "{sql}");
    of_command
}

/// The floats of the known table as they are stored: one zero, one NaN.
fn canonical() -> Vec<f64> {
    let one = |&bits: &u64| match f64::from_bits(bits) {
        v if v.is_nan() => f64::NAN,
        v => v + 0.0,
    };
    FLOATS.iter().map(one).collect()
}

/// A float as a constant of SQL, sign of zero and NaN included.
fn constant(bits: u64) -> String {
    match f64::from_bits(bits) {
        v if v.is_nan() && v.is_sign_negative() => "(- CAST('NaN' AS DOUBLE))".to_owned(),
        v if v.is_nan() => "CAST('NaN' AS DOUBLE)".to_owned(),
        v if v.is_infinite() => format!("CAST('{v}' AS DOUBLE)"),
        v => format!("CAST({v:?} AS DOUBLE)"),
    }
}

/// A sign, and what it says of two values.
type Comparison = (&'static str, fn(Ordering) -> bool);

const COMPARISONS: [Comparison; 6] = [
    ("=", Ordering::is_eq),
    ("<>", Ordering::is_ne),
    ("<", Ordering::is_lt),
    ("<=", Ordering::is_le),
    (">", Ordering::is_gt),
    (">=", Ordering::is_ge),
];

#[test]
fn comparisons_follow_one_order_in_every_form() {
    let lab = known(false);
    let values = canonical();
    let all: Vec<(usize, usize)> = (0..values.len()).flat_map(|i| (0..values.len()).map(move |j| (i, j))).collect();
    for (sign, holds) in COMPARISONS {
        let expected: Vec<(usize, usize)> =
            all.iter().copied().filter(|&(i, j)| holds(values[i].total_cmp(&values[j]))).collect();
        let pairs = |sql: &str| {
            let table = answer(&lab, sql);
            let (i, j) = (numbers(&table, "i"), numbers(&table, "j"));
            let mut pairs: Vec<_> = i.into_iter().zip(j).map(|(i, j)| (i as usize, j as usize)).collect();
            pairs.sort_unstable();
            pairs
        };
        for form in [
            format!("SELECT x.u AS i, y.u AS j FROM t x JOIN t y ON x.v {sign} y.v"),
            format!("SELECT x.u AS i, y.u AS j FROM t x CROSS JOIN t y WHERE x.v {sign} y.v"),
            format!(
                "SELECT i, j FROM (SELECT x.u AS i, y.u AS j, x.v {sign} y.v AS h FROM t x CROSS JOIN t y) WHERE h"
            ),
            format!(
                "SELECT x.u AS i, y.u AS j FROM t x CROSS JOIN t y WHERE CASE WHEN x.v {sign} y.v THEN 1 ELSE 0 END = 1"
            ),
            format!("SELECT x.u AS i, y.u AS j FROM t x CROSS JOIN t y WHERE NOT (x.v {sign} y.v) IS NOT TRUE"),
            // Computed on the way, with the other zero and other NaN.
            format!("SELECT x.u AS i, y.u AS j FROM t x JOIN t y ON -(-x.v) {sign} y.v * 1"),
        ] {
            assert_eq!(pairs(&form), expected, "{form}");
        }
        let constants: Vec<String> = all
            .iter()
            .map(|&(i, j)| format!("{} {sign} {} AS c{i}_{j}", constant(FLOATS[i]), constant(FLOATS[j])))
            .collect();
        let folded = ask(&lab, &format!("SELECT {} FROM t LIMIT 1", constants.join(", "))).unwrap();
        let true_columns = (0..all.len()).filter(|&c| folded.column(c).as_boolean().value(0));
        assert_eq!(true_columns.map(|c| all[c]).collect::<Vec<_>>(), expected, "constants with {sign}");
        for (j, &bits) in FLOATS.iter().enumerate() {
            let form = format!("SELECT u AS i FROM t WHERE v {sign} {}", constant(bits));
            let mut rows = numbers(&ask(&lab, &form).unwrap(), "i");
            rows.sort_unstable();
            let due = expected.iter().filter(|pair| pair.1 == j).map(|pair| pair.0 as i64);
            assert_eq!(rows, due.collect::<Vec<_>>(), "{form}");
        }
    }
}

#[test]
fn nan_and_zero_are_one_value_each_for_lists_of_values_groups_and_sets() {
    let lab = known(false);
    let rows = |sql: &str| rows_of(&answer(&lab, sql)).concat();
    assert_eq!(rows("SELECT u FROM t WHERE v IN (0.0, CAST('NaN' AS DOUBLE)) ORDER BY u"), ["0", "1", "2", "3", "4"]);
    assert_eq!(rows("SELECT u FROM t WHERE v NOT IN (0.0, CAST('NaN' AS DOUBLE)) ORDER BY u").len(), 11);
    assert_eq!(
        rows("SELECT u FROM t WHERE v BETWEEN 100 AND CAST('NaN' AS DOUBLE) ORDER BY u"),
        ["2", "3", "4", "5", "11", "15"]
    );
    assert_eq!(rows("SELECT count(*) AS n FROM t WHERE v = v"), ["16"]);
    assert_eq!(rows("SELECT count(*) AS n FROM t WHERE v <> v"), ["0"]);
    assert_eq!(rows("SELECT count(DISTINCT v) AS n FROM t"), ["13"]);
    assert_eq!(rows("SELECT count(*) AS n FROM (SELECT DISTINCT v FROM t)"), ["14"], "and NULL");
    assert_eq!(rows("SELECT count(*) AS n FROM (SELECT v FROM t UNION SELECT -v FROM t)"), ["19"]);
    assert_eq!(rows("SELECT count(*) AS n FROM (SELECT -v FROM t WHERE v = 0 EXCEPT SELECT v FROM t)"), ["0"]);
    assert_eq!(rows("SELECT count(*) AS n FROM t GROUP BY -v * 0 ORDER BY n"), ["1", "5", "11"]);
    assert_eq!(rows("SELECT count(*) AS n FROM t GROUP BY CAST(v AS FLOAT), f ORDER BY n DESC LIMIT 2"), ["4", "3"]);
    assert_eq!(
        rows("SELECT nullif(v, CAST('NaN' AS DOUBLE)) IS NULL AS h, count(*) AS n FROM t GROUP BY 1 ORDER BY n"),
        ["true", "4", "false", "13"]
    );
    assert_eq!(
        rows(
            "SELECT CASE v WHEN 0 THEN 'zero' WHEN CAST('NaN' AS DOUBLE) THEN 'nan' END AS x FROM t ORDER BY u LIMIT 5"
        ),
        ["zero", "zero", "nan", "nan", "nan"]
    );
    // The other zero and other NaN cannot be made.
    let made = "SELECT 1 / -0.0 AS a, 1 / (0.0 * -1) AS b, atan2(0.0, -0.0) AS c, round(-0.4) AS d, -v AS e, v / 0 AS f, \
                CAST('-0.0' AS DOUBLE) AS g, CAST(v AS VARCHAR) AS h, [-0.0, v][1] AS i, avg(-0.0) OVER () AS j FROM t WHERE u < 5 ORDER BY u";
    for row in rows_of(&answer(&lab, made)) {
        let is_other =
            |cell: &&String| cell.contains("(8000000000000000)") || cell.contains("(fff8") || *cell == "-0.0";
        assert_eq!(row.iter().find(is_other), None, "{row:?}");
        assert!(row[0].starts_with("inf") && row[1].starts_with("inf") && row[2].starts_with("0.0"), "{row:?}");
    }
    let sums = "SELECT sum(v) AS a, avg(v) AS b, stddev(v) AS c, sum(v) - sum(v) AS d FROM t WHERE u IN (5, 6, 7)";
    assert!(rows(sums).iter().all(|cell| cell == "NaN (7ff8000000000000)"), "{:?}", rows(sums));
    assert!(rows_of(&answer(&lab, "SELECT * FROM t")).concat().iter().all(|cell| !cell.contains("8000000000000000)")));
}

#[test]
fn rows_are_sorted_by_that_order() {
    let lab = known(false);
    let mut values: Vec<Option<f64>> = canonical().into_iter().map(Some).chain([None]).collect();
    let bits = |values: Vec<Option<f64>>| values.into_iter().map(|v| v.map(f64::to_bits)).collect::<Vec<_>>();
    let sorted = |sql: &str| {
        let table = answer(&lab, sql);
        bits(table.column(0).as_primitive::<Float64Type>().iter().collect())
    };
    values.sort_by(|a, b| match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(b),
        // NULL is last, as in PostgreSQL; DESC turns the whole order around.
        (a, b) => a.is_none().cmp(&b.is_none()),
    });
    assert_eq!(sorted("SELECT v FROM t ORDER BY v"), bits(values.clone()));
    assert_eq!(sorted("SELECT v FROM t ORDER BY v LIMIT 5"), bits(values[..5].to_vec()));
    values.reverse();
    assert_eq!(sorted("SELECT v FROM t ORDER BY v DESC"), bits(values.clone()));
    assert_eq!(sorted("SELECT v FROM t ORDER BY -(-v) DESC LIMIT 3 OFFSET 1"), bits(values[1..4].to_vec()));
}

/// Rows of `a`, by sample: what they are sorted by in the reference, and the float.
fn of_samples(lab: &Lab) -> BTreeMap<String, Vec<(i64, Option<f64>)>> {
    let table = ask(lab, "SELECT sample, u, v FROM a").unwrap();
    let (samples, u) = (crate::support::texts(&table, "sample"), numbers(&table, "u"));
    let v = table.column(2).as_primitive::<Float64Type>();
    let mut by_sample: BTreeMap<String, Vec<(i64, Option<f64>)>> = BTreeMap::new();
    for (row, sample) in samples.into_iter().enumerate() {
        by_sample.entry(sample).or_default().push((u[row], v.iter().nth(row).unwrap()));
    }
    by_sample
}

#[test]
fn extremes_do_not_depend_on_the_order_of_rows_nor_on_the_form_of_the_question() {
    for seed in 0..6 {
        let lab = Lab::with_kinds(registry);
        lab.run(&json!({"lapicque": 1, "name": "known", "stages": ugly_stages(seed, 8, 9)}));
        for (sample, rows) in of_samples(&lab) {
            let mut values: Vec<f64> = rows.iter().filter_map(|row| row.1).collect();
            values.sort_by(f64::total_cmp);
            let show = |v: Option<&f64>| v.map_or("NULL".to_owned(), |v| format!("{v:?} ({:016x})", v.to_bits()));
            let due = vec![show(values.first()), show(values.last())];
            for order in ["u", "u DESC", "w", "v DESC"] {
                let from = format!("(SELECT * FROM a WHERE sample = '{sample}' ORDER BY {order} LIMIT 1000)");
                for form in [
                    format!("SELECT min(v), max(v) FROM {from}"),
                    format!("SELECT min(v), max(v) FROM {from} GROUP BY sample"),
                    format!("SELECT min(DISTINCT v), max(DISTINCT v) FROM {from} GROUP BY sample"),
                    format!(
                        "SELECT min(v) FILTER (WHERE u >= 0), max(v) FILTER (WHERE u >= 0) FROM {from} GROUP BY 1 + 0"
                    ),
                    format!("SELECT DISTINCT min(v) OVER (), max(v) OVER (PARTITION BY sample) FROM {from}"),
                    format!("SELECT min(m), max(n) FROM (SELECT min(v) AS m, max(v) AS n FROM {from} GROUP BY k)"),
                    format!(
                        "SELECT first_value(v ORDER BY v NULLS LAST), last_value(v ORDER BY v NULLS FIRST) FROM {from}"
                    ),
                    format!("SELECT max(v), min(v) FROM (SELECT 0 - v AS v FROM {from})"),
                ] {
                    let mut found = rows_of(&ask(&lab, &form).unwrap()).concat();
                    if form.contains("0 - v") {
                        // The least of what is turned around is the greatest, but for NaN, which stays where it is.
                        if values.iter().any(|v| v.is_nan()) || values.is_empty() {
                            continue;
                        }
                        let table = ask(&lab, &form).unwrap();
                        found = (0..2)
                            .map(|c| show(Some(&(0.0 - floats(&table, table.schema().field(c).name())[0] + 0.0))))
                            .collect();
                    }
                    assert_eq!(found, due, "seed {seed}: {form}");
                }
            }
        }
    }
}

#[test]
fn windows_that_move_forget_what_has_left_them() {
    for seed in 0..4 {
        let lab = Lab::with_kinds(registry);
        lab.run(&json!({"lapicque": 1, "name": "known", "stages": ugly_stages(seed, 8, 30)}));
        for (sample, mut rows) in of_samples(&lab) {
            rows.sort_by_key(|row| row.0);
            let window = "OVER (ORDER BY u ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)";
            let sql = format!(
                "SELECT u, sum(v) {window} AS s, avg(v) {window} AS a, max(v) {window} AS hi, var_pop(v) {window} AS p, \
                 sum(n) {window} AS w FROM a WHERE sample = '{sample}' ORDER BY u"
            );
            let table = ask(&lab, &sql).unwrap();
            for (i, row) in rows_of(&table).into_iter().enumerate() {
                let within: Vec<f64> =
                    rows[i.saturating_sub(2)..(i + 2).min(rows.len())].iter().filter_map(|row| row.1).collect();
                let count = within.len() as f64;
                let near = |cell: &str, due: f64| {
                    let value: f64 = cell.split(' ').next().unwrap().parse().unwrap();
                    // Sums of four numbers may be rounded in another order.
                    let size: f64 = within.iter().map(|v| v.abs()).sum();
                    value == due || (value.is_nan() && due.is_nan()) || (value - due).abs() <= 1e-15 * size
                };
                if within.is_empty() {
                    assert_eq!(row[1], "NULL");
                    continue;
                }
                let sum: f64 = within.iter().sum();
                assert!(near(&row[1], sum), "seed {seed}, row {i} of {sample}: {row:?} {within:?}");
                assert!(near(&row[2], sum / count), "seed {seed}, row {i} of {sample}: {row:?} {within:?}");
                let greatest = within.iter().copied().max_by(f64::total_cmp).unwrap();
                assert!(near(&row[3], greatest), "seed {seed}, row {i} of {sample}: {row:?} {within:?}");
                // One value alone has no variance, whatever it is.
                assert_eq!(
                    row[4].starts_with("NaN"),
                    within.len() > 1 && within.iter().any(|v| !v.is_finite()),
                    "{row:?} {within:?}"
                );
            }
        }
    }
}

#[test]
fn whole_numbers_have_64_bits_whatever_their_column() {
    let lab = known(false);
    let one = |sql: &str| rows_of(&answer(&lab, &format!("SELECT {sql} AS x FROM t WHERE u = 3"))).concat()[0].clone();
    for (sql, due) in [
        ("n * n", "4294967296"),
        ("b * b", "40000"),
        ("b - 201", "-1"),
        ("-b", "-200"),
        ("c * c", "10000"),
        ("c - 100", "-200"),
        ("-c", "100"),
        ("abs(c) + b", "300"),
        ("n << 20", "68719476736"),
        ("step - 5", "-2"),
        ("q - 6", "-1"),
        ("CAST(n AS INT) * CAST(n AS INT)", "4294967296"),
        ("arrow_typeof(n)", "Int64"),
        ("arrow_typeof(row_number() OVER ())", "Int64"),
        ("arrow_typeof(array_length(l))", "Int64"),
        ("array_length(l) - 3", "-1"),
        ("length('abc') - 4", "-1"),
        ("row_number() OVER (ORDER BY u) - 5", "-4"),
        ("9223372036854775807 - 1", "9223372036854775806"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-9223372036854775808 % -1", "0"),
        ("-8 >> 1", "-4"),
        ("-8 >> 100", "-1"),
        ("0 << 100", "0"),
        ("-1 << 63", "-9223372036854775808"),
        ("7 / -2", "-3"),
        ("time_ms", "1.5 (3ff8000000000000)"),
    ] {
        assert_eq!(one(sql), due, "{sql}");
    }
    assert_eq!(
        rows_of(&answer(&lab, "SELECT sum(n) AS a, sum(b) AS b, sum(n * n) AS c, sum(DISTINCT n) AS d FROM t"))
            .concat(),
        [(65536u64 * 17).to_string(), "3400".to_owned(), (17 * (1u64 << 32)).to_string(), "65536".to_owned()]
    );
    // More than fits on the way, but not at the end.
    let up_and_down = "SELECT sum(CASE WHEN u % 2 = 0 THEN 9223372036854775807 ELSE -9223372036854775807 END) AS s FROM t WHERE u < 4";
    assert_eq!(rows_of(&answer(&lab, up_and_down)).concat(), ["0"]);
    assert_eq!(rows_of(&answer(&lab, &format!("{up_and_down} GROUP BY u < 100"))).concat(), ["0"]);
}

#[test]
fn what_leaves_64_bits_is_an_error_everywhere() {
    let lab = known(false);
    const MOST: &str = "9223372036854775807";
    for sql in [
        "n * n * n * n",
        &format!("{MOST} + u"),
        &format!("-2 - {MOST} + 0 * u"),
        &format!("-({MOST} * -1 - 1)"),
        &format!("abs(-{MOST} - 1)"),
        &format!("(-{MOST} - 1) / -1"),
        "1 << 63",
        "n << 50",
        "1 << (62 + u)",
        "CAST(1e19 AS BIGINT)",
        "CAST(CAST('NaN' AS DOUBLE) AS BIGINT)",
        "CAST(n * n AS INT)",
        "u / (u - 3)",
        "u % (u - 3)",
        "1 << (u - 10)",
        "CAST('9223372036854775808' AS BIGINT)",
        "factorial(30)",
    ] {
        let query = format!("SELECT {sql} AS x FROM t WHERE u = 3");
        let told = ask(&lab, &query).expect_err(sql);
        assert!(!told.contains("Arrow error") && !told.contains("Execution error"), "{sql}: {told}");
        // In a condition, and where the result is not shown. A comparison with what was cast may do without the cast.
        if !sql.starts_with("CAST(n") {
            ask(&lab, &format!("SELECT u FROM t WHERE u = 3 AND {sql} > 0")).expect_err(sql);
        }
        ask(&lab, &format!("SELECT max({sql}) AS x FROM t WHERE u = 3")).expect_err(sql);
        let stages = json!({
            "t": {"kind": "test.fixed", "huge": false},
            "q": {"kind": "sql", "inputs": {"t": "t"}, "query": query},
        });
        let pipeline = json!({"lapicque": 1, "name": "known", "stages": stages});
        let failed = lab.bind(&pipeline).is_err() || !Lab::with_kinds(registry).run(&pipeline).record.ok;
        assert!(failed, "{sql} in a stage");
    }
    for sum in [
        format!("sum({MOST} - u)"),
        format!("sum({MOST} - u) OVER (ORDER BY u)"),
        format!("sum({MOST} - u) OVER (ORDER BY u ROWS 1 PRECEDING)"),
        format!("sum(DISTINCT {MOST} - u)"),
    ] {
        let told = ask(&lab, &format!("SELECT {sum} AS s FROM t")).expect_err(&sum);
        assert!(told.contains("beyond the whole numbers of SQL"), "{told}");
        if !sum.contains("OVER") {
            ask(&lab, &format!("SELECT {sum} AS s FROM t GROUP BY n")).expect_err(&sum);
        }
    }
    const DIGITS: &str = "CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0))";
    for sql in [format!("{DIGITS} + {DIGITS}"), format!("sum({DIGITS})"), format!("avg({DIGITS}) OVER ()")] {
        ask(&lab, &format!("SELECT {sql} AS x FROM t")).expect_err(&sql);
    }
    let told = ask(&lab, "SELECT n * n * n * n AS x FROM t").unwrap_err();
    assert!(told.contains("281474976710656 * 65536 is beyond the whole numbers of SQL"), "{told}");
    let told = ask(&known(true), "SELECT u, q FROM t").unwrap_err();
    assert!(told.contains("column `q`") && told.contains("18446744073709551615"), "{told}");
    assert!(ask(&known(true), "SELECT u FROM t").is_ok(), "what is not read does no harm");
}

#[test]
fn results_have_the_types_and_units_of_the_query() {
    let lab = known(false);
    let table = answer(
        &lab,
        "SELECT n, b, q, CAST(n AS INT) AS i, f, -v AS e, step, time_ms, row_number() OVER () AS r FROM t",
    );
    let types: Vec<DataType> = table.schema().fields().iter().map(|f| f.data_type().clone()).collect();
    use DataType::{Float32, Float64, Int32, Int64};
    assert_eq!(types, [Int64, Int64, Int64, Int32, Float32, Float64, Int64, Float64, Int64]);
    let schema = table.schema();
    let of = |name: &str, key: &str| schema.field_with_name(name).unwrap().metadata().get(key).cloned();
    assert_eq!(
        (of("e", "unit"), of("step", "dt_ms"), of("time_ms", "unit")),
        (Some("mV".into()), Some("0.5".into()), Some("ms".into()))
    );
}
