//! Model files: what is read, and where the errors of what cannot be read point to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod json_schema;

use lapicque_equations::network::explain::explain;
use lapicque_equations::network::file::{ModelFile, canonical_text, model_file_schema};
use serde_json::Value;

const MODELS: [(&str, &str); 3] = [
    ("cuba", include_str!("model_files/cuba.yaml")),
    ("hodgkin_huxley", include_str!("model_files/hodgkin_huxley.yaml")),
    ("stdp", include_str!("model_files/stdp.yaml")),
];
const CUBA: &str = MODELS[0].1;

/// What is told of a file, by the reader or when the model is explained.
fn told(text: &str) -> String {
    match ModelFile::parse(text, "mine.yaml") {
        Err(error) => error.to_string(),
        Ok(file) => match explain(file.model(), None, Some(4_000_000_000)) {
            Ok(_) => panic!("this is a good model:\n{text}"),
            Err(errors) => file.located(&errors).to_string(),
        },
    }
}

/// What is told of the network CUBA with a piece of its file replaced.
fn told_with(from: &str, to: &str) -> String {
    assert!(CUBA.contains(from), "{from}");
    told(&CUBA.replacen(from, to, 1))
}

fn value_of(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn canonical_text_is_read_as_the_same_model() {
    for (name, text) in MODELS {
        let file = ModelFile::parse(text, name).unwrap_or_else(|error| panic!("{error}"));
        let canonical = canonical_text(file.name(), file.model()).unwrap();
        let again = ModelFile::parse(&canonical, name).unwrap_or_else(|error| panic!("{error}\n{canonical}"));
        assert_eq!((again.name(), again.model()), (file.name(), file.model()), "{canonical}");
        assert_eq!(canonical_text(again.name(), again.model()).unwrap(), canonical);
    }
}

#[test]
fn the_schema_accepts_models_and_refuses_what_the_reader_refuses() {
    let schema = model_file_schema().to_value();
    for (name, text) in MODELS {
        assert_eq!(json_schema::problem(&schema, &value_of(text)), None, "{name}");
        let file = ModelFile::parse(text, name).unwrap();
        let canonical = canonical_text(file.name(), file.model()).unwrap();
        assert_eq!(json_schema::problem(&schema, &value_of(&canonical)), None, "{name}: {canonical}");
    }
    for (from, to) in [
        ("equations: 1", "equations: 2"),
        ("equations: 1\n", ""),
        ("name: CUBA", "name: [CUBA]"),
        ("size: 4000", "size: many"),
        ("size: 4000", "size: -4"),
        ("size: 4000\n", "dummy: 4\n"),
        ("threshold", "treshold"),
        ("source: P[0:3200]\n", "dummy: P\n"),
        ("[{p: 0.02}]", "{p: 0.02}"),
        ("{p: 0.02}", "{q: 0.02}"),
        ("record: [0, 1]", "record: some"),
        ("record: [0, 1]", "when: later"),
        ("variables: [v]", "variables: v"),
    ] {
        assert!(CUBA.contains(from), "{from}");
        let text = CUBA.replacen(from, to, 1);
        assert!(json_schema::problem(&schema, &value_of(&text)).is_some(), "{to}");
        assert!(ModelFile::parse(&text, "mine.yaml").is_err(), "{to}");
    }
}

#[test]
fn errors_of_the_format_have_line_column_field_and_what_is_allowed() {
    for (from, to, expected) in [
        (
            "threshold",
            "treshold",
            "mine.yaml:17:5: neurons.P: unknown key `treshold`; did you mean `threshold`?; allowed are `size`,",
        ),
        (
            "size: 4000",
            "size: -4",
            "mine.yaml:12:11: neurons.P.size: a whole number from 0 to 4294967295 is expected, found the number -4",
        ),
        (
            "size: 4000",
            "size: 1.5",
            "mine.yaml:12:11: neurons.P.size: a whole number from 0 to 4294967295 is expected, found the number 1.5",
        ),
        ("    size: 4000\n", "", "mine.yaml:12:5: neurons.P: `size` is missing"),
        ("v > Vt", "[v]", "mine.yaml:17:16: neurons.P.threshold: a text is expected, found a list"),
        ("{p: 0.02}", "{p: 0.02, p: 0.1}", "mine.yaml:26:25: duplicate mapping key: p"),
        (
            "{p: 0.02}",
            "{p: .nan}",
            "mine.yaml:26:19: synapses.E.connect.0.p: NaN is no number that an expression can have",
        ),
        ("equations: 1", "equations: 2", "mine.yaml:1:12: equations: this is format version 2; version 1 is read"),
        ("equations: 1\n", "", "mine.yaml:1:1: `equations: 1`, the version of the format of models, is missing"),
        ("equations: 1", "network: 1", "is missing (`network` is a key of network files: `lapicque network check`)"),
        ("name: CUBA", "name: 3", "mine.yaml:2:7: name: a text is expected, found the number 3"),
        (
            "record: [0, 1]",
            "when: later",
            "monitors.state.v.when: `later` is no slot: start, groups, thresholds, synapses, resets, end",
        ),
    ] {
        let told = told_with(from, to);
        assert!(told.contains(expected), "{expected}\n{told}");
    }
    assert_eq!(
        told_with("threshold", "treshold").lines().skip(1).collect::<Vec<_>>(),
        ["   |", "17 |     treshold: v > Vt", "   |     ^^^^^^^^"]
    );
}

#[test]
fn errors_in_texts_point_into_the_file_however_they_are_written() {
    for (from, to, place, line, carets) in [
        (
            "gi - (v",
            "gj - (v",
            "14:21: neurons.P.equations",
            "      dv/dt = (ge + gj - (v - El))/taum : volt (unless refractory)",
            "                    ^^",
        ),
        ("v > Vt", "v - Vt", "17:16: neurons.P.threshold", "    threshold: v - Vt", "               ^^^^^^"),
        ("v > Vt", "'v - Vt'", "17:17: neurons.P.threshold", "    threshold: 'v - Vt'", "                ^^^^^^"),
        ("v > Vt", "v -\n      Vt", "17:16: neurons.P.threshold", "    threshold: v -", "               ^^^"),
        ("v = Vr", "|\n\n      # to rest\n      v = Vrr", "21:11: neurons.P.reset", "      v = Vrr", "          ^^^"),
        ("v = Vr", ">-\n      v = Vrr", "19:11: neurons.P.reset", "      v = Vrr", "          ^^^"),
        ("v = Vr", "\"v =   Vrr\"", "18:19: neurons.P.reset", "    reset: \"v =   Vrr\"", "                  ^^^"),
        ("taum: 20*ms", "taum: 20*msec", "4:12: constants.taum", "  taum: 20*msec", "           ^^^^"),
        ("taum: 20*ms", "taum: 20*", "4:12: constants.taum", "  taum: 20*", "           ^"),
    ] {
        let told = told_with(from, to);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with(&format!("mine.yaml:{place}: ")), "{place}\n{told}");
        assert_eq!(lines[2].split_once(" | ").unwrap().1, line, "{told}");
        assert_eq!(lines[3].split_once(" | ").unwrap().1, carets, "{told}");
    }
}

