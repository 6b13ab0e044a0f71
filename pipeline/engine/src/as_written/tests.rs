//! Configurations as users write them.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::config::parse_yaml;
use crate::typed::typed_as_written;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    count: u64,
    #[serde(default)]
    small: Option<u8>,
    #[serde(default)]
    signed: i32,
    #[serde(default)]
    fraction: f64,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    axis: Option<Axis>,
    #[serde(default)]
    any: Value,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Axis {
    Plain,
    Linspace(Value, Value, u64),
    Named { name: String },
    One(i64),
}

fn read(text: &str) -> Result<Config, String> {
    let located = parse_yaml(text).map_err(|error| error.message)?;
    typed_as_written(&located.value, &located.written)
        .map_err(|errors| format!("{}: {}", errors[0].field, errors[0].message))
}

#[test]
fn whole_numbers_may_have_exponents_and_zeros_behind_the_point() {
    for text in ["100", "1e2", "100.0", "1.0e+2", "0.1e3"] {
        assert_eq!(read(&format!("count: {text}\nsmall: {text}\nsigned: -{text}")).unwrap().signed, -100, "{text}");
    }
    assert_eq!(read("count: 18446744073709551615").unwrap().count, u64::MAX);
    assert_eq!(read("axis: {linspace: [1, 2, 1e2]}").unwrap().axis, Some(Axis::Linspace(1.into(), 2.into(), 100)));
    assert_eq!(read("fraction: 2").unwrap().fraction, 2.0);
}

#[test]
fn names_stay_as_written() {
    let names = [
        "001",
        "1e3",
        "1.0",
        "+1",
        "true",
        "0x1F",
        "1",
        "-0",
        ".5",
        "1_0",
        "12345678901234567890123",
        "nan",
        "NA",
        "no",
    ];
    let config = read(&format!("names: [{}]", names.join(", "))).unwrap();
    assert_eq!(config.names, names);
    for before in ["\u{feff}", "any: \u{e4}\u{1f9e0}\r\n", "# \u{e4}\n---\n", "\u{feff}any: \u{e4}\n"] {
        assert_eq!(read(&format!("{before}names: [{}]", names.join(", "))).unwrap().names, names, "{before:?}");
    }
    let block: String = names.iter().map(|name| format!("  - {name} # a comment\n")).collect();
    assert_eq!(read(&format!("names:\n{block}")).unwrap().names, names);
    assert_eq!(read("axis: {named: {name: 007}}").unwrap().axis, Some(Axis::Named { name: "007".into() }));
    assert_eq!(read("names: [\"001\", '1.0', &a 1e3, *a]").unwrap().names, ["001", "1.0", "1e3", "1e3"]);
    assert_eq!(read("any: [001, {a: 1e3}]").unwrap().any, serde_json::json!([1.0, {"a": 1000.0}]));
}

#[test]
fn settings_replace_what_was_written_below_them() {
    let mut written = parse_yaml("a: {b: 001, c: 1.0}\nab: 1e3").unwrap().written;
    replace_written(&mut written, "a", &parse_yaml("[01, 2]").unwrap().written);
    assert_eq!(written.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(), ["a.0=01", "ab=1e3"]);
    replace_written(&mut written, "ab", &parse_yaml("007").unwrap().written);
    assert_eq!(written["ab"], "007");
    assert_eq!(written_below(&written, "a"), Written::from([("0".to_owned(), "01".to_owned())]));
}

proptest! {
    /// Plain scalars that YAML does not take for nothing are the names that stand there.
    #[test]
    fn any_plain_scalar_is_a_name(name in "[0-9a-zA-Z+.][0-9a-zA-Z+._-]{0,14}") {
        match read(&format!("names: [{name}]")) {
            Ok(config) => prop_assert_eq!(&config.names, &[name]),
            // `null`, and what is no finite number.
            Err(message) => prop_assert!(["null", "Null", "NULL"].contains(&name.as_str()) || message.contains("finite"), "{name}: {message}"),
        }
    }

    #[test]
    fn no_text_panics(text in "[a-c0-9:,\\[\\]{}\" .e+\n&*!#-]{0,60}", field in "count|small|names|axis|any") {
        let _ = read(&text);
        let _ = read(&format!("{field}: {text}"));
    }
}
