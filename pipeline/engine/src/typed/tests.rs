#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Config {
    trees: u16,
    #[serde(default)]
    alpha: Option<f64>,
    #[serde(default)]
    estimator: Estimator,
    #[serde(default)]
    pair: Option<(String, u64)>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    by_name: BTreeMap<String, bool>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Estimator {
    #[default]
    LeastSquares,
    Ridge(Ridge),
    Depth(u32),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Ridge {
    alpha: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

fn problem(field: &str, value: Value) -> (String, String) {
    let mut config = json!({"trees": 1});
    config[field] = value;
    let mut errors = typed::<Config>(&config).unwrap_err();
    let error = errors.remove(0);
    (error.field, error.message)
}

#[test]
fn values_that_do_not_fit_are_told_in_words() {
    for (field, value, at, message) in [
        ("trees", json!("many"), "trees", "expected a whole number from 0 to 65535, got `many`"),
        ("trees", json!(-1), "trees", "expected a whole number from 0 to 65535, got `-1`"),
        ("trees", json!(70000), "trees", "expected a whole number from 0 to 65535, got `70000`"),
        ("trees", json!(2.5), "trees", "expected a whole number from 0 to 65535, got `2.5`"),
        (
            "trees",
            json!("3"),
            "trees",
            "expected a whole number from 0 to 65535, got the string `3` (a number has no quotation marks)",
        ),
        ("trees", Value::Null, "trees", "expected a whole number from 0 to 65535, got nothing"),
        ("alpha", json!([1]), "alpha", "expected a number, got a list"),
        ("alpha", json!(true), "alpha", "expected a number, got `true`"),
        (
            "estimator",
            json!("rigde"),
            "estimator",
            "unknown name `rigde`; did you mean `ridge`? (allowed: least_squares, ridge, depth)",
        ),
        (
            "estimator",
            json!({"rigde": {}}),
            "estimator.rigde",
            "unknown name `rigde`; did you mean `ridge`? (allowed: least_squares, ridge, depth)",
        ),
        (
            "estimator",
            json!({"ridge": {"alpah": 1}}),
            "estimator.ridge.alpah",
            "unknown field `alpah`; did you mean `alpha`? (allowed: alpha)",
        ),
        ("estimator", json!({"ridge": [1.0]}), "estimator.ridge", "expected a map (allowed fields: alpha), got a list"),
        (
            "estimator",
            json!({"least_squares": {"alpha": 1}}),
            "estimator.least_squares",
            "`least_squares` takes no settings; write `least_squares` alone",
        ),
        ("estimator", json!("depth"), "estimator", "`depth` needs a value: write `depth: ...`"),
        (
            "estimator",
            json!({"ridge": {}, "depth": 1}),
            "estimator",
            "expected one of the names least_squares, ridge, depth, got a map with the names: ridge, depth",
        ),
        (
            "estimator",
            json!({}),
            "estimator",
            "expected one of the names least_squares, ridge, depth, got a map with the names: none",
        ),
        ("estimator", json!(3), "estimator", "expected a name (allowed: least_squares, ridge, depth), got `3`"),
        ("pair", json!(["a"]), "pair", "expected a list of 2 values, got 1"),
        ("pair", json!(["a", 1, 2]), "pair", "expected a list of 2 values, got 3"),
        ("pair", json!(["a", -1]), "pair.1", "expected a whole number >= 0, got `-1`"),
        ("pair", json!("a"), "pair", "expected a list of 2 values, got `a`"),
        ("names", json!("a"), "names", "expected a list, got `a`"),
        ("names", json!([1]), "names.0", "expected a string, got `1`"),
        ("by_name", json!({"x": "yes"}), "by_name.x", "expected `true` or `false`, got `yes`"),
        ("by_name", json!([]), "by_name", "expected a map, got a list"),
        (
            "treees",
            json!(1),
            "treees",
            "unknown field `treees`; did you mean `trees`? (allowed: trees, alpha, estimator, pair, names, by_name)",
        ),
    ] {
        assert_eq!(problem(field, value), (at.to_owned(), message.to_owned()));
    }
    let errors = typed::<Config>(&json!({})).unwrap_err();
    assert_eq!((errors[0].field.as_str(), errors[0].message.as_str()), ("", "missing field `trees`"));
    let errors = typed::<Config>(&json!([1])).unwrap_err();
    assert!(errors[0].message.starts_with("expected a map"), "{errors:?}");
}

#[test]
fn values_that_fit_are_read() {
    let read = |value: Value| typed::<Config>(&value).unwrap();
    assert_eq!(read(json!({"trees": 1e2})).trees, 100);
    assert_eq!(read(json!({"trees": 1, "alpha": 3})).alpha, Some(3.0));
    assert_eq!(read(json!({"trees": 1, "alpha": null})).alpha, None);
    assert_eq!(read(json!({"trees": 1, "estimator": "ridge"})).estimator, Estimator::Ridge(Ridge { alpha: 1.0 }));
    assert_eq!(read(json!({"trees": 1, "estimator": {"depth": 7}})).estimator, Estimator::Depth(7));
    assert_eq!(read(json!({"trees": 1, "estimator": "least_squares"})).estimator, Estimator::LeastSquares);
    assert_eq!(read(json!({"trees": 1, "pair": ["a", 4.0]})).pair, Some(("a".to_owned(), 4)));
    let value = json!({"a": [1, -2, 2.5, "x", null, true, {"b": []}]});
    assert_eq!(typed::<Value>(&value).unwrap(), value);
    assert_eq!(typed::<i64>(&json!(-4.0)).unwrap(), -4);
    assert!(typed::<u64>(&json!(1e300)).is_err());
}