#[test]
fn a_text_that_the_file_does_not_have_is_shown_itself() {
    let told = told_with("v = Vr", "\"v = \\u0056rr\"");
    assert!(told.starts_with("mine.yaml:18:5: neurons.P.reset: nothing has the name `Vrr`"), "{told}");
    assert!(told.contains("at line 1, column 5") && told.contains("1 | v = Vrr\n  |     ^^^"), "{told}");
    // In a template the names are others than in the file.
    let told = told_with("refractory: 5*ms", "refractory: 5*ms\n    replace: {taum: tau_m}");
    assert!(told.starts_with("mine.yaml:13:5: neurons.P.equations: nothing has the name `tau_m`"), "{told}");
    assert!(
        told.contains("did you mean `taum`?") && told.contains("dv/dt = (ge + gi - (v - El))/tau_m : volt"),
        "{told}"
    );
}

#[test]
fn anchors_and_merge_keys_work_and_errors_point_to_the_text() {
    let text = "equations: 1
neurons:
  A: &cell
    size: 3
    equations: |
      dv/dt = -v/tau : 1
  B:
    <<: *cell
    size: 4
constants: {tau: 10*ms}
duration: 1*ms
";
    let file = ModelFile::parse(text, "merged.yaml").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((file.model().neurons["A"].size, file.model().neurons["B"].size), (3, 4));
    assert_eq!(file.model().neurons["A"].equations, file.model().neurons["B"].equations);
    let told = told(&text.replace("-v/tau", "-v/tua"));
    assert_eq!(told.matches("mine.yaml:6:18").count(), 2, "{told}");
    assert_eq!(told.matches("6 |       dv/dt = -v/tua : 1").count(), 2, "{told}");
}
