//! Files that are broken, huge or made to hurt end in an error: no panic, no endless loop, no exhausted memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_network::{NetworkFile, NnmtNetwork, read_network, shipped};
use proptest::prelude::*;

fn refused(text: &str) -> String {
    let error = NetworkFile::parse(text, "hostile.yaml").expect_err("the file is hostile").to_string();
    assert!(error.len() < 100_000, "{} bytes of errors", error.len());
    error
}

#[test]
fn bombs_of_aliases() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    refused(&text);
    let mut text = String::from("a0: &a0 {x: 1}\n");
    for level in 1..40 {
        text.push_str(&format!("a{level}: &a{level} {{l: *a{0}, r: *a{0}}}\n", level - 1));
    }
    refused(&text);
}

#[test]
fn deep_nesting() {
    for depth in [30, 1_000, 100_000] {
        refused(&format!("a: {}{}", "[".repeat(depth), "]".repeat(depth)));
        refused(&format!("a: {}{}", "{a: ".repeat(depth), "}".repeat(depth)));
        refused(&"- ".repeat(depth));
    }
    let blocks: String = (0..500).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    refused(&blocks);
}

#[test]
fn huge_files() {
    refused(&"x".repeat(10 << 20));
    let many: String = (0..100_000).map(|i| format!("k{i}: 1\n")).collect();
    refused(&many);
    let populations: String = (0..20_000).map(|i| format!("  p{i}: {{}}\n")).collect();
    refused(&format!("network: 1\nname: x\npopulations:\n{populations}"));
    refused(&format!("network: 1\nname: x\npopulations: {{{}: 1}}", "y".repeat(1_000_000)));
    refused(&format!("network: 1\nname: x\npopulations: {{E: {{size: {}}}}}", "9".repeat(1_000_000)));
}

#[test]
fn many_of_everything() {
    let populations: String = (0..10_000).map(|i| format!("  p{i}: {{size: 1, model: binary}}\n")).collect();
    let head = format!("network: 1\nname: x\npopulations:\n{populations}");
    let sets: Vec<String> = (0..10_000).map(|i| format!("populations.p{i}.theta")).collect();
    let good = format!("{head}parameters: {{theta: {{sets: [{}]}}}}", sets.join(", "));
    let file = NetworkFile::parse(&good, "many.yaml").unwrap_or_else(|error| panic!("{error}"));
    let network = file.with(&[("theta", 3.0)]).unwrap();
    assert_eq!(network.get("populations.p9999.theta").map(|entry| entry.value), Some(3.0));
    refused(&good.replace(".theta", ".tau_n"));
    refused(&good.replace("size: 1", "size: 0"));
    refused(&good.replace("size", "sise"));
}

#[test]
fn patterns_that_match_everything() {
    let populations: String = (0..10_000).map(|i| format!("  p{i}: {{size: 1, model: binary}}\n")).collect();
    let head = format!("network: 1\nname: x\npopulations:\n{populations}");
    let good = format!("{head}parameters: {{theta: {{scales: [populations.*.theta]}}}}");
    let file = NetworkFile::parse(&good, "many.yaml").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.parameters()[0].scales.len(), 10_000);
    file.with(&[("theta", 3.0)]).unwrap();
    let many: String = (0..10_000).map(|i| format!("  q{i}: {{scales: [populations.*.theta]}}\n")).collect();
    assert!(refused(&format!("{head}parameters:\n{many}")).contains("more than 200000"));
    let stars = "*".repeat(100_000);
    refused(&format!("{head}parameters: {{theta: {{sets: [populations.{stars}x.theta]}}}}"));
    refused(&format!("{head}parameters: {{theta: {{sets: [{stars}.{stars}.{stars}]}}}}"));
}

const NNMT: &str = include_str!("../../../tests/golden/nnmt_networks/microcircuit_pd14.yaml");
const NNMT_BASIC: &str = include_str!("../../../tests/golden/nnmt_networks/spatial_senk2020.json");

fn refused_nnmt(text: &str) {
    let error = NnmtNetwork::parse(text, "hostile.yaml").expect_err("the file is hostile").to_string();
    assert!(error.len() < 100_000, "{} bytes of errors", error.len());
}

#[test]
fn huge_network_parameters() {
    let names: Vec<String> = (0..100_000).map(|i| format!("p{i}")).collect();
    refused_nnmt(&NNMT.replace("populations:", &format!("populations: [{}]\nx:", names.join(", "))));
    let names = names[..100].join(", ");
    let row = format!("[{}]", vec!["1"; 100].join(", "));
    let matrix = format!("[{}]", vec![row; 100].join(", "));
    let small = |k: &str, d: &str| {
        format!(
            "{{populations: [{names}], N: 10, C: {{val: 1, unit: pF}}, tau_m: {{val: 1, unit: ms}}, tau_s: {{val: 1, unit: \
             ms}}, tau_r: {{val: 1, unit: ms}}, V_0_abs: {{val: 0, unit: mV}}, V_th_abs: {{val: 1, unit: mV}}, K: {k}, w: \
             {{val: 1, unit: pA}}, g: 4, d_e: {{val: {d}, unit: ms}}, d_i: {{val: {d}, unit: ms}}, K_ext: 1, nu_ext: \
             {{val: 1, unit: Hz}}}}"
        )
    };
    let network = NnmtNetwork::parse(&small(&matrix, "1"), "large").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(network.file.network().connections.len(), 10_000);
    network.file.with(&[("w", 2.0), ("g", 3.0)]).unwrap();
    refused_nnmt(&small(&matrix, "0"));
    refused_nnmt(&small(&matrix.replace('1', "-1"), "1"));
    refused_nnmt(&small(&matrix.replace("1, 1, 1, 1]", "1]"), "1"));
    refused_nnmt(&NNMT.replace("20683", &"9".repeat(1_000_000)));
}

