//! What the reader says about files that are wrong: where, what, and what is allowed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_network::{NetworkFile, NetworkFileError, shipped};

fn problems(text: &str) -> Vec<String> {
    let error = NetworkFile::parse(text, "net.yaml").expect_err("the file is wrong");
    error.problems.iter().map(ToString::to_string).collect()
}

/// A good file, with one piece replaced.
fn changed(from: &str, to: &str) -> Vec<String> {
    assert!(SMALL.contains(from), "{from}");
    problems(&SMALL.replacen(from, to, 1))
}

const SMALL: &str = "\
network: 1
name: small
populations:
  E:
    size: 80
    model: iaf_psc_exp
    C_m: 289.1 pF
    drive: {kind: poisson, rate: 40 Hz, synapses: 465}
  I:
    size: 20
    model: iaf_psc_delta
    drives:
      a: {kind: poisson, rate: 40 Hz, weight: 1 mV}
      b: {kind: current, amplitude: 1 nA}
connections:
  E_to_I:
    pre: E
    post: I
    rule: {probability: 0.2}
    weight: {normal: {mean: 0.1 mV, sd: 10 %, keep_sign: true}}
    delay: {normal: {mean: 2 ms, sd: 50 %, min: 0.3 ms}}
  I_to_E:
    pre: I
    post: E
    rule: {in_degree: 5}
    multapses: false
    weight: -20 pA
    delay: 1 ms
    synapse: {tsodyks_markram: {U: 0.4}}
    profile: {gaussian: {sd: 0.3 mm}}
parameters:
  J_ext: {default: 29.89 pA, sets: [populations.E.drive.weight]}
  nu: {sets: [populations.E.drive.rate, populations.I.drives.a.rate]}
";

#[test]
fn the_good_file_is_good() {
    let file = NetworkFile::parse(SMALL, "net.yaml").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.parameters()[1].default, 40.0);
    assert_eq!(file.parameter_unit("populations.I.drives.b.amplitude"), Some("pA"));
    assert_eq!(file.network().get("populations.I.drives.1.amplitude").unwrap().value, 1000.0);
    assert_eq!(file.network().get("connections.I_to_E.profile.sd").unwrap().value, 300.0);
    assert_eq!(file.network().get("connections.I_to_E.synapse.tau_rec").unwrap().value, 800.0);
    let network = file.with(&[("nu", 20.0), ("populations.I.drives.b.amplitude", 5.0)]).unwrap();
    assert_eq!(network.get("populations.I.drives.0.rate").unwrap().value, 20.0);
    assert_eq!(network.get("populations.I.drives.1.amplitude").unwrap().value, 5.0);
    for entry in file.paths() {
        assert_eq!(file.parameter_unit(&entry.path), Some(entry.unit), "{}", entry.path);
        assert_eq!(file.with(&[(&entry.path, entry.value)]).as_ref(), Ok(file.network()), "{}", entry.path);
    }
}

#[test]
fn the_only_drive_may_have_a_name() {
    let text = SMALL.replace("      b: {kind: current, amplitude: 1 nA}\n", "").replace("40 Hz", "40 spikes/s");
    let file = NetworkFile::parse(&text, "net.yaml").unwrap_or_else(|error| panic!("{error}"));
    for path in ["populations.I.drives.a.rate", "populations.I.drive.rate"] {
        assert_eq!(file.parameter_unit(path), Some("Hz"), "{path}");
        let network = file.with(&[(path, 3.0)]).unwrap();
        assert_eq!(network.get("populations.I.drive.rate").unwrap().value, 3.0);
        assert_eq!(network.get("populations.I.drives.0.rate").unwrap().value, 3.0);
    }
    let twice = file.with(&[("populations.I.drives.a.rate", 3.0), ("populations.I.drive.rate", 4.0)]);
    assert!(twice.unwrap_err().to_string().ends_with("both set `populations.I.drives.a.rate`"));
}

