//! `statistics.mixed_model` against statsmodels, and what is wrong with its input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use given::{Given, problems, run_stages, run_with};
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/statistics/");

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{GOLDEN}{name}")).unwrap()
}

/// Columns of text, then of numbers, of a CSV file.
fn columns(csv: &str, texts: &[&str], numbers: &[&str], keep: impl Fn(&[&str]) -> bool) -> RecordBatch {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> =
        lines.map(|line| line.split(',').collect()).filter(|row: &Vec<&str>| keep(row)).collect();
    let column = |name: &str| {
        let place = header.iter().position(|known| *known == name).unwrap();
        rows.iter().map(move |row| row[place]).collect::<Vec<_>>()
    };
    let mut fields: Vec<Field> = texts.iter().map(|name| Field::new(*name, DataType::Utf8, false)).collect();
    fields.extend(numbers.iter().map(|name| Field::new(*name, DataType::Float64, false)));
    let mut arrays: Vec<ArrayRef> =
        texts.iter().map(|name| Arc::new(StringArray::from_iter_values(column(name))) as ArrayRef).collect();
    arrays.extend(numbers.iter().map(|name| {
        Arc::new(Float64Array::from_iter_values(column(name).into_iter().map(|x| x.parse().unwrap()))) as ArrayRef
    }));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn fixture() -> Vec<Given> {
    let table = columns(&read("ncpi_mixed_model.csv"), &["subject", "group"], &["epoch", "Y"], |_| true);
    vec![Given::whole("given.features", "table", table)]
}

fn slopes() -> Vec<Given> {
    let csv = read("mixed_models.csv");
    let table = columns(&csv, &["subject", "group"], &["age", "x", "y"], |row| row[0] == "slopes");
    vec![Given::whole("given.features", "table", table)]
}

fn stages(config: Value) -> Value {
    let mut stage = json!({"kind": "statistics.mixed_model", "inputs": {"features": "f"}});
    stage.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({"f": {"kind": "given.features"}, "s": stage})
}

fn floats(table: &RecordBatch, column: &str) -> Vec<f64> {
    let column = table.column_by_name(column).unwrap().as_primitive::<Float64Type>();
    (0..column.len()).map(|row| if column.is_null(row) { f64::NAN } else { column.value(row) }).collect()
}

fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    table.column_by_name(column).unwrap().as_string::<i32>().iter().map(|t| t.unwrap_or("-").to_owned()).collect()
}

fn near(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-5, "{found} against {expected}");
}

#[test]
fn a_random_intercept_is_that_of_statsmodels() {
    let golden: Value = serde_json::from_str(&read("ncpi_mixed_model.json")).unwrap();
    for method in ["reml", "ml"] {
        let config = json!({"fixed": ["group"], "random": {"by": "subject"}, "reference": {"group": "HC"}, "values": ["Y"], "method": method});
        let ran = run_stages(&fixture(), &stages(config));
        let found = ran.result();
        let terms = texts(&found, "term");
        assert_eq!(terms[0], "(Intercept)");
        assert!(terms[1].starts_with("group["));
        let expected = &golden[method];
        for (i, estimate) in floats(&found, "estimate").into_iter().enumerate() {
            near(estimate, expected["fixed"][i].as_f64().unwrap());
        }
        let fits = ran.table("s", 3);
        near(floats(&fits, "log_likelihood")[0], expected["loglik"].as_f64().unwrap());
        let variances = ran.table("s", 2);
        assert_eq!(texts(&variances, "effect"), ["(Intercept)", "residual"]);
        // The fixture's own search by ML stopped 8e-5 away.
        assert!((floats(&variances, "covariance")[0] / expected["var_subject"].as_f64().unwrap() - 1.0).abs() < 1e-4);
        assert!(ran.notes().contains("p of z is too small with 24 levels of `subject`"), "{}", ran.notes());
    }
}