fn mutated(text: &str, edits: &[(usize, usize, String)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (at, length, insert) in edits {
        let at = at % (text.len() + 1);
        let end = (at + length).min(text.len());
        text.splice(at..end, insert.chars());
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_files(edits in prop::collection::vec((0usize..10_000, 0usize..40, "[-{}\\[\\]:,&*!#%@<>'\"\n \\ta-zA-Z0-9.~|?µ]{0,6}"), 1..6)) {
        let text = mutated(shipped("hagen").unwrap(), &edits);
        if let Err(error) = NetworkFile::parse(&text, "mutated.yaml") {
            prop_assert!(!error.problems.is_empty());
            prop_assert!(error.problems.iter().all(|problem| problem.line >= 1));
        }
    }

    #[test]
    fn mutated_parameters(edits in prop::collection::vec((0usize..10_000, 0usize..40, "[-{}\\[\\]:,&*!#%@<>'\"\n \\ta-zA-Z0-9.~|?µ]{0,6}"), 1..6)) {
        if let Ok(file) = NetworkFile::parse(&mutated(shipped("senk2020").unwrap(), &edits), "mutated.yaml") {
            prop_assert!(file.network().check().is_ok());
            let defaults: Vec<(&str, f64)> = file.parameters().iter().map(|p| (p.name.as_str(), p.default)).collect();
            if let Ok(network) = file.with(&defaults) {
                prop_assert_eq!(&network, file.network());
            }
        }
    }

    #[test]
    fn mutated_network_parameters(
        basic in any::<bool>(),
        edits in prop::collection::vec((0usize..10_000, 0usize..40, "[-{}\\[\\]:,&*!#%@<>'\"\n \\ta-zA-Z0-9.~|?µ]{0,6}"), 1..6),
    ) {
        let text = mutated(if basic { NNMT_BASIC } else { NNMT }, &edits);
        match NnmtNetwork::parse(&text, "mutated.yaml") {
            Ok(network) => {
                prop_assert!(network.file.network().check().is_ok());
                let parameters = network.file.parameters();
                let defaults: Vec<(&str, f64)> = parameters.iter().map(|p| (p.name.as_str(), p.default)).collect();
                let with_defaults = network.file.with(&defaults);
                prop_assert_eq!(with_defaults.as_ref(), Ok(network.file.network()));
            }
            Err(error) => {
                prop_assert!(!error.problems.is_empty());
                prop_assert!(error.problems.iter().all(|problem| problem.line >= 1));
            }
        }
        let _either = read_network(&text, "mutated.yaml");
    }

    #[test]
    fn swapped_numbers_of_network_parameters(swaps in prop::collection::vec((0usize..1_000, 0usize..1_000), 1..8)) {
        let mut words: Vec<&str> = NNMT_BASIC.split_inclusive([' ', '\n', ',']).collect();
        for (a, b) in swaps {
            let (a, b) = (a % words.len(), b % words.len());
            words.swap(a, b);
        }
        if let Ok(network) = NnmtNetwork::parse(&words.concat(), "swapped.json") {
            prop_assert!(network.file.network().check().is_ok());
        }
    }

    #[test]
    fn swapped_words(swaps in prop::collection::vec((0usize..1_000, 0usize..1_000), 1..8)) {
        let mut words: Vec<&str> = shipped("hagen").unwrap().split_inclusive([' ', '\n']).collect();
        for (a, b) in swaps {
            let (a, b) = (a % words.len(), b % words.len());
            words.swap(a, b);
        }
        if let Ok(file) = NetworkFile::parse(&words.concat(), "swapped.yaml") {
            prop_assert!(file.network().check().is_ok());
        }
    }

    #[test]
    fn arbitrary_text(text in ".{0,400}") {
        prop_assert!(NetworkFile::parse(&text, "arbitrary.yaml").is_err());
        prop_assert!(NnmtNetwork::parse(&text, "arbitrary.yaml").is_err());
    }

    #[test]
    fn values_are_set_or_refused(name in 0usize..62, value in proptest::num::f64::ANY) {
        let file = NetworkFile::parse(shipped("hagen").unwrap(), "hagen.yaml").unwrap();
        let entries = file.paths();
        let parameters = file.parameters();
        let name = match parameters.get(name) {
            Some(parameter) => parameter.name.as_str(),
            None => entries[(name - parameters.len()) % entries.len()].path.as_str(),
        };
        if let Ok(network) = file.with(&[(name, value)]) {
            prop_assert!(network.check().is_ok());
            prop_assert!(value.is_finite());
        }
    }
}