#[test]
fn values_and_units() {
    let cases = [
        ("C_m: 289.1 pF", "C_m: 289.1", "7:10: populations.E.C_m: `289.1` has no unit; write e.g. `289.1 pF`"),
        (
            "C_m: 289.1 pF",
            "C_m: 12 s",
            "7:10: populations.E.C_m: `12 s` is a time; a capacitance such as `1 pF` is expected",
        ),
        (
            "C_m: 289.1 pF",
            "C_m: 1 pf",
            "7:10: populations.E.C_m: `1 pf`: unknown unit `pf` at column 3; did you mean `pF`?",
        ),
        ("C_m: 289.1 pF", "C_m: -1 pF", "7:10: populations.E.C_m: -1 pF is not allowed; it must be greater than 0"),
        ("C_m: 289.1 pF", "C_m: [1 pF]", "7:10: populations.E.C_m: a number with a unit is expected, found a list"),
        ("C_m: 289.1 pF", "C_m:", "7:8: populations.E.C_m: a number with a unit is expected, found nothing"),
        (
            "size: 80",
            "size: 80.5",
            "5:11: populations.E.size: 80.5 is not allowed; it must be a whole number from 1 to 4294967295",
        ),
        (
            "size: 80",
            "size: 0",
            "5:11: populations.E.size: 0 is not allowed; it must be a whole number from 1 to 4294967295",
        ),
        (
            "size: 80",
            "size: 80 mV",
            "5:11: populations.E.size: `80 mV` is a voltage; a dimensionless number such as `1` is expected",
        ),
        (
            "probability: 0.2",
            "probability: 1.2",
            "19:25: connections.E_to_I.rule.probability: 1.2 is not allowed; it must be from 0 to 1",
        ),
        (
            "mean: 0.1 mV",
            "mean: 0.1 pA",
            "20:29: connections.E_to_I.weight: `0.1 pA` is a current; a voltage such as `1 mV` is expected",
        ),
        (
            "weight: -20 pA",
            "weight: -20 mV",
            "27:13: connections.I_to_E.weight: `-20 mV` is a voltage; a current such as `1 pA` is expected",
        ),
        ("sd: 10 %", "sd: 0.1", "20:41: connections.E_to_I.weight.sd: `0.1` has no unit; write e.g. `0.1 mV`"),
        (
            "size: 80",
            "size: .inf",
            "5:11: populations.E.size: inf is not allowed; it must be a whole number from 1 to 4294967295",
        ),
        (
            "rate: 40 Hz, s",
            "rate: 1e999 Hz, s",
            "8:34: populations.E.drive.rate: `1e999 Hz` does not fit a 64-bit float",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(changed(from, to), [expected], "{to}");
    }
}

#[test]
fn keys_and_choices() {
    let cases = [
        ("    size: 80", "    sise: 80", 2, "did you mean `size`?"),
        (
            "    C_m:",
            "    c_m:",
            1,
            "7:5: populations.E: unknown key `c_m`; did you mean `C_m`?; allowed are `size`, `model`,",
        ),
        (
            "model: iaf_psc_exp",
            "model: iaf_psc_expo",
            1,
            "6:12: populations.E.model: `iaf_psc_expo` is not known; did you mean `iaf_psc_exp`?",
        ),
        (
            "rule: {probability: 0.2}",
            "rule: all-to-all",
            1,
            "19:11: connections.E_to_I.rule: `all-to-all` is not known; did you mean `all_to_all`?",
        ),
        (
            "rule: {probability: 0.2}",
            "rule: probability",
            1,
            "such as `{probability: 0.1}`, is expected, found `probability`",
        ),
        ("rule: {probability: 0.2}", "rule: {probability: 0.2, total: 3}", 1, "found `probability` and `total`"),
        (
            "    rule: {probability: 0.2}\n",
            "",
            1,
            "17:5: connections.E_to_I: `rule` is missing; write e.g. `rule: {probability: 0.1}`",
        ),
        (
            "rule: {probability: 0.2}",
            "rule: {probability: 0.2}\n    multapses: true",
            1,
            "`multapses` has no meaning with this rule",
        ),
        (
            "kind: current",
            "kind: curent",
            1,
            "14:17: populations.I.drives.b.kind: `curent` is not known; did you mean `current`?",
        ),
        ("pre: E", "pre: e", 1, "17:10: connections.E_to_I.pre: there is no population `e`; did you mean `E`?"),
        ("U: 0.4", "u: 0.4", 1, "unknown key `u`; did you mean `U`?"),
        ("network: 1", "network: 2", 1, "1:10: network: this is format version the number 2; version 1 is read"),
        ("name: small\n", "", 1, "1:1: `name` is missing; write e.g. `name: hagen`"),
        ("  E_to_I:", "  E.to.I:", 1, "`E.to.I` is no name"),
    ];
    for (from, to, count, expected) in cases {
        let found = changed(from, to);
        assert_eq!(found.len(), count, "{to}: {found:#?}");
        assert!(found.iter().any(|problem| problem.contains(expected)), "{to}: {found:#?}");
    }
}

#[test]
fn distributions() {
    let cases = [
        (
            "min: 0.3 ms",
            "min: 30 ms",
            "connections.E_to_I.delay: the bounds accept 0 of the draws, at least 0.001 is needed",
        ),
        (
            ", min: 0.3 ms",
            "",
            "values must be greater than 0, but can be drawn outside; bound the distribution with `min` or `keep_sign`",
        ),
        ("min: 0.3 ms", "min: 3 ms, max: 1 ms", "`min` 3 is above `max` 1"),
        ("keep_sign: true", "keep_sign: true, max: 1 mV", "`keep_sign` has no meaning with `min` or `max`"),
        ("keep_sign: true", "keep_sign: 1", "`true` or `false` is expected, found the number 1"),
        ("mean: 0.1 mV", "mean: 0 mV", "a mean of 0 has no sign to keep"),
        ("{mean: 0.1 mV, ", "{", "`mean` is missing; write e.g. `mean: 1 mV`"),
        (" sd: 10 %,", "", "`sd` is missing; write e.g. `sd: 10 %`"),
        ("weight: {normal:", "weight: {gaussian:", "unknown key `gaussian`"),
        ("delay: 1 ms", "delay: {uniform: {low: 2 ms, high: 1 ms}}", "`low` 2 is above `high` 1"),
        ("delay: 1 ms", "delay: {uniform: {low: 0 ms, high: 1 ms}}", "0 ms is not allowed; it must be greater than 0"),
        ("delay: 1 ms", "delay: {}", "found nothing"),
    ];
    for (from, to, expected) in cases {
        let found = changed(from, to);
        assert_eq!(found.len(), 1, "{to}: {found:#?}");
        assert!(found[0].contains(expected), "{to}: {found:#?}");
    }
}

#[test]
fn parameters() {
    let cases = [
        (
            "synapses: 465}",
            "synapses: 465, weight: 1 pA}",
            "`populations.E.drive.weight` is already set by line 8; leave it out there or give no `default`",
        ),
        (
            "  nu:",
            "  J: {default: 1 pA, sets: [populations.E.drive.weight]}\n  nu:",
            "`populations.E.drive.weight` is already set by the default of `J_ext`",
        ),
        (
            "a: {kind: poisson, rate: 40 Hz",
            "a: {kind: poisson, rate: 41 Hz",
            "`populations.E.drive.rate` is 40 Hz, but `populations.I.drives.a.rate` is 41 Hz",
        ),
        (
            "populations.I.drives.a.rate",
            "populations.I.drives.a.weight",
            "`populations.E.drive.rate` is in Hz, but `populations.I.drives.a.weight` in mV",
        ),
        ("populations.I.drives.a.rate", "populations.I.drives.a.rat", "did you mean `populations.I.drives.a.rate`?"),
        ("29.89 pA", "29.89 mV", "`29.89 mV` is a voltage; a current such as `1 pA` is expected"),
        ("29.89 pA", "29.89", "`29.89` has no unit; write e.g. `29.89 pA`"),
        ("29.89 pA", "[1 pA]", "a number with a unit is expected, found a list"),
        ("  J_ext:", "  J.ext:", "`J.ext` is no name"),
        ("sets: [populations.E.drive.weight]", "sets: []", "a list of paths is expected"),
        ("sets: [populations.E.drive.weight]", "set: []", "unknown key `set`; did you mean `sets`?"),
    ];
    for (from, to, expected) in cases {
        let found = changed(from, to);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{to}: {found:#?}");
    }
}

/// SMALL with weights that parameters make, `{J}` and `{g}` being what their lists hold.
fn with_ratio(j: &str, g: &str) -> String {
    let text = SMALL.replace("    weight: -20 pA\n", "    weight: {normal: {sd: 10 %, max: 0 pA}}\n");
    format!("{text}  J: {{default: 5 pA, sets: [{j}]}}\n  g: {{default: 4, scales: [{g}]}}\n")
}

const J: &str = "{path: connections.I_to_E.weight, factor: -0.5}";
const G: &str = "connections.I_to_*.weight, {path: populations.I.C_m, factor: 2}";

#[test]
fn parameters_that_scale_multiply_what_is_written_set_or_left_to_its_default() {
    let file = NetworkFile::parse(&with_ratio(J, G), "net.yaml").unwrap_or_else(|error| panic!("{error}"));
    let value = |network: &lapicque_network::Network, path: &str| network.get(path).unwrap().value;
    assert_eq!(value(file.network(), "connections.I_to_E.weight"), -10.0);
    assert_eq!(value(file.network(), "populations.I.C_m"), 2000.0);
    assert_eq!((file.parameter_unit("g"), file.parameters()[3].default), (Some("1"), 4.0));
    assert_eq!(file.parameters()[3].scales[0].path, "connections.I_to_E.weight");
    let defaults: Vec<(&str, f64)> = file.parameters().iter().map(|p| (p.name.as_str(), p.default)).collect();
    assert_eq!(&file.with(&defaults).unwrap(), file.network());
    // Together in any order, one alone, and a path that is not scaled.
    for values in [[("J", 8.0), ("g", 3.0)], [("g", 3.0), ("J", 8.0)]] {
        assert_eq!(value(&file.with(&values).unwrap(), "connections.I_to_E.weight"), -12.0);
    }
    assert_eq!(value(&file.with(&[("J", 8.0)]).unwrap(), "connections.I_to_E.weight"), -16.0);
    let set = file.with(&[("connections.I_to_E.weight", -3.0)]).unwrap();
    assert_eq!(value(&set, "connections.I_to_E.weight"), -3.0);
    let message = |values: &[(&str, f64)]| file.with(values).unwrap_err().to_string();
    for other in ["g", "J"] {
        let twice = "both set `connections.I_to_E.weight`";
        assert!(message(&[("connections.I_to_E.weight", -3.0), (other, 5.0)]).ends_with(twice));
        assert!(message(&[(other, 5.0), ("connections.I_to_E.weight", -3.0)]).ends_with(twice));
        assert!(message(&[(other, 5.0), (other, 5.0)]).ends_with(twice));
    }
    assert_eq!(message(&[("g", -1.0)]), "`g`: `populations.I.C_m` = -500 pF is not allowed; it must be greater than 0");
    assert!(message(&[("g", f64::NAN)]).contains("NaN"));
    assert!(message(&[("g", 1e300), ("J", 1e300)]).contains("-inf"));
    // No -0, which would be another network to a digest.
    let plain = with_ratio(J, "connections.I_to_E.weight").replace("{normal: {sd: 10 %, max: 0 pA}}", "");
    let plain = plain.replace("    weight: \n", "");
    let plain = NetworkFile::parse(&plain, "net.yaml").unwrap_or_else(|error| panic!("{error}"));
    assert!(value(&plain.with(&[("g", 0.0)]).unwrap(), "connections.I_to_E.weight").is_sign_positive());
}

#[test]
fn the_parts_of_a_product_are_told() {
    let file = NetworkFile::parse(&with_ratio(J, G), "net.yaml").unwrap_or_else(|error| panic!("{error}"));
    let parts = |given: &[(&str, f64)]| file.scaled("connections.I_to_E.weight.mean", given).unwrap();
    let by = |parts: &lapicque_network::file::Scaled| {
        parts.by.iter().map(|scale| (scale.parameter.clone(), scale.factor, scale.value)).collect::<Vec<_>>()
    };
    assert_eq!((parts(&[]).base, by(&parts(&[]))), (-2.5, vec![("g".to_owned(), 1.0, 4.0)]));
    let given = parts(&[("J", 8.0), ("g", 3.0), ("nu", 1.0)]);
    assert_eq!((given.base, by(&given)), (-4.0, vec![("g".to_owned(), 1.0, 3.0)]));
    assert_eq!(file.scaled("connections.E_to_I.weight", &[]), None);
    assert_eq!(file.scaled("banana", &[]), None);
}

#[test]
fn parameters_that_scale_and_factors() {
    let cases = [
        (J, "connections.I_to_I.weight", "parameters.g.scales: the network has no `connections.I_to_I.weight`"),
        (J, "connections.X*.weight", "parameters.g.scales: the network has no `connections.X*.weight`"),
        (J, "connections.*.wait", "parameters.g.scales: the network has no `connections.E_to_I.wait`"),
        (J, "neurons.*.C_m", "parameters.g.scales: the network has no `neurons.*.C_m`"),
        (J, "populations.I.C_m, populations.I.C_m", "`populations.I.C_m` is already set by this parameter"),
        (J, "populations.I*.C_m, populations.*.C_m", "`populations.I.C_m` is already set by this parameter"),
        (
            J,
            "{path: populations.I.C_m, factor: 1 pF}",
            "parameters.g.scales.factor: `1 pF` is a capacitance; a dimensionless",
        ),
        (J, "{path: populations.I.C_m, factor: .inf}", "parameters.g.scales.factor: inf is not allowed"),
        (J, "{path: populations.I.C_m, factor: -1}", "10:5: `populations.I.C_m`: the value -1000 is not allowed"),
        (J, "{path: populations.I.C_m, factors: -1}", "unknown key `factors`; did you mean `factor`?"),
        (J, "{factor: -1}", "`path` is missing; write e.g. `path: connections.I_to_E.weight`"),
        (J, "[populations.I.C_m]", "parameters.g.scales: a text is expected, found a list"),
        (J, "", "parameters.g.scales: a list of paths is expected"),
        (J, "{path: populations.I.size, factor: 0.01}", "10:11: populations.I.size: 0.8 is not allowed"),
        ("{path: connections.I_to_E.weight, factor: 0.5}", G, "27:13: connections.I_to_E.weight: the bounds accept"),
    ];
    for (j, g, expected) in cases {
        let found = problems(&with_ratio(j, g));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{g}: {found:#?}");
    }
}

#[test]
fn sets_with_factors_need_a_default_and_no_scales() {
    let cases = [
        (
            "{sets: [{path: populations.E.drive.rate, factor: 2}]}",
            "parameters.x.sets: `default` is missing; write e.g. `default: 20 pA`",
        ),
        (
            "{default: 2, sets: [populations.E.C_m], scales: [populations.I.C_m]}",
            "parameters.x: `scales` has no meaning with `sets`",
        ),
        ("{default: 2}", "parameters.x: `sets` is missing"),
        (
            "{default: 2 pF, scales: [populations.I.C_m]}",
            "parameters.x.default: `2 pF` is a capacitance; a dimensionless",
        ),
        ("{default: .nan, scales: [populations.I.C_m]}", "parameters.x.default: NaN is not allowed"),
    ];
    for (parameter, expected) in cases {
        let found = problems(&format!("{SMALL}  x: {parameter}\n"));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{parameter}: {found:#?}");
    }
}

#[test]
fn what_is_written_out_has_precedence_over_patterns() {
    let text = "\
network: 1
name: patterns
populations:
  E1: {size: 1, model: iaf_psc_exp}
  E2: {size: 1, model: iaf_psc_exp}
  I1: {size: 1, model: iaf_psc_exp}
parameters:
  a: {default: 3 mV, sets: [populations.E*.V_m, {path: populations.E2.V_m, factor: 2}]}
  b: {default: 4 mV, sets: [{path: populations.E2.E_L, factor: -2}, populations.*.E_L]}
  c: {scales: [populations.*1.tau_m]}
";
    let file = NetworkFile::parse(text, "net.yaml").unwrap_or_else(|error| panic!("{error}"));
    let value = |network: &lapicque_network::Network, path: &str| network.get(path).unwrap().value;
    let of =
        |symbol: &str| ["E1", "E2", "I1"].map(|name| value(file.network(), &format!("populations.{name}.{symbol}")));
    assert_eq!(of("V_m"), [3.0, 6.0, -70.0]);
    assert_eq!(of("E_L"), [4.0, -8.0, 4.0]);
    let paths: Vec<&str> = file.parameters()[1].sets.iter().map(|target| target.path.as_str()).collect();
    assert_eq!(paths, ["populations.E2.E_L", "populations.E1.E_L", "populations.I1.E_L"]);
    assert_eq!(file.parameters()[2].default, 1.0);
    let longer = file.with(&[("c", 2.0)]).unwrap();
    assert_eq!(["E1", "E2", "I1"].map(|name| value(&longer, &format!("populations.{name}.tau_m"))), [20.0, 10.0, 20.0]);
}

#[test]
fn what_no_single_field_shows() {
    let cases = [
        (
            "C_m: 289.1 pF",
            "V_reset: -50 mV",
            "7:14: `populations.E.V_reset`: V_reset (-50 mV) must be below V_th (-55 mV)",
        ),
        (
            "in_degree: 5",
            "in_degree: 21",
            "25:23: `connections.I_to_E.rule.in_degree` = 21: without multapses there are only 20 synapses",
        ),
        (
            "rule: {probability: 0.2}",
            "rule: one_to_one",
            "one_to_one connects populations of one size, `E` has 80 neurons and `I` 20",
        ),
    ];
    for (from, to, expected) in cases {
        let found = changed(from, to);
        assert_eq!(found.len(), 1, "{to}: {found:#?}");
        assert!(found[0].contains(expected), "{to}: {found:#?}");
    }
}

#[test]
fn all_problems_at_once_in_the_order_of_the_file() {
    let text = SMALL
        .replace("size: 80", "size: -80")
        .replace("iaf_psc_delta", "iaf_psc_delt")
        .replace("probability: 0.2", "probability: 2")
        .replace("delay: 1 ms", "delay: 1 mV")
        .replace("U: 0.4", "U: 4");
    let found = problems(&text);
    assert_eq!(found.len(), 5, "{found:#?}");
    for (problem, line) in found.iter().zip([5, 11, 19, 28, 29]) {
        assert!(problem.starts_with(&format!("{line}:")), "{problem}");
    }
    let error: NetworkFileError = NetworkFile::parse(&text, "net.yaml").unwrap_err();
    assert!(error.to_string().starts_with("net.yaml:5:11: populations.E.size: -80 is not allowed"));
}

#[test]
fn yaml_errors_have_a_position() {
    let cases = [
        ("network: 1\nnetwork: 1\n", "2:1: duplicate mapping key: network"),
        ("a: *b\n", "1:4: alias references unknown anchor"),
        ("", "1:1: a mapping is expected, found nothing"),
        ("a: 1\n---\nb: 2\n", "2:1: a file holds one document; what follows `---` is another"),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), [expected]);
    }
    for (text, start) in [
        ("network: 1\nname: [a\n", "2:"),
        ("network: 1\nnetwork: 1\n", "2:1"),
        ("a: *b\n", "1:4"),
        ("a: !!python/object x\n", "1:"),
        ("", "1:1"),
        ("- 1\n", "1:1"),
        ("just text", "1:1"),
        ("a: 1\n---\nb: 2\n", "2:"),
    ] {
        let found = problems(text);
        assert!(found[0].starts_with(start), "{text:?}: {found:?}");
        assert!(!found[0].contains("line "), "{text:?}: {found:?}");
    }
    assert!(shipped("hagen").is_some_and(|text| problems(&text.replace('}', "]")).len() == 1));
}

#[test]
fn anchors_and_merge_keys_work() {
    let text = "
network: 1
name: merged
populations:
  E: &neurons {size: 80, model: iaf_psc_exp, C_m: 100 pF}
  I: {<<: *neurons, size: 20}
";
    let file = NetworkFile::parse(text, "net.yaml").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.network().get("populations.I.C_m").unwrap().value, 100.0);
    assert_eq!(file.network().get("populations.I.size").unwrap().value, 20.0);
}