#[test]
fn tables_say_the_same_in_every_way() {
    let config = |more: Value| {
        let mut config = json!({"fixed": ["group", "x", "group:x"], "random": {"by": "subject", "slopes": ["x"]}, "reference": {"group": "HC"}, "values": ["y"]});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stages(config)
    };
    let ran = run_stages(&slopes(), &config(json!({})));
    let found = ran.result();
    let names = ["(Intercept)", "group[AD]", "group[MCI]", "x", "group[AD]:x", "group[MCI]:x"];
    assert_eq!(texts(&found, "term"), names);
    let golden: Value = serde_json::from_str(&read("mixed_models.json")).unwrap();
    let of_model = |case: &&Value| case["data"] == "slopes" && case["fixed"].as_array().unwrap().len() == 3;
    let of_model: Vec<&Value> = golden.as_array().unwrap().iter().filter(of_model).collect();
    let of = |method: &str| *of_model.iter().find(|case| case["method"] == method).unwrap();
    let expected = of("reml");
    for (i, name) in expected["names"].as_array().unwrap().iter().enumerate() {
        let row = names.iter().position(|known| known == name).unwrap();
        let scale = expected["se"][i].as_f64().unwrap();
        assert!((floats(&found, "estimate")[row] - expected["estimates"][i].as_f64().unwrap()).abs() < 1e-5 * scale);
        let z = floats(&found, "statistic")[row];
        assert!((z - floats(&found, "estimate")[row] / floats(&found, "se")[row]).abs() < 1e-12);
        assert!(floats(&found, "df")[row].is_nan());
    }
    // Only what is part of no interaction is tested: both fits by maximum likelihood.
    let tests = ran.table("s", 1);
    assert_eq!(texts(&tests, "term"), ["group:x"]);
    let less = golden
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["data"] == "slopes" && case["fixed"] == json!(["group", "x"]) && case["method"] == "ml");
    let lost = 2.0 * (of("ml")["log_likelihood"].as_f64().unwrap() - less.unwrap()["log_likelihood"].as_f64().unwrap());
    assert!((floats(&tests, "statistic")[0] - lost).abs() < 1e-6);
    let variances = ran.table("s", 2);
    assert_eq!(texts(&variances, "effect"), ["(Intercept)", "x", "x", "residual"]);
    assert_eq!(texts(&variances, "other"), ["(Intercept)", "(Intercept)", "x", "residual"]);
    let covariance = floats(&variances, "covariance");
    let correlation = covariance[1] / (covariance[0] * covariance[2]).sqrt();
    assert!((floats(&variances, "correlation")[1] - correlation).abs() < 1e-12);
    let ml = run_stages(&slopes(), &config(json!({"method": "ml", "likelihood_ratio": false, "wald": "t"})));
    assert_eq!(ml.table("s", 1).num_rows(), 0);
    let fits = ml.table("s", 3);
    near(floats(&fits, "aic")[0], -2.0 * of("ml")["log_likelihood"].as_f64().unwrap() + 2.0 * 10.0);
    assert!(floats(&fits, "bic")[0] < floats(&fits, "bic_without_random")[0]);
    // 30 subjects, and six effects between them or with slopes.
    assert!(floats(&ml.result(), "df").iter().all(|df| *df == 24.0));
    assert!(
        floats(&ml.result(), "p").iter().zip(floats(&ml.result(), "statistic")).all(|(p, t)| *p > 0.0 || t.is_nan())
    );
}

/// A channel without the control, one that is constant, and one as it should be.
fn three_channels() -> Vec<Given> {
    let (mut channels, mut subjects, mut groups, mut y) = (vec![], vec![], vec![], vec![]);
    for i in 0..48_usize {
        let subject = i % 8;
        for (channel, value) in [
            ("a", ((i * 7919 + 5) % 101) as f64 / 10.0 + ((subject * 31) % 17) as f64),
            ("b", 3.0),
            ("c", if subject < 4 { f64::NAN } else { ((i * 104_729) % 97) as f64 }),
        ] {
            channels.push(channel);
            subjects.push(["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"][subject]);
            groups.push(if subject < 4 { "HC" } else { "AD" });
            y.push(value);
        }
    }
    let text = |values: &[&str]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let fields = ["channel", "subject", "group"].map(|name| Field::new(name, DataType::Utf8, false)).into_iter();
    let fields: Vec<Field> = fields.chain([Field::new("y", DataType::Float64, true)]).collect();
    let columns = vec![text(&channels), text(&subjects), text(&groups), Arc::new(Float64Array::from(y)) as ArrayRef];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    vec![Given::whole("given.features", "table", batch)]
}

#[test]
fn models_that_cannot_be_fitted_leave_the_others() {
    let config = json!({"fixed": ["group"], "random": {"by": "subject"}, "reference": {"group": "HC"}, "wald": "t"});
    let ran = run_stages(&three_channels(), &stages(config));
    let found = ran.result();
    assert_eq!(texts(&found, "channel"), ["a", "a", "b", "b", "c", "c"]);
    let estimates = floats(&found, "estimate");
    assert!(estimates[..2].iter().all(|e| e.is_finite()) && estimates[2..].iter().all(|e| e.is_nan()));
    // One test is left, and nothing to correct for.
    assert_eq!(floats(&found, "p")[1], floats(&found, "p_corrected")[1]);
    let notes = ran.notes();
    assert!(
        notes.contains("2 of 3 models are not fitted and NaN; first channel b, `y`: all values are equal (3)"),
        "{notes}"
    );
    assert!(notes.contains("24 values that are missing, NaN or infinite are left out"), "{notes}");
}

