//! Synthetic connectomes through a pipeline: tables, seeds, sweeps, and what simulations make of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use lapicque_schemas::tables::connectome;
use support::{bind, floats, ran, refused, texts};

fn stage(rest: &str) -> String {
    format!("  c:\n    kind: connectome.synthetic\n{rest}")
}

fn folder() -> &'static Path {
    Path::new(".")
}

#[test]
fn every_connection_has_a_row_and_every_node_one_from_itself() {
    let ran = ran(&stage("    nodes: 5\n    method: lognormal\n    parameters: { density: 0.3 }\n"), folder());
    let rows = connectome::read(&ran.output("c", 0)).unwrap();
    let nodes = texts(&ran.output("c", 1), "node");
    assert_eq!(nodes, ["N_0", "N_1", "N_2", "N_3", "N_4"]);
    let itself = rows.iter().filter(|row| row.source == row.target);
    assert_eq!(
        itself.map(|row| (row.target.as_str(), row.weight)).collect::<Vec<_>>(),
        nodes.iter().map(|n| (n.as_str(), 0.0)).collect::<Vec<_>>()
    );
    let others: Vec<_> = rows.iter().filter(|row| row.source != row.target).collect();
    assert_eq!(others.len(), 6);
    assert!(others.iter().all(|row| row.weight > 0.0 && row.length_mm > 0.0));
    assert_eq!(others.iter().map(|row| row.weight).fold(0.0, f64::max), 1.0);
    let distinct: Vec<&str> = rows.iter().map(|row| row.target.as_str()).fold(Vec::new(), |mut seen, target| {
        if !seen.contains(&target) {
            seen.push(target);
        }
        seen
    });
    assert_eq!(distinct, nodes);
}

#[test]
fn a_network_has_the_nodes_of_its_connectome_in_their_order() {
    let masses = "  m:\n    kind: simulate.neural_mass\n    model: hopf\n    duration: 50 ms\n    inputs: { connectome: c.connectome }\n";
    // Labels beyond 9 sort otherwise than nodes do, and few connections leave nodes without any.
    for rest in ["    nodes: 23\n", "    nodes: 23\n    method: modular\n    parameters: { density: 0.02 }\n"] {
        let ran = ran(&format!("{}{masses}", stage(rest)), folder());
        let nodes = texts(&ran.output("c", 1), "node");
        assert_eq!(nodes.len(), 23);
        assert_eq!(texts(&ran.table("m"), "channel"), nodes);
    }
}

#[test]
fn places_of_nodes_are_told_as_far_as_they_are_known() {
    let of = |rest: &str| ran(&stage(&format!("    nodes: 6\n{rest}")), folder()).output("c", 1);
    let table = of("");
    assert_eq!(texts(&table, "node"), ["L_0", "L_1", "L_2", "R_0", "R_1", "R_2"]);
    assert_eq!(texts(&table, "hemisphere"), ["left", "left", "left", "right", "right", "right"]);
    let x = floats(&table, "x_mm");
    assert!((0..3).all(|node| x[node] < 0.0 && x[node + 3] == -x[node]));
    assert_eq!(table.column_by_name("module").unwrap().null_count(), 6);
    assert_eq!(texts(&of("    method: modular\n    modules: 2\n"), "module"), ["M0", "M0", "M0", "M1", "M1", "M1"]);
}

#[test]
fn values_are_swept_and_seeds_give_other_connectomes() {
    let swept = |sweep: &str| {
        let points = format!("  p:\n    kind: parameters.grid\n    sweep: {sweep}\n");
        let ran = ran(&format!("{points}{}", stage("    nodes: 4\n    inputs: { parameters: p }\n")), folder());
        assert_eq!(ran.counts("c").2, 0, "{:?}", ran.failures());
        let table = ran.output("c", 0);
        floats(&table, "weight").chunks(16).map(<[f64]>::to_vec).collect::<Vec<_>>()
    };
    let seeds = swept("{ seed: { values: [1, 2, 3] } }");
    assert!(seeds.len() == 3 && seeds[0] != seeds[1] && seeds[1] != seeds[2]);
    let bare = swept("{ log_sd: { values: [0, 1] } }");
    assert_eq!(bare.len(), 2);
    assert_ne!(bare[0], bare[1]);
    let other_length = swept("{ decay_length: { values: [1 cm, 100 mm] } }");
    assert!(other_length[0].iter().sum::<f64>() < other_length[1].iter().sum::<f64>());
    assert_eq!(swept("{ seed: { values: [1, 2, 3] } }"), seeds);
}

#[test]
fn what_is_wrong_is_told_by_field() {
    for (rest, expected) in [
        ("    nodes: 0\n", "at least one node; there are 0"),
        ("    nodes: 100000\n", "100000 x 100000 pairs, which need about 1440.0 GB of memory"),
        ("    nodes: 3\n    method: modular\n", ""),
        ("    nodes: 3\n    method: modular\n    modules: 4\n", "`modules` is 4: 3 nodes allow 1 to 3"),
        ("    modules: 2\n", "only the method modular has modules"),
        ("    parameters: { decay_length: 40 ms }\n", "is expected"),
        ("    parameters: { decay_length: 40 }\n", "has no unit"),
        ("    parameters: { decay_length: -1 mm }\n", "greater than 0"),
        ("    parameters: { decay_lenght: 40 mm }\n", "did you mean `decay_length`?"),
        ("    parameters: { between_weight: 1 }\n", "the synthetic connectome has no value `between_weight`"),
        ("    parameters: { density: 1.5 }\n", "from 0 to 1"),
        ("    method: ring\n", "ring"),
    ] {
        match expected {
            "" => assert!(bind(&stage(rest), folder()).is_ok(), "{rest}"),
            expected => {
                let message = refused(&stage(rest));
                assert!(message.contains(expected), "{rest}: {message}");
            }
        }
    }
    let swept = "  p:\n    kind: parameters.grid\n    sweep: { nodes: { values: [3, 4] } }\n";
    let message = refused(&format!("{swept}{}", stage("    inputs: { parameters: p }\n")));
    assert!(message.contains("`nodes` cannot be swept"), "{message}");
}
