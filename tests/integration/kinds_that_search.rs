//! `parameters.from_table`, `parameters.refine` and `search.cma_es`: which samples they make; and what is refused of any search.

use serde_json::{Value, json};

use crate::searches::{PLAIN, pipeline, registry};
use crate::support::{Lab, floats, numbers};

fn from_table(query: &str, config: Value) -> Value {
    let rows: Vec<Value> = (0..10).map(|g| json!({"g": g})).collect();
    let mut draws = json!({"kind": "parameters.from_table", "inputs": {"table": "best"}});
    draws.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({
        "lapicque": 1,
        "name": "late",
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows},
            "loss": {"kind": "sql", "inputs": {"p": "parameters"}, "grain": "sample", "query": "SELECT sample, g, (g - 6) * (g - 6) AS loss FROM p"},
            "best": {"kind": "sql", "inputs": {"l": "loss"}, "query": query},
            "draws": draws,
            "finer": {"kind": "sql", "inputs": {"d": "draws"}, "grain": "sample", "query": "SELECT sample, 10 * g AS h FROM d"},
            "sum": {"kind": "sql", "inputs": {"f": "finer"}, "query": "SELECT sum(h) AS s, count(*) AS n FROM f"},
        },
    })
}

#[test]
fn rows_of_a_table_become_samples() {
    let lab = Lab::new();
    let best = |n: usize| format!("SELECT g FROM l ORDER BY loss, g LIMIT {n}");
    let ran = lab.run(&from_table(&best(3), json!({})));
    assert!(ran.record.ok, "{:?}", ran.failures());
    assert_eq!(numbers(&ran.table("draws"), "g"), [6, 5, 7]);
    assert_eq!((numbers(&ran.table("sum"), "s"), numbers(&ran.table("sum"), "n")), (vec![180], vec![3]));
    assert!(lab.run(&from_table(&best(3), json!({}))).computed().is_empty());
    // A row more is a sample more.
    let more = lab.run(&from_table(&best(4), json!({})));
    assert_eq!((more.stage("draws").computed, more.stage("finer").computed), (1, 1));
    // None are none.
    let none = lab.run(&from_table("SELECT g FROM l WHERE g > 100", json!({})));
    assert!(none.record.ok);
    assert_eq!(numbers(&none.table("sum"), "n"), [0]);
}

#[test]
fn rows_that_cannot_be_points_are_told() {
    let lab = Lab::new();
    let failing = [
        ("SELECT g FROM l UNION ALL SELECT g FROM l WHERE g = 3", json!({}), "equal to an earlier one"),
        ("SELECT CASE WHEN g = 4 THEN NULL ELSE g END AS g FROM l", json!({}), "no value of `g`"),
        ("SELECT g FROM l", json!({"most": 5}), "at most 5 are allowed"),
    ];
    for (query, config, due) in failing {
        let ran = lab.run(&from_table(query, config));
        assert!(!ran.record.ok, "{query}");
        assert!(ran.failures().iter().any(|failure| failure.contains(due)), "{due}: {:?}", ran.failures());
        assert_eq!(ran.stage("sum").done, 0);
    }
    let refused = [
        (json!({"columns": ["x"]}), "there is no column `x`"),
        (json!({"columns": ["g", "g"]}), "stands here twice"),
        (json!({"labels": ["x"]}), "there is no column `x`"),
        (json!({"most": 0}), "are allowed"),
        (json!({"feedback": {"loss": "finer"}}), "learns nothing"),
    ];
    for (config, due) in refused {
        let problem = lab.bind(&from_table("SELECT g FROM l", config)).map(|_| ()).unwrap_err();
        assert!(problem.contains(due), "{due}: {problem}");
    }
}

fn with_loss(search: Value, loss: &str) -> Value {
    json!({
        "lapicque": 1,
        "name": "searches",
        "seed": 3,
        "stages": {
            "search": search,
            "loss": {
                "kind": "sql", "inputs": {"p": "search"}, "grain": "sample", "on_error": "skip",
                "query": format!("SELECT sample, {loss} AS loss FROM p"),
            },
            "best": {"kind": "sql", "inputs": {"p": "search", "l": "loss"}, "query": "SELECT p.a, p.b, l.loss FROM p JOIN l ON p.sample = l.sample ORDER BY l.loss LIMIT 1"},
        },
    })
}

fn cma_es(settings: Value) -> Value {
    let mut search = json!({
        "kind": "search.cma_es", "feedback": {"l": "loss"}, "minimise": "loss",
        "bounds": {"a": ["-5 mV", "5 mV"], "b": ["0 pA", "200 pA"]}, "rounds": 60,
    });
    search.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    search
}

const PARABOLA: &str = "power(a - 2, 2) + power((b - 150) / 40, 2)";

