//! Names and cells of users' tables, from files through stages to files: what goes in comes out, and what is not finite can be told apart.

use serde_json::{Value, json};

use crate::support::{Lab, lapicque};

const NAMES: [&str; 6] = ["001", "1", "1e3", "1000.0", "NA", "true"];

fn rows(lab: &Lab, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(lab.folder().join(file)).unwrap();
    serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
}

fn names(rows: &[Value], column: &str) -> Vec<String> {
    rows.iter().map(|row| row[column].as_str().unwrap().to_owned()).collect()
}

/// Features and parameters of samples with these names.
fn study(lab: &Lab) {
    let line = |(i, name): (usize, &&str)| format!("{name},{name},0,{}.5\n", i * i);
    let features: String = NAMES.iter().enumerate().map(line).collect();
    lab.write("features.csv", format!("sample,channel,epoch,power\n{features}"));
    let line = |(i, name): (usize, &&str)| format!("{name},{i}\n");
    let parameters: String = NAMES.iter().enumerate().map(line).collect();
    lab.write("parameters.csv", format!("sample,g\n{parameters}"));
}

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models/");
const TRAIN: [&str; 8] = [
    "apply",
    "inverse.train",
    "features=features.csv",
    "parameters=parameters.csv",
    "--set",
    "targets=[g]",
    "--set",
    "validation=none",
];

#[test]
fn names_go_through_training_and_prediction_as_written() {
    let lab = Lab::new();
    study(&lab);
    lapicque(lab.folder(), &[TRAIN.as_slice(), &["-o", "model.json"]].concat()).ok();
    let predict = ["apply", "inverse.predict", "model=model.json", "features=features.csv", "-o"];
    for out in ["out.json", "out.csv"] {
        lapicque(lab.folder(), &[predict.as_slice(), &[out]].concat()).ok();
    }
    let predicted = rows(&lab, "out.json");
    assert_eq!(
        (names(&predicted, "sample"), names(&predicted, "channel")),
        (NAMES.map(str::to_owned).to_vec(), NAMES.map(str::to_owned).to_vec())
    );
    // What was written is read again.
    lapicque(lab.folder(), &["apply", "import.table", "--set", "path=out.csv", "-o", "again.json"]).ok();
    assert_eq!(names(&rows(&lab, "again.json"), "sample"), NAMES);
}

#[test]
fn names_of_a_pipeline_file_and_of_the_command_line_are_as_written() {
    let lab = Lab::new();
    let points: String =
        NAMES.iter().enumerate().map(|(i, name)| format!("{{sample: {name}, g: {i}, group: {name}}}, ")).collect();
    lab.write(
        "pipeline.yaml",
        format!(
            "lapicque: 1\nname: names\nseed: 1e3\nstages:\n  points: {{kind: parameters.list, labels: [group], rows: [{points}]}}\n  squares: {{kind: sql, inputs: {{p: points}}, query: SELECT g * g AS s FROM p, retries: 2.0}}\n"
        ),
    );
    lapicque(lab.folder(), &["run", "pipeline.yaml"]).ok();
    let query = |text: &str| lapicque(lab.folder(), &["sql", "-p", "pipeline.yaml", text, "--json"]).ok().json();
    let found = query("SELECT sample, \"group\" FROM points ORDER BY g");
    let found = found.as_array().unwrap();
    assert_eq!(
        (names(found, "sample"), names(found, "group")),
        (NAMES.map(str::to_owned).to_vec(), NAMES.map(str::to_owned).to_vec())
    );

    lab.write("r.csv", "time_s,001,1e3,7\n0,1,2,3\n0.5,4,5,6\n");
    let channels = |arguments: &[&str]| {
        lapicque(lab.folder(), &[["apply", "import.recording"].as_slice(), arguments, &["-o", "out.json"]].concat())
            .ok();
        names(&rows(&lab, "out.json"), "channel")
    };
    assert_eq!(channels(&["--set", "path=r.csv", "--set", "channels=[1e3, 001]"]), ["001", "1e3"]);
    lab.write("config.yaml", "path: r.csv\nchannels: [001, 7]\n");
    assert_eq!(channels(&["--config", "config.yaml"]), ["001", "7"]);
    lapicque(lab.folder(), &["apply", "signal.zscore", "r.csv", "--set", "channels=[001]", "-o", "out.json"]).ok();
    assert_eq!(names(&rows(&lab, "out.json"), "channel"), ["001"]);
}

