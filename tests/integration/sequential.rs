//! `inverse.sequential`: points go where the posterior of an observation has mass.

use serde_json::{Value, json};

use crate::support::{Lab, floats, numbers};

/// x = a + noise and y = a b + noise, where noise follows from the point as if it were drawn. Seen are x = 0.5 and y = 0.25.
fn pipeline(rounds: u64, settings: Value) -> Value {
    let mut points = json!({
        "kind": "inverse.sequential", "inputs": {"observation": "seen"}, "feedback": {"features": "features"},
        "prior": {"a": {"uniform": ["-3 mV", "3 mV"]}, "b": {"uniform": [-3, 3]}},
        "points": 150, "rounds": rounds, "stop_at": 0,
        "npe": {"density": {"mdn": {"components": 2, "hidden": [20]}}, "training": {"learning_rate": 0.005, "members": 2}},
    });
    points.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let noise = |seed: f64| {
        format!(
            "0.2 * (sin({seed} * a + 311.7 * b) * 43758.5453 - floor(sin({seed} * a + 311.7 * b) * 43758.5453) - 0.5)"
        )
    };
    json!({
        "lapicque": 1,
        "name": "sequential",
        "seed": 5,
        "stages": {
            "recorded": {"kind": "parameters.list", "rows": [{"x": 0.5, "y": 0.25}]},
            "seen": {"kind": "sql", "inputs": {"r": "recorded"}, "query": "SELECT x, y FROM r"},
            "points": points,
            "features": {
                "kind": "sql", "inputs": {"p": "points"}, "grain": "sample",
                "query": format!("SELECT sample, a + {} AS x, a * b + {} AS y FROM p", noise(127.1), noise(269.5)),
            },
            "model": {
                "kind": "inverse.train", "inputs": {"features": "features", "parameters": "points"}, "targets": ["a", "b"],
                "estimator": "ridge", "validation": "none",
            },
        },
    })
}

fn spread(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn later_rounds_draw_where_the_posterior_has_mass() {
    let lab = Lab::new();
    let ran = lab.run(&pipeline(4, json!({})));
    assert!(ran.record.ok, "{:?}", ran.failures());
    let points = ran.table("points");
    let (a, b) = (floats(&points, "a"), floats(&points, "b"));
    assert_eq!(a.len(), 600);
    assert!(a.iter().chain(&b).all(|value| (-3.0..=3.0).contains(value)), "no point leaves the prior");
    let (first, last) = (spread(&a[..150]), spread(&a[450..]));
    assert!(first > 1.5 && last < 0.5 * first, "{first} {last}");
    let nearest = a[450..].iter().filter(|value| (**value - 0.5).abs() < 0.8).count();
    assert!(nearest > 100, "{nearest} of 150 points lie near what was seen");
    let progress = ran.output("points__rounds", 1);
    assert_eq!(numbers(&progress, "simulations"), [0, 150, 300, 450]);
    let part = floats(&progress, "part_of_prior");
    assert!(part[0] == 1.0 && part[3] < 0.5 && part[3] > 0.0, "{part:?}");
    let disagreement = floats(&progress, "disagreement");
    assert!(disagreement[1].is_nan() && disagreement[2] > 0.0 && disagreement[3] > 0.0, "{disagreement:?}");

    // Nothing is left to do; a round more is a round more.
    assert!(lab.run(&pipeline(4, json!({}))).computed().is_empty());
    let more = lab.run(&pipeline(5, json!({})));
    assert_eq!((more.stage("points__rounds").computed, more.stage("features").computed), (1, 150));

    // In parts, and with other threads, it is what it is as a whole.
    let parts = Lab::new();
    parts.run(&pipeline(2, json!({})));
    let again = parts.run(&pipeline(4, json!({})));
    assert_eq!(floats(&again.table("points"), "a"), a);
}

#[test]
fn it_ends_where_two_rounds_agree() {
    let lab = Lab::new();
    let ran = lab.run(&pipeline(6, json!({"stop_at": 5.0})));
    assert!(ran.record.ok, "{:?}", ran.failures());
    // The third training is the first that has one before it to be compared with.
    assert_eq!(ran.table("points").num_rows(), 300);
}

#[test]
fn what_cannot_be_searched_is_refused_with_its_place() {
    let lab = Lab::new();
    for (settings, due) in [
        (json!({"prior": {}}), "no parameter is named"),
        (json!({"prior": {"a": {"uniform": ["3 mV", "-3 mV"]}}}), "prior.a"),
        (json!({"prior": {"seed": {"uniform": [0, 1]}}}), "seeds are not inferred"),
        (json!({"features": ["z"]}), "the observation has no feature `z`"),
        (json!({"points": 3}), "3 points; 20 to 1000000"),
        (json!({"rounds": 0}), "0 rounds"),
        (json!({"stop_at": -1.0}), "stop_at"),
        (json!({"truncation": 0.5}), "truncation"),
        (json!({"npe": {"training": {"members": 0}}}), "`members` of training is 0"),
        (json!({"feedback": {"m": "model"}}), "feedback"),
    ] {
        let told = lab.bind(&pipeline(3, settings.clone())).map(|_| ()).unwrap_err();
        assert!(told.contains(due), "{settings}: {told}");
    }
    let mut two = pipeline(3, json!({}));
    two["stages"]["recorded"]["rows"] = json!([{"x": 0.5, "y": 0.25}, {"x": 0.6, "y": 0.25}]);
    let ran = lab.run(&two);
    assert!(
        ran.failures().iter().any(|told| told.contains("the observation has 2 rows; one is due")),
        "{:?}",
        ran.failures()
    );
}

#[test]
fn what_points_were_drawn_from_is_the_prior_until_a_query_chooses_among_them() {
    let stages = |parameters: &str| {
        json!({
            "lapicque": 1,
            "name": "priors",
            "stages": {
                "points": {
                    "kind": "parameters.random", "bounds": {"a": ["1 mV", "2 mV"]}, "count": 300,
                    "distributions": {"b": {"lognormal": {"median": "3 pA", "log_sd": 0.5}}},
                },
                "chosen": {"kind": "sql", "inputs": {"p": "points"}, "grain": "sample", "query": "SELECT * FROM p WHERE a > 1.5"},
                "features": {"kind": "sql", "inputs": {"p": "points"}, "grain": "sample", "query": "SELECT sample, a + b AS x FROM p"},
                "model": {
                    "kind": "inverse.train", "inputs": {"features": "features", "parameters": parameters}, "targets": ["a", "b"],
                    "estimator": {"abc": {"least": 20}}, "validation": "none",
                },
            },
        })
    };
    let lab = Lab::new();
    let head = |parameters: &str| {
        let ran = lab.run(&stages(parameters));
        assert!(ran.record.ok, "{:?}", ran.failures());
        crate::support::texts(&ran.table("model"), "document")[0].clone()
    };
    let drawn = head("points");
    assert!(drawn.contains(r#""prior":{"uniform":{"low":1.0,"high":2.0}}"#), "{drawn}");
    assert!(drawn.contains(r#""prior":{"lognormal":{"median":3.0,"log_sd":0.5}}"#), "{drawn}");
    let chosen = head("chosen");
    assert!(chosen.contains(r#"{"name":"a","unit":"mV"}"#), "half of the points were left out: {chosen}");
    let (_, graph) = lab.bind(&stages("chosen")).unwrap();
    let notes: Vec<String> = graph.stages.iter().flat_map(|stage| stage.bound().notes.clone()).collect();
    assert!(notes.join(" ").contains("the prior of `a`, `b` is taken to be constant"), "{notes:?}");
}