#[test]
fn cma_es_finds_the_least_loss_and_stops_where_it_was_told() {
    let lab = Lab::new();
    let pipeline = |rounds: u64| with_loss(cma_es(json!({"stop_at": 1e-6, "rounds": rounds})), PARABOLA);
    let ran = lab.run(&pipeline(60));
    assert!(ran.record.ok, "{:?}", ran.failures());
    let best = ran.table("best");
    let (a, b, loss) = (floats(&best, "a")[0], floats(&best, "b")[0], floats(&best, "loss")[0]);
    assert!(loss <= 1e-6 && (a - 2.0).abs() < 1e-2 && (b - 150.0).abs() < 0.1, "{a} {b} {loss}");
    let rounds = ran.stage("search__rounds").samples;
    assert!((10..60).contains(&rounds), "{rounds}");
    // Units are those of the bounds.
    let unit = |column: &str| ran.table("search").schema().field_with_name(column).unwrap().metadata()["unit"].clone();
    assert_eq!((unit("a"), unit("b")), ("mV".to_owned(), "pA".to_owned()));
    let progress = ran.output("search__rounds", 1);
    assert_eq!(floats(&progress, "least_loss").last(), Some(&loss));
    assert_eq!(numbers(&progress, "evaluations").last(), Some(&(6 * (rounds as i64 - 1))));
    assert!(lab.run(&pipeline(60)).computed().is_empty());
    // As it ended by itself, more rounds bring none.
    assert!(lab.run(&pipeline(80)).computed().is_empty());
    // In parts it is what it is as a whole.
    let parts = Lab::new();
    parts.run(&pipeline(5));
    parts.run(&pipeline(9));
    let ran_in_parts = parts.run(&pipeline(60));
    for stage in ["search", "search__rounds", "loss", "best"] {
        assert_eq!(ran_in_parts.contents(stage), ran.contents(stage), "{stage}");
    }
}

#[test]
fn samples_without_a_loss_rank_last_and_none_is_an_error() {
    let lab = Lab::new();
    // sqrt of a negative number is none.
    let ran = lab.run(&with_loss(cma_es(json!({"rounds": 25})), &format!("{PARABOLA} + sqrt(2.5 - a)")));
    assert!(ran.record.ok, "{:?}", ran.failures());
    assert!(floats(&ran.table("search"), "a").iter().any(|&a| a > 2.5));
    assert!(ran.stage("search__rounds").notes.iter().any(|(note, _)| note.contains("rank last")));
    assert!((floats(&ran.table("best"), "a")[0] - 2.0).abs() < 0.5);
    let none = lab.run(&with_loss(cma_es(json!({})), "sqrt(-1 - a * a)"));
    assert!(!none.record.ok);
    assert!(
        none.failures().iter().any(|f| f.contains("none of the 6 samples of round 0 has a loss")),
        "{:?}",
        none.failures()
    );
    let mut twice = with_loss(cma_es(json!({})), PARABOLA);
    twice["stages"]["loss"]["query"] = json!("SELECT sample, unnest([a, b]) AS loss FROM p");
    let twice = lab.run(&twice);
    assert!(twice.failures().iter().any(|f| f.contains("several rows of `loss`")), "{:?}", twice.failures());
}

#[test]
fn wrong_searches_are_refused() {
    let lab = Lab::new();
    let cases = [
        (cma_es(json!({"bounds": {}})), "no parameter is searched"),
        (cma_es(json!({"bounds": {"a": ["5 mV", "-5 mV"]}})), "below the second"),
        (cma_es(json!({"bounds": {"a": ["5 mV", "6 pA"]}})), "bounds.a"),
        (cma_es(json!({"minimise": "los"})), "no column `los`"),
        (cma_es(json!({"minimise": {"loss": 0}})), "not 0"),
        (cma_es(json!({"minimise": 3})), "expected a column"),
        (cma_es(json!({"minimise": {}})), "expected a column"),
        (cma_es(json!({"rounds": 0})), "1 to 100000"),
        (cma_es(json!({"population": 3})), "4 to 100000"),
        (cma_es(json!({"initial_step": 0})), "above 0 to 1"),
        (cma_es(json!({"restarts": 21})), "at most 20"),
        (cma_es(json!({"start": {"c": 1}})), "has no bounds"),
        (cma_es(json!({"start": {"a": "7 mV"}})), "not within its bounds"),
        (cma_es(json!({"start": {"a": "1 pA"}})), "start.a"),
        (cma_es(json!({"feedback": {"l": "loss", "m": "loss"}})), "name one"),
        (cma_es(json!({"feedback": {}})), "learns from results"),
        (cma_es(json!({"populations": 7})), "populations"),
    ];
    for (search, due) in cases {
        let problem = lab.bind(&with_loss(search.clone(), PARABOLA)).map(|_| ()).unwrap_err();
        assert!(problem.contains(due), "{due}: {problem}");
    }
    let refine = |settings: Value| {
        let mut search = json!({
            "kind": "parameters.refine", "feedback": {"l": "loss"}, "change": "loss", "bounds": {"a": [0, 1], "b": [0, 1]},
        });
        search.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        search
    };
    let cases = [
        (json!({"levels": 1}), "2 to 10000"),
        (json!({"levels": 9999, "bounds": {"a": [0, 1], "b": [0, 1]}}), "more than"),
        (json!({"tolerance": -1}), "0 or above"),
        (json!({"least_distance": 2}), "0 to 1"),
        (json!({"points": 0}), "1 to 1000000"),
        (json!({"rounds": 0}), "1 to 10000"),
        (json!({"change": "x"}), "no column `x`"),
    ];
    for (settings, due) in cases {
        let problem = lab.bind(&with_loss(refine(settings), PARABOLA)).map(|_| ()).unwrap_err();
        assert!(problem.contains(due), "{due}: {problem}");
    }
}