#[test]
fn missing_infinite_and_null_are_told_apart() {
    let lab = Lab::new();
    lab.write(
        "pipeline.yaml",
        "lapicque: 1\nname: p\nstages:\n  points: {kind: parameters.list, rows: [{g: 1}, {g: 2}]}\n",
    );
    lapicque(lab.folder(), &["run", "pipeline.yaml"]).ok();
    let query = "SELECT g, CASE WHEN g = 1 THEN CAST('NaN' AS DOUBLE) END AS nan, CASE WHEN g = 1 THEN CAST('inf' AS DOUBLE) ELSE CAST('-inf' AS DOUBLE) END AS inf, \
                 CASE WHEN g = 1 THEN '' END AS text, CASE WHEN g = 1 THEN ' a,\"b\" ' ELSE 'c' END AS blank, \
                 CASE WHEN g = 1 THEN make_array(1.5, CAST('NaN' AS DOUBLE), CAST('inf' AS DOUBLE)) END AS list FROM points ORDER BY g";
    let answer =
        |format: &str| lapicque(lab.folder(), &["sql", "-p", "pipeline.yaml", query, "--format", format]).ok().stdout;
    let expected = |nan: Value| {
        json!([
            {"g": 1, "nan": nan, "inf": "Infinity", "text": "", "blank": " a,\"b\" ", "list": [1.5, nan, "Infinity"]},
            {"g": 2, "nan": null, "inf": "-Infinity", "text": null, "blank": "c", "list": null}
        ])
    };
    assert_eq!(serde_json::from_str::<Value>(&answer("json")).unwrap(), expected(Value::Null));
    assert_eq!(serde_json::from_str::<Value>(&answer("json-nan")).unwrap(), expected(json!("NaN")));
    assert_eq!(
        answer("csv"),
        "g,nan,inf,text,blank,list\n1,NaN,inf,\"\",\" a,\"\"b\"\" \",\"[1.5,null,\"\"Infinity\"\"]\"\n2,,-inf,,c,\n"
    );
    // Without rows there are still columns.
    let none =
        lapicque(lab.folder(), &["sql", "-p", "pipeline.yaml", "SELECT g FROM points WHERE g > 5", "--format", "csv"])
            .ok();
    assert_eq!(none.stdout, "g\n");
}

