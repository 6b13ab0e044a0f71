//! Model files that are broken, huge or made to hurt end in an error or an explanation: no panic, no endless loop, no
//! exhausted memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::network::explain::explain;
use lapicque_equations::network::file::ModelFile;

/// What is told, of any file: an explanation or errors.
fn told(text: &str) -> Result<String, String> {
    let file = ModelFile::parse(text, "hostile.yaml").map_err(|error| error.to_string())?;
    let explained = explain(file.model(), None, Some(1_000_000_000));
    explained.map(|explained| explained.page()).map_err(|errors| file.located(&errors).to_string())
}

fn refused(text: &str) -> String {
    let error = told(text).expect_err("the file is hostile");
    assert!(error.len() < 20_000, "{} bytes of errors", error.len());
    error
}

fn group(equations: &str) -> String {
    let lines: String = equations.lines().map(|line| format!("      {line}\n")).collect();
    format!("equations: 1\nneurons:\n  G:\n    size: 1\n    equations: |\n{lines}duration: 1*ms\n")
}

#[test]
fn yaml_that_grows_or_nests() {
    let mut text = String::from("equations: 1\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(",");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    refused(&text);
    for depth in [30, 1_000, 100_000] {
        refused(&format!("equations: 1\nneurons: {}{}", "[".repeat(depth), "]".repeat(depth)));
        refused(&format!("equations: 1\nneurons: {}{}", "{a: ".repeat(depth), "}".repeat(depth)));
    }
    refused(&"x".repeat(20 << 20));
    refused("");
    refused("equations: 1\n---\nequations: 1\n");
    refused("equations: 1\nneurons: {G: {size: 1, equations: !!binary aGVsbG8=}}\n");
    refused(&format!("equations: 1\nneurons: {{{}: 1}}", "y".repeat(1_000_000)));
    refused(&format!("equations: 1\nneurons: {{G: {{size: {}}}}}", "9".repeat(1_000_000)));
}

#[test]
fn expressions_that_nest_or_grow() {
    for (open, close) in [("(", ")"), ("exp(", ")"), ("-", ""), ("1/(1+", ")"), ("1**", "")] {
        for depth in [100, 1_000, 100_000] {
            let text = group(&format!("dv/dt = {}v{}/second : 1", open.repeat(depth), close.repeat(depth)));
            if let Err(error) = told(&text) {
                assert!(error.len() < 10_000, "{} bytes", error.len());
            }
        }
    }
    let mut doubling = String::from("a0 = v : 1\n");
    for level in 1..60 {
        doubling += &format!("a{level} = a{0} + a{0} : 1\n", level - 1);
    }
    assert!(refused(&group(&format!("{doubling}dv/dt = a59/second : 1\n"))).contains("too many terms"));
    refused(&group("dv/dt = 9**9**9**9**9*v/second : 1 +"));
    refused(&group("v : volt**1e9"));
    refused(&group("dv/dt = (1*metre)**1000000*v/second : 1"));
    refused(&group(&"(".repeat(1_000_000)));
}

#[test]
fn lines_of_a_megabyte() {
    let sum = vec!["v"; 300_000].join(" + ");
    refused(&group(&format!("dv/dt = ({sum})/second : 1")));
    let error = refused(&group(&format!("{} : 1", "y".repeat(1_000_000))).replace("duration: 1*ms", "duration: 1*mm"));
    assert!(error.contains("the time should have the unit second"), "{error}");
    let name = "z".repeat(1_000_000);
    refused(&group(&format!("dv/dt = {name}/second : 1")));
    refused(&format!("equations: 1\nmonitors: {{spikes: {{a: {{of: {name}}}}}}}\nduration: 1*ms\n"));
    refused(&format!("equations: 1\nsynapses: {{S: {{source: \"{name}[\", on_pre: {name} = {name}}}}}\n"));
}

#[test]
fn thousands_of_everything() {
    let many = |item: &dyn Fn(u32) -> String| (0..100_000).map(item).collect::<String>();
    let fewer = |item: &dyn Fn(u32) -> String| (0..5_000).map(item).collect::<String>();
    // Each constant is made of the next, so that the last comes first.
    let chain = many(&|number| format!("  c{number}: c{}\n", number + 1)) + "  c100000: 1*ms\n";
    let page =
        told(&format!("equations: 1\nconstants:\n{chain}duration: c0\n")).unwrap_or_else(|error| panic!("{error}"));
    assert!(page.contains("and 99901 more"), "{page}");
    let circle = many(&|number| format!("  c{number}: c{}\n", (number + 1) % 100_000));
    assert!(refused(&format!("equations: 1\nconstants:\n{circle}")).contains("are made of each other"));
    let constants = many(&|number| format!("  c{number}: 1\n"));
    let groups = fewer(&|number| format!("  G{number}: {{size: 1, equations: \"dv/dt = -v/ms : 1\"}}\n"));
    let text = format!("equations: 1\nconstants:\n{constants}neurons:\n{groups}duration: 1*ms\n");
    assert!(told(&text).is_ok_and(|page| page.len() < 100_000));
    let few = text.split_inclusive('\n').take(101_000).collect::<String>();
    refused(&few.replace("-v/ms", "-u/ms"));
    let variables = group(&many(&|number| format!("v{number} : 1\n")));
    assert!(told(&variables).is_ok_and(|page| page.len() < 100_000));
    let derivatives: String = (0..5_000).map(|number| format!("dv{number}/dt = -v{number}/ms : 1\n")).collect();
    assert!(told(&group(&derivatives)).is_ok_and(|page| page.len() < 100_000));
    // Synapses have names for each variable of both sides.
    let synapses: String = (0..1_000).map(|number| format!("  S{number}: {{source: G}}\n")).collect();
    let error = refused(&variables.replace("duration", &format!("synapses:\n{synapses}duration")));
    assert!(error.contains("the synapses see too many variables of neurons: at most 1000000 in all"), "{error}");
    let runs = fewer(&|number| format!("  - {{duration: {number}*ms, store: s{number}}}\n"));
    assert!(told(&format!("equations: 1\nruns:\n{runs}")).is_ok_and(|page| page.len() < 100_000));
}

#[test]
fn conditions_of_many_pairs_are_not_tried_one_by_one() {
    let synapses: String = (0..2_000)
        .map(|number| format!("  S{number}: {{source: G, connect: [{{condition: (i*j) % 7 < 3, p: 0.001}}]}}\n"))
        .collect();
    let text =
        group("v : 1").replace("size: 1", "size: 4000").replace("duration", &format!("synapses:\n{synapses}duration"));
    assert!(told(&text).is_ok_and(|page| page.contains("about ")));
}