#[test]
fn a_grid_becomes_finer_where_a_quantity_jumps() {
    let lab = Lab::new();
    let refine = json!({
        "kind": "parameters.refine", "feedback": {"l": "loss"}, "change": "loss", "levels": 3, "tolerance": 0.5,
        "bounds": {"a": ["0 mV", "1 mV"], "b": [0, 1]}, "rounds": 5,
    });
    let ran = lab.run(&with_loss(refine, "CASE WHEN a * a + b * b < 0.5 THEN 1 ELSE 0 END"));
    assert!(ran.record.ok, "{:?}", ran.failures());
    let table = ran.table("search");
    let points: Vec<(f64, f64)> = floats(&table, "a").into_iter().zip(floats(&table, "b")).collect();
    assert_eq!(points[..4], [(0.0, 0.0), (0.0, 0.5), (0.0, 1.0), (0.5, 0.0)]);
    let border = 0.5_f64.sqrt();
    let off = |&(a, b): &(f64, f64)| ((a * a + b * b).sqrt() - border).abs();
    let last = &points[points.len() - 4..];
    assert!(points.len() > 20 && last.iter().all(|point| off(point) < 0.15), "{last:?}");
    assert_eq!(ran.stage("search__rounds").samples, 5);
}

#[test]
fn mistakes_are_told_when_the_file_is_checked() {
    let lab = Lab::with_kinds(registry);
    let told = |edit: &dyn Fn(&mut Value)| {
        let mut pipeline = pipeline(&PLAIN);
        edit(&mut pipeline["stages"]);
        lab.bind(&pipeline).map(|_| ()).unwrap_err()
    };
    let cases: Vec<(String, &str)> = vec![
        (told(&|s| drop(s["climb"].as_object_mut().unwrap().remove("feedback"))), "learns from results"),
        (told(&|s| s["climb"]["feedback"] = json!({"loss": "los"})), "did you mean `loss`"),
        (told(&|s| s["climb"]["feedback"] = json!({"loss": "least"})), "sample-wise stages below itself"),
        (told(&|s| s["climb"]["feedback"] = json!({"loss": "climb"})), "knows its own points"),
        (told(&|s| s["climb"]["feedback"] = json!({"loss": "loss.other"})), "no output `other`"),
        (told(&|s| s["climb"]["feedback"] = json!({"points": "loss"})), "another table that `climb` sees"),
        (told(&|s| s["climb"]["feedback"] = json!({"wrong": "loss"})), "a column `loss` is due"),
        (told(&|s| s["climb"]["feedback"] = json!(["loss"])), "expected a map"),
        (told(&|s| s["climb"]["feedback"] = json!({"loss": 3})), "expected `stage` or `stage.output`"),
        (told(&|s| s["climb"]["keep"] = json!(false)), "always kept"),
        (told(&|s| s["loss"]["keep"] = json!(false)), "keep"),
        (told(&|s| s["least"]["feedback"] = json!({"loss": "loss"})), "leave `feedback` out"),
        (told(&|s| s["loss"]["feedback"] = json!({"loss": "least"})), "leave `feedback` out"),
        (
            told(&|s| {
                s["other"] = json!({"kind": "parameters.list", "rows": [{"y": 1}]});
                s["loss"]["inputs"]["q"] = json!("other");
                s["loss"]["query"] = json!("SELECT p.sample, x * y AS loss FROM p JOIN q ON p.sample = q.sample");
            }),
            "samples of one origin",
        ),
        (told(&|s| s["loss"]["inputs"]["p"] = json!("climb.nothing")), "no output `nothing`"),
        (
            told(&|s| {
                s["draw"] = json!({"kind": "parameters.from_table", "inputs": {"table": "least"}});
                s["deeper"] = json!({"kind": "sql", "inputs": {"d": "draw"}, "grain": "sample", "query": "SELECT sample, m AS loss FROM d"});
                s["climb"]["feedback"] = json!({"loss": "deeper"});
            }),
            "sample-wise stages below itself",
        ),
        (told(&|s| s["climb"]["inputs"] = json!({"a": "loss"})), "in a circle"),
    ];
    for (problem, due) in &cases {
        assert!(problem.contains(due), "{due}: {problem}");
    }
}