#[test]
fn a_model_is_applied_as_it_was_exported() {
    let lab = Lab::new();
    study(&lab);
    lab.write(
        "pipeline.yaml",
        "lapicque: 1\nname: train\nstages:\n  f: {kind: import.table, path: features.csv, table: features}\n  p: {kind: import.table, path: parameters.csv, table: parameters}\n  model: {kind: inverse.train, inputs: {features: f, parameters: p}, targets: [g], validation: none}\n",
    );
    lapicque(lab.folder(), &["run", "pipeline.yaml"]).ok();
    lapicque(lab.folder(), &["export", "pipeline.yaml", "model", "-o", "exported.json"]).ok();
    lapicque(lab.folder(), &[TRAIN.as_slice(), &["-o", "applied.json"]].concat()).ok();
    let means = |model: &str| {
        let model = format!("model={model}");
        lapicque(lab.folder(), &["apply", "inverse.predict", &model, "features=features.csv", "-o", "out.json"]).ok();
        rows(&lab, "out.json").iter().map(|row| row["mean"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(means("exported.json"), means("applied.json"));
}

#[test]
fn a_model_is_applied_from_every_file_that_it_can_be_in() {
    let lab = Lab::new();
    let golden = |name: &str| std::fs::read_to_string(format!("{MODELS}{name}")).unwrap();
    for name in ["features.csv", "ridge.format_1.json", "ridge.format_2.json", "exported_table.format_2.json"] {
        lab.write(name, golden(name));
    }
    lab.write("parameters.csv", golden("parameters.csv"));
    lab.write(
        "pipeline.yaml",
        "lapicque: 1\nname: train\nstages:\n  f: {kind: import.table, path: features.csv, table: features}\n  p: {kind: import.table, path: parameters.csv, table: parameters}\n  model: {kind: inverse.train, inputs: {features: f, parameters: p}, targets: [J_ext, g], standardize: true, estimator: {ridge: {alpha: 0.5}}, validation: {repeated_kfold: {folds: 4, repeats: 1}}}\n",
    );
    lapicque(lab.folder(), &["run", "pipeline.yaml"]).ok();
    for file in ["now.json", "now.parquet"] {
        lapicque(lab.folder(), &["export", "pipeline.yaml", "model", "-o", file]).ok();
    }
    let query = ["sql", "-p", "pipeline.yaml", "SELECT * FROM model ORDER BY part DESC", "--json"];
    lab.write("rows.json", lapicque(lab.folder(), &query).ok().stdout);
    let predicted = |model: &str| {
        let model = format!("model={model}");
        lapicque(lab.folder(), &["apply", "inverse.predict", &model, "features=features.csv", "-o", "out.json"]).ok();
        let mut rows = rows(&lab, "out.json");
        // Columns that a model of single values leaves empty, and that there were not then.
        for row in &mut rows {
            for column in ["q05", "q25", "q50", "q75", "q95", "map"] {
                assert_eq!(row.as_object_mut().unwrap().shift_remove(column), Some(Value::Null), "{column}");
            }
        }
        rows
    };
    let expected: Vec<Value> = serde_json::from_str(&golden("ridge.predictions.json")).unwrap();
    for file in ["ridge.format_2.json", "exported_table.format_2.json"] {
        assert_eq!(predicted(file), expected, "{file}");
    }
    let now = predicted("now.json");
    for file in ["now.parquet", "rows.json"] {
        assert_eq!(predicted(file), now, "{file}");
    }
    // Rows were fitted in another order then, and other samples were held out.
    let close = |a: &Value, b: &Value| (a.as_f64().unwrap() / b.as_f64().unwrap() - 1.0).abs() < 1e-12;
    for (found, expected) in now.iter().zip(&expected) {
        assert!(close(&found["mean"], &expected["mean"]), "{found} {expected}");
    }
    // Which knows nothing of leverage.
    for (found, expected) in predicted("ridge.format_1.json").iter().zip(&expected) {
        assert!(found["mean"] == expected["mean"] && found["sd"] != expected["sd"], "{found} {expected}");
    }
    // One document, which says what it is.
    let document: Value =
        serde_json::from_str(&std::fs::read_to_string(lab.folder().join("now.json")).unwrap()).unwrap();
    let old: Value = serde_json::from_str(&golden("ridge.format_2.json")).unwrap();
    let intercept = |model: &Value| model["fitted"]["linear"]["intercept"][0].clone();
    assert!(close(&intercept(&document), &intercept(&old)));
    assert_eq!(
        (&document["features"][0]["name"], &document["estimator"]),
        (&old["features"][0]["name"], &old["estimator"])
    );
    // And queries see its numbers.
    let query = "SELECT unnest(\"values\") AS intercept FROM model WHERE part = 'fitted.linear.intercept'";
    let answer = lapicque(lab.folder(), &["sql", "-p", "pipeline.yaml", query, "--json"]).ok().json();
    assert_eq!(answer[0]["intercept"], intercept(&document));
}

#[test]
fn a_file_with_equals_signs_in_its_name_is_a_file() {
    let lab = Lab::new();
    let recording = "time_s,Cz\n0,1\n0.5,2\n1,4\n";
    lab.write("path=with=equals.csv", recording);
    lab.write("signals=x.csv", recording);
    let zscore = |argument: &str| lapicque(lab.folder(), &["apply", "signal.zscore", argument, "-o", "out.json"]);
    for argument in ["path=with=equals.csv", "signals=path=with=equals.csv", "signals=x.csv", "./path=with=equals.csv"]
    {
        zscore(argument).ok();
        assert_eq!(rows(&lab, "out.json").len(), 1, "{argument}");
    }
    // A file that is not there may be a port that is not there.
    let answer = zscore("spikes=y.csv");
    assert!(answer.code == 2 && answer.says("has no input `spikes`"), "{}", answer.stderr);
    lapicque(
        lab.folder(),
        &["apply", "sql", "t=path=with=equals.csv", "--set", "query=SELECT count(*) AS n FROM t", "-o", "out.json"],
    )
    .ok();
    assert_eq!(rows(&lab, "out.json")[0]["n"], 3);
}

#[test]
fn a_column_of_parameters_that_no_stage_reads_is_refused() {
    let lab = Lab::new();
    lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
    lab.write("p.csv", "sample,J_etx\na,31\n");
    let apply = |kind: &str| {
        lapicque(lab.folder(), &["apply", kind, "parameters=p.csv", "--set", "network=tiny.yaml", "-o", "out.csv"])
    };
    let answer = apply("meanfield.working_point");
    assert!(
        answer.code == 2 && answer.says("no stage reads the column `J_etx`; did you mean `J_ext`?"),
        "{}",
        answer.stderr
    );
    lab.write("p.csv", "sample,J_ext\na,31\nb,NA\n");
    let answer = apply("meanfield.working_point");
    assert!(answer.code == 2 && answer.says("row 3, column `J_ext`: `NA` is no value"), "{}", answer.stderr);
}

#[test]
fn a_target_that_is_missing_is_bad_input_by_row_and_column() {
    let lab = Lab::new();
    study(&lab);
    let train = |cell: &str| {
        lab.write("parameters.csv", format!("sample,age,g\n001,9,1\n1,n/a,{cell}\n1e3,old,3\n"));
        lapicque(lab.folder(), &[TRAIN.as_slice(), &["-o", "model.json"]].concat())
    };
    train("2").ok();
    for (cell, expected) in [
        ("NA", "row 3, column `g`: `NA` is no value"),
        ("", "row 3, column `g`: it is empty"),
        ("fast", "row 3, column `g`"),
    ] {
        let answer = train(cell);
        assert!(answer.code == 2 && answer.says(expected), "{cell}: {}", answer.stderr);
    }
}