#[test]
fn channels_can_be_an_effect_of_one_model() {
    let config = json!({"fixed": ["channel"], "random": {"by": "subject"}});
    let ran = run_stages(&three_channels(), &stages(config));
    let found = ran.result();
    assert_eq!(texts(&found, "term"), ["(Intercept)", "channel[b]", "channel[c]"]);
    assert_eq!(texts(&found, "channel"), ["-", "-", "-"]);
    assert!(ran.notes().contains("`channel`: levels are compared with `a`"), "{}", ran.notes());
}

#[test]
fn threads_and_order_change_no_bit() {
    let config = json!({"fixed": ["group", "x"], "random": {"by": "subject", "slopes": ["x"]}, "values": ["y"]});
    let reference = run_with(&slopes(), &stages(config.clone()), 1).result();
    let csv = read("mixed_models.csv");
    let (header, rows) = csv.split_once('\n').unwrap();
    let backwards = format!("{header}\n{}", rows.lines().rev().collect::<Vec<_>>().join("\n"));
    let table = columns(&backwards, &["subject", "group"], &["age", "x", "y"], |row| row[0] == "slopes");
    let reversed = vec![Given::whole("given.features", "table", table)];
    assert_eq!(run_with(&reversed, &stages(config), 3).result(), reference);
}

#[test]
fn what_cannot_be_fitted_at_all_is_refused_by_name() {
    let failure = |given: Vec<Given>, config: Value| {
        let ran = run_stages(&given, &stages(config));
        assert!(!ran.record.ok);
        ran.failures()
    };
    let message = failure(
        fixture(),
        json!({"fixed": ["group"], "random": {"by": "subject"}, "reference": {"group": "HV"}, "values": ["Y"]}),
    );
    assert!(message.contains("`reference.group`: `group` has no level `HV`; did you mean `HC`?"), "{message}");
    let message = failure(slopes(), json!({"fixed": ["x"], "random": {"by": "y"}, "values": ["age"]}));
    assert!(message.contains("levels of `y` are too few for 1 effects of each level"), "{message}");
    let mut one = columns(&read("ncpi_mixed_model.csv"), &["subject", "group"], &["epoch", "Y"], |row| row[1] == "HC");
    let message = failure(
        vec![Given::whole("given.features", "table", one.clone())],
        json!({"fixed": ["group"], "random": {"by": "subject"}, "values": ["Y"]}),
    );
    assert!(
        message.contains("channel 0, `Y`: `group` has one level, `HC`; a fixed effect needs two or more"),
        "{message}"
    );
    let twice = one.column_by_name("epoch").unwrap().clone();
    let fields: Vec<Field> = one
        .schema()
        .fields()
        .iter()
        .map(|f| f.as_ref().clone())
        .chain([Field::new("later", DataType::Float64, false)])
        .collect();
    let columns_of = one.columns().iter().cloned().chain([twice]).collect();
    one = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns_of).unwrap();
    let message = failure(
        vec![Given::whole("given.features", "table", one)],
        json!({"fixed": ["epoch", "later"], "random": {"by": "subject"}, "values": ["Y"]}),
    );
    assert!(
        message.contains("the fixed effect `later` follows from those before it ((Intercept), epoch)"),
        "{message}"
    );
}

#[test]
fn wrong_configurations_are_told_at_once() {
    let message = problems(
        &slopes(),
        &stages(json!({
            "fixed": ["group * x", "grup", "x:age", "x", "x", "subject", "age"],
            "random": {"by": "subject", "slopes": ["y"]}, "values": ["y", "x"],
            "reference": {"x": "1", "age": "60", "sex": "f"}, "categorical": ["y"], "confidence": 0,
        })),
    );
    for part in [
        "`group * x` is a formula; write its terms one by one, as in `[group, age, group:age]`",
        "the features do not have a column `grup`; did you mean `group`?",
        "`x` is named twice",
        "effects vary by `subject`, so it is no fixed effect",
        "`y` is no fixed effect, so its slopes would vary around zero",
        "`x` says whose a row is; it is no value",
        "`x` holds numbers and has no levels; name it under `categorical`",
        "`sex` is no fixed effect",
        "0 is not between 0 and 1",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let message = problems(&slopes(), &stages(json!({"fixed": ["x:age", "x"], "random": {"by": "subject"}})));
    assert!(message.contains("`x:age` needs `age` as a fixed effect of its own"), "{message}");
    let message = problems(&slopes(), &stages(json!({"fixed": ["x"]})));
    assert!(message.contains("random"), "{message}");
}
